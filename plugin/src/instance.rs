//! One instance of the plugin, as everybody but the audio thread has it: the rack, the way to the sound, what there is to
//! tell people.
//!
//! Whoever changes the rack does it here, so that rack and sound never part: a change is made, then ordered. Instruments
//! are built by the caller's thread, which is never the audio thread.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use songwalker_engine::math;

use crate::SLOTS;
use crate::content::{Content, Playable};
use crate::history::{Before, History};
use crate::instrument::{Instrument, PatchInstrument};
use crate::orders::{DeskEnd, Order, SoundEnd, queues};
use crate::params::{PluginParams, SlotValues};
use crate::rack::{Rack, Routing, Slot};

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

/// One instance.
#[derive(Default)]
pub struct Instance {
    rack: Mutex<Rack>,
    history: Mutex<History>,
    desk: Mutex<Option<DeskEnd>>,
    /// 0 while no audio runs.
    sample_rate: AtomicU32,
    params: OnceLock<Weak<PluginParams>>,
    messages: Mutex<Vec<Message>>,
    /// Counts the changes of what each slot plays, so that a late build does not win over a newer one.
    changes: [AtomicU64; SLOTS],
    /// The places whose macros a patch has moved and the host was not told of, as bits.
    adopted: AtomicU32,
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

    /// The rack as it is.
    #[must_use]
    pub fn rack(&self) -> Rack {
        self.rack.lock().clone()
    }

    /// The places, as bits, whose macros a patch has moved since the last time: whoever has the host's ear tells it.
    #[must_use]
    pub fn take_adopted(&self) -> u32 {
        self.adopted.swap(0, Ordering::Relaxed)
    }

    /// Something happens to what a slot plays; says how many times something did.
    fn changed(&self, place: usize) -> u64 {
        let count = self.changes.get(place);
        count.map_or(0, |count| count.fetch_add(1, Ordering::Relaxed) + 1)
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
        self.sample_rate.store(sample_rate, Ordering::Relaxed);
        let (desk, end) = queues();
        *self.desk.lock() = Some(desk);
        let rack = self.rack();
        self.order_all(&rack);
        end
    }

    /// Drops what the sound has used.
    pub fn collect(&self) -> usize {
        self.desk.lock().as_mut().map_or(0, DeskEnd::collect)
    }

    fn order_all(&self, rack: &Rack) {
        for (place, slot) in rack.slots.iter().enumerate() {
            self.order(place, slot.as_ref());
        }
    }

    /// Orders everything that a place holds.
    fn order(&self, place: usize, slot: Option<&Slot>) {
        let empty = Slot::new(Content::Empty);
        let slot = slot.unwrap_or(&empty);
        self.order_route(place, slot);
        self.order_content(place, slot.content.sound());
    }

    /// Sends an order. A full queue means that nobody takes any: what was sent is in the rack, and comes with the next
    /// activation.
    fn send(&self, order: Order) {
        if let Some(desk) = self.desk.lock().as_mut()
            && desk.send(order).is_err()
        {
            self.tell(
                true,
                "The host takes no audio now: the change is heard when it starts again.",
            );
        }
    }

    fn order_route(&self, place: usize, slot: &Slot) {
        self.send(Order::Route {
            place,
            routing: slot.routing,
            trim: trim(slot.trim_db),
        });
    }

    fn order_content(&self, place: usize, sound: Option<&Arc<Playable>>) {
        match self.build(place, sound) {
            Ok(instrument) => self.send(Order::Install { place, instrument }),
            Err(problem) => self.tell(true, problem),
        }
    }

    /// What plays a sound, built for the running rate; none where nothing runs or nothing is to sound.
    fn build(&self, place: usize, sound: Option<&Arc<Playable>>) -> Result<Option<Box<Instrument>>, String> {
        let sample_rate = self.sample_rate.load(Ordering::Relaxed);
        let (Some(sound), Some(values)) = (sound.filter(|_| sample_rate > 0), self.values(place)) else {
            return Ok(None);
        };
        let assets = sound.assets.for_engine();
        let built = PatchInstrument::new(&sound.patch, &assets, sample_rate, &values);
        let instrument = built.map_err(|error| format!("{} cannot be played: {error}.", sound.patch.name))?;
        Ok(Some(Box::new(Instrument::Patch(instrument))))
    }

    fn values(&self, place: usize) -> Option<SlotValues> {
        Some(self.params()?.slots.get(place)?.values())
    }

