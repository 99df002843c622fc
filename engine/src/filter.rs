//! The filters of a voice (and of the effect filter): one stereo filter, its controls and its models.
//!
//! Owns what all models share: the cutoff law, the ramping of coefficients across a block, the dry/wet mix. A model
//! ([`analog`], [`ladder`], …) owns its coefficients and what it does with one sample frame. Both channels are lanes
//! of one loop. Formulas: `vital-laws.md` §6.
//!
//! Coefficients are computed a few times per control block from the ramped controls and interpolated per sample, so
//! there is neither zipper noise nor a tangent per sample.

pub mod analog;
pub mod digital;
pub mod diode;
pub mod dirty;
pub mod ladder;
pub mod lanes;

use crate::math;
use crate::simd::Level;
use crate::voice::buses::Bus;
use lanes::Lanes;
use songwalker_schemas::patch::{FilterModel, FilterStyle};

/// Both channels of one voice.
pub type Stereo = Lanes<2>;

/// Sample frames (at the filter's own rate) over which coefficients run straight while a control moves.
const SEGMENT: usize = 16;

/// A control change smaller than this (in any control's own unit) leaves the coefficients as they are.
const STILL: f32 = 1e-6;

/// What a filter does with one value of its controls, in Vital's raw scales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilterControls {
    /// Cutoff as a MIDI note number, key tracking already added.
    pub cutoff_note: f32,
    /// Resonance 0..1.
    pub resonance: f32,
    /// Drive in decibels, 0..20.
    pub drive_db: f32,
    /// 0 low-pass, 1 band-pass, 2 high-pass.
    pub blend: f32,
    /// Share of the filtered sound, 0..1.
    pub mix: f32,
}

impl FilterControls {
    /// What stands where no controls were read yet.
    pub(crate) const UNREAD: Self = Self {
        cutoff_note: 60.0,
        resonance: 0.0,
        drive_db: 0.0,
        blend: 0.0,
        mix: 1.0,
    };

    fn lerp(&self, to: &Self, t: f32) -> Self {
        let mid = |a: f32, b: f32| a + (b - a) * t;
        Self {
            cutoff_note: mid(self.cutoff_note, to.cutoff_note),
            resonance: mid(self.resonance, to.resonance),
            drive_db: mid(self.drive_db, to.drive_db),
            blend: mid(self.blend, to.blend),
            mix: mid(self.mix, to.mix),
        }
    }

    fn is_still(&self, to: &Self) -> bool {
        (self.cutoff_note - to.cutoff_note).abs() < STILL
            && (self.resonance - to.resonance).abs() < STILL
            && (self.drive_db - to.drive_db).abs() < STILL
            && (self.blend - to.blend).abs() < STILL
            && (self.mix - to.mix).abs() < STILL
    }

    /// Every value inside what the models are stable for: routes may push raw values anywhere.
    fn clamped(&self) -> Self {
        Self {
            cutoff_note: self.cutoff_note.clamp(-40.0, 150.0),
            resonance: self.resonance.clamp(0.0, 1.0),
            drive_db: self.drive_db.clamp(0.0, 20.0),
            blend: self.blend.clamp(0.0, 2.0),
            mix: self.mix.clamp(0.0, 1.0),
        }
    }
}

/// How low-, band- and high-pass are weighted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weights {
    pub low: f32,
    pub band: f32,
    pub high: f32,
}

/// The mixing law of a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slope {
    Twelve,
    TwentyFour,
    NotchBlend,
    NotchSpread,
    BandPeakNotch,
}

impl Slope {
    fn of(style: FilterStyle) -> Self {
        match style {
            FilterStyle::Db24 => Self::TwentyFour,
            FilterStyle::NotchBlend => Self::NotchBlend,
            FilterStyle::NotchSpread => Self::NotchSpread,
            FilterStyle::Bpn => Self::BandPeakNotch,
            _ => Self::Twelve,
        }
    }

