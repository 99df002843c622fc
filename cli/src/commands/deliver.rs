//! How a bundle reaches its user: the folder, the synthesiser's browser, the words or the JSON about it, the sound.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use songwalker_engine::render::{self, RenderRequest};
use songwalker_generator::package::{layout, midi};
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::wire::{Job, RequestEcho};
use songwalker_schemas::{ErrorCode, Stage};

use crate::args::{Delivery, Details, Synth};
use crate::bundle::Bundle;
use crate::commands::summary;
use crate::failure::Failure;
use crate::interrupt::{self, Answer};
use crate::output::{self, Content, Written};
use crate::progress::Progress;
use crate::terminal::{self, NOTICE, paint};
use crate::{install, play, wav};

/// How long a WAV of the preview goes on after its last note, seconds.
const WAV_TAIL_S: f64 = 3.0;

/// What was asked for, as far as it can be asked again.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The prompt, where there was one.
    pub prompt: Option<String>,
    /// The template.
    pub template: Option<String>,
    /// The tags.
    pub tags: Vec<String>,
    /// How many variations.
    pub variations: u8,
    /// The seed that was used.
    pub seed: u64,
    /// The planner, where it is not left to the program.
    pub planner: Option<PlannerChoice>,
}

impl Asked {
    /// What was typed.
    pub fn typed(prompt: Option<&str>, details: &Details, seed: u64) -> Self {
        Self {
            prompt: prompt.map(str::to_owned),
            template: details.template.clone(),
            tags: details.tags.clone(),
            variations: details.variations,
            seed,
            planner: Some(details.planner.choice()).filter(|choice| *choice != PlannerChoice::Auto),
        }
    }

    /// What a job says.
    pub fn echoed(request: &RequestEcho) -> Self {
        Self {
            prompt: request.prompt.clone(),
            template: request.template_id.clone(),
            tags: request.tags.clone(),
            variations: request.variations,
            seed: request.seed,
            planner: by_model(request.planner),
        }
    }
}

/// The planner, where a language model was asked for.
pub fn by_model(planner: PlannerChoice) -> Option<PlannerChoice> {
    Some(planner).filter(|choice| matches!(choice, PlannerChoice::Hybrid | PlannerChoice::Llm))
}

/// The job that made a bundle.
#[derive(Debug, Clone, Copy)]
pub struct MadeBy<'a> {
    /// The job.
    pub job: &'a Job,
    /// Whether it ran for this command; else it was there before.
    pub ran_now: bool,
}

/// Everything there is to say afterwards.
pub struct Made<'a> {
    /// What was asked for.
    pub asked: &'a Asked,
    /// Where it goes.
    pub delivery: &'a Delivery,
    /// What came out.
    pub bundle: &'a Bundle,
    /// Where it lies.
    pub written: &'a Written,
    /// Where the preset was put for Vital, where that was asked for.
    pub installed: Option<&'a Path>,
    /// Milliseconds by stage.
    pub timings_ms: &'a BTreeMap<&'static str, f64>,
    /// The job that made it, where there was one.
    pub made_by: Option<MadeBy<'a>>,
}

/// A delivery whose places can be written to.
pub struct Ready<'a> {
    delivery: &'a Delivery,
    presets: Option<PathBuf>,
}

/// Says early whether a bundle could be delivered: what cannot succeed fails before the work, not after it.
///
/// # Errors
/// `storage_unavailable`, `not_found` where Vital never ran here.
pub fn prepare(delivery: &Delivery) -> Result<Ready<'_>, Failure> {
    let presets = delivery
        .install
        .map(|Synth::Vital| install::presets_folder())
        .transpose()?;
    interrupt::answer(Answer::Ask);
    output::probe(&delivery.out)?;
    presets.as_deref().map(install::probe).transpose()?;
    Ok(Ready { delivery, presets })
}

