//! Which category a text means: from the roles it names, their place and context, and, where it names none, from what
//! its words say of envelope and character.

use super::draft::Draft;
use super::effect::{Axis, Exact};
use super::said::{Mention, Reading};
use songwalker_schemas::Category;
use songwalker_schemas::intent::{Invariant, Waveform};

/// The category chosen, and how sure that is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub category: Category,
    pub sub: Option<String>,
    /// The word that named it; empty where nothing did.
    pub word: String,
    /// 0.9 named, less where suggested, inferred or guessed.
    pub confidence: f64,
}

/// Chooses; lists a contradiction in the draft where two kinds exclude each other.
pub(super) fn choose(reading: &Reading, draft: &mut Draft) -> Choice {
    // `keys but not a piano` are keys.
    let named_besides = |category: Category, word: &str| {
        reading
            .mentions
            .iter()
            .any(|m| m.category == category && m.direct && m.weight >= 0.8 && m.word != word)
    };
    // Asked for and refused by one word: it was asked for.
    let asked = |category: Category, word: &str| {
        reading
            .mentions
            .iter()
            .any(|m| m.category == category && m.direct && m.weight >= 0.8 && m.word == word)
    };
    let excluded = |category: Category| {
        reading
            .excluded
            .iter()
            .any(|(c, word)| *c == category && !named_besides(*c, word) && !asked(*c, word))
    };
    let mentions: Vec<&Mention> = reading
        .mentions
        .iter()
        .filter(|m| !excluded(m.category))
        .collect();
    // The lightest mentions only say which kind of a category it would be.
    let naming: Vec<&Mention> = mentions.iter().filter(|m| m.weight >= 0.1).copied().collect();
    let mut best: Option<(&Mention, f64)> = None;
    for (i, mention) in naming.iter().enumerate() {
        // The head of a noun phrase is its last word: `choir pad` is a pad.
        let last = !naming[i + 1..]
            .iter()
            .any(|m| m.phrase == mention.phrase && m.weight >= 0.84);
        let head = if last && mention.weight >= 0.84 { 0.12 } else { 0.0 };
        let agreeing = naming
            .iter()
            .filter(|m| m.category == mention.category)
            .count()
            .saturating_sub(1);
        let score = mention.score + head * (mention.score / mention.weight) + 0.08 * (agreeing.min(3) as f64);
        if best.is_none_or(|(_, s)| score > s) {
            best = Some((mention, score));
        }
    }
    for (category, word) in &reading.excluded {
        if let Some(mention) = reading
            .mentions
            .iter()
            .find(|m| m.category == *category && m.word == *word && m.direct)
        {
            let kept = best.map_or("neither", |(m, _)| m.word.as_str());
            draft.conflict("category", &[&mention.word, &format!("no {word}")], kept);
        }
    }
    let inferred = infer(draft, &excluded);
    match best {
        Some((mention, score)) if score >= 0.33 || inferred.is_none() => {
            report_rival(&mentions, mention, draft);
            Choice {
                category: mention.category,
                sub: sub_of(&mentions, mention.category, mention.sub.as_deref()),
                word: mention.word.clone(),
                confidence: if mention.weight >= 0.8 && score >= 0.8 {
                    0.9
                } else {
                    (0.4 + 0.4 * score).min(0.8)
                },
            }
        }
        _ => {
            let fallback = || {
                let usual = [Category::Pad, Category::Keys]
                    .into_iter()
                    .find(|c| !excluded(*c));
                (usual.unwrap_or(Category::Lead), 0.2)
            };
            let (category, confidence) = inferred.unwrap_or_else(fallback);
            Choice {
                category,
                sub: sub_of(&mentions, category, None),
                word: String::new(),
                confidence,
            }
        }
    }
}

