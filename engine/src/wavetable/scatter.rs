//! The fixed noise behind the spectral mode that scatters amplitudes.
//!
//! Vital draws it once from a Mersenne twister (MT19937, seed 4) as 16 overlapping stages: stage s begins 1,025·s
//! numbers in, rounded down to a multiple of four, and harmonic k has every second number from there. Measured: with
//! these numbers the gains of all 1,023 harmonics at every stage agree to a thousandth of the greatest gain.

use std::sync::LazyLock;

use super::LAST_BIN;

/// Number of stages; the amount goes through all of them.
pub(super) const STAGES: usize = 16;
/// The seed of the noise.
const SEED: u32 = 4;
/// Size of the twister's state.
const STATE: usize = 624;
/// How far apart the state's words that are mixed lie.
const APART: usize = 397;

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
        .map(|_| twister.next() as f32 * (1.0 / 4_294_967_296.0))
        .collect();
    let mut noise = Box::new([[0.0; LAST_BIN + 1]; STAGES]);
    for (stage, of_stage) in noise.iter_mut().enumerate() {
        for (k, x) in of_stage.iter_mut().enumerate() {
            *x = drawn[start(stage) + 2 * k];
        }
    }
    noise
}

/// The Mersenne twister of Matsumoto and Nishimura (1998) with 32-bit words.
struct Twister {
    state: [u32; STATE],
    at: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut state = [seed; STATE];
        for i in 1..STATE {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        Self { state, at: STATE }
    }

    fn next(&mut self) -> u32 {
        if self.at == STATE {
            for i in 0..STATE {
                let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % STATE] & 0x7fff_ffff);
                let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + APART) % STATE] ^ (joined >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twister_gives_the_published_numbers() {
        let mut twister = Twister::new(5489);
        assert_eq!(twister.next(), 3_499_211_612);
        let later = (0..9998).map(|_| twister.next()).last();
        assert_eq!(later.map(|_| twister.next()), Some(4_123_659_995), "the 10,000th");
    }

    #[test]
    fn stages_hold_numbers_between_0_and_1_and_overlap() {
        let noise = noise();
        assert!(noise.iter().flatten().all(|x| (0.0..=1.0).contains(x)));
        // Stage 1 begins 1,024 numbers in: 512 harmonics of two numbers.
        assert_eq!(noise[0][512..], noise[1][..513]);
        assert_ne!(noise[0][..8], noise[1][..8]);
    }
}