    /// Whether a second stage stands in front: the notch styles are two notches in a row.
    pub(crate) fn is_steep(self) -> bool {
        matches!(self, Self::TwentyFour | Self::NotchBlend | Self::NotchSpread)
    }

    /// What makes up for the resonance's gain: a notch has none, so there it goes back to 1.
    pub(crate) fn calmed(self, gain: f32, blend: f32) -> f32 {
        match self {
            Self::NotchBlend | Self::NotchSpread => gain + (1.0 - gain) * (1.0 - (blend - 1.0).abs()),
            _ => gain,
        }
    }

    /// Weights of the three responses at a blend 0..2.
    pub(crate) fn weights(self, blend: f32) -> Weights {
        let x = blend - 1.0;
        match self {
            Self::Twelve | Self::TwentyFour => Weights {
                low: (-x).max(0.0),
                band: (1.0 - x * x).max(0.0).sqrt(),
                high: x.max(0.0),
            },
            Self::NotchBlend | Self::NotchSpread => Weights {
                low: (2.0 - blend).min(1.0),
                band: 0.0,
                high: blend.min(1.0),
            },
            Self::BandPeakNotch => {
                let side = blend.min(1.0);
                Weights {
                    low: side,
                    band: (1.0 - side * side).max(0.0).sqrt(),
                    high: side * (2.0 * blend - 3.0).clamp(-1.0, 1.0),
                }
            }
        }
    }
}

/// Frequency in hertz of a cutoff note.
pub(crate) fn cutoff_hz(note: f32) -> f32 {
    440.0 * math::exp2_f32((note - 69.0) * (1.0 / 12.0))
}

/// The one-pole coefficient of the analog models: tan(x/(x+1)), x = π·f/fs, kept below 1, where the one-pole's own
/// update stops being stable (cutoffs above 1.16 times the rate).
pub(crate) fn one_pole_coefficient(hz: f32, sample_rate: f32) -> f32 {
    let x = std::f32::consts::PI * hz / sample_rate;
    math::tan_f32(x / (x + 1.0)).min(0.99)
}

/// Gain of a drive in decibels.
pub(crate) fn drive_gain(drive_db: f32) -> f32 {
    math::exp2_f32(drive_db * 0.166_096_4)
}

/// One filter model: coefficients from controls, one sample frame from coefficients.
pub(crate) trait Model<const K: usize> {
    /// The coefficients for these controls at this rate.
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; K];
    /// One sample frame of both channels.
    fn tick(&mut self, input: Stereo, coefficients: &[Stereo; K]) -> Stereo;
    /// Drops what is too small to hear from the states; once per block.
    fn flush(&mut self);
    /// Back to silence.
    fn reset(&mut self);
}

/// A model with its ramped coefficients.
#[derive(Debug, Clone)]
struct Runner<M, const K: usize> {
    model: M,
    coefficients: [Stereo; K],
}

impl<M: Model<K>, const K: usize> Runner<M, K> {
    fn new(model: M) -> Self {
        Self {
            model,
            coefficients: [Stereo::splat(0.0); K],
        }
    }

    fn snap(&mut self, controls: &[FilterControls; 2], sample_rate: f32) {
        self.coefficients = self.target(controls, sample_rate);
    }

    fn target(&self, controls: &[FilterControls; 2], sample_rate: f32) -> [Stereo; K] {
        let left = self.model.coefficients(&controls[0], sample_rate);
        let right = if controls[1] == controls[0] {
            left
        } else {
            self.model.coefficients(&controls[1], sample_rate)
        };
        std::array::from_fn(|i| Lanes([left[i], right[i]]))
    }

