//! What crosses between the sound and the rest: orders in, used instruments out, by two queues without locks.
//!
//! The audio thread owns [`SoundEnd`] and never waits, takes or gives memory; whatever it has done with goes back to be
//! dropped by [`DeskEnd::collect`].

use rtrb::{Consumer, Producer, RingBuffer};

use crate::instrument::Instrument;
use crate::rack::Routing;

/// Orders that may wait.
const ORDERS: usize = 512;
/// Used instruments that may wait to be dropped.
const USED: usize = 256;

/// What the sound is told.
#[derive(Debug)]
pub enum Order {
    /// Another instrument, or none, for a place: cross-faded where the old one sounds.
    Install {
        /// The slot.
        place: usize,
        /// What plays there from now on.
        instrument: Option<Box<Instrument>>,
    },
    /// Which notes reach a place, and the gain of its comparison.
    Route {
        /// The slot.
        place: usize,
        /// Its notes.
        routing: Routing,
        /// A gain of at most 1.
        trim: f32,
    },
    /// A key of the editor's keyboard, on one slot or, without a place, on all that the key reaches.
    Key {
        /// The slot.
        place: Option<usize>,
        /// MIDI key.
        key: u8,
        /// Velocity 0..1; 0 lets go.
        velocity: f32,
    },
    /// Lets go of everything.
    AllNotesOff,
}

/// The audio thread's end.
pub struct SoundEnd {
    /// What is to be done.
    pub orders: Consumer<Order>,
    /// What was used.
    pub used: Producer<Box<Instrument>>,
}

/// Everybody else's end; one at a time, behind a lock.
pub struct DeskEnd {
    orders: Producer<Order>,
    used: Consumer<Box<Instrument>>,
}

/// Both ends.
#[must_use]
pub fn queues() -> (DeskEnd, SoundEnd) {
    let (orders, take) = RingBuffer::new(ORDERS);
    let (give, used) = RingBuffer::new(USED);
    (
        DeskEnd { orders, used },
        SoundEnd {
            orders: take,
            used: give,
        },
    )
}

impl DeskEnd {
    /// Sends an order. Where nobody takes any, as while no audio runs, the order is given back.
    ///
    /// # Errors
    /// The order, when the queue is full.
    pub fn send(&mut self, order: Order) -> Result<(), Order> {
        self.collect();
        self.orders
            .push(order)
            .map_err(|rtrb::PushError::Full(order)| order)
    }

    /// Drops what the sound has used; says how many.
    pub fn collect(&mut self) -> usize {
        let mut dropped = 0;
        while self.used.pop().is_ok() {
            dropped += 1;
        }
        dropped
    }
}
