//! The analog model: two one-poles with their band fed back through a saturating input (a Sallen–Key filter).
//!
//! u = tanh(in·x + R·f)/(1 − R(G − G²)) closed without delay, low = second pole, band = first − second, high =
//! u − 2·first + second. 24 dB is the same pair, linear and with R = 1, in front. Formulas: `vital-laws.md` §6.

use super::lanes::Lanes;
use super::{FilterControls, Model, Slope, Stereo, cutoff_hz, drive_gain, one_pole_coefficient};

/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 9;

/// G, R, 1/(1 − R(G−G²)), 1/(1 − (G−G²)), in-gain, weights of low, band and high, out-gain.
const G: usize = 0;
const R: usize = 1;
const CLOSE: usize = 2;
const CLOSE_PRE: usize = 3;
const IN: usize = 4;
const LOW: usize = 5;
const BAND: usize = 6;
const HIGH: usize = 7;
const OUT: usize = 8;

/// Two one-poles in a row, each holding its trapezoidal state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    first: Stereo,
    second: Stereo,
}

impl Pair {
    pub(crate) const SILENT: Self = Self {
        first: Lanes::splat(0.0),
        second: Lanes::splat(0.0),
    };

    /// Without what is too small to hear.
    pub(crate) fn flushed(self) -> Self {
        Self {
            first: self.first.flushed(),
            second: self.second.flushed(),
        }
    }

    /// (first − second) as it would be for a zero input: the part of the feedback that the states hold.
    #[inline(always)]
    pub(crate) fn held_band(&self, g: Stereo) -> Stereo {
        let rest = Stereo::splat(1.0) - g;
        rest * (rest * self.first - self.second)
    }

    /// Outputs of the first and second pole.
    #[inline(always)]
    pub(crate) fn tick(&mut self, input: Stereo, g: Stereo) -> (Stereo, Stereo) {
        let delta = g * (input - self.first);
        let first = self.first + delta;
        self.first = first + delta;
        let delta = g * (first - self.second);
        let second = self.second + delta;
        self.second = second + delta;
        (first, second)
    }
}

/// State of the analog model.
#[derive(Debug, Clone)]
pub(crate) struct Analog {
    slope: Slope,
    pre: Pair,
    pair: Pair,
}

impl Analog {
    pub(crate) fn new(slope: Slope) -> Self {
        Self {
            slope,
            pre: Pair::SILENT,
            pair: Pair::SILENT,
        }
    }
}

impl Model<COEFFICIENTS> for Analog {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note).min(20_000.0), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let resonance = (2.15 * controls.resonance.sqrt()
            + 1.1 * controls.drive_db / 36.0 * controls.resonance)
            / (0.18 * g + 0.97).max(1.0);
        let spread = g - g * g;
        let weights = self.slope.weights(controls.blend);
        let rise = 2.0 * controls.resonance + 1.0;
        let input = drive * self.slope.calmed(1.0 / rise, controls.blend);
        [
            g,
            resonance,
            1.0 / (1.0 - resonance * spread),
            1.0 / (1.0 - spread),
            input,
            weights.low,
            weights.band,
            weights.high,
            1.0 / (rise * input).sqrt(),
        ]
    }

    #[inline(always)]
    fn tick(&mut self, input: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
        let mut x = input;
        if self.slope.is_steep() {
            let u = (x + self.pre.held_band(c[G])) * c[CLOSE_PRE];
            let (first, second) = self.pre.tick(u, c[G]);
            x = c[LOW] * second + c[BAND] * (first - second) + c[HIGH] * (u - first - first + second);
        }
        let u = ((c[IN] * x + c[R] * self.pair.held_band(c[G])) * c[CLOSE]).tanh();
        let (first, second) = self.pair.tick(u, c[G]);
        (c[LOW] * second + c[BAND] * (first - second) + c[HIGH] * (u - first - first + second)) * c[OUT]
    }

    fn flush(&mut self) {
        self.pre = self.pre.flushed();
        self.pair = self.pair.flushed();
    }

    fn reset(&mut self) {
        self.pre = Pair::SILENT;
        self.pair = Pair::SILENT;
    }
}
