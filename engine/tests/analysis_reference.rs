//! The analysis against stored values of the reference descriptors, on sounds made here by formulas.
//!
//! `tests/conformance/analysis_check.py --write-reference` makes the same sounds and wrote the values.

use std::collections::BTreeMap;

use serde_json::Value;
use songwalker_engine::analysis::{self, Wants, loudness};
use songwalker_engine::audio::Audio;
use songwalker_engine::math::{self, PI, exp, sin};
use songwalker_schemas::AudioAnalysis;

const RATE: u32 = 44_100;

fn make(seconds: f64, mut left: impl FnMut(f64) -> f64, mut right: impl FnMut(f64) -> f64) -> Audio {
    let frames = (seconds * f64::from(RATE)) as usize;
    let time = |frame: usize| frame as f64 / f64::from(RATE);
    Audio {
        sample_rate: RATE,
        left: (0..frames).map(|frame| left(time(frame)) as f32).collect(),
        right: (0..frames).map(|frame| right(time(frame)) as f32).collect(),
    }
}

fn sawtooth(hz: f64, t: f64, harmonics: u32) -> f64 {
    (1..=harmonics)
        .map(f64::from)
        .map(|k| sin(2.0 * PI * hz * k * t) / k)
        .sum()
}

fn pluck(t: f64) -> f64 {
    0.4 * sawtooth(220.0, t, 24) * (t / 0.002).min(1.0) * exp(-t / 0.15)
}

fn pad(hz: f64) -> impl Fn(f64) -> f64 {
    move |t| {
        let release = exp(-(t - 1.6).max(0.0) / 0.3);
        0.25 * sawtooth(hz, t, 8) * (t / 0.6).min(1.0) * (1.0 - 0.05 * t) * release
    }
}

fn vibrato(t: f64) -> f64 {
    let tone = sin(2.0 * PI * 440.0 * t + 2.0 * sin(2.0 * PI * 6.0 * t));
    0.4 * tone * (1.0 + 0.4 * sin(2.0 * PI * 4.0 * t)) * (1.0 - 0.05 * t)
}

fn noise(mut state: u32) -> impl FnMut(f64) -> f64 {
    move |t| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        0.4 * (f64::from(state) / 2_147_483_648.0 - 1.0) * exp(-t / 0.1)
    }
}

/// Sound, MIDI note and hold in seconds of a stored name.
fn sound(name: &str) -> (Audio, f64, f64) {
    match name {
        "pluck" => (make(1.5, pluck, pluck), 57.0, 1.0),
        "pad" => (make(3.0, pad(130.4), pad(131.3)), 48.0, 1.6),
        "vibrato" => (make(2.0, vibrato, |t| 0.5 * vibrato(t)), 69.0, 1.5),
        "noise" => (make(1.5, noise(1), noise(2)), 60.0, 1.0),
        _ => panic!("no sound of the name {name}"),
    }
}

fn measures(name: &str) -> AudioAnalysis {
    let (audio, note, hold_s) = sound(name);
    analysis::analyse(&audio, math::note_to_hz(note), hold_s)
}

#[expect(clippy::unwrap_used, reason = "a measure that is no JSON fails the test")]
fn as_json(measures: &AudioAnalysis) -> Value {
    serde_json::to_value(measures).unwrap()
}

#[test]
fn the_stored_reference_values_are_met() {
    let stored: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(include_str!("data/analysis_reference.json")).unwrap();
    assert_eq!(stored.len(), 4);
    for (name, reference) in stored {
        let ours = as_json(&measures(&name));
        assert_eq!(
            reference.len() + 3,
            ours.as_object().unwrap().len(),
            "a measure too many or too few"
        );
        for (key, want) in reference {
            let got = &ours[&key];
            match (want.as_f64(), got.as_f64()) {
                // Far closer than the 2 % asked for: the two differ in rounding only.
                (Some(want), Some(got)) => {
                    assert!(
                        (want - got).abs() <= 1e-6 * want.abs() + 1e-6,
                        "{name} {key}: {got}, not {want}"
                    );
                }
                _ => assert_eq!(&want, got, "{name} {key}"),
            }
        }
    }
}

#[test]
fn the_envelope_is_named_after_its_course() {
    assert_eq!(measures("pluck").envelope_shape, "plucked");
    assert_eq!(measures("noise").envelope_shape, "percussive");
    assert_eq!(measures("vibrato").envelope_shape, "sustained");
    let (mut audio, note, hold_s) = sound("pad");
    assert_eq!(
        analysis::analyse(&audio, math::note_to_hz(note), hold_s).envelope_shape,
        "sustained"
    );
    let swell = |x: &mut Vec<f32>| {
        for (frame, x) in x.iter_mut().enumerate() {
            *x *= frame as f32 / 70_000.0;
        }
    };
    swell(&mut audio.left);
    swell(&mut audio.right);
    assert_eq!(
        analysis::analyse(&audio, math::note_to_hz(note), hold_s).envelope_shape,
        "swelling"
    );
}

#[test]
fn the_dominant_frequency_is_that_of_the_strongest_partial() {
    assert!((measures("pluck").dominant_freq_hz - 220.0).abs() < 0.2);
}

