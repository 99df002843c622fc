//! `docs/INVARIANTS.md` tells the truth: each of R1 to R12 names files that exist and carry its number, and tests that
//! exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut String) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_invariant_names_its_mechanism_and_its_tests_and_they_exist() {
    let document = fs::read_to_string(root().join("docs/INVARIANTS.md")).unwrap();
    let mut all = String::new();
    for folder in [
        "jobs",
        "workers",
        "scheduler",
        "api",
        "cli",
        "tests",
        "migrations",
        "schemas",
    ] {
        sources(&root().join(folder), &mut all);
    }
    let mut seen = BTreeSet::new();
    for section in document.split("\n## ").skip(1) {
        let Some(number) = section
            .split([' ', ':'])
            .next()
            .filter(|name| name.starts_with('R') && name[1..].parse::<u8>().is_ok())
        else {
            continue;
        };
        let (mut files, mut tests) = (0, 0);
        for name in quoted(section) {
            if Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "rs")
            {
                let text = fs::read_to_string(root().join(name))
                    .unwrap_or_else(|error| panic!("{number}: {name}: {error}"));
                files += usize::from(text.contains(number));
            } else if name.contains('_') && name.len() > 24 {
                assert!(
                    all.contains(&format!("fn {name}(")),
                    "{number}: there is no test {name}"
                );
                tests += 1;
            }
        }
        assert!(files > 0, "{number}: no file that it names carries its number");
        assert!(tests > 0, "{number}: it names no test");
        seen.insert(number.to_owned());
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
}

#[test]
fn the_diagram_is_that_of_the_transition_table() {
    let document = fs::read_to_string(root().join("docs/INVARIANTS.md")).unwrap();
    assert!(document.contains(&songwalker_schemas::job::diagram()));
}
