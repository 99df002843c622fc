//! Redis: in memory only.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Server, folder};
use crate::process::{self, connect, free_port, launch, until};

/// A Redis server.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    port: u16,
    group: u32,
}

impl Redis {
    /// Whether it can be started on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        process::program(&["redis-server"]).is_some()
    }

    /// A new server below `parent`, started.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn new(parent: &Path) -> Result<Self> {
        let mut server = Self {
            folder: folder(parent, "redis")?,
            port: free_port()?,
            group: 0,
        };
        server.start()?;
        Ok(server)
    }
}

impl Server for Redis {
    fn name(&self) -> &'static str {
        "Redis"
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn group(&self) -> u32 {
        self.group
    }

    fn start(&mut self) -> Result<()> {
        let program = process::program(&["redis-server"]).context("Redis is not installed")?;
        let log = self.folder.join("log");
        self.group = launch(
            std::process::Command::new(program)
                .current_dir(&self.folder)
                .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
                .args(["--save", "", "--appendonly", "no"]),
            &log,
        )?;
        let port = self.port;
        until(self.name(), &log, || {
            let Some(mut stream) = connect(port) else {
                return false;
            };
            let mut answer = [0; 5];
            stream.write_all(b"PING\r\n").is_ok()
                && stream.read_exact(&mut answer).is_ok()
                && &answer == b"+PONG"
        })
    }
}
