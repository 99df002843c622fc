//! Messages to webhooks, sent by the loop to a server that listens: what arrives, and what follows from each answer.
//! The server is a plain listener; nothing of the way there is left out.

#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use songwalker_jobs::accept::accept;
use songwalker_jobs::cancel::cancel;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::webhooks::{create, deliveries, delivery, list, test};
use songwalker_scheduler::Scheduler;
use songwalker_schemas::wire::{
    CreateJob, CreateWebhook, DeliveryProblem, DeliveryState, NewWebhook, WebhookDelivery,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What must happen by itself happens within this, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen"),
    }
}

/// A message as it arrived.
struct Arrived {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A receiver; what it answers comes from the number of the request.
struct Receiver {
    port: u16,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

impl Receiver {
    async fn start(answer: impl Fn(usize) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (arrive, arrived) = mpsc::unbounded_channel();
        let answer = Arc::new(answer);
        let asked = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (arrive, answer) = (arrive.clone(), Arc::clone(&answer));
                let asked = Arc::clone(&asked);
                tokio::spawn(async move {
                    let Some((mut stream, message)) = read(stream).await else {
                        return;
                    };
                    let _ = arrive.send(message);
                    match answer(asked.fetch_add(1, Ordering::SeqCst)) {
                        Some(text) => {
                            let _ = stream.write_all(text.as_bytes()).await;
                        }
                        None => std::future::pending().await,
                    }
                });
            }
        });
        Self { port, arrived }
    }

    async fn next(&mut self) -> Arrived {
        soon("a message", self.arrived.recv()).await.unwrap()
    }
}

fn status(line: &'static str) -> impl Fn(usize) -> Option<String> {
    move |_| {
        Some(format!(
            "HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ))
    }
}

async fn read(mut stream: TcpStream) -> Option<(TcpStream, Arrived)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    let end = loop {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    assert!(head.starts_with("POST /songs HTTP/1.1\r\n"), "{head}");
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&chunk[..read]);
    }
    Some((stream, Arrived { headers, body }))
}

async fn system(allows_own: bool) -> TestSystem {
    testing::system_with(|config| {
        config.quotas.enabled = false;
        config.webhooks.timeout = "2s".parse().unwrap();
        if allows_own {
            config.webhooks.allow_private = vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        }
    })
    .await
}

async fn webhook(system: &TestSystem, url: String) -> NewWebhook {
    let request = CreateWebhook {
        url: Some(url),
        events: None,
    };
    create(system, system.user, request).await.unwrap()
}

