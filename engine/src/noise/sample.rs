//! The noise and sample slot: a table of one sample and the voice that plays it.
//!
//! Reading is Vital's way (vital-laws §9): the sample at twice its rate, octave copies for higher speeds, a cubic through
//! four samples.

use std::sync::Arc;

use songwalker_schemas::asset::SampleAsset;

use super::{LOOP_RATE, hash, noise_loop, unit};
use crate::BLOCK;
use crate::math;
use crate::oscillator::Ramp;

/// Taps on each side of the half-band filter that doubles and halves rates.
const HALF_BAND_TAPS: usize = 24;
/// Most copies of a sample, each with half the bandwidth of the one before: enough for 16 times the speed.
const LEVELS: usize = 5;
/// Most samples of a channel for which more than three copies are kept.
const LONG: usize = 500_000;
/// Samples repeated before and behind a copy, so that four neighbours of any place lie side by side.
const BEFORE: usize = 1;
const BEHIND: usize = 3;
/// Sample frames for which a sample that is played once is held behind its end, and of silence behind those: more than
/// any filter reaches.
const HELD: usize = 1024;

/// A sample ready to be played at any speed: a noise loop or a recording, mono or stereo.
#[derive(Debug, Clone)]
pub struct SampleTable {
    sample_rate: f64,
    /// Length of the original.
    samples: usize,
    /// Length of what is gone round: the original, or with what was added to bounce or to end.
    round: usize,
    left: Vec<Band>,
    /// Empty for mono.
    right: Vec<Band>,
}

/// Copy l of a channel holds it at 2/2^l of its rate, with 1/2^l of its bandwidth, and with its ends repeated.
#[derive(Debug, Clone)]
struct Band {
    values: Vec<f32>,
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
        Self {
            sample_rate: f64::from(sample_rate),
            samples: samples.len(),
            round: samples.len(),
            left: copies(samples.iter().map(|&x| f32::from(x) / 32_768.0).collect()),
            right: Vec::new(),
        }
    }

    /// The loop as it is played with a setup: with its way back where it bounces, else with its end held where it is
    /// played once. Neither has a seam then that a filter would hear.
    #[must_use]
    pub fn formed(self: Arc<Self>, setup: &SampleSetup) -> Arc<Self> {
        if self.samples == 0 || self.round != self.samples || (setup.loop_on && !setup.bounce) {
            return self;
        }
        let form = |bands: &[Band]| -> Vec<Band> {
            let Some(band) = bands.first() else {
                return Vec::new();
            };
            let mut samples: Vec<f32> = band.values[BEFORE..].iter().step_by(2).copied().collect();
            samples.truncate(self.samples);
            if setup.bounce {
                samples.extend_from_within(..);
                samples[self.samples..].reverse();
            } else {
                samples.resize(self.samples + HELD, samples[self.samples - 1]);
                samples.resize(self.samples + 2 * HELD, 0.0);
            }
            copies(samples)
        };
        Arc::new(Self {
            sample_rate: self.sample_rate,
            samples: self.samples,
            round: if setup.bounce {
                2 * self.samples
            } else {
                self.samples + 2 * HELD
            },
            left: form(&self.left),
            right: form(&self.right),
        })
    }

    /// The table of an imported sample.
    #[must_use]
    pub fn of_asset(asset: &SampleAsset) -> Self {
        let mut table = Self::new(&asset.left, asset.sample_rate);
        if let Some(right) = asset
            .right
            .as_ref()
            .filter(|right| right.len() == asset.left.len())
        {
            table.right = copies(right.iter().map(|&x| f32::from(x) / 32_768.0).collect());
        }
        table
    }

    /// Length in samples of the original.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Memory that the table takes, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let all = self.left.iter().chain(&self.right);
        all.map(|copy| copy.values.len() * size_of::<f32>()).sum()
    }

    /// The copy for `speed` samples of the original to an output frame: the one with 1/speed of the bandwidth just does
    /// not alias.
    fn level(&self, speed: f64) -> usize {
        let fits = |level: usize| speed <= 1.001 * (1_u64 << level) as f64;
        (0..self.left.len() - 1).take_while(|&level| !fits(level)).count()
    }
}

/// How many samples of the original Vital plays late at a speed: three of the copy that it reads, which is of twice the
/// rate below the original speed, of the same up to twice it, and so on (measured in frames at 44.1 kHz: 6, 3 and 2.1 at
/// speeds of ¼, ½ and 0.7; 3, 2.1, 3 and 3 at 1, 1.4, 2 and 4).
fn late(speed: f64) -> f64 {
    let (mut late, mut octave) = (1.5, 1.0);
    while octave < 32.0 && speed >= 0.9999 * octave {
        late *= 2.0;
        octave *= 2.0;
    }
    late
}

