//! A gain that goes to where it is told within some control blocks, straight within each: no zipper, no click. One that
//! stands at 1 leaves every bit as it is.

use songwalker_engine::BLOCK;

/// How long the way from silence to 1 takes, seconds.
const WAY_S: f32 = 0.01;

/// A gain.
#[derive(Debug, Clone, Copy)]
pub struct Ramp {
    value: f32,
    from: f32,
    /// Most change per control block.
    step: f32,
}

impl Ramp {
    /// One that stands there.
    #[must_use]
    pub fn at(value: f32, sample_rate: u32) -> Self {
        Self::within(value, WAY_S, sample_rate)
    }

    /// One that needs `seconds` from 0 to 1.
    #[must_use]
    pub fn within(value: f32, seconds: f32, sample_rate: u32) -> Self {
        let blocks = seconds * sample_rate as f32 / BLOCK as f32;
        Self {
            value,
            from: value,
            step: 1.0 / blocks.max(1.0),
        }
    }

    /// Stands there at once.
    pub fn snap(&mut self, value: f32) {
        self.value = value;
        self.from = value;
    }

    /// Goes towards `goal` in the control block that begins.
    pub fn aim(&mut self, goal: f32) {
        self.from = self.value;
        // A wider way (volumes above 1) takes no longer.
        let step = self.step * self.value.abs().max(goal.abs()).max(1.0);
        self.value += (goal - self.value).clamp(-step, step);
    }

    /// Where it is at the end of the control block.
    #[must_use]
    pub fn value(&self) -> f32 {
        self.value
    }

    /// Applies the control block's way.
    pub fn apply(&self, samples: &mut [f32; BLOCK]) {
        if self.from == self.value {
            if self.value != 1.0 {
                samples.iter_mut().for_each(|sample| *sample *= self.value);
            }
            return;
        }
        let step = (self.value - self.from) / BLOCK as f32;
        for (i, sample) in samples.iter_mut().enumerate() {
            *sample *= self.from + step * (i + 1) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leaves_every_bit_and_zero_is_silence() {
        let noise: [f32; BLOCK] = std::array::from_fn(|i| (i as f32 * 0.7 - 20.0) * 1e-3);
        let mut same = noise;
        let mut ramp = Ramp::at(1.0, 48_000);
        ramp.aim(1.0);
        ramp.apply(&mut same);
        assert_eq!(same.map(f32::to_bits), noise.map(f32::to_bits));
        ramp.snap(0.0);
        ramp.apply(&mut same);
        assert!(same.iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn the_way_is_straight_and_arrives() {
        let mut ramp = Ramp::at(0.0, 48_000);
        let mut last = 0.0;
        for _ in 0..20 {
            ramp.aim(1.0);
            let mut ones = [1.0; BLOCK];
            ramp.apply(&mut ones);
            assert!((ones[0] - last).abs() < 0.01, "a jump of {}", ones[0] - last);
            last = ones[BLOCK - 1];
        }
        assert_eq!(ramp.value(), 1.0);
    }
}
