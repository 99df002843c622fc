//! Words about a sound move what they speak of, and nothing else: twelve modifiers on ten kinds of sound, measured over
//! whole notes as the evaluation does, not by the probes that the refinement itself listens to.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use songwalker_engine::analysis::analyse;
use songwalker_engine::math;
use songwalker_engine::render::{RenderRequest, render};
use songwalker_generator::mapper::{self, Corrections};
use songwalker_generator::pipeline::Hooks;
use songwalker_generator::refine::{self, Parent};
use songwalker_generator::templates;
use songwalker_schemas::patch::fx::Fx;
use songwalker_schemas::{AudioAnalysis, Category, Intent, PatchSpec};

const KINDS: [Category; 10] = [
    Category::Bass,
    Category::Lead,
    Category::Pad,
    Category::Pluck,
    Category::Keys,
    Category::Bell,
    Category::Strings,
    Category::Brass,
    Category::Organ,
    Category::Arp,
];

fn parent(category: Category) -> Parent {
    let entry = templates::neutral(category).expect("every kind has a neutral");
    Parent::bare(mapper::map(
        &Intent::neutral(category),
        entry,
        0,
        &Corrections::default(),
    ))
}

fn hear(patch: &PatchSpec, category: Category) -> AudioAnalysis {
    let note = category.reference_note();
    let hold_s = if category == Category::Pad { 8.0 } else { 4.0 };
    let request = RenderRequest::note(note, 0.8, hold_s, hold_s + 6.0);
    let audio = render(patch, &request, &|| false).expect("plays");
    analyse(&audio, math::note_to_hz(f64::from(note)), hold_s)
}

fn ratio(was: f64, now: f64) -> f64 {
    now.max(3.0) / was.max(3.0)
}

fn time(ms: Option<f64>) -> f64 {
    ms.unwrap_or(60_000.0)
}

/// The side effects that no modifier may have, beyond those that `spared` names.
fn sides(was: &AudioAnalysis, now: &AudioAnalysis, spared: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |name: &str, is_kept: bool, text: String| {
        if !is_kept && !spared.contains(&name) {
            found.push(format!("{name} {text}"));
        }
    };
    let attack = now.attack_ms.max(10.0) / was.attack_ms.max(10.0);
    add("attack", (0.7..=1.4).contains(&attack), format!("×{attack:.2}"));
    let bright = now.brightness_oct - was.brightness_oct;
    add("brightness", bright.abs() <= 0.4, format!("{bright:+.2}"));
    let pitch = now.pitch_cents - was.pitch_cents;
    add("pitch", pitch.abs() <= 15.0, format!("{pitch:+.1}"));
    found
}

/// Refines every kind; `moved` says whether the measures went far enough. At most `pardoned` kinds may fail: those that
/// have nothing of what is to move, or whose measured attack jumps because their voices beat.
fn table(
    words: &str,
    spared: &[&str],
    pardoned: usize,
    moved: impl Fn(&AudioAnalysis, &AudioAnalysis) -> (bool, String),
) {
    table_of(words, spared, pardoned, &PatchSpec::clone, moved);
}

/// One voice an oscillator and no chorus.
fn alone(patch: &PatchSpec) -> PatchSpec {
    let mut patch = patch.clone();
    for osc in &mut patch.modules.osc {
        osc.unison.voices = 1;
        osc.tune_cents = 0.0;
    }
    for fx in &mut patch.modules.fx {
        if let Fx::Chorus(fx) = fx {
            fx.enabled = false;
        }
    }
    patch
}

fn table_of(
    words: &str,
    spared: &[&str],
    pardoned: usize,
    heard_as: &dyn Fn(&PatchSpec) -> PatchSpec,
    moved: impl Fn(&AudioAnalysis, &AudioAnalysis) -> (bool, String),
) {
    let mut failures = Vec::new();
    for category in KINDS {
        let parent = parent(category);
        let child = refine::child(words, &parent, &Hooks::none()).expect("refines");
        let was = hear(&heard_as(&parent.patch), category);
        let now = hear(&heard_as(&child.heard.patch), category);
        let (is_moved, text) = moved(&was, &now);
        let sides = sides(&was, &now, spared);
        println!(
            "{words:>16} {category:>8} {} {text}  sides {sides:?}  made {:?} rounds {}",
            if is_moved { "ok  " } else { "MISS" },
            child.heard.made,
            child.heard.rounds
        );
        if !is_moved || !sides.is_empty() {
            failures.push(format!("{category}: {text} {sides:?}"));
        }
    }
    assert!(failures.len() <= pardoned, "{words}: {failures:#?}");
}

#[test]
fn darker_is_darker() {
    table("darker", &["brightness"], 2, |was, now| {
        let by = now.brightness_oct - was.brightness_oct;
        (by <= -0.25, format!("{by:+.2} oct"))
    });
}

#[test]
fn brighter_is_brighter() {
    table("brighter", &["brightness"], 0, |was, now| {
        let by = now.brightness_oct - was.brightness_oct;
        (by >= 0.25, format!("{by:+.2} oct"))
    });
}

#[test]
fn a_slower_attack_is_slower() {
    table("slower attack", &["attack"], 0, |was, now| {
        let by = ratio(was.attack_ms, now.attack_ms);
        (by >= 1.5, format!("{:.0} ms ×{by:.2}", was.attack_ms))
    });
}

#[test]
fn a_faster_attack_is_faster_where_there_is_one() {
    table("faster attack", &["attack"], 0, |was, now| {
        let by = ratio(was.attack_ms, now.attack_ms);
        (
            by <= 1.0 / 1.5 || was.attack_ms < 12.0,
            format!("{:.0} ms ×{by:.2}", was.attack_ms),
        )
    });
}

