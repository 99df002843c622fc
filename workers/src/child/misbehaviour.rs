//! How a child goes wrong on purpose, so that tests can see what the parent makes of it. Only with the feature
//! `failpoints`.
//!
//! `SONGWALKER_CHILD_MISBEHAVE` in the parent's environment says what happens when: `WHAT` (each generation),
//! `WHAT:times:N` (the first N generations of this process), `WHAT:seed:N` (generations of that seed, a poison job that
//! is planned well), `WHAT:prompt-contains:TEXT` (the planning of such a prompt), or several of these with `;` between
//! them, of which the first that fits strikes. A file beside the child's program, of
//! its name and `.misbehave`, says it for that program alone. The child's own environment is empty: it is told by a line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use songwalker_schemas::Category;
use songwalker_schemas::limits::MAX_BUNDLE_BYTES;

use super::protocol::{Answer, Done, MAX_LINE_BYTES};
use super::serve::cancelled_answer;
use super::voice::Voice;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehaviour {
    /// Waits for ever, but hears a cancel.
    Hang,
    /// Waits for ever and hears nothing.
    HangHard,
    /// Takes memory until there is none.
    Leak,
    /// Aborts.
    Crash,
    /// Panics with a message that holds a secret.
    Panic,
    /// Ends in the middle of an order.
    Exit,
    /// Says what is no answer.
    Rubbish,
    /// Never ends its line.
    EndlessLine,
    /// Announces a bundle beyond the limit.
    TooLarge,
    /// Sends other bytes than it announces.
    WrongHash,
    /// Sends half a bundle and ends.
    HalfBundle,
    /// Says more on standard error than any pipe holds, then works.
    Talkative,
    /// Waits three seconds, hearing a cancel, then works.
    Slow,
}

/// How long a slow child waits, in steps.
const SLOW_STEPS: u32 = 300;
const STEP: Duration = Duration::from_millis(10);

impl Misbehaviour {
    /// Goes wrong. Whether the order is done with.
    pub(super) fn act(self, voice: &Voice, cancelled: &AtomicBool) -> bool {
        match self {
            Self::Hang => {
                while !cancelled.load(Ordering::SeqCst) {
                    std::thread::sleep(STEP);
                }
                voice.say(&cancelled_answer(), &[]);
            }
            Self::HangHard => loop {
                std::thread::sleep(STEP);
            },
            Self::Leak => {
                let mut taken: Vec<Vec<u8>> = Vec::new();
                loop {
                    taken.push(vec![1; 1 << 24]);
                    std::hint::black_box(&taken);
                }
            }
            Self::Crash => std::process::abort(),
            Self::Panic => panic!("the secret of somebody's prompt"),
            Self::Exit => std::process::exit(3),
            Self::Rubbish => voice.write(b"%%% this is no answer\n", &[]),
            Self::EndlessLine => loop {
                voice.write(&[b'a'; MAX_LINE_BYTES], &[]);
            },
            Self::TooLarge => voice.say(&Answer::Done(announced(MAX_BUNDLE_BYTES + 1)), &[]),
            Self::WrongHash => voice.say(&Answer::Done(announced(7)), b"nothing"),
            Self::HalfBundle => {
                voice.say(&Answer::Done(announced(1_000)), b"half");
                std::process::exit(0);
            }
            Self::Talkative => {
                let words = "a secret of somebody's prompt, said again and again\n".repeat(1_000);
                for _ in 0..10 {
                    eprint!("{words}");
                }
                return false;
            }
            Self::Slow => {
                for _ in 0..SLOW_STEPS {
                    if cancelled.load(Ordering::SeqCst) {
                        voice.say(&cancelled_answer(), &[]);
                        return true;
                    }
                    std::thread::sleep(STEP);
                }
                return false;
            }
        }
        true
    }

    fn from_name(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
    }
}

fn announced(bundle_bytes: usize) -> Done {
    Done {
        name: "Nothing".to_owned(),
        category: Category::Pad,
        sha256: "0".repeat(64),
        manifest_sha256: "0".repeat(64),
        conflicts: 0,
        bundle_bytes,
    }
}

/// When a child goes wrong.
#[derive(Debug, PartialEq, Eq)]
enum When {
    Always,
    Times(u64),
    Seed(u64),
    PromptContains(String),
}

/// What the parent's environment asks for.
#[derive(Debug)]
pub struct Plot {
    parts: Vec<(Misbehaviour, When)>,
    generations: AtomicU64,
}

