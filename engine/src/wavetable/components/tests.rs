//! Every component's law against harmonics measured in Vital (its render of the same table, one cycle to 2,048 samples,
//! divided by that of a known wave), and what must hold for any input.

mod measured;

use songwalker_schemas::asset::component::{
    Component, Cut, Cycles, FilterKey, FilterShape, Filters, FoldKey, Folds, LineKey, LinePoint, Lines, Path,
    PhaseShift, PhaseShiftKey, PhaseShifts, Phases, RecordingKey, Shepards, SlewKey, Slews, WarpKey, Warps,
    WaveBlend, WaveKey, Waves, WindowKey, WindowShape, Windows,
};
use songwalker_schemas::asset::packed::{Recording, Wave};
use songwalker_schemas::asset::{Group, WavetableAsset};

use super::frames;
use crate::math;
use crate::wavetable::SAMPLES;

struct Case {
    name: &'static str,
    components: fn() -> Vec<Component>,
    frame: u16,
    /// Normalised and without DC.
    whole: bool,
    /// Real and imaginary parts of the amplitudes of [`BINS`], as measured.
    re: [f32; 10],
    im: [f32; 10],
}

/// DC and harmonics that were measured.
const BINS: [usize; 10] = [0, 1, 2, 3, 4, 5, 7, 9, 12, 20];

fn sine(cycles: f64, phase: f64) -> f64 {
    math::sin(2.0 * math::PI * cycles + phase)
}

fn wave(value: impl Fn(f64) -> f64) -> Wave {
    Wave(
        (0..SAMPLES)
            .map(|i| value(i as f64 / SAMPLES as f64) as f32)
            .collect(),
    )
}

fn first_wave() -> Wave {
    let quarter = 0.5 * math::PI;
    wave(|x| 0.6 * sine(x, 0.0) + 0.3 * sine(3.0 * x, 1.0) + 0.15 * sine(7.0 * x, quarter) + 0.05)
}

fn second_wave() -> Wave {
    let quarter = 0.5 * math::PI;
    wave(|x| 0.5 * sine(x, 2.0) - 0.4 * sine(3.0 * x, 0.0) + 0.2 * sine(7.0 * x, quarter) + 0.1)
}

fn base() -> Component {
    Component::Waves(Waves {
        path: Path::Linear,
        blend: WaveBlend::Time,
        keyframes: vec![WaveKey {
            position: 0,
            wave: first_wave(),
        }],
    })
}

fn two_waves(blend: WaveBlend) -> Component {
    let keys = [(0, first_wave()), (200, second_wave())];
    Component::Waves(Waves {
        path: Path::Linear,
        blend,
        keyframes: keys.map(|(position, wave)| WaveKey { position, wave }).into(),
    })
}

fn shepard() -> Component {
    Component::Shepard(Shepards {
        path: Path::Linear,
        blend: WaveBlend::Harmonics,
        keyframes: vec![WaveKey {
            position: 0,
            wave: wave(|x| 1.0 - 2.0 * x),
        }],
    })
}

fn cycles(cut: Cut, phases: Phases) -> Component {
    let value = |m: f64| 12_000.0 * sine(m / 311.0, 0.0) + 6_000.0 * sine(m / 97.3, m / 900.0);
    let recording = (0..6_000).map(|m| value(f64::from(m)).round_ties_even() as i16);
    let key = |position, start, fade| RecordingKey {
        position,
        start,
        fade,
        window: 2048.0,
    };
    Component::Cycles(Cycles {
        path: Path::Linear,
        cut,
        cycle: 700.5,
        phases,
        seed: -77,
        normalize: false,
        boost: false,
        sample_rate: 44_100,
        recording: Recording(recording.collect()),
        keyframes: vec![key(0, 300.25, 0.6), key(256, 2900.0, 0.2)],
    })
}

fn lines() -> Component {
    let points = |a: f64, powers: [f64; 5]| {
        let corners = [(0.0, a), (0.01, 1.0 - a), (0.4, 0.2), (0.4, 0.9), (1.0, 0.6 * a)];
        let bent = corners.iter().zip(powers);
        bent.map(|(&(x, y), power)| LinePoint { x, y, power }).collect()
    };
    let key = |position, pull, smooth, points| LineKey {
        position,
        pull,
        smooth,
        points,
    };
    Component::Lines(Lines {
        path: Path::Linear,
        keyframes: vec![
            key(0, 2.0, false, points(0.3, [3.0, 0.0, -2.0, 0.0, 0.0])),
            key(160, -1.0, true, points(0.8, [0.0, 0.0, 0.0, 5.0, 0.0])),
        ],
    })
}

