//! Disks that are full, folders that cannot be written, and Vital's folder.

use std::fs;

use crate::workbench::{Ended, Workbench};

#[test]
fn a_place_that_cannot_be_written_is_said_before_the_work_and_leaves_nothing() {
    let bench = Workbench::new();
    bench.file("file", "x");
    for out in ["file", "file/below", "file/far/below"] {
        bench
            .run(&["generate", "pad", "--json", "--out", out])
            .fails_as("storage_unavailable", 6);
        let ended = bench.run(&["generate", "pad", "--out", out]);
        assert_eq!(ended.code, 6);
        assert!(
            !ended.err.contains("reading the prompt") && ended.err.contains("hint:"),
            "{ended:?}"
        );
    }
    assert_eq!(bench.names("."), ["file"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Workbench::new();
    let folder = bench.path("locked");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("x"), "").is_ok() {
        eprintln!("skipped: this account may write everywhere");
        return;
    }
    for out in ["locked", "locked/below"] {
        bench
            .run(&["generate", "pad", "--json", "--out", out])
            .fails_as("storage_unavailable", 6);
    }
    assert!(bench.names("locked").is_empty());
}

/// Runs in a shell that may write files of at most `blocks` times 512 bytes: as on a full disk, writing fails midway.
#[cfg(unix)]
fn with_little_room(bench: &Workbench, blocks: u32, arguments: &str) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$SONGWALKER\" {arguments}");
    Ended::of(bench.shell(&script).output().unwrap())
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_midway_leaves_nothing_half_written() {
    let bench = Workbench::new();
    let ended = with_little_room(&bench, 16, "generate pad --variations 0 --json --out new/out");
    ended.fails_as("storage_unavailable", 6);
    assert!(bench.names(".").is_empty(), "{:?} is left", bench.names("."));

    let patch = bench.file(
        "patch.json",
        songwalker_schemas::PatchSpec::default().to_canonical(),
    );
    bench.file("x.wav", "the old sound");
    let ended = with_little_room(
        &bench,
        16,
        &format!("render '{patch}' --out x.wav --hold 1 --tail 0 --json"),
    );
    ended.fails_as("storage_unavailable", 6);
    assert_eq!(fs::read(bench.path("x.wav")).unwrap(), b"the old sound");
    assert_eq!(bench.names("."), ["patch.json", "x.wav"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_said_whether_it_is_a_file_or_standard_output() {
    let bench = Workbench::new();
    let patch = bench.file(
        "patch.json",
        songwalker_schemas::PatchSpec::default().to_canonical(),
    );
    bench
        .run(&[
            "render",
            &patch,
            "--out",
            "/dev/full",
            "--hold",
            "1",
            "--tail",
            "0",
            "--json",
        ])
        .fails_as("storage_unavailable", 6);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = bench.command(&["templates"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
}

#[test]
fn vital_gets_the_preset_and_keeps_its_own() {
    let bench = Workbench::new();
    let presets = bench.path("presets");
    let run = |variations: &str| {
        let arguments = [
            "generate",
            "soft bell",
            "--variations",
            variations,
            "--install",
            "vital",
            "--json",
        ];
        Ended::of(
            bench
                .command(&arguments)
                .env("VITAL_PRESETS_DIR", &presets)
                .output()
                .unwrap(),
        )
        .json()
    };
    let installed = run("0")["installed"].as_str().unwrap().to_owned();
    assert_eq!(bench.names("presets"), ["SongWalker"]);
    assert_eq!(
        run("1")["installed"],
        installed.as_str(),
        "the same sound is there already"
    );
    fs::write(&installed, "somebody's own").unwrap();
    let other = run("0")["installed"].as_str().unwrap().to_owned();
    assert_ne!(other, installed);
    assert_eq!(fs::read(&installed).unwrap(), b"somebody's own");
    assert!(fs::read(&other).unwrap().starts_with(b"{\"author\""));
}

#[test]
fn where_vital_is_not_there_nothing_is_begun() {
    let bench = Workbench::new();
    let ended = bench.run(&["generate", "pad", "--install", "vital", "--json"]);
    ended.fails_as("not_found", 3);
    assert!(bench.names(".").is_empty());
}
