//! The compressor: up to three bands, each pressed down above one threshold and lifted up below another (vital-laws §9).
//!
//! A block goes through three loops: the crossovers ([`split`]), the followers of the power, which know of one sample
//! what they need of the one before, and the gains, which do not.

mod split;

use super::log2::log2;
use super::mix::flush;
use super::ramp::{Line, Ramp};
use crate::math::{self, fast};
use crate::simd::{Kernel, Level};
use split::Crossovers;

/// Attack of the low, middle and high band at the middle of the control, in ms.
const ATTACK_MS: [f64; 3] = [2.8, 1.4, 0.7];
/// Release, in ms.
const RELEASE_MS: [f64; 3] = [40.0, 28.0, 15.0];
/// The most a band is lifted (linear gain).
const HIGHEST_LIFT: f32 = 32.0;
/// Smallest power a follower works with: −160 dB.
const FLOOR: f32 = 1e-16;

/// Which bands there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressorBands {
    /// Low, middle, high.
    Multi,
    /// Low and everything above.
    Low,
    /// High and everything below.
    High,
    /// One, by the middle band's values.
    Single,
}

/// One band at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct CompressorBand {
    /// Above this level in dB the band is pressed down.
    pub upper_threshold_db: f32,
    /// Below this level in dB it is lifted.
    pub lower_threshold_db: f32,
    /// Strength of the pressing, 0..1 (1: a limiter).
    pub upper_ratio: f32,
    /// Strength of the lifting, −1..1 (negative: pushed further down).
    pub lower_ratio: f32,
    /// Gain afterwards in dB.
    pub gain_db: f32,
}

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct CompressorParams {
    /// Which bands there are.
    pub bands: CompressorBands,
    /// Attack 0..1: e^{8a−4} times each band's own.
    pub attack: f32,
    /// Release 0..1: e^{8r−4} times each band's own.
    pub release: f32,
    /// Wet share 0..1, linear.
    pub mix: f32,
    /// Low, middle, high.
    pub band: [CompressorBand; 3],
}

/// Low left, low right, middle left, … high right, and two that are always silent, so that they fill whole vectors.
const LANES: usize = 8;
/// A value per lane.
type Lanes = [f32; LANES];
/// Frames that go through the loops at a time.
const CHUNK: usize = 64;

/// What a block's values mean to each lane.
#[derive(Debug, Clone, Copy)]
struct Law<const N: usize> {
    /// Share of the way to the present power that a sample makes while it is above, 1/(samples + 1), and while below.
    attack: [f32; N],
    release: [f32; N],
    /// Thresholds as powers, and their logarithms to base 2.
    upper: [f32; N],
    lower: [f32; N],
    upper_log2: [f32; N],
    lower_log2: [f32; N],
    /// Half the ratios: the powers are squares.
    upper_ratio: [f32; N],
    lower_ratio: [f32; N],
}

/// The powers that the bands' followers have reached.
#[derive(Debug, Clone, Copy, Default)]
struct Followers {
    /// Held at the thresholds that they matter beyond.
    above: Lanes,
    below: Lanes,
}

/// Attack, release and what bands have of thresholds and ratios.
type MadeOf = [f32; 14];

/// The compressor effect.
#[derive(Debug)]
pub struct Compressor {
    sample_rate: f32,
    crossovers: Crossovers,
    followers: Followers,
    /// What the law was made of, and it: its functions are dear.
    law: Option<([MadeOf; 2], Law<LANES>)>,
    /// By lane.
    gains: [Ramp; 6],
    mix: [Ramp; 2],
}

