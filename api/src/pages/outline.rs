//! The preview's outline (`preview/waveform.json`) as two shapes: hills above a horizon, and what lies below it as
//! their flatter reflection. Scaled to the loudest moment, so that quiet sounds have a shape too.

use serde::Deserialize;
use std::fmt::Write;

/// Width of the drawing: one step between neighbours of 600 stretches.
const WIDTH: f64 = 599.0;
/// The horizon in a drawing of 200 units of height; the scripts and the style know it too.
const HORIZON: f64 = 136.0;
/// Most height above the horizon.
const ABOVE: f64 = 132.0;
/// Most depth below it.
const BELOW: f64 = 62.0;
/// How far a silent stretch stands out from the horizon.
const LEAST: f64 = 0.75;

/// Lowest and highest sample of equal stretches of a sound.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Outline {
    /// `[lowest, highest]` of each stretch, full scale is 1.
    pub points: Vec<(f64, f64)>,
}

impl Outline {
    /// Reads `preview/waveform.json`; nothing where it is something else.
    #[must_use]
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let outline: Self = serde_json::from_slice(bytes).ok()?;
        (outline.points.len() <= 10_000).then_some(outline)
    }

    /// The hills and their reflection as SVG path data, in a drawing of 599 × 200.
    pub(super) fn paths(&self) -> (String, String) {
        let peak = self
            .points
            .iter()
            .map(|(low, high)| high.max(-low))
            .fold(0.0_f64, f64::max)
            .max(1e-4);
        let step = WIDTH / self.points.len().saturating_sub(1).max(1) as f64;
        let mut above = format!("M0 {HORIZON}");
        let mut below = format!("M0 {}", HORIZON + 2.0);
        for (index, (low, high)) in self.points.iter().enumerate() {
            let x = (index as f64 * step * 10.0).round() / 10.0;
            let up = (high.max(0.0) / peak * ABOVE).max(LEAST);
            let down = (-low.min(0.0) / peak * BELOW).max(LEAST);
            // Writing to a String cannot fail.
            let _ = write!(above, "L{x} {:.1}", HORIZON - up);
            let _ = write!(below, "L{x} {:.1}", HORIZON + 2.0 + down);
        }
        let _ = write!(above, "L{WIDTH} {HORIZON}Z");
        let _ = write!(below, "L{WIDTH} {}Z", HORIZON + 2.0);
        (above, below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights(path: &str) -> Vec<f64> {
        path.trim_end_matches('Z')
            .split('L')
            .skip(1)
            .map(|point| point.split_once(' ').unwrap().1.parse().unwrap())
            .collect()
    }

    #[test]
    fn the_loudest_moment_reaches_the_top_and_silence_stays_at_the_horizon() {
        let outline = Outline::from_json(br#"{"frames":3,"points":[[0,0],[-0.1,0.2],[-0.2,0.1]]}"#).unwrap();
        let (above, below) = outline.paths();
        assert_eq!(heights(&above), [135.2, 4.0, 70.0, 136.0]);
        assert_eq!(heights(&below), [138.8, 169.0, 200.0, 138.0]);
    }

    #[test]
    fn silence_nothing_and_rubbish_make_no_broken_numbers() {
        for points in [vec![], vec![(0.0, 0.0)], vec![(0.0, 0.0); 600]] {
            let (above, below) = Outline { points }.paths();
            for path in [above, below] {
                assert!(path.starts_with('M') && path.ends_with('Z'), "{path}");
                assert!(!path.contains("NaN") && !path.contains("inf"), "{path}");
            }
        }
        assert_eq!(Outline::from_json(b"[]"), None);
        assert_eq!(Outline::from_json(br#"{"points":[["<script>",1]]}"#), None);
    }
}
