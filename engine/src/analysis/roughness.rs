//! Roughness of a set of partials after Vassilakis (2001): what beating between every pair of them adds up to.

use crate::math;

/// Sum over all pairs of `partials`, each a frequency in Hz and an amplitude re the strongest.
#[must_use]
pub fn of(partials: &[[f64; 2]]) -> f64 {
    let mut sorted = partials.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut sum = 0.0;
    for (i, [low_hz, a]) in sorted.iter().enumerate() {
        let scale = 0.24 / (0.0207 * low_hz + 18.96);
        for [high_hz, b] in &sorted[i + 1..] {
            let distance = scale * (high_hz - low_hz);
            let degree = 2.0 * a.min(*b) / (a + b + 1e-12);
            sum += math::pow(a * b, 0.1)
                * 0.5
                * math::pow(degree, 3.11)
                * (math::exp(-3.5 * distance) - math::exp(-5.75 * distance));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_equal_partials_are_roughest_a_fraction_of_a_critical_band_apart() {
        let pair = |hz: f64| of(&[[440.0, 1.0], [440.0 + hz, 1.0]]);
        assert!(pair(0.0) == 0.0);
        assert!(pair(25.0) > pair(5.0) && pair(25.0) > pair(100.0));
    }
}
