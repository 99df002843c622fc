//! What of a sound can be changed by degree, and how far a step of it is: the smallest steps that can be heard and
//! measured, relative to the parent's own measures.

use songwalker_engine::math;
use songwalker_schemas::AudioAnalysis;
use songwalker_schemas::intent::Descriptors;

use crate::planner::Change;

/// A side of a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Dark to bright.
    Brightness,
    /// The start.
    Attack,
    /// How soft or hard the start is.
    Punch,
    /// Decay and release.
    Length,
    /// Release alone.
    Release,
    /// Mono to wide.
    Width,
    /// Dry to deep.
    Space,
    /// Still to lively.
    Movement,
    /// Clean to distorted.
    Drive,
    /// Smooth to rough.
    Roughness,
    /// Thin to fat.
    Body,
    /// Cold to warm.
    Warmth,
    /// In tune to detuned.
    Detune,
    /// The octave: never by degree, but it can be kept.
    Pitch,
    /// All else: it stays anyway.
    Rest,
}

/// One aspect's change, in steps: 1 for a plain word, up to 2 for a strong one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// What changes.
    pub aspect: Aspect,
    /// Up is more.
    pub up: bool,
    /// How much, 0.4 to 2.
    pub size: f64,
}

impl Aspect {
    const ALL: [Self; 15] = [
        Self::Brightness,
        Self::Attack,
        Self::Punch,
        Self::Length,
        Self::Release,
        Self::Width,
        Self::Space,
        Self::Movement,
        Self::Drive,
        Self::Roughness,
        Self::Body,
        Self::Warmth,
        Self::Detune,
        Self::Pitch,
        Self::Rest,
    ];

    /// Its name in the data file and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brightness => "brightness",
            Self::Attack => "attack",
            Self::Punch => "punch",
            Self::Length => "length",
            Self::Release => "release",
            Self::Width => "width",
            Self::Space => "space",
            Self::Movement => "movement",
            Self::Drive => "drive",
            Self::Roughness => "roughness",
            Self::Body => "body",
            Self::Warmth => "warmth",
            Self::Detune => "detune",
            Self::Pitch => "pitch",
            Self::Rest => "rest",
        }
    }

    /// The aspect of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aspect| aspect.name() == name)
    }

    /// The degree that a change asks of it.
    fn degree(self, change: &Change) -> Option<f64> {
        let asked = &change.descriptors;
        let length = asked.length;
        match self {
            Self::Brightness => asked.brightness,
            Self::Attack => asked.attack,
            Self::Punch => asked.punch,
            Self::Length => length,
            // A longer sound rings longer too.
            Self::Release => asked.release.filter(|_| length.is_none()),
            Self::Width => asked.width,
            Self::Space => asked.space,
            Self::Movement => asked.movement_amount,
            Self::Drive => asked.drive,
            Self::Roughness => asked.roughness,
            Self::Body => (change.mass != 0.0).then_some(change.mass),
            Self::Warmth => asked.warmth,
            Self::Detune => asked.detune,
            Self::Pitch | Self::Rest => None,
        }
    }

    /// Whether a change asks something of it, by degree or in numbers.
    #[must_use]
    pub fn is_asked(self, change: &Change) -> bool {
        let mut without = change.clone();
        self.take_back(&mut without);
        without != *change
    }

    /// Takes out of a change what it asks of this.
    pub fn take_back(self, change: &mut Change) {
        let asked = &mut change.descriptors;
        match self {
            Self::Brightness => {
                (asked.brightness, asked.cutoff_hz) = (None, None);
                (asked.filter_kind, asked.filter_slope) = (None, None);
            }
            Self::Attack | Self::Punch => {
                (asked.attack, asked.attack_s, asked.punch) = (None, None, None);
            }
            Self::Length | Self::Release => {
                (asked.length, asked.release) = (None, None);
                (asked.decay_s, asked.sustain, asked.release_s) = (None, None, None);
            }
            Self::Width => (asked.width, asked.chorus) = (None, None),
            Self::Space => {
                (asked.space, asked.reverb_s) = (None, None);
                asked.delay = None;
            }
            Self::Movement => {
                (asked.movement_amount, asked.movement_speed) = (None, None);
                asked.movement = None;
                (asked.vibrato_hz, asked.vibrato_cents, asked.tremolo_hz) = (None, None, None);
            }
            Self::Drive | Self::Roughness => (asked.drive, asked.roughness) = (None, None),
            Self::Body | Self::Warmth | Self::Detune => {
                (asked.warmth, asked.sub, asked.detune) = (None, None, None);
                change.mass = 0.0;
            }
            Self::Pitch => asked.transpose_octaves = None,
            Self::Rest => {}
        }
    }

    /// Takes a change of this into what is asked of the sound as a whole.
    pub fn merge(self, degree: f64, asked: &mut Descriptors) {
        let add = |slot: &mut Option<f64>, degree: f64| {
            *slot = Some((slot.unwrap_or(0.0) + degree).clamp(-1.0, 1.0));
        };
        match self {
            Self::Brightness => {
                asked.cutoff_hz = None;
                add(&mut asked.brightness, degree);
            }
            Self::Attack => {
                asked.attack_s = None;
                add(&mut asked.attack, degree);
            }
            Self::Punch => add(&mut asked.punch, degree),
            Self::Length => {
                (asked.decay_s, asked.release_s) = (None, None);
                add(&mut asked.length, degree);
            }
            Self::Release => {
                asked.release_s = None;
                add(&mut asked.release, degree);
            }
            Self::Width => add(&mut asked.width, degree),
            Self::Space => {
                asked.reverb_s = None;
                add(&mut asked.space, degree);
            }
            Self::Movement => add(&mut asked.movement_amount, degree),
            Self::Drive => add(&mut asked.drive, degree),
            Self::Roughness => add(&mut asked.roughness, degree),
            Self::Body | Self::Warmth => add(&mut asked.warmth, degree),
            Self::Detune => add(&mut asked.detune, degree),
            Self::Pitch | Self::Rest => {}
        }
    }
}

