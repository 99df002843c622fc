//! One word for the course of a sound's level.

use songwalker_schemas::AudioAnalysis;

/// Below this the sound is silence, dB re full scale.
const SILENCE_DB: f64 = -90.0;
/// A sound that keeps more than this of its peak is sustained, dB.
const SUSTAINED_DB: f64 = -12.0;
/// An attack from here on is a swell, ms.
const SWELL_MS: f64 = 500.0;
/// A sound over by then is percussive, s.
const PERCUSSIVE_S: f64 = 0.5;
/// A sound 20 dB down by then is plucked, ms.
const PLUCKED_MS: f64 = 800.0;

/// `silent`, `swelling`, `sustained`, `percussive`, `plucked` or `decaying`, from the measures of the envelope.
#[must_use]
pub fn of(measures: &AudioAnalysis) -> &'static str {
    if measures.peak_env_db < SILENCE_DB {
        "silent"
    } else if measures.attack_ms >= SWELL_MS {
        "swelling"
    } else if measures.sustain_db >= SUSTAINED_DB {
        "sustained"
    } else if measures.active_s <= PERCUSSIVE_S {
        "percussive"
    } else if measures.decay20_ms.is_some_and(|ms| ms <= PLUCKED_MS) {
        "plucked"
    } else {
        "decaying"
    }
}
