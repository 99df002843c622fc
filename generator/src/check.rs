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

/// How many probes the goals leave for what is heard beside the sound without the words.
const KEPT: usize = 1;

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

/// Listens to `first`, the intent's first patch, and maps again until the goals are met, four corrections were tried or
/// no probe is left; then hears it beside the sound without the words.
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
    let check = Check {
        entry,
        seed,
        hooks,
        budget: &probe::Budget::full(),
    };
    let Some(bare) = beside::bare(intent, &check)? else {
        return check.alone(intent, first, shape(intent), None, MOST_CORRECTIONS, 0);
    };
    let mut shape = shape(intent);
    shape.moves |= bare.checked.shape.moves;
    let heard = Some(&bare.checked.probe);
    let mut checked = check.alone(intent, first, shape, heard, MOST_CORRECTIONS, KEPT)?;
    bare.settle(&mut checked, intent, &check)?;
    Ok(checked)
}

/// The probe that an intent needs.
#[must_use]
pub fn shape(intent: &Intent) -> probe::Shape {
    let moves = wanted::wants_movement(intent) || wanted::wants_stillness(intent);
    probe::Shape::of(intent.category, moves)
}

/// One check of one request.
struct Check<'a> {
    entry: &'a Entry,
    seed: u64,
    hooks: &'a Hooks<'a>,
    budget: &'a probe::Budget,
}

impl Check<'_> {
    /// Maps an intent again until its goals are met; `bare` is the sound without the words. At most `most` times, and so
    /// that `kept` probes are left.
    fn alone(
        &self,
        intent: &Intent,
        first: PatchSpec,
        shape: probe::Shape,
        bare: Option<&AudioAnalysis>,
        most: usize,
        kept: usize,
    ) -> Result<Checked, GenerateError> {
        let hooks = self.hooks;
        let mut corrections = Corrections::default();
        let neutral = self.neutral(intent, shape)?;
        self.budget.take(shape.probes());
        let measured = probe::listen(&first, &shape, hooks)?;
        let goals = wanted::of(intent, &first, neutral.as_ref(), bare);
        let mut best = Checked {
            patch: first,
            goals,
            rounds: 0,
            corrections,
            probe: measured,
            shape,
            beside: Vec::new(),
        };
        let (mut tried, mut last) = (best.probe.clone(), best.patch.clone());
        for round in 1..=most {
            // What moves as it is to is not heard anew.
            let misses = |goal: &Goal| goal.measure.is_movement() && goal.miss(&tried) != 0.0;
            let shape = probe::Shape {
                moves: shape.moves && best.goals.iter().any(misses),
                ..shape
            };
            let is_over = goal::penalty(&best.goals, &best.probe) <= 0.0;
            if is_over {
                break;
            }
            for goal in &best.goals {
                goal.correct(&tried, &mut corrections);
            }
            if self.budget.left() < kept + shape.probes() {
                break;
            }
            let patch = mapper::map(intent, self.entry, self.seed, &corrections);
            // What corrections do not change any more is heard no second time.
            if last == patch || !self.budget.take(shape.probes()) {
                break;
            }
            hooks.check()?;
            (hooks.progress)(Stage::Checking, round as f64 / (MOST_CORRECTIONS + 1) as f64);
            last.clone_from(&patch);
            let heard = probe::listen(&patch, &shape, hooks)?;
            tried = if shape.moves {
                heard
            } else {
                probe::moving_as(heard, &tried)
            };
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
    fn neutral(&self, intent: &Intent, shape: probe::Shape) -> Result<Option<AudioAnalysis>, GenerateError> {
        if !wanted::is_relative(intent) {
            return Ok(None);
        }
        let Some(entry) = templates::neutral(intent.category) else {
            return Ok(None);
        };
        let intent = Intent::neutral(intent.category);
        let patch = mapper::map(&intent, entry, 0, &Corrections::default());
        let shape = probe::Shape {
            moves: false,
            ..shape
        };
        self.budget.take(1);
        probe::listen(&patch, &shape, self.hooks).map(Some)
    }
}
