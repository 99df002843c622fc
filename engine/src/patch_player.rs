//! A patch that plays: events in, stereo blocks out, with the same bits whatever the host's block size.
//!
//! Inside, time goes in control blocks of [`BLOCK`] sample frames counted from song frame 0; a host's block is cut
//! from them. An event takes effect at the start of the first control block that begins at or after its frame (at
//! most 63 frames late), which is what Vital does too; there is no other latency. All memory is taken in
//! [`PatchPlayer::new`].

mod unsupported;

pub use unsupported::unsupported;

use songwalker_schemas::PatchSpec;
use songwalker_schemas::params::ParamId;
use songwalker_schemas::patch::osc::WavetableSource;
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::patch::voicing::{Oversampling, StereoMode};
use songwalker_schemas::table::Kind;
use thiserror::Error;

use crate::BLOCK;
use crate::assets::Assets;
use crate::controls::Controls;
use crate::flush::Flushing;
use crate::fx::{FxChain, Sends};
use crate::math;
use crate::oversample::Decimator;
use crate::simd::Level;
use crate::voice::Moment;
use crate::voice::buses::{Buses, Scratch};
use crate::voice::plan::Plan;
use crate::voices::Voices;
use crate::wavetable;

/// The output never leaves ± this, as Vital's.
pub const CEILING: f32 = 2.1;
/// Furthest that one key is bent, semitones: as far as MPE's widest range.
pub const MAX_KEY_BEND_ST: f32 = 96.0;
/// Most events that wait at once.
const QUEUE: usize = 1024;

/// What a player is told while it plays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A key goes down.
    NoteOn {
        /// MIDI key 0..127.
        key: u8,
        /// Velocity 0..1.
        velocity: f32,
    },
    /// A key goes up.
    NoteOff {
        /// MIDI key 0..127.
        key: u8,
        /// Release velocity 0..1.
        lift: f32,
    },
    /// The sustain pedal.
    Sustain(bool),
    /// The pitch wheel, −1..1.
    PitchBend(f32),
    /// The modulation wheel, 0..1.
    ModWheel(f32),
    /// Channel pressure, 0..1.
    Aftertouch(f32),
    /// Pressure of one key, 0..1.
    KeyPressure {
        /// MIDI key 0..127.
        key: u8,
        /// Pressure 0..1.
        value: f32,
    },
    /// The finger's own bend of one key, beside the wheel.
    KeyBend {
        /// MIDI key 0..127.
        key: u8,
        /// Semitones, ±[`MAX_KEY_BEND_ST`].
        semitones: f32,
    },
    /// The finger's way on one key, 0..1.
    Slide {
        /// MIDI key 0..127.
        key: u8,
        /// Way 0..1.
        value: f32,
    },
    /// Lets go of every key and the pedal.
    AllNotesOff,
    /// Silence at once.
    AllSoundOff,
}

/// Why a patch cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlayerError {
    /// The sample rate is out of bounds.
    #[error("the sample rate must be 8000..192000 Hz, is {0}")]
    SampleRate(u32),
    /// A wavetable that the engine does not know.
    #[error("there is no wavetable named {0}")]
    Wavetable(String),
    /// An imported wavetable or sample that was not handed over.
    #[error("the asset {0} is missing")]
    Asset(String),
}

#[derive(Debug, Clone, Copy)]
struct Queued {
    /// Song frame from which it counts.
    frame: u64,
    event: Event,
}

/// A patch that plays.
#[derive(Debug)]
pub struct PatchPlayer {
    level: Level,
    plan: Plan,
    controls: Controls,
    voices: Voices,
    scratch: Scratch,
    buses: Buses,
    chain: FxChain,
    decimator: Decimator,
    stereo_mode: StereoMode,
    /// Raw values that the effects and the master read, left and right.
    shared: [Vec<f32>; 2],
    shared_version: u32,
    /// Gains from left and right to left and right at the end of the last block.
    master: Option<[f32; 4]>,
    queue: Vec<Queued>,
    /// Song frame of the next control block.
    block_frame: u64,
    /// Song frame that the host gets next.
    out_frame: u64,
    out_left: [f32; BLOCK],
    out_right: [f32; BLOCK],
    bpm: f64,
    /// Song time at frame 0, seconds.
    song_from_s: f64,
    bend: f32,
    mod_wheel: f32,
    pressure: f32,
}

