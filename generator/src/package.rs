//! From what was made to one file: the bundle.
//!
//! [`bundle`] encodes every part, lists them in a manifest and packs them into a zip of at most
//! [`MAX_BUNDLE_BYTES`]. Same parts, same bytes: two threads share the encoding, but each file is one thread's work.
//! [`layout`] says what stands where, [`crate::verify`] checks it all again.

pub mod archive;
pub mod flac;
pub mod layout;
pub mod midi;
pub mod names;
pub(crate) mod readme;
pub mod songwalker_preset;
pub mod spectrogram;
pub mod waveform;

use crate::export::{self, ExportError, VitalExport};
use serde::Serialize;
use songwalker_engine::audio::Audio;
use songwalker_engine::render::Note;
use songwalker_schemas::limits::MAX_BUNDLE_BYTES;
use songwalker_schemas::manifest::ManifestFile;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::refinement::Refinement;
use songwalker_schemas::{ErrorCode, Intent, Manifest, PatchSpec, VariationsDiff, canonical};
use std::collections::BTreeMap;

/// Sample frames per second of every preview.
pub const PREVIEW_RATE: u32 = 44_100;
/// Longest preview, seconds.
pub const PREVIEW_SECONDS: usize = 8;
/// Longest preview of a variation, seconds.
pub const VARIATION_SECONDS: usize = 4;
/// A preview that is cut ends in a fade of this many frames.
const CUT_FADE_FRAMES: usize = 2_205;

/// The files of a bundle by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What goes into a bundle.
#[derive(Debug, Clone, Copy)]
pub struct BundleParts<'a> {
    /// The patch.
    pub patch: &'a PatchSpec,
    /// What the planner said.
    pub intent: &'a Intent,
    /// What was measured, with conflicts and corrections.
    pub analysis: &'a serde_json::Value,
    /// How it came to be.
    pub provenance: &'a Provenance,
    /// How the patch differs from its parent's, where it was refined.
    pub refinement: Option<&'a Refinement>,
    /// The preview's sound.
    pub preview: &'a Audio,
    /// The notes that the preview plays.
    pub notes: &'a [Note],
    /// The preview's tempo, beats per minute.
    pub bpm: f64,
    /// The variations, as `diff` lists them.
    pub variations: &'a [VariationPart<'a>],
    /// How they differ from the patch.
    pub diff: &'a VariationsDiff,
}

/// One variation.
#[derive(Debug, Clone, Copy)]
pub struct VariationPart<'a> {
    /// Its id, as the diff has it.
    pub id: &'a str,
    /// The patch with the diff applied.
    pub patch: &'a PatchSpec,
    /// How it sounds.
    pub audio: &'a Audio,
}

/// A finished bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedBundle {
    /// The stem of its files' names.
    pub stem: String,
    /// The zip.
    pub zip: Vec<u8>,
    /// What stands in it, with the manifest, by path.
    pub files: Files,
    /// The list of its files.
    pub manifest: Manifest,
    /// What Vital cannot carry of the patch.
    pub lost: Vec<String>,
    /// Variations whose sound did not fit.
    pub dropped_previews: Vec<String>,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A preview at another rate than [`PREVIEW_RATE`].
    #[error("previews are at 44100 Hz, not at {0} Hz")]
    SampleRate(u32),
    /// Variations and diff do not name the same ids.
    #[error("the variations are not those of the diff")]
    Variations,
    /// More than [`MAX_BUNDLE_BYTES`] even without variations' previews.
    #[error("the bundle has {0} bytes, more than 5,000,000")]
    TooLarge(usize),
    /// The patch cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A preview cannot be encoded.
    #[error(transparent)]
    Flac(#[from] flac::FlacError),
    /// The spectrogram cannot be encoded.
    #[error(transparent)]
    Png(#[from] spectrogram::PngError),
    /// A document cannot be written.
    #[error("cannot write {path}: {problem}")]
    Document {
        /// Where it would stand.
        path: &'static str,
        /// What the writer said.
        problem: String,
    },
    /// The zip cannot be written.
    #[error(transparent)]
    Archive(#[from] archive::ArchiveFault),
    /// An encoding thread panicked.
    #[error("an encoder stopped")]
    Encoder,
}

impl PackageError {
    /// The code under which it leaves the product.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge(_) => ErrorCode::BundleTooLarge,
            Self::Export(ExportError::UnknownWavetable(_)) => ErrorCode::InvalidPatch,
            _ => ErrorCode::Internal,
        }
    }
}

/// Encodes all parts and packs them.
///
/// # Errors
/// See [`PackageError`]; a bundle that is too large first loses its variations' previews, the last one's first.
pub fn bundle(parts: &BundleParts) -> Result<PackedBundle, PackageError> {
    check(parts)?;
    let stem = names::file_stem(&parts.patch.name);
    let (preview, others) = std::thread::scope(|scope| {
        let preview = scope.spawn(|| preview(parts));
        let others = presets(parts, &stem).and_then(|presets| Ok((presets, variation_sounds(parts)?)));
        (preview.join(), others)
    });
    let mut files = preview.map_err(|_| PackageError::Encoder)??;
    let ((presets, lost), variation_sounds) = others?;
    files.extend(presets);
    files.extend(variation_sounds);
    files.extend(documents(parts)?);
    let ids: Vec<String> = parts
        .variations
        .iter()
        .map(|variation| variation.id.to_owned())
        .collect();
    files.insert(
        layout::README.to_owned(),
        readme::text(parts.patch, &stem, &ids).into_bytes(),
    );

    let mut dropped_previews = Vec::new();
    let mut ids = ids;
    loop {
        let manifest = list(&mut files)?;
        let zip = archive::write(&files)?;
        if zip.len() <= MAX_BUNDLE_BYTES {
            return Ok(PackedBundle {
                stem,
                zip,
                files,
                manifest,
                lost,
                dropped_previews,
            });
        }
        // FLAC is stored, so what is dropped is what is saved.
        let mut excess = zip.len() - MAX_BUNDLE_BYTES;
        while excess > 0 {
            let id = ids.pop().ok_or(PackageError::TooLarge(zip.len()))?;
            if let Some(flac) = files.remove(&layout::variation_flac(&id)) {
                excess = excess.saturating_sub(flac.len());
                dropped_previews.push(id);
            }
        }
    }
}

