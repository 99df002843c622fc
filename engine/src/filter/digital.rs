//! The digital model: a zero-delay state-variable filter with bounded resonance and a soft limiter.
//!
//! g = tan(π·f/fs), Q = 0.5 + 15.5·ρ³; 24 dB puts the same filter with Q 1 in front. Formulas: `vital-laws.md` §6.

use super::lanes::Lanes;
use super::{FilterControls, Model, Slope, Stereo, cutoff_hz, drive_gain};
use crate::math;

/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 9;

/// g, 1/Q, 1/(1 + g(g + 1/Q)), the same of the stage in front (Q 1), in-gain, out-gain, low, band, high.
const G: usize = 0;
const DAMP: usize = 1;
const CLOSE: usize = 2;
const CLOSE_PRE: usize = 3;
const IN: usize = 4;
const OUT: usize = 5;
const LOW: usize = 6;
const BAND: usize = 7;
const HIGH: usize = 8;

/// Straight up to ±0.66, then 0.34·tanh beyond.
#[inline(always)]
fn limit(v: Stereo) -> Stereo {
    let straight = v.map(|v| v.clamp(-0.66, 0.66));
    straight + ((v - straight) * (1.0 / 0.34)).tanh() * 0.34
}

/// One trapezoidal state-variable stage.
#[derive(Debug, Clone, Copy)]
struct Svf {
    first: Stereo,
    second: Stereo,
}

impl Svf {
    const SILENT: Self = Self {
        first: Lanes::splat(0.0),
        second: Lanes::splat(0.0),
    };

    /// (low, band, high) for one input; band is not scaled by 1/Q.
    #[inline(always)]
    fn tick(&mut self, input: Stereo, g: Stereo, damp: Stereo, close: Stereo) -> (Stereo, Stereo, Stereo) {
        let high = (input - (g + damp) * self.first - self.second) * close;
        let delta = g * high;
        let band = self.first + delta;
        self.first = band + delta;
        let delta = g * band;
        let low = self.second + delta;
        self.second = low + delta;
        (low, band, high)
    }
}

/// State of the digital model.
#[derive(Debug, Clone)]
pub(crate) struct Digital {
    slope: Slope,
    pre: Svf,
    main: Svf,
}

impl Digital {
    pub(crate) fn new(slope: Slope) -> Self {
        Self {
            slope,
            pre: Svf::SILENT,
            main: Svf::SILENT,
        }
    }
}

impl Model<COEFFICIENTS> for Digital {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let hz = cutoff_hz(controls.cutoff_note).min(20_000.0);
        let g = math::tan_f32((std::f32::consts::PI * hz / sample_rate).min(1.5));
        let drive = drive_gain(controls.drive_db);
        let cubed = controls.resonance * controls.resonance * controls.resonance;
        let damp = 1.0 / (0.5 + 15.5 * cubed);
        let weights = self.slope.weights(controls.blend);
        [
            g,
            damp,
            1.0 / (1.0 + g * (g + damp)),
            1.0 / (1.0 + g * (g + 1.0)),
            drive * self.slope.calmed(1.0 / (2.0 * cubed + 1.0), controls.blend),
            1.0 / drive.sqrt(),
            weights.low,
            weights.band,
            weights.high,
        ]
    }

    #[inline(always)]
    fn tick(&mut self, input: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
        let mut x = c[IN] * input;
        if self.slope.is_steep() {
            let (low, band, high) = self.pre.tick(x, c[G], Stereo::splat(1.0), c[CLOSE_PRE]);
            // Vital takes the high-pass of the stage in front with the damping of the main one.
            let high = high + (Stereo::splat(1.0) - c[DAMP]) * band;
            x = limit(c[LOW] * low + c[BAND] * band + c[HIGH] * high);
        }
        let (low, band, high) = self.main.tick(x, c[G], c[DAMP], c[CLOSE]);
        limit(c[LOW] * low + c[BAND] * band + c[HIGH] * high) * c[OUT]
    }

    fn flush(&mut self) {
        for stage in [&mut self.pre, &mut self.main] {
            stage.first = stage.first.flushed();
            stage.second = stage.second.flushed();
        }
    }

    fn reset(&mut self) {
        self.pre = Svf::SILENT;
        self.main = Svf::SILENT;
    }
}