impl Compressor {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        Self {
            sample_rate,
            crossovers: Crossovers::new(sample_rate),
            followers: Followers::default(),
            law: None,
            gains: [Ramp::default(); 6],
            mix: [Ramp::default(); 2],
        }
    }

    /// At rest; the next block starts at its values.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate);
    }

    /// The law of both sides' values.
    fn law(&mut self, sides: &[CompressorParams; 2]) -> Law<LANES> {
        let made_of = sides.map(|p| {
            let mut made_of = [p.attack; 14];
            made_of[1] = p.release;
            for (slot, band) in made_of[2..].chunks_exact_mut(4).zip(&p.band) {
                slot.copy_from_slice(&[
                    band.upper_threshold_db,
                    band.lower_threshold_db,
                    band.upper_ratio,
                    band.lower_ratio,
                ]);
            }
            made_of
        });
        match self.law {
            Some((known, law)) if known == made_of => law,
            _ => {
                let law = Law::new(sides, self.sample_rate);
                self.law = Some((made_of, law));
                law
            }
        }
    }

    /// Replaces a block by its mix with the compressed signal. Each side follows its own values; which bands there are
    /// the left one says.
    pub fn process(
        &mut self,
        level: Level,
        left: &mut [f32],
        right: &mut [f32],
        sides: &[CompressorParams; 2],
    ) {
        let frames = left.len().min(right.len());
        let law = self.law(sides);
        let mut mix = [Line::default(); LANES];
        let mut gains = [Line::default(); LANES];
        for (side, p) in sides.iter().enumerate() {
            let line = self.mix[side].towards(p.mix.clamp(0.0, 1.0), frames);
            for (band, values) in p.band.iter().enumerate() {
                let lane = 2 * band + side;
                let gain = fast::db_to_gain(values.gain_db.clamp(-60.0, 60.0));
                gains[lane] = self.gains[lane].towards(gain, frames);
                mix[lane] = line;
            }
        }
        level.run(Block {
            left: &mut left[..frames],
            right: &mut right[..frames],
            crossovers: &mut self.crossovers,
            followers: &mut self.followers,
            bands: sides[0].bands,
            law: &law,
            gains: &gains,
            mix: &mix,
        });
        self.crossovers.flush();
    }
}

/// All loops over a block.
struct Block<'a> {
    left: &'a mut [f32],
    right: &'a mut [f32],
    crossovers: &'a mut Crossovers,
    followers: &'a mut Followers,
    bands: CompressorBands,
    law: &'a Law<LANES>,
    gains: &'a [Line; LANES],
    mix: &'a [Line; LANES],
}

impl Kernel for Block<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        match self.bands {
            CompressorBands::Multi => self.pass::<8>(0, Crossovers::multi),
            CompressorBands::Low => self.pass::<4>(0, Crossovers::low),
            CompressorBands::High => self.pass::<4>(2, Crossovers::high),
            CompressorBands::Single => self.pass::<2>(2, |_, left, right, out| {
                for ((out, l), r) in out.iter_mut().zip(left).zip(right) {
                    *out = [*l, *r];
                }
            }),
        }
    }
}

/// A value of each of `N` lanes.
type Row<const N: usize> = [f32; N];

impl Block<'_> {
    /// The lanes from `first` on, as many as the bands need; `split` makes them of both sides.
    #[inline(always)]
    fn pass<const N: usize>(
        self,
        first: usize,
        split: impl Fn(&mut Crossovers, &[f32], &[f32], &mut [Row<N>]),
    ) {
        let law = self.law.of::<N>(first);
        let (mut x, mut above, mut below) = ([[0.0; N]; CHUNK], [[1.0; N]; CHUNK], [[1.0; N]; CHUNK]);
        let (mut gain, mut mix) = ([[0.0; N]; CHUNK], [[0.0; N]; CHUNK]);
        let chunks = self.left.chunks_mut(CHUNK).zip(self.right.chunks_mut(CHUNK));
        for (number, (left, right)) in chunks.enumerate() {
            let frames = left.len();
            split(self.crossovers, left, right, &mut x[..frames]);
            follow(self.followers, &law, first, &x[..frames], &mut above, &mut below);
            for (i, (gain, mix)) in gain.iter_mut().zip(&mut mix).enumerate() {
                let at = number * CHUNK + i;
                for lane in 0..N {
                    gain[lane] = self.gains[first + lane].at(at);
                    mix[lane] = self.mix[first + lane].at(at);
                }
            }
            weigh(
                &law,
                above.as_flattened_mut(),
                below.as_flattened(),
                gain.as_flattened(),
                mix.as_flattened(),
            );
            for (i, (l, r)) in left.iter_mut().zip(right).enumerate() {
                let mut sum = [0.0; 2];
                for lane in 0..N {
                    sum[lane % 2] += x[i][lane] * above[i][lane];
                }
                (*l, *r) = (flush(sum[0]), flush(sum[1]));
            }
        }
    }
}

