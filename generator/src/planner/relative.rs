//! Words about a sound that is there: `darker`, `less reverb`, `an octave lower`, read by the same lexicon and grammar as
//! a prompt, but for a kind of sound that is given. Only what was said counts: no habit of a style, no usual voicing, no
//! template. What a change does to a patch is [`crate::refine`]'s.

use songwalker_schemas::Category;
use songwalker_schemas::intent::{Conflict, Descriptors, Feature, Invariant, Register};
use songwalker_schemas::patch::voicing::VoicingMode;

use super::draft::{self, Draft};
use super::effect::{Axis, Exact};
use super::roles::Choice;
use super::said::Reading;
use super::{assemble, fit, lexicon, reading};

/// From which value on a word says a thing, and does not only lean to it.
const SAID: f64 = 0.05;
/// A word that makes fuller or thinner detunes or tunes by at least this.
const MASS: f64 = 0.25;
/// How surely a word must name a kind of sound to ask for that kind.
const NAMES_A_KIND: f64 = 0.8;

/// What words ask of a sound that is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// Degrees are steps from where the sound is, values in units are where it is to be.
    pub descriptors: Descriptors,
    /// Thinner to fatter, −1..1; 0 where nothing was said.
    pub mass: f64,
    /// Softer to louder, −1..1: a level that every result is brought to anyway.
    pub loudness: f64,
    /// What must hold from now on.
    pub invariants: Vec<Invariant>,
    /// What must not be there any more.
    pub avoid: Vec<Feature>,
    /// One voice or many.
    pub voicing: Option<VoicingMode>,
    /// Beats per minute.
    pub tempo_bpm: Option<f64>,
    /// The notes it is meant for.
    pub register: Option<Register>,
    /// Another kind of sound that was named, with its word of the lexicon.
    pub kind: Option<(Category, String)>,
    /// Contradictions and how they were settled.
    pub conflicts: Vec<Conflict>,
    /// Words that neither the lexicon nor the list of ordinary words knows.
    pub unknown: Vec<String>,
}

impl Change {
    /// Whether nothing was said that changes a sound.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            descriptors,
            mass,
            loudness,
            invariants,
            avoid,
            voicing,
            tempo_bpm,
            register,
            ..
        } = self;
        *descriptors == Descriptors::default()
            && *mass == 0.0
            && *loudness == 0.0
            && invariants.is_empty()
            && avoid.is_empty()
            && voicing.is_none()
            && tempo_bpm.is_none()
            && register.is_none()
    }
}

/// Reads words as a change of a sound of that kind.
#[must_use]
pub fn change(words: &str, category: Category, subcategory: Option<&str>) -> Change {
    let mut reading = Reading::default();
    reading::read(lexicon::lexicon(), words, false, &mut reading);
    let mut draft = draft::settle(&reading);
    let (register, tempo_bpm) = fit::place_loose(&reading, category, &mut draft);
    let mass = mass(&draft);
    let loudness = draft.claimed(Axis::Loudness).unwrap_or(0.0);
    only_what_was_said(&mut draft);
    let choice = Choice {
        category,
        sub: None,
        word: String::new(),
        confidence: 1.0,
    };
    let mut descriptors = assemble::descriptors(&choice, &draft, tempo_bpm);
    relative(&draft, mass, &mut descriptors);
    let by_degree = |axis: Axis| draft.axes.contains_key(&axis) && draft.axis(axis) > -0.9;
    let invariants = draft.invariants.iter().copied().filter(|invariant| {
        // `drier` is less of it, `no reverb` is none.
        !(*invariant == Invariant::NoReverb && by_degree(Axis::Space))
    });
    let avoid = draft
        .avoid
        .iter()
        .copied()
        .filter(|feature| !(*feature == Feature::Reverb && by_degree(Axis::Space)));
    Change {
        invariants: invariants.collect(),
        avoid: avoid.collect(),
        voicing: draft.voicing.last().map(|(mode, _)| *mode),
        descriptors,
        mass,
        loudness,
        tempo_bpm,
        register,
        kind: another_kind(&reading, category, subcategory),
        unknown: reading
            .strange
            .iter()
            .filter_map(|span| words.get(span.0..span.1))
            .map(str::to_owned)
            .collect(),
        conflicts: draft.conflicts,
    }
}

/// A word for the body of a sound says something of its warmth and of its voices at once.
fn mass(draft: &Draft) -> f64 {
    let warmth = draft.claimed(Axis::Warmth).unwrap_or(0.0);
    let detune = draft.axis(Axis::Detune);
    let together = warmth * detune > 0.0 && detune.abs() >= MASS && draft.claimed(Axis::Detune).is_none();
    if let Some(mass) = draft.claimed(Axis::Mass) {
        mass
    } else if together {
        warmth
    } else {
        0.0
    }
}

