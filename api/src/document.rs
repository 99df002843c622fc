//! The OpenAPI document: what the handlers say of themselves, and what the table of operations says of all: who may,
//! and which errors there can be. Written once.

mod tidy;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, OnceLock};

use serde_json::{Map, Value, json};
use songwalker_schemas::{ErrorCode, json_schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use crate::access::{COOKIE, CSRF_HEADER};
use crate::error;
use crate::operations::{Access, Described, OPERATIONS, Operation};

/// Errors that every operation can have: a name that the server does not go by, and a fault of ours.
const ALWAYS: &[ErrorCode] = &[ErrorCode::Forbidden, ErrorCode::Internal, ErrorCode::Unavailable];
/// Errors of operations that are not open to all.
const OF_CALLERS: &[ErrorCode] = &[ErrorCode::Unauthenticated, ErrorCode::RateLimited];
/// Errors of operations that take a body.
const OF_BODIES: &[ErrorCode] = &[
    ErrorCode::InvalidJson,
    ErrorCode::InvalidRequest,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::Timeout,
];

const DESCRIPTION: &str = "SongWalker makes playable synthesiser patches from words. Every answer that is no success \
carries the same envelope, `{\"error\": {\"code\", \"message\", \"retryable\", \"details\"?}}`; `details` lists every \
fault of a request with its JSON Pointer. Times are RFC 3339, UTC. Another user's things are not found (404). Answers \
may gain fields: skip those that you do not know, and treat unknown states as not final. What has an `ETag` can be asked \
for with `If-None-Match`.";

/// The document, as text.
#[must_use]
pub fn openapi() -> String {
    text().to_owned()
}

/// The same, written once.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
        text.push('\n');
        text
    })
}

/// Whether an operation takes parameters behind the question mark, as its handler says of itself.
pub fn takes_query(operation: &Operation) -> bool {
    static DESCRIBED: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(Described::openapi()).unwrap_or_default());
    let method = operation.method.as_str().to_lowercase();
    let parameters = &DESCRIBED["paths"][operation.path][method]["parameters"];
    let mut parameters = parameters.as_array().into_iter().flatten();
    parameters.any(|parameter| parameter["in"] == "query")
}

/// Every error code that an operation can have.
#[must_use]
pub fn codes(operation: &Operation, takes_body: bool) -> Vec<ErrorCode> {
    let mut codes = ALWAYS.to_vec();
    match operation.access {
        Access::Open => {}
        Access::Guest => codes.push(ErrorCode::RateLimited),
        Access::Caller | Access::Scope(_) => codes.extend(OF_CALLERS),
    }
    // A parameter that nobody knows is refused everywhere but in a link that was handed on.
    if operation.access != Access::Guest {
        codes.push(ErrorCode::InvalidRequest);
    }
    if takes_body {
        codes.extend(OF_BODIES);
    }
    codes.extend(operation.errors);
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn document() -> Value {
    let mut document = serde_json::to_value(Described::openapi()).unwrap_or_default();
    document["info"] = json!({
        "title": "SongWalker",
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
        "license": { "name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later" },
    });
    document["tags"] = json!([
        { "name": "jobs", "description": "From words to a sound." },
        { "name": "artifacts", "description": "What a job made." },
        { "name": "shares", "description": "Links that let others hear it." },
        { "name": "public", "description": "What such a link opens." },
        { "name": "templates", "description": "Starting sounds." },
        { "name": "account", "description": "Who one is, keys, sessions." },
        { "name": "webhooks", "description": "Being told of jobs' ends." },
        { "name": "admin", "description": "Looking after the service." },
        { "name": "service", "description": "The server itself." },
    ]);
    document["components"]["securitySchemes"] = json!({
        "key": { "type": "http", "scheme": "bearer", "description": "An API key, `swk_…`. Each operation names the scope that it needs." },
        "session": { "type": "apiKey", "in": "cookie", "name": COOKIE,
            "description": format!("A browser's session. Whatever changes something must carry `{CSRF_HEADER}` beside it.") },
    });
    schemas(&mut document["components"]["schemas"]);
    tidy::tidy(&mut document);
    for operation in OPERATIONS {
        let described = &mut document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        if described.is_object() {
            complete(described, operation);
        }
    }
    document
}

/// Schemas that no handler names in Rust: documents with schemas of their own, and the envelope.
fn schemas(schemas: &mut Value) {
    for (name, schema) in [
        ("ErrorEnvelope", to_value::<songwalker_schemas::ErrorEnvelope>()),
        (
            "ErrorBody",
            to_value::<songwalker_schemas::error_code::ErrorBody>(),
        ),
        ("ErrorCode", to_value::<ErrorCode>()),
        ("Fault", to_value::<songwalker_schemas::Fault>()),
        ("Event", to_value::<songwalker_schemas::wire::Event>()),
        ("EventKind", to_value::<songwalker_schemas::wire::EventKind>()),
        ("Progress", to_value::<songwalker_schemas::wire::Progress>()),
        ("PatchSpec", own(json_schema::patch())),
        ("VariationsDiff", own(json_schema::variations())),
        ("Report", own(json_schema::report())),
        ("MacroTemplate", own(json_schema::template())),
    ] {
        schemas[name] = schema;
    }
}

fn to_value<T: ToSchema + PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

/// A schema of ours within this document: its own name would be another base for references.
fn own(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        map.remove("$id");
        map.remove("$schema");
    }
    schema
}

