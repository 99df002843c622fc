//! The fast Fourier transform of oscillators, analysis and pictures.
//!
//! One scalar order of operations (Stockham, radix 4), so that every machine gives the same bits; twiddle factors
//! come from [`circle`]. Spectra are split into a slice of real and a slice of imaginary parts, bins 0..=n/2.
//! Calls do not allocate: make a plan and a [`Scratch`] once, use them often.

pub mod any_length;
pub mod circle;
mod complex;
mod real;

use std::ops::{Add, Mul, Sub};

pub use complex::ComplexFft;
pub use real::RealFft;

/// A number type to transform: `f32` on the audio path, `f64` in the analysis.
pub trait Real: Copy + Default + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
}

impl Real for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }
}

impl Real for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }
}

/// Plan for real signals in single precision.
pub type RealFft32 = RealFft<f32>;
/// Plan for real signals in double precision.
pub type RealFft64 = RealFft<f64>;

/// Working memory for one plan, or for any smaller one of the same number type.
#[derive(Debug, Clone)]
pub struct Scratch<T> {
    re: Vec<T>,
    im: Vec<T>,
    other_re: Vec<T>,
    other_im: Vec<T>,
}

impl<T: Real> Scratch<T> {
    fn new(points: usize) -> Self {
        let zeros = || vec![T::default(); points];
        Self {
            re: zeros(),
            im: zeros(),
            other_re: zeros(),
            other_im: zeros(),
        }
    }
}
