//! `songwalker verify`: every file, hash and rule of a bundle, every fault listed.

use serde_json::json;
use songwalker_generator::verify;
use songwalker_schemas::ErrorCode;

use crate::args::Verify;
use crate::failure::Failure;
use crate::source;
use crate::terminal::{self, BOLD, DIM, GOOD, NOTICE, paint};

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
