//! The authorisation matrix: every operation of the document, asked with every kind of key that must not do.

use std::time::Duration;

use serde_json::{Value, json};
use songwalker_jobs::{account, keys, pause, shares, webhooks};
use songwalker_schemas::ids::Uuid;
use songwalker_schemas::wire::{CreateShare, CreateWebhook};
use songwalker_schemas::{JobId, KeyId, Scope, ShareId, UserId, WebhookId};

use crate::operators::dead_letter;
use crate::support::{Server, accepted, made, new_key, refused, send, status};

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    scope: Option<Scope>,
    needs_key: bool,
    takes_body: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&songwalker_api::openapi()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                scope: operation["x-required-scope"].as_str().and_then(Scope::from_name),
                needs_key: operation["security"]
                    .as_array()
                    .is_some_and(|any| !any.is_empty()),
                takes_body: operation.get("requestBody").is_some(),
            });
        }
    }
    assert!(all.len() > 30, "{}", all.len());
    all
}

/// What stands for `{id}` and the others in an address.
struct Things {
    job: JobId,
    key: KeyId,
    share: ShareId,
    webhook: WebhookId,
    letter: JobId,
    user: UserId,
}

impl Things {
    async fn of(server: &Server, user: UserId) -> Self {
        let prompt = format!("a sound of one's own, {}", Uuid::now_v7());
        let job = made(&server.system, user, &prompt).await;
        let key = new_key(&server.system, user, &[Scope::JobsRead], None).await;
        let share = shares::create(&server.system, user, job, CreateShare::default()).await;
        let request = CreateWebhook {
            url: Some("https://hooks.example/".to_owned()),
            events: None,
        };
        let webhook = webhooks::create(&server.system, user, request).await;
        Self {
            job,
            key: key.key.id,
            share: share.expect("a share").share.id,
            webhook: webhook.expect("a webhook").webhook.id,
            letter: dead_letter(server, &format!("a sound that nobody makes, {}", Uuid::now_v7())).await,
            user,
        }
    }

    fn address(&self, path: &str) -> String {
        let id = match path {
            path if path.starts_with("/v1/keys/") || path.starts_with("/v1/admin/keys/") => {
                self.key.to_string()
            }
            path if path.starts_with("/v1/webhooks/") => self.webhook.to_string(),
            path if path.starts_with("/v1/admin/dead-letters/") => self.letter.to_string(),
            path if path.starts_with("/v1/admin/users/") => self.user.to_string(),
            path if path.starts_with("/v1/shares/") => self.share.to_string(),
            path if path.starts_with("/v1/templates/") => "pad_warm".to_owned(),
            _ => self.job.to_string(),
        };
        path.replace("{id}", &id)
            .replace("{token}", "x")
            .replace("{name}", "standard")
    }
}

/// A body that each operation takes.
fn body(path: &str) -> Value {
    match path {
        "/v1/jobs" => json!({ "prompt": "pad" }),
        "/v1/keys" | "/v1/admin/users/{id}/keys" => json!({ "name": "x", "scopes": ["jobs:read"] }),
        "/v1/webhooks" => json!({ "url": "https://hooks.example/" }),
        "/v1/admin/users" | "/v1/admin/plans" => json!({ "name": "x" }),
        "/v1/admin/users/{id}" => json!({ "plan": "standard" }),
        _ => json!({}),
    }
}

async fn ask(server: &Server, operation: &Operation, address: &str, key: Option<&str>) -> reqwest::Response {
    let mut request = server.ask(&operation.method, address);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if operation.takes_body {
        request = request.json(&body(&operation.path));
    }
    send(request).await
}

