//! Listens while it refines: short probes of the parent and of the child, and the levers are pulled further or let go
//! until each aspect that was asked for has moved by its steps and nothing else by more than its tolerance. Bounded and
//! deterministic: at most twelve probes of less than a second, and no clock.

use songwalker_engine::math;
use songwalker_schemas::patch::fx::{Fx, FxType};
use songwalker_schemas::{AudioAnalysis, Category, PatchSpec};

use super::lever;
use super::step::{Aspect, Step};
use crate::check::probe::{self, Budget, Shape};
use crate::error::GenerateError;
use crate::mapper::rack;
use crate::pipeline::{Hooks, Stage};

/// An attack that is as fast as any, ms.
const FASTEST_MS: f64 = 10.0;
/// How far brightness may go where nobody asked for it, octaves.
const BRIGHTNESS_DRIFT: f64 = 0.2;
/// How far the attack may go where nobody asked for it, octaves of time.
const ATTACK_DRIFT: f64 = 0.36;
/// How far the pitch may go with detuning, cents.
const PITCH_DRIFT: f64 = 12.0;
/// How much more a sound may peak, dB.
const CREST_DRIFT_DB: f64 = 2.5;
/// The attack from which on the envelope's own time says how slow it is, s.
const SLOW_ATTACK_S: f64 = 0.15;
/// A share of lows that cannot grow.
const ALL_LOW: f64 = 0.975;
/// What a step counts by which something else is lost that was asked for.
const GUARD: f64 = 3.0;
/// The share of a room from which on it drowns movement, and how much more of it there must be then.
const DEEP: f64 = 0.3;
const DROWNED: f64 = 1.7;
/// What a word that cannot be reached counts at most.
const MOST_MISSED: f64 = 3.0;
/// How strongly a lever is pulled at most, in plain words.
const STRONGEST: f64 = 6.0;

/// A patch that was listened to.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The child that came nearest.
    pub patch: PatchSpec,
    /// How many of the smallest steps each aspect has moved, by the probes; nothing where a law says it.
    pub made: Vec<Option<f64>>,
    /// How often levers were pulled anew.
    pub rounds: usize,
    /// What the probe measured.
    pub probe: AudioAnalysis,
}

/// What is listened to, and how.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// What the child is compared with.
    pub parent: &'a PatchSpec,
    /// Where the levers begin.
    pub first: &'a PatchSpec,
    /// What is to move.
    pub steps: &'a [Step],
    /// How the levers are used.
    pub way: Way,
    /// Makes of a pulled patch one that keeps what must hold.
    pub finish: &'a dyn Fn(PatchSpec) -> PatchSpec,
    /// By how many steps a sound misses what else was asked of it.
    pub guard: &'a dyn Fn(&AudioAnalysis) -> f64,
    /// How many probes may be made.
    pub budget: &'a Budget,
    /// What was heard of the parent and of the child before a lever is pulled, where it was.
    pub known: Option<(&'a AudioAnalysis, &'a AudioAnalysis)>,
    /// The probe.
    pub shape: Shape,
}

/// How levers are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Every aspect moves by its step, no less and not much more.
    Steps,
    /// What has moved by the smallest step already stays where it is.
    Least,
}

/// The bench at which parent and children are compared.
struct Bench<'a> {
    task: Task<'a>,
    steps: &'a [Step],
    parent: &'a PatchSpec,
    /// The parent as it is heard.
    colour: AudioAnalysis,
    /// Whether brightness and attack are to stay.
    stays: (bool, bool),
}

/// How strongly each lever is pulled, and what is pulled against side effects.
#[derive(Debug, Clone, PartialEq)]
struct Pulls {
    steps: Vec<f64>,
    brightness: f64,
    attack: f64,
    /// The share of unison voices that gives way to the one in the middle.
    centre: f64,
}

