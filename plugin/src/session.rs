//! What the program without a host remembers from one start to the next; with a host, its project does.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use nice_plug::params::{FloatParam, Param as _};
use serde::{Deserialize, Serialize};

use crate::instance::Instance;
use crate::load::cache::write_whole;
use crate::load::read_file;
use crate::params::{PluginParams, put};
use crate::{settings, state};

const FILE: &str = "session.json";
/// What could not be read is kept under this name.
const UNREAD: &str = "session-unread.json";
/// The version that is written.
const VERSION: u32 = 1;
const MAX_BYTES: usize = 256 << 20;

static IS_KEPT: AtomicBool = AtomicBool::new(false);

/// From now on what this process plays is remembered.
pub fn keep() {
    IS_KEPT.store(true, Ordering::Relaxed);
}

/// Whether what this process plays is remembered.
#[must_use]
pub fn is_kept() -> bool {
    IS_KEPT.load(Ordering::Relaxed)
}

#[derive(Serialize, Deserialize)]
struct Session {
    version: u32,
    /// As [`state::write`] gives it.
    rack: String,
    /// Master volume and balance, 0..1.
    master: [f32; 2],
    /// By place, as [`crate::params::SlotParams::normalized`] gives them.
    slots: Vec<Vec<f32>>,
}

fn file(name: &str) -> Option<PathBuf> {
    Some(settings::folder()?.join(name))
}

fn master(params: &PluginParams) -> [&FloatParam; 2] {
    [&params.volume, &params.pan]
}

/// Remembers the rack and where everything stands.
///
/// # Errors
/// The disk says no.
pub fn save(instance: &Instance, params: &PluginParams) -> std::io::Result<()> {
    let file = file(FILE).ok_or(std::io::ErrorKind::NotFound)?;
    let session = Session {
        version: VERSION,
        rack: state::write(&instance.rack()).map_err(std::io::Error::other)?,
        master: master(params).map(|param| param.unmodulated_normalized_value()),
        slots: params.slots.iter().map(|slot| slot.normalized()).collect(),
    };
    write_whole(&file, &serde_json::to_vec(&session)?)
}

/// Goes on where the last start ended; nothing where there was none.
///
/// # Errors
/// The last session cannot be read, in one sentence; it is kept beside.
pub fn open(instance: &Instance, params: &PluginParams) -> Result<(), String> {
    let Some(bytes) = file(FILE).and_then(|file| read_file(&file, MAX_BYTES).ok()) else {
        return Ok(());
    };
    let read = || -> Result<_, String> {
        let session: Session = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if session.version > VERSION {
            return Err("a newer SongWalker wrote it".to_owned());
        }
        let rack = state::read(&session.rack).map_err(|error| error.to_string())?;
        Ok((session, rack))
    };
    match read() {
        Ok((session, rack)) => {
            for (param, value) in master(params).into_iter().zip(session.master) {
                put(param, param.preview_plain(value.clamp(0.0, 1.0)));
            }
            for (slot, values) in params.slots.iter().zip(&session.slots) {
                slot.put_normalized(values);
            }
            instance.restore(rack);
            Ok(())
        }
        Err(problem) => {
            let kept = file(FILE).zip(file(UNREAD));
            let _moved = kept.map(|(from, to)| std::fs::rename(from, to));
            Err(format!(
                "The last session cannot be read, and is kept as {UNREAD}: {problem}."
            ))
        }
    }
}
