//! `songwalker templates`: the sounds that a patch can start from; with `--recipes`, the named ways to change them.

use serde_json::{Value, json};
use songwalker_generator::recipes::{self, Recipe};
use songwalker_generator::templates;
use songwalker_schemas::{Category, MacroTemplate};

use crate::args::Templates;
use crate::failure::Failure;
use crate::table::{LINE, wrapped};
use crate::terminal::{self, BOLD, COMMAND, DIM, paint, program};

/// A row of either list.
struct Row<'a> {
    category: Category,
    id: &'a str,
    name: &'a str,
    description: String,
    json: Value,
}

/// Prints the list, by category.
pub fn run(args: &Templates) -> Result<(), Failure> {
    let wanted = args.category.as_deref().and_then(Category::from_name);
    let mut list: Vec<Row> = if args.recipes {
        recipes::all().map(of_recipe).collect()
    } else {
        templates::all().map(of_template).collect()
    };
    list.retain(|row| wanted.is_none_or(|category| row.category == category));
    list.sort_by(|a, b| (a.category, a.id).cmp(&(b.category, b.id)));
    if args.json {
        return terminal::print_json(&Value::Array(list.into_iter().map(|row| row.json).collect()));
    }
    let mut text = String::new();
    let mut category = None;
    let widest = list.iter().map(|row| row.id.len()).max().unwrap_or(0);
    for row in &list {
        if category != Some(row.category) {
            category = Some(row.category);
            text.push_str(&format!("{}\n", paint(BOLD, row.category)));
        }
        text.push_str(&in_words(row, widest));
    }
    let what = if args.recipes { "recipes" } else { "templates" };
    text.push_str(&format!(
        "\n{} {what}. Start from one: {}\n",
        list.len(),
        paint(COMMAND, format!("{} generate \"…\" --template ID", program()))
    ));
    terminal::print(&text)
}

fn of_template(template: &MacroTemplate) -> Row<'_> {
    Row {
        category: template.category,
        id: &template.id,
        name: &template.name,
        description: template.description.clone(),
        json: json!({
            "id": template.id, "name": template.name, "category": template.category,
            "subcategory": template.subcategory, "version": template.version, "description": template.description,
        }),
    }
}

fn of_recipe(recipe: &Recipe) -> Row<'_> {
    Row {
        category: recipe.category,
        id: &recipe.id,
        name: &recipe.name,
        description: format!("{} Also: {}.", recipe.description, recipe.also.join(", ")),
        json: json!({
            "id": recipe.id, "name": recipe.name, "category": recipe.category, "template_id": recipe.template_id,
            "also": recipe.also, "aims": recipe.aims(), "description": recipe.description,
        }),
    }
}

/// Id and name on one line, the description below the name.
fn in_words(row: &Row, widest: usize) -> String {
    let blanks = " ".repeat(widest - row.id.len());
    let mut text = format!("  {}{blanks}  {}\n", paint(COMMAND, row.id), row.name);
    for line in wrapped(&row.description, LINE - widest - 4) {
        text.push_str(&format!("  {}  {}\n", " ".repeat(widest), paint(DIM, line)));
    }
    text
}
