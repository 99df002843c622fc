//! The child: reads orders, does them one at a time, answers. It opens no file, no socket, and keeps nothing between
//! orders but what the generator reads once.
//!
//! Two threads: this one computes, the other listens, so that a cancel is heard at once and the end of the input (the
//! parent is gone) ends the process whatever it is doing.

use std::io;
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use songwalker_generator::error::GenerateError;
use songwalker_generator::pipeline::{self, Generated, Hooks, Planned, Request};
use songwalker_generator::{generator_version, planner, refine, templates};
use songwalker_schemas::error_code::ErrorBody;
use songwalker_schemas::{Intent, Stage, canonical};

use super::confine;
use super::line::{self, Line};
#[cfg(feature = "failpoints")]
use super::misbehaviour::Misbehaviour;
use super::protocol::{Answer, Done, GenerateOrder, Order, PlanOrder, RefineOrder};
use super::voice::Voice;

/// What the parent said made no sense.
const MISUSED: u8 = 2;

/// One order, and the flag by which the listening thread ends it.
struct Work {
    order: Order,
    cancelled: Arc<AtomicBool>,
}

/// A child's whole life.
#[must_use]
pub fn main() -> ExitCode {
    quiet_panics();
    let limits = match line::read(&mut io::stdin().lock()).map(parsed) {
        Ok(Some(Order::Limits(limits))) => limits,
        Ok(_) | Err(_) => return ExitCode::from(MISUSED),
    };
    if let Err(problem) = confine::apply(&limits) {
        eprintln!("limit refused: {problem}");
        return ExitCode::FAILURE;
    }
    warm();
    let (sender, orders) = channel();
    std::thread::spawn(move || listen(&sender));
    let voice = Voice::new();
    let generator_version = generator_version().to_owned();
    voice.say(&Answer::Ready { generator_version }, &[]);
    work(&orders, &voice)
}

/// Lets panics of this process say where they were, never what they said: a message may hold somebody's words (R10).
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(tell_place));
}

fn tell_place(info: &PanicHookInfo) {
    match info.location() {
        Some(place) => eprintln!("panicked at {}:{}:{}", place.file(), place.line(), place.column()),
        None => eprintln!("panicked"),
    }
}

/// Reads lexicon and templates, which the first order would otherwise wait for.
fn warm() {
    std::thread::scope(|scope| {
        scope.spawn(|| templates::bank().count());
        planner::plan(&planner::PlanRequest {
            prompt: "warm",
            ..planner::PlanRequest::default()
        })
    });
}

fn parsed(line: Line) -> Option<Order> {
    match line {
        Line::Whole(text) => serde_json::from_slice(&text).ok(),
        Line::End | Line::TooLong => None,
    }
}

/// Hands orders on, raises the flag of the order at hand at a `cancel`, and ends the process with its input.
fn listen(orders: &Sender<Work>) {
    let mut input = io::stdin().lock();
    let mut at_hand = Arc::new(AtomicBool::new(false));
    loop {
        match line::read(&mut input) {
            Ok(Line::End) | Err(_) => std::process::exit(0),
            Ok(line) => match parsed(line) {
                Some(Order::Cancel) => at_hand.store(true, Ordering::SeqCst),
                Some(Order::Limits(_)) | None => std::process::exit(i32::from(MISUSED)),
                Some(order) => {
                    at_hand = Arc::new(AtomicBool::new(false));
                    let cancelled = Arc::clone(&at_hand);
                    if orders.send(Work { order, cancelled }).is_err() {
                        return;
                    }
                }
            },
        }
    }
}

fn work(orders: &Receiver<Work>, voice: &Voice) -> ExitCode {
    #[cfg(feature = "failpoints")]
    let mut armed: Option<Misbehaviour> = None;
    while let Ok(Work { order, cancelled }) = orders.recv() {
        voice.begin();
        #[cfg(feature = "failpoints")]
        if let Order::Misbehave(misbehaviour) = order {
            armed = Some(misbehaviour);
            continue;
        } else if armed
            .take()
            .is_some_and(|misbehaviour| misbehaviour.act(voice, &cancelled))
        {
            continue;
        }
        match order {
            Order::Plan(order) => match plan(order) {
                Ok(intent) => voice.say(&Answer::Planned { intent }, &[]),
                Err(error) => voice.say(&Answer::Failed(body(&error)), &[]),
            },
            Order::Refine(order) => match refine(&order, voice, &cancelled) {
                Ok(made) => voice.say(&Answer::Done(done(&made)), &made.bundle.zip),
                Err(error) => voice.say(&Answer::Failed(body(&error)), &[]),
            },
            Order::Generate(order) => match generate(&order, voice, &cancelled) {
                Ok(made) => voice.say(&Answer::Done(done(&made)), &made.bundle.zip),
                Err(error) => voice.say(&Answer::Failed(body(&error)), &[]),
            },
            _ => return ExitCode::from(MISUSED),
        }
    }
    ExitCode::SUCCESS
}

fn plan(order: PlanOrder) -> Result<Box<Intent>, GenerateError> {
    let request = Request {
        prompt: order.prompt,
        tags: order.tags,
        template_id: order.template_id,
        seed: order.seed,
        variations: 0,
        parent: None,
    };
    Ok(Box::new(pipeline::plan(&request)?.intent))
}

fn generate(
    order: &GenerateOrder,
    voice: &Voice,
    cancelled: &AtomicBool,
) -> Result<Generated, GenerateError> {
    let planned = Planned {
        intent: &order.intent,
        seed: order.seed,
        variations: order.variations,
        parent: order.parent.as_deref(),
        planner: order.planner,
    };
    heard(voice, cancelled, |hooks| {
        pipeline::generate_from_intent(&planned, hooks)
    })
}

fn refine(order: &RefineOrder, voice: &Voice, cancelled: &AtomicBool) -> Result<Generated, GenerateError> {
    let request = refine::Request {
        words: &order.words,
        parent: &order.parent,
        seed: order.seed,
        variations: order.variations,
    };
    heard(voice, cancelled, |hooks| refine::refine(&request, hooks))
}

/// Work whose progress is told, and that ends once the flag is up.
fn heard<T>(voice: &Voice, cancelled: &AtomicBool, work: impl FnOnce(&Hooks<'_>) -> T) -> T {
    work(&Hooks {
        progress: &|stage, share| {
            if let Some(stage) = Stage::from_name(stage.name()) {
                voice.progress(stage, share);
            }
        },
        cancelled: &|| cancelled.load(Ordering::SeqCst),
    })
}

fn done(made: &Generated) -> Done {
    Done {
        name: made.name.clone(),
        category: made.patch.meta.category,
        sha256: canonical::sha256_hex(&made.bundle.zip),
        manifest_sha256: made.bundle.manifest.bundle_sha256.clone(),
        conflicts: made.conflicts.len(),
        bundle_bytes: made.bundle.zip.len(),
    }
}

#[cfg(feature = "failpoints")]
pub(super) fn cancelled_answer() -> Answer {
    use songwalker_schemas::{ErrorCode, ErrorEnvelope};

    Answer::Failed(ErrorEnvelope::new(ErrorCode::Cancelled, "cancelled", Vec::new()).error)
}

fn body(error: &GenerateError) -> ErrorBody {
    error.envelope().error
}
