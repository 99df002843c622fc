//! Where things are: the workspace, its target directory, cargo, and the product's binaries.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What every dev build is made of: another choice of packages or features would be another build.
pub const EVERYTHING: [&str; 3] = ["--workspace", "--features", "failpoints,distributed"];

/// The workspace that this command was started for.
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo builds to; also where throw-away things go.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the workspace by cargo's word, or upwards from the current directory.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("the current directory cannot be read")?;
        let start = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| here.clone(), PathBuf::from);
        let root = start
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .context("no workspace here: Cargo.lock was not found")?
            .to_path_buf();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |t| here.join(t));
        Ok(Self { root, target })
    }

    /// A cargo call in the workspace, with the same settings for every call: one build serves all. Calls that build for
    /// the tests name [`EVERYTHING`] too.
    pub fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            // rustfmt colours what no terminal sees unless the terminal is called dumb.
            command.env("TERM", "dumb");
            if std::env::var_os("CARGO_TERM_COLOR").is_none() {
                command.env("CARGO_TERM_COLOR", "never");
            }
        }
        command
    }

    /// The dev build of the product, beside all test targets: the same units as the tests use, failpoints included.
    pub fn dev_binary(&self) -> Result<PathBuf> {
        execute(self.cargo(["build", "--bins", "--tests"]).args(EVERYTHING))?;
        Ok(self.target.join("debug/songwalker"))
    }

    /// The given binary, or else the release build of the product.
    pub fn release_binary(&self, given: Option<&Path>) -> Result<PathBuf> {
        if let Some(path) = given {
            return path
                .canonicalize()
                .with_context(|| format!("{} is not there", path.display()));
        }
        execute(&mut self.cargo(["build", "--release", "--package", "songwalker"]))?;
        Ok(self.target.join("release/songwalker"))
    }

    /// A script of the `tests/` folder.
    pub fn script(&self, name: &str) -> PathBuf {
        self.root.join("tests").join(name)
    }
}

/// Runs a command with its output shown; an exit code other than 0 is an error.
pub fn execute(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{} cannot be started", named(command)))?;
    if status.success() {
        Ok(())
    } else {
        bail!("{} ended with {status}", named(command))
    }
}

/// Runs a command and returns what it printed; its standard error is shown.
pub fn output(command: &mut Command) -> Result<String> {
    let done = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} cannot be started", named(command)))?;
    if !done.status.success() {
        bail!("{} ended with {}", named(command), done.status);
    }
    String::from_utf8(done.stdout).with_context(|| format!("{} printed what is not UTF-8", named(command)))
}

/// Whether a command can be started and succeeds; nothing is shown.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Program and first arguments, for messages.
fn named(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let arguments = command
        .get_args()
        .take(3)
        .map(|a| a.to_string_lossy().into_owned());
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
