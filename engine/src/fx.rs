//! The effects, in the order of the patch, at the oversampled rate.
//!
//! Every effect takes its values in engineering units at the end of a block and moves to them in a straight line, so
//! that nothing clicks; with values that stand still the samples do not depend on the sizes of the blocks. All memory is
//! taken at construction. Formulas: `vital-laws.md` §9.

pub mod chorus;
pub mod compressor;
pub mod delay;
mod delay_line;
pub mod distortion;
mod echo;
pub mod eq;
pub mod flanger;
mod log2;
mod mix;
mod one_pole;
pub mod phaser;
#[cfg(test)]
mod probe;
mod ramp;
pub mod reverb;
mod slots;
mod svf;

use songwalker_schemas::PatchSpec;
use songwalker_schemas::params;
use songwalker_schemas::patch::Fx;
use songwalker_schemas::patch::fx::FxType;

use crate::filter::StereoFilter;
use crate::math;
use crate::modulation::Matrix;
use crate::simd::Level;
use crate::voice::plan::sided;
use slots::{
    AllCompressorSlots, ChorusSlots, DelaySlots, DistortionSlots, EqSlots, FilterSlots, FlangerSlots,
    PhaserSlots, ReverbSlots,
};

/// Input that goes straight into one effect, (left, right), by [`FxType::index`].
pub type Sends<'a> = [Option<(&'a [f32], &'a [f32])>; 9];

/// The raw values of the left side, and of the right side where they differ.
#[derive(Debug, Clone, Copy)]
struct Sides<'a> {
    left: &'a [f32],
    right: Option<&'a [f32]>,
}

impl Sides<'_> {
    /// What `read` makes of both sides' values.
    fn both<T: Copy>(self, read: impl Fn(&[f32]) -> T) -> [T; 2] {
        let left = read(self.left);
        [left, self.right.map_or(left, read)]
    }
}

/// One effect with the raw values that it reads.
#[derive(Debug)]
enum Unit {
    Chorus(Box<chorus::Chorus>, ChorusSlots),
    Compressor(Box<compressor::Compressor>, AllCompressorSlots),
    Delay(Box<delay::Delay>, DelaySlots),
    Distortion(Box<distortion::Distortion>, DistortionSlots),
    Eq(Box<eq::Eq>, EqSlots),
    Filter(Box<StereoFilter>, FilterSlots),
    Flanger(Box<flanger::Flanger>, FlangerSlots),
    Phaser(Box<phaser::Phaser>, PhaserSlots),
    Reverb(Box<reverb::Reverb>, ReverbSlots),
}

impl Unit {
    fn new(fx: &Fx, sample_rate: f32, oversampling: usize) -> Self {
        match fx {
            Fx::Chorus(_) => Self::Chorus(Box::new(chorus::Chorus::new(sample_rate)), ChorusSlots::new()),
            Fx::Compressor(_) => Self::Compressor(
                Box::new(compressor::Compressor::new(sample_rate)),
                AllCompressorSlots::new(),
            ),
            Fx::Delay(_) => Self::Delay(Box::new(delay::Delay::new(sample_rate)), DelaySlots::new()),
            Fx::Distortion(_) => Self::Distortion(
                Box::new(distortion::Distortion::new(sample_rate, oversampling)),
                DistortionSlots::new(),
            ),
            Fx::Eq(_) => Self::Eq(Box::new(eq::Eq::new(sample_rate)), EqSlots::new()),
            Fx::Filter(spec) => {
                let filter = StereoFilter::new(spec.model, spec.style, sample_rate);
                Self::Filter(Box::new(filter), FilterSlots::new())
            }
            Fx::Flanger(_) => {
                Self::Flanger(Box::new(flanger::Flanger::new(sample_rate)), FlangerSlots::new())
            }
            Fx::Phaser(_) => Self::Phaser(Box::new(phaser::Phaser::new(sample_rate)), PhaserSlots::new()),
            Fx::Reverb(_) => Self::Reverb(Box::new(reverb::Reverb::new(sample_rate)), ReverbSlots::new()),
        }
    }

