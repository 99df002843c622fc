//! A CLAP host that tries the SongWalker plugin: `check`, `endure`, `bench`, `state`. The commands that build the plugin and
//! run this are in `xtask`.

mod bench;
mod check;
mod endure;
mod host;
mod states;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use songwalker_schemas::PatchSpec;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Everything that a host may ask.
    Check { plugin: PathBuf },
    /// A minute of everything at once.
    Endure {
        plugin: PathBuf,
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
    },
    /// What slots cost.
    Bench {
        plugin: PathBuf,
        #[arg(long)]
        template: String,
    },
    /// Writes a template's patch.
    Patch {
        out: PathBuf,
        #[arg(long)]
        template: String,
    },
    /// Writes a project whose first slots play these patches.
    State {
        out: PathBuf,
        #[arg(required = true)]
        patches: Vec<PathBuf>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().what {
        What::Check { plugin } => check::run(&plugin),
        What::Endure { plugin, seconds } => endure::run(&plugin, seconds),
        What::Bench { plugin, template } => bench::run(&plugin, &template),
        What::Patch { out, template } => bench::patch(&out, &template),
        What::State { out, patches } => {
            let patches: Result<Vec<PatchSpec>> = patches
                .iter()
                .map(|path| Ok(PatchSpec::from_json(&std::fs::read(path)?)?))
                .collect();
            Ok(std::fs::write(out, states::of(&patches?)?)?)
        }
    }
}
