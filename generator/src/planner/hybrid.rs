//! What a language model made of a prompt, checked and completed by what the lexicon reads in the very words: numbers
//! with units, negations and named roles are the lexicon's to say; how a sound is meant beyond its words is the
//! model's. Whatever the model says, every part of the result lies within the intent's schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use songwalker_schemas::Intent;
use songwalker_schemas::intent::{Descriptors, Feature, Invariant};
use songwalker_schemas::limits::MAX_TAGS;

use super::lexicon::lexicon;
use super::vocabulary::Language;
use crate::templates;

/// From here on the planner has heard the category named, and its word stands against the model's.
const NAMED: f64 = 0.7;
/// How far the model may go beyond the degree of a plain word.
const LEEWAY: f64 = 0.3;
/// The most tags of a plan.
const TAGS: usize = 8;

/// Descriptors that a feature or an invariant rules out, by their fields.
const RULED_OUT: [(Feature, Option<Invariant>, &[&str]); 12] = [
    (Feature::Reverb, Some(Invariant::NoReverb), &["space", "reverb_s"]),
    (Feature::Delay, Some(Invariant::NoDelay), &["delay"]),
    (Feature::Chorus, Some(Invariant::NoChorus), &["chorus"]),
    (Feature::Phaser, None, &["phaser"]),
    (Feature::Flanger, None, &["flanger"]),
    (Feature::Distortion, Some(Invariant::NoDistortion), &["drive"]),
    (Feature::Noise, Some(Invariant::NoNoise), &["noise"]),
    (
        Feature::Unison,
        Some(Invariant::NoUnison),
        &["unison_voices", "unison_cents", "detune"],
    ),
    (
        Feature::Vibrato,
        Some(Invariant::NoVibrato),
        &["vibrato_hz", "vibrato_cents"],
    ),
    (
        Feature::Movement,
        Some(Invariant::Static),
        &["movement", "movement_amount", "movement_speed", "tremolo_hz"],
    ),
    (Feature::Sub, Some(Invariant::NoSub), &["sub"]),
    (Feature::Glide, None, &["glide_s"]),
];

/// Whether a word, in lower case, may stand in a name or a tag: an English word of the lexicon, or a kind that a
/// template serves.
#[must_use]
pub fn knows(word: &str) -> bool {
    lexicon().form(word, Language::English).is_some()
        || templates::bank().any(|entry| entry.serves.iter().any(|kind| kind == word))
}

