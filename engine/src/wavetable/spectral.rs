//! Spectral modes: what is done to a frame's harmonics before they are drawn (vital-laws §5).
//!
//! [`is_supported`] says which modes are played; the others leave the sound as it is.

use songwalker_schemas::patch::osc::SpectralMode;

use super::LAST_BIN;
use crate::math::{self, fast};

/// Whether the engine plays a mode.
#[must_use]
pub const fn is_supported(mode: SpectralMode) -> bool {
    !matches!(
        mode,
        SpectralMode::RandomAmplitudes | SpectralMode::Shepard | SpectralMode::TimeSkew
    )
}

/// A mode with its amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morph {
    /// The mode.
    pub mode: SpectralMode,
    /// Its amount, 0..1.
    pub amount: f32,
    /// The note's frequency over that at which a table's sample is one of the output (for vocode).
    pub pitch_ratio: f32,
}

impl Morph {
    /// No morph at all.
    pub const NONE: Self = Self {
        mode: SpectralMode::None,
        amount: 0.0,
        pitch_ratio: 1.0,
    };

    pub(super) fn is_neutral(self) -> bool {
        self.mode == SpectralMode::None || !is_supported(self.mode)
    }
}

/// Writes the morphed spectrum; all slices have [`LAST_BIN`] + 1 elements.
pub(super) fn apply(morph: Morph, re: &[f32], im: &[f32], out_re: &mut [f32], out_im: &mut [f32]) {
    let amount = f64::from(morph.amount.clamp(0.0, 1.0));
    match morph.mode {
        SpectralMode::Vocode => {
            let scale = math::exp2(-2.0 * (amount - 0.5)) * f64::from(morph.pitch_ratio);
            scale_formants(scale, re, im, out_re, out_im);
        }
        SpectralMode::FormantScale => {
            scale_formants(math::exp2(-4.0 * (amount - 0.5)), re, im, out_re, out_im)
        }
        SpectralMode::HarmonicStretch => {
            let factor = math::exp2(8.0 * (amount - 0.5));
            move_partials(|k| 1.0 + (k - 1.0) * factor, re, im, out_re, out_im);
        }
        SpectralMode::InharmonicStretch => {
            // m^(log2(k)/10) with m = 2^(24(a−½)) is k to the power 2.4(a−½).
            let power = 2.4 * (amount - 0.5);
            move_partials(|k| 1.0 + (k - 1.0) * math::pow(k, power), re, im, out_re, out_im);
        }
        SpectralMode::Smear => smear(amount as f32, re, im, out_re, out_im),
        SpectralMode::LowPass => {
            let edge = (math::exp2(10.0 * amount) + 1.0) as f32;
            weigh(|k| (edge - k).clamp(0.0, 1.0), re, im, out_re, out_im);
        }
        SpectralMode::HighPass => {
            let edge = (math::exp2(10.0 * amount) * 1026.0 / 1025.0) as f32;
            weigh(|k| (k - edge + 1.0).clamp(0.0, 1.0), re, im, out_re, out_im);
        }
        SpectralMode::PhaseDisperse => disperse(amount as f32, re, im, out_re, out_im),
        SpectralMode::None
        | SpectralMode::RandomAmplitudes
        | SpectralMode::Shepard
        | SpectralMode::TimeSkew => {
            out_re.copy_from_slice(re);
            out_im.copy_from_slice(im);
        }
    }
}

/// new C_i = s·(C_k(1−t) + C_{k+2}t) at j = i·s, k ≤ j the nearest of i's parity, t = (j−k)/2.
fn scale_formants(scale: f64, re: &[f32], im: &[f32], out_re: &mut [f32], out_im: &mut [f32]) {
    out_re.fill(0.0);
    out_im.fill(0.0);
    for i in 1..LAST_BIN {
        let parity = i & 1;
        let place = i as f64 * scale - parity as f64;
        if place < 0.0 {
            // Between harmonic 1 and its mirror image lies harmonic 1.
            (out_re[i], out_im[i]) = (scale as f32 * re[parity], scale as f32 * im[parity]);
            continue;
        }
        let k = parity + 2 * ((place / 2.0) as usize);
        if k + 2 > LAST_BIN {
            break;
        }
        let t = ((i as f64 * scale - k as f64) / 2.0) as f32;
        out_re[i] = scale as f32 * (re[k] * (1.0 - t) + re[k + 2] * t);
        out_im[i] = scale as f32 * (im[k] * (1.0 - t) + im[k + 2] * t);
    }
}

/// Moves partial k to `place(k)`, split linearly between the two bins around it.
fn move_partials(place: impl Fn(f64) -> f64, re: &[f32], im: &[f32], out_re: &mut [f32], out_im: &mut [f32]) {
    out_re.fill(0.0);
    out_im.fill(0.0);
    for k in 1..LAST_BIN {
        let to = place(k as f64);
        if to >= (LAST_BIN - 1) as f64 {
            break;
        }
        let bin = to as usize;
        let t = (to - bin as f64) as f32;
        out_re[bin] += re[k] * (1.0 - t);
        out_im[bin] += im[k] * (1.0 - t);
        out_re[bin + 1] += re[k] * t;
        out_im[bin + 1] += im[k] * t;
    }
}

