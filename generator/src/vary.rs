//! Variations: the same sound with one knob's worth of difference written into its parameters. Only values change, so
//! that each is a list of `replace` operations; each must sound measurably different from the base and from the
//! others, and never against what was asked for.

use songwalker_engine::math;
use songwalker_schemas::intent::{Feature, Invariant};
use songwalker_schemas::patch::RoleId;
use songwalker_schemas::variations::{Variation, VariationType};
use songwalker_schemas::{AudioAnalysis, Intent, PatchSpec};

use crate::check::Checked;
use crate::check::goal::Measure;
use crate::check::probe::{self, Shape};
use crate::error::GenerateError;
use crate::logmel::LogMel;
use crate::macros;
use crate::pipeline::{Hooks, Stage};

/// A variation with its patch.
#[derive(Debug, Clone)]
pub struct Varied {
    /// How it differs.
    pub variation: Variation,
    /// The patch with the difference applied.
    pub patch: PatchSpec,
}

/// The kinds in the order in which they are tried.
const ORDER: [VariationType; 14] = [
    VariationType::Darker,
    VariationType::Wider,
    VariationType::Longer,
    VariationType::Dirtier,
    VariationType::Brighter,
    VariationType::Wilder,
    VariationType::Shorter,
    VariationType::Softer,
    VariationType::Deeper,
    VariationType::Punchier,
    VariationType::Drier,
    VariationType::Calmer,
    VariationType::Narrower,
    VariationType::Cleaner,
];

/// What every candidate is held against.
struct Bench<'a> {
    checked: &'a Checked,
    /// The base, heard as the candidates are.
    base: Heard,
    /// Long enough for movement and tails.
    shape: Shape,
    hooks: &'a Hooks<'a>,
}

/// A probe: its measures, and its bands.
struct Heard {
    analysis: AudioAnalysis,
    bands: LogMel,
}

impl Heard {
    fn of(patch: &PatchSpec, shape: &Shape, hooks: &Hooks) -> Result<Self, GenerateError> {
        let audio = probe::play(patch, shape, hooks)?;
        Ok(Self {
            analysis: probe::described(&audio, shape),
            bands: LogMel::of(&audio),
        })
    }

    /// How far another sound is from this one at the same loudness, dB: every variation's level is set anew.
    fn distance(&self, other: &Self) -> f64 {
        self.bands
            .distance(&other.bands, self.analysis.lufs - other.analysis.lufs)
    }
}

/// A candidate that differs from the base in its own way.
struct Candidate {
    varied: Varied,
    heard: Heard,
    /// How far it misses what the base reached, in steps that count; 0 for not at all.
    miss: f64,
}

/// The furthest that a variation may miss what was asked for, in steps that count, where nothing better is found.
const MOST_MISS: f64 = 1.5;

/// The least distance of two sounds of a bundle, dB: two decibels, and what the probe may overrate.
const LEAST_DB: f64 = 2.2;
/// The same from the base where only the start of a note differs, of which a probe has more than a longer note.
const LEAST_ONSET_DB: f64 = 3.2;
/// How far a turn goes at first; one that is not heard is tried at its end and beyond, one that loses what was asked
/// for half as far.
const FIRST: f64 = 0.6;
const BEYOND: f64 = 1.8;

