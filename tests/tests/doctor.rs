//! `songwalker doctor` before services: what a new operator sees when everything answers, and when one thing is wrong.
//! Each is told in time, with what to do, and without any secret (R10).

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use songwalker_tests::service::{Settings, command};
use songwalker_tests::shared::Shared;

/// Whether it found everything well, and what it said.
fn doctor(dir: &Path, settings: &Settings) -> (bool, String) {
    let done = command(dir, settings).arg("doctor").output().expect("it runs");
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(said).expect("text"))
}

/// A place of the servers that is migrated; nothing where the tests do not run on services.
fn place() -> Option<(tempfile::TempDir, Shared)> {
    let dir = tempfile::tempdir().expect("a folder");
    let Some(shared) = Shared::of_tests(dir.path()) else {
        println!("skipped: the tests do not run on services");
        return None;
    };
    shared.make(dir.path()).expect("a migrated database");
    Some((dir, shared))
}

#[test]
fn services_that_answer_are_told_one_by_one() {
    let Some((dir, _)) = place() else { return };
    let (well, said) = doctor(dir.path(), &Settings::new());
    assert!(well, "{said}");
    for words in [
        "PostgreSQL 1",
        "RabbitMQ ",
        "takes and gives messages",
        "Redis ",
        "hands on signals",
        "gives it whole, lists and deletes it",
        "0 wait, 0 run",
        "start `songwalker worker`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("version unknown"), "{said}");
}

#[test]
fn each_thing_that_is_wrong_is_told_with_what_to_do_and_no_secret() {
    let Some((dir, shared)) = place() else { return };
    let of = |name: &str| {
        let wanted = format!("SONGWALKER__{name}");
        let found = shared.environment().into_iter().find(|(name, _)| *name == wanted);
        found.expect("a setting").1
    };
    let (database, queue, redis) = (of("DATABASE__URL"), of("QUEUE__URL"), of("REDIS__URL"));
    let own = format!("search_path]={}", of("QUEUE__PREFIX"));
    let with_password = |url: &str| {
        let (scheme, rest) = url.split_once("://").expect("an address");
        let place = rest.split_once('@').map_or(rest, |(_, place)| place);
        format!("{scheme}://canary:swordfish@{place}")
    };
    for (setting, value, words, is_bad) in [
        (
            "DATABASE__URL",
            "postgres://canary:swordfish@127.0.0.1:1/canary".to_owned(),
            "does not answer",
            true,
        ),
        (
            "DATABASE__URL",
            database.replace("/postgres?", "/no_such_canary?"),
            "no database of that name",
            true,
        ),
        (
            "DATABASE__URL",
            database.replace(&own, "search_path]=pg_temp"),
            "run `songwalker migrate`",
            true,
        ),
        (
            "QUEUE__URL",
            "amqp://canary:swordfish@127.0.0.1:1/%2f".to_owned(),
            "does not answer",
            true,
        ),
        ("QUEUE__URL", with_password(&queue), "password", true),
        ("QUEUE__URL", queue.replace("/%2f", "/canary"), "vhost", true),
        // Nothing is lost without it.
        (
            "REDIS__URL",
            "redis://:swordfish@127.0.0.1:1/0".to_owned(),
            "does not answer",
            false,
        ),
        ("REDIS__URL", with_password(&redis), "password", false),
        (
            "STORE__ENDPOINT",
            "http://127.0.0.1:1".to_owned(),
            "does not answer",
            true,
        ),
        ("STORE__SECRET_KEY", "swordfish".to_owned(), "secret_key", true),
        (
            "STORE__BUCKET",
            format!("canary-{}", std::process::id()),
            "no such bucket",
            true,
        ),
    ] {
        let settings = Settings::new().with(&format!("SONGWALKER__{setting}"), &value);
        let (well, said) = doctor(dir.path(), &settings);
        assert_eq!(well, !is_bad, "{setting}={value}: {said}");
        assert!(said.contains(words), "{setting}={value}: {words}: {said}");
        assert!(!said.contains("swordfish"), "{said}");
        println!("━━ {setting}={value}\n{said}");
    }
}
