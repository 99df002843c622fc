//! Levels, pitch, aliasing and determinism of whole oscillator voices.

use super::*;
use crate::fft::RealFft64;
use crate::wavetable;

fn setup(table: &str, warp: WarpMode) -> OscSetup {
    OscSetup {
        table: Arc::new(wavetable::by_name(table).unwrap()),
        warp,
        spectral: SpectralMode::None,
        stack: Stack::Unison,
        apart: false,
    }
}

fn controls(note: f32) -> OscControls {
    OscControls {
        note,
        level: 1.0,
        pan: 0.0,
        position: 0.0,
        phase: 0.5,
        phase_randomness: 0.0,
        unison: UnisonControls {
            voices: 1.0,
            detune: 4.472_136,
            range_st: 2.0,
            power: 1.5,
            blend: 0.8,
        },
        stereo_spread: 1.0,
        frame_spread: 0.0,
        warp_spread: 0.0,
        spectral_spread: 0.0,
        warp_amount: 0.5,
        warp_phase: 0.5,
        spectral_amount: 0.5,
    }
}

fn play(setup: OscSetup, frames: usize, seed: u64, at: impl Fn(usize) -> OscControls) -> [Vec<f32>; 2] {
    let mut drawer = Drawer::new();
    let mut osc = Oscillator::new(setup, 44_100.0, 1);
    osc.start(&mut drawer, &at(0), seed);
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    for (block, (l, r)) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)).enumerate() {
        osc.render(
            Level::best(),
            &mut drawer,
            &at(block),
            &OscDetours::default(),
            None,
            l,
            r,
        );
    }
    [left, right]
}

fn rms(x: &[f32]) -> f64 {
    math::sqrt(x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / x.len() as f64)
}

/// Non-harmonic over harmonic energy in decibels, 30 Hz to 20 kHz (engine-anchors §2).
fn aliasing_db(samples: &[f32], hz: f64) -> f64 {
    const N: usize = 131_072;
    let turn = |i: usize| 2.0 * math::PI * i as f64 / N as f64;
    let windowed: Vec<f64> = samples[..N]
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            let t = turn(i);
            let window = 0.358_75 - 0.488_29 * math::cos(t) + 0.141_28 * math::cos(2.0 * t)
                - 0.011_68 * math::cos(3.0 * t);
            f64::from(x) * window
        })
        .collect();
    let fft = RealFft64::new(N);
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    fft.forward(&windowed, &mut re, &mut im, &mut fft.scratch());
    let (mut harmonic, mut other) = (0.0, 0.0);
    for k in 0..fft.bins() {
        let f = k as f64 * 44_100.0 / N as f64;
        if !(30.0..=20_000.0).contains(&f) {
            continue;
        }
        let energy = re[k] * re[k] + im[k] * im[k];
        let off = (f - hz * (f / hz).round_ties_even().max(1.0)).abs();
        if off <= 25.0 {
            harmonic += energy
        } else {
            other += energy
        }
    }
    10.0 * math::log10(other / harmonic)
}

#[test]
fn clean_waves_alias_less_than_minus_ninety_decibels_from_c2_to_c8() {
    for table in ["sine", "saw", "square"] {
        for note in [36.0, 48.0, 60.0, 72.0, 84.0, 96.0, 108.0] {
            let [left, _] = play(setup(table, WarpMode::None), 131_072 + 64, 0, |_| controls(note));
            let ratio = aliasing_db(&left, math::note_to_hz(f64::from(note)));
            println!("{table} {note}: {ratio:.1} dB");
            assert!(ratio <= -90.0, "{table} at note {note}: {ratio:.1} dB");
        }
    }
}

#[test]
fn one_voice_is_three_decibels_louder_without_spread() {
    let at = |spread: f32| {
        let [left, right] = play(setup("saw", WarpMode::None), 8192, 0, |_| OscControls {
            stereo_spread: spread,
            ..controls(57.0)
        });
        assert_eq!(left, right);
        rms(&left)
    };
    let wide = at(1.0);
    assert!((20.0 * math::log10(at(0.0) / wide) - 3.021).abs() < 0.002);
    assert!((20.0 * math::log10(at(0.5) / wide) - 2.324).abs() < 0.004);
}

#[test]
fn a_full_saw_has_the_rms_of_a_saw_and_level_acts_squared() {
    let [left, _] = play(setup("saw", WarpMode::None), 44_096, 0, |_| controls(33.0));
    assert!((rms(&left) - 0.577).abs() < 0.004, "{}", rms(&left));
    let [half, _] = play(setup("saw", WarpMode::None), 44_096, 0, |_| OscControls {
        level: 0.5,
        ..controls(33.0)
    });
    assert!((rms(&half) / rms(&left) - 0.25).abs() < 1e-4);
}