/// The steps of a change.
#[must_use]
pub fn steps(change: &Change) -> Vec<Step> {
    Aspect::ALL
        .into_iter()
        .filter_map(|aspect| {
            let degree = aspect.degree(change).filter(|degree| *degree != 0.0)?;
            Some(Step {
                aspect,
                up: degree > 0.0,
                size: (degree.abs() / 0.5).clamp(0.4, 2.0),
            })
        })
        .collect()
}

impl Step {
    /// The degree it came from.
    #[must_use]
    pub fn degree(self) -> f64 {
        0.5 * if self.up { self.size } else { -self.size }
    }

    /// How many of the smallest steps lie between two sounds, in the way that is asked for; nothing where a short probe
    /// cannot tell and the calibrated laws say it.
    #[must_use]
    pub fn made(self, parent: &AudioAnalysis, now: &AudioAnalysis) -> Option<f64> {
        let sign = if self.up { 1.0 } else { -1.0 };
        let grit = [
            (parent.crest_db - now.crest_db) / 1.0,
            (now.hf_ratio_db - parent.hf_ratio_db) / 4.0,
            (now.roughness - parent.roughness) / 0.2,
        ];
        let most = |all: &[f64]| all.iter().map(|x| sign * x).fold(f64::MIN, f64::max);
        Some(match self.aspect {
            Aspect::Brightness => sign * (now.brightness_oct - parent.brightness_oct) / 0.25,
            Aspect::Attack => {
                sign * math::log2(now.attack_ms.max(3.0) / parent.attack_ms.max(3.0)) / math::log2(1.5)
            }
            Aspect::Punch => {
                let snap = (now.attack_bright_ratio - parent.attack_bright_ratio) / 0.1;
                let slower = math::log2(now.attack_ms.max(8.0) / parent.attack_ms.max(8.0)) / math::log2(1.5);
                if self.up {
                    snap.min(2.0 - 4.0 * slower.max(0.0)).max(-4.0)
                } else {
                    slower.max(-snap)
                }
            }
            Aspect::Width => sign * (now.width - parent.width) / 0.05,
            Aspect::Space => sign * (parent.corr - now.corr) / 0.03,
            Aspect::Movement => sign * (now.movement - parent.movement) / 0.1,
            Aspect::Drive => most(&grit),
            Aspect::Roughness | Aspect::Detune => sign * (now.roughness - parent.roughness) / 0.15,
            Aspect::Body => most(&[
                (now.low_ratio - parent.low_ratio) / 0.1,
                (now.roughness - parent.roughness) / 0.1,
                (now.width - parent.width) / 0.1,
            ]),
            Aspect::Length | Aspect::Release | Aspect::Warmth | Aspect::Pitch | Aspect::Rest => return None,
        })
    }

    /// How many of the smallest steps are aimed at: from, to.
    #[must_use]
    pub fn aim(self) -> (f64, f64) {
        let more = match self.aspect {
            // What moves faster with its own measure than the others.
            Aspect::Width | Aspect::Space => 0.7,
            _ => 0.5,
        };
        // A probe plays slow movement faster than it is, and hears it more clearly than a whole note does.
        let clear = if self.aspect == Aspect::Movement { 1.6 } else { 1.0 };
        (clear * (1.25 + more * self.size), clear * (2.6 + 1.6 * self.size))
    }

    /// How many of the smallest steps a word is worth at least, beside the sound without it: from, to.
    #[must_use]
    pub fn least(self) -> (f64, f64) {
        // What a whole note shows less of than a probe does.
        let clear = match self.aspect {
            Aspect::Punch => 1.9,
            Aspect::Movement => 1.8,
            Aspect::Detune => 1.6,
            Aspect::Drive => 1.5,
            _ => 1.0,
        };
        (1.35 * clear, f64::INFINITY)
    }

    /// What it is called in a report.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match (self.aspect, self.up) {
            (Aspect::Brightness, true) => "brighter than it was",
            (Aspect::Brightness, false) => "darker than it was",
            (Aspect::Attack, true) => "a slower attack than it had",
            (Aspect::Attack, false) => "a faster attack than it had",
            (Aspect::Punch, true) => "punchier than it was",
            (Aspect::Punch, false) => "softer than it was",
            (Aspect::Length, true) => "longer than it was",
            (Aspect::Length, false) => "shorter than it was",
            (Aspect::Release, true) => "a longer release than it had",
            (Aspect::Release, false) => "a shorter release than it had",
            (Aspect::Width, true) => "wider than it was",
            (Aspect::Width, false) => "narrower than it was",
            (Aspect::Space, true) => "more space than it had",
            (Aspect::Space, false) => "less space than it had",
            (Aspect::Movement, true) => "more movement than it had",
            (Aspect::Movement, false) => "less movement than it had",
            (Aspect::Drive, true) => "dirtier than it was",
            (Aspect::Drive, false) => "cleaner than it was",
            (Aspect::Roughness, true) => "rougher than it was",
            (Aspect::Roughness, false) => "smoother than it was",
            (Aspect::Body, true) => "fatter than it was",
            (Aspect::Body, false) => "thinner than it was",
            (Aspect::Warmth, true) => "warmer than it was",
            (Aspect::Warmth, false) => "colder than it was",
            (Aspect::Detune, true) => "more detuned than it was",
            (Aspect::Detune, false) => "less detuned than it was",
            (Aspect::Pitch | Aspect::Rest, _) => "as it was",
        }
    }
}
