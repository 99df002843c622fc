//! All frames of a table as spectra, each different one once.

use super::{LAST_BIN, LAST_FRAME};

/// Elements of one spectrum.
const BINS: usize = LAST_BIN + 1;

/// The spectra of frames 0..=256, as the forward transform gives them.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    /// Which spectrum a frame has.
    index: Vec<u16>,
    re: Vec<f32>,
    im: Vec<f32>,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self {
            index: Vec::with_capacity(usize::from(LAST_FRAME) + 1),
            re: Vec::new(),
            im: Vec::new(),
        }
    }

    /// Adds the next frame: one spectrum of [`BINS`] elements; nothing is kept of one that is that of the frame before.
    pub(super) fn push(&mut self, re: &[f32], im: &[f32]) {
        let last = self.re.len().saturating_sub(BINS);
        if self.re.is_empty() || self.re[last..] != *re || self.im[last..] != *im {
            self.re.extend_from_slice(re);
            self.im.extend_from_slice(im);
        }
        self.push_same();
    }

    /// Adds a frame equal to the one before.
    pub(super) fn push_same(&mut self) {
        self.index.push((self.re.len() / BINS).saturating_sub(1) as u16);
    }

    /// How many different spectra there are.
    pub(super) fn different(&self) -> usize {
        self.re.len() / BINS
    }

    /// Real and imaginary parts of all bins of a frame.
    pub(super) fn of(&self, frame: u16) -> (&[f32], &[f32]) {
        let i = usize::from(self.index[usize::from(frame.min(LAST_FRAME))]);
        (
            &self.re[i * BINS..(i + 1) * BINS],
            &self.im[i * BINS..(i + 1) * BINS],
        )
    }
}
