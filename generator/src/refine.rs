//! Refinement: a given patch, changed by words about it. `darker and shorter` moves what the words speak of, by at least
//! the smallest step that can be heard, and leaves the rest within its tolerance.
//!
//! [`words`] reads what is to change and what is to stay, [`step`] says how far a step is, [`lever`] moves the few
//! parameters that an aspect is made of, [`settle`] listens and corrects, and values that were given in units go through
//! the mapper's own stages. Structure changes only where the words need it. The result is a bundle like any other, with
//! `meta/refinement.json`: the JSON Patch from the parent to the child.

pub mod difference;
pub mod lever;
pub mod settle;
pub mod step;
pub mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use songwalker_schemas::intent::{Descriptors, Feature, Invariant};
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::patch::voicing::VoicingMode;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::refinement::Refinement;
use songwalker_schemas::report::Asked;
use songwalker_schemas::{AudioAnalysis, Intent, Manifest, PatchSpec, SCHEMA_VERSION, canonical};

use self::settle::{Heard, Task, Way};
use self::step::{Aspect, Step};
use self::words::Wish;
use crate::check::{self, Checked, probe, wanted};
use crate::error::GenerateError;
use crate::mapper::{self, Corrections, dirt, keep, motion, source, space, time, tone};
use crate::package::{archive, layout};
use crate::pipeline::{self, Generated, Hooks, Stage, ToFinish};
use crate::{assets, macros, templates};

/// What is refined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The patch.
    pub patch: PatchSpec,
    /// What was asked of it.
    pub intent: Intent,
    /// The template that it grew from.
    pub template_id: String,
    /// The recipe that changed the template, where one did.
    #[serde(default)]
    pub recipe_id: Option<String>,
    /// `bundle_sha256` of its bundle, where it has one.
    pub sha256: Option<String>,
}

impl Parent {
    /// A patch of which nothing else is known: nothing but its kind was asked of it.
    #[must_use]
    pub fn bare(patch: PatchSpec) -> Self {
        let mut intent = Intent::neutral(patch.meta.category);
        intent.name = intent_name(&patch.name);
        intent.subcategory.clone_from(&patch.meta.subcategory);
        intent.tempo_bpm = patch.meta.tempo_bpm;
        let template_id = templates::neutral(patch.meta.category)
            .map_or_else(String::new, |entry| entry.template.id.clone());
        Self {
            patch,
            intent,
            template_id,
            recipe_id: None,
            sha256: None,
        }
    }

    /// Whether it plays wavetables or samples that lie beside it.
    #[must_use]
    pub fn plays_assets(&self) -> bool {
        !assets::named(&self.patch).is_empty()
    }

    /// The sound of a bundle's zip. Nothing is checked but that it can be read.
    #[must_use]
    pub fn of_zip(zip: &[u8]) -> Option<Self> {
        Self::of_files(&archive::read(zip).ok()?)
    }

    /// The sound of a bundle's files. Nothing is checked but that they can be read: whose bundle it is has checked it.
    #[must_use]
    pub fn of_files(files: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let file = |path: &str| files.get(path).map(Vec::as_slice);
        let provenance: Provenance = serde_json::from_slice(file(layout::PROVENANCE)?).ok()?;
        let manifest: Manifest = serde_json::from_slice(file(layout::MANIFEST)?).ok()?;
        Some(Self {
            patch: PatchSpec::from_json(file(layout::PATCH)?).ok()?,
            intent: serde_json::from_slice(file(layout::INTENT)?).ok()?,
            template_id: provenance.template_id,
            recipe_id: provenance.recipe_id,
            sha256: Some(manifest.bundle_sha256),
        })
    }
}

/// A name as an intent may have it.
fn intent_name(name: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '\'' | '-');
    let name: String = name.chars().filter(allowed).take(48).collect();
    if name.trim().is_empty() {
        "Untitled".to_owned()
    } else {
        name
    }
}

/// What is asked of a sound that is there.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The words.
    pub words: &'a str,
    /// What they are about.
    pub parent: &'a Parent,
    /// Chooses among variations, 0..2^53−1.
    pub seed: u64,
    /// How many variations, 0..5.
    pub variations: usize,
}

/// A parent's child, listened to; its level is not set yet.
#[derive(Debug, Clone)]
pub struct Child {
    /// What is asked of it: what was asked of the parent, with the change in it.
    pub intent: Intent,
    /// What was to move.
    pub steps: Vec<Step>,
    /// What came nearest.
    pub heard: Heard,
}

