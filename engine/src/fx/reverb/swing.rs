//! The slow movement of the reverb's lines: a cosine and a sine per lane, exact every few samples and straight between.

use super::Lines;
use crate::math;

/// Turns from lane to lane of a row's modulation.
const LANE_TURNS: f64 = 1.0 / 16.0;
/// Samples between two values of the modulation.
const TICK: u32 = 32;

/// Cosines (first four) and sines of the modulation by lane, moving in a line across a tick.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Swing {
    now: [f32; 8],
    step: [f32; 8],
    phase: f64,
    until_tick: u32,
}

impl Swing {
    /// The next sample's cosines and sines; `turn` is the modulation's frequency in turns per sample.
    #[inline]
    pub(super) fn advance(&mut self, turn: f64) -> &[f32; 8] {
        if self.until_tick == 0 {
            self.until_tick = TICK;
            let ahead = self.phase + turn * f64::from(TICK);
            for lane in 0..4 {
                let offset = LANE_TURNS * lane as f64;
                let (from, to) = (
                    2.0 * math::PI * (self.phase + offset),
                    2.0 * math::PI * (ahead + offset),
                );
                (self.now[lane], self.now[lane + 4]) = (math::cos(from) as f32, math::sin(from) as f32);
                self.step[lane] = (math::cos(to) as f32 - self.now[lane]) / TICK as f32;
                self.step[lane + 4] = (math::sin(to) as f32 - self.now[lane + 4]) / TICK as f32;
            }
            self.phase = ahead - ahead.floor();
        }
        self.until_tick -= 1;
        for (now, step) in self.now.iter_mut().zip(self.step) {
            *now += step;
        }
        &self.now
    }
}

/// The four signed swings of a sample spread over the rows: cosine up, cosine down, sine up, sine down.
#[inline]
pub(super) fn spread(swing: &[f32; 8]) -> Lines {
    std::array::from_fn(|i| {
        let value = swing[(i / 8) * 4 + (i & 3)];
        if (i / 4) & 1 == 0 { value } else { -value }
    })
}
