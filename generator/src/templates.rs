//! The bank of templates: hand-made starting sounds, read from `data/templates/*.toml`.
//!
//! A file holds one category. A template there says only what differs from a new patch; reading it gives the full
//! [`MacroTemplate`] with its eight roles.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;
use songwalker_schemas::modulation::{Polarity, Route, Source};
use songwalker_schemas::patch::fx::{Fx, FxType};
use songwalker_schemas::patch::lfo::{Lfo, LfoShape, Point, Points};
use songwalker_schemas::table::Kind;
use songwalker_schemas::{Category, MacroTemplate, PatchSpec, SCHEMA_VERSION, params};

use crate::macros;

/// A template as its file writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: String,
    #[serde(default)]
    subcategory: Option<String>,
    /// Other subcategories that it serves.
    #[serde(default)]
    serves: Vec<String>,
    /// Exactly one template of a category is its neutral sound.
    #[serde(default)]
    neutral: bool,
    /// It goes by names of its own: its category's word alone does not mean it.
    #[serde(default)]
    special: bool,
    version: u32,
    description: String,
    /// Effects that come first in the chain, in this order; the others follow in the musical order.
    #[serde(default)]
    fx_order: Vec<String>,
    /// `path = value`: canonical paths without `/modules/`.
    patch: toml::Table,
    #[serde(default)]
    route: Vec<WrittenRoute>,
    #[serde(default)]
    points: Vec<WrittenPoints>,
}

/// A route as the files of templates and recipes write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenRoute {
    source: String,
    target: String,
    amount: f64,
    #[serde(default)]
    bipolar: bool,
    #[serde(default)]
    curve: f64,
    #[serde(default)]
    stereo: bool,
}

/// A drawn LFO shape: points as [x, y] or [x, y, power].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPoints {
    lfo: usize,
    points: Vec<Vec<f64>>,
    #[serde(default)]
    smooth: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    template: Vec<Written>,
}

/// A template and how the bank finds it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The template.
    pub template: MacroTemplate,
    /// Whether it is its category's neutral sound.
    pub neutral: bool,
    /// Whether it goes by names of its own: its category's word alone does not mean it, whatever the seed.
    pub special: bool,
    /// The base patch as its file says it, before the knobs switched on at zero what they need.
    pub sound: PatchSpec,
    /// Subcategories that it serves, its own first.
    pub serves: Vec<String>,
    /// The recipe that changed it, where one did.
    pub recipe: Option<Grown>,
}

/// The recipe of a sound, as provenance and comments name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// What a recipe changes in its template.
pub(crate) struct Changes<'a> {
    /// The recipe.
    pub grown: Grown,
    /// Its sound in one sentence.
    pub description: &'a str,
    /// `path = value`, over the template's own.
    pub patch: &'a toml::Table,
    /// Amounts of the template's routes, by their places.
    pub turned: &'a [(usize, f64)],
    /// Routes after the template's own.
    pub route: &'a [WrittenRoute],
}

/// The data files, one a category.
const FILES: &[(Category, &str)] = &[
    (Category::Bass, include_str!("../data/templates/bass.toml")),
    (Category::Lead, include_str!("../data/templates/lead.toml")),
    (Category::Pad, include_str!("../data/templates/pad.toml")),
    (Category::Pluck, include_str!("../data/templates/pluck.toml")),
    (Category::Keys, include_str!("../data/templates/keys.toml")),
    (Category::Organ, include_str!("../data/templates/organ.toml")),
    (Category::Bell, include_str!("../data/templates/bell.toml")),
    (Category::Mallet, include_str!("../data/templates/mallet.toml")),
    (Category::Strings, include_str!("../data/templates/strings.toml")),
    (Category::Brass, include_str!("../data/templates/brass.toml")),
    (Category::Wind, include_str!("../data/templates/wind.toml")),
    (Category::Choir, include_str!("../data/templates/choir.toml")),
    (Category::Vox, include_str!("../data/templates/vox.toml")),
    (Category::Guitar, include_str!("../data/templates/guitar.toml")),
    (Category::Stab, include_str!("../data/templates/stab.toml")),
    (Category::Arp, include_str!("../data/templates/arp.toml")),
    (
        Category::Sequence,
        include_str!("../data/templates/sequence.toml"),
    ),
    (Category::Drum, include_str!("../data/templates/drum.toml")),
    (Category::Fx, include_str!("../data/templates/fx.toml")),
    (Category::Drone, include_str!("../data/templates/drone.toml")),
];

/// The text of every data file.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(_, text)| *text)
}

/// The templates of a category, read when first asked for.
#[must_use]
pub fn of(category: Category) -> &'static [Entry] {
    static BANK: [OnceLock<Vec<Entry>>; Category::ALL.len()] =
        [const { OnceLock::new() }; Category::ALL.len()];
    BANK[category.index()].get_or_init(|| {
        let built = written(category)
            .iter()
            .map(|written| build(category, written.clone()));
        built.collect::<Result<_, _>>().unwrap_or_default()
    })
}

