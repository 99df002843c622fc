//! A server that takes whatever is posted to it and keeps it: a receiver of webhooks, a collector of traces.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What was posted.
#[derive(Debug, Clone)]
pub struct Taken {
    /// First line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The server.
#[derive(Debug)]
pub struct Sink {
    /// Its port on loopback.
    pub port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// One that answers 200 to everything.
    ///
    /// # Errors
    /// There is no port.
    pub async fn start() -> Result<Self> {
        Self::listen(true).await
    }

    /// One that takes everything and never answers.
    ///
    /// # Errors
    /// There is no port.
    pub async fn deaf() -> Result<Self> {
        Self::listen(false).await
    }

    async fn listen(answers: bool) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), answers));
            }
        });
        Ok(Self { port, taken, task })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything that was posted so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One connection: request after request, until it is closed or says what is no request.
async fn serve(mut stream: TcpStream, taken: Arc<Mutex<Vec<Taken>>>, answers: bool) {
    let mut bytes = Vec::new();
    while let Ok(Some(one)) = read(&mut stream, &mut bytes).await {
        taken.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        if !answers {
            std::future::pending::<()>().await;
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<Option<Taken>> {
    let mut chunk = [0; 16_384];
    loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length: usize = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(Ok(0), |(_, length)| length.trim().parse())
                .context("a length")?;
            let whole = end + 4 + length;
            if bytes.len() >= whole {
                let body = bytes[end + 4..whole].to_vec();
                bytes.drain(..whole);
                return Ok(Some(Taken { head, body }));
            }
        }
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}
