//! Everything that a host may ask of the plugin, one line for each.

mod rendering;
mod transport;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use songwalker_engine::render::{Note, RenderRequest, render};
use songwalker_generator::templates;
use songwalker_plugin::rack::{Output, Rack};
use songwalker_schemas::PatchSpec;

use crate::host::{Event, File, Instance};
use crate::states;

/// Seconds of each comparison.
const SECONDS: f64 = 1.0;
/// Keys with the shares of the time at which they go down and up.
const NOTES: [(u8, f64, f64); 4] = [(48, 0.0, 0.7), (55, 0.0, 0.71), (60, 0.113, 0.4), (72, 0.5, 0.8)];

fn frames(sample_rate: u32) -> usize {
    (SECONDS * f64::from(sample_rate)) as usize
}

fn events(sample_rate: u32) -> Vec<(usize, Event)> {
    let at = |share: f64| (share * SECONDS * f64::from(sample_rate)) as usize;
    let mut events: Vec<(usize, Event)> = NOTES
        .iter()
        .flat_map(|(key, start, end)| {
            let velocity = 100.0 / 127.0;
            [
                (at(*start), Event::On { key: *key, velocity }),
                (at(*end), Event::Off { key: *key }),
            ]
        })
        .collect();
    events.sort_by_key(|(frame, _)| *frame);
    events
}

/// What `songwalker render` is asked for the same notes.
fn request(patch: &PatchSpec, sample_rate: u32) -> RenderRequest {
    let rate = f64::from(sample_rate);
    let at = |share: f64| (share * SECONDS * rate).floor() / rate;
    let notes = NOTES.iter().map(|(key, start, end)| Note {
        start_s: at(*start),
        hold_s: at(*end) - at(*start),
        key: *key,
        velocity: 100.0 / 127.0,
    });
    RenderRequest {
        sample_rate,
        bpm: patch.meta.tempo_bpm.unwrap_or(120.0),
        seed: 0,
        notes: notes.collect(),
        seconds: SECONDS,
        warm_up_s: 0.0,
        macros: Vec::new(),
    }
}

fn rendered(patch: &PatchSpec, sample_rate: u32) -> Result<[Vec<f32>; 2]> {
    let audio = render(patch, &request(patch, sample_rate), &|| false)?;
    Ok([audio.left, audio.right])
}

/// An instance that plays a patch.
fn playing(file: &File, patch: &PatchSpec, sample_rate: u32, most_frames: usize) -> Result<Instance> {
    let mut instance = file.instance()?;
    let state = states::framed(std::slice::from_ref(patch))?;
    ensure!(instance.load(&state)?, "the state is refused");
    instance.start(f64::from(sample_rate), most_frames)?;
    Ok(instance)
}

fn same(one: &[Vec<f32>; 2], other: &[Vec<f32>; 2]) -> bool {
    let bits = |sides: &[Vec<f32>; 2]| -> Vec<u32> { sides.iter().flatten().map(|x| x.to_bits()).collect() };
    bits(one) == bits(other)
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| sample.abs().max(peak))
}

fn id(instance: &mut Instance, name: &str) -> Result<u32> {
    let params = instance.params()?;
    let found = params.into_iter().find(|param| param.name == name);
    Ok(found.with_context(|| format!("no parameter {name}"))?.id)
}

/// Some patches, far apart, as files give them.
fn patches() -> Result<Vec<PatchSpec>> {
    let some = templates::all().step_by(9).take(6);
    some.map(|template| states::as_read(&template.base)).collect()
}

fn names(file: &File) -> Result<String> {
    let (name, id) = file.named(0)?;
    ensure!(name == "SongWalker", "it is called {name}");
    let mut instance = file.instance()?;
    let params = instance.params()?;
    for wanted in [
        "Master Volume",
        "Master Pan",
        "Bypass",
        "Slot 3 Brightness",
        "Slot 16 CPU",
    ] {
        ensure!(
            params.iter().any(|param| param.name == wanted),
            "no parameter {wanted}"
        );
    }
    Ok(format!(
        "{name} ({}), {} parameters",
        id.to_string_lossy(),
        params.len()
    ))
}

fn a_new_instance_sounds(file: &File) -> Result<String> {
    let mut instance = file.instance()?;
    instance.start(48_000.0, 512)?;
    let played = instance.perform(frames(48_000), &[512], &events(48_000))?;
    ensure!(
        same(&played, &rendered(&PatchSpec::default(), 48_000)?),
        "not the init patch's bits"
    );
    Ok(format!(
        "the init patch, peak {:.3}, bits of a render",
        peak(&played[0])
    ))
}