#[tokio::test]
async fn nobody_without_a_key_that_works_gets_anywhere() {
    let server = Server::start_with(|config| config.quotas.enabled = false).await;
    let things = Things::of(&server, server.system.user).await;
    let revoked = new_key(&server.system, server.system.user, Scope::ALL, None).await;
    keys::revoke(&server.system, server.system.user, revoked.key.id)
        .await
        .expect("revoked");
    let expired = new_key(&server.system, server.system.user, Scope::ALL, Some("1s")).await;
    let gone = server.system.add_user("gone", "standard").await;
    let of_gone = new_key(&server.system, gone, Scope::ALL, None).await;
    account::erase(&server.system, gone).await.expect("erased");
    server.system.clock.advance(Duration::from_secs(2));
    let unknown = format!("swk_{}", "A".repeat(43));
    let bad = [
        None,
        Some("garbage"),
        Some(unknown.as_str()),
        Some(revoked.secret.as_str()),
        Some(expired.secret.as_str()),
        Some(of_gone.secret.as_str()),
    ];
    let mut asked = 0;
    for operation in operations().iter().filter(|operation| operation.needs_key) {
        for key in bad {
            let answer = ask(&server, operation, &things.address(&operation.path), key).await;
            assert_eq!(
                answer
                    .headers()
                    .get("www-authenticate")
                    .map(|value| value.as_bytes()),
                Some(&b"Bearer"[..]),
                "{} {}",
                operation.method,
                operation.path
            );
            refused(answer, 401, "unauthenticated").await;
            asked += 1;
        }
    }
    assert!(asked > 150, "{asked}");
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let server = Server::start_with(|config| config.quotas.enabled = false).await;
    let things = Things::of(&server, server.system.user).await;
    for operation in operations() {
        let Some(scope) = operation.scope else { continue };
        let others: Vec<Scope> = Scope::ALL
            .iter()
            .copied()
            .filter(|other| *other != scope)
            .collect();
        let key = new_key(&server.system, server.system.user, &others, None).await;
        let answer = ask(
            &server,
            &operation,
            &things.address(&operation.path),
            Some(&key.secret),
        )
        .await;
        let body = refused(answer, 403, "forbidden").await;
        let message = body["error"]["message"].as_str().expect("a message");
        assert!(message.contains(scope.name()), "{message}");
    }
}

#[tokio::test]
async fn what_is_somebody_elses_is_not_there() {
    let server = Server::start_with(|config| config.quotas.enabled = false).await;
    let other = server.system.add_user("other", "local").await;
    let theirs = Things::of(&server, other).await;
    let mut asked = 0;
    for operation in operations() {
        // Operators look after everybody's.
        let is_somebodys = operation.path.contains("{id}")
            && !operation.path.contains("templates")
            && !operation.path.starts_with("/v1/admin/");
        if operation.needs_key && is_somebodys {
            let answer = ask(
                &server,
                &operation,
                &theirs.address(&operation.path),
                Some(&server.key),
            )
            .await;
            refused(answer, 404, "not_found").await;
            asked += 1;
        }
    }
    assert!(asked >= 18, "{asked}");
    let (_, mine) = server.call("GET", "/v1/jobs", None).await;
    let mine = mine["items"].as_array().expect("jobs");
    assert_eq!(
        (mine.len(), &mine[0]["id"]),
        (1, &json!(theirs.letter)),
        "but the one of one's own"
    );
}

#[tokio::test]
async fn what_nobody_has_is_not_there() {
    let server = Server::start_with(|config| config.quotas.enabled = false).await;
    let mut asked = 0;
    for operation in operations() {
        if !operation.needs_key || !operation.path.contains('{') {
            continue;
        }
        let nobodys = Uuid::now_v7().to_string();
        let address = operation
            .path
            .replace("{id}", &nobodys)
            .replace("{name}", "nowhere");
        let answer = ask(&server, &operation, &address, Some(&server.key)).await;
        refused(answer, 404, "not_found").await;
        asked += 1;
    }
    assert!(asked >= 24, "{asked}");
}

#[tokio::test]
async fn a_key_with_every_scope_reaches_every_operation() {
    let server = Server::start_with(|config| config.quotas.enabled = false).await;
    let mut all = operations();
    // The account goes last: nothing is left behind it.
    all.sort_by_key(|operation| operation.path == "/v1/me" && operation.method == "DELETE");
    for operation in all {
        if operation.path.starts_with("/s/") || operation.path.ends_with("/events") {
            continue;
        }
        let things = if operation.path.ends_with("/retry") {
            let job = accepted(&server.system, server.system.user, "to be done again").await;
            songwalker_jobs::cancel::cancel(&server.system, server.system.user, job)
                .await
                .expect("cancelled");
            Things {
                job,
                ..Things::of(&server, server.system.user).await
            }
        } else {
            Things::of(&server, server.system.user).await
        };
        let answer = ask(
            &server,
            &operation,
            &things.address(&operation.path),
            Some(&server.key),
        )
        .await;
        pause::resume(&server.system, None).await.expect("resumed");
        assert!(
            answer.status().is_success(),
            "{} {}: {}",
            operation.method,
            operation.path,
            answer.status()
        );
    }
    assert_eq!(
        status(server.request("GET", "/v1/me")).await,
        401,
        "the account is erased"
    );
}
