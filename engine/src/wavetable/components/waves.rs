//! Source: drawn waves, blended between keyframes sample by sample or harmonic by harmonic.

use songwalker_schemas::asset::component::{WaveBlend, Waves};

use super::place::{Place, place};
use super::work::{Polar, Work};
use crate::math::fast;
use crate::wavetable::{LAST_BIN, SAMPLES};

pub(super) struct Source<'a> {
    spec: &'a Waves,
    positions: Vec<u16>,
    /// Of the keyframes, for blending by harmonics.
    polar: Vec<Polar>,
}

impl<'a> Source<'a> {
    pub fn new(spec: &'a Waves, work: &mut Work) -> Self {
        let polar = spec
            .keyframes
            .iter()
            .filter(|_| spec.blend == WaveBlend::Harmonics)
            .map(|key| {
                write(&mut work.samples, &key.wave.0);
                work.analyse();
                Polar::of(work)
            })
            .collect();
        Self {
            spec,
            positions: spec.keyframes.iter().map(|key| key.position).collect(),
            polar,
        }
    }

    pub fn place(&self, frame: u16) -> Place {
        place(self.spec.path, &self.positions, frame)
    }

    pub fn apply(&self, place: &Place, work: &mut Work) {
        let wave = |i: usize| self.spec.keyframes[i].wave.0.as_slice();
        if place.from == place.to || self.spec.blend == WaveBlend::Time {
            work.silence();
            for (i, weight) in place.weights() {
                for (out, x) in work.samples.iter_mut().zip(wave(i)) {
                    *out += weight * f64::from(*x);
                }
            }
            return;
        }
        blend(&self.polar[place.from], &self.polar[place.to], place.t, work);
        work.synthesise();
    }
}

pub(super) fn write(samples: &mut [f64], wave: &[f32]) {
    for (to, from) in samples.iter_mut().zip(wave) {
        *to = f64::from(*from);
    }
}

/// Square root of the magnitude below which a harmonic has no phase of its own.
const SILENT_ROOT: f64 = 5e-3;

/// Blends two spectra: per harmonic the square root of the magnitude goes straight and is squared, the phase takes the
/// shortest arc, or is that of the other one where one has no such harmonic; DC and the last bin go straight.
pub(super) fn blend(a: &Polar, b: &Polar, t: f64, work: &mut Work) {
    for k in 0..=LAST_BIN {
        let root = a.root[k] + t * (b.root[k] - a.root[k]);
        let phase = if a.root[k] < SILENT_ROOT {
            b.phase[k]
        } else if b.root[k] < SILENT_ROOT {
            a.phase[k]
        } else {
            let turn = b.phase[k] - a.phase[k];
            a.phase[k] + t * (turn - turn.round_ties_even())
        };
        let (cos, sin) = (fast::cos_cycles(phase as f32), fast::sin_cycles(phase as f32));
        let magnitude = root * root;
        (work.re[k], work.im[k]) = (magnitude * f64::from(cos), magnitude * f64::from(sin));
    }
    for k in [0, LAST_BIN] {
        let real = |polar: &Polar| {
            let sign = if polar.phase[k].abs() > 0.25 { -1.0 } else { 1.0 };
            sign * polar.root[k] * polar.root[k]
        };
        (work.re[k], work.im[k]) = (real(a) + t * (real(b) - real(a)), 0.0);
    }
}

const _: () = assert!(SAMPLES == songwalker_schemas::asset::WAVE_SAMPLES);
