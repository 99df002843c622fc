//! The sample of a `.vital` file as an asset.

use serde_json::Value;
use songwalker_schemas::asset::packed::Recording;
use songwalker_schemas::asset::{MAX_SAMPLE_FRAMES, MAX_WORDS, SAMPLE_RATES, SampleAsset};

use songwalker_schemas::Faults;

use super::Warning;
use super::tables::broken;

/// Reads `settings.sample`; nothing where it is empty.
///
/// # Errors
/// When it is no sample at all: the wrong types, or samples that cannot be read.
pub fn sample(value: &Value) -> Result<(Option<SampleAsset>, Vec<Warning>), Faults> {
    let mut warnings = Vec::new();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let name: String = text("name").unwrap_or_default().chars().take(MAX_WORDS).collect();
    let mut warn = |detail: String| {
        warnings.push(Warning {
            feature: format!("sample \"{name}\""),
            detail,
        });
    };
    let channel = |key: &str| -> Result<Option<Vec<i16>>, Faults> {
        text(key)
            .map(|packed| {
                Recording::unpack(packed)
                    .map(|recording| recording.0)
                    .map_err(|problem| broken(format!("{key}: {problem}")))
            })
            .transpose()
    };
    let mut left = channel("samples")?.unwrap_or_default();
    let mut right = channel("samples_stereo")?.filter(|right| !right.is_empty());
    let mut length = left.len();
    if let Some(said) = value.get("length").and_then(Value::as_u64) {
        length = length.min(said as usize);
    }
    if let Some(right) = &right {
        length = length.min(right.len());
    }
    if length == 0 {
        return Ok((None, warnings));
    }
    if length > MAX_SAMPLE_FRAMES {
        warn(format!(
            "{length} sample frames, of which {MAX_SAMPLE_FRAMES} are kept"
        ));
        length = MAX_SAMPLE_FRAMES;
    }
    left.truncate(length);
    if let Some(right) = &mut right {
        right.truncate(length);
    }
    let said = value
        .get("sample_rate")
        .and_then(Value::as_f64)
        .unwrap_or(44_100.0);
    let sample_rate = (said.round_ties_even() as u32).clamp(*SAMPLE_RATES.start(), *SAMPLE_RATES.end());
    if f64::from(sample_rate) != said {
        warn(format!("a sample rate of {sample_rate} Hz instead of {said}"));
    }
    let asset = SampleAsset {
        name: name.clone(),
        sample_rate,
        left,
        right,
    };
    asset
        .check()
        .map_err(|faults| broken(format!("\"{name}\": {faults}")))?;
    Ok((Some(asset), warnings))
}
