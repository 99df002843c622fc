//! The processes of a service: started, heard, told to stop, killed. Shared by the test and by whoever adds and removes
//! processes meanwhile.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::service::{Settings, binary, command};

/// One of them.
#[derive(Debug)]
struct Process {
    /// What it does: `api`, `worker`, `scheduler`, `serve`.
    part: String,
    child: Child,
    /// It was told to stop: a second word would end it at once.
    is_told: bool,
}

/// What is there now.
#[derive(Debug, Default)]
struct Inner {
    running: Vec<Process>,
    /// The service ends: nothing is started any more.
    is_closed: bool,
}

/// The processes of one service; clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    inner: Arc<Mutex<Inner>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Processes {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts one; its id, or nothing where the service ends.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self, dir: &Path, settings: &Settings, arguments: &[&str]) -> Result<Option<u32>> {
        let mut inner = self.inner();
        if inner.is_closed {
            return Ok(None);
        }
        let mut child = command(dir, settings)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", binary().display()))?;
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|out| Box::new(out) as _),
            child.stderr.take().map(|out| Box::new(out) as _),
        ];
        for output in outputs.into_iter().flatten() {
            let processes = self.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    processes.lines().push(line);
                }
            });
        }
        let pid = child.id();
        let part = arguments.first().copied().unwrap_or_default().to_owned();
        inner.running.push(Process {
            part,
            child,
            is_told: false,
        });
        Ok(Some(pid))
    }

    /// What they have printed.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.lines().clone()
    }

    /// The ids of those that were not told to stop, of one part, or all.
    #[must_use]
    pub fn ids(&self, part: Option<&str>) -> Vec<u32> {
        let inner = self.inner();
        let wanted = |process: &&Process| !process.is_told && part.is_none_or(|part| process.part == part);
        inner
            .running
            .iter()
            .filter(wanted)
            .map(|process| process.child.id())
            .collect()
    }

    /// What one has said of itself, once it does its part.
    #[must_use]
    pub fn announced(&self, pid: u32) -> Option<Value> {
        let lines = self.lines();
        let own = lines
            .iter()
            .filter(|line| line.starts_with("{\"") && line.contains("\"part\":"));
        own.filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["part"].is_string() && line["pid"] == pid)
    }

    /// None may have ended by itself.
    ///
    /// # Errors
    /// One has.
    pub fn check(&self) -> Result<()> {
        for process in &mut self.inner().running {
            if let Some(status) = process.child.try_wait()? {
                bail!("a process ({}) ended with {status}", process.part);
            }
        }
        Ok(())
    }

    /// SIGTERM, once.
    ///
    /// # Errors
    /// It is no process of ours.
    pub fn tell_to_stop(&self, pid: u32) -> Result<()> {
        let mut inner = self.inner();
        let mut processes = inner.running.iter_mut();
        let Some(process) = processes.find(|process| process.child.id() == pid && !process.is_told) else {
            return Ok(());
        };
        process.is_told = true;
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("no id of a process")?;
        Ok(rustix::process::kill_process(pid, rustix::process::Signal::TERM)?)
    }

    /// Whether one has ended, which it must have done well.
    ///
    /// # Errors
    /// It ended otherwise.
    pub fn has_ended(&self, pid: u32) -> Result<bool> {
        let mut inner = self.inner();
        let Some(at) = inner.running.iter().position(|process| process.child.id() == pid) else {
            return Ok(true);
        };
        let Some(status) = inner.running[at].child.try_wait()? else {
            return Ok(false);
        };
        let process = inner.running.remove(at);
        ensure!(
            status.success(),
            "a process ({}) ended with {status}",
            process.part
        );
        Ok(true)
    }

    /// Whether the service ends, or has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner().is_closed
    }

    /// From now on nothing is started; those that are there.
    pub fn close(&self) -> Vec<u32> {
        let mut inner = self.inner();
        inner.is_closed = true;
        inner.running.iter().map(|process| process.child.id()).collect()
    }

    /// `kill -9` on every one, and their end.
    ///
    /// # Errors
    /// One is no process of ours.
    pub fn kill(&self) -> Result<()> {
        let mut inner = self.inner();
        inner.is_closed = true;
        for process in &mut inner.running {
            process.child.kill()?;
        }
        for process in &mut inner.running {
            process.child.wait()?;
        }
        inner.running.clear();
        Ok(())
    }
}
