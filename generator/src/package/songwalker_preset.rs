//! `songwalker/preset.json`: what the SongWalker plugin opens. It carries the whole patch.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use songwalker_schemas::{Faults, PatchSpec, SCHEMA_VERSION, canonical};

pub use songwalker_schemas::preset::FORMAT;

/// The file's fields beside the patch.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    format: String,
    name: String,
    patch: Value,
    schema_version: String,
}

/// The preset of a patch, canonical.
#[must_use]
pub fn write(patch: &PatchSpec) -> Vec<u8> {
    let mut value = json!({
        "format": FORMAT,
        "name": patch.name,
        "patch": patch.to_value(),
        "schema_version": SCHEMA_VERSION,
    });
    canonical::quantise_all(&mut value);
    canonical::to_string(&value).into_bytes()
}

/// The patch of a preset.
///
/// # Errors
/// Every fault with its pointer.
pub fn read(bytes: &[u8]) -> Result<PatchSpec, Faults> {
    let mut faults = Faults::new();
    let preset: Preset = match serde_json::from_slice(bytes) {
        Ok(preset) => preset,
        Err(error) => {
            faults.push("", error.to_string());
            return Err(faults);
        }
    };
    if preset.format != FORMAT {
        faults.push("/format", format!("must be {FORMAT}"));
    }
    if preset.schema_version != SCHEMA_VERSION {
        faults.push("/schema_version", format!("must be {SCHEMA_VERSION}"));
    }
    match PatchSpec::from_value(preset.patch) {
        Ok(patch) => {
            if patch.name != preset.name {
                faults.push("/name", "differs from the patch's");
            }
            faults.into_result(patch)
        }
        Err(inner) => {
            for fault in inner.as_slice() {
                faults.push(format!("/patch{}", fault.pointer), fault.problem.clone());
            }
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_carries_its_patch() {
        let patch = PatchSpec::default();
        assert_eq!(read(&write(&patch)).unwrap(), patch);
    }

    #[test]
    fn what_is_no_preset_is_refused_with_its_pointers() {
        assert!(read(b"{}").is_err());
        let text = String::from_utf8(write(&PatchSpec::default())).unwrap();
        let faults = read(text.replace("\"level\":0.707107", "\"level\":7").as_bytes()).unwrap_err();
        assert!(
            faults.as_slice()[0].pointer.starts_with("/patch/modules/"),
            "{faults}"
        );
        assert!(read(text.replace(FORMAT, "other").as_bytes()).is_err());
    }
}
