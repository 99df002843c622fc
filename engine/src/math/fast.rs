//! Single-precision polynomials of the audio path.
//!
//! They agree with `libm` to 1e-6 (tested below), use nothing but additions, multiplications, divisions and bit
//! operations in one fixed order, and have no branches, so that loops over arrays of them become vector code on
//! every machine with the same bits. The coefficients are own minimax fits (Lawson's iteration on least squares).

/// 1.5·2²³: added to and taken from a number below 2²² it rounds to the nearest whole number.
const ROUNDER: f32 = 12_582_912.0;

/// The nearest whole number (ties to even); exact for |x| < 2²².
#[must_use]
#[inline(always)]
pub fn round(x: f32) -> f32 {
    (x + ROUNDER) - ROUNDER
}

/// x without its whole part, in −½..½; for |x| < 2²².
#[must_use]
#[inline(always)]
pub fn wrap(x: f32) -> f32 {
    x - round(x)
}

/// Hyperbolic tangent; relative error below 1e-6 for every finite x.
#[must_use]
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let x = x.clamp(-9.0, 9.0);
    let z = x * x;
    let mut p = -8.488_474e-14_f32;
    p = p * z + 5.277_852_8e-11;
    p = p * z - 2.022_502e-8;
    p = p * z + 1.115_425_6e-5;
    p = p * z + 3.103_951e-3;
    p = p * z + 1.308_400_6e-1;
    p = p * z + 1.0;
    let mut q = 2.546_137_6e-4_f32;
    q = q * z + 2.449_515_8e-2;
    q = q * z + 4.641_733_2e-1;
    q = q * z + 1.0;
    (x * p / q).clamp(-1.0, 1.0)
}

/// Sine of a phase in cycles, sin(2π·phase); error below 1e-6 for |phase| ≤ 2, growing with the rounding of larger
/// phases; |phase| < 2²².
#[must_use]
#[inline(always)]
pub fn sin_cycles(phase: f32) -> f32 {
    let x = wrap(phase);
    let a = x.abs();
    let quarter = a.min(0.5 - a).copysign(x);
    let z = quarter * quarter;
    let mut p = 39.710_97_f32;
    p = p * z - 76.575;
    p = p * z + 81.602_23;
    p = p * z - 41.341_68;
    p = p * z + std::f32::consts::TAU;
    quarter * p
}

/// Cosine of a phase in cycles, cos(2π·phase); as [`sin_cycles`].
#[must_use]
#[inline(always)]
pub fn cos_cycles(phase: f32) -> f32 {
    sin_cycles(wrap(phase) + 0.25)
}

/// Vital's quick sine of a phase in cycles: y·(0.776 + 0.224·|y|) with the parabola y = 8x − 16x·|x|, x the phase within
/// ±½. Off the sine by up to 0.13 % around the eighths of a cycle (measured in every gain below; the constant
/// 0.011 dB that Vital is louder is its value at ⅛). Pan, stereo spread, equal-power mixes and the sine fold go by it.
#[must_use]
#[inline(always)]
pub fn quick_sine(phase: f32) -> f32 {
    let x = wrap(phase);
    let y = x * (8.0 - 16.0 * x.abs());
    y * (0.776 + 0.224 * y.abs())
}

/// Vital's quick cosine of a phase in cycles; as [`quick_sine`].
#[must_use]
#[inline(always)]
pub fn quick_cosine(phase: f32) -> f32 {
    quick_sine(wrap(phase) + 0.25)
}

/// Vital's stand-in for the hyperbolic tangent (measured through its soft clip): a rational function that is 1.00427·x
/// for small x, nowhere further than 0.0006 from tanh up to ±10, 1.0042 at ±30 and 1.0081 far out (measured to ±50
/// through a diode filter's first stage). The argument is held where its fourth power would leave the range.
#[must_use]
#[inline(always)]
pub fn quick_tanh(x: f32) -> f32 {
    let x = x.clamp(-1e6, 1e6);
    let size = x.abs();
    let square = x * x;
    let above = 2.455_507_5 * x * (1.0 + size) + x * square * (0.893_229_85 + 0.821_226_7 * size);
    let below = 2.445_066_3 + (2.445_066_3 + square) * (size + 0.814_642_7 * square);
    above / below
}

/// 2 to the x; relative error below 1e-6 for −126 ≤ x ≤ 127, clamped outside.
#[must_use]
#[inline(always)]
pub fn exp2(x: f32) -> f32 {
    let x = x.clamp(-126.0, 127.0);
    let shifted = x + ROUNDER;
    // The low bits of `shifted` are the whole part of x: moved into the exponent they are 2 to its power.
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    let f = x - (shifted - ROUNDER);
    let mut p = 1.535_336_2e-4_f32;
    p = p * f + 1.339_887_5e-3;
    p = p * f + 9.618_438e-3;
    p = p * f + 5.550_332_5e-2;
    p = p * f + 2.402_264_8e-1;
    p = p * f + std::f32::consts::LN_2;
    p = p * f + 1.0;
    p * scale
}

