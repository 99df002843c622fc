//! What holds for every effect and for the chain.

use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::{Route, Source};
use songwalker_schemas::params;
use songwalker_schemas::patch::Fx;
use songwalker_schemas::patch::fx::FxType;

use super::FxChain;
use super::probe::{RATE, level_db, noise, run};
use crate::simd::Level;

/// A patch with exactly these effects on.
fn patch(kinds: &[FxType]) -> PatchSpec {
    let mut patch = PatchSpec::default();
    for kind in kinds {
        let place = patch.fx_place(*kind).expect("every patch has all effects");
        assert!(patch.set(&format!("/modules/fx/{place}/enabled"), 1.0));
    }
    patch
}

fn place(path: &str) -> usize {
    params::id(path).expect("it is in the table").index()
}

fn play_raw(
    patch: &PatchSpec,
    raw: &[f32],
    level: Level,
    left: &[f32],
    right: &[f32],
    block: usize,
) -> (Vec<f32>, Vec<f32>) {
    let mut chain = FxChain::new(patch, RATE);
    run(
        |l, r| chain.process(level, l, r, &[None; 9], raw, 120.0),
        left,
        right,
        block,
    )
}

fn play(patch: &PatchSpec, left: &[f32], right: &[f32], block: usize) -> (Vec<f32>, Vec<f32>) {
    play_raw(patch, &patch.raw_values(), Level::best(), left, right, block)
}

#[test]
fn every_effect_whose_controls_stand_still_gives_the_same_samples_for_blocks_of_any_size() {
    // What swings by itself goes in straight lines from the end of one block to the end of the next.
    let (left, right) = (noise(0.5, 20_000), noise(0.3, 20_000));
    for kind in FxType::ALL {
        let patch = patch(&[*kind]);
        let mut raw = patch.raw_values();
        for still in [
            "chorus/depth",
            "flanger/depth",
            "phaser/depth_st",
            "reverb/mod_amount",
        ] {
            raw[place(&format!("/modules/fx/{still}"))] = 0.0;
        }
        let whole = play_raw(&patch, &raw, Level::best(), &left, &right, 128);
        for block in [64, 7, 20_000] {
            let other = play_raw(&patch, &raw, Level::best(), &left, &right, block);
            assert!(whole == other, "{kind} in blocks of {block}");
        }
        assert!(whole.0 != left, "{kind} does something");
    }
}

#[test]
fn every_effect_gives_the_same_bits_at_every_level() {
    let (left, right) = (noise(0.5, 20_000), noise(0.3, 20_000));
    for kind in FxType::ALL {
        let patch = patch(&[*kind]);
        let raw = patch.raw_values();
        let baseline = play_raw(&patch, &raw, Level::Baseline, &left, &right, 128);
        for level in Level::ALL {
            let other = play_raw(&patch, &raw, level, &left, &right, 128);
            assert!(baseline == other, "{kind} at {level:?}");
        }
    }
}

#[test]
fn every_effect_starts_again_after_a_reset() {
    let (left, right) = (noise(0.5, 9_000), noise(0.3, 9_000));
    for kind in FxType::ALL {
        let patch = patch(&[*kind]);
        let raw = patch.raw_values();
        let mut chain = FxChain::new(&patch, RATE);
        let first = run(
            |l, r| chain.process(Level::best(), l, r, &[None; 9], &raw, 120.0),
            &left,
            &right,
            128,
        );
        chain.reset();
        let again = run(
            |l, r| chain.process(Level::best(), l, r, &[None; 9], &raw, 120.0),
            &left,
            &right,
            128,
        );
        assert_eq!(first, again, "{kind}");
    }
}

#[test]
fn every_corner_of_every_range_stays_finite_and_bounded() {
    let blast = noise(1.0, 6_000);
    for kind in FxType::ALL {
        let patch = patch(&[*kind]);
        let prefix = format!("/modules/fx/{kind}/");
        let rows: Vec<usize> = (0..params::table().len())
            .filter(|i| params::table()[*i].path.starts_with(&prefix))
            .collect();
        for corner in 0..40_usize {
            let mut raw = patch.raw_values();
            for (k, i) in rows.iter().enumerate() {
                let row = &params::table()[*i];
                // Far outside, at the bounds, or not a number: a route may do any of it.
                raw[*i] = match (corner * 7 + k * (corner + 3)) % 5 {
                    0 => row.raw_min() as f32,
                    1 => row.raw_max() as f32,
                    2 => (row.raw_min() - 3.0 * row.raw_range()) as f32,
                    3 => (row.raw_max() + 3.0 * row.raw_range()) as f32,
                    _ => f32::NAN,
                };
            }
            let mut chain = FxChain::new(&patch, RATE);
            let (left, right) = run(
                |l, r| chain.process(Level::best(), l, r, &[None; 9], &raw, 120.0),
                &blast,
                &blast,
                128,
            );
            let peak = left.iter().chain(&right).fold(0.0_f32, |peak, x| {
                if x.is_finite() {
                    peak.max(x.abs())
                } else {
                    f32::MAX
                }
            });
            assert!(peak < 2_000.0, "{kind}, corner {corner}: {peak}");
        }
    }
}

