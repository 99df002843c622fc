//! Is this a whole, true bundle? Every fault is listed, not only the first.
//!
//! The archive is read without trust ([`archive`]); then every file must be there and listed with its hash and size,
//! every document must be valid and canonical, and whatever can be made again from the patch (`.vital` files, preset)
//! must be what the patch makes.

mod check;
mod flac_form;

use crate::package::archive::{self, ArchiveFault};
use crate::package::layout;
use check::Check;
use songwalker_schemas::limits::MAX_BUNDLE_BYTES;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::{ErrorCode, Fault, Intent, Manifest, PatchSpec, canonical, json_schema};

/// The most bytes of a zip that is unpacked at all: imports may be larger than what we make.
const MAX_IMPORTED_BYTES: usize = 16 << 20;

/// One fault of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// The archive or one of its entries.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// Larger than a bundle may be.
    #[error("the bundle has {0} bytes, more than 5,000,000")]
    TooLarge(usize),
    /// A file that every bundle has is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A file that no bundle has, or that this one's manifest does not list.
    #[error("{0} does not belong here")]
    Unexpected(String),
    /// A file whose bytes are not those that the manifest lists.
    #[error("{0} has another hash than the manifest says")]
    WrongHash(String),
    /// A file whose size is not the one that the manifest lists.
    #[error("{path} has {found} bytes, the manifest says {listed}")]
    WrongSize {
        /// The file.
        path: String,
        /// Its size.
        found: u64,
        /// The listed size.
        listed: u64,
    },
    /// The manifest contradicts itself.
    #[error("meta/manifest.json: {0}")]
    Manifest(String),
    /// A document that is not in canonical form.
    #[error("{0} is not in canonical form")]
    NotCanonical(String),
    /// A document that breaks a rule.
    #[error("{path}{}: {}", .fault.pointer, .fault.problem)]
    Invalid {
        /// The document.
        path: String,
        /// Where and what.
        fault: Fault,
    },
    /// A file that the patch makes otherwise.
    #[error("{0} is not what the patch makes")]
    Mismatch(String),
}

impl BundleFault {
    /// A word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Archive(_) => "archive",
            Self::TooLarge(_) => "too_large",
            Self::Missing(_) => "missing",
            Self::Unexpected(_) => "unexpected",
            Self::WrongHash(_) => "wrong_hash",
            Self::WrongSize { .. } => "wrong_size",
            Self::Manifest(_) => "manifest",
            Self::NotCanonical(_) => "not_canonical",
            Self::Invalid { .. } => "invalid",
            Self::Mismatch(_) => "mismatch",
        }
    }

    /// The fault as an error's detail: where it stands, as a pointer by path, and what it is.
    #[must_use]
    pub fn detail(&self) -> Fault {
        let pointer = match self {
            Self::Missing(path)
            | Self::Unexpected(path)
            | Self::WrongHash(path)
            | Self::WrongSize { path, .. }
            | Self::NotCanonical(path)
            | Self::Mismatch(path) => format!("/{path}"),
            Self::Invalid { path, fault } => format!("/{path}{}", fault.pointer),
            Self::Manifest(_) => format!("/{}", layout::MANIFEST),
            Self::Archive(_) | Self::TooLarge(_) => String::new(),
        };
        Fault {
            pointer,
            problem: format!("{}: {self}", self.code()),
        }
    }
}

/// All that is wrong with a bundle, at least one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    /// The faults.
    pub faults: Vec<BundleFault>,
}

impl VerifyError {
    /// The code under which it leaves the product.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::VerificationFailed
    }

    /// The faults as details of an error.
    #[must_use]
    pub fn details(&self) -> Vec<Fault> {
        self.faults.iter().map(BundleFault::detail).collect()
    }
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the bundle has {} fault{}",
            self.faults.len(),
            if self.faults.len() == 1 { "" } else { "s" }
        )?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for VerifyError {}

/// What a sound bundle says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The patch.
    pub patch: PatchSpec,
    /// Its variations, by id.
    pub variations: Vec<(String, PatchSpec)>,
    /// What the planner said.
    pub intent: Intent,
    /// How it came to be.
    pub provenance: Provenance,
    /// The list of its files.
    pub manifest: Manifest,
    /// SHA-256 of the zip, lower-case hex.
    pub zip_sha256: String,
    /// What could not be checked, and why.
    pub notes: Vec<String>,
}

/// Checks a bundle.
///
/// # Errors
/// Every fault.
pub fn verify(bytes: &[u8]) -> Result<Report, VerifyError> {
    if bytes.len() > MAX_IMPORTED_BYTES {
        return Err(VerifyError {
            faults: vec![BundleFault::TooLarge(bytes.len())],
        });
    }
    let contents = archive::inspect(bytes);
    let mut check = Check::new(
        contents.files,
        contents.faults.into_iter().map(BundleFault::from).collect(),
    );
    // Where the archive itself could not be opened, all files would be reported missing.
    if check.files.is_empty() && !check.faults.is_empty() {
        return Err(VerifyError { faults: check.faults });
    }
    let manifest = check.manifest();
    let patch = check.patch();
    let provenance: Option<Provenance> = check.document(layout::PROVENANCE, json_schema::provenance());
    let variations = check.variations(patch.as_ref());
    if let Some(patch) = &patch {
        check.made_from(patch, &variations, provenance.as_ref());
        let imported = patch.meta.imported;
        if bytes.len() > MAX_BUNDLE_BYTES && !imported {
            check.faults.push(BundleFault::TooLarge(bytes.len()));
        }
    }
    let intent: Option<Intent> = check.document(layout::INTENT, json_schema::intent());
    let _: Option<serde_json::Value> = check.document(layout::ANALYSIS, json_schema::report());
    check.refinement(provenance.as_ref());
    check.json(layout::WAVEFORM);
    check.media(&variations);
    check.presence(patch.as_ref());

    match (patch, intent, provenance, manifest) {
        (Some(patch), Some(intent), Some(provenance), Some(manifest)) if check.faults.is_empty() => {
            Ok(Report {
                patch,
                variations,
                intent,
                provenance,
                manifest,
                zip_sha256: canonical::sha256_hex(bytes),
                notes: check.notes,
            })
        }
        _ => Err(VerifyError { faults: check.faults }),
    }
}
