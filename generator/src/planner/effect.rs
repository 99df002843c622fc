//! What a lexicon entry does, as data: the small language in which the lexicon files say it, and its parser.
//! `brightness +0.5, role bass/reese 0.6, attack_s = 0.01, wave saw, invariant static` is a list of [`Effect`]s.
//! Nothing here knows the grammar of a prompt.

use songwalker_schemas::Category;
use songwalker_schemas::intent::{Feature, FilterKind, Invariant, MovementShape, MovementTarget, Waveform};
use songwalker_schemas::patch::voicing::VoicingMode;

/// Defines a closed list with the snake_case name of each member.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($variant,)+ }

        impl $name {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub(crate) const NAMES: &'static [&'static str] = &[$($text),+];

            /// The name the lexicon files use.
            pub(crate) const fn name(self) -> &'static str { Self::NAMES[self as usize] }

            /// The member of that name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().position(|n| *n == name).map(|i| Self::ALL[i])
            }
        }
    };
}

named! {
    /// A direction in which words can pull a sound, −1..1. The first rows are the intent's descriptors; the later ones
    /// become exact values or serve only to notice contradictions (`loudness`, `hardness`, `mood`, `pitch`, `mass`).
    Axis {
        Brightness = "brightness",
        Warmth = "warmth",
        Roughness = "roughness",
        Punch = "punch",
        Attack = "attack",
        Length = "length",
        Release = "release",
        Width = "width",
        Space = "space",
        Drive = "drive",
        Noise = "noise",
        Detune = "detune",
        Sub = "sub",
        Complexity = "complexity",
        Resonance = "resonance",
        Movement = "movement",
        Chorus = "chorus",
        Phaser = "phaser",
        Flanger = "flanger",
        Delay = "delay",
        FilterDecay = "filter_decay",
        Rate = "rate",
        Reverberation = "reverberation",
        Glide = "glide",
        Vibrato = "vibrato",
        VibratoRate = "vibrato_rate",
        Tremolo = "tremolo",
        Unison = "unison",
        Loudness = "loudness",
        Hardness = "hardness",
        Mood = "mood",
        Pitch = "pitch",
        Mass = "mass",
    }
}

named! {
    /// A value given in its own unit.
    Exact {
        AttackS = "attack_s",
        DecayS = "decay_s",
        Sustain = "sustain",
        ReleaseS = "release_s",
        GlideS = "glide_s",
        CutoffHz = "cutoff_hz",
        Resonance = "resonance_exact",
        VibratoHz = "vibrato_hz",
        VibratoCents = "vibrato_cents",
        TremoloHz = "tremolo_hz",
        ReverbS = "reverb_s",
        UnisonVoices = "unison_voices",
        UnisonCents = "unison_cents",
        FilterSlope = "filter_slope",
        FmRatio = "fm_ratio",
        TransposeOctaves = "transpose_octaves",
        Oscillators = "oscillators",
        MoveRate = "move_rate",
        MoveDepth = "move_depth",
        DelayS = "delay_s",
        TempoBpm = "tempo_bpm",
    }
}

/// One thing that a word does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Names or suggests a category; `weight` 1 names it, below 0.8 it only suggests it.
    Role {
        category: Category,
        sub: Option<String>,
        weight: f64,
    },
    /// Pulls along an axis, −1..1.
    Degree(Axis, f64),
    /// Sets a value in its own unit.
    Exact(Exact, f64),
    /// The wave the oscillators play.
    Wave(Waveform),
    /// The filter's kind.
    Filter(FilterKind),
    /// One note at a time, or many.
    Voicing(VoicingMode),
    /// What the result must keep to.
    Invariant(Invariant),
    /// What the result must not have.
    Avoid(Feature),
    /// What moves.
    MoveTarget(MovementTarget),
    /// How it moves.
    MoveShape(MovementShape),
    /// The musical length of one movement: a note value, then perhaps `dotted` or `triplet`.
    MoveSync(String),
    /// The musical length of one echo, likewise.
    DelaySync(String),
    /// The delay jumps from side to side.
    PingPong,
}

