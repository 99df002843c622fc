//! The parameter table's rows and the macro that declares a module: one line a parameter, from which come the Rust
//! field, its default, its JSON Schema and its [`Row`]. A parameter that is not declared so does not exist.

use serde_json::{Value, json};

/// What has a JSON Schema.
pub trait Described {
    /// Its JSON Schema (draft 2020-12).
    fn schema() -> Value;
}

/// What can be declared as a module of a patch.
pub trait Module: Described {
    /// Adds the module's rows below `path` (`/modules/osc/0`); `vital` is the prefix of its controls (`osc_1_`).
    fn rows(path: &str, vital: &str, rows: &mut Vec<Row>);
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any number between the bounds.
    Continuous,
    /// A whole number between the bounds.
    Integer,
    /// One word of a closed list; its raw value is the word's index.
    Choice(&'static [&'static str]),
    /// On or off.
    Flag,
}

/// How an engineering value becomes the raw value of Vital's control, on which modulation acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// raw = value.
    Linear,
    /// raw = value / 100 (cents to ±1).
    Hundredth,
    /// raw = value^¼ (seconds of an envelope).
    Quartic,
    /// raw = log2 value (hertz of an LFO, seconds of glide and reverb).
    Exponential,
    /// raw = −log2 value (seconds of a delay).
    InverseExponential,
    /// raw = log2(value / 1000) (milliseconds of chorus delays).
    ExponentialMs,
    /// raw = 69 + 12·log2(value / 440) (hertz of a filter to MIDI notes).
    Note,
    /// raw = (value + 80)² (decibels of the master).
    Volume,
    /// raw = √(value / detune_range_st) (cents of the outermost unison voice); needs its neighbour.
    Detune,
}

impl Law {
    /// The raw value; `range_st` matters for [`Law::Detune`] only.
    #[must_use]
    pub fn to_raw(self, value: f64, range_st: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Hundredth => value / 100.0,
            Self::Quartic => value.max(0.0).sqrt().sqrt(),
            Self::Exponential => libm::log2(value.max(1e-9)),
            Self::InverseExponential => -libm::log2(value.max(1e-9)),
            Self::ExponentialMs => libm::log2(value.max(1e-9) / 1000.0),
            Self::Note => 69.0 + 12.0 * libm::log2(value.max(1e-9) / 440.0),
            Self::Volume => (value + 80.0) * (value + 80.0),
            Self::Detune => (value.max(0.0) / range_st.max(1e-9)).sqrt(),
        }
    }

    /// The engineering value of a raw one.
    #[must_use]
    pub fn from_raw(self, raw: f64, range_st: f64) -> f64 {
        match self {
            Self::Linear => raw,
            Self::Hundredth => raw * 100.0,
            Self::Quartic => raw * raw * raw * raw,
            Self::Exponential => libm::exp2(raw),
            Self::InverseExponential => libm::exp2(-raw),
            Self::ExponentialMs => 1000.0 * libm::exp2(raw),
            Self::Note => 440.0 * libm::exp2((raw - 69.0) / 12.0),
            Self::Volume => raw.max(0.0).sqrt() - 80.0,
            Self::Detune => raw * raw * range_st,
        }
    }
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Canonical path: as a patch's pointer, but effects are named by type (`/modules/fx/reverb/mix`).
    pub path: String,
    /// What values it takes.
    pub kind: Kind,
    /// Unit of the value, empty for none.
    pub unit: &'static str,
    /// Least value (choices: least index).
    pub min: f64,
    /// Greatest value (choices: greatest index).
    pub max: f64,
    /// Value of a new patch (choices: index; flags: 0 or 1).
    pub default: f64,
    /// Law to the raw value.
    pub law: Law,
    /// Whether a route or macro may aim at it.
    pub modulatable: bool,
    /// Its name for people.
    pub label: &'static str,
    /// What it does to the sound, one sentence.
    pub effect: &'static str,
    /// Vital's control, empty where Vital has none.
    pub vital: String,
}

