//! `songwalker generate`: from words to a bundle in its folder, by way of a job; from an intent, directly.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};

use songwalker_generator::pipeline::{self, Hooks, Planned};
use songwalker_generator::templates;
use songwalker_schemas::job::{JobKind, PlannerChoice};
use songwalker_schemas::limits::{MAX_PROMPT_CHARS, MAX_SEED};
use songwalker_schemas::wire::{CreateJob, Job};
use songwalker_schemas::{ErrorCode, Intent, Stage};

use crate::args::{Details, Generate, Seed, Target};
use crate::bundle::Bundle;
use crate::client::Client;
use crate::commands::deliver::{self, Asked, MadeBy, Ready};
use crate::failure::Failure;
use crate::follow::{self, OnInterrupt};
use crate::named::short;
use crate::progress::Progress;
use crate::{interrupt, runtime, source};

/// More bytes than any prompt may have.
const MAX_STDIN_BYTES: u64 = 64 * MAX_PROMPT_CHARS as u64;

/// Generates, puts in place, and says so.
pub fn run(args: &Generate) -> Result<(), Failure> {
    if let Some(path) = &args.intent {
        let (intent, planner) = source::intent(path)?;
        return directly(args, &intent, planner);
    }
    let prompt = prompt(&args.prompt)?;
    let request = request(&prompt, &args.details);
    let asked = Asked::typed(Some(&prompt), &args.details, request.seed);
    let ready = deliver::prepare(&args.delivery)?;
    make(&request, &asked, ready, &args.target, args.json)
        .map_err(|failure| with_similar_templates(failure, args.details.template.as_deref()))
}

/// The request of these arguments.
pub fn request(prompt: &str, details: &Details) -> CreateJob {
    CreateJob {
        prompt: prompt.to_owned(),
        tags: details.tags.clone(),
        template_id: details.template.clone(),
        seed: seed(details.seed),
        kind: JobKind::Patch,
        variations: details.variations,
        planner: details.planner.choice(),
        parent_job_id: None,
        webhook_url: None,
    }
}

/// Has a job made, waits for it, and delivers its bundle.
///
/// # Errors
/// The request is refused, the job fails, the bundle cannot be put in place, Ctrl-C.
pub fn make(
    request: &CreateJob,
    asked: &Asked,
    ready: Ready<'_>,
    target: &Target,
    json: bool,
) -> Result<(), Failure> {
    let runtime = runtime::start()?;
    let progress = Progress::start(json);
    let client = runtime.block_on(Client::connect(target))?;
    let made = runtime.block_on(job(&client, request, &progress));
    let made = match made {
        Ok((job, ran_now, zip)) => {
            // What runs is ended while the files are put in place.
            let closing = runtime.spawn(client.close());
            let delivered = Bundle::unpack(zip).and_then(|bundle| {
                let made_by = MadeBy { job: &job, ran_now };
                ready.deliver(&bundle, asked, Some(made_by), &progress, json)
            });
            // The sound is there: how the rest ends changes nothing about it.
            let _ = runtime.block_on(closing);
            delivered
        }
        Err(failure) => {
            let _ = runtime.block_on(client.close());
            Err(failure)
        }
    };
    drop(progress);
    made
}

/// The job that answers a request, whether it ran now, and its bundle.
async fn job(
    client: &Client,
    request: &CreateJob,
    progress: &Progress,
) -> Result<(Job, bool, Vec<u8>), Failure> {
    let submitted = follow::submit(client, request, progress).await?;
    let (mut job, ran_now) = (submitted.job, submitted.is_new);
    if !ran_now {
        let id = short(job.id);
        progress.notice(&if job.state.is_final() {
            format!("already made: job {id}")
        } else {
            format!("already asked for: going on with job {id}")
        });
    }
    let was_over = job.state.is_final();
    if !was_over {
        job = follow::to_its_end(client, job.id, progress, OnInterrupt::Cancel).await?;
    }
    let job = follow::succeeded(job)?;
    if let Some(why) = job.planner.as_ref().and_then(|planner| planner.fallback) {
        progress.notice(&format!(
            "the language model was not used ({why}): the embedded planner planned this"
        ));
    }
    let zip = client.bundle(&job).await?;
    Ok((job, !was_over, zip))
}

/// Without a job: what follows planning, in this process.
fn directly(args: &Generate, intent: &Intent, planner: PlannerChoice) -> Result<(), Failure> {
    let seed = seed(args.details.seed);
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
    let planned = Planned {
        intent,
        seed,
        variations: usize::from(args.details.variations),
        parent: None,
        planner,
    };
    let generated = pipeline::generate_from_intent(&planned, &hooks)?;
    let bundle = Bundle::unpack(generated.bundle.zip)?;
    let asked = Asked::typed(None, &args.details, seed);
    ready.deliver(&bundle, &asked, None, &progress, args.json)
}

/// An unknown template, named, with those that are like it.
pub fn with_similar_templates(failure: Failure, id: Option<&str>) -> Failure {
    let Some(id) = id.filter(|_| failure.code() == Some(ErrorCode::UnknownTemplate)) else {
        return failure;
    };
    let failure = failure.said(|_| format!("there is no template {id}"));
    let alike = similar_templates(id);
    if alike.is_empty() {
        return failure;
    }
    failure.with_hint(format!(
        "did you mean {}? `songwalker templates` lists them all",
        alike.join(" or ")
    ))
}

/// At most three templates whose id is like this one, the likest first.
fn similar_templates(id: &str) -> Vec<&'static str> {
    let likeness =
        |other: &str| strsim::jaro_winkler(id, other).max(if other.contains(id) { 0.9 } else { 0.0 });
    let mut alike: Vec<(f64, &str)> = templates::all()
        .map(|template| (likeness(&template.id), template.id.as_str()))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let best = alike.first().map_or(0.0, |(likeness, _)| *likeness);
    alike
        .into_iter()
        .take_while(|(likeness, _)| *likeness > best - 0.05)
        .take(3)
        .map(|(_, id)| id)
        .collect()
}

/// The words of the arguments, or of standard input.
///
/// # Errors
/// Standard input is too long or no text.
pub fn prompt(words: &[String]) -> Result<String, Failure> {
    if words == ["-"] {
        from_stdin()
    } else {
        Ok(words.join(" "))
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_STDIN_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Failure::new(
                ErrorCode::StorageUnavailable,
                format!("cannot read standard input: {error}"),
            )
        })?;
    if bytes.len() as u64 > MAX_STDIN_BYTES {
        let message = format!("the prompt on standard input has more than {MAX_PROMPT_CHARS} characters");
        return Err(Failure::new(ErrorCode::PromptTooLong, message));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            ErrorCode::InvalidRequest,
            "the prompt on standard input is not UTF-8 text",
        )
    })
}

/// The seed that is meant.
pub fn seed(seed: Seed) -> u64 {
    match seed {
        Seed::Given(seed) => seed,
        Seed::Random => random_seed(),
    }
}

/// A seed from the system's own randomness, by way of the standard library's hasher.
fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish() & MAX_SEED
}