impl PatchPlayer {
    /// A player at `sample_rate` frames per second. `seed` decides random phases, random sources and random starts.
    ///
    /// # Errors
    /// When the rate is out of bounds or a wavetable unknown.
    pub fn new(patch: &PatchSpec, sample_rate: u32, seed: u64) -> Result<Self, PlayerError> {
        Self::with_most_notes(patch, sample_rate, seed, usize::MAX)
    }

    /// The same for at most `most` notes in all: takes less memory, gives the same bits.
    ///
    /// # Errors
    /// When the rate is out of bounds or a wavetable unknown.
    pub fn with_most_notes(
        patch: &PatchSpec,
        sample_rate: u32,
        seed: u64,
        most: usize,
    ) -> Result<Self, PlayerError> {
        Self::with_assets(patch, &Assets::default(), sample_rate, seed, most)
    }

    /// The same for a patch with imported wavetables or samples, which `assets` holds.
    ///
    /// # Errors
    /// When the rate is out of bounds, a wavetable unknown or an asset missing.
    pub fn with_assets(
        patch: &PatchSpec,
        assets: &Assets,
        sample_rate: u32,
        seed: u64,
        most: usize,
    ) -> Result<Self, PlayerError> {
        if !(8_000..=192_000).contains(&sample_rate) {
            return Err(PlayerError::SampleRate(sample_rate));
        }
        for osc in patch.modules.osc.iter().filter(|osc| osc.enabled) {
            if osc.wavetable.source == WavetableSource::Named
                && !wavetable::names().any(|name| name == osc.wavetable.name.0)
            {
                return Err(PlayerError::Wavetable(osc.wavetable.name.0.clone()));
            }
            if osc.wavetable.source == WavetableSource::Asset
                && assets.wavetable(&osc.wavetable.name.0).is_none()
            {
                return Err(PlayerError::Asset(osc.wavetable.name.0.clone()));
            }
        }
        let sample = &patch.modules.sample;
        if sample.enabled && sample.source == SampleSource::Asset && assets.sample(&sample.asset.0).is_none()
        {
            return Err(PlayerError::Asset(sample.asset.0.clone()));
        }
        let _state = Flushing::begin();
        let oversampling = match patch.modules.voicing.oversampling {
            Oversampling::X1 => 1,
            Oversampling::X2 => 2,
            Oversampling::X4 => 4,
            Oversampling::X8 => 8,
        };
        let plan = Plan::new(patch, assets, sample_rate, oversampling, seed);
        let controls = Controls::new(patch);
        let rate = plan.sample_rate * oversampling as f64;
        Ok(Self {
            level: Level::best(),
            voices: Voices::new(&plan, &controls, &patch.modules.voicing, most),
            scratch: Scratch::new(plan.frames()),
            buses: Buses::new(&plan),
            chain: FxChain::new(patch, rate as f32),
            decimator: Decimator::new(oversampling),
            stereo_mode: patch.modules.voicing.stereo_mode,
            shared: [controls.values().to_vec(), controls.values().to_vec()],
            shared_version: controls.version(),
            master: None,
            queue: Vec::with_capacity(QUEUE),
            block_frame: 0,
            out_frame: 0,
            out_left: [0.0; BLOCK],
            out_right: [0.0; BLOCK],
            bpm: patch.meta.tempo_bpm.unwrap_or(120.0).clamp(20.0, 300.0),
            song_from_s: 0.0,
            bend: 0.0,
            mod_wheel: 0.0,
            pressure: 0.0,
            plan,
            controls,
        })
    }

    /// Beats per minute, from the next control block on.
    pub fn set_tempo(&mut self, bpm: f64) {
        if bpm.is_finite() {
            self.bpm = bpm.clamp(20.0, 300.0);
        }
    }

    /// Song time at the next control block, seconds: where song-synced LFOs and random sources are.
    #[must_use]
    pub fn song_s(&self) -> f64 {
        self.song_from_s + self.block_frame as f64 / self.plan.sample_rate
    }

    /// Puts the song at `seconds` from the next control block on. What sounds, and the effects, go on as they are.
    pub fn seek(&mut self, seconds: f64) {
        if seconds.is_finite() {
            self.song_from_s = seconds - self.block_frame as f64 / self.plan.sample_rate;
        }
    }

    /// Lets at most `voices` play at once, at least one and never more than the patch has. Those beyond it fade out.
    pub fn set_polyphony(&mut self, voices: usize) {
        self.voices.set_limit(voices);
    }

