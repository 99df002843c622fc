//! Which queues there are, and what is in them. Their names carry a version: a queue cannot be declared with other
//! arguments than it has.
//!
//! Every process declares all of them, so that no hint is published to a queue that no worker reads: a plan's class is
//! one of a fixed few. Quorum queues, with a limit of deliveries that no hint meets: one may be handed back as often as
//! need be. RabbitMQ 4 has a limit of its own where none is named (20, and up to 4.2 it counts what is handed back), and
//! what lifts it there (−1) makes RabbitMQ 3 drop whatever comes back.
//!
//! A queue of hints that nobody has declared or read for a week goes by itself: that of a class that is no more. Those in
//! use are declared again all the time, with every look at what waits in them.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use songwalker_schemas::JobKind;

use super::session::Session;
use crate::ports::{Hint, Lane};

/// The classes of plans that have a lane of their own, and how many of their hints are taken while one of a class with
/// weight 1 is; every other plan goes by [`OTHER`].
const CLASSES: [(&str, u32); 4] = [("local", 1), ("standard", 1), ("priority", 4), (OTHER, 1)];
const OTHER: &str = "other";
/// The lane of jobs that run alone.
const QUARANTINE: &str = "quarantine";

/// More often than any hint is delivered.
const DELIVERIES: i64 = 1_000_000_000;

/// After how long the broker takes away a queue of hints that nobody uses. All versions must say the same.
const UNUSED: Duration = Duration::from_secs(7 * 24 * 3600);

/// A queue of hints.
#[derive(Debug)]
pub(super) struct HintQueue {
    /// Its name in the broker.
    pub queue: String,
    /// The part of the name that says what it is for.
    lane: String,
    /// How often it is taken from.
    pub weight: u32,
}

/// All queues.
#[derive(Debug)]
pub(super) struct Topology {
    stem: String,
    pub queues: Vec<HintQueue>,
}

impl Topology {
    pub(super) fn new(prefix: &str) -> Self {
        let stem = format!("{prefix}.v1");
        let of_kinds = JobKind::ALL.iter().flat_map(|kind| {
            CLASSES
                .iter()
                .map(|(class, weight)| (format!("{}.{class}", kind.name()), *weight))
        });
        let lanes = of_kinds.chain([(QUARANTINE.to_owned(), 1)]);
        let queues = lanes.map(|(lane, weight)| HintQueue {
            queue: format!("{stem}.{lane}"),
            lane,
            weight,
        });
        Self {
            queues: queues.collect(),
            stem,
        }
    }

    /// The queue of a hint.
    pub(super) fn queue_of(&self, hint: &Hint) -> String {
        if hint.quarantine {
            return format!("{}.{QUARANTINE}", self.stem);
        }
        let has_lane = CLASSES.iter().any(|(class, _)| *class == hint.class);
        let class = if has_lane { hint.class.as_str() } else { OTHER };
        format!("{}.{}.{class}", self.stem, hint.kind.name())
    }

    /// The queue of unreadable hints, and the exchange before it.
    pub(super) fn dead(&self) -> String {
        format!("{}.{}", self.stem, Lane::DEAD)
    }

    /// Makes what is missing; what waits in each queue. The channel is for this alone: the broker closes one on which
    /// something fails.
    pub(super) async fn declare(&self, session: &Session) -> lapin::Result<Vec<Lane>> {
        let channel = session.channel().await?;
        let lanes = self.declare_on(&channel).await?;
        channel.close(200, "done".into()).await?;
        Ok(lanes)
    }

    async fn declare_on(&self, channel: &Channel) -> lapin::Result<Vec<Lane>> {
        let dead = self.dead();
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(
                dead.as_str().into(),
                ExchangeKind::Fanout,
                durable,
                FieldTable::default(),
            )
            .await?;
        let mut lanes = Vec::with_capacity(self.queues.len() + 1);
        for queue in &self.queues {
            lanes.push(declared(channel, &queue.queue, &queue.lane, hint_arguments(&dead, UNUSED)).await?);
        }
        lanes.push(declared(channel, &dead, Lane::DEAD, quorum()).await?);
        channel
            .queue_bind(
                dead.as_str().into(),
                dead.as_str().into(),
                "".into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
        Ok(lanes)
    }
}

async fn declared(channel: &Channel, queue: &str, name: &str, arguments: FieldTable) -> lapin::Result<Lane> {
    let queue = channel
        .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
        .await?;
    Ok(Lane {
        name: name.to_owned(),
        waiting: u64::from(queue.message_count()),
        consumers: u64::from(queue.consumer_count()),
    })
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn hint_arguments(dead: &str, unused: Duration) -> FieldTable {
    let mut arguments = quorum();
    let unused = i64::try_from(unused.as_millis()).unwrap_or(i64::MAX);
    arguments.insert("x-expires".into(), AMQPValue::LongLongInt(unused));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERIES));
    arguments.insert("x-dead-letter-exchange".into(), text(dead));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    // What at-least-once asks for; no queue has a length that it could overflow.
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::JobId;

    use super::*;

    fn hint(class: &str, quarantine: bool) -> Hint {
        Hint {
            quarantine,
            class: class.to_owned(),
            ..Hint::of(JobId(uuid::Uuid::nil()))
        }
    }

    #[tokio::test]
    async fn a_queue_that_nobody_uses_goes_by_itself() {
        let Some(url) = songwalker_services::Addresses::of_tests().rabbitmq else {
            return songwalker_services::missing("RabbitMQ");
        };
        let session = super::super::session::connect(url.parse().unwrap())
            .await
            .unwrap();
        let channel = session.channel().await.unwrap();
        let name = format!("expiry.v1.{}", uuid::Uuid::new_v4());
        let life = Duration::from_secs(1);
        declared(&channel, &name, &name, hint_arguments("expiry.v1.dead", life))
            .await
            .unwrap();
        let is_there = async || {
            // A look at a queue that is gone closes the channel that looked.
            let channel = session.channel().await.unwrap();
            let look = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::durable()
            };
            let looked = channel.queue_declare(name.as_str().into(), look, FieldTable::default());
            looked.await.is_ok()
        };
        assert!(is_there().await);
        // To look may be to use: so it is looked no sooner than after a whole life.
        loop {
            tokio::time::sleep(2 * life).await;
            if !is_there().await {
                break;
            }
        }
    }

    #[test]
    fn every_hint_has_a_queue_that_is_declared_and_read() {
        let topology = Topology::new("sw");
        for (class, quarantine, queue) in [
            ("standard", false, "sw.v1.patch.standard"),
            ("local", false, "sw.v1.patch.local"),
            ("priority", false, "sw.v1.patch.priority"),
            ("gold.# *", false, "sw.v1.patch.other"),
            ("", false, "sw.v1.patch.other"),
            ("standard", true, "sw.v1.quarantine"),
        ] {
            let name = topology.queue_of(&hint(class, quarantine));
            assert_eq!(name, queue);
            assert!(topology.queues.iter().any(|known| known.queue == name), "{name}");
        }
    }
}