/// The model's intent, completed by the embedded planner's own for the same prompt.
#[must_use]
pub fn complete(model: Intent, own: &Intent) -> Intent {
    let named = own.confidence >= NAMED && own.category != model.category;
    let category = if named { own.category } else { model.category };
    let subcategory = if own.category == category {
        own.subcategory.clone().or_else(|| {
            model
                .subcategory
                .clone()
                .filter(|kind| model.category == category && !templates::serving(category, kind).is_empty())
        })
    } else {
        model
            .subcategory
            .clone()
            .filter(|kind| !templates::serving(category, kind).is_empty())
    };
    let avoid: BTreeSet<Feature> = own.avoid.iter().chain(&model.avoid).copied().collect();
    let invariants: BTreeSet<Invariant> = own.invariants.iter().chain(&model.invariants).copied().collect();
    // What was asked for in plain words is not to be avoided because a model thinks so, and the other way round.
    let wanted = wanted(&own.descriptors);
    let avoid: Vec<Feature> = avoid
        .into_iter()
        .filter(|feature| own.avoid.contains(feature) || !rules_out(*feature, &wanted))
        .collect();
    let invariants: Vec<Invariant> = invariants
        .into_iter()
        .filter(|invariant| {
            own.invariants.contains(invariant)
                || !RULED_OUT
                    .iter()
                    .any(|(feature, rule, _)| *rule == Some(*invariant) && rules_out(*feature, &wanted))
        })
        .filter(|invariant| !other_voicing(*invariant, own))
        .take(16)
        .collect();
    let descriptors = descriptors(&model.descriptors, own, &avoid, &invariants);
    let mut tags = vec![category.name().to_owned()];
    for tag in own.tags.iter().skip(1).chain(&model.tags) {
        if tags.len() < TAGS.min(MAX_TAGS) && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    Intent {
        name: if model.name == "Untitled" || named {
            own.name.clone()
        } else {
            model.name
        },
        subcategory,
        template_id: own.template_id.clone(),
        voicing: own.voicing.or(model.voicing),
        register: own
            .register
            .or(model.register.filter(|notes| notes.low_note <= notes.high_note)),
        descriptors,
        invariants,
        avoid,
        tempo_bpm: own.tempo_bpm.or(model.tempo_bpm),
        tags,
        conflicts: own.conflicts.clone(),
        rationale: own.rationale.clone(),
        confidence: own.confidence.max(model.confidence),
        ..Intent::neutral(category)
    }
}

/// The model's intent alone, with only what it cannot know or must not say taken from the embedded planner's own: the
/// template that was asked for, a name where it has none, and what no template or mapper could use left out.
#[must_use]
pub fn alone(model: Intent, own: &Intent) -> Intent {
    let category = model.category;
    let both = [Invariant::Mono, Invariant::Poly]
        .iter()
        .all(|voicing| model.invariants.contains(voicing));
    let mut tags = vec![category.name().to_owned()];
    for tag in &model.tags {
        if tags.len() < TAGS.min(MAX_TAGS) && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    Intent {
        name: if model.name == "Untitled" {
            own.name.clone()
        } else {
            model.name
        },
        subcategory: model
            .subcategory
            .filter(|kind| !templates::serving(category, kind).is_empty()),
        template_id: own.template_id.clone(),
        register: model.register.filter(|notes| notes.low_note <= notes.high_note),
        invariants: model
            .invariants
            .into_iter()
            .filter(|invariant| !both || !matches!(invariant, Invariant::Mono | Invariant::Poly))
            .collect(),
        tags,
        conflicts: Vec::new(),
        rationale: String::new(),
        ..model
    }
}

/// Mono and poly exclude each other: the words decide.
fn other_voicing(invariant: Invariant, own: &Intent) -> bool {
    match invariant {
        Invariant::Mono => own.invariants.contains(&Invariant::Poly),
        Invariant::Poly => own.invariants.contains(&Invariant::Mono),
        _ => false,
    }
}

/// The fields that the words ask for.
fn wanted(own: &Descriptors) -> Map<String, Value> {
    let mut fields = fields(own);
    fields.retain(|_, value| value.as_f64().is_none_or(|degree| degree > 0.0));
    fields
}

fn rules_out(feature: Feature, wanted: &Map<String, Value>) -> bool {
    RULED_OUT
        .iter()
        .any(|(ruled, _, names)| *ruled == feature && names.iter().any(|name| wanted.contains_key(*name)))
}

/// The model's descriptors, with what the words say plainly in the place of what it says of the same.
fn descriptors(
    model: &Descriptors,
    own: &Intent,
    avoid: &[Feature],
    invariants: &[Invariant],
) -> Descriptors {
    let mut result = fields(model);
    for (feature, rule, names) in RULED_OUT {
        if avoid.contains(&feature) || rule.is_some_and(|rule| invariants.contains(&rule)) {
            for name in names {
                if result
                    .get(*name)
                    .is_some_and(|value| value.as_f64().is_none_or(|degree| degree > 0.0))
                {
                    result.remove(*name);
                }
            }
        }
    }
    for (name, value) in fields(&own.descriptors) {
        let settled = match (
            degree(&name, &value),
            result.get(&name).and_then(|said| degree(&name, said)),
        ) {
            (Some(word), Some(said)) if word * said > 0.0 => {
                Value::from(said.clamp(word - LEEWAY, word + LEEWAY).clamp(-1.0, 1.0))
            }
            _ => value,
        };
        result.insert(name, settled);
    }
    serde_json::from_value(Value::Object(result)).unwrap_or_else(|_| own.descriptors.clone())
}

/// The value of a field that is a degree.
fn degree(name: &str, value: &Value) -> Option<f64> {
    const DEGREES: [&str; 20] = [
        "brightness",
        "warmth",
        "roughness",
        "punch",
        "attack",
        "length",
        "release",
        "width",
        "space",
        "drive",
        "noise",
        "detune",
        "sub",
        "complexity",
        "resonance",
        "movement_amount",
        "movement_speed",
        "chorus",
        "phaser",
        "flanger",
    ];
    DEGREES.contains(&name).then(|| value.as_f64()).flatten()
}

fn fields(descriptors: &Descriptors) -> Map<String, Value> {
    match serde_json::to_value(descriptors) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::Category;
    use songwalker_schemas::intent::Movement;

    use super::*;
    use crate::planner::{PlanRequest, plan};

    fn own(prompt: &str) -> Intent {
        plan(&PlanRequest {
            prompt,
            ..PlanRequest::default()
        })
        .intent
    }

    fn said(category: Category, descriptors: Descriptors) -> Intent {
        Intent {
            descriptors,
            name: "Glass Fog".to_owned(),
            confidence: 0.6,
            ..Intent::neutral(category)
        }
    }

    #[test]
    fn what_the_words_do_not_speak_of_is_the_models() {
        let model = said(
            Category::Pad,
            Descriptors {
                width: Some(0.5),
                movement: Some(Movement {
                    rate_hz: Some(0.2),
                    ..Movement::default()
                }),
                ..Descriptors::default()
            },
        );
        let both = complete(model.clone(), &own("the sound of a town under snow"));
        assert_eq!((both.category, both.name.as_str()), (Category::Pad, "Glass Fog"));
        assert_eq!(both.descriptors.width, Some(0.5));
        assert_eq!(both.descriptors.movement, model.descriptors.movement);
    }

    #[test]
    fn named_roles_numbers_and_negations_are_the_words() {
        let model = said(
            Category::Pad,
            Descriptors {
                attack_s: Some(2.0),
                reverb_s: Some(6.0),
                space: Some(0.8),
                brightness: Some(-0.5),
                ..Descriptors::default()
            },
        );
        let both = complete(model, &own("bright pluck with 5 ms attack, no reverb"));
        assert_eq!(both.category, Category::Pluck);
        assert_eq!(both.descriptors.attack_s, Some(0.005));
        assert_eq!(
            (
                both.descriptors.reverb_s,
                both.descriptors.space.unwrap_or(0.0) > 0.0
            ),
            (None, false)
        );
        assert!(both.descriptors.brightness.is_some_and(|bright| bright > 0.0));
        assert!(both.avoid.contains(&Feature::Reverb));
    }

    #[test]
    fn a_model_may_strengthen_a_word_a_little_and_never_turn_it() {
        let with = |brightness| {
            let model = said(
                Category::Lead,
                Descriptors {
                    brightness: Some(brightness),
                    ..Descriptors::default()
                },
            );
            complete(model, &own("bright lead"))
                .descriptors
                .brightness
                .expect("a degree")
        };
        let plain = own("bright lead").descriptors.brightness.expect("a degree");
        assert!(with(1.0) > plain && with(1.0) <= plain + LEEWAY);
        assert_eq!(with(-1.0), plain);
    }

    #[test]
    fn what_was_asked_for_is_not_avoided_because_a_model_says_so() {
        let model = Intent {
            avoid: vec![Feature::Reverb, Feature::Click],
            invariants: vec![Invariant::NoReverb],
            ..said(Category::Pad, Descriptors::default())
        };
        let both = complete(model, &own("pad with a lot of reverb"));
        assert_eq!(both.avoid, [Feature::Click]);
        assert!(!both.invariants.contains(&Invariant::NoReverb));
    }

    #[test]
    fn alone_a_model_is_believed_but_for_what_cannot_be() {
        let model = Intent {
            name: "Untitled".to_owned(),
            subcategory: Some("no such kind".to_owned()),
            template_id: Some("invented".to_owned()),
            invariants: vec![Invariant::Mono, Invariant::Poly, Invariant::NoReverb],
            ..said(
                Category::Pad,
                Descriptors {
                    brightness: Some(-0.5),
                    ..Descriptors::default()
                },
            )
        };
        let words = own("bright pluck");
        let alone = alone(model, &words);
        assert_eq!((alone.category, &alone.name), (Category::Pad, &words.name));
        assert_eq!(alone.descriptors.brightness, Some(-0.5));
        assert_eq!((alone.subcategory, alone.template_id), (None, None));
        assert_eq!(alone.invariants, [Invariant::NoReverb]);
        assert_eq!(alone.tags, ["pad"]);
    }

    #[test]
    fn words_of_the_lexicon_and_kinds_are_known_and_others_are_not() {
        for word in ["warm", "pad", "supersaw"] {
            assert!(knows(word), "{word}");
        }
        for word in ["instructions", "planner", "json"] {
            assert!(!knows(word), "{word}");
        }
    }
}
