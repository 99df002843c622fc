//! Source: cycles cut out of a recording (measured against Vital to 0.002 dB per harmonic).
//!
//! Samples are sixteenths-bit numbers over 32,767, read by Catmull and Rom's cubic; beyond its ends a recording stays at
//! its first or last sample. With w samples to a cycle and start s a frame is, by cut,
//! * fade: s…s + w turned by ⌊2048·s/w + (w − 2048)/2⌋ samples of the frame, so that neighbours stand in phase; over
//!   its first part what follows s + w is mixed in, from 1 down to 0 along a cosine;
//! * cycle, time, harmonics: cycle ⌊s/w⌋, alone or blended with the next one by the rest of s/w.

use songwalker_schemas::asset::component::{Cut, Cycles, Phases};

use super::place::{Place, place};
use super::waves::blend;
use super::work::{Polar, Work};
use crate::math;
use crate::wavetable::twister::Twister;
use crate::wavetable::{LAST_BIN, SAMPLES};

pub(super) struct Source<'a> {
    spec: &'a Cycles,
    positions: Vec<u16>,
    recording: Vec<f64>,
    /// Radians for every bin, where phases are by chance.
    chance: Vec<f64>,
    /// The last two cycles that were blended harmonic by harmonic, with the number of the first.
    pair: Option<(f64, Polar, Polar)>,
}

impl<'a> Source<'a> {
    pub fn new(spec: &'a Cycles) -> Self {
        let mut twister = Twister::new(spec.seed as u32);
        let random = spec.phases == Phases::Random;
        Self {
            spec,
            positions: spec.keyframes.iter().map(|key| key.position).collect(),
            recording: spec
                .recording
                .0
                .iter()
                .map(|&x| f64::from(x) / 32_767.0)
                .collect(),
            chance: (0..if random { LAST_BIN + 1 } else { 0 })
                .map(|_| math::PI * (2.0 * twister.unit() - 1.0))
                .collect(),
            pair: None,
        }
    }

    pub fn place(&self, frame: u16) -> Place {
        place(self.spec.path, &self.positions, frame)
    }

    pub fn apply(&mut self, place: &Place, work: &mut Work) {
        let start = place.value(|i| self.spec.keyframes[i].start);
        let cycle = self.spec.cycle;
        let (number, rest) = ((start / cycle).floor(), (start / cycle).fract());
        match self.spec.cut {
            Cut::Fade => self.fade(start, place.value(|i| self.spec.keyframes[i].fade), work),
            Cut::Cycle => self.read(number * cycle, work),
            Cut::Time => {
                self.read(number * cycle, work);
                let step = cycle / SAMPLES as f64;
                for (i, out) in work.samples.iter_mut().enumerate() {
                    let next = self.sample((number + 1.0) * cycle + i as f64 * step);
                    *out += rest * (next - *out);
                }
            }
            Cut::Harmonics => {
                let pair = match self.pair.take() {
                    Some(pair) if pair.0 == number => pair,
                    Some((before, _, b)) if before + 1.0 == number => {
                        (number, b, self.polar((number + 1.0) * cycle, work))
                    }
                    _ => {
                        let a = self.polar(number * cycle, work);
                        (number, a, self.polar((number + 1.0) * cycle, work))
                    }
                };
                blend(&pair.1, &pair.2, rest, work);
                work.synthesise();
                self.pair = Some(pair);
            }
        }
        self.turn_phases(work);
        if self.spec.normalize {
            let peak = work.peak();
            let gain = if self.spec.boost {
                peak.max(1e-9)
            } else {
                peak.max(1.0)
            };
            work.samples.iter_mut().for_each(|x| *x /= gain);
        }
    }

    /// The recording at a place in samples.
    fn sample(&self, place: f64) -> f64 {
        let last = self.recording.len() as f64 - 1.0;
        if place >= 1.0 && place < last - 2.0 {
            let i = place as usize;
            if let Some(&[a, b, c, d]) = self.recording[i - 1..].first_chunk() {
                return cubic(a, b, c, d, place - i as f64);
            }
        }
        let place = place.clamp(-2.0, last + 2.0);
        let floor = place.floor();
        let at = |offset: f64| {
            let i = (floor + offset).clamp(0.0, last.max(0.0)) as usize;
            self.recording.get(i).copied().unwrap_or(0.0)
        };
        cubic(at(-1.0), at(0.0), at(1.0), at(2.0), place - floor)
    }

    /// One cycle from a place on.
    fn read(&self, start: f64, work: &mut Work) {
        let step = self.spec.cycle / SAMPLES as f64;
        for (i, out) in work.samples.iter_mut().enumerate() {
            *out = self.sample(start + i as f64 * step);
        }
    }

    fn polar(&self, start: f64, work: &mut Work) -> Polar {
        self.read(start, work);
        work.analyse();
        Polar::of(work)
    }

    fn fade(&self, start: f64, share: f64, work: &mut Work) {
        let (cycle, samples) = (self.spec.cycle, SAMPLES as f64);
        let turn = (start * samples / cycle + (cycle - samples) / 2.0).floor();
        let turned = turn.rem_euclid(samples) as usize;
        let faded = share.clamp(0.0, 1.0) * samples;
        for (i, out) in work.samples.iter_mut().enumerate() {
            let u = ((i + SAMPLES - turned) % SAMPLES) as f64;
            let own = self.sample(start + u * cycle / samples);
            *out = if u < faded && faded >= 2.0 {
                let next = self.sample(start + cycle + u / (faded - 1.0) * share * cycle);
                let q = (u / (faded.floor() - 1.0)).min(1.0);
                own + (0.5 + 0.5 * math::cos(math::PI * q)) * (next - own)
            } else {
                own
            };
        }
    }

    /// Aligned: odd harmonics a quarter of a cycle one way, even ones the other; by chance: uniform over the cycle.
    fn turn_phases(&self, work: &mut Work) {
        if self.spec.phases == Phases::Own {
            return;
        }
        work.analyse();
        for k in 0..=LAST_BIN {
            let magnitude = math::sqrt(work.re[k] * work.re[k] + work.im[k] * work.im[k]);
            (work.re[k], work.im[k]) = match self.chance.get(k) {
                Some(phase) => (magnitude * math::cos(*phase), magnitude * math::sin(*phase)),
                None if k % 2 == 1 => (0.0, magnitude),
                None => (0.0, -magnitude),
            };
        }
        work.im[0] = 0.0;
        work.im[LAST_BIN] = 0.0;
        work.synthesise();
    }
}

/// Catmull and Rom's cubic through four samples, between the middle ones.
fn cubic(a: f64, b: f64, c: f64, d: f64, t: f64) -> f64 {
    let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
    let cubic = 3.0 * (b - c) + d - a;
    b + 0.5 * t * (c - a + t * (square + t * cubic))
}
