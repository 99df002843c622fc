//! A tool for who designs templates: renders them, measures them, and says where one leaves its category.
//!
//! `cargo run -p songwalker-generator --example audition -- [names] [--wav DIR] [--knob] [--note N] [--velocity V]`
//!
//! A name is a template's id, a part of one, or a category; none means all. `!` marks a breach of what every sound
//! of the category must keep, `?` a miss of what its design aims at. `--knob` adds how far the brightness knob moves
//! brightness (at a fifth and at four fifths of its way), `--wav` writes 32-bit float files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use songwalker_engine::analysis::analyse;
use songwalker_engine::audio::Audio;
use songwalker_engine::math;
use songwalker_engine::render::{RenderRequest, render};
use songwalker_generator::templates::{self, Entry};
use songwalker_schemas::patch::RoleId;
use songwalker_schemas::{AudioAnalysis, Category};

/// What the command line asks for.
struct Wish {
    names: Vec<String>,
    wav: Option<PathBuf>,
    knob: bool,
    note: Option<u8>,
    velocity: f64,
}

impl Wish {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wish = Self {
            names: Vec::new(),
            wav: None,
            knob: false,
            note: None,
            velocity: 0.8,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--wav" => wish.wav = Some(value()?.into()),
                "--knob" => wish.knob = true,
                "--note" => wish.note = Some(value()?.parse().map_err(|_| "--note needs 0..127".to_owned())?),
                "--velocity" => {
                    wish.velocity = value()?.parse().map_err(|_| "--velocity needs 0..1".to_owned())?
                }
                option if option.starts_with('-') => return Err(format!("no option {option}")),
                _ => wish.names.push(word),
            }
        }
        Ok(wish)
    }

    fn wants(&self, entry: &Entry) -> bool {
        let template = &entry.template;
        self.names.is_empty()
            || self
                .names
                .iter()
                .any(|n| template.id.contains(n.as_str()) || template.category.name() == n)
    }
}

/// A measure and where it may lie.
struct Limit {
    name: &'static str,
    value: f64,
    min: f64,
    max: f64,
}

impl Limit {
    fn of(name: &'static str, value: f64, min: f64, max: f64) -> Self {
        Self {
            name,
            value,
            min,
            max,
        }
    }

    fn at_least(name: &'static str, value: f64, min: f64) -> Self {
        Self::of(name, value, min, f64::INFINITY)
    }

    fn at_most(name: &'static str, value: f64, max: f64) -> Self {
        Self::of(name, value, f64::NEG_INFINITY, max)
    }

    fn breach(&self) -> Option<String> {
        let Self {
            name,
            value,
            min,
            max,
        } = self;
        if value < min {
            Some(format!("{name} {value:.3} < {min}"))
        } else if value > max {
            Some(format!("{name} {value:.3} > {max}"))
        } else {
            None
        }
    }
}

fn time(ms: Option<f64>) -> f64 {
    ms.unwrap_or(f64::INFINITY)
}