/// Follows the power of each lane, once where it is above its upper threshold and once where it is below its lower one.
#[inline(always)]
fn follow<const N: usize>(
    state: &mut Followers,
    law: &Law<N>,
    first: usize,
    x: &[Row<N>],
    above: &mut [Row<N>],
    below: &mut [Row<N>],
) {
    let mut a: Row<N> = std::array::from_fn(|lane| state.above[first + lane]);
    let mut b: Row<N> = std::array::from_fn(|lane| state.below[first + lane]);
    for ((x, above), below) in x.iter().zip(above).zip(below) {
        for lane in 0..N {
            let power = x[lane] * x[lane];
            let step = |state: f32| {
                let way = power - state;
                let (up, down) = (way * law.attack[lane], way * law.release[lane]);
                state + if way > 0.0 { up } else { down }
            };
            a[lane] = larger(step(a[lane]), law.upper[lane]);
            b[lane] = larger(smaller(step(b[lane]), law.lower[lane]), FLOOR);
        }
        (*above, *below) = (a, b);
    }
    state.above[first..first + N].copy_from_slice(&a);
    state.below[first..first + N].copy_from_slice(&b);
}

/// Lanes that are weighed at a time.
const WIDE: usize = 16;

/// Puts what each lane is multiplied by, dry share included, into `above`. The dry share too is the sum of the bands,
/// so that both shares have the crossovers' phase. All slices hold rows of `N`.
#[inline(always)]
fn weigh<const N: usize>(law: &Law<N>, above: &mut [f32], below: &[f32], gain: &[f32], mix: &[f32]) {
    let wide = |row: &Row<N>| -> [f32; WIDE] { std::array::from_fn(|i| row[i % N]) };
    let (upper, lower) = (wide(&law.upper_log2), wide(&law.lower_log2));
    let (upper_ratio, lower_ratio) = (wide(&law.upper_ratio), wide(&law.lower_ratio));
    let rows = above.chunks_exact_mut(WIDE).zip(below.chunks_exact(WIDE));
    let shares = gain.chunks_exact(WIDE).zip(mix.chunks_exact(WIDE));
    for ((above, below), (gain, mix)) in rows.zip(shares) {
        for i in 0..WIDE {
            let octaves =
                upper_ratio[i] * (upper[i] - log2(above[i])) + lower_ratio[i] * (lower[i] - log2(below[i]));
            let change = smaller(fast::exp2(octaves), HIGHEST_LIFT);
            above[i] = 1.0 + mix[i] * (change * gain[i] - 1.0);
        }
    }
}

/// The larger of two numbers, the second where the first is none.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The smaller of two numbers, the second where the first is none.
#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

impl Law<LANES> {
    /// That of `N` lanes from `first` on.
    #[inline(always)]
    fn of<const N: usize>(&self, first: usize) -> Law<N> {
        let row = |all: &Lanes| -> Row<N> { std::array::from_fn(|lane| all[first + lane]) };
        Law {
            attack: row(&self.attack),
            release: row(&self.release),
            upper: row(&self.upper),
            lower: row(&self.lower),
            upper_log2: row(&self.upper_log2),
            lower_log2: row(&self.lower_log2),
            upper_ratio: row(&self.upper_ratio),
            lower_ratio: row(&self.lower_ratio),
        }
    }
}

