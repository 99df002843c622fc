//! The filters of a voice (and of the effect filter): their controls, their models, and how models are chosen.
//!
//! Owns what all models share: the cutoff law and the choice. [`bank`] runs a model over the voices, [`controls`] says
//! what moves it, [`slope`] how styles mix its outputs. A model ([`analog`], [`ladder`], …) owns its coefficients and
//! what it does with one sample frame. Formulas: `vital-laws.md` §6.

pub mod analog;
mod bank;
mod comb;
mod controls;
pub mod digital;
pub mod diode;
pub mod dirty;
mod formant;
pub mod ladder;
pub mod lanes;
mod phaser;
mod slope;

use crate::math;
use crate::modulation::Detour;
use crate::simd::Level;
use crate::voice::buses::Bus;
use bank::{Bank, Blocks, Lone};
pub use controls::FilterControls;
use lanes::Lanes;
use slope::Slope;
use songwalker_schemas::patch::{FilterModel, FilterStyle};

/// Frequency in hertz of a cutoff note; Vital's filters stand 0.85 cents above the note (measured at notes 30 to 100).
pub(crate) fn cutoff_hz(note: f32) -> f32 {
    440.215 * math::exp2_f32((note - 69.0) * (1.0 / 12.0))
}

/// The one-pole coefficient of the analog models: tan(x/(x+1)), x = π·f/fs; f goes no further than the rate itself
/// (measured at one and two times 44.1 kHz), which keeps it below 0.948 and the one-poles stable.
pub(crate) fn one_pole_coefficient(hz: f32, sample_rate: f32) -> f32 {
    let x = (std::f32::consts::PI * hz / sample_rate).min(1.000_488 * std::f32::consts::PI);
    math::tan_f32(x / (x + 1.0))
}

/// The coefficient of the state-variable models: tan(π·f/fs), f from note 0 to 0.499·fs (measured at one and two times
/// 44.1 kHz).
pub(crate) fn state_variable_coefficient(note: f32, sample_rate: f32) -> f32 {
    let share = cutoff_hz(note.max(0.0)) / sample_rate;
    math::tan_f32(std::f32::consts::PI * share.min(0.499))
}

/// Gain of a drive in decibels.
pub(crate) fn drive_gain(drive_db: f32) -> f32 {
    math::exp2_f32(drive_db * 0.166_096_4)
}

/// One trapezoidal one-pole that moves towards `goal`; gives its output.
#[inline(always)]
pub(crate) fn pole<const N: usize>(state: &mut Lanes<N>, goal: Lanes<N>, g: Lanes<N>) -> Lanes<N> {
    let delta = g * (goal - *state);
    let middle = *state + delta;
    *state = middle + delta;
    middle
}

/// The models this engine plays, each with its states.
#[derive(Debug, Clone)]
enum Kind {
    Formant(Bank<formant::Vowels, { formant::STATES }, { formant::COEFFICIENTS }>),
    Analog(Bank<analog::Analog, { analog::STATES }, { analog::COEFFICIENTS }>),
    Ladder(Bank<ladder::Ladder, { ladder::STATES }, { ladder::COEFFICIENTS }>),
    Digital(Bank<digital::Digital, { digital::STATES }, { digital::COEFFICIENTS }>),
    Dirty(Bank<dirty::Dirty, { dirty::STATES }, { dirty::COEFFICIENTS }>),
    Phaser(Bank<phaser::Phaser, { phaser::STATES }, { phaser::COEFFICIENTS }>),
    Comb(comb::CombBank),
    Diode(Bank<diode::Diode, { diode::STATES }, { diode::COEFFICIENTS }>),
}

macro_rules! each_kind {
    ($self:expr, $bank:ident => $body:expr) => {
        match $self {
            Kind::Formant($bank) => $body,
            Kind::Analog($bank) => $body,
            Kind::Ladder($bank) => $body,
            Kind::Digital($bank) => $body,
            Kind::Dirty($bank) => $body,
            Kind::Diode($bank) => $body,
            Kind::Phaser($bank) => $body,
            Kind::Comb($bank) => $body,
        }
    };
}

