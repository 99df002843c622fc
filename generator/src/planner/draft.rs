//! Settles what a text says into one value per axis, and lists the contradictions. The rules: a word said of the very
//! thing overrules a word said at large; of two equals the later one wins; a style only tints.

use super::effect::{Axis, Effect, Exact};
use super::said::{Reading, Said, Strength};
use songwalker_schemas::intent::{
    Conflict, Feature, FilterKind, Invariant, MovementShape, MovementTarget, Waveform,
};
use songwalker_schemas::patch::voicing::VoicingMode;
use std::collections::{BTreeMap, BTreeSet};

/// The most that styles together can pull an axis.
const TINT_LIMIT: f64 = 0.45;

/// A value and the words it came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    pub value: f64,
    /// A plain word asked for it.
    pub claimed: bool,
    /// Nothing but styles and sides of meaning stand behind it.
    pub tinted: bool,
    pub word: String,
}

/// Everything said, settled.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub axes: BTreeMap<Axis, Settled>,
    /// Values in their units; the flag: a plain word or number asked for it.
    pub exact: BTreeMap<Exact, (f64, bool)>,
    pub wave: Option<(Waveform, bool)>,
    pub filter: Option<FilterKind>,
    /// Claimed voicings in order, with their words.
    pub voicing: Vec<(VoicingMode, String)>,
    /// What a style or a kind of sound suggests.
    pub usual_voicing: Option<VoicingMode>,
    pub invariants: BTreeSet<Invariant>,
    pub avoid: BTreeSet<Feature>,
    pub move_target: Option<(MovementTarget, bool)>,
    pub move_shape: Option<MovementShape>,
    pub move_sync: Option<(String, bool)>,
    pub delay_sync: Option<String>,
    pub ping_pong: bool,
    pub conflicts: Vec<Conflict>,
}

impl Draft {
    /// The settled value of an axis, 0 where nothing was said.
    pub(super) fn axis(&self, axis: Axis) -> f64 {
        self.axes.get(&axis).map_or(0.0, |s| s.value)
    }

    /// The value of an axis if a plain word asked for it.
    pub(super) fn claimed(&self, axis: Axis) -> Option<f64> {
        self.axes.get(&axis).filter(|s| s.claimed).map(|s| s.value)
    }

    /// The word behind an axis.
    pub(super) fn word(&self, axis: Axis) -> &str {
        self.axes.get(&axis).map_or("", |s| s.word.as_str())
    }

    /// Adds a contradiction, once.
    pub(super) fn conflict(&mut self, about: &str, asked: &[&str], kept: &str) {
        let mut words: Vec<String> = Vec::new();
        for word in asked.iter().filter(|w| !w.is_empty()) {
            if !words.iter().any(|w| w == word) {
                words.push(short(word));
            }
        }
        if !self.conflicts.iter().any(|c| c.about == about) && !words.is_empty() {
            words.truncate(16);
            self.conflicts.push(Conflict {
                about: about.to_owned(),
                asked: words,
                kept: short(kept),
            });
        }
    }
}

/// At most 64 characters, never empty.
fn short(word: &str) -> String {
    let cut: String = word.chars().take(64).collect();
    if cut.is_empty() { "neither".to_owned() } else { cut }
}

/// Settles a reading.
pub(super) fn settle(reading: &Reading) -> Draft {
    let mut draft = Draft::default();
    for axis in Axis::ALL {
        let said: Vec<(&Said, f64)> = reading
            .says
            .iter()
            .filter_map(|s| {
                s.degree()
                    .filter(|(a, v)| a == axis && *v != 0.0)
                    .map(|(_, v)| (s, v))
            })
            .collect();
        if !said.is_empty() {
            settle_axis(*axis, &said, &mut draft);
        }
    }
    for said in &reading.says {
        settle_other(said, &mut draft);
    }
    settle_voicing(&mut draft);
    settle_invariants(&mut draft);
    settle_exact(&mut draft);
    draft
}

