//! A sound that is there, changed by words, over HTTP: the child's bundle is whole, names its parent, says how it differs;
//! refinements follow each other; what is no parent is refused (R2, R11).

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use serde_json::{Value, json};
use songwalker_generator::package::{archive, layout};
use songwalker_generator::verify::{Report, verify};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::refinement::{Operation, Refinement};
use songwalker_tests::service::{Service, Settings, audit, small};
use tempfile::TempDir;

async fn service() -> (TempDir, Service) {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    (dir, service)
}

fn id(job: &Value) -> &str {
    job["id"].as_str().expect("an id")
}

fn about(parent: &Value, words: &str) -> Value {
    json!({ "prompt": words, "variations": 0, "parent_job_id": id(parent) })
}

/// The job once it has ended, as it must.
async fn made(service: &Service, request: Value) -> Value {
    let job = service.post(request).await.expect("accepted");
    let job = service.ended(id(&job)).await.expect("it ends");
    assert_eq!(job["state"], "succeeded", "{job}");
    job
}

/// What a sound bundle says of itself, and how it says that it differs from its parent.
async fn bundle(service: &Service, job: &Value) -> (Report, Option<Refinement>) {
    let zip = service.bundle(id(job)).await.expect("its bundle");
    let files = archive::read(&zip).expect("a zip");
    let refinement = files
        .get(layout::REFINEMENT)
        .map(|bytes| serde_json::from_slice(bytes).expect("a refinement"));
    (verify(&zip).expect("a sound bundle"), refinement)
}

#[tokio::test]
async fn a_chain_of_refinements_names_each_parent_and_the_way_from_it() {
    let (dir, mut service) = service().await;
    let mut parent = made(&service, small("warm analog pad")).await;
    for words in ["darker and shorter", "a bit wider, but keep the attack"] {
        let child = made(&service, about(&parent, words)).await;
        assert_eq!(child["parent_job_id"], parent["id"]);
        let (was, _) = bundle(&service, &parent).await;
        let (is, refinement) = bundle(&service, &child).await;
        let refinement = refinement.expect("the way from the parent");
        assert_eq!(is.provenance.parent.as_ref(), Some(&was.manifest.bundle_sha256));
        assert_eq!(refinement.parent, is.provenance.parent);
        assert!(!refinement.patch.is_empty());
        let patched = PatchSpec::from_value(patched(was.patch.to_value(), &refinement)).expect("a patch");
        assert_eq!(patched.to_canonical(), is.patch.to_canonical());
        assert_eq!(is.patch.meta.category, was.patch.meta.category);
        // The same words about the same sound are the same job.
        let again = service.post(about(&parent, words)).await.expect("answered");
        assert_eq!(again["id"], child["id"]);
        parent = child;
    }
    service.stop().await.expect("it stops");
    audit(dir.path()).expect("all is well");
}

/// A document with the operations done to it.
fn patched(mut document: Value, refinement: &Refinement) -> Value {
    for operation in &refinement.patch {
        match operation {
            Operation::Replace { path, value } => {
                *document.pointer_mut(path).expect("it is there") = value.clone();
            }
            Operation::Add { path, value } => {
                let (list, _) = path.rsplit_once('/').expect("a place in a list");
                let list = document.pointer_mut(list).expect("it is there");
                list.as_array_mut().expect("a list").push(value.clone());
            }
            Operation::Remove { path } => {
                let (list, _) = path.rsplit_once('/').expect("a place in a list");
                let list = document.pointer_mut(list).expect("it is there");
                list.as_array_mut().expect("a list").pop();
            }
        }
    }
    document
}

#[tokio::test]
async fn words_that_say_no_change_end_the_job_with_a_code_and_without_the_words() {
    let (_dir, service) = service().await;
    let parent = made(&service, small("soft bell")).await;
    for (words, code) in [
        ("blorf canarywort", "planner_refused"),
        ("make it a bass", "conflict"),
    ] {
        let job = service.post(about(&parent, words)).await.expect("accepted");
        let job = service.ended(id(&job)).await.expect("it ends");
        assert_eq!(
            (&job["state"], &job["error"]["code"]),
            (&json!("failed"), &json!(code)),
            "{job}"
        );
        assert!(!job["error"].to_string().contains("canarywort"));
    }
}

#[tokio::test]
async fn a_parent_that_is_unknown_cancelled_or_deleted_is_refused() {
    let settings = Settings::new().with("SONGWALKER_CHILD_MISBEHAVE", "hang");
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), &settings).await.expect("it starts");
    let job = service.post(small("pad")).await.expect("accepted");
    let unfinished = service
        .call("POST", "/v1/jobs", Some(about(&job, "darker")))
        .await;
    let (status, body) = unfinished.expect("an answer");
    assert_eq!((status, &body["error"]["code"]), (409, &json!("conflict")));
    let cancel = format!("/v1/jobs/{}/cancel", id(&job));
    service.call("POST", &cancel, None).await.expect("an answer");
    let job = service.ended(id(&job)).await.expect("it ends");
    assert_eq!(job["state"], "cancelled");
    let unknown = json!({ "id": "0191e2a0-b1c2-7000-8000-000000000001" });
    let deleted = format!("/v1/jobs/{}", id(&job));
    for (parent, status) in [(&job, 409), (&unknown, 404)] {
        let answer = service
            .call("POST", "/v1/jobs", Some(about(parent, "darker")))
            .await;
        let (found, body) = answer.expect("an answer");
        assert_eq!(
            (found, &body["error"]["details"][0]["pointer"]),
            (status, &json!("/parent_job_id"))
        );
    }
    service.call("DELETE", &deleted, None).await.expect("an answer");
    let answer = service
        .call("POST", "/v1/jobs", Some(about(&job, "darker")))
        .await;
    assert_eq!(answer.expect("an answer").0, 404);
}

#[tokio::test]
async fn anothers_sound_is_nobodys_parent() {
    let (_dir, service) = service().await;
    let parent = made(&service, small("soft bell")).await;
    let call = async |path: String, body: Value| {
        service
            .call("POST", &path, Some(body))
            .await
            .expect("an answer")
            .1
    };
    let guest = call("/v1/admin/users".to_owned(), json!({ "name": "guest" })).await;
    let keys = format!("/v1/admin/users/{}/keys", id(&guest));
    let key = call(
        keys,
        json!({ "name": "guest", "scopes": ["jobs:read", "jobs:write"] }),
    )
    .await;
    let token = key["key"].as_str().or(key["secret"].as_str()).expect("a key");
    let answer = service
        .request_as(token, "POST", "/v1/jobs")
        .json(&about(&parent, "darker"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 404);
}
