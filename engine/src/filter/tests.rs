//! The filters against their analytic curves, and what they must survive.

use super::*;
use crate::math;
use std::f64::consts::PI;

mod as_vital;
mod side_by_side;

const RATE: f32 = 88_200.0;
const BLOCK: usize = 128;

fn controls(cutoff_note: f32, resonance: f32, blend: f32) -> [FilterControls; 2] {
    [FilterControls {
        cutoff_note,
        resonance,
        blend,
        ..Default::default()
    }; 2]
}

/// Gain in decibels at a frequency, for a quiet sine.
fn gain_db(model: FilterModel, style: FilterStyle, to: &[FilterControls; 2], hz: f64) -> f64 {
    let mut filter = StereoFilter::new(model, style, RATE);
    let frames = 64 * BLOCK;
    let wave = |i: usize| 1e-3 * math::sin(2.0 * PI * hz * i as f64 / f64::from(RATE)) as f32;
    let mut power = [0.0_f64; 2];
    for block in 0..frames / BLOCK {
        let mut left: Vec<f32> = (0..BLOCK).map(|i| wave(block * BLOCK + i)).collect();
        let mut right = left.clone();
        let input: f64 = left.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        filter.process(Level::best(), &mut left, &mut right, to);
        assert_eq!(left, right);
        if block >= frames / BLOCK / 2 {
            power[0] += input;
            power[1] += left.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
        }
    }
    10.0 * math::log10(power[1] / power[0])
}

#[test]
fn digital_low_pass_follows_the_state_variable_curve() {
    let note = 81.0;
    let corner = math::note_to_hz(note);
    for resonance in [0.0, 0.5, 0.8_f32] {
        let q = 0.5 + 15.5 * f64::from(resonance) * f64::from(resonance) * f64::from(resonance);
        let calm = 20.0 * math::log10(2.0 * f64::from(resonance * resonance * resonance) + 1.0);
        for hz in [200.0, 700.0, 880.0, 1100.0, 3000.0] {
            let w = math::tan(PI * hz / f64::from(RATE)) / math::tan(PI * corner / f64::from(RATE));
            let damp = w / q;
            let expected = -10.0 * math::log10((1.0 - w * w) * (1.0 - w * w) + damp * damp) - calm;
            let found = gain_db(
                FilterModel::Digital,
                FilterStyle::Db12,
                &controls(note as f32, resonance, 0.0),
                hz,
            );
            assert!(
                (found - expected).abs() < 0.1,
                "{hz} Hz at {resonance}: {found} dB, not {expected}"
            );
        }
    }
}

#[test]
fn every_model_is_down_at_its_cutoff_as_vital_is() {
    let corner = math::note_to_hz(81.0);
    for (model, style, expected) in [
        (FilterModel::Analog, FilterStyle::Db12, -6.0),
        (FilterModel::Analog, FilterStyle::Db24, -6.0),
        (FilterModel::Digital, FilterStyle::Db12, -6.0),
        (FilterModel::Digital, FilterStyle::Db24, -6.0),
        (FilterModel::Ladder, FilterStyle::Db12, -6.0),
        (FilterModel::Ladder, FilterStyle::Db24, -12.0),
    ] {
        let found = gain_db(model, style, &controls(81.0, 0.0, 0.0), corner);
        assert!(
            (found - expected).abs() < 0.35,
            "{model} {style}: {found} dB at the cutoff"
        );
    }
}

#[test]
fn slopes_fall_as_their_names_say() {
    for model in [
        FilterModel::Analog,
        FilterModel::Digital,
        FilterModel::Ladder,
        FilterModel::Dirty,
    ] {
        for (style, expected) in [(FilterStyle::Db12, -12.0), (FilterStyle::Db24, -24.0)] {
            let at = |hz| gain_db(model, style, &controls(60.0, 0.0, 0.0), hz);
            let slope = at(4800.0) - at(2400.0);
            assert!(
                (slope - expected).abs() < 1.0,
                "{model} {style}: {slope} dB an octave"
            );
        }
    }
}

#[test]
fn blend_turns_low_pass_into_high_pass() {
    for model in [
        FilterModel::Analog,
        FilterModel::Digital,
        FilterModel::Ladder,
        FilterModel::Dirty,
    ] {
        let at = |blend, hz| gain_db(model, FilterStyle::Db12, &controls(72.0, 0.2, blend), hz);
        assert!(at(0.0, 60.0) - at(0.0, 5000.0) > 30.0, "{model}: low-pass");
        assert!(at(2.0, 5000.0) - at(2.0, 60.0) > 30.0, "{model}: high-pass");
        assert!(
            at(1.0, 523.0) - at(1.0, 60.0) > 10.0 && at(1.0, 523.0) - at(1.0, 5000.0) > 10.0,
            "{model}: band"
        );
    }
}

#[test]
fn notch_blend_has_its_notch_in_the_middle() {
    for model in [FilterModel::Analog, FilterModel::Digital, FilterModel::Dirty] {
        let at = |hz| gain_db(model, FilterStyle::NotchBlend, &controls(72.0, 0.3, 1.0), hz);
        assert!(
            at(523.25) < at(60.0) - 20.0 && at(523.25) < at(5000.0) - 20.0,
            "{model}"
        );
    }
}

/// Noise without a generator of its own: the low bits of a multiplication.
fn noise(state: &mut u32) -> f32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 8) as f32 / 8_388_608.0 - 1.0
}