fn settle_axis(axis: Axis, said: &[(&Said, f64)], draft: &mut Draft) {
    let tint: f64 = said
        .iter()
        .filter(|(s, _)| s.strength == Strength::Tint)
        .map(|(_, v)| v)
        .sum();
    let tint = tint.clamp(-TINT_LIMIT, TINT_LIMIT);
    let inherent = strongest(said.iter().filter(|(s, _)| s.strength == Strength::Inherent));
    let claims: Vec<(&Said, f64)> = said
        .iter()
        .filter(|(s, _)| s.strength >= Strength::Claim && !s.moderates)
        .copied()
        .collect();
    let held: Vec<&(&Said, f64)> = said
        .iter()
        .filter(|(s, _)| s.strength >= Strength::Claim && s.moderates)
        .collect();
    // What a kind of sound brings already, a style does not bring again.
    let below = match inherent {
        Some((_, own)) if own.signum() == tint.signum() => own + 0.25 * tint,
        Some((_, own)) => own + tint,
        None => tint,
    }
    .clamp(-1.0, 1.0);
    let Some(top) = claims.iter().map(|(s, _)| s.strength).max() else {
        // Nothing but `not too …`: a little the other way.
        let back: f64 = held.iter().map(|(_, v)| v).sum::<f64>().clamp(-0.5, 0.5);
        let settled = match held.last() {
            Some((s, _)) => Settled {
                value: (back + 0.5 * below).clamp(-1.0, 1.0),
                claimed: true,
                tinted: false,
                word: s.word.clone(),
            },
            None => {
                let word = inherent.map_or_else(|| said[0].0.word.clone(), |(s, _)| s.word.clone());
                Settled {
                    value: below,
                    claimed: false,
                    tinted: inherent.is_none(),
                    word,
                }
            }
        };
        draft.axes.insert(axis, settled);
        return;
    };
    let deciding: Vec<(&Said, f64)> = claims
        .iter()
        .filter(|(s, _)| s.strength == top)
        .copied()
        .collect();
    let Some((last, last_value)) = deciding.last().copied() else {
        return;
    };
    let same: Vec<f64> = claims
        .iter()
        .filter(|(_, v)| v.signum() == last_value.signum())
        .map(|(_, v)| *v)
        .collect();
    // `slow pad with a fast attack` is no contradiction: the pad's slowness may be anything's. Nor is `low resonance`:
    // it is the resonance's own.
    let own = |s: &Said| {
        deciding
            .iter()
            .any(|(d, _)| d.source == s.source && d.strength > s.strength)
    };
    let against: Vec<&str> = claims
        .iter()
        .filter(|(s, v)| v.signum() != last_value.signum() && !own(s))
        .filter(|(s, _)| !(s.at_large && top == Strength::Bound))
        .map(|(s, _)| s.word.as_str())
        .collect();
    if !against.is_empty() {
        let mut asked = against;
        asked.push(&last.word);
        draft.conflict(about(axis), &asked, &last.word);
    }
    // The strongest word, and a little more for each that agrees.
    let largest = same
        .iter()
        .fold(0.0f64, |m, v| if v.abs() > m.abs() { *v } else { m });
    let rest: f64 = same.iter().sum::<f64>() - largest;
    let mut value = largest + 0.15 * rest + (0.25 * below).clamp(-0.12, 0.12);
    if held.iter().any(|(_, v)| v.signum() != last_value.signum()) {
        value -= 0.15 * last_value.signum();
    }
    let value = if value.signum() == last_value.signum() {
        value.clamp(-1.0, 1.0)
    } else {
        0.1 * last_value.signum()
    };
    draft.axes.insert(
        axis,
        Settled {
            value,
            claimed: true,
            tinted: false,
            word: last.word.clone(),
        },
    );
}

fn strongest<'a>(mut said: impl Iterator<Item = &'a (&'a Said, f64)>) -> Option<(&'a Said, f64)> {
    let first = *said.next()?;
    Some(said.fold(
        first,
        |best, next| if next.1.abs() > best.1.abs() { *next } else { best },
    ))
}

/// What a contradiction on an axis is about, in the words of the intent.
fn about(axis: Axis) -> &'static str {
    match axis {
        Axis::Movement => "movement_amount",
        Axis::Rate => "movement_speed",
        other => other.name(),
    }
}

fn settle_other(said: &Said, draft: &mut Draft) {
    let claimed = said.strength >= Strength::Claim;
    match &said.effect {
        Effect::Exact(exact, value) => {
            let before = draft.exact.get(exact).copied();
            if let Some((other, true)) = before
                && claimed
                && (other - value).abs() > 0.1 * other.abs().max(value.abs())
            {
                draft.conflict(
                    exact.name(),
                    &[&format!("{other}"), &format!("{value}")],
                    &format!("{value}"),
                );
            }
            if claimed || !before.is_some_and(|(_, c)| c) {
                draft.exact.insert(*exact, (*value, claimed));
            }
        }
        Effect::Wave(wave) => {
            // The first wave said leads; a plain word overrules a suggested one.
            if draft.wave.is_none_or(|(_, c)| claimed && !c) {
                draft.wave = Some((*wave, claimed));
            }
        }
        Effect::Filter(kind) => draft.filter = Some(*kind),
        Effect::Voicing(mode) if claimed => draft.voicing.push((*mode, said.word.clone())),
        Effect::Voicing(mode) => draft.usual_voicing = Some(*mode),
        Effect::Invariant(invariant) => {
            draft.invariants.insert(*invariant);
        }
        Effect::Avoid(feature) => {
            draft.avoid.insert(*feature);
        }
        Effect::MoveTarget(target) => {
            if draft.move_target.is_none_or(|(_, c)| claimed || !c) {
                draft.move_target = Some((*target, claimed));
            }
        }
        Effect::MoveShape(shape) => draft.move_shape = Some(*shape),
        Effect::MoveSync(sync) => {
            if claimed || !draft.move_sync.as_ref().is_some_and(|(_, c)| *c) {
                draft.move_sync = Some((sync.clone(), claimed));
            }
        }
        Effect::DelaySync(sync) => draft.delay_sync = Some(sync.clone()),
        Effect::PingPong => draft.ping_pong = true,
        Effect::Degree(..) | Effect::Role { .. } => {}
    }
}

