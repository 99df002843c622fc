//! Aliasing of oscillators: energy off the harmonics over energy on them, 30 Hz to 20 kHz, of a steady note through a
//! Blackman–Harris window of 131,072 samples (the method and Vital's own figures: `engine-anchors.md` §2).
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

use songwalker_engine::fft::RealFft64;
use songwalker_engine::math;
use songwalker_engine::render::{RenderRequest, render};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::osc::{SpectralMode, WarpMode};
use songwalker_schemas::patch::{FilterModel, FilterStyle};

const RATE: u32 = 44_100;
const POINTS: usize = 131_072;
/// Frames before the window.
const SETTLED: usize = 4096;

/// One oscillator that plays a table at a position, steadily.
fn playing(table: &str, position: f64) -> PatchSpec {
    let mut patch = PatchSpec::default();
    let osc = &mut patch.modules.osc[0];
    osc.wavetable.name.0 = table.to_owned();
    osc.wavetable.position = position;
    osc.phase_randomness = 0.0;
    let envelope = &mut patch.modules.env[0];
    envelope.attack_s = 0.0;
    envelope.sustain = 1.0;
    patch
}

fn warped(mode: WarpMode, amount: f64) -> PatchSpec {
    let mut patch = playing("saw", 0.0);
    patch.modules.osc[0].warp.mode = mode;
    patch.modules.osc[0].warp.amount = amount;
    patch
}

/// Decibels of what lies more than `width_hz` off every harmonic over what does not.
fn aliasing_db(patch: &PatchSpec, key: u8, width_hz: f64) -> f64 {
    let seconds = (SETTLED + POINTS) as f64 / f64::from(RATE) + 0.01;
    let request = RenderRequest::note(key, 1.0, seconds, seconds);
    let audio = render(patch, &request, &|| false).expect("a render");
    let turn = |i: usize| 2.0 * math::PI * i as f64 / POINTS as f64;
    let windowed: Vec<f64> = audio.left[SETTLED..SETTLED + POINTS]
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            let cosines = [1.0, 2.0, 3.0].map(|k| math::cos(k * turn(i)));
            let window = 0.358_75 - 0.488_29 * cosines[0] + 0.141_28 * cosines[1] - 0.011_68 * cosines[2];
            f64::from(x) * window
        })
        .collect();
    let fft = RealFft64::new(POINTS);
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    fft.forward(&windowed, &mut re, &mut im, &mut fft.scratch());
    let fundamental_hz = math::note_to_hz(f64::from(key));
    let (mut on, mut off) = (0.0, 0.0);
    for k in 0..fft.bins() {
        let hz = k as f64 * f64::from(RATE) / POINTS as f64;
        if !(30.0..=20_000.0).contains(&hz) {
            continue;
        }
        let energy = re[k] * re[k] + im[k] * im[k];
        let nearest = fundamental_hz * (hz / fundamental_hz).round_ties_even().max(1.0);
        if (hz - nearest).abs() <= width_hz {
            on += energy;
        } else {
            off += energy;
        }
    }
    assert!(on > 0.0, "the note sounds");
    10.0 * math::log10(off / on)
}

/// Every C from C2 to C8.
const ALL_C: [u8; 7] = [36, 48, 60, 72, 84, 96, 108];

fn assert_clean(patch: &PatchSpec, what: &str) {
    for key in ALL_C {
        let found = aliasing_db(patch, key, 25.0);
        println!("{what} {key}: {found:.1} dB");
        assert!(found <= -90.0, "{what} at note {key}: {found:.1} dB");
    }
}

#[test]
fn clean_oscillators_alias_less_than_minus_ninety_decibels_at_every_c() {
    for (table, position) in [
        ("sine", 0.0),
        ("saw", 0.0),
        ("square", 0.0),
        ("brass", 128.0),
        ("formant_vowels", 200.0),
        ("harmonic_sweep", 180.0),
    ] {
        assert_clean(&playing(table, position), table);
    }
}

#[test]
fn spectral_modes_stay_as_clean_as_the_waves_that_they_draw() {
    for &mode in SpectralMode::ALL {
        // Shepard's partials lie between those of the note.
        if mode == SpectralMode::Shepard {
            continue;
        }
        let mut patch = playing("saw", 0.0);
        patch.modules.osc[0].spectral.mode = mode;
        patch.modules.osc[0].spectral.amount = 0.3;
        for key in [48, 84] {
            let found = aliasing_db(&patch, key, 25.0);
            println!("{mode} {key}: {found:.1} dB");
            // Some leave little of the wave beside the noise of reading it.
            assert!(found <= -85.0, "{mode} at note {key}: {found:.1} dB");
        }
    }
}

#[test]
fn warps_alias_no_more_than_vitals_at_twice_the_rate() {
    for (mode, amount, vital) in [
        (WarpMode::Bend, 0.8, [-42.0, -35.2]),
        (WarpMode::Squeeze, 0.8, [-66.5, -48.0]),
        (WarpMode::Sync, 0.7, [-50.4, -42.6]),
    ] {
        let patch = warped(mode, amount);
        for (key, bar) in [(72, vital[0]), (96, vital[1])] {
            let found = aliasing_db(&patch, key, 2.7);
            println!("{mode} {amount} {key}: {found:.1} dB, Vital {bar}");
            assert!(found <= bar + 0.3, "{mode} at note {key}: {found:.1} dB");
        }
    }
}

#[test]
fn a_dirty_filter_at_full_drive_aliases_no_more_than_vitals_at_c7() {
    let mut patch = playing("saw", 0.0);
    let filter = &mut patch.modules.filter[0];
    filter.enabled = true;
    filter.model = FilterModel::Dirty;
    filter.style = FilterStyle::Db12;
    filter.drive_db = 20.0;
    filter.resonance = 0.5;
    // The bar is −50 dB up to 8 kHz; wide open it is Vital's own, at twice the rate.
    for (cutoff_hz, bar) in [
        (1000.0, -100.0),
        (4000.0, -88.0),
        (8000.0, -63.3),
        (12_000.0, -49.2),
        (16_000.0, -42.8),
    ] {
        patch.modules.filter[0].cutoff_hz = cutoff_hz;
        let found = aliasing_db(&patch, 96, 25.0);
        println!("{cutoff_hz} Hz: {found:.1} dB");
        assert!(found <= bar + 0.3, "{cutoff_hz} Hz: {found:.1} dB");
    }
}
