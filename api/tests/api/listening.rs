//! Where the server listens, and how it stops.

use std::net::TcpListener;
use std::time::Duration;

use songwalker_api::{Api, BindError};
use songwalker_jobs::testing;
use songwalker_schemas::Scope;
use tokio_util::sync::CancellationToken;

use crate::support::{Server, new_key, options, send};

#[tokio::test]
async fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("an address");
    let system = testing::system_with(|config| config.server.listen = at).await;
    let Err(error) = Api::bind(system.system.clone(), options()).await else {
        panic!("two listen at {at}");
    };
    assert!(matches!(error, BindError::InUse(there) if there == at), "{error}");
}

#[tokio::test]
async fn listening_to_other_machines_needs_a_key_beside_the_machines_own_token() {
    let system = testing::system_with(|config| {
        config.server.listen = "0.0.0.0:0".parse().expect("an address");
    })
    .await;
    let Err(error) = Api::bind(system.system.clone(), options()).await else {
        panic!("it listens to everybody");
    };
    assert!(matches!(error, BindError::NoKeys(_)), "{error}");
    assert!(error.to_string().contains("songwalker admin key"), "{error}");
    let key = new_key(&system, system.user, &[Scope::JobsRead], None).await;
    let bound = Api::bind(system.system.clone(), options())
        .await
        .expect("there is a key now");
    assert!(bound.url().starts_with("http://127.0.0.1:"));
    drop(bound);
    songwalker_jobs::keys::revoke(&system, system.user, key.key.id)
        .await
        .expect("revoked");
    assert!(
        Api::bind(system.system.clone(), options()).await.is_err(),
        "a key that works no more is none"
    );
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_its_streams_and_waits() {
    let mut server = Server::start().await;
    let job = server.job("pad").await;
    let stream = send(server.request("GET", &format!("/v1/jobs/{job}/events"))).await;
    let waiting = tokio::spawn(
        server
            .request("POST", "/v1/jobs")
            .header("Prefer", "wait=25")
            .json(&serde_json::json!({ "prompt": "another" }))
            .send(),
    );
    // Both are under way when the second job is there.
    while server.call("GET", "/v1/jobs", None).await.1["items"]
        .as_array()
        .map(Vec::len)
        != Some(2)
    {
        tokio::task::yield_now().await;
    }
    server.stop();
    let running = server.running.take().expect("it runs");
    let stopped = tokio::time::timeout(Duration::from_secs(20), running)
        .await
        .expect("it stops");
    stopped.expect("without a panic").expect("without an error");
    assert!(stream.bytes().await.is_ok(), "the stream came to its end");
    let answer = waiting.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), 202);
    assert!(
        server.ask("GET", "/health/live").send().await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_server_that_is_stopped_at_once_stops() {
    let system = testing::system().await;
    let bound = Api::bind(system.system.clone(), options()).await.expect("a port");
    let stopping = CancellationToken::new();
    stopping.cancel();
    let run = tokio::time::timeout(Duration::from_secs(20), bound.run(stopping));
    run.await.expect("it stops").expect("without an error");
}
