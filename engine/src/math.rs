//! Transcendental functions with the same bits on every machine.
//!
//! std's differ from machine to machine (and between builds), so `clippy.toml` bans them; these are the `libm`
//! crate's, which are plain Rust. [`fast`] holds the polynomials of the audio path.

pub mod fast;

/// π as f64.
pub const PI: f64 = std::f64::consts::PI;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $f64:ident, $f32:ident as $short:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[inline]
        pub fn $name(x: f64) -> f64 { libm::$f64(x) }

        $(#[$doc])*
        #[must_use]
        #[inline]
        pub fn $short(x: f32) -> f32 { libm::$f32(x) }
    )*};
}

unary! {
    /// Sine of radians.
    sin = sin, sinf as sin_f32;
    /// Cosine of radians.
    cos = cos, cosf as cos_f32;
    /// Tangent of radians.
    tan = tan, tanf as tan_f32;
    /// Arc sine in radians.
    asin = asin, asinf as asin_f32;
    /// Hyperbolic tangent.
    tanh = tanh, tanhf as tanh_f32;
    /// e to the x.
    exp = exp, expf as exp_f32;
    /// 2 to the x.
    exp2 = exp2, exp2f as exp2_f32;
    /// Natural logarithm.
    ln = log, logf as ln_f32;
    /// Logarithm to base 2.
    log2 = log2, log2f as log2_f32;
    /// Logarithm to base 10.
    log10 = log10, log10f as log10_f32;
}

/// x to the y.
#[must_use]
#[inline]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// x to the y, single precision.
#[must_use]
#[inline]
pub fn pow_f32(x: f32, y: f32) -> f32 {
    libm::powf(x, y)
}

/// Angle of the vector (x, y) in radians, −π..π.
#[must_use]
#[inline]
pub fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// Square root (exact in IEEE 754, so std's is the same everywhere).
#[must_use]
#[inline]
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// Gain of a level in decibels: 10^(db/20).
#[must_use]
#[inline]
pub fn db_to_gain(db: f64) -> f64 {
    libm::pow(10.0, db / 20.0)
}

/// Level in decibels of a gain (amplitude ratio): 20·log10.
#[must_use]
#[inline]
pub fn gain_to_db(gain: f64) -> f64 {
    20.0 * libm::log10(gain)
}

/// Frequency in hertz of a MIDI note number: 440·2^((note−69)/12).
#[must_use]
#[inline]
pub fn note_to_hz(note: f64) -> f64 {
    440.0 * libm::exp2((note - 69.0) / 12.0)
}

/// MIDI note number of a frequency in hertz.
#[must_use]
#[inline]
pub fn hz_to_note(hz: f64) -> f64 {
    69.0 + 12.0 * libm::log2(hz / 440.0)
}

/// Vital's curve P(t, p) = (e^{pt}−1)/(e^p−1), which is t for |p| < 0.005. t in 0..1.
#[must_use]
#[inline]
pub fn curve(t: f64, power: f64) -> f64 {
    if power.abs() < 0.005 {
        t
    } else {
        (libm::exp(power * t) - 1.0) / (libm::exp(power) - 1.0)
    }
}
