//! `songwalker verify`: every file, hash and rule of a bundle, every fault listed.

use std::path::Path;

use serde_json::json;
use songwalker_generator::package::archive::MAX_TOTAL_BYTES;
use songwalker_generator::verify::{self, Report};
use songwalker_schemas::ErrorCode;

use crate::args::Verify;
use crate::failure::Failure;
use crate::terminal::{self, BOLD, DIM, GOOD, NOTICE, paint};
use crate::{source, whole_file};

/// In the folder of a bundle lies its zip too: it must be what the files beside it make.
fn check_packed_beside(folder: &Path, report: &Report, zip: &[u8]) -> Result<(), Failure> {
    let stem = report.manifest.files.iter().find_map(|file| {
        let name = file.path.strip_prefix("vital/")?;
        name.strip_suffix(".vital")
    });
    let Some(packed) = stem.map(|stem| folder.join(format!("{stem}.zip"))) else {
        return Ok(());
    };
    if !packed.is_file() {
        return Ok(());
    }
    let bytes = whole_file::read(&packed, MAX_TOTAL_BYTES as usize, ErrorCode::VerificationFailed)?;
    if bytes == zip {
        return Ok(());
    }
    let message = format!("{} is not what the files beside it make", packed.display());
    Err(Failure::new(ErrorCode::VerificationFailed, message)
        .with_hint("the files themselves are sound: make the bundle again for a sound zip"))
}

/// Checks, and says what was checked.
pub fn run(args: &Verify) -> Result<(), Failure> {
    let zip = source::bundle_zip(&args.bundle)?;
    source::refuse_what_is_no_zip(&args.bundle, &zip, ErrorCode::VerificationFailed)?;
    let report = verify::verify(&zip).map_err(|error| {
        let count = error.faults.len();
        let message = format!(
            "{} has {count} fault{}",
            args.bundle.display(),
            if count == 1 { "" } else { "s" }
        );
        Failure::new(error.code(), message).with_faults(error.details())
    })?;
    check_packed_beside(&args.bundle, &report, &zip)?;
    let files = report.manifest.files.len() + 1;
    if args.json {
        return terminal::print_json(&json!({
            "name": report.patch.name, "files": files, "bytes": zip.len(), "sha256": report.zip_sha256,
            "bundle_sha256": report.manifest.bundle_sha256, "notes": report.notes,
        }));
    }
    let mut text = format!(
        "{} {}  {files} files, every hash and rule holds\n  {}  {}\n",
        paint(GOOD, "✓"),
        paint(BOLD, terminal::clean(&report.patch.name)),
        paint(DIM, "sha256"),
        report.zip_sha256,
    );
    for note in &report.notes {
        text.push_str(&format!(
            "  {}  {}\n",
            paint(NOTICE, "note"),
            terminal::clean(note)
        ));
    }
    terminal::print(&text)
}
