//! The slow movement of the reverb's lines: a cosine and a sine per lane, exact at the ends of blocks.

use super::Lines;
use crate::math;

/// Turns from lane to lane of a row's modulation.
const LANE_TURNS: f64 = 1.0 / 16.0;

/// How far ahead the modulation begins, in seconds (measured at 0.5, 0.7, 2 and 3 Hz).
pub(super) const LEAD_S: f64 = 0.011;

/// The modulation's phase in turns; none before the first block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Swing {
    phase: Option<f64>,
}

impl Swing {
    /// Moves on by `turns` and gives each line's swing −1..1: by rows cosine up, cosine down, sine up, sine down.
    /// It begins `lead` turns ahead.
    pub(super) fn advance(&mut self, turns: f64, lead: f64) -> Lines {
        let phase = self.phase.unwrap_or(lead) + turns;
        let phase = phase - phase.floor();
        self.phase = Some(phase);
        let (mut cos, mut sin) = ([0.0_f32; 4], [0.0_f32; 4]);
        for lane in 0..4 {
            let angle = 2.0 * math::PI * (phase + LANE_TURNS * lane as f64);
            (cos[lane], sin[lane]) = (math::cos(angle) as f32, math::sin(angle) as f32);
        }
        std::array::from_fn(|i| {
            let value = if i < 8 { cos[i & 3] } else { sin[i & 3] };
            if (i / 4) & 1 == 0 { value } else { -value }
        })
    }
}
