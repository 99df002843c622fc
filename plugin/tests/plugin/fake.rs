//! A server on this machine that answers as a test wants.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A server that answers every request by what `answer` makes of its first line and the address that it is reached by.
pub struct Fake {
    pub address: String,
    pub asked: Arc<AtomicUsize>,
}

impl Fake {
    pub fn new(answer: impl Fn(&str, &str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let (told, count) = (address.clone(), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                    head.push(byte[0]);
                }
                count.fetch_add(1, Ordering::SeqCst);
                answer(&String::from_utf8_lossy(&head), &told, &mut stream);
            }
        });
        Self { address, asked }
    }

    pub fn link(&self) -> String {
        format!("{}/s/token", self.address)
    }
}

pub fn say(stream: &mut TcpStream, status: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A client that has heard enough hangs up.
    let _heard = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}