    /// Runs over `left`, `right` while the coefficients go straight to those of `target`.
    fn run(&mut self, left: &mut [f32], right: &mut [f32], target: Option<[Stereo; K]>, mix: [Stereo; 2]) {
        let frames = left.len().min(right.len());
        let scale = Stereo::splat(1.0 / frames as f32);
        let mut mixed = mix[0];
        let mix_step = (mix[1] - mix[0]) * scale;
        match target {
            None => {
                let coefficients = self.coefficients;
                for (l, r) in left.iter_mut().zip(right.iter_mut()) {
                    let input = Lanes([*l, *r]);
                    mixed = mixed + mix_step;
                    let wet = self.model.tick(input, &coefficients);
                    let out = input + (wet - input) * mixed;
                    *l = out.0[0];
                    *r = out.0[1];
                }
            }
            Some(target) => {
                let mut coefficients = self.coefficients;
                let step: [Stereo; K] = std::array::from_fn(|i| (target[i] - coefficients[i]) * scale);
                for (l, r) in left.iter_mut().zip(right.iter_mut()) {
                    for (value, add) in coefficients.iter_mut().zip(&step) {
                        *value = *value + *add;
                    }
                    let input = Lanes([*l, *r]);
                    mixed = mixed + mix_step;
                    let wet = self.model.tick(input, &coefficients);
                    let out = input + (wet - input) * mixed;
                    *l = out.0[0];
                    *r = out.0[1];
                }
                self.coefficients = target;
            }
        }
    }

    fn process(
        &mut self,
        left: &mut [f32],
        right: &mut [f32],
        from: &[FilterControls; 2],
        to: &[FilterControls; 2],
        sample_rate: f32,
    ) {
        let mix_at = |c: &[FilterControls; 2]| Lanes([c[0].mix, c[1].mix]);
        if from[0].is_still(&to[0]) && from[1].is_still(&to[1]) {
            self.run(left, right, None, [mix_at(from), mix_at(from)]);
            return;
        }
        let frames = left.len();
        let mut done = 0;
        let mut before = *from;
        while done < frames {
            let count = SEGMENT.min(frames - done);
            let t = (done + count) as f32 / frames as f32;
            let now = [from[0].lerp(&to[0], t), from[1].lerp(&to[1], t)];
            let target = self.target(&now, sample_rate);
            self.run(
                &mut left[done..done + count],
                &mut right[done..done + count],
                Some(target),
                [mix_at(&before), mix_at(&now)],
            );
            before = now;
            done += count;
        }
    }
}

/// The models this engine plays, each with its state.
#[derive(Debug, Clone)]
enum Kind {
    Through,
    Analog(Runner<analog::Analog, { analog::COEFFICIENTS }>),
    Ladder(Runner<ladder::Ladder, { ladder::COEFFICIENTS }>),
    Digital(Runner<digital::Digital, { digital::COEFFICIENTS }>),
    Dirty(Runner<dirty::Dirty, { dirty::COEFFICIENTS }>),
    Diode(Runner<diode::Diode, { diode::COEFFICIENTS }>),
}

macro_rules! each_kind {
    ($self:expr, $runner:ident => $body:expr) => {
        match $self {
            Kind::Through => {}
            Kind::Analog($runner) => $body,
            Kind::Ladder($runner) => $body,
            Kind::Digital($runner) => $body,
            Kind::Dirty($runner) => $body,
            Kind::Diode($runner) => $body,
        }
    };
}

/// Whether this engine plays a model in a style. A model that it does not play passes the sound on unchanged, a style
/// is played as its nearest.
#[must_use]
pub const fn is_supported(model: FilterModel, style: FilterStyle) -> bool {
    match model {
        FilterModel::Analog | FilterModel::Digital | FilterModel::Dirty => {
            matches!(
                style,
                FilterStyle::Db12 | FilterStyle::Db24 | FilterStyle::NotchBlend
            )
        }
        FilterModel::Ladder => matches!(style, FilterStyle::Db12 | FilterStyle::Db24),
        FilterModel::Diode => true,
        FilterModel::Formant | FilterModel::Comb | FilterModel::Phaser => false,
    }
}

