//! Random sources: wandering values that repeat with the seed.
//!
//! Every random value is a function of the render seed, the number of the note and its own place, so a render
//! repeats bit for bit. Laws of the styles: `vital-laws.md` §8.

use crate::BLOCK;
use crate::math::fast;
use crate::noise::{hash, unit};
use songwalker_schemas::patch::random::RandomStyle;

/// Time of the Lorenz orbit that passes in a cycle (measured: Vital crosses its median 0.32 times a cycle from 32 to
/// 256 Hz).
const LORENZ_TIME: f64 = 0.5;
/// Longest step of the Lorenz orbit's integration.
const LORENZ_STEP: f64 = 0.004;

/// A running random source; values 0..1 for both sides, taken once per control block.
#[derive(Debug, Clone)]
pub struct RandomWalk {
    style: RandomStyle,
    stereo: bool,
    seed: u64,
    position: f64,
    orbit: [[f64; 3]; 2],
    value: [f32; 2],
}

impl RandomWalk {
    /// A source of that style. In `stereo` the sides differ.
    #[must_use]
    pub fn new(style: RandomStyle, stereo: bool) -> Self {
        Self {
            style,
            stereo,
            seed: 0,
            position: 0.0,
            orbit: [[0.1, 0.0, 0.0]; 2],
            value: [0.5; 2],
        }
    }

    /// The present values of left and right.
    #[must_use]
    pub fn value(&self) -> [f32; 2] {
        self.value
    }

    /// Starts anew: `position` cycles into the sequence of `seed`.
    pub fn start(&mut self, seed: u64, position: f64) {
        self.seed = seed;
        self.position = position;
        for (side, orbit) in self.orbit.iter_mut().enumerate() {
            let own = hash(seed, 77 + side as u64 * u64::from(self.stereo));
            let x = unit(own) * 20.0 - 10.0;
            *orbit = [
                if x.abs() < 0.5 { 0.5 } else { x },
                unit(hash(own, 1)) * 20.0 - 10.0,
                15.0 + unit(hash(own, 2)) * 20.0,
            ];
        }
        self.settle();
    }

    /// Lets `cycles` cycles pass (`hz` times seconds).
    pub fn advance(&mut self, cycles: f64) {
        self.position += cycles;
        if self.style == RandomStyle::Lorenz {
            let time = cycles * LORENZ_TIME;
            let steps = (time / LORENZ_STEP).ceil().clamp(1.0, 400.0);
            let dt = (time / steps).min(LORENZ_STEP);
            for [x, y, z] in &mut self.orbit {
                for _ in 0..steps as usize {
                    let (dx, dy, dz) = (10.0 * (*y - *x), *x * (28.0 - *z) - *y, *x * *y - 8.0 / 3.0 * *z);
                    *x += dx * dt;
                    *y += dy * dt;
                    *z += dz * dt;
                }
            }
        }
        self.settle();
    }

    /// Jumps to a place in the sequence: sources that follow the song.
    pub fn seek(&mut self, position: f64) {
        let cycles = position - self.position;
        if cycles > 0.0 {
            self.advance(cycles);
        }
        self.position = position;
        self.settle();
    }

    /// The values after each frame of a control block of which the last has been reached: sample and hold, `cycles` long.
    pub fn held(&self, cycles: f64, out: &mut [[f32; BLOCK]; 2]) {
        let step = cycles / BLOCK as f64;
        for (i, frame) in (0..BLOCK).rev().enumerate() {
            let whole = (self.position - step * i as f64).floor();
            for (side, out) in out.iter_mut().enumerate() {
                out[frame] = self.held_at(if self.stereo { side } else { 0 }, whole);
            }
        }
    }

    /// What is held from `whole` cycles on.
    fn held_at(&self, side: usize, whole: f64) -> f32 {
        unit(hash(hash(self.seed, side as u64 + 1), whole as i64 as u64)) as f32
    }

