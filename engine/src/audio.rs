//! A stereo buffer with its sample rate: what [`crate::render`] makes and [`crate::analysis`] reads.

/// Stereo audio. Both channels always have the same length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Audio {
    /// Sample frames per second.
    pub sample_rate: u32,
    /// Left channel, full scale ±1.
    pub left: Vec<f32>,
    /// Right channel, full scale ±1.
    pub right: Vec<f32>,
}

impl Audio {
    /// Silence of `frames` sample frames.
    #[must_use]
    pub fn silence(sample_rate: u32, frames: usize) -> Self {
        Self {
            sample_rate,
            left: vec![0.0; frames],
            right: vec![0.0; frames],
        }
    }

    /// Length in sample frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.left.len()
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.sample_rate)
    }
}
