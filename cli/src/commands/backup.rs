//! `songwalker backup` and `songwalker restore`: the whole data directory in one file, and back.

use std::path::Path;

use serde_json::json;
use songwalker_jobs::backup::{self, BackedUp, Restored};
use songwalker_schemas::ErrorCode;

use crate::args::{Backup, Restore};
use crate::commands::admin::on_existing_data_dir;
use crate::failure::Failure;
use crate::terminal::{self, BOLD, DIM, NOTICE, paint};
use crate::{logging, runtime, settings};

/// Writes the file.
pub fn run(args: &Backup) -> Result<(), Failure> {
    let made = on_existing_data_dir(&args.place, async |system| {
        Ok(backup::backup(system, &args.file).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!({
            "file": args.file.to_string_lossy(), "objects": made.objects, "bytes": made.bytes, "missing": made.missing,
        }));
    }
    let mut text = format!(
        "{}  {}\n",
        paint(BOLD, args.file.display()),
        paint(DIM, size(&made))
    );
    text.push_str(&missing(
        &made.missing,
        "were missing in the store and are not in it",
    ));
    terminal::print(&text)
}

fn size(made: &BackedUp) -> String {
    format!("{} bundles, {:.1} MB", made.objects, made.bytes as f64 / 1e6)
}

fn missing(keys: &[String], what: &str) -> String {
    keys.iter()
        .map(|key| format!("  {} {key}\n", paint(NOTICE, "!")))
        .chain((!keys.is_empty()).then(|| format!("  {} bundles {what}\n", keys.len())))
        .collect()
}

/// Brings a file back.
pub fn restore(args: &Restore) -> Result<(), Failure> {
    let config = settings::load(&args.place)?;
    logging::of_command(&config)?;
    let back =
        runtime::block_on(async { Ok(backup::restore(&args.file, &config.data_dir, args.force).await?) });
    let back = back.map_err(|failure: Failure| match failure.code() {
        Some(ErrorCode::VerificationFailed) => {
            failure.with_hint("name a file that `songwalker backup` wrote, whole as it was written")
        }
        _ => failure,
    })?;
    if args.json {
        return terminal::print_json(&json!({
            "data_dir": config.data_dir.to_string_lossy(), "objects": back.objects, "missing": back.missing,
            "moved_aside": back.moved_aside.as_ref().map(|path| path.to_string_lossy()),
        }));
    }
    terminal::print(&restored(&config.data_dir, &back))
}

fn restored(data_dir: &Path, back: &Restored) -> String {
    let mut text = format!(
        "{}  {}\n",
        paint(BOLD, data_dir.display()),
        paint(DIM, format!("{} bundles", back.objects))
    );
    if let Some(aside) = &back.moved_aside {
        text.push_str(&format!(
            "  {} {}\n",
            paint(DIM, "what was there before:"),
            aside.display()
        ));
    }
    text.push_str(&missing(&back.missing, "were missing when the backup was made"));
    text
}
