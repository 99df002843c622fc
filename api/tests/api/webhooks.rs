//! Webhooks over HTTP: made, listed, tested, given another secret, deleted; and jobs that name an address.

use serde_json::{Value, json};
use songwalker_jobs::webhooks::delivery;

use crate::support::Server;

const URL: &str = "https://hooks.example/songs";

#[tokio::test]
async fn a_webhook_is_made_tested_given_another_secret_and_deleted() {
    let server = Server::start().await;
    let (status, new) = server
        .call("POST", "/v1/webhooks", Some(json!({ "url": URL })))
        .await;
    assert_eq!(status, 201);
    let secret = new["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let (_, page) = server.call("GET", "/v1/webhooks", None).await;
    assert!(!page.to_string().contains("whsec_"));
    assert_eq!(
        (&page["items"][0]["id"], &page["items"][0]["url"]),
        (&new["id"], &json!(URL))
    );
    let path = format!("/v1/webhooks/{}", new["id"].as_str().expect("an id"));
    let (status, test) = server.call("POST", &format!("{path}/test"), None).await;
    assert_eq!(
        (status, &test["event"], &test["state"]),
        (202, &json!("webhook.test"), &json!("pending"))
    );
    let (_, listed) = server.call("GET", &format!("{path}/deliveries"), None).await;
    assert_eq!(listed["items"], json!([test]));
    let (status, other) = server.call("POST", &format!("{path}/secret"), None).await;
    assert_eq!((status, &other["id"]), (200, &new["id"]));
    assert_ne!(other["secret"], new["secret"]);
    assert_eq!(server.call("DELETE", &path, None).await, (204, Value::Null));
    assert_eq!(server.call("DELETE", &path, None).await.0, 404);
    assert!(
        delivery::take(&server.system, 10)
            .await
            .expect("an answer")
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_with_every_fault() {
    let server = Server::start().await;
    for (body, pointers) in [
        (json!({ "url": "http://hooks.example/" }), vec!["/url"]),
        (json!({ "url": "https://169.254.169.254/latest" }), vec!["/url"]),
        (
            json!({ "url": 1, "events": ["job.started"], "x": 1 }),
            vec!["/events/0", "/url", "/x"],
        ),
        (json!({ "url": URL, "events": [] }), vec!["/events"]),
    ] {
        let (status, answer) = server.call("POST", "/v1/webhooks", Some(body.clone())).await;
        let mut found: Vec<&str> = answer["error"]["details"]
            .as_array()
            .expect("faults")
            .iter()
            .filter_map(|fault| fault["pointer"].as_str())
            .collect();
        found.sort_unstable();
        assert_eq!((status, found), (400, pointers), "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_job_may_name_an_address_once_there_is_a_secret_to_sign_with() {
    let server = Server::start().await;
    let job = || Some(json!({ "prompt": "pad", "webhook_url": URL }));
    let (status, answer) = server.call("POST", "/v1/jobs", job()).await;
    assert_eq!(
        (status, &answer["error"]["details"][0]["pointer"]),
        (409, &json!("/webhook_url"))
    );
    let (status, signer) = server.call("POST", "/v1/webhooks", Some(json!({}))).await;
    assert_eq!((status, &signer["url"]), (201, &Value::Null));
    assert_eq!(server.call("POST", "/v1/webhooks", Some(json!({}))).await.0, 409);
    let (status, job) = server.call("POST", "/v1/jobs", job()).await;
    assert_eq!(status, 202);
    let path = format!("/v1/jobs/{}/cancel", job["id"].as_str().expect("an id"));
    server.call("POST", &path, None).await;
    let path = format!(
        "/v1/webhooks/{}/deliveries",
        signer["id"].as_str().expect("an id")
    );
    let (_, listed) = server.call("GET", &path, None).await;
    assert_eq!(
        (&listed["items"][0]["event"], &listed["items"][0]["job_id"]),
        (&json!("job.cancelled"), &job["id"])
    );
}
