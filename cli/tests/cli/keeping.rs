//! What an operator does: users and keys, backups, audits, migration, the doctor's view of the service.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::workbench::{Workbench, pointers};

fn sorted_jobs(list: &Value) -> Vec<String> {
    let mut ids: Vec<String> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| format!("{} {} {}", job["id"], job["state"], job["bundle"]["sha256"]))
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_backup_comes_back_whole_and_replaces_nothing_unless_it_must() {
    let bench = Workbench::with_a_sound();
    let made = bench.run(&["backup", "b.zip", "--json"]).json();
    assert_eq!(
        (&made["objects"], made["missing"].as_array().unwrap().len()),
        (&1.into(), 0)
    );
    bench.run(&["backup", "b.zip", "--json"]).fails_as("conflict", 3);
    let before = bench.run(&["list", "--json"]).json();
    let there = ["--data-dir", "there", "--json"];
    let back = bench.run(&[&["restore", "b.zip"], &there[..]].concat()).json();
    assert_eq!(back["objects"], 1);
    let after = bench.run(&[&["list"], &there[..]].concat()).json();
    assert_eq!(sorted_jobs(&after), sorted_jobs(&before));
    assert_eq!(bench.run(&["audit", "--deep", "--data-dir", "there"]).code, 0);
    // The same words are still the same job.
    let again = [
        &["generate", crate::workbench::WORDS, "--variations", "0"],
        &there[..],
    ]
    .concat();
    assert_eq!(bench.run(&again).json()["made_before"], true);

    assert_ne!(bench.run(&[&["restore", "b.zip"], &there[..]].concat()).code, 0);
    let forced = bench
        .run(&[&["restore", "b.zip", "--force"], &there[..]].concat())
        .json();
    let aside = PathBuf::from(forced["moved_aside"].as_str().unwrap());
    assert!(aside.join("songwalker.db").exists(), "{}", aside.display());
    let looked = bench.run(&[&["doctor"], &there[..]].concat()).out;
    assert!(looked.contains(aside.to_str().unwrap()), "{looked}");

    fs::write(
        bench.path("half.zip"),
        &fs::read(bench.path("b.zip")).unwrap()[..5_000],
    )
    .unwrap();
    let half = bench.run(&["restore", "half.zip", "--data-dir", "new", "--json"]);
    assert_eq!(half.code, 7, "{half:?}");
    assert!(!bench.path("new/songwalker.db").exists());
    bench
        .run(&["restore", "nothing.zip", "--data-dir", "new", "--json"])
        .fails_as("not_found", 3);
}

#[test]
fn an_audit_finds_a_bundle_that_is_missing_and_one_that_was_changed() {
    let bench = Workbench::with_a_sound();
    let clean = bench.run(&["audit", "--deep", "--json"]).json();
    assert_eq!(
        (&clean["looked"]["jobs"], &clean["looked"]["read"]),
        (&1.into(), &1.into())
    );
    let id = bench.only_job()["id"].as_str().unwrap().to_owned();
    let sha256 = bench.only_job()["bundle"]["sha256"].as_str().unwrap().to_owned();
    let users = bench.data_dir().join("objects/users");
    let user = fs::read_dir(users).unwrap().next().unwrap().unwrap().path();
    let object = user.join(sha256);
    let bytes = fs::read(&object).unwrap();
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&object, &changed).unwrap();
    assert_eq!(bench.run(&["audit"]).code, 0, "only a deep one reads bundles");
    let error = bench
        .run(&["audit", "--deep", "--json"])
        .fails_as("verification_failed", 7);
    let place = format!("R6 {id}");
    assert!(pointers(&error).contains(&place.as_str()), "{error}");
    fs::remove_file(&object).unwrap();
    let words = bench.run(&["audit"]);
    assert_eq!(words.code, 7);
    assert!(words.err.contains("R6") && words.err.contains(&id), "{words:?}");
    // Such a bundle is not handed out either.
    assert_ne!(bench.run(&["job", "fetch", "last", "--json"]).code, 0);
    fs::write(&object, &bytes).unwrap();
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
}