/// Makes `count` variations of a checked patch.
///
/// # Errors
/// Cancelled, or the engine's refusal. Fewer than `count` come back where the sound allows no more.
pub fn make(
    checked: &Checked,
    intent: &Intent,
    seed: u64,
    count: usize,
    hooks: &Hooks,
) -> Result<Vec<Varied>, GenerateError> {
    let shape = Shape {
        hold_s: checked.shape.hold_s.max(1.5),
        tail_s: 0.7,
        moves: true,
        ..checked.shape
    };
    let base = Heard::of(&checked.patch, &shape, hooks)?;
    let bench = &Bench {
        checked,
        base,
        shape,
        hooks,
    };
    let allowed: Vec<VariationType> = ORDER
        .into_iter()
        .filter(|kind| is_allowed(*kind, intent))
        .collect();
    let start = (seed % allowed.len().max(1) as u64) as usize;
    let order: Vec<VariationType> = allowed
        .iter()
        .cycle()
        .skip(start)
        .take(allowed.len())
        .copied()
        .collect();
    let mut made: Vec<Candidate> = Vec::new();
    let mut second: Vec<Candidate> = Vec::new();
    // Two kinds are tried at a time; which are kept depends on the order alone.
    for pair in order.chunks(2) {
        if made.len() >= count {
            break;
        }
        hooks.check()?;
        (hooks.progress)(Stage::Varying, 0.5 * made.len() as f64 / count as f64);
        let tried: Vec<_> = std::thread::scope(|scope| {
            let trying: Vec<_> = pair
                .iter()
                .map(|kind| scope.spawn(move || candidate(*kind, bench)))
                .collect();
            trying
                .into_iter()
                .map(std::thread::ScopedJoinHandle::join)
                .collect()
        });
        for result in tried {
            let result = result.map_err(|_| GenerateError::Render("a variation failed".to_owned()))?;
            match result? {
                Some(candidate) if candidate.miss > 0.0 => second.push(candidate),
                Some(candidate) => keep(candidate, &mut made, count),
                None => {}
            }
        }
    }
    second.sort_by(|a, b| a.miss.total_cmp(&b.miss));
    for candidate in second {
        keep(candidate, &mut made, count);
    }
    Ok(made.into_iter().map(|candidate| candidate.varied).collect())
}

/// Keeps a candidate where there is room and it differs from all that were kept.
fn keep(candidate: Candidate, made: &mut Vec<Candidate>, count: usize) {
    if made.len() < count
        && made
            .iter()
            .all(|other| other.heard.distance(&candidate.heard) >= LEAST_DB)
    {
        made.push(candidate);
    }
}

/// The turn of a kind's knob that can be heard, goes its way and keeps what the base reached; where none keeps it all,
/// the one that comes nearest.
fn candidate(kind: VariationType, bench: &Bench) -> Result<Option<Candidate>, GenerateError> {
    let patch = &bench.checked.patch;
    let mut best: Option<Candidate> = None;
    let mut strength = FIRST;
    let least_db = match kind {
        VariationType::Softer | VariationType::Punchier => LEAST_ONSET_DB,
        VariationType::Longer | VariationType::Shorter => 1.2 * LEAST_DB,
        _ => LEAST_DB,
    };
    for _ in 0..3 {
        bench.hooks.check()?;
        let turned = turned(patch, kind, strength);
        let Some(operations) = Variation::between(patch, &turned).filter(|list| !list.is_empty()) else {
            break;
        };
        let variation = Variation {
            id: kind.name().to_owned(),
            kind,
            patch: operations,
        };
        let Ok(applied) = variation.apply(patch, "") else {
            break;
        };
        let heard = Heard::of(&applied, &bench.shape, bench.hooks)?;
        let analysis = &heard.analysis;
        if !analysis.finite || analysis.peak_env_db <= -60.0 {
            break;
        }
        if !goes_its_way(kind, &bench.base.analysis, analysis) || bench.base.distance(&heard) < least_db {
            strength = match strength {
                FIRST => 1.0,
                1.0 if goes_beyond(kind) => BEYOND,
                _ => break,
            };
            continue;
        }
        // The level is set anew for each variation.
        let goals = bench
            .checked
            .goals
            .iter()
            .filter(|goal| goal.measure != Measure::Loudness);
        let miss = goals
            .map(|goal| goal.steps_missed(analysis) - goal.steps_missed(&bench.base.analysis))
            .fold(0.0, f64::max);
        if miss <= best.as_ref().map_or(MOST_MISS, |best| best.miss) {
            best = Some(Candidate {
                varied: Varied {
                    variation,
                    patch: applied,
                },
                heard,
                miss,
            });
        }
        if miss == 0.0 || strength != FIRST {
            break;
        }
        strength = 0.3;
    }
    Ok(best)
}

