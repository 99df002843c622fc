//! What the planner makes of prompts as different people write them, twenty and more of each kind of the evaluation: the
//! table `data/prompts.txt`, with what must be understood of each.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "planner/checks.rs"]
mod checks;

use checks::hold;

const TABLE: &str = include_str!("data/prompts.txt");

/// Prompt, accepted categories, checks.
fn row(line: &str) -> (String, &str, &str) {
    let mut parts = line.rsplitn(3, '|').map(str::trim);
    let (checks, categories) = (parts.next().unwrap(), parts.next().unwrap());
    let prompt = parts.next().unwrap();
    // What a line cannot show stands as JSON.
    let prompt = if prompt.starts_with('"') {
        serde_json::from_str(prompt).unwrap()
    } else {
        prompt.to_owned()
    };
    (prompt, categories, checks)
}

#[test]
fn the_prompts_of_the_table_are_understood() {
    let lines = TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<_> = lines.map(row).collect();
    assert!(rows.len() >= 240, "{} prompts", rows.len());
    hold(&rows);
}
