//! What a command is given to work on: a patch or an intent as JSON, a bundle as its zip or as the folder that it was
//! unpacked to. Nothing in them is trusted: sizes are bounded before reading, every rule and hash is checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use songwalker_generator::assets::{AssetError, PatchAssets};
use songwalker_generator::package::archive::{self, MAX_ENTRIES, MAX_TOTAL_BYTES};
use songwalker_generator::package::layout;
use songwalker_generator::verify::{self, BundleFault, Report, VerifyError};
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::limits::MAX_PATCH_BYTES;
use songwalker_schemas::{ErrorCode, Faults, Intent, PatchSpec, json_schema, structure};

use crate::failure::Failure;
use crate::whole_file;

/// Largest intent that is read, bytes.
const MAX_INTENT_BYTES: usize = 1 << 20;

/// How every zip begins.
const ZIP_START: &[u8] = b"PK";

/// A bundle whose every file, hash and rule was checked.
#[derive(Debug)]
pub struct Bundle {
    /// Its zip; of a folder, the zip that it makes.
    pub zip: Vec<u8>,
    /// What stands in it.
    pub report: Report,
}

/// A patch with the wavetables and samples that it names.
#[derive(Debug)]
pub struct Sound {
    /// The patch.
    pub patch: PatchSpec,
    /// What stands beside it.
    pub assets: PatchAssets,
}

/// Whether a path is a bundle: a folder, or a zip.
pub fn is_bundle(path: &Path) -> bool {
    let mut start = [0; ZIP_START.len()];
    path.is_dir()
        || (fs::metadata(path).is_ok_and(|told| told.is_file())
            && fs::File::open(path)
                .is_ok_and(|mut file| std::io::Read::read_exact(&mut file, &mut start).is_ok())
            && start == ZIP_START)
}

/// The patch of a JSON file, with the assets beside it, or of a bundle.
///
/// # Errors
/// `not_found`, `storage_unavailable`, `invalid_patch` with every fault, those of [`bundle`]; of an asset that it
/// plays `not_found`, of one that is not what its name says `verification_failed`.
pub fn sound(path: &Path) -> Result<Sound, Failure> {
    let bundled = |patch: PatchSpec| {
        let none = |_: &str, _: usize| Ok(None);
        let assets = PatchAssets::read(&patch, none).map_err(|error| refused_asset(path, &error))?;
        Ok(Sound { patch, assets })
    };
    if path.is_dir() {
        return bundled(bundle(path)?.report.patch);
    }
    let bytes = read_json_or_zip(path, MAX_PATCH_BYTES, ErrorCode::InvalidPatch)?;
    if bytes.starts_with(ZIP_START) {
        return bundled(checked(path, bytes)?.report.patch);
    }
    let patch = PatchSpec::from_json(&bytes)
        .map_err(|faults| Failure::of_document(ErrorCode::InvalidPatch, path, "patch", &faults))?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let assets = PatchAssets::read_beside(&patch, folder).map_err(|error| refused_asset(path, &error))?;
    Ok(Sound { patch, assets })
}

/// Why the assets of a patch cannot be had.
fn refused_asset(patch: &Path, error: &AssetError) -> Failure {
    let code = match error {
        AssetError::Missing(_) => ErrorCode::NotFound,
        AssetError::Damaged { .. } => ErrorCode::VerificationFailed,
        AssetError::Invalid { .. } | AssetError::TooLarge { .. } => ErrorCode::InvalidPatch,
        AssetError::Io { path, error } => return Failure::reading(path, error),
    };
    Failure::new(code, format!("{}: {error}", patch.display()))
        .with_hint("a patch and its folder `assets` go together: copy both, or import the preset again")
}

/// The intent of a JSON file or of a bundle, and whose it is, as far as a bundle says so.
///
/// # Errors
/// `not_found`, `storage_unavailable`, `invalid_json`, `invalid_request` with every fault, and those of [`bundle`].
pub fn intent(path: &Path) -> Result<(Intent, PlannerChoice), Failure> {
    let of_bundle = |report: Report| {
        let planner = PlannerChoice::from_name(&report.provenance.planner);
        (report.intent, planner.unwrap_or(PlannerChoice::Embedded))
    };
    if path.is_dir() {
        return Ok(of_bundle(bundle(path)?.report));
    }
    let bytes = read_json_or_zip(path, MAX_INTENT_BYTES, ErrorCode::InvalidRequest)?;
    if bytes.starts_with(ZIP_START) {
        return Ok(of_bundle(checked(path, bytes)?.report));
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(
            ErrorCode::InvalidJson,
            format!("{} is not JSON: {error}", path.display()),
        )
    })?;
    let mut faults = Faults::new();
    structure::check(&value, json_schema::intent(), &mut faults);
    if faults.is_empty() {
        match serde_json::from_value(value) {
            Ok(intent) => return Ok((intent, PlannerChoice::Embedded)),
            Err(error) => faults.push("", error.to_string()),
        }
    }
    Err(Failure::of_document(
        ErrorCode::InvalidRequest,
        path,
        "intent",
        &faults,
    ))
}