/// The last delivery once it stands so.
async fn when(
    system: &TestSystem,
    webhook: &NewWebhook,
    is: impl Fn(&WebhookDelivery) -> bool,
) -> WebhookDelivery {
    soon("the delivery", async {
        loop {
            let all = deliveries(system, system.user, webhook.webhook.id).await.unwrap();
            if let Some(one) = all.into_iter().next().filter(|one| is(one)) {
                return one;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

#[tokio::test]
async fn the_end_of_a_job_arrives_once_signed_and_without_its_prompt() {
    let system = system(true).await;
    let mut receiver = Receiver::start(status("204 No Content")).await;
    let webhook = webhook(&system, format!("http://localhost:{}/songs", receiver.port)).await;
    let scheduler = Scheduler::start(system.system.clone());
    let request = CreateJob::new("the canary's song");
    let job = accept(&system, system.user, request, None)
        .await
        .unwrap()
        .row
        .id();
    cancel(&system, system.user, job).await.unwrap();
    let arrived = receiver.next().await;
    let told = when(&system, &webhook, |one| one.state == DeliveryState::Delivered).await;
    assert_eq!((told.status, told.attempts, told.problem), (Some(204), 1, None));
    assert_eq!(told.job_id, Some(job));
    let body: Value = serde_json::from_slice(&arrived.body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["id"]),
        (&"job.cancelled".into(), &job.to_string().into())
    );
    assert!(!String::from_utf8_lossy(&arrived.body).contains("canary"));
    assert_eq!(arrived.headers["webhook-id"], told.id);
    assert_eq!(arrived.headers["content-type"], "application/json");
    let now_s = system.system.clock.now().0 / 1_000;
    assert_eq!(arrived.headers["webhook-timestamp"], now_s.to_string());
    assert!(arrived.headers["webhook-signature"].starts_with("v1,"));
    assert!(!arrived.headers.contains_key("authorization"));
    soon("the webhook's word", async {
        while list(&system, system.user).await.unwrap()[0]
            .delivered_at
            .is_none()
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    scheduler.stop().await;
    assert!(receiver.arrived.try_recv().is_err(), "nothing came twice");
}

#[tokio::test]
async fn a_receiver_that_fails_is_asked_again_with_the_same_id_after_the_pause() {
    let system = system(true).await;
    let answers = |n: usize| {
        let line = if n == 0 {
            "500 Internal Server Error"
        } else {
            "200 OK"
        };
        status(line)(n)
    };
    let mut receiver = Receiver::start(answers).await;
    let webhook = webhook(&system, format!("http://localhost:{}/songs", receiver.port)).await;
    let scheduler = Scheduler::start(system.system.clone());
    test(&system, system.user, webhook.webhook.id).await.unwrap();
    let first = receiver.next().await;
    let told = when(&system, &webhook, |one| one.status.is_some()).await;
    assert_eq!((told.state, told.status), (DeliveryState::Pending, Some(500)));
    system.clock.advance(delivery::PAUSES[0]);
    let second = receiver.next().await;
    assert_eq!(first.headers["webhook-id"], second.headers["webhook-id"]);
    assert_eq!(first.body, second.body);
    assert_ne!(
        first.headers["webhook-signature"],
        second.headers["webhook-signature"]
    );
    let told = when(&system, &webhook, |one| one.state == DeliveryState::Delivered).await;
    assert_eq!(told.attempts, 2);
    scheduler.stop().await;
}

#[tokio::test]
async fn what_is_no_success_is_told_by_its_kind() {
    let elsewhere = "307 Temporary Redirect\r\nlocation: http://localhost:1/";
    for (answer, state, code, problem) in [
        (
            Some("410 Gone"),
            DeliveryState::Failed,
            Some(410),
            DeliveryProblem::Gone,
        ),
        (
            Some(elsewhere),
            DeliveryState::Pending,
            Some(307),
            DeliveryProblem::Redirect,
        ),
        (
            Some("404 Not Found"),
            DeliveryState::Pending,
            Some(404),
            DeliveryProblem::Status,
        ),
        (None, DeliveryState::Pending, None, DeliveryProblem::Timeout),
    ] {
        let system = system(true).await;
        let receiver = Receiver::start(move |n| answer.and_then(|line| status(line)(n))).await;
        let webhook = webhook(&system, format!("http://localhost:{}/songs", receiver.port)).await;
        let scheduler = Scheduler::start(system.system.clone());
        test(&system, system.user, webhook.webhook.id).await.unwrap();
        let told = when(&system, &webhook, |one| one.problem.is_some()).await;
        assert_eq!(
            (told.state, told.status, told.problem),
            (state, code, Some(problem))
        );
        let is_disabled = list(&system, system.user).await.unwrap()[0].disabled_at.is_some();
        assert_eq!(is_disabled, problem == DeliveryProblem::Gone);
        scheduler.stop().await;
    }
}

#[tokio::test]
async fn nothing_is_sent_to_this_machine_unless_its_network_is_allowed() {
    let system = system(false).await;
    let mut receiver = Receiver::start(status("200 OK")).await;
    let webhook = webhook(&system, format!("https://localhost:{}/songs", receiver.port)).await;
    let scheduler = Scheduler::start(system.system.clone());
    test(&system, system.user, webhook.webhook.id).await.unwrap();
    let told = when(&system, &webhook, |one| one.problem.is_some()).await;
    assert_eq!(told.problem, Some(DeliveryProblem::AddressRefused));
    scheduler.stop().await;
    assert!(receiver.arrived.try_recv().is_err(), "not even a connection");
}

#[tokio::test]
async fn a_receiver_that_is_silent_keeps_no_other_waiting() {
    let system = system(true).await;
    let mut silent = Receiver::start(|_| None).await;
    let mut quick = Receiver::start(status("200 OK")).await;
    let slow = webhook(&system, format!("http://localhost:{}/songs", silent.port)).await;
    let other = system.add_user("other", "local").await;
    let request = CreateWebhook {
        url: Some(format!("http://localhost:{}/songs", quick.port)),
        events: None,
    };
    let fast = create(&system, other, request).await.unwrap();
    for _ in 0..50 {
        test(&system, system.user, slow.webhook.id).await.unwrap();
    }
    let scheduler = Scheduler::start(system.system.clone());
    silent.next().await;
    test(&system, other, fast.webhook.id).await.unwrap();
    quick.next().await;
    // The clock stands still: nothing of the silent one is due again, and most of it was not yet sent.
    let waiting = deliveries(&system, system.user, slow.webhook.id).await.unwrap();
    assert!(waiting.iter().filter(|one| one.attempts == 0).count() > 10);
    drop(scheduler);
}
