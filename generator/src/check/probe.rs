//! The short render by which a patch is judged.

use songwalker_engine::analysis::{Wants, analyse_fast};
use songwalker_engine::math;
use songwalker_engine::render::{self, RenderError, RenderRequest};
use songwalker_schemas::{AudioAnalysis, Intent, PatchSpec};

use crate::error::GenerateError;
use crate::phrase::VELOCITY;
use crate::pipeline::Hooks;

/// How long a probe is and which note it plays: the same for a sound and for the neutral it is compared with.
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

impl Shape {
    /// The probe that suits an intent and its first patch: long enough for its attack, and for its movement where
    /// that is asked for.
    #[must_use]
    pub fn of(intent: &Intent, patch: &PatchSpec) -> Self {
        let attack_s = patch.modules.env[0].attack_s + patch.modules.env[0].delay_s;
        let moves = super::wanted::wants_movement(intent) || super::wanted::wants_stillness(intent);
        let hold_s = if moves { 2.4 } else { 1.4 };
        let hold_s = f64::max(hold_s, (1.6 * attack_s).min(3.0));
        Self {
            note: intent.category.reference_note(),
            hold_s: (hold_s * 10.0).round() / 10.0,
            tail_s: 0.3,
            moves,
        }
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
    let request = RenderRequest::note(shape.note, VELOCITY, shape.hold_s, shape.hold_s + shape.tail_s);
    let audio = render::render(patch, &request, hooks.cancelled).map_err(refused)?;
    let wants = Wants {
        loudness: true,
        spectrum: true,
        pitch: true,
        stereo: true,
        modulation: shape.moves,
        vibrato: false,
    };
    Ok(analyse_fast(
        &audio,
        math::note_to_hz(f64::from(shape.note)),
        shape.hold_s,
        wants,
    ))
}
