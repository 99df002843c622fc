//! What was made is there again: listed, shown, fetched, starred, deleted, made anew.

use std::fs;
use std::path::Path;

use serde_json::Value;
use songwalker_generator::pipeline::{self, Hooks, Request};
use songwalker_schemas::canonical::sha256_hex;

use crate::workbench::{WORDS, Workbench};

/// The bytes of the bundle that an answer names.
fn bundle(answer: &Value) -> Vec<u8> {
    fs::read(answer["bundle"].as_str().unwrap()).unwrap()
}

#[test]
fn the_bundle_of_a_job_is_byte_for_byte_that_of_the_pipeline_called_directly() {
    let bench = Workbench::new();
    let answer = bench
        .run(&[
            "generate",
            "nasty reese bass",
            "--variations",
            "2",
            "--seed",
            "5",
            "--tags",
            "b,a",
            "--json",
        ])
        .json();
    let request = Request {
        prompt: "nasty reese bass".to_owned(),
        tags: vec!["b".to_owned(), "a".to_owned()],
        template_id: None,
        seed: 5,
        variations: 2,
        parent: None,
    };
    let direct = pipeline::generate(&request, &Hooks::none()).unwrap();
    assert!(bundle(&answer) == direct.bundle.zip, "other bytes");
    let job = bench.only_job();
    assert_eq!(job["id"], answer["job_id"]);
    assert_eq!(job["bundle"]["sha256"], sha256_hex(&direct.bundle.zip));
    assert_eq!(answer["made_before"], false);
}

#[test]
fn what_was_made_before_is_answered_at_once_by_the_same_job() {
    let bench = Workbench::with_a_sound();
    let before = bench.only_job();
    let again = bench
        .run(&["generate", WORDS, "--variations", "0", "--json"])
        .json();
    assert_eq!(
        (&again["job_id"], &again["made_before"]),
        (&before["id"], &true.into())
    );
    assert_eq!(again["timings_ms"]["rendering"], 0.0);
    let words = bench.run(&["generate", WORDS, "--variations", "0"]);
    assert!(words.err.starts_with("already made: job "), "{words:?}");
    assert!(!words.err.contains("reading the prompt"), "{words:?}");
    bench.only_job();
}

#[test]
fn a_job_is_named_by_its_id_its_first_digits_or_as_the_last() {
    let bench = Workbench::with_a_sound();
    let id = bench.only_job()["id"].as_str().unwrap().to_owned();
    for name in [
        id.as_str(),
        &id[..13],
        &id.replace('-', "")[..6],
        &id.to_uppercase(),
        "last",
    ] {
        let shown = bench.run(&["job", "show", name, "--json"]).json();
        assert_eq!(shown["job"]["id"], id.as_str(), "{name}");
    }
    // The second begins with the same digits: they were made in the same hour or so.
    bench.run(&["job", "submit", "dark bass", "--json"]).json();
    let error = bench
        .run(&["job", "show", &id[..4], "--json"])
        .fails_as("invalid_request", 3);
    assert!(
        error["message"].as_str().unwrap().contains("2 jobs begin with"),
        "{error}"
    );
    for (name, code, exit) in [
        ("ffffffffffff", "not_found", 3),
        ("ffffffff-ffff-7fff-bfff-ffffffffffff", "not_found", 3),
        ("abc", "usage", 2),
        ("first", "usage", 2),
    ] {
        bench.run(&["job", "show", name, "--json"]).fails_as(code, exit);
    }
}

#[test]
fn a_fetched_bundle_is_the_one_that_was_made() {
    let bench = Workbench::with_a_sound();
    let fetched = bench
        .run(&["job", "fetch", "last", "--out", "there", "--json"])
        .json();
    assert_eq!(
        sha256_hex(&bundle(&fetched)),
        bench.only_job()["bundle"]["sha256"].as_str().unwrap()
    );
    let folder = fetched["directory"].as_str().unwrap();
    assert_eq!(bench.run(&["verify", folder]).code, 0);
    let again = bench.run(&["job", "fetch", "last", "--out", "there"]);
    assert!(again.out.contains("was already there"), "{again:?}");
    bench.run(&["job", "submit", "dark bass", "--json"]).json();
    bench
        .run(&["job", "fetch", "last", "--out", "elsewhere", "--json"])
        .fails_as("conflict", 3);
    assert!(!bench.path("elsewhere").exists());
}

#[test]
fn show_tells_of_a_job_as_of_a_bundle_and_a_file_goes_before_a_job() {
    let bench = Workbench::with_a_sound();
    let shown = bench.run(&["show", "last", "--json"]).json();
    assert_eq!(shown["job"]["request"]["prompt"], WORDS);
    assert_eq!(shown["bundle"]["macros"].as_array().unwrap().len(), 8);
    assert_eq!(shown["bundle"]["sha256"], shown["job"]["bundle"]["sha256"]);
    let words = bench.run(&["show", "last"]).out;
    for word in [WORDS, "Macros", "Measured", "job log"] {
        assert!(words.contains(word), "{word} is missing in\n{words}");
    }
    let line = bench.run(&["show", "last", "--command"]).out;
    assert!(
        line.trim_end()
            .ends_with("generate --seed 0 --variations 0 -- \"soft bell\""),
        "{line}"
    );
    bench.file("last", "no bundle");
    bench
        .run(&["show", "last", "--json"])
        .fails_as("invalid_bundle", 3);
    bench.run(&["show", "nothing", "--json"]).fails_as("not_found", 3);
    // A job without bundle is shown too.
    let id = bench.run(&["job", "submit", "dark bass", "--json"]).json()["job"]["id"].clone();
    let queued = bench.run(&["show", id.as_str().unwrap(), "--json"]).json();
    assert_eq!(queued["job"]["state"], "queued");
}

