//! An instance with its sound, played without a host.

use std::sync::Arc;

use songwalker_plugin::content::{Content, PatchContent, Playable};
use songwalker_plugin::instance::{Instance, Putting};
use songwalker_plugin::params::PluginParams;
use songwalker_plugin::sound::action::Action;
use songwalker_plugin::sound::{Clock, Deadline, Meters, Outputs, Sound};
use songwalker_plugin::state::SavedRack;
use songwalker_schemas::PatchSpec;

/// Frames per second of everything here.
pub const RATE: u32 = 48_000;

/// An instance and its sound.
pub struct Desk {
    pub instance: Arc<Instance>,
    pub params: Arc<PluginParams>,
    pub meters: Arc<Meters>,
    pub sound: Sound,
}

/// What was played: main left and right, and the second slot's own output.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Played {
    pub main: [Vec<f32>; 2],
    pub own: [Vec<f32>; 2],
}

struct Block<'a> {
    played: &'a mut Played,
    from: usize,
    frames: usize,
}

impl Outputs for Block<'_> {
    fn frames(&self) -> usize {
        self.frames
    }

    fn main(&mut self, from: usize, count: usize) -> [&mut [f32]; 2] {
        let from = self.from + from;
        self.played
            .main
            .each_mut()
            .map(|side| &mut side[from..from + count])
    }

    fn own(&mut self, place: usize, from: usize, count: usize) -> Option<[&mut [f32]; 2]> {
        let from = self.from + from;
        (place == 1).then(|| {
            self.played
                .own
                .each_mut()
                .map(|side| &mut side[from..from + count])
        })
    }
}

pub fn content(patch: &PatchSpec) -> Content {
    Content::Patch(PatchContent::of(Playable::new(
        patch.clone(),
        songwalker_generator::assets::PatchAssets::default(),
    )))
}

impl Desk {
    /// A new instance whose audio runs.
    pub fn new() -> Self {
        let instance = Instance::new();
        let params = PluginParams::new(SavedRack::of(instance.clone()));
        instance.attach(&params);
        let (meters, scope) = Meters::new();
        let meters = Arc::new(meters);
        let end = instance.activate(RATE);
        let sound = Sound::new(
            RATE,
            Deadline::Offline,
            params.clone(),
            meters.clone(),
            scope,
            end,
        );
        Self {
            instance,
            params,
            meters,
            sound,
        }
    }

    /// One whose first slot plays that patch from the first frame on.
    pub fn with(patch: &PatchSpec) -> Self {
        let desk = Self::new();
        desk.instance
            .install(desk.instance.claim(0), Putting::of(content(patch)))
            .expect("a patch that plays");
        desk
    }

    /// Plays `frames` in blocks of the lengths that `lengths` gives in turn; actions by their frame.
    pub fn play(&mut self, frames: usize, lengths: &[usize], actions: &[(usize, Action)]) -> Played {
        let silence = || [vec![0.0; frames], vec![0.0; frames]];
        let mut played = Played {
            main: silence(),
            own: silence(),
        };
        let mut lengths = lengths.iter().cycle().copied();
        let (mut from, mut next) = (0, 0);
        while from < frames {
            let length = lengths.next().unwrap_or(64).min(frames - from);
            let actions = || {
                let (frame, action) = *actions.get(next)?;
                (frame < from + length).then(|| {
                    next += 1;
                    (frame - from, action)
                })
            };
            let block = &mut Block {
                played: &mut played,
                from,
                frames: length,
            };
            self.sound.play(Clock::default(), actions, block);
            from += length;
        }
        played
    }
}

/// A note on the first channel.
pub fn on(key: u8) -> Action {
    Action::On {
        channel: 0,
        key,
        velocity: (100.0f64 / 127.0) as f32,
    }
}

pub fn off(key: u8) -> Action {
    Action::Off {
        channel: Some(0),
        key: Some(key),
        lift: 0.5,
    }
}

/// The highest value.
pub fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| sample.abs().max(peak))
}
