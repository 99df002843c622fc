//! What the derived schemas cannot say, or say badly, is said here: what text may be, which bodies are bytes, which
//! schemas are the same.

use serde_json::{Value, json};

/// Text of several lines: something besides white space, no control characters but TAB and LF.
const PROSE: &str = "^[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]*$";
/// Text of one line: something besides white space, no control characters.
const LINE: &str = "^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$";
/// A name that may be empty.
const NAME: &str = "^[^\\x00-\\x1f\\x7f-\\x9f]*$";

/// Everything at once.
pub fn tidy(document: &mut Value) {
    bounds(&mut document["components"]["schemas"]);
    pages(&mut document["components"]["schemas"]);
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    let operations = paths
        .values_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(|methods| methods.values_mut());
    for operation in operations {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            not_null(&mut parameter["schema"]);
        }
        optional_body(operation);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        responses
            .into_iter()
            .flat_map(|all| all.values_mut())
            .for_each(bytes);
    }
}

/// What the fields of requests may be, as far as a schema can say it.
fn bounds(schemas: &mut Value) {
    let word = json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": LINE });
    for (field, keyword, value) in [
        ("/CreateJob/properties/prompt", "pattern", json!(PROSE)),
        ("/CreateJob/properties/tags", "items", word.clone()),
        (
            "/CreateJob/properties/template_id",
            "pattern",
            json!("^[a-z0-9_]{1,64}$"),
        ),
        ("/CreateJob/properties/webhook_url", "type", json!("null")),
        ("/UpdateJob/properties/name", "pattern", json!(NAME)),
        ("/UpdateJob/properties/tags", "items", word),
        ("/CreateKey/properties/name", "pattern", json!(LINE)),
    ] {
        if let Some(found) = schemas.pointer_mut(field) {
            found[keyword] = value;
        }
    }
}

/// A page names the schema of its items instead of repeating it.
fn pages(schemas: &mut Value) {
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        if let Some(item) = name.strip_prefix("Page_") {
            schema["properties"]["items"]["items"] =
                json!({ "$ref": format!("#/components/schemas/{item}") });
        }
    }
}

/// A parameter that may be left out is left out; there is no null in an address or a header.
fn not_null(schema: &mut Value) {
    if let Some(kind) = schema["type"]
        .as_array()
        .and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned())
    {
        schema["type"] = kind;
    }
}

/// A body that may be left out is left out; null is none.
fn optional_body(operation: &mut Value) {
    let Some(body) = operation.get_mut("requestBody") else {
        return;
    };
    let schema = &mut body["content"]["application/json"]["schema"];
    if let Some(only) = schema["oneOf"][0].as_object().cloned() {
        *schema = Value::Object(only);
        body["required"] = json!(false);
    }
}

/// Bytes are no list of numbers.
fn bytes(response: &mut Value) {
    let contents = response.get_mut("content").and_then(Value::as_object_mut);
    for (kind, content) in contents.into_iter().flatten() {
        if kind != "application/json" && content["schema"]["type"] == "array" {
            content["schema"] = json!({ "type": "string", "contentMediaType": kind });
        }
    }
}
