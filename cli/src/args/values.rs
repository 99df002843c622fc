//! Arguments that are more than a word: seeds, macros, numbers within bounds.

use std::str::FromStr;

use songwalker_schemas::limits::MAX_SEED;
use songwalker_schemas::patch::RoleId;

/// A seed as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// This one.
    Given(u64),
    /// Whatever comes.
    Random,
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "random" {
            return Ok(Self::Random);
        }
        text.parse()
            .ok()
            .filter(|seed| *seed <= MAX_SEED)
            .map(Self::Given)
            .ok_or_else(|| format!("a seed is `random` or a whole number from 0 to {MAX_SEED}"))
    }
}

/// A macro and where it is turned to.
#[derive(Debug, Clone, PartialEq)]
pub struct MacroSetting {
    /// Which.
    pub knob: Knob,
    /// Where to, 0..1.
    pub value: f64,
}

/// A macro's name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// By what it does.
    Role(RoleId),
    /// By its place, 0..8.
    Place(usize),
}

impl FromStr for MacroSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or("write ROLE=VALUE, such as SPACE=0.5")?;
        let value = real::<0, 1>(value.trim())?;
        let name = name.trim().to_ascii_uppercase().replace('-', "_");
        let by_place = name
            .parse()
            .ok()
            .filter(|n| (1..=8).contains(n))
            .map(|n: usize| Knob::Place(n - 1));
        let by_role = || {
            RoleId::GENERATED
                .into_iter()
                .find(|role| role.name() == name)
                .map(Knob::Role)
        };
        let knob = by_place.or_else(by_role).ok_or_else(|| {
            format!(
                "no such macro: {} or 1..8",
                RoleId::GENERATED.map(RoleId::name).join(", ")
            )
        })?;
        Ok(Self { knob, value })
    }
}

/// A number within whole bounds.
pub fn real<const MIN: i32, const MAX: i32>(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|x: &f64| (f64::from(MIN)..=f64::from(MAX)).contains(x))
        .ok_or_else(|| format!("must be a number from {MIN} to {MAX}"))
}

/// A whole number within bounds.
pub fn whole<T: TryFrom<u64>, const MIN: u64, const MAX: u64>(text: &str) -> Result<T, String> {
    text.parse()
        .ok()
        .filter(|n: &u64| (MIN..=MAX).contains(n))
        .and_then(|n| T::try_from(n).ok())
        .ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_whole_numbers_that_json_carries_or_random() {
        assert_eq!("random".parse(), Ok(Seed::Random));
        assert_eq!("9007199254740991".parse(), Ok(Seed::Given(MAX_SEED)));
        for bad in ["9007199254740992", "-1", "1.5", "", "Random"] {
            assert!(bad.parse::<Seed>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn macros_are_named_by_role_or_place() {
        let setting = |text: &str| text.parse::<MacroSetting>();
        assert_eq!(
            setting("SPACE=0.5"),
            Ok(MacroSetting {
                knob: Knob::Role(RoleId::Space),
                value: 0.5
            })
        );
        assert_eq!(
            setting("tone-brightness=1").unwrap().knob,
            Knob::Role(RoleId::ToneBrightness)
        );
        assert_eq!(setting("8=0").unwrap().knob, Knob::Place(7));
        for bad in [
            "SPACE",
            "SPACE=",
            "SPACE=1.1",
            "SPACE=nan",
            "9=0",
            "0=0",
            "FREE=0",
            "=1",
        ] {
            assert!(setting(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_whole_number_outside_its_bounds_is_refused() {
        assert_eq!(whole::<u8, 0, 127>("127"), Ok(127));
        for bad in ["128", "-1", "1.5", ""] {
            let message = "must be a whole number from 0 to 127".to_owned();
            assert_eq!(whole::<u8, 0, 127>(bad), Err(message));
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        for bad in ["nan", "inf", "-0.1", "601", "", "1,5"] {
            assert!(real::<0, 600>(bad).is_err(), "{bad:?}");
        }
        assert_eq!(real::<0, 600>("0.25"), Ok(0.25));
    }
}