fn bits(file: &File) -> Result<String> {
    let mut compared = 0;
    for patch in patches()? {
        for (sample_rate, lengths) in [
            (44_100, &[512][..]),
            (48_000, &[1, 7, 4_096, 64, 333]),
            (96_000, &[4_096]),
        ] {
            let mut instance = playing(file, &patch, sample_rate, 4_096)?;
            let played = instance.perform(frames(sample_rate), lengths, &events(sample_rate))?;
            let wanted = rendered(&patch, sample_rate)?;
            ensure!(
                same(&played, &wanted),
                "{} at {sample_rate} in {lengths:?} differs",
                patch.name
            );
            ensure!(peak(&played[0]) > 1e-3, "{} is silent", patch.name);
            compared += 1;
        }
    }
    let mut instance = file.instance()?;
    instance.start(48_000.0, 1)?;
    let played = instance.perform(4_800, &[1], &events(48_000))?;
    ensure!(
        played[0] == rendered(&PatchSpec::default(), 48_000)?[0][..4_800],
        "blocks of one frame differ"
    );
    Ok(format!(
        "{compared} renders at 44.1, 48 and 96 kHz, blocks of 1 to 4096: every bit"
    ))
}

fn round_trip(file: &File) -> Result<String> {
    let patches = patches()?;
    let mut first = file.instance()?;
    ensure!(
        first.load(&states::framed(&patches[..3])?)?,
        "the state is refused"
    );
    let volume = id(&mut first, "Slot 2 Volume")?;
    let play = |instance: &mut Instance, events: &[(usize, Event)]| -> Result<_> {
        instance.start(48_000.0, 512)?;
        instance.perform(512, &[512], events)?;
        // Again from the beginning, with what was set.
        instance.start(48_000.0, 512)?;
        instance.perform(frames(48_000), &[512], &self::events(48_000))
    };
    let wanted = play(
        &mut first,
        &[(
            0,
            Event::Param {
                id: volume,
                value: 0.5,
            },
        )],
    )?;
    let state = first.save()?;
    let mut fresh = file.instance()?;
    ensure!(fresh.load(&state)?, "its own state is refused");
    ensure!(same(&play(&mut fresh, &[])?, &wanted), "it sounds otherwise");
    // While audio runs, too.
    let mut running = file.instance()?;
    running.start(48_000.0, 512)?;
    running.perform(1_000, &[512], &events(48_000))?;
    ensure!(running.load(&state)?, "refused while audio runs");
    ensure!(same(&play(&mut running, &[])?, &wanted), "it sounds otherwise");
    for hostile in [&b""[..], b"{", b"null", &state[..state.len() / 2]] {
        let _refused = running.load(hostile)?;
    }
    running.perform(4_800, &[512], &events(48_000))?;
    Ok(format!("{} bytes for three patches", state.len()))
}

fn side_by_side(file: &File) -> Result<String> {
    let patch = states::as_read(&patches()?[0])?;
    let state = states::framed(std::slice::from_ref(&patch))?;
    let mut instances: Vec<Instance> = (0..8).map(|_| file.instance()).collect::<Result<_>>()?;
    for instance in &mut instances {
        ensure!(instance.load(&state)?, "refused");
        instance.start(48_000.0, 256)?;
    }
    let wanted = rendered(&patch, 48_000)?;
    for instance in &mut instances {
        let played = instance.perform(frames(48_000), &[256], &events(48_000))?;
        ensure!(same(&played, &wanted), "one differs");
    }
    Ok("8 instances, one sound".to_owned())
}

fn automation_and_bypass(file: &File) -> Result<String> {
    let mut instance = file.instance()?;
    let (volume, bypass) = (id(&mut instance, "Master Volume")?, id(&mut instance, "Bypass")?);
    let brightness = id(&mut instance, "Slot 1 Cutoff")?;
    instance.start(48_000.0, 512)?;
    let mut down: Vec<(usize, Event)> = vec![(
        0,
        Event::On {
            key: 60,
            velocity: 0.8,
        },
    )];
    for step in 0..100 {
        let at = 10_000 + step * 97;
        let value = 1.0 - step as f64 / 99.0;
        down.push((at, Event::Param { id: volume, value }));
        down.push((
            at,
            Event::Param {
                id: brightness,
                value: 0.5,
            },
        ));
    }
    let played = instance.perform(48_000, &[512], &down)?;
    ensure!(
        peak(&played[0][..10_000]) > 0.01 && peak(&played[0][30_000..]) == 0.0,
        "the volume does nothing"
    );
    let up = [(
        0,
        Event::Param {
            id: volume,
            value: 60.0 / 72.0,
        },
    )];
    let played = instance.perform(9_600, &[512], &up)?;
    ensure!(peak(&played[0][4_800..]) > 0.01, "it does not come back");
    let off = instance.perform(
        9_600,
        &[512],
        &[(
            0,
            Event::Param {
                id: bypass,
                value: 1.0,
            },
        )],
    )?;
    ensure!(peak(&off[0][4_800..]) == 0.0, "bypass does nothing");
    let wheel = [(0, Event::Midi([0xE0, 0, 0])), (0, Event::Midi([0xB0, 123, 0]))];
    instance.perform(4_800, &[64], &wheel)?;
    Ok("volume by a hundred points, cutoff, bypass, wheel".to_owned())
}

