//! The whole way from a request to a bundle, stage by stage. It knows no job and no clock: who runs it passes a
//! progress callback and a cancellation check, and may time the stages by the callback.

use songwalker_engine::analysis::analyse;
use songwalker_engine::audio::Audio;
use songwalker_engine::math;
use songwalker_engine::render::{RenderRequest, render};
use songwalker_schemas::intent::Conflict;
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::provenance::Provenance;
use songwalker_schemas::refinement::Refinement;
use songwalker_schemas::report::Asked;
use songwalker_schemas::variations::Variation;
use songwalker_schemas::{
    AudioAnalysis, ErrorCode, Faults, Intent, PatchSpec, SCHEMA_VERSION, VariationsDiff, canonical,
    json_schema, limits, structure, text,
};

use crate::check::{self, Checked, Report, probe};
use crate::error::GenerateError;
use crate::mapper::{self, Corrections, choose};
use crate::package::{self, BundleParts, PackageError, PackedBundle, VariationPart};
use crate::phrase::{self, Phrase};
use crate::planner::Plan;
use crate::vary::{self, Varied};
use crate::{planner, refine};

/// What is asked for. Text is normalised and checked by [`generate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the sound should be.
    pub prompt: String,
    /// The user's own words to find it by.
    pub tags: Vec<String>,
    /// The template to start from.
    pub template_id: Option<String>,
    /// Another seed, another version of the same answer; 0..2^53−1.
    pub seed: u64,
    /// How many variations, 0..5.
    pub variations: usize,
    /// `bundle_sha256` of the bundle this one is made from, where there is one.
    pub parent: Option<String>,
}

/// What there is to make once the words are understood. The same `Planned` gives the same bytes.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// What was understood.
    pub intent: &'a Intent,
    /// The request's seed, 0..2^53−1.
    pub seed: u64,
    /// How many variations, 0..5.
    pub variations: usize,
    /// `bundle_sha256` of the bundle this one is made from, where there is one.
    pub parent: Option<&'a str>,
    /// Whose intent it is; provenance says so.
    pub planner: PlannerChoice,
}

/// The stages, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Words become an intent.
    Planning,
    /// The intent becomes a patch.
    Mapping,
    /// Probes are measured and corrected.
    Checking,
    /// The phrase is rendered.
    Rendering,
    /// Variations are made and checked.
    Varying,
    /// Everything becomes one bundle.
    Packaging,
}

impl Stage {
    /// Every stage, in the order in which they run.
    pub const ALL: [Self; 6] = [
        Self::Planning,
        Self::Mapping,
        Self::Checking,
        Self::Rendering,
        Self::Varying,
        Self::Packaging,
    ];

    /// Its name, as jobs and `timings_ms` write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Mapping => "mapping",
            Self::Checking => "checking",
            Self::Rendering => "rendering",
            Self::Varying => "varying",
            Self::Packaging => "packaging",
        }
    }

    /// The stage of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// What the caller of the pipeline hears and may do.
