//! `cargo xtask test`: everything that must hold before a change is good, in one command.
//!
//! Dev profile everywhere and one set of build targets, so that a single build serves lints, tests and conformance.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::needs::{self, Tools};
use crate::services::ForTests;
use crate::steps::{Outcome, Steps};
use crate::workspace::{EVERYTHING, Workspace, execute, output, succeeds};
use crate::{browser, contract, deploy, faults, generate, plugin, python};

/// Patches drawn at random that Vital conformance looks at, beside all templates.
const RANDOM_INTENTS: usize = 100;

type Step = fn(&Workspace, &Tools) -> Result<Outcome>;

/// The steps in their order: name, what it does, and the step.
const STEPS: &[(&str, &str, Step)] = &[
    ("fmt", "formatting", |w, _| {
        passed(&mut w.cargo(["fmt", "--all", "--check"]))
    }),
    ("clippy", "lints, with warnings as errors", |w, _| {
        passed(
            w.cargo(["clippy", "--all-targets", "--quiet"])
                .args(EVERYTHING)
                .args(["--", "-D", "warnings"]),
        )
    }),
    ("build", "dev build of binaries and tests", |w, _| {
        w.dev_binary().map(|_| Outcome::Passed)
    }),
    ("unit", "unit, property and integration tests", |w, _| unit(w)),
    (
        "services",
        "job domain and end-to-end tests once more, on PostgreSQL, RabbitMQ, Redis and S3",
        |w, _| services(w),
    ),
    (
        "faults",
        "a short run of seeded faults on the whole service, embedded and distributed, audited",
        |w, _| match faults::short(w)? {
            None => Ok(Outcome::Passed),
            Some(why) => skipped(&format!("only the embedded way was run: {why}")),
        },
    ),
    (
        "replicas",
        "end-to-end tests once more, on several processes of each kind that come and go",
        |w, _| replicas(w),
    ),
    (
        "golden",
        "the engine's golden renders without optimisation and without vectors",
        |w, _| golden(w),
    ),
    ("doc", "tests in the documentation", |w, _| {
        passed(w.cargo(["test", "--doc", "--quiet"]).args(EVERYTHING))
    }),
    (
        "generated",
        "generated files are what their sources say",
        |w, _| generate::files(w, true).map(|()| Outcome::Passed),
    ),
    (
        "contract",
        "the API against its own OpenAPI document, by a fuzzer",
        |w, tools| match &tools.contract {
            Some(python) => contract::run(w, python),
            None => skipped("no Python environment with schemathesis"),
        },
    ),
    (
        "browser",
        "the share page in a real browser, phone and desktop",
        |w, tools| match &tools.python {
            Some(_) if !tools.has_browser => skipped("no Chromium"),
            Some(python) => browser::run(w, python),
            None => skipped("no python3"),
        },
    ),
    (
        "deploy",
        "image, compose file, chart, units, alerts, dashboard and runbook, by their linters",
        |w, tools| match &tools.deploy {
            Some(python) => deploy::run(w, python),
            None => skipped("no Python environment with the linters of deploy/"),
        },
    ),
    (
        "plugin",
        "the plugin in real hosts: VST3, CLAP, and a minute without an allocation",
        |w, tools| plugin::run(w, tools.plugin.as_deref()),
    ),
    ("evaluator", "the evaluation's own tests", |w, tools| {
        with(tools, |python| evaluator(w, python))
    }),
    (
        "analysis",
        "AudioAnalysis against the reference descriptors",
        |w, tools| with(tools, |python| analysis(w, python)),
    ),
    (
        "vital",
        "exports of all templates and 100 random intents in the real Vital engine",
        |w, tools| with(tools, |python| vital(w, python)),
    ),
    (
        "determinism",
        "same prompt and seed, same bytes, under other circumstances",
        |w, tools| match &tools.python {
            Some(python) => determinism(w, python),
            None => skipped("no python3"),
        },
    ),
];