/// Adds the manifest of these files to them, in the place of an older one.
fn list(files: &mut Files) -> Result<Manifest, PackageError> {
    files.remove(layout::MANIFEST);
    let manifest = manifest_of(files);
    files.insert(
        layout::MANIFEST.to_owned(),
        document(layout::MANIFEST, &manifest)?,
    );
    Ok(manifest)
}

/// The manifest of these files, whether or not a manifest is among them.
#[must_use]
pub fn manifest_of(files: &Files) -> Manifest {
    let listed = files
        .iter()
        .filter(|(path, _)| *path != layout::MANIFEST)
        .map(|(path, bytes)| ManifestFile {
            path: path.clone(),
            sha256: canonical::sha256_hex(bytes),
            bytes: bytes.len() as u64,
        });
    Manifest::new(listed.collect())
}

fn check(parts: &BundleParts) -> Result<(), PackageError> {
    let sounds =
        std::iter::once(parts.preview).chain(parts.variations.iter().map(|variation| variation.audio));
    for audio in sounds {
        if audio.sample_rate != PREVIEW_RATE {
            return Err(PackageError::SampleRate(audio.sample_rate));
        }
    }
    let listed = parts
        .diff
        .variations
        .iter()
        .map(|variation| variation.id.as_str());
    if !listed.eq(parts.variations.iter().map(|variation| variation.id)) {
        return Err(PackageError::Variations);
    }
    Ok(())
}

/// What is made of the preview: sound, spectrogram, outline, notes.
fn preview(parts: &BundleParts) -> Result<Files, PackageError> {
    let sound = cut(parts.preview, PREVIEW_SECONDS);
    Ok(BTreeMap::from([
        (layout::PREVIEW_FLAC.to_owned(), flac::encode(&sound)?),
        (
            layout::PREVIEW_MID.to_owned(),
            midi::encode(parts.notes, parts.bpm),
        ),
        (layout::SPECTROGRAM.to_owned(), spectrogram::png(&sound)?),
        (layout::WAVEFORM.to_owned(), waveform::json(&sound)),
    ]))
}

fn variation_sounds(parts: &BundleParts) -> Result<Files, PackageError> {
    let encoded = parts.variations.iter().map(|variation| {
        let sound = cut(variation.audio, VARIATION_SECONDS);
        Ok((layout::variation_flac(variation.id), flac::encode(&sound)?))
    });
    encoded.collect()
}

/// The sound, at most `seconds` long; what is cut ends in a fade.
fn cut(audio: &Audio, seconds: usize) -> Audio {
    let most = seconds * audio.sample_rate as usize;
    let mut audio = audio.clone();
    if audio.frames() <= most {
        return audio;
    }
    for channel in [&mut audio.left, &mut audio.right] {
        channel.truncate(most);
        for (index, x) in channel.iter_mut().rev().take(CUT_FADE_FRAMES).enumerate() {
            *x *= index as f32 / CUT_FADE_FRAMES as f32;
        }
    }
    audio
}

/// What other programs open, and what Vital cannot carry of the patch.
fn presets(parts: &BundleParts, stem: &str) -> Result<(Files, Vec<String>), PackageError> {
    let mut files = BTreeMap::new();
    let VitalExport { bytes, lost } = export::vital(parts.patch)?;
    files.insert(layout::vital(stem), bytes);
    for variation in parts.variations {
        files.insert(
            layout::variation_vital(variation.id),
            export::vital(variation.patch)?.bytes,
        );
    }
    files.insert(layout::PRESET.to_owned(), songwalker_preset::write(parts.patch));
    Ok((files, lost))
}

/// The canonical documents.
fn documents(parts: &BundleParts) -> Result<Files, PackageError> {
    let mut files = BTreeMap::from([
        (layout::PATCH.to_owned(), parts.patch.to_canonical()),
        (layout::INTENT.to_owned(), document(layout::INTENT, parts.intent)?),
        (
            layout::ANALYSIS.to_owned(),
            document(layout::ANALYSIS, parts.analysis)?,
        ),
        (
            layout::VARIATIONS_DIFF.to_owned(),
            document(layout::VARIATIONS_DIFF, parts.diff)?,
        ),
        (
            layout::PROVENANCE.to_owned(),
            document(layout::PROVENANCE, parts.provenance)?,
        ),
    ]);
    if let Some(refinement) = parts.refinement {
        files.insert(
            layout::REFINEMENT.to_owned(),
            document(layout::REFINEMENT, refinement)?,
        );
    }
    Ok(files)
}

fn document<T: Serialize>(path: &'static str, content: &T) -> Result<Vec<u8>, PackageError> {
    canonical::to_bytes(content).map_err(|error| PackageError::Document {
        path,
        problem: error.to_string(),
    })
}
