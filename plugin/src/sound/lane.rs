//! A slot as the audio thread has it: its instrument, the one that fades out behind it, the keys that are down, and where
//! wheels and pedal stand, so that an instrument that comes in the middle of a chord plays on with it.

use songwalker_engine::BLOCK;
use songwalker_engine::patch_player::Event;

use super::action::{Action, MPE_BEND_ST};
use super::ramp::Ramp;
use super::{Clock, Stereo};
use crate::instrument::Instrument;
use crate::params::{MACROS, SlotValues};
use crate::rack::{Channels, Output, Routing};

/// The cross-fade from one instrument to the next, seconds.
const CROSS_FADE_S: f32 = 0.05;
/// Below this a tail is not heard, about −90 dB.
const QUIET: f32 = 3e-5;

/// A key that is down.
#[derive(Debug, Clone, Copy)]
struct Down {
    channel: u8,
    /// The key that it plays.
    played: u8,
    velocity: f32,
}

/// Where everything that is no key stands.
#[derive(Debug, Clone, Copy)]
struct Controllers {
    bend: f32,
    wheel: f32,
    pressure: f32,
    expression: f32,
    pedal: bool,
    /// MPE: what fingers do, by channel.
    fingers: [Finger; 16],
}

/// What is said of a channel's notes, before they sound or while they do.
#[derive(Debug, Clone, Copy, Default)]
struct Finger {
    /// Bend, semitones.
    bend_st: f32,
    /// Pressure, 0..1.
    pressure: f32,
    /// How far it has slid, 0..1.
    slide: f32,
}

impl Default for Controllers {
    fn default() -> Self {
        Self {
            bend: 0.0,
            wheel: 0.0,
            pressure: 0.0,
            expression: 1.0,
            pedal: false,
            fingers: [Finger::default(); 16],
        }
    }
}

/// What a slot is allowed in a control block.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Whether it is heard, mute and solo considered.
    pub is_audible: bool,
    /// Most voices.
    pub most_voices: usize,
}

/// A slot that sounds.
#[derive(Debug)]
pub struct Lane {
    current: Option<Box<Instrument>>,
    fading: Option<Box<Instrument>>,
    /// What comes once the cross-fade is over.
    next: Option<Option<Box<Instrument>>>,
    fade_in: Ramp,
    fade_out: Ramp,
    gains: [Ramp; 2],
    expression: Ramp,
    down: [Option<Down>; 128],
    controllers: Controllers,
    routing: Routing,
    /// Gain of its comparison, at most 1.
    pub trim: f32,
    /// Highest value of the last control block.
    pub peak: f32,
    has_sounded: bool,
    /// Macros of the last control block, and those with which the old instrument fades out: a new sound's are not its own.
    macros: [f32; MACROS],
    fading_macros: [f32; MACROS],
}

