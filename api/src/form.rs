//! What the fields of a request's body may be: checks parsed JSON and lists every fault with its place, before anything
//! is made of it. What text may be, and which things there are, is the job domain's affair. A test holds the forms
//! against the schemas of the document.

use serde_json::{Map, Value};
use songwalker_schemas::job::{JobKind, PlannerChoice};
use songwalker_schemas::limits::{MAX_PLAN_LIMIT, MAX_SEED, MAX_VARIATIONS};
use songwalker_schemas::wire::{
    CreateJob, CreateKey, CreatePlan, CreateShare, CreateUser, CreateWebhook, PauseJobs, UpdateJob,
    UpdatePlan, UpdateUser, WebhookEvent,
};
use songwalker_schemas::{Faults, Scope, text};

use crate::identifier;

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number from 0.
    Whole(u64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A UUID.
    Id,
}

/// A field of a body.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub rule: Rule,
    /// Whether it must be there, may be left out, or may be left out or null.
    pub presence: Presence,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must.
    Required,
    /// It may be left out.
    Optional,
    /// It may be left out, or null.
    Nullable,
    /// It may be left out; null does not clear it, this does.
    ClearedBy(&'static str),
}

/// A body with a form.
pub trait Form: Sized {
    /// Its fields.
    const FIELDS: &'static [Field];

    /// Faults that the fields show beyond their forms; asked only where there are faults of form already, so that one
    /// answer lists all of them.
    fn more(_fields: &Map<String, Value>, _faults: &mut Faults) {}
}

const fn field(name: &'static str, rule: Rule, presence: Presence) -> Field {
    Field { name, rule, presence }
}

impl Form for CreateJob {
    const FIELDS: &'static [Field] = &[
        field("prompt", Rule::Text, Presence::Required),
        field("tags", Rule::Texts, Presence::Optional),
        field("template_id", Rule::Text, Presence::Nullable),
        field("seed", Rule::Whole(MAX_SEED), Presence::Optional),
        field("kind", Rule::Word(JobKind::NAMES), Presence::Optional),
        field(
            "variations",
            Rule::Whole(MAX_VARIATIONS as u64),
            Presence::Optional,
        ),
        field("planner", Rule::Word(PlannerChoice::NAMES), Presence::Optional),
        field("parent_job_id", Rule::Id, Presence::Nullable),
        field("webhook_url", Rule::Text, Presence::Nullable),
    ];

    fn more(fields: &Map<String, Value>, faults: &mut Faults) {
        let mut add = |refused: text::TextRefused| {
            for fault in refused.faults.as_slice() {
                faults.push(fault.pointer.clone(), fault.problem.clone());
            }
        };
        if let Some(Err(refused)) = fields.get("prompt").and_then(Value::as_str).map(text::prompt) {
            add(refused);
        }
        let tags: Option<Vec<String>> = fields
            .get("tags")
            .and_then(Value::as_array)
            .and_then(|tags| tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect());
        if let Some(Err(refused)) = tags.as_deref().map(text::tags) {
            add(refused);
        }
    }
}

impl Form for UpdateJob {
    const FIELDS: &'static [Field] = &[
        field(
            "name",
            Rule::Text,
            Presence::ClearedBy("\"\" takes the sound's own name again"),
        ),
        field("tags", Rule::Texts, Presence::ClearedBy("[] takes them all off")),
        field(
            "starred",
            Rule::Flag,
            Presence::ClearedBy("false takes the star off"),
        ),
        field(
            "rating",
            Rule::Whole(5),
            Presence::ClearedBy("0 takes the rating back"),
        ),
    ];
}

impl Form for CreateShare {
    const FIELDS: &'static [Field] = &[field("expires_in", Rule::Text, Presence::Nullable)];
}

impl Form for CreateKey {
    const FIELDS: &'static [Field] = &[
        field("name", Rule::Text, Presence::Required),
        field("scopes", Rule::Words(Scope::NAMES), Presence::Required),
        field("expires_in", Rule::Text, Presence::Nullable),
    ];
}