/// Runs the steps (all, or those in `only`); true when none failed.
pub fn run_all(workspace: &Workspace, yes: bool, only: &[String]) -> bool {
    let tools = needs::provide(workspace, yes, only);
    let mut steps = Steps::default();
    for (name, title, step) in STEPS {
        if only.is_empty() || only.iter().any(|o| o == name) {
            steps.run(name, title, || step(workspace, &tools));
        }
    }
    steps.finish()
}

/// The command: `--list` only says what there is.
pub fn run(yes: bool, only: &[String], list: bool) -> Result<bool> {
    let workspace = Workspace::find()?;
    if let Some(unknown) = only.iter().find(|o| !STEPS.iter().any(|(name, ..)| name == o)) {
        let names: Vec<&str> = STEPS.iter().map(|(name, ..)| *name).collect();
        bail!("there is no step {unknown:?}; there are: {}", names.join(", "));
    }
    if list {
        needs::list(&workspace);
        println!("\n━━ steps");
        for (name, title, _) in STEPS {
            println!("{name:12} {title}");
        }
        return Ok(true);
    }
    Ok(run_all(&workspace, yes, only))
}

fn passed(command: &mut Command) -> Result<Outcome> {
    execute(command).map(|()| Outcome::Passed)
}

fn skipped(why: &str) -> Result<Outcome> {
    Ok(Outcome::Skipped(why.to_owned()))
}

fn with(tools: &Tools, step: impl FnOnce(&Path) -> Result<Outcome>) -> Result<Outcome> {
    match &tools.conformance {
        Some(python) => step(python),
        None => skipped("no Python environment with vita, numpy and scipy"),
    }
}

fn unit(workspace: &Workspace) -> Result<Outcome> {
    let mut tests = nextest(workspace);
    let services = if ForTests::can_be() {
        Some(ForTests::provide(workspace)?)
    } else {
        println!("skipped: what needs PostgreSQL, RabbitMQ, Redis and S3, for they are not installed");
        None
    };
    if let Some(services) = &services {
        tests.envs(services.variables());
    }
    passed(tests.args(EVERYTHING))
}

/// The runner of tests; without nextest, cargo's own.
fn nextest(workspace: &Workspace) -> Command {
    if has_nextest(workspace) {
        workspace.cargo(["nextest", "run", "--no-fail-fast", "--status-level", "fail"])
    } else {
        workspace.cargo(["test", "--bins", "--tests", "--no-fail-fast", "--quiet"])
    }
}

fn has_nextest(workspace: &Workspace) -> bool {
    succeeds(&mut workspace.cargo(["nextest", "--version"]))
}

/// Tests that run on services as well as on a data directory. What is left out is about the data directory itself: its
/// database file and log, its backups, its local user.
const ON_SERVICES: &str = "\
(package(songwalker-tests) and not binary(data_dir) and not binary(same_bytes) \
 and not test(/r10_a_deleted_prompt/)) \
or (package(songwalker-api) and (binary(metrics) or test(/^(access|shares)::/))) \
or (package(songwalker-jobs) and ( \
 binary(lifecycle) or binary(properties) or binary(shares) or binary(library) or binary(artifacts) \
 or (binary(sweeps) and not test(/erasure::(a_full_round|an_erased_account_leaves|an_account_is_erased|r10_)/) \
  and not test(/r12_a_row_that_cannot_be_written/)) \
 or (binary(audit) and not test(/r1_a_database_that|r4_a_wall_clock_that|r12_rows_that_belong_to_nothing/))))";

/// Those of them that run where processes come and go. What is left out: `crash` (a process that stands at a failpoint
/// does not drain; kills are for the faults), `faults` (counts how often one process misbehaves), `privacy` (looks at
/// one worker's children), `settings`, `doctor` and `schema` (about processes of their own), `replicas` (has its own).
const ON_REPLICAS: &str =
    "package(songwalker-tests) and (binary(events) or binary(limits) or binary(cancel))";

