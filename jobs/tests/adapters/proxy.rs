//! A way to a service that the test can cut, and lay again.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub struct Proxy {
    pub port: u16,
    /// Ends the connections that there are; another stands for those to come.
    cut: Arc<Mutex<CancellationToken>>,
}

impl Proxy {
    /// A way to `host:port`.
    pub async fn to(service: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let cut = Arc::new(Mutex::new(CancellationToken::new()));
        let token = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let cut = token.lock().expect("not poisoned").clone();
                let service = service.clone();
                tokio::spawn(cut.run_until_cancelled_owned(async move {
                    let mut server = TcpStream::connect(service).await.expect("the service answers");
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }));
            }
        });
        Self { port, cut }
    }

    /// Ends every connection.
    pub fn cut(&self) {
        let cut = std::mem::take(&mut *self.cut.lock().expect("not poisoned"));
        cut.cancel();
    }
}