impl Law<LANES> {
    fn new(sides: &[CompressorParams; 2], sample_rate: f32) -> Self {
        let samples_per_ms = f64::from(sample_rate) / 1_000.0;
        // A value of each lane by its side and band; the silent lanes are as the high band's.
        let each = |of: &dyn Fn(&CompressorParams, usize) -> f32| -> Lanes {
            std::array::from_fn(|lane| of(&sides[lane % 2], (lane / 2).min(2)))
        };
        let share = |control: f32, base_ms: f64| {
            let factor = math::exp(8.0 * f64::from(control.clamp(0.0, 1.0)) - 4.0);
            (1.0 / (factor * base_ms * samples_per_ms + 1.0)) as f32
        };
        let threshold = |db: f32| {
            let gain = math::db_to_gain(f64::from(db));
            ((gain * gain) as f32).max(FLOOR)
        };
        let upper = each(&|p, band| threshold(p.band[band].upper_threshold_db));
        let lower = each(&|p, band| threshold(p.band[band].lower_threshold_db));
        Self {
            attack: each(&|p, band| share(p.attack, ATTACK_MS[band])),
            release: each(&|p, band| share(p.release, RELEASE_MS[band])),
            upper,
            lower,
            upper_log2: upper.map(log2),
            lower_log2: lower.map(log2),
            upper_ratio: each(&|p, band| 0.5 * p.band[band].upper_ratio.clamp(0.0, 1.0)),
            lower_ratio: each(&|p, band| 0.5 * p.band[band].lower_ratio.clamp(-1.0, 1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, gain_db, impulse, level_db, run, sine};

    fn default_params(bands: CompressorBands) -> CompressorParams {
        let band = |upper_threshold_db, lower_threshold_db, upper_ratio, gain_db| CompressorBand {
            upper_threshold_db,
            lower_threshold_db,
            upper_ratio,
            lower_ratio: 0.8,
            gain_db,
        };
        CompressorParams {
            bands,
            attack: 0.5,
            release: 0.5,
            mix: 1.0,
            band: [
                band(-28.0, -35.0, 0.9, 16.3),
                band(-25.0, -36.0, 0.857, 11.7),
                band(-30.0, -35.0, 1.0, 16.3),
            ],
        }
    }

    /// Gain in dB that a steady signal ends up with.
    fn gain_of(p: CompressorParams, input: &[f32]) -> f64 {
        let mut compressor = Compressor::new(RATE);
        let (left, _) = run(
            |l, r| compressor.process(Level::best(), l, r, &[p; 2]),
            input,
            input,
            128,
        );
        level_db(&left[60_000..]) - level_db(&input[60_000..])
    }

    /// Gain in dB of a constant of this level in dB.
    fn steady_gain(p: CompressorParams, level: f64) -> f64 {
        gain_of(p, &vec![math::db_to_gain(level) as f32; 88_200])
    }

    #[test]
    fn the_static_curve_lifts_the_quiet_and_presses_the_loud() {
        // T_low −36 dB, ratio 0.8: lifted by 0.8·(−36 − level); T_high −25 dB, ratio 0.857; +11.7 dB after.
        let p = default_params(CompressorBands::Single);
        for (level, expected) in [
            (-53.0, 0.8 * 17.0 + 11.7),
            (-30.0, 11.7),
            (-10.0, -0.857 * 15.0 + 11.7),
        ] {
            let gain = steady_gain(p, level);
            assert!(
                (gain - expected).abs() < 0.02,
                "{level} dB: {gain} instead of {expected}"
            );
        }
    }

    #[test]
    fn a_quiet_sine_gains_some_24_decibels_by_default() {
        let tone = sine(2_000.0, math::db_to_gain(-50.0), 88_200);
        let gain = gain_of(default_params(CompressorBands::Single), &tone);
        assert!((gain - 23.6).abs() < 0.5, "{gain}");
    }

    #[test]
    fn a_lift_ends_at_thirty_decibels() {
        let gain = steady_gain(default_params(CompressorBands::Single), -90.0);
        assert!((gain - 30.1 - 11.7).abs() < 0.3, "{gain}");
    }

    #[test]
    fn bands_that_change_nothing_sum_to_a_flat_response() {
        let mut p = default_params(CompressorBands::Multi);
        for band in &mut p.band {
            (band.upper_ratio, band.lower_ratio, band.gain_db) = (0.0, 0.0, 0.0);
        }
        for bands in [
            CompressorBands::Low,
            CompressorBands::High,
            CompressorBands::Single,
        ] {
            p.bands = bands;
            let mut compressor = Compressor::new(RATE);
            let impulse = impulse(1.0, 32_768);
            let (left, _) = run(
                |l, r| compressor.process(Level::best(), l, r, &[p; 2]),
                &impulse,
                &impulse,
                128,
            );
            for hz in [40.0, 120.0, 600.0, 2_500.0, 12_000.0] {
                assert!(
                    gain_db(&left, hz).abs() < 0.05,
                    "{bands:?} {hz} Hz: {}",
                    gain_db(&left, hz)
                );
            }
        }
    }

    #[test]
    fn without_mix_only_the_crossovers_remain() {
        let p = CompressorParams {
            mix: 0.0,
            ..default_params(CompressorBands::Multi)
        };
        assert!(gain_of(p, &sine(600.0, 0.004, 88_200)).abs() < 0.1);
    }
}