#[test]
fn panning_keeps_the_power() {
    let [left, right] = play(setup("sine", WarpMode::None), 4096, 0, |_| OscControls {
        pan: 1.0,
        ..controls(69.0)
    });
    assert!(rms(&left) < 1e-6);
    assert!((rms(&right) - 1.0).abs() < 0.01, "{}", rms(&right));
}

#[test]
fn many_voices_in_phase_add_up_to_the_sum_of_their_gains() {
    for voices in [2.0, 3.0, 7.0, 16.0] {
        let unison = UnisonControls {
            voices,
            detune: 0.0,
            ..controls(60.0).unison
        };
        let [left, right] = play(setup("sine", WarpMode::None), 4096, 0, |_| OscControls {
            unison,
            ..controls(60.0)
        });
        let layout = Layout::new(&unison, Stack::Unison);
        let sum: f32 = layout.gain[..layout.pairs].iter().sum();
        assert!((rms(&left) - f64::from(sum) * 0.5_f64.sqrt()).abs() < 0.01 * f64::from(sum));
        let apart = left.iter().zip(&right).map(|(l, r)| (l - r).abs());
        assert!(apart.fold(0.0_f32, f32::max) < 1e-4 * sum, "{voices} voices");
    }
}

#[test]
fn the_pitch_is_right_and_follows_a_glide_without_a_click() {
    let [left, _] = play(setup("sine", WarpMode::None), 44_096, 0, |block| {
        controls(60.0 + 12.0 * (block as f32 / 400.0).min(1.0))
    });
    let crossings = |x: &[f32]| {
        x.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count() as f64 * 44_100.0 / x.len() as f64
    };
    assert!((crossings(&left[400 * 64..]) - 523.25).abs() < 3.0);
    // A sine of 523 Hz rises by at most 2π·523/44,100 a sample.
    assert!(left.windows(2).all(|w| (w[1] - w[0]).abs() < 0.0755));
}

#[test]
fn a_moving_position_fades_without_a_click() {
    let [left, _] = play(setup("basic_shapes", WarpMode::None), 32_000, 0, |block| {
        OscControls {
            position: if block > 100 { 64.0 } else { 0.0 },
            ..controls(48.0)
        }
    });
    assert!(left.windows(2).all(|w| (w[1] - w[0]).abs() < 0.03));
    assert!((rms(&left[16_000..]) - 0.577).abs() < 0.01);
}

#[test]
fn random_phases_repeat_with_their_seed_and_differ_with_another() {
    let at = |seed: u64| {
        let unison = UnisonControls {
            voices: 7.0,
            ..controls(60.0).unison
        };
        play(setup("saw", WarpMode::None), 2048, seed, |_| OscControls {
            unison,
            phase_randomness: 1.0,
            ..controls(60.0)
        })
    };
    assert_eq!(at(3), at(3));
    assert_ne!(at(3), at(4));
    let [left, right] = at(3);
    assert_ne!(left, right);
}

#[test]
fn the_golden_bits_of_a_note_stay() {
    let unison = UnisonControls {
        voices: 5.0,
        ..controls(60.0).unison
    };
    let [left, right] = play(setup("fm_electric", WarpMode::Bend), 4096, 7, |block| {
        OscControls {
            unison,
            position: block as f32,
            phase_randomness: 1.0,
            warp_amount: 0.6,
            note: 50.0 + 0.1 * block as f32,
            ..controls(50.0)
        }
    });
    let bits = left
        .iter()
        .chain(&right)
        .fold(0_u64, |h, x| hash(h, u64::from(x.to_bits())));
    assert_eq!(format!("{bits:016x}"), "82468056db989f41");
}

#[test]
fn every_mode_is_finite_and_bounded_for_wild_controls() {
    for &warp in WarpMode::ALL {
        for &spectral in SpectralMode::ALL {
            let setup = OscSetup {
                spectral,
                apart: true,
                ..setup("saw", warp)
            };
            let mut drawer = Drawer::new();
            let mut osc = Oscillator::new(setup, 44_100.0, 2);
            let wild = |block: usize, i: u64| (unit(hash(block as u64, i)) * 3.0 - 1.0) as f32;
            let at = |block: usize| OscControls {
                note: 64.0 + 80.0 * wild(block, 0),
                position: 256.0 * wild(block, 1),
                warp_amount: wild(block, 2),
                warp_phase: wild(block, 3),
                spectral_amount: wild(block, 4),
                frame_spread: 128.0 * wild(block, 5),
                unison: UnisonControls {
                    voices: 16.0 * wild(block, 6),
                    detune: 10.0 * wild(block, 7),
                    range_st: 48.0 * wild(block, 8),
                    power: 5.0 * wild(block, 9),
                    blend: wild(block, 10),
                },
                ..controls(60.0)
            };
            osc.start(&mut drawer, &at(0), 1);
            let noise: Vec<f32> = (0..128).map(|i| wild(9, i)).collect();
            let (mut left, mut right) = (vec![0.0; 128], vec![0.0; 128]);
            for block in 0..20 {
                osc.render(
                    Level::best(),
                    &mut drawer,
                    &at(block),
                    &OscDetours::default(),
                    Some((&noise, &noise)),
                    &mut left,
                    &mut right,
                );
                assert!(
                    left.iter()
                        .chain(&right)
                        .all(|x| x.is_finite() && x.abs() < 100.0),
                    "{warp} {spectral}"
                );
            }
        }
    }
}

