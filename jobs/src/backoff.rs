//! How long a job waits before its next attempt.
//!
//! Owns the formula only (part of R7); which errors are retried and when a waiting job is released is decided
//! elsewhere. The jitter comes from a seed, so that the same attempt of the same job always waits the same time.

use std::time::Duration;

use crate::config::Retry;

/// `base · factor^(attempt − 1)`, at most `max`, moved by up to `jitter` of itself in either direction and then again
/// at most `max`. `attempt` is the one that just ended, counted from 1; `seed` tells jobs apart.
#[must_use]
pub fn delay(retry: &Retry, attempt: u32, seed: u64) -> Duration {
    let growth = u64::from(retry.factor).saturating_pow(attempt.saturating_sub(1));
    let max = millis(retry.max.duration());
    let plain = millis(retry.base.duration()).saturating_mul(growth).min(max);
    // Whole parts per million, so that no rounding of floats decides.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "jitter is within 0..=1"
    )]
    let jitter_ppm = (retry.jitter.clamp(0.0, 1.0) * 1e6) as u64;
    let swing = plain.saturating_mul(jitter_ppm) / 1_000_000;
    let moved = plain - swing + random(seed, attempt) % (2 * swing + 1);
    Duration::from_millis(moved.min(max))
}

/// Evenly spread bits of a job and its attempt.
fn random(seed: u64, attempt: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(&attempt.to_le_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 1_000_000)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::config::Span;

    fn retry(base_ms: u64, factor: u32, max_ms: u64, jitter: f64) -> Retry {
        Retry {
            base: Span::from_millis(base_ms),
            factor,
            max: Span::from_millis(max_ms),
            jitter,
        }
    }

    #[test]
    fn without_jitter_it_grows_by_the_factor_up_to_the_maximum() {
        let retry = retry(1_000, 4, 60_000, 0.0);
        let waits: Vec<u128> = (1..=6)
            .map(|attempt| delay(&retry, attempt, 7).as_millis())
            .collect();
        assert_eq!(waits, [1_000, 4_000, 16_000, 60_000, 60_000, 60_000]);
    }

    #[test]
    fn jobs_that_failed_together_come_back_apart() {
        let retry = Retry::default();
        let waits: BTreeSet<Duration> = (0..100).map(|seed| delay(&retry, 1, seed)).collect();
        assert!(waits.len() > 50, "{} different waits", waits.len());
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds_and_repeats(
            base in 1..100_000_u64, factor in 1..20_u32, over in 0..1_000_000_u64,
            jitter in 0.0..=1.0_f64, attempt in 0..200_u32, seed in any::<u64>(),
        ) {
            let retry = retry(base, factor, base + over, jitter);
            let plain = delay(&super::tests::retry(base, factor, base + over, 0.0), attempt, seed);
            let wait = delay(&retry, attempt, seed);
            prop_assert!(wait <= retry.max.duration());
            let slack = plain.mul_f64(jitter) + Duration::from_millis(1);
            prop_assert!(wait + slack >= plain && wait <= plain + slack, "{plain:?} became {wait:?}");
            prop_assert_eq!(wait, delay(&retry, attempt, seed));
        }
    }
}