#[test]
fn the_list_is_narrowed_down_by_what_is_known_of_a_job() {
    let bench = Workbench::with_a_sound();
    bench
        .run(&["job", "submit", "dark bass", "--tags", "live,set", "--json"])
        .json();
    let count = |arguments: &[&str]| {
        let list = bench.run(&[&["list", "--json"], arguments].concat()).json();
        list["items"].as_array().unwrap().len()
    };
    for (arguments, found) in [
        (&[][..], 2),
        (&["--state", "queued"], 1),
        (&["--category", "bell"], 1),
        (&["--category", "pad"], 0),
        (&["--tag", "live"], 1),
        (&["--q", "DARK"], 1),
        (&["--q", "50%"], 0),
        (&["--starred"], 0),
        (&["--limit", "1"], 1),
    ] {
        assert_eq!(count(arguments), found, "{arguments:?}");
    }
    bench.run(&["star", "last", "--json"]).json();
    assert_eq!(count(&["--starred"]), 1);
    bench.run(&["star", "last", "--off", "--json"]).json();
    assert_eq!(count(&["--starred"]), 0);

    let first = bench.run(&["list", "--limit", "1", "--json"]).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = bench
        .run(&["list", "--limit", "1", "--cursor", cursor, "--json"])
        .json();
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert!(second["next_cursor"].is_null());
    let words = bench.run(&["list"]).out;
    assert!(
        words.contains("“dark bass”") && words.contains("Soft Bell"),
        "{words}"
    );
    bench
        .run(&["list", "--cursor", "rubbish", "--json"])
        .fails_as("invalid_request", 3);
}

#[test]
fn an_empty_library_says_how_to_begin() {
    let bench = Workbench::new();
    assert!(bench.run(&["list"]).out.contains("songwalker generate"));
    for arguments in [
        &["again", "--json"][..],
        &["job", "show", "last", "--json"],
        &["show", "last", "--json"],
    ] {
        bench.run(arguments).fails_as("not_found", 3);
    }
}

#[test]
fn again_makes_the_next_version_of_the_last_words() {
    let bench = Workbench::with_a_sound();
    let next = bench.run(&["again", "--json"]).json();
    assert_eq!((&next["seed"], &next["made_before"]), (&1.into(), &false.into()));
    let third = bench.run(&["again", "--json"]).json();
    assert_eq!(third["seed"], 2);
    let jobs = bench.run(&["list", "--json"]).json();
    let prompts: Vec<&str> = jobs["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["request"]["prompt"].as_str().unwrap())
        .collect();
    assert_eq!(prompts, [WORDS; 3]);
    let first = bench.run(&["again", "--seed", "0", "--json"]).json();
    assert_eq!(first["made_before"], true);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_is_deleted_is_gone_from_list_and_store_and_a_script_must_mean_it() {
    let bench = Workbench::with_a_sound();
    let objects = bench.data_dir().join("objects");
    assert_eq!(files(&objects).len(), 1);
    bench.run(&["rm", "last", "--json"]).fails_as("usage", 2);
    bench
        .run(&["rm", "last", "ffffffffffff", "--yes", "--json"])
        .fails_as("not_found", 3);
    let id = bench.only_job()["id"].clone();
    let deleted = bench.run(&["rm", "last", "--yes", "--json"]).json();
    assert_eq!(deleted["deleted"][0]["id"], id);
    assert_eq!(deleted["deleted"][0]["gone"], true);
    assert!(
        bench.run(&["list", "--json"]).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(files(&objects).is_empty());
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_person_is_asked_before_anything_is_deleted() {
    let bench = Workbench::with_a_sound();
    let answered = |answer: &str| {
        let script = format!("printf '{answer}\\n' | script -qec '\"$SONGWALKER\" rm last' /dev/null");
        let output = bench.shell(&script).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = answered("n");
    if said.is_empty() {
        eprintln!("skipped: there is no `script` to make a terminal with");
        return;
    }
    assert!(
        said.contains("for good?") && said.contains("nothing was deleted"),
        "{said}"
    );
    bench.only_job();
    assert!(answered("y").contains("deleted"));
    assert!(
        bench.run(&["list", "--json"]).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_job_says_what_happened_to_it_and_never_its_words() {
    let bench = Workbench::with_a_sound();
    let log = bench.run(&["job", "log", "last", "--json"]).json();
    let stages: Vec<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| line["stage"].as_str())
        .collect();
    assert_eq!(stages.first(), Some(&"planning"));
    assert_eq!(stages.last(), Some(&"publishing"));
    let words = bench.run(&["job", "log", "last"]).out;
    assert!(
        words.contains("accepted") && words.contains("succeeded"),
        "{words}"
    );
    assert!(!words.contains(WORDS) && !log.to_string().contains(WORDS));
}
