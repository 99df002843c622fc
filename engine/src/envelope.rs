//! An envelope: delay, attack, hold, decay, sustain, release, each way bent by its power.
//!
//! Attack P(t/A, −power) from the value at its start, decay 1 + (S − 1)·P(t/D, power), release from the value at
//! note-off down to 0 (`vital-laws.md` §7). A stage remembers how much of itself has passed, not when it began, so
//! times may be modulated while it runs. The value follows the samples exactly, whatever pieces it is asked for.

use crate::math;

/// A voice that is taken away falls silent within this time, seconds.
pub const KILL_S: f64 = 0.05;

/// The settings of an envelope: times in seconds, powers −20..20, sustain 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnvelopeControls {
    /// Silence before the attack.
    pub delay_s: f64,
    /// Time to the top.
    pub attack_s: f64,
    /// Bend of the attack.
    pub attack_power: f64,
    /// Time at the top.
    pub hold_s: f64,
    /// Time to the sustain level.
    pub decay_s: f64,
    /// Bend of the decay.
    pub decay_power: f64,
    /// Level while held.
    pub sustain: f64,
    /// Time to silence after note-off.
    pub release_s: f64,
    /// Bend of the release.
    pub release_power: f64,
}

/// Where an envelope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Delay,
    Attack,
    Hold,
    Decay,
    Sustain,
    Release,
    Kill,
}

/// A running envelope.
#[derive(Debug, Clone)]
pub struct Envelope {
    stage: Stage,
    /// Share of the stage that has passed, 0..1.
    passed: f64,
    /// Value at which the stage began.
    start: f64,
    value: f64,
    /// e to the stage's power, to what of it passes with a sample frame, and to what has passed.
    whole: Exp,
    ratio: Exp,
    bent: Exp,
}

/// e^x, worked out again only when x moves: the function is dear and most controls stand still.
#[derive(Debug, Clone, Copy)]
struct Exp {
    x: f64,
    value: f64,
}

impl Default for Exp {
    fn default() -> Self {
        Self { x: 0.0, value: 1.0 }
    }
}

impl Exp {
    fn of(&mut self, x: f64) -> f64 {
        if self.x != x {
            *self = Self {
                x,
                value: math::exp(x),
            };
        }
        self.value
    }
}

impl Default for Envelope {
    fn default() -> Self {
        Self {
            stage: Stage::Idle,
            passed: 0.0,
            start: 0.0,
            value: 0.0,
            whole: Exp::default(),
            ratio: Exp::default(),
            bent: Exp::default(),
        }
    }
}

impl Envelope {
    /// The present value, 0..1.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether it has come to rest at 0 for good.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }

    /// Whether it is past note-off.
    #[must_use]
    pub fn is_released(&self) -> bool {
        matches!(self.stage, Stage::Release | Stage::Kill | Stage::Idle)
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.passed = 0.0;
        self.start = self.value;
    }

    /// Starts (again) from the present value.
    pub fn trigger(&mut self) {
        self.enter(Stage::Delay);
    }

    /// Starts from 0.
    pub fn restart(&mut self) {
        self.value = 0.0;
        self.enter(Stage::Delay);
    }

    /// Note-off: goes to 0 from wherever it is.
    pub fn release(&mut self) {
        if !self.is_released() {
            self.enter(Stage::Release);
        }
    }

    /// Falls to 0 within [`KILL_S`].
    pub fn kill(&mut self) {
        if !matches!(self.stage, Stage::Kill | Stage::Idle) {
            self.enter(Stage::Kill);
        }
    }

    /// Length in seconds, power and end value of the present stage; `None` where it does not end by itself.
    fn way(&self, c: &EnvelopeControls) -> Option<(f64, f64, f64)> {
        match self.stage {
            Stage::Idle | Stage::Sustain => None,
            Stage::Delay => Some((c.delay_s, 0.0, self.start)),
            Stage::Attack => Some((c.attack_s, -c.attack_power, 1.0)),
            Stage::Hold => Some((c.hold_s, 0.0, 1.0)),
            Stage::Decay => Some((c.decay_s, c.decay_power, c.sustain)),
            Stage::Release => Some((c.release_s, c.release_power, 0.0)),
            Stage::Kill => Some((KILL_S, 0.0, 0.0)),
        }
    }

    fn next(&mut self, c: &EnvelopeControls) {
        if let Some((_, _, end)) = self.way(c) {
            self.value = end;
        }
        match self.stage {
            Stage::Delay => self.enter(Stage::Attack),
            Stage::Attack => self.enter(Stage::Hold),
            Stage::Hold => self.enter(Stage::Decay),
            Stage::Decay => self.enter(Stage::Sustain),
            Stage::Release | Stage::Kill => {
                self.value = 0.0;
                self.enter(Stage::Idle);
            }
            Stage::Idle | Stage::Sustain => {}
        }
    }

