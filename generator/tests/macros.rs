//! Turning a knob does what its name says, measured in the sound of every neutral template.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use songwalker_engine::analysis::{Wants, analyse_fast};
use songwalker_engine::math;
use songwalker_engine::render::{RenderRequest, render};
use songwalker_generator::templates;
use songwalker_schemas::patch::RoleId;
use songwalker_schemas::{AudioAnalysis, Category, PatchSpec};

fn measured(patch: &PatchSpec, role: RoleId, position: f64) -> AudioAnalysis {
    let note = patch.meta.category.reference_note();
    let slot = patch
        .macros
        .iter()
        .position(|slot| slot.role_id == role)
        .expect("every role is there");
    // Slow movement needs time to be seen.
    let least_s: f64 = if role == RoleId::Movement { 4.0 } else { 1.6 };
    let hold_s = least_s.max((2.0 * patch.modules.env[0].attack_s).min(3.0));
    let request = RenderRequest {
        macros: vec![(slot, position)],
        ..RenderRequest::note(note, 0.8, hold_s, hold_s + 2.5)
    };
    let audio = render(patch, &request, &|| false).expect("renders");
    let wants = Wants {
        loudness: true,
        spectrum: true,
        pitch: true,
        stereo: true,
        modulation: true,
        vibrato: false,
        decays: false,
    };
    analyse_fast(&audio, math::note_to_hz(f64::from(note)), hold_s, wants)
}

/// Renders every neutral template at both ends of a knob and says where `holds` does not.
fn sweep(role: RoleId, skip: &[Category], holds: impl Fn(&AudioAnalysis, &AudioAnalysis) -> bool) {
    let mut wrong = Vec::new();
    for category in Category::ALL.iter().filter(|c| !skip.contains(c)) {
        let patch = &templates::neutral(*category)
            .expect("a neutral template")
            .template
            .base;
        let (low, high) = (measured(patch, role, 0.0), measured(patch, role, 1.0));
        if !holds(&low, &high) {
            wrong.push(format!("{category}: at 0 {low:?}\n at 1 {high:?}"));
        }
    }
    assert!(wrong.is_empty(), "{role} fails for {}", wrong.join("\n"));
}

#[test]
fn brightness_raises_the_centroid() {
    sweep(RoleId::ToneBrightness, &[], |low, high| {
        high.brightness_oct > low.brightness_oct + 0.25
    });
}

#[test]
fn width_raises_the_side() {
    sweep(RoleId::Width, &[], |low, high| high.width > low.width + 0.04);
}

#[test]
fn drive_adds_harmonics_or_takes_crest() {
    sweep(RoleId::Drive, &[Category::Fx], |low, high| {
        high.hf_ratio_db > low.hf_ratio_db + 3.0
            || high.crest_db < low.crest_db - 0.8
            || high.brightness_oct > low.brightness_oct + 0.1
    });
}

#[test]
fn space_lengthens_the_tail() {
    let tail = |a: &AudioAnalysis| {
        a.tail60_ms
            .unwrap_or(9_000.0)
            .max(a.decay60_ms.unwrap_or(9_000.0))
    };
    sweep(RoleId::Space, &[], |low, high| {
        tail(high) > 1.15 * tail(low) || tail(low) >= 9_000.0
    });
}

#[test]
fn punch_sharpens_the_attack() {
    sweep(RoleId::AmpPunch, &[], |low, high| {
        high.attack_ms < low.attack_ms - 1.0
            || high.crest_db > low.crest_db + 0.3
            || high.attack_bright_ratio > low.attack_bright_ratio * 1.03
            || low.attack_ms < 8.0
    });
}

#[test]
fn movement_deepens_the_modulation() {
    // A drone moves more slowly than the render is long.
    sweep(
        RoleId::Movement,
        &[Category::Drum, Category::Fx, Category::Drone],
        |low, high| high.movement > low.movement + 0.03 || low.movement > 0.9,
    );
}

#[test]
fn character_and_effects_change_the_sound() {
    let differ = |low: &AudioAnalysis, high: &AudioAnalysis| {
        (low.brightness_oct - high.brightness_oct).abs() > 0.1
            || (low.roughness - high.roughness).abs() > 0.1
            || (low.nonharm_db - high.nonharm_db).abs() > 2.0
            || (low.flatness_db - high.flatness_db).abs() > 1.5
            || (low.width - high.width).abs() > 0.03
            || (low.crest_db - high.crest_db).abs() > 0.7
            || low.tail60_ms != high.tail60_ms
    };
    sweep(RoleId::Character, &[], differ);
    sweep(RoleId::Fx, &[], differ);
}

#[test]
fn knobs_that_are_assigned_again_are_the_same_knobs() {
    for category in Category::ALL {
        let once = &templates::neutral(*category)
            .expect("a neutral template")
            .template
            .base;
        let mut twice = once.clone();
        songwalker_generator::macros::assign(&mut twice);
        assert_eq!(
            once.modulation.routes.len(),
            twice.modulation.routes.len(),
            "{category}"
        );
        assert_eq!(once.macros, twice.macros, "{category}");
    }
}
