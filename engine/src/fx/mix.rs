//! How the wet signal of an effect joins the dry one, and the guard that keeps decaying state out of denormals.

use super::ramp::{Line, Ramp};
use crate::math::fast;

/// Dry and wet gain of `mix` (clamped to 0..1) at equal power: cos and sin of a quarter turn by Vital's quick sine.
pub(crate) fn equal_power(mix: f32) -> (f32, f32) {
    let quarters = 0.25 * mix.clamp(0.0, 1.0);
    (fast::quick_cosine(quarters), fast::quick_sine(quarters))
}

/// The two gains of an equal-power mix, each a straight line across the block.
#[derive(Debug, Clone, Default)]
pub(crate) struct EqualPowerMix {
    dry: Ramp,
    wet: Ramp,
}

impl EqualPowerMix {
    /// The lines of (dry, wet) gain towards `mix` over `frames` samples.
    pub(crate) fn towards(&mut self, mix: f32, frames: usize) -> (Line, Line) {
        let (dry, wet) = equal_power(mix);
        (self.dry.towards(dry, frames), self.wet.towards(wet, frames))
    }

    /// Forgets the last mix.
    pub(crate) fn reset(&mut self) {
        self.dry.reset();
        self.wet.reset();
    }
}

/// Zero instead of a value under 1e-20: what circulates in a feedback path must not decay into denormals, which are slow.
#[inline(always)]
pub(crate) fn flush(x: f32) -> f32 {
    if x.abs() < 1e-20 { 0.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::{equal_power, flush};

    #[test]
    fn an_equal_power_mix_keeps_the_power_and_reaches_both_ends() {
        assert_eq!(equal_power(0.0), (1.0, 0.0));
        let (dry, wet) = equal_power(1.5);
        assert!(dry.abs() < 1e-6 && (wet - 1.0).abs() < 1e-6);
        let (dry, wet) = equal_power(0.3);
        assert!((dry - 0.891_006_5).abs() < 2e-3 && (dry * dry + wet * wet - 1.0).abs() < 5e-3);
        // Measured in Vital: the dry share at a mix of 0.4 is 0.8099.
        let (dry, _) = equal_power(0.4);
        assert!((dry - 0.809_895).abs() < 1e-5, "{dry}");
    }

    #[test]
    fn only_inaudible_values_are_flushed() {
        assert_eq!(flush(1e-21), 0.0);
        assert_eq!(flush(-1e-19), -1e-19);
    }
}
