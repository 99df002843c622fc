//! The document: whole in itself, the table of operations and it agree, every code is in it; and `docs/API.md` says the
//! same. Run with `SONGWALKER_WRITE_DOCS=1` to write the generated parts of that page.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use songwalker_api::operations::{Access, OPERATIONS};
use songwalker_api::{METRICS, MetricKind};
use songwalker_schemas::ErrorCode;

use crate::conformance::DOCUMENT;

fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods");
        methods
            .iter()
            .map(|(method, one)| (path.as_str(), method.as_str(), one))
    })
}

#[test]
fn the_document_is_openapi_3_1_and_refers_to_nothing_that_is_not_there() {
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
    let text = DOCUMENT.to_string();
    let refs: BTreeSet<&str> = text
        .split("\"$ref\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(refs.len() > 20);
    for reference in refs {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
    }
    for empty in [
        "content",
        "parameters",
        "headers",
        "responses",
        "requestBody",
        "properties",
    ] {
        assert!(!text.contains(&format!("\"{empty}\":null")), "{empty}");
    }
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().expect("schemas") {
        let whole = serde_json::json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_document_and_the_table_of_operations_are_the_same() {
    let documented: BTreeSet<(String, String)> = operations()
        .map(|(path, method, _)| (path.to_owned(), method.to_uppercase()))
        .collect();
    let table: BTreeSet<(String, String)> = OPERATIONS
        .iter()
        .map(|operation| (operation.path.to_owned(), operation.method.to_string()))
        .collect();
    assert_eq!(documented, table);
    assert_eq!(table.len(), OPERATIONS.len(), "nothing stands there twice");
    let ids: BTreeSet<&str> = operations()
        .filter_map(|(_, _, one)| one["operationId"].as_str())
        .collect();
    assert_eq!(
        ids.len(),
        OPERATIONS.len(),
        "every operation has a name of its own"
    );
    for operation in OPERATIONS {
        let one = &DOCUMENT["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let is_open = matches!(operation.access, Access::Open | Access::Guest);
        assert_eq!(
            one["security"] == serde_json::json!([]),
            is_open,
            "{}",
            operation.path
        );
        assert!(one["summary"].is_string(), "{}", operation.path);
    }
}

#[test]
fn every_parameter_of_an_address_is_described_and_no_other() {
    for (path, method, one) in operations() {
        let named: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        let described: BTreeSet<&str> = one["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(named, described, "{method} {path}");
    }
}

#[test]
fn every_code_is_in_the_document_and_every_code_of_the_server_in_an_answer() {
    let listed = &DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"];
    assert_eq!(*listed, serde_json::json!(ErrorCode::NAMES));
    let answered: BTreeSet<&str> = operations()
        .flat_map(|(_, _, one)| one["responses"].as_object().expect("responses").values())
        .flat_map(|response| response["x-error-codes"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    for code in [
        "invalid_json",
        "invalid_request",
        "unauthenticated",
        "forbidden",
        "not_found",
        "conflict",
        "gone",
        "payload_too_large",
        "unsupported_media_type",
        "prompt_too_long",
        "too_many_tags",
        "unknown_template",
        "idempotency_key_reuse",
        "too_many_concurrent_jobs",
        "rate_limited",
        "internal",
        "unavailable",
    ] {
        assert!(answered.contains(code), "{code}");
    }
}

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end of generated -->";

/// The table of calls.
fn calls() -> String {
    let mut text = String::from("| call | what it does | needs |\n|---|---|---|\n");
    for operation in OPERATIONS {
        let one = &DOCUMENT["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let needs = match operation.access {
            Access::Open | Access::Guest => "nothing".to_owned(),
            Access::Caller => "a key or a session".to_owned(),
            Access::Scope(scope) => format!("`{scope}`"),
        };
        let summary = one["summary"].as_str().unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{} {}` | {summary} | {needs} |",
            operation.method, operation.path
        );
    }
    text
}

/// The table of errors of the server.
fn errors() -> String {
    let mut text = String::from("| status | code | retryable | what went wrong |\n|---|---|---|---|\n");
    let answered: BTreeSet<(u16, &str)> = operations()
        .flat_map(|(_, _, one)| one["responses"].as_object().expect("responses"))
        .flat_map(|(status, response)| {
            let codes = response["x-error-codes"].as_array().into_iter().flatten();
            codes.filter_map(|code| Some((status.parse().ok()?, code.as_str()?)))
        })
        .chain([(405, "method_not_allowed")])
        .collect();
    let meanings = meanings();
    for (status, code) in answered {
        let retryable = ErrorCode::from_name(code).is_some_and(ErrorCode::retryable);
        let retryable = if retryable { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| {status} | `{code}` | {retryable} | {} |",
            meaning(&meanings, code)
        );
    }
    text
}

/// The table of errors that a job ends with.
fn job_errors() -> String {
    let mut text = String::from("| code | retryable | what went wrong |\n|---|---|---|\n");
    let meanings = meanings();
    let codes = songwalker_jobs::counts::FAILING
        .iter()
        .chain([&ErrorCode::Cancelled]);
    for code in codes {
        let retryable = if code.retryable() { "yes" } else { "no" };
        let code = code.name();
        let _ = writeln!(text, "| `{code}` | {retryable} | {} |", meaning(&meanings, code));
    }
    text
}

/// The table of metrics.
fn metrics() -> String {
    let mut text = String::from("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
    for metric in METRICS {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = labels.join(", ");
        let _ = writeln!(
            text,
            "| `{}` | {kind} | {labels} | {} |",
            metric.name, metric.meaning
        );
    }
    text
}

/// Every file of Rust under a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(std::fs::read_to_string(path).expect("a source"));
        }
    }
}

#[test]
fn every_metric_that_is_counted_is_in_the_table_and_every_one_in_the_table_is_counted() {
    let mut texts = Vec::new();
    for part in ["jobs", "workers", "scheduler", "cli"] {
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .join(part)
                .join("src"),
            &mut texts,
        );
    }
    let counted: BTreeSet<(&str, &str)> = texts
        .iter()
        .flat_map(|text| text.split("metrics::").skip(1))
        .filter_map(|rest| {
            let (kind, rest) = rest.split_once("!(")?;
            let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            ["counter", "gauge", "histogram"]
                .contains(&kind)
                .then_some((kind, name))
        })
        .collect();
    // The server's own are named by constants that the table uses too.
    let own = |name: &str| {
        name.starts_with("songwalker_http_")
            || ["songwalker_event_listeners", "songwalker_part_up"].contains(&name)
    };
    let table: BTreeSet<(&str, &str)> = METRICS
        .iter()
        .filter(|metric| !own(metric.name))
        .map(|metric| {
            let kind = match metric.kind {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            };
            (kind, metric.name)
        })
        .collect();
    assert!(counted.len() > 10);
    assert_eq!(counted, table);
}

#[test]
fn lists_that_come_whole_promise_no_cursor_and_a_rating_is_one_to_five() {
    let schemas = &DOCUMENT["components"]["schemas"];
    for name in ["Page_Key", "Page_TemplateSummary"] {
        assert_eq!(
            schemas[name]["properties"]["next_cursor"]["type"], "null",
            "{name}"
        );
    }
    for name in ["Page_Job", "Page_Share"] {
        let kind = &schemas[name]["properties"]["next_cursor"]["type"];
        assert_eq!(*kind, serde_json::json!(["string", "null"]), "{name}");
    }
    let rating = &schemas["Job"]["properties"]["rating"];
    assert_eq!(
        (&rating["minimum"], &rating["maximum"]),
        (&1.into(), &5.into()),
        "{rating}"
    );
}

/// The source of the closed list: a line of words stands above each code.
fn meanings() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/src/error_code.rs");
    std::fs::read_to_string(file).expect("the list of codes")
}

fn meaning(list: &str, code: &str) -> String {
    let lines: Vec<&str> = list.lines().map(str::trim).collect();
    let at = lines
        .iter()
        .position(|line| line.ends_with(&format!("= \"{code}\",")))
        .expect("the code is in the list");
    lines[at - 1].trim_start_matches("/// ").to_owned()
}

#[test]
fn the_page_of_the_api_says_what_the_server_does() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    let page = std::fs::read_to_string(&file).expect("docs/API.md");
    let mut fresh = page.clone();
    for (name, text) in [
        ("calls", calls()),
        ("errors", errors()),
        ("job errors", job_errors()),
        ("metrics", metrics()),
    ] {
        let begin = format!("{BEGIN}{name} -->\n");
        let from = fresh
            .find(&begin)
            .unwrap_or_else(|| panic!("{name} has its place"))
            + begin.len();
        let to = from + fresh[from..].find(END).expect("its end");
        fresh.replace_range(from..to, &text);
    }
    if std::env::var_os("SONGWALKER_WRITE_DOCS").is_some() {
        std::fs::write(&file, &fresh).expect("written");
    } else {
        assert!(
            page == fresh,
            "docs/API.md is old: run this test with SONGWALKER_WRITE_DOCS=1"
        );
    }
}