    /// With which vector instructions to compute: the widest of this processor unless told. The bits stay the same.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Turns a macro to `value` (0..1, kept inside its bounds); it gets there with a corner of 20 Hz.
    pub fn set_macro(&mut self, slot: usize, value: f64) {
        self.controls.set_macro(slot, value);
    }

    /// Turns a continuous or whole parameter to a raw value (Vital's scale, kept inside its bounds) from the next control
    /// block on. What a player is built from (choices, switches, names) stays as it is: that takes a new player.
    pub fn set_parameter(&mut self, id: ParamId, raw: f32) {
        let row = id.row();
        if matches!(row.kind, Kind::Continuous | Kind::Integer) && raw.is_finite() {
            let raw = raw.clamp(row.raw_min() as f32, row.raw_max() as f32);
            self.controls.set_parameter(id.index(), raw);
        }
    }

    /// Puts all macros where they are going at once: before the first sound.
    pub fn snap_macros(&mut self) {
        self.controls.snap();
    }

    /// Voices that sound now.
    #[must_use]
    pub fn sounding(&self) -> usize {
        self.voices.sounding()
    }

    /// Voices that play: those that sound, without what fades out because its place was needed.
    #[must_use]
    pub fn playing(&self) -> usize {
        self.voices.playing()
    }

    /// Hands over an event, `offset` frames into the next call of [`Self::process`]. Events of the same control block
    /// count in the order in which they were handed over. False when the queue is full and the event was refused.
    pub fn handle(&mut self, offset: usize, event: Event) -> bool {
        if self.queue.len() >= QUEUE {
            return false;
        }
        let queued = Queued {
            frame: self.out_frame + offset as u64,
            event,
        };
        let place = self.queue.partition_point(|other| other.frame <= queued.frame);
        self.queue.insert(place, queued);
        true
    }

    /// Starts the song again at frame 0. What sounds goes on; what was not yet handed out is dropped.
    pub fn rewind(&mut self) {
        self.block_frame = 0;
        self.out_frame = 0;
        self.song_from_s = 0.0;
        self.queue.clear();
        self.voices.rewind();
        self.chain.seek(0.0, &self.shared[0], self.bpm);
    }

