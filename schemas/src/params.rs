//! The whole parameter table, one entry for every parameter of every slot, and the way from pointers to it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::patch::fx::{Fx, FxType};
use crate::patch::voicing::Voicing;
use crate::patch::{Envelope, Filter, Lfo, Osc, PatchSpec, RandomSource, SampleOsc};
use crate::table::{Kind, Law, Module, Row};

/// A parameter's place in the table, and in every array of raw values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(pub u16);

impl ParamId {
    /// Its place as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &table()[self.index()]
    }
}

struct Table {
    rows: Vec<Row>,
    by_path: BTreeMap<String, ParamId>,
    ranges: Vec<Option<ParamId>>,
}

fn built() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut rows = Vec::new();
        for i in 0..3 {
            Osc::rows(
                &format!("/modules/osc/{i}"),
                &format!("osc_{}_", i + 1),
                &mut rows,
            );
        }
        SampleOsc::rows("/modules/sample", "sample_", &mut rows);
        for i in 0..2 {
            Filter::rows(
                &format!("/modules/filter/{i}"),
                &format!("filter_{}_", i + 1),
                &mut rows,
            );
        }
        for i in 0..6 {
            Envelope::rows(
                &format!("/modules/env/{i}"),
                &format!("env_{}_", i + 1),
                &mut rows,
            );
        }
        for i in 0..8 {
            Lfo::rows(
                &format!("/modules/lfo/{i}"),
                &format!("lfo_{}_", i + 1),
                &mut rows,
            );
        }
        for i in 0..4 {
            RandomSource::rows(
                &format!("/modules/random/{i}"),
                &format!("random_{}_", i + 1),
                &mut rows,
            );
        }
        for kind in FxType::ALL {
            Fx::rows(*kind, &mut rows);
        }
        Voicing::rows("/modules/voicing", "", &mut rows);
        let by_path: BTreeMap<String, ParamId> = rows
            .iter()
            .enumerate()
            .map(|(i, row)| (row.path.clone(), ParamId(i as u16)))
            .collect();
        let ranges = rows
            .iter()
            .map(|row| match row.law {
                Law::Detune => by_path
                    .get(&row.path.replace("detune_cents", "detune_range_st"))
                    .copied(),
                _ => None,
            })
            .collect();
        Table {
            rows,
            by_path,
            ranges,
        }
    })
}

/// Every row, in the order of [`ParamId`].
#[must_use]
pub fn table() -> &'static [Row] {
    &built().rows
}

/// The parameter of a canonical path (effects by type: `/modules/fx/reverb/mix`).
#[must_use]
pub fn id(path: &str) -> Option<ParamId> {
    built().by_path.get(path).copied()
}

/// The value of a parameter as a number: choices by index, flags 0 or 1.
fn number(row: &Row, value: &Value) -> Option<f64> {
    match row.kind {
        Kind::Continuous | Kind::Integer => value.as_f64(),
        Kind::Choice(names) => value
            .as_str()
            .and_then(|s| names.iter().position(|n| *n == s))
            .map(|i| i as f64),
        Kind::Flag => value.as_bool().map(f64::from),
    }
}

impl PatchSpec {
    /// The canonical path of one of this patch's own pointers: effects by type instead of place.
    #[must_use]
    pub fn canonical_path(&self, pointer: &str) -> Option<String> {
        let Some(rest) = pointer.strip_prefix("/modules/fx/") else {
            return Some(pointer.to_owned());
        };
        let (place, rest) = rest.split_once('/')?;
        if place.is_empty()
            || !place.bytes().all(|b| b.is_ascii_digit())
            || (place.len() > 1 && place.starts_with('0'))
        {
            return None;
        }
        let fx = self.modules.fx.get(place.parse::<usize>().ok()?)?;
        Some(format!("/modules/fx/{}/{rest}", fx.kind()))
    }

    /// The pointer into this patch of a canonical path.
    #[must_use]
    pub fn pointer(&self, path: &str) -> Option<String> {
        let Some(rest) = path.strip_prefix("/modules/fx/") else {
            return Some(path.to_owned());
        };
        let (kind, rest) = rest.split_once('/')?;
        let place = self.fx_place(FxType::from_name(kind)?)?;
        Some(format!("/modules/fx/{place}/{rest}"))
    }

    /// Where in the chain the effect of that kind stands.
    #[must_use]
    pub fn fx_place(&self, kind: FxType) -> Option<usize> {
        self.modules.fx.iter().position(|fx| fx.kind() == kind)
    }

    /// The parameter that one of this patch's pointers names.
    #[must_use]
    pub fn param_id(&self, pointer: &str) -> Option<ParamId> {
        id(&self.canonical_path(pointer)?)
    }

