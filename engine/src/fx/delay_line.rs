//! A ring of past samples read at fractional delays.

/// Past samples of one channel. Reads come before the sample of the same time is pushed.
#[derive(Debug, Clone)]
pub(crate) struct DelayLine {
    ring: Vec<f32>,
    mask: usize,
    newest: usize,
}

/// Weights of the cubic through four neighbours (Lagrange) at `t` 0..1 between the second and the third.
#[inline]
pub(crate) fn cubic_weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        -0.5 * t3 + t2 - 0.5 * t,
        1.5 * t3 - 2.5 * t2 + 1.0,
        -1.5 * t3 + 2.0 * t2 + 0.5 * t,
        0.5 * t3 - 0.5 * t2,
    ]
}

impl DelayLine {
    /// The shortest delay that can be read, in samples.
    pub(crate) const SHORTEST: f64 = 2.0;

    /// A line for delays of up to `samples`.
    pub(crate) fn new(samples: f64) -> Self {
        let length = (samples.max(1.0) as usize + 8).next_power_of_two();
        Self { ring: vec![0.0; length], mask: length - 1, newest: 0 }
    }

    /// The longest delay that can be read, in samples.
    pub(crate) fn longest(&self) -> f64 {
        (self.mask - 4) as f64
    }

    /// Appends the sample of now.
    #[inline]
    pub(crate) fn push(&mut self, sample: f32) {
        self.newest = (self.newest + 1) & self.mask;
        self.ring[self.newest] = sample;
    }

    /// The signal `delay` samples ago (`SHORTEST`..=`longest()`, not checked beyond the ring), cubic between samples.
    #[inline]
    pub(crate) fn read(&self, delay: f64) -> f32 {
        let whole = delay as usize;
        let w = cubic_weights((delay - whole as f64) as f32);
        let at = |back: usize| self.ring[(self.newest + 1).wrapping_sub(whole + back) & self.mask];
        // `at(0)` is `whole` samples ago; its newer neighbour is one place further.
        let newer = self.ring[(self.newest + 2).wrapping_sub(whole) & self.mask];
        w[0] * newer + w[1] * at(0) + w[2] * at(1) + w[3] * at(2)
    }

    /// Silence.
    pub(crate) fn clear(&mut self) {
        self.ring.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::DelayLine;

    #[test]
    fn a_whole_delay_is_exact_and_a_fraction_follows_a_cubic() {
        let mut line = DelayLine::new(20.0);
        let cubic = |n: f64| 0.001 * n * n * n - 0.02 * n * n + n;
        for n in 0..60 {
            if n > 25 {
                assert_eq!(line.read(7.0), cubic(f64::from(n) - 7.0) as f32);
                assert!((f64::from(line.read(2.25)) - cubic(f64::from(n) - 2.25)).abs() < 1e-4);
                assert!((f64::from(line.read(19.9)) - cubic(f64::from(n) - 19.9)).abs() < 1e-4);
            }
            line.push(cubic(f64::from(n)) as f32);
        }
    }
}
