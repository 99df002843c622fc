//! The reverb against its laws and Vital's figures.

use super::*;
use crate::fx::probe::{LEVEL, RATE, impulse, level_db, noise, run};

const PLAIN: ReverbParams = ReverbParams {
    mix: 1.0,
    decay_s: 1.0,
    size: 0.5,
    predelay_s: 0.0,
    pre_low_hz: 8.0,
    pre_high_hz: 4_698.0,
    low_shelf_hz: 8.0,
    low_shelf_db: 0.0,
    high_shelf_hz: 1_480.0,
    high_shelf_db: 0.0,
    mod_amount: 0.0,
    mod_hz: 0.25,
};

fn response(p: ReverbParams, seconds: usize) -> (Vec<f32>, Vec<f32>) {
    let mut reverb = Reverb::new(RATE);
    let frames = seconds * 88_200;
    run(
        |l, r| reverb.process(LEVEL, l, r, &p),
        &impulse(0.9, frames),
        &impulse(0.0, frames),
        128,
    )
}

#[test]
fn the_reverberation_time_follows_size_as_in_vital() {
    // Twice the time from −5 to −35 dB of the energy left, at a nominal second (vital-laws §9).
    for (size, expected) in [(0.1, 2.1), (0.5, 1.33), (1.0, 1.03)] {
        let (left, right) = response(ReverbParams { size, ..PLAIN }, 4);
        let mut rest: Vec<f64> = left
            .iter()
            .zip(&right)
            .map(|(l, r)| f64::from(l * l + r * r))
            .collect();
        for i in (0..rest.len() - 1).rev() {
            rest[i] += rest[i + 1];
        }
        let whole = rest[0];
        let fallen = |db: f64| {
            rest.iter()
                .position(|e| *e < whole * math::pow(10.0, db / 10.0))
                .expect("it decays")
        };
        let t60 = 2.0 * (fallen(-35.0) - fallen(-5.0)) as f64 / f64::from(RATE);
        assert!(
            (t60 / expected - 1.0).abs() < 0.06,
            "size {size}: {t60} s instead of {expected} s"
        );
    }
}

#[test]
fn the_first_reflections_are_inverted_on_their_own_side_and_nowhere_earlier() {
    let (left, right) = response(PLAIN, 1);
    // The shortest all-pass that the left side enters has 663 samples at 44.1 kHz.
    let first = left
        .iter()
        .position(|x| x.abs() > 0.02)
        .expect("there is a reflection");
    assert!((1_328..1_336).contains(&first), "{first}");
    assert!(left[first] < 0.0);
    assert!(right[first].abs() < 0.1 * left[first].abs());
}

#[test]
fn a_predelay_shifts_the_reverberation_by_its_time() {
    let (early, _) = response(PLAIN, 1);
    let (late, _) = response(
        ReverbParams {
            predelay_s: 0.1,
            ..PLAIN
        },
        1,
    );
    let shift = 8_820 - 3;
    let worst = (0..50_000)
        .map(|i| (early[i] - late[i + shift]).abs())
        .fold(0.0, f32::max);
    assert!(worst < 1e-3, "{worst}");
}

#[test]
fn a_shelf_takes_the_top_away_faster() {
    let source = noise(0.5, 22_050);
    let tail_difference = |high_shelf_db: f32| {
        let mut reverb = Reverb::new(RATE);
        let mut signal = source.clone();
        signal.resize(88_200, 0.0);
        let p = ReverbParams {
            high_shelf_db,
            ..PLAIN
        };
        let (left, _) = run(|l, r| reverb.process(LEVEL, l, r, &p), &signal, &signal, 128);
        let steps: Vec<f32> = left[60_000..].windows(2).map(|pair| pair[1] - pair[0]).collect();
        level_db(&steps) - level_db(&left[60_000..])
    };
    assert!(tail_difference(-6.0) < tail_difference(0.0) - 6.0);
}

#[test]
fn the_longest_decay_of_a_noise_blast_stays_bounded() {
    let blast = noise(2.0, 4 * 88_200);
    let p = ReverbParams {
        decay_s: 64.0,
        size: 1.0,
        mod_amount: 1.0,
        mod_hz: 8.0,
        ..PLAIN
    };
    let mut reverb = Reverb::new(RATE);
    let (left, right) = run(|l, r| reverb.process(LEVEL, l, r, &p), &blast, &blast, 128);
    assert!(
        left.iter()
            .chain(&right)
            .all(|x| x.is_finite() && x.abs() < 100.0)
    );
}

#[test]
fn an_input_band_without_width_lets_nothing_in() {
    // The band is the difference of two low-passes of the same input, not one behind the other.
    let p = ReverbParams {
        pre_low_hz: 500.0,
        pre_high_hz: 500.0,
        ..PLAIN
    };
    let (left, right) = response(p, 1);
    assert!(left.iter().chain(&right).all(|x| x.abs() < 1e-9));
}