/// A stereo filter of one model and style.
#[derive(Debug, Clone)]
pub struct StereoFilter {
    kind: Kind,
    sample_rate: f32,
    controls: Option<[FilterControls; 2]>,
}

impl StereoFilter {
    /// A silent filter. `sample_rate` is the rate it runs at (the oversampled one) in hertz.
    #[must_use]
    pub fn new(model: FilterModel, style: FilterStyle, sample_rate: f32) -> Self {
        let slope = Slope::of(style);
        let kind = match model {
            FilterModel::Analog => Kind::Analog(Runner::new(analog::Analog::new(slope))),
            FilterModel::Ladder => Kind::Ladder(Runner::new(ladder::Ladder::new(slope))),
            FilterModel::Digital => Kind::Digital(Runner::new(digital::Digital::new(slope))),
            FilterModel::Dirty => Kind::Dirty(Runner::new(dirty::Dirty::new(slope))),
            FilterModel::Diode => Kind::Diode(Runner::new(diode::Diode::new(slope == Slope::TwentyFour))),
            FilterModel::Formant | FilterModel::Comb | FilterModel::Phaser => Kind::Through,
        };
        Self {
            kind,
            sample_rate,
            controls: None,
        }
    }

    /// Back to silence; the next block starts at its own controls instead of gliding to them.
    pub fn reset(&mut self) {
        self.controls = None;
        each_kind!(&mut self.kind, runner => runner.model.reset());
    }

    /// Filters one control block in place. `to` are the controls of left and right at the block's end; they are
    /// reached in a straight line from those of the block before.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], to: &[FilterControls; 2]) {
        let to = [to[0].clamped(), to[1].clamped()];
        let sample_rate = self.sample_rate;
        let from = match self.controls {
            Some(from) => from,
            None => {
                each_kind!(&mut self.kind, runner => runner.snap(&to, sample_rate));
                to
            }
        };
        each_kind!(&mut self.kind, runner => {
            runner.process(left, right, &from, &to, sample_rate);
            runner.model.flush();
        });
        // Where nothing moved the coefficients still belong to the older controls: keep those, or a crawling
        // control would never be heard.
        if !(from[0].is_still(&to[0]) && from[1].is_still(&to[1])) || self.controls.is_none() {
            self.controls = Some(to);
        }
    }

    /// Starts the next block at `controls` instead of gliding to them.
    pub fn snap(&mut self, controls: &[FilterControls; 2]) {
        let controls = [controls[0].clamped(), controls[1].clamped()];
        let sample_rate = self.sample_rate;
        each_kind!(&mut self.kind, runner => runner.snap(&controls, sample_rate));
        self.controls = Some(controls);
    }
}

/// The filters of all voices of a patch, one per voice, that run side by side.
#[derive(Debug, Clone)]
pub(crate) struct FilterBank {
    voices: Vec<StereoFilter>,
}

impl FilterBank {
    /// A bank of `voices` silent filters; `sample_rate` is the rate they run at (the oversampled one) in hertz.
    pub(crate) fn new(model: FilterModel, style: FilterStyle, sample_rate: f32, voices: usize) -> Self {
        Self {
            voices: vec![StereoFilter::new(model, style, sample_rate); voices],
        }
    }

    /// Puts a voice's filter back to silence; its next block starts at its own controls.
    pub(crate) fn reset(&mut self, voice: usize) {
        self.voices[voice].reset();
    }

    /// Filters one control block of each voice that `active` lists, in place. `blocks` and `controls` (left and right
    /// at the block's end) are indexed by voice.
    pub(crate) fn process(
        &mut self,
        _level: Level,
        active: &[usize],
        blocks: &mut [Bus],
        controls: &[[FilterControls; 2]],
    ) {
        for &voice in active {
            let block = &mut blocks[voice];
            self.voices[voice].process(&mut block.left, &mut block.right, &controls[voice]);
        }
    }
}

#[cfg(test)]
mod tests;