impl Row {
    /// Least raw value.
    #[must_use]
    pub fn raw_min(&self) -> f64 {
        match self.law {
            Law::InverseExponential => self.law.to_raw(self.max, 2.0),
            Law::Exponential if self.min <= 0.0 => -10.0,
            Law::Detune => 0.0,
            law => law.to_raw(self.min, 2.0),
        }
    }

    /// Greatest raw value.
    #[must_use]
    pub fn raw_max(&self) -> f64 {
        match self.law {
            Law::InverseExponential => self.law.to_raw(self.min, 2.0),
            Law::Detune => 10.0,
            law => law.to_raw(self.max, 2.0),
        }
    }

    /// The width of the raw range, by which modulation amounts are scaled.
    #[must_use]
    pub fn raw_range(&self) -> f64 {
        self.raw_max() - self.raw_min()
    }

    /// `value` inside the bounds, rounded as its kind and the canonical form ask.
    #[must_use]
    pub fn clamp(&self, value: f64) -> f64 {
        let value = if value.is_finite() {
            value.clamp(self.min, self.max)
        } else {
            self.default
        };
        match self.kind {
            Kind::Continuous => crate::canonical::quantise(value),
            Kind::Integer | Kind::Choice(_) | Kind::Flag => value.round_ties_even(),
        }
    }

    /// The JSON Schema of its value.
    #[must_use]
    pub fn schema(&self) -> Value {
        let unit = if self.unit.is_empty() {
            String::new()
        } else {
            format!(" Unit: {}.", self.unit)
        };
        let description = format!("{}: {}{unit}", self.label, self.effect);
        match self.kind {
            Kind::Continuous => {
                json!({ "type": "number", "minimum": self.min, "maximum": self.max, "default": self.default, "description": description })
            }
            Kind::Integer => {
                json!({ "type": "integer", "minimum": self.min as i64, "maximum": self.max as i64, "default": self.default as i64, "description": description })
            }
            Kind::Choice(names) => {
                let (low, high) = (self.min as usize, self.max as usize);
                json!({ "enum": names[low..=high], "default": names[self.default as usize], "description": description })
            }
            Kind::Flag => {
                json!({ "type": "boolean", "default": self.default != 0.0, "description": description })
            }
        }
    }
}