fn phase_shift(mode: PhaseShift) -> Component {
    Component::PhaseShift(PhaseShifts {
        path: Path::Linear,
        mode,
        keyframes: vec![PhaseShiftKey {
            position: 0,
            phase: 0.7,
            mix: 0.4,
        }],
    })
}

fn window(shape: WindowShape) -> Component {
    Component::Window(Windows {
        path: Path::Linear,
        shape,
        keyframes: vec![WindowKey {
            position: 0,
            left: 0.3,
            right: 0.8,
        }],
    })
}

fn filter(shape: FilterShape) -> Component {
    Component::Filter(Filters {
        path: Path::Linear,
        shape,
        normalize: shape == FilterShape::LowPass,
        keyframes: vec![FilterKey {
            position: 0,
            cutoff: 1.5,
            shape: 0.2,
        }],
    })
}

fn slew() -> Component {
    Component::Slew(Slews {
        path: Path::Linear,
        keyframes: vec![SlewKey {
            position: 0,
            rise: 0.4,
            fall: 0.7,
        }],
    })
}

fn fold() -> Component {
    Component::Fold(Folds {
        path: Path::Linear,
        keyframes: vec![FoldKey {
            position: 0,
            boost: 3.3,
        }],
    })
}

fn warp(asymmetric: bool) -> Component {
    Component::Warp(Warps {
        path: Path::Linear,
        horizontal_asymmetric: asymmetric,
        vertical_asymmetric: asymmetric,
        keyframes: vec![WarpKey {
            position: 0,
            horizontal: 2.5,
            vertical: -3.0,
        }],
    })
}

fn table(components: Vec<Component>, whole: bool) -> WavetableAsset {
    WavetableAsset {
        schema_version: "1.0".to_owned(),
        name: String::new(),
        author: String::new(),
        normalize: whole,
        remove_dc: whole,
        groups: vec![Group { components }],
    }
}

#[test]
fn every_component_gives_the_harmonics_that_vital_gives() {
    for case in measured::CASES {
        let frames = frames(&table((case.components)(), case.whole));
        let (re, im) = frames.of(case.frame);
        for (i, k) in BINS.into_iter().enumerate() {
            let (want_re, want_im) = (case.re[i], case.im[i]);
            let scale = if k == 0 { 2048.0 } else { 1024.0 };
            let (got_re, got_im) = (re[k] / scale, im[k] / scale);
            let close = |got: f32, want: f32| want.is_nan() || (got - want).abs() < 1e-4;
            assert!(
                close(got_re, want_re) && close(got_im, want_im),
                "{}, harmonic {k}: {got_re} {got_im}, measured {want_re} {want_im}",
                case.name
            );
        }
    }
}

#[test]
fn groups_are_averaged() {
    let mut both = table(vec![base()], false);
    both.groups.push(Group {
        components: vec![two_waves(WaveBlend::Time)],
    });
    let (one, two) = (
        frames(&table(vec![base()], false)),
        frames(&table(vec![two_waves(WaveBlend::Time)], false)),
    );
    let mean = frames(&both);
    for frame in [0, 100, 256] {
        for k in 0..20 {
            let want = 0.5 * (one.of(frame).0[k] + two.of(frame).0[k]);
            assert!((mean.of(frame).0[k] - want).abs() < 1e-3, "{frame} {k}");
        }
    }
}

#[test]
fn frames_that_repeat_take_no_memory() {
    assert_eq!(frames(&table(vec![base()], false)).different(), 1);
    assert_eq!(
        frames(&table(vec![two_waves(WaveBlend::Time)], false)).different(),
        201
    );
    assert_eq!(frames(&table(vec![lines(), fold()], true)).different(), 161);
}

#[test]
fn extreme_settings_and_empty_groups_stay_finite() {
    let extreme = vec![
        Component::Warp(Warps {
            path: Path::Cubic,
            horizontal_asymmetric: true,
            vertical_asymmetric: false,
            keyframes: [(0, 100.0), (0, -100.0), (256, 100.0)]
                .map(|(position, power)| WarpKey {
                    position,
                    horizontal: power,
                    vertical: -power,
                })
                .into(),
        }),
        Component::Fold(Folds {
            path: Path::Linear,
            keyframes: vec![FoldKey {
                position: 256,
                boost: 1e4,
            }],
        }),
    ];
    let loud = Component::Waves(Waves {
        path: Path::Linear,
        blend: WaveBlend::Harmonics,
        keyframes: vec![WaveKey {
            position: 7,
            wave: Wave(vec![1e6; SAMPLES]),
        }],
    });
    for components in [vec![], extreme.clone(), [vec![loud], extreme].concat()] {
        let frames = frames(&table(components, true));
        for frame in [0, 1, 128, 256] {
            let (re, im) = frames.of(frame);
            assert!(re.iter().chain(im).all(|x| x.is_finite()));
        }
    }
}
