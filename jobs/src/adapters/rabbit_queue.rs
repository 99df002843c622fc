//! The queue of all processes together: hints in RabbitMQ, one quorum queue for each kind of job and class of plan, and
//! one for jobs that run alone.
//!
//! A hint is taken when the broker has confirmed that it is on its disks; one that no queue takes comes back, and is as
//! good as not sent. What the broker loses is found again by the sweep: the row is the truth (R4). One connection for
//! everything, opened anew whenever it is lost, with channels of their own for publishing and for each consumer. A hint
//! that nobody can read goes to the dead-letter queue, and nothing else does. Messages carry ids only (R10).

pub(crate) mod checkup;
mod consumer;
mod fair;
mod message;
mod session;
mod topology;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::uri::AMQPUri;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::session::{Link, Session};
use self::topology::Topology;
use crate::config::Queue as Settings;
use crate::ports::{Consumer, Hint, Lane, PortError, Queue};

/// How long a call waits for the first connection.
const FIRST: Duration = Duration::from_secs(10);
/// How long a call waits for another connection when the one before is lost.
const ANOTHER: Duration = Duration::from_secs(1);
/// How long the broker may take for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long it may take to confirm a batch.
const CONFIRM: Duration = Duration::from_secs(10);

/// Hints in RabbitMQ.
pub struct RabbitQueue {
    topology: Arc<Topology>,
    link: watch::Receiver<Link>,
    _stop: DropGuard,
}

impl fmt::Debug for RabbitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitQueue").finish_non_exhaustive()
    }
}

impl RabbitQueue {
    /// The queue that the configuration names; connects behind its caller's back, again and again.
    ///
    /// # Errors
    /// The address is missing, or is none.
    pub fn open(settings: &Settings) -> Result<Self, PortError> {
        let url = settings
            .url
            .as_ref()
            .ok_or_else(|| PortError::Refused("queue.url is missing".to_owned()))?;
        // The error would print the address, and the password with it.
        let uri: AMQPUri = url
            .expose()
            .parse()
            .map_err(|_| PortError::Refused("queue.url is no address".to_owned()))?;
        let topology = Arc::new(Topology::new(&settings.prefix));
        let (tell, link) = watch::channel(Link::Opening);
        let stop = CancellationToken::new();
        let keeper = session::keep(uri, Arc::clone(&topology), tell);
        tokio::spawn(stop.clone().run_until_cancelled_owned(keeper));
        Ok(Self {
            topology,
            link,
            _stop: stop.drop_guard(),
        })
    }

    /// The connection as it stands; waits for the first one, and a little for another.
    async fn session(&self) -> Result<Arc<Session>, PortError> {
        let mut link = self.link.clone();
        let first = link.wait_for(|link| !matches!(link, Link::Opening));
        if !matches!(tokio::time::timeout(FIRST, first).await, Ok(Ok(_))) {
            return Err(away());
        }
        let up = link.wait_for(|link| matches!(link, Link::Up(_)));
        match tokio::time::timeout(ANOTHER, up)
            .await
            .ok()
            .and_then(Result::ok)
            .as_deref()
        {
            Some(Link::Up(session)) => Ok(Arc::clone(session)),
            _ => Err(away()),
        }
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn publish(&self, hints: &[Hint]) -> Result<(), PortError> {
        if hints.is_empty() {
            return Ok(());
        }
        let session = self.session().await?;
        let published = tokio::time::timeout(CONFIRM, session.publish(&self.topology, hints)).await;
        match published {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(_)) => {
                // Somebody deleted a queue: it is there for the next try.
                in_time(self.topology.declare(&session)).await?;
                Err(PortError::Unavailable("a queue was missing".to_owned()))
            }
            Ok(Err(error)) => {
                session.forget_publisher();
                Err(failure(&error))
            }
            Err(_) => {
                session.forget_publisher();
                Err(late())
            }
        }
    }

    async fn consumer(&self, prefetch: usize) -> Result<Box<dyn Consumer>, PortError> {
        if prefetch == 0 {
            return Err(PortError::Refused("a consumer that may hold nothing".to_owned()));
        }
        let session = self.session().await?;
        in_time(self.topology.declare(&session)).await?;
        let channel = in_time(session.channel()).await?;
        let topology = Arc::clone(&self.topology);
        Ok(Box::new(consumer::open(channel, topology, prefetch)))
    }

    async fn depth(&self) -> Result<u64, PortError> {
        self.lanes().await.map(|lanes| Lane::depth(&lanes))
    }

    async fn lanes(&self) -> Result<Vec<Lane>, PortError> {
        let session = self.session().await?;
        in_time(self.topology.declare(&session)).await
    }

    async fn drop_dead(&self) -> Result<u64, PortError> {
        let session = self.session().await?;
        let dead = self.topology.dead();
        in_time(async {
            let channel = session.channel().await?;
            let dropped = channel
                .queue_purge(dead.into(), lapin::options::QueuePurgeOptions::default())
                .await?;
            channel.close(200, "done".into()).await?;
            Ok(u64::from(dropped))
        })
        .await
    }

    async fn ping(&self) -> Result<(), PortError> {
        let session = self.session().await?;
        in_time(async {
            let channel = session.channel().await?;
            channel.close(200, "done".into()).await
        })
        .await
    }
}

/// What the broker answers in time.
async fn in_time<T>(call: impl Future<Output = lapin::Result<T>>) -> Result<T, PortError> {
    match tokio::time::timeout(ANSWER, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(failure(&error)),
        Err(_) => Err(late()),
    }
}

fn away() -> PortError {
    PortError::Unavailable("no connection to the queue".to_owned())
}

fn late() -> PortError {
    PortError::Unavailable("the queue does not answer in time".to_owned())
}

/// Whatever the broker or the way to it fails with may be otherwise the next time.
fn failure(error: &lapin::Error) -> PortError {
    PortError::Unavailable(format!("the queue fails: {}", kind_of(error)))
}

/// What kind of error it is, without the texts of broker and system: they name users, hosts and addresses (R10).
fn kind_of(error: &lapin::Error) -> String {
    match error.kind() {
        lapin::ErrorKind::IOError(error) => error.kind().to_string(),
        lapin::ErrorKind::ProtocolError(error) => format!("reply {}", error.get_id()),
        lapin::ErrorKind::MissingHeartbeatError => "no heartbeat".to_owned(),
        lapin::ErrorKind::InvalidChannelState(..) | lapin::ErrorKind::InvalidConnectionState(_) => {
            "connection lost".to_owned()
        }
        _ => "protocol".to_owned(),
    }
}
