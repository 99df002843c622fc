//! `songwalker explain`: how the embedded planner reads a prompt, word by word, and what would come of it. Makes nothing
//! and keeps nothing.

use serde_json::{Value, json};
use songwalker_generator::mapper::choose;
use songwalker_generator::planner::{Plan, PlanRequest, Understood, plan};
use songwalker_generator::templates::Entry;
use songwalker_schemas::{Intent, text};

use crate::args::Explain;
use crate::commands::generate;
use crate::failure::Failure;
use crate::table::{LINE, Table, wrapped};
use crate::terminal::{self, BOLD, COMMAND, DIM, NOTICE, clean, paint};

/// Prints what was understood.
pub fn run(args: &Explain) -> Result<(), Failure> {
    let prompt = text::prompt(&generate::prompt(&args.prompt)?).map_err(|refused| {
        let faults = refused.faults.as_slice().to_vec();
        let message = faults
            .first()
            .map_or_else(String::new, |fault| fault.problem.clone());
        Failure::new(refused.code, format!("the prompt: {message}")).with_faults(faults)
    })?;
    let plan = plan(&PlanRequest {
        prompt: &prompt,
        seed: args.seed,
        ..PlanRequest::default()
    });
    let start = choose::template(&plan.intent, args.seed);
    if args.json {
        return terminal::print_json(&as_json(&plan, start));
    }
    terminal::print(&in_words(&plan, start))
}

fn as_json(plan: &Plan, start: Option<&Entry>) -> Value {
    let understood: Vec<Value> = plan
        .understood
        .iter()
        .map(|word| {
            json!({
                "word": word.word, "span": word.span, "entry": word.entry, "effect": word.effect, "guess": word.guess,
            })
        })
        .collect();
    let unknown: Vec<Value> = plan
        .unknown
        .iter()
        .map(|word| json!({ "word": word.word, "span": word.span }))
        .collect();
    let template = start.map(|entry| json!({ "id": entry.template.id, "name": entry.template.name }));
    let recipe = start.and_then(|entry| entry.recipe.as_ref());
    let recipe = recipe.map(|recipe| json!({ "id": recipe.id, "name": recipe.name }));
    json!({
        "understood": understood, "unknown": unknown, "template": template, "recipe": recipe, "intent": plan.intent,
    })
}

fn in_words(plan: &Plan, start: Option<&Entry>) -> String {
    let mut text = words(&plan.understood);
    if !plan.unknown.is_empty() {
        let list: Vec<String> = plan.unknown.iter().map(|word| clean(&word.word)).collect();
        text.push_str(&section("not understood", &list.join(", ")));
    }
    text.push_str(&section("category", &category(&plan.intent)));
    if let Some(entry) = start {
        let template = format!("{} ({})", entry.template.id, entry.template.name);
        text.push_str(&section("template", &template));
        if let Some(recipe) = &entry.recipe {
            text.push_str(&section("recipe", &format!("{} ({})", recipe.id, recipe.name)));
        }
    }
    text.push_str(&section("descriptors", &descriptors(&plan.intent)));
    text.push_str(&section("must hold", &listed(&plan.intent.invariants)));
    text.push_str(&section("must not have", &listed(&plan.intent.avoid)));
    for conflict in &plan.intent.conflicts {
        let asked = format!(
            "{}: {}, kept {}",
            conflict.about,
            conflict.asked.join(" / "),
            conflict.kept
        );
        text.push_str(&section("conflict", &clean(&asked)));
    }
    text
}

/// A line for each word: as written, its entry, what it did.
fn words(understood: &[Understood]) -> String {
    if understood.is_empty() {
        return format!("{}\n", paint(NOTICE, "no word of it was understood"));
    }
    let mut table = Table::new();
    for word in understood {
        let mark = if word.guess { "~ " } else { "" };
        let effect = if word.effect.is_empty() {
            "nothing by itself"
        } else {
            &word.effect
        };
        table.row([
            (BOLD, clean(&word.word)),
            (COMMAND, format!("{mark}{}", word.entry)),
            (DIM, effect.to_owned()),
        ]);
    }
    table.text(0) + "\n"
}

/// A title and running text beside it; nothing where there is nothing to say.
fn section(title: &str, text: &str) -> String {
    const TITLE: usize = 16;
    let mut lines = String::new();
    for (i, line) in wrapped(text, LINE - TITLE).iter().enumerate() {
        let head = if i == 0 { title } else { "" };
        let blanks = " ".repeat(TITLE - head.chars().count());
        lines.push_str(&format!("{}{blanks}{line}\n", paint(BOLD, head)));
    }
    lines
}

/// `bass (reese), 90 % sure, mono`.
fn category(intent: &Intent) -> String {
    let mut text = intent.category.to_string();
    if let Some(sub) = &intent.subcategory {
        text.push_str(&format!(" ({sub})"));
    }
    text.push_str(&format!(", {:.0} % sure", 100.0 * intent.confidence));
    if let Some(voicing) = intent.voicing {
        text.push_str(&format!(", {voicing}"));
    }
    if let Some(bpm) = intent.tempo_bpm {
        text.push_str(&format!(", at {bpm} bpm"));
    }
    text
}

/// `brightness 0.5, movement (depth 0.5, rate_hz 2)`, as the intent has them.
fn descriptors(intent: &Intent) -> String {
    match serde_json::to_value(&intent.descriptors) {
        Ok(Value::Object(members)) => {
            let said: Vec<String> = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| format!("{name} {}", plain(value)))
                .collect();
            if said.is_empty() {
                "none".to_owned()
            } else {
                said.join(", ")
            }
        }
        _ => String::new(),
    }
}

/// A value without the marks of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let inner: Vec<String> = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| format!("{name} {}", plain(value)))
                .collect();
            format!("({})", inner.join(", "))
        }
        other => other.to_string(),
    }
}

fn listed<T: ToString>(list: &[T]) -> String {
    list.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
