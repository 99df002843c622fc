//! The way to the S3 server, with faults on it: slow, 503, cut in the middle, done but not answered. One request a
//! connection, so that each is judged by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::plan::StoreFault;

/// The longest head of a request.
const HEAD_BYTES: usize = 64 * 1024;
/// How late a slow answer is.
const SLOW: Duration = Duration::from_millis(1500);
/// After how many bytes of what follows the head a request is cut.
const CUT_BYTES: u64 = 1000;

const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\n\
Content-Length: 70\r\nConnection: close\r\n\r\n<Error><Code>SlowDown</Code><Message>not now, please</Message></Error>";

/// The way.
#[derive(Debug, Clone)]
pub struct Proxy(Arc<State>);

#[derive(Debug)]
struct State {
    listen: SocketAddr,
    to: SocketAddr,
    fault: Mutex<Option<StoreFault>>,
    disturbed: AtomicU64,
}

impl Proxy {
    /// A way to the server at a port of this machine.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let proxy = Self(Arc::new(State {
            listen: listener.local_addr()?,
            to: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            fault: Mutex::new(None),
            disturbed: AtomicU64::new(0),
        }));
        let state = Arc::clone(&proxy.0);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                // Whoever asks sees a connection that ends: what a fault is.
                tokio::spawn(async move { state.pass(client).await });
            }
        });
        Ok(proxy)
    }

    /// Its address, without keys.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.0.listen)
    }

    /// Disturbs every request from now on, or none.
    pub fn disturb(&self, fault: Option<StoreFault>) {
        *self.0.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// How many requests were disturbed.
    pub fn disturbed(&self) -> u64 {
        self.0.disturbed.load(Ordering::SeqCst)
    }
}

impl State {
    async fn pass(&self, client: TcpStream) -> std::io::Result<()> {
        let (mut from_client, mut to_client) = client.into_split();
        let Some((head, rest)) = head(&mut from_client).await? else {
            return Ok(());
        };
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.is_some() {
            self.disturbed.fetch_add(1, Ordering::SeqCst);
        }
        match fault {
            Some(StoreFault::Unavailable) => {
                to_client.write_all(UNAVAILABLE).await?;
                to_client.shutdown().await?;
                // Closed at once with bytes unread, the answer would be lost too.
                copy(&mut from_client, &mut sink()).await?;
                return Ok(());
            }
            Some(StoreFault::Slow) => tokio::time::sleep(SLOW).await,
            _ => {}
        }
        let (mut from_server, mut to_server) = TcpStream::connect(self.to).await?.into_split();
        to_server.write_all(&closing(&head)).await?;
        to_server.write_all(&rest).await?;
        match fault {
            Some(StoreFault::Cut) => {
                copy(&mut (&mut from_client).take(CUT_BYTES), &mut to_server).await?;
                Ok(())
            }
            Some(StoreFault::AnswerLost) => {
                let sent = tokio::spawn(forward(from_client, to_server));
                copy(&mut from_server, &mut sink()).await?;
                sent.abort();
                Ok(())
            }
            _ => {
                let sent = tokio::spawn(forward(from_client, to_server));
                copy(&mut from_server, &mut to_client).await?;
                sent.abort();
                to_client.shutdown().await
            }
        }
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<u64> {
    copy(&mut from, &mut to).await
}

/// The head of a request with the empty line at its end, and what came with it of what follows; none where none came.
async fn head(from: &mut OwnedReadHalf) -> std::io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut read = Vec::with_capacity(4096);
    loop {
        if let Some(at) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = read.split_off(at + 4);
            return Ok(Some((read, rest)));
        }
        if read.len() > HEAD_BYTES || from.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
}

/// The head of a request that asks for the end of the connection behind its answer.
fn closing(head: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.trim_end().split("\r\n");
    let mut out = String::new();
    if let Some(first) = lines.next() {
        out.push_str(first);
        out.push_str("\r\nConnection: close\r\n");
    }
    for line in lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:")) {
        out.push_str(line);
        out.push_str("\r\n");
    }
    out.push_str("\r\n");
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_for_the_end_of_its_connection_once() {
        let head = closing(b"PUT /a HTTP/1.1\r\nHost: x\r\nconnection: keep-alive\r\n\r\n");
        let expected = "PUT /a HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&head), expected);
    }

    /// A server that answers each connection, and how many it answered.
    async fn server() -> (u16, Arc<AtomicU64>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mut from, mut to) = stream.into_split();
                if head(&mut from).await.unwrap().is_some() {
                    count.fetch_add(1, Ordering::SeqCst);
                    to.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                        .await
                        .unwrap();
                }
            }
        });
        (port, asked)
    }

    async fn ask(proxy: &Proxy) -> String {
        let address = proxy.endpoint().replace("http://", "");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn a_request_passes_is_refused_or_is_done_without_an_answer() {
        let (port, asked) = server().await;
        let proxy = Proxy::start(port).await.unwrap();
        assert!(ask(&proxy).await.contains("200 OK"));
        proxy.disturb(Some(StoreFault::AnswerLost));
        assert_eq!(ask(&proxy).await, "");
        assert_eq!((asked.load(Ordering::SeqCst), proxy.disturbed()), (2, 1));
        proxy.disturb(Some(StoreFault::Unavailable));
        assert!(ask(&proxy).await.contains("503"));
        assert_eq!((asked.load(Ordering::SeqCst), proxy.disturbed()), (2, 2));
        proxy.disturb(None);
        assert!(ask(&proxy).await.contains("200 OK"));
    }
}
