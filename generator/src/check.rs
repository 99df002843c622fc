//! Listens to what was mapped and corrects: a short probe is rendered and measured, goals that were missed become
//! [`Corrections`], the intent is mapped again with them, at most four times. Then it is heard beside the same sound
//! without the words ([`beside`]). What could not be reached is reported.

pub mod beside;
pub mod goal;
pub mod loudness;
pub mod probe;
pub mod report;
pub mod wanted;

use songwalker_schemas::{AudioAnalysis, Intent, PatchSpec};

pub use self::goal::Goal;
pub use self::report::{Asked, LoudnessReport, Report};
use crate::error::GenerateError;
use crate::mapper::{self, Corrections};
use crate::pipeline::{Hooks, Stage};
use crate::refine::step::Step;
use crate::templates::{self, Entry};

/// How often a patch is mapped again at most.
pub const MOST_CORRECTIONS: usize = 4;

/// A checked patch.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The patch that came nearest to the goals.
    pub patch: PatchSpec,
    /// What was aimed at.
    pub goals: Vec<Goal>,
    /// How often it was mapped again.
    pub rounds: usize,
    /// The last corrections that were kept.
    pub corrections: Corrections,
    /// What the probe of the kept patch measured.
    pub probe: AudioAnalysis,
    /// The probe's note and times.
    pub shape: probe::Shape,
    /// What the words were to move beside the same sound without them, and by how many of the smallest steps they did;
    /// nothing where a probe cannot tell.
    pub beside: Vec<(Step, Option<f64>)>,
}

/// Listens to `first`, the intent's first patch, and maps again until the goals are met or four corrections were
/// tried.
///
/// # Errors
/// Cancelled, silent whatever is tried, or the engine's refusal.
pub fn settle(
    intent: &Intent,
    entry: &Entry,
    seed: u64,
    first: PatchSpec,
    hooks: &Hooks,
) -> Result<Checked, GenerateError> {
    let Some(bare) = beside::bare(intent, entry, seed, hooks)? else {
        return alone(intent, entry, seed, first, None, hooks);
    };
    let mut checked = alone(intent, entry, seed, first, Some(&bare.checked.probe), hooks)?;
    bare.settle(&mut checked, intent, entry, seed, hooks)?;
    Ok(checked)
}

/// The same, by the goals alone; `bare` is the sound without the words.
fn alone(
    intent: &Intent,
    entry: &Entry,
    seed: u64,
    first: PatchSpec,
    bare: Option<&AudioAnalysis>,
    hooks: &Hooks,
) -> Result<Checked, GenerateError> {
    let mut corrections = Corrections::default();
    let shape = probe::Shape::of(intent, &first);
    let (neutral, measured) = std::thread::scope(|scope| {
        let neutral = scope.spawn(|| neutral(intent, &shape, hooks));
        let measured = probe::measure(&first, &shape, hooks);
        (neutral.join(), measured)
    });
    let neutral = neutral.map_err(|_| GenerateError::Render("the neutral probe failed".to_owned()))??;
    let goals = wanted::of(intent, &first, neutral.as_ref(), bare);
    let mut best = Checked {
        patch: first,
        goals,
        rounds: 0,
        corrections,
        probe: measured?,
        shape,
        beside: Vec::new(),
    };
    let mut tried = best.probe.clone();
    for round in 1..=MOST_CORRECTIONS {
        if goal::penalty(&best.goals, &best.probe) <= 0.0 {
            break;
        }
        hooks.check()?;
        (hooks.progress)(Stage::Checking, round as f64 / (MOST_CORRECTIONS + 1) as f64);
        for goal in &best.goals {
            goal.correct(&tried, &mut corrections);
        }
        let patch = mapper::map(intent, entry, seed, &corrections);
        tried = probe::measure(&patch, &shape, hooks)?;
        best.rounds = round;
        if goal::penalty(&best.goals, &tried) < goal::penalty(&best.goals, &best.probe) {
            best.patch = patch;
            best.corrections = corrections;
            best.probe = tried.clone();
        }
    }
    if best.probe.peak_env_db < -70.0 || !best.probe.finite {
        return Err(GenerateError::Silent);
    }
    best.patch.check().map_err(GenerateError::Patch)?;
    Ok(best)
}

/// The measures of the category's neutral sound, where a goal may be relative to them.
fn neutral(
    intent: &Intent,
    shape: &probe::Shape,
    hooks: &Hooks,
) -> Result<Option<AudioAnalysis>, GenerateError> {
    if !wanted::is_relative(intent) {
        return Ok(None);
    }
    let Some(entry) = templates::neutral(intent.category) else {
        return Ok(None);
    };
    let patch = mapper::map(
        &Intent::neutral(intent.category),
        entry,
        0,
        &Corrections::default(),
    );
    probe::measure(&patch, shape, hooks).map(Some)
}