pub struct Hooks<'a> {
    /// Called when a stage begins and as it goes on, with its share done, 0..1.
    pub progress: &'a (dyn Fn(Stage, f64) + Sync),
    /// Asked often; true ends the generation with [`GenerateError::Cancelled`].
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Hooks<'_> {
    /// Hears nothing, never stops.
    #[must_use]
    pub fn none() -> Hooks<'static> {
        Hooks {
            progress: &|_, _| {},
            cancelled: &|| false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), GenerateError> {
        if (self.cancelled)() {
            Err(GenerateError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// A finished generation.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The sound's name, also that of its folder.
    pub name: String,
    /// What the words were taken to mean.
    pub intent: Intent,
    /// The patch.
    pub patch: PatchSpec,
    /// What was measured, asked and reached.
    pub report: Report,
    /// Contradictions and how they were settled.
    pub conflicts: Vec<Conflict>,
    /// How the patch differs from its parent's, where it was refined.
    pub refinement: Option<Refinement>,
    /// The bundle, packed and as files.
    pub bundle: PackedBundle,
}

/// Sample rate of previews.
const PREVIEW_RATE: u32 = 44_100;

/// From a request to a bundle.
///
/// # Errors
/// A refused request, a patch that cannot be played, cancellation, a bundle that is too large.
pub fn generate(request: &Request, hooks: &Hooks) -> Result<Generated, GenerateError> {
    (hooks.progress)(Stage::Planning, 0.0);
    let plan = plan(request)?;
    let planned = Planned {
        intent: &plan.intent,
        seed: request.seed,
        variations: request.variations,
        parent: request.parent.as_deref(),
        planner: PlannerChoice::Embedded,
    };
    generate_from_intent(&planned, hooks)
}

/// Planning alone: the whole request is checked, then its words are read.
///
/// # Errors
/// A refused request.
pub fn plan(request: &Request) -> Result<Plan, GenerateError> {
    let prompt = text::prompt(&request.prompt).map_err(refused)?;
    let tags = text::tags(&request.tags).map_err(refused)?;
    check_numbers(request.seed, request.variations)?;
    check_template(request.template_id.as_deref())?;
    check_parent(request.parent.as_deref())?;
    Ok(planner::plan(&planner::PlanRequest {
        prompt: &prompt,
        tags: &tags,
        template_id: request.template_id.as_deref(),
        seed: request.seed,
    }))
}

/// From an intent to a bundle: what follows planning.
///
/// # Errors
/// An intent that breaks its rules, a patch that cannot be played, cancellation, a bundle that is too large.
pub fn generate_from_intent(planned: &Planned, hooks: &Hooks) -> Result<Generated, GenerateError> {
    let Planned {
        intent,
        seed,
        variations,
        parent,
        planner,
    } = *planned;
    check_numbers(seed, variations)?;
    let intent = &sealed(intent)?;
    check_template(intent.template_id.as_deref())?;
    check_parent(parent)?;
    hooks.check()?;
    (hooks.progress)(Stage::Mapping, 0.0);
    let entry = choose::template(intent, seed)
        .ok_or_else(|| GenerateError::Render(format!("no template for {}", intent.category)))?;
    let first = mapper::map(intent, entry, seed, &Corrections::default());
    (hooks.progress)(Stage::Checking, 0.0);
    let checked = check::settle(intent, entry, seed, first, hooks)?;
    let to_finish = ToFinish {
        checked,
        intent,
        grown_from: (
            &entry.template.id,
            entry.recipe.as_ref().map(|recipe| recipe.id.as_str()),
        ),
        planner,
        seed,
        variations,
        parent,
        refined: None,
        rows: &|_| Vec::new(),
    };
    finish(to_finish, hooks)
}

/// A checked patch on its way to a bundle.
pub(crate) struct ToFinish<'a> {
    pub checked: Checked,
    pub intent: &'a Intent,
    /// The template, and the recipe that changed it.
    pub grown_from: (&'a str, Option<&'a str>),
    /// Whose intent it is.
    pub planner: PlannerChoice,
    pub seed: u64,
    pub variations: usize,
    pub parent: Option<&'a str>,
    /// The patch that it was made from.
    pub refined: Option<&'a PatchSpec>,
    /// What there is to report of the finished sound's measures.
    pub rows: &'a dyn Fn(&AudioAnalysis) -> Vec<Asked>,
}

/// How long the measured note is held, seconds.
fn hold_s(patch: &PatchSpec) -> f64 {
    if patch.modules.env[0].attack_s > 1.0 {
        5.0
    } else {
        3.0
    }
}

/// The measures of a finished patch.
pub(crate) fn measured(patch: &PatchSpec, note: u8, hooks: &Hooks) -> Result<AudioAnalysis, GenerateError> {
    let hold_s = hold_s(patch);
    let request = RenderRequest::note(note, phrase::VELOCITY, hold_s, hold_s + 3.0);
    let audio = render(patch, &request, hooks.cancelled).map_err(probe::refused)?;
    Ok(analyse(&audio, math::note_to_hz(f64::from(note)), hold_s))
}

/// From a checked patch to a bundle: preview, level, variations, files.
pub(crate) fn finish(to_finish: ToFinish, hooks: &Hooks) -> Result<Generated, GenerateError> {
    let ToFinish {
        mut checked,
        intent,
        grown_from: (template_id, recipe_id),
        planner,
        seed,
        variations,
        parent,
        refined,
        rows,
    } = to_finish;
    hooks.check()?;

    (hooks.progress)(Stage::Rendering, 0.0);
    let phrase = phrase::of(&checked.patch, intent.category, intent.register);
    let note = intent.category.reference_note();
    let hold_s = hold_s(&checked.patch);
    let (preview, heard) = std::thread::scope(|scope| {
        let patch = &checked.patch;
        let measuring = scope.spawn(move || {
            let analysis = measured(patch, note, hooks)?;
            let chord_db =
                check::loudness::chord_peak_db(patch, note, hooks.cancelled).map_err(probe::refused)?;
            Ok::<_, GenerateError>((analysis, chord_db))
        });
        (play(patch, &phrase, hooks), measuring.join())
    });
    let mut preview = preview?;
    let (mut analysis, chord_db) =
        heard.map_err(|_| GenerateError::Render("measuring failed".to_owned()))??;
    let was = checked.patch.modules.voicing.master_db;
    let loudness = check::loudness::level(&mut checked.patch, &mut preview, chord_db);
    let shift = checked.patch.modules.voicing.master_db - was;
    for level in [
        &mut analysis.peak_env_db,
        &mut analysis.lufs,
        &mut analysis.true_peak_db,
    ] {
        *level += shift;
    }
    analysis.dc *= math::db_to_gain(shift);
    if loudness.lufs < -60.0 {
        return Err(GenerateError::Silent);
    }
    hooks.check()?;

    (hooks.progress)(Stage::Varying, 0.0);
    let varied = if variations == 0 {
        Vec::new()
    } else {
        vary::make(&checked, intent, seed, variations, hooks)?
    };
    let varied = sound(&checked.patch, varied, &phrase, note, hooks)?;
    hooks.check()?;

    (hooks.progress)(Stage::Packaging, 0.0);
    let told = rows(&analysis);
    let mut report = check::report::of(&checked, intent, note, hold_s, analysis, loudness);
    report.asked.splice(0..0, told);
    let refinement = refined.map(|was| refine::between(was, &checked.patch, parent));
    let provenance = Provenance {
        schema_version: SCHEMA_VERSION.to_owned(),
        engine_version: songwalker_engine::ENGINE_VERSION.to_owned(),
        generator_version: crate::generator_version().to_owned(),
        planner: planner.name().to_owned(),
        template_id: template_id.to_owned(),
        recipe_id: recipe_id.map(str::to_owned),
        seed,
        variations: variations as u64,
        parent: parent.map(str::to_owned),
    };
    let bundle = pack(
        &checked.patch,
        intent,
        &report,
        (&provenance, refinement.as_ref()),
        &preview,
        &phrase,
        &varied,
    )?;
    (hooks.progress)(Stage::Packaging, 1.0);
    Ok(Generated {
        name: checked.patch.name.clone(),
        intent: intent.clone(),
        patch: checked.patch,
        conflicts: report.conflicts.clone(),
        report,
        refinement,
        bundle,
    })
}

fn problem(code: ErrorCode, pointer: &str, message: String) -> GenerateError {
    let mut faults = Faults::new();
    faults.push(pointer, message.clone());
    GenerateError::Request {
        code,
        message,
        faults,
    }
}

pub(crate) fn refused(refused: text::TextRefused) -> GenerateError {
    let message = refused
        .faults
        .as_slice()
        .first()
        .map_or_else(String::new, |fault| {
            let place = match fault
                .pointer
                .strip_prefix("/tags/")
                .and_then(|n| n.parse::<usize>().ok())
            {
                Some(n) => format!("tag {}", n + 1),
                None => format!("the {}", fault.pointer.trim_start_matches('/')),
            };
            format!("{place}: {}", fault.problem)
        });
    GenerateError::Request {
        code: refused.code,
        message,
        faults: refused.faults,
    }
}

fn check_template(id: Option<&str>) -> Result<(), GenerateError> {
    match id {
        Some(id) if choose::by_id(id).is_none() => Err(problem(
            ErrorCode::UnknownTemplate,
            "/template_id",
            format!("there is no template {id}"),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn check_parent(hash: Option<&str>) -> Result<(), GenerateError> {
    let is_hash =
        |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match hash {
        Some(hash) if !is_hash(hash) => Err(problem(
            ErrorCode::InvalidRequest,
            "/parent",
            "not a hash of 64 lower-case hexadecimal digits".to_owned(),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn check_numbers(seed: u64, variations: usize) -> Result<(), GenerateError> {
    if seed > limits::MAX_SEED {
        return Err(problem(
            ErrorCode::InvalidRequest,
            "/seed",
            format!("{seed} is greater than {}", limits::MAX_SEED),
        ));
    }
    if variations > limits::MAX_VARIATIONS {
        return Err(problem(
            ErrorCode::InvalidRequest,
            "/variations",
            format!("{variations} variations, at most {}", limits::MAX_VARIATIONS),
        ));
    }
    Ok(())
}

/// The intent as it goes into a bundle: checked, rounded, without the planner's reasons.
pub(crate) fn sealed(intent: &Intent) -> Result<Intent, GenerateError> {
    let mut intent = intent.clone();
    intent.rationale.clear();
    let mut faults = Faults::new();
    let mut value =
        serde_json::to_value(&intent).map_err(|error| GenerateError::Package(error.to_string()))?;
    canonical::quantise_all(&mut value);
    structure::check(&value, json_schema::intent(), &mut faults);
    if !faults.is_empty() {
        return Err(GenerateError::Intent(faults));
    }
    serde_json::from_value(value).map_err(|error| GenerateError::Package(error.to_string()))
}

/// Plays a phrase with seed 0, as every preview does.
fn play(patch: &PatchSpec, phrase: &Phrase, hooks: &Hooks) -> Result<Audio, GenerateError> {
    let request = RenderRequest {
        sample_rate: PREVIEW_RATE,
        bpm: phrase.bpm,
        seed: 0,
        notes: phrase.notes.clone(),
        seconds: phrase.seconds,
        warm_up_s: 0.0,
        macros: Vec::new(),
    };
    render(patch, &request, hooks.cancelled).map_err(probe::refused)
}

/// A variation that has been played.
struct Sounding {
    variation: Variation,
    patch: PatchSpec,
    audio: Audio,
}

/// Plays the variations, each on a thread of its own, and brings them to the preview's level; the bytes do
/// not depend on who plays which.
fn sound(
    base: &PatchSpec,
    varied: Vec<Varied>,
    phrase: &Phrase,
    note: u8,
    hooks: &Hooks,
) -> Result<Vec<Sounding>, GenerateError> {
    let phrase = &phrase::shortened(phrase);
    std::thread::scope(|scope| {
        let playing: Vec<_> = varied
            .into_iter()
            .map(
                |Varied {
                     mut variation,
                     mut patch,
                 }| {
                    scope.spawn(move || {
                        let mut audio = play(&patch, phrase, hooks)?;
                        let chord_db = check::loudness::chord_peak_db(&patch, note, hooks.cancelled)
                            .map_err(probe::refused)?;
                        check::loudness::level(&mut patch, &mut audio, chord_db);
                        variation.patch = Variation::between(base, &patch).ok_or_else(|| {
                            GenerateError::Package("a variation changed the structure".to_owned())
                        })?;
                        Ok(Sounding {
                            variation,
                            patch,
                            audio,
                        })
                    })
                },
            )
            .collect();
        playing
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(GenerateError::Render("a variation failed".to_owned())))
            })
            .collect()
    })
}

fn pack(
    patch: &PatchSpec,
    intent: &Intent,
    report: &Report,
    (provenance, refinement): (&Provenance, Option<&Refinement>),
    preview: &Audio,
    phrase: &Phrase,
    varied: &[Sounding],
) -> Result<PackedBundle, GenerateError> {
    let analysis = serde_json::to_value(report).map_err(|error| GenerateError::Package(error.to_string()))?;
    let diff = VariationsDiff {
        variations: varied.iter().map(|v| v.variation.clone()).collect(),
        ..VariationsDiff::empty()
    };
    let variations: Vec<VariationPart> = varied
        .iter()
        .map(|v| VariationPart {
            id: &v.variation.id,
            patch: &v.patch,
            audio: &v.audio,
        })
        .collect();
    let parts = BundleParts {
        patch,
        intent,
        analysis: &analysis,
        provenance,
        refinement,
        preview,
        notes: &phrase.notes,
        bpm: phrase.bpm,
        variations: &variations,
        diff: &diff,
    };
    package::bundle(&parts).map_err(|error| match error {
        PackageError::TooLarge(bytes) => GenerateError::TooLarge {
            bytes,
            limit: limits::MAX_BUNDLE_BYTES,
        },
        other => GenerateError::Package(other.to_string()),
    })
}