/// The amplitude runs on, even and odd bins for themselves; the phase stays the harmonic's own.
fn smear(amount: f32, re: &[f32], im: &[f32], out_re: &mut [f32], out_im: &mut [f32]) {
    let rest = 1.0 - amount;
    let hold = 1.0 - rest * rest * rest;
    let mut running = [0.0_f32; 2];
    for k in 0..=LAST_BIN {
        let magnitude = (re[k] * re[k] + im[k] * im[k]).sqrt();
        let pair = k / 2;
        let before = &mut running[k & 1];
        if pair == 0 {
            *before = magnitude * rest * rest * rest;
        } else {
            *before = magnitude * (1.0 - hold) + *before * hold;
        }
        let (cos, sin) = if magnitude > 1e-9 {
            (re[k] / magnitude, im[k] / magnitude)
        } else {
            (1.0, 0.0)
        };
        (out_re[k], out_im[k]) = (*before * cos, *before * sin);
        if pair > 0 {
            *before *= (pair as f32 + 0.25) / pair as f32;
        }
    }
}

fn weigh(gain: impl Fn(f32) -> f32, re: &[f32], im: &[f32], out_re: &mut [f32], out_im: &mut [f32]) {
    for k in 0..=LAST_BIN {
        let g = gain(k as f32);
        (out_re[k], out_im[k]) = (g * re[k], g * im[k]);
    }
}

/// phase += −0.05·(2a−1)·((k−24)²−23²) radians.
fn disperse(amount: f32, re: &[f32], im: &[f32], out_re: &mut [f32], out_im: &mut [f32]) {
    let slope = -0.05 * (2.0 * amount - 1.0) / std::f32::consts::TAU;
    for k in 0..=LAST_BIN {
        let from = k as f32 - 24.0;
        let cycles = slope * (from * from - 529.0);
        let (cos, sin) = (fast::cos_cycles(cycles), fast::sin_cycles(cycles));
        out_re[k] = re[k] * cos - im[k] * sin;
        out_im[k] = re[k] * sin + im[k] * cos;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saw() -> (Vec<f32>, Vec<f32>) {
        let re = (0..=LAST_BIN)
            .map(|k| {
                if k == 0 || k == LAST_BIN {
                    0.0
                } else {
                    1.0 / k as f32
                }
            })
            .collect();
        (re, vec![0.0; LAST_BIN + 1])
    }

    fn morphed(mode: SpectralMode, amount: f32) -> Vec<f32> {
        let (re, im) = saw();
        let (mut out_re, mut out_im) = (vec![9.0; LAST_BIN + 1], vec![9.0; LAST_BIN + 1]);
        apply(
            Morph {
                mode,
                amount,
                pitch_ratio: 1.0,
            },
            &re,
            &im,
            &mut out_re,
            &mut out_im,
        );
        out_re
            .iter()
            .zip(&out_im)
            .map(|(a, b)| (a * a + b * b).sqrt())
            .collect()
    }

    #[test]
    fn neutral_amounts_leave_the_harmonics_alone() {
        let (re, _) = saw();
        let neutral = [
            (SpectralMode::FormantScale, 0.5),
            (SpectralMode::HarmonicStretch, 0.5),
            (SpectralMode::InharmonicStretch, 0.5),
            (SpectralMode::LowPass, 1.0),
            (SpectralMode::HighPass, 0.0),
            (SpectralMode::PhaseDisperse, 0.25),
        ];
        for (mode, amount) in neutral {
            for (k, (got, want)) in morphed(mode, amount)
                .iter()
                .zip(&re)
                .enumerate()
                .take(500)
                .skip(2)
            {
                assert!((got - want).abs() < 1e-6, "{mode:?} {k}: {got} {want}");
            }
        }
    }

    #[test]
    fn the_low_pass_keeps_what_is_below_its_edge_and_nothing_above() {
        let got = morphed(SpectralMode::LowPass, 0.5);
        assert_eq!(got[32], 1.0 / 32.0);
        assert_eq!(got[33], 0.0);
        let got = morphed(SpectralMode::HighPass, 0.5);
        assert_eq!(got[31], 0.0);
        assert_eq!(got[40], 1.0 / 40.0);
    }

    #[test]
    fn stretching_by_two_octaves_puts_the_second_partial_on_the_fifth_bin() {
        let got = morphed(SpectralMode::HarmonicStretch, 0.75);
        assert_eq!(got[5], 0.5);
        assert_eq!(got[2], 0.0);
        assert_eq!(got[1], 1.0);
    }

    #[test]
    fn every_mode_is_finite_over_its_range() {
        for &mode in SpectralMode::ALL {
            for amount in [0.0, 0.1, 0.5, 0.9, 1.0] {
                assert!(morphed(mode, amount).iter().all(|x| x.is_finite()));
            }
        }
    }
}
