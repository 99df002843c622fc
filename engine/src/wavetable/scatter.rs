//! The fixed noise behind the spectral mode that scatters amplitudes.
//!
//! Vital draws it once from a Mersenne twister (MT19937, seed 4) as 16 overlapping stages: stage s begins 1,025·s
//! numbers in, rounded down to a multiple of four, and harmonic k has every second number from there. Measured: with
//! these numbers the gains of all 1,023 harmonics at every stage agree to a thousandth of the greatest gain.

use std::sync::LazyLock;

use super::LAST_BIN;
use super::twister::Twister;

/// Number of stages; the amount goes through all of them.
pub(super) const STAGES: usize = 16;
/// The seed of the noise.
const SEED: u32 = 4;

/// Numbers 0..1 of each stage, by harmonic.
static NOISE: LazyLock<Box<[[f32; LAST_BIN + 1]; STAGES]>> = LazyLock::new(stages);

/// Numbers 0..1 of each stage, by harmonic. The first call computes them and allocates.
pub(super) fn noise() -> &'static [[f32; LAST_BIN + 1]; STAGES] {
    &NOISE
}

fn stages() -> Box<[[f32; LAST_BIN + 1]; STAGES]> {
    let start = |stage: usize| (LAST_BIN + 1) * stage / 4 * 4;
    let mut twister = Twister::new(SEED);
    let drawn: Vec<f32> = (0..start(STAGES - 1) + 2 * (LAST_BIN + 1))
        .map(|_| twister.unit() as f32)
        .collect();
    let mut noise = Box::new([[0.0; LAST_BIN + 1]; STAGES]);
    for (stage, of_stage) in noise.iter_mut().enumerate() {
        for (k, x) in of_stage.iter_mut().enumerate() {
            *x = drawn[start(stage) + 2 * k];
        }
    }
    noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_hold_numbers_between_0_and_1_and_overlap() {
        let noise = noise();
        assert!(noise.iter().flatten().all(|x| (0.0..=1.0).contains(x)));
        // Stage 1 begins 1,024 numbers in: 512 harmonics of two numbers.
        assert_eq!(noise[0][512..], noise[1][..513]);
        assert_ne!(noise[0][..8], noise[1][..8]);
    }
}
