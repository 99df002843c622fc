//! Reading what a server says that may be newer than this command line: what was added breaks nobody. A
//! word that is not known becomes the neutral one of its place: a state that is not final, no stage, no reason. Of a
//! list, what cannot be read even so is left out and counted. Nothing is sent from here.

use serde_json::{Map, Result, Value};
use songwalker_schemas::job::{PlannerChoice, WaitingReason};
use songwalker_schemas::wire::{Event, EventKind, Job, LogLine, NewShare, Page, Share};
use songwalker_schemas::{ErrorCode, ErrorEnvelope, JobKind, JobState, Stage};

/// What of an answer was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unknown {
    /// Words that were taken for neutral ones.
    pub words: usize,
    /// Items of a list that were left out.
    pub items: usize,
}

/// Something that a server answers with.
pub trait Answer: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// It is something else, whatever the version.
    fn of(value: Value, unknown: &mut Unknown) -> Result<Self>;
}

/// Reads a text.
///
/// # Errors
/// It is not JSON, or something else than it should be.
pub fn read<T: Answer>(text: &[u8]) -> Result<(T, Unknown)> {
    let mut unknown = Unknown::default();
    let answer = T::of(serde_json::from_slice(text)?, &mut unknown)?;
    Ok((answer, unknown))
}

impl Answer for Job {
    fn of(mut value: Value, unknown: &mut Unknown) -> Result<Self> {
        if let Value::Object(job) = &mut value {
            // No other kind can be said; what it is called and how it stands is true of any kind.
            unknown.neutral(job, "kind", JobKind::NAMES, JobKind::Patch.name().into());
            unknown.state_and_stage(job);
            unknown.error(job, ErrorCode::Internal);
            if let Some(Value::Object(request)) = job.get_mut("request") {
                let auto = PlannerChoice::Auto.name().into();
                unknown.neutral(request, "planner", PlannerChoice::NAMES, auto);
            }
            let reason = job.get("waiting").and_then(|waiting| waiting.get("reason"));
            if is_unknown(reason, WaitingReason::NAMES) {
                unknown.words += 1;
                job.insert("waiting".to_owned(), Value::Null);
            }
            if let Some(Value::Array(stages)) = job.get_mut("stages") {
                let all = stages.len();
                stages.retain(|timing| !is_unknown(timing.get("stage"), Stage::NAMES));
                unknown.words += all - stages.len();
            }
        }
        serde_json::from_value(value)
    }
}

impl Answer for Event {
    fn of(mut value: Value, unknown: &mut Unknown) -> Result<Self> {
        if let Value::Object(event) = &mut value {
            unknown.neutral(event, "kind", EventKind::NAMES, EventKind::Log.name().into());
            unknown.state_and_stage(event);
            unknown.error(event, ErrorCode::Internal);
        }
        serde_json::from_value(value)
    }
}

impl Answer for LogLine {
    fn of(mut value: Value, unknown: &mut Unknown) -> Result<Self> {
        if let Value::Object(line) = &mut value {
            unknown.neutral(line, "stage", Stage::NAMES, Value::Null);
        }
        serde_json::from_value(value)
    }
}

impl Answer for Share {
    fn of(value: Value, _: &mut Unknown) -> Result<Self> {
        serde_json::from_value(value)
    }
}

impl Answer for NewShare {
    fn of(value: Value, _: &mut Unknown) -> Result<Self> {
        serde_json::from_value(value)
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn of(value: Value, unknown: &mut Unknown) -> Result<Self> {
        items(serde_json::from_value(value)?, unknown)
    }
}

impl<T: Answer> Answer for Page<T> {
    fn of(value: Value, unknown: &mut Unknown) -> Result<Self> {
        let page: Page<Value> = serde_json::from_value(value)?;
        Ok(Self {
            items: items(page.items, unknown)?,
            next_cursor: page.next_cursor,
        })
    }
}

/// Those that can be read. Where none can, it is no list of such things at all.
fn items<T: Answer>(values: Vec<Value>, unknown: &mut Unknown) -> Result<Vec<T>> {
    let mut read = Vec::with_capacity(values.len());
    let mut problem = None;
    for value in values {
        match T::of(value, unknown) {
            Ok(item) => read.push(item),
            Err(error) => {
                unknown.items += 1;
                problem = Some(error);
            }
        }
    }
    match problem {
        Some(error) if read.is_empty() => Err(error),
        _ => Ok(read),
    }
}

/// The envelope of an error, with `general` in the place of a code that is not known; whether it was.
///
/// # Errors
/// It is no envelope.
pub fn envelope(text: &[u8], general: ErrorCode) -> Result<(ErrorEnvelope, bool)> {
    let mut unknown = Unknown::default();
    let mut value: Value = serde_json::from_slice(text)?;
    if let Value::Object(envelope) = &mut value {
        unknown.error(envelope, general);
    }
    Ok((serde_json::from_value(value)?, unknown.words == 0))
}

/// Whether there is a word which is none of those. What is no word at all is left for the reader to refuse.
fn is_unknown(word: Option<&Value>, known: &[&str]) -> bool {
    word.and_then(Value::as_str)
        .is_some_and(|word| !known.contains(&word))
}

impl Unknown {
    fn neutral(&mut self, object: &mut Map<String, Value>, field: &str, known: &[&str], neutral: Value) {
        if is_unknown(object.get(field), known) {
            self.words += 1;
            object.insert(field.to_owned(), neutral);
        }
    }

