//! What a generation leaves: its folder, its answer, the same bytes again, no other folder touched.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::workbench::Workbench;

const STAGES: [&str; 9] = [
    "checking",
    "mapping",
    "packaging",
    "planning",
    "publishing",
    "rendering",
    "total",
    "varying",
    "writing",
];

#[test]
fn the_answer_names_everything_and_the_files_are_there() {
    let bench = Workbench::new();
    let answer = bench
        .run(&[
            "generate",
            "dark reese bass",
            "--variations",
            "1",
            "--seed",
            "7",
            "--json",
        ])
        .json();
    for key in ["patch", "bundle", "preview"] {
        assert!(Path::new(answer[key].as_str().unwrap()).is_file(), "{key}");
    }
    for key in ["name", "category", "analysis", "intent", "conflicts"] {
        assert!(!answer[key].is_null(), "{key}");
    }
    assert!(["mono", "poly"].contains(&answer["voicing"].as_str().unwrap()));
    assert_eq!(
        (&answer["seed"], &answer["already_there"]),
        (&7.into(), &false.into())
    );
    let stages: Vec<&str> = answer["timings_ms"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(stages, STAGES);
    let patch: Value = serde_json::from_slice(&fs::read(answer["patch"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(patch["modules"]["voicing"]["mode"], answer["voicing"]);
    assert_eq!(patch["meta"]["category"], answer["category"]);

    // The folder holds the bundle's files, each as it stands in the zip, and the zip.
    let folder = Path::new(answer["directory"].as_str().unwrap());
    let zip = fs::read(answer["bundle"].as_str().unwrap()).unwrap();
    let packed = songwalker_generator::package::archive::read(&zip).unwrap();
    for (name, bytes) in &packed {
        assert!(fs::read(folder.join(name)).unwrap() == *bytes, "{name}");
    }
    assert!(packed.keys().any(|name| name.starts_with("vital/")));
    assert_eq!(bench.names("songwalker-out").len(), 1);
}

#[test]
fn a_second_run_makes_the_same_bytes_and_finds_them_there() {
    let bench = Workbench::new();
    let arguments = ["generate", "soft bell", "--variations", "1", "--json"];
    let first = bench.run(&arguments).json();
    let second = bench.run(&arguments).json();
    assert_eq!(
        (&first["already_there"], &second["already_there"]),
        (&false.into(), &true.into())
    );
    assert_eq!(first["directory"], second["directory"]);
    let elsewhere = bench
        .run(&[&arguments[..], &["--out", "elsewhere"]].concat())
        .json();
    let bytes = |answer: &Value| fs::read(answer["bundle"].as_str().unwrap()).unwrap();
    assert!(bytes(&first) == bytes(&elsewhere));
    let words = bench.run(&["generate", "soft bell", "--variations", "1"]);
    assert!(words.out.contains("was already there"), "{words:?}");
}

#[test]
fn other_content_of_the_same_name_gets_another_folder() {
    let bench = Workbench::new();
    let first = bench
        .run(&["generate", "soft bell", "--variations", "0", "--json"])
        .json();
    let before = fs::read(first["bundle"].as_str().unwrap()).unwrap();
    let second = bench
        .run(&["generate", "soft bell", "--variations", "1", "--json"])
        .json();
    assert_eq!(
        second["directory"],
        format!("{}-2", first["directory"].as_str().unwrap())
    );
    assert!(fs::read(first["bundle"].as_str().unwrap()).unwrap() == before);
    assert_eq!(bench.names("songwalker-out").len(), 2);
}

#[test]
fn a_random_seed_is_said_and_makes_the_same_sound_again() {
    let bench = Workbench::new();
    let random = bench
        .run(&[
            "generate",
            "soft bell",
            "--variations",
            "0",
            "--seed",
            "random",
            "--json",
        ])
        .json();
    let seed = random["seed"].as_u64().unwrap().to_string();
    let again = bench
        .run(&[
            "generate",
            "soft bell",
            "--variations",
            "0",
            "--seed",
            &seed,
            "--json",
        ])
        .json();
    assert_eq!(
        (&again["already_there"], &again["bundle"]),
        (&true.into(), &random["bundle"])
    );
}

#[test]
fn a_person_reads_what_was_measured_where_the_files_are_and_what_comes_next() {
    let bench = Workbench::new();
    let ended = bench.run(&["generate", "bright", "pluck", "--variations", "1"]);
    assert_eq!(ended.code, 0);
    for word in [
        "pluck",
        "understood",
        "checked",
        "measured",
        "loudness",
        "songwalker-out/",
        ".vital",
        "preview/preview.flac",
        "Next",
        "--seed 1",
    ] {
        assert!(ended.out.contains(word), "{word} is missing in\n{}", ended.out);
    }
    let stages: Vec<&str> = ended.err.lines().collect();
    assert_eq!(stages.first(), Some(&"reading the prompt"));
    assert_eq!(stages.last(), Some(&"writing files"));
    assert!(ended.out.lines().all(|line| line == line.trim_end()));
}

#[test]
fn without_a_player_the_sound_is_made_and_the_word_is_clear() {
    let bench = Workbench::new();
    let mut command = bench.command(&["generate", "soft bell", "--variations", "0", "--play"]);
    let output = command.env("PATH", bench.path(".")).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no player found"));
}

#[cfg(unix)]
#[test]
fn the_first_player_that_works_gets_a_file_that_it_reads() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Workbench::new();
    fs::create_dir(bench.path("bin")).unwrap();
    let player = |name: &str, script: &str| {
        bench.file(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(
            bench.path(&format!("bin/{name}")),
            fs::Permissions::from_mode(0o755),
        )
        .unwrap();
    };
    player("paplay", "echo \"$@\" > tried; exit 1");
    player("aplay", "for last; do :; done; cp \"$last\" played");
    let mut command = bench.command(&["generate", "soft bell", "--variations", "0", "--play"]);
    let path = format!(
        "{}:{}",
        bench.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let output = command.env("PATH", path).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    if fs::exists(bench.path("tried")).unwrap() {
        assert!(
            fs::read_to_string(bench.path("tried"))
                .unwrap()
                .trim()
                .ends_with("preview.flac")
        );
        assert!(
            fs::read(bench.path("played")).unwrap().starts_with(b"RIFF"),
            "aplay reads no FLAC"
        );
    }
}
