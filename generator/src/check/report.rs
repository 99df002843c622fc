//! What was asked for and what was reached, for `analysis.json` and the command line.

use serde::{Deserialize, Serialize};
use songwalker_schemas::intent::Conflict;
use songwalker_schemas::{AudioAnalysis, SCHEMA_VERSION};

use super::Checked;

/// One thing that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What, for people.
    pub what: String,
    /// Which measure says so.
    pub measure: String,
    /// What was wanted.
    pub wanted: String,
    /// What was measured.
    pub got: String,
    /// Whether it was reached.
    pub reached: bool,
}

/// The preview's level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoudnessReport {
    /// Integrated loudness, LUFS.
    pub lufs: f64,
    /// True peak, dB.
    pub true_peak_db: f64,
    /// What set it: `loudness` (−18 LUFS), `peak` (−1 dBTP) or `master` (the master's own end).
    pub limited_by: String,
}

/// `analysis.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always "1.0".
    pub schema_version: String,
    /// The note that was measured.
    pub note: u8,
    /// How long it was held, seconds.
    pub hold_s: f64,
    /// Its measures.
    pub analysis: AudioAnalysis,
    /// The preview's level.
    pub loudness: LoudnessReport,
    /// What was asked for and what was reached.
    pub asked: Vec<Asked>,
    /// How often the patch was corrected.
    pub corrections: usize,
    /// Contradictions and how they were settled.
    pub conflicts: Vec<Conflict>,
}

fn number(x: f64) -> String {
    if x.abs() >= 100.0 {
        format!("{x:.0}")
    } else {
        format!("{x:.2}")
    }
}

impl Report {
    /// The report of a checked patch.
    #[must_use]
    pub fn new(
        checked: &Checked,
        note: u8,
        hold_s: f64,
        analysis: AudioAnalysis,
        loudness: LoudnessReport,
        conflicts: &[Conflict],
    ) -> Self {
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
        Self {
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
}
