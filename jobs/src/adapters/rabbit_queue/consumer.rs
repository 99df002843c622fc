//! One reader of all queues of hints.
//!
//! The broker pushes hints to whoever subscribed, asked for or not. A worker whose slots are full asks for none: so the
//! subscriptions stand only while somebody asks, and when nobody has for a moment they are ended and what came
//! meanwhile is handed back, else a hint would wait here beside a worker that is free. From what came, lanes are
//! served by weight.
//!
//! What is lost with the connection ends the consumer; the broker hands out again whatever it held.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use futures::stream::{SelectAll, select_all};
use futures::{Stream, StreamExt};
use lapin::message::Delivery as Message;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
    BasicRejectOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Acker, Channel};
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::fair::FairLines;
use super::topology::Topology;
use super::{ANSWER, message};
use crate::ports::{Consumer, Delivery, Hint, PortError};

/// How long subscriptions outlive the last question: longer than it takes to claim what came, or whoever claims many would
/// end and begin them each time.
const LINGER: Duration = Duration::from_millis(100);
/// How many hints the broker pushes ahead of a lane of weight 1, at least and at most: as many as may be held, but never
/// so few that each costs a way to the broker and back.
const AHEAD: (u16, u16) = (4, 32);

/// No two deliveries of a process have the same tag.
static LAST_TAG: AtomicU64 = AtomicU64::new(0);

/// Opens a reader on a channel of its own.
pub(super) fn open(channel: Channel, topology: Arc<Topology>, prefetch: usize) -> RabbitConsumer {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            lanes: FairLines::new(topology.queues.iter().map(|queue| queue.weight)),
            is_gone: false,
        }),
        changed: Notify::new(),
    });
    let (asks, asked) = watch::channel(false);
    let stop = CancellationToken::new();
    let reader = Reader {
        channel,
        topology,
        shared: Arc::clone(&shared),
        ahead: u16::try_from(prefetch)
            .unwrap_or(u16::MAX)
            .clamp(AHEAD.0, AHEAD.1),
        asked,
        stop: stop.clone(),
    };
    tokio::spawn(reader.run());
    RabbitConsumer {
        shared,
        asks,
        prefetch,
        held: HashMap::new(),
        _stop: stop.drop_guard(),
    }
}

struct Waiting {
    hint: Hint,
    acker: Acker,
}

struct State {
    lanes: FairLines<Waiting>,
    is_gone: bool,
}

struct Shared {
    // A std mutex: no section awaits.
    state: Mutex<State>,
    changed: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The port's side.
pub(super) struct RabbitConsumer {
    shared: Arc<Shared>,
    asks: watch::Sender<bool>,
    prefetch: usize,
    held: HashMap<u64, Acker>,
    _stop: DropGuard,
}

/// Says that somebody asks, until it is dropped.
struct Asking<'a>(&'a watch::Sender<bool>);

impl<'a> Asking<'a> {
    fn now(asks: &'a watch::Sender<bool>) -> Self {
        asks.send_replace(true);
        Self(asks)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        if self.held.len() >= self.prefetch {
            return std::future::pending().await;
        }
        let _asking = Asking::now(&self.asks);
        loop {
            // Listens before it looks: what arrives between the two wakes it.
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let waiting = {
                let mut state = self.shared.state();
                if state.is_gone {
                    return None;
                }
                state.lanes.pop()
            };
            if let Some(Waiting { hint, acker }) = waiting {
                let tag = LAST_TAG.fetch_add(1, Ordering::Relaxed);
                self.held.insert(tag, acker);
                return Some(Delivery { hint, tag });
            }
            changed.await;
        }
    }

    async fn ack(&mut self, delivery: Delivery) -> Result<(), PortError> {
        self.ack_all(vec![delivery]).await
    }

    async fn ack_all(&mut self, deliveries: Vec<Delivery>) -> Result<(), PortError> {
        let ackers: Option<Vec<Acker>> = deliveries
            .iter()
            .map(|delivery| self.held.remove(&delivery.tag))
            .collect();
        let Some(ackers) = ackers else {
            return Err(PortError::Refused("the delivery of another consumer".to_owned()));
        };
        let acked = join_all(ackers.iter().map(|acker| acker.ack(BasicAckOptions::default())));
        match tokio::time::timeout(ANSWER, acked).await {
            Ok(all) if all.iter().all(|acked| matches!(acked, Ok(true))) => Ok(()),
            // It comes again.
            Ok(_) | Err(_) => Err(PortError::Unavailable("a hint stays".to_owned())),
        }
    }
}

/// What comes on the subscriptions.
enum Came {
    Hint(usize, Box<Message>),
    /// A subscription ended, by whomever.
    End,
}

/// The subscriptions of all lanes.
struct Subscribed {
    tags: Vec<ShortString>,
    comes: SelectAll<std::pin::Pin<Box<dyn Stream<Item = Came> + Send>>>,
}