/// Finds the child of a parent.
///
/// # Errors
/// Cancelled, silent, or the engine's refusal.
pub fn settle(task: &Task, hooks: &Hooks) -> Result<Heard, GenerateError> {
    let Task {
        parent,
        first,
        steps,
        way,
        finish,
        guard,
        budget,
        known,
        shape,
    } = *task;
    let asks = |aspect: Aspect| steps.iter().any(|step| step.aspect == aspect);
    let tints = [
        Aspect::Brightness,
        Aspect::Drive,
        Aspect::Roughness,
        Aspect::Punch,
        Aspect::Warmth,
    ];
    let is_transposed = parent
        .modules
        .osc
        .iter()
        .zip(&first.modules.osc)
        .any(|(a, b)| a.transpose != b.transpose);
    let same_filter = parent.modules.filter == first.modules.filter;
    let was = match known {
        Some((was, _)) => was.clone(),
        None => {
            budget.take(shape.probes());
            probe::listen(parent, &shape, hooks)?
        }
    };
    let bench = Bench {
        task: *task,
        steps,
        parent,
        colour: was,
        stays: match way {
            Way::Steps => (
                same_filter && !is_transposed && !tints.into_iter().any(asks),
                !asks(Aspect::Attack)
                    && !asks(Aspect::Punch)
                    && parent.modules.env[0].attack_s == first.modules.env[0].attack_s,
            ),
            // Words that were mapped already have moved more than they are about.
            Way::Least => (
                steps.iter().all(|step| step.aspect == Aspect::Attack),
                steps
                    .iter()
                    .all(|step| matches!(step.aspect, Aspect::Brightness | Aspect::Space)),
            ),
        },
    };
    let mut pulls = Pulls {
        steps: steps
            .iter()
            .map(|step| match way {
                Way::Steps if step.up => step.size,
                Way::Steps => -step.size,
                Way::Least => 0.0,
            })
            .collect(),
        brightness: 0.0,
        attack: 0.0,
        centre: 0.0,
    };
    let mut best: Option<(f64, Heard)> = None;
    let mut last: Option<(PatchSpec, AudioAnalysis)> = None;
    let mut rounds = 0;
    let mut heard_before = known.map(|(_, now)| now.clone());
    loop {
        let mut child = finish(pulls.apply(first, steps));
        // What a pull does not change is heard no second time: further, as far as it goes.
        if let Some((heard, colour)) = &last {
            while child == *heard {
                let before = pulls.clone();
                bench.correct(&bench.made(heard, colour), colour, &mut pulls);
                if pulls == before {
                    break;
                }
                child = finish(pulls.apply(first, steps));
            }
            if child == *heard {
                break;
            }
        }
        let colour = match heard_before.take() {
            Some(heard) => heard,
            None if budget.take(shape.probes()) => {
                hooks.check()?;
                (hooks.progress)(Stage::Checking, 1.0 - budget.left() as f64 / probe::MOST as f64);
                probe::listen(&child, &shape, hooks)?
            }
            None => break,
        };
        let made = bench.made(&child, &colour);
        let missed = bench.missed(&child, &made, &colour) + GUARD * guard(&colour);
        last = Some((child.clone(), colour.clone()));
        let heard = Heard {
            patch: child,
            rounds,
            probe: colour.clone(),
            made: made.clone(),
        };
        if best.as_ref().is_none_or(|(least, _)| missed < *least) {
            best = Some((missed, heard));
        }
        if missed == 0.0 {
            break;
        }
        rounds += 1;
        bench.correct(&made, &colour, &mut pulls);
    }
    let (_, heard) = best.ok_or(GenerateError::Silent)?;
    if !heard.probe.finite || heard.probe.peak_env_db < -70.0 {
        return Err(GenerateError::Silent);
    }
    heard.patch.check().map_err(GenerateError::Patch)?;
    Ok(heard)
}

/// Share and time of a patch's reverb.
fn room(patch: &PatchSpec) -> Option<(f64, f64)> {
    patch.modules.fx.iter().find_map(|fx| match fx {
        Fx::Reverb(fx) if fx.enabled => Some((fx.mix, fx.decay_s)),
        _ => None,
    })
}

impl Pulls {
    fn apply(&self, first: &PatchSpec, steps: &[Step]) -> PatchSpec {
        let mut patch = first.clone();
        for (step, amount) in steps.iter().zip(&self.steps) {
            lever::pull(step.aspect, *amount, &mut patch);
        }
        lever::pull(Aspect::Brightness, self.brightness, &mut patch);
        lever::pull(Aspect::Attack, self.attack, &mut patch);
        if self.centre > 0.0 {
            lever::centre(self.centre, &mut patch);
        }
        patch
    }
}

