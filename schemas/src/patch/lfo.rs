//! A low-frequency oscillator with a drawn shape.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::patch::rate::LfoRate;
use crate::table::{Described, module};

choice! {
    /// Name of the shape; the points say what it is.
    LfoShape {
        /// Up and down, straight.
        Triangle = "triangle",
        /// Up and down, round.
        Sine = "sine",
        /// Up, then at once down.
        SawUp = "saw_up",
        /// Down, then at once up.
        SawDown = "saw_down",
        /// High, then low.
        Square = "square",
        /// Drawn by hand.
        Custom = "custom",
    }
}

choice! {
    /// When the LFO starts and ends.
    LfoMode {
        /// Restarts with each note.
        Trigger = "trigger",
        /// Follows the song.
        Sync = "sync",
        /// Runs once.
        Envelope = "envelope",
        /// Runs to `phase`, waits there while held.
        SustainEnvelope = "sustain_envelope",
        /// Runs once, then loops from `phase`.
        LoopPoint = "loop_point",
        /// Loops to `phase` while held.
        LoopHold = "loop_hold",
    }
}

choice! {
    /// What smooths the start.
    SmoothMode {
        /// Fades in over `fade_s`.
        Fade = "fade",
        /// Follows with a lag of `time_s`.
        Time = "time",
    }
}

/// A point of a shape: x 0..1 in the cycle, y 0..1 upwards, power bends the way to the next point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Place in the cycle, 0..1.
    pub x: f64,
    /// Value, 0..1.
    pub y: f64,
    /// Bend of the way to the next point, −20..20.
    pub power: f64,
}

/// The points of a shape, 2..100, x from 0 to 1 and never falling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Points(pub Vec<Point>);

impl Points {
    /// Points from (x, y) pairs, straight.
    #[must_use]
    pub fn straight(pairs: &[(f64, f64)]) -> Self {
        Self(
            pairs
                .iter()
                .map(|(x, y)| Point {
                    x: *x,
                    y: *y,
                    power: 0.0,
                })
                .collect(),
        )
    }

    /// The points of a named shape.
    #[must_use]
    pub fn of(shape: LfoShape) -> Self {
        match shape {
            LfoShape::Triangle | LfoShape::Sine | LfoShape::Custom => {
                Self::straight(&[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)])
            }
            LfoShape::SawUp => Self::straight(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0)]),
            LfoShape::SawDown => Self::straight(&[(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]),
            LfoShape::Square => Self::straight(&[(0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (0.5, 0.0), (1.0, 0.0)]),
        }
    }
}

impl Default for Points {
    fn default() -> Self {
        Self::of(LfoShape::Triangle)
    }
}

impl Described for Points {
    fn schema() -> Value {
        let unit = json!({ "type": "number", "minimum": 0, "maximum": 1 });
        json!({ "type": "array", "minItems": 2, "maxItems": crate::limits::MAX_POINTS, "description": "x from 0 to 1, never falling.",
            "items": { "type": "object", "additionalProperties": false, "required": ["x", "y", "power"],
                "properties": { "x": unit, "y": unit, "power": { "type": "number", "minimum": -20, "maximum": 20 } } } })
    }
}

module! {
    /// What smooths an LFO.
    LfoSmooth {
        mode: choice(SmoothMode::Time) "smooth_mode" "Smooth mode" "Whether the start fades in or the value lags.";
        time_s: real(0.000977, 16.0, 0.005524, "s", Exponential, true) "smooth_time" "Smooth time" "Lag where the mode is time.";
        fade_s: real(0.0, 8.0, 0.0, "s", Linear, true) "fade_time" "Fade time" "Fade where the mode is fade.";
    }
}

module! {
    /// A low-frequency oscillator.
    Lfo {
        shape: choice(LfoShape::Triangle) "" "Shape" "Name of the shape.";
        points: data(Points) "" "Points" "The shape itself.";
        smooth_shape: flag(false) "" "Round" "Whether the way between points is a half sine.";
        mode: choice(LfoMode::Trigger) "sync_type" "Mode" "When it starts and ends.";
        rate: group(LfoRate) "" "Rate" "How fast it runs.";
        phase: real(0.0, 1.0, 0.0, "cycles", Linear, true) "phase" "Phase" "Where it starts, or where it loops.";
        delay_s: real(0.0, 4.0, 0.0, "s", Linear, true) "delay_time" "Delay" "Time before it starts to run.";
        smooth: group(LfoSmooth) "" "Smooth" "What smooths it.";
        stereo: real(-0.5, 0.5, 0.0, "cycles", Linear, true) "stereo" "Stereo" "Phase between left and right.";
    }
}

impl Lfo {
    /// Sets a named shape: points, name and rounding.
    pub fn set_shape(&mut self, shape: LfoShape) {
        self.shape = shape;
        self.points = Points::of(shape);
        self.smooth_shape = shape == LfoShape::Sine;
    }
}
