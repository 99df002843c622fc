//! Which sound an intent starts from: the template it names, the recipe it names, else what of its category or
//! subcategory comes nearest to what it asks for. Seed 0 takes the first of these, other seeds others that fit as well; one wish alone turns what the seed
//! chooses without any.
//!
//! Whole numbers throughout, ties by place: the same intent and seed give the same start on every machine (R2).

use std::sync::OnceLock;

use songwalker_schemas::intent::{Descriptors, Waveform};
use songwalker_schemas::{Category, Intent};

use crate::planner::{Axis, PlanRequest, fold, plan};
use crate::recipes::{self, Recipe};
use crate::templates::{self, Entry};

/// What a word in common counts, in hundredths of a degree squared.
const WORD: i32 = 5000;

/// Where a sound can start: a template as it is, or a recipe.
struct Start {
    /// Its template.
    template: &'static Entry,
    /// What changes it.
    recipe: Option<&'static Recipe>,
    /// What it aims at: axes and degrees, hundredths.
    aims: Vec<(Axis, i32)>,
    /// The words by which it is known.
    words: Vec<String>,
}

impl Start {
    fn id(&self) -> &str {
        self.recipe
            .map_or(&self.template.template.id, |recipe| &recipe.id)
    }

    /// Whether its category's word alone does not mean it.
    fn is_special(&self) -> bool {
        self.template.special || self.recipe.is_some_and(Recipe::is_special)
    }

    fn entry(&self) -> &'static Entry {
        self.recipe.and_then(Recipe::entry).unwrap_or(self.template)
    }

    /// How well it answers: what is asked for times what it aims at, and the words in common.
    fn fits(&self, asked: &[(Axis, i32)], tags: &[String]) -> i32 {
        let common = tags.iter().filter(|tag| self.words.contains(tag)).count() as i32;
        let pulls = self.aims.iter().map(|(axis, aim)| {
            let asked = asked.iter().find(|(about, _)| about == axis);
            aim * asked.map_or(0, |(_, degree)| *degree)
        });
        WORD * common + pulls.sum::<i32>()
    }
}

/// The sound that an intent starts from: a template as it is, or as a recipe changes it.
#[must_use]
pub fn template(intent: &Intent, seed: u64) -> Option<&'static Entry> {
    if let Some(entry) = intent.template_id.as_deref().and_then(by_id) {
        return Some(entry);
    }
    let sub = intent
        .subcategory
        .as_deref()
        .or(match intent.descriptors.waveform {
            Some(Waveform::Supersaw) => Some("supersaw"),
            Some(Waveform::Fm) => Some("fm"),
            Some(Waveform::Bell) => Some("crystal"),
            Some(Waveform::Vowel) => Some("vowel"),
            _ => None,
        });
    let serving = sub.map_or_else(Vec::new, |sub| templates::serving(intent.category, sub));
    if let Some(entry) = named(intent, &serving).and_then(Recipe::entry) {
        return Some(entry);
    }
    let first = match serving.first() {
        Some(entry) => *entry,
        None => templates::neutral(intent.category)?,
    };
    let starts: Vec<&Start> = starts(intent.category)
        .iter()
        .filter(|start| {
            let id = &start.template.template.id;
            serving.is_empty() || serving.iter().any(|entry| entry.template.id == *id)
        })
        .collect();
    Some(nearest(intent, seed, first, !serving.is_empty(), &starts).map_or(first, Start::entry))
}

/// The template or the recipe of an id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Entry> {
    templates::by_id(id).or_else(|| recipes::by_id(id)?.entry())
}

/// The recipe that an intent names by one of its tags. One that is not its own name for itself yields to a
/// subcategory that its template does not serve.
fn named(intent: &Intent, serving: &[&Entry]) -> Option<&'static Recipe> {
    intent.tags.iter().find_map(|tag| {
        let recipe = recipes::called(intent.category, tag)?;
        let served = serving.is_empty()
            || serving
                .iter()
                .any(|entry| entry.template.id == recipe.template_id);
        (served || recipe.tag() == fold(tag)).then_some(recipe)
    })
}

