//! The short renders by which a patch is judged.

use std::cell::Cell;

use songwalker_engine::analysis::{Wants, analyse_fast};
use songwalker_engine::audio::Audio;
use songwalker_engine::math;
use songwalker_engine::render::{self, RenderError, RenderRequest};
use songwalker_schemas::patch::fx::FxType;
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::{AudioAnalysis, Category, PatchSpec};

use crate::error::GenerateError;
use crate::mapper::rack;
use crate::mapper::time::GOES_ON;
use crate::phrase::VELOCITY;
use crate::pipeline::Hooks;
use crate::refine::lever;

/// The probes of one check at most, all together.
pub const MOST: usize = 12;
/// How long a probe's key is held, s.
const HOLD_S: f64 = 0.75;
/// How long a probe goes on after that, s.
const TAIL_S: f64 = 0.2;
/// When a sound that goes on is to be where it goes, s.
const ARRIVED_S: f64 = 0.38;
/// What is where it goes by then is played as it is, s.
const QUICK_S: f64 = 1.0;
/// The longest attack that a probe can tell of a sound that decays, s.
const LONGEST_ATTACK_S: f64 = 0.3;
/// The attack of probes that are about movement alone, s.
const SHORT_ATTACK_S: f64 = 0.05;
/// A measured attack that is as short as the method can tell, ms.
const SHORTEST_MS: f64 = 12.0;
/// Amplitude is the envelope squared: from 10 % to 90 % takes 0.61 of an attack; ms a second.
const ATTACK_MS: f64 = 610.0;
/// A movement that a whole note goes through several times, Hz.
const SLOW_HZ: f64 = 0.4;
/// How fast it is played so that a probe goes through it too, Hz.
const FAST_HZ: f64 = 4.0;
/// Where in a probe the level late in the hold is read, s, and when it is wanted of a sound that decays.
const READ_S: (f64, f64) = (0.67, 2.0);
/// A decay that ends within a whole note, s.
const LONGEST_DECAY_S: f64 = 8.0;
/// A room with more than this in the sound fills more slowly than a probe can tell.
const WET: f64 = 0.1;

/// How long a render to be measured is and which note it plays: the same for a sound and for what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// MIDI note.
    pub note: u8,
    /// Time until the key is let go, seconds.
    pub hold_s: f64,
    /// Time after that, seconds.
    pub tail_s: f64,
    /// Whether movement is measured.
    pub moves: bool,
}

/// How many probes may still be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget(Cell<usize>);

impl Budget {
    /// All of them.
    #[must_use]
    pub const fn full() -> Self {
        Self(Cell::new(MOST))
    }

    /// How many are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes `count` away; false where there are not as many.
    pub fn take(&self, count: usize) -> bool {
        let left = self.left();
        if left < count {
            return false;
        }
        self.0.set(left - count);
        true
    }
}

impl Shape {
    /// The probe of a check.
    #[must_use]
    pub const fn of(category: Category, moves: bool) -> Self {
        Self {
            note: category.reference_note(),
            hold_s: HOLD_S,
            tail_s: TAIL_S,
            moves,
        }
    }

    /// How many probes it takes to listen once.
    #[must_use]
    pub const fn probes(self) -> usize {
        if self.moves { 2 } else { 1 }
    }
}

/// How much faster a sound is played in a probe: one that goes on is heard where it goes, whatever time it takes.
fn pace(patch: &PatchSpec) -> f64 {
    if patch.modules.env[0].sustain < GOES_ON {
        return 1.0;
    }
    let is_heard = |i: usize| {
        let name = format!("env/{i}");
        let mut routes = patch.modulation.routes.iter();
        i == 0 || routes.any(|route| route.source.name() == name && route.amount != 0.0)
    };
    let longest = patch
        .modules
        .env
        .iter()
        .enumerate()
        .filter(|(i, _)| is_heard(*i))
        .map(|(_, env)| {
            let falls = if env.sustain < 0.98 { env.decay_s } else { 0.0 };
            env.delay_s + env.attack_s + env.hold_s + falls
        })
        .fold(0.0, f64::max);
    if longest <= QUICK_S {
        return 1.0;
    }
    ARRIVED_S / longest
}

