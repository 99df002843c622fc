//! What the commands need beyond Rust: listed first, installed with consent where that is possible.
//!
//! Consent is `--yes`, `CI=true`, or that no terminal listens; on a terminal it is asked for once. System packages are
//! installed only on Debian and its kin, by root. What stays missing is said, with what is therefore skipped.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::python;
use crate::workspace::{Workspace, execute, succeeds};

/// One thing that is needed.
struct Need {
    name: &'static str,
    what_for: &'static str,
    present: bool,
    /// The Debian package that brings it.
    package: Option<&'static str>,
}

fn survey(workspace: &Workspace) -> Vec<Need> {
    let python = |code: &str| succeeds(Command::new("python3").args(["-c", code]));
    vec![
        Need {
            name: "python3, 3.10 or later",
            what_for: "conformance, evaluation",
            present: python("import sys; assert sys.version_info >= (3, 10)"),
            package: Some("python3"),
        },
        Need {
            name: "python3's venv",
            what_for: "the throw-away environment",
            present: python("import venv, ensurepip"),
            package: Some("python3-venv"),
        },
        Need {
            name: "taskset",
            what_for: "determinism on one processor",
            present: succeeds(Command::new("taskset").arg("--version")),
            package: Some("util-linux"),
        },
        Need {
            name: "Python packages vita (the real Vital engine), numpy, scipy",
            what_for: "conformance, evaluation; in target/conformance-venv, from PyPI",
            present: python::ready(workspace).is_some(),
            package: None,
        },
    ]
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && succeeds(Command::new("apt-get").arg("--version"))
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

fn print(needs: &[Need]) {
    println!("━━ what is needed beyond Rust");
    for need in needs {
        println!(
            "{:8} {} ({})",
            if need.present { "present" } else { "missing" },
            need.name,
            need.what_for
        );
    }
    let nextest = succeeds(Command::new("cargo-nextest").args(["nextest", "--version"]));
    println!(
        "{:8} cargo-nextest (optional; else cargo test)",
        if nextest { "present" } else { "absent" }
    );
}

/// Prints what is needed and whether it is there; installs nothing.
pub fn list(workspace: &Workspace) {
    print(&survey(workspace));
}

fn consent(yes: bool) -> bool {
    if yes || std::env::var("CI").is_ok_and(|v| v == "true") || !std::io::stdin().is_terminal() {
        return true;
    }
    print!("Install what is missing? [Y/n] ");
    if std::io::stdout().flush().is_err() {
        return false;
    }
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok_and(|n| n > 0)
        && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

fn apt_get(packages: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| {
        execute(
            Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    apt(&["update", "--quiet=2"])?;
    apt(&[
        &["install", "--quiet=2", "--yes", "--no-install-recommends"],
        packages,
    ]
    .concat())
}

/// Lists what is needed, installs what is missing with consent, and returns the Python environment; None, with the reason
/// printed, where it could not be had.
pub fn provide(workspace: &Workspace, yes: bool) -> Option<PathBuf> {
    let needs = survey(workspace);
    print(&needs);
    if needs.iter().all(|need| need.present) {
        return python::ready(workspace);
    }
    if !consent(yes) {
        println!(
            "not installed, as you wish; what needs it is skipped: conformance (analysis, vital), evaluation"
        );
        return python::ready(workspace);
    }
    let packages: Vec<&str> = needs
        .iter()
        .filter(|n| !n.present)
        .filter_map(|n| n.package)
        .collect();
    if !packages.is_empty() {
        if is_debian() && is_root() {
            if let Err(fault) = apt_get(&packages) {
                println!("could not install {}: {fault:#}", packages.join(", "));
            }
        } else {
            println!(
                "missing, and not installed here (only apt-get as root is): {}",
                packages.join(", ")
            );
        }
    }
    match python::prepare(workspace) {
        Ok(python) => Some(python),
        Err(fault) => {
            println!("no Python environment ({fault:#}); skipped: conformance (analysis, vital), evaluation");
            None
        }
    }
}
