//! The queue of hints: "look at this job". The row is the truth, the hint only says where to look, so a hint may come
//! twice, late or never; the sweep finds what was lost (R4). A hint carries no data of the job (R10).

use async_trait::async_trait;
use songwalker_schemas::{JobId, JobKind};

use super::PortError;

/// "Look at this job."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Which job.
    pub job_id: JobId,
    /// Whether it must run alone (R7).
    pub quarantine: bool,
    /// What the job makes.
    pub kind: JobKind,
    /// The plan of its user: kinds and plans may have lanes of their own.
    pub class: String,
    /// The W3C `traceparent` of whoever left the hint.
    pub trace: Option<String>,
}

impl Hint {
    /// The hint of a patch of nobody's plan, that need not run alone.
    #[must_use]
    pub const fn of(job_id: JobId) -> Self {
        Self {
            job_id,
            quarantine: false,
            kind: JobKind::Patch,
            class: String::new(),
            trace: None,
        }
    }
}

/// A line of hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What it is for.
    pub name: String,
    /// How many hints wait, those held by consumers not counted.
    pub waiting: u64,
    /// How many consumers take from it now.
    pub consumers: u64,
}

impl Lane {
    /// The name of the line of what no consumer can read.
    pub const DEAD: &str = "dead";

    /// How many hints wait in all lanes for a consumer that can read them.
    #[must_use]
    pub fn depth(lanes: &[Self]) -> u64 {
        let hints = lanes.iter().filter(|lane| lane.name != Self::DEAD);
        hints.map(|lane| lane.waiting).sum()
    }
}

/// A hint that a consumer holds until it acknowledges it.
#[derive(Debug)]
pub struct Delivery {
    /// The hint.
    pub hint: Hint,
    /// What the adapter knows the delivery by; means something to the consumer that handed it out only.
    pub tag: u64,
}

/// Where hints are left and found.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Leaves hints, in this order within each lane. Returns only when the queue has taken all of them; after an error it may have
    /// taken some, and publishing all again is harmless.
    async fn publish(&self, hints: &[Hint]) -> Result<(), PortError>;

    /// Opens a consumer that holds at most `prefetch` deliveries that are not acknowledged.
    async fn consumer(&self, prefetch: usize) -> Result<Box<dyn Consumer>, PortError>;

    /// How many hints wait, those held by consumers not counted.
    async fn depth(&self) -> Result<u64, PortError>;

    /// The lanes, and the line of what no consumer can read where there is one.
    async fn lanes(&self) -> Result<Vec<Lane>, PortError> {
        Ok(vec![Lane {
            name: "hints".to_owned(),
            waiting: self.depth().await?,
            consumers: 0,
        }])
    }

    /// Drops what no consumer can read; says how many that were.
    async fn drop_dead(&self) -> Result<u64, PortError> {
        Ok(0)
    }

    /// Whether the queue answers.
    async fn ping(&self) -> Result<(), PortError>;
}

/// One reader of the queue. Dropped, it gives back what it holds: that comes again, to it or to another.
#[async_trait]
pub trait Consumer: Send {
    /// The next hint, the oldest of its lane; waits until there is one, and for ever while `prefetch` deliveries are held.
    /// `None`: the connection is lost, open another consumer. Loses nothing when dropped while waiting.
    async fn next(&mut self) -> Option<Delivery>;

    /// The hint is dealt with and shall not come again.
    async fn ack(&mut self, delivery: Delivery) -> Result<(), PortError>;

    /// The same for several. After an error some of them may be dealt with; the others come again.
    async fn ack_all(&mut self, deliveries: Vec<Delivery>) -> Result<(), PortError> {
        for delivery in deliveries {
            self.ack(delivery).await?;
        }
        Ok(())
    }
}
