//! Notes to a buffer: the offline render behind previews, checks and the command line.
//!
//! The same patch, request and engine version give the same bits on every machine.

use thiserror::Error;

use crate::assets::Assets;
use crate::audio::Audio;
use crate::patch_player::{Event, PatchPlayer, PlayerError};
use songwalker_schemas::PatchSpec;

/// Longest render, seconds (warm-up included).
pub const MAX_SECONDS: f64 = 600.0;
/// Most notes of a render.
pub const MAX_NOTES: usize = 100_000;
/// Sample frames between two looks at `cancelled`: about 50 ms.
const PIECE: usize = 2048;
/// How long the first note is held before a warm-up, seconds.
const WARM_UP_HOLD_S: f64 = 0.02;

/// One note.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Note {
    /// Seconds from the start of the render to note-on.
    pub start_s: f64,
    /// Seconds from note-on to note-off.
    pub hold_s: f64,
    /// MIDI key 0..127.
    pub key: u8,
    /// Velocity 0..1.
    pub velocity: f64,
}

/// What to render.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// Sample frames per second, 8,000..192,000.
    pub sample_rate: u32,
    /// Beats per minute, 20..300.
    pub bpm: f64,
    /// Seed of random phases, random sources and random starts.
    pub seed: u64,
    /// The notes, in any order.
    pub notes: Vec<Note>,
    /// Length in seconds: round(seconds · sample_rate) sample frames.
    pub seconds: f64,
    /// Seconds thrown away first, after the first note's key was held for 20 ms; song time starts again afterwards.
    /// 0 for none.
    pub warm_up_s: f64,
    /// Macro slots and the places 0..1 that they stand at.
    pub macros: Vec<(usize, f64)>,
}

impl RenderRequest {
    /// One note held for `hold_s` seconds within `seconds`, at 44,100 Hz, 120 bpm and seed 0.
    #[must_use]
    pub fn note(key: u8, velocity: f64, hold_s: f64, seconds: f64) -> Self {
        Self {
            sample_rate: 44_100,
            bpm: 120.0,
            seed: 0,
            notes: vec![Note {
                start_s: 0.0,
                hold_s,
                key,
                velocity,
            }],
            seconds,
            warm_up_s: 0.0,
            macros: Vec::new(),
        }
    }
}

/// Why there is no render.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RenderError {
    /// The caller did not want it any more.
    #[error("the render was cancelled")]
    Cancelled,
    /// The request is out of bounds.
    #[error("the render request is out of bounds: {0}")]
    Invalid(&'static str),
    /// The patch cannot be played.
    #[error(transparent)]
    Player(#[from] PlayerError),
}

fn check(request: &RenderRequest) -> Result<(), RenderError> {
    let invalid = |what| Err(RenderError::Invalid(what));
    let length = request.seconds + request.warm_up_s;
    if !(request.seconds >= 0.0 && request.warm_up_s >= 0.0 && length <= MAX_SECONDS) {
        return invalid("seconds must be 0..600 with the warm-up");
    }
    if !(20.0..=300.0).contains(&request.bpm) {
        return invalid("bpm must be 20..300");
    }
    if request.notes.len() > MAX_NOTES {
        return invalid("too many notes");
    }
    for note in &request.notes {
        let times =
            note.start_s >= 0.0 && note.hold_s >= 0.0 && note.start_s.is_finite() && note.hold_s.is_finite();
        if !times || note.key > 127 || !(0.0..=1.0).contains(&note.velocity) {
            return invalid("a note's times must not be negative, its key 0..127, its velocity 0..1");
        }
    }
    Ok(())
}

/// A note's event at its frame; at the same frame a key goes up before one goes down.
struct Timed {
    frame: usize,
    event: Event,
}

fn timeline(request: &RenderRequest) -> Vec<Timed> {
    let rate = f64::from(request.sample_rate);
    let frame = |seconds: f64| (seconds * rate).round_ties_even().min(1e15) as usize;
    let mut events: Vec<Timed> = Vec::with_capacity(request.notes.len() * 2);
    for note in &request.notes {
        let start = frame(note.start_s);
        let end = frame(note.start_s + note.hold_s).max(start + 1);
        events.push(Timed {
            frame: start,
            event: Event::NoteOn {
                key: note.key,
                velocity: note.velocity as f32,
            },
        });
        events.push(Timed {
            frame: end,
            event: Event::NoteOff {
                key: note.key,
                lift: 0.5,
            },
        });
    }
    events.sort_by_key(|timed| (timed.frame, matches!(timed.event, Event::NoteOn { .. })));
    events
}

/// Most voices that the notes can hold at once, releases left out.
fn most_notes(request: &RenderRequest) -> usize {
    request.notes.len()
}

/// Renders a patch.
///
/// # Errors
/// When `cancelled` says so (asked about every 50 ms of audio), when the request is out of bounds, when the patch
/// cannot be played.
pub fn render(
    patch: &PatchSpec,
    request: &RenderRequest,
    cancelled: &dyn Fn() -> bool,
) -> Result<Audio, RenderError> {
    render_with(patch, &Assets::default(), request, cancelled)
}

/// Renders a patch with its imported wavetables and samples.
///
/// # Errors
/// As [`render`], and when an asset is missing.
pub fn render_with(
    patch: &PatchSpec,
    assets: &Assets,
    request: &RenderRequest,
    cancelled: &dyn Fn() -> bool,
) -> Result<Audio, RenderError> {
    check(request)?;
    let warm_up = request.notes.first().filter(|_| request.warm_up_s > 0.0);
    let most = most_notes(request) + usize::from(warm_up.is_some());
    let mut player = PatchPlayer::with_assets(patch, assets, request.sample_rate, request.seed, most)?;
    player.set_tempo(request.bpm);
    for (slot, value) in &request.macros {
        player.set_macro(*slot, *value);
    }
    player.snap_macros();
    let rate = f64::from(request.sample_rate);
    if let Some(first) = warm_up {
        let frames = (request.warm_up_s * rate).round_ties_even() as usize;
        player.handle(
            0,
            Event::NoteOn {
                key: first.key,
                velocity: first.velocity as f32,
            },
        );
        player.handle(
            ((WARM_UP_HOLD_S * rate) as usize).min(frames / 2),
            Event::NoteOff {
                key: first.key,
                lift: 0.5,
            },
        );
        let mut thrown = Audio::silence(request.sample_rate, PIECE);
        let mut left = frames;
        while left > 0 {
            if cancelled() {
                return Err(RenderError::Cancelled);
            }
            let count = PIECE.min(left);
            player.process(&mut thrown.left[..count], &mut thrown.right[..count]);
            left -= count;
        }
        player.rewind();
    }
    let frames = (request.seconds * rate).round_ties_even() as usize;
    let mut audio = Audio::silence(request.sample_rate, frames);
    let events = timeline(request);
    let mut next = 0;
    let mut done = 0;
    while done < frames {
        if cancelled() {
            return Err(RenderError::Cancelled);
        }
        let mut count = PIECE.min(frames - done);
        while let Some(timed) = events.get(next).filter(|timed| timed.frame < done + count) {
            if !player.handle(timed.frame.saturating_sub(done), timed.event) {
                // The queue is full: play up to this event first.
                count = timed.frame.saturating_sub(done).clamp(1, count);
                break;
            }
            next += 1;
        }
        player.process(
            &mut audio.left[done..done + count],
            &mut audio.right[done..done + count],
        );
        done += count;
    }
    Ok(audio)
}
