//! What the model may answer, as a JSON Schema in the strict form that structured outputs want: every property is
//! required, what may be absent may be null. Made of the intent's own schema, so that it cannot fall behind.

use serde_json::{Map, Value, json};
use songwalker_schemas::Intent;
use songwalker_schemas::table::Described;

/// The properties of an intent that a model answers. The rest is not its to say: versions, the template, why, and what
/// contradicted what.
pub(crate) const ANSWERED: [&str; 11] = [
    "name",
    "category",
    "subcategory",
    "voicing",
    "register",
    "descriptors",
    "invariants",
    "avoid",
    "tempo_bpm",
    "tags",
    "confidence",
];

/// The schema of an answer.
#[must_use]
pub fn answer() -> Value {
    let whole = Intent::schema();
    let properties: Map<String, Value> = ANSWERED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), strict(whole["properties"].get(*name)?))))
        .collect();
    json!({
        "type": "object", "additionalProperties": false,
        "required": ANSWERED, "properties": properties
    })
}

/// The answer that means an intent, without what it does not speak of.
pub(crate) fn answer_of(intent: &Intent) -> Value {
    let mut whole = serde_json::to_value(intent).unwrap_or_default();
    if let Some(whole) = whole.as_object_mut() {
        whole.retain(|name, value| ANSWERED.contains(&name.as_str()) && !value.is_null());
    }
    whole
}

/// A schema in the strict form: without keywords that not every endpoint knows.
fn strict(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else {
        return schema.clone();
    };
    let mut out = Map::new();
    for (key, value) in object {
        match key.as_str() {
            "minLength" | "maxLength" | "required" | "additionalProperties" => {}
            "const" => {
                out.insert("enum".to_owned(), json!([value]));
            }
            "oneOf" | "anyOf" => {
                let each = value.as_array().into_iter().flatten().map(strict).collect();
                out.insert("anyOf".to_owned(), Value::Array(each));
            }
            "items" => {
                out.insert(key.clone(), strict(value));
            }
            "properties" => {
                let required = object.get("required").and_then(Value::as_array);
                let mut properties = Map::new();
                for (name, property) in value.as_object().into_iter().flatten() {
                    let always = required.is_some_and(|names| names.contains(&json!(name)));
                    let property = strict(property);
                    properties.insert(name.clone(), if always { property } else { or_null(property) });
                }
                let names: Vec<&String> = properties.keys().collect();
                out.insert("required".to_owned(), json!(names));
                out.insert("additionalProperties".to_owned(), json!(false));
                out.insert(key.clone(), Value::Object(properties));
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    if let Some(values) = out.get("enum").and_then(Value::as_array)
        && !out.contains_key("type")
    {
        let texts = values.iter().all(|value| value.is_string() || value.is_null());
        let nothing = values.iter().any(Value::is_null);
        if texts {
            let kind = if nothing {
                json!(["string", "null"])
            } else {
                json!("string")
            };
            out.insert("type".to_owned(), kind);
        }
    }
    Value::Object(out)
}

fn or_null(mut schema: Value) -> Value {
    let description = schema
        .as_object_mut()
        .and_then(|object| object.remove("description"));
    let mut either = json!({ "anyOf": [schema, { "type": "null" }] });
    if let Some(description) = description {
        either["description"] = description;
    }
    either
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object of the schema.
    fn objects(schema: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
        match schema {
            Value::Object(object) => {
                visit(object);
                object.values().for_each(|value| objects(value, visit));
            }
            Value::Array(values) => values.iter().for_each(|value| objects(value, visit)),
            _ => {}
        }
    }

    #[test]
    fn it_is_strict_everywhere_and_holds_every_descriptor() {
        let schema = answer();
        objects(&schema, &mut |object| {
            if let Some(properties) = object.get("properties").and_then(Value::as_object)
                && object.get("type") == Some(&json!("object"))
            {
                assert_eq!(object["additionalProperties"], json!(false));
                assert_eq!(
                    object["required"].as_array().map(Vec::len),
                    Some(properties.len())
                );
            }
            assert!(
                !object.contains_key("oneOf") && !object.contains_key("const"),
                "{object:?}"
            );
        });
        let whole = Intent::schema();
        let count = |schema: &Value| {
            schema["properties"]["descriptors"]["properties"]
                .as_object()
                .map(Map::len)
        };
        assert_eq!(count(&schema), count(&whole));
        assert!(jsonschema::validator_for(&schema).is_ok());
    }
}
