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
    svf: Svf<2>,
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
        Self {
            sample_rate,
            sections: [Section::default(); 3],
        }
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
            let mut lines = self
                .ramps
                .iter_mut()
                .zip(target)
                .map(|(ramp, target)| ramp.towards(target, frames));
            std::array::from_fn(|_| lines.next().unwrap_or_default())
        };
        let still = g.is_flat() && k.is_flat();
        let mut c = SvfCoefficients::new(target[0], target[1]);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            if !still {
                c = SvfCoefficients::new(g.advance(), k.advance());
            }
            let weights = [low.advance(), band.advance(), high.advance()];
            [*l, *r] = self.svf.tick([*l, *r], &c).mixed(weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, gain_db, impulse, run};

    fn flat() -> EqParams {
        let band = |hz, resonance| EqBand {
            mode: BandMode::Gain,
            hz,
            gain_db: 0.0,
            resonance,
        };
        EqParams {
            bands: [band(82.4, 0.1), band(830.6, 0.2), band(2_637.0, 0.1)],
        }
    }

    fn response(p: EqParams) -> Vec<f32> {
        let mut eq = Eq::new(RATE);
        let (left, right) = run(
            |l, r| eq.process(l, r, &p),
            &impulse(1.0, 16_384),
            &impulse(1.0, 16_384),
            128,
        );
        assert_eq!(left, right);
        left
    }

    #[test]
    fn without_gain_it_changes_nothing() {
        let response = response(flat());
        for hz in [30.0, 300.0, 3_000.0, 18_000.0] {
            assert!(gain_db(&response, hz).abs() < 0.01);
        }
    }

    #[test]
    fn shelves_and_bell_reach_their_gain_as_in_vital() {
        // Measured in Vital at the same settings: 12 dB each, 30 to 200 Hz below, 500 to 1500 Hz in the middle.
        let mut low = flat();
        low.bands[0].gain_db = 12.0;
        let low = response(low);
        for (hz, expected) in [(30.0, 11.28), (80.0, 8.18), (200.0, 3.0), (2_637.0, 0.02)] {
            assert!(
                (gain_db(&low, hz) - expected).abs() < 0.1,
                "{hz} Hz: {}",
                gain_db(&low, hz)
            );
        }
        let mut bell = flat();
        bell.bands[1].gain_db = 12.0;
        let bell = response(bell);
        for (hz, expected) in [
            (200.0, 4.95),
            (500.0, 10.54),
            (830.0, 12.0),
            (1_500.0, 10.09),
            (6_000.0, 2.31),
        ] {
            assert!(
                (gain_db(&bell, hz) - expected).abs() < 0.1,
                "{hz} Hz: {}",
                gain_db(&bell, hz)
            );
        }
        let mut high = flat();
        high.bands[2].gain_db = -12.0;
        let high = response(high);
        for (hz, expected) in [(500.0, -0.2), (2_637.0, -3.97), (12_000.0, -11.09)] {
            assert!(
                (gain_db(&high, hz) - expected).abs() < 0.1,
                "{hz} Hz: {}",
                gain_db(&high, hz)
            );
        }
    }

    #[test]
    fn cuts_remove_below_at_and_above() {
        let mut cut = flat();
        for band in &mut cut.bands {
            band.mode = BandMode::Cut;
        }
        (cut.bands[0].hz, cut.bands[1].hz, cut.bands[2].hz) = (400.0, 1_000.0, 2_500.0);
        let response = response(cut);
        assert!(gain_db(&response, 40.0) < -35.0);
        assert!(gain_db(&response, 1_000.0) < -35.0);
        assert!(gain_db(&response, 25_000.0) < -35.0);
    }
}