/// Declares a module of a patch. A line is
/// `field: kind(…) "control" "label" "what it does";` with the kinds
/// `flag(default)`, `real(min, max, default, "unit", Law, modulatable)`, `int(min, max, default, "unit", modulatable)`,
/// `choice(Type::Default)`, `choice_in(Type::Default, Type::Least, Type::Greatest)`, `group(Module)`, `data(Type)`.
/// `control` is the end of Vital's control name after the module's prefix; empty where Vital has none.
macro_rules! module {
    ($(#[$meta:meta])* $name:ident { $($field:ident : $kind:ident ( $($args:tt)* ) $vital:literal $label:literal $effect:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $(#[doc = $effect] pub $field: crate::table::module!(@type $kind $($args)*),)* }

        impl Default for $name {
            fn default() -> Self { Self { $($field: crate::table::module!(@default $kind $($args)*),)* } }
        }

        impl crate::table::Described for $name {
            fn schema() -> serde_json::Value {
                let mut properties = serde_json::Map::new();
                $(properties.insert(stringify!($field).to_owned(), crate::table::module!(@schema $kind ($label, $effect) $($args)*));)*
                let required: Vec<String> = properties.keys().cloned().collect();
                serde_json::json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
            }
        }

        impl crate::table::Module for $name {
            fn rows(path: &str, vital: &str, rows: &mut Vec<crate::table::Row>) {
                $(crate::table::module!(@rows $kind path, vital, rows, $field, $vital, $label, $effect; $($args)*);)*
                let _ = (path, vital, rows);
            }
        }
    };

    (@type flag $($rest:tt)*) => { bool };
    (@type real $($rest:tt)*) => { f64 };
    (@type int $($rest:tt)*) => { i64 };
    (@type choice $type:ident :: $default:ident) => { $type };
    (@type choice_in $type:ident :: $($rest:tt)*) => { $type };
    (@type group $type:ident) => { $type };
    (@type data $type:ty) => { $type };

    (@default flag $default:literal) => { $default };
    (@default real $min:expr, $max:expr, $default:expr, $unit:literal, $law:ident, $mod:literal) => { $default };
    (@default int $min:expr, $max:expr, $default:expr, $unit:literal, $mod:literal) => { $default };
    (@default choice $type:ident :: $default:ident) => { $type::$default };
    (@default choice_in $type:ident :: $default:ident, $($rest:tt)*) => { $type::$default };
    (@default group $type:ident) => { $type::default() };
    (@default data $type:ty) => { <$type>::default() };

    (@schema group ($label:literal, $effect:literal) $type:ident) => { <$type as crate::table::Described>::schema() };
    (@schema data ($label:literal, $effect:literal) $type:ty) => { <$type as crate::table::Described>::schema() };
    (@schema $kind:ident ($label:literal, $effect:literal) $($args:tt)*) => {
        crate::table::module!(@row $kind (String::new()) (String::new()) ($label, $effect) $($args)*).schema()
    };

    (@rows group $path:ident, $prefix:ident, $rows:ident, $field:ident, $vital:literal, $label:literal, $effect:literal; $type:ident) => {
        <$type as crate::table::Module>::rows(&format!("{}/{}", $path, stringify!($field)), &format!("{}{}", $prefix, $vital), $rows);
    };
    (@rows data $path:ident, $prefix:ident, $rows:ident, $field:ident, $vital:literal, $label:literal, $effect:literal; $type:ty) => {};
    (@rows $kind:ident $path:ident, $prefix:ident, $rows:ident, $field:ident, $vital:literal, $label:literal, $effect:literal; $($args:tt)*) => {
        $rows.push(crate::table::module!(@row $kind
            (format!("{}/{}", $path, stringify!($field)))
            (if $vital.is_empty() { String::new() } else { format!("{}{}", $prefix, $vital) })
            ($label, $effect) $($args)*));
    };

    (@row flag ($path:expr) ($vital:expr) ($label:literal, $effect:literal) $default:literal) => {
        crate::table::Row { path: $path, kind: crate::table::Kind::Flag, unit: "", min: 0.0, max: 1.0,
            default: if $default { 1.0 } else { 0.0 }, law: crate::table::Law::Linear, modulatable: false,
            label: $label, effect: $effect, vital: $vital }
    };
    (@row real ($path:expr) ($vital:expr) ($label:literal, $effect:literal) $min:expr, $max:expr, $default:expr, $unit:literal, $law:ident, $mod:literal) => {
        crate::table::Row { path: $path, kind: crate::table::Kind::Continuous, unit: $unit, min: $min, max: $max,
            default: $default, law: crate::table::Law::$law, modulatable: $mod, label: $label, effect: $effect, vital: $vital }
    };
    (@row int ($path:expr) ($vital:expr) ($label:literal, $effect:literal) $min:expr, $max:expr, $default:expr, $unit:literal, $mod:literal) => {
        crate::table::Row { path: $path, kind: crate::table::Kind::Integer, unit: $unit, min: $min as f64, max: $max as f64,
            default: $default as f64, law: crate::table::Law::Linear, modulatable: $mod, label: $label, effect: $effect, vital: $vital }
    };
    (@row choice ($path:expr) ($vital:expr) ($label:literal, $effect:literal) $type:ident :: $default:ident) => {
        crate::table::Row { path: $path, kind: crate::table::Kind::Choice($type::NAMES), unit: "", min: 0.0,
            max: ($type::NAMES.len() - 1) as f64, default: $type::$default.index() as f64, law: crate::table::Law::Linear,
            modulatable: false, label: $label, effect: $effect, vital: $vital }
    };
    (@row choice_in ($path:expr) ($vital:expr) ($label:literal, $effect:literal) $type:ident :: $default:ident, $low:ident, $high:ident) => {
        crate::table::Row { path: $path, kind: crate::table::Kind::Choice($type::NAMES), unit: "", min: $type::$low.index() as f64,
            max: $type::$high.index() as f64, default: $type::$default.index() as f64, law: crate::table::Law::Linear,
            modulatable: false, label: $label, effect: $effect, vital: $vital }
    };
}
pub(crate) use module;
