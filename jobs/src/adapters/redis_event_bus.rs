//! The event bus of all processes together: whoever listens in this process hears at once, the others by Redis.
//!
//! Publishing never waits: what is to leave the process waits in a short line before a writer, and is dropped where the
//! line is full or Redis is away. Nothing depends on a signal (R4, R8). Each process knows its own signals when they come
//! back, and leaves them. Whenever the subscription was lost and is there again, those who listen are told
//! [`Signal::Missed`], so that they look for what was said meanwhile. A signal carries ids, a stage and a number (R10).

mod message;

use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::memory_event_bus::MemoryEventBus;
use super::redis_rate_limiter::client;
use crate::config::Redis;
use crate::ports::{EventBus, PortError, Signal};

/// How many signals wait to leave the process.
const LINE: usize = 4096;
/// How many leave it at once.
const BATCH: usize = 256;
/// How long Redis may take for an answer.
const ANSWER: Duration = Duration::from_secs(1);
/// The pause after the first loss; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a subscription on which nothing comes is asked whether it still stands.
const LOOK: Duration = Duration::from_secs(5);

/// Signals between processes.
pub struct RedisEventBus {
    here: MemoryEventBus,
    line: mpsc::Sender<Signal>,
    hears: watch::Receiver<bool>,
    _stop: DropGuard,
}

impl fmt::Debug for RedisEventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisEventBus").finish_non_exhaustive()
    }
}

impl RedisEventBus {
    /// The bus that the configuration names; connects behind its caller's back, again and again.
    ///
    /// # Errors
    /// The address is missing, or is none.
    pub fn open(settings: &Redis) -> Result<Self, PortError> {
        let client = client(settings)?;
        let channel = format!("{}:events", settings.prefix);
        let here = MemoryEventBus::new();
        let (line, waiting) = mpsc::channel(LINE);
        let (tell_hears, hears) = watch::channel(false);
        let stop = CancellationToken::new();
        let sender = Uuid::new_v4();
        let writer = Writer {
            client: client.clone(),
            channel: channel.clone(),
            sender,
        };
        let reader = Reader {
            client,
            channel,
            sender,
            here: here.clone(),
            hears: tell_hears,
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(writer.run(waiting)));
        tokio::spawn(stop.clone().run_until_cancelled_owned(reader.run()));
        Ok(Self {
            here,
            line,
            hears,
            _stop: stop.drop_guard(),
        })
    }

    /// Whether signals of other processes are heard now.
    #[must_use]
    pub fn hears(&self) -> watch::Receiver<bool> {
        self.hears.clone()
    }
}

impl EventBus for RedisEventBus {
    fn publish(&self, signal: Signal) {
        self.here.publish(signal.clone());
        if self.line.try_send(signal).is_err() {
            dropped(1);
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.here.subscribe()
    }
}

fn dropped(signals: usize) {
    metrics::counter!("songwalker_signals_dropped_total").increment(signals as u64);
}

/// Takes signals out of the process.
struct Writer {
    client: Client,
    channel: String,
    sender: Uuid,
}

impl Writer {
    async fn run(self, mut waiting: mpsc::Receiver<Signal>) {
        let mut connection = None;
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            // Whoever is woken looks at everything.
            let mut wakes = false;
            batch.retain(|signal| *signal != Signal::Wake || !std::mem::replace(&mut wakes, true));
            let signals = batch.len();
            let sent = tokio::time::timeout(2 * ANSWER, self.send(&mut connection, batch.drain(..))).await;
            if !matches!(sent, Ok(Ok(()))) {
                connection = None;
                dropped(signals);
                // What gathers in this time is older than what it would tell.
                tokio::time::sleep(FIRST_PAUSE).await;
            }
        }
    }

    async fn send(
        &self,
        connection: &mut Option<MultiplexedConnection>,
        signals: impl Iterator<Item = Signal> + Send,
    ) -> redis::RedisResult<()> {
        let mut messages = redis::pipe();
        for signal in signals {
            let message = message::written(self.sender, signal);
            messages.publish(&self.channel, message).ignore();
        }
        let open = match connection {
            Some(open) => open,
            None => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(ANSWER))
                    .set_response_timeout(Some(ANSWER));
                let open = self.client.get_multiplexed_async_connection_with_config(&config);
                connection.insert(open.await?)
            }
        };
        messages.exec_async(open).await
    }
}

/// Why a subscription ended.
enum Lost {
    /// It never stood.
    Never,
    /// It stood.
    Stood,
}

/// Hears the other processes.
struct Reader {
    client: Client,
    channel: String,
    sender: Uuid,
    here: MemoryEventBus,
    hears: watch::Sender<bool>,
}

impl Reader {
    async fn run(self) {
        let mut pause = FIRST_PAUSE;
        let mut lost = false;
        loop {
            if matches!(self.listen(&mut lost).await, Lost::Stood) {
                pause = FIRST_PAUSE;
            }
            metrics::gauge!("songwalker_redis_up", "part" => "events").set(0.0);
            self.hears.send_replace(false);
            if !lost {
                tracing::warn!("redis away, signals stay in this process");
                lost = true;
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    async fn listen(&self, lost: &mut bool) -> Lost {
        let subscribe = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            redis::RedisResult::Ok(subscription)
        };
        let Ok(Ok(subscription)) = tokio::time::timeout(2 * ANSWER, subscribe).await else {
            return Lost::Never;
        };
        if std::mem::take(lost) {
            tracing::info!("signals of other processes heard again");
            self.here.publish(Signal::Missed);
        }
        metrics::gauge!("songwalker_redis_up", "part" => "events").set(1.0);
        self.hears.send_replace(true);
        let (mut ask, mut messages) = subscription.split();
        loop {
            match tokio::time::timeout(LOOK, messages.next()).await {
                Ok(Some(message)) => {
                    if let Some((sender, signal)) = message::read(message.get_payload_bytes())
                        && sender != self.sender
                    {
                        self.here.publish(signal);
                    }
                }
                Ok(None) => return Lost::Stood,
                // Nothing came: that a machine is gone is told by nobody.
                Err(_) => {
                    let answer = tokio::time::timeout(ANSWER, ask.ping::<redis::Value>()).await;
                    if !matches!(answer, Ok(Ok(_))) {
                        return Lost::Stood;
                    }
                }
            }
        }
    }
}
