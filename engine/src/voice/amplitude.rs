//! The amplitude of a voice over a control block: the envelope's values at the base rate, times velocity, squared, straight
//! between two of them at the oversampled rate.

use crate::BLOCK;
use crate::simd::{Kernel, Level};

/// One side's amplitude over a block.
pub(super) struct Amplitude<'a> {
    /// The value at the end of the last block, before squaring.
    pub before: f32,
    pub velocity: f32,
    pub values: &'a [f32; BLOCK],
    /// The gains at the oversampled rate.
    pub gain: &'a mut [f32],
}

impl Amplitude<'_> {
    /// Fills the gains; the value at the block's end, before squaring.
    pub(super) fn fill(self, level: Level, oversampling: usize) -> f32 {
        match oversampling {
            1 => level.run(Fill::<1>(self)),
            2 => level.run(Fill::<2>(self)),
            4 => level.run(Fill::<4>(self)),
            _ => level.run(Fill::<8>(self)),
        }
    }
}

struct Fill<'a, const TIMES: usize>(Amplitude<'a>);

impl<const TIMES: usize> Kernel for Fill<'_, TIMES> {
    type Out = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let Amplitude {
            before,
            velocity,
            values,
            gain,
        } = self.0;
        // The value before a frame and the one at its end.
        let mut ends = [before; BLOCK + 1];
        for (end, value) in ends[1..].iter_mut().zip(values) {
            *end = value * velocity;
        }
        let starts = ends;
        let part = 1.0 / TIMES as f32;
        let frames = gain.as_chunks_mut::<TIMES>().0.iter_mut();
        for ((frame, start), end) in frames.zip(&starts[..BLOCK]).zip(&ends[1..]) {
            let step = (end - start) * part;
            for (i, gain) in frame.iter_mut().enumerate() {
                let level = start + step * (i + 1) as f32;
                *gain = level * level;
            }
        }
        ends[BLOCK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_the_squares_of_a_straight_line_between_the_values_at_every_oversampling() {
        let mut values = [0.5; BLOCK];
        values[0] = 0.25;
        for times in [1, 2, 4, 8] {
            let mut gain = vec![0.0; BLOCK * times];
            let amplitude = Amplitude {
                before: 0.0,
                velocity: 0.8,
                values: &values,
                gain: &mut gain,
            };
            assert_eq!(amplitude.fill(Level::best(), times), 0.5 * 0.8);
            assert!((gain[times - 1] - 0.04).abs() < 1e-7, "{times}");
            assert!((gain[2 * times - 1] - 0.16).abs() < 1e-7, "{times}");
            let first = 0.2 + 0.2 / times as f32;
            assert!((gain[times] - first * first).abs() < 1e-6, "{times}");
            assert!((gain[BLOCK * times - 1] - 0.16).abs() < 1e-7, "{times}");
        }
    }
}
