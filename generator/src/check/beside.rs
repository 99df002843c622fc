//! Hears a sound beside the same one without the words: what a word asks to move must have moved by the smallest step
//! that counts, whatever template it grew from. Where it has not, the levers of refinement pull further, as long as
//! nothing else that was asked for is lost.

use std::cell::Cell;

use songwalker_schemas::intent::{Feature, Invariant};
use songwalker_schemas::{AudioAnalysis, Category, Intent, PatchSpec};

use super::goal::Measure;
use super::{Check, Checked, probe};
use crate::error::GenerateError;
use crate::mapper::{self, Corrections, dirt, keep};
use crate::refine;
use crate::refine::settle::{self, Task, Way};
use crate::refine::step::{Aspect, Step};

/// From which degree on a word must be heard beside the sound without it.
const SAID: f64 = 0.2;
/// How many probes more than one listening the sound without the words may take.
const MOST_BARE: usize = 1;

/// The sound without the words that are to move something.
pub struct Bare {
    /// The sound.
    pub checked: Checked,
    /// What the words are to move.
    steps: Vec<Step>,
}

/// Makes the sound without the words that are to move something; nothing where there are none.
///
/// # Errors
/// Cancelled, silent, or the engine's refusal.
pub(super) fn bare(intent: &Intent, check: &Check) -> Result<Option<Bare>, GenerateError> {
    let steps = steps(intent);
    if steps.is_empty() {
        return Ok(None);
    }
    let mut shape = super::shape(intent);
    shape.moves = steps.iter().any(|step| step.aspect == Aspect::Movement);
    let without = without(intent, &steps);
    let first = mapper::map(&without, check.entry, check.seed, &Corrections::default());
    let most = MOST_BARE / shape.probes();
    let checked = check.alone(&without, first, shape, None, most, 0)?;
    Ok(Some(Bare { checked, steps }))
}

impl Bare {
    /// Pulls what the words have moved too little.
    ///
    /// # Errors
    /// Cancelled, or the engine's refusal.
    pub(super) fn settle(
        self,
        checked: &mut Checked,
        intent: &Intent,
        check: &Check,
    ) -> Result<(), GenerateError> {
        let Self { checked: bare, steps } = self;
        // Only what moves of itself is heard twice.
        let shape = bare.shape;
        let first = mapper::shaped(intent, check.entry, check.seed, &checked.corrections);
        let finish = |mut patch: PatchSpec| {
            keep::apply(intent, &mut patch);
            mapper::finished(patch)
        };
        let before = Cell::new(None);
        let guard = |a: &AudioAnalysis| {
            let goals = checked.goals.iter().filter(|goal| is_told(goal.measure));
            let misses = goals.map(|goal| goal.steps_missed(a)).sum();
            // The first that is heard is the sound as it is.
            let was: f64 = before.get().unwrap_or(misses);
            before.set(Some(was));
            (misses - was).max(0.0)
        };
        let heard = settle::settle(
            &Task {
                parent: &bare.patch,
                first: &first,
                steps: &steps,
                way: Way::Least,
                finish: &finish,
                guard: &guard,
                budget: check.budget,
                known: Some((&bare.probe, &checked.probe)),
                shape,
            },
            check.hooks,
        )?;
        if heard.rounds > 0 {
            checked.probe = if shape.moves {
                heard.probe
            } else {
                probe::moving_as(heard.probe, &checked.probe)
            };
            checked.patch = heard.patch;
            checked.rounds += heard.rounds;
        }
        checked.beside = steps.into_iter().zip(heard.made).collect();
        Ok(())
    }
}

/// Whether a goal's measure is one that levers must not lose.
const fn is_told(measure: Measure) -> bool {
    matches!(
        measure,
        Measure::Brightness
            | Measure::Width
            | Measure::Low
            | Measure::MonoLoss
            | Measure::Pitch
            | Measure::Highs
    )
}

/// What the words are to move.
fn steps(intent: &Intent) -> Vec<Step> {
    if matches!(intent.category, Category::Drum | Category::Fx) {
        return Vec::new();
    }
    let asked = &intent.descriptors;
    let said = |degree: Option<f64>| degree.filter(|d| d.abs() >= SAID);
    let same = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| a * b > 0.0);
    // Fat and thin are lows, voices and width together.
    let body = said(asked.warmth).filter(|_| same(said(asked.sub), asked.warmth));
    // A movement that is described has goals of its own.
    let moves = asked
        .movement
        .as_ref()
        .is_none_or(|m| m.target.is_none() && m.rate_hz.is_none() && m.rate_sync.is_none());
    let centred =
        intent.invariants.contains(&Invariant::Centered) || asked.width.is_some_and(|width| width <= -0.7);
    let still = intent.invariants.contains(&Invariant::Static) || intent.avoid.contains(&Feature::Movement);
    let punch = said(asked.punch).filter(|d| *d >= 0.3 && intent.category != Category::Brass);
    [
        (
            Aspect::Brightness,
            said(asked.brightness).filter(|_| asked.cutoff_hz.is_none()),
        ),
        (
            Aspect::Attack,
            said(asked.attack).filter(|_| asked.attack_s.is_none() && punch.is_none()),
        ),
        (Aspect::Punch, punch),
        (Aspect::Width, said(asked.width)),
        (
            Aspect::Space,
            // In the middle, all rooms are alike.
            said(asked.space).filter(|_| asked.reverb_s.is_none() && !centred),
        ),
        (
            Aspect::Movement,
            said(asked.movement_amount).filter(|_| moves && !still),
        ),
        (Aspect::Drive, said(asked.drive).filter(|_| body.is_none())),
        (
            Aspect::Roughness,
            said(asked.roughness).filter(|_| said(asked.drive).is_none()),
        ),
        (Aspect::Body, body),
        (
            Aspect::Detune,
            said(asked.detune).filter(|_| body.is_none() && !dirt::is_tight(intent)),
        ),
    ]
    .into_iter()
    .filter_map(|(aspect, degree)| {
        degree.map(|degree| Step {
            aspect,
            up: degree > 0.0,
            size: 1.0,
        })
    })
    .collect()
}

/// What is asked without the words that are to move something.
fn without(intent: &Intent, steps: &[Step]) -> Intent {
    let mut bare = intent.clone();
    bare.descriptors = refine::settled(&intent.descriptors);
    let asked = &mut bare.descriptors;
    for step in steps {
        match step.aspect {
            Aspect::Movement => (asked.movement, asked.movement_speed) = (None, None),
            Aspect::Body => asked.sub = None,
            Aspect::Drive | Aspect::Roughness => asked.noise = None,
            _ => {}
        }
    }
    bare
}
