//! The audio thread's half of the plugin: what was played goes to the slots, their sounds into the mix.
//!
//! Time goes in control blocks of 64 frames counted from activation, as in the engine; a host's block is cut from them. An
//! event takes effect at the first control block that begins at or after its frame, which is what
//! `songwalker_engine::render` does too: a single slot at default parameters has the bits of `songwalker render`. All
//! memory is taken in [`Sound::new`]; nothing here waits, locks or asks the system for anything but the time.

pub mod action;
mod budget;
mod lane;
mod meters;
mod ramp;

use std::sync::Arc;
use std::time::{Duration, Instant};

use songwalker_engine::BLOCK;

pub use budget::{Deadline, VOICES_IN_ALL};
pub use meters::{Meters, Scope};

use crate::SLOTS;
use crate::instrument::Instrument;
use crate::orders::{Order, SoundEnd};
use crate::params::{PluginParams, balance, gain, put};
use crate::rack::Routing;
use action::Action;
use budget::Budget;
use lane::{Lane, Share};
use ramp::Ramp;

/// Actions that may wait for the next control block.
const WAITING: usize = 2048;
/// Instruments that may wait to be handed back.
const DEAD: usize = 128;
/// How often work is told per slot, seconds.
const TELL_S: f64 = 0.1;

/// A control block of both sides.
pub type Stereo = [[f32; BLOCK]; 2];

/// Tempo and place in the song, as far as the host says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Clock {
    /// Beats per minute.
    pub bpm: Option<f64>,
    /// Seconds at this tempo from the song's beginning, while it plays.
    pub song_s: Option<f64>,
}

/// Where a host's block is written.
pub trait Outputs {
    /// Frames of the block.
    fn frames(&self) -> usize;
    /// The main output from `from` on, `count` frames.
    fn main(&mut self, from: usize, count: usize) -> [&mut [f32]; 2];
    /// The same of a slot's own output, where the host has it.
    fn own(&mut self, place: usize, from: usize, count: usize) -> Option<[&mut [f32]; 2]>;
}

/// What sounds.
pub struct Sound {
    sample_rate: u32,
    params: Arc<PluginParams>,
    meters: Arc<Meters>,
    scope: Scope,
    end: SoundEnd,
    lanes: Vec<Lane>,
    /// The control block that is being handed out.
    mix: Stereo,
    own: Vec<Stereo>,
    /// Which of `own` are not silent.
    is_own: [bool; SLOTS],
    /// Frames of it that were handed out.
    done: usize,
    /// Which slots have an output of their own in this host.
    has_own: [bool; SLOTS],
    /// Frames since activation.
    frame: u64,
    /// What counts from a later control block on, with its frame.
    waiting: Vec<(u64, Action)>,
    master: [Ramp; 2],
    has_sounded: bool,
    budget: Budget,
    dead: Vec<Box<Instrument>>,
    work: [Duration; SLOTS],
    since_told_s: f64,
}

impl Sound {
    /// Silence at `sample_rate` frames per second.
    #[must_use]
    pub fn new(
        sample_rate: u32,
        deadline: Deadline,
        params: Arc<PluginParams>,
        meters: Arc<Meters>,
        scope: Scope,
        end: SoundEnd,
    ) -> Self {
        Self {
            sample_rate,
            params,
            meters,
            scope,
            end,
            lanes: (0..SLOTS).map(|_| Lane::new(sample_rate)).collect(),
            mix: [[0.0; BLOCK]; 2],
            own: vec![[[0.0; BLOCK]; 2]; SLOTS],
            is_own: [false; SLOTS],
            done: BLOCK,
            has_own: [false; SLOTS],
            frame: 0,
            waiting: Vec::with_capacity(WAITING),
            master: [Ramp::at(1.0, sample_rate); 2],
            has_sounded: false,
            budget: Budget::new(deadline),
            dead: Vec::with_capacity(DEAD),
            work: [Duration::ZERO; SLOTS],
            since_told_s: 0.0,
        }
    }

