//! `cargo xtask bench plugin`: what slots of the plugin cost, each with one held note, in blocks of 64 frames, and what the
//! same note of the same patch costs in Vital's own engine.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::load;
use crate::bundle;
use crate::plugin;
use crate::python;
use crate::workspace::{Workspace, execute, output};

/// What is played unless told: two oscillators of many voices, a filter, chorus and reverb.
pub const TEMPLATE: &str = "pad_warm";

/// Prints one line per number of slots. Figures; nothing is judged.
pub fn run(workspace: &Workspace, template: &str) -> Result<bool> {
    let host = plugin::host(workspace)?;
    let bundled = bundle::bundle(workspace, "release", &[], None, &workspace.target.join("bundled"))?;
    println!("load average {}", load());
    let mut bench = Command::new(&host);
    bench
        .arg("bench")
        .arg(&bundled.clap)
        .args(["--template", template]);
    let lines = output(&mut bench)?;

    let vital = match python::CONFORMANCE.ready(workspace) {
        Some(python) => {
            let folder = workspace.target.join("bench-plugin");
            std::fs::create_dir_all(&folder)?;
            let (patch, preset) = (folder.join("patch.json"), folder.join("patch.vital"));
            execute(
                Command::new(&host)
                    .arg("patch")
                    .arg(&patch)
                    .args(["--template", template]),
            )?;
            let mut export = Command::new(workspace.target.join("debug/songwalker"));
            execute(
                export
                    .args(["export", "vital"])
                    .arg(&patch)
                    .arg("-o")
                    .arg(&preset),
            )?;
            let mut cost = python::script(workspace, &python, "plugin/vital_cost.py");
            let told: Value = serde_json::from_str(&output(cost.arg(&preset))?)?;
            Some(told["share"].as_f64().context("no share")?)
        }
        None => None,
    };
    println!("{template}, one note a slot, share of real time on one core:");
    for line in lines.lines() {
        let told: Value = serde_json::from_str(line)?;
        let slots = told["slots"].as_f64().context("no slots")?;
        let share = told["share"].as_f64().context("no share")?;
        let worst = told["worst_block_ms"].as_f64().context("no worst block")?;
        let beside = vital.map_or_else(
            || "Vital not measured: no Python environment with it".to_owned(),
            |vital| format!("as many Vitals {:.1} %", vital * slots * 100.0),
        );
        println!(
            "{slots:>3} slots {:>6.1} %   worst block {worst:.2} of 1.33 ms   {beside}",
            share * 100.0
        );
    }
    println!("load average {}", load());
    Ok(true)
}
