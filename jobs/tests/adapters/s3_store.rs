//! Keys that do not fit, stores that fail, answers that are lost, addresses that are signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};
use songwalker_jobs::adapters::S3Store;
use songwalker_jobs::clock::SystemClock;
use songwalker_jobs::config::Store;
use songwalker_jobs::ports::{ObjectKey, ObjectStore, PortError};
use songwalker_jobs::secret::Secret;
use songwalker_schemas::UserId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::{free_port, soon};
use crate::services::s3;

const BUNDLE: &[u8] = b"a bundle";

fn key() -> ObjectKey {
    let hex: String = Sha256::digest(BUNDLE)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ObjectKey::bundle(UserId(Uuid::from_u128(1)), &hex).expect("a key")
}

fn open(settings: &Store) -> S3Store {
    S3Store::open(settings, Arc::new(SystemClock::new())).expect("settings")
}

/// Settings of a store at a port of this machine.
fn at(port: u16) -> Store {
    Store {
        bucket: Some("bucket".to_owned()),
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        access_key: Some(Secret::new("AKCANARY".to_owned())),
        secret_key: Some(Secret::new("SKCANARY".to_owned())),
        ..Store::default()
    }
}

/// Every call, and what it fails with.
async fn failures(store: &S3Store) -> Vec<PortError> {
    let calls = [
        store.put(&key(), Arc::from(BUNDLE)).await.err(),
        store.get(&key()).await.err(),
        store.head(&key()).await.err(),
        store.delete(&key()).await.err(),
        store.list("", None, 10).await.err(),
        store.ping().await.err(),
    ];
    let told = |error: PortError| {
        let text = error.to_string();
        assert!(!text.contains("CANARY") && !text.contains("127.0.0.1"), "{text}");
        error
    };
    calls
        .into_iter()
        .map(|error| told(error.expect("fails")))
        .collect()
}

/// Reads a request to its end.
async fn request(client: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = client.read(&mut buffer).await.expect("a request");
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "a whole request");
            continue;
        };
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
            return request;
        }
    }
}