/// The filters of all voices of a patch, one per voice, that run side by side.
#[derive(Debug, Clone)]
pub(crate) struct FilterBank {
    kind: Kind,
}

impl FilterBank {
    /// A bank of `voices` silent filters; `sample_rate` is the rate they run at (the oversampled one) in hertz.
    pub(crate) fn new(model: FilterModel, style: FilterStyle, sample_rate: f32, voices: usize) -> Self {
        let slope = Slope::of(style);
        let kind = match model {
            FilterModel::Analog => Kind::Analog(Bank::new(analog::Analog::new(slope), sample_rate, voices)),
            FilterModel::Ladder => Kind::Ladder(Bank::new(ladder::Ladder::new(slope), sample_rate, voices)),
            FilterModel::Digital => {
                Kind::Digital(Bank::new(digital::Digital::new(slope), sample_rate, voices))
            }
            FilterModel::Dirty => Kind::Dirty(Bank::new(dirty::Dirty::new(slope), sample_rate, voices)),
            FilterModel::Diode => Kind::Diode(Bank::new(
                diode::Diode::new(slope == Slope::TwentyFour),
                sample_rate,
                voices,
            )),
            FilterModel::Comb => Kind::Comb(comb::CombBank::new(style, sample_rate, voices)),
            FilterModel::Phaser => Kind::Phaser(Bank::new(
                phaser::Phaser::new(style == FilterStyle::Db24),
                sample_rate,
                voices,
            )),
            FilterModel::Formant => Kind::Formant(Bank::new(
                formant::Vowels::new(style == FilterStyle::Db24),
                sample_rate,
                voices,
            )),
        };
        Self { kind }
    }

    /// Puts a voice's filter back to silence; its next block starts at its own controls.
    pub(crate) fn reset(&mut self, voice: usize) {
        each_kind!(&mut self.kind, bank => bank.reset(voice));
    }

    /// Filters one control block of each voice that `active` lists, in place. `blocks` and `controls` (left and right
    /// at the block's end) are indexed by voice; the controls are reached in a straight line from those of the block
    /// before, but for the cutoff's way round in `detours`.
    pub(crate) fn process(
        &mut self,
        level: Level,
        active: &[usize],
        blocks: &mut [Bus],
        controls: &[[FilterControls; 2]],
        detours: &[Detour],
    ) {
        self.run(level, active, blocks, controls, detours);
    }

    fn run<B: Blocks + ?Sized>(
        &mut self,
        level: Level,
        active: &[usize],
        blocks: &mut B,
        controls: &[[FilterControls; 2]],
        detours: &[Detour],
    ) {
        each_kind!(&mut self.kind, bank => bank.process(level, active, blocks, controls, detours));
    }
}

/// A stereo filter of one model and style: a bank of one.
#[derive(Debug, Clone)]
pub struct StereoFilter {
    bank: FilterBank,
}

impl StereoFilter {
    /// A silent filter. `sample_rate` is the rate it runs at (the oversampled one) in hertz.
    #[must_use]
    pub fn new(model: FilterModel, style: FilterStyle, sample_rate: f32) -> Self {
        Self {
            bank: FilterBank::new(model, style, sample_rate, 1),
        }
    }

    /// Back to silence; the next block starts at its own controls instead of gliding to them.
    pub fn reset(&mut self) {
        self.bank.reset(0);
    }

    /// Filters one control block in place. `to` are the controls of left and right at the block's end; they are
    /// reached in a straight line from those of the block before.
    pub fn process(&mut self, level: Level, left: &mut [f32], right: &mut [f32], to: &[FilterControls; 2]) {
        let frames = left.len().min(right.len());
        let mut block = Lone {
            left: &mut left[..frames],
            right: &mut right[..frames],
        };
        self.bank
            .run(level, &[0], &mut block, std::slice::from_ref(to), &[]);
    }
}

#[cfg(test)]
mod tests;
