//! One instance of the plugin, as everybody but the audio thread has it: the rack, the way to the sound, what there is to
//! tell people.
//!
//! Whoever changes the rack does it here, so that rack and sound never part: a change is made, then ordered. Instruments
//! are built by the caller's thread, which is never the audio thread.

use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use songwalker_engine::math;

use crate::SLOTS;
use crate::content::{Content, Playable};
use crate::history::{Before, History, Step};
use crate::instrument::{Instrument, PatchInstrument};
use crate::orders::{DeskEnd, Order, SoundEnd, queues};
use crate::params::{MACROS, PluginParams, SlotParams, SlotValues};
use crate::rack::{Other, Rack, Routing, Slot};

/// Something to tell, newest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whether something did not work.
    pub is_error: bool,
    /// One sentence.
    pub text: String,
}

/// Most messages that are kept.
const MESSAGES: usize = 20;

/// What is asked of a slot: what is asked of it later, and what becomes of the slot itself meanwhile, wins over it.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    place: usize,
    number: u64,
    moves: u64,
}

impl Claim {
    /// The slot.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }
}

/// What is put into a slot.
#[derive(Debug, Clone)]
pub struct Putting {
    /// What it plays.
    pub content: Content,
    /// Where its macros go, 0..1.
    pub macros: [f32; MACROS],
    /// What it is compared with from now on, where that changes.
    pub other: Option<Other>,
    /// Level that makes both equally loud, decibels, at most 0.
    pub trim_db: f32,
    /// Whether it is another sound: the offsets to the one before do not count for it.
    pub is_other: bool,
}

impl Putting {
    /// Content with its macros where the patch has them.
    #[must_use]
    pub fn of(content: Content) -> Self {
        Self {
            macros: content.macros(),
            content,
            other: None,
            trim_db: 0.0,
            is_other: true,
        }
    }
}

/// Parameters that a slot's sound has moved.
#[derive(Debug, Clone, Copy)]
pub struct Adopted {
    /// The slot.
    pub place: usize,
    /// Where the macros went.
    pub macros: [f32; MACROS],
    /// Whether the offsets went to 0 too, for the sound is another.
    pub is_other: bool,
    /// Whether everything else went to its default, for the slot is a new one.
    pub is_new: bool,
}

/// The rack, and how far everybody is who changes it.
#[derive(Default)]
struct Held {
    rack: Rack,
    /// Frames per second; 0 while no audio runs.
    sample_rate: u32,
    activations: u64,
    /// Counts what is asked for.
    asked: u64,
    /// The newest that was asked of each slot and is done.
    done: [u64; SLOTS],
    /// Counts what becomes of each slot: taken away, exchanged, brought back.
    moves: [u64; SLOTS],
    /// Counts the changes of what each slot plays.
    versions: [u64; SLOTS],
    /// Counts all changes.
    edits: u64,
    /// Places of which the sound has not heard the last, for it took no orders.
    unsent: [bool; SLOTS],
    /// What hosts were not told yet.
    adopted: [Option<Adopted>; SLOTS],
}

impl Held {
    fn moved(&mut self, place: usize) {
        if let (Some(moves), Some(version)) = (self.moves.get_mut(place), self.versions.get_mut(place)) {
            *moves += 1;
            *version += 1;
            self.edits += 1;
        }
    }
}

/// One instance.
#[derive(Default)]
pub struct Instance {
    held: Mutex<Held>,
    history: Mutex<History>,
    desk: Mutex<Option<DeskEnd>>,
    params: OnceLock<Weak<PluginParams>>,
    messages: Mutex<Vec<Message>>,
}

