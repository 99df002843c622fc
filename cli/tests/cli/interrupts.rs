//! Ctrl-C: the process ends soon, with 130, and leaves nothing.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use crate::workbench::Workbench;

fn interrupt(child: &Child) {
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Starts a generation, interrupts it once it says `word`, and gives back the rest of what it said.
fn interrupted_at(bench: &Workbench, word: &str) -> String {
    let arguments = ["generate", "warm pad", "--variations", "5", "--out", "new/out"];
    let mut child = bench
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while said.read_line(&mut line).unwrap() > 0 && line.trim() != word {
        line.clear();
    }
    assert_eq!(line.trim(), word);
    interrupt(&child);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    rest
}

#[test]
fn a_generation_that_is_interrupted_leaves_nothing_behind() {
    let bench = Workbench::new();
    for word in ["listening and correcting", "making variations"] {
        let rest = interrupted_at(&bench, word);
        assert!(rest.contains("error: cancelled"), "{rest}");
        assert!(bench.names(".").is_empty(), "{:?} is left", bench.names("."));
    }
}

#[test]
fn a_player_that_is_interrupted_is_not_followed_by_another() {
    let bench = Workbench::new();
    for folder in ["players", "temporary"] {
        fs::create_dir(bench.path(folder)).unwrap();
    }
    for (player, script) in [
        ("aplay", "#!/bin/sh\nkill -INT $PPID\nexit 1\n"),
        ("mpv", "#!/bin/sh\n: > second-player\n"),
    ] {
        let path = bench.path("players").join(player);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = bench
        .command(&[
            "generate",
            "soft bell",
            "--variations",
            "0",
            "--out",
            "out",
            "--play",
        ])
        .env("PATH", bench.path("players"))
        .env("TMPDIR", bench.path("temporary"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        !said.contains("not played") && !said.contains("cancelled"),
        "{said}"
    );
    assert_eq!(bench.names("."), ["out", "players", "temporary"]);
    assert_eq!(bench.names("out").len(), 1);
    assert!(bench.names("temporary").is_empty(), "a temporary file is left");
}