/// The templates of a category as their file writes them.
fn written(category: Category) -> &'static [Written] {
    static FILE: [OnceLock<Vec<Written>>; Category::ALL.len()] =
        [const { OnceLock::new() }; Category::ALL.len()];
    FILE[category.index()].get_or_init(|| parse(category, FILES[category.index()].1).unwrap_or_default())
}

/// The template of an id as a recipe changes it.
///
/// # Errors
/// What is wrong and where.
pub(crate) fn changed(category: Category, id: &str, changes: &Changes) -> Result<Entry, String> {
    let fail = |problem: String| format!("{}: {problem}", changes.grown.id);
    let mut written = written(category)
        .iter()
        .find(|written| written.id == id)
        .ok_or_else(|| fail(format!("no template {id}")))?
        .clone();
    written.patch.extend(
        changes
            .patch
            .iter()
            .map(|(path, value)| (path.clone(), value.clone())),
    );
    for (place, amount) in changes.turned {
        let route = written.route.get_mut(*place);
        route.ok_or_else(|| fail(format!("no route {place}")))?.amount = *amount;
    }
    written.route.extend(changes.route.iter().cloned());
    written.neutral = false;
    let mut entry = build(category, written).map_err(fail)?;
    changes.description.clone_into(&mut entry.sound.meta.comment);
    entry.recipe = Some(changes.grown.clone());
    Ok(entry)
}

/// The whole bank, category by category.
pub fn bank() -> impl Iterator<Item = &'static Entry> {
    Category::ALL.iter().flat_map(|category| of(*category))
}

/// Every template.
pub fn all() -> impl Iterator<Item = &'static MacroTemplate> {
    bank().map(|entry| &entry.template)
}

/// The id of every template, in the bank's order, without reading the templates themselves: their files write each id
/// on a line of its own.
pub fn ids() -> impl Iterator<Item = &'static str> {
    let id = |line: &'static str| line.strip_prefix("id = \"")?.strip_suffix('"');
    texts().flat_map(str::lines).filter_map(id)
}

/// The template of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Entry> {
    bank().find(|entry| entry.template.id == id)
}

/// A category's neutral template.
#[must_use]
pub fn neutral(category: Category) -> Option<&'static Entry> {
    of(category).iter().find(|entry| entry.neutral)
}

/// The templates of a category that serve a subcategory.
#[must_use]
pub fn serving(category: Category, subcategory: &str) -> Vec<&'static Entry> {
    of(category)
        .iter()
        .filter(|entry| entry.serves.iter().any(|served| served == subcategory))
        .collect()
}

/// Reads one file of the bank.
///
/// # Errors
/// What is wrong and where.
fn parse(category: Category, text: &str) -> Result<Vec<Written>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("{category}: {error}"))?;
    Ok(file.template)
}

fn build(category: Category, written: Written) -> Result<Entry, String> {
    let fail = |problem: String| format!("{}: {problem}", written.id);
    let mut base = PatchSpec {
        name: written.name.clone(),
        engine_version: songwalker_engine::ENGINE_VERSION.to_owned(),
        ..PatchSpec::default()
    };
    base.meta.category = category;
    base.meta.subcategory = written.subcategory.clone();
    base.meta.comment = written.description.clone();
    base.modules.fx = ordered(&written.fx_order).map_err(fail)?;
    let mut document = base.to_value();
    for (key, value) in &written.patch {
        set(&base, &mut document, key, value).map_err(fail)?;
    }
    base = serde_json::from_value(document).map_err(|error| fail(error.to_string()))?;
    for drawn in &written.points {
        let lfo = base
            .modules
            .lfo
            .get_mut(drawn.lfo)
            .ok_or_else(|| fail(format!("no lfo {}", drawn.lfo)))?;
        lfo.shape = LfoShape::Custom;
        lfo.smooth_shape = drawn.smooth;
        let point = |p: &Vec<f64>| Point {
            x: p.first().copied().unwrap_or(0.0),
            y: p.get(1).copied().unwrap_or(0.0),
            power: p.get(2).copied().unwrap_or(0.0),
        };
        lfo.points = Points(drawn.points.iter().map(point).collect());
    }
    for route in &written.route {
        let source =
            Source::from_name(&route.source).ok_or_else(|| fail(format!("no source {}", route.source)))?;
        let path = if route.target.starts_with("routes/") {
            format!("/modulation/{}", route.target)
        } else {
            format!("/modules/{}", route.target)
        };
        let target = base
            .pointer(&path)
            .ok_or_else(|| fail(format!("no parameter {path}")))?;
        base.modulation.routes.push(Route {
            polarity: if route.bipolar {
                Polarity::Bipolar
            } else {
                Polarity::Unipolar
            },
            curve: route.curve,
            stereo: route.stereo,
            ..Route::new(source, target, route.amount)
        });
    }
    let sound = base.clone();
    macros::assign(&mut base);
    let template = MacroTemplate {
        schema_version: SCHEMA_VERSION.to_owned(),
        id: written.id.clone(),
        name: written.name.clone(),
        category,
        subcategory: written.subcategory.clone(),
        version: written.version,
        description: written.description.clone(),
        roles: macros::roles(&base),
        base,
    };
    let mut serves: Vec<String> = written.subcategory.iter().cloned().collect();
    serves.extend(written.serves.iter().cloned());
    Ok(Entry {
        template,
        neutral: written.neutral,
        special: written.special,
        sound,
        serves,
        recipe: None,
    })
}