/// The start for a seed: `first` for seed 0, else the seed's place in the row of all, or the next there that fits.
/// `serves` where a subcategory was asked for, which all `starts` serve; a category alone does not mean its special sounds.
fn nearest<'a>(
    intent: &Intent,
    seed: u64,
    first: &Entry,
    serves: bool,
    starts: &[&'a Start],
) -> Option<&'a Start> {
    if seed == 0 || starts.is_empty() {
        return None;
    }
    let mut row: Vec<&Start> = starts.to_vec();
    // The first, then the others scattered: neighbours in a file are kin.
    row.sort_by_key(|start| {
        let is_first = start.recipe.is_none() && start.template.template.id == first.template.id;
        (!is_first, scattered(start.id()))
    });
    let tags: Vec<String> = intent.tags.iter().skip(1).map(|tag| fold(tag)).collect();
    // A single word turns the same sound, so that two prompts that differ by it differ by nothing else; several
    // choose what goes along with them.
    if tags.len() < 2 {
        row.retain(|start| serves || !start.is_special());
        return row.get((seed % row.len().max(1) as u64) as usize).copied();
    }
    let asked = asked(&intent.descriptors);
    let fits: Vec<i32> = row.iter().map(|start| start.fits(&asked, &tags)).collect();
    let best = fits.iter().copied().max().unwrap_or(0);
    let place = (seed % row.len() as u64) as usize;
    let least = best / 2;
    (0..row.len())
        .map(|step| (place + step) % row.len())
        .find(|i| fits[*i] >= least.max(0))
        .map(|i| row[i])
}

/// A number for an id that has nothing to do with its letters (FNV-1a).
fn scattered(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Where a sound of a category can start.
fn starts(category: Category) -> &'static [Start] {
    static STARTS: [OnceLock<Vec<Start>>; Category::ALL.len()] =
        [const { OnceLock::new() }; Category::ALL.len()];
    STARTS[category.index()].get_or_init(|| {
        let plain = templates::of(category).iter().map(|entry| Start {
            template: entry,
            recipe: None,
            aims: aims(category, entry),
            words: entry.serves.clone(),
        });
        let changed = recipes::of(category).iter().filter_map(|recipe| {
            Some(Start {
                template: templates::of(category)
                    .iter()
                    .find(|entry| entry.template.id == recipe.template_id)?,
                recipe: Some(recipe),
                aims: recipe.aims.clone(),
                words: std::iter::once(&recipe.name)
                    .chain(&recipe.also)
                    .map(|name| fold(name))
                    .collect(),
            })
        });
        plain.chain(changed).collect()
    })
}

/// What a template aims at: what the words that it serves say of a sound of its category.
fn aims(category: Category, entry: &Entry) -> Vec<(Axis, i32)> {
    if entry.neutral {
        return Vec::new();
    }
    let prompt = format!("{} {category}", entry.serves.join(", ").replace('_', " "));
    let plan = plan(&PlanRequest {
        prompt: &prompt,
        ..PlanRequest::default()
    });
    asked(&plan.intent.descriptors)
}

/// What descriptors ask for in degrees, hundredths.
fn asked(d: &Descriptors) -> Vec<(Axis, i32)> {
    [
        (Axis::Brightness, d.brightness),
        (Axis::Warmth, d.warmth),
        (Axis::Roughness, d.roughness),
        (Axis::Punch, d.punch),
        (Axis::Attack, d.attack),
        (Axis::Length, d.length),
        (Axis::Release, d.release),
        (Axis::Width, d.width),
        (Axis::Space, d.space),
        (Axis::Drive, d.drive),
        (Axis::Noise, d.noise),
        (Axis::Detune, d.detune),
        (Axis::Sub, d.sub),
        (Axis::Complexity, d.complexity),
        (Axis::Resonance, d.resonance),
        (Axis::Movement, d.movement_amount),
        (Axis::Rate, d.movement_speed),
        (Axis::Chorus, d.chorus),
        (Axis::Phaser, d.phaser),
        (Axis::Flanger, d.flanger),
        (Axis::Delay, d.delay.as_ref().and_then(|delay| delay.amount)),
    ]
    .into_iter()
    .filter_map(|(axis, degree)| Some((axis, (100.0 * degree?).round() as i32)))
    .filter(|(_, degree)| *degree != 0)
    .collect()
}