/// The channel or a queue of it is gone.
struct Gone;

impl<E> From<E> for Gone
where
    E: std::error::Error,
{
    fn from(_: E) -> Self {
        Self
    }
}

/// The broker's side.
struct Reader {
    channel: Channel,
    topology: Arc<Topology>,
    shared: Arc<Shared>,
    /// How many hints the broker pushes ahead of a lane of weight 1.
    ahead: u16,
    asked: watch::Receiver<bool>,
    stop: CancellationToken,
}

impl Reader {
    async fn run(mut self) {
        let stop = self.stop.clone();
        let ended = stop.run_until_cancelled(self.read()).await;
        if ended.is_some() {
            let mut state = self.shared.state();
            state.is_gone = true;
            state.lanes.drain();
        }
        self.shared.changed.notify_waiters();
        // Gives back whatever was not acknowledged.
        let _ = tokio::time::timeout(ANSWER, self.channel.close(200, "done".into())).await;
    }

    async fn read(&mut self) -> Gone {
        loop {
            if self.asked.wait_for(|asked| *asked).await.is_err() {
                return Gone;
            }
            if let Err(gone) = self.read_while_asked().await {
                return gone;
            }
        }
    }

    async fn read_while_asked(&mut self) -> Result<(), Gone> {
        let mut subscribed = tokio::time::timeout(ANSWER, self.subscribe()).await??;
        loop {
            tokio::select! {
                came = subscribed.comes.next() => match came {
                    Some(Came::Hint(lane, message)) => self.arrived(lane, *message).await?,
                    Some(Came::End) | None => return Err(Gone),
                },
                () = unasked(&mut self.asked) => break,
            }
        }
        tokio::time::timeout(ANSWER, self.hand_back(subscribed)).await?
    }

    async fn subscribe(&self) -> lapin::Result<Subscribed> {
        // Sent one behind the other without waiting: the broker takes them in this order. A limit is for the subscriptions
        // behind it, each by itself (quorum queues know no other); by weight, so that a heavy lane is not out of hints
        // when its turn comes.
        let subscriptions = self.topology.queues.iter().map(|queue| async {
            let ahead = u32::from(self.ahead).saturating_mul(queue.weight);
            let ahead = u16::try_from(ahead).unwrap_or(u16::MAX);
            let limited = self.channel.basic_qos(ahead, BasicQosOptions::default());
            let subscribed = self.channel.basic_consume(
                queue.queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            let ((), subscription) = futures::future::try_join(limited, subscribed).await?;
            lapin::Result::Ok(subscription)
        });
        let subscriptions = futures::future::try_join_all(subscriptions).await?;
        let tags = subscriptions.iter().map(lapin::Consumer::tag).collect();
        let comes = subscriptions.into_iter().enumerate().map(|(lane, subscription)| {
            let hints = subscription.map(move |came| match came {
                Ok(message) => Came::Hint(lane, Box::new(message)),
                Err(_) => Came::End,
            });
            hints.chain(futures::stream::once(async { Came::End })).boxed()
        });
        Ok(Subscribed {
            tags,
            comes: select_all(comes),
        })
    }

    async fn arrived(&self, lane: usize, message: Message) -> Result<(), Gone> {
        let Some(hint) = message::read(&message) else {
            tracing::warn!("unreadable hint put with the dead letters");
            metrics::counter!("songwalker_dead_hints_total").increment(1);
            let rejected = message.acker.reject(BasicRejectOptions { requeue: false });
            tokio::time::timeout(ANSWER, rejected).await??;
            return Ok(());
        };
        let acker = message.acker;
        self.shared.state().lanes.push(lane, Waiting { hint, acker });
        self.shared.changed.notify_waiters();
        Ok(())
    }

    /// Ends the subscriptions and hands back what came and nobody took.
    async fn hand_back(&self, mut subscribed: Subscribed) -> Result<(), Gone> {
        for tag in subscribed.tags {
            self.channel
                .basic_cancel(tag, BasicCancelOptions::default())
                .await?;
        }
        while let Some(came) = subscribed.comes.next().await {
            if let Came::Hint(lane, message) = came {
                self.arrived(lane, *message).await?;
            }
        }
        let waiting = self.shared.state().lanes.drain();
        for Waiting { acker, .. } in waiting {
            let requeue = BasicNackOptions {
                requeue: true,
                ..BasicNackOptions::default()
            };
            acker.nack(requeue).await?;
        }
        Ok(())
    }
}

/// Returns when nobody has asked for a while.
async fn unasked(asked: &mut watch::Receiver<bool>) {
    loop {
        let asks = *asked.borrow_and_update();
        let again = if asks {
            asked.changed().await.is_ok()
        } else {
            matches!(tokio::time::timeout(LINGER, asked.changed()).await, Ok(Ok(())))
        };
        if !again {
            return;
        }
    }
}