#[test]
fn every_effect_runs_at_every_rate() {
    let blast = noise(0.5, 9_000);
    for rate in [8_000.0, 44_100.0, 96_000.0, 192_000.0, 8.0 * 192_000.0] {
        let patch = patch(FxType::ALL);
        let mut raw = patch.raw_values();
        for size in [0.0, 1.0] {
            raw[place("/modules/fx/reverb/size")] = size;
            raw[place("/modules/fx/reverb/mod_amount")] = 1.0;
            let mut chain = FxChain::new(&patch, rate);
            let (left, right) = run(
                |l, r| chain.process(Level::best(), l, r, &[None; 9], &raw, 120.0),
                &blast,
                &blast,
                128,
            );
            assert!(
                left.iter()
                    .chain(&right)
                    .all(|x| x.is_finite() && x.abs() < 100.0),
                "{rate} Hz"
            );
        }
    }
}

#[test]
fn effects_run_in_the_order_of_the_patch() {
    let tone = super::probe::sine(200.0, 0.9, 8_000);
    let kinds = [FxType::Distortion, FxType::Eq];
    let mut first = patch(&kinds);
    for (kind, path, value) in [(kinds[0], "drive_db", 24.0), (kinds[1], "low/gain_db", -15.0)] {
        let place = first.fx_place(kind).expect("every patch has all effects");
        assert!(first.set(&format!("/modules/fx/{place}/{path}"), value));
    }
    let mut second = first.clone();
    let (a, b) = (
        second.fx_place(kinds[0]).expect("it is there"),
        second.fx_place(kinds[1]).expect("it is there"),
    );
    second.modules.fx.swap(a, b);
    let (one, _) = play(&first, &tone, &tone, 128);
    let (other, _) = play(&second, &tone, &tone, 128);
    assert!((level_db(&one) - level_db(&other)).abs() > 0.5);
}

#[test]
fn a_send_enters_before_its_effect_and_after_those_before() {
    let mut patch = patch(&[FxType::Distortion]);
    let drive = patch
        .fx_place(FxType::Distortion)
        .expect("every patch has all effects");
    assert!(patch.set(&format!("/modules/fx/{drive}/drive_db"), 30.0));
    let raw = patch.raw_values();
    let sent = vec![0.01_f32; 64];
    for (kind, expected) in [(FxType::Distortion, 0.306_6), (FxType::Reverb, 0.01)] {
        let mut sends = [None; 9];
        sends[kind.index()] = Some((&sent[..], &sent[..]));
        let (mut left, mut right) = (vec![0.0; 64], vec![0.0; 64]);
        FxChain::new(&patch, RATE).process(Level::best(), &mut left, &mut right, &sends, &raw, 120.0);
        assert!(
            (left[63] - expected).abs() < 1e-3 && left == right,
            "{kind}: {}",
            left[63]
        );
    }
}

#[test]
fn a_jump_of_a_control_makes_no_click() {
    // A sine through each mix control from one end to the other: no step larger than the sine's and the ramp's own.
    let tone = super::probe::sine(100.0, 0.5, 16_384);
    for kind in [
        FxType::Chorus,
        FxType::Delay,
        FxType::Distortion,
        FxType::Reverb,
        FxType::Phaser,
    ] {
        let patch = patch(&[kind]);
        let mut raw = patch.raw_values();
        let mix = place(&format!("/modules/fx/{kind}/mix"));
        let mut chain = FxChain::new(&patch, RATE);
        let mut block = 0;
        raw[mix] = 0.0;
        let (left, _) = run(
            |l, r| {
                raw[mix] = if block < 64 { 0.0 } else { 1.0 };
                block += 1;
                chain.process(Level::best(), l, r, &[None; 9], &raw, 120.0);
            },
            &tone,
            &tone,
            128,
        );
        let step = left[7_800..8_600]
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max);
        assert!(step < 0.03, "{kind}: {step}");
    }
}

