//! The processes of the service, each with the same settings and nothing else of the caller's environment.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use songwalker_services::{Addresses, BUCKET};

/// How many users there are: none is refused for its quota.
pub const USERS: &str = "200";
/// How long a process may take to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it has.
const PAUSE: Duration = Duration::from_millis(20);

/// Where everything is.
pub struct Parts {
    built: PathBuf,
    /// Keys, logs.
    pub folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// A process that goes on until it is stopped.
pub struct Process {
    child: Child,
    /// What it says of itself when it is ready.
    pub told: Value,
    _output: BufReader<ChildStdout>,
}

impl Parts {
    /// Makes the database and the users.
    pub fn prepare(built: &Path, folder: &Path, addresses: &Addresses) -> Result<Self> {
        let of = |address: &Option<String>| address.clone().context("a server is missing");
        let s3 = of(&addresses.s3)?;
        let (keys, at) = s3
            .trim_start_matches("http://")
            .split_once('@')
            .context("no keys")?;
        let (access, secret) = keys.split_once(':').context("no secret")?;
        let settings = [
            ("DATABASE__URL", of(&addresses.postgres)?),
            ("QUEUE__URL", of(&addresses.rabbitmq)?),
            ("REDIS__URL", of(&addresses.redis)?),
            ("STORE__BUCKET", BUCKET.to_owned()),
            ("STORE__ENDPOINT", format!("http://{at}")),
            ("STORE__PATH_STYLE", "true".to_owned()),
            ("STORE__ACCESS_KEY", access.to_owned()),
            ("STORE__SECRET_KEY", secret.to_owned()),
            ("DATA_DIR", folder.join("data").display().to_string()),
            ("LOG__FORMAT", "json".to_owned()),
        ];
        let parts = Self {
            built: built.to_owned(),
            folder: folder.to_owned(),
            environment: settings
                .into_iter()
                .map(|(key, value)| (format!("SONGWALKER__{key}"), value))
                .collect(),
        };
        std::fs::create_dir_all(folder.join("data"))?;
        let migrated = parts.command("songwalker", &["migrate", "--json"]).output()?;
        ensure!(
            migrated.status.success(),
            "{}",
            String::from_utf8_lossy(&migrated.stderr)
        );
        let keys = parts.keys();
        parts.load(&["users", "--count", USERS, "--keys", &keys])?;
        Ok(parts)
    }

    /// The file with the users' keys.
    pub fn keys(&self) -> String {
        self.folder.join("keys").display().to_string()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.built.join(program));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", &self.folder)
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null());
        command
    }

    /// What a command of `songwalker-load` prints; null where it prints nothing.
    pub fn load(&self, arguments: &[&str]) -> Result<Value> {
        let done = self
            .command("songwalker-load", arguments)
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(done.status.success(), "{arguments:?} ended with {}", done.status);
        Ok(serde_json::from_slice(&done.stdout).unwrap_or(Value::Null))
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Result<Process> {
        let log = self.folder.join(format!("{}.log", arguments[0]));
        let mut child = self
            .command(program, arguments)
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let mut output = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let told = serde_json::from_str(&line);
        let process = Process {
            child,
            told: told.with_context(|| format!("{arguments:?} did not start, see {}", log.display()))?,
            _output: output,
        };
        Ok(process)
    }

    /// The scheduler: relay and sweeps.
    pub fn scheduler(&self) -> Result<Process> {
        self.start("songwalker", &["scheduler", "--json"])
    }

    /// The API, on a free port.
    pub fn api(&self) -> Result<Process> {
        self.start("songwalker", &["api", "--json", "--listen", "127.0.0.1:0"])
    }

    /// A real worker.
    pub fn worker(&self, slots: &str) -> Result<Process> {
        self.start("songwalker", &["worker", "--json", "--slots", slots])
    }

    /// Workers without a pipeline.
    pub fn idle_worker(&self, slots: &str) -> Result<Process> {
        self.start("songwalker-load", &["worker", "--slots", slots])
    }
}

impl Process {
    /// Its id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and its end.
    pub fn stop(mut self) -> Result<()> {
        let pid = self.pid().to_string();
        ensure!(
            Command::new("kill").args(["-TERM", &pid]).status()?.success(),
            "a process cannot be told to stop"
        );
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "a process does not stop");
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What ended already cannot be killed; either way it is over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