fn services(workspace: &Workspace) -> Result<Outcome> {
    on_services(workspace, ON_SERVICES, &[])
}

fn replicas(workspace: &Workspace) -> Result<Outcome> {
    on_services(workspace, ON_REPLICAS, &[("SONGWALKER_TEST_REPLICAS", "many")])
}

fn on_services(workspace: &Workspace, filter: &str, variables: &[(&str, &str)]) -> Result<Outcome> {
    if !ForTests::can_be() {
        return skipped("no PostgreSQL, RabbitMQ, Redis and S3");
    }
    if !has_nextest(workspace) {
        return skipped("no cargo-nextest to choose the tests");
    }
    let services = ForTests::provide(workspace)?;
    let mut tests = nextest(workspace);
    tests
        .args(EVERYTHING)
        .args(["-E", filter])
        .envs(services.variables())
        .envs(variables.iter().copied())
        .env("SONGWALKER_TEST_ON", "services");
    passed(&mut tests)
}

/// The unit step has compared them at every vector level of this machine already, fully optimised.
fn golden(workspace: &Workspace) -> Result<Outcome> {
    for profile in ["plain", "scalar"] {
        let arguments = [
            "test",
            "--package",
            "songwalker-engine",
            "--test",
            "golden",
            "--profile",
            profile,
        ];
        execute(
            workspace
                .cargo(arguments)
                .args(["--quiet", "--", "renders_have_the_bits"]),
        )?;
    }
    Ok(Outcome::Passed)
}

fn evaluator(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    passed(
        Command::new(python)
            .args(["-B", "-m", "unittest", "--quiet"])
            .current_dir(workspace.script("evaluation")),
    )
}

fn analysis(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    let binary = workspace.dev_binary()?;
    let mut command = python::script(workspace, python, "conformance/analysis_check.py");
    passed(
        command
            .arg("--binary")
            .arg(binary)
            .arg("--tools")
            .arg(workspace.script("conformance")),
    )
}

/// The `.vital` files of all templates and of some random intents, made in an empty `folder`.
fn exports(workspace: &Workspace, python: &Path, binary: &Path, folder: &Path) -> Result<Vec<String>> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let mut command = python::script(workspace, python, "conformance/exports.py");
    command
        .arg("--binary")
        .arg(binary)
        .arg("--out")
        .arg(folder)
        .args(["--random", &RANDOM_INTENTS.to_string()]);
    output(&mut command)?
        .lines()
        .map(|line| {
            let export: Value = serde_json::from_str(line)?;
            Ok(export["vital"]
                .as_str()
                .context("no .vital file in the list")?
                .to_owned())
        })
        .collect()
}

fn vital(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    let binary = workspace.dev_binary()?;
    let files = exports(
        workspace,
        python,
        &binary,
        &workspace.target.join("conformance-exports"),
    )?;
    ensure!(
        files.len() > RANDOM_INTENTS,
        "only {} patches were exported",
        files.len()
    );
    println!("{} patches exported", files.len());
    let mut command = python::script(workspace, python, "conformance/vital_check.py");
    command
        .arg("--tools")
        .arg(workspace.script("conformance"))
        .arg("--render")
        .arg(&binary);
    passed(command.args(&files))
}

fn determinism(workspace: &Workspace, python: &Path) -> Result<Outcome> {
    let mut command = python::script(workspace, python, "conformance/determinism.py");
    command.arg("--binary").arg(workspace.dev_binary()?);
    command.arg("--binary").arg(workspace.release_binary(None)?);
    passed(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_with_the_names_there_are() {
        let refused = run(false, &["cilppy".to_owned()], true);
        assert!(refused.is_err_and(|e| e.to_string().contains("clippy")));
    }

    #[test]
    fn every_step_has_its_own_name() {
        let mut names: Vec<&str> = STEPS.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
