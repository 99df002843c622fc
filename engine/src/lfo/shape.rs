//! A drawn shape as a table, and how Vital draws and reads one.

use crate::math;
use songwalker_schemas::patch::lfo::Points;

/// Steps of a cycle in the table.
const STEPS: usize = 2048;
/// The last place at which the shape is drawn.
const LAST: usize = STEPS - 1;

/// A shape drawn once when the patch is loaded, read by cubic interpolation.
///
/// Measured in Vital with an LFO of four seconds, each point of the table read off the level of a constant wave:
/// the points stand at i/2047, i = 0…2047, and hold the ends beyond; the way between two of the shape's corners on which
/// a point lies is looked up with the place of the point before it, so a corner is seen one step late. A phase is read
/// at 2048 times itself, between the four points around the *nearest* one, which is entered at −½…½.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The points from −1 to 2050.
    table: Vec<f32>,
}

impl Shape {
    /// Draws a shape from its points. `smooth` makes each way between two points a half sine.
    #[must_use]
    pub fn new(points: &Points, smooth: bool) -> Self {
        let place = |i: usize| i as f64 / LAST as f64;
        let value = |i: usize| value_at(points, smooth, place(i.saturating_sub(1)), place(i)) as f32;
        let mut table = Vec::with_capacity(STEPS + 4);
        table.push(value(0));
        table.extend((0..STEPS).map(value));
        table.extend([value(LAST); 3]);
        Self { table }
    }

    /// The value at a phase 0..1.
    #[must_use]
    #[inline]
    pub fn at(&self, phase: f64) -> f32 {
        let place = phase.clamp(0.0, 1.0) * STEPS as f64;
        let index = ((place + 0.5) as usize).min(STEPS);
        let t = (place - index as f64) as f32;
        let Some(&[a, b, c, d]) = self.table[index..].first_chunk() else {
            return 0.0;
        };
        let (slope_b, slope_c) = ((c - a) * 0.5, (d - b) * 0.5);
        let rise = c - b;
        b + t * (slope_b + t * (3.0 * rise - 2.0 * slope_b - slope_c + t * (slope_b + slope_c - 2.0 * rise)))
    }
}

/// The value at `x`, on the way between corners that `chosen` lies on.
fn value_at(points: &Points, smooth: bool, chosen: f64, x: f64) -> f64 {
    let mut before = match points.0.first() {
        Some(point) => *point,
        None => return 0.0,
    };
    if chosen <= before.x {
        return before.y;
    }
    for point in points.0.iter().skip(1) {
        if chosen <= point.x {
            let mut t = ((x - before.x) / (point.x - before.x)).clamp(0.0, 1.0);
            if smooth {
                let sine = math::sin(t * math::PI * 0.5);
                t = sine * sine;
            }
            return before.y + (point.y - before.y) * math::curve(t, before.power);
        }
        before = *point;
    }
    before.y
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(shape: &Shape, step: f64, value: f32) {
        let found = shape.at(step / 2048.0);
        assert!(
            (found - value).abs() < 0.002,
            "{found} at step {step}, not {value}"
        );
    }

    #[test]
    fn a_jump_comes_a_step_late_and_is_read_from_the_nearest_point() {
        let corners = [(0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (0.5, 0.0), (1.0, 0.0)];
        let shape = Shape::new(&Points::straight(&corners), false);
        // Read off Vital's render of an LFO of 0.25 Hz.
        for (step, value) in [
            (0.0, 0.0),
            (0.499, -0.0625),
            (0.501, 0.25),
            (1.0, 0.0),
            (1.499, 0.498),
        ] {
            near(&shape, step, value);
        }
        for (step, value) in [(1.501, 0.4385), (2.0, 1.0), (2.499, 1.0625), (2.501, 1.0)] {
            near(&shape, step, value);
        }
        for (step, value) in [
            (1_024.0, 1.0),
            (1_024.499, 0.502),
            (1_024.501, 0.561),
            (1_025.0, 0.0),
        ] {
            near(&shape, step, value);
        }
    }

    #[test]
    fn corners_between_two_points_of_the_table_are_passed_over() {
        let corners = [
            (0.0, 0.2),
            (0.01, 0.2),
            (0.0102, 0.8),
            (0.0103, 0.3),
            (0.0104, 0.6),
            (0.02, 0.6),
            (1.0, 0.6),
        ];
        let shape = Shape::new(&Points::straight(&corners), false);
        for (step, value) in [(21.0, 0.2), (22.0, 0.3), (23.0, 0.6)] {
            near(&shape, step, value);
        }
    }

    #[test]
    fn a_ramp_reaches_its_end_half_a_step_early() {
        let shape = Shape::new(&Points::straight(&[(0.0, 0.0), (1.0, 1.0)]), false);
        assert!((shape.at(0.5) - 1_024.0 / 2_047.0).abs() < 1e-6);
        assert_eq!(shape.at(2_047.0 / 2_048.0), 1.0);
        assert_eq!(shape.at(1.0), 1.0);
    }
}