#[test]
fn every_model_survives_full_drive_and_cutoffs_that_jump_every_block() {
    for model in FilterModel::ALL {
        for style in [
            FilterStyle::Db12,
            FilterStyle::Db24,
            FilterStyle::NotchBlend,
            FilterStyle::NotchSpread,
            FilterStyle::Bpn,
            FilterStyle::Comb6,
        ] {
            let mut filter = StereoFilter::new(*model, style, RATE);
            let mut state = 7;
            for _ in 0..400 {
                let mut left: Vec<f32> = (0..BLOCK).map(|_| 2.0 * noise(&mut state)).collect();
                let mut right: Vec<f32> = (0..BLOCK).map(|_| 2.0 * noise(&mut state)).collect();
                let mut random = || noise(&mut state);
                let to = [0, 1].map(|_| FilterControls {
                    cutoff_note: 70.0 + 120.0 * random(),
                    resonance: 0.5 + 2.5 * random(),
                    drive_db: 18.0 + 25.0 * random(),
                    blend: 1.0 + 1.2 * random(),
                    blend_transpose: 42.0 + 100.0 * random(),
                    formant_x: 0.5 + 3.0 * random(),
                    formant_y: 0.5 + 3.0 * random(),
                    formant_transpose: 100.0 * random(),
                    formant_resonance: 0.7 + 2.0 * random(),
                    formant_spread: 4.0 * random(),
                    ..Default::default()
                });
                filter.process(Level::best(), &mut left, &mut right, &to);
                for x in left.iter().chain(&right) {
                    assert!(x.is_finite() && x.abs() < 60.0, "{model} {style}: {x}");
                }
            }
        }
    }
}

#[test]
fn every_model_stays_bounded_under_a_cutoff_that_swings_three_octaves_a_thousand_times_a_second() {
    for model in FilterModel::ALL {
        for style in [FilterStyle::Db12, FilterStyle::Db24, FilterStyle::NotchSpread] {
            let mut filter = StereoFilter::new(*model, style, RATE);
            let (mut state, mut loudest) = (5, 0.0_f32);
            // Steps of an eighth of a swing.
            for step in 0..8000 {
                let swing = math::sin(PI / 4.0 * f64::from(step)) as f32;
                let to = [FilterControls {
                    cutoff_note: 90.0 + 18.0 * swing,
                    resonance: 1.0,
                    drive_db: 20.0,
                    blend: 0.0,
                    ..FilterControls::UNREAD
                }; 2];
                let mut left: Vec<f32> = (0..11).map(|_| noise(&mut state)).collect();
                let mut right = left.clone();
                filter.process(Level::best(), &mut left, &mut right, &to);
                loudest = left.iter().fold(loudest, |a, x| a.max(x.abs()));
                assert!(left.iter().all(|x| x.is_finite()), "{model} {style}");
            }
            assert!(loudest < 3.0, "{model} {style}: {loudest}");
        }
    }
}

#[test]
fn a_swept_cutoff_makes_no_steps() {
    let mut filter = StereoFilter::new(FilterModel::Digital, FilterStyle::Db12, RATE);
    let mut out = Vec::new();
    for block in 0..200 {
        let mut left: Vec<f32> = (0..BLOCK)
            .map(|i| math::sin(2.0 * PI * 200.0 * (block * BLOCK + i) as f64 / f64::from(RATE)) as f32)
            .collect();
        let mut right = left.clone();
        let place = 60.0 + 30.0 * math::sin(block as f64 * 0.2) as f32;
        filter.process(Level::best(), &mut left, &mut right, &controls(place, 0.3, 0.0));
        out.extend(left);
    }
    let bend = |i: usize| (out[i + 1] - 2.0 * out[i] + out[i - 1]).abs();
    let worst = (1000..out.len() - 1).map(bend).fold(0.0, f32::max);
    let sine_alone = (2.0 * PI * 200.0 / f64::from(RATE)) as f32;
    assert!(
        worst < 12.0 * sine_alone * sine_alone,
        "second difference {worst}"
    );
}

#[test]
fn mix_goes_from_dry_to_wet() {
    let mut to = controls(30.0, 0.0, 0.0);
    let wet = gain_db(FilterModel::Analog, FilterStyle::Db12, &to, 4000.0);
    to.iter_mut().for_each(|c| c.mix = 0.0);
    let dry = gain_db(FilterModel::Analog, FilterStyle::Db12, &to, 4000.0);
    assert!(wet < -40.0 && dry.abs() < 1e-3, "wet {wet} dB, dry {dry} dB");
}

#[test]
fn every_model_comes_to_rest_in_silence() {
    for model in FilterModel::ALL {
        let mut filter = StereoFilter::new(*model, FilterStyle::Db24, RATE);
        let to = controls(40.0, 0.6, 1.0);
        let mut state = 3;
        let mut left: Vec<f32> = (0..BLOCK).map(|_| noise(&mut state)).collect();
        let mut right = left.clone();
        filter.process(Level::best(), &mut left, &mut right, &to);
        for _ in 0..12_000 {
            left.fill(0.0);
            right.fill(0.0);
            filter.process(Level::best(), &mut left, &mut right, &to);
        }
        assert!(
            left.iter().chain(&right).all(|x| *x == 0.0),
            "{model} still sounds: {}",
            left[0]
        );
    }
}
