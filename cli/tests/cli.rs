//! The real binary, run as a user runs it: what it prints, what it writes, how it ends.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cli/bundles.rs"]
mod bundles;
#[path = "cli/contract.rs"]
mod contract;
#[path = "cli/explaining.rs"]
mod explaining;
#[path = "cli/importing.rs"]
mod importing;
#[path = "cli/interrupts.rs"]
mod interrupts;
#[path = "cli/jobs.rs"]
mod jobs;
#[path = "cli/keeping.rs"]
mod keeping;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/patches.rs"]
mod patches;
#[path = "cli/prompts.rs"]
mod prompts;
#[path = "cli/refining.rs"]
mod refining;
#[path = "cli/render.rs"]
mod render;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/serving.rs"]
mod serving;
#[path = "cli/sharing.rs"]
mod sharing;
#[path = "cli/storage.rs"]
mod storage;
#[path = "cli/workbench.rs"]
mod workbench;
