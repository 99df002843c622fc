//! A few float lanes that are computed alike: the two channels of a voice.
//!
//! Every operation is lane by lane in a fixed order, so the bits do not depend on the machine's vector width.

use std::ops::{Add, Mul, Neg, Sub};

use crate::math::fast;

/// `N` floats side by side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lanes<const N: usize>(
    /// The values.
    pub [f32; N],
);

impl<const N: usize> Lanes<N> {
    /// The same value in every lane.
    #[must_use]
    #[inline(always)]
    pub const fn splat(value: f32) -> Self {
        Self([value; N])
    }

    /// `f` of every lane.
    #[must_use]
    #[inline(always)]
    pub fn map(self, f: impl Fn(f32) -> f32) -> Self {
        let mut out = self.0;
        for value in &mut out {
            *value = f(*value);
        }
        Self(out)
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (value, second) in out.iter_mut().zip(other.0) {
            *value = f(*value, second);
        }
        Self(out)
    }

    /// Nothing in place of what is far below hearing: numbers near the end of the float range are slow to compute with.
    #[must_use]
    #[inline(always)]
    pub fn flushed(self) -> Self {
        self.map(|x| if x.abs() < 1e-18 { 0.0 } else { x })
    }

    /// [`fast::quick_tanh`]. Self-oscillation and the level at high resonance hang on its slope.
    #[must_use]
    #[inline(always)]
    pub fn soft(self) -> Self {
        self.map(fast::quick_tanh)
    }
}

/// Straight up to ±0.66, then 0.34·tanh beyond: Vital's soft limiter.
#[inline(always)]
pub(crate) fn soft_limit(v: f32) -> f32 {
    let straight = v.clamp(-0.66, 0.66);
    straight + fast::quick_tanh((v - straight) * (1.0 / 0.34)) * 0.34
}

impl<const N: usize> Add for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<const N: usize> Sub for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<const N: usize> Mul for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl<const N: usize> Mul<f32> for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        self.map(|a| a * factor)
    }
}

impl<const N: usize> Neg for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}
