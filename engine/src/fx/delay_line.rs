//! A ring of past samples read at fractional delays.

/// Samples a read looks at.
const WINDOW: usize = 4;

/// Past samples of one channel. Reads come before the sample of the same time is pushed.
#[derive(Debug, Clone)]
pub(crate) struct DelayLine {
    /// A power of two of samples, then the first ones again, so that a window never wraps.
    ring: Vec<f32>,
    mask: usize,
    newest: usize,
}

/// A delay as the nearest whole number of samples and the rest, −½..½ (so Vital splits those of its echoes).
#[inline]
pub(crate) fn nearest(delay: f64) -> (usize, f32) {
    let whole = (delay + 0.5) as usize;
    (whole, (delay - whole as f64) as f32)
}

/// The values at `fraction` within windows: the cubic through four neighbours with their central slopes (Catmull-Rom,
/// as Vital reads its memories).
#[inline]
pub(crate) fn between<const N: usize>(windows: &[[f32; WINDOW]; N], fraction: [f32; N]) -> [f32; N] {
    let mut values = [0.0; N];
    for i in 0..N {
        let [d, c, b, a] = windows[i];
        let slope_b = 0.5 * (c - a);
        let slope_c = 0.5 * (d - b);
        let rise = c - b;
        let bend = slope_b + slope_c - 2.0 * rise;
        values[i] =
            b + fraction[i] * (slope_b + fraction[i] * ((rise - slope_b - bend) + fraction[i] * bend));
    }
    values
}

impl DelayLine {
    /// The shortest delay that can be read, in samples.
    pub(crate) const SHORTEST: f64 = 2.0;

    /// A silent line for delays of up to `samples`.
    pub(crate) fn new(samples: f64) -> Self {
        let length = (samples.max(1.0) as usize + 2 * WINDOW).next_power_of_two();
        Self {
            ring: vec![0.0; length + WINDOW - 1],
            mask: length - 1,
            newest: 0,
        }
    }

    /// The longest delay that can be read, in samples.
    pub(crate) fn longest(&self) -> f64 {
        (self.mask - WINDOW) as f64
    }

    /// Appends the sample of now.
    #[inline]
    pub(crate) fn push(&mut self, sample: f32) {
        self.newest = (self.newest + 1) & self.mask;
        self.ring[self.newest] = sample;
        if self.newest < WINDOW - 1 {
            self.ring[self.newest + self.mask + 1] = sample;
        }
    }

    /// Appends the samples of a chunk, not more of them than the line is long.
    #[inline]
    pub(crate) fn extend(&mut self, samples: impl Iterator<Item = f32>) {
        let (mask, mut newest) = (self.mask, self.newest);
        for sample in samples {
            newest = (newest + 1) & mask;
            self.ring[newest] = sample;
        }
        self.newest = newest;
        self.ring.copy_within(..WINDOW - 1, mask + 1);
    }

    /// The four samples around the delay `whole` to `whole` + 1, the oldest first.
    #[inline]
    pub(crate) fn window(&self, whole: usize) -> [f32; WINDOW] {
        let oldest = self.newest.wrapping_sub(whole + 1) & self.mask;
        self.ring[oldest..]
            .first_chunk::<WINDOW>()
            .copied()
            .unwrap_or_default()
    }

    /// The signal `whole` + `fraction` samples ago. From [`Self::SHORTEST`] to [`Self::longest`]. `fraction` is in
    /// 0..1, or in ±½ after [`nearest`]: the same cubic drawn on beyond its neighbours, which dulls the top.
    #[inline]
    pub(crate) fn read(&self, whole: usize, fraction: f32) -> f32 {
        let [value] = between(&[self.window(whole)], [fraction]);
        value
    }

    /// The sample `whole` samples ago, at least 1.
    #[inline]
    pub(crate) fn sample(&self, whole: usize) -> f32 {
        self.ring[(self.newest + 1).wrapping_sub(whole) & self.mask]
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
    fn a_whole_delay_is_exact_and_a_fraction_follows_a_parabola() {
        let mut line = DelayLine::new(20.0);
        let parabola = |n: f64| 0.02 * n * n - n;
        for n in 0..90 {
            let n = f64::from(n);
            if n > 25.0 {
                assert_eq!(line.sample(7), parabola(n - 7.0) as f32);
                assert_eq!(line.read(7, 0.0), parabola(n - 7.0) as f32);
                assert!((f64::from(line.read(2, 0.25)) - parabola(n - 2.25)).abs() < 1e-4);
                assert!((f64::from(line.read(19, 0.9)) - parabola(n - 19.9)).abs() < 1e-4);
            }
            line.push(parabola(n) as f32);
        }
    }
}