impl Instance {
    /// One with the rack of a new instance.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Says where the parameters are; once.
    pub fn attach(&self, params: &Arc<PluginParams>) {
        let _is_first = self.params.set(Arc::downgrade(params));
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> Option<Arc<PluginParams>> {
        self.params.get()?.upgrade()
    }

    fn with_slot<T>(&self, place: usize, of: impl FnOnce(&SlotParams) -> T) -> Option<T> {
        Some(of(self.params()?.slots.get(place)?))
    }

    /// The rack as it is.
    #[must_use]
    pub fn rack(&self) -> Rack {
        self.held.lock().rack.clone()
    }

    /// Counts what was changed: the same number is the same rack.
    #[must_use]
    pub fn edits(&self) -> u64 {
        self.held.lock().edits
    }

    /// The parameters that sounds have moved since the last time: whoever has the host's ear tells it.
    #[must_use]
    pub fn take_adopted(&self) -> Vec<Adopted> {
        let adopted = &mut self.held.lock().adopted;
        adopted.iter_mut().filter_map(Option::take).collect()
    }

    /// Tells people something.
    pub fn tell(&self, is_error: bool, text: impl Into<String>) {
        let mut messages = self.messages.lock();
        if messages.len() == MESSAGES {
            messages.remove(0);
        }
        messages.push(Message {
            is_error,
            text: text.into(),
        });
    }

    /// The newest message.
    #[must_use]
    pub fn newest_message(&self) -> Option<Message> {
        self.messages.lock().last().cloned()
    }

    /// Takes the messages away.
    pub fn clear_messages(&self) {
        self.messages.lock().clear();
    }

    /// Audio begins at `sample_rate`: gives the sound its end, with everything ordered that the rack holds.
    #[must_use]
    pub fn activate(&self, sample_rate: u32) -> SoundEnd {
        let (desk, end) = queues();
        {
            let mut held = self.held.lock();
            held.activations += 1;
            held.sample_rate = sample_rate;
            *self.desk.lock() = Some(desk);
        }
        (0..SLOTS).for_each(|place| self.order(place));
        end
    }

    /// Drops what the sound has used.
    pub fn collect(&self) -> usize {
        self.desk.lock().as_mut().map_or(0, DeskEnd::collect)
    }

    /// Orders everything that a place holds, built outside of any lock; what changes meanwhile is built instead.
    fn order(&self, place: usize) {
        loop {
            let (slot, version, activation, sample_rate) = {
                let held = self.held.lock();
                let slot = held.rack.slots[place].clone();
                (slot, held.versions[place], held.activations, held.sample_rate)
            };
            let slot = slot.unwrap_or_else(|| Slot::new(Content::Empty));
            let values = self.with_slot(place, SlotParams::values);
            let built = self.build(slot.content.sound(), values, sample_rate);
            let mut held = self.held.lock();
            if (held.versions[place], held.activations) != (version, activation) {
                continue;
            }
            let instrument = built.unwrap_or_else(|problem| {
                self.tell(true, problem);
                None
            });
            let now = held.rack.slots[place].clone().unwrap_or(slot);
            self.send_route(&mut held, place, &now);
            self.send(&mut held, place, Order::Install { place, instrument });
            return;
        }
    }

    /// Orders anew what the sound did not take, as far as it takes it now.
    pub fn send_again(&self) {
        let places = std::mem::take(&mut self.held.lock().unsent);
        for (place, is_unsent) in places.into_iter().enumerate() {
            if is_unsent {
                self.order(place);
            }
        }
    }

    /// Sends an order of a place. A full queue means that nobody takes any: what was sent is in the rack, and is ordered
    /// anew later.
    fn send(&self, held: &mut Held, place: usize, order: Order) {
        let refused = self
            .desk
            .lock()
            .as_mut()
            .is_some_and(|desk| desk.send(order).is_err());
        if refused && !std::mem::replace(&mut held.unsent[place], true) {
            self.tell(
                true,
                "The host takes no audio now: the change is heard when it starts again.",
            );
        }
    }

    fn send_route(&self, held: &mut Held, place: usize, slot: &Slot) {
        let order = Order::Route {
            place,
            routing: slot.routing,
            trim: trim(slot.trim_db),
        };
        self.send(held, place, order);
    }

    /// What plays a sound, built for a rate; none where nothing runs or nothing is to sound.
    fn build(
        &self,
        sound: Option<&Arc<Playable>>,
        values: Option<SlotValues>,
        sample_rate: u32,
    ) -> Result<Option<Box<Instrument>>, String> {
        let (Some(sound), Some(values)) = (sound.filter(|_| sample_rate > 0), values) else {
            return Ok(None);
        };
        let assets = sound.assets.for_engine();
        let built = PatchInstrument::new(&sound.patch, &assets, sample_rate, &values);
        let instrument = built.map_err(|error| format!("{} cannot be played: {error}.", sound.patch.name))?;
        Ok(Some(Box::new(Instrument::Patch(instrument))))
    }

    /// Something is asked of a slot: to be taken when people ask, which may be long before it is there.
    #[must_use]
    pub fn claim(&self, place: usize) -> Claim {
        let mut held = self.held.lock();
        held.asked += 1;
        Claim {
            place,
            number: held.asked,
            moves: held.moves.get(place).copied().unwrap_or_default(),
        }
    }

    /// Puts something into a slot, which is made where there is none. What it was can be brought back. False where
    /// something that was asked for later, or a change of the slot itself, has won over it.
    ///
    /// # Errors
    /// It cannot be played; then the slot stays as it was.
    pub fn install(&self, claim: Claim, putting: Putting) -> Result<bool, String> {
        let place = claim.place;
        loop {
            let (activation, sample_rate) = {
                let held = self.held.lock();
                (held.activations, held.sample_rate)
            };
            let values = self.with_slot(place, |slot| SlotValues {
                macros: putting.macros,
                ..slot.values()
            });
            let instrument = self.build(putting.content.sound(), values, sample_rate)?;
            let mut held = self.held.lock();
            if held.activations != activation {
                continue;
            }
            let is_beaten =
                place >= SLOTS || held.moves[place] != claim.moves || held.done[place] > claim.number;
            if !is_beaten {
                self.put(&mut held, claim, putting, instrument);
            }
            return Ok(!is_beaten);
        }
    }

    fn put(&self, held: &mut Held, claim: Claim, putting: Putting, instrument: Option<Box<Instrument>>) {
        let place = claim.place;
        self.keep(self.before_of(held, place));
        held.done[place] = claim.number;
        held.versions[place] += 1;
        held.edits += 1;
        let is_new = held.rack.slots[place].is_none();
        let slot = held.rack.slots[place].get_or_insert_with(|| Slot::new(Content::Empty));
        slot.content = putting.content;
        slot.other = putting.other.or_else(|| slot.other.take());
        slot.trim_db = putting.trim_db;
        let slot = slot.clone();
        self.send_route(held, place, &slot);
        // Right before the sound hears of it, so that the old one is not moved.
        self.with_slot(place, |params| {
            if is_new {
                params.put_normalized(&params.defaults());
            }
            if putting.is_other {
                params.put_no_offsets();
            }
            params.put_macros(putting.macros);
        });
        held.adopted[place] = Some(Adopted {
            place,
            macros: putting.macros,
            is_other: putting.is_other,
            is_new,
        });
        self.send(held, place, Order::Install { place, instrument });
    }

    /// Changes which notes reach a slot and how loud its comparison is.
    pub fn route(&self, place: usize, change: impl FnOnce(&mut Routing, &mut f32)) {
        let mut held = self.held.lock();
        if let Some(Some(slot)) = held.rack.slots.get_mut(place) {
            change(&mut slot.routing, &mut slot.trim_db);
            slot.routing = slot.routing.bounded();
            let slot = slot.clone();
            held.edits += 1;
            self.send_route(&mut held, place, &slot);
        }
    }

    /// Sets what a slot is compared with.
    pub fn set_other(&self, place: usize, other: Option<Other>) {
        let mut held = self.held.lock();
        if let Some(Some(slot)) = held.rack.slots.get_mut(place) {
            slot.other = other;
            held.edits += 1;
        }
    }

    /// Adds an empty slot and says where; none when all places are taken.
    pub fn add(&self) -> Option<usize> {
        let mut held = self.held.lock();
        let place = held.rack.add()?;
        held.moved(place);
        if let Some(slot) = held.rack.slots[place].clone() {
            self.send_route(&mut held, place, &slot);
        }
        Some(place)
    }

    /// A slot as it is, to come back to.
    fn before_of(&self, held: &Held, place: usize) -> Option<Before> {
        Some(Before {
            place,
            slot: held.rack.slots.get(place)?.clone(),
            values: self.with_slot(place, SlotParams::normalized)?,
        })
    }

    /// Keeps what was before a change, so that it can be taken back.
    fn keep(&self, before: Option<Before>) {
        if let Some(before) = before {
            self.history.lock().keep(vec![before]);
        }
    }

    /// What taking the newest change back would do, for people; none where there is nothing to take back.
    #[must_use]
    pub fn undo_told(&self) -> Option<String> {
        self.history.lock().told()
    }

    /// Takes the newest change back and gives what was before: parameters are set by whoever has the host's ear.
    pub fn undo(&self) -> Option<Step> {
        let mut history = self.history.lock();
        let told = history.told()?;
        let step = history.take()?;
        drop(history);
        {
            let mut held = self.held.lock();
            for before in &step {
                let place = before.place;
                held.rack.slots[place] = before.slot.clone();
                held.moved(place);
                held.adopted[place] = None;
                self.with_slot(place, |params| params.put_macros(before.macros()));
            }
        }
        step.iter().for_each(|before| self.order(before.place));
        self.tell(
            false,
            format!("Undone: {}{}.", told[..1].to_lowercase(), &told[1..]),
        );
        Some(step)
    }

    /// Takes a slot away.
    pub fn remove(&self, place: usize) {
        let mut held = self.held.lock();
        self.keep(self.before_of(&held, place));
        if held.rack.slots.get_mut(place).and_then(Option::take).is_some() {
            held.moved(place);
            let instrument = None;
            self.send(&mut held, place, Order::Install { place, instrument });
        }
    }

    /// Exchanges two places. Their parameters are exchanged by whoever has the host's ear, after this.
    pub fn exchange(&self, one: usize, other: usize) {
        {
            let mut held = self.held.lock();
            if one.max(other) >= SLOTS {
                return;
            }
            let step = [one, other].into_iter();
            let step: Option<Step> = step.map(|place| self.before_of(&held, place)).collect();
            if let Some(step) = step {
                self.history.lock().keep(step);
            }
            held.rack.slots.swap(one, other);
            held.moved(one);
            held.moved(other);
        }
        self.order(one);
        self.order(other);
    }

    /// Puts a whole rack in the place of this one: a project was opened.
    pub fn restore(&self, rack: Rack) {
        {
            let mut held = self.held.lock();
            held.rack = rack;
            (0..SLOTS).for_each(|place| held.moved(place));
            held.adopted = Default::default();
            self.history.lock().clear();
        }
        (0..SLOTS).for_each(|place| self.order(place));
    }

    /// A key of the editor.
    pub fn strike(&self, place: Option<usize>, key: u8, velocity: f32) {
        self.send_notes(Order::Key { place, key, velocity });
    }

    /// Lets go of everything that sounds.
    pub fn end_notes(&self) {
        self.send_notes(Order::AllNotesOff);
    }

    /// Notes are of the moment: those that the sound does not take are nothing later.
    fn send_notes(&self, order: Order) {
        if let Some(desk) = self.desk.lock().as_mut() {
            let _taken = desk.send(order);
        }
    }
}

/// The gain of a trim: exactly 1 at 0 dB, never more.
fn trim(db: f32) -> f32 {
    if db < 0.0 {
        math::db_to_gain(f64::from(db)) as f32
    } else {
        1.0
    }
}