impl Lane {
    /// An empty one.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            current: None,
            fading: None,
            next: None,
            fade_in: Ramp::within(1.0, CROSS_FADE_S, sample_rate),
            fade_out: Ramp::within(0.0, CROSS_FADE_S, sample_rate),
            gains: [Ramp::at(1.0, sample_rate); 2],
            expression: Ramp::at(1.0, sample_rate),
            down: [None; 128],
            controllers: Controllers::default(),
            routing: Routing::default(),
            trim: 1.0,
            peak: 0.0,
            has_sounded: false,
            macros: [0.0; MACROS],
            fading_macros: [0.0; MACROS],
        }
    }

    /// Whether its sound goes to its own output.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.routing.output == Output::Own
    }

    /// Whether anything plays here.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.current.is_some() || self.fading.is_some()
    }

    /// Voices that play.
    #[must_use]
    pub fn playing(&self) -> usize {
        self.current.as_ref().map_or(0, |instrument| instrument.playing())
    }

    /// Voices that sound, fading ones included.
    #[must_use]
    pub fn sounding(&self) -> usize {
        let of = |instrument: &Option<Box<Instrument>>| instrument.as_ref().map_or(0, |i| i.sounding());
        of(&self.current) + of(&self.fading)
    }

    /// The keys that are down, as bits.
    #[must_use]
    pub fn keys(&self) -> u128 {
        let bits = self.down.iter().enumerate();
        bits.fold(0, |bits, (key, down)| bits | (u128::from(down.is_some()) << key))
    }

    /// Puts in another instrument; what is no longer needed goes to `dead`.
    pub fn install(&mut self, instrument: Option<Box<Instrument>>, dead: &mut Vec<Box<Instrument>>) {
        if self.fading.is_some() {
            dead.extend(self.next.replace(instrument).flatten());
            return;
        }
        let old = std::mem::replace(&mut self.current, instrument);
        self.resume();
        if self.sounds_still(old.as_deref()) {
            self.fading = old;
            self.fading_macros = self.macros;
            self.fade_out.snap(1.0);
            self.fade_in.snap(0.0);
        } else {
            self.fade_in.snap(1.0);
            dead.extend(old);
        }
    }

    fn sounds_still(&self, old: Option<&Instrument>) -> bool {
        old.is_some_and(|old| old.sounding() > 0 || self.peak > QUIET)
    }

    /// Brings an instrument that begins to where the hands are.
    fn resume(&mut self) {
        let hands = self.controllers;
        if hands.bend != 0.0 {
            self.send(Event::PitchBend(hands.bend));
        }
        if hands.wheel != 0.0 {
            self.send(Event::ModWheel(hands.wheel));
        }
        if hands.pressure != 0.0 {
            self.send(Event::Aftertouch(hands.pressure));
        }
        if hands.pedal {
            self.send(Event::Sustain(true));
        }
        for place in 0..self.down.len() {
            if let Some(down) = self.down[place] {
                self.send(Event::NoteOn {
                    key: down.played,
                    velocity: down.velocity,
                });
                self.touch(down.channel, down.played);
            }
        }
    }

    /// Brings a note that begins to where its finger is.
    fn touch(&mut self, channel: u8, key: u8) {
        let Finger {
            bend_st,
            pressure,
            slide,
        } = self.controllers.fingers[usize::from(channel)];
        if bend_st != 0.0 {
            let semitones = bend_st;
            self.send(Event::KeyBend { key, semitones });
        }
        if pressure != 0.0 {
            self.send(Event::KeyPressure { key, value: pressure });
        }
        if slide != 0.0 {
            self.send(Event::Slide { key, value: slide });
        }
    }

    fn send(&mut self, event: Event) {
        if let Some(instrument) = &mut self.current {
            instrument.handle(event);
        }
    }

    /// The old instrument hears only what ends.
    fn send_both(&mut self, event: Event) {
        if let Some(instrument) = &mut self.fading {
            instrument.handle(event);
        }
        self.send(event);
    }

    /// A key of the editor, whatever the ranges say.
    pub fn strike(&mut self, key: u8, velocity: f32) {
        let key = key.min(127);
        if velocity > 0.0 {
            self.press(0, key, key, velocity);
        } else {
            self.let_go(None, Some(key), 0.5);
        }
    }

    fn press(&mut self, channel: u8, key: u8, played: u8, velocity: f32) {
        // The same key again, transposed otherwise by now: the first of the two would never end.
        if let Some(before) = self.down[usize::from(key)].filter(|before| before.played != played) {
            self.send_both(Event::NoteOff {
                key: before.played,
                lift: 0.5,
            });
        }
        self.down[usize::from(key)] = Some(Down {
            channel,
            played,
            velocity,
        });
        self.send(Event::NoteOn {
            key: played,
            velocity,
        });
        self.touch(channel, played);
    }

    fn let_go(&mut self, channel: Option<u8>, key: Option<u8>, lift: f32) {
        let keys = match key {
            Some(key) => key.min(127)..=key.min(127),
            None => 0..=127,
        };
        for key in keys {
            let place = &mut self.down[usize::from(key)];
            if let Some(down) = place.filter(|down| channel.is_none_or(|channel| channel == down.channel)) {
                *place = None;
                self.send_both(Event::NoteOff {
                    key: down.played,
                    lift,
                });
            }
        }
    }

    /// The played keys that are down on `channel`, one after the other, told to `tell`.
    fn each_key(&mut self, channel: u8, event: impl Fn(u8) -> Event) {
        for place in 0..self.down.len() {
            if let Some(down) = self.down[place].filter(|down| down.channel == channel) {
                self.send(event(down.played));
            }
        }
    }

    fn key_event(&mut self, channel: Option<u8>, key: u8, event: impl Fn(u8) -> Event) {
        let down = self.down[usize::from(key.min(127))];
        if let Some(down) = down.filter(|down| channel.is_none_or(|channel| channel == down.channel)) {
            self.send(event(down.played));
        }
    }

    /// Whether what a channel says is said of its notes only.
    fn is_of_notes(&self, channel: u8) -> bool {
        self.routing.channels == Channels::Mpe && channel > 0
    }

    /// What was played, as far as it reaches this slot.
    pub fn handle(&mut self, action: Action) {
        let takes = |channel: u8| self.routing.channels.take(channel);
        match action {
            Action::On {
                channel,
                key,
                velocity,
            } => {
                let channel = channel.min(15);
                if let Some(played) = self.routing.key(channel, key, velocity) {
                    self.press(channel, key.min(127), played, velocity);
                }
            }
            Action::Off { channel, key, lift } => self.let_go(channel, key, lift),
            Action::KeyPressure { channel, key, value } => {
                self.key_event(channel, key, |key| Event::KeyPressure { key, value });
            }
            Action::KeyBend {
                channel,
                key,
                semitones,
            } => self.key_event(channel, key, |key| Event::KeyBend { key, semitones }),
            Action::KeySlide { channel, key, value } => {
                self.key_event(channel, key, |key| Event::Slide { key, value });
            }
            Action::Bend { channel, value } if self.is_of_notes(channel) => {
                let semitones = value * MPE_BEND_ST;
                self.finger(channel).bend_st = semitones;
                self.each_key(channel, |key| Event::KeyBend { key, semitones });
            }
            Action::Pressure { channel, value } if self.is_of_notes(channel) => {
                self.finger(channel).pressure = value;
                self.each_key(channel, |key| Event::KeyPressure { key, value });
            }
            Action::Timbre { channel, value } if self.is_of_notes(channel) => {
                self.finger(channel).slide = value;
                self.each_key(channel, |key| Event::Slide { key, value });
            }
            Action::Bend { channel, value } if takes(channel) => {
                self.controllers.bend = value;
                self.send(Event::PitchBend(value));
            }
            Action::Pressure { channel, value } if takes(channel) => {
                self.controllers.pressure = value;
                self.send(Event::Aftertouch(value));
            }
            Action::Wheel { channel, value } if takes(channel) => {
                self.controllers.wheel = value;
                self.send(Event::ModWheel(value));
            }
            Action::Expression { channel, value } if takes(channel) => self.controllers.expression = value,
            Action::Pedal { channel, down } if takes(channel) => {
                self.controllers.pedal = down;
                self.send_both(Event::Sustain(down));
            }
            Action::ResetControllers { channel } if takes(channel) => self.rest(),
            Action::AllNotesOff { channel } if takes(channel) => self.end_notes(),
            Action::AllSoundOff { channel } if takes(channel) => {
                self.down = [None; 128];
                self.send_both(Event::AllSoundOff);
            }
            _ => {}
        }
    }

    fn finger(&mut self, channel: u8) -> &mut Finger {
        &mut self.controllers.fingers[usize::from(channel.min(15))]
    }

    /// Other notes reach it from now on. What stood on channels that no longer do would stand there for ever.
    pub fn route(&mut self, routing: Routing) {
        if routing.channels != self.routing.channels {
            self.rest();
        }
        self.routing = routing;
    }

    /// Lets go of every key and the pedal.
    pub fn end_notes(&mut self) {
        self.down = [None; 128];
        self.controllers.pedal = false;
        self.send_both(Event::AllNotesOff);
    }

    fn rest(&mut self) {
        self.controllers = Controllers::default();
        self.send(Event::PitchBend(0.0));
        self.send(Event::ModWheel(0.0));
        self.send(Event::Aftertouch(0.0));
        for place in 0..self.down.len() {
            if let Some(down) = self.down[place] {
                let (key, semitones) = (down.played, 0.0);
                self.send(Event::KeyBend { key, semitones });
            }
        }
        self.send_both(Event::Sustain(false));
    }

    /// Plays one control block and applies its gains; an instrument that has faded out goes to `dead`.
    pub fn render(
        &mut self,
        values: &SlotValues,
        share: Share,
        clock: &Clock,
        out: &mut Stereo,
        dead: &mut Vec<Box<Instrument>>,
    ) {
        self.macros = values.macros;
        let [left, right] = out;
        match &mut self.current {
            Some(instrument) => instrument.render(values, share.most_voices, clock, left, right),
            None => (*left, *right) = ([0.0; BLOCK], [0.0; BLOCK]),
        }
        if let Some(old) = &mut self.fading {
            let mut behind = [[0.0; BLOCK]; 2];
            let [old_left, old_right] = &mut behind;
            let values = &SlotValues {
                macros: self.fading_macros,
                ..*values
            };
            old.render(values, share.most_voices, clock, old_left, old_right);
            self.fade_in.aim(1.0);
            self.fade_out.aim(0.0);
            for (new, old) in out.iter_mut().zip(&mut behind) {
                self.fade_in.apply(new);
                self.fade_out.apply(old);
                new.iter_mut().zip(old).for_each(|(new, old)| *new += *old);
            }
            if self.fade_out.value() == 0.0 {
                dead.extend(self.fading.take());
                if let Some(next) = self.next.take() {
                    self.install(next, dead);
                }
            }
        }
        self.apply_gains(values, share.is_audible, out);
    }

    fn apply_gains(&mut self, values: &SlotValues, is_audible: bool, out: &mut Stereo) {
        let expression = self.controllers.expression * self.controllers.expression;
        let goals = values
            .gains
            .map(|gain| if is_audible { gain * self.trim } else { 0.0 });
        if self.has_sounded {
            self.expression.aim(expression);
        } else {
            self.expression.snap(expression);
        }
        self.peak = 0.0;
        for ((samples, ramp), goal) in out.iter_mut().zip(&mut self.gains).zip(goals) {
            if self.has_sounded {
                ramp.aim(goal);
            } else {
                ramp.snap(goal);
            }
            for sample in samples.iter() {
                self.peak = self.peak.max(sample.abs());
            }
            ramp.apply(samples);
            self.expression.apply(samples);
        }
        self.has_sounded = true;
    }

    /// Falls silent and forgets the hands; what plays stays. Gains stand where they are wanted at once.
    pub fn reset(&mut self) {
        self.down = [None; 128];
        self.rest();
        self.has_sounded = false;
        self.send_both(Event::AllSoundOff);
    }
}