/// One block at the fifth after one at the root, the jump at `frame` told by a detour; the voice's phase at its end.
fn jumped(frame: usize, level: Level) -> (Vec<f32>, u32) {
    let mut drawer = Drawer::new();
    let mut osc = Oscillator::new(setup("sine", WarpMode::None), 44_100.0, 2);
    osc.start(&mut drawer, &controls(60.0), 1);
    let (mut left, mut right) = (vec![0.0; 128], vec![0.0; 128]);
    let way: [f32; BLOCK] = std::array::from_fn(|i| {
        let there = if i < frame { 0.0 } else { 7.0 };
        there - 7.0 * (i + 1) as f32 / BLOCK as f32
    });
    let detours = OscDetours {
        notes: [Some(&way), None],
        ..OscDetours::default()
    };
    let to = controls(67.0);
    osc.render(level, &mut drawer, &to, &detours, None, &mut left, &mut right);
    (left, osc.phase[0][0])
}

#[test]
fn a_jump_of_the_pitch_inside_a_block_leaves_the_phase_where_both_pitches_bring_it() {
    let [low, high] = [60.0, 67.0].map(|note| math::note_to_hz(note) * CYCLE / 88_200.0);
    for frame in [5, 16, 41] {
        let (_, phase) = jumped(frame, Level::best());
        // The frames of the oversampled rate between the two pitches of the base rate go straight.
        let before = (2 * frame) as f64;
        let expected = before * low + (low + high) * 0.5 + (127.0 - before) * high;
        let off = f64::from(phase.wrapping_sub(expected as u64 as u32) as i32) / CYCLE;
        assert!(off.abs() < 1e-4, "{frame}: {off} cycles off");
    }
}

#[test]
fn detours_have_the_same_bits_at_every_level() {
    let expected = jumped(19, Level::Baseline);
    for level in Level::ALL {
        assert_eq!(jumped(19, level), expected, "{level:?}");
    }
}

#[test]
fn a_jump_of_level_or_phase_inside_a_block_is_heard_at_its_frame() {
    let way: [f32; BLOCK] = std::array::from_fn(|i| if i < 30 { 0.0 } else { 0.25 });
    let play = |detours: &OscDetours<&[f32; BLOCK]>| {
        let mut drawer = Drawer::new();
        let mut osc = Oscillator::new(setup("sine", WarpMode::None), 44_100.0, 1);
        osc.start(&mut drawer, &controls(60.0), 1);
        let (mut left, mut right) = (vec![0.0; 64], vec![0.0; 64]);
        let to = controls(60.0);
        osc.render(
            Level::best(),
            &mut drawer,
            &to,
            detours,
            None,
            &mut left,
            &mut right,
        );
        left
    };
    let still = play(&OscDetours::default());
    let louder = play(&OscDetours {
        level: Some(&way),
        ..OscDetours::default()
    });
    let turned = play(&OscDetours {
        phase: Some(&way),
        ..OscDetours::default()
    });
    let peak = still.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    for i in 0..64 {
        let gain = if i < 30 { 1.0 } else { 1.25 * 1.25 };
        assert!((louder[i] - gain * still[i]).abs() < 1e-4, "level at frame {i}");
        // A sine and the same a quarter of a cycle on: their squares add up to that of the peak.
        let both = (still[i] * still[i] + turned[i] * turned[i]).sqrt();
        let expected = if i < 30 {
            still[i].abs() * std::f32::consts::SQRT_2
        } else {
            peak
        };
        assert!((both - expected).abs() < 1e-3, "phase at frame {i}: {both}");
    }
}

#[test]
fn the_sides_of_two_voices_without_detuning_drift_apart_as_measured_in_vital() {
    for (note, drift) in [(48.0, 0), (60.0, 1), (66.0, 2), (72.0, 2), (84.0, 4), (96.0, 8)] {
        let mut drawer = Drawer::new();
        let mut osc = Oscillator::new(setup("sine", WarpMode::None), 44_100.0, 2);
        let mut at = controls(note);
        at.unison.voices = 2.0;
        at.unison.detune = 0.0;
        osc.start(&mut drawer, &at, 1);
        let (mut left, mut right) = (vec![0.0; 128], vec![0.0; 128]);
        for _ in 0..100 {
            let detours = OscDetours::default();
            osc.render(
                Level::best(),
                &mut drawer,
                &at,
                &detours,
                None,
                &mut left,
                &mut right,
            );
        }
        let [left, right] = osc.phase[0];
        assert_eq!(right.wrapping_sub(left), drift * 12_800, "note {note}");
    }
}
