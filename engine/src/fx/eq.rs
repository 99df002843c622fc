//! The three-band equaliser: low, middle, high in this order (vital-laws §9).
//!
//! The bands of both sides are lanes, each band a sample behind the one before it, so that a sample costs one step of
//! a filter and not three in a row; what comes out is what bands in a row would give.

use super::mix::flush;
use super::ramp::{Line, Ramp};
use super::svf::{self, Svf, SvfCoefficients};
use crate::math::fast;
use crate::simd::{Kernel, Level};

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

/// Bands.
const BANDS: usize = 3;
/// Place of a band.
const LOW: usize = 0;
const HIGH: usize = 2;
/// Low left, low right, middle left, … high right, and two that are always silent, so that they fill whole vectors.
const LANES: usize = 8;
/// A value per lane.
type Lanes = [f32; LANES];

/// Frequency and damping coefficient, weights of low, band and high.
type Coefficients = [f32; 5];

/// The equaliser effect.
#[derive(Debug)]
pub struct Eq {
    sample_rate: f32,
    /// What the coefficients were made of, and they: their functions are dear.
    made_of: [Option<[[f32; 3]; BANDS]>; 2],
    tuned: [[[f32; 3]; BANDS]; 2],
    /// By lane and coefficient.
    ramps: [[Ramp; 5]; 2 * BANDS],
    svf: Svf<LANES>,
}

/// The weights and coefficients of a band; `tuned` is its frequency coefficient, damping and gain (linear).
fn coefficients(place: usize, mode: BandMode, [g, k, gain]: [f32; 3]) -> Coefficients {
    let a = gain.sqrt();
    match (mode, place) {
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
            made_of: [None; 2],
            tuned: [[[0.0; 3]; BANDS]; 2],
            ramps: [[Ramp::default(); 5]; 2 * BANDS],
            svf: Svf::default(),
        }
    }

    /// At rest; the next block starts at its values.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate);
    }

    /// Equalises a block, each side by its own values; modes are the left one's.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], sides: &[EqParams; 2]) {
        let frames = left.len().min(right.len());
        let mut lines = [[Line::default(); LANES]; 5];
        for (side, p) in sides.iter().enumerate() {
            let made_of = p.bands.map(|band| [band.hz, band.resonance, band.gain_db]);
            if self.made_of[side] != Some(made_of) {
                self.made_of[side] = Some(made_of);
                self.tuned[side] = p.bands.map(|band| {
                    [
                        svf::coefficient(band.hz, self.sample_rate),
                        svf::damping(band.resonance),
                        fast::db_to_gain(band.gain_db.clamp(-60.0, 60.0)),
                    ]
                });
            }
            for place in 0..BANDS {
                let lane = 2 * place + side;
                let target = coefficients(place, sides[0].bands[place].mode, self.tuned[side][place]);
                for (k, target) in target.into_iter().enumerate() {
                    lines[k][lane] = self.ramps[lane][k].towards(target, frames);
                }
            }
        }
        level.run(Bands {
            left: &mut left[..frames],
            right: &mut right[..frames],
            svf: &mut self.svf,
            lines,
        });
        self.svf.flush();
    }
}

/// All bands over a block.
struct Bands<'a> {
    left: &'a mut [f32],
    right: &'a mut [f32],
    svf: &'a mut Svf<LANES>,
    /// By coefficient and lane.
    lines: [[Line; LANES]; 5],
}

impl Kernel for Bands<'_> {
    type Out = ();

    #[inline(always)]
    fn run(mut self) {
        if self.lines.iter().flatten().all(Line::is_flat) {
            self.pass::<false>();
        } else {
            self.pass::<true>();
        }
    }
}

impl Bands<'_> {
    /// The coefficients of the sample `at`; each band's own sample is `at` less its place.
    #[inline(always)]
    fn coefficients(&self, at: usize) -> (SvfCoefficients<LANES>, [Lanes; 3]) {
        let mut values = [[0.0; LANES]; 5];
        for (values, lines) in values.iter_mut().zip(&self.lines) {
            for lane in 0..LANES {
                values[lane] = lines[lane].at(at.saturating_sub(lane / 2));
            }
        }
        let [g, k, low, band, high] = values;
        (SvfCoefficients::new(g, k), [low, band, high])
    }

    #[inline(always)]
    fn pass<const MOVING: bool>(&mut self) {
        let frames = self.left.len();
        let mut svf = *self.svf;
        let (mut c, mut weights) = self.coefficients(0);
        let mut out = [0.0_f32; LANES];
        for at in 0..frames + BANDS - 1 {
            if MOVING {
                (c, weights) = self.coefficients(at);
            }
            let (l, r) = if at < frames {
                (self.left[at], self.right[at])
            } else {
                (0.0, 0.0)
            };
            let input = [l, r, out[0], out[1], out[2], out[3], 0.0, 0.0];
            let whole = at + 1 >= BANDS && at < frames;
            let outputs = if whole {
                svf.tick(input, &c)
            } else {
                let awake = std::array::from_fn(|lane| (lane / 2..frames + lane / 2).contains(&at));
                svf.tick_some(input, &c, awake)
            };
            out = outputs.mixed(&weights);
            if at + 1 >= BANDS {
                self.left[at + 1 - BANDS] = flush(out[4]);
                self.right[at + 1 - BANDS] = flush(out[5]);
            }
        }
        *self.svf = svf;
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
            |l, r| eq.process(Level::best(), l, r, &[p; 2]),
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
