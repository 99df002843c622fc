//! Tables given by a series of harmonics: sweeps, organs, bells, hollow and bright spectra.

use super::Shape;
use super::basic::{Keyframes, saw_shape, sine_shape, spread};
use crate::math;
use crate::noise::{hash, unit};

/// A fixed phase for each harmonic, by chance: keeps dense spectra from adding up to one peak.
pub(super) fn scattered(k: usize) -> f64 {
    unit(hash(0x5747, k as u64))
}

/// Harmonics given one by one: (number, amplitude).
fn partials(list: &'static [(usize, f64)]) -> Shape {
    Shape::additive(super::LAST_BIN, move |k| {
        let amplitude = list
            .iter()
            .find(|(number, _)| *number == k)
            .map_or(0.0, |(_, amplitude)| *amplitude);
        (amplitude, scattered(k) * 0.25)
    })
}

/// A bump of harmonics that climbs over a quiet fundamental.
pub(super) fn harmonic_sweep() -> Keyframes {
    spread(
        [1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 18.0, 27.0, 40.0].map(|centre: f64| {
            Shape::additive(96, move |k| {
                let octaves = math::log2(k as f64 / centre);
                let bump = math::exp(-octaves * octaves * 9.0);
                (bump + if k == 1 { 0.35 } else { 0.0 }, scattered(k))
            })
        }),
    )
}

/// Ever more odd harmonics, from sine to square.
pub(super) fn odd_harmonics() -> Keyframes {
    spread([1.0, 3.0, 5.0, 9.0, 17.0, 33.0, 65.0, 257.0].map(|limit: f64| {
        Shape::additive(512, move |k| {
            let inside = (limit + 1.0 - k as f64).clamp(0.0, 1.0);
            (if k % 2 == 1 { inside / k as f64 } else { 0.0 }, 0.0)
        })
    }))
}

/// Octaves stacked one by one.
pub(super) fn octaves() -> Keyframes {
    spread((0..6).map(|top| {
        Shape::additive(32, move |k| {
            let inside = k.is_power_of_two() && k <= 1 << top;
            (
                if inside {
                    1.0 / math::sqrt(math::log2(k as f64) + 1.0)
                } else {
                    0.0
                },
                0.0,
            )
        })
    }))
}

/// Registrations of an organ with drawbars at 8, 4, 2⅔, 2, 1⅗, 1⅓ and 1 feet: harmonics 1, 2, 3, 4, 5, 6, 8.
pub(super) fn organ_drawbars() -> Keyframes {
    spread([
        partials(&[(1, 1.0), (2, 0.08)]),
        partials(&[(1, 1.0), (2, 0.6), (3, 0.25)]),
        partials(&[(1, 1.0), (2, 0.9), (3, 0.9)]),
        partials(&[(1, 0.9), (2, 0.9), (3, 0.7), (4, 0.4), (8, 0.3)]),
        partials(&[
            (1, 0.8),
            (2, 0.8),
            (3, 0.7),
            (4, 0.7),
            (5, 0.5),
            (6, 0.4),
            (8, 0.4),
        ]),
        partials(&[
            (1, 1.0),
            (2, 1.0),
            (3, 1.0),
            (4, 1.0),
            (5, 1.0),
            (6, 1.0),
            (8, 1.0),
        ]),
    ])
}

/// Principal pipes: ranks at 8, 4, 2 feet and a mixture, each with its own harmonics.
pub(super) fn pipe_organ() -> Keyframes {
    let ranks = |four: f64, two: f64, mixture: f64| {
        Shape::additive(160, move |k| {
            let pipe = |number: usize| {
                if k.is_multiple_of(number) {
                    1.0 / math::pow((k / number) as f64, 1.7)
                } else {
                    0.0
                }
            };
            let sum = pipe(1) + four * pipe(2) + two * pipe(4) + mixture * (pipe(6) + pipe(8) + pipe(12));
            (sum, scattered(k))
        })
    };
    spread([
        ranks(0.0, 0.0, 0.0),
        ranks(0.6, 0.0, 0.0),
        ranks(0.7, 0.5, 0.0),
        ranks(0.7, 0.6, 0.3),
        ranks(0.8, 0.7, 0.6),
    ])
}