impl Ready<'_> {
    /// Puts a bundle in place and says so.
    ///
    /// # Errors
    /// `storage_unavailable`; `cancelled` where Ctrl-C came before it was in place.
    pub fn deliver(
        self,
        bundle: &Bundle,
        asked: &Asked,
        made_by: Option<MadeBy<'_>>,
        progress: &Progress,
        json: bool,
    ) -> Result<(), Failure> {
        interrupt::answer(Answer::Wait);
        progress.writing();
        let content = Content {
            stem: &bundle.stem,
            zip: &bundle.zip,
            files: &bundle.files,
        };
        let written = output::write(&self.delivery.out, &content)?;
        interrupt::answer(Answer::Ignore);
        let mut timings_ms = progress.finish();
        if let Some(made_by) = made_by {
            recorded(&made_by, &mut timings_ms);
        }
        let installed = self
            .presets
            .as_ref()
            .map(|presets| install(presets, bundle))
            .transpose()?;
        let made = Made {
            asked,
            delivery: self.delivery,
            bundle,
            written: &written,
            installed: installed.as_deref(),
            timings_ms: &timings_ms,
            made_by,
        };
        if json {
            terminal::print_json(&as_json(&made)?)?;
        } else {
            terminal::print(&summary::text(&made))?;
        }
        if self.delivery.play {
            let flac = written.folder.join(layout::PREVIEW_FLAC);
            if let Err(problem) = play::play(&flac, || preview_wav(bundle))
                && !json
            {
                terminal::complain(&format!("{} {problem}\n", paint(NOTICE, "not played:")));
            }
        }
        Ok(())
    }
}

/// The stages as the job recorded them: nothing, where it was made before.
fn recorded(made_by: &MadeBy<'_>, timings_ms: &mut BTreeMap<&'static str, f64>) {
    for stage in Stage::ALL {
        let spent = made_by
            .job
            .stages
            .iter()
            .filter(|timing| made_by.ran_now && timing.stage == *stage)
            .filter_map(|timing| timing.duration_ms)
            .sum::<u64>();
        timings_ms.insert(stage.name(), spent as f64);
    }
}

fn install(presets: &Path, bundle: &Bundle) -> Result<PathBuf, Failure> {
    match bundle.files.get(&layout::vital(&bundle.stem)) {
        Some(vital) => install::install(presets, &bundle.stem, vital),
        None => Err(Failure::new(ErrorCode::Internal, "the bundle has no .vital file")),
    }
}

/// The preview as WAV, for players that read no FLAC.
fn preview_wav(bundle: &Bundle) -> Option<tempfile::NamedTempFile> {
    let notes = midi::decode(bundle.files.get(layout::PREVIEW_MID)?).ok()?;
    let seconds = notes
        .iter()
        .map(|note| note.start_s + note.hold_s)
        .fold(0.0, f64::max)
        + WAV_TAIL_S;
    let request = RenderRequest {
        notes,
        bpm: bundle.patch.meta.tempo_bpm.unwrap_or(120.0),
        ..RenderRequest::note(60, 0.8, 1.0, seconds)
    };
    let audio = render::render(&bundle.patch, &request, &interrupt::is_asked).ok()?;
    let file = tempfile::Builder::new()
        .prefix("songwalker-")
        .suffix(".wav")
        .tempfile()
        .ok()?;
    wav::write(file.path(), &audio).ok()?;
    Some(file)
}

fn as_json(made: &Made) -> Result<Value, Failure> {
    let Made { bundle, written, .. } = made;
    let absolute = |path: PathBuf| {
        let path = std::path::absolute(&path).unwrap_or(path);
        path.to_string_lossy().into_owned()
    };
    let mut told = json!({
        "name": bundle.patch.name,
        "category": bundle.patch.meta.category,
        "voicing": bundle.patch.modules.voicing.mode,
        "patch": absolute(written.folder.join(layout::PATCH)),
        "bundle": absolute(written.zip.clone()),
        "preview": absolute(written.folder.join(layout::PREVIEW_FLAC)),
        "analysis": bundle.analysis()?,
        "intent": bundle.intent,
        "conflicts": bundle.report.conflicts,
        "timings_ms": made.timings_ms,
        "seed": made.asked.seed,
        "directory": absolute(written.folder.clone()),
        "already_there": written.already_there,
        "installed": made.installed.map(|path| absolute(path.to_owned())),
        "planner": made.made_by.and_then(|by| by.job.planner.as_ref()),
        "job_id": made.made_by.map(|by| by.job.id),
        "made_before": made.made_by.is_some_and(|by| !by.ran_now),
    });
    if let Some(refinement) = bundle.refinement()? {
        told["refinement"] = refinement;
    }
    Ok(told)
}