/// Changes a sound by words about it.
///
/// # Errors
/// Words that say no change, another kind of sound, a patch that cannot be played, cancellation.
pub fn child(words: &str, parent: &Parent, hooks: &Hooks) -> Result<Child, GenerateError> {
    hooks.check()?;
    (hooks.progress)(Stage::Planning, 0.0);
    let Parent { patch, intent, .. } = parent;
    let wish = words::wish(words, patch.meta.category, patch.meta.subcategory.as_deref())?;
    let steps = step::steps(&wish.change);
    let intent = pipeline::sealed(&child_intent(intent, &wish, &steps))?;
    (hooks.progress)(Stage::Mapping, 0.0);
    let first = first(patch, &wish);
    (hooks.progress)(Stage::Checking, 0.0);
    let finish = |mut child: PatchSpec| {
        keep::apply(&intent, &mut child);
        if !same_routes(patch, &child) {
            macros::assign(&mut child);
        }
        mapper::quantised(child)
    };
    let moves = steps.iter().any(|step| step.aspect == step::Aspect::Movement);
    let task = Task {
        parent: patch,
        first: &first,
        steps: &steps,
        way: Way::Steps,
        finish: &finish,
        guard: &|_| 0.0,
        budget: &probe::Budget::full(),
        known: None,
        shape: probe::Shape::of(patch.meta.category, moves),
    };
    let heard = settle::settle(&task, hooks)?;
    Ok(Child { intent, steps, heard })
}

/// From a sound and words about it to a bundle.
///
/// # Errors
/// Those of [`child`]; a bundle that is too large.
pub fn refine(request: &Request, hooks: &Hooks) -> Result<Generated, GenerateError> {
    let parent = request.parent;
    pipeline::check_numbers(request.seed, request.variations)?;
    pipeline::check_parent(parent.sha256.as_deref())?;
    let note = parent.patch.meta.category.reference_note();
    let (was, child) = std::thread::scope(|scope| {
        let was = scope.spawn(|| pipeline::measured(&parent.patch, note, hooks));
        let child = child(request.words, parent, hooks);
        (was.join(), child)
    });
    let Child { intent, steps, heard } = child?;
    let was = was.map_err(|_| GenerateError::Render("measuring the parent failed".to_owned()))??;
    let shape = check::shape(&intent);
    let probe = probe::listen(&heard.patch, &shape, hooks)?;
    let rows = |now: &AudioAnalysis| rows(&steps, &heard.made, &was, now);
    let checked = Checked {
        goals: wanted::of(&intent, &heard.patch, None, None),
        patch: heard.patch.clone(),
        rounds: heard.rounds,
        corrections: Corrections::default(),
        probe,
        shape,
        beside: Vec::new(),
    };
    let to_finish = ToFinish {
        checked,
        intent: &intent,
        grown_from: (&parent.template_id, parent.recipe_id.as_deref()),
        planner: PlannerChoice::Embedded,
        seed: request.seed,
        variations: request.variations,
        parent: parent.sha256.as_deref(),
        refined: Some(&parent.patch),
        rows: &rows,
    };
    pipeline::finish(to_finish, hooks)
}

/// Whether a patch has the parent's ways of modulation, whatever their amounts, so that its knobs still find them.
fn same_routes(parent: &PatchSpec, child: &PatchSpec) -> bool {
    let (was, is) = (&parent.modulation.routes, &child.modulation.routes);
    is.len() >= was.len()
        && was
            .iter()
            .zip(is)
            .all(|(a, b)| a.source == b.source && a.target == b.target)
}

/// What is asked of the child: what was asked of the parent, with the change in it.
fn child_intent(parent: &Intent, wish: &Wish, steps: &[Step]) -> Intent {
    let change = &wish.change;
    let mut intent = Intent {
        confidence: 1.0,
        conflicts: change.conflicts.clone(),
        rationale: String::new(),
        tempo_bpm: change.tempo_bpm.or(parent.tempo_bpm),
        voicing: change.voicing.or(parent.voicing),
        register: change.register.or(parent.register),
        ..parent.clone()
    };
    for step in steps {
        step.aspect.merge(step.degree(), &mut intent.descriptors);
    }
    overlay(&settled(&change.descriptors), &mut intent.descriptors);
    take_back_promises(change, &mut intent);
    for invariant in &change.invariants {
        if !intent.invariants.contains(invariant) && intent.invariants.len() < 16 {
            intent.invariants.push(*invariant);
        }
    }
    for feature in &change.avoid {
        if !intent.avoid.contains(feature) {
            intent.avoid.push(*feature);
        }
    }
    intent
}

