//! Numbers by chance that are always the same, and the noise slot that plays a loop of them.
//!
//! A loop lasts a second at 44,100 Hz. Its colour is a tilt of its spectrum, made in the frequency domain, so that the
//! loop has no seam. It is kept as 16-bit samples, which a `.vital` file carries too, so that both engines play the
//! same noise. Reading is Vital's way (vital-laws §9): the loop at twice its rate, octave copies for higher speeds, a
//! cubic through four samples.

use crate::math::{self, fast};

/// Samples of a noise loop.
pub const LOOP_SAMPLES: usize = 44_100;
/// Sample rate of a noise loop in hertz.
pub const LOOP_RATE: u32 = 44_100;
/// RMS of white noise, that of uniform numbers in −1..1: as loud as Vital's own.
const WHITE_RMS: f64 = 0.577_350_269_189_625_8;
/// Taps on each side of the half-band filter that doubles and halves rates.
const HALF_BAND_TAPS: usize = 24;
/// Copies of the loop, each an octave lower in bandwidth than the one before.
const LEVELS: usize = 4;

/// A number by chance for `index` under `seed`: the same wherever and in whatever order it is asked for (the finaliser
/// of SplitMix64).
#[must_use]
pub const fn hash(seed: u64, index: u64) -> u64 {
    let mut x = seed
        .wrapping_mul(0xd134_2543_de82_ef95)
        .wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A hash as a number in 0..1 (1 excluded).
#[must_use]
pub const fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A second of noise. `color` −1..1 tilts its spectrum: −1 is −6 dB an octave (brown), −0.5 −3 dB (pink), 0 white,
/// +1 +3 dB (blue); below 20 Hz it fades out. Its RMS is that of white noise unless its peaks would leave ±1.
#[must_use]
pub fn noise_loop(color: f64) -> Vec<i16> {
    let white = |n: usize| 2.0 * unit(hash(0x6e6f_6973_6500, n as u64)) - 1.0;
    let color = color.clamp(-1.0, 1.0);
    let samples: Vec<f64> = if color == 0.0 {
        (0..LOOP_SAMPLES).map(white).collect()
    } else {
        tilted((0..LOOP_SAMPLES).map(white).collect(), if color < 0.0 { color } else { 0.5 * color })
    };
    let mean_square = samples.iter().map(|x| x * x).sum::<f64>() / LOOP_SAMPLES as f64;
    let peak = samples.iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    let gain = (WHITE_RMS / math::sqrt(mean_square)).min(1.0 / peak);
    samples.iter().map(|x| (x * gain * 32_767.0).round_ties_even() as i16).collect()
}

/// The loop with each frequency's amplitude times (f / 1 kHz)^`exponent`.
fn tilted(samples: Vec<f64>, exponent: f64) -> Vec<f64> {
    let dft = Dft::new(LOOP_SAMPLES);
    let mut spectrum = dft.transform(samples.into_iter().map(|x| [x, 0.0]).collect());
    for (k, bin) in spectrum.iter_mut().enumerate() {
        // The loop lasts a second, so bins are hertz.
        let hz = k.min(LOOP_SAMPLES - k) as f64;
        let fade = (hz / 20.0).min(1.0);
        let gain = fade * fade * math::pow(hz.max(20.0) / 1000.0, exponent);
        *bin = [bin[0] * gain, -bin[1] * gain];
    }
    // The transform of the conjugate is the conjugate of the inverse; the loop is real, so its real part is all.
    dft.transform(spectrum).into_iter().map(|x| x[0] / LOOP_SAMPLES as f64).collect()
}

/// A discrete Fourier transform of any length with small prime factors, in double precision.
struct Dft {
    factors: Vec<usize>,
    /// e^(−2πi·k/n).
    circle: Vec<[f64; 2]>,
}

impl Dft {
    fn new(n: usize) -> Self {
        let (mut factors, mut rest, mut factor) = (Vec::new(), n, 2);
        while rest > 1 {
            if rest.is_multiple_of(factor) {
                factors.push(factor);
                rest /= factor;
            } else {
                factor += 1;
            }
        }
        let angle = |k: usize| -2.0 * math::PI * k as f64 / n as f64;
        Self { factors, circle: (0..n).map(|k| [math::cos(angle(k)), math::sin(angle(k))]).collect() }
    }

    fn transform(&self, input: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
        let mut output = vec![[0.0; 2]; input.len()];
        self.step(&input, 1, &self.factors, &mut output);
        output
    }

    /// The transform of every `stride`-th input, as many as `output` holds, by decimation in time.
    fn step(&self, input: &[[f64; 2]], stride: usize, factors: &[usize], output: &mut [[f64; 2]]) {
        let Some((&p, rest)) = factors.split_first() else {
            output[0] = input[0];
            return;
        };
        let m = output.len() / p;
        for (r, part) in output.chunks_exact_mut(m).enumerate() {
            self.step(&input[r * stride..], stride * p, rest, part);
        }
        let n = self.circle.len();
        let mut column = [[0.0; 2]; 16];
        for k in 0..m {
            for (r, part) in column[..p].iter_mut().enumerate() {
                *part = output[k + r * m];
            }
            for q in 0..p {
                let turn = (k + q * m) * stride;
                let mut sum = column[0];
                let mut at = 0;
                for part in &column[1..p] {
                    at = (at + turn) % n;
                    let w = self.circle[at];
                    sum[0] += part[0] * w[0] - part[1] * w[1];
                    sum[1] += part[0] * w[1] + part[1] * w[0];
                }
                output[k + q * m] = sum;
            }
        }
    }
}

/// A sample ready to be played at any speed: a noise loop or a recording.
#[derive(Debug, Clone)]
pub struct SampleTable {
    sample_rate: f64,
    /// Copy l holds the sample at 2/2^l of its rate.
    levels: Vec<Vec<f32>>,
}

impl SampleTable {
    /// The table of a second of noise; see [`noise_loop`].
    #[must_use]
    pub fn noise(color: f64) -> Self {
        Self::new(&noise_loop(color), LOOP_RATE)
    }

    /// The table of 16-bit samples at their rate in hertz.
    #[must_use]
    pub fn new(samples: &[i16], sample_rate: u32) -> Self {
        let original: Vec<f32> = samples.iter().map(|&x| f32::from(x) / 32_768.0).collect();
        let mut levels = vec![doubled(&original)];
        for _ in 1..LEVELS {
            let next = halved(&levels[levels.len() - 1]);
            levels.push(next);
        }
        Self { sample_rate: f64::from(sample_rate), levels }
    }

    /// Length in samples of the original.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.levels[0].len() / 2
    }

    /// The value at a place in samples of the original, in copy `level`; the ends meet.
    #[inline]
    fn at(&self, level: usize, place: f64) -> f32 {
        let table = &self.levels[level];
        let n = table.len();
        let x = place * (2.0 / (1_u32 << level) as f64);
        let i = x as usize;
        let t = (x - i as f64) as f32;
        let at = |j: usize| table[if j >= n { j - n } else { j }];
        let i = i.min(n - 1);
        let (a, b, c, d) = (at(i + n - 1), at(i), at(i + 1), at(i + 2));
        let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
        let cubic = 3.0 * (b - c) + d - a;
        b + 0.5 * t * (c - a + t * (square + t * cubic))
    }
}