/// One event of a stream, as readers of such streams take it apart.
fn event() -> Value {
    let texts = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "description": "One event of the stream.",
        "properties": {
            "id": texts("Its number, where it is stored."),
            "event": { "enum": ["state", "stage", "log", "progress", "reset"] },
            "data": { "type": "string", "contentMediaType": "application/json",
                "description": "An Event for `state`, `stage` and `log`, a Progress for `progress`, a Job for `reset`." },
            "retry": texts("After how many milliseconds to come again."),
        },
    })
}

/// The documents that operations answer with, by their names.
const DOCUMENTS: [(&str, &str); 5] = [
    ("getPatch", "PatchSpec"),
    ("getSharedPatch", "PatchSpec"),
    ("getVariations", "VariationsDiff"),
    ("getAnalysis", "Report"),
    ("getTemplate", "MacroTemplate"),
];

fn complete(described: &mut Value, operation: &Operation) {
    let takes_body = described.get("requestBody").is_some();
    let id = described["operationId"].as_str().unwrap_or_default().to_owned();
    if let Some((_, schema)) = DOCUMENTS.iter().find(|(name, _)| *name == id) {
        described["responses"]["200"]["content"]["application/json"]["schema"] =
            json!({ "$ref": format!("#/components/schemas/{schema}") });
    }
    if id == "followJob" {
        described["responses"]["200"]["content"]["text/event-stream"]["schema"] = event();
    }
    described["security"] = match operation.access {
        Access::Open | Access::Guest => json!([]),
        Access::Caller | Access::Scope(_) => json!([{ "key": [] }, { "session": [] }]),
    };
    if let Access::Scope(scope) = operation.access {
        described["x-required-scope"] = json!(scope);
        let told = described["description"].as_str().unwrap_or_default();
        described["description"] = json!(format!("{told}\n\nNeeds the scope `{scope}`.").trim());
    }
    let is_counted = matches!(operation.access, Access::Caller | Access::Scope(_));
    if let Some(responses) = described["responses"].as_object_mut() {
        if is_counted {
            responses.values_mut().for_each(rate_headers);
        }
        errors(responses, operation, takes_body);
    }
}

/// Adds the answers that are no successes, one a status.
fn errors(responses: &mut Map<String, Value>, operation: &Operation, takes_body: bool) {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in codes(operation, takes_body) {
        by_status
            .entry(error::status(code).as_u16())
            .or_default()
            .push(code);
    }
    let is_ranged = responses.contains_key("206");
    if is_ranged {
        by_status.insert(416, vec![ErrorCode::InvalidRequest]);
    }
    for (status, codes) in by_status {
        let mut description = String::new();
        for code in &codes {
            let separator = if description.is_empty() { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(description, "{separator}`{code}`");
        }
        let mut response = json!({
            "description": description,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ErrorEnvelope" } } },
            "x-error-codes": codes,
        });
        let header =
            |description: &str| json!({ "description": description, "schema": { "type": "string" } });
        let wait = json!({ "description": "After how many seconds to come again.", "schema": { "type": "integer", "minimum": 1 } });
        match status {
            401 => response["headers"]["WWW-Authenticate"] = header("`Bearer`."),
            416 => response["headers"]["Content-Range"] = header("How many bytes there are."),
            429 => {
                response["headers"]["Retry-After"] = wait;
                rate_headers(&mut response);
            }
            503 => response["headers"]["Retry-After"] = wait,
            404 if operation.path == "/s/{token}" => {
                response["content"]["text/html"] = json!({ "schema": { "type": "string" } });
            }
            _ => {}
        }
        responses.insert(status.to_string(), response);
    }
}

/// What is left of the requests of a minute, where there is a limit.
fn rate_headers(response: &mut Value) {
    for (name, description) in [
        ("RateLimit-Limit", "Requests that are allowed each minute."),
        ("RateLimit-Remaining", "How many more may come now."),
        (
            "RateLimit-Reset",
            "After how many seconds all of them may come again.",
        ),
    ] {
        response["headers"][name] =
            json!({ "description": description, "schema": { "type": "integer", "minimum": 0 } });
    }
}
