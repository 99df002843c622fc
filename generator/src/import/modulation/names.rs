//! Vital's names of sources and destinations.

use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::Source;
use songwalker_schemas::params;

use crate::export::vital::controls;

/// What moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mover {
    /// A source of ours.
    Source(Source),
    /// A macro, from 0.
    Macro(usize),
}

impl Mover {
    /// The mover of that name; Vital counts from 1, and its envelope 1 is our envelope 0.
    pub fn of(name: &str) -> Option<Self> {
        let number = |prefix: &str| name.strip_prefix(prefix)?.parse::<usize>().ok()?.checked_sub(1);
        if let Some(index) = number("macro_control_") {
            return (index < 4).then_some(Self::Macro(index));
        }
        let ours = ["env", "lfo", "random"]
            .into_iter()
            .find_map(|kind| Some(format!("{kind}/{}", number(&format!("{kind}_"))?)));
        let ours = ours.as_deref().unwrap_or(match name {
            "random" => "trigger_random",
            "pitch_wheel" => "pitch_bend",
            name => name,
        });
        Source::from_name(ours).map(Self::Source)
    }
}

/// What is moved.
#[derive(Debug, Clone, PartialEq)]
pub enum Aim {
    /// A parameter.
    Param {
        /// Its pointer in the patch.
        path: String,
        /// Width of Vital's range.
        range: f64,
        /// Width of ours.
        our_range: f64,
    },
    /// The amount of a slot, from 1.
    Amount(usize),
}

impl Aim {
    /// The aim of that name, or why there is none.
    pub fn of(patch: &PatchSpec, name: &str) -> Result<Self, &'static str> {
        let amount = |name: &str| -> Option<usize> {
            name.strip_prefix("modulation_")?
                .strip_suffix("_amount")?
                .parse()
                .ok()
        };
        if let Some(number) = amount(name) {
            return if (1..=64).contains(&number) {
                Ok(Self::Amount(number))
            } else {
                Err("there is no such slot")
            };
        }
        let control = controls::control(name).ok_or("there is no such destination")?;
        if !control.destination {
            return Err("Vital lets nothing move it");
        }
        let row = params::table()
            .iter()
            .find(|row| row.vital == name && row.modulatable);
        let row = row.ok_or("nothing can move it here")?;
        Ok(Self::Param {
            path: patch.pointer(&row.path).ok_or("there is no such effect")?,
            range: control.range(),
            our_range: row.raw_range(),
        })
    }

    /// What Vital's amount is multiplied by to be ours.
    pub fn scale(&self) -> f64 {
        match self {
            Self::Param { range, our_range, .. } => range / our_range,
            Self::Amount(_) => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_own_name_in_vital() {
        assert_eq!(Mover::of("env_2"), Some(Mover::Source(Source::Env1)));
        assert_eq!(Mover::of("lfo_8"), Some(Mover::Source(Source::Lfo7)));
        assert_eq!(Mover::of("random"), Some(Mover::Source(Source::TriggerRandom)));
        assert_eq!(Mover::of("macro_control_4"), Some(Mover::Macro(3)));
        for none in [
            "",
            "env_1",
            "env_7",
            "lfo_0",
            "lfo_9",
            "macro_control_5",
            "macro_control_0",
            "mpe",
        ] {
            assert_eq!(Mover::of(none), None, "{none}");
        }
    }

    #[test]
    fn every_modulatable_row_is_found_by_its_control() {
        let patch = PatchSpec::default();
        let mut seen = 0;
        for row in params::table()
            .iter()
            .filter(|row| row.modulatable && !row.vital.is_empty())
        {
            match Aim::of(&patch, &row.vital) {
                Ok(Aim::Param { path, .. }) => {
                    assert_eq!(patch.canonical_path(&path).as_deref(), Some(&*row.path))
                }
                other => panic!("{}: {other:?}", row.vital),
            }
            seen += 1;
        }
        assert!(seen > 250, "{seen}");
    }
}
