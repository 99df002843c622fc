//! The slow movement of the reverb's lines: a cosine and a sine per lane, exact at the ends of blocks.

use super::Lines;
use crate::math;

/// Turns from lane to lane of a row's modulation.
const LANE_TURNS: f64 = 1.0 / 16.0;

/// The modulation's phase.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Swing {
    phase: f64,
}

impl Swing {
    /// Moves on by `turns` and gives each line's swing −1..1: by rows cosine up, cosine down, sine up, sine down.
    pub(super) fn advance(&mut self, turns: f64) -> Lines {
        self.phase += turns;
        self.phase -= self.phase.floor();
        let (mut cos, mut sin) = ([0.0_f32; 4], [0.0_f32; 4]);
        for lane in 0..4 {
            let angle = 2.0 * math::PI * (self.phase + LANE_TURNS * lane as f64);
            (cos[lane], sin[lane]) = (math::cos(angle) as f32, math::sin(angle) as f32);
        }
        std::array::from_fn(|i| {
            let value = if i < 8 { cos[i & 3] } else { sin[i & 3] };
            if (i / 4) & 1 == 0 { value } else { -value }
        })
    }
}