    fn state_and_stage(&mut self, object: &mut Map<String, Value>) {
        // A state that is not known is not final.
        self.neutral(object, "state", JobState::NAMES, JobState::Running.name().into());
        self.neutral(object, "stage", Stage::NAMES, Value::Null);
    }

    fn error(&mut self, object: &mut Map<String, Value>, general: ErrorCode) {
        if let Some(Value::Object(error)) = object.get_mut("error") {
            self.neutral(error, "code", ErrorCode::NAMES, general.name().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job() -> Value {
        json!({
            "id": "01890000-0000-7000-8000-000000000000", "kind": "patch", "state": "running", "stage": "mapping",
            "progress": 0.5, "attempt": 1, "max_attempts": 3, "name": "Pad", "category": "pad", "tags": [],
            "request": {"prompt": "pad", "tags": [], "template_id": null, "seed": 0, "variations": 3,
                "planner": "auto"},
            "starred": false, "rating": null, "waiting": {"reason": "queue", "position": 2},
            "error": {"code": "timeout", "message": "too long", "retryable": true}, "bundle": null,
            "stages": [{"stage": "mapping", "started_at": "2026-01-01T00:00:00.000Z", "duration_ms": 1}],
            "parent_job_id": null, "retry_of": null, "created_at": "2026-01-01T00:00:00.000Z",
            "queued_at": "2026-01-01T00:00:00.000Z", "started_at": null, "cancel_requested_at": null,
            "cancel_acknowledged_at": null, "stopped_at": null, "finished_at": null, "retain_until": null,
            "links": {"self": "a", "events": "b", "log": "c", "cancel": null, "retry": null, "patch": null,
                "preview": null, "bundle": null, "variations": null, "analysis": null},
        })
    }

    fn newer_job() -> Value {
        let mut newer = job();
        for place in [
            "/kind",
            "/state",
            "/stage",
            "/waiting/reason",
            "/error/code",
            "/request/planner",
        ] {
            *newer.pointer_mut(place).unwrap() = json!("of_tomorrow");
        }
        newer["added"] = json!({"of": "tomorrow"});
        let mut timing = newer["stages"][0].clone();
        timing["stage"] = json!("of_tomorrow");
        newer["stages"].as_array_mut().unwrap().push(timing);
        newer
    }

    #[test]
    fn what_is_known_is_read_as_it_stands() {
        let (read, unknown): (Job, _) = read(job().to_string().as_bytes()).unwrap();
        assert_eq!(unknown, Unknown::default());
        assert_eq!(read, serde_json::from_value(job()).unwrap());
    }

    #[test]
    fn words_of_a_newer_server_become_neutral_and_the_rest_of_the_job_stays() {
        let (read, unknown): (Job, _) = read(newer_job().to_string().as_bytes()).unwrap();
        assert_eq!(unknown, Unknown { words: 7, items: 0 });
        assert!(!read.state.is_final());
        assert_eq!((read.stage, read.waiting), (None, None));
        assert_eq!(read.stages.len(), 1);
        let error = read.error.unwrap();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::Internal, "too long")
        );
        assert_eq!(read.name.as_deref(), Some("Pad"));
    }

    #[test]
    fn a_list_leaves_out_what_cannot_be_read_and_counts_it() {
        let list = json!({"items": [job(), {"of": "tomorrow"}, newer_job()], "next_cursor": "c"});
        let (page, unknown): (Page<Job>, _) = read(list.to_string().as_bytes()).unwrap();
        assert_eq!((page.items.len(), unknown.items), (2, 1));
        assert_eq!(page.next_cursor.as_deref(), Some("c"));
    }

    #[test]
    fn a_list_of_which_nothing_can_be_read_is_an_error_and_an_empty_one_is_none() {
        let list = json!({"items": [{"of": "tomorrow"}], "next_cursor": null});
        assert!(read::<Page<Job>>(list.to_string().as_bytes()).is_err());
        let list = json!({"items": [], "next_cursor": null});
        assert!(read::<Page<Job>>(list.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn a_log_line_of_an_unknown_stage_keeps_its_message() {
        let log =
            json!([{"at": "2026-01-01T00:00:00.000Z", "attempt": 1, "stage": "of_tomorrow", "message": "m"}]);
        let (lines, unknown): (Vec<LogLine>, _) = read(log.to_string().as_bytes()).unwrap();
        assert_eq!((lines[0].stage, lines[0].message.as_str()), (None, "m"));
        assert_eq!(unknown.words, 1);
    }
}