    /// Puts something into a slot, which is made where there is none; its macros go where the patch has them. What happens
    /// to the slot while the instrument is built wins over it.
    ///
    /// # Errors
    /// It cannot be played; then the slot stays as it was.
    pub fn install(&self, place: usize, content: Content) -> Result<(), String> {
        let change = self.changed(place);
        if let (Some(sound), Some(params)) = (content.sound(), self.params())
            && let Some(slot) = params.slots.get(place)
        {
            slot.adopt(&sound.patch);
            self.adopted.fetch_or(1 << place, Ordering::Relaxed);
        }
        let instrument = self.build(place, content.sound())?;
        let mut rack = self.rack.lock();
        let Some(slot) = rack.slots.get_mut(place) else {
            return Ok(());
        };
        if self.changes[place].load(Ordering::Relaxed) != change {
            return Ok(());
        }
        let is_made = slot.is_none();
        let slot = slot.get_or_insert_with(|| Slot::new(Content::Empty));
        slot.content = content;
        // What made another sound as loud as its comparison means nothing to this one.
        let was_trimmed = std::mem::take(&mut slot.trim_db) < 0.0;
        if is_made || was_trimmed {
            self.order_route(place, slot);
        }
        self.send(Order::Install { place, instrument });
        Ok(())
    }

    /// Changes which notes reach a slot and how loud its comparison is.
    pub fn route(&self, place: usize, change: impl FnOnce(&mut Routing, &mut f32)) {
        let mut rack = self.rack.lock();
        if let Some(Some(slot)) = rack.slots.get_mut(place) {
            change(&mut slot.routing, &mut slot.trim_db);
            slot.routing = slot.routing.bounded();
            self.order_route(place, slot);
        }
    }

    /// Sets what a slot is compared with.
    pub fn set_other(&self, place: usize, other: Option<Content>) {
        if let Some(Some(slot)) = self.rack.lock().slots.get_mut(place) {
            slot.other = other;
        }
    }

    /// Adds an empty slot and says where; none when all places are taken.
    pub fn add(&self) -> Option<usize> {
        let mut rack = self.rack.lock();
        let place = rack.add()?;
        if let Some(slot) = &rack.slots[place] {
            self.order_route(place, slot);
        }
        Some(place)
    }

    /// A slot as it is, to come back to.
    #[must_use]
    pub fn before(&self, place: usize) -> Option<Before> {
        Some(Before {
            place,
            slot: self.rack.lock().slots.get(place)?.clone(),
            values: self.params()?.slots.get(place)?.normalized(),
        })
    }

    /// Keeps what was before a change, so that it can be taken back.
    pub fn keep(&self, before: Option<Before>) {
        if let Some(before) = before {
            self.history.lock().keep(before);
        }
    }

    /// What taking the newest change back would do, for people; none where there is nothing to take back.
    #[must_use]
    pub fn undo_told(&self) -> Option<String> {
        self.history.lock().newest().map(Before::told)
    }

    /// Takes the newest change of a slot back and gives what it was before: its parameters are set by whoever has the
    /// host's ear.
    pub fn undo(&self) -> Option<Before> {
        let before = self.history.lock().take()?;
        let place = before.place;
        self.changed(place);
        let mut rack = self.rack.lock();
        *rack.slots.get_mut(place)? = before.slot.clone();
        drop(rack);
        self.order(place, before.slot.as_ref());
        Some(before)
    }

    /// Takes a slot away.
    pub fn remove(&self, place: usize) {
        self.keep(self.before(place));
        self.changed(place);
        let mut rack = self.rack.lock();
        if let Some(slot) = rack.slots.get_mut(place) {
            *slot = None;
            self.send(Order::Install {
                place,
                instrument: None,
            });
        }
    }

    /// Exchanges two places. Their parameters are exchanged by whoever has the host's ear, before this.
    pub fn exchange(&self, one: usize, other: usize) {
        self.changed(one);
        self.changed(other);
        let mut rack = self.rack.lock();
        if one.max(other) < rack.slots.len() {
            rack.slots.swap(one, other);
            let copy = rack.clone();
            drop(rack);
            self.history.lock().exchange(one, other);
            for place in [one, other] {
                self.order(place, copy.slots[place].as_ref());
            }
        }
    }

    /// Puts a whole rack in the place of this one: a project was opened.
    pub fn restore(&self, rack: Rack) {
        (0..SLOTS).for_each(|place| {
            self.changed(place);
        });
        self.history.lock().clear();
        *self.rack.lock() = rack.clone();
        self.order_all(&rack);
    }

    /// A key of the editor.
    pub fn strike(&self, place: Option<usize>, key: u8, velocity: f32) {
        self.send(Order::Key { place, key, velocity });
    }

    /// Lets go of everything that sounds.
    pub fn end_notes(&self) {
        self.send(Order::AllNotesOff);
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
