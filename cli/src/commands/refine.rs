//! `songwalker refine`: a sound that is there, changed by words about it. A job's by way of a job, a patch's or a
//! bundle's directly.

use std::path::Path;

use songwalker_generator::pipeline::Hooks;
use songwalker_generator::refine::{self, Parent};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId, Stage};

use crate::args::{JobReference, Refine};
use crate::bundle::Bundle;
use crate::client::Client;
use crate::commands::deliver::{self, Asked};
use crate::commands::generate::{self, prompt, seed};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{follow, interrupt, named, runtime, source};

/// Refines, puts in place, and says so.
pub fn run(args: &Refine) -> Result<(), Failure> {
    let words = prompt(&args.words)?;
    let reference = args.what.to_str().and_then(|text| text.parse().ok());
    match reference {
        Some(reference) if !args.what.exists() => of_job(args, &words, &reference),
        _ => of_path(args, &words),
    }
}

fn asked(args: &Refine, seed: u64) -> Asked {
    Asked {
        prompt: None,
        template: None,
        tags: Vec::new(),
        planner: None,
        variations: args.variations,
        seed,
    }
}

fn of_job(args: &Refine, words: &str, reference: &JobReference) -> Result<(), Failure> {
    let parent = finished(args, reference)?;
    let seed = seed(args.seed);
    let request = CreateJob {
        seed,
        variations: args.variations,
        parent_job_id: Some(parent),
        ..CreateJob::new(words.to_owned())
    };
    let ready = deliver::prepare(&args.delivery)?;
    generate::make(&request, &asked(args, seed), ready, &args.target, args.json)
}

/// The job that is meant, once it has succeeded.
fn finished(args: &Refine, reference: &JobReference) -> Result<JobId, Failure> {
    runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let job = named::job(&client, reference).await;
        client.close().await?;
        Ok(follow::succeeded(job?)?.id)
    })
}

fn of_path(args: &Refine, words: &str) -> Result<(), Failure> {
    let parent = parent(&args.what)?;
    let seed = seed(args.seed);
    let ready = deliver::prepare(&args.delivery)?;
    let progress = Progress::start(args.json);
    let hooks = Hooks {
        progress: &|stage, share| {
            if let Some(stage) = Stage::from_name(stage.name()) {
                progress.at(stage, share);
            }
        },
        cancelled: &interrupt::is_asked,
    };
    let request = refine::Request {
        words,
        parent: &parent,
        seed,
        variations: usize::from(args.variations),
    };
    let generated = refine::refine(&request, &hooks)?;
    let bundle = Bundle::unpack(generated.bundle.zip)?;
    ready.deliver(&bundle, &asked(args, seed), None, &progress, args.json)
}

/// The sound of a bundle with all that is known of it, or a patch alone.
fn parent(path: &Path) -> Result<Parent, Failure> {
    if source::is_bundle(path) {
        let bundle = source::bundle(path)?;
        let report = bundle.report;
        return playable(
            path,
            Parent {
                patch: report.patch,
                intent: report.intent,
                template_id: report.provenance.template_id,
                recipe_id: report.provenance.recipe_id,
                sha256: Some(report.manifest.bundle_sha256),
            },
        );
    }
    playable(path, Parent::bare(source::sound(path)?.patch))
}

/// Refuses what plays wavetables or samples of its own: they lie beside the patch, and no bundle of ours carries them.
fn playable(path: &Path, parent: Parent) -> Result<Parent, Failure> {
    if parent.plays_assets() {
        let message = format!(
            "{} plays wavetables or samples of its own: such a patch cannot be refined",
            path.display()
        );
        return Err(Failure::new(ErrorCode::InvalidPatch, message));
    }
    Ok(parent)
}