    /// Every parameter in engineering units by [`ParamId`]; choices by index, flags 0 or 1.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        let value = self.to_value();
        let places: BTreeMap<&str, usize> = self
            .modules
            .fx
            .iter()
            .enumerate()
            .map(|(i, fx)| (fx.kind().name(), i))
            .collect();
        table()
            .iter()
            .map(|row| {
                let mut node = &value;
                let segments = row.path[1..].split('/');
                let mut last = "";
                for segment in segments {
                    node = match (last, node) {
                        ("fx", Value::Array(items)) => places
                            .get(segment)
                            .and_then(|i| items.get(*i))
                            .unwrap_or(&Value::Null),
                        (_, Value::Array(items)) => segment
                            .parse::<usize>()
                            .ok()
                            .and_then(|i| items.get(i))
                            .unwrap_or(&Value::Null),
                        (_, node) => node.get(segment).unwrap_or(&Value::Null),
                    };
                    last = segment;
                }
                number(row, node).unwrap_or(row.default)
            })
            .collect()
    }

    /// Every parameter as Vital's raw value by [`ParamId`], clamped to the raw range.
    #[must_use]
    pub fn raw_values(&self) -> Vec<f32> {
        let values = self.values();
        let table = built();
        table
            .rows
            .iter()
            .zip(&values)
            .zip(&table.ranges)
            .map(|((row, value), range)| {
                let range_st = range.map_or(2.0, |id| values[id.index()]);
                row.law
                    .to_raw(*value, range_st)
                    .clamp(row.raw_min(), row.raw_max()) as f32
            })
            .collect()
    }

    /// The number behind a pointer (choices by index, flags 0 or 1).
    #[must_use]
    pub fn get(&self, pointer: &str) -> Option<f64> {
        let id = self.param_id(pointer)?;
        number(id.row(), self.to_value().pointer(pointer)?)
    }

    /// Sets the parameter behind a pointer, clamped and rounded as its row says. False where there is none.
    pub fn set(&mut self, pointer: &str, value: f64) -> bool {
        let Some(id) = self.param_id(pointer) else {
            return false;
        };
        let row = id.row();
        let value = row.clamp(value);
        let json = match row.kind {
            Kind::Continuous => Value::from(value),
            Kind::Integer => Value::from(value as i64),
            Kind::Choice(names) => Value::from(names[value as usize]),
            Kind::Flag => Value::from(value >= 0.5),
        };
        let mut document = self.to_value();
        let Some(slot) = document.pointer_mut(pointer) else {
            return false;
        };
        *slot = json;
        match serde_json::from_value(document) {
            Ok(patch) => {
                *self = patch;
                true
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_pointer_into_the_default_patch_and_holds_its_default() {
        let patch = PatchSpec::default();
        let values = patch.values();
        for (row, value) in table().iter().zip(values) {
            let pointer = patch.pointer(&row.path).expect("a pointer");
            let json = patch.to_value();
            let node = json
                .pointer(&pointer)
                .unwrap_or_else(|| panic!("{pointer} dangles"));
            assert!(number(row, node).is_some(), "{pointer} is of another type");
            if row.path != "/modules/osc/0/enabled" {
                assert_eq!(value, row.default, "{}", row.path);
            }
            assert!(row.min <= row.default && row.default <= row.max, "{}", row.path);
            for bound in [row.min, row.max, row.default] {
                assert_eq!(
                    crate::canonical::quantise(bound),
                    bound,
                    "{}: not in canonical form",
                    row.path
                );
            }
        }
    }

    #[test]
    fn every_leaf_of_a_patch_is_a_row_or_a_declared_datum() {
        fn leaves(value: &Value, path: String, out: &mut Vec<String>) {
            match value {
                Value::Object(map) => map
                    .iter()
                    .for_each(|(k, v)| leaves(v, format!("{path}/{k}"), out)),
                Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .for_each(|(i, v)| leaves(v, format!("{path}/{i}"), out)),
                _ => out.push(path),
            }
        }
        let patch = PatchSpec::default();
        let mut found = Vec::new();
        leaves(&patch.to_value()["modules"], "/modules".to_owned(), &mut found);
        for pointer in found {
            let datum = ["/wavetable/name", "/asset", "/type"]
                .iter()
                .any(|end| pointer.ends_with(end))
                || pointer.contains("/points/");
            assert!(
                datum || patch.param_id(&pointer).is_some(),
                "{pointer} is in no row"
            );
        }
    }

    #[test]
    fn raw_values_go_there_and_back() {
        for row in table() {
            if row.kind != Kind::Continuous || row.law == Law::Detune {
                continue;
            }
            for part in [0.0, 0.1, 0.5, 0.9, 1.0] {
                let raw = row.raw_min() + part * row.raw_range();
                let value = row.law.from_raw(raw, 2.0);
                let again = row.law.to_raw(value.max(row.min), 2.0);
                assert!(
                    (again - raw).abs() < 1e-6 * row.raw_range().max(1.0),
                    "{}: {raw} came back as {again}",
                    row.path
                );
            }
        }
    }

    #[test]
    fn a_set_value_is_clamped_and_read_back() {
        let mut patch = PatchSpec::default();
        assert!(patch.set("/modules/filter/0/cutoff_hz", 1e9));
        assert_eq!(patch.get("/modules/filter/0/cutoff_hz"), Some(21096.163762));
        let reverb = patch
            .pointer("/modules/fx/reverb/enabled")
            .expect("reverb is there");
        assert!(patch.set(&reverb, 1.0));
        assert_eq!(patch.get(&reverb), Some(1.0));
        assert!(!patch.set("/modules/osc/7/level", 0.5));
    }
}
