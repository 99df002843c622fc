//! Plays a preview with a player that the machine has.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::interrupt;

/// How long after a player's end a Ctrl-C that ended it may be heard here.
const HEARD_WITHIN: Duration = Duration::from_millis(100);

/// A program that plays a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Player {
    /// Its name on the search path.
    pub program: &'static str,
    arguments: &'static [&'static str],
    /// Whether it plays FLAC; one that does not would play it as noise.
    pub reads_flac: bool,
}

/// The players that are looked for, the best first.
pub const PLAYERS: [Player; 6] = [
    Player {
        program: "pw-play",
        arguments: &[],
        reads_flac: true,
    },
    Player {
        program: "paplay",
        arguments: &[],
        reads_flac: true,
    },
    Player {
        program: "aplay",
        arguments: &["-q"],
        reads_flac: false,
    },
    Player {
        program: "ffplay",
        arguments: &["-nodisp", "-autoexit", "-loglevel", "error"],
        reads_flac: true,
    },
    Player {
        program: "afplay",
        arguments: &[],
        reads_flac: true,
    },
    Player {
        program: "mpv",
        arguments: &["--no-video", "--really-quiet"],
        reads_flac: true,
    },
];

/// The players of this machine with where they are, the best first.
pub fn found() -> Vec<(Player, PathBuf)> {
    let folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    let on_path = |program: &str| {
        let file = format!("{program}{}", env::consts::EXE_SUFFIX);
        folders
            .iter()
            .map(|folder| folder.join(&file))
            .find(|path| is_program(path))
    };
    PLAYERS
        .iter()
        .filter_map(|player| Some((*player, on_path(player.program)?)))
        .collect()
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|told| told.is_file() && told.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Plays a FLAC file to its end with the first player that can. One that fails (no sound server, say) makes room for
/// the next; after Ctrl-C there is no next. `as_wav` makes the same sound as a WAV file, for players that need one.
///
/// # Errors
/// What to say where nothing could play it.
pub fn play(flac: &Path, as_wav: impl Fn() -> Option<tempfile::NamedTempFile>) -> Result<(), String> {
    let players = found();
    for (player, program) in &players {
        if interrupt::is_asked() {
            return Ok(());
        }
        let wav = if player.reads_flac { None } else { as_wav() };
        let file = match &wav {
            Some(wav) => wav.path(),
            None if player.reads_flac => flac,
            None => continue,
        };
        let mut command = Command::new(program);
        command
            .args(player.arguments)
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if command.status().is_ok_and(|status| status.success()) {
            return Ok(());
        }
        thread::sleep(HEARD_WITHIN);
    }
    if interrupt::is_asked() {
        return Ok(());
    }
    let names = |names: Vec<&str>| names.join(", ");
    if players.is_empty() {
        Err(format!(
            "no player found (looked for {})",
            names(PLAYERS.iter().map(|p| p.program).collect())
        ))
    } else {
        let tried = names(players.iter().map(|(player, _)| player.program).collect());
        Err(format!(
            "nothing could be played: {tried} failed; is there a sound device?"
        ))
    }
}
