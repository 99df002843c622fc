//! Source: lines through corners.
//!
//! A sample stands at x = i/2047 and is 2y − 1. It lies in the segment that the sample before it reached: a vertical
//! step therefore comes one sample late; the second sample is the first once more (measured against Vital, to −130 dB).
//! Corners and bends go straight from one
//! keyframe to the next, over a time bent by the difference of their pulls.

use songwalker_schemas::asset::component::{LineKey, LinePoint, Lines, Path};

use super::place::{Place, place};
use super::work::Work;
use crate::math;

/// The place of a frame. By a cubic a line is at its next keyframe at once, which is what Vital does.
pub(super) fn at(spec: &Lines, positions: &[u16], frame: u16) -> Place {
    let straight = place(Path::Linear, positions, frame);
    match spec.path {
        Path::Hold => Place::only(straight.from),
        Path::Cubic => Place::only(straight.to),
        Path::Linear => straight,
    }
}

pub(super) fn apply(spec: &Lines, place: &Place, work: &mut Work) {
    let (from, to) = (&spec.keyframes[place.from], &spec.keyframes[place.to]);
    let points = between(from, to, math::curve(place.t, from.pull - to.pull));
    let last = (work.samples.len() - 1) as f64;
    let mut at = 0;
    for (i, out) in work.samples.iter_mut().enumerate() {
        let x = i as f64 / last;
        *out = 2.0 * height(&points, at, x, from.smooth) - 1.0;
        while at + 2 < points.len() && x > points[at + 1].x {
            at += 1;
        }
    }
    work.samples[1] = work.samples[0];
}

fn between(from: &LineKey, to: &LineKey, t: f64) -> Vec<LinePoint> {
    let mix = |a: f64, b: f64| a + t * (b - a);
    from.points
        .iter()
        .zip(&to.points)
        .map(|(a, b)| LinePoint {
            x: mix(a.x, b.x),
            y: mix(a.y, b.y),
            power: mix(a.power, b.power),
        })
        .collect()
}

fn height(points: &[LinePoint], at: usize, x: f64, smooth: bool) -> f64 {
    let (Some(a), Some(b)) = (points.get(at), points.get(at + 1)) else {
        return points.first().map_or(0.5, |point| point.y);
    };
    let width = b.x - a.x;
    let mut t = if width > 0.0 {
        ((x - a.x) / width).clamp(0.0, 1.0)
    } else {
        0.0
    };
    if smooth {
        let sine = math::sin(math::PI / 2.0 * t);
        t = sine * sine;
    }
    a.y + math::curve(t, a.power) * (b.y - a.y)
}
