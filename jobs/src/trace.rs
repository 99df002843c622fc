//! How a trace goes from process to process: as a W3C `traceparent`, from the request that makes a job to its row, with
//! each of its hints, to whoever runs it.
//!
//! What a trace is made of, and where it goes, is the affair of whoever installs a [`Tracer`]; without one there are no
//! traces, nothing is stored and nothing costs anything. A `traceparent` is two random numbers and says nothing of
//! anybody (R10).

use std::sync::OnceLock;

use songwalker_schemas::JobId;
use tracing::Span;

use crate::ports::Hint;

/// Makes traces out of spans.
pub trait Tracer: Send + Sync {
    /// The `traceparent` under which others continue a span.
    fn parent_of(&self, span: &Span) -> Option<String>;
    /// Makes a span, which nobody has entered yet, a child of what a `traceparent` names.
    fn continues(&self, span: &Span, traceparent: &str);
}

static TRACER: OnceLock<Box<dyn Tracer>> = OnceLock::new();

/// Installs the one tracer of the process; a second one changes nothing.
pub fn install(tracer: Box<dyn Tracer>) {
    let _ = TRACER.set(tracer);
}

/// The `traceparent` of the span in which this is called.
#[must_use]
pub fn current() -> Option<String> {
    TRACER.get()?.parent_of(&Span::current())
}

/// Makes a span, which nobody has entered yet, a child of what is named, where it is a `traceparent`.
pub fn continues(span: &Span, traceparent: Option<&str>) {
    if let Some(tracer) = TRACER.get()
        && let Some(traceparent) = traceparent.filter(|text| is_traceparent(text))
    {
        tracer.continues(span, traceparent);
    }
}

/// A span for each hint that belongs to a trace, which the hint's reader continues; they last as long as the sending.
#[must_use]
pub(crate) fn relayed(hints: &mut [Hint]) -> Vec<Span> {
    let Some(tracer) = TRACER.get() else {
        return Vec::new();
    };
    let of_hint = |hint: &mut Hint| {
        let parent = hint.trace.as_deref()?;
        let JobId(job) = hint.job_id;
        let span = tracing::info_span!("relay", job.id = %job);
        tracer.continues(&span, parent);
        if let Some(own) = tracer.parent_of(&span) {
            hint.trace = Some(own);
        }
        Some(span)
    };
    hints.iter_mut().filter_map(of_hint).collect()
}

/// Version, trace, span and flags: `00-` 32 digits `-` 16 digits `-` 2 digits.
#[must_use]
pub fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.iter().all(|part| is_hex(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_has_its_form_and_nothing_else_has() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(is_traceparent(good));
        for bad in [
            "",
            "canary",
            &good[1..],
            &format!("{good}-x"),
            &good.replace('a', "A"),
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }
}
