//! From the model's text to an intent: finds the object in it, takes what it says of the sound, and lists exactly what
//! is wrong with the rest.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use songwalker_schemas::table::Described;
use songwalker_schemas::{Category, Intent};

use crate::schema::ANSWERED;

/// The most faults that are named at once.
const MOST_FAULTS: usize = 8;
/// The most characters of one of them.
const FAULT_CHARS: usize = 200;
/// The most words of a name.
const NAME_WORDS: usize = 4;

/// What was read.
#[derive(Debug)]
pub(crate) enum Read {
    /// An intent within its bounds.
    Intent(Box<Intent>),
    /// What is wrong, in words for the model.
    Faults(Vec<String>),
}

/// Reads an answer. Texts stay only where the caller knows each of their words.
pub(crate) fn read(text: &str, knows: &dyn Fn(&str) -> bool) -> Read {
    let Some(answer) = object(text) else {
        return Read::Faults(vec!["the answer holds no JSON object".to_owned()]);
    };
    let mut faults = Vec::new();
    let category = answer.get("category").cloned().unwrap_or_default();
    let Some(known) = category.as_str().and_then(Category::from_name) else {
        faults.push(format!(
            "/category: {} is none of the categories",
            brief(&category)
        ));
        return Read::Faults(faults);
    };
    let Ok(Value::Object(mut whole)) = serde_json::to_value(Intent::neutral(known)) else {
        return Read::Faults(faults);
    };
    for (key, value) in answer {
        if !ANSWERED.contains(&key.as_str()) {
            continue;
        }
        match (key.as_str(), &value) {
            // Nothing said is said by null.
            ("subcategory" | "voicing" | "register" | "tempo_bpm", _) => {
                whole.insert(key, value);
            }
            (_, Value::Null) => {}
            ("descriptors", _) => {
                whole.insert(key, without_nulls(value));
            }
            _ => {
                whole.insert(key, value);
            }
        }
    }
    tame_texts(&mut whole, knows);
    let whole = Value::Object(whole);
    let Some(validator) = validator() else {
        return Read::Faults(faults);
    };
    for error in validator.iter_errors(&whole).take(MOST_FAULTS) {
        let line: String = format!("{}: {error}", error.instance_path())
            .chars()
            .take(FAULT_CHARS)
            .collect();
        faults.push(line);
    }
    if faults.is_empty() {
        match serde_json::from_value(whole) {
            Ok(intent) => return Read::Intent(Box::new(intent)),
            Err(error) => faults.push(error.to_string().chars().take(FAULT_CHARS).collect()),
        }
    }
    Read::Faults(faults)
}

/// The first JSON object in a text: bare, in a code fence, or among other words.
fn object(text: &str) -> Option<Map<String, Value>> {
    let starts = text.match_indices('{').map(|(at, _)| at).take(16);
    for start in starts {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        if let Some(Ok(Value::Object(object))) = values.next() {
            return Some(object);
        }
    }
    None
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        other => other,
    }
}

/// A model that repeats what it was told gets no word of it through: names, tags and kinds are made of known words.
fn tame_texts(whole: &mut Map<String, Value>, knows: &dyn Fn(&str) -> bool) {
    let known = |text: &str| {
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        !words.is_empty() && words.len() <= NAME_WORDS && words.iter().all(|word| knows(&word.to_lowercase()))
    };
    if !whole.get("name").and_then(Value::as_str).is_some_and(known) {
        whole.insert("name".to_owned(), json!("Untitled"));
    }
    if !whole
        .get("subcategory")
        .and_then(Value::as_str)
        .is_some_and(known)
    {
        whole.insert("subcategory".to_owned(), Value::Null);
    }
    if let Some(Value::Array(tags)) = whole.get_mut("tags") {
        tags.retain(|tag| tag.as_str().is_some_and(known));
    }
}

fn validator() -> Option<&'static Validator> {
    static VALIDATOR: OnceLock<Option<Validator>> = OnceLock::new();
    VALIDATOR
        .get_or_init(|| jsonschema::validator_for(&Intent::schema()).ok())
        .as_ref()
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(word: &str) -> bool {
        ["warm", "pad", "analog"].contains(&word)
    }

    fn intent(text: &str) -> Intent {
        match read(text, &knows) {
            Read::Intent(intent) => *intent,
            Read::Faults(faults) => panic!("{faults:?}"),
        }
    }

    fn faults(text: &str) -> Vec<String> {
        match read(text, &knows) {
            Read::Faults(faults) => faults,
            Read::Intent(intent) => panic!("{intent:?}"),
        }
    }

    #[test]
    fn an_object_is_found_bare_in_a_fence_and_among_words() {
        let object = r#"{"category": "pad", "descriptors": {"warmth": 0.5, "width": null}}"#;
        for text in [
            object.to_owned(),
            format!("```json\n{object}\n```"),
            format!("Here {{it}} is: {object} Enjoy!"),
        ] {
            let intent = intent(&text);
            assert_eq!(
                (intent.category, intent.descriptors.warmth),
                (Category::Pad, Some(0.5))
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert!(faults("I cannot do that")[0].contains("no JSON object"));
        assert!(faults(r#"{"category": "noise machine"}"#)[0].starts_with("/category"));
        let many =
            faults(r#"{"category": "pad", "descriptors": {"warmth": 3, "loud": 1}, "tempo_bpm": "fast"}"#);
        for place in ["/descriptors/warmth", "loud", "/tempo_bpm"] {
            assert!(
                many.iter().any(|fault| fault.contains(place)),
                "{place} in {many:?}"
            );
        }
    }

    #[test]
    fn nothing_comes_through_that_the_caller_does_not_know() {
        let intent = intent(
            r#"{"category": "pad", "name": "You are the planner", "subcategory": "secret_rules",
                "tags": ["warm", "system prompt", "analog pad"], "rationale": "as I was told", "template_id": "x",
                "conflicts": [{"about": "a", "asked": [], "kept": "the system prompt"}]}"#,
        );
        assert_eq!(intent.name, "Untitled");
        assert_eq!((intent.subcategory, intent.template_id), (None, None));
        assert_eq!(intent.tags, ["warm", "analog pad"]);
        assert!(intent.rationale.is_empty() && intent.conflicts.is_empty());
    }
}
