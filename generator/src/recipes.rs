//! The bank of recipes: named ways to change a template into a sound that has a name of its own, read from
//! `data/recipes/*.toml`, one file a category.
//!
//! A recipe is found by its id where a template may be named, by its name ([`called`], [`named_in`]) or by what it aims at ([`crate::mapper::choose`]); its sound
//! is built when it is first asked for.

use std::sync::OnceLock;

use serde::Deserialize;
use songwalker_schemas::Category;

use crate::planner::{Axis, Effect, fold, parse_effects, word_spans};
use crate::templates::{self, Changes, Entry, Grown, WrittenRoute};

/// A recipe as its file writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: String,
    /// Other names, in any language.
    also: Vec<String>,
    template: String,
    /// Degrees against the category's neutral sound, as the lexicon writes them.
    aims: String,
    /// The sound in one sentence.
    why: String,
    /// It goes by names of its own: its category's word alone does not mean it.
    #[serde(default)]
    special: bool,
    #[serde(default)]
    turned: Vec<(usize, f64)>,
    patch: toml::Table,
    #[serde(default)]
    route: Vec<WrittenRoute>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    recipe: Vec<Written>,
}

/// A named change of a template.
#[derive(Debug)]
pub struct Recipe {
    /// Its id, unlike that of any template.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Other names, in any language.
    pub also: Vec<String>,
    /// What it is.
    pub category: Category,
    /// The template that it changes.
    pub template_id: String,
    /// Its sound in one sentence.
    pub description: String,
    /// What it aims at: axes and degrees, hundredths.
    pub(crate) aims: Vec<(Axis, i32)>,
    /// All names, folded and cut into words, the longest first.
    names: Vec<Vec<String>>,
    written: Written,
    entry: OnceLock<Option<Entry>>,
}

impl Recipe {
    /// Whether it goes by names of its own: its category's word alone does not mean it, whatever the seed.
    pub(crate) const fn is_special(&self) -> bool {
        self.written.special
    }

    /// Its template as it changes it; `None` where its file is wrong, which a test excludes.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        self.entry.get_or_init(|| self.build().ok()).as_ref()
    }

    fn build(&self) -> Result<Entry, String> {
        let changes = Changes {
            grown: Grown {
                id: self.id.clone(),
                name: self.name.clone(),
            },
            description: &self.description,
            patch: &self.written.patch,
            turned: &self.written.turned,
            route: &self.written.route,
        };
        templates::changed(self.category, &self.template_id, &changes)
    }

    /// What it aims at, as its file writes it: `brightness -0.4, sub +0.5`, against its category's neutral sound.
    #[must_use]
    pub fn aims(&self) -> &str {
        &self.written.aims
    }

    /// The word by which an intent names it.
    #[must_use]
    pub fn tag(&self) -> String {
        fold(&self.name)
    }

    /// Whether one of its names is this, in any case and with or without accents.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let words: Vec<String> = word_spans(name).into_iter().map(|(word, _)| word).collect();
        self.names.contains(&words)
    }
}

/// The data files, one a category, in the order of the categories.
const FILES: &[&str] = &[
    include_str!("../data/recipes/bass.toml"),
    include_str!("../data/recipes/lead.toml"),
    include_str!("../data/recipes/pad.toml"),
    include_str!("../data/recipes/pluck.toml"),
    include_str!("../data/recipes/keys.toml"),
    include_str!("../data/recipes/organ.toml"),
    include_str!("../data/recipes/bell.toml"),
    include_str!("../data/recipes/mallet.toml"),
    include_str!("../data/recipes/strings.toml"),
    include_str!("../data/recipes/brass.toml"),
    include_str!("../data/recipes/wind.toml"),
    include_str!("../data/recipes/choir.toml"),
    include_str!("../data/recipes/vox.toml"),
    include_str!("../data/recipes/guitar.toml"),
    include_str!("../data/recipes/stab.toml"),
    include_str!("../data/recipes/arp.toml"),
    include_str!("../data/recipes/sequence.toml"),
    include_str!("../data/recipes/drum.toml"),
    include_str!("../data/recipes/fx.toml"),
    include_str!("../data/recipes/drone.toml"),
];

/// The text of every data file.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    FILES.iter().copied()
}

/// The recipes of a category, read when first asked for.
#[must_use]
pub fn of(category: Category) -> &'static [Recipe] {
    static BANK: [OnceLock<Vec<Recipe>>; Category::ALL.len()] =
        [const { OnceLock::new() }; Category::ALL.len()];
    BANK[category.index()].get_or_init(|| read(category, FILES[category.index()]).unwrap_or_default())
}

/// Every recipe, category by category.
pub fn all() -> impl Iterator<Item = &'static Recipe> {
    Category::ALL.iter().flat_map(|category| of(*category))
}

/// The id of every recipe, in the bank's order, without reading the recipes themselves.
pub fn ids() -> impl Iterator<Item = &'static str> {
    let id = |line: &'static str| line.strip_prefix("id = \"")?.strip_suffix('"');
    texts().flat_map(str::lines).filter_map(id)
}

/// The recipe of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Recipe> {
    all().find(|recipe| recipe.id == id)
}

/// The recipe of a category that has this name.
#[must_use]
pub fn called(category: Category, name: &str) -> Option<&'static Recipe> {
    of(category).iter().find(|recipe| recipe.is_called(name))
}

/// The recipes of a category that a text names, word by word, with the bytes of the name: longer names first, then the
/// earlier ones.
pub(crate) fn named_in(text: &str, category: Category) -> Vec<(&'static Recipe, (usize, usize))> {
    let words = word_spans(text);
    let mut found: Vec<(usize, (usize, usize), &'static Recipe)> = Vec::new();
    for recipe in of(category) {
        for name in &recipe.names {
            let at = words
                .windows(name.len().max(1))
                .find(|window| window.iter().map(|(word, _)| word).eq(name));
            if let Some(window) = at {
                let span = (window[0].1.0, window[window.len() - 1].1.1);
                found.push((name.len(), span, recipe));
            }
        }
    }
    found.sort_by(|a, b| (b.0, a.1, &a.2.id).cmp(&(a.0, b.1, &b.2.id)));
    found
        .into_iter()
        .map(|(_, span, recipe)| (recipe, span))
        .collect()
}

fn read(category: Category, text: &str) -> Result<Vec<Recipe>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("{category}: {error}"))?;
    file.recipe
        .into_iter()
        .map(|written| {
            let mut aims = Vec::new();
            for effect in
                parse_effects(&written.aims).map_err(|problem| format!("{}: {problem}", written.id))?
            {
                match effect {
                    Effect::Degree(axis, degree) => aims.push((axis, (100.0 * degree).round() as i32)),
                    _ => return Err(format!("{}: aims are degrees", written.id)),
                }
            }
            let cut = |name: &String| word_spans(name).into_iter().map(|(word, _)| word).collect();
            let mut names: Vec<Vec<String>> = std::iter::once(&written.name)
                .chain(&written.also)
                .map(cut)
                .collect();
            names.sort_by_key(|name| std::cmp::Reverse(name.len()));
            Ok(Recipe {
                id: written.id.clone(),
                name: written.name.clone(),
                also: written.also.clone(),
                category,
                template_id: written.template.clone(),
                description: written.why.clone(),
                aims,
                names,
                written,
                entry: OnceLock::new(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
