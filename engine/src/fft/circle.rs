//! Points of the unit circle: the twiddle factors of the transforms and the cosines of the windows.
//!
//! A point is the product of a coarse and a fine rotation, so that a table of n points needs about n/256 sines
//! and still is within 2e-15 of the true one.

use crate::math;

/// Points per coarse rotation.
const FINE: usize = 256;

/// The n-th roots of unity.
#[derive(Debug, Clone)]
pub struct Circle {
    coarse: Vec<[f64; 2]>,
    fine: Vec<[f64; 2]>,
}

impl Circle {
    /// The circle divided into `n` ≥ 1 equal steps.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let point = |step: usize| {
            let angle = 2.0 * math::PI * step as f64 / n as f64;
            [math::cos(angle), math::sin(angle)]
        };
        Self {
            coarse: (0..=n / FINE).map(|i| point(i * FINE)).collect(),
            fine: (0..FINE.min(n + 1)).map(point).collect(),
        }
    }

    /// Cosine and sine of 2π·step/n, for a step in 0..=n.
    #[must_use]
    #[inline]
    pub fn at(&self, step: usize) -> [f64; 2] {
        let [a, b] = self.coarse[step / FINE];
        let [c, d] = self.fine[step % FINE];
        [a * c - b * d, a * d + b * c]
    }

    /// Cosine of 2π·step/n, for a step in 0..=n.
    #[must_use]
    #[inline]
    pub fn cos(&self, step: usize) -> f64 {
        self.at(step)[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_the_point_at_its_angle() {
        for n in [1usize, 2, 3, 255, 256, 257, 1000, 70_000] {
            let circle = Circle::new(n);
            for step in 0..=n {
                let angle = 2.0 * math::PI * step as f64 / n as f64;
                let [cos, sin] = circle.at(step);
                assert!((cos - math::cos(angle)).abs() < 2e-15, "{step}/{n}");
                assert!((sin - math::sin(angle)).abs() < 2e-15, "{step}/{n}");
            }
        }
    }
}
