//! One address before several API processes: each request goes to the next of them, whole and as it is, so that what
//! one of them begins another goes on with. What a replica's end does to a request that it had is not hidden: only a
//! connection that was refused is tried elsewhere.

use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The most that the head of a request may have.
const HEAD_BYTES: usize = 64 * 1024;
/// The pause before another look where nobody listens.
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is looked.
const LOOKS: usize = 500;

#[derive(Debug, Default)]
struct Turns {
    replicas: Vec<(u32, SocketAddr)>,
    next: usize,
}

/// Who is behind it; clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Forwarder(Arc<Mutex<Turns>>);

impl Forwarder {
    /// Its address, taken.
    ///
    /// # Errors
    /// There is no free port.
    pub fn bind() -> Result<(StdListener, String)> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok((listener, url))
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests go to this one too.
    ///
    /// # Errors
    /// The address is none.
    pub fn put(&self, pid: u32, url: &str) -> Result<()> {
        let at = url.trim_start_matches("http://").trim_end_matches('/');
        let at = at.parse().with_context(|| url.to_owned())?;
        self.take_out(pid);
        self.turns().replicas.push((pid, at));
        Ok(())
    }

    /// No further request goes to this one.
    pub fn take_out(&self, pid: u32) {
        self.turns().replicas.retain(|(known, _)| *known != pid);
    }

    fn next(&self) -> Option<SocketAddr> {
        let mut turns = self.turns();
        let turn = turns.next;
        turns.next = turn.wrapping_add(1);
        let count = turns.replicas.len().max(1);
        turns.replicas.get(turn % count).map(|(_, at)| *at)
    }

    /// Forwards until it is dropped.
    ///
    /// # Errors
    /// The listener breaks.
    pub async fn run(&self, listener: StdListener) -> Result<()> {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (client, _) = listener.accept().await?;
            let forwarder = self.clone();
            tokio::spawn(async move {
                // Whoever cut the connection knows it.
                let _ = forwarder.forward(client).await;
            });
        }
    }

    /// One request of a client, and its answer; then both connections end.
    async fn forward(&self, mut client: TcpStream) -> Result<()> {
        client.set_nodelay(true)?;
        let mut read = Vec::new();
        let head = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 2;
            }
            if read.len() > HEAD_BYTES || client.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let mut replica = self.connect().await?;
        replica.set_nodelay(true)?;
        let (head, rest) = read.split_at(head);
        replica.write_all(&for_one_request(head)).await?;
        replica.write_all(rest).await?;
        let ((mut hear, mut say), (mut from, mut to)) = (client.split(), replica.split());
        tokio::select! {
            answered = tokio::io::copy(&mut from, &mut say) => {
                answered?;
                say.shutdown().await?;
            }
            // The client has gone: so does its request.
            gone = tokio::io::copy(&mut hear, &mut to) => { gone?; }
        }
        Ok(())
    }

    async fn connect(&self) -> Result<TcpStream> {
        for _ in 0..LOOKS {
            if let Some(at) = self.next()
                && let Ok(replica) = TcpStream::connect(at).await
            {
                return Ok(replica);
            }
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::bail!("no replica listens")
    }
}

/// The head without the client's word on the connection, which is for one request here.
fn for_one_request(head: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = head
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !line.to_ascii_lowercase().starts_with(b"connection:"))
        .collect();
    lines.push(b"Connection: close\r\n");
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_once_that_the_connection_ends() {
        let head = b"GET / HTTP/1.1\r\nconnection: keep-alive\r\nHost: a\r\n";
        assert_eq!(
            for_one_request(head),
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        );
    }
}
