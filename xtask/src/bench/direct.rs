//! The pipeline called directly: the generator's example `pipeline`, a process that stays warm and answers line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

/// The process.
pub struct Direct {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What it says of a request.
#[derive(Deserialize)]
pub struct Made {
    /// How long the pipeline took.
    pub ms: f64,
    /// The hash of the bundle.
    pub sha256: String,
}

impl Direct {
    /// Starts it.
    pub fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let to = child.stdin.take().context("no way to it")?;
        let from = BufReader::new(child.stdout.take().context("no way from it")?);
        Ok(Self { child, to, from })
    }

    /// Makes what is asked for.
    pub fn make(&mut self, request: &Value) -> Result<Made> {
        writeln!(self.to, "{request}")?;
        let mut line = String::new();
        let read = self.from.read_line(&mut line)?;
        ensure!(read > 0, "the pipeline ended at {request}");
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // What ended already cannot be killed; either way it is over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
