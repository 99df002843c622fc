//! Controls back into engineering values: each row of the parameter table reads its control by its law backwards.

use serde_json::{Value, json};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::params;
use songwalker_schemas::patch::fx::FxType;
use songwalker_schemas::patch::{Fx, MacroSlot, Modules, RoleId};
use songwalker_schemas::table::{Kind, Law, Row};

use super::Warnings;
use super::preset::Preset;
use crate::export::vital::controls;

/// How many orders nine effects have.
const ORDERS: f64 = 362_880.0;

/// A patch as a JSON document with every parameter of the preset.
pub fn document(preset: &Preset, warnings: &mut Warnings) -> Value {
    let patch = PatchSpec {
        engine_version: songwalker_engine::ENGINE_VERSION.to_owned(),
        modules: Modules {
            fx: order(preset, warnings).map(Fx::new),
            ..Modules::default()
        },
        macros: vec![MacroSlot::new(RoleId::Free); 8],
        ..PatchSpec::default()
    };
    let mut document = patch.to_value();
    for row in params::table().iter().filter(|row| !row.vital.is_empty()) {
        let raw = raw(preset, row, warnings);
        let value = written(row, raw, range_st(preset, row), warnings);
        if let Some(node) = patch
            .pointer(&row.path)
            .and_then(|pointer| document.pointer_mut(&pointer))
        {
            *node = value;
        }
    }
    document["modules"]["voicing"]["mode"] = json!(if preset.number("polyphony").round() <= 1.0 {
        "mono"
    } else {
        "poly"
    });
    document
}

/// The control's value, inside the control's range.
fn raw(preset: &Preset, row: &Row, warnings: &mut Warnings) -> f64 {
    let raw = preset.number(&row.vital);
    let Some(control) = controls::control(&row.vital) else {
        return raw;
    };
    let inside = if raw.is_nan() {
        control.default
    } else {
        raw.clamp(control.min, control.max)
    };
    // Single precision puts some defaults a hair outside.
    if !matches!(row.kind, Kind::Choice(_)) && (inside - raw).abs() > 1e-5 * control.range() {
        warnings.add(
            row.vital.as_str(),
            format!(
                "{raw} is outside {}..{}; {inside} stands in",
                control.min, control.max
            ),
        );
    }
    if matches!(row.kind, Kind::Choice(_)) {
        raw
    } else {
        inside
    }
}

/// The detune range of the oscillator that a detuning belongs to.
fn range_st(preset: &Preset, row: &Row) -> f64 {
    if row.law == Law::Detune {
        let control = row.vital.replace("unison_detune", "detune_range");
        songwalker_schemas::canonical::quantise(preset.number(&control).clamp(0.0, 48.0))
    } else {
        0.0
    }
}

/// A raw value as the patch writes it.
fn written(row: &Row, raw: f64, range_st: f64, warnings: &mut Warnings) -> Value {
    match row.kind {
        Kind::Continuous => {
            let none = row.law == Law::Exponential && row.min <= 0.0 && raw <= row.raw_min();
            let value = if none {
                0.0
            } else {
                row.law.from_raw(raw, range_st)
            };
            json!(row.clamp(value))
        }
        Kind::Integer => {
            let whole = raw.round_ties_even();
            if (whole - raw).abs() > 1e-3 {
                warnings.add(
                    row.vital.as_str(),
                    format!("{raw} is no whole number; {whole} stands in"),
                );
            }
            json!(row.clamp(whole) as i64)
        }
        Kind::Choice(names) => {
            let whole = raw.round_ties_even();
            let known = (row.min..=row.max).contains(&whole);
            let index = if known { whole } else { row.default } as usize;
            if !known {
                warnings.add(
                    row.vital.as_str(),
                    format!("there is no choice {raw}; {} stands in", names[index]),
                );
            }
            json!(names[index])
        }
        Kind::Flag => json!(raw >= 0.5),
    }
}

/// The order of the effects behind Vital's number: a mixed-radix count of inversions against its own order.
fn order(preset: &Preset, warnings: &mut Warnings) -> [FxType; 9] {
    let number = preset.number("effect_chain_order").round();
    let code = if (0.0..ORDERS).contains(&number) {
        number as u32
    } else {
        warnings.add(
            "effect_chain_order",
            format!("{number} is no order of nine effects; Vital's own stands in"),
        );
        0
    };
    decoded(code)
}

fn decoded(code: u32) -> [FxType; 9] {
    let mut left: Vec<FxType> = FxType::ALL.to_vec();
    let mut code = code;
    let mut order = [FxType::Chorus; 9];
    for i in (0..9_u32).rev() {
        let larger_before = code % (i + 1);
        code /= i + 1;
        order[i as usize] = left.remove((i - larger_before) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_order_is_read_back() {
        let measured = PatchSpec::default().modules.fx.each_ref().map(Fx::kind);
        assert_eq!(decoded(117_981), measured);
        assert_eq!(decoded(0).to_vec(), FxType::ALL);
    }
}
