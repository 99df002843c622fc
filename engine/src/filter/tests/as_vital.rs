//! The filters against what Vital gave for the same samples: its `sample` source played the input without oversampling,
//! once with and once without the filter, so that the filter's own input and output are known sample by sample.

use super::*;

const ONCE: f32 = 44_100.0;

/// A noise of 600 frames that fits 16 bits, as the filter got it: Vital's middle pan is 1.001263.
fn loud_noise() -> Vec<f32> {
    let mut state = 7_u32;
    (0..600)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let step = (state >> 20) as f32 - 2048.0;
            1.001_263 * 15.0 * step / 32_767.0
        })
        .collect()
}

/// What a filter at 44.1 kHz makes of an input.
fn filtered(model: FilterModel, style: FilterStyle, to: FilterControls, input: &[f32]) -> Vec<f32> {
    let mut filter = StereoFilter::new(model, style, ONCE);
    let (mut left, mut right) = (input.to_vec(), input.to_vec());
    for (left, right) in left.chunks_mut(64).zip(right.chunks_mut(64)) {
        filter.process(Level::best(), left, right, &[to; 2]);
    }
    left
}

/// What Vital gave of the noise at [`FRAMES`].
type Heard = (FilterModel, FilterStyle, FilterControls, [f32; 6]);

const FRAMES: [usize; 6] = [20, 60, 130, 240, 370, 599];

/// Loud, resonant and driven, where the saturation inside the loops decides.
fn heard() -> Vec<Heard> {
    let driven = |cutoff_note, resonance, drive_db, blend| FilterControls {
        cutoff_note,
        resonance,
        drive_db,
        blend,
        ..FilterControls::UNREAD
    };
    let vowel = |formant_x, formant_y, formant_resonance, formant_transpose, formant_spread| FilterControls {
        formant_x,
        formant_y,
        formant_resonance,
        formant_transpose,
        formant_spread,
        ..FilterControls::UNREAD
    };
    vec![
        (
            FilterModel::Analog,
            FilterStyle::Db24,
            driven(90.0, 0.8, 9.0, 0.6),
            [0.074_765, -0.191_272, 0.026_819, 0.020_784, 0.213_596, -0.276_248],
        ),
        (
            FilterModel::Dirty,
            FilterStyle::Db12,
            driven(95.0, 0.8, 12.0, 0.4),
            [
                0.253_303, -0.377_477, -0.061_078, 0.356_788, -0.041_172, -0.548_555,
            ],
        ),
        (
            FilterModel::Dirty,
            FilterStyle::Db24,
            driven(84.0, 1.0, 20.0, 0.0),
            [0.094_829, -0.197_474, 0.393_771, 0.101_943, 0.173_393, -0.159_833],
        ),
        (
            FilterModel::Dirty,
            FilterStyle::NotchSpread,
            driven(90.0, 0.6, 15.0, 1.3),
            [-0.402_075, 0.656_985, 0.659_087, 0.652_911, 0.366_752, -0.363_484],
        ),
        (
            FilterModel::Ladder,
            FilterStyle::Db12,
            driven(88.0, 0.95, 10.0, 0.3),
            [0.076_709, -0.127_598, 0.080_470, 0.086_430, 0.055_490, -0.267_228],
        ),
        (
            FilterModel::Ladder,
            FilterStyle::Db24,
            driven(96.0, 0.7, 14.0, 0.2),
            [0.072_344, 0.000_427, 0.169_900, 0.033_480, -0.009_170, -0.014_334],
        ),
        (
            FilterModel::Digital,
            FilterStyle::Db12,
            driven(90.0, 0.8, 12.0, 0.5),
            [0.231_481, -0.494_631, 0.235_014, 0.329_643, 0.499_478, -0.500_908],
        ),
        (
            FilterModel::Digital,
            FilterStyle::Db24,
            driven(90.0, 0.5, 6.0, 1.5),
            [
                -0.124_081, -0.235_816, 0.118_374, 0.438_803, 0.296_850, -0.267_778,
            ],
        ),
        (
            FilterModel::Diode,
            FilterStyle::Db12,
            driven(92.0, 0.8, 12.0, 0.7),
            [0.018_769, -0.025_043, 0.027_272, 0.002_343, -0.110_551, 0.077_122],
        ),
        (
            FilterModel::Diode,
            FilterStyle::Db24,
            driven(99.0, 1.0, 20.0, 1.2),
            [0.032_420, -0.037_470, 0.027_197, 0.027_523, -0.097_476, 0.039_481],
        ),
        (
            FilterModel::Formant,
            FilterStyle::Db12,
            vowel(0.3, 0.7, 0.9, 0.0, 0.0),
            [
                0.054_550, -0.187_090, 0.076_678, 0.179_093, -0.077_129, -0.026_591,
            ],
        ),
        (
            FilterModel::Formant,
            FilterStyle::Db24,
            vowel(0.8, 0.2, 0.6, 5.0, 0.3),
            [
                0.136_191, -0.405_081, -0.013_380, 0.369_074, 0.415_545, -0.255_106,
            ],
        ),
        (
            FilterModel::Phaser,
            FilterStyle::Db12,
            driven(80.0, 0.7, 0.0, 1.3),
            [-0.394_457, 0.444_160, 0.819_969, 1.050_371, 0.025_144, -0.465_651],
        ),
        // Routes push these past their knobs.
        (
            FilterModel::Analog,
            FilterStyle::Db12,
            driven(90.0, 1.6, 26.0, 0.5),
            [0.037_418, -0.050_273, 0.005_866, 0.029_081, 0.025_482, -0.105_958],
        ),
        (
            FilterModel::Ladder,
            FilterStyle::Db24,
            driven(90.0, 1.3, 36.0, 0.5),
            [0.015_104, 0.000_919, 0.034_483, 0.023_789, -0.033_705, 0.014_850],
        ),
        (
            FilterModel::Ladder,
            FilterStyle::Db12,
            driven(90.0, -0.3, 40.0, 1.2),
            [-0.053_983, 0.027_050, 0.014_894, 0.026_702, 0.065_144, -0.058_356],
        ),
        (
            FilterModel::Digital,
            FilterStyle::Db12,
            driven(-38.0, 0.6, 10.0, 2.5),
            [-0.322_046, 0.442_692, 0.561_760, 0.562_214, 0.559_803, -0.561_175],
        ),
        (
            FilterModel::Formant,
            FilterStyle::Db12,
            vowel(1.9, 1.5, 1.3, 0.0, 0.0),
            [0.390_554, -0.420_224, 0.659_671, 0.542_087, 0.614_241, 1.383_905],
        ),
    ]
}