    /// Lets `frames` sample frames pass and hands the value after each of them to `out`.
    fn run(
        &mut self,
        c: &EnvelopeControls,
        sample_rate: f64,
        frames: usize,
        mut out: impl FnMut(usize, f64),
    ) {
        let mut done = 0;
        while done < frames {
            let Some((seconds, power, end)) = self.way(c) else {
                self.value = match self.stage {
                    Stage::Sustain => c.sustain,
                    _ => 0.0,
                };
                for frame in done..frames {
                    out(frame, self.value);
                }
                return;
            };
            let length = (seconds * sample_rate).max(1e-9);
            let step = 1.0 / length;
            let left = ((1.0 - self.passed) * length).max(0.0);
            // The frames that still lie inside this stage; one that ends exactly on a frame hands over there.
            let inside = if left < (frames - done) as f64 {
                left as usize
            } else {
                frames - done
            };
            let width = end - self.start;
            if inside > 0 {
                if power.abs() < 0.005 {
                    for i in 1..=inside {
                        out(done + i - 1, self.start + width * (self.passed + step * i as f64));
                    }
                    self.passed += step * inside as f64;
                    self.value = self.start + width * self.passed.min(1.0);
                } else {
                    let scale = width / (self.whole.of(power) - 1.0);
                    let ratio = self.ratio.of(power * step);
                    let mut bent = self.bent.of(power * self.passed);
                    for i in 0..inside {
                        bent *= ratio;
                        out(done + i, self.start + scale * (bent - 1.0));
                    }
                    self.passed += step * inside as f64;
                    self.value = self.start + scale * (self.bent.of(power * self.passed.min(1.0)) - 1.0);
                }
                done += inside;
            }
            if done < frames {
                // Less than a frame of this stage is left: what it lacks to a whole frame belongs to the next.
                let rest = (left - inside as f64).clamp(0.0, 1.0);
                self.next(c);
                if let Some((seconds, _, _)) = self.way(c) {
                    self.passed = -rest / (seconds * sample_rate).max(1.0);
                }
            }
        }
    }

    /// Lets `frames` sample frames pass; the value afterwards.
    pub fn advance(&mut self, c: &EnvelopeControls, sample_rate: f64, frames: usize) -> f64 {
        self.run(c, sample_rate, frames, |_, _| {});
        self.value
    }

    /// Fills `out` with the value at each sample frame.
    pub fn render(&mut self, c: &EnvelopeControls, sample_rate: f64, out: &mut [f32]) {
        let frames = out.len();
        self.run(c, sample_rate, frames, |frame, value| {
            if let Some(slot) = out.get_mut(frame) {
                *slot = value as f32;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 44_100.0;

    fn controls() -> EnvelopeControls {
        EnvelopeControls {
            delay_s: 0.0,
            attack_s: 0.1,
            attack_power: 0.0,
            hold_s: 0.05,
            decay_s: 0.2,
            decay_power: -2.0,
            sustain: 0.5,
            release_s: 0.3,
            release_power: -2.0,
        }
    }

    #[test]
    fn every_stage_lasts_its_time() {
        let mut env = Envelope::default();
        env.trigger();
        let c = controls();
        assert!(
            (env.advance(&c, RATE, 2205) - 0.5).abs() < 1e-3,
            "half way up after half the attack"
        );
        assert!((env.advance(&c, RATE, 2205) - 1.0).abs() < 1e-3);
        assert!(
            (env.advance(&c, RATE, 2205) - 1.0).abs() < 1e-3,
            "still at the top at the end of the hold"
        );
        let half = 1.0 - 0.5 * math::curve(0.5, -2.0);
        assert!((env.advance(&c, RATE, 4410) - half).abs() < 1e-3);
        assert!((env.advance(&c, RATE, 4410 + 10) - 0.5).abs() < 1e-3);
        env.release();
        let half = 0.5 * (1.0 - math::curve(0.5, -2.0));
        assert!((env.advance(&c, RATE, 6615) - half).abs() < 1e-3);
        env.advance(&c, RATE, 6620);
        assert!(env.is_idle());
    }

    #[test]
    fn pieces_do_not_matter() {
        let c = EnvelopeControls {
            attack_s: 0.0103,
            hold_s: 0.0007,
            decay_s: 0.0333,
            ..controls()
        };
        let mut whole = vec![0.0; 4000];
        let mut env = Envelope::default();
        env.trigger();
        env.render(&c, RATE, &mut whole);
        let mut pieces = vec![0.0; 4000];
        let mut env = Envelope::default();
        env.trigger();
        for chunk in pieces.chunks_mut(37) {
            env.render(&c, RATE, chunk);
        }
        for (i, (a, b)) in whole.iter().zip(&pieces).enumerate() {
            assert!((a - b).abs() < 2e-5, "frame {i}: {a} against {b}");
        }
    }

    #[test]
    fn times_of_zero_go_straight_to_sustain() {
        let c = EnvelopeControls {
            attack_s: 0.0,
            hold_s: 0.0,
            decay_s: 0.0,
            ..controls()
        };
        let mut env = Envelope::default();
        env.trigger();
        assert!((env.advance(&c, RATE, 2) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_retriggered_attack_starts_where_the_release_was() {
        let c = controls();
        let mut env = Envelope::default();
        env.trigger();
        env.advance(&c, RATE, 44_100);
        env.release();
        let before = env.advance(&c, RATE, 4000);
        env.trigger();
        let after = env.advance(&c, RATE, 1);
        assert!((after - before).abs() < 1e-3, "jumped from {before} to {after}");
    }

    #[test]
    fn a_killed_envelope_is_silent_after_fifty_milliseconds() {
        let c = controls();
        let mut env = Envelope::default();
        env.trigger();
        env.advance(&c, RATE, 44_100);
        env.kill();
        assert!((env.advance(&c, RATE, 1102) - 0.25).abs() < 0.01);
        env.advance(&c, RATE, 1110);
        assert!(env.is_idle());
    }
}
