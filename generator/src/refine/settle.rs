//! Listens while it refines: short probes of the parent and of the child, and the levers are pulled further or let go
//! until each aspect that was asked for has moved by its steps and nothing else by more than its tolerance. Bounded and
//! deterministic: at most eleven probes of less than a second, and no clock.

use songwalker_engine::math;
use songwalker_schemas::{AudioAnalysis, PatchSpec};

use super::lever;
use super::step::{Aspect, Step};
use crate::check::probe::{self, Shape};
use crate::error::GenerateError;
use crate::pipeline::{Hooks, Stage};

/// The most probes, the parent's with them; the twelfth is that of the whole child.
pub const MOST_PROBES: usize = 11;
/// The attack of probes that are not about the attack, s: colour is heard when the sound is up.
const PROBE_ATTACK_S: f64 = 0.05;
/// The longest attack that a probe can tell, s.
const LONGEST_PROBED_ATTACK_S: f64 = 0.3;
/// An attack that is as fast as any, ms.
const FASTEST_MS: f64 = 10.0;
/// How far brightness may go where nobody asked for it, octaves.
const BRIGHTNESS_DRIFT: f64 = 0.28;
/// How far the attack may go where nobody asked for it, octaves of time.
const ATTACK_DRIFT: f64 = 0.36;
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

/// The bench at which parent and children are compared.
struct Bench<'a> {
    steps: &'a [Step],
    shape: Shape,
    hooks: &'a Hooks<'a>,
    parent: &'a PatchSpec,
    /// The parent as it is heard.
    colour: AudioAnalysis,
    /// The parent's own movement, where that is asked for.
    movement: Option<AudioAnalysis>,
    /// Whether brightness and attack are to stay.
    stays: (bool, bool),
}

/// How strongly each lever is pulled, and what is pulled against side effects.
#[derive(Debug, Clone)]
struct Pulls {
    steps: Vec<f64>,
    brightness: f64,
    attack: f64,
}

