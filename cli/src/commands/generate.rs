//! `songwalker generate`: from words to a bundle in its folder.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use songwalker_engine::render::{self, RenderRequest};
use songwalker_generator::package::{layout, midi};
use songwalker_generator::pipeline::{self, Generated, Hooks, Planned, Request};
use songwalker_generator::templates;
use songwalker_schemas::limits::{MAX_PROMPT_CHARS, MAX_SEED};
use songwalker_schemas::{ErrorCode, Intent};

use crate::args::{Generate, Seed, Synth};
use crate::commands::summary;
use crate::failure::Failure;
use crate::interrupt::{self, Answer};
use crate::output::{self, Written};
use crate::progress::Progress;
use crate::terminal::{self, NOTICE, paint};
use crate::{install, play, source, wav};

/// More bytes than any prompt may have.
const MAX_STDIN_BYTES: u64 = 64 * MAX_PROMPT_CHARS as u64;

/// How long a WAV of the preview goes on after its last note, seconds.
const WAV_TAIL_S: f64 = 3.0;

/// What is asked for.
enum Wish {
    Words(String),
    Understood(Box<Intent>),
}

/// Everything there is to say afterwards.
pub struct Made<'a> {
    /// What was typed.
    pub args: &'a Generate,
    /// The prompt, where there was one.
    pub prompt: Option<&'a str>,
    /// The seed that was used.
    pub seed: u64,
    /// What came out.
    pub generated: &'a Generated,
    /// Where it lies.
    pub written: &'a Written,
    /// Where the preset was put for Vital, where that was asked for.
    pub installed: Option<&'a Path>,
    /// Milliseconds by stage.
    pub timings_ms: &'a BTreeMap<&'static str, f64>,
}

/// Generates, puts in place, and says so.
pub fn run(args: &Generate) -> Result<(), Failure> {
    let wish = wish(args)?;
    let seed = match args.seed {
        Seed::Given(seed) => seed,
        Seed::Random => random_seed(),
    };
    // What cannot succeed fails before the work, not after it.
    let presets = args
        .install
        .map(|Synth::Vital| install::presets_folder())
        .transpose()?;
    interrupt::answer(Answer::Ask);
    output::probe(&args.out)?;
    presets.as_deref().map(install::probe).transpose()?;

    let progress = Progress::start(args.json);
    let generated = generate(args, &wish, seed, &progress)?;
    interrupt::answer(Answer::Wait);
    progress.writing();
    let written = output::write(&args.out, &generated.bundle)?;
    interrupt::answer(Answer::Ignore);
    let timings_ms = progress.finish();

    let installed = presets.map(|presets| install(&presets, &generated)).transpose()?;
    let made = Made {
        args,
        prompt: match &wish {
            Wish::Words(prompt) => Some(prompt),
            Wish::Understood(_) => None,
        },
        seed,
        generated: &generated,
        written: &written,
        installed: installed.as_deref(),
        timings_ms: &timings_ms,
    };
    if args.json {
        terminal::print_json(&as_json(&made))?;
    } else {
        terminal::print(&summary::text(&made))?;
    }
    if args.play {
        let flac = written.folder.join(layout::PREVIEW_FLAC);
        if let Err(problem) = play::play(&flac, || preview_wav(&generated))
            && !args.json
        {
            terminal::complain(&format!("{} {problem}\n", paint(NOTICE, "not played:")));
        }
    }
    Ok(())
}

fn generate(args: &Generate, wish: &Wish, seed: u64, progress: &Progress) -> Result<Generated, Failure> {
    let hooks = Hooks {
        progress: &|stage, share| progress.at(stage, share),
        cancelled: &interrupt::is_asked,
    };
    let variations = usize::from(args.variations);
    let generated = match wish {
        Wish::Words(prompt) => {
            let request = Request {
                prompt: prompt.clone(),
                tags: args.tags.clone(),
                template_id: args.template.clone(),
                seed,
                variations,
                parent: None,
            };
            pipeline::generate(&request, &hooks)
        }
        Wish::Understood(intent) => {
            let planned = Planned {
                intent,
                seed,
                variations,
                parent: None,
            };
            pipeline::generate_from_intent(&planned, &hooks)
        }
    };
    generated.map_err(|error| {
        let alike = similar_templates(args.template.as_deref().unwrap_or_default());
        let is_unknown = error.code() == ErrorCode::UnknownTemplate && !alike.is_empty();
        let failure = Failure::from(error);
        if is_unknown {
            let hint = format!(
                "did you mean {}? `songwalker templates` lists them all",
                alike.join(" or ")
            );
            failure.with_hint(hint)
        } else {
            failure
        }
    })
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

fn wish(args: &Generate) -> Result<Wish, Failure> {
    match &args.intent {
        Some(path) => Ok(Wish::Understood(Box::new(source::intent(path)?))),
        None if args.prompt == ["-"] => from_stdin().map(Wish::Words),
        None => Ok(Wish::Words(args.prompt.join(" "))),
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

/// A seed from the system's own randomness, by way of the standard library's hasher.
fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish() & MAX_SEED
}

fn install(presets: &Path, generated: &Generated) -> Result<PathBuf, Failure> {
    let stem = &generated.bundle.stem;
    match generated.bundle.files.get(&layout::vital(stem)) {
        Some(vital) => install::install(presets, stem, vital),
        None => Err(Failure::new(ErrorCode::Internal, "the bundle has no .vital file")),
    }
}

/// The preview as WAV, for players that read no FLAC.
fn preview_wav(generated: &Generated) -> Option<tempfile::NamedTempFile> {
    let notes = midi::decode(generated.bundle.files.get(layout::PREVIEW_MID)?).ok()?;
    let seconds = notes
        .iter()
        .map(|note| note.start_s + note.hold_s)
        .fold(0.0, f64::max)
        + WAV_TAIL_S;
    let request = RenderRequest {
        notes,
        bpm: generated.patch.meta.tempo_bpm.unwrap_or(120.0),
        ..RenderRequest::note(60, 0.8, 1.0, seconds)
    };
    let audio = render::render(&generated.patch, &request, &interrupt::is_asked).ok()?;
    let file = tempfile::Builder::new()
        .prefix("songwalker-")
        .suffix(".wav")
        .tempfile()
        .ok()?;
    wav::write(file.path(), &audio).ok()?;
    Some(file)
}

fn as_json(made: &Made) -> Value {
    let Made {
        generated, written, ..
    } = made;
    let absolute = |path: PathBuf| {
        let path = std::path::absolute(&path).unwrap_or(path);
        path.to_string_lossy().into_owned()
    };
    let analysis = generated
        .bundle
        .files
        .get(layout::ANALYSIS)
        .and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        .unwrap_or_else(|| json!(generated.report.analysis));
    json!({
        "name": generated.name,
        "category": generated.patch.meta.category,
        "voicing": generated.patch.modules.voicing.mode,
        "patch": absolute(written.folder.join(layout::PATCH)),
        "bundle": absolute(written.zip.clone()),
        "preview": absolute(written.folder.join(layout::PREVIEW_FLAC)),
        "analysis": analysis,
        "intent": generated.intent,
        "conflicts": generated.conflicts,
        "timings_ms": made.timings_ms,
        "seed": made.seed,
        "directory": absolute(written.folder.clone()),
        "already_there": written.already_there,
        "installed": made.installed.map(|path| absolute(path.to_owned())),
    })
}
