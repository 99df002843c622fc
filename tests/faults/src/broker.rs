//! What is done to what RabbitMQ and Redis hold: hints that come twice, in another order, or never; counters that are gone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueuePurgeOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::chance::Chance;
use crate::place::PREFIX;

/// The queues that users of these plans have, and that of jobs which run alone.
const QUEUES: [&str; 2] = ["patch.local", "quarantine"];
/// How many hints of a queue are taken at most.
const MOST: usize = 200;

async fn connected(url: &str) -> Result<(Connection, Channel)> {
    let connecting = Connection::connect(url, ConnectionProperties::default());
    let connection = tokio::time::timeout(Duration::from_secs(10), connecting).await??;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}

fn queues() -> impl Iterator<Item = String> {
    QUEUES.iter().map(|queue| format!("{PREFIX}.v1.{queue}"))
}

/// Takes what waits and puts it back twice, in another order; how many hints that were.
///
/// # Errors
/// RabbitMQ does not answer.
pub async fn double(url: &str, seed: u64) -> Result<usize> {
    let (connection, channel) = connected(url).await?;
    let mut count = 0;
    for queue in queues() {
        let mut taken: Vec<(Vec<u8>, BasicProperties)> = Vec::new();
        let no_ack = BasicGetOptions { no_ack: true };
        while taken.len() < MOST
            && let Some(message) = channel.basic_get(queue.as_str().into(), no_ack).await?
        {
            taken.push((message.delivery.data, message.delivery.properties));
        }
        count += taken.len();
        let mut twice = [taken.clone(), taken].concat();
        Chance::new(seed, 3).shuffle(&mut twice);
        for (data, properties) in twice {
            channel
                .basic_publish(
                    "".into(),
                    queue.as_str().into(),
                    BasicPublishOptions::default(),
                    &data,
                    properties,
                )
                .await?;
        }
    }
    connection.close(200, "done".into()).await?;
    Ok(count)
}

/// Empties the queues; how many hints were in them.
///
/// # Errors
/// RabbitMQ does not answer.
pub async fn purge(url: &str) -> Result<u32> {
    let (connection, channel) = connected(url).await?;
    let mut count = 0;
    for queue in queues() {
        count += channel
            .queue_purge(queue.as_str().into(), QueuePurgeOptions::default())
            .await?;
    }
    connection.close(200, "done".into()).await?;
    Ok(count)
}

/// Makes Redis forget everything.
///
/// # Errors
/// It does not answer.
pub fn flush_redis(url: &str) -> Result<()> {
    let address = url.trim_start_matches("redis://").split('/').next();
    let mut stream = TcpStream::connect(address.context("no address")?)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"FLUSHALL\r\n")?;
    let mut answer = [0; 3];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"+OK", "Redis does not forget");
    Ok(())
}