/// What a parent was not to have, and the child is to.
fn take_back_promises(change: &crate::planner::Change, intent: &mut Intent) {
    let asked = &change.descriptors;
    let more = |degree: Option<f64>| degree.is_some_and(|degree| degree > 0.0);
    let reverb = more(asked.space) || asked.reverb_s.is_some();
    let delay = asked
        .delay
        .as_ref()
        .is_some_and(|delay| delay.amount.is_none_or(|a| a > 0.0));
    let moves = more(asked.movement_amount) || asked.movement.is_some() || asked.tremolo_hz.is_some();
    let vibrato = asked.vibrato_cents.is_some() || asked.vibrato_hz.is_some();
    let wide = more(asked.width) || change.mass > 0.0;
    let rough = more(asked.detune) || change.mass > 0.0 || asked.unison_voices.is_some_and(|n| n > 1);
    let effects = reverb || delay || more(asked.chorus) || more(asked.phaser) || more(asked.flanger);
    let off: [(bool, &[Invariant], &[Feature]); 12] = [
        (reverb, &[Invariant::NoReverb], &[Feature::Reverb]),
        (delay, &[Invariant::NoDelay], &[Feature::Delay]),
        (effects, &[Invariant::NoEffects], &[Feature::Effects]),
        (
            more(asked.chorus) || wide,
            &[Invariant::NoChorus],
            &[Feature::Chorus],
        ),
        (wide, &[Invariant::Centered], &[]),
        (
            more(asked.drive),
            &[Invariant::NoDistortion, Invariant::NoEffects],
            &[Feature::Distortion, Feature::Effects],
        ),
        (more(asked.noise), &[Invariant::NoNoise], &[Feature::Noise]),
        (more(asked.sub), &[Invariant::NoSub], &[Feature::Sub]),
        (moves || vibrato, &[Invariant::Static], &[Feature::Movement]),
        (vibrato, &[Invariant::NoVibrato], &[Feature::Vibrato]),
        (rough, &[Invariant::NoUnison], &[Feature::Unison]),
        (more(asked.brightness), &[], &[Feature::Highs]),
    ];
    for (is_wanted, invariants, features) in off {
        if is_wanted {
            intent.invariants.retain(|one| !invariants.contains(one));
            intent.avoid.retain(|one| !features.contains(one));
        }
    }
    if more(asked.length) || more(asked.attack) || asked.sustain.is_some() {
        intent.invariants.retain(|one| *one != Invariant::Pluck);
    }
    match change.voicing {
        Some(VoicingMode::Mono) => intent.invariants.retain(|one| *one != Invariant::Poly),
        Some(VoicingMode::Poly) => intent.invariants.retain(|one| *one != Invariant::Mono),
        None => {}
    }
}

/// What of a change is no step: values in units, and degrees of what a sound has or has not.
pub(crate) fn settled(asked: &Descriptors) -> Descriptors {
    Descriptors {
        brightness: None,
        warmth: None,
        roughness: None,
        punch: None,
        attack: None,
        length: None,
        release: None,
        width: None,
        space: None,
        drive: None,
        detune: None,
        movement_amount: None,
        ..asked.clone()
    }
}

/// Writes what is asked over what was.
fn overlay(asked: &Descriptors, onto: &mut Descriptors) {
    let (Ok(serde_json::Value::Object(asked)), Ok(mut was)) =
        (serde_json::to_value(asked), serde_json::to_value(&*onto))
    else {
        return;
    };
    if let Some(was) = was.as_object_mut() {
        was.extend(asked);
    }
    if let Ok(both) = serde_json::from_value(was) {
        *onto = both;
    }
}

