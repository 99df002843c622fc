//! Holds answers against the document: the status is one of the operation's, the body fits its schema.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The document.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&songwalker_api::openapi()).expect("the document is JSON"));

/// The operation that an address belongs to.
pub fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or(path);
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let of = |pattern: &String| {
        let (pattern, path): (Vec<&str>, Vec<&str>) =
            (pattern.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len()
            && pattern
                .iter()
                .zip(&path)
                .all(|(pattern, part)| pattern.starts_with('{') || pattern == part)
    };
    let (_, methods) = paths.iter().find(|(pattern, _)| of(pattern))?;
    methods.get(method.to_lowercase())
}

/// Stops the test where an answer is not as the document says.
pub fn check(method: &str, path: &str, status: u16, body: &Value) {
    let Some(operation) = operation(method, path) else {
        assert!(
            matches!(status, 403..=405),
            "{method} {path}: {status} is no operation's"
        );
        return;
    };
    let response = &operation["responses"][status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path}: {status} is not in the document: {body}"
    );
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_null() {
        assert!(body.is_null(), "{method} {path}: {status} has a body: {body}");
        return;
    }
    if let Some(codes) = response["x-error-codes"].as_array() {
        let code = &body["error"]["code"];
        assert!(codes.contains(code), "{method} {path}: {status} never has {code}");
    }
    let validator = validator(schema);
    let faults: Vec<String> = validator
        .iter_errors(body)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{method} {path}: {status}: {faults:?}");
}

fn validator(schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = validators.entry(schema.to_string()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        Arc::new(jsonschema::validator_for(&whole).expect("a schema"))
    });
    Arc::clone(known)
}
