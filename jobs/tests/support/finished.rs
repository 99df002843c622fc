//! Jobs that went the whole way: accepted, claimed, published. Small bytes where only the rows matter, a bundle that
//! the pipeline made where its content does.

use std::sync::OnceLock;

use songwalker_generator::package::PackedBundle;
use songwalker_generator::pipeline::{self, Hooks, Request};
use songwalker_jobs::accept::accept;
use songwalker_jobs::claim::{self, Ownership};
use songwalker_jobs::publish::{self, About, Packaged};
use songwalker_jobs::row::JobRow;
use songwalker_jobs::{System, read};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{JobId, UserId, canonical};
use uuid::Uuid;

/// A job that waits.
pub async fn queued(system: &System, user: UserId, prompt: &str) -> JobId {
    accept(system, user, CreateJob::new(prompt), None)
        .await
        .expect("the job is accepted")
        .row
        .id()
}

/// A job that a worker of ours has.
pub async fn running(system: &System, user: UserId, prompt: &str) -> Ownership {
    let job = queued(system, user, prompt).await;
    claim::claim(system, Uuid::now_v7(), job)
        .await
        .expect("the database answers")
        .expect("the job is there to take")
        .own
}

/// A job that succeeded; its object is no bundle.
pub async fn succeeded(system: &System, user: UserId, prompt: &str) -> JobRow {
    published(system, user, prompt, prompt.as_bytes(), &"0".repeat(64)).await
}

/// A job that succeeded with these bytes.
pub async fn published(
    system: &System,
    user: UserId,
    prompt: &str,
    bytes: &[u8],
    manifest_sha256: &str,
) -> JobRow {
    let own = running(system, user, prompt).await;
    publish(system, &own, bytes, manifest_sha256).await
}

/// The end of a job that is running.
pub async fn publish(system: &System, own: &Ownership, bytes: &[u8], manifest_sha256: &str) -> JobRow {
    let packaged = Packaged {
        sha256: canonical::sha256_hex(bytes),
        bytes: bytes.len() as u64,
        about: About {
            name: "Warm Pad".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: manifest_sha256.to_owned(),
        },
    };
    publish::store(system, own, &packaged, bytes.into())
        .await
        .expect("the store takes the bundle");
    publish::succeed(system, own, &packaged)
        .await
        .expect("the job succeeds");
    read::row(system, own.user_id, own.job_id)
        .await
        .expect("the job is there")
}

/// A bundle that the pipeline made, the same for all tests of a process.
pub fn bundle() -> &'static PackedBundle {
    static BUNDLE: OnceLock<PackedBundle> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let request = Request {
            prompt: "warm analog pad".to_owned(),
            tags: Vec::new(),
            template_id: None,
            seed: 0,
            variations: 1,
            parent: None,
        };
        pipeline::generate(&request, &Hooks::none())
            .expect("the pipeline makes a bundle")
            .bundle
    })
}

/// A job that succeeded with [`bundle`].
pub async fn with_bundle(system: &System, user: UserId, prompt: &str) -> JobRow {
    let bundle = tokio::task::spawn_blocking(bundle)
        .await
        .expect("the pipeline runs");
    published(system, user, prompt, &bundle.zip, &bundle.manifest.bundle_sha256).await
}
