//! Vital's controls: name, range, default, whether whole numbers only, whether a route may aim at it.

use super::file::Setting;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The list, as measured from the engine.
const LIST: &str = include_str!("../../../data/vital_controls.json");

/// One control; values are Vital's raw ones.
#[derive(Debug, Clone)]
pub struct Control {
    /// Its name in a file.
    pub name: String,
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Value of an empty patch.
    pub default: f64,
    /// Whether it takes whole numbers only.
    pub discrete: bool,
    /// Whether a route may aim at it.
    pub destination: bool,
}

impl Control {
    /// Width of its range, by which amounts are scaled.
    #[must_use]
    pub fn range(&self) -> f64 {
        self.max - self.min
    }

    /// `value` as the control takes it.
    #[must_use]
    pub fn clamp(&self, value: f64) -> f64 {
        let value = if value.is_nan() {
            self.default
        } else {
            value.clamp(self.min, self.max)
        };
        if self.discrete {
            value.round_ties_even()
        } else {
            value
        }
    }
}

#[derive(Deserialize)]
struct List {
    controls: Vec<(String, f64, f64, f64, u8, u8)>,
}

/// All 772 controls by name.
#[must_use]
pub fn all() -> &'static BTreeMap<String, Control> {
    static CONTROLS: OnceLock<BTreeMap<String, Control>> = OnceLock::new();
    CONTROLS.get_or_init(|| {
        // The list is part of the program; the tests of this file read it.
        let list: List = serde_json::from_str(LIST).unwrap_or(List { controls: Vec::new() });
        list.controls
            .into_iter()
            .map(|(name, min, max, default, discrete, destination)| {
                let control = Control {
                    name,
                    min,
                    max,
                    default,
                    discrete: discrete != 0,
                    destination: destination != 0,
                };
                (control.name.clone(), control)
            })
            .collect()
    })
}

/// The control of that name.
#[must_use]
pub fn control(name: &str) -> Option<&'static Control> {
    all().get(name)
}

/// The values of a file, always inside the controls' ranges.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, f64>,
}

impl Settings {
    /// Every control at its default.
    #[must_use]
    pub fn defaults() -> Self {
        Self {
            values: all()
                .values()
                .map(|control| (control.name.as_str(), control.default))
                .collect(),
        }
    }

    /// Sets a control to the nearest value that it takes, and gives that value; nothing where there is no such control.
    pub fn set(&mut self, name: &str, value: f64) -> Option<f64> {
        let control = control(name)?;
        let value = control.clamp(value);
        self.values.insert(&control.name, value);
        Some(value)
    }

    /// The value of a control.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// The values for a file: rounded to single precision, as Vital holds them, in their shortest decimal form.
    pub(super) fn into_numbers(self) -> BTreeMap<String, Setting> {
        let number = |value: f64| (value as f32).to_string().parse::<f64>().unwrap_or(value);
        self.values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Setting::Number(number(value))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::params;

    #[test]
    fn the_list_holds_every_control_and_destination() {
        assert_eq!(all().len(), 772);
        assert_eq!(all().values().filter(|control| control.destination).count(), 428);
        for control in all().values() {
            assert!(control.min < control.max, "{}", control.name);
            assert_eq!(
                control.clamp(control.default),
                control.default,
                "{}",
                control.name
            );
        }
    }

    #[test]
    fn every_row_of_the_parameter_table_names_a_control_of_its_range() {
        for row in params::table().iter().filter(|row| !row.vital.is_empty()) {
            let control =
                control(&row.vital).unwrap_or_else(|| panic!("{}: no control {}", row.path, row.vital));
            let tolerance = 2e-3 * control.range();
            // Polyphony ends at 32 and the master at the last bit of its range.
            if row.vital != "polyphony" && row.vital != "volume" {
                assert!(
                    (row.raw_min() - control.min).abs() < tolerance,
                    "{}: least {}",
                    row.path,
                    row.raw_min()
                );
                assert!(
                    row.raw_max() - control.max < tolerance,
                    "{}: greatest {}",
                    row.path,
                    row.raw_max()
                );
            }
            if row.modulatable {
                assert!(
                    control.destination,
                    "{}: {} is no destination",
                    row.path, row.vital
                );
            }
        }
    }
}
