//! `cargo xtask soak`: at length. `engine`: 10,000 random patches × 3 notes against the engine's invariants; goes on where
//! it was stopped. `faults`: see [`crate::faults`].

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::faults;
use crate::workspace::{Workspace, execute};

/// Patches handed to one process: how much is played again after a stop at the most.
const BATCH: u64 = 100;

/// What can be soaked.
#[derive(clap::Subcommand)]
pub enum What {
    /// Random valid patches: finite, bounded, without offset, silent in the end, tails no dearer than notes.
    Engine {
        /// How many patches.
        #[arg(long, default_value_t = 10_000)]
        patches: u64,
        /// Forget what an earlier run did.
        #[arg(long)]
        fresh: bool,
    },
    /// Seeded faults on a whole service while clients use it, embedded and distributed; then the audit.
    Faults(faults::Options),
}

/// Does it; false where something does not hold.
pub fn run(what: What) -> Result<bool> {
    match what {
        What::Engine { patches, fresh } => engine(patches, fresh),
        What::Faults(options) => faults::run(&options),
    }
}

fn engine(patches: u64, fresh: bool) -> Result<bool> {
    let workspace = Workspace::find()?;
    let folder = workspace.target.join("soak");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let binary = build(&workspace)?;
    // What another build did proves nothing about this one.
    let build = fingerprint(&binary)?;
    let file = folder.join("engine.json");
    let kept = fs::read(&file)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let kept = kept.filter(|kept| !fresh && kept["build"] == json!(build));
    let mut done = kept.as_ref().and_then(|kept| kept["done"].as_u64()).unwrap_or(0);
    let mut faults: Vec<Value> = kept
        .and_then(|mut kept| kept["faults"].as_array_mut().map(std::mem::take))
        .unwrap_or_default();
    if done > 0 {
        println!("goes on after {done} patches (--fresh begins anew)");
    }
    while done < patches {
        let to = (done + BATCH).min(patches);
        faults.extend(batch(&binary, done, to)?);
        done = to;
        let state = json!({ "build": build, "done": done, "faults": faults });
        fs::write(&file, serde_json::to_vec_pretty(&state)?)?;
        println!("{done} of {patches} patches, {} faults", faults.len());
    }
    for fault in &faults {
        println!("{fault}");
    }
    println!(
        "{patches} patches × 3 notes: {}",
        if faults.is_empty() {
            "all hold"
        } else {
            "not all hold"
        }
    );
    Ok(faults.is_empty())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let arguments = [
        "build",
        "--release",
        "--package",
        "songwalker-engine",
        "--example",
        "soak",
    ];
    execute(&mut workspace.cargo(arguments))?;
    Ok(workspace.target.join("release/examples/soak"))
}

/// What tells one build from another.
fn fingerprint(binary: &Path) -> Result<String> {
    let hash = Sha256::digest(fs::read(binary)?);
    Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Plays the patches `from..to` and gives the faults.
fn batch(binary: &Path, from: u64, to: u64) -> Result<Vec<Value>> {
    let mut child = Command::new(binary)
        .args([from.to_string(), to.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("the soak has no output")?;
    let mut faults = Vec::new();
    let mut done = 0;
    for line in BufReader::new(output).lines() {
        let said: Value = serde_json::from_str(&line?)?;
        if said["done"].is_null() {
            println!("{said}");
            faults.push(said);
        } else {
            done += 1;
        }
    }
    let status = child.wait()?;
    ensure!(
        status.success() && done == to - from,
        "the soak broke off among the patches {from}..{to}"
    );
    Ok(faults)
}