    fn settle(&mut self) {
        for side in 0..2 {
            if side == 1 && !self.stereo {
                self.value[1] = self.value[0];
                return;
            }
            let seed = hash(self.seed, side as u64 + 1);
            let whole = self.position.floor();
            let t = self.position - whole;
            let at = |k: f64| unit(hash(seed, k as i64 as u64));
            let (a, b) = (at(whole), at(whole + 1.0));
            let value = match self.style {
                RandomStyle::Perlin => {
                    let (from, to) = ((2.0 * a - 1.0) * t, (2.0 * b - 1.0) * (t - 1.0));
                    0.5 + from + (to - from) * t * t * (3.0 - 2.0 * t)
                }
                RandomStyle::SampleHold => a,
                RandomStyle::Sine => {
                    a + (b - a) * (0.5 - 0.5 * f64::from(fast::cos_cycles((0.5 * t) as f32)))
                }
                RandomStyle::Lorenz => self.orbit[side][0] / 40.0 + 0.5,
            };
            self.value[side] = value as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_value_jumps_at_its_frame() {
        let mut source = RandomWalk::new(RandomStyle::SampleHold, true);
        source.start(5, 0.25);
        let before = source.value();
        source.advance(1.0);
        let mut out = [[0.0; BLOCK]; 2];
        source.held(1.0, &mut out);
        for (side, out) in out.iter().enumerate() {
            // Three quarters of a cycle are 48 of the 64 frames, the last of which has the new value.
            assert!(out[..47].iter().all(|x| *x == before[side]));
            assert!(out[47..].iter().all(|x| *x == source.value()[side]));
            assert_ne!(before[side], source.value()[side]);
        }
    }

    fn walk(style: RandomStyle, seed: u64) -> Vec<f32> {
        let mut source = RandomWalk::new(style, false);
        source.start(seed, 0.0);
        (0..20_000)
            .map(|_| {
                source.advance(0.05);
                source.value()[0]
            })
            .collect()
    }

    #[test]
    fn every_style_stays_near_its_range_and_moves() {
        for style in RandomStyle::ALL {
            let values = walk(*style, 5);
            let (low, high) = values
                .iter()
                .fold((9.0_f32, -9.0_f32), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(low > -0.2 && high < 1.2, "{style}: {low}..{high}");
            assert!(high - low > 0.4, "{style} hardly moves: {low}..{high}");
        }
    }

    #[test]
    fn held_values_are_spread_evenly() {
        let values = walk(RandomStyle::SampleHold, 9);
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        assert!((mean - 0.5).abs() < 0.03, "mean {mean}");
        let low = values.iter().filter(|v| **v < 0.1).count() as f64 / values.len() as f64;
        assert!((low - 0.1).abs() < 0.03, "{low} below a tenth");
    }

    #[test]
    fn the_same_seed_repeats_and_another_differs() {
        for style in RandomStyle::ALL {
            assert_eq!(walk(*style, 1), walk(*style, 1));
            assert_ne!(walk(*style, 1), walk(*style, 2));
        }
    }

    #[test]
    fn perlin_passes_the_middle_at_every_cycle() {
        let mut source = RandomWalk::new(RandomStyle::Perlin, true);
        source.start(3, 0.0);
        for _ in 0..10 {
            source.advance(1.0);
            assert!(source.value().iter().all(|v| (v - 0.5).abs() < 1e-6));
        }
    }

    #[test]
    fn the_lorenz_orbit_changes_sides_as_often_as_vitals() {
        let mut source = RandomWalk::new(RandomStyle::Lorenz, false);
        source.start(1, 0.0);
        let mut above = true;
        let mut changes = 0;
        for _ in 0..200_000 {
            source.advance(0.05);
            let now = source.value()[0] > 0.5;
            changes += i32::from(now != above);
            above = now;
        }
        let per_cycle = f64::from(changes) / 10_000.0;
        assert!((per_cycle - 0.325).abs() < 0.03, "{per_cycle}");
    }
}
