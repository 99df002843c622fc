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
use songwalker_schemas::patch::fx::DistortionKind;
use songwalker_schemas::patch::osc::{SpectralMode, WarpMode};
use songwalker_schemas::patch::voicing::Oversampling;
use songwalker_schemas::patch::{FilterModel, FilterStyle, Fx};

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

/// A table through a distortion of 12 dB.
fn driven(table: &str, kind: DistortionKind, oversampling: Oversampling) -> PatchSpec {
    let mut patch = playing(table, 0.0);
    patch.modules.voicing.oversampling = oversampling;
    for fx in &mut patch.modules.fx {
        if let Fx::Distortion(fx) = fx {
            fx.enabled = true;
            fx.kind = kind;
            fx.drive_db = 12.0;
            fx.mix = 1.0;
        }
    }
    patch
}

#[test]
fn driven_paths_alias_no_more_than_vitals() {
    use DistortionKind::{HardClip, SineFold};
    use Oversampling::{X2, X4, X8};
    // Vital's figures with the same patch. The bar of a clipped saw at C7 is −40 dB at 2×; its aim of −55 is what 4× gives.
    for (table, kind, oversampling, key, vital) in [
        ("saw", HardClip, X2, 72, -47.6),
        ("saw", HardClip, X2, 96, -40.3),
        ("saw", HardClip, X2, 108, -39.9),
        ("saw", HardClip, X4, 96, -54.5),
        ("saw", HardClip, X8, 96, -67.1),
        ("sine", HardClip, X2, 96, -51.4),
        ("sine", SineFold, X2, 96, -83.1),
    ] {
        let found = aliasing_db(&driven(table, kind, oversampling), key, 2.7);
        println!("{table} {kind} {key}: {found:.1} dB, Vital {vital}");
        assert!(
            found <= vital + 0.15,
            "{table} {kind} at note {key}: {found:.1} dB"
        );
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

#[test]
fn harmonics_are_drawn_in_pairs() {
    // At 1× the eleventh harmonic of 2,093 Hz lies 973 Hz above half the rate and comes back as far below: in Vital at
    // the level that a saw's eleventh harmonic has.
    let mut patch = playing("saw", 0.0);
    patch.modules.voicing.oversampling = Oversampling::X1;
    let audio = render(&patch, &RenderRequest::note(96, 1.0, 1.0, 1.0), &|| false).expect("a render");
    let level = |hz: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, &x) in audio.left[8_000..40_000].iter().enumerate() {
            let turn = i as f64 / 32_000.0;
            let window = 1.0 - math::cos(2.0 * math::PI * turn);
            let angle = 2.0 * math::PI * hz * i as f64 / f64::from(RATE);
            re += f64::from(x) * window * math::cos(angle);
            im += f64::from(x) * window * math::sin(angle);
        }
        math::sqrt(re * re + im * im)
    };
    let fundamental = math::note_to_hz(96.0);
    let mirrored = level(f64::from(RATE) - 11.0 * fundamental) / level(fundamental);
    assert!((11.0 * mirrored - 1.0).abs() < 0.01, "{mirrored}");
    assert!(level(f64::from(RATE) - 12.0 * fundamental) < 1e-4 * level(fundamental));
}
