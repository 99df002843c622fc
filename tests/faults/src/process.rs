//! A process of the product: started, killed, frozen, and started again by whoever looks after it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

use crate::plan::Role;

/// What a prompt holds that kills the process that plans it, each time.
pub const POISON: &str = "POISON";

/// A process.
#[derive(Debug)]
pub struct Process {
    /// What it is.
    pub role: Role,
    name: String,
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
    reached: watch::Receiver<bool>,
}

/// How a process ended that nobody ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub name: String,
    /// A crash, rather than an exit with a reason in its log.
    pub is_crash: bool,
    /// The status.
    pub status: String,
}

impl Process {
    /// A process that is not started yet; its log goes to a file in `logs`.
    pub fn new(
        role: Role,
        number: usize,
        binary: &Path,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
        logs: &Path,
    ) -> Self {
        let name = format!("{}-{number}", role.name());
        Self {
            role,
            log: logs.join(format!("{name}.log")),
            name,
            binary: binary.to_owned(),
            arguments,
            environment,
            child: None,
            reached: watch::channel(false).1,
        }
    }

    /// Starts it, with failpoints and with children that go wrong.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self, failpoints: &str, children: &str) -> Result<()> {
        let mut misbehave = format!("crash:prompt-contains:{POISON}");
        if !children.is_empty() {
            misbehave = format!("{misbehave};{children}");
        }
        let mut child = Command::new(&self.binary)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("SONGWALKER_FAILPOINTS", failpoints)
            .env("SONGWALKER_CHILD_MISBEHAVE", misbehave)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", self.binary.display()))?;
        let (tell, reached) = watch::channel(false);
        self.reached = reached;
        let mut log = File::options().create(true).append(true).open(&self.log)?;
        if let Some(out) = child.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let _ = writeln!(log, "{line}");
                    if line.contains("failpoint reached") {
                        let _ = tell.send(true);
                    }
                }
            });
        }
        self.child = Some(child);
        Ok(())
    }

    /// Becomes true when it stands at its failpoint; ends when it ends.
    pub fn reached(&self) -> watch::Receiver<bool> {
        self.reached.clone()
    }

    /// `kill -9`, and its end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self
            .child
            .as_ref()
            .and_then(|child| i32::try_from(child.id()).ok());
        if let Some(pid) = id.and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Whether it has ended after a signal of ours.
    pub fn is_over(&mut self) -> bool {
        let over = match &mut self.child {
            Some(child) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => true,
        };
        if over {
            self.child = None;
        }
        over
    }

    /// How it ended, if it did and nobody of ours ended it.
    pub fn ended_by_itself(&mut self) -> Option<Ended> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        self.child = None;
        Some(Ended {
            name: self.name.clone(),
            is_crash: status.signal().is_some() || status.code() == Some(101),
            status: status.to_string(),
        })
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
