//! A worker process of the product whose attempts make nothing. Its actors, leases, claims and endings are the product's;
//! of a child there is only what a slot needs.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use songwalker_generator::generator_version;
use songwalker_jobs::System;
use songwalker_jobs::publish::{About, Packaged};
use songwalker_workers::{Workers, WorkersOptions};
use tokio::signal::unix::{SignalKind, signal};

/// Works until it is told to stop.
pub async fn run(system: &System, slots: usize) -> Result<()> {
    let mut asked = signal(SignalKind::terminate())?;
    let nothing = Packaged {
        sha256: "0".repeat(64),
        bytes: 0,
        about: About {
            name: "Nothing".to_owned(),
            category: "pad".to_owned(),
            manifest_sha256: "0".repeat(64),
        },
    };
    let options = WorkersOptions {
        slots: Some(slots),
        ..WorkersOptions::default()
    };
    let workers = Workers::start_making_nothing(system.clone(), options, nothing)?;
    println!("{}", json!({ "part": "worker", "pid": std::process::id() }));
    asked.recv().await;
    workers.stop().await;
    Ok(())
}

/// What fills a slot: says that it is ready, and ends with its parent.
pub fn child() -> ExitCode {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    let mut is_first = true;
    while input.read_line(&mut line).is_ok_and(|read| read > 0) {
        if std::mem::take(&mut is_first) {
            let ready = json!({ "ready": { "generator_version": generator_version() } });
            let mut output = std::io::stdout().lock();
            if writeln!(output, "{ready}").and_then(|()| output.flush()).is_err() {
                return ExitCode::FAILURE;
            }
        }
        line.clear();
    }
    ExitCode::SUCCESS
}
