//! Processes of servers: started as an account that they accept, in a group of their own, waited for, and ended.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is asked for meanwhile.
const PAUSE: Duration = Duration::from_millis(20);

/// As whom a server runs: most refuse root, and have an account of their own where they were installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// As whoever runs this.
    Own,
    /// As this account; only root can.
    Other(String),
}

impl Account {
    /// `name`'s account where this is root's, else one's own.
    #[must_use]
    pub fn of_server(name: &str) -> Self {
        if rustix::process::geteuid().is_root() {
            Self::Other(name.to_owned())
        } else {
            Self::Own
        }
    }

    /// A command that this account runs.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::Other(name) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={name}"))
                    .arg(format!("--regid={name}"))
                    .arg("--init-groups")
                    .arg(program);
                command
            }
        }
    }

    /// Gives a folder with all that is in it to this account.
    ///
    /// # Errors
    /// It cannot be given.
    pub fn own(&self, folder: &Path) -> Result<()> {
        let Self::Other(name) = self else { return Ok(()) };
        run(Command::new("chown")
            .arg("-R")
            .arg(format!("{name}:{name}"))
            .arg(folder))
    }
}

/// Runs a command to its end.
///
/// # Errors
/// It fails; what it printed is told.
pub fn run(command: &mut Command) -> Result<()> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(
        done.status.success(),
        "{command:?} ended with {}: {}{}",
        done.status,
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

/// Starts a server in a process group of its own, which outlives this process; what it prints goes to `log`.
///
/// # Errors
/// It cannot be started.
pub fn launch(command: &mut Command, log: &Path) -> Result<u32> {
    let out = File::options().create(true).append(true).open(log)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .process_group(0)
        .spawn()
        .with_context(|| format!("{command:?} cannot be started"))?;
    let group = child.id();
    // Whoever started it reaps it, so that a group that has ended is gone.
    std::thread::spawn(move || child.wait());
    Ok(group)
}

/// Sends a signal to a server's group; one that is gone is fine.
pub fn signal(group: u32, signal: Signal) {
    if let Some(group) = pid(group) {
        let _ = kill_process_group(group, signal);
    }
}

/// Whether anything of the group is there.
#[must_use]
pub fn is_there(group: u32) -> bool {
    pid(group).is_some_and(|group| test_kill_process_group(group).is_ok())
}

fn pid(group: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(group).ok()?)
}

/// Ends a group: asked first, killed where it does not go.
pub fn end(group: u32) {
    signal(group, Signal::TERM);
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_there(group) && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
    kill(group);
}

/// `kill -9` on a group, and its end.
pub fn kill(group: u32) {
    signal(group, Signal::KILL);
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_there(group) && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
}

/// Waits until `answers` says yes.
///
/// # Errors
/// It does not in time.
pub fn until(what: &str, log: &Path, answers: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !answers() {
        if Instant::now() >= deadline {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let from = said.len().saturating_sub(2_000);
            bail!(
                "{what} does not answer:\n{}",
                said.get(from..).unwrap_or_default()
            );
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// A connection to a port of this machine.
#[must_use]
pub fn connect(port: u16) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(
        &SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Duration::from_secs(1),
    )
    .ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    Some(stream)
}

/// A port that nobody uses.
///
/// # Errors
/// There is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The first of these programs that is there, looked for in the `PATH` too where it has no folder.
#[must_use]
pub fn program(candidates: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.iter().find_map(|candidate| {
        let folders: Vec<PathBuf> = if candidate.contains('/') {
            vec![PathBuf::new()]
        } else {
            std::env::split_paths(&path).collect()
        };
        folders
            .into_iter()
            .map(|folder| folder.join(candidate))
            .find(|file| file.is_file())
    })
}
