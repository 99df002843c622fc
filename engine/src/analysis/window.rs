//! The windows that are laid over a signal before its transform.

use crate::fft::circle::Circle;

/// Hann window of `n` points, periodic: for frames that follow one another.
#[must_use]
pub fn hann_periodic(n: usize) -> Vec<f64> {
    raised_cosine(n, n)
}

/// Hann window of `n` points, zero at both ends.
#[must_use]
pub fn hann_symmetric(n: usize) -> Vec<f64> {
    raised_cosine(n, n.saturating_sub(1))
}

fn raised_cosine(n: usize, period: usize) -> Vec<f64> {
    if n < 2 {
        return vec![1.0; n];
    }
    let circle = Circle::new(period);
    (0..n).map(|i| 0.5 - 0.5 * circle.cos(i)).collect()
}

/// Four-term Blackman–Harris window of `n` points (−92 dB side lobes), symmetric.
#[must_use]
pub fn blackman_harris(n: usize) -> Vec<f64> {
    if n < 2 {
        return vec![1.0; n];
    }
    let circle = Circle::new(n - 1);
    let term = |i: usize| {
        let c = circle.cos(i);
        // cos 2x = 2c² − 1, cos 3x = 4c³ − 3c
        0.35875 - 0.48829 * c + 0.14128 * (2.0 * c * c - 1.0) - 0.01168 * (4.0 * c * c * c - 3.0 * c)
    };
    let half: Vec<f64> = (0..n.div_ceil(2)).map(term).collect();
    half.iter().chain(half[..n / 2].iter().rev()).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_their_known_ends_and_middles() {
        assert_eq!(hann_periodic(4).map_each(), [0, 500, 1000, 500]);
        assert_eq!(hann_symmetric(5).map_each(), [0, 500, 1000, 500, 0]);
        let window = blackman_harris(5);
        assert!((window[0] - 0.00006).abs() < 1e-9 && (window[4] - 0.00006).abs() < 1e-9);
        assert!((window[1] - 0.21747).abs() < 1e-9 && (window[2] - 1.0).abs() < 1e-9);
    }

    /// Thousandths, rounded.
    trait MapEach {
        fn map_each(&self) -> Vec<i32>;
    }

    impl MapEach for Vec<f64> {
        fn map_each(&self) -> Vec<i32> {
            self.iter().map(|x| (x * 1000.0).round() as i32).collect()
        }
    }
}