impl Plot {
    /// The plot for a program's children; each is read once.
    ///
    /// # Panics
    /// On a text that is none: a test that asks for nothing would prove nothing.
    #[must_use]
    pub fn of(program: &Path) -> Option<Arc<Self>> {
        static PLOTS: Mutex<BTreeMap<PathBuf, Option<Arc<Plot>>>> = Mutex::new(BTreeMap::new());
        let mut plots = PLOTS.lock().unwrap_or_else(PoisonError::into_inner);
        plots
            .entry(program.to_owned())
            .or_insert_with(|| {
                let mut beside = program.as_os_str().to_owned();
                beside.push(".misbehave");
                let text = std::env::var("SONGWALKER_CHILD_MISBEHAVE").ok();
                let text = text.or_else(|| std::fs::read_to_string(beside).ok())?;
                let plot = Self::parse(text.trim());
                assert!(
                    plot.is_some(),
                    "SONGWALKER_CHILD_MISBEHAVE asks for nothing known"
                );
                plot.map(Arc::new)
            })
            .clone()
    }

    /// Reads `WHAT[:CONDITION:VALUE][;…]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self {
            parts: text.split(';').map(part).collect::<Option<_>>()?,
            generations: AtomicU64::new(0),
        })
    }

    /// How many generations have begun.
    #[must_use]
    pub fn generations(&self) -> u64 {
        self.generations.load(Ordering::SeqCst)
    }

    /// What goes wrong when this is planned.
    #[must_use]
    pub fn at_plan(&self, prompt: &str) -> Option<Misbehaviour> {
        self.first(|when| matches!(when, When::PromptContains(text) if prompt.contains(text)))
    }

    /// What goes wrong when this is generated.
    #[must_use]
    pub fn at_generate(&self, seed: u64) -> Option<Misbehaviour> {
        let before = self.generations.fetch_add(1, Ordering::SeqCst);
        self.first(|when| match when {
            When::Always => true,
            When::Times(count) => before < *count,
            When::Seed(its) => *its == seed,
            When::PromptContains(_) => false,
        })
    }

    fn first(&self, is_due: impl Fn(&When) -> bool) -> Option<Misbehaviour> {
        let part = self.parts.iter().find(|(_, when)| is_due(when));
        part.map(|(what, _)| *what)
    }
}

/// Reads `WHAT[:CONDITION:VALUE]`.
fn part(text: &str) -> Option<(Misbehaviour, When)> {
    let mut words = text.splitn(3, ':');
    let what = Misbehaviour::from_name(words.next()?)?;
    let when = match (words.next(), words.next()) {
        (None, None) => When::Always,
        (Some("times"), Some(count)) => When::Times(count.parse().ok()?),
        (Some("seed"), Some(seed)) => When::Seed(seed.parse().ok()?),
        (Some("prompt-contains"), Some(text)) => When::PromptContains(text.to_owned()),
        _ => return None,
    };
    Some((what, when))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_strikes_when_its_condition_says() {
        let plot = |text: &str| Plot::parse(text).expect("a plot");
        assert_eq!(plot("crash").at_generate(1), Some(Misbehaviour::Crash));
        assert_eq!(plot("crash").at_plan("x"), None);
        let twice = plot("hang_hard:times:2");
        let struck = [(); 3].map(|()| twice.at_generate(0).is_some());
        assert_eq!(struck, [true, true, false]);
        let poison = plot("exit:seed:13");
        assert_eq!(
            (poison.at_generate(13), poison.at_generate(12)),
            (Some(Misbehaviour::Exit), None)
        );
        let poison = plot("leak:prompt-contains:a:b");
        assert_eq!(
            (poison.at_plan("xa:bx"), poison.at_plan("a")),
            (Some(Misbehaviour::Leak), None)
        );
        let both = plot("crash:prompt-contains:POISON;rubbish:times:1");
        assert_eq!(both.at_plan("POISON pad"), Some(Misbehaviour::Crash));
        let struck = [(); 2].map(|()| both.at_generate(0));
        assert_eq!(struck, [Some(Misbehaviour::Rubbish), None]);
        for text in [
            "",
            "crash;",
            "dance",
            "crash:",
            "crash:times",
            "crash:times:x",
            "crash:moon:full",
        ] {
            assert!(Plot::parse(text).is_none(), "{text}");
        }
    }
}