    /// Gives up what it was made with, to be made anew at another rate; what played is dropped with it.
    #[must_use]
    pub fn into_ends(self) -> (SoundEnd, Scope) {
        (self.end, self.scope)
    }

    /// Silence at once; what the slots hold stays.
    pub fn reset(&mut self) {
        self.waiting.clear();
        self.has_sounded = false;
        // The rest of the control block is not handed out.
        self.done = BLOCK;
        self.lanes.iter_mut().for_each(Lane::reset);
    }

    /// Voices that sound.
    #[must_use]
    pub fn sounding(&self) -> usize {
        self.lanes.iter().map(Lane::sounding).sum()
    }

    /// Whether anything is heard still.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.lanes
            .iter()
            .any(|lane| lane.sounding() > 0 || lane.peak > 3e-5)
    }

    /// Fills a host's block. `clock` is that of its first frame; `next` gives what was played, by frame of the block.
    pub fn play(
        &mut self,
        clock: Clock,
        mut next: impl FnMut() -> Option<(usize, Action)>,
        out: &mut impl Outputs,
    ) {
        let frames = out.frames();
        let began = Instant::now();
        self.has_own = std::array::from_fn(|place| out.own(place, 0, 0).is_some());
        self.obey();
        let mut upcoming = next();
        let mut at = 0;
        while at < frames {
            if self.done == BLOCK {
                while let Some((frame, action)) = upcoming.filter(|(frame, _)| *frame <= at) {
                    self.wait(self.frame + frame as u64 - at as u64, action);
                    upcoming = next();
                }
                let passed_s = at as f64 / f64::from(self.sample_rate);
                let song_s = clock.song_s.map(|song_s| song_s + passed_s);
                self.render(&Clock { song_s, ..clock });
            }
            let count = (BLOCK - self.done).min(frames - at);
            self.hand_out(at, count, out);
            at += count;
        }
        // What is left falls behind the beginning of the last control block: it counts from the next one on.
        let start = self.frame - frames as u64;
        while let Some((frame, action)) = upcoming {
            self.wait(start + frame as u64, action);
            upcoming = next();
        }
        self.tell(began, frames);
    }

    /// Keeps an action for its control block. Where no more fit, keys that go up still do, so that no note hangs.
    fn wait(&mut self, frame: u64, action: Action) {
        let is_relief = !matches!(action, Action::On { .. });
        let room = if is_relief { WAITING } else { WAITING * 3 / 4 };
        if self.waiting.len() < room {
            self.waiting.push((frame, action));
        }
    }

    /// Does what was ordered.
    fn obey(&mut self) {
        while let Some(dead) = self.dead.pop() {
            if let Err(rtrb::PushError::Full(dead)) = self.end.used.push(dead) {
                self.dead.push(dead);
                break;
            }
        }
        // An order leaves at most two instruments behind, and so does each slot's rendering.
        while self.dead.len() + 2 * SLOTS + 2 < DEAD {
            let Ok(order) = self.end.orders.pop() else { return };
            match order {
                Order::Install { place, instrument } => {
                    if let Some(lane) = self.lanes.get_mut(place) {
                        lane.install(instrument, &mut self.dead);
                    }
                }
                Order::Route { place, routing, trim } => self.route(place, routing, trim),
                Order::Key { place, key, velocity } => self.strike(place, key, velocity),
                Order::AllNotesOff => self.lanes.iter_mut().for_each(Lane::end_notes),
            }
        }
    }

    fn route(&mut self, place: usize, routing: Routing, trim: f32) {
        if let Some(lane) = self.lanes.get_mut(place) {
            lane.route(routing);
            lane.trim = trim;
        }
    }

    fn strike(&mut self, place: Option<usize>, key: u8, velocity: f32) {
        match place {
            Some(place) => {
                if let Some(lane) = self.lanes.get_mut(place) {
                    lane.strike(key, velocity);
                }
            }
            None => self.lanes.iter_mut().for_each(|lane| lane.strike(key, velocity)),
        }
    }

    /// The next control block of everything.
    fn render(&mut self, clock: &Clock) {
        let due = self
            .waiting
            .iter()
            .take_while(|(frame, _)| *frame <= self.frame)
            .count();
        for i in 0..due {
            let (_, action) = self.waiting[i];
            self.lanes.iter_mut().for_each(|lane| lane.handle(action));
        }
        self.waiting.drain(..due);
        let any_solo =
            (0..SLOTS).any(|place| self.lanes[place].is_used() && self.params.slots[place].solo.value());
        let used = self.lanes.iter().filter(|lane| lane.is_used()).count();
        let mut is_first = true;
        let mut began = Instant::now();
        for place in 0..SLOTS {
            self.is_own[place] = false;
            if !self.lanes[place].is_used() {
                self.lanes[place].peak = 0.0;
                continue;
            }
            let in_all: usize = self.lanes.iter().map(Lane::playing).sum();
            let lane = &mut self.lanes[place];
            let values = self.params.slots[place].values();
            let share = Share {
                is_audible: !values.muted && (values.solo || !any_solo),
                most_voices: self.budget.of_slot(lane.playing(), in_all, used),
            };
            let block = &mut self.own[place];
            lane.render(&values, share, clock, block, &mut self.dead);
            if lane.is_apart() && self.has_own[place] {
                self.is_own[place] = true;
            } else if std::mem::take(&mut is_first) {
                self.mix = *block;
            } else {
                for (mix, own) in self.mix.iter_mut().zip(block.iter()) {
                    mix.iter_mut().zip(own).for_each(|(mix, own)| *mix += own);
                }
            }
            let ended = Instant::now();
            self.work[place] += ended - began;
            began = ended;
        }
        if is_first {
            self.mix = [[0.0; BLOCK]; 2];
        }
        self.finish();
        self.done = 0;
    }

    /// Master volume, balance and bypass, on the mix and on the slots' own outputs alike.
    fn finish(&mut self) {
        let volume = if self.params.bypass.value() {
            0.0
        } else {
            gain(self.params.volume.value())
        };
        let goals = balance(self.params.pan.value()).map(|side| side * volume);
        for (side, (ramp, goal)) in self.master.iter_mut().zip(goals).enumerate() {
            if self.has_sounded {
                ramp.aim(goal);
            } else {
                ramp.snap(goal);
            }
            ramp.apply(&mut self.mix[side]);
            for place in (0..SLOTS).filter(|place| self.is_own[*place]) {
                ramp.apply(&mut self.own[place][side]);
            }
        }
        self.has_sounded = true;
    }

    fn hand_out(&mut self, at: usize, count: usize, out: &mut impl Outputs) {
        let part = self.done..self.done + count;
        for (to, from) in out.main(at, count).into_iter().zip(&self.mix) {
            to.copy_from_slice(&from[part.clone()]);
        }
        for place in 0..SLOTS {
            let Some(sides) = out.own(place, at, count) else {
                continue;
            };
            for (to, from) in sides.into_iter().zip(&self.own[place]) {
                if self.is_own[place] {
                    to.copy_from_slice(&from[part.clone()]);
                } else {
                    to.fill(0.0);
                }
            }
        }
        self.meters
            .tell_output(&self.mix[0][part.clone()], &self.mix[1][part], &mut self.scope);
        self.done += count;
        self.frame += count as u64;
    }

    fn tell(&mut self, began: Instant, frames: usize) {
        let seconds = frames as f64 / f64::from(self.sample_rate);
        let now = Instant::now();
        let sounding = self.sounding();
        self.budget.count(now, now - began, seconds, sounding);
        self.meters.tell_work(self.budget.load(), self.budget.most());
        let mut keys = 0;
        for (place, lane) in self.lanes.iter().enumerate() {
            self.meters.tell_slot(place, lane.sounding(), lane.peak);
            keys |= lane.keys();
        }
        self.meters.tell_keys(keys);
        self.since_told_s += seconds;
        if self.since_told_s >= TELL_S {
            for (slot, work) in self.params.slots.iter().zip(&mut self.work) {
                let share = std::mem::take(work).as_secs_f64() / self.since_told_s;
                put(&slot.cpu, share.min(1.0) as f32);
            }
            self.since_told_s = 0.0;
        }
    }
}
