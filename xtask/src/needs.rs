//! What the commands need beyond Rust: listed first, installed with consent where that is possible.
//!
//! Consent is `--yes`, `CI=true`, or that no terminal listens; on a terminal it is asked for once. System packages are
//! installed only on Debian and its kin, by root. What stays missing is said, with what is therefore skipped.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use songwalker_services::{Postgres, Rabbit, Redis};

use crate::deploy;
use crate::plugin;
use crate::python::{self, Environment};
use crate::workspace::{Workspace, execute, succeeds};

/// The names that a Chromium goes by.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// What needs PostgreSQL, RabbitMQ and Redis.
const SERVED: &[&str] = &["services", "replicas", "unit", "faults", "jobs"];

/// How something that is missing can be had.
enum Source {
    /// This Debian package.
    Debian(&'static str),
    /// This environment's packages, from PyPI.
    PyPi(&'static Environment),
    /// A program of this Debian package, which is unpacked into the target directory: installed, it would run a service.
    Unpacked(&'static str),
}

/// One thing that is needed.
struct Need {
    name: &'static str,
    /// The steps and commands that need it.
    used_by: &'static [&'static str],
    present: bool,
    source: Source,
}

/// What is at hand once everything was provided that could be.
#[derive(Default)]
pub struct Tools {
    /// Any Python 3.10 or later.
    pub python: Option<PathBuf>,
    /// The Python with vita, numpy and scipy.
    pub conformance: Option<PathBuf>,
    /// The Python with schemathesis.
    pub contract: Option<PathBuf>,
    /// The Python with the linters of `deploy/`.
    pub deploy: Option<PathBuf>,
    /// The Python with hosts of plugins.
    pub plugin: Option<PathBuf>,
    /// Whether a Chromium is there.
    pub has_browser: bool,
}

impl Tools {
    fn at_hand(workspace: &Workspace) -> Self {
        Self {
            python: has_python("import sys; assert sys.version_info >= (3, 10)").then(|| "python3".into()),
            conformance: python::CONFORMANCE.ready(workspace),
            contract: python::CONTRACT.ready(workspace),
            deploy: python::DEPLOY.ready(workspace),
            plugin: python::PLUGIN.ready(workspace),
            has_browser: has_browser(),
        }
    }
}

fn has_python(code: &str) -> bool {
    succeeds(Command::new("python3").args(["-c", code]))
}

fn has_browser() -> bool {
    BROWSERS
        .iter()
        .any(|name| succeeds(Command::new(name).arg("--version")))
}

/// What the steps and commands in `users` need; all of it where `users` is empty.
fn survey(workspace: &Workspace, users: &[String]) -> Vec<Need> {
    let pypi = |environment: &'static Environment, used_by| Need {
        name: environment.title,
        used_by,
        present: environment.ready(workspace).is_some(),
        source: Source::PyPi(environment),
    };
    let debian = |name, package, used_by, present| Need {
        name,
        used_by,
        present,
        source: Source::Debian(package),
    };
    let with_venv: &[&str] = &[
        "analysis",
        "vital",
        "evaluator",
        "eval",
        "fidelity",
        "contract",
        "deploy",
        "jobs",
        "plugin",
    ];
    let conformance: &[&str] = &["analysis", "vital", "evaluator", "eval", "fidelity"];
    let mut needs = vec![
        debian(
            "python3, 3.10 or later",
            "python3",
            &[
                "analysis",
                "vital",
                "evaluator",
                "eval",
                "fidelity",
                "contract",
                "deploy",
                "jobs",
                "plugin",
                "determinism",
                "browser",
            ],
            has_python("import sys; assert sys.version_info >= (3, 10)"),
        ),
        debian(
            "python3's venv",
            "python3-venv",
            with_venv,
            has_python("import venv, ensurepip"),
        ),
        debian(
            "taskset",
            "util-linux",
            &["determinism"],
            succeeds(Command::new("taskset").arg("--version")),
        ),
        debian("Chromium", "chromium", &["browser"], has_browser()),
        debian("PostgreSQL", "postgresql", SERVED, Postgres::is_installed()),
        debian("RabbitMQ", "rabbitmq-server", SERVED, Rabbit::is_installed()),
        debian("Redis", "redis-server", SERVED, Redis::is_installed()),
        pypi(&python::CONFORMANCE, conformance),
        pypi(&python::CONTRACT, &["contract"]),
        pypi(&python::DEPLOY, &["deploy"]),
        pypi(&python::LOAD, &["jobs"]),
        pypi(&python::PLUGIN, &["plugin"]),
        Need {
            name: "promtool",
            used_by: &["deploy"],
            present: deploy::promtool(workspace).is_some(),
            source: Source::Unpacked("prometheus"),
        },
        debian(
            "systemd-analyze",
            "systemd",
            &["deploy"],
            succeeds(Command::new("systemd-analyze").arg("--version")),
        ),
    ];
    for (program, package) in plugin::SCREEN {
        needs.push(debian(program, package, &["plugin"], plugin::is_there(program)));
    }
    needs.push(debian(
        "pkg-config",
        "pkg-config",
        &["plugin"],
        plugin::is_there("pkg-config"),
    ));
    for (library, package) in plugin::SOUND {
        needs.push(debian(library, package, &["plugin"], plugin::is_known(library)));
    }
    needs.retain(|need| users.is_empty() || users.iter().any(|user| need.used_by.contains(&user.as_str())));
    needs
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
            need.used_by.join(", ")
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
    print(&survey(workspace, &[]));
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

/// Lists what the steps and commands in `users` (none: all) need, installs what is missing with consent, and says what is
/// at hand then.
pub fn provide(workspace: &Workspace, yes: bool, users: &[String]) -> Tools {
    let needs = survey(workspace, users);
    print(&needs);
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.present).collect();
    if missing.is_empty() {
        return Tools::at_hand(workspace);
    }
    if !consent(yes) {
        println!("not installed, as you wish; what needs it is skipped");
        return Tools::at_hand(workspace);
    }
    install_packages(&missing);
    for need in &missing {
        let had = match need.source {
            Source::Debian(_) => Ok(()),
            Source::PyPi(environment) => environment.prepare(workspace).map(drop),
            Source::Unpacked(package) => unpack(workspace, package),
        };
        if let Err(fault) = had {
            println!(
                "not installed: {} ({fault:#}); skipped: {}",
                need.name,
                need.used_by.join(", ")
            );
        }
    }
    Tools::at_hand(workspace)
}

/// Where a package lies whose programs are used without being installed.
pub fn unpacked(workspace: &Workspace, package: &str) -> PathBuf {
    workspace.target.join("tools").join(package)
}

/// Takes a Debian package apart in the target directory; whoever runs this need not be root.
fn unpack(workspace: &Workspace, package: &str) -> Result<()> {
    anyhow::ensure!(is_debian(), "only Debian's package is known");
    let folder = unpacked(workspace, package);
    let coming = folder.with_extension("coming");
    if coming.exists() {
        std::fs::remove_dir_all(&coming)?;
    }
    std::fs::create_dir_all(&coming)?;
    execute(
        Command::new("apt-get")
            .args(["download", "--quiet=2", package])
            .current_dir(&coming),
    )?;
    let archive = std::fs::read_dir(&coming)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("nothing was downloaded")?;
    execute(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&archive)
            .arg(&coming),
    )?;
    std::fs::remove_file(&archive)?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(std::fs::rename(&coming, &folder)?)
}

fn install_packages(missing: &[&Need]) {
    let packages: Vec<&str> = missing
        .iter()
        .filter_map(|need| match need.source {
            Source::Debian(package) => Some(package),
            Source::PyPi(_) | Source::Unpacked(_) => None,
        })
        .collect();
    if packages.is_empty() {
        return;
    }
    if !(is_debian() && is_root()) {
        println!(
            "missing, and not installed here (only apt-get as root is): {}",
            packages.join(", ")
        );
    } else if let Err(fault) = apt_get(&packages) {
        println!("could not install {}: {fault:#}", packages.join(", "));
    }
}
