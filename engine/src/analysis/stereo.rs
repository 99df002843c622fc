//! The two channels against each other: width, correlation, what a mono sum loses.

use songwalker_schemas::AudioAnalysis;

use super::power_db;
use crate::audio::Audio;

/// Fills in the measures of the first `frames` sample frames.
pub(super) fn measure(audio: &Audio, frames: usize, out: &mut AudioAnalysis) {
    let pairs = || {
        audio.left[..frames]
            .iter()
            .zip(&audio.right[..frames])
            .map(|(&l, &r)| (f64::from(l), f64::from(r)))
    };
    let (mut mid_energy, mut side_energy, mut energy) = (0.0, 0.0, 0.0);
    let (mut left_sum, mut right_sum) = (0.0, 0.0);
    for (l, r) in pairs() {
        let (mid, side) = ((l + r) / 2.0, (l - r) / 2.0);
        mid_energy += mid * mid;
        side_energy += side * side;
        energy += l * l + r * r;
        left_sum += l;
        right_sum += r;
    }
    out.width = side_energy / (mid_energy + side_energy + 1e-14);
    out.mono_loss_db = power_db(mid_energy) - power_db(energy / 2.0);

    let (left_mean, right_mean) = (left_sum / frames as f64, right_sum / frames as f64);
    let (mut left_var, mut right_var, mut covariance) = (0.0, 0.0, 0.0);
    for (l, r) in pairs() {
        let (l, r) = (l - left_mean, r - right_mean);
        left_var += l * l;
        right_var += r * r;
        covariance += l * r;
    }
    out.corr = if left_var > 0.0 && right_var > 0.0 {
        (covariance / left_var.sqrt() / right_var.sqrt()).clamp(-1.0, 1.0)
    } else {
        1.0
    };
}
