//! Whether the broker takes, keeps and gives what we send: asked with the account of the configuration, by the queues
//! that every process declares and by one that is this connection's own and goes with it.

use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{BasicProperties, Channel, Confirmation};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::session::Session;
use super::topology::Topology;
use super::{ANSWER, kind_of, session};
use crate::checkup::Finding;
use crate::config::Queue as Settings;
use crate::ports::Lane;

const PART: &str = "queue";
/// Quorum queues that put unreadable hints by without losing them are there from this version on.
const OLDEST: (u32, u32) = (3, 10);

/// How the broker stands.
pub(crate) async fn examine(settings: &Settings) -> Finding {
    let Some(uri) = settings
        .url
        .as_ref()
        .and_then(|url| url.expose().parse::<AMQPUri>().ok())
    else {
        return Finding::bad(
            PART,
            "queue.url is no address such as amqp://user:password@host/vhost",
        );
    };
    let version = tokio::time::timeout(Duration::from_secs(3), version(&uri))
        .await
        .ok()
        .flatten();
    let topology = Topology::new(&settings.prefix);
    let began = Instant::now();
    let session = match tokio::time::timeout(ANSWER, session::connect(uri)).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => return Finding::bad(PART, refused(&error)),
        Err(_) => {
            return Finding::bad(
                PART,
                "does not answer in time: is it up, are host and port right?",
            );
        }
    };
    let ms = began.elapsed().as_secs_f64() * 1e3;
    let lanes = match topology.declare(&session).await {
        Ok(lanes) => lanes,
        Err(error) => return Finding::bad(PART, not_declared(&error, &settings.prefix)),
    };
    if let Err(error) = probe(&session, &settings.prefix).await {
        let told = format!(
            "declares its queues, but a message does not go through one ({}): the account needs to configure, write and \
             read {}.v1.*, and to write to the default exchange",
            kind_of(&error),
            settings.prefix
        );
        return Finding::bad(PART, told);
    }
    let depth = Lane::depth(&lanes);
    let readers = lanes.iter().map(|lane| lane.consumers).max().unwrap_or(0);
    let dead = lanes
        .iter()
        .find(|lane| lane.name == Lane::DEAD)
        .map_or(0, |lane| lane.waiting);
    let facts = json!({
        "version": version, "connected_ms": ms, "waiting": depth, "consumers": readers, "dead": dead,
        "lanes": lanes.iter().map(|lane| json!({ "lane": lane.name, "waiting": lane.waiting })).collect::<Vec<_>>(),
    });
    let named = version.as_deref().unwrap_or("(version unknown)");
    let words = format!(
        "RabbitMQ {named} connected in {ms:.0} ms; takes and gives messages; {depth} hints wait, up to {readers} \
         workers read a queue"
    );
    let mut finding = Finding::good(PART, words, facts);
    if version
        .as_deref()
        .and_then(numbers)
        .is_some_and(|version| version < OLDEST)
    {
        finding = finding.broken("this version is too old: at least 3.10 is needed");
    }
    if dead > 0 {
        finding = finding.noticed(&format!(
            "{dead} unreadable messages lie in the dead-letter queue"
        ));
    }
    finding
}

/// A message through a queue of this connection's own.
async fn probe(session: &Session, prefix: &str) -> lapin::Result<()> {
    let channel = session.channel().await?;
    let name = format!("{prefix}.v1.doctor.{}", Uuid::new_v4());
    let own = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    // A broker may make quorum queues where nobody says a type, and those cannot be a connection's own.
    let mut classic = FieldTable::default();
    classic.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    channel.queue_declare(name.as_str().into(), own, classic).await?;
    let through = through(&channel, &name).await;
    channel
        .queue_delete(name.as_str().into(), QueueDeleteOptions::default())
        .await?;
    channel.close(200, "done".into()).await?;
    if through? {
        Ok(())
    } else {
        Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no message").into())
    }
}

async fn through(channel: &Channel, name: &str) -> lapin::Result<bool> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let sent = channel
        .basic_publish("".into(), name.into(), mandatory, b"", BasicProperties::default())
        .await?
        .await?;
    let got = channel
        .basic_get(name.into(), BasicGetOptions { no_ack: true })
        .await?;
    Ok(matches!(sent, Confirmation::Ack(None)) && got.is_some())
}

/// What the server calls itself in the first frame that it sends; nothing behind TLS, or where it says nothing.
async fn version(uri: &AMQPUri) -> Option<String> {
    if uri.scheme != AMQPScheme::AMQP {
        return None;
    }
    let place = (uri.authority.host.as_str(), uri.authority.port);
    let mut stream = TcpStream::connect(place).await.ok()?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await.ok()?;
    let mut head = [0; 7];
    stream.read_exact(&mut head).await.ok()?;
    let [_, _, _, length @ ..] = head;
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).ok()?.min(1 << 16)];
    stream.read_exact(&mut frame).await.ok()?;
    version_in(&frame)
}

/// The long string named `version` in a table of the protocol.
fn version_in(frame: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\x07versionS";
    let at = frame.windows(NAME.len()).position(|part| part == NAME)? + NAME.len();
    let (length, rest) = frame.get(at..)?.split_first_chunk::<4>()?;
    let text = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let text = std::str::from_utf8(text).ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    (text.len() <= 32 && text.chars().all(is_plain)).then(|| text.to_owned())
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Why there is no connection.
fn refused(error: &lapin::Error) -> String {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) if error.get_id() == 403 => {
            "refuses the name or the password of queue.url".to_owned()
        }
        lapin::ErrorKind::ProtocolError(error) if error.get_id() == 530 => {
            "has no such vhost, or this account may not use it (the path of queue.url)".to_owned()
        }
        // Older versions close the connection on a wrong password.
        lapin::ErrorKind::IOError(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {
            "ends the connection at once: name, password or vhost of queue.url are wrong".to_owned()
        }
        _ => format!(
            "does not answer ({}): is it up, are host and port of queue.url right?",
            kind_of(error)
        ),
    }
}

fn not_declared(error: &lapin::Error, prefix: &str) -> String {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => match error.get_id() {
            403 => format!("lets this account in, but it may not configure {prefix}.v1.*: grant it"),
            406 => format!(
                "has a queue {prefix}.v1.* of another kind than ours: somebody else's, or a policy changed it; delete it, \
                 or choose another queue.prefix"
            ),
            540 | 503 => {
                "knows no quorum queues: at least RabbitMQ 3.10 is needed, with that feature on".to_owned()
            }
            code => format!("does not make our queues (reply {code})"),
        },
        _ => format!(
            "does not make our queues in time ({}): has it a majority of its nodes?",
            kind_of(error)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_first_frame_and_nothing_else_is() {
        let frame = b"..\x07productS\x00\x00\x00\x08RabbitMQ\x07versionS\x00\x00\x00\x064.1.4!\x00";
        assert_eq!(version_in(frame), None, "it holds what no version does");
        let frame = b"..\x07versionS\x00\x00\x00\x064.1.40\x00";
        assert_eq!(version_in(frame).as_deref(), Some("4.1.40"));
        assert_eq!(version_in(b"\x07versionS\x00\x00\xff\xff3"), None);
        assert_eq!(numbers("3.9.13"), Some((3, 9)));
        assert!(numbers("3.9.13") < Some(OLDEST) && numbers("4.0.1") > Some(OLDEST));
    }
}
