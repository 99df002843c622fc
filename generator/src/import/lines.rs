//! Drawn shapes: of LFOs and of modulations. Vital counts y downwards from 1, we upwards from 0.

use serde_json::{Value, json};
use songwalker_engine::math;
use songwalker_schemas::limits::MAX_POINTS;
use songwalker_schemas::patch::Lfo;
use songwalker_schemas::patch::lfo::{LfoShape, Point, Points};

use super::Warnings;
use super::preset::Preset;

/// Steps into which a round shape is divided where only straight ones can be written.
const STEPS: usize = 96;

/// A drawn shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    pub points: Vec<Point>,
    /// Whether the way between points is a half sine.
    pub smooth: bool,
}

impl Shape {
    /// Reads a shape; nothing where there is none. What had to be changed is said of `feature`.
    pub fn read(line: &Value, feature: &str, warnings: &mut Warnings) -> Option<Self> {
        let numbers = |key: &str| -> Vec<f64> {
            let list = line.get(key).and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .map(|x| x.as_f64().unwrap_or(0.0))
                .collect()
        };
        let (places, powers) = (numbers("points"), numbers("powers"));
        let told = line.get("num_points").and_then(Value::as_u64);
        let count = (places.len() / 2).min(told.map_or(usize::MAX, |told| told as usize));
        let mut points: Vec<Point> = (0..count)
            .map(|i| Point {
                x: places[2 * i],
                y: 1.0 - places[2 * i + 1],
                power: powers.get(i).copied().unwrap_or(0.0),
            })
            .collect();
        if points.len() < 2 {
            warnings.add(
                feature,
                "its shape has fewer than two points; a triangle or straight line stands in",
            );
            return None;
        }
        if points.len() > MAX_POINTS {
            warnings.add(
                feature,
                format!(
                    "its shape has {} points; those after the {MAX_POINTS}th are left out",
                    points.len()
                ),
            );
            points.truncate(MAX_POINTS);
        }
        if fit(&mut points) {
            warnings.add(
                feature,
                "points of its shape lie outside the square, or their order falls; they are moved in",
            );
        }
        Some(Self {
            points,
            smooth: line.get("smooth").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// The value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        let next = self.points.iter().position(|point| point.x >= x && point.x > 0.0);
        let Some(next) = next else {
            return self.points.last().map_or(x, |point| point.y);
        };
        let (Some(from), Some(to)) = (next.checked_sub(1).map(|i| self.points[i]), self.points.get(next))
        else {
            return self.points[0].y;
        };
        let width = to.x - from.x;
        let mut t = if width > 0.0 {
            ((x - from.x) / width).clamp(0.0, 1.0)
        } else {
            1.0
        };
        if self.smooth {
            let sine = math::sin(0.5 * math::PI * t);
            t = sine * sine;
        }
        from.y + (to.y - from.y) * math::curve(t, from.power)
    }

    /// Whether it changes nothing.
    pub fn is_straight(&self) -> bool {
        let on_the_way = |point: &Point| (point.x - point.y).abs() < 1e-5 && point.power.abs() < 0.005;
        !self.smooth && self.points.iter().all(on_the_way)
    }

    /// The same without half sines.
    pub fn points(&self) -> Points {
        if !self.smooth {
            return Points(self.points.clone());
        }
        let place = |i: usize| i as f64 / STEPS as f64;
        Points::straight(
            &(0..=STEPS)
                .map(|i| (place(i), self.at(place(i))))
                .collect::<Vec<_>>(),
        )
    }
}

/// Brings points into the square, x from 0 to 1 and never falling; true where more than a hair had to change.
fn fit(points: &mut [Point]) -> bool {
    const HAIR: f64 = 1e-5;
    let mut changed = false;
    let mut least = 0.0;
    let last = points.len() - 1;
    for (i, point) in points.iter_mut().enumerate() {
        let x = match i {
            0 => 0.0,
            i if i == last => 1.0,
            _ => point.x.clamp(least, 1.0),
        };
        let (y, power) = (point.y.clamp(0.0, 1.0), point.power.clamp(-20.0, 20.0));
        changed |=
            (x - point.x).abs() > HAIR || (y - point.y).abs() > HAIR || (power - point.power).abs() > HAIR;
        least = x;
        *point = Point { x, y, power };
    }
    changed
}

/// Writes the eight LFOs' shapes into a patch's document.
pub fn shapes(preset: &Preset, document: &mut Value, warnings: &mut Warnings) {
    for index in 0..8 {
        let feature = format!("lfo_{}", index + 1);
        let Some(line) = preset.lfos.get(index) else {
            continue;
        };
        let Some(shape) = Shape::read(line, &feature, warnings) else {
            continue;
        };
        let name = line.get("name").and_then(Value::as_str).unwrap_or_default();
        let lfo = &mut document["modules"]["lfo"][index];
        lfo["shape"] = json!(named(&shape, name));
        lfo["points"] = json!(shape.points);
        lfo["smooth_shape"] = json!(shape.smooth);
    }
    if preset.lfos.len() > 8 {
        warnings.add("lfos", "there are more than eight; the others are left out");
    }
}

/// The name of a shape: that of its points, unless the file calls it drawn.
fn named(shape: &Shape, name: &str) -> LfoShape {
    let is = |named: &LfoShape| {
        let mut lfo = Lfo::default();
        lfo.set_shape(*named);
        let same = |(a, b): (&Point, &Point)| {
            (a.x - b.x).abs() < 1e-6 && (a.y - b.y).abs() < 1e-6 && (a.power - b.power).abs() < 1e-6
        };
        lfo.smooth_shape == shape.smooth
            && lfo.points.0.len() == shape.points.len()
            && lfo.points.0.iter().zip(&shape.points).all(same)
    };
    let drawn = name == "Custom";
    LfoShape::ALL
        .iter()
        .copied()
        .find(|named| *named != LfoShape::Custom && !drawn && is(named))
        .unwrap_or(LfoShape::Custom)
}