/// Gain of a level in decibels, 10^(db/20); relative error below 1e-6 for |db| ≤ 60.
#[must_use]
#[inline(always)]
pub fn db_to_gain(db: f32) -> f32 {
    exp2(db * 0.166_096_4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(from: f64, to: f64) -> impl Iterator<Item = f32> {
        (0..=200_000).map(move |i| (from + (to - from) * f64::from(i) / 200_000.0) as f32)
    }

    fn relative(got: f32, want: f64) -> f64 {
        if want == 0.0 {
            f64::from(got).abs()
        } else {
            (f64::from(got) / want - 1.0).abs()
        }
    }

    #[test]
    fn tanh_agrees_with_libm_to_a_millionth() {
        for x in sweep(-12.0, 12.0).chain(sweep(-1e-3, 1e-3)) {
            assert!(relative(tanh(x), libm::tanh(f64::from(x))) < 1e-6, "tanh({x})");
        }
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert_eq!(tanh(-1e30), -1.0);
    }

    #[test]
    fn sine_and_cosine_of_cycles_agree_with_libm_to_a_millionth() {
        for x in sweep(-2.0, 2.0) {
            let angle = std::f64::consts::TAU * f64::from(x);
            assert!(
                (f64::from(sin_cycles(x)) - libm::sin(angle)).abs() < 1e-6,
                "sin({x})"
            );
            assert!(
                (f64::from(cos_cycles(x)) - libm::cos(angle)).abs() < 1e-6,
                "cos({x})"
            );
        }
        assert_eq!(sin_cycles(0.0), 0.0);
        assert_eq!(sin_cycles(7.0), 0.0);
    }

    #[test]
    fn the_quick_sine_is_within_two_thousandths_of_the_sine_and_exact_at_quarters() {
        for x in sweep(-2.0, 2.0) {
            let angle = std::f64::consts::TAU * f64::from(x);
            assert!((f64::from(quick_sine(x)) - libm::sin(angle)).abs() < 2e-3, "{x}");
            assert!(
                (f64::from(quick_cosine(x)) - libm::cos(angle)).abs() < 2e-3,
                "{x}"
            );
        }
        assert_eq!([0.0, 0.25, -0.25].map(quick_sine), [0.0, 1.0, -1.0]);
        assert_eq!([0.0, 0.25, 0.5].map(quick_cosine), [1.0, 0.0, -1.0]);
        // Measured of a pan of 0 and ±0.5, over √2.
        for (phase, measured) in [(0.125, 0.708_000), (0.1875, 0.924_375), (0.0625, 0.382_375)] {
            assert!((quick_sine(phase) - measured).abs() < 1e-6);
        }
    }

    #[test]
    fn the_quick_tangent_is_what_vitals_soft_clip_was_measured_to_be() {
        // Input and output over that of the volume, 1.00007.
        for (x, measured) in [
            (0.090_114, 0.090_190),
            (0.250_316, 0.245_484),
            (0.978_91, 0.752_811),
            (2.821_94, 0.992_900),
        ] {
            assert!((quick_tanh(x) - measured).abs() < 3e-5, "{x}: {}", quick_tanh(x));
        }
        for x in sweep(-10.0, 10.0) {
            assert!(
                (f64::from(quick_tanh(x)) - libm::tanh(f64::from(x))).abs() < 7e-4,
                "{x}"
            );
        }
    }

    #[test]
    fn exp2_agrees_with_libm_to_a_millionth() {
        for x in sweep(-126.0, 127.0) {
            assert!(relative(exp2(x), libm::exp2(f64::from(x))) < 1e-6, "exp2({x})");
        }
        assert_eq!(exp2(10.0), 1024.0);
        assert_eq!(exp2(0.0), 1.0);
        assert!(exp2(1e9).is_finite());
    }

    #[test]
    fn decibels_agree_with_libm_to_a_millionth_near_the_range_of_gains() {
        for db in sweep(-60.0, 60.0) {
            assert!(
                relative(db_to_gain(db), libm::pow(10.0, f64::from(db) / 20.0)) < 2e-6,
                "{db} dB"
            );
        }
    }

    #[test]
    fn wrapping_keeps_the_fraction_between_minus_and_plus_a_half() {
        for x in sweep(-1000.0, 1000.0) {
            let w = wrap(x);
            assert!((-0.5..=0.5).contains(&w));
            assert_eq!((x - w).fract(), 0.0);
        }
    }
}
