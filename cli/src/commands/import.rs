//! `songwalker import`: another synthesiser's file as a patch, with its assets beside it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde_json::json;
use songwalker_generator::assets::AssetError;
use songwalker_generator::import::{self, ImportError, MAX_PRESET_BYTES};
use songwalker_schemas::ErrorCode;

use crate::args::{Import, Synth};
use crate::failure::Failure;
use crate::terminal::{self, BOLD, DIM, NOTICE, clean, paint};
use crate::whole_file;

/// Imports, and says what the patch cannot carry.
pub fn run(args: &Import) -> Result<(), Failure> {
    let bytes = whole_file::read(&args.file, MAX_PRESET_BYTES, ErrorCode::InvalidPatch)?;
    let name = args.file.file_stem().map(|stem| stem.to_string_lossy());
    let made = match args.format {
        Synth::Vital => import::vital(&bytes, name.as_deref()),
    };
    let made = made.map_err(|error| refused(&args.file, &error))?;
    let patch = made.patch.to_canonical();
    may_be_written(&args.out, &patch, args.force)?;
    let folder = args.out.parent().unwrap_or_else(|| Path::new(""));
    is_a_place_for_a_file(&args.out, folder)?;
    // The assets first: a patch that is there can be played.
    made.assets.write_beside(folder).map_err(|error| match &error {
        AssetError::Io { path, error } => Failure::writing(path, error),
        other => Failure::new(ErrorCode::Internal, other.to_string()),
    })?;
    whole_file::write(&args.out, |file| file.write_all(&patch))?;

    let assets: Vec<&str> = made.assets.files().map(|(path, _)| path).collect();
    if args.json {
        return terminal::print_json(&json!({
            "patch": args.out.to_string_lossy(), "name": made.patch.name, "assets": assets, "warnings": made.warnings,
        }));
    }
    let meta = &made.patch.meta;
    let author = if meta.author.is_empty() {
        "unknown"
    } else {
        &meta.author
    };
    let licence = if meta.license == "NOASSERTION" {
        "not said"
    } else {
        &meta.license
    };
    let mut text = format!(
        "{}  {}\n  {}  {}\n  {}  {}\n",
        paint(BOLD, args.out.display()),
        clean(&made.patch.name),
        paint(DIM, "by"),
        clean(author),
        paint(DIM, "licence"),
        clean(licence),
    );
    if !assets.is_empty() {
        text.push_str(&format!(
            "  {}  {} in {}\n",
            paint(DIM, "assets"),
            assets.len(),
            folder.join("assets").display()
        ));
    }
    for warning in &made.warnings {
        text.push_str(&format!(
            "  {}  {}: {}\n",
            paint(NOTICE, "not carried"),
            clean(&warning.feature),
            clean(&warning.detail)
        ));
    }
    terminal::print(&text)
}

fn refused(file: &Path, error: &ImportError) -> Failure {
    Failure::new(error.code(), format!("cannot import {}: {error}", file.display()))
        .with_faults(error.details())
        .with_hint(error.hint())
}

/// Says early where the patch cannot stand, before its assets do.
fn is_a_place_for_a_file(out: &Path, folder: &Path) -> Result<(), Failure> {
    let kind = if out.is_dir() {
        ErrorKind::IsADirectory
    } else if !folder.as_os_str().is_empty() && !folder.is_dir() {
        ErrorKind::NotFound
    } else {
        return Ok(());
    };
    Err(Failure::writing(out, &kind.into()))
}

/// Refuses to replace another patch that nobody said may go.
fn may_be_written(out: &Path, patch: &[u8], force: bool) -> Result<(), Failure> {
    if force || !out.is_file() || fs::read(out).is_ok_and(|there| there == patch) {
        return Ok(());
    }
    Err(
        Failure::new(ErrorCode::Conflict, format!("{} is there already", out.display()))
            .with_hint("name another file with --out, or replace it with --force"),
    )
}
