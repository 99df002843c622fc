//! A way to a service on which everything that goes by is kept, in either direction, and which can be cut.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};

/// The way.
#[derive(Debug)]
pub struct Tap {
    /// Where it begins, on loopback.
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    task: JoinHandle<()>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tap {
    /// A way to `host:port`.
    ///
    /// # Errors
    /// There is no port.
    pub async fn to(service: String) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let connections = Arc::new(Mutex::new(Vec::new()));
        let opened = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (kept, service) = (Arc::clone(&kept), service.clone());
                let connection = tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(service).await else {
                        return;
                    };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::select! {
                        () = pass(from_client, to_server, &kept) => {}
                        () = pass(from_server, to_client, &kept) => {}
                    }
                });
                let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
                opened.push(connection.abort_handle());
            }
        });
        Ok(Self {
            port,
            heard,
            connections,
            task,
        })
    }

    /// Ends every connection that there is; new ones may come.
    pub fn cut(&self) {
        let mut opened = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in opened.drain(..) {
            connection.abort();
        }
    }

    /// Everything that went by so far.
    #[must_use]
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, kept: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(&chunk[..read]);
        if to.write_all(&chunk[..read]).await.is_err() {
            return;
        }
    }
}
