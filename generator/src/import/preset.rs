//! The shape of a `.vital` file, read without trust: what is no preset is refused with every fault, what is missing
//! takes Vital's default.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use songwalker_schemas::Faults;

use super::{ImportError, Warnings};
use crate::export::vital::controls;

/// Largest preset that is read, bytes: real ones have up to 4 MB, and three full wavetables with a long stereo sample
/// stay below this.
pub const MAX_PRESET_BYTES: usize = 48_000_000;

/// How many modulation slots a preset has.
pub const SLOTS: usize = 64;

/// What the `vita` package writes for a version, whatever wrote the file.
const NO_VERSION: &str = "99999.9.9";

/// The newest minor version of Vital 1 whose files were looked at.
const NEWEST_MINOR: u32 = 5;

/// A modulation slot; its amount and bend are controls.
#[derive(Debug, Clone, Default)]
pub struct Slot {
    /// Its number in the file, from 1.
    pub number: usize,
    pub source: String,
    pub destination: String,
    /// A drawn bend.
    pub map: Option<Value>,
    pub amount: f64,
    pub power: f64,
    pub bipolar: bool,
    pub stereo: bool,
    pub bypass: bool,
}

/// A preset, every value of its type; numbers are as they stand, in range or not.
#[derive(Debug, Clone)]
pub struct Preset {
    pub author: String,
    pub comments: String,
    pub macro_names: [String; 4],
    pub name: String,
    pub style: String,
    /// Every number of `settings`, those we do not know too.
    pub numbers: BTreeMap<String, f64>,
    pub lfos: Vec<Value>,
    pub slots: Vec<Slot>,
    pub sample: Option<Value>,
    pub wavetables: Vec<Value>,
    /// What else stands in `settings`.
    pub others: Map<String, Value>,
}

impl Preset {
    /// Reads a file.
    pub fn read(bytes: &[u8], warnings: &mut Warnings) -> Result<Self, ImportError> {
        if bytes.starts_with(b"PK") {
            return Err(ImportError::Bank);
        }
        if bytes.len() > MAX_PRESET_BYTES {
            return Err(ImportError::TooLarge(bytes.len()));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| ImportError::NotJson(error.to_string()))?;
        let mut faults = Faults::new();
        let Value::Object(mut top) = value else {
            faults.push("", "must be an object");
            return Err(ImportError::NotPreset(faults));
        };
        if top.contains_key("synth_target") && top.contains_key("modules") {
            return Err(ImportError::OwnPatch);
        }
        check_version(top.get("synth_version"), &mut faults, warnings)?;
        let mut text = |key: &str| take_text(&mut top, key, &mut faults);
        let author = text("author");
        let comments = text("comments");
        let macro_names = [1, 2, 3, 4].map(|n| text(&format!("macro{n}")));
        let name = text("preset_name");
        let style = text("preset_style");
        let settings = match top.remove("settings") {
            Some(Value::Object(settings)) => settings,
            Some(_) => {
                faults.push("/settings", "must be an object");
                Map::new()
            }
            None => {
                faults.push("/settings", "missing");
                Map::new()
            }
        };
        let known = |key: &String| controls::control(key).is_some() || key == "sample" || key == "wavetables";
        if faults.is_empty() && !settings.keys().any(known) {
            faults.push("/settings", "holds no control of Vital");
        }
        if !faults.is_empty() {
            return Err(ImportError::NotPreset(faults));
        }
        let mut preset = Self {
            author,
            comments,
            macro_names,
            name,
            style,
            numbers: BTreeMap::new(),
            lfos: Vec::new(),
            slots: Vec::new(),
            sample: None,
            wavetables: Vec::new(),
            others: Map::new(),
        };
        preset.take_settings(settings, &mut faults, warnings);
        if faults.is_empty() {
            Ok(preset)
        } else {
            Err(ImportError::NotPreset(faults))
        }
    }