/// The chain with the named effects first.
fn ordered(first: &[String]) -> Result<[Fx; 9], String> {
    let mut kinds = Vec::new();
    for name in first {
        kinds.push(FxType::from_name(name).ok_or_else(|| format!("no effect {name}"))?);
    }
    kinds.extend(
        Fx::musical_order()
            .iter()
            .map(Fx::kind)
            .filter(|kind| !first.iter().any(|name| name == kind.name())),
    );
    kinds
        .into_iter()
        .map(Fx::new)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "an effect stands twice".to_owned())
}

/// Sets in the document of `patch` what one line of a file says.
fn set(patch: &PatchSpec, document: &mut Value, key: &str, value: &toml::Value) -> Result<(), String> {
    if let (Some(place), Some(name)) = (key.strip_suffix("/wavetable/name"), value.as_str()) {
        if !songwalker_engine::wavetable::names().any(|known| known == name) {
            return Err(format!("no wavetable {name}"));
        }
        return put(
            document,
            &format!("/modules/{place}/wavetable/name"),
            Value::from(name),
        );
    }
    if let (Some(place), Some(name)) = (key.strip_suffix("/shape"), value.as_str()) {
        let mut lfo = Lfo::default();
        lfo.set_shape(LfoShape::from_name(name).ok_or_else(|| format!("no shape {name}"))?);
        put(document, &format!("/modules/{place}/shape"), Value::from(name))?;
        put(
            document,
            &format!("/modules/{place}/smooth_shape"),
            Value::from(lfo.smooth_shape),
        )?;
        let points = serde_json::to_value(&lfo.points).map_err(|error| error.to_string())?;
        return put(document, &format!("/modules/{place}/points"), points);
    }
    let path = format!("/modules/{key}");
    let row = params::id(&path)
        .ok_or_else(|| format!("no parameter {path}"))?
        .row();
    let inside = |x: f64| {
        if x < row.min || x > row.max {
            Err(format!("{path}: {x} is outside {}..{}", row.min, row.max))
        } else {
            Ok(x)
        }
    };
    let json = match (row.kind, value) {
        (Kind::Choice(names), toml::Value::String(word)) => {
            let place = names
                .iter()
                .position(|name| name == word)
                .ok_or_else(|| format!("{path}: no {word}"))?;
            inside(place as f64)?;
            Value::from(word.as_str())
        }
        (Kind::Flag, toml::Value::Boolean(on)) => Value::from(*on),
        (Kind::Continuous, toml::Value::Float(x)) => Value::from(row.clamp(inside(*x)?)),
        (Kind::Continuous, toml::Value::Integer(x)) => Value::from(row.clamp(inside(*x as f64)?)),
        (Kind::Integer, toml::Value::Integer(x)) => Value::from(inside(*x as f64)? as i64),
        (kind, value) => return Err(format!("{path}: {value:?} is no {kind:?}")),
    };
    put(
        document,
        &patch
            .pointer(&path)
            .ok_or_else(|| format!("no parameter {path}"))?,
        json,
    )
}

fn put(document: &mut Value, pointer: &str, value: Value) -> Result<(), String> {
    *document
        .pointer_mut(pointer)
        .ok_or_else(|| format!("no parameter {pointer}"))? = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_alone_are_those_of_the_templates() {
        assert!(ids().eq(all().map(|template| template.id.as_str())));
    }

    #[test]
    fn every_file_of_the_bank_reads_and_every_template_keeps_the_rules() {
        for (place, (category, text)) in FILES.iter().enumerate() {
            assert_eq!(
                category.index(),
                place,
                "the files stand in the order of the categories"
            );
            let entries: Vec<Entry> = parse(*category, text)
                .and_then(|file| {
                    file.into_iter()
                        .map(|written| build(*category, written))
                        .collect()
                })
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                entries.iter().filter(|e| e.neutral).count(),
                1,
                "{category} needs exactly one neutral template"
            );
            for entry in entries {
                if let Err(faults) = entry.template.check() {
                    panic!("{}: {faults}", entry.template.id);
                }
                assert!(
                    songwalker_engine::patch_player::unsupported(&entry.template.base).is_empty(),
                    "{}",
                    entry.template.id
                );
            }
        }
    }

    #[test]
    fn every_template_survives_the_way_through_json() {
        for template in all() {
            let bytes = songwalker_schemas::canonical::to_bytes(template).expect("JSON");
            let read = MacroTemplate::from_value(serde_json::from_slice(&bytes).expect("JSON"))
                .expect("keeps its rules");
            assert_eq!(
                songwalker_schemas::canonical::to_bytes(&read).expect("JSON"),
                bytes,
                "{}",
                template.id
            );
        }
    }

    #[test]
    fn every_category_has_a_file_and_ids_are_unique() {
        let mut ids: Vec<&str> = all().map(|t| t.id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        for category in Category::ALL {
            assert!(neutral(*category).is_some(), "{category}");
        }
    }
}
