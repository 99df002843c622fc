//! Jobs that wait, run, stop, die and go on, without a server: the command that waits for one is the one that runs it.
#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::workbench::{Ended, Workbench};

fn state(bench: &Workbench) -> Value {
    bench.only_job()["state"].clone()
}

#[test]
fn a_job_that_was_only_asked_for_waits_until_somebody_watches_it() {
    let bench = Workbench::new();
    let arguments = ["job", "submit", "soft bell", "--variations", "0"];
    let submitted = bench.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!(
        (&submitted["new"], &submitted["waits_for_a_runner"]),
        (&true.into(), &true.into())
    );
    let again = bench.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!(
        (&again["new"], &again["job"]["id"]),
        (&false.into(), &submitted["job"]["id"])
    );
    assert!(bench.run(&arguments).out.contains("nobody runs jobs here now"));
    assert_eq!(state(&bench), "queued");
    let watched = bench.run(&["job", "watch", "last"]);
    assert_eq!(watched.code, 0, "{watched:?}");
    assert!(
        watched.err.contains("reading the prompt") && watched.out.contains("succeeded"),
        "{watched:?}"
    );
    assert_eq!(state(&bench), "succeeded");
    // Of what has ended there is nothing to follow.
    assert_eq!(
        bench.run(&["job", "watch", "last", "--json"]).json()["job"]["state"],
        "succeeded"
    );
}

#[test]
fn a_queued_job_is_cancelled_at_once_and_done_again_as_another() {
    let bench = Workbench::new();
    let first = bench
        .run(&["job", "submit", "soft bell", "--variations", "0", "--json"])
        .json();
    let cancelled = bench.run(&["job", "cancel", "last", "--json"]).json();
    assert_eq!(cancelled["job"]["state"], "cancelled");
    assert_eq!(bench.run(&["job", "cancel", "last", "--json"]).json(), cancelled);
    bench
        .run(&["job", "watch", "last", "--json"])
        .fails_as("cancelled", 130);
    let again = bench.run(&["job", "retry", "last", "--json"]).json();
    assert_eq!(again["job"]["retry_of"], first["job"]["id"]);
    assert_eq!(again["new"], true);
    let error = bench
        .run(&["job", "retry", "last", "--json"])
        .fails_as("conflict", 3);
    assert!(error["message"].as_str().unwrap().contains("queued"), "{error}");
}

#[test]
fn ctrl_c_cancels_the_job_and_says_which() {
    let bench = Workbench::new();
    let mut running = bench.start(&["generate", "warm pad", "--variations", "5", "--out", "out"]);
    running.says("listening and correcting");
    running.signal("INT");
    let ended = running.ends();
    assert_eq!(ended.code, 130, "{ended:?}");
    let job = bench.only_job();
    assert_eq!(job["state"], "cancelled");
    let id = &job["id"].as_str().unwrap()[..13];
    assert!(ended.err.contains(&format!("job {id} is cancelled")), "{ended:?}");
    assert!(!bench.path("out").exists());
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
}

#[test]
fn ctrl_c_while_watching_leaves_the_job_to_go_on() {
    let bench = Workbench::new();
    bench
        .run(&["job", "submit", "warm pad", "--variations", "5", "--json"])
        .json();
    let mut running = bench.start(&["job", "watch", "last"]);
    running.says("listening and correcting");
    running.signal("INT");
    let ended = running.ends();
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.err.contains("is not cancelled"), "{ended:?}");
    let job = bench.only_job();
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&"queued".into(), &0.into()),
        "handed back"
    );
    assert_eq!(bench.run(&["audit"]).code, 0);
}

#[test]
fn a_generation_that_was_killed_goes_on_when_it_is_asked_for_again() {
    let bench = Workbench::new();
    let arguments = ["generate", "warm pad", "--variations", "1"];
    let mut running = bench.start(&arguments);
    running.says("listening and correcting");
    running.signal("KILL");
    assert_eq!(running.ends().code, -1);
    let dead = bench.only_job();
    assert_eq!((&dead["state"], &dead["attempt"]), (&"running".into(), &1.into()));
    let again = bench.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!(
        (&again["job_id"], &again["made_before"]),
        (&dead["id"], &false.into())
    );
    let job = bench.only_job();
    assert_eq!((&job["state"], &job["attempt"]), (&"succeeded".into(), &2.into()));
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
}

