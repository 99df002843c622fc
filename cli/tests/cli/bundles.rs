//! Bundles: sound ones are shown, played and verified, broken ones refused with every fault.

use std::fs;
use std::io::{Cursor, Write};

use serde_json::Value;
use songwalker_generator::package::archive;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::workbench::{self, Workbench, pointers};

/// A zip of these entries, whatever they are called.
fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn words(error: &Value) -> String {
    error["details"].to_string()
}

/// Verifies, renders, shows and re-makes what is no sound bundle.
fn refused(content: &[u8], code: &str, exit: i32) -> Value {
    let bench = Workbench::new();
    let file = bench.file("x.zip", content);
    let error = bench
        .run(&["verify", &file, "--json"])
        .fails_as("verification_failed", 7);
    for arguments in [
        &["render", &file, "--out", "x.wav", "--json"][..],
        &["show", &file, "--json"],
        &["generate", "--intent", &file, "--json"],
        &["export", "vital", &file, "-o", "x.vital", "--json"],
    ] {
        bench.run(arguments).fails_as(code, exit);
    }
    assert_eq!(bench.names("."), ["x.zip"]);
    error
}

#[test]
fn a_name_that_leaves_the_folder_is_refused() {
    let files = workbench::files();
    let mut entries: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    entries.push(("../../evil.txt", b"x"));
    let error = refused(&zipped(&entries), "invalid_bundle", 3);
    assert!(words(&error).contains("leaves its folder"), "{error}");
}

#[test]
fn a_wrong_hash_is_found_in_every_file_that_has_one() {
    let mut files = workbench::files();
    for name in ["README.txt", "meta/analysis.json"] {
        files.get_mut(name).unwrap().push(b' ');
    }
    let error = refused(&archive::write(&files).unwrap(), "verification_failed", 7);
    for name in ["/README.txt", "/meta/analysis.json"] {
        assert!(pointers(&error).contains(&name), "{error}");
    }
}

#[test]
fn a_bomb_is_refused_and_not_unpacked() {
    let zeros = vec![0; 80 << 20];
    let error = refused(&zipped(&[("patch.json", &zeros)]), "invalid_bundle", 3);
    assert!(
        words(&error).contains("unpacks to far more") || words(&error).contains("too large"),
        "{error}"
    );
}

#[test]
fn what_is_no_zip_or_half_of_one_is_refused() {
    refused(b"PK\x03\x04 and then nothing", "invalid_bundle", 3);
    let whole = fs::read(workbench::zip()).unwrap();
    refused(&whole[..whole.len() / 2], "invalid_bundle", 3);
    refused(&zipped(&[]), "invalid_bundle", 3);
}

#[test]
fn a_sound_bundle_is_verified_as_zip_and_as_folder_with_the_same_hash() {
    let bench = Workbench::new();
    let zip = workbench::zip();
    let of_zip = bench.run(&["verify", zip.to_str().unwrap(), "--json"]).json();
    let of_folder = bench
        .run(&["verify", workbench::bundle().to_str().unwrap(), "--json"])
        .json();
    assert_eq!(of_zip, of_folder);
    assert_eq!(of_zip["files"], workbench::files().len());
}

#[test]
fn a_folder_in_which_a_file_was_changed_is_no_bundle_any_more() {
    let bench = Workbench::new();
    for (name, bytes) in workbench::files() {
        let path = bench.path("copy").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(bench.run(&["verify", "copy"]).code, 0);
    fs::write(bench.path("copy/.DS_Store"), "left by a desktop").unwrap();
    assert_eq!(bench.run(&["verify", "copy"]).code, 0);
    let zip = workbench::zip();
    let packed = bench.path("copy").join(zip.file_name().unwrap());
    fs::copy(&zip, &packed).unwrap();
    assert_eq!(bench.run(&["verify", "copy"]).code, 0);
    fs::write(&packed, "PK and nothing").unwrap();
    bench
        .run(&["verify", "copy", "--json"])
        .fails_as("verification_failed", 7);
    fs::remove_file(&packed).unwrap();
    fs::write(bench.path("copy/README.txt"), "changed").unwrap();
    let error = bench
        .run(&["verify", "copy", "--json"])
        .fails_as("verification_failed", 7);
    assert!(pointers(&error).contains(&"/README.txt"), "{error}");
    let ended = bench.run(&["verify", "copy"]);
    assert!(
        ended.err.contains("/README.txt") && ended.err.contains("hint:"),
        "{ended:?}"
    );
    assert_eq!(bench.run(&["verify", "."]).code, 3, "a folder without manifest");
}

#[test]
fn show_says_what_is_in_it_and_never_the_prompt() {
    let bench = Workbench::new();
    let folder = workbench::bundle().to_str().unwrap();
    let shown = bench.run(&["show", folder, "--json"]).json();
    for key in [
        "name",
        "category",
        "voicing",
        "macros",
        "analysis",
        "variations",
        "license",
        "provenance",
        "command",
    ] {
        assert!(!shown[key].is_null(), "{key}");
    }
    assert_eq!(shown["macros"].as_array().unwrap().len(), 8);
    assert_eq!(shown["license"], "CC0-1.0");
    let words = bench.run(&["show", folder]);
    assert_eq!(words.code, 0);
    for word in ["Macros", "Measured", "CC0-1.0", "songwalker generate --intent"] {
        assert!(words.out.contains(word), "{word}");
    }
}

#[test]
fn the_line_that_show_prints_makes_the_same_bytes_again() {
    let bench = Workbench::new();
    let line = bench
        .run(&["show", workbench::bundle().to_str().unwrap(), "--command"])
        .out;
    assert_eq!(line.lines().count(), 1);
    // It names the program as it was called, so it can be typed as it stands.
    let line = line.trim();
    let status = bench
        .shell(&format!("{line} --json --out again"))
        .output()
        .unwrap();
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let answer: Value = serde_json::from_slice(&status.stdout).unwrap();
    let again = fs::read(answer["bundle"].as_str().unwrap()).unwrap();
    assert!(again == fs::read(workbench::zip()).unwrap(), "other bytes");
}