/// A bundle, checked.
///
/// # Errors
/// `not_found`, `storage_unavailable`; `verification_failed` where a hash or copy does not match, `invalid_bundle`
/// for every other fault, each with all of them.
pub fn bundle(path: &Path) -> Result<Bundle, Failure> {
    checked(path, bundle_zip(path)?)
}

/// The bytes of a bundle's zip, not checked yet; of a folder, those that its files make.
///
/// # Errors
/// `not_found`, `storage_unavailable`, `invalid_bundle` where it is too large or a name may not stand in a zip.
pub fn bundle_zip(path: &Path) -> Result<Vec<u8>, Failure> {
    if !path.is_dir() {
        return whole_file::read(path, MAX_TOTAL_BYTES as usize, ErrorCode::InvalidBundle);
    }
    let mut files = BTreeMap::new();
    gather(path, "", &mut files, &mut 0)?;
    if !files.contains_key(layout::MANIFEST) {
        let message = format!("{} is no bundle: it has no {}", path.display(), layout::MANIFEST);
        return Err(Failure::new(ErrorCode::InvalidBundle, message)
            .with_hint("name the folder that `generate` made, or the zip in it"));
    }
    // The packed bundle lies beside its own files; it is no part of itself.
    files.retain(|name, _| name.contains('/') || !name.ends_with(".zip"));
    archive::write(&files).map_err(|fault| {
        Failure::new(
            ErrorCode::InvalidBundle,
            format!("{} is not an unpacked bundle: {fault}", path.display()),
        )
    })
}

/// What cannot be a bundle's zip, said without a word on archives.
///
/// # Errors
/// `code`.
pub fn refuse_what_is_no_zip(path: &Path, bytes: &[u8], code: ErrorCode) -> Result<(), Failure> {
    if bytes.starts_with(ZIP_START) {
        return Ok(());
    }
    let message = format!("{} is no bundle: neither a zip nor a folder", path.display());
    Err(Failure::new(code, message).with_hint("name the folder that `generate` made, or the zip in it"))
}

/// What is wrong with a bundle, as its reader says it.
fn refused(path: &Path, error: &VerifyError) -> Failure {
    let differs = |fault: &BundleFault| {
        matches!(
            fault,
            BundleFault::WrongHash(_) | BundleFault::WrongSize { .. } | BundleFault::Mismatch(_)
        )
    };
    let code = if error.faults.iter().any(differs) {
        ErrorCode::VerificationFailed
    } else {
        ErrorCode::InvalidBundle
    };
    Failure::new(code, format!("{} is not a sound bundle", path.display())).with_faults(error.details())
}

/// The bytes of a zip, checked; `path` is how it is called.
///
/// # Errors
/// As [`bundle`].
pub fn checked(path: &Path, zip: Vec<u8>) -> Result<Bundle, Failure> {
    refuse_what_is_no_zip(path, &zip, ErrorCode::InvalidBundle)?;
    match verify::verify(&zip) {
        Ok(report) => Ok(Bundle { zip, report }),
        Err(error) => Err(refused(path, &error)),
    }
}

/// A file that may be either: JSON up to `json_limit` bytes, or a zip.
fn read_json_or_zip(path: &Path, json_limit: usize, code: ErrorCode) -> Result<Vec<u8>, Failure> {
    if is_bundle(path) {
        whole_file::read(path, MAX_TOTAL_BYTES as usize, ErrorCode::InvalidBundle)
    } else {
        whole_file::read(path, json_limit, code)
    }
}

/// What file browsers leave in every folder that they show.
fn is_left_by_a_desktop(name: &str) -> bool {
    matches!(name, ".DS_Store" | ".directory" | "Thumbs.db" | "desktop.ini") || name.starts_with("._")
}

/// Every file below a folder by its path in it, within the limits of a bundle. Links are not followed.
fn gather(
    folder: &Path,
    at: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
    bytes: &mut usize,
) -> Result<(), Failure> {
    let refused =
        |path: &Path, why: &str| Failure::new(ErrorCode::InvalidBundle, format!("{} {why}", path.display()));
    for entry in fs::read_dir(folder).map_err(|error| Failure::reading(folder, &error))? {
        let entry = entry.map_err(|error| Failure::reading(folder, &error))?;
        let path = entry.path();
        if is_left_by_a_desktop(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| refused(&path, "has a name that is no text"))?;
        let name = format!("{at}{name}");
        let kind = entry
            .file_type()
            .map_err(|error| Failure::reading(&path, &error))?;
        if kind.is_dir() && name.split('/').count() < 8 {
            gather(&path, &format!("{name}/"), files, bytes)?;
        } else if kind.is_file() {
            let left = MAX_TOTAL_BYTES as usize - *bytes;
            let content = whole_file::read(&path, left, ErrorCode::InvalidBundle)?;
            *bytes += content.len();
            files.insert(name, content);
        } else {
            return Err(refused(&path, "does not belong into a bundle"));
        }
        if files.len() > MAX_ENTRIES {
            return Err(refused(folder, "has more files than a bundle may"));
        }
    }
    Ok(())
}