impl Bench<'_> {
    /// How many steps are aimed at.
    fn aim(&self, step: &Step) -> (f64, f64) {
        match self.task.way {
            Way::Steps => step.aim(),
            Way::Least => {
                let (low, high) = step.least();
                // A deep room, fuller with every second, smooths what moves in it.
                let drowned = step.aspect == Aspect::Movement
                    && step.up
                    && rack::share(self.parent, FxType::Reverb) > DEEP;
                (if drowned { DROWNED * low } else { low }, high)
            }
        }
    }

    fn asks(&self, aspect: Aspect) -> bool {
        self.steps.iter().any(|step| step.aspect == aspect)
    }

    /// How many steps each aspect has moved.
    fn made(&self, child: &PatchSpec, now: &AudioAnalysis) -> Vec<Option<f64>> {
        let was = &self.colour;
        let by_law = |step: &Step| {
            let (was, is) = (self.parent.modules.env[0].attack_s, child.modules.env[0].attack_s);
            let sign = if step.up { 1.0 } else { -1.0 };
            (was.max(is) > SLOW_ATTACK_S)
                .then(|| sign * math::log2(is.max(0.003) / was.max(0.003)) / math::log2(1.5))
        };
        let is_low = self.parent.meta.category == Category::Bass;
        let made = |step: &Step| match step.aspect {
            _ if self.task.way == Way::Least && self.is_at_its_end(step, child, now) => {
                Some(self.aim(step).0)
            }
            // As still as it gets is still enough.
            Aspect::Movement if !step.up && now.movement <= 0.06 => Some(self.aim(step).0),
            // Faster than that cannot be measured.
            Aspect::Attack if !step.up && was.attack_ms < FASTEST_MS => Some(self.aim(step).0),
            Aspect::Attack => by_law(step).or_else(|| step.made(was, now)),
            // Where the sides have nothing in common already, the room's laws say how much more it is.
            Aspect::Space if step.up && (was.corr < 0.35 || self.is_deeper(child)) => None,
            // A probe is too short for the beats of low notes.
            Aspect::Detune if is_low => None,
            Aspect::Body if step.up && is_low && now.low_ratio >= ALL_LOW => Some(self.aim(step).0),
            Aspect::Body if step.up && is_low => Some((now.low_ratio - was.low_ratio) / 0.1),
            Aspect::Drive | Aspect::Roughness if is_low => step.made(
                was,
                &AudioAnalysis {
                    roughness: was.roughness,
                    ..now.clone()
                },
            ),
            _ => step.made(was, now),
        };
        self.steps.iter().map(made).collect()
    }

    /// Whether a child's room is deeper and longer by the laws, where its parent had one already: a probe ends before such
    /// a room is full.
    fn is_deeper(&self, child: &PatchSpec) -> bool {
        match (room(self.parent), room(child)) {
            (Some((was, was_s)), Some((is, is_s))) => was > 0.1 && is >= was + 0.08 && is_s >= 1.2 * was_s,
            _ => false,
        }
    }

    /// By how many steps the aims and the tolerances are missed.
    fn missed(&self, child: &PatchSpec, made: &[Option<f64>], colour: &AudioAnalysis) -> f64 {
        let aims = self.steps.iter().zip(made).map(|(step, made)| {
            let (low, high) = self.aim(step);
            match made {
                Some(made) if *made < low => {
                    let missed = 2.0 * (low - made);
                    // One word that cannot be reached is no reason to lose all the others; nearer is better still.
                    if self.task.way == Way::Least {
                        missed.min(MOST_MISSED) + 0.02 * missed
                    } else {
                        missed
                    }
                }
                Some(made) if *made > high && self.task.way == Way::Steps => 0.5 * (made - high),
                _ => 0.0,
            }
        });
        let (bright, attack) = self.drift(colour);
        let mut missed: f64 = aims.sum();
        missed += (bright.abs() - BRIGHTNESS_DRIFT).max(0.0) / 0.25;
        missed += (attack.abs() - ATTACK_DRIFT).max(0.0) / 0.585;
        missed += (self.pitch_drift(colour).abs() - PITCH_DRIFT).max(0.0) / 5.0;
        // What peaks more cannot be as loud.
        if !self.asks(Aspect::Body) {
            missed += (colour.crest_db - self.colour.crest_db.max(14.0) - CREST_DRIFT_DB).max(0.0);
        }
        if !colour.finite || colour.peak_env_db < -70.0 || child.check().is_err() {
            missed += 1_000.0;
        }
        missed
    }

    /// Whether a parent has nothing to take away of what is to be less.
    fn is_at_its_end(&self, step: &Step, child: &PatchSpec, now: &AudioAnalysis) -> bool {
        let was = &self.colour;
        let driven = |patch: &PatchSpec| {
            let filters = patch.modules.filter.iter().filter(|filter| filter.enabled);
            filters
                .map(|filter| filter.drive_db)
                .fold(rack::share(patch, FxType::Distortion), f64::max)
        };
        match (step.aspect, step.up) {
            (Aspect::Brightness, false) => {
                was.brightness_oct < 0.5 && now.brightness_oct <= was.brightness_oct
            }
            (Aspect::Body, false) => was.low_ratio < 0.02 && now.roughness <= was.roughness + 0.05,
            (Aspect::Width, false) => was.width < 0.05 && now.width <= was.width,
            (Aspect::Width, true) => was.width > 0.3 && now.width > 0.25,
            (Aspect::Body, true) => was.low_ratio > ALL_LOW,
            (Aspect::Movement, true) => was.movement > 0.85 && now.movement > 0.85,
            // Brass that starts brighter than it goes on is no brass.
            (Aspect::Punch, true) => {
                self.parent.meta.category == Category::Brass && was.attack_bright_ratio > 0.85
            }
            (Aspect::Roughness | Aspect::Detune, false) => was.roughness < 0.15,
            (Aspect::Space, false) => rack::share(child, FxType::Reverb) < 0.02,
            (Aspect::Drive, false) => driven(self.parent) < 0.02,
            _ => false,
        }
    }

    /// How far the pitch has gone where only its neighbours were to move, cents.
    fn pitch_drift(&self, colour: &AudioAnalysis) -> f64 {
        let turns = [Aspect::Detune, Aspect::Drive, Aspect::Width];
        if self.task.way == Way::Least && turns.into_iter().any(|aspect| self.asks(aspect)) {
            colour.pitch_cents - self.colour.pitch_cents
        } else {
            0.0
        }
    }

    /// How far brightness (octaves) and attack (octaves of time) have gone where they were to stay.
    fn drift(&self, colour: &AudioAnalysis) -> (f64, f64) {
        let bright = colour.brightness_oct - self.colour.brightness_oct;
        // Below that nobody hears a difference, and no method measures it.
        let floor = |ms: f64| ms.max(12.0);
        let attack = math::log2(floor(colour.attack_ms) / floor(self.colour.attack_ms));
        (
            if self.stays.0 { bright } else { 0.0 },
            if self.stays.1 { attack } else { 0.0 },
        )
    }

    /// Pulls further where too little has moved, lets go where too much has, and pulls against side effects.
    fn correct(&self, made: &[Option<f64>], colour: &AudioAnalysis, pulls: &mut Pulls) {
        for ((step, made), amount) in self.steps.iter().zip(made).zip(&mut pulls.steps) {
            let Some(made) = made else { continue };
            let (low, high) = self.aim(step);
            if self.task.way == Way::Least {
                let short = low - made;
                if short > 0.0 {
                    // A plain pull is about a step and a half; further where the last one has not been enough.
                    let more = (0.7 * short).clamp(0.4, 1.5) + 0.4 * amount.abs();
                    *amount = (*amount + if step.up { more } else { -more }).clamp(-STRONGEST, STRONGEST);
                }
                continue;
            }
            let middle = f64::midpoint(low, f64::midpoint(low, high));
            let factor = if *made < low {
                if *made > 0.2 {
                    (middle / made).clamp(1.15, 2.2)
                } else {
                    1.9
                }
            } else if *made > high {
                (middle / made).clamp(0.35, 0.9)
            } else {
                1.0
            };
            *amount = (*amount * factor).clamp(-STRONGEST, STRONGEST);
        }
        let thins = |step: &Step| step.aspect == Aspect::Body && !step.up;
        if self.steps.iter().any(thins) && colour.roughness > self.colour.roughness + 0.05 {
            // Thin is not rough: of what has no lows to lose, the highs stay where they were.
            pulls.brightness = (pulls.brightness - 0.5).clamp(-STRONGEST, STRONGEST);
        }
        let (bright, attack) = self.drift(colour);
        if bright.abs() > BRIGHTNESS_DRIFT {
            // A semitone above the note is 0.06 octaves, and a lever's plain pull eight of them.
            pulls.brightness = (pulls.brightness - bright / 0.48).clamp(-STRONGEST, STRONGEST);
        }
        if self.pitch_drift(colour).abs() > PITCH_DRIFT {
            pulls.centre = (pulls.centre + 0.25).min(0.75);
        }
        if attack.abs() > ATTACK_DRIFT {
            pulls.attack = (pulls.attack - attack).clamp(-STRONGEST, STRONGEST);
        }
    }
}