#[test]
fn users_and_keys_are_made_listed_and_revoked_and_a_secret_is_told_once() {
    let bench = Workbench::new();
    let user = bench.run(&["admin", "user", "add", "ada", "--json"]).json();
    assert_eq!(user["user"]["plan"], "standard");
    bench
        .run(&["admin", "user", "add", "ada", "--json"])
        .fails_as("conflict", 3);
    bench
        .run(&["admin", "user", "add", "bob", "--plan", "gold", "--json"])
        .fails_as("invalid_request", 3);
    let users = bench.run(&["admin", "user", "list"]).out;
    assert!(users.contains("ada") && users.contains("local"), "{users}");

    let made = bench
        .run(&[
            "admin",
            "key",
            "add",
            "--user",
            "ada",
            "--name",
            "laptop",
            "--expires",
            "90d",
            "--json",
        ])
        .json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("swk_") && secret.len() == 47, "{secret}");
    assert_eq!(made["scopes"].as_array().unwrap().len(), 3);
    let listed = bench
        .run(&["admin", "key", "list", "--user", "ada", "--json"])
        .json();
    assert_eq!(listed["items"][0]["id"], made["id"]);
    assert!(!listed.to_string().contains(secret));
    assert!(
        bench
            .run(&["admin", "key", "list", "--user", "ada"])
            .out
            .contains("works")
    );
    bench
        .run(&["admin", "key", "add", "--user", "nobody", "--name", "x", "--json"])
        .fails_as("not_found", 3);
    for bad in [&["--expires", "soon"][..], &["--name", ""]] {
        let arguments = [&["admin", "key", "add", "--user", "ada", "--json"], bad].concat();
        let ended = bench.run(&arguments);
        assert!(matches!(ended.code, 2 | 3), "{ended:?}");
    }
    let id = made["id"].as_str().unwrap();
    let revoked = bench.run(&["admin", "key", "revoke", &id[..13], "--json"]).json();
    assert!(revoked["key"]["revoked_at"].is_string());
    assert!(
        bench
            .run(&["admin", "key", "list", "--user", "ada"])
            .out
            .contains("revoked")
    );
    bench
        .run(&["admin", "key", "revoke", "ffffffff", "--json"])
        .fails_as("not_found", 3);
}

#[test]
fn plans_are_listed_made_changed_and_given() {
    let bench = Workbench::new();
    let plans = bench.run(&["admin", "plan", "list", "--json"]).json();
    assert_eq!(plans["items"].as_array().unwrap().len(), 2);
    let studio = [
        "admin",
        "plan",
        "add",
        "studio",
        "--unfinished-jobs",
        "5",
        "--keep-prompts",
        "30d",
        "--json",
    ];
    let made = bench.run(&studio).json();
    assert_eq!(
        (
            &made["plan"]["unfinished_jobs"],
            &made["plan"]["requests_per_minute"]
        ),
        (&5.into(), &serde_json::Value::Null)
    );
    bench.run(&studio).fails_as("conflict", 3);
    let set = [
        "admin",
        "plan",
        "set",
        "studio",
        "--unfinished-jobs",
        "none",
        "--keep-prompts",
        "keep",
        "--json",
    ];
    let changed = bench.run(&set).json();
    assert!(changed["plan"]["unfinished_jobs"].is_null() && changed["plan"]["keep_prompts"].is_null());
    bench
        .run(&["admin", "plan", "set", "nowhere", "--json"])
        .fails_as("not_found", 3);
    bench.run(&["admin", "user", "add", "ada", "--json"]).json();
    let given = bench
        .run(&["admin", "plan", "give", "ada", "studio", "--json"])
        .json();
    assert_eq!(given["user"]["plan"], "studio");
    let words = bench.run(&["admin", "plan", "list"]).out;
    assert!(
        words.contains("any number of unfinished jobs") && words.contains("1 users"),
        "{words}"
    );
}

#[test]
fn jobs_are_paused_and_resumed_and_the_queues_say_so() {
    let bench = Workbench::new();
    assert!(bench.run(&["admin", "queue"]).out.contains("no job waits"));
    let paused = bench.run(&["admin", "pause", "--json"]).json();
    assert!(paused["items"][0]["kind"].is_null());
    bench.run(&["admin", "pause", "--kind", "patch", "--json"]).json();
    let queues = bench.run(&["admin", "queue", "--json"]).json();
    assert_eq!(queues["pauses"].as_array().unwrap().len(), 2);
    let words = bench.run(&["admin", "queue"]).out;
    assert!(
        words.contains("every job") && words.contains("kind patch"),
        "{words}"
    );
    assert!(bench.run(&["admin", "resume"]).out.contains("nothing is paused"));
    let letters = bench.run(&["admin", "dead-letters", "list", "--json"]).json();
    assert_eq!(letters["items"], serde_json::json!([]));
    for verb in ["show", "requeue", "drop"] {
        bench
            .run(&["admin", "dead-letters", verb, "0198c0de", "--json"])
            .fails_as("not_found", 3);
    }
}

