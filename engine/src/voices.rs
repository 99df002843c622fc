//! Which voice plays which note: allocation, stealing, mono and legato, glide, pedal, notes that come back.
//!
//! At the limit the voice to give way is the oldest released one, else the oldest that only the pedal holds, else the
//! oldest held. With `kill` it fades out within 50 ms beside the new voice, with `steal` it goes on with the new note;
//! legato goes on without starting envelopes anew while its key is down. A key let go at the limit gives its voice
//! back to a pressed key without one, chosen by priority (`vital-laws.md` §10).

use songwalker_schemas::patch::Voicing;
use songwalker_schemas::patch::voicing::{Override, Priority, VoicingMode};

use crate::controls::Controls;
use crate::filter::FilterBank;
use crate::voice::buses::{Blocks, Buses, FIRST, PAST, SECOND, Scratch};
use crate::voice::plan::Plan;
use crate::voice::{Moment, Note, Voice};

/// Most voices that may fade out beside those that play.
const FADING: usize = 16;

/// How a voice is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Free,
    Key,
    Pedal,
    Released,
    Fading,
}

#[derive(Debug)]
struct Slot {
    voice: Voice,
    hold: Hold,
    /// Counts up with each note started.
    born: u64,
}

/// A key that is down.
#[derive(Debug, Clone, Copy)]
struct Pressed {
    key: u8,
    velocity: f32,
}

/// All voices of a patch.
#[derive(Debug)]
pub(crate) struct Voices {
    slots: Vec<Slot>,
    /// The filters of all slots.
    filters: [Option<FilterBank>; 2],
    blocks: Blocks,
    /// The slots that sound in this block, rising.
    active: Vec<usize>,
    limit: usize,
    /// The limit that the patch has, for which there is room.
    most: usize,
    legato: bool,
    glide_always: bool,
    priority: Priority,
    override_mode: Override,
    pressed: Vec<Pressed>,
    pedal: bool,
    notes: u64,
    last_note: Option<f32>,
}

impl Voices {
    /// The voices of a patch; `most` bounds them further where fewer can ever sound.
    pub(crate) fn new(plan: &Plan, controls: &Controls, spec: &Voicing, most: usize) -> Self {
        let limit = match spec.mode {
            VoicingMode::Mono => 1,
            VoicingMode::Poly => (spec.voices.clamp(1, 64)) as usize,
        };
        // Each voice that plays may be replaced while the one before still fades.
        let fading = if limit > most { 0 } else { limit.min(FADING) };
        let slot = || Slot {
            voice: Voice::new(plan, controls),
            hold: Hold::Free,
            born: 0,
        };
        let places = limit.min(most.max(1)) + fading;
        let bank = |i: usize| {
            let spec = plan.filter[i].as_ref()?;
            Some(FilterBank::new(
                spec.model,
                spec.style,
                plan.rate() as f32,
                places,
            ))
        };
        Self {
            slots: (0..places).map(|_| slot()).collect(),
            filters: [bank(0), bank(1)],
            blocks: Blocks::new(plan.frames(), places),
            active: Vec::with_capacity(places),
            limit,
            most: limit,
            legato: spec.legato,
            glide_always: spec.glide_always,
            priority: spec.priority,
            override_mode: spec.override_mode,
            pressed: Vec::with_capacity(128),
            pedal: false,
            notes: 0,
            last_note: None,
        }
    }

    /// Voices that sound.
    pub(crate) fn sounding(&self) -> usize {
        self.slots.iter().filter(|slot| slot.hold != Hold::Free).count()
    }