/// The parent with everything in it that is no step: only the mapper's stages that the words speak of act.
fn first(parent: &PatchSpec, wish: &Wish) -> PatchSpec {
    let change = &wish.change;
    let asked = settled(&change.descriptors);
    let none = Descriptors::default();
    let mut patch = parent.clone();
    songwalker_engine::ENGINE_VERSION.clone_into(&mut patch.engine_version);
    patch.meta.tempo_bpm = change.tempo_bpm.or(patch.meta.tempo_bpm);
    let only = |descriptors: Descriptors| Intent {
        descriptors,
        voicing: change.voicing,
        ..Intent::neutral(parent.meta.category)
    };
    let stage = |part: Descriptors, act: &dyn Fn(&Intent, &mut PatchSpec), patch: &mut PatchSpec| {
        if part != none {
            act(&only(part), patch);
        }
    };
    let nothing = Corrections::default();
    if change.voicing.is_some() || asked.glide_s.is_some() {
        mapper::voicing(
            &only(Descriptors {
                glide_s: asked.glide_s,
                ..none.clone()
            }),
            &mut patch,
        );
    }
    stage(
        Descriptors {
            waveform: asked.waveform,
            fm_ratio: asked.fm_ratio,
            oscillators: asked.oscillators,
            transpose_octaves: asked.transpose_octaves,
            complexity: asked.complexity,
            unison_voices: asked.unison_voices,
            unison_cents: asked.unison_cents,
            sub: asked.sub,
            ..none.clone()
        },
        &|intent, patch| source::apply(intent, patch),
        &mut patch,
    );
    stage(
        Descriptors {
            cutoff_hz: asked.cutoff_hz,
            filter_kind: asked.filter_kind,
            filter_slope: asked.filter_slope,
            resonance: asked.resonance,
            resonance_exact: asked.resonance_exact,
            ..none.clone()
        },
        &|intent, patch| tone::apply(intent, &nothing, patch),
        &mut patch,
    );
    stage(
        Descriptors {
            attack_s: asked.attack_s,
            decay_s: asked.decay_s,
            sustain: asked.sustain,
            release_s: asked.release_s,
            ..none.clone()
        },
        &|intent, patch| time::apply(intent, &nothing, patch),
        &mut patch,
    );
    stage(
        Descriptors {
            noise: asked.noise,
            ..none.clone()
        },
        &|intent, patch| dirt::apply(intent, &nothing, patch),
        &mut patch,
    );
    stage(
        Descriptors {
            movement: asked.movement.clone(),
            movement_speed: asked.movement_speed,
            vibrato_hz: asked.vibrato_hz,
            vibrato_cents: asked.vibrato_cents,
            tremolo_hz: asked.tremolo_hz,
            ..none.clone()
        },
        &|intent, patch| motion::apply(intent, &nothing, patch),
        &mut patch,
    );
    stage(
        Descriptors {
            chorus: asked.chorus,
            phaser: asked.phaser,
            flanger: asked.flanger,
            delay: asked.delay.clone(),
            reverb_s: asked.reverb_s,
            ..none.clone()
        },
        &|intent, patch| space::apply(intent, &nothing, patch),
        &mut patch,
    );
    patch
}

/// What was asked for and reached, by the measures of the finished sounds; of movement by those of the probes, in which
/// nothing beats beside it.
fn rows(steps: &[Step], probed: &[Option<f64>], was: &AudioAnalysis, now: &AudioAnalysis) -> Vec<Asked> {
    let time = |ms: Option<f64>| ms.unwrap_or(60_000.0).max(1.0);
    let rings = |step: &Step| {
        let ratio = |was: Option<f64>, now: Option<f64>| {
            songwalker_engine::math::log2(time(now) / time(was)) / songwalker_engine::math::log2(1.3)
        };
        let sign = if step.up { 1.0 } else { -1.0 };
        let ways = [
            ratio(was.tail60_ms, now.tail60_ms),
            ratio(was.decay60_ms, now.decay60_ms),
            ratio(was.decay20_ms, now.decay20_ms),
        ];
        ways.into_iter().map(|way| sign * way).fold(f64::MIN, f64::max)
    };
    let row = |(step, probed): (&Step, &Option<f64>)| {
        let (made, least) = match step.aspect {
            Aspect::Movement => ((*probed)?, 1.0),
            Aspect::Length | Aspect::Release => (rings(step), 1.0),
            Aspect::Space => (rings(step).max(step.made(was, now)?), 0.7),
            _ => (step.made(was, now)?, 1.0),
        };
        Some(Asked {
            what: step.what().to_owned(),
            measure: format!("{} in steps that count", step.aspect.name()),
            wanted: format!("≥ {least:.2}"),
            got: format!("{made:.2}"),
            reached: made >= least,
        })
    };
    steps.iter().zip(probed).filter_map(row).collect()
}

/// How the parent becomes the child, as a JSON Patch; applied to the parent's JSON it gives the child's.
#[must_use]
pub fn between(parent: &PatchSpec, child: &PatchSpec, sha256: Option<&str>) -> Refinement {
    // As the files have it: 1, not 1.0.
    let document = |patch: &PatchSpec| {
        serde_json::from_slice(&patch.to_canonical()).unwrap_or_else(|_| patch.to_value())
    };
    Refinement {
        schema_version: SCHEMA_VERSION.to_owned(),
        parent: sha256.map(str::to_owned),
        parent_patch_sha256: canonical::sha256_hex(&parent.to_canonical()),
        patch: difference::between(&document(parent), &document(child)),
    }
}