fn swaps(file: &File) -> Result<String> {
    let patches = patches()?;
    let mut instance = file.instance()?;
    instance.start(48_000.0, 256)?;
    let mut loudest = 0.0f32;
    for (round, patch) in patches.iter().cycle().take(12).enumerate() {
        let key = 40 + round as u8;
        let played = instance.perform(6_000, &[256, 31], &[(0, Event::On { key, velocity: 0.7 })])?;
        loudest = loudest.max(peak(&played[0]));
        ensure!(played[0].iter().all(|sample| sample.is_finite()), "not a number");
        ensure!(
            instance.load(&states::framed(std::slice::from_ref(patch))?)?,
            "refused"
        );
    }
    ensure!(loudest < 8.0, "as loud as {loudest}");
    Ok("12 patches while notes sound".to_owned())
}

fn note_expressions(file: &File) -> Result<String> {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].phase_randomness = 0.0;
    let patch = states::as_read(&patch)?;
    let play = |key: u8, semitones: f64| -> Result<f64> {
        let mut instance = playing(file, &patch, 48_000, 512)?;
        let on = Event::On { key, velocity: 0.8 };
        let played = instance.perform(48_000, &[512], &[(0, on), (1, Event::Tune { key, semitones })])?;
        // Rising zero crossings of half a second, where the bend has long arrived.
        let samples = &played[0][24_000..];
        let rises = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0);
        Ok(rises.count() as f64 * 2.0)
    };
    let (straight, bent, octave) = (play(60, 0.0)?, play(60, 12.0)?, play(72, 0.0)?);
    ensure!(
        (bent / octave - 1.0).abs() < 0.02 && octave > 1.9 * straight,
        "bent to {bent} Hz, an octave is at {octave} Hz"
    );
    Ok(format!("{straight} Hz, tuned up by twelve semitones {bent} Hz"))
}

/// Middle C, rather hard.
const MIDDLE_C: Event = Event::On {
    key: 60,
    velocity: 0.8,
};

fn own_outputs(file: &File) -> Result<String> {
    let (name, _) = file.named(1)?;
    ensure!(name == "SongWalker Multi-Out", "it is called {name}");
    let mut instance = file.multi()?;
    instance.start(48_000.0, 512)?;
    instance.play(512, &[(0, MIDDLE_C)])?;
    ensure!(
        peak(instance.output(0, 512)[0]) > 0.0,
        "the main output is silent"
    );
    for slot in 1..=16 {
        ensure!(
            peak(instance.output(slot, 512)[0]) == 0.0,
            "slot {slot} sounds twice"
        );
    }
    // The same, routed to the slot's own output.
    let mut rack = Rack::default();
    if let Some(slot) = &mut rack.slots[0] {
        slot.routing.output = Output::Own;
    }
    ensure!(
        instance.load(&states::framed_rack(&rack)?)?,
        "the state is refused"
    );
    instance.play(512, &[])?;
    instance.start(48_000.0, 512)?;
    instance.play(512, &[(0, MIDDLE_C)])?;
    ensure!(
        peak(instance.output(0, 512)[0]) == 0.0,
        "the main output sounds too"
    );
    ensure!(
        peak(instance.output(1, 512)[0]) > 0.0,
        "the slot's output is silent"
    );
    Ok("17 outputs; what goes to one goes to no other".to_owned())
}

type Line = (&'static str, fn(&File) -> Result<String>);

/// The lines.
const LINES: [Line; 12] = [
    ("name and parameters", names),
    ("a new instance", a_new_instance_sounds),
    ("the bits of a render", bits),
    ("state", round_trip),
    ("side by side", side_by_side),
    ("the tempo", transport::tempo),
    ("places in the song", transport::places),
    ("offline and late", rendering::offline),
    ("automation and bypass", automation_and_bypass),
    ("note expressions", note_expressions),
    ("swaps", swaps),
    ("own outputs", own_outputs),
];

/// Tries everything; an error where a line fails, after all were tried.
pub fn run(plugin: &Path) -> Result<()> {
    let file = File::load(plugin)?;
    let mut failed = 0;
    for (name, line) in LINES {
        match line(&file) {
            Ok(told) => println!("clap  ok      {name}: {told}"),
            Err(fault) => {
                failed += 1;
                println!("clap  FAILED  {name}: {fault:#}");
            }
        }
    }
    ensure!(failed == 0, "{failed} failed");
    Ok(())
}