#[test]
fn a_family_that_is_asked_for_alone_reads_as_in_the_whole() {
    let (audio, note, hold_s) = sound("pad");
    let f0_hz = math::note_to_hz(note);
    let all = analysis::analyse(&audio, f0_hz, hold_s);
    let only = |wants| analysis::analyse_fast(&audio, f0_hz, hold_s, wants);
    let wants = Wants::ENVELOPE;
    let envelope = only(wants);
    assert_eq!(
        (envelope.attack_ms, envelope.tail60_ms),
        (all.attack_ms, all.tail60_ms)
    );
    assert_eq!(envelope.lufs, AudioAnalysis::default().lufs);
    assert_eq!(
        only(Wants {
            loudness: true,
            ..wants
        })
        .lufs,
        all.lufs
    );
    assert_eq!(
        only(Wants {
            spectrum: true,
            ..wants
        })
        .centroid_hz,
        all.centroid_hz
    );
    assert_eq!(only(Wants { pitch: true, ..wants }).nonharm_db, all.nonharm_db);
    assert_eq!(
        only(Wants {
            stereo: true,
            ..wants
        })
        .width,
        all.width
    );
    assert_eq!(
        only(Wants {
            modulation: true,
            ..wants
        })
        .movement,
        all.movement
    );
    assert_eq!(
        only(Wants {
            vibrato: true,
            ..wants
        })
        .vibrato_cents,
        all.vibrato_cents
    );
}

#[test]
fn every_sound_has_finite_measures_however_short_or_silent() {
    for frames in [
        0usize, 1, 2, 3, 43, 44, 45, 100, 441, 1000, 2047, 2048, 4097, 8193, 20_000,
    ] {
        for level in [0.0f32, 1e-30, 0.5, f32::MAX] {
            for rate in [8000, 44_100, 192_000] {
                let channel: Vec<f32> = (0..frames)
                    .map(|i| if i % 7 < 3 { level } else { -level })
                    .collect();
                let audio = Audio {
                    sample_rate: rate,
                    left: channel.clone(),
                    right: channel,
                };
                for hold_s in [0.0, 0.001, 0.04, 10.0] {
                    let measures = analysis::analyse(&audio, 261.6, hold_s);
                    assert!(measures.finite);
                    for (key, value) in as_json(&measures).as_object().unwrap() {
                        let may_be_null = ["decay20_ms", "decay60_ms", "release20_ms", "tail60_ms"];
                        let fine = !value.is_null() || may_be_null.contains(&key.as_str());
                        assert!(
                            fine,
                            "{key} of {frames} frames at {level}, {rate} Hz, hold {hold_s}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn sound_that_is_not_a_number_is_told_apart_and_not_measured() {
    let (mut audio, ..) = sound("pluck");
    audio.right[1000] = f32::NAN;
    let measures = analysis::analyse(&audio, 220.0, 1.0);
    assert!(!measures.finite);
    assert_eq!(
        measures,
        AudioAnalysis {
            finite: false,
            ..AudioAnalysis::default()
        }
    );
}

/// A sine in both channels.
fn sine(hz: f64, amplitude: f64, phase: f64, seconds: f64) -> Audio {
    let wave = move |t: f64| amplitude * sin(2.0 * PI * (hz * t + phase));
    make(seconds, wave, wave)
}

#[test]
fn loudness_reads_what_the_standard_says_of_a_sine() {
    // BS.1770: 997 Hz at full scale in one channel reads −3.01 LUFS, so in both 0.
    assert!((loudness::integrated_lufs(&sine(997.0, 1.0, 0.0, 3.0)) - 0.0).abs() < 0.05);
    assert!((loudness::integrated_lufs(&sine(997.0, 0.1, 0.0, 3.0)) + 20.0).abs() < 0.05);
    assert_eq!(
        loudness::integrated_lufs(&sine(997.0, 0.5, 0.0, 0.3)),
        loudness::SILENCE_LUFS
    );
    assert_eq!(
        loudness::integrated_lufs(&Audio::silence(RATE, 100_000)),
        loudness::SILENCE_LUFS
    );
}

#[test]
fn silence_around_a_sound_is_left_out_of_its_loudness() {
    let mut audio = sine(997.0, 0.1, 0.0, 3.0);
    let alone = loudness::integrated_lufs(&audio);
    audio.left.resize(20 * RATE as usize, 0.0);
    audio.right.resize(20 * RATE as usize, 0.0);
    assert!((loudness::integrated_lufs(&audio) - alone).abs() < 0.3);
}

#[test]
fn the_true_peak_lies_between_the_samples() {
    // A quarter of the rate, sampled at ±45°: no sample is above 0.71, the wave reaches 1.
    let audio = sine(f64::from(RATE) / 4.0, 1.0, 0.125, 0.5);
    assert!(audio.left.iter().all(|x| x.abs() < 0.7072));
    assert!(loudness::true_peak_db(&audio).abs() < 0.6);
    assert!(loudness::true_peak_db(&Audio::silence(RATE, 100)) == -180.0);
}