    fn take_settings(&mut self, settings: Map<String, Value>, faults: &mut Faults, warnings: &mut Warnings) {
        let mut modulations = Vec::new();
        for (key, value) in settings {
            let at = format!("/settings/{key}");
            match (key.as_str(), value) {
                ("lfos", value) => self.lfos = objects(value, &at, faults),
                ("modulations", value) => modulations = objects(value, &at, faults),
                ("wavetables", value) => self.wavetables = objects(value, &at, faults),
                ("sample", value @ Value::Object(_)) => self.sample = Some(value),
                ("sample", _) => faults.push(at, "must be an object"),
                (_, Value::Number(number)) => {
                    self.numbers.insert(key, number.as_f64().unwrap_or(f64::NAN));
                }
                (name, value) if controls::control(name).is_some() => {
                    faults.push(at, format!("must be a number, is {}", kind_of(&value)));
                }
                (_, value) => {
                    self.others.insert(key, value);
                }
            }
        }
        if modulations.len() > SLOTS {
            warnings.add(
                "modulations",
                format!(
                    "there are {}, and those after the 64th are left out, as in Vital",
                    modulations.len()
                ),
            );
            modulations.truncate(SLOTS);
        }
        for (index, modulation) in modulations.into_iter().enumerate() {
            self.take_slot(index, modulation, faults);
        }
    }

    fn take_slot(&mut self, index: usize, modulation: Value, faults: &mut Faults) {
        let mut text = |key: &str| match modulation.get(key) {
            Some(Value::String(text)) => text.clone(),
            None => String::new(),
            Some(other) => {
                faults.push(
                    format!("/settings/modulations/{index}/{key}"),
                    format!("must be a string, is {}", kind_of(other)),
                );
                String::new()
            }
        };
        let (source, destination) = (text("source"), text("destination"));
        if source.is_empty() || destination.is_empty() {
            return;
        }
        let number = index + 1;
        let control = |what: &str| self.number(&format!("modulation_{number}_{what}"));
        self.slots.push(Slot {
            number,
            source,
            destination,
            map: modulation
                .get("line_mapping")
                .filter(|map| !map.is_null())
                .cloned(),
            amount: control("amount"),
            power: control("power"),
            bipolar: control("bipolar") >= 0.5,
            stereo: control("stereo") >= 0.5,
            bypass: control("bypass") >= 0.5,
        });
    }

    /// The value of a control as it stands in the file, or Vital's default; 0 where there is no such control.
    pub fn number(&self, name: &str) -> f64 {
        self.numbers
            .get(name)
            .copied()
            .or_else(|| controls::control(name).map(|control| control.default))
            .unwrap_or(0.0)
    }

    /// Whether a switch stands on.
    pub fn is_on(&self, name: &str) -> bool {
        self.number(name) >= 0.5
    }
}

/// Vital opens files of its own major.minor version or older.
fn check_version(
    version: Option<&Value>,
    faults: &mut Faults,
    warnings: &mut Warnings,
) -> Result<(), ImportError> {
    let Some(version) = version else {
        faults.push("/synth_version", "missing");
        return Ok(());
    };
    let Some(text) = version.as_str() else {
        faults.push(
            "/synth_version",
            format!("must be a string, is {}", kind_of(version)),
        );
        return Ok(());
    };
    if text == NO_VERSION {
        return Ok(());
    }
    let mut numbers = text.split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        faults.push("/synth_version", "must be a version such as 1.0.7");
        return Ok(());
    };
    if major >= 2 {
        return Err(ImportError::TooNew(text.chars().take(32).collect()));
    }
    if major == 1 && minor > NEWEST_MINOR {
        warnings.add(
            "synth_version",
            format!("written by Vital {text}; what came after 1.{NEWEST_MINOR} is not known here"),
        );
    }
    if major == 0 {
        warnings.add(
            "synth_version",
            format!(
                "written by Vital {text}, before 1.0; Vital itself changes such files when it opens them"
            ),
        );
    }
    Ok(())
}

fn take_text(top: &mut Map<String, Value>, key: &str, faults: &mut Faults) -> String {
    match top.remove(key) {
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => String::new(),
        Some(other) => {
            faults.push(
                format!("/{key}"),
                format!("must be a string, is {}", kind_of(&other)),
            );
            String::new()
        }
    }
}

/// The objects of a list.
fn objects(value: Value, at: &str, faults: &mut Faults) -> Vec<Value> {
    let Value::Array(items) = value else {
        faults.push(at, format!("must be a list, is {}", kind_of(&value)));
        return Vec::new();
    };
    for (index, item) in items.iter().enumerate() {
        if !item.is_object() {
            faults.push(
                format!("{at}/{index}"),
                format!("must be an object, is {}", kind_of(item)),
            );
        }
    }
    items
}

/// The type of a value, in words.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