/// Half of an ideal half-band filter's taps at odd distances 1, 3, 5, …, under Blackman's window; their sum is ½.
fn half_band() -> Vec<f32> {
    let reach = (2 * HALF_BAND_TAPS) as f64;
    let taps: Vec<f64> = (0..HALF_BAND_TAPS)
        .map(|i| {
            let d = (2 * i + 1) as f64;
            let turn = math::PI * d / reach;
            let window = 0.42 + 0.5 * math::cos(turn) + 0.08 * math::cos(2.0 * turn);
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            window * sign / (math::PI * d)
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|t| (0.25 * t / sum) as f32).collect()
}

/// Around place `i` of a loop: Σ tap·(x\[i−d\] + x\[i+1+d\]).
fn across(loop_: &[f32], i: usize, step: usize, offset: usize, taps: &[f32]) -> f32 {
    let n = loop_.len();
    let mut sum = 0.0;
    for (j, tap) in taps.iter().enumerate() {
        let before = (i + n * (1 + (step * j) / n) - step * j) % n;
        let after = (i + offset + step * j) % n;
        sum += tap * (loop_[before] + loop_[after]);
    }
    sum
}

/// A loop at twice its rate.
fn doubled(samples: &[f32]) -> Vec<f32> {
    let taps = half_band();
    (0..samples.len()).flat_map(|i| [samples[i], 2.0 * across(samples, i, 1, 1, &taps)]).collect()
}

/// A loop at half its rate, without what would not fit.
fn halved(samples: &[f32]) -> Vec<f32> {
    let taps = half_band();
    let n = samples.len();
    (0..n / 2)
        .map(|i| {
            let centre = 2 * i;
            0.5 * samples[centre] + across(samples, (centre + n - 1) % n, 2, 2, &taps)
        })
        .collect()
}

/// The slot's controls at the end of a control block, in raw units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleControls {
    /// The note with bend and glide (MIDI); heard only when keytracked.
    pub note: f32,
    /// Semitones.
    pub transpose: f32,
    /// Hundreds of cents, −1..1.
    pub tune: f32,
    /// Level; the gain is its square (0..2).
    pub level: f32,
    /// Pan −1..1.
    pub pan: f32,
}

/// How the slot plays its sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleSetup {
    /// The speed follows the note, 60 being the original.
    pub keytrack: bool,
    /// The sample starts again at its end.
    pub loop_on: bool,
    /// It turns round at its ends.
    pub bounce: bool,
    /// Each note starts elsewhere.
    pub random_start: bool,
}