/// Leaves what plain words asked for; where they only lean to something, that.
fn only_what_was_said(draft: &mut Draft) {
    let lone = [
        Axis::Loudness,
        Axis::Hardness,
        Axis::Mood,
        Axis::Pitch,
        Axis::Mass,
    ];
    let is_said = draft
        .axes
        .iter()
        .any(|(axis, settled)| settled.claimed && !lone.contains(axis) && settled.value.abs() >= SAID);
    let is_loud = draft.claimed(Axis::Loudness).is_some();
    draft
        .axes
        .retain(|_, settled| settled.claimed || !(is_said || is_loud));
    draft.exact.retain(|_, (_, claimed)| *claimed);
    draft.wave = draft.wave.filter(|(_, claimed)| *claimed);
    draft.move_target = draft.move_target.filter(|(_, claimed)| *claimed);
    draft.move_sync.take_if(|(_, claimed)| !*claimed);
}

/// Takes out what a new sound would need and a change does not: values made from degrees.
fn relative(draft: &Draft, mass: f64, descriptors: &mut Descriptors) {
    let named = draft.move_target.is_some()
        || draft.move_shape.is_some()
        || draft.move_sync.is_some()
        || draft.exact.contains_key(&Exact::MoveRate);
    if named {
        descriptors.movement_amount = None;
    } else {
        descriptors.movement = None;
    }
    if !draft.exact.contains_key(&Exact::ReverbS) && descriptors.reverb_s.take().is_some() {
        descriptors.space = descriptors.space.or(Some(0.5));
    }
    if mass != 0.0 {
        descriptors.warmth = None;
        descriptors.sub = None;
        descriptors.detune = None;
    }
}

/// The kind of sound that the words name beside the one that is there.
fn another_kind(
    reading: &Reading,
    category: Category,
    subcategory: Option<&str>,
) -> Option<(Category, String)> {
    reading
        .mentions
        .iter()
        .filter(|mention| mention.direct && mention.weight >= NAMES_A_KIND)
        .find(|mention| {
            let finer = mention.sub.as_deref();
            mention.category != category || (finer.is_some() && finer != subcategory)
        })
        .map(|mention| (mention.category, mention.word.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pad(words: &str) -> Change {
        change(words, Category::Pad, Some("analog"))
    }

    #[test]
    fn comparatives_are_steps_and_nothing_else_is_added() {
        let change = pad("darker and shorter");
        let asked = Descriptors {
            brightness: Some(-0.5),
            length: Some(-0.5),
            ..Descriptors::default()
        };
        assert_eq!(change.descriptors, asked);
        assert!(change.invariants.is_empty() && change.voicing.is_none() && change.kind.is_none());
    }

    #[test]
    fn little_is_less_than_plain_and_much_is_more() {
        let width = |words: &str| pad(words).descriptors.width.expect("said");
        assert!(width("a bit wider") < width("wider") && width("wider") < width("much wider"));
    }

    #[test]
    fn less_is_a_step_and_no_is_none() {
        assert_eq!(pad("less reverb").descriptors.space, Some(-0.5));
        assert!(pad("less reverb").avoid.is_empty() && pad("drier").avoid.is_empty());
        assert_eq!(pad("no reverb").avoid, [Feature::Reverb]);
        assert_eq!(pad("no chorus").avoid, [Feature::Chorus]);
    }

    #[test]
    fn body_is_one_thing() {
        assert!(pad("fatter").mass > 0.0 && pad("thinner").mass < 0.0);
        assert_eq!(pad("warmer").mass, 0.0);
        assert!(pad("fatter").descriptors.sub.is_none());
    }

    #[test]
    fn another_kind_is_named_and_the_same_is_none() {
        assert_eq!(
            pad("make it a bass").kind.map(|kind| kind.0),
            Some(Category::Bass)
        );
        assert!(pad("a darker pad").kind.is_none());
    }

    #[test]
    fn values_with_units_are_where_it_is_to_be() {
        let change = pad("cutoff at 800 Hz, an octave lower, 128 bpm");
        assert_eq!(change.descriptors.cutoff_hz, Some(800.0));
        assert_eq!(change.descriptors.transpose_octaves, Some(-1));
        assert_eq!(change.tempo_bpm, Some(128.0));
    }

    #[test]
    fn words_that_say_nothing_are_empty() {
        for words in ["", "please", "blorf xyzzy", "the the the"] {
            assert!(pad(words).is_empty(), "{words}");
        }
        assert_eq!(pad("blorf").unknown, ["blorf"]);
    }
}