#[test]
fn migrating_makes_the_database_and_is_done_once() {
    let bench = Workbench::new();
    let first = bench.run(&["migrate", "--json"]).json();
    assert!(!first["applied"].as_array().unwrap().is_empty());
    let second = bench.run(&["migrate", "--json"]).json();
    assert!(second["applied"].as_array().unwrap().is_empty());
    assert_eq!(second["steps"], first["steps"]);
    assert!(bench.run(&["migrate"]).out.contains("at this version already"));
}

#[test]
fn the_doctor_tells_of_the_service_and_makes_nothing() {
    let bench = Workbench::new();
    let report = bench.run(&["doctor", "--json"]).json();
    let service = &report["service"];
    assert_eq!(service["data"]["path"], bench.data_dir().to_str().unwrap());
    assert!(service["data"]["free_bytes"].as_u64().unwrap() > 0);
    assert!(service["workers"]["child_ready_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(service["database"]["exists"], false);
    let settings = service["settings"].as_array().unwrap();
    let data_dir = settings
        .iter()
        .find(|setting| setting["key"] == "data_dir")
        .unwrap();
    assert!(
        data_dir["source"]
            .as_str()
            .unwrap()
            .contains("SONGWALKER__DATA_DIR"),
        "{data_dir}"
    );
    assert!(!bench.data_dir().exists());
    let with_a_sound = Workbench::with_a_sound();
    let report = with_a_sound.run(&["doctor", "--json"]).json();
    assert_eq!(report["service"]["jobs"]["queued"], 0);
    assert_eq!(
        report["service"]["database"]["pending"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn the_description_of_the_api_is_printed_without_any_data_directory() {
    let bench = Workbench::new();
    let ended = bench.run(&["openapi"]);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/v1/jobs"]["post"].is_object());
    assert!(!bench.data_dir().exists());
}

#[test]
fn a_data_directory_that_is_mistyped_is_said_and_not_made() {
    let bench = Workbench::new();
    for arguments in [
        &["audit"][..],
        &["backup", "b.zip"],
        &["list"],
        &["shares"],
        &["show", "last"],
        &["star", "last"],
        &["rm", "last", "--yes"],
        &["share", "last", "--html", "page.html"],
        &["again"],
        &["job", "show", "last"],
        &["job", "fetch", "last"],
        &["job", "log", "last"],
        &["job", "watch", "last"],
        &["job", "retry", "last"],
    ] {
        let slip = [arguments, &["--data-dir", "slip", "--json"]].concat();
        let error = bench.run(&slip).fails_as("not_found", 3);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("nothing was made on this data directory yet: ") && message.ends_with("slip"),
            "{arguments:?}: {message}"
        );
    }
    assert!(bench.run(&["list"]).out.contains("Nothing here"));
    assert!(bench.run(&["shares"]).out.contains("Nothing is shared"));
    assert!(bench.names(".").is_empty(), "{:?}", bench.names("."));
    assert!(!bench.data_dir().exists());
}

#[test]
fn lines_to_type_next_name_the_data_directory_that_was_named() {
    let bench = Workbench::new();
    let there = ["--data-dir", "my sounds"];
    let submitted = bench
        .run(&[&["job", "submit", "soft bell"], &there[..]].concat())
        .out;
    assert_eq!(
        submitted.matches("--data-dir \"my sounds\"").count(),
        2,
        "{submitted}"
    );
    let shown = bench.run(&[&["job", "show", "last"], &there[..]].concat()).out;
    let id = shown
        .lines()
        .find_map(|line| line.split_once("job cancel "))
        .map(|(_, rest)| rest)
        .unwrap();
    assert!(id.ends_with(" --data-dir \"my sounds\""), "{shown}");
    let again = bench
        .run(&[&["show", "last", "--command"], &there[..]].concat())
        .out;
    assert!(
        again.contains("--data-dir \"my sounds\" -- \"soft bell\""),
        "{again}"
    );
    let none = bench.run(&[&["list", "--tag", "zz"], &there[..]].concat()).out;
    assert!(
        none.contains("No job is like that. `songwalker list --data-dir \"my sounds\"`"),
        "{none}"
    );
}

#[test]
fn what_is_no_backup_is_told_what_would_be() {
    let bench = Workbench::new();
    let file = bench.file("notabackup", "words");
    let said = bench.run(&["restore", &file]).err;
    assert!(
        said.contains("songwalker backup") && !said.contains("fetch"),
        "{said}"
    );
}
