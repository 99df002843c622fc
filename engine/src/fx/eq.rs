//! The three-band equaliser: low, middle, high in this order (vital-laws §9).

use super::ramp::Ramp;
use super::svf::{self, Svf, SvfCoefficients};
use crate::math;

/// What a band does; `Cut` is the high-pass of the low band, the notch of the middle and the low-pass of the high one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BandMode {
    /// Shelf, or bell in the middle.
    Gain,
    /// High-pass, notch or low-pass.
    Cut,
}

/// One band at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct EqBand {
    /// What it does.
    pub mode: BandMode,
    /// Corner or centre in Hz.
    pub hz: f32,
    /// Gain in dB, ±15.
    pub gain_db: f32,
    /// Resonance ρ, 0..1 (Vital's raw value squared); Q = 0.5 + 15.5·ρ³.
    pub resonance: f32,
}

/// Values at the end of a block: low, middle, high.
#[derive(Debug, Clone, Copy)]
pub struct EqParams {
    /// The three bands.
    pub bands: [EqBand; 3],
}

/// Frequency and damping coefficient, weights of low, band and high.
type Coefficients = [f32; 5];

#[derive(Debug, Clone, Copy, Default)]
struct Section {
    ramps: [Ramp; 5],
    svf: [Svf; 2],
}

/// The equaliser effect.
#[derive(Debug)]
pub struct Eq {
    sample_rate: f32,
    sections: [Section; 3],
}

/// Place of a band.
const LOW: usize = 0;
const HIGH: usize = 2;

fn coefficients(place: usize, band: &EqBand, sample_rate: f32) -> Coefficients {
    let g = svf::coefficient(band.hz, sample_rate);
    let k = svf::damping(band.resonance);
    let gain = math::db_to_gain(f64::from(band.gain_db)) as f32;
    let a = gain.sqrt();
    match (band.mode, place) {
        (BandMode::Gain, LOW) => [g, k, gain, a * k, 1.0],
        (BandMode::Gain, HIGH) => [g, k, 1.0, a * k, gain],
        // The poles stay where they are: a cut is narrower than a boost of the same size.
        (BandMode::Gain, _) => [g, k, 1.0, k * gain, 1.0],
        (BandMode::Cut, LOW) => [g, k, 0.0, 0.0, 1.0],
        (BandMode::Cut, HIGH) => [g, k, 1.0, 0.0, 0.0],
        (BandMode::Cut, _) => [g, k, 1.0, 0.0, 1.0],
    }
}

impl Eq {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        Self { sample_rate, sections: [Section::default(); 3] }
    }

    /// At rest; the next block starts at its values.
    pub fn reset(&mut self) {
        self.sections = [Section::default(); 3];
    }

    /// Equalises a block.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &EqParams) {
        for (place, (section, band)) in self.sections.iter_mut().zip(&p.bands).enumerate() {
            section.process(left, right, coefficients(place, band, self.sample_rate));
        }
    }
}

impl Section {
    fn process(&mut self, left: &mut [f32], right: &mut [f32], target: Coefficients) {
        let frames = left.len();
        let [mut g, mut k, mut low, mut band, mut high] = {
            let mut lines = self.ramps.iter_mut().zip(target).map(|(ramp, target)| ramp.towards(target, frames));
            std::array::from_fn(|_| lines.next().unwrap_or_default())
        };
        let still = g.is_flat() && k.is_flat();
        let mut c = SvfCoefficients::new(target[0], target[1]);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            if !still {
                c = SvfCoefficients::new(g.advance(), k.advance());
            }
            let (low, band, high) = (low.advance(), band.advance(), high.advance());
            for (x, svf) in [l, r].into_iter().zip(&mut self.svf) {
                let y = svf.tick(*x, &c);
                *x = low * y.low + band * y.band + high * y.high;
            }
        }
    }
}