    /// Fills both channels; the shorter one decides how far. Any length, also 0.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        let _state = Flushing::begin();
        let frames = left.len().min(right.len());
        let mut done = 0;
        while done < frames {
            if self.out_frame == self.block_frame {
                self.render_block();
            }
            let from = BLOCK - (self.block_frame - self.out_frame) as usize;
            let count = (BLOCK - from).min(frames - done);
            left[done..done + count].copy_from_slice(&self.out_left[from..from + count]);
            right[done..done + count].copy_from_slice(&self.out_right[from..from + count]);
            done += count;
            self.out_frame += count as u64;
        }
    }

    fn render_block(&mut self) {
        let start_s = self.song_s();
        let end_s = self.song_from_s + (self.block_frame + BLOCK as u64) as f64 / self.plan.sample_rate;
        self.controls.advance(self.plan.block_s());
        let due = self
            .queue
            .partition_point(|queued| queued.frame <= self.block_frame);
        for i in 0..due {
            let event = self.queue[i].event;
            self.apply(event, start_s);
        }
        self.queue.drain(..due);
        self.buses.clear();
        let moment = Moment {
            plan: &self.plan,
            level: self.level,
            controls: &self.controls,
            song_s: end_s,
            bpm: self.bpm,
            bend: self.bend,
            mod_wheel: self.mod_wheel,
            pressure: self.pressure,
        };
        self.voices.render(&moment, &mut self.scratch, &mut self.buses);
        self.share();
        let Buses {
            effects,
            direct,
            sends,
        } = &mut self.buses;
        let sends: Sends<'_> =
            std::array::from_fn(|i| sends[i].as_ref().map(|bus| (&bus.left[..], &bus.right[..])));
        self.chain.process_sides(
            self.level,
            &mut effects.left,
            &mut effects.right,
            &sends,
            [&self.shared[0], &self.shared[1]],
            self.bpm,
        );
        for (to, from) in effects.left.iter_mut().zip(&direct.left) {
            *to += *from;
        }
        for (to, from) in effects.right.iter_mut().zip(&direct.right) {
            *to += *from;
        }
        self.decimator.process(
            self.level,
            &effects.left,
            &effects.right,
            &mut self.out_left,
            &mut self.out_right,
        );
        self.finish();
        self.block_frame += BLOCK as u64;
    }

    fn apply(&mut self, event: Event, song_s: f64) {
        let moment = Moment {
            plan: &self.plan,
            level: self.level,
            controls: &self.controls,
            song_s,
            bpm: self.bpm,
            bend: self.bend,
            mod_wheel: self.mod_wheel,
            pressure: self.pressure,
        };
        let unit = |x: f32| if x.is_finite() { x.clamp(0.0, 1.0) } else { 0.0 };
        match event {
            Event::NoteOn { key, velocity } => {
                self.voices
                    .press(&moment, &mut self.scratch, key.min(127), unit(velocity));
            }
            Event::NoteOff { key, lift } => {
                self.voices
                    .lift(&moment, &mut self.scratch, key.min(127), unit(lift))
            }
            Event::Sustain(down) => self.voices.pedal(down),
            Event::PitchBend(value) => {
                self.bend = if value.is_finite() {
                    value.clamp(-1.0, 1.0)
                } else {
                    0.0
                }
            }
            Event::ModWheel(value) => self.mod_wheel = unit(value),
            Event::Aftertouch(value) => self.pressure = unit(value),
            Event::KeyPressure { key, value } => {
                self.voices
                    .of_key(key.min(127))
                    .for_each(|voice| voice.pressure = unit(value));
            }
            Event::KeyBend { key, semitones } => {
                let semitones = if semitones.is_finite() { semitones } else { 0.0 };
                let semitones = semitones.clamp(-MAX_KEY_BEND_ST, MAX_KEY_BEND_ST);
                self.voices
                    .of_key(key.min(127))
                    .for_each(|voice| voice.bend_st = semitones);
            }
            Event::Slide { key, value } => self
                .voices
                .of_key(key.min(127))
                .for_each(|voice| voice.slide = unit(value)),
            Event::AllNotesOff => self.voices.release_all(),
            Event::AllSoundOff => {
                self.voices.silence();
                self.chain.reset();
            }
        }
    }

    /// Brings the raw values of effects and master up to date: the patch and its macros, with the routes as the voice
    /// that started last has them. Without a voice they stay where they were.
    fn share(&mut self) {
        if self.shared_version != self.controls.version() {
            self.shared_version = self.controls.version();
            for side in &mut self.shared {
                side.copy_from_slice(self.controls.values());
            }
        }
        if let Some(voice) = self.voices.newest() {
            for (side, values) in self.shared.iter_mut().zip(voice.values()) {
                for id in self.plan.matrix.touched() {
                    side[*id] = values[*id];
                }
            }
            self.chain.set_note(voice.pitch());
        }
    }

    /// Stereo width, master level and the ceiling.
    fn finish(&mut self) {
        let ids = &self.plan.voicing;
        let [left, right] = [0, 1].map(|side| {
            let raw = f64::from(self.shared[side][ids.volume]);
            math::db_to_gain(math::sqrt(raw.max(0.0)) - 80.0) as f32
        });
        let width = f64::from(self.shared[0][ids.width]);
        let (cos, sin) = match self.stereo_mode {
            StereoMode::Spread => {
                let angle = (1.0 - width) * math::PI * 0.25;
                (math::cos(angle) as f32, math::sin(angle) as f32)
            }
            StereoMode::Rotate => {
                let angle = 2.0 * math::PI * width;
                (math::cos(angle) as f32, math::sin(angle) as f32)
            }
        };
        let cross = if self.stereo_mode == StereoMode::Rotate {
            -sin
        } else {
            sin
        };
        let to = [left * cos, left * cross, right * sin, right * cos];
        let from = self.master.unwrap_or(to);
        let part = 1.0 / BLOCK as f32;
        let step: [f32; 4] = std::array::from_fn(|i| (to[i] - from[i]) * part);
        for (i, (left, right)) in self.out_left.iter_mut().zip(&mut self.out_right).enumerate() {
            let at = |k: usize| from[k] + step[k] * (i + 1) as f32;
            let (l, r) = (*left, *right);
            *left = (at(0) * l + at(1) * r).clamp(-CEILING, CEILING);
            *right = (at(2) * l + at(3) * r).clamp(-CEILING, CEILING);
        }
        self.master = Some(to);
    }
}
