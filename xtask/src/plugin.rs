//! The step `plugin`: the built plugin in hosts that people use. VST3 in `pedalboard` and `dawdreamer`, CLAP in a host of the
//! project's own, for a minute too, all on a build that ends where its audio thread allocates; the program without a host
//! on a machine without a sound card. Each host is a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::bundle;
use crate::python;
use crate::steps::Outcome;
use crate::workspace::{EVERYTHING, Workspace, execute};

/// The CLAP host, built like everything that tests.
pub fn host(workspace: &Workspace) -> Result<PathBuf> {
    workspace.dev_binary()?;
    Ok(workspace.target.join("debug/songwalker-plugin-host"))
}

/// Most lines of the plugin's log that are shown where a host fails.
const LOG_LINES: usize = 40;

/// Runs a host with settings, cache and log of its own, so that it sees nobody's. The log, which is full of what wrong
/// projects and servers are answered with, is shown only where the host fails.
fn execute_apart(workspace: &Workspace, command: &mut Command) -> Result<()> {
    let log = workspace.target.join("plugin-log.txt");
    // The plugin appends to it.
    std::fs::write(&log, "").with_context(|| log.display().to_string())?;
    command
        .env("SONGWALKER_PLUGIN_HOME", workspace.target.join("plugin-home"))
        .env("NICE_LOG", &log);
    execute(command).inspect_err(|_| {
        let told = std::fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = told.lines().collect();
        for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
            println!("log: {line}");
        }
    })
}

/// Runs everything; the real hosts only where their Python is there.
pub fn run(workspace: &Workspace, python: Option<&Path>) -> Result<Outcome> {
    let host = host(workspace)?;
    // One build for all: the release as users get it, but it ends where its audio thread allocates, in every host.
    let folder = workspace.target.join("rtcheck-bundled");
    let bundled = bundle::bundle(workspace, "rtcheck", &["assert-no-alloc"], None, &folder)?;
    for what in ["check", "endure"] {
        execute_apart(workspace, Command::new(&host).arg(what).arg(&bundled.clap))?;
    }

    let Some(python) = python else {
        return Ok(Outcome::Skipped(
            "only the CLAP host was run: no Python environment with pedalboard and dawdreamer".to_owned(),
        ));
    };
    let songwalker = workspace.dev_binary()?;
    let mut scripts = vec!["plugin/pedalboard_host.py", "plugin/dawdreamer_host.py"];
    if has_screen() {
        scripts.push("plugin/editor.py");
    }
    let is_alone = has_screen() && has_sound();
    if is_alone {
        scripts.push("plugin/standalone.py");
    }
    let standalone = match is_alone {
        true => build_standalone(workspace)?,
        false => PathBuf::new(),
    };
    for script in scripts {
        let mut command = python::script(workspace, python, script);
        command
            .arg("--plugin")
            .arg(&bundled.vst3)
            .arg("--host")
            .arg(&host)
            .arg("--songwalker")
            .arg(&songwalker)
            .arg("--standalone")
            .arg(&standalone)
            .arg("--pictures")
            .arg(workspace.target.join("plugin-pictures"));
        execute_apart(workspace, &mut command)?;
    }
    if !has_screen() {
        return Ok(Outcome::Skipped(
            "the editor was not driven: no Xvfb, openbox, xdotool or ImageMagick".to_owned(),
        ));
    }
    if !is_alone {
        return Ok(Outcome::Skipped(
            "the program without a host was not built: no headers of ALSA and JACK".to_owned(),
        ));
    }
    Ok(Outcome::Passed)
}

/// The program without a host, with the features of everything else that is built for tests: so little is built again.
fn build_standalone(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo(["build", "--bin", "songwalker-standalone"]);
    let cargo = cargo
        .args(EVERYTHING)
        .args(["--features", "songwalker-plugin/standalone"]);
    execute(cargo)?;
    Ok(workspace.target.join("debug/songwalker-standalone"))
}

/// What the program without a host is built with on Linux, by the names of `pkg-config` and of the packages that have them.
pub const SOUND: [(&str, &str); 2] = [("alsa", "libasound2-dev"), ("jack", "libjack-jackd2-dev")];

/// Whether `pkg-config` knows a library.
pub fn is_known(library: &str) -> bool {
    let mut command = Command::new("pkg-config");
    let told = command.args(["--exists", library]).stderr(Stdio::null()).status();
    told.is_ok_and(|status| status.success())
}

fn has_sound() -> bool {
    SOUND.iter().all(|(library, _)| is_known(library))
}

/// Programs that the editor is driven with, by the packages that have them.
pub const SCREEN: [(&str, &str); 4] = [
    ("Xvfb", "xvfb"),
    ("openbox", "openbox"),
    ("xdotool", "xdotool"),
    ("import", "imagemagick"),
];

/// Whether a program is on the path; some of these open a window where they are asked for their version.
pub fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn has_screen() -> bool {
    SCREEN.iter().all(|(program, _)| is_there(program))
}