/// The finest name given: the chosen word's own, else the weightiest of the same category, else a way of playing or the
/// kind of sound named beside it.
fn sub_of(mentions: &[&Mention], category: Category, own: Option<&str>) -> Option<String> {
    let mut finest: Option<&Mention> = None;
    for mention in mentions
        .iter()
        .filter(|m| m.category == category && m.sub.is_some())
    {
        if finest.is_none_or(|f| mention.score > f.score) {
            finest = Some(mention);
        }
    }
    let beside = || {
        mentions.iter().filter(|m| m.direct).find_map(|m| {
            let sub = match (category, m.category, m.sub.as_deref()) {
                (_, _, Some("gated")) => "gated",
                (Category::Keys, Category::Stab, _) if m.weight >= 0.8 => "house",
                (own, Category::Stab, _) if own != Category::Stab && m.weight >= 0.8 => "stab",
                (Category::Pad, Category::Strings, _) if m.weight >= 0.4 => "string_machine",
                (Category::Pad, Category::Choir | Category::Vox, _) if m.weight >= 0.3 => "vowel",
                (Category::Pad, Category::Bell, _) if m.weight >= 0.8 => "glass",
                (Category::Bass, Category::Pluck, _) if m.weight >= 0.3 => "pluck_bass",
                (Category::Arp, Category::Bell, _) => "glass",
                (Category::Pad, Category::Sequence, _) if m.weight >= 0.4 => "gated",
                (_, _, Some("supersaw")) => "supersaw",
                _ => return None,
            };
            Some(sub.to_owned())
        })
    };
    own.map(str::to_owned)
        .or_else(|| finest.filter(|f| f.weight >= 0.1).and_then(|f| f.sub.clone()))
        .or_else(beside)
        .or_else(|| finest.and_then(|f| f.sub.clone()))
}

/// Two kinds of sound that cannot be one: one that ends by itself, and one that never does.
fn report_rival(mentions: &[&Mention], chosen: &Mention, draft: &mut Draft) {
    let ends = |c: Category| {
        matches!(
            c,
            Category::Drum | Category::Stab | Category::Pluck | Category::Mallet
        )
    };
    let stays = |c: Category| matches!(c, Category::Pad | Category::Drone);
    let rival = mentions.iter().find(|m| {
        m.direct
            && (m.weight >= 0.84
                || (m.word == "percussive" && draft.claimed(Axis::Length).is_some_and(|v| v > 0.0)))
            && ((ends(m.category) && stays(chosen.category)) || (stays(m.category) && ends(chosen.category)))
    });
    if let (Some(rival), true) = (rival, chosen.direct && chosen.weight >= 0.84) {
        draft.conflict("category", &[&rival.word, &chosen.word], &chosen.word);
    }
}

/// No role word: what the other words are usually said of.
fn infer(draft: &Draft, excluded: &impl Fn(Category) -> bool) -> Option<(Category, f64)> {
    let slow = draft.claimed(Axis::Attack).is_some_and(|v| v >= 0.3)
        || draft
            .exact
            .get(&Exact::AttackS)
            .is_some_and(|(s, c)| *c && *s >= 0.3);
    let short = draft.claimed(Axis::Length).is_some_and(|v| v <= -0.4)
        || draft.invariants.contains(&Invariant::Pluck);
    let short = short
        || draft
            .exact
            .get(&Exact::Sustain)
            .is_some_and(|(v, c)| *c && *v <= 0.05);
    let punchy = draft.claimed(Axis::Punch).is_some_and(|v| v >= 0.4);
    let spacious = draft.axis(Axis::Space) >= 0.4 || draft.axis(Axis::Width) >= 0.4;
    let low = draft.axis(Axis::Sub) >= 0.4;
    let noise = draft.wave.is_some_and(|(w, _)| w == Waveform::Noise);
    let vowel = draft.wave.is_some_and(|(w, _)| w == Waveform::Vowel);
    let wave = draft.wave.is_some_and(|(_, claimed)| claimed);
    let guess = |category: Category, confidence: f64| (!excluded(category)).then_some((category, confidence));
    let rules = [
        (slow, Category::Pad, 0.5),
        (low, Category::Bass, 0.5),
        (short || punchy, Category::Pluck, 0.5),
        (noise, Category::Fx, 0.4),
        (vowel, Category::Vox, 0.4),
        (draft.axis(Axis::Drive) >= 0.4, Category::Lead, 0.35),
        (spacious, Category::Pad, 0.35),
        (
            draft.claimed(Axis::Movement).is_some_and(|v| v >= 0.6),
            Category::Sequence,
            0.3,
        ),
        (wave, Category::Lead, 0.35),
        (
            draft.claimed(Axis::Brightness).is_some_and(|v| v >= 0.4),
            Category::Lead,
            0.3,
        ),
    ];
    rules
        .into_iter()
        .filter(|(holds, ..)| *holds)
        .find_map(|(_, category, confidence)| guess(category, confidence))
}