impl Form for CreateWebhook {
    const FIELDS: &'static [Field] = &[
        field("url", Rule::Text, Presence::Nullable),
        field("events", Rule::Words(WebhookEvent::NAMES), Presence::Nullable),
    ];
}

impl Form for CreateUser {
    const FIELDS: &'static [Field] = &[
        field("name", Rule::Text, Presence::Required),
        field("plan", Rule::Text, Presence::Nullable),
    ];
}

impl Form for UpdateUser {
    const FIELDS: &'static [Field] = &[field("plan", Rule::Text, Presence::Required)];
}

const LIMIT: Rule = Rule::Whole(MAX_PLAN_LIMIT as u64);

impl Form for CreatePlan {
    const FIELDS: &'static [Field] = &[
        field("name", Rule::Text, Presence::Required),
        field("unfinished_jobs", LIMIT, Presence::Nullable),
        field("requests_per_minute", LIMIT, Presence::Nullable),
        field("plugin_builds_per_hour", LIMIT, Presence::Nullable),
        field("keep_artifacts", Rule::Text, Presence::Nullable),
        field("keep_prompts", Rule::Text, Presence::Nullable),
    ];
}

impl Form for UpdatePlan {
    const FIELDS: &'static [Field] = &[
        field("unfinished_jobs", LIMIT, Presence::Nullable),
        field("requests_per_minute", LIMIT, Presence::Nullable),
        field("plugin_builds_per_hour", LIMIT, Presence::Nullable),
        field("keep_artifacts", Rule::Text, Presence::Nullable),
        field("keep_prompts", Rule::Text, Presence::Nullable),
    ];
}

impl Form for PauseJobs {
    const FIELDS: &'static [Field] = &[field("kind", Rule::Word(JobKind::NAMES), Presence::Nullable)];
}

/// Writes whole numbers in one way: to JSON, 3 and 3.0 are the same number.
pub fn settle<T: Form>(body: &mut Value) {
    for field in T::FIELDS {
        let Rule::Whole(_) = field.rule else { continue };
        let Some(number) = body.get_mut(field.name) else {
            continue;
        };
        // Up to here every whole number has a floating-point number of its own.
        let whole = number
            .as_f64()
            .filter(|x| x.fract() == 0.0 && (0.0..=MAX_SEED as f64).contains(x));
        if let Some(whole) = whole.filter(|_| number.is_f64()) {
            *number = Value::from(whole as u64);
        }
    }
}

/// Adds every fault of a body.
pub fn check<T: Form>(body: &Value, faults: &mut Faults) {
    let Some(fields) = body.as_object() else {
        faults.push("", format!("must be an object, is {}", kind(body)));
        return;
    };
    for wanted in T::FIELDS {
        match fields.get(wanted.name) {
            None if wanted.presence == Presence::Required => {
                faults.push(format!("/{}", wanted.name), "missing");
            }
            None => {}
            Some(Value::Null) if wanted.presence == Presence::Nullable => {}
            Some(Value::Null) if let Presence::ClearedBy(how) = wanted.presence => {
                faults.push(format!("/{}", wanted.name), format!("must not be null; {how}"));
            }
            Some(value) => wanted.rule.check(value, &format!("/{}", wanted.name), faults),
        }
    }
    for name in fields.keys() {
        if !T::FIELDS.iter().any(|known| known.name == name) {
            faults.push(pointer(name), "unknown field");
        }
    }
    if !faults.is_empty() {
        T::more(fields, faults);
    }
}

/// The place of a field that nobody knows, cut: its name is the client's.
pub fn pointer(name: &str) -> String {
    let escaped = name.replace('~', "~0").replace('/', "~1");
    let shown: String = escaped.chars().take(64).collect();
    format!("/{shown}")
}

