//! An S3 server that checks signatures, checksums and conditions: `s3s-fs`, which keeps objects as files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Server, folder};
use crate::process::{connect, free_port, launch, until};

/// The version that builds with our compiler; cargo installs it.
pub const VERSION: &str = "0.14.1";

/// By whom it lets itself be asked: it holds nothing of worth.
const ACCESS_KEY: &str = "songwalkertest";
const SECRET_KEY: &str = "songwalkertestsecret";

/// The bucket that is there from the start.
pub const BUCKET: &str = "songwalker-test";

/// An S3 server.
#[derive(Debug)]
pub struct S3 {
    folder: PathBuf,
    port: u16,
    group: u32,
    program: PathBuf,
}

impl S3 {
    /// A new server below `parent`, started by the given program.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn new(parent: &Path, program: &Path) -> Result<Self> {
        let mut server = Self {
            folder: folder(parent, "s3")?,
            port: free_port()?,
            group: 0,
            program: program.to_owned(),
        };
        folder(&server.data(), BUCKET)?;
        server.start()?;
        Ok(server)
    }

    /// The folder in which it keeps its buckets.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The address without the keys.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Server for S3 {
    fn name(&self) -> &'static str {
        "S3"
    }

    fn url(&self) -> String {
        format!("http://{ACCESS_KEY}:{SECRET_KEY}@127.0.0.1:{}", self.port)
    }

    fn group(&self) -> u32 {
        self.group
    }

    fn start(&mut self) -> Result<()> {
        let log = self.folder.join("log");
        self.group = launch(
            std::process::Command::new(&self.program)
                .current_dir(&self.folder)
                .args(["--host", "127.0.0.1", "--port", &self.port.to_string()])
                .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
                .arg(self.data()),
            &log,
        )
        .context("the S3 server")?;
        let port = self.port;
        until(self.name(), &log, || connect(port).is_some())
    }
}
