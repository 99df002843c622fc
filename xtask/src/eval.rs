//! `cargo xtask eval`: the evaluation prompts through the release build, judged by `tests/evaluation/eval.py`; with
//! `--names`, real patch names through the planner alone, judged by `tests/evaluation/names.py`; with `--diversity`, bare
//! category words with several seeds, judged by `tests/evaluation/diversity.py`; with `--macros` and `--variations`, the
//! knobs and the variations of every prompt's patch, judged by `tests/evaluation/macros.py` and `variations.py`; with
//! `--pairs`, words beside their absence, and with `--nearest`, presets that people made.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::workspace::{Workspace, execute};
use crate::{needs, python};

/// What `cargo xtask eval` can be told.
#[derive(clap::Args)]
pub struct Options {
    /// Instead of prompts: the categories of real patch names, planned without sound
    #[arg(long, conflicts_with_all = ["prompts", "binary", "only", "keep", "no_baselines"])]
    names: bool,
    /// Instead of prompts: bare category words with eight seeds each, beside presets that people made
    #[arg(long, conflicts_with_all = ["names", "prompts", "only", "keep", "no_baselines"])]
    diversity: bool,
    /// Whether the knobs of every prompt's patch do what their names say
    #[arg(long, conflicts_with_all = ["names", "diversity", "prompts", "keep", "no_baselines"])]
    macros: bool,
    /// Whether every prompt's variations can be told apart and go their ways
    #[arg(long, conflicts_with_all = ["names", "diversity", "macros", "prompts", "keep", "no_baselines"])]
    variations: bool,
    /// Whether a word moves what it is about and nothing else: ten categories with and without 18 words, five seeds each
    #[arg(long, conflicts_with_all = ["names", "diversity", "macros", "variations", "prompts", "only", "keep", "no_baselines"])]
    pairs: bool,
    /// How near prompts come to presets that people made, beside random patches: what no loop of ours listens to
    #[arg(long, conflicts_with_all = ["names", "diversity", "macros", "variations", "pairs", "prompts", "only", "keep", "no_baselines"])]
    nearest: bool,
    /// Prompts of this split: dev, held_out or all.
    #[arg(long, default_value = "dev")]
    split: String,
    /// Another prompt file than tests/data/prompts-dev.json.
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// Who plans: embedded, hybrid, llm or auto. A model is the one that SONGWALKER__LLM__… name; it is asked for money.
    #[arg(long, default_value = "embedded")]
    planner: String,
    /// Use this binary instead of building the release one.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Write everything that was measured and judged to this file.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
    /// Only this prompt; may be given several times.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Keep bundles and renders in this new directory.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Leave the two baselines out.
    #[arg(long)]
    no_baselines: bool,
    /// Say of every failure what was wanted and what came.
    #[arg(long)]
    verbose: bool,
    /// Install what is missing without asking.
    #[arg(long)]
    yes: bool,
}

/// Runs the evaluation; false when something could not be evaluated.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::find()?;
    if options.names {
        return names(&workspace, options);
    }
    let python = python::CONFORMANCE
        .ready(&workspace)
        .or_else(|| needs::provide(&workspace, options.yes, &["eval".to_owned()]).conformance);
    let Some(python) = python else {
        bail!("the evaluation needs its Python environment");
    };
    let binary = workspace.release_binary(options.binary.as_deref())?;
    let own = [
        (options.diversity, "evaluation/diversity.py"),
        (options.macros, "evaluation/macros.py"),
        (options.variations, "evaluation/variations.py"),
        (options.pairs, "evaluation/pairs.py"),
        (options.nearest, "evaluation/nearest.py"),
    ];
    if let Some((_, script)) = own.into_iter().find(|(asked, _)| *asked) {
        let planner = options.nearest.then(|| planner(&workspace)).transpose()?;
        return other(
            script,
            &workspace,
            &python,
            (&binary, planner.as_deref()),
            options,
        );
    }
    let mut command = python::script(&workspace, &python, "evaluation/eval.py");
    command
        .arg("--binary")
        .arg(binary)
        .arg("--split")
        .arg(&options.split)
        .arg("--planner")
        .arg(&options.planner);
    for (flag, path) in [
        ("--prompts", &options.prompts),
        ("--json", &options.json),
        ("--keep", &options.keep),
    ] {
        if let Some(path) = path {
            command.arg(flag).arg(path);
        }
    }
    for id in &options.only {
        command.arg("--only").arg(id);
    }
    for (flag, given) in [
        ("--no-baselines", options.no_baselines),
        ("--verbose", options.verbose),
    ] {
        if given {
            command.arg(flag);
        }
    }
    Ok(command.status()?.success())
}

/// A script beside `eval.py` that asks the same binary other questions, and the planner where one is given.
fn other(
    script: &str,
    workspace: &Workspace,
    python: &Path,
    (binary, planner): (&Path, Option<&Path>),
    options: &Options,
) -> Result<bool> {
    let mut command = python::script(workspace, python, script);
    command.arg("--binary").arg(binary);
    if let Some(planner) = planner {
        command.arg("--planner").arg(planner);
    }
    if let Some(path) = &options.json {
        command.arg("--json").arg(path);
    }
    for id in &options.only {
        command.arg("--only").arg(id);
    }
    if options.verbose {
        command.arg("--verbose");
    }
    Ok(command.status()?.success())
}

/// Builds the planner as a process.
fn planner(workspace: &Workspace) -> Result<PathBuf> {
    let example = ["--package", "songwalker-generator", "--example", "plan"];
    execute(workspace.cargo(["build", "--release"]).args(example))?;
    Ok(workspace.target.join("release/examples/plan"))
}

/// The script that asks the planner; it needs nothing beyond Python itself.
fn names(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut command = python::script(workspace, Path::new("python3"), "evaluation/names.py");
    command.arg("--planner").arg(planner(workspace)?);
    if let Some(path) = &options.json {
        command.arg("--json").arg(path);
    }
    if options.verbose {
        command.arg("--all");
    }
    Ok(command.status()?.success())
}