/// Finds the child of `parent`. `first` is the parent with everything in it that is no step; `finish` makes of a pulled
/// patch one that keeps what must hold.
///
/// # Errors
/// Cancelled, silent, or the engine's refusal.
pub fn settle(
    parent: &PatchSpec,
    first: &PatchSpec,
    steps: &[Step],
    finish: &dyn Fn(PatchSpec) -> PatchSpec,
    hooks: &Hooks,
) -> Result<Heard, GenerateError> {
    let shape = Shape {
        note: parent.meta.category.reference_note(),
        hold_s: 0.75,
        tail_s: 0.2,
        moves: false,
    };
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
    let mut bench = Bench {
        steps,
        shape,
        hooks,
        parent,
        colour: AudioAnalysis::default(),
        movement: None,
        stays: (
            same_filter && !is_transposed && !tints.into_iter().any(asks),
            !asks(Aspect::Attack)
                && !asks(Aspect::Punch)
                && parent.modules.env[0].attack_s == first.modules.env[0].attack_s,
        ),
    };
    let mut probes = 1;
    bench.colour = bench.listen(parent, false)?;
    if asks(Aspect::Movement) {
        bench.movement = Some(bench.listen(parent, true)?);
        probes += 1;
    }
    let each = probes;
    let mut pulls = Pulls {
        steps: steps
            .iter()
            .map(|step| if step.up { step.size } else { -step.size })
            .collect(),
        brightness: 0.0,
        attack: 0.0,
    };
    let mut best: Option<(f64, Heard)> = None;
    let mut rounds = 0;
    while probes + each <= MOST_PROBES {
        hooks.check()?;
        (hooks.progress)(Stage::Checking, probes as f64 / MOST_PROBES as f64);
        let child = finish(pulls.apply(first, steps));
        let colour = bench.listen(&child, false)?;
        let movement = bench
            .movement
            .as_ref()
            .map(|_| bench.listen(&child, true))
            .transpose()?;
        probes += each;
        let made = bench.made(&child, &colour, movement.as_ref());
        let missed = bench.missed(&child, &made, &colour);
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

impl Pulls {
    fn apply(&self, first: &PatchSpec, steps: &[Step]) -> PatchSpec {
        let mut patch = first.clone();
        for (step, amount) in steps.iter().zip(&self.steps) {
            lever::pull(step.aspect, *amount, &mut patch);
        }
        lever::pull(Aspect::Brightness, self.brightness, &mut patch);
        lever::pull(Aspect::Attack, self.attack, &mut patch);
        patch
    }
}

impl Bench<'_> {
    fn asks(&self, aspect: Aspect) -> bool {
        self.steps.iter().any(|step| step.aspect == aspect)
    }

    /// Measures a patch by a short note.
    fn listen(&self, patch: &PatchSpec, movement: bool) -> Result<AudioAnalysis, GenerateError> {
        let mut probed = if movement {
            lever::only_its_movement(patch)
        } else {
            patch.clone()
        };
        let env = &mut probed.modules.env[0];
        let about_attack = self.asks(Aspect::Attack) || self.asks(Aspect::Punch) || !self.stays.1;
        let slow = self.parent.modules.env[0].attack_s > LONGEST_PROBED_ATTACK_S;
        if movement || slow || !about_attack {
            env.attack_s = if slow || movement {
                env.attack_s.min(PROBE_ATTACK_S)
            } else {
                env.attack_s.min(LONGEST_PROBED_ATTACK_S)
            };
        }
        let shape = Shape {
            moves: movement,
            ..self.shape
        };
        probe::measure(&probed, &shape, self.hooks)
    }

    /// How many steps each aspect has moved.
    fn made(
        &self,
        child: &PatchSpec,
        colour: &AudioAnalysis,
        movement: Option<&AudioAnalysis>,
    ) -> Vec<Option<f64>> {
        let by_law = |step: &Step| {
            let (was, is) = (self.parent.modules.env[0].attack_s, child.modules.env[0].attack_s);
            let sign = if step.up { 1.0 } else { -1.0 };
            (was.max(is) > LONGEST_PROBED_ATTACK_S)
                .then(|| sign * math::log2(is.max(0.003) / was.max(0.003)) / math::log2(1.5))
        };
        self.steps
            .iter()
            .map(|step| match (step.aspect, movement, &self.movement) {
                (Aspect::Movement, Some(now), Some(was)) => {
                    // As still as it gets is still enough.
                    let still = !step.up && now.movement <= 0.06;
                    if still {
                        Some(step.aim().0)
                    } else {
                        step.made(was, now)
                    }
                }
                // Faster than that cannot be measured.
                (Aspect::Attack, ..) if !step.up && self.colour.attack_ms < FASTEST_MS => Some(step.aim().0),
                (Aspect::Attack, ..) => by_law(step).or_else(|| step.made(&self.colour, colour)),
                // Where the sides have nothing in common already, the room's laws say how much more it is.
                (Aspect::Space, ..) if step.up && self.colour.corr < 0.35 => None,
                _ => step.made(&self.colour, colour),
            })
            .collect()
    }

    /// By how many steps the aims and the tolerances are missed.
    fn missed(&self, child: &PatchSpec, made: &[Option<f64>], colour: &AudioAnalysis) -> f64 {
        let aims = self.steps.iter().zip(made).map(|(step, made)| {
            let (low, high) = step.aim();
            match made {
                Some(made) if *made < low => 2.0 * (low - made),
                Some(made) if *made > high => 0.5 * (made - high),
                _ => 0.0,
            }
        });
        let (bright, attack) = self.drift(colour);
        let mut missed: f64 = aims.sum();
        missed += (bright.abs() - BRIGHTNESS_DRIFT).max(0.0) / 0.25;
        missed += (attack.abs() - ATTACK_DRIFT).max(0.0) / 0.585;
        if !colour.finite || colour.peak_env_db < -70.0 || child.check().is_err() {
            missed += 1_000.0;
        }
        missed
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
            let (low, high) = step.aim();
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
        let (bright, attack) = self.drift(colour);
        if bright.abs() > BRIGHTNESS_DRIFT {
            // A semitone above the note is 0.06 octaves, and a lever's plain pull eight of them.
            pulls.brightness = (pulls.brightness - bright / 0.48).clamp(-STRONGEST, STRONGEST);
        }
        if attack.abs() > ATTACK_DRIFT {
            pulls.attack = (pulls.attack - attack).clamp(-STRONGEST, STRONGEST);
        }
    }
}
