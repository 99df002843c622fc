//! The event bus of one process: a broadcast channel that forgets the oldest signals first.

use tokio::sync::broadcast;

use crate::ports::{EventBus, Signal};

/// How many signals wait for the slowest listener before it loses the oldest.
const CAPACITY: usize = 4096;

/// Signals within this process.
#[derive(Debug, Clone)]
pub struct MemoryEventBus {
    sender: broadcast::Sender<Signal>,
}

impl MemoryEventBus {
    /// A bus without listeners.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(CAPACITY),
        }
    }
}

impl Default for MemoryEventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl EventBus for MemoryEventBus {
    fn publish(&self, signal: Signal) {
        // Nobody listens: then nobody needs to be told.
        let _ = self.sender.send(signal);
    }

    fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.sender.subscribe()
    }
}
