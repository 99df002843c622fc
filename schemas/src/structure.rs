//! Checks a document against a JSON Schema of ours and lists every fault. It knows the keywords that our schemas
//! use; a test holds it against a full validator.

use serde_json::Value;

use crate::Faults;

/// Adds every fault of `value` against `schema`.
pub fn check(value: &Value, schema: &Value, faults: &mut Faults) {
    check_at(value, schema, "", faults);
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
        kind => kind_of(value) == kind,
    }
}

fn check_at(value: &Value, schema: &Value, at: &str, faults: &mut Faults) {
    if let Some(expected) = schema.get("const") {
        if value != expected {
            faults.push(at, format!("must be {expected}"));
        }
        return;
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        if !words.contains(value) {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            faults.push(at, format!("must be one of {}", words.join(", ")));
        }
        return;
    }
    if let Some(options) = schema.get("oneOf").and_then(Value::as_array) {
        check_one_of(value, options, at, faults);
        return;
    }
    match schema.get("type") {
        Some(Value::String(kind)) if !is_of(value, kind) => {
            faults.push(at, format!("must be of type {kind}, is {}", kind_of(value)));
            return;
        }
        Some(Value::Array(kinds))
            if !kinds
                .iter()
                .filter_map(Value::as_str)
                .any(|kind| is_of(value, kind)) =>
        {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            faults.push(
                at,
                format!("must be of type {}, is {}", kinds.join(" or "), kind_of(value)),
            );
            return;
        }
        _ => {}
    }
    match value {
        Value::Number(number) => check_number(number.as_f64().unwrap_or(f64::NAN), schema, at, faults),
        Value::String(text) => check_text(text, schema, at, faults),
        Value::Array(items) => check_array(items, schema, at, faults),
        Value::Object(map) => check_object(map, schema, at, faults),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The option whose `type` property is the value's (effects), else the first that fits its JSON type.
fn check_one_of(value: &Value, options: &[Value], at: &str, faults: &mut Faults) {
    let tag = |option: &Value| option.pointer("/properties/type/const").cloned();
    let chosen = match value.get("type") {
        Some(own) => options.iter().find(|option| tag(option).as_ref() == Some(own)),
        None => options.iter().find(|option| {
            tag(option).is_none() && option["type"].as_str().is_some_and(|kind| is_of(value, kind))
        }),
    };
    match chosen {
        Some(option) => check_at(value, option, at, faults),
        None => {
            let names: Vec<String> = options
                .iter()
                .map(|o| tag(o).map_or_else(|| o["type"].to_string(), |t| t.to_string()))
                .collect();
            faults.push(at, format!("must be one of the kinds {}", names.join(", ")));
        }
    }
}

fn check_number(x: f64, schema: &Value, at: &str, faults: &mut Faults) {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if bound("minimum").is_some_and(|min| x < min)
        || bound("maximum").is_some_and(|max| x > max)
        || x.is_nan()
    {
        let text = |key: &str| {
            schema
                .get(key)
                .map_or_else(|| "…".to_owned(), ToString::to_string)
        };
        faults.push(
            at,
            format!("{x} is outside {}..{}", text("minimum"), text("maximum")),
        );
    }
}

fn check_text(text: &str, schema: &Value, at: &str, faults: &mut Faults) {
    let count = text.chars().count() as u64;
    if schema
        .get("minLength")
        .and_then(Value::as_u64)
        .is_some_and(|min| count < min)
    {
        faults.push(at, "too short".to_owned());
    }
    if schema
        .get("maxLength")
        .and_then(Value::as_u64)
        .is_some_and(|max| count > max)
    {
        faults.push(at, format!("{count} characters, at most {}", schema["maxLength"]));
        return;
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && !matches(pattern, text)
    {
        faults.push(at, format!("must match {pattern}"));
    }
}

fn check_array(items: &[Value], schema: &Value, at: &str, faults: &mut Faults) {
    let count = items.len() as u64;
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    if bound("minItems").is_some_and(|min| count < min) || bound("maxItems").is_some_and(|max| count > max) {
        let (min, max) = (
            bound("minItems").unwrap_or(0),
            bound("maxItems").map_or_else(|| "…".to_owned(), |m| m.to_string()),
        );
        faults.push(at, format!("{count} items, must be {min}..{max}"));
        return;
    }
    if let Some(item_schema) = schema.get("items") {
        for (i, item) in items.iter().enumerate() {
            check_at(item, item_schema, &format!("{at}/{i}"), faults);
        }
    }
}

fn check_object(map: &serde_json::Map<String, Value>, schema: &Value, at: &str, faults: &mut Faults) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for key in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !map.contains_key(key) {
            faults.push(format!("{at}/{}", escape(key)), "missing");
        }
    }
    for (key, value) in map {
        let pointer = format!("{at}/{}", escape(key));
        match properties.and_then(|p| p.get(key)) {
            Some(property) => check_at(value, property, &pointer, faults),
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                let shown: String = pointer.chars().take(160).collect();
                faults.push(shown, "unknown field");
            }
            None => {}
        }
    }
}

/// The patterns that our schemas use, each with its own small matcher.
fn matches(pattern: &str, text: &str) -> bool {
    let of = |ok: fn(char) -> bool| text.chars().all(ok);
    let hex = |text: &str| {
        text.len() == 64
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let words = |text: &str, ok: fn(char) -> bool, max: usize| {
        (1..=max).contains(&text.len()) && text.chars().all(ok)
    };
    let entry = |c: char| c.is_ascii_alphanumeric() || "._ -".contains(c);
    match pattern {
        "^[0-9a-f]{64}$" => hex(text),
        "^([0-9a-f]{64})?$" => text.is_empty() || hex(text),
        "^[a-z0-9_]{1,64}$" => words(
            text,
            |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
            64,
        ),
        "^[a-z0-9_]{1,32}$" => words(
            text,
            |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
            32,
        ),
        "^[A-Za-z0-9 '-]{1,48}$" => words(text, |c| c.is_ascii_alphanumeric() || " '-".contains(c), 48),
        "^[A-Za-z0-9.+ ()-]{1,64}$" => words(text, |c| c.is_ascii_alphanumeric() || ".+ ()-".contains(c), 64),
        "^(/[a-z0-9_]+)+$" => {
            text.starts_with('/')
                && text[1..].split('/').all(|part| {
                    words(
                        part,
                        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
                        128,
                    )
                })
        }
        "^[A-Za-z0-9._ -]+(/[A-Za-z0-9._ -]+)*$" => text
            .split('/')
            .all(|part| !part.is_empty() && part.chars().all(entry)),
        "^[^\\u0000-\\u001f\\u007f]+$" => !text.is_empty() && of(|c| u32::from(c) >= 0x20 && c != '\u{7f}'),
        "^[0-9]+\\.[0-9]+\\.[0-9]+$" => {
            let parts: Vec<&str> = text.split('.').collect();
            parts.len() == 3
                && parts
                    .iter()
                    .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        }
        _ => false,
    }
}