/// Partials far apart, as a small bell has them, opening upwards.
pub(super) fn bell_partials() -> Keyframes {
    let bell = |brightness: f64| {
        Shape::additive(40, move |k| {
            let weight = match k {
                1 => 1.0,
                2 => 0.35,
                3 => 0.2,
                5 => 0.55,
                7 => 0.4,
                11 => 0.4,
                13 => 0.25,
                17 => 0.25,
                23 => 0.2,
                31 => 0.15,
                _ => 0.0,
            };
            (weight * math::pow(k as f64, brightness - 1.1), scattered(k))
        })
    };
    spread([0.0, 0.4, 0.8, 1.1, 1.3].map(bell))
}

/// Few, high, clear partials over a pure tone.
pub(super) fn glass() -> Keyframes {
    spread([
        partials(&[(1, 1.0), (4, 0.06)]),
        partials(&[(1, 1.0), (4, 0.25), (9, 0.12)]),
        partials(&[(1, 0.8), (4, 0.3), (9, 0.3), (16, 0.15)]),
        partials(&[(1, 0.6), (4, 0.25), (9, 0.35), (16, 0.3), (25, 0.2), (36, 0.1)]),
    ])
}

/// Odd harmonics without the third: an empty, wooden middle.
pub(super) fn hollow() -> Keyframes {
    let slope = |power: f64| {
        Shape::additive(63, move |k| {
            let amplitude = match k {
                1 => 1.0,
                3 => 0.08,
                _ if k % 2 == 1 => 1.4 / math::pow(k as f64, power),
                _ => 0.0,
            };
            (amplitude, scattered(k))
        })
    };
    spread([2.6, 2.0, 1.5, 1.1].map(slope))
}

/// Blocks of equally loud harmonics.
pub(super) fn bright_digital() -> Keyframes {
    spread(
        [(1, 4), (1, 8), (3, 14), (6, 24), (10, 40), (16, 64)].map(|(from, to): (usize, usize)| {
            Shape::additive(64, move |k| {
                let inside = k >= from && k <= to;
                let amplitude = if k == 1 {
                    1.0
                } else if inside {
                    0.35
                } else {
                    0.01 / k as f64
                };
                (amplitude, scattered(k))
            })
        }),
    )
}

/// A sine that gains just enough overtones to be heard on small speakers.
pub(super) fn sub() -> Keyframes {
    spread([
        sine_shape(),
        partials(&[(1, 1.0), (2, 0.12), (3, 0.05)]),
        partials(&[(1, 1.0), (2, 0.25), (3, 0.15), (4, 0.05)]),
        partials(&[(1, 1.0), (2, 0.4), (3, 0.3), (4, 0.16), (5, 0.1), (6, 0.05)]),
    ])
}

/// Five hundred harmonics at chance levels and phases, the tilt rising: a cycle of hiss.
pub(super) fn noise_like() -> Keyframes {
    spread([1.0, 0.75, 0.5, 0.25, 0.0].map(|tilt: f64| {
        Shape::additive(512, move |k| {
            let chance = 0.1 + unit(hash(0x4e01, k as u64));
            (chance / math::pow(k as f64, tilt), unit(hash(0x4e02, k as u64)))
        })
    }))
}

/// Clusters of high harmonics around a few centres, as struck metal has them.
pub(super) fn metallic() -> Keyframes {
    spread([0.0, 0.25, 0.5, 0.75, 1.0].map(|open: f64| {
        Shape::additive(128, move |k| {
            let frequency = k as f64;
            let clusters: f64 = [5.4, 8.9, 13.3, 18.6, 25.2, 33.0, 45.0]
                .iter()
                .enumerate()
                .map(|(i, centre)| {
                    let off = (frequency - centre * (1.0 + 0.35 * open)) / 1.3;
                    math::exp(-off * off) * (0.25 + 0.75 * open) / (1.0 + 0.25 * i as f64)
                })
                .sum();
            (
                clusters + if k == 1 { 0.6 } else { 0.0 } + if k == 2 { 0.25 } else { 0.0 },
                scattered(k),
            )
        })
    }))
}

/// A saw with notches between its harmonics that move together.
pub(super) fn comb_sweep() -> Keyframes {
    spread([0.07, 0.1, 0.14, 0.19, 0.25, 0.31, 0.37, 0.43].map(|delay: f64| {
        saw_shape().filtered(move |k| {
            let wave = math::cos(std::f64::consts::PI * k as f64 * delay);
            0.03 + wave * wave
        })
    }))
}