/// What every sound of a category must keep.
fn band(entry: &Entry, a: &AudioAnalysis) -> Vec<Limit> {
    let category = entry.template.category;
    let attack = |max| Limit::at_most("attack_ms", a.attack_ms, max);
    let sustain = |min| Limit::at_least("sustain_db", a.sustain_db, min);
    let decays = |max| Limit::at_most("sustain_db", a.sustain_db, max);
    let bright_start = || Limit::at_least("attack_bright_ratio", a.attack_bright_ratio, 0.9);
    let mut limits = vec![
        Limit::at_most("true_peak_db", a.true_peak_db, -3.0),
        Limit::of("lufs", a.lufs, -36.0, -6.0),
        Limit::at_most("dc", a.dc, 0.03),
        Limit::at_least("finite", f64::from(u8::from(a.finite)), 1.0),
    ];
    if a.attack_ms < 200.0 {
        limits.push(Limit::at_most("onset_ms", a.onset_ms, 150.0));
    }
    if !matches!(category, Category::Drum | Category::Fx) {
        limits.push(Limit::of("pitch_cents", a.pitch_cents, -35.0, 35.0));
    }
    limits.extend(match category {
        Category::Bass => vec![
            attack(80.0),
            Limit::at_least("low_ratio", a.low_ratio, 0.4),
            Limit::at_most("brightness_oct", a.brightness_oct, 3.0),
            Limit::at_least("mono_loss_db", a.mono_loss_db, -3.0),
        ],
        Category::Lead => vec![
            attack(120.0),
            sustain(-15.0),
            Limit::of("brightness_oct", a.brightness_oct, 0.0, 5.0),
        ],
        Category::Pad => {
            vec![
                Limit::of("attack_ms", a.attack_ms, 60.0, 3000.0),
                sustain(-12.0),
                Limit::at_least("tail60_ms", time(a.tail60_ms), 500.0),
            ]
        }
        Category::Pluck | Category::Mallet => vec![attack(60.0), decays(-20.0), bright_start()],
        Category::Keys => vec![attack(60.0), decays(-6.0), bright_start()],
        Category::Bell => {
            let rings = a.nonharm_db >= -35.0 || a.brightness_oct >= 1.5;
            vec![
                attack(60.0),
                decays(-6.0),
                bright_start(),
                Limit::at_least("rings", f64::from(u8::from(rings)), 1.0),
            ]
        }
        Category::Strings | Category::Choir => {
            vec![Limit::of("attack_ms", a.attack_ms, 60.0, 1500.0), sustain(-12.0)]
        }
        Category::Brass => vec![
            Limit::of("attack_ms", a.attack_ms, 10.0, 400.0),
            sustain(-15.0),
            Limit::at_most("attack_bright_ratio", a.attack_bright_ratio, 1.05),
        ],
        Category::Organ => vec![
            attack(120.0),
            sustain(-6.0),
            Limit::at_most("release20_ms", time(a.release20_ms), 400.0),
        ],
        Category::Arp | Category::Sequence => {
            let is_short = a.sustain_db <= -12.0 || a.am_depth_db >= 4.0 || a.cm_depth_oct >= 0.5;
            vec![
                attack(60.0),
                Limit::at_least("decays or is gated", f64::from(u8::from(is_short)), 1.0),
            ]
        }
        Category::Drum => {
            let serves = |name: &str| entry.serves.iter().any(|s| s == name);
            let mut limits = vec![attack(20.0), Limit::at_most("active_s", a.active_s, 1.2)];
            if serves("hat") {
                limits.push(Limit::at_least("hf_ratio_db", a.hf_ratio_db, -6.0));
            }
            if serves("kick") {
                limits.push(Limit::at_least(
                    "low_ratio",
                    a.low_ratio,
                    if entry.neutral { 0.6 } else { 0.5 },
                ));
            }
            limits
        }
        Category::Fx => {
            let sweeps = a.cm_depth_oct >= 0.5 || a.nonharm_db >= -12.0;
            vec![Limit::at_least(
                "sweeps or is noise",
                f64::from(u8::from(sweeps)),
                1.0,
            )]
        }
        Category::Wind => vec![attack(300.0), sustain(-12.0)],
        Category::Vox => vec![attack(400.0), sustain(-15.0)],
        Category::Guitar | Category::Stab => vec![attack(60.0)],
        Category::Drone => vec![
            sustain(-12.0),
            Limit::at_least("tail60_ms", time(a.tail60_ms), 500.0),
        ],
    });
    limits
}

/// What the design of a template aims at; a neutral sound stands in the middle of its category.
fn aims(entry: &Entry, a: &AudioAnalysis) -> Vec<Limit> {
    let category = entry.template.category;
    let mut limits = vec![
        Limit::of("true_peak_db", a.true_peak_db, -16.0, -5.0),
        Limit::of("pitch_cents", a.pitch_cents, -12.0, 12.0),
    ];
    if matches!(category, Category::Drum | Category::Fx) {
        limits.pop();
    }
    match category {
        Category::Bass => {
            limits.push(Limit::at_most("attack_ms", a.attack_ms, 15.0));
            limits.push(Limit::at_least(
                "low_ratio",
                a.low_ratio,
                if entry.neutral { 0.6 } else { 0.5 },
            ));
        }
        Category::Lead => limits.push(Limit::at_least("sustain_db", a.sustain_db, -12.0)),
        Category::Pad => limits.push(Limit::at_least("tail60_ms", time(a.tail60_ms), 700.0)),
        Category::Pluck | Category::Keys | Category::Bell | Category::Mallet => {
            limits.push(Limit::at_least(
                "attack_bright_ratio",
                a.attack_bright_ratio,
                0.95,
            ));
            limits.push(Limit::at_most("attack_ms", a.attack_ms, 20.0));
        }
        Category::Strings | Category::Choir => limits.push(Limit::of("attack_ms", a.attack_ms, 100.0, 400.0)),
        Category::Organ => {
            limits.push(Limit::at_most("attack_ms", a.attack_ms, 20.0));
            limits.push(Limit::at_most("release20_ms", time(a.release20_ms), 100.0));
        }
        Category::Brass => limits.push(Limit::at_most("attack_bright_ratio", a.attack_bright_ratio, 1.0)),
        _ => {}
    }
    if entry.neutral && !matches!(category, Category::Drum | Category::Fx) {
        limits.push(Limit::of("brightness_oct", a.brightness_oct, 1.0, 1.8));
        let width = if category == Category::Pad {
            (0.12, 0.32)
        } else {
            (0.0, 0.3)
        };
        limits.push(Limit::of("width", a.width, width.0, width.1));
        if category == Category::Pad {
            limits.push(Limit::of("attack_ms", a.attack_ms, 200.0, 400.0));
        }
    }
    limits
}

/// The protocol's note: long enough for the category.
fn request(entry: &Entry, wish: &Wish) -> (RenderRequest, f64, f64) {
    let category = entry.template.category;
    let hold_s = match category {
        Category::Pad | Category::Drone => 8.0,
        Category::Fx => 6.0,
        _ => 4.0,
    };
    let note = wish.note.unwrap_or_else(|| category.reference_note());
    (
        RenderRequest::note(note, wish.velocity, hold_s, hold_s + 4.0),
        math::note_to_hz(f64::from(note)),
        hold_s,
    )
}

