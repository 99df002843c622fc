//! A control value that moves in a straight line across each block.
//!
//! The first block after construction or [`Ramp::reset`] starts at its target, so that nothing glides in from a
//! default. A target that does not change gives a step of exactly 0: the samples then do not depend on the block size.

/// The end value of the last block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ramp {
    last: Option<f32>,
}

/// The line across one block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line {
    value: f32,
    step: f32,
}

impl Ramp {
    /// Forgets the last value: the next block starts at its target.
    pub(crate) fn reset(&mut self) {
        self.last = None;
    }

    /// The line from the last block's end to `target`, reached at the last of `frames` samples.
    pub(crate) fn towards(&mut self, target: f32, frames: usize) -> Line {
        let value = self.last.unwrap_or(target);
        self.last = Some(target);
        Line {
            value,
            step: (target - value) / frames.max(1) as f32,
        }
    }
}

impl Line {
    /// The value of the sample `index` of the block, for loops whose samples are lanes.
    #[inline(always)]
    pub(crate) fn at(&self, index: usize) -> f32 {
        self.value + self.step * (index as i32 + 1) as f32
    }

    /// The values of the samples from `from` on.
    #[inline(always)]
    pub(crate) fn values<const N: usize>(&self, from: usize) -> [f32; N] {
        let mut values = [0.0; N];
        for (n, value) in (from as i32 + 1..).zip(&mut values) {
            *value = self.value + self.step * n as f32;
        }
        values
    }

    /// What the value gains with every sample.
    #[inline(always)]
    pub(crate) fn step(&self) -> f32 {
        self.step
    }

    /// Whether the value stands still in this block.
    pub(crate) fn is_flat(&self) -> bool {
        self.step == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::Ramp;

    #[test]
    fn a_ramp_starts_at_its_first_target_and_ends_at_each_next_one() {
        let mut ramp = Ramp::default();
        let first = ramp.towards(0.5, 4);
        assert_eq!(first.at(0), 0.5);
        assert!(first.is_flat());
        let second = ramp.towards(1.5, 4);
        assert_eq!(second.values(0), [0.75, 1.0, 1.25, 1.5]);
        let third = ramp.towards(0.5, 4);
        assert_eq!([third.at(0), third.at(3)], [1.25, 0.5]);
    }
}
