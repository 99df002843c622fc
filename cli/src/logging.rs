//! The log, on standard error. A server writes it as the configuration says; other commands only where somebody asked
//! for it by `log.filter`, so that what they say stays theirs.
//!
//! What the crates below us say in detail holds whatever passes through them: statements with their values, headers,
//! frames with passwords. So of them nothing below `info` is written, whatever the filter says ([`Ours`], R10).

use std::io;

use songwalker_jobs::Config;
use songwalker_jobs::config::LogFormat;
use songwalker_schemas::ErrorCode;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Id, Level, Metadata, Subscriber, span};
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

use crate::failure::Failure;

/// The key that says what is logged.
const FILTER: &str = "log.filter";
/// What the modules of our own crates begin with.
const OURS: &str = "songwalker";

/// A layer of what hears the program.
pub type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts the log of a server, and whatever else is to hear it.
///
/// # Errors
/// `invalid_request` where the filter is none.
pub fn of_server(config: &Config, beside: Option<Listener>) -> Result<(), Failure> {
    start(config, beside)
}

/// Starts the log of another command, where the configuration names a filter.
///
/// # Errors
/// `invalid_request` where the filter is none.
pub fn of_command(config: &Config) -> Result<(), Failure> {
    if config.origin(FILTER) != "default" {
        start(config, None)
    } else {
        Ok(())
    }
}

/// The usual filter, and what it becomes: others' words on what we say ourselves are left out.
const USUAL: (&str, &str) = (
    "info",
    "info,actix_http=off,actix_server=warn,sea_orm_migration=warn",
);

fn start(config: &Config, beside: Option<Listener>) -> Result<(), Failure> {
    let filter = match config.log.filter.as_str() {
        filter if filter == USUAL.0 => USUAL.1,
        filter => filter,
    };
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::new(
            ErrorCode::InvalidRequest,
            format!("{FILTER} is no filter: {error} ({})", config.origin(FILTER)),
        )
        .with_hint("write a level such as `info`, or `info,songwalker_jobs=debug`")
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = match config.log.format {
        LogFormat::Text => lines.with_ansi(crate::terminal::is_coloured()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let mut listeners: Vec<Listener> = vec![lines.with_filter(Ours(filter)).boxed()];
    listeners.extend(beside);
    // There is one log a process; a second start changes nothing.
    let _ = Registry::default().with(listeners).try_init();
    Ok(())
}

/// A filter under which the crates of others say at most `info`.
struct Ours(EnvFilter);

/// Crates that say private things at any level: the client of language models quotes answers in its errors.
const NEVER: [&str; 1] = ["async_openai"];

/// Whether something may be heard at all, at whatever level somebody asks for it.
fn may_be_heard(metadata: &Metadata<'_>) -> bool {
    let is_silent = NEVER.iter().any(|name| metadata.target().starts_with(name));
    is_ours(metadata) || (*metadata.level() <= Level::INFO && !is_silent)
}

/// Whether it is said by one of our own crates.
pub fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with(OURS)
}

impl<S: Subscriber> Filter<S> for Ours
where
    EnvFilter: Filter<S>,
{
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        may_be_heard(metadata) && Filter::<S>::enabled(&self.0, metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if may_be_heard(metadata) {
            Filter::<S>::callsite_enabled(&self.0, metadata)
        } else {
            Interest::never()
        }
    }

    fn event_enabled(&self, event: &Event<'_>, context: &Context<'_, S>) -> bool {
        Filter::<S>::event_enabled(&self.0, event, context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.0)
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::<S>::on_new_span(&self.0, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &span::Record<'_>, context: Context<'_, S>) {
        Filter::<S>::on_record(&self.0, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Filter::<S>::on_enter(&self.0, id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Filter::<S>::on_exit(&self.0, id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::<S>::on_close(&self.0, id, context);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn others_say_nothing_in_detail_whatever_is_asked_for() {
        let paper = Paper::default();
        let pen = paper.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || pen.clone());
        let filter = EnvFilter::new("trace,lapin=trace");
        let log = Registry::default().with(lines.with_filter(Ours(filter)));
        tracing::subscriber::with_default(log, || {
            tracing::trace!(target: "songwalker_jobs::claim", "ours in detail");
            tracing::info!(target: "actix_server", "theirs in short");
            tracing::debug!(target: "lapin::frames", "canary");
            tracing::error!(target: "async_openai::error", "canary");
            let span = tracing::trace_span!(target: "sea_orm", "query", statement = "canary");
            span.in_scope(|| tracing::info!(target: "songwalker", "within theirs"));
        });
        let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        for word in ["ours in detail", "theirs in short", "within theirs"] {
            assert!(written.contains(word), "{written}");
        }
        assert!(!written.contains("canary"), "{written}");
    }
}
