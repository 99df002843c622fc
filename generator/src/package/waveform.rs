//! The outline of a preview, for drawing it: lowest and highest sample of 600 equal stretches.

use songwalker_engine::audio::Audio;
use std::fmt::Write;

/// Stretches in an outline.
pub const POINTS: usize = 600;

/// `{frames, points: [[lowest, highest] × 600], sample_rate, schema_version}` as canonical JSON, values to four
/// decimals, the lower and the higher of both channels.
#[must_use]
pub fn json(audio: &Audio) -> Vec<u8> {
    let mut text = format!("{{\"frames\":{},\"points\":[", audio.frames());
    for index in 0..POINTS {
        let (low, high) = stretch(audio, index);
        if index > 0 {
            text.push(',');
        }
        text.push('[');
        push_decimal(&mut text, low);
        text.push(',');
        push_decimal(&mut text, high);
        text.push(']');
    }
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "],\"sample_rate\":{},\"schema_version\":\"1.0\"}}",
        audio.sample_rate
    );
    text.into_bytes()
}

/// Lowest and highest sample of stretch `index`, in ten-thousandths of full scale, clamped to ±9.9999. A stretch holds
/// at least one frame, so a short sound repeats frames.
fn stretch(audio: &Audio, index: usize) -> (i32, i32) {
    let frames = audio.frames();
    if frames == 0 {
        return (0, 0);
    }
    let start = index * frames / POINTS;
    let end = ((index + 1) * frames / POINTS).max(start + 1);
    let samples = audio.left[start..end].iter().chain(&audio.right[start..end]);
    let (low, high) = samples.fold((f32::MAX, f32::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let scaled = |x: f32| {
        (f64::from(x) * 10_000.0)
            .round_ties_even()
            .clamp(-99_999.0, 99_999.0) as i32
    };
    if low > high {
        (0, 0)
    } else {
        (scaled(low), scaled(high))
    }
}

/// Ten-thousandths as the shortest decimal, which is also its canonical JSON form.
fn push_decimal(text: &mut String, ten_thousandths: i32) {
    let magnitude = ten_thousandths.unsigned_abs();
    if ten_thousandths < 0 {
        text.push('-');
    }
    let _ = write!(text, "{}", magnitude / 10_000);
    if !magnitude.is_multiple_of(10_000) {
        let fraction = format!("{:04}", magnitude % 10_000);
        text.push('.');
        text.push_str(fraction.trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn decimals_are_the_shortest() {
        for (value, wanted) in [
            (0, "0"),
            (10_000, "1"),
            (-10_000, "-1"),
            (-5_000, "-0.5"),
            (1, "0.0001"),
            (12_340, "1.234"),
        ] {
            let mut text = String::new();
            push_decimal(&mut text, value);
            assert_eq!(text, wanted);
        }
    }

    #[test]
    fn the_outline_holds_the_extremes_of_both_channels() {
        let mut audio = Audio::silence(44_100, 6_000);
        audio.left[5] = -0.5;
        audio.right[7] = 0.25;
        audio.right[5_999] = 1.0;
        let value: Value = serde_json::from_slice(&json(&audio)).unwrap();
        let points = value["points"].as_array().unwrap();
        assert_eq!(points.len(), POINTS);
        assert_eq!(points[0], serde_json::json!([-0.5, 0.25]));
        assert_eq!(points[1], serde_json::json!([0, 0]));
        assert_eq!(points[599], serde_json::json!([0, 1]));
        assert_eq!(value["frames"], 6_000);
    }

    #[test]
    fn short_empty_and_broken_audio_still_give_an_outline() {
        for audio in [
            Audio::silence(44_100, 0),
            Audio::silence(44_100, 7),
            Audio {
                sample_rate: 44_100,
                left: vec![f32::NAN; 9],
                right: vec![f32::INFINITY; 9],
            },
        ] {
            let value: Value = serde_json::from_slice(&json(&audio)).unwrap();
            assert_eq!(value["points"].as_array().unwrap().len(), POINTS);
        }
    }
}
