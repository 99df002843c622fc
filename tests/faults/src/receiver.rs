//! Who is told of the ends of jobs: a receiver of webhooks, which sometimes refuses a message or loses its answer when it
//! comes first, and remembers which jobs it was told of.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::chance::Chance;

/// The longest message.
const MESSAGE_BYTES: usize = 256 * 1024;

/// A receiver.
#[derive(Debug, Clone)]
pub struct Receiver(Arc<State>);

#[derive(Debug)]
struct State {
    listen: SocketAddr,
    heard: Mutex<Heard>,
}

#[derive(Debug)]
struct Heard {
    chance: Chance,
    /// `webhook-id` of every message that came.
    messages: BTreeSet<String>,
    /// How often any came.
    times: u64,
    /// `job.state id` of every end that was told and answered.
    ends: BTreeSet<String>,
}

/// How a message is answered.
enum Answer {
    Taken,
    Refused,
    Lost,
}

impl Receiver {
    /// A receiver that listens.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(seed: u64) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let receiver = Self(Arc::new(State {
            listen: listener.local_addr()?,
            heard: Mutex::new(Heard {
                chance: Chance::new(seed, 4),
                messages: BTreeSet::new(),
                times: 0,
                ends: BTreeSet::new(),
            }),
        }));
        let state = Arc::clone(&receiver.0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                // Who sends it tries again where this fails.
                tokio::spawn(async move { state.hear(stream).await });
            }
        });
        Ok(receiver)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.0.listen.port())
    }

    /// How many messages came, and how many different ones.
    pub fn counts(&self) -> (u64, usize) {
        let heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
        (heard.times, heard.messages.len())
    }

    /// Whether it was told of this end of a job.
    pub fn was_told(&self, state: &str, job: &str) -> bool {
        let heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.ends.contains(&format!("job.{state} {job}"))
    }
}

impl State {
    async fn hear(&self, mut stream: TcpStream) -> Result<()> {
        let mut read = Vec::new();
        let (head, body) = loop {
            if let Some(at) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let body = read.split_off(at + 4);
                break (String::from_utf8(read)?.to_ascii_lowercase(), body);
            }
            anyhow::ensure!(read.len() < MESSAGE_BYTES && stream.read_buf(&mut read).await? > 0);
        };
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim_start_matches(':').trim().to_owned()
        };
        let length: usize = header("content-length").parse()?;
        let mut body = body;
        anyhow::ensure!(length < MESSAGE_BYTES);
        while body.len() < length {
            anyhow::ensure!(stream.read_buf(&mut body).await? > 0);
        }
        let message: Value = serde_json::from_slice(&body)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let end = format!("{} {}", text(&message["type"]), text(&message["data"]["id"]));
        let status = match self.answer(header("webhook-id"), end) {
            Answer::Taken => "204 No Content",
            Answer::Refused => "503 Service Unavailable",
            Answer::Lost => return Ok(()),
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
        Ok(stream.shutdown().await?)
    }

    fn answer(&self, id: String, end: String) -> Answer {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.times += 1;
        if heard.messages.insert(id) {
            match heard.chance.between(0, 9) {
                0 => return Answer::Refused,
                1 => return Answer::Lost,
                _ => {}
            }
        }
        heard.ends.insert(end);
        Answer::Taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_taken_at_the_latest_when_it_comes_again() {
        let receiver = Receiver::start(1).await.unwrap();
        let body = r#"{"type":"job.failed","data":{"id":"7"}}"#;
        let mut refused = 0;
        for number in 0..40 {
            let mut answers = Vec::new();
            for _ in 0..2 {
                let mut stream = TcpStream::connect(receiver.0.listen).await.unwrap();
                let request = format!(
                    "POST / HTTP/1.1\r\nWebhook-Id: {number}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer).await;
                answers.push(answer.contains("204"));
            }
            refused += usize::from(!answers[0]);
            assert!(answers[1]);
        }
        assert!(refused > 0 && receiver.was_told("failed", "7"));
        assert_eq!(receiver.counts(), (80, 40));
        assert!(!receiver.was_told("succeeded", "7"));
    }
}