    fn process(
        &mut self,
        level: Level,
        left: &mut [f32],
        right: &mut [f32],
        raw: Sides<'_>,
        bpm: f64,
        note: f32,
    ) {
        let (sides, raw) = (raw, raw.left);
        match self {
            Self::Chorus(fx, slots) => fx.process(level, left, right, &slots.read(raw, bpm)),
            Self::Compressor(fx, slots) => {
                fx.process(level, left, right, &sides.both(|raw| slots.read(raw)));
            }
            Self::Delay(fx, slots) => fx.process(level, left, right, &slots.read(raw, bpm)),
            Self::Distortion(fx, slots) => {
                fx.process(level, left, right, &sides.both(|raw| slots.read(raw)));
            }
            Self::Eq(fx, slots) => fx.process(level, left, right, &sides.both(|raw| slots.read(raw))),
            Self::Filter(fx, slots) => {
                fx.process(level, left, right, &sides.both(|raw| slots.read(raw, note)));
            }
            Self::Flanger(fx, slots) => fx.process(level, left, right, &slots.read(raw, bpm)),
            Self::Phaser(fx, slots) => fx.process(level, left, right, &slots.read(raw, bpm)),
            Self::Reverb(fx, slots) => fx.process(level, left, right, &slots.read(raw)),
        }
    }

    fn reset(&mut self) {
        match self {
            Self::Chorus(fx, _) => fx.reset(),
            Self::Compressor(fx, _) => fx.reset(),
            Self::Delay(fx, _) => fx.reset(),
            Self::Distortion(fx, _) => fx.reset(),
            Self::Eq(fx, _) => fx.reset(),
            Self::Filter(fx, _) => fx.reset(),
            Self::Flanger(fx, _) => fx.reset(),
            Self::Phaser(fx, _) => fx.reset(),
            Self::Reverb(fx, _) => fx.reset(),
        }
    }

    /// Seconds from the last input until what comes out has fallen by 80 dB, roughly.
    fn tail_s(&self, raw: &[f32], bpm: f64) -> f64 {
        match self {
            Self::Delay(_, slots) => {
                let p = slots.read(raw, bpm);
                let way = match p.style {
                    delay::DelayStyle::Mono => p.left_s,
                    delay::DelayStyle::Stereo => p.left_s.max(p.right_s),
                    delay::DelayStyle::PingPong | delay::DelayStyle::MidPingPong => p.left_s + p.right_s,
                };
                f64::from(way) * (1.0 + repeats(f64::from(p.feedback)))
            }
            Self::Reverb(_, slots) => {
                let p = slots.read(raw);
                // T60 over the nominal decay: 2.1, 1.33, 1.03 at size 0.1, 0.5, 1 (vital-laws §9); a line's length is its floor.
                let size = f64::from(p.size);
                let stretch = 1.0 + 1.4 * math::exp(-2.9 * size);
                let way = 0.26 * math::exp2(4.0 * size - 3.0);
                f64::from(p.predelay_s)
                    + (f64::from(p.decay_s).clamp(0.1, 100.0) * stretch * 80.0 / 60.0).max(2.0 * way)
            }
            Self::Chorus(_, slots) => 0.07 * (1.0 + repeats(f64::from(slots.read(raw, bpm).feedback))),
            Self::Flanger(_, slots) => {
                let p = slots.read(raw, bpm);
                2.0 / f64::from(p.center_hz) * (1.0 + repeats(f64::from(p.feedback)))
            }
            Self::Compressor(..)
            | Self::Distortion(..)
            | Self::Eq(..)
            | Self::Filter(..)
            | Self::Phaser(..) => 0.1,
        }
    }
}

/// Passes until a feedback has taken 80 dB off, at most 200.
fn repeats(feedback: f64) -> f64 {
    let gain = feedback.abs();
    if gain < 1e-4 {
        0.0
    } else if gain >= 0.955 {
        200.0
    } else {
        -80.0 / math::gain_to_db(gain)
    }
}

/// A place in the order of the effects.
#[derive(Debug)]
struct Link {
    kind: FxType,
    unit: Option<Unit>,
    /// Whether its controls may differ between left and right.
    sided: bool,
}

