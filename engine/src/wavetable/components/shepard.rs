//! Source: a wave that becomes itself an octave up from frame 0 to frame 256: at the end its harmonic k stands at 2k.

use songwalker_schemas::asset::component::{Path, Shepards, WaveBlend};

use super::place::{Place, place};
use super::waves::{blend, write};
use super::work::{Polar, Work};
use crate::wavetable::{LAST_BIN, LAST_FRAME};

pub(super) struct Source {
    kind: WaveBlend,
    low: Polar,
    high: Polar,
    low_samples: Vec<f64>,
    high_samples: Vec<f64>,
}

impl Source {
    pub fn new(spec: &Shepards, work: &mut Work) -> Self {
        work.silence();
        if let Some(key) = spec.keyframes.first() {
            write(&mut work.samples, &key.wave.0);
        }
        work.analyse();
        let low = Polar::of(work);
        let low_samples = work.samples.clone();
        for k in (1..=LAST_BIN).rev() {
            let half = (k % 2 == 0).then_some(k / 2);
            work.re[k] = half.map_or(0.0, |half| work.re[half]);
            work.im[k] = half.map_or(0.0, |half| work.im[half]);
        }
        work.im[LAST_BIN] = 0.0;
        let high = Polar::of(work);
        work.synthesise();
        Self {
            kind: spec.blend,
            low,
            high,
            low_samples,
            high_samples: work.samples.clone(),
        }
    }

    pub fn place(&self, frame: u16) -> Place {
        place(Path::Linear, &[0, LAST_FRAME], frame)
    }

    pub fn apply(&self, place: &Place, work: &mut Work) {
        let t = if place.from == 1 { 1.0 } else { place.t };
        if self.kind == WaveBlend::Harmonics {
            blend(&self.low, &self.high, t, work);
            work.synthesise();
            return;
        }
        let pairs = self.low_samples.iter().zip(&self.high_samples);
        for (out, (low, high)) in work.samples.iter_mut().zip(pairs) {
            *out = low + t * (high - low);
        }
    }
}
