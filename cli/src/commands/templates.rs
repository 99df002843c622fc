//! `songwalker templates`: the sounds that a patch can start from.

use serde_json::{Value, json};
use songwalker_generator::templates;
use songwalker_schemas::{Category, MacroTemplate};

use crate::args::Templates;
use crate::failure::Failure;
use crate::table::{LINE, wrapped};
use crate::terminal::{self, BOLD, COMMAND, DIM, paint, program};

/// Prints the list, by category.
pub fn run(args: &Templates) -> Result<(), Failure> {
    let wanted = args.category.as_deref().and_then(Category::from_name);
    let mut list: Vec<&MacroTemplate> = templates::all()
        .filter(|t| wanted.is_none_or(|category| t.category == category))
        .collect();
    list.sort_by(|a, b| (a.category, &a.id).cmp(&(b.category, &b.id)));
    if args.json {
        return terminal::print_json(&Value::Array(list.into_iter().map(as_json).collect()));
    }
    let mut text = String::new();
    let mut category = None;
    let widest = list.iter().map(|template| template.id.len()).max().unwrap_or(0);
    for template in &list {
        if category != Some(template.category) {
            category = Some(template.category);
            text.push_str(&format!("{}\n", paint(BOLD, template.category)));
        }
        text.push_str(&in_words(template, widest));
    }
    text.push_str(&format!(
        "\n{} templates. Start from one: {}\n",
        list.len(),
        paint(COMMAND, format!("{} generate \"…\" --template ID", program()))
    ));
    terminal::print(&text)
}

fn as_json(template: &MacroTemplate) -> Value {
    json!({
        "id": template.id, "name": template.name, "category": template.category, "subcategory": template.subcategory,
        "version": template.version, "description": template.description,
    })
}

/// Id and name on one line, the description below the name.
fn in_words(template: &MacroTemplate, widest: usize) -> String {
    let blanks = " ".repeat(widest - template.id.len());
    let mut text = format!("  {}{blanks}  {}\n", paint(COMMAND, &template.id), template.name);
    for line in wrapped(&template.description, LINE - widest - 4) {
        text.push_str(&format!("  {}  {}\n", " ".repeat(widest), paint(DIM, line)));
    }
    text
}