/// A store that answers everything with a status and a code; how often it was asked.
async fn store_that_says(status: &'static str, code: &'static str) -> (S3Store, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let request = request(&mut client).await;
            count.fetch_add(1, Ordering::SeqCst);
            let body = format!("<Error><Code>{code}</Code><Message>AKCANARY at 127.0.0.1</Message></Error>");
            let body = if request.starts_with(b"HEAD") { "" } else { &body };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = client.write_all(answer.as_bytes()).await;
        }
    });
    (open(&at(port)), asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_is_refused_and_not_told() {
    let Some(settings) = s3() else { return };
    open(&settings).make_bucket().await.expect("a bucket");
    let wrong = Store {
        secret_key: Some(Secret::new("SKCANARY".to_owned())),
        ..settings
    };
    for error in failures(&open(&wrong)).await {
        assert!(matches!(error, PortError::Refused(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_missing_is_refused() {
    let (store, _) = store_that_says("404 Not Found", "NoSuchBucket").await;
    for put_or_got in [
        store.put(&key(), Arc::from(BUNDLE)).await.err(),
        store.get(&key()).await.err(),
        store.list("", None, 10).await.err(),
        store.ping().await.err(),
    ] {
        assert!(
            matches!(put_or_got, Some(PortError::Refused(_))),
            "{put_or_got:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_can_be_made_and_made_again() {
    let Some(settings) = s3() else { return };
    let store = open(&settings);
    store.make_bucket().await.expect("made");
    store.put(&key(), Arc::from(BUNDLE)).await.expect("put");
    store.ping().await.expect("answers");
    store.make_bucket().await.expect("is there");
    assert!(store.get(&key()).await.expect("got").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_of_other_prefixes_in_one_bucket_do_not_meet() {
    let Some(settings) = s3() else { return };
    let here = open(&settings);
    here.make_bucket().await.expect("made");
    let there = open(&Store {
        prefix: "there/".to_owned(),
        ..settings
    });
    here.put(&key(), Arc::from(BUNDLE)).await.expect("put");
    assert_eq!(there.get(&key()).await, Ok(None));
    assert_eq!(there.list("", None, 10).await, Ok(Vec::new()));
    there.delete(&key()).await.expect("deleted");
    assert!(here.get(&key()).await.expect("got").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_may_be_asked_again() {
    for error in failures(&open(&at(free_port()))).await {
        assert!(matches!(error, PortError::Unavailable(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_is_asked_a_few_times_and_no_more() {
    let (store, asked) = store_that_says("503 Slow Down", "SlowDown").await;
    for (calls, error) in failures(&store).await.into_iter().enumerate() {
        assert!(matches!(error, PortError::Unavailable(_)), "{calls}: {error}");
    }
    let asked = asked.load(Ordering::SeqCst);
    assert!((7..=18).contains(&asked), "asked {asked} times for six calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_space_is_full() {
    let (store, _) = store_that_says("507 Insufficient Storage", "InsufficientStorage").await;
    let full = store.put(&key(), Arc::from(BUNDLE)).await;
    assert_eq!(full, Err(PortError::Full));
}

/// The way to a store on which the first answer is lost after the store has done what it was asked.
async fn losing_the_first_answer(service: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut lost = false;
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&service).await.expect("the store answers");
            if lost {
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
                continue;
            }
            let request = request(&mut client).await;
            server.write_all(&request).await.expect("taken");
            let mut answer = [0; 12];
            server.read_exact(&mut answer).await.expect("answered");
            assert_eq!(&answer, b"HTTP/1.1 200");
            lost = true;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_whose_answer_was_lost_succeeds() {
    let Some(settings) = s3() else { return };
    let straight = open(&settings);
    straight.make_bucket().await.expect("made");
    let endpoint = settings.endpoint.clone().expect("an address");
    let host = endpoint.trim_start_matches("http://").to_owned();
    let port = losing_the_first_answer(host).await;
    let through = open(&Store {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        ..settings
    });
    soon(through.put(&key(), Arc::from(BUNDLE))).await.expect("put");
    let got = straight.get(&key()).await.expect("got");
    assert_eq!(got.as_deref(), Some(BUNDLE));
}

/// What a browser gets that follows an address.
async fn followed(address: &str) -> String {
    let (host, path) = address
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("an address");
    let mut stream = TcpStream::connect(host).await.expect("the store answers");
    let ask = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.expect("asked");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_address_gives_this_object_under_its_name_and_no_other() {
    let Some(settings) = s3() else { return };
    let store = open(&settings);
    store.make_bucket().await.expect("made");
    store.put(&key(), Arc::from(BUNDLE)).await.expect("put");
    let address = store
        .sign_get(&key(), Duration::from_secs(60), "my \"bundle\".zip")
        .await
        .expect("signed")
        .expect("an address");
    let answer = soon(followed(&address)).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("a bundle"),
        "{answer}"
    );
    let head = answer.to_lowercase();
    assert!(
        head.contains("content-disposition: attachment; filename=\"my bundle.zip\"\r\n"),
        "{answer}"
    );
    let other = address.replace("my%20bundle", "another");
    assert_ne!(other, address);
    assert!(soon(followed(&other)).await.starts_with("HTTP/1.1 403"));
    let secret = settings.secret_key.expect("a secret");
    assert!(!address.contains(secret.expose()));
}

#[tokio::test]
async fn an_address_that_would_stand_for_longer_than_a_week_is_refused() {
    let store = open(&at(free_port()));
    let signed = store
        .sign_get(&key(), Duration::from_secs(8 * 86_400), "a.zip")
        .await;
    assert!(matches!(signed, Err(PortError::Refused(_))), "{signed:?}");
}
