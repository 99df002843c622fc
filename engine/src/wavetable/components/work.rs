//! The frame under work: its samples, its spectrum, and the way between them.

use crate::fft::{RealFft64, Scratch};
use crate::math;
use crate::wavetable::{LAST_BIN, SAMPLES};

/// A frame as samples or as spectrum, whichever was written last; [`Work::analyse`] and [`Work::synthesise`] go between.
pub(super) struct Work {
    /// One cycle.
    pub samples: Vec<f64>,
    /// Its transform without scaling, bins 0..=1024.
    pub re: Vec<f64>,
    pub im: Vec<f64>,
    fft: RealFft64,
    scratch: Scratch<f64>,
}

impl Work {
    pub fn new() -> Self {
        let fft = RealFft64::new(SAMPLES);
        Self {
            samples: vec![0.0; SAMPLES],
            re: vec![0.0; LAST_BIN + 1],
            im: vec![0.0; LAST_BIN + 1],
            scratch: fft.scratch(),
            fft,
        }
    }

    pub fn silence(&mut self) {
        self.samples.fill(0.0);
    }

    /// Samples to spectrum.
    pub fn analyse(&mut self) {
        self.fft
            .forward(&self.samples, &mut self.re, &mut self.im, &mut self.scratch);
    }

    /// Spectrum to samples.
    pub fn synthesise(&mut self) {
        self.fft
            .inverse(&self.re, &self.im, &mut self.samples, &mut self.scratch);
    }

    /// Greatest distance from 0.
    pub fn peak(&self) -> f64 {
        self.samples.iter().fold(0.0, |peak, x| x.abs().max(peak))
    }
}

/// A spectrum as the square root of its magnitudes and its phases in cycles, for blending harmonic by harmonic.
pub(super) struct Polar {
    pub root: Vec<f64>,
    pub phase: Vec<f64>,
}

impl Polar {
    pub fn of(work: &Work) -> Self {
        let bins = work.re.iter().zip(&work.im);
        let (root, phase) = bins
            .map(|(re, im)| {
                (
                    math::sqrt(math::sqrt(re * re + im * im)),
                    math::atan2(*im, *re) / std::f64::consts::TAU,
                )
            })
            .unzip();
        Self { root, phase }
    }
}
