//! What the derived schemas cannot say, or say badly, is said here: what text may be, which bodies are bytes, which
//! schemas are the same.

use serde_json::{Value, json};
use songwalker_jobs::admin::plans;
use songwalker_jobs::config::{Retention, Span};
use songwalker_jobs::keys;

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
        (
            "/CreateJob/properties/webhook_url",
            "pattern",
            json!(webhook_address()),
        ),
        (
            "/CreateWebhook/properties/url",
            "pattern",
            json!(webhook_address()),
        ),
        ("/UpdateJob/properties/name", "pattern", json!(NAME)),
        ("/UpdateJob/properties/tags", "items", word),
        ("/CreateKey/properties/name", "pattern", json!(LINE)),
        (
            "/CreateKey/properties/expires_in",
            "pattern",
            json!(spans_up_to(keys::LONGEST)),
        ),
        ("/CreateUser/properties/name", "pattern", json!(LINE)),
        ("/CreateUser/properties/plan", "pattern", json!(PLAN)),
        ("/UpdateUser/properties/plan", "pattern", json!(PLAN)),
        (
            "/CreatePlan/properties/keep_artifacts",
            "pattern",
            json!(spans_up_to(plans::LONGEST)),
        ),
        (
            "/CreatePlan/properties/keep_prompts",
            "pattern",
            json!(spans_up_to(plans::LONGEST)),
        ),
        (
            "/UpdatePlan/properties/keep_artifacts",
            "pattern",
            json!(spans_up_to(plans::LONGEST)),
        ),
        (
            "/UpdatePlan/properties/keep_prompts",
            "pattern",
            json!(spans_up_to(plans::LONGEST)),
        ),
        (
            "/CreateShare/properties/expires_in",
            "pattern",
            json!(spans_up_to(Retention::default().share_max)),
        ),
    ] {
        if let Some(found) = schemas.pointer_mut(field) {
            found[keyword] = value;
        }
    }
}

/// The name of a plan.
const PLAN: &str = "^[a-z0-9_-]{1,64}$";

/// A pattern of addresses that webhooks may have. Longer names are taken too.
fn webhook_address() -> String {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?";
    let last = "[A-Za-z]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?";
    let port = numbers_up_to(65_535);
    format!("^https://({label}\\.){{0,3}}{last}(:({port}))?([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?$")
}

/// A pattern of the spans from one second to `longest`: a number of at most eight digits with its unit.
fn spans_up_to(longest: Span) -> String {
    let seconds = longest.duration().as_secs();
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let each =
        units.map(|(unit, length)| format!("({}){unit}", numbers_up_to((seconds / length).min(99_999_999))));
    format!("^({})$", each.join("|"))
}

/// A pattern of the numbers from 1 to `most`, without leading noughts.
fn numbers_up_to(most: u64) -> String {
    let digits = most.to_string().into_bytes();
    let rest = |count: usize| match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        count => format!("[0-9]{{{count}}}"),
    };
    // Those that are shorter, then those that are smaller first at each of the digits, then `most` itself.
    let mut ways: Vec<String> = (1..digits.len())
        .map(|length| format!("[1-9]{}", rest(length - 1)))
        .collect();
    for (at, digit) in digits.iter().enumerate() {
        let least = if at == 0 { b'1' } else { b'0' };
        if *digit > least {
            let same = String::from_utf8_lossy(&digits[..at]);
            let (from, to) = (char::from(least), char::from(digit - 1));
            ways.push(format!("{same}[{from}-{to}]{}", rest(digits.len() - at - 1)));
        }
    }
    ways.push(most.to_string());
    ways.join("|")
}

/// Lists that come whole.
const WHOLE: [&str; 6] = [
    "Key",
    "Pause",
    "Plan",
    "TemplateSummary",
    "Webhook",
    "WebhookDelivery",
];

/// A page names the schema of its items instead of repeating it.
fn pages(schemas: &mut Value) {
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        if let Some(item) = name.strip_prefix("Page_") {
            schema["properties"]["items"]["items"] =
                json!({ "$ref": format!("#/components/schemas/{item}") });
            if WHOLE.contains(&item) {
                schema["properties"]["next_cursor"] =
                    json!({ "type": "null", "description": "Always null: the list comes whole." });
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_spans_takes_those_up_to_the_longest_and_no_others() {
        let schema = json!({ "type": "string", "pattern": spans_up_to(Span::from_days(365)) });
        let pattern = jsonschema::validator_for(&schema).unwrap();
        let takes = |text: &str| pattern.is_valid(&json!(text));
        for days in 0..1_200 {
            assert_eq!(takes(&format!("{days}d")), (1..=365).contains(&days), "{days}d");
        }
        for hours in [1, 9, 10, 99, 8_699, 8_759, 8_760, 8_761, 8_800, 9_000, 10_000] {
            assert_eq!(takes(&format!("{hours}h")), hours <= 8_760, "{hours}h");
        }
        for seconds in [
            1,
            9_999_999,
            31_535_999,
            31_536_000,
            31_536_001,
            99_999_999,
            100_000_000,
        ] {
            assert_eq!(takes(&format!("{seconds}s")), seconds <= 31_536_000, "{seconds}s");
        }
        for other in ["", "d", "01d", "1", "1w", "1 d", "-1d", "1dd"] {
            assert!(!takes(other), "{other}");
        }
    }
}