/// The copies of a channel. Where a length is odd, two rounds of the loop are halved, so that it stays without a seam.
fn copies(mut band: Vec<f32>) -> Vec<Band> {
    let most = if band.len() > LONG { 3 } else { LEVELS };
    let mut copies = vec![Band::new(doubled(&band))];
    while copies.len() < most && !band.is_empty() {
        if !band.len().is_multiple_of(2) {
            band.extend_from_within(..);
        }
        band = halved(&band);
        copies.push(Band::new(doubled(&band)));
    }
    copies
}

impl Band {
    fn new(ring: Vec<f32>) -> Self {
        let n = ring.len();
        let mut values = Vec::with_capacity(n + BEFORE + BEHIND);
        if n > 0 {
            values.push(ring[n - 1]);
            values.extend_from_slice(&ring);
            values.extend((0..BEHIND).map(|i| ring[i % n]));
        }
        Self { values }
    }

    /// The value at a place in its own samples, by Catmull and Rom's cubic.
    #[inline(always)]
    fn at(&self, x: f64) -> f32 {
        let x = x.max(0.0).min((self.values.len() - BEFORE - BEHIND) as f64);
        let i = x as usize;
        let t = (x - i as f64) as f32;
        let Some(&[a, b, c, d]) = self.values[i..].first_chunk() else {
            return 0.0;
        };
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

/// The loop with `reach` more samples of it before and after.
fn looped(samples: &[f32], reach: usize) -> Vec<f32> {
    let n = samples.len();
    let before = (n - reach % n) % n;
    (0..n + 2 * reach).map(|i| samples[(before + i) % n]).collect()
}

/// A loop at twice its rate.
fn doubled(samples: &[f32]) -> Vec<f32> {
    if samples.is_empty() {
        return Vec::new();
    }
    let taps = half_band();
    let around = looped(samples, taps.len());
    (0..samples.len())
        .flat_map(|i| {
            let window = &around[i + 1..i + 1 + 2 * taps.len()];
            let (before, after) = window.split_at(taps.len());
            let pairs = before.iter().rev().zip(after);
            let sum: f32 = taps.iter().zip(pairs).map(|(tap, (x, y))| tap * (x + y)).sum();
            [samples[i], 2.0 * sum]
        })
        .collect()
}

/// A loop of even length at half its rate, without what would not fit.
fn halved(samples: &[f32]) -> Vec<f32> {
    let taps = half_band();
    let reach = 2 * taps.len();
    let around = looped(samples, reach);
    (0..samples.len() / 2)
        .map(|i| {
            let centre = reach + 2 * i;
            let pair = |j: usize| around[centre - 1 - 2 * j] + around[centre + 1 + 2 * j];
            let sum: f32 = taps.iter().enumerate().map(|(j, tap)| tap * pair(j)).sum();
            0.5 * around[centre] + sum
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
    /// How late it plays, in samples of the original: by the speed at the note's start, so that no change of it jumps.
    late: f64,
    last: SampleControls,
    /// Left and right before level and pan; a mono sample fills the left one only.
    raw: [Vec<f32>; 2],
    mono: bool,
}

impl SamplePlayer {
    /// A voice for blocks of at most `longest` sample frames at the oversampled rate `rate` in hertz.
    #[must_use]
    pub fn new(setup: SampleSetup, rate: f64, longest: usize) -> Self {
        let last = SampleControls {
            note: 60.0,
            transpose: 0.0,
            tune: 0.0,
            level: 0.0,
            pan: 0.0,
        };
        Self {
            setup,
            rate,
            place: 0.0,
            late: 0.0,
            last,
            raw: [vec![0.0; longest], vec![0.0; longest]],
            mono: true,
        }
    }

    /// Starts a note; `seed` decides where in the sample if that is by chance.
    pub fn start(&mut self, table: &SampleTable, controls: &SampleControls, seed: u64) {
        self.last = *controls;
        self.mono = table.right.is_empty();
        self.late = late(self.speed(controls) * table.sample_rate / self.rate);
        self.place = if self.setup.random_start {
            (unit(hash(seed, 0)) * table.samples() as f64).floor()
        } else {
            0.0
        };
    }

    /// Writes a block of at most the longest length; level and pan go straight to `controls` over it, but for the level's
    /// `detour` at the base rate (Vital's level follows an LFO per sample frame).
    pub fn render(
        &mut self,
        table: &SampleTable,
        controls: &SampleControls,
        detour: Option<&[f32; BLOCK]>,
        left: &mut [f32],
        right: &mut [f32],
    ) {
        let frames = left.len().min(right.len()).min(self.raw[0].len());
        let speed = self.speed(controls) * table.sample_rate / self.rate;
        self.read(table, speed, frames);
        let gains = Ramp::pan(self.last.pan, controls.pan, frames);
        let (from, to) = (self.last.level.clamp(0.0, 2.0), controls.level.clamp(0.0, 2.0));
        let step = (to - from) / frames as f32;
        let times = (frames / BLOCK).max(1);
        let beside = |i: usize| {
            let Some(detour) = detour else { return 0.0 };
            let frame = (i / times).min(BLOCK - 1);
            let before = if frame > 0 { detour[frame - 1] } else { 0.0 };
            before + (detour[frame] - before) * (i % times + 1) as f32 / times as f32
        };
        let (raw_left, raw_right) = self.raw();
        for i in 0..frames {
            let level = (from + step * (i + 1) as f32 + beside(i)).clamp(0.0, 2.0);
            let gain = level * level;
            left[i] = raw_left[i] * gain * gains.left(i);
            right[i] = raw_right[i] * gain * gains.right(i);
        }
        self.last = *controls;
    }

    /// Left and right of the last block before level and pan.
    #[must_use]
    pub fn raw(&self) -> (&[f32], &[f32]) {
        let [left, right] = &self.raw;
        (left, if self.mono { left } else { right })
    }

    fn speed(&self, controls: &SampleControls) -> f64 {
        let note = if self.setup.keytrack {
            f64::from(controls.note) - 60.0
        } else {
            0.0
        };
        math::exp2((note + f64::from(controls.transpose) + f64::from(controls.tune)) / 12.0)
    }

    fn read(&mut self, table: &SampleTable, speed: f64, frames: usize) {
        if table.samples == 0 {
            self.raw.iter_mut().for_each(|raw| raw[..frames].fill(0.0));
            return;
        }
        let level = table.level(speed);
        let scale = 2.0 / f64::from(1_u32 << level);
        let period = table.round as f64;
        let late = self.late;
        // Where a sample that is played once stays.
        let end = (table.samples + HELD / 2) as f64;
        let copies = [table.left.get(level), table.right.get(level)];
        let start = self.place;
        for (raw, copy) in self.raw.iter_mut().zip(copies) {
            let Some(copy) = copy else { continue };
            self.place = start;
            for out in &mut raw[..frames] {
                if self.place >= period && self.setup.loop_on {
                    self.place -= period * (self.place / period).floor();
                }
                let place = self.place - late;
                *out = if self.setup.loop_on {
                    copy.at((if place < 0.0 { place + period } else { place }) * scale)
                } else if !self.setup.bounce {
                    copy.at(place.min(end) * scale)
                } else if place < period {
                    copy.at(place * scale)
                } else {
                    0.0
                };
                self.place += speed;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: SampleSetup = SampleSetup {
        keytrack: false,
        loop_on: true,
        bounce: false,
        random_start: false,
    };
    const FULL: SampleControls = SampleControls {
        note: 60.0,
        transpose: 0.0,
        tune: 0.0,
        level: 1.0,
        pan: 0.0,
    };

    /// Gain of a pan of 0: √2 of the quick sine of an eighth.
    const CENTRE: f32 = 1.001_263_2;

    #[test]
    fn playing_at_the_original_speed_gives_the_samples_back() {
        let samples: Vec<i16> = (0..200).map(|i| ((i * 7919) % 20_011 - 10_000) as i16).collect();
        let table = SampleTable::new(&samples, 44_100);
        let mut player = SamplePlayer::new(PLAIN, 44_100.0, 64);
        player.start(&table, &FULL, 0);
        let (mut left, mut right) = (vec![0.0; 64], vec![0.0; 64]);
        for block in 0..6 {
            player.render(&table, &FULL, None, &mut left, &mut right);
            for i in 0..64 {
                let want = CENTRE * f32::from(samples[(block * 64 + i + 200 - 3) % 200]) / 32_768.0;
                assert!((left[i] - want).abs() < 1e-6 && (right[i] - want).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn without_looping_a_sample_stays_at_its_end_and_bouncing_turns_it_round() {
        let samples: Vec<i16> = (0..50).map(|i| 100 * i).collect();
        let table = SampleTable::new(&samples, 44_100);
        let (mut left, mut right) = (vec![0.0; 120], vec![0.0; 120]);
        let setup = SampleSetup {
            loop_on: false,
            ..PLAIN
        };
        let original = Arc::new(table);
        let table = original.clone().formed(&setup);
        let mut once = SamplePlayer::new(setup, 44_100.0, 120);
        once.start(&table, &FULL, 0);
        once.render(&table, &FULL, None, &mut left, &mut right);
        assert!(left[52] > 0.1 && left[53..].iter().all(|&x| (x - left[52]).abs() < 1e-6));
        assert!(left[51] < left[52] - 1e-3);
        let setup = SampleSetup {
            bounce: true,
            ..PLAIN
        };
        let table = original.formed(&setup);
        let mut bouncing = SamplePlayer::new(setup, 44_100.0, 120);
        bouncing.start(&table, &FULL, 0);
        bouncing.render(&table, &FULL, None, &mut left, &mut right);
        assert!((left[63] - left[42]).abs() < 1e-6 && (left[105] - left[5]).abs() < 1e-6);
    }

    #[test]
    fn a_jump_of_the_level_inside_a_block_is_heard_at_its_frame() {
        let samples: Vec<i16> = vec![16_000; 4_000];
        let table = SampleTable::new(&samples, 44_100);
        let mut player = SamplePlayer::new(PLAIN, 44_100.0, 128);
        let way: [f32; BLOCK] = std::array::from_fn(|i| if i < 30 { 0.0 } else { 0.25 });
        player.start(&table, &FULL, 0);
        let (mut left, mut right) = (vec![0.0; 128], vec![0.0; 128]);
        player.render(&table, &FULL, Some(&way), &mut left, &mut right);
        assert!(left[..59].iter().all(|x| (x / left[0] - 1.0).abs() < 1e-3));
        assert!(
            left[61..]
                .iter()
                .all(|x| (x / left[0] - 1.25 * 1.25).abs() < 1e-3)
        );
    }

    #[test]
    fn an_octave_up_plays_twice_as_fast() {
        let samples: Vec<i16> = (0..400)
            .map(|i| (8000.0 * math::sin(math::PI * f64::from(i) / 50.0)) as i16)
            .collect();
        let table = SampleTable::new(&samples, 44_100);
        let mut player = SamplePlayer::new(
            SampleSetup {
                keytrack: true,
                ..PLAIN
            },
            44_100.0,
            64,
        );
        let up = SampleControls { note: 72.0, ..FULL };
        player.start(&table, &up, 0);
        let (mut left, mut right) = (vec![0.0; 64], vec![0.0; 64]);
        player.render(&table, &up, None, &mut left, &mut right);
        for (i, x) in left.iter().enumerate() {
            // Six samples late.
            let want = f32::from(samples[(2 * i + 400 - 6) % 400]) / 32_768.0;
            assert!((x - want).abs() < 1e-3, "{i}: {x} {want}");
        }
    }

    #[test]
    fn both_channels_of_a_stereo_sample_are_played_on_their_sides() {
        let channel = |salt: i16| (0..100).map(|i| 50 * i + salt).collect::<Vec<i16>>();
        let table = SampleTable::of_asset(&SampleAsset {
            name: String::new(),
            sample_rate: 44_100,
            left: channel(1),
            right: Some(channel(-9_000)),
        });
        let mut player = SamplePlayer::new(PLAIN, 44_100.0, 64);
        player.start(&table, &FULL, 0);
        let (mut left, mut right) = (vec![0.0; 64], vec![0.0; 64]);
        player.render(&table, &FULL, None, &mut left, &mut right);
        for (i, (l, r)) in left.iter().zip(&right).enumerate() {
            let want = |salt: i16| CENTRE * f32::from(50 * ((i + 100 - 3) % 100) as i16 + salt) / 32_768.0;
            assert!(
                (l - want(1)).abs() < 1e-6 && (r - want(-9_000)).abs() < 1e-6,
                "{i}"
            );
        }
    }

    #[test]
    fn an_odd_loop_played_four_octaves_up_has_no_seam() {
        let turns = |i: f64| math::sin(2.0 * math::PI * i * 5.0 / 1_001.0);
        let samples: Vec<i16> = (0..1_001)
            .map(|i| (16_000.0 * turns(f64::from(i))) as i16)
            .collect();
        let table = SampleTable::new(&samples, 44_100);
        let tracked = SampleSetup {
            keytrack: true,
            ..PLAIN
        };
        let mut player = SamplePlayer::new(tracked, 44_100.0, 256);
        let up = SampleControls { note: 108.0, ..FULL };
        player.start(&table, &up, 0);
        let (mut left, mut right) = (vec![0.0; 256], vec![0.0; 256]);
        player.render(&table, &up, None, &mut left, &mut right);
        for (i, x) in left.iter().enumerate() {
            // 48 samples late.
            let want = 16_000.0 / 32_768.0 * turns(16.0 * i as f64 - 48.0);
            assert!((f64::from(*x) - want).abs() < 2e-3, "{i}: {x} {want}");
        }
    }
}