/// The patch with the knob behind a kind of variation turned by `strength` (0..1) of its way.
fn turned(patch: &PatchSpec, kind: VariationType, strength: f64) -> PatchSpec {
    let knob = |role: RoleId, up: bool| {
        let default = patch
            .macros
            .iter()
            .find(|slot| slot.role_id == role)
            .map_or(0.5, |slot| slot.default);
        let end = if up { 1.0 } else { 0.0 };
        macros::bake(patch, role, default + (end - default) * strength.min(1.0))
    };
    match kind {
        VariationType::Brighter => knob(RoleId::ToneBrightness, true),
        VariationType::Darker => knob(RoleId::ToneBrightness, false),
        VariationType::Punchier => knob(RoleId::AmpPunch, true),
        VariationType::Softer => {
            let mut out = knob(RoleId::AmpPunch, false);
            let env = &mut out.modules.env[0];
            env.attack_s = songwalker_schemas::canonical::quantise(
                (env.attack_s * (1.0 + 2.0 * strength)).clamp(0.03 * strength, 32.0),
            );
            out
        }
        VariationType::Dirtier => knob(RoleId::Drive, true),
        VariationType::Cleaner => knob(RoleId::Drive, false),
        VariationType::Wilder => knob(RoleId::Movement, true),
        VariationType::Calmer => calmed(&knob(RoleId::Movement, false), strength.min(1.0)),
        VariationType::Deeper => knob(RoleId::Space, true),
        VariationType::Drier => knob(RoleId::Space, false),
        VariationType::Wider => knob(RoleId::Width, true),
        VariationType::Narrower => knob(RoleId::Width, false),
        VariationType::Longer => lengthened(patch, 1.4 * strength),
        VariationType::Shorter => lengthened(patch, -1.4 * strength),
    }
}

/// Whether a kind's way goes on behind the end of its knob.
fn goes_beyond(kind: VariationType) -> bool {
    matches!(
        kind,
        VariationType::Longer | VariationType::Shorter | VariationType::Softer
    )
}

/// What moves by itself and is no pitch, and outer voices that beat, by so much less.
fn calmed(patch: &PatchSpec, strength: f64) -> PatchSpec {
    let mut out = patch.clone();
    for route in &mut out.modulation.routes {
        let is_pitch = route.target.ends_with("/transpose") || route.target.ends_with("cents");
        if route.source.moves_by_itself() && !is_pitch {
            route.amount = songwalker_schemas::canonical::quantise(route.amount * (1.0 - strength));
        }
    }
    for osc in &mut out.modules.osc {
        if osc.unison.voices > 1 {
            osc.unison.blend = songwalker_schemas::canonical::quantise(osc.unison.blend * (1.0 - strength));
        }
    }
    out
}

/// Decay and release times by a power of two.
fn lengthened(patch: &PatchSpec, octaves: f64) -> PatchSpec {
    let mut out = patch.clone();
    let factor = math::exp2(octaves);
    for env in &mut out.modules.env {
        env.decay_s = songwalker_schemas::canonical::quantise((env.decay_s * factor).clamp(0.005, 32.0));
        env.release_s = songwalker_schemas::canonical::quantise((env.release_s * factor).clamp(0.005, 32.0));
    }
    out
}

/// Whether a kind of variation goes along with what was asked for.
fn is_allowed(kind: VariationType, intent: &Intent) -> bool {
    let asked = &intent.descriptors;
    let against = |degree: Option<f64>, sign: f64| degree.is_some_and(|d| d * sign < -0.1);
    let keeps = |invariant: Invariant| intent.invariants.contains(&invariant);
    let avoids = |feature: Feature| intent.avoid.contains(&feature);
    let dry = keeps(Invariant::NoEffects) || avoids(Feature::Effects);
    let still = keeps(Invariant::Static) || avoids(Feature::Movement);
    match kind {
        VariationType::Brighter => {
            !against(asked.brightness, 1.0) && !avoids(Feature::Highs) && asked.cutoff_hz.is_none()
        }
        VariationType::Darker => !against(asked.brightness, -1.0) && asked.cutoff_hz.is_none(),
        VariationType::Punchier => {
            !against(asked.punch, 1.0) && !against(asked.attack, -1.0) && asked.attack_s.is_none()
        }
        VariationType::Softer => {
            !against(asked.punch, -1.0) && !against(asked.attack, 1.0) && asked.attack_s.is_none()
        }
        VariationType::Dirtier => {
            !against(asked.drive, 1.0)
                && !avoids(Feature::Distortion)
                && !keeps(Invariant::NoDistortion)
                && !dry
        }
        VariationType::Cleaner => asked.drive.is_none_or(|d| d <= 0.0),
        VariationType::Wilder => !against(asked.movement_amount, 1.0) && !still,
        VariationType::Calmer => !against(asked.movement_amount, -1.0) && asked.movement.is_none(),
        VariationType::Deeper => {
            !against(asked.space, 1.0) && !avoids(Feature::Reverb) && !keeps(Invariant::NoReverb) && !dry
        }
        VariationType::Drier => !against(asked.space, -1.0) && asked.reverb_s.is_none(),
        VariationType::Wider => {
            !against(asked.width, 1.0)
                && !keeps(Invariant::Centered)
                && !keeps(Invariant::MonoSafe)
                && !avoids(Feature::Chorus)
                && !keeps(Invariant::NoChorus)
                && !dry
                && !still
        }
        VariationType::Narrower => !against(asked.width, -1.0),
        VariationType::Longer => {
            !against(asked.length, 1.0)
                && !against(asked.release, 1.0)
                && asked.decay_s.is_none()
                && asked.release_s.is_none()
                && !keeps(Invariant::Pluck)
        }
        VariationType::Shorter => {
            !against(asked.length, -1.0)
                && !against(asked.release, -1.0)
                && asked.decay_s.is_none()
                && asked.release_s.is_none()
        }
    }
}

