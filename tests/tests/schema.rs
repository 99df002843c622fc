//! A database that processes of two versions share (R1, docs/OPERATIONS.md, "A new version"): a step that only adds
//! disturbs nobody who works, a process says clearly what it lacks, and two who migrate at once do it once.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use songwalker_tests::service::{Service, Settings, audit, command, small};
use songwalker_tests::shared::Shared;
use tempfile::TempDir;

/// A place of the servers without a table; nothing where the tests do not run on services.
fn place() -> Option<(TempDir, Shared)> {
    let dir = tempfile::tempdir().expect("a folder");
    let shared = Shared::of_tests(dir.path());
    if shared.is_none() {
        println!("skipped: the tests do not run on services");
    }
    shared.map(|shared| (dir, shared))
}

/// The output of a command that ends.
fn run(dir: &Path, arguments: &[&str]) -> (bool, String) {
    let done = command(dir, &Settings::new())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8([done.stdout, done.stderr].concat()).expect("text");
    (done.status.success(), said)
}

/// What runs as processes, and would not end if it began.
const PROCESSES: [&[&str]; 3] = [
    &["worker", "--json"],
    &["scheduler", "--json"],
    &["api", "--json", "--listen", "127.0.0.1:0"],
];

#[test]
fn a_process_refuses_a_database_that_lacks_a_step_of_its_version_and_says_what_to_do() {
    let Some((dir, shared)) = place() else { return };
    shared.make_schema().expect("a schema");
    let refused = |step: &str| {
        for process in PROCESSES {
            let (well, said) = run(dir.path(), process);
            assert!(!well, "{process:?}: {said}");
            assert!(
                said.contains(step) && said.contains("run `songwalker migrate`"),
                "{process:?}: {said}"
            );
        }
    };
    refused("m0001_start");
    let (well, said) = run(dir.path(), &["migrate", "--json"]);
    assert!(well, "{said}");
    // As the version before left it: without the last step.
    let steps = songwalker_migrations::names();
    let last = steps.last().expect("a step");
    shared
        .query(&format!("DELETE FROM seaql_migrations WHERE version = '{last}'"))
        .expect("it is taken away");
    refused(last);
    let (well, said) = run(dir.path(), &["doctor"]);
    assert!(!well && said.contains(&format!("it lacks {last}")), "{said}");
}

#[test]
fn of_those_who_migrate_at_once_one_does_and_all_succeed() {
    let Some((dir, shared)) = place() else { return };
    shared.make_schema().expect("a schema");
    let begun: Vec<_> = (0..4)
        .map(|_| {
            command(dir.path(), &Settings::new())
                .args(["migrate", "--json"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it runs")
        })
        .collect();
    let applied: Vec<usize> = begun
        .into_iter()
        .map(|child| {
            let done = child.wait_with_output().expect("it ends");
            assert!(done.status.success(), "{done:?}");
            let told: Value = serde_json::from_slice(&done.stdout).expect("JSON");
            told["applied"].as_array().expect("steps").len()
        })
        .filter(|steps| *steps > 0)
        .collect();
    assert_eq!(applied, [songwalker_migrations::names().len()]);
}

#[tokio::test]
async fn a_newer_versions_step_that_only_adds_disturbs_no_process_and_no_job() {
    let Some((dir, shared)) = place() else { return };
    let mut service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    let job = service.post(small("pluck before")).await.expect("accepted");
    // What a step of a later version may do while this one works: columns that are empty or have a default, a table.
    shared
        .query(
            "BEGIN; \
             ALTER TABLE jobs ADD COLUMN of_later TEXT, ADD COLUMN of_later_too BIGINT NOT NULL DEFAULT 0; \
             ALTER TABLE outbox ADD COLUMN of_later TEXT; \
             ALTER TABLE prompts ADD COLUMN of_later TEXT; \
             CREATE TABLE of_later (id BIGINT PRIMARY KEY); \
             INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_of_later', 0); \
             COMMIT",
        )
        .expect("it is applied");
    let next = service.post(small("pluck behind")).await.expect("accepted");
    for job in [job, next] {
        let job = service
            .ended(job["id"].as_str().expect("an id"))
            .await
            .expect("it ends");
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&json!("succeeded"), &json!(1)),
            "{job}"
        );
    }
    service.stop().await.expect("it stops");
    // It starts too: that is the way back to the version before.
    let mut service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts again");
    let job = service
        .post(small("pluck of the version before"))
        .await
        .expect("accepted");
    let job = service
        .ended(job["id"].as_str().expect("an id"))
        .await
        .expect("it ends");
    assert_eq!(job["state"], "succeeded", "{job}");
    let (well, said) = run(dir.path(), &["migrate", "--json"]);
    assert!(well && said.contains("\"applied\":[]"), "{said}");
    let (well, said) = run(dir.path(), &["doctor"]);
    assert!(well && said.contains("a newer version has migrated it"), "{said}");
    service.stop().await.expect("it stops");
    audit(dir.path()).expect("nothing found");
}