#[test]
fn generations_at_the_same_time_on_one_data_directory_all_succeed() {
    let bench = Workbench::new();
    // More than may be unfinished at once, and two of them the same.
    let words = ["soft bell", "dark bass", "bright pluck", "soft bell"];
    let running: Vec<_> = words
        .iter()
        .map(|words| bench.start(&["generate", words, "--variations", "0", "--json", "--out", "out"]))
        .collect();
    let ended: Vec<Ended> = running.into_iter().map(crate::workbench::Running::ends).collect();
    let answers: Vec<Value> = ended.iter().map(Ended::json).collect();
    assert_eq!(answers[0]["job_id"], answers[3]["job_id"], "one job per key");
    assert_eq!(answers[0]["bundle"], answers[3]["bundle"]);
    let jobs = bench.run(&["list", "--json"]).json();
    let states: Vec<&str> = jobs["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["succeeded"; 3]);
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
}

#[test]
fn a_data_directory_that_is_none_is_said_and_left_alone() {
    let bench = Workbench::new();
    bench.file("taken", "a file");
    for arguments in [
        &["generate", "pad", "--data-dir", "taken", "--json"][..],
        &["list", "--data-dir", "taken", "--json"],
        &["serve", "--data-dir", "taken", "--json"],
        &["backup", "b.zip", "--data-dir", "taken", "--json"],
    ] {
        bench.run(arguments).fails_as("storage_unavailable", 6);
    }
    assert_eq!(bench.names("."), ["taken"]);
    assert_eq!(fs::read(bench.path("taken")).unwrap(), b"a file");
}

#[test]
fn a_database_that_is_damaged_is_kept_and_said() {
    let bench = Workbench::with_a_sound();
    let file = bench.data_dir().join("songwalker.db");
    let rubbish = "no database at all, ".repeat(1_000);
    fs::write(&file, &rubbish).unwrap();
    // Where a log was left, it may hold every page still, and the database would be whole.
    let log = bench.data_dir().join("songwalker.db-wal");
    if log.exists() {
        fs::remove_file(log).unwrap();
    }
    for arguments in [
        &["generate", "pad", "--json"][..],
        &["list", "--json"],
        &["serve", "--listen", "0", "--json"],
        &["migrate", "--json"],
        &["audit", "--json"],
        &["doctor", "--json"],
    ] {
        bench.run(arguments).fails_as("storage_unavailable", 6);
    }
    let said = bench.run(&["list"]).err;
    assert!(
        said.contains("songwalker restore") || said.contains("backup"),
        "{said}"
    );
    assert!(fs::read_to_string(&file).unwrap() == rubbish, "it was touched");
}

#[test]
fn settings_that_are_wrong_are_named_with_where_they_come_from() {
    let bench = Workbench::new();
    let file = bench.file("config.toml", "[worker]\nlease = \"1s\"\nsurprise = 1\n");
    let error = bench
        .run(&["list", "--config", &file, "--json"])
        .fails_as("invalid_request", 3);
    assert_eq!(
        crate::workbench::pointers(&error),
        ["worker.surprise", "worker.lease"]
    );
    let file = bench.file("config.toml", "[worker]\nlease = \"1s\"\n");
    let error = bench
        .run(&["list", "--config", &file, "--json"])
        .fails_as("invalid_request", 3);
    assert!(
        error["details"][0]["problem"]
            .as_str()
            .unwrap()
            .contains("config.toml"),
        "{error}"
    );
    let output = bench
        .command(&["list", "--json"])
        .env("SONGWALKER__RETENTION__PROMPTS", "soon")
        .output()
        .unwrap();
    let error = Ended::of(output).fails_as("invalid_request", 3);
    assert!(
        error.to_string().contains("SONGWALKER__RETENTION__PROMPTS"),
        "{error}"
    );
    bench
        .run(&["list", "--config", "nothing.toml", "--json"])
        .fails_as("invalid_request", 3);
    assert!(!bench.data_dir().exists());
}