impl Effect {
    /// As the lexicon writes it, for explanations.
    pub(crate) fn describe(&self, scale: f64) -> String {
        match self {
            Self::Role {
                category,
                sub: Some(sub),
                ..
            } => format!("{category}/{sub}"),
            Self::Role {
                category, sub: None, ..
            } => category.to_string(),
            Self::Degree(axis, value) => format!("{} {:+.2}", axis.name(), (value * scale).clamp(-1.0, 1.0)),
            Self::Exact(exact, value) => format!("{} = {value}", exact.name()),
            Self::Wave(wave) => format!("wave {wave}"),
            Self::Filter(kind) => format!("filter {kind}"),
            Self::Voicing(mode) => format!("voicing {mode}"),
            Self::Invariant(invariant) => format!("invariant {invariant}"),
            Self::Avoid(feature) => format!("avoid {feature}"),
            Self::MoveTarget(target) => format!("moves {target}"),
            Self::MoveShape(shape) => format!("movement shape {shape}"),
            Self::MoveSync(sync) => format!("movement every {sync}"),
            Self::DelaySync(sync) => format!("echo every {sync}"),
            Self::PingPong => "ping pong".to_owned(),
        }
    }
}

/// Parses a list of effects; the error names the piece it could not read.
pub(crate) fn parse_effects(source: &str) -> Result<Vec<Effect>, String> {
    source
        .split(',')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .map(parse_effect)
        .collect()
}

fn parse_effect(piece: &str) -> Result<Effect, String> {
    let bad = || format!("unknown effect `{piece}`");
    if let Some((name, value)) = piece.split_once('=') {
        let exact = Exact::from_name(name.trim()).ok_or_else(bad)?;
        return Ok(Effect::Exact(exact, value.trim().parse().map_err(|_| bad())?));
    }
    let mut words = piece.split_whitespace();
    let (key, value) = (words.next().ok_or_else(bad)?, words.next());
    let third = words.next();
    let value_or = || value.ok_or_else(bad);
    Ok(match key {
        "role" => {
            let (category, sub) = value_or()?
                .split_once('/')
                .map_or((value_or()?, None), |(c, s)| (c, Some(s)));
            Effect::Role {
                category: Category::from_name(category).ok_or_else(bad)?,
                sub: sub.map(str::to_owned),
                weight: third.map_or(Ok(1.0), str::parse).map_err(|_| bad())?,
            }
        }
        "wave" => Effect::Wave(Waveform::from_name(value_or()?).ok_or_else(bad)?),
        "filter" => Effect::Filter(FilterKind::from_name(value_or()?).ok_or_else(bad)?),
        "voicing" => Effect::Voicing(VoicingMode::from_name(value_or()?).ok_or_else(bad)?),
        "invariant" => Effect::Invariant(Invariant::from_name(value_or()?).ok_or_else(bad)?),
        "avoid" => Effect::Avoid(Feature::from_name(value_or()?).ok_or_else(bad)?),
        "moves" => Effect::MoveTarget(MovementTarget::from_name(value_or()?).ok_or_else(bad)?),
        "shape" => Effect::MoveShape(MovementShape::from_name(value_or()?).ok_or_else(bad)?),
        "every" => Effect::MoveSync(value_or()?.to_owned()),
        "ping_pong" => Effect::PingPong,
        _ => Effect::Degree(
            Axis::from_name(key).ok_or_else(bad)?,
            value_or()?.parse().map_err(|_| bad())?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_effects_reads_back_as_it_is_described() {
        let effects =
            parse_effects("brightness +0.5, role bass/reese 0.6, attack_s = 0.01, wave saw").unwrap();
        let described: Vec<String> = effects.iter().map(|e| e.describe(1.0)).collect();
        assert_eq!(
            described,
            ["brightness +0.50", "bass/reese", "attack_s = 0.01", "wave saw"]
        );
    }

    #[test]
    fn what_is_not_an_effect_is_named_in_the_error() {
        assert_eq!(
            parse_effects("brightness +0.5, zing +1").unwrap_err(),
            "unknown effect `zing +1`"
        );
        assert!(parse_effects("role helicopter").is_err());
        assert!(parse_effects("attack_s = soon").is_err());
    }
}