#[test]
fn silence_goes_to_exact_zero_and_not_through_denormals() {
    // The filter's models answer for themselves in their own files.
    for kind in FxType::ALL.iter().filter(|kind| **kind != FxType::Filter) {
        let patch = patch(&[*kind]);
        let mut signal = noise(0.5, 2_000);
        signal.resize(88_200 * 12, 0.0);
        let (left, right) = play(&patch, &signal, &signal, 128);
        let denormal = |x: &&f32| **x != 0.0 && x.abs() < f32::MIN_POSITIVE;
        assert_eq!(left.iter().chain(&right).filter(denormal).count(), 0, "{kind}");
        assert!(level_db(&left[88_200 * 11..]) < -120.0, "{kind}");
    }
}

#[test]
fn the_tail_says_how_long_the_effects_ring() {
    for kind in [FxType::Delay, FxType::Reverb, FxType::Chorus] {
        let mut patch = patch(&[kind]);
        let at = patch.fx_place(kind).expect("every patch has all effects");
        assert!(patch.set(&format!("/modules/fx/{at}/mix"), 1.0));
        let tail = FxChain::new(&patch, RATE).tail_s(&patch.raw_values(), 120.0);
        let mut signal = noise(0.5, 8_820);
        let frames = (tail * f64::from(RATE)) as usize;
        signal.resize(8_820 + frames + 8_820, 0.0);
        let (left, _) = play(&patch, &signal, &signal, 128);
        let during = level_db(&left[8_820..35_280]);
        let after = level_db(&left[8_820 + frames..]);
        assert!(
            after - during < -60.0,
            "{kind}: {tail} s, {after} dB after {during} dB"
        );
    }
}

#[test]
fn effects_that_are_off_leave_the_sound_alone() {
    let tone = noise(0.4, 500);
    let off = PatchSpec::default();
    assert!(off.modules.fx.iter().all(|fx: &Fx| !fx.enabled()));
    let (left, right) = play(&off, &tone, &tone, 128);
    assert!(left == tone && right == tone);
    assert_eq!(FxChain::new(&off, RATE).tail_s(&off.raw_values(), 120.0), 0.0);
}

#[test]
fn tone_effects_follow_each_side_by_its_own_values() {
    let blast = noise(0.5, 2_000);
    let moved = [
        (FxType::Distortion, "drive_db", 10.0),
        (FxType::Eq, "band/gain_db", 9.0),
        (FxType::Compressor, "band/gain_db", 6.0),
        (FxType::Filter, "cutoff_hz", 20.0),
    ];
    for (kind, control, way) in moved {
        let mut patch = patch(&[kind]);
        let at = patch.fx_place(kind).expect("every patch has all effects");
        let route = Route::new(Source::Stereo, format!("/modules/fx/{at}/{control}"), 0.5);
        patch.modulation.routes.push(route);
        let left_raw = patch.raw_values();
        let mut right_raw = left_raw.clone();
        right_raw[place(&format!("/modules/fx/{kind}/{control}"))] += way;
        let render = |raw: [&[f32]; 2]| {
            let mut chain = FxChain::new(&patch, RATE);
            run(
                |l, r| chain.process_sides(Level::best(), l, r, &[None; 9], raw, 120.0),
                &blast,
                &blast,
                128,
            )
        };
        let both = render([&left_raw, &right_raw]);
        assert_eq!(both.0, render([&left_raw, &left_raw]).0, "{kind}");
        assert_eq!(both.1, render([&right_raw, &right_raw]).1, "{kind}");
        assert_ne!(both.0, both.1, "{kind}");
    }
}

#[test]
fn tone_effects_give_the_same_bits_at_every_level() {
    let blast = noise(0.7, 3_000);
    let patch = patch(&[FxType::Distortion, FxType::Eq, FxType::Compressor]);
    let mut raw = patch.raw_values();
    raw[place("/modules/fx/distortion/filter/order")] = 1.0;
    for kind in 0..6_u8 {
        raw[place("/modules/fx/distortion/kind")] = f32::from(kind);
        raw[place("/modules/fx/compressor/bands")] = f32::from(kind % 4);
        let render = |level| {
            let mut chain = FxChain::new(&patch, RATE);
            let mut raw = raw.clone();
            run(
                |l, r| {
                    raw[place("/modules/fx/eq/band/gain_db")] += 0.5;
                    chain.process(level, l, r, &[None; 9], &raw, 120.0);
                },
                &blast,
                &blast,
                128,
            )
        };
        let baseline = render(Level::Baseline);
        for level in Level::ALL {
            assert!(render(level) == baseline, "kind {kind} at {level:?}");
        }
    }
}
