//! Makes the report of a checked patch: what was asked for and what was reached.

pub use songwalker_schemas::report::{Asked, LoudnessReport, Report};
use songwalker_schemas::{AudioAnalysis, Intent, SCHEMA_VERSION};

use super::Checked;
use crate::refine::step::Step;

fn number(x: f64) -> String {
    if x.abs() >= 100.0 {
        format!("{x:.0}")
    } else {
        format!("{x:.2}")
    }
}

/// Rows for what was asked as a number, from the measures of the finished sound.
fn exact(intent: &Intent, analysis: &AudioAnalysis) -> Vec<Asked> {
    let asked = &intent.descriptors;
    let row = |what: String, measure: &str, wanted: f64, got: f64, unit: &str, tolerance: f64| Asked {
        what,
        measure: measure.to_owned(),
        wanted: format!("{} {unit}", number(wanted)),
        got: format!("{} {unit}", number(got)),
        reached: (got / wanted - 1.0).abs() <= tolerance,
    };
    let mut rows = Vec::new();
    if let Some(seconds) = asked.attack_s.filter(|s| *s >= 0.03) {
        // Amplitude is the envelope squared: from 10 % to 90 % takes 0.61 of the attack.
        rows.push(row(
            format!("{} s to the top", number(seconds)),
            "10 to 90 %",
            610.0 * seconds,
            analysis.attack_ms,
            "ms",
            0.35,
        ));
    }
    if let (Some(seconds), Some(tail_ms)) = (asked.release_s.filter(|s| *s >= 0.1), analysis.tail60_ms) {
        let is_dry = asked.space.is_none() && asked.reverb_s.is_none();
        if is_dry && tail_ms > 0.0 {
            rows.push(row(
                format!("{} s of release", number(seconds)),
                "to −60 dB",
                910.0 * seconds,
                tail_ms,
                "ms",
                0.35,
            ));
        }
    }
    let rate = asked.movement.as_ref().and_then(|movement| {
        // The measured note is played at 120 beats a minute.
        let synced = movement.rate_sync.map(|sync| 2.0 * sync.cycles_per_beat());
        movement.rate_hz.or(synced)
    });
    // Slower than that, the measured note is too short to tell.
    if let Some(hz) = rate.filter(|hz| (0.7..=16.0).contains(hz)) {
        rows.push(row(
            format!("movement at {} Hz", number(hz)),
            "rate",
            hz,
            analysis.mod_rate_hz,
            "Hz",
            0.2,
        ));
    }
    rows
}

/// Rows for what the words were to move beside the same sound without them, as far as a probe could tell.
fn beside(steps: &[(Step, Option<f64>)]) -> impl Iterator<Item = Asked> {
    steps.iter().filter_map(|(step, made)| {
        let made = (*made)?;
        Some(Asked {
            what: step
                .what()
                .replace(" than it was", " than without the word")
                .replace(" than it had", " than without the word"),
            measure: format!("{} in steps that count", step.aspect.name()),
            wanted: "≥ 1.00".to_owned(),
            got: number(made),
            reached: made >= 1.0,
        })
    })
}

/// The report of a checked patch.
#[must_use]
pub fn of(
    checked: &Checked,
    intent: &Intent,
    note: u8,
    hold_s: f64,
    analysis: AudioAnalysis,
    loudness: LoudnessReport,
) -> Report {
    let mut asked: Vec<Asked> = checked
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
    asked.extend(beside(&checked.beside));
    asked.extend(exact(intent, &analysis));
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        note,
        hold_s,
        analysis,
        loudness,
        asked,
        corrections: checked.rounds,
        conflicts: intent.conflicts.clone(),
    }
}
