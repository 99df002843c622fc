//! Prompts whose intents the embedded planner reads well: shown to a language model so that it sees what numbers words
//! stand for. The prompts are data (`data/examples.txt`, a line each); their intents are made from them when they are first
//! needed, so that they cannot fall behind the planner.

use std::sync::OnceLock;

use serde_json::{Map, Value};
use songwalker_schemas::Intent;

use super::{PlanRequest, plan};

const PROMPTS: &str = include_str!("../../data/examples.txt");
/// At most so many of one category.
const OF_A_CATEGORY: usize = 2;

/// A prompt and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The prompt.
    pub prompt: &'static str,
    /// What the embedded planner makes of it, without its reasons.
    pub intent: Intent,
}

fn all() -> &'static [Example] {
    static ALL: OnceLock<Vec<Example>> = OnceLock::new();
    ALL.get_or_init(|| {
        PROMPTS
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|prompt| {
                let request = PlanRequest {
                    prompt,
                    ..PlanRequest::default()
                };
                let mut intent = plan(&request).intent;
                intent.rationale.clear();
                Example { prompt, intent }
            })
            .collect()
    })
}

/// The examples that are most like what the embedded planner read in a prompt, the likest first: of its category before
/// others, and among these by how many descriptors both speak of. The same intent has the same examples.
#[must_use]
pub fn examples(own: &Intent, most: usize) -> Vec<&'static Example> {
    let spoken = fields(own);
    let mut ranked: Vec<(usize, usize, &Example)> = all()
        .iter()
        .enumerate()
        .map(|(place, example)| {
            let shared = fields(&example.intent)
                .keys()
                .filter(|name| spoken.contains_key(*name))
                .count();
            let same = example.intent.category == own.category;
            (if same { 100 + shared } else { shared }, place, example)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<&Example> = Vec::new();
    for (_, _, example) in ranked {
        let category = example.intent.category;
        let alike = chosen
            .iter()
            .filter(|other| other.intent.category == category)
            .count();
        if chosen.len() < most && alike < OF_A_CATEGORY {
            chosen.push(example);
        }
    }
    chosen
}

fn fields(intent: &Intent) -> Map<String, Value> {
    match serde_json::to_value(&intent.descriptors) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use songwalker_schemas::Category;

    use super::*;

    fn own(prompt: &str) -> Intent {
        plan(&PlanRequest {
            prompt,
            ..PlanRequest::default()
        })
        .intent
    }

    #[test]
    fn every_example_is_read_with_certainty_and_says_something() {
        for example in all() {
            assert!(example.intent.confidence >= 0.7, "{}", example.prompt);
            assert!(!fields(&example.intent).is_empty(), "{}", example.prompt);
            assert!(example.intent.conflicts.is_empty(), "{}", example.prompt);
        }
    }

    #[test]
    fn every_category_has_one() {
        let there: BTreeSet<Category> = all().iter().map(|example| example.intent.category).collect();
        let lacking: Vec<&Category> = Category::ALL
            .iter()
            .filter(|category| !there.contains(category))
            .collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }

    #[test]
    fn the_likest_come_first_and_always_the_same() {
        for prompt in ["dark wobbling bass", "soft pad", "gibberish qwxz"] {
            let own = own(prompt);
            let chosen = examples(&own, 4);
            assert_eq!(chosen.len(), 4);
            assert_eq!(chosen[0].intent.category, own.category, "{prompt}");
            let again = examples(&own, 4);
            assert_eq!(chosen, again);
        }
    }
}
