//! What was measured in a rendered sound. The measures are those of the project's reference suite
//! (`docs/MEASURES.md`); times that are never reached are `null`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

macro_rules! analysis {
    ($($field:ident : $kind:ident $doc:literal;)*) => {
        /// Measures of one rendered note.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct AudioAnalysis { $(#[doc = $doc] pub $field: analysis!(@type $kind),)* }

        impl Default for AudioAnalysis {
            fn default() -> Self { Self { $($field: analysis!(@default $kind),)* } }
        }

        impl crate::table::Described for AudioAnalysis {
            fn schema() -> Value {
                let mut properties = serde_json::Map::new();
                $({
                    let mut schema = analysis!(@schema $kind);
                    schema["description"] = json!($doc);
                    properties.insert(stringify!($field).to_owned(), schema);
                })*
                let required: Vec<String> = properties.keys().cloned().collect();
                json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
            }
        }
    };
    (@type real) => { f64 };
    (@type time) => { Option<f64> };
    (@type flag) => { bool };
    (@type word) => { String };
    (@default real) => { 0.0 };
    (@default time) => { None };
    (@default flag) => { true };
    (@default word) => { String::from("silent") };
    (@schema real) => { json!({ "type": "number" }) };
    (@schema time) => { json!({ "type": ["number", "null"], "minimum": 0 }) };
    (@schema flag) => { json!({ "type": "boolean" }) };
    (@schema word) => { json!({ "type": "string", "maxLength": 32 }) };
}

analysis! {
    peak_env_db: real "Highest level of the 10 ms RMS envelope while held, dB re full scale.";
    sustain_db: real "Mean power in 80–98 % of the hold, dB re the peak.";
    attack_ms: real "Time from 10 % to 90 % of the reference level, ms.";
    onset_ms: real "Time to 10 % of the reference level, ms.";
    decay20_ms: time "Time from the peak to −20 dB, ms; null if never.";
    decay60_ms: time "Time from the peak to −60 dB, ms, note-off ignored; null if never.";
    release20_ms: time "After note-off: time to 20 dB below the level there, ms; 0 if already decayed, null if never.";
    tail60_ms: time "After note-off: time to 60 dB below the held peak, ms; 0 if already there, null if never.";
    active_s: real "Time within 40 dB of the peak while held, s.";
    centroid_hz: real "Power-weighted mean of the spectral centroid, Hz.";
    brightness_oct: real "Octaves of the centroid above the note's fundamental.";
    rolloff85_hz: real "85 % of the power lies below, Hz.";
    rolloff95_hz: real "95 % of the power lies below, Hz.";
    flatness_db: real "Spectral flatness 100 Hz–16 kHz, dB.";
    low_ratio: real "Share of the power below 150 Hz, 0..1.";
    hf_ratio_db: real "Power above 5 kHz re all, dB.";
    attack_centroid_hz: real "Centroid of the first 80 ms, Hz.";
    attack_bright_ratio: real "Centroid of the first 80 ms re that of the body.";
    pitch_cents: real "Deviation from the note, cents.";
    nonharm_db: real "Energy off the harmonics re all, dB.";
    roughness: real "Vassilakis roughness of the 30 strongest partials.";
    width: real "Side energy re all, 0..1.";
    corr: real "Correlation of left and right, −1..1.";
    mono_loss_db: real "What is lost by summing to mono, dB.";
    am_rate_hz: real "Rate of the strongest level modulation, Hz.";
    am_depth_db: real "Its depth peak to peak, dB.";
    cm_rate_hz: real "Rate of the strongest centroid modulation, Hz.";
    cm_depth_oct: real "Its depth peak to peak, octaves.";
    movement: real "The larger of am/12 dB and cm/2 octaves, at most 1.";
    mod_rate_hz: real "Rate of the larger, Hz.";
    vibrato_rate_hz: real "Strongest 3–9 Hz line of the fundamental's frequency, Hz.";
    vibrato_cents: real "Its depth peak to peak, cents.";
    lufs: real "Integrated loudness (BS.1770-4), LUFS.";
    true_peak_db: real "Peak at four times oversampling, dB re full scale.";
    crest_db: real "Peak re RMS, dB.";
    dc: real "Largest mean of a channel.";
    finite: flag "Whether every sample is a number.";
    dominant_freq_hz: real "Frequency of the strongest spectral peak, Hz.";
    envelope_shape: word "percussive, plucked, decaying, sustained, swelling or silent.";
    spectral_centroid: real "The same as centroid_hz, by its older name.";
}