/// Brightness with the brightness knob at `position`.
fn brightness_at(entry: &Entry, wish: &Wish, position: f64) -> Result<f64, String> {
    let (mut request, f0_hz, hold_s) = request(entry, wish);
    let slot = entry
        .template
        .base
        .macros
        .iter()
        .position(|slot| slot.role_id == RoleId::ToneBrightness)
        .ok_or("no brightness knob")?;
    request.macros = vec![(slot, position)];
    let audio = render(&entry.template.base, &request, &|| false).map_err(|error| error.to_string())?;
    Ok(analyse(&audio, f0_hz, hold_s).brightness_oct)
}

fn audition(entry: &Entry, wish: &Wish, out: &mut impl Write) -> Result<bool, String> {
    let fail = |error: io::Error| error.to_string();
    let template = &entry.template;
    let (request, f0_hz, hold_s) = request(entry, wish);
    let audio =
        render(&template.base, &request, &|| false).map_err(|error| format!("{}: {error}", template.id))?;
    let a = analyse(&audio, f0_hz, hold_s);
    let mark = if entry.neutral { "*" } else { " " };
    let row = format!(
        "{mark}{:<26}{:>6.0}{:>7.0}{:>7.0}{:>7.2}{:>7.1}{:>7.0}{:>7.0} |{:>6.2}{:>6.2}{:>6.2}{:>6.0} |{:>5.0}{:>6.0}{:>6.2} |{:>6.2}{:>6.1} |{:>5.2}{:>6.2}{:>6.2}{:>6.1}{:>6.0} |{:>6.1}{:>6.1}",
        template.id,
        a.attack_ms,
        time(a.decay20_ms),
        time(a.decay60_ms),
        a.active_s,
        a.sustain_db,
        time(a.release20_ms),
        time(a.tail60_ms),
        a.brightness_oct,
        a.attack_bright_ratio,
        a.low_ratio,
        a.hf_ratio_db,
        a.pitch_cents,
        a.nonharm_db,
        a.roughness,
        a.width,
        a.mono_loss_db,
        a.movement,
        a.mod_rate_hz,
        a.cm_depth_oct,
        a.am_depth_db,
        a.vibrato_cents,
        a.lufs,
        a.true_peak_db,
    );
    writeln!(out, "{row}").map_err(fail)?;
    let breaches: Vec<String> = band(entry, &a).iter().filter_map(Limit::breach).collect();
    for breach in &breaches {
        writeln!(out, "    ! {breach}").map_err(fail)?;
    }
    for miss in aims(entry, &a)
        .iter()
        .filter_map(Limit::breach)
        .filter(|miss| !breaches.contains(miss))
    {
        writeln!(out, "    ? {miss}").map_err(fail)?;
    }
    if wish.knob {
        let (low, high) = (brightness_at(entry, wish, 0.2)?, brightness_at(entry, wish, 0.8)?);
        writeln!(
            out,
            "    knob: {:+.2} … {:+.2} oct",
            low - a.brightness_oct,
            high - a.brightness_oct
        )
        .map_err(fail)?;
    }
    if let Some(folder) = &wish.wav {
        write_wav(&folder.join(format!("{}.wav", template.id)), &audio).map_err(fail)?;
    }
    Ok(breaches.is_empty())
}

/// Writes a stereo file of 32-bit floats.
fn write_wav(path: &Path, audio: &Audio) -> io::Result<()> {
    const BYTES_A_FRAME: u32 = 8;
    let data_bytes = u32::try_from(audio.frames()).map_err(io::Error::other)? * BYTES_A_FRAME;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + data_bytes).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    for half in [3_u16, 2] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(audio.sample_rate.to_le_bytes());
    bytes.extend((audio.sample_rate * BYTES_A_FRAME).to_le_bytes());
    for half in [8_u16, 32] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    for (left, right) in audio.left.iter().zip(&audio.right) {
        bytes.extend(left.to_le_bytes());
        bytes.extend(right.to_le_bytes());
    }
    std::fs::write(path, bytes)
}

fn run() -> Result<bool, String> {
    let wish = Wish::read(std::env::args().skip(1))?;
    if let Some(folder) = &wish.wav {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let mut out = io::stdout().lock();
    for category in Category::ALL
        .iter()
        .filter(|category| templates::neutral(**category).is_none())
    {
        writeln!(
            out,
            "! {category} has no neutral template: its file may not read, the crate's tests say why"
        )
        .map_err(|e| e.to_string())?;
    }
    let head = " id                        attack  dec20  dec60 active sustain rel20 tail60 | brght atk_b   low    hf | cents nonh rough | width mloss | move  rate    cm    am   vib |  lufs  peak";
    writeln!(out, "{head}").map_err(|error| error.to_string())?;
    let mut all_keep = true;
    for entry in templates::bank().filter(|entry| wish.wants(entry)) {
        all_keep &= audition(entry, &wish, &mut out)?;
    }
    Ok(all_keep)
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            std::process::ExitCode::from(2)
        }
    }
}
