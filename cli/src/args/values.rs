//! Arguments that are more than a word: seeds, macros, jobs, addresses, numbers within bounds.

use std::net::{Ipv4Addr, SocketAddr};
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

/// The first digits of an identifier, in lower case and without dashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPrefix(String);

/// Digits of a whole identifier.
const ID_DIGITS: usize = 32;
/// Fewest digits that name something.
const FEWEST_DIGITS: usize = 4;

impl IdPrefix {
    /// Whether an identifier begins so.
    pub fn is_of(&self, id: uuid::Uuid) -> bool {
        id.simple().to_string().starts_with(&self.0)
    }

    /// The identifier, where all of it is there.
    pub fn whole(&self) -> Option<uuid::Uuid> {
        (self.0.len() == ID_DIGITS)
            .then(|| uuid::Uuid::try_parse(&self.0).ok())
            .flatten()
    }

    /// The earliest moment that an identifier of this prefix can be of, milliseconds since 1970: its first 48 bits.
    pub fn earliest_ms(&self) -> i64 {
        let moment: String = self.0.chars().chain(std::iter::repeat('0')).take(12).collect();
        i64::from_str_radix(&moment, 16).unwrap_or(0)
    }
}

impl std::fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IdPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.replace('-', "").to_ascii_lowercase();
        let is_id = digits.bytes().all(|b| b.is_ascii_hexdigit())
            && (FEWEST_DIGITS..=ID_DIGITS).contains(&digits.len());
        if is_id {
            Ok(Self(digits))
        } else {
            Err(format!(
                "write an id, or at least its first {FEWEST_DIGITS} digits"
            ))
        }
    }
}

/// A job as it is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobReference {
    /// The newest one.
    Last,
    /// The one whose id begins so.
    Id(IdPrefix),
}

impl FromStr for JobReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "last" {
            return Ok(Self::Last);
        }
        text.parse()
            .map(Self::Id)
            .map_err(|problem: String| format!("{problem}, or `last`"))
    }
}

/// Where to listen: an address with its port, or a port of this machine alone.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    let port = || Some(SocketAddr::from((Ipv4Addr::LOCALHOST, text.parse().ok()?)));
    text.parse().ok().or_else(port).ok_or_else(|| {
        "write an address with its port, such as 127.0.0.1:7761 or [::1]:7761, or a port".to_owned()
    })
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
    fn a_job_is_named_by_its_first_digits_or_as_the_last() {
        let read = |text: &str| text.parse::<JobReference>();
        assert_eq!(read("last"), Ok(JobReference::Last));
        let Ok(JobReference::Id(prefix)) = read("0191E2A0-b1") else {
            panic!("no prefix");
        };
        assert_eq!(prefix.to_string(), "0191e2a0b1");
        assert_eq!(prefix.earliest_ms(), 0x0191_e2a0_b100);
        let id = uuid::Uuid::try_parse("0191e2a0-b1c2-7000-8000-000000000001").unwrap();
        assert!(prefix.is_of(id) && prefix.whole().is_none());
        let whole: IdPrefix = id.to_string().parse().unwrap();
        assert_eq!(whole.whole(), Some(id));
        for bad in [
            "",
            "abc",
            "first",
            "0191e2a0-b1c2-7000-8000-0000000000011",
            "ä191",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_server_listens_at_an_address_or_at_a_port_of_this_machine() {
        assert_eq!(listen("8080"), Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))));
        assert_eq!(listen("0.0.0.0:80").unwrap().port(), 80);
        assert!(listen("[::1]:0").unwrap().is_ipv6());
        for bad in ["", "localhost", "1.2.3.4", "65536", ":80"] {
            assert!(listen(bad).is_err(), "{bad:?}");
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