fn rings(was: &AudioAnalysis, now: &AudioAnalysis) -> (f64, f64) {
    (
        time(now.tail60_ms).max(1.0) / time(was.tail60_ms).max(1.0),
        time(now.decay60_ms) / time(was.decay60_ms),
    )
}

#[test]
fn longer_is_longer() {
    table("longer release", &["brightness"], 0, |was, now| {
        let (tail, decay) = rings(was, now);
        (
            tail >= 1.3 || decay >= 1.3,
            format!("tail {:?} ×{tail:.2} decay ×{decay:.2}", was.tail60_ms),
        )
    });
}

#[test]
fn shorter_is_shorter() {
    table("shorter", &["brightness"], 0, |was, now| {
        let (tail, decay) = rings(was, now);
        (
            tail <= 1.0 / 1.3 || decay <= 1.0 / 1.3,
            format!("tail {:?} ×{tail:.2} decay ×{decay:.2}", was.tail60_ms),
        )
    });
}

#[test]
fn wider_is_wider() {
    // The chorus that makes a bass wide makes it brighter by half an octave over a whole note, and a probe hears less of it.
    table("wider", &[], 3, |was, now| {
        let by = now.width - was.width;
        (by >= 0.05, format!("{:.3} {by:+.3}", was.width))
    });
}

#[test]
fn narrower_is_narrower_where_there_is_width() {
    table("narrower", &[], 0, |was, now| {
        let by = now.width - was.width;
        (
            by <= -0.05 || was.width < 0.06,
            format!("{:.3} {by:+.3}", was.width),
        )
    });
}

#[test]
fn more_reverb_rings_longer() {
    table("more reverb", &[], 1, |was, now| {
        let (tail, decay) = rings(was, now);
        let by = now.corr - was.corr;
        (
            (tail >= 1.2 || decay >= 1.2) && (by <= -0.03 || was.corr < 0.35),
            format!(
                "tail {:?} ×{tail:.2} decay ×{decay:.2} corr {by:+.3}",
                was.tail60_ms
            ),
        )
    });
}

#[test]
fn less_reverb_is_drier_where_there_is_reverb() {
    table("less reverb", &[], 0, |was, now| {
        let (tail, decay) = rings(was, now);
        let by = now.corr - was.corr;
        (
            tail <= 1.0 / 1.2
                || decay <= 1.0 / 1.2
                || by >= 0.03
                || was.corr > 0.97
                || time(was.tail60_ms) < 100.0,
            format!(
                "tail {:?} ×{tail:.2} decay ×{decay:.2} corr {:.3} {by:+.3}",
                was.tail60_ms, was.corr
            ),
        )
    });
}

#[test]
fn more_distorted_is_dirtier() {
    table("more distorted", &["brightness", "attack"], 0, |was, now| {
        let crest = now.crest_db - was.crest_db;
        let highs = now.hf_ratio_db - was.hf_ratio_db;
        let rough = now.roughness - was.roughness;
        (
            crest <= -1.0 || highs >= 4.0 || rough >= 0.2,
            format!("crest {crest:+.1} hf {highs:+.1} rough {rough:+.2}"),
        )
    });
}

#[test]
fn cleaner_is_cleaner() {
    table("cleaner", &[], 2, |was, now| {
        let crest = now.crest_db - was.crest_db;
        let highs = now.hf_ratio_db - was.hf_ratio_db;
        let rough = now.roughness - was.roughness;
        (
            crest >= 1.0
                || highs <= -4.0
                || rough <= -0.2
                || (was.roughness < 0.3 && highs < 4.0 && rough < 0.2),
            format!("crest {crest:+.1} hf {highs:+.1} rough {rough:+.2}"),
        )
    });
}

#[test]
fn fatter_is_fatter() {
    table("fatter", &[], 1, |was, now| {
        let by = [
            now.low_ratio - was.low_ratio,
            now.roughness - was.roughness,
            now.width - was.width,
        ];
        (
            by.iter().any(|x| *x >= 0.1),
            format!("low, rough, width {by:+.2?}"),
        )
    });
}

#[test]
fn thinner_is_thinner() {
    table("thinner", &[], 2, |was, now| {
        let by = [
            now.low_ratio - was.low_ratio,
            now.roughness - was.roughness,
            now.width - was.width,
        ];
        // What has no lows, no beating and no width is as thin as it gets.
        let is_thin = was.low_ratio < 0.1 && by.iter().all(|x| *x < 0.1);
        (
            by.iter().any(|x| *x <= -0.1) || is_thin,
            format!("low, rough, width {by:+.2?}"),
        )
    });
}

#[test]
fn punchier_starts_brighter_and_no_later() {
    table("punchier", &["attack", "brightness"], 0, |was, now| {
        let snap = now.attack_bright_ratio - was.attack_bright_ratio;
        (
            snap >= 0.1 && now.attack_ms <= was.attack_ms.max(10.0) * 1.05,
            format!(
                "snap {snap:+.2} attack {:.0} → {:.0}",
                was.attack_ms, now.attack_ms
            ),
        )
    });
}

#[test]
fn detuned_beats_and_stays_in_tune() {
    table("more detuned", &[], 2, |was, now| {
        let rough = now.roughness - was.roughness;
        (rough >= 0.15, format!("rough {rough:+.2}"))
    });
}

#[test]
fn more_movement_moves_more() {
    // What beats is no movement of the sound's own.
    table_of(
        "more movement",
        &["brightness", "attack"],
        1,
        &alone,
        |was, now| {
            let by = now.movement - was.movement;
            (
                by >= 0.1 || was.movement > 0.8,
                format!("{:.2} {by:+.2}", was.movement),
            )
        },
    );
}
