//! Makes the report of a checked patch: what was asked for and what was reached.

use songwalker_schemas::intent::Conflict;
pub use songwalker_schemas::report::{Asked, LoudnessReport, Report};
use songwalker_schemas::{AudioAnalysis, SCHEMA_VERSION};

use super::Checked;

fn number(x: f64) -> String {
    if x.abs() >= 100.0 {
        format!("{x:.0}")
    } else {
        format!("{x:.2}")
    }
}

/// The report of a checked patch.
#[must_use]
pub fn of(
    checked: &Checked,
    note: u8,
    hold_s: f64,
    analysis: AudioAnalysis,
    loudness: LoudnessReport,
    conflicts: &[Conflict],
) -> Report {
    let asked = checked
        .goals
        .iter()
        .map(|goal| {
            let (measure, unit) = goal.measure.name();
            let wanted = match (goal.low, goal.high) {
                (Some(low), Some(high)) => format!("{} … {} {unit}", number(low), number(high)),
                (Some(low), None) => format!("≥ {} {unit}", number(low)),
                (None, Some(high)) => format!("≤ {} {unit}", number(high)),
                (None, None) => String::new(),
            };
            Asked {
                what: goal.what.clone(),
                measure: measure.to_owned(),
                wanted: wanted.trim_end().to_owned(),
                got: format!("{} {unit}", number(goal.value(&checked.probe)))
                    .trim_end()
                    .to_owned(),
                reached: goal.miss(&checked.probe) == 0.0,
            }
        })
        .collect();
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        note,
        hold_s,
        analysis,
        loudness,
        asked,
        corrections: checked.rounds,
        conflicts: conflicts.to_vec(),
    }
}