/// Listens to a patch by one probe of less than a second, and by a second one where movement is asked for. What is
/// slower than a probe follows from the laws of the envelopes: times of a sound that goes on are played faster and
/// told as they are, the level of one that decays is followed further down, and slow movement is played fast enough
/// that its depth can be told.
///
/// # Errors
/// Cancelled, or the engine's refusal.
pub fn listen(patch: &PatchSpec, shape: &Shape, hooks: &Hooks) -> Result<AudioAnalysis, GenerateError> {
    let pace = pace(patch);
    let law_ms = ATTACK_MS * patch.modules.env[0].attack_s;
    let mut probed = patch.clone();
    for env in &mut probed.modules.env {
        for time in [
            &mut env.delay_s,
            &mut env.attack_s,
            &mut env.hold_s,
            &mut env.decay_s,
        ] {
            *time *= pace;
        }
    }
    // A sweep is heard as it is on the whole, not where it happens to be.
    for lfo in &mut probed.modules.lfo {
        let rate = &mut lfo.rate;
        if rate.mode == RateMode::Hz && (SLOW_HZ..FAST_HZ).contains(&rate.hz) {
            rate.hz = FAST_HZ;
        }
    }
    let is_wet = pace < 1.0 && rack::share(patch, FxType::Reverb) > WET;
    let is_slow = pace >= 1.0 && patch.modules.env[0].attack_s > LONGEST_ATTACK_S;
    if is_slow {
        probed.modules.env[0].attack_s = LONGEST_ATTACK_S;
    }
    let colour = Shape {
        moves: false,
        ..*shape
    };
    let decays = patch.modules.env[0].sustain < GOES_ON && patch.modules.env[0].decay_s < LONGEST_DECAY_S;
    let mut heard = analysed(&play(&probed, &colour, hooks)?, &colour, decays);
    if is_wet {
        // The room takes its own time, not the envelope's.
        heard.attack_ms = law_ms.max(SHORTEST_MS);
    } else if is_slow || (pace < 1.0 && heard.attack_ms < SHORTEST_MS) {
        heard.attack_ms = law_ms.max(heard.attack_ms);
    } else {
        heard.attack_ms /= pace;
    }
    heard.onset_ms /= pace;
    if patch.modules.env[0].sustain < GOES_ON && heard.sustain_db < -3.0 {
        if heard.active_s > 0.95 * shape.hold_s {
            heard.active_s = heard.active_s.max(-40.0 * READ_S.0 / heard.sustain_db);
        }
        heard.sustain_db *= READ_S.1 / READ_S.0;
    }
    if shape.moves {
        let mut swaying = lever::only_its_movement(&probed);
        let env = &mut swaying.modules.env[0];
        env.attack_s = env.attack_s.min(SHORT_ATTACK_S);
        let moving = measure(&swaying, shape, hooks)?;
        heard = moving_as(heard, &moving);
    }
    Ok(heard)
}

/// What was heard, with another one's movement.
#[must_use]
pub fn moving_as(heard: AudioAnalysis, moving: &AudioAnalysis) -> AudioAnalysis {
    AudioAnalysis {
        movement: moving.movement,
        am_depth_db: moving.am_depth_db,
        am_rate_hz: moving.am_rate_hz,
        cm_depth_oct: moving.cm_depth_oct,
        cm_rate_hz: moving.cm_rate_hz,
        mod_rate_hz: moving.mod_rate_hz,
        ..heard
    }
}

/// Turns the engine's refusal into ours.
#[must_use]
pub fn refused(error: RenderError) -> GenerateError {
    match error {
        RenderError::Cancelled => GenerateError::Cancelled,
        other => GenerateError::Render(other.to_string()),
    }
}

/// Renders and measures a patch.
///
/// # Errors
/// Cancelled, or the engine's refusal.
pub fn measure(patch: &PatchSpec, shape: &Shape, hooks: &Hooks) -> Result<AudioAnalysis, GenerateError> {
    Ok(described(&play(patch, shape, hooks)?, shape))
}

/// Renders a patch.
///
/// # Errors
/// Cancelled, or the engine's refusal.
pub fn play(patch: &PatchSpec, shape: &Shape, hooks: &Hooks) -> Result<Audio, GenerateError> {
    let request = RenderRequest::note(shape.note, VELOCITY, shape.hold_s, shape.hold_s + shape.tail_s);
    render::render(patch, &request, hooks.cancelled).map_err(refused)
}

/// The measures of what [`play`] rendered.
#[must_use]
pub fn described(audio: &Audio, shape: &Shape) -> AudioAnalysis {
    analysed(audio, shape, false)
}

/// The measures of a sound of which it is known whether it dies away by itself.
fn analysed(audio: &Audio, shape: &Shape, decays: bool) -> AudioAnalysis {
    let wants = Wants {
        loudness: true,
        spectrum: true,
        pitch: true,
        stereo: true,
        modulation: shape.moves,
        vibrato: false,
        decays,
    };
    analyse_fast(
        audio,
        math::note_to_hz(f64::from(shape.note)),
        shape.hold_s,
        wants,
    )
}
