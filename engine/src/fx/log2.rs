//! Logarithm fast enough for every sample of the compressor's bands.

/// Logarithm to base 2 of a normal positive number: exponent from the bits, mantissa by the series of
/// artanh((m−1)/(m+1)). Absolute error below 1e-6 near 0.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    // Moves the split to √½, so that the series' argument stays within ±0.1716.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32) >> 23;
    let mantissa = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let series = 1.0 + s2 * (1.0 / 3.0 + s2 * (0.2 + s2 * (1.0 / 7.0)));
    exponent as f32 + s * series * (2.0 * std::f32::consts::LOG2_E)
}

#[cfg(test)]
mod tests {
    use super::log2;
    use crate::math;

    #[test]
    fn the_logarithm_agrees_with_libm() {
        let mut x = 1e-18_f32;
        while x < 1e18 {
            assert!(
                (f64::from(log2(x)) - math::log2(f64::from(x))).abs() < 4e-6,
                "log2({x})"
            );
            x *= 1.37;
        }
    }
}