impl Rule {
    fn check(self, value: &Value, at: &str, faults: &mut Faults) {
        match self {
            Self::Text if value.is_string() => {}
            Self::Text => faults.push(at, format!("must be a text, is {}", kind(value))),
            Self::Flag if value.is_boolean() => {}
            Self::Flag => faults.push(at, format!("must be true or false, is {}", kind(value))),
            Self::Whole(most) => {
                if value.as_u64().is_none_or(|number| number > most) {
                    faults.push(at, format!("must be a whole number from 0 to {most}"));
                }
            }
            Self::Word(words) => {
                if value.as_str().is_none_or(|word| !words.contains(&word)) {
                    faults.push(at, format!("must be one of {}", words.join(", ")));
                }
            }
            Self::Id => {
                if value.as_str().is_none_or(|id| identifier::parse(id).is_none()) {
                    faults.push(at, "must be a UUID");
                }
            }
            Self::Texts => items(value, at, Self::Text, faults),
            Self::Words(words) => items(value, at, Self::Word(words), faults),
        }
    }
}

fn items(value: &Value, at: &str, each: Rule, faults: &mut Faults) {
    match value.as_array() {
        Some(items) => {
            for (place, item) in items.iter().enumerate() {
                each.check(item, &format!("{at}/{place}"), faults);
            }
        }
        None => faults.push(at, format!("must be a list, is {}", kind(value))),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    fn faults<T: Form>(body: &Value) -> Vec<String> {
        let mut faults = Faults::new();
        check::<T>(body, &mut faults);
        faults
            .as_slice()
            .iter()
            .map(|fault| fault.pointer.clone())
            .collect()
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let mut body = json!({ "prompt": "x", "seed": 34_359_738_369.0, "variations": -0.0, "tags": [] });
        settle::<CreateJob>(&mut body);
        assert_eq!(
            body,
            json!({ "prompt": "x", "seed": 34_359_738_369_u64, "variations": 0, "tags": [] })
        );
        let mut other = json!({ "seed": 1.5, "variations": -1.0 });
        settle::<CreateJob>(&mut other);
        assert_eq!(faults::<CreateJob>(&other).len(), 3);
        settle::<CreateJob>(&mut json!([1.0]));
    }

    #[test]
    fn every_fault_is_listed_with_its_place() {
        let body = json!({
            "prompt": " ", "tags": ["a", 1], "seed": -1, "kind": "song", "variations": 6, "planner": 1,
            "parent_job_id": "x", "template_id": 1, "webhook_url": false, "a/b": 1
        });
        let mut found = faults::<CreateJob>(&body);
        found.sort();
        let expected = [
            "/a~1b",
            "/kind",
            "/parent_job_id",
            "/planner",
            "/prompt",
            "/seed",
            "/tags/1",
            "/template_id",
            "/variations",
            "/webhook_url",
        ];
        assert_eq!(found, expected);
        assert_eq!(faults::<CreateJob>(&json!([])), [""]);
        assert_eq!(faults::<CreateJob>(&json!({})), ["/prompt"]);
    }

    /// What has no fault of form can be read, and what cannot be read has a fault: neither half alone.
    fn agrees<T: Form + DeserializeOwned>(bodies: &[Value]) {
        for body in bodies {
            let read = serde_json::from_value::<T>(body.clone()).is_ok();
            assert_eq!(faults::<T>(body).is_empty(), read, "{body}");
        }
    }

    #[test]
    fn forms_and_types_agree() {
        let values = [
            json!(null),
            json!(true),
            json!(0),
            json!(5),
            json!(-1),
            json!(1.5),
            json!("x"),
            json!("patch"),
            json!("auto"),
            json!("0198c0de-0000-7000-8000-000000000000"),
            json!([]),
            json!(["x"]),
            json!([1]),
            json!(["admin"]),
            json!({}),
        ];
        let bodies = |names: &[Field], base: &Value| {
            let mut bodies = vec![base.clone(), json!({})];
            for field in names {
                for value in &values {
                    let mut body = base.clone();
                    body[field.name] = value.clone();
                    bodies.push(body);
                }
            }
            bodies
        };
        agrees::<CreateJob>(&bodies(CreateJob::FIELDS, &json!({ "prompt": "pad" })));
        agrees::<UpdateJob>(&bodies(UpdateJob::FIELDS, &json!({})));
        agrees::<CreateShare>(&bodies(CreateShare::FIELDS, &json!({})));
        let key = json!({ "name": "x", "scopes": ["admin"] });
        agrees::<CreateKey>(&bodies(CreateKey::FIELDS, &key));
        agrees::<CreateWebhook>(&bodies(CreateWebhook::FIELDS, &json!({})));
        agrees::<CreateUser>(&bodies(CreateUser::FIELDS, &json!({ "name": "x" })));
        agrees::<UpdateUser>(&bodies(UpdateUser::FIELDS, &json!({ "plan": "x" })));
        agrees::<CreatePlan>(&bodies(CreatePlan::FIELDS, &json!({ "name": "x" })));
        agrees::<UpdatePlan>(&bodies(UpdatePlan::FIELDS, &json!({})));
        agrees::<PauseJobs>(&bodies(PauseJobs::FIELDS, &json!({})));
    }

    /// A field of a schema, behind its reference, with whether it may be null.
    fn described<'a>(document: &'a Value, schema: &'a Value) -> (&'a Value, bool) {
        // What may be null and is no plain type is written as a choice of two.
        if let Some(choices) = schema["oneOf"].as_array() {
            let (nulls, others): (Vec<&Value>, Vec<&Value>) =
                choices.iter().partition(|choice| choice["type"] == "null");
            let (target, _) = described(document, others[0]);
            return (target, !nulls.is_empty());
        }
        let is_nullable = schema["type"]
            .as_array()
            .is_some_and(|kinds| kinds.contains(&json!("null")));
        let target = schema["$ref"]
            .as_str()
            .and_then(|to| document.pointer(to.trim_start_matches('#')));
        (target.unwrap_or(schema), is_nullable)
    }

    fn is_described<T: Form>(name: &str) {
        let document: Value = serde_json::from_str(crate::document::text()).unwrap();
        let whole = &document["components"]["schemas"][name];
        let properties = whole["properties"].as_object().unwrap();
        assert_eq!(properties.len(), T::FIELDS.len(), "{name}");
        assert_eq!(whole["additionalProperties"], false, "{name}");
        let required = whole["required"].as_array().cloned().unwrap_or_default();
        for field in T::FIELDS {
            let what = format!("{name}.{}", field.name);
            let (schema, is_nullable) = described(&document, &properties[field.name]);
            let is_required = required.contains(&json!(field.name));
            assert_eq!(is_required, field.presence == Presence::Required, "{what}");
            assert_eq!(is_nullable, field.presence == Presence::Nullable, "{what}");
            let kinds = match &schema["type"] {
                Value::Array(kinds) => kinds.clone(),
                kind => vec![kind.clone()],
            };
            let kind = match field.rule {
                Rule::Text | Rule::Word(_) | Rule::Id => "string",
                Rule::Texts | Rule::Words(_) => "array",
                Rule::Whole(_) => "integer",
                Rule::Flag => "boolean",
            };
            assert!(kinds.contains(&json!(kind)), "{what}: {kinds:?}");
            match field.rule {
                Rule::Whole(most) => {
                    assert_eq!(
                        (&schema["minimum"], &schema["maximum"]),
                        (&json!(0), &json!(most)),
                        "{what}"
                    );
                }
                Rule::Word(words) => assert_eq!(schema["enum"], json!(words), "{what}"),
                Rule::Words(words) => {
                    let (item, _) = described(&document, &schema["items"]);
                    assert_eq!(item["enum"], json!(words), "{what}");
                }
                Rule::Id => assert_eq!(schema["format"], "uuid", "{what}"),
                Rule::Text | Rule::Texts | Rule::Flag => {}
            }
        }
    }

    #[test]
    fn forms_and_the_document_agree() {
        is_described::<CreateJob>("CreateJob");
        is_described::<UpdateJob>("UpdateJob");
        is_described::<CreateShare>("CreateShare");
        is_described::<CreateKey>("CreateKey");
        is_described::<CreateWebhook>("CreateWebhook");
        is_described::<CreateUser>("CreateUser");
        is_described::<UpdateUser>("UpdateUser");
        is_described::<CreatePlan>("CreatePlan");
        is_described::<UpdatePlan>("UpdatePlan");
        is_described::<PauseJobs>("PauseJobs");
    }
}
