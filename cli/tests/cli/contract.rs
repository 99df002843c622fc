//! What holds for every command: help, versions, errors of usage, colours, nobody reading.

use std::process::Stdio;

use crate::workbench::{Ended, Workbench};

#[test]
fn alone_it_welcomes_and_names_two_commands() {
    let ended = Workbench::new().run(&[""; 0]);
    assert_eq!(ended.code, 0);
    assert!(
        ended.out.contains("songwalker generate \"") && ended.out.contains("songwalker templates"),
        "{ended:?}"
    );
}

#[test]
fn versions_name_binary_engine_generator_and_schemas() {
    let bench = Workbench::new();
    let long = bench.run(&["--version"]).out;
    let names: Vec<&str> = long
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(names, ["songwalker", "engine", "generator", "schemas"]);
    assert_eq!(bench.run(&["-V"]).out.lines().count(), 1);
}

#[test]
fn help_has_examples_exit_codes_and_what_is_written() {
    let bench = Workbench::new();
    let help = bench.run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in ["Examples:", "Exit codes:", "130", "NO_COLOR", "doctor"] {
        assert!(help.out.contains(word), "{word}");
    }
    let help = bench.run(&["generate", "--help"]).out;
    for word in ["What it writes", "preview.flac", "--seed <N|random>", "<name>-2"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn arguments_that_are_no_command_end_with_2_and_with_json_in_an_envelope() {
    let bench = Workbench::new();
    for arguments in [
        &["frobnicate"][..],
        &["generate"],
        &["generate", "pad", "--variations", "6"],
        &["generate", "pad", "--seed", "-1"],
        &["generate", "pad", "--seed", "9007199254740992"],
        &["generate", "pad", "--planner", "other"],
        &["generate", "pad", "--intent", "x.json"],
        &["render", "x.json"],
        &["render", "x.json", "--out", "x.wav", "--note", "128"],
        &["render", "x.json", "--out", "x.wav", "--hold", "nan"],
        &["render", "x.json", "--out", "x.wav", "--macro", "LOUDNESS=1"],
        &["export", "serum", "x.json", "-o", "x"],
        &["templates", "--category", "noise"],
    ] {
        let ended = bench.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ended.err.starts_with("error: "), "{ended:?}");
        let with_json = [&["--json"], arguments].concat();
        let with_json = if arguments[0] == "frobnicate" {
            with_json
        } else {
            [arguments, &["--json"]].concat()
        };
        bench.run(&with_json).fails_as("usage", 2);
    }
    assert!(bench.names(".").is_empty());
}

#[test]
fn every_shell_gets_its_completions() {
    let bench = Workbench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = bench.run(&["completions", shell]);
        assert_eq!(ended.code, 0);
        assert!(
            ended.out.contains("generate") && ended.out.contains("variations"),
            "{shell}"
        );
    }
}

#[test]
fn templates_are_listed_by_category_in_words_and_as_json() {
    let bench = Workbench::new();
    let all = bench.run(&["templates", "--json"]).json();
    let all = all.as_array().unwrap();
    assert!(all.len() >= 20, "{} templates", all.len());
    for template in all {
        for key in ["id", "name", "category", "description"] {
            assert!(
                template[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key} of {template}"
            );
        }
    }
    let basses = bench.run(&["templates", "--json", "--category", "bass"]).json();
    assert!(
        basses
            .as_array()
            .unwrap()
            .iter()
            .all(|template| template["category"] == "bass")
    );
    let words = bench.run(&["templates"]);
    assert!(
        all.iter()
            .all(|template| words.out.contains(template["id"].as_str().unwrap()))
    );
}

#[test]
fn the_doctor_finds_the_engine_sound() {
    let bench = Workbench::new();
    let report = bench.run(&["doctor", "--json"]).json();
    assert_eq!(report["self_test"]["passed"], true);
    assert_eq!(report["out"]["writable"], true);
    let words = bench.run(&["doctor"]);
    assert_eq!((words.code, words.err.as_str()), (0, ""));
    assert!(bench.names(".").is_empty(), "it left something behind");
}

#[test]
fn nobody_reading_is_no_error() {
    let bench = Workbench::new();
    for arguments in [
        &["templates"][..],
        &["templates", "--json"],
        &["completions", "bash"],
        &["--help"],
        &[],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Ended::of(bench.command(arguments).stdout(writer).output().unwrap());
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let bench = Workbench::new();
    let coloured = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ended = Ended::of(command.output().unwrap());
        ended.out.contains('\u{1b}') || ended.err.contains('\u{1b}')
    };
    for arguments in [&["templates"][..], &[], &["verify", "nothing"], &["frobnicate"]] {
        assert!(!coloured(&[], arguments), "{arguments:?} in a pipe");
        assert!(
            !coloured(&[("NO_COLOR", "1")], arguments),
            "{arguments:?} with NO_COLOR"
        );
        assert!(
            coloured(&[("CLICOLOR_FORCE", "1")], arguments),
            "{arguments:?} with CLICOLOR_FORCE"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_are_colours_unless_no_color_says_otherwise() {
    let bench = Workbench::new();
    let on_a_terminal = |variables: &[(&str, &str)]| {
        let mut command = std::process::Command::new("script");
        command.args([
            "-qec",
            &format!("'{}' templates", env!("CARGO_BIN_EXE_songwalker")),
            "/dev/null",
        ]);
        command
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .envs(variables.iter().copied());
        command
            .current_dir(bench.path("."))
            .stdin(Stdio::null())
            .output()
            .ok()
            .map(|output| Ended::of(output).out)
    };
    let Some(usual) = on_a_terminal(&[]) else {
        eprintln!("skipped: there is no `script` to make a terminal with");
        return;
    };
    assert!(usual.contains("\u{1b}["), "{usual:?}");
    assert!(!on_a_terminal(&[("NO_COLOR", "1")]).unwrap().contains("\u{1b}["));
}
