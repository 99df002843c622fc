//! What can be said of an intent in one line. A check is `path op value` on the intent as JSON (`width > 0`,
//! `movement.rate_hz = 2`), `sub = ANY OF THESE`, `voicing = …`, `has INVARIANT`, `avoids FEATURE`, `conflict ABOUT`,
//! `calm` (no conflict), `no PATH` (nothing said of it); several are separated by `;`.

use serde_json::Value;
use songwalker_generator::planner::{PlanRequest, plan};

fn intent(prompt: &str) -> Value {
    let request = PlanRequest {
        prompt,
        ..PlanRequest::default()
    };
    serde_json::to_value(plan(&request).intent).unwrap_or_default()
}

/// A value of the intent: a descriptor by its path, else a member of the intent itself.
fn value<'a>(intent: &'a Value, path: &str) -> &'a Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    intent["descriptors"]
        .pointer(&pointer)
        .or_else(|| intent.pointer(&pointer))
        .unwrap_or(&Value::Null)
}

fn lists(intent: &Value, list: &str, word: &str) -> bool {
    intent[list]
        .as_array()
        .is_some_and(|a| a.iter().any(|v| v == word))
}

fn holds(intent: &Value, check: &str) -> bool {
    let words: Vec<&str> = check.split_whitespace().collect();
    match words.as_slice() {
        ["has", invariant] => lists(intent, "invariants", invariant),
        ["avoids", feature] => lists(intent, "avoid", feature),
        ["conflict", about] => intent["conflicts"]
            .as_array()
            .is_some_and(|a| a.iter().any(|c| c["about"] == *about)),
        ["calm"] => intent["conflicts"].as_array().is_some_and(Vec::is_empty),
        ["no", path] => value(intent, path).is_null(),
        ["sub", "=", subs @ ..] => subs.iter().any(|sub| intent["subcategory"] == *sub),
        [path, op, wanted] => {
            let got = value(intent, path);
            // `1/4` is text; `4` is a number.
            let Ok(wanted_number) = wanted.parse::<f64>() else {
                return *op == "=" && got == *wanted;
            };
            let Some(got) = got.as_f64() else { return false };
            match *op {
                "=" => (got - wanted_number).abs() < 1e-6,
                ">" => got > wanted_number,
                "<" => got < wanted_number,
                ">=" => got >= wanted_number,
                "<=" => got <= wanted_number,
                _ => panic!("unknown operator in `{check}`"),
            }
        }
        _ => panic!("unknown check `{check}`"),
    }
}

/// Every row holds: a prompt, the categories that it may get, and its checks.
pub fn hold<P: AsRef<str>>(rows: &[(P, &str, &str)]) {
    let faults: Vec<String> = rows
        .iter()
        .flat_map(|(prompt, categories, checks)| faults_of(prompt.as_ref(), categories, checks))
        .collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// What an intent lacks of what its prompt must give: one of the categories (`*`: any), and every check.
fn faults_of(prompt: &str, categories: &str, checks: &str) -> Vec<String> {
    let intent = intent(prompt);
    let mut faults = Vec::new();
    if !categories
        .split_whitespace()
        .any(|c| c == "*" || intent["category"] == c)
    {
        faults.push(format!("`{prompt}`: {} is not {categories}", intent["category"]));
    }
    for check in checks.split(';').map(str::trim).filter(|c| !c.is_empty()) {
        if !holds(&intent, check) {
            faults.push(format!("`{prompt}`: not `{check}` in {}", intent["descriptors"]));
        }
    }
    faults
}