#[test]
fn loud_noise_through_every_saturating_model_is_vitals_sample_by_sample() {
    let input = loud_noise();
    for (model, style, to, expected) in heard() {
        let out = filtered(model, style, to, &input);
        for (frame, expected) in FRAMES.into_iter().zip(expected) {
            assert!(
                (out[frame] - expected).abs() < 5e-5,
                "{model} {style} at {frame}: {}, not {expected}",
                out[frame]
            );
        }
    }
}

/// Where a quiet low-pass is 3 dB below its highest point, in hertz: the transform of 1700 frames of an impulse's echo.
fn three_decibels_down(model: FilterModel, style: FilterStyle, cutoff_note: f32) -> f64 {
    let mut input = vec![0.0; 1700];
    input[0] = 0.002;
    let to = FilterControls {
        cutoff_note,
        resonance: 0.0,
        ..FilterControls::UNREAD
    };
    let echo = filtered(model, style, to, &input);
    let power = |hz: f64| {
        let turn = 2.0 * PI * hz / f64::from(ONCE);
        let (mut re, mut im) = (0.0, 0.0);
        for (i, &x) in echo.iter().enumerate() {
            re += f64::from(x) * math::cos(turn * i as f64);
            im += f64::from(x) * math::sin(turn * i as f64);
        }
        re * re + im * im
    };
    let scale: Vec<(f64, f64)> = (0..1300)
        .map(|i| 10.0 * math::exp2(f64::from(i) / 140.0))
        .map(|hz| (hz, power(hz)))
        .collect();
    let top = scale.iter().map(|x| x.1).fold(0.0, f64::max);
    let past = scale.iter().skip_while(|x| x.1 < top).find(|x| x.1 < 0.5 * top);
    past.map_or(0.0, |x| x.0)
}

#[test]
fn every_low_pass_is_three_decibels_down_where_vitals_is() {
    use FilterModel::{Analog, Digital, Diode, Dirty, Ladder};
    use FilterStyle::{Db12, Db24};
    for (model, style, expected) in [
        (Analog, Db12, [567.03, 2284.93]),
        (Analog, Db24, [692.44, 2779.08]),
        (Dirty, Db12, [609.91, 2461.49]),
        (Dirty, Db24, [400.35, 1622.78]),
        (Ladder, Db12, [568.45, 2292.23]),
        (Ladder, Db24, [384.04, 1555.30]),
        (Digital, Db12, [567.08, 2294.68]),
        (Digital, Db24, [692.50, 2790.83]),
        (Diode, Db12, [116.98, 297.84]),
        (Diode, Db24, [116.94, 297.02]),
    ] {
        for (note, expected) in [81.0, 105.0].into_iter().zip(expected) {
            let found = three_decibels_down(model, style, note);
            assert!(
                (found / expected - 1.0).abs() < 0.02,
                "{model} {style} at note {note}: {found} Hz, not {expected}"
            );
        }
    }
}
