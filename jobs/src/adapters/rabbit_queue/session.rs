//! The connection to the broker, kept up: opened with all queues declared, watched, and opened anew after a pause when it
//! is lost. Nothing is carried from one to the next: who had a channel on it is told by the channel's end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::uri::AMQPUri;
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, Event};
use tokio::sync::watch;

use super::topology::Topology;
use super::{kind_of, message};
use crate::ports::Hint;

/// How long it may take until a connection stands, with all its queues: a broker with much to do makes new ones slowly.
const OPEN: Duration = Duration::from_secs(10);
/// How often either side says that it lives, in seconds; twice that without a word, and the connection is lost.
const HEARTBEAT_SECONDS: u16 = 5;
/// How often a connection of which nothing is heard is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after the first loss; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What there is of a connection.
pub(super) enum Link {
    /// The first one is being opened.
    Opening,
    /// It stands, as far as is known.
    Up(Arc<Session>),
    /// It was lost, or could not be opened; that is tried again.
    Away,
}

/// A connection that stands, or did.
pub(super) struct Session {
    connection: Connection,
    publisher: Mutex<Option<Channel>>,
}

/// Keeps a connection, and tells which.
pub(super) async fn keep(mut uri: AMQPUri, topology: Arc<Topology>, tell: watch::Sender<Link>) {
    uri.query.heartbeat = Some(HEARTBEAT_SECONDS);
    uri.query.connection_timeout = Some(OPEN.as_millis() as u64);
    let mut pause = FIRST_PAUSE;
    let mut told = false;
    loop {
        match tokio::time::timeout(OPEN, open(uri.clone(), &topology)).await {
            Ok(Ok(session)) => {
                tracing::info!("queue connected");
                (pause, told) = (FIRST_PAUSE, false);
                metrics::gauge!("songwalker_rabbitmq_up").set(1.0);
                let session = Arc::new(session);
                tell.send_replace(Link::Up(Arc::clone(&session)));
                session.until_lost().await;
                metrics::gauge!("songwalker_rabbitmq_up").set(0.0);
                metrics::counter!("songwalker_queue_sessions_lost_total").increment(1);
                tracing::warn!("queue connection lost");
            }
            // Once for each outage.
            _ if told => {}
            Ok(Err(error)) => {
                tracing::warn!(error = kind_of(&error), "queue not connected");
                told = true;
            }
            Err(_) => {
                tracing::warn!(error = "no answer in time", "queue not connected");
                told = true;
            }
        }
        tell.send_replace(Link::Away);
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

async fn open(uri: AMQPUri, topology: &Topology) -> lapin::Result<Session> {
    let session = connect(uri).await?;
    topology.declare(&session).await?;
    Ok(session)
}

/// A connection, on which nothing was done yet.
pub(super) async fn connect(uri: AMQPUri) -> lapin::Result<Session> {
    let properties = ConnectionProperties::default().with_connection_name("songwalker".into());
    let connection = Connection::connect_uri(uri, properties).await?;
    Ok(Session {
        connection,
        publisher: Mutex::default(),
    })
}

impl Session {
    async fn until_lost(&self) {
        // Listens before it looks.
        let mut events = std::pin::pin!(self.connection.events_listener());
        while self.connection.status().connected() {
            match tokio::time::timeout(LOOK, events.next()).await {
                Ok(Some(Event::Error(error))) => {
                    tracing::debug!(error = kind_of(&error), "queue connection failed");
                    return;
                }
                Ok(Some(Event::ConnectionBlocked(_))) => tracing::warn!("queue takes no hints for now"),
                Ok(Some(Event::ConnectionUnblocked)) => tracing::info!("queue takes hints again"),
                Ok(None) => return,
                Ok(Some(_)) | Err(_) => {}
            }
        }
    }

    /// A channel of its own.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Publishes hints one behind the other and waits until the broker has confirmed all; how many no queue took.
    pub(super) async fn publish(&self, topology: &Topology, hints: &[Hint]) -> lapin::Result<usize> {
        let channel = self.publisher().await?;
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let mut confirms = Vec::with_capacity(hints.len());
        for hint in hints {
            let (body, properties) = message::written(hint);
            let queue = topology.queue_of(hint);
            let published = channel.basic_publish("".into(), queue.into(), mandatory, &body, properties);
            confirms.push(published.await?);
        }
        let mut not_taken = 0;
        for confirm in confirms {
            // What no queue takes is confirmed all the same, and comes back with that.
            if !matches!(confirm.await?, Confirmation::Ack(None)) {
                not_taken += 1;
            }
        }
        Ok(not_taken)
    }

    async fn publisher(&self) -> lapin::Result<Channel> {
        if let Some(channel) = self.kept() {
            return Ok(channel);
        }
        let channel = self.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        *self.publisher.lock().unwrap_or_else(PoisonError::into_inner) = Some(channel.clone());
        Ok(channel)
    }

    fn kept(&self) -> Option<Channel> {
        let kept = self.publisher.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone().filter(|channel| channel.status().connected())
    }

    /// After a failure the next batch goes by a channel of its own, on which nothing is open.
    pub(super) fn forget_publisher(&self) {
        *self.publisher.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