/// Whether the measure that a kind is about moved the way its name says.
fn goes_its_way(kind: VariationType, base: &AudioAnalysis, a: &AudioAnalysis) -> bool {
    let time = |x: Option<f64>| x.unwrap_or(60_000.0);
    // The times of both, but what lasts beyond the probe in either; by how much one grew or shrank most.
    let times = [
        (base.decay20_ms, a.decay20_ms),
        (base.release20_ms, a.release20_ms),
        (base.tail60_ms, a.tail60_ms),
    ];
    let ratios = || {
        times.iter().map(|(was, is)| {
            if was.is_none() && is.is_none() {
                1.0
            } else {
                time(*is).max(8.0) / time(*was).max(8.0)
            }
        })
    };
    let longest = || ratios().fold(1.0, f64::max);
    let shortest = || ratios().fold(1.0, f64::min);
    let grit = |x: &AudioAnalysis| x.hf_ratio_db / 4.0 - x.crest_db + x.roughness / 0.2;
    match kind {
        VariationType::Brighter => a.brightness_oct > base.brightness_oct + 0.1,
        VariationType::Darker => a.brightness_oct < base.brightness_oct - 0.1,
        VariationType::Wider => a.width > base.width + 0.02,
        VariationType::Narrower => a.width < base.width - 0.02,
        VariationType::Punchier => {
            a.attack_ms < base.attack_ms - 1.0 || a.attack_bright_ratio > 1.05 * base.attack_bright_ratio
        }
        VariationType::Softer => a.attack_ms > base.attack_ms + 5.0,
        VariationType::Dirtier => grit(a) > grit(base) + 0.5,
        VariationType::Cleaner => grit(a) < grit(base) - 0.5,
        VariationType::Wilder => a.movement > base.movement + 0.05,
        VariationType::Calmer => a.movement < base.movement - 0.05,
        VariationType::Longer => longest() > 1.15 && shortest() > 0.9,
        VariationType::Shorter => shortest() < 0.87 && longest() < 1.1,
        VariationType::Deeper => (longest() > 1.1 && shortest() > 0.95) || a.width > base.width + 0.03,
        VariationType::Drier => (shortest() < 0.9 && longest() < 1.05) || a.width < base.width - 0.03,
    }
}

/// How different two sounds are, in steps that can be heard.
#[must_use]
pub fn apart(a: &AudioAnalysis, b: &AudioAnalysis) -> f64 {
    let ratio = |x: f64, y: f64, step: f64| (math::log2(x.max(4.0) / y.max(4.0)) / step).abs();
    let time = |x: Option<f64>, y: Option<f64>| match (x, y) {
        (Some(x), Some(y)) => ratio(x, y, 0.38),
        (None, None) => 0.0,
        _ => 1.0,
    };
    [
        (a.brightness_oct - b.brightness_oct).abs() / 0.25,
        ratio(a.attack_ms, b.attack_ms, 0.585),
        (a.width - b.width).abs() / 0.05,
        (a.roughness - b.roughness).abs() / 0.15,
        (a.low_ratio - b.low_ratio).abs() / 0.1,
        (a.crest_db - b.crest_db).abs() / 1.0,
        (a.sustain_db.max(-60.0) - b.sustain_db.max(-60.0)).abs() / 4.0,
        time(a.decay20_ms, b.decay20_ms),
        time(a.release20_ms, b.release20_ms),
        (a.movement - b.movement).abs() / 0.1,
    ]
    .into_iter()
    .fold(0.0, f64::max)
}
