//! PostgreSQL: a cluster of its own whose superuser needs no password from this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Server, folder};
use crate::process::{self, Account, free_port, launch, run, until};

/// A PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    group: u32,
    account: Account,
    programs: PathBuf,
}

/// Where Debian puts the programs of its newest version.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .flatten()
                .map(|version| version.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    found.retain(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file());
    found.sort();
    found
        .pop()
        .or_else(|| process::program(&["initdb"])?.parent().map(Path::to_path_buf))
}

/// Runs one statement on the server at `url`.
///
/// # Errors
/// It fails.
pub fn query(url: &str, statement: &str) -> Result<()> {
    let psql = programs()
        .map(|programs| programs.join("psql"))
        .filter(|psql| psql.is_file())
        .or_else(|| process::program(&["psql"]))
        .context("psql is not installed")?;
    run(std::process::Command::new(psql).args(["-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]))
}

impl Postgres {
    /// Whether it can be started on this machine.
    #[must_use]
    pub fn is_installed() -> bool {
        programs().is_some()
    }

    /// A new cluster below `parent`, started.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn new(parent: &Path) -> Result<Self> {
        let mut server = Self {
            folder: folder(parent, "postgres")?,
            port: free_port()?,
            group: 0,
            account: Account::of_server("postgres"),
            programs: programs().context("PostgreSQL is not installed")?,
        };
        server.account.own(&server.folder)?;
        run(server
            .account
            .command(&server.programs.join("initdb"))
            .current_dir(&server.folder)
            .arg("-D")
            .arg(server.folder.join("data"))
            .args([
                "-U",
                "postgres",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
            ]))?;
        server.start()?;
        Ok(server)
    }
}

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn group(&self) -> u32 {
        self.group
    }

    fn start(&mut self) -> Result<()> {
        let log = self.folder.join("log");
        let sockets = format!("unix_socket_directories={}", self.folder.display());
        let data = self.folder.join("data");
        // Whoever killed it left this behind; the group is known to be gone.
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        self.group = launch(
            self.account
                .command(&self.programs.join("postgres"))
                .current_dir(&self.folder)
                .arg("-D")
                .arg(data)
                .args(["-p", &self.port.to_string()])
                .args(["-c", "listen_addresses=127.0.0.1", "-c", &sockets])
                .args(["-c", "max_connections=300"]),
            &log,
        )?;
        let ready = self.programs.join("pg_isready");
        let port = self.port.to_string();
        until(self.name(), &log, || {
            run(std::process::Command::new(&ready).args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok()
        })
    }

    fn stop(&mut self) {
        // The fast way of PostgreSQL: connections are cut, nothing is lost.
        process::signal(self.group, rustix::process::Signal::INT);
        process::end(self.group);
    }
}