    /// Lets at most `limit` voices play, at least one and never more than the patch has. Those beyond it fade out, the same
    /// ones as if new notes took their places.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.clamp(1, self.most);
        while self.playing() > self.limit {
            let Some(victim) = self.victim() else { return };
            self.slots[victim].voice.kill();
            self.slots[victim].hold = Hold::Fading;
        }
    }

    /// The voice that gives way first.
    fn victim(&self) -> Option<usize> {
        self.oldest(Hold::Released)
            .or_else(|| self.oldest(Hold::Pedal))
            .or_else(|| self.oldest(Hold::Key))
    }

    /// The voice that started last among those that sound and do not fade.
    pub(crate) fn newest(&self) -> Option<&Voice> {
        let alive = self
            .slots
            .iter()
            .filter(|slot| !matches!(slot.hold, Hold::Free | Hold::Fading));
        alive.max_by_key(|slot| slot.born).map(|slot| &slot.voice)
    }

    /// The oldest voice that is held so.
    fn oldest(&self, hold: Hold) -> Option<usize> {
        let of = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.hold == hold);
        of.min_by_key(|(_, slot)| slot.born).map(|(i, _)| i)
    }

    /// Voices that sound and do not give way.
    pub(crate) fn playing(&self) -> usize {
        self.slots
            .iter()
            .filter(|slot| !matches!(slot.hold, Hold::Free | Hold::Fading))
            .count()
    }

    /// A key goes down.
    pub(crate) fn press(&mut self, moment: &Moment<'_>, scratch: &mut Scratch, key: u8, velocity: f32) {
        self.pressed.retain(|pressed| pressed.key != key);
        let glides = self.glide_always || !self.pressed.is_empty();
        if self.pressed.len() < self.pressed.capacity() {
            self.pressed.push(Pressed { key, velocity });
        }
        self.play(moment, scratch, key, velocity, glides);
    }

    fn play(&mut self, moment: &Moment<'_>, scratch: &mut Scratch, key: u8, velocity: f32, glides: bool) {
        let note = Note {
            key,
            velocity,
            number: self.notes,
        };
        self.notes += 1;
        let from = if glides {
            self.last_note.unwrap_or(f32::from(key))
        } else {
            f32::from(key)
        };
        self.last_note = Some(f32::from(key));
        if self.playing() >= self.limit
            && let Some(victim) = self.victim()
        {
            self.take(moment, scratch, victim, note, from);
            return;
        }
        self.start(moment, scratch, note, from);
    }

    /// Gives a sounding voice's place to another note.
    fn take(&mut self, moment: &Moment<'_>, scratch: &mut Scratch, victim: usize, note: Note, from: f32) {
        let tied = self.legato && self.slots[victim].hold == Hold::Key;
        if tied || self.override_mode == Override::Steal {
            let slot = &mut self.slots[victim];
            // A single voice glides from where it is, not from where it was going.
            let from = if self.limit == 1 && from != f32::from(note.key) {
                slot.voice.reached()
            } else {
                from
            };
            if tied {
                slot.voice.change(note, from);
            } else {
                slot.voice.begin(moment, note, from);
            }
            slot.hold = Hold::Key;
            slot.born = note.number;
        } else {
            let slot = &mut self.slots[victim];
            let from = if self.limit == 1 && from != f32::from(note.key) {
                slot.voice.reached()
            } else {
                from
            };
            slot.voice.kill();
            slot.hold = Hold::Fading;
            self.start(moment, scratch, note, from);
        }
    }

    fn start(&mut self, moment: &Moment<'_>, scratch: &mut Scratch, note: Note, from: f32) {
        // The first free place, so that how many there are does not change the order in which voices are summed.
        let place = self
            .slots
            .iter()
            .position(|slot| slot.hold == Hold::Free)
            .or_else(|| self.oldest(Hold::Fading))
            .or_else(|| self.oldest(Hold::Released))
            .or_else(|| self.oldest(Hold::Pedal))
            .or_else(|| self.oldest(Hold::Key));
        if let Some(place) = place {
            for bank in self.filters.iter_mut().flatten() {
                bank.reset(place);
            }
            let slot = &mut self.slots[place];
            slot.voice.start(moment, &mut scratch.drawer, note, from);
            slot.hold = Hold::Key;
            slot.born = note.number;
        }
    }

    /// A key goes up.
    pub(crate) fn lift(&mut self, moment: &Moment<'_>, scratch: &mut Scratch, key: u8, lift: f32) {
        self.pressed.retain(|pressed| pressed.key != key);
        // The same key may have been struck more than once: all its voices go.
        for place in 0..self.slots.len() {
            let slot = &self.slots[place];
            if slot.hold != Hold::Key || slot.voice.key() != key {
                continue;
            }
            if let Some(back) = self.waiting() {
                let from = self.slots[place].voice.reached();
                let note = Note {
                    key: back.key,
                    velocity: back.velocity,
                    number: self.notes,
                };
                self.notes += 1;
                self.last_note = Some(f32::from(back.key));
                self.take(moment, scratch, place, note, from);
                continue;
            }
            let slot = &mut self.slots[place];
            slot.voice.lift = lift;
            if self.pedal {
                slot.hold = Hold::Pedal;
            } else {
                slot.hold = Hold::Released;
                slot.voice.release();
            }
        }
    }

    /// The pressed key without a voice that priority puts first. In turns the one that comes back goes to the end of
    /// the row.
    fn waiting(&mut self) -> Option<Pressed> {
        let sounds = |key: u8| {
            self.slots
                .iter()
                .any(|slot| slot.hold == Hold::Key && slot.voice.key() == key)
        };
        let priority = self.priority;
        let mut silent = self
            .pressed
            .iter()
            .copied()
            .filter(|pressed| !sounds(pressed.key));
        let back = match priority {
            Priority::Newest => silent.next_back(),
            Priority::Oldest | Priority::RoundRobin => silent.next(),
            Priority::Highest => silent.max_by_key(|pressed| pressed.key),
            Priority::Lowest => silent.min_by_key(|pressed| pressed.key),
        }?;
        if priority == Priority::RoundRobin
            && let Some(place) = self.pressed.iter().position(|pressed| pressed.key == back.key)
        {
            self.pressed[place..].rotate_left(1);
        }
        Some(back)
    }

    /// The sustain pedal.
    pub(crate) fn pedal(&mut self, down: bool) {
        self.pedal = down;
        if !down {
            for slot in self.slots.iter_mut().filter(|slot| slot.hold == Hold::Pedal) {
                slot.hold = Hold::Released;
                slot.voice.release();
            }
        }
    }

    /// Lets go of everything.
    pub(crate) fn release_all(&mut self) {
        self.pressed.clear();
        self.pedal = false;
        for slot in self
            .slots
            .iter_mut()
            .filter(|slot| matches!(slot.hold, Hold::Key | Hold::Pedal))
        {
            slot.hold = Hold::Released;
            slot.voice.release();
        }
    }

    /// Falls silent at once.
    pub(crate) fn silence(&mut self) {
        self.pressed.clear();
        self.pedal = false;
        for slot in &mut self.slots {
            slot.hold = Hold::Free;
            slot.voice.silence();
        }
    }

    /// Forgets how many notes there were and where the last one stood: the next is note 0.
    pub(crate) fn rewind(&mut self) {
        self.notes = 0;
        self.last_note = None;
        for slot in &mut self.slots {
            slot.born = 0;
        }
    }

    /// The voices of a held key.
    pub(crate) fn of_key(&mut self, key: u8) -> impl Iterator<Item = &mut Voice> {
        let held = self
            .slots
            .iter_mut()
            .filter(move |slot| slot.hold == Hold::Key && slot.voice.key() == key);
        held.map(|slot| &mut slot.voice)
    }

    /// Plays one control block of all voices into the buses: each voice up to its filters, the filters of all voices
    /// at once, then the sum, in the order of the slots.
    pub(crate) fn render(&mut self, moment: &Moment<'_>, scratch: &mut Scratch, buses: &mut Buses) {
        scratch.drawer.set_level(moment.level);
        self.active.clear();
        for (i, slot) in self.slots.iter_mut().enumerate() {
            if slot.hold == Hold::Free {
                continue;
            }
            self.active.push(i);
            slot.voice.render(moment, scratch, &mut self.blocks.of(i), buses);
            if slot.voice.is_idle() {
                slot.hold = Hold::Free;
            }
        }
        let level = moment.level;
        let [bank_0, bank_1] = &mut self.filters;
        if let Some(bank) = bank_0 {
            bank.process(
                level,
                &self.active,
                &mut self.blocks.buses[FIRST],
                &self.blocks.controls[0],
                &self.blocks.detours[0],
            );
        }
        let after_first = if moment.plan.serial { SECOND } else { PAST };
        for &voice in &self.active {
            self.blocks.pass_on(voice, FIRST, after_first);
        }
        if let Some(bank) = bank_1 {
            bank.process(
                level,
                &self.active,
                &mut self.blocks.buses[SECOND],
                &self.blocks.controls[1],
                &self.blocks.detours[1],
            );
        }
        for &voice in &self.active {
            self.blocks.pass_on(voice, SECOND, PAST);
            if self.blocks.filled[voice][PAST] {
                let gain = &self.blocks.gain[voice];
                buses.effects.add_scaled(&self.blocks.buses[PAST][voice], gain);
            }
        }
    }
}