/// One voice of the noise and sample slot.
#[derive(Debug, Clone)]
pub struct SamplePlayer {
    setup: SampleSetup,
    /// Output sample frames per second, oversampled.
    rate: f64,
    /// Samples of the original since the start.
    place: f64,
    last: SampleControls,
    raw: Vec<f32>,
}

impl SamplePlayer {
    /// A voice for blocks of at most `longest` sample frames at the oversampled rate `rate` in hertz.
    #[must_use]
    pub fn new(setup: SampleSetup, rate: f64, longest: usize) -> Self {
        let last = SampleControls { note: 60.0, transpose: 0.0, tune: 0.0, level: 0.0, pan: 0.0 };
        Self { setup, rate, place: 0.0, last, raw: vec![0.0; longest] }
    }

    /// Starts a note; `seed` decides where in the sample if that is by chance.
    pub fn start(&mut self, table: &SampleTable, controls: &SampleControls, seed: u64) {
        self.last = *controls;
        self.place = if self.setup.random_start {
            (unit(hash(seed, 0)) * table.samples() as f64).floor()
        } else {
            0.0
        };
    }

    /// Writes a block of at most the longest length; level and pan go straight to `controls` over it.
    pub fn render(&mut self, table: &SampleTable, controls: &SampleControls, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len()).min(self.raw.len());
        let speed = self.speed(controls) * table.sample_rate / self.rate;
        self.read(table, speed, frames);
        let gains = Ramp::pan(self.last.pan, controls.pan, frames);
        let (from, to) = (self.last.level.clamp(0.0, 2.0), controls.level.clamp(0.0, 2.0));
        let step = (to - from) / frames as f32;
        for i in 0..frames {
            let level = from + step * (i + 1) as f32;
            let value = self.raw[i] * level * level;
            left[i] = value * gains.left(i);
            right[i] = value * gains.right(i);
        }
        self.last = *controls;
    }

    /// The last block before level and pan, the same on both sides.
    #[must_use]
    pub fn raw(&self) -> &[f32] {
        &self.raw
    }

    fn speed(&self, controls: &SampleControls) -> f64 {
        let note = if self.setup.keytrack { f64::from(controls.note) - 60.0 } else { 0.0 };
        math::exp2((note + f64::from(controls.transpose) + f64::from(controls.tune)) / 12.0)
    }

    fn read(&mut self, table: &SampleTable, speed: f64, frames: usize) {
        let length = table.samples() as f64;
        if length == 0.0 {
            self.raw[..frames].fill(0.0);
            return;
        }
        let wanted = self.rate / table.sample_rate * speed;
        // Copy l may be read at up to 2^l times the original's rate of 44.1 kHz without aliasing into what is heard.
        let level = (1..LEVELS).take_while(|&l| wanted > f64::from(1_u32 << l) * 0.5 * 1.001 * self.rate / 44_100.0).count();
        let period = if self.setup.bounce { 2.0 * length } else { length };
        for out in &mut self.raw[..frames] {
            if self.place >= period && self.setup.loop_on {
                self.place -= period * (self.place / period).floor();
            }
            let place = if self.place >= length && self.setup.bounce { 2.0 * length - self.place } else { self.place };
            *out = if (0.0..length).contains(&place) { table.at(level, place) } else { 0.0 };
            self.place += speed;
        }
    }
}

/// Gains of two channels that go straight from one pan to another over a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ramp {
    from: [f32; 2],
    step: [f32; 2],
}

impl Ramp {
    /// Constant-power pan: √2·cos and √2·sin of π/4·(1+p), 0 dB in the centre, +3 dB at an edge.
    pub(crate) fn pan(from: f32, to: f32, frames: usize) -> Self {
        let gains = |p: f32| {
            let eighths = (1.0 + p.clamp(-1.0, 1.0)) * 0.125;
            [fast::cos_cycles(eighths), fast::sin_cycles(eighths)].map(|g| g * std::f32::consts::SQRT_2)
        };
        Self::between(gains(from), gains(to), frames)
    }

    /// From one pair of gains to another.
    pub(crate) fn between(from: [f32; 2], to: [f32; 2], frames: usize) -> Self {
        let length = frames.max(1) as f32;
        Self { from, step: [(to[0] - from[0]) / length, (to[1] - from[1]) / length] }
    }

    /// The first gain at frame `i`; the last frame of the block is at the end.
    #[inline(always)]
    pub(crate) fn left(&self, i: usize) -> f32 {
        self.from[0] + self.step[0] * (i + 1) as f32
    }

    /// The second gain at frame `i`.
    #[inline(always)]
    pub(crate) fn right(&self, i: usize) -> f32 {
        self.from[1] + self.step[1] * (i + 1) as f32
    }
}