fn settle_voicing(draft: &mut Draft) {
    let Some((kept, word)) = draft.voicing.last().cloned() else {
        return;
    };
    let other = draft
        .voicing
        .iter()
        .find(|(mode, _)| *mode != kept)
        .map(|(_, w)| w.clone());
    if let Some(other) = other {
        draft.conflict("voicing", &[&other, &word], &word);
    }
}

/// An invariant stands only where its axis was not settled against it.
fn settle_invariants(draft: &mut Draft) {
    let rules: [(Invariant, Option<Feature>, Axis); 10] = [
        (Invariant::NoReverb, Some(Feature::Reverb), Axis::Space),
        (Invariant::NoDelay, Some(Feature::Delay), Axis::Delay),
        (Invariant::NoChorus, Some(Feature::Chorus), Axis::Chorus),
        (Invariant::NoDistortion, Some(Feature::Distortion), Axis::Drive),
        (Invariant::NoNoise, Some(Feature::Noise), Axis::Noise),
        (Invariant::NoUnison, Some(Feature::Unison), Axis::Unison),
        (Invariant::NoVibrato, Some(Feature::Vibrato), Axis::Vibrato),
        (Invariant::Static, Some(Feature::Movement), Axis::Movement),
        (Invariant::Centered, None, Axis::Width),
        (Invariant::NoSub, Some(Feature::Sub), Axis::Sub),
    ];
    let effects = [
        Axis::Space,
        Axis::Delay,
        Axis::Chorus,
        Axis::Phaser,
        Axis::Flanger,
    ];
    if draft.invariants.contains(&Invariant::NoEffects) {
        let wanted = effects
            .into_iter()
            .find(|a| draft.claimed(*a).is_some_and(|v| v > 0.0));
        if let Some(axis) = wanted {
            let word = draft.word(axis).to_owned();
            draft.conflict("effects", &["no effects", &word], &word);
            draft.invariants.remove(&Invariant::NoEffects);
            draft.avoid.remove(&Feature::Effects);
        }
    }
    for (invariant, feature, axis) in rules {
        if !draft.invariants.contains(&invariant) {
            continue;
        }
        if draft.claimed(axis).is_some_and(|v| v > 0.0) {
            draft.invariants.remove(&invariant);
            if let Some(feature) = feature {
                draft.avoid.remove(&feature);
            }
        } else if let Some(settled) = draft.axes.get_mut(&axis) {
            // A style's habit does not survive a plain no.
            settled.value = settled.value.min(0.0);
        }
    }
}

/// A number overrules the adjective beside it; where they disagree, that is said.
fn settle_exact(draft: &mut Draft) {
    let pairs: [(Exact, Axis, f64, f64); 4] = [
        (Exact::AttackS, Axis::Attack, 0.02, 0.5),
        (Exact::DecayS, Axis::Length, 0.1, 2.0),
        (Exact::ReleaseS, Axis::Release, 0.1, 1.5),
        (Exact::GlideS, Axis::Glide, 0.0, 9.0),
    ];
    for (exact, axis, least, most) in pairs {
        let Some((value, true)) = draft.exact.get(&exact).copied() else {
            continue;
        };
        if let Some(degree) = draft.claimed(axis)
            && ((degree > 0.3 && value <= least) || (degree < -0.3 && value >= most))
        {
            let number = format!("{value} s");
            let word = draft.word(axis).to_owned();
            draft.conflict(about(axis), &[&word, &number], &number);
        }
        draft.axes.remove(&axis);
    }
    if draft
        .exact
        .get(&Exact::Resonance)
        .is_some_and(|(_, claimed)| *claimed)
    {
        draft.axes.remove(&Axis::Resonance);
    }
}