/// All effects of a patch.
#[derive(Debug)]
pub struct FxChain {
    /// In the order of the patch; those that are off have no unit.
    links: Vec<Link>,
    note: f32,
}

impl FxChain {
    /// The effects of a patch at rest; `sample_rate` is the rate they run at (the oversampled one) in Hz.
    #[must_use]
    pub fn new(patch: &PatchSpec, sample_rate: f32) -> Self {
        let oversampling = 1 << patch.modules.voicing.oversampling.index();
        let unit = |fx: &Fx| Unit::new(fx, sample_rate, oversampling);
        let sided = sided(patch, &Matrix::new(patch));
        let link = |fx: &Fx| {
            let below = format!("/modules/fx/{}/", fx.kind());
            Link {
                kind: fx.kind(),
                unit: fx.enabled().then(|| unit(fx)),
                sided: sided
                    .iter()
                    .any(|id| params::table()[*id].path.starts_with(&below)),
            }
        };
        Self {
            links: patch.modules.fx.iter().map(link).collect(),
            note: 60.0,
        }
    }

    /// Silence; modulations begin again, the next block starts at its values.
    pub fn reset(&mut self) {
        for unit in self.links.iter_mut().filter_map(|link| link.unit.as_mut()) {
            unit.reset();
        }
    }

    /// The note (a MIDI number, fractions allowed) that the effect filter's cutoff follows; 60 without.
    pub fn set_note(&mut self, note: f32) {
        self.note = if note.is_finite() {
            note.clamp(-60.0, 200.0)
        } else {
            60.0
        };
    }

    /// Puts chorus, flanger and phaser where they are `seconds` after the beginning of the song: their sweeps follow the
    /// song, as measured over warm-ups of several lengths; the reverb's runs on.
    pub fn seek(&mut self, seconds: f64, raw: &[f32], bpm: f64) {
        for link in &mut self.links {
            match &mut link.unit {
                Some(Unit::Chorus(fx, slots)) => fx.seek(seconds, slots.read(raw, bpm).rate_hz),
                Some(Unit::Flanger(fx, slots)) => fx.seek(seconds, slots.read(raw, bpm).rate_hz),
                Some(Unit::Phaser(fx, slots)) => fx.seek(seconds, slots.read(raw, bpm).rate_hz),
                _ => {}
            }
        }
    }

    /// Replaces a block by what the effects make of it, both sides by the same values: see [`Self::process_sides`].
    pub fn process(
        &mut self,
        level: Level,
        left: &mut [f32],
        right: &mut [f32],
        sends: &Sends<'_>,
        raw: &[f32],
        bpm: f64,
    ) {
        self.process_sides(level, left, right, sends, [raw, raw], bpm);
    }

    /// Replaces a block by what the effects make of it. `sends` are added before the effect they are for, also where
    /// that effect is off; `raw` are the raw values of all parameters at the block's end, left and right. Distortion,
    /// equaliser, compressor and filter follow each side's own, the others the left ones.
    pub fn process_sides(
        &mut self,
        level: Level,
        left: &mut [f32],
        right: &mut [f32],
        sends: &Sends<'_>,
        raw: [&[f32]; 2],
        bpm: f64,
    ) {
        let note = self.note;
        for link in &mut self.links {
            if let Some((more_left, more_right)) = sends[link.kind.index()] {
                left.iter_mut().zip(more_left).for_each(|(x, more)| *x += more);
                right.iter_mut().zip(more_right).for_each(|(x, more)| *x += more);
            }
            if let Some(unit) = &mut link.unit {
                let sides = Sides {
                    left: raw[0],
                    right: link.sided.then_some(raw[1]),
                };
                unit.process(level, left, right, sides, bpm, note);
            }
        }
    }

    /// Seconds after the last input until the effects have fallen by about 80 dB: their tails added up.
    #[must_use]
    pub fn tail_s(&self, raw: &[f32], bpm: f64) -> f64 {
        self.links
            .iter()
            .filter_map(|link| link.unit.as_ref())
            .map(|unit| unit.tail_s(raw, bpm))
            .sum()
    }
}

#[cfg(test)]
mod tests;
