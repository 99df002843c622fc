//! Canonical JSON (RFC 8785): the one form in which documents are hashed, compared and stored.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Rounds to six digits after the point, ties to even, without a negative zero.
#[must_use]
pub fn quantise(value: f64) -> f64 {
    let rounded = (value * 1e6).round_ties_even() / 1e6;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Rounds every number of a document by [`quantise`].
pub fn quantise_all(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(x) = number.as_f64() {
                let rounded = quantise(x);
                if rounded != x {
                    *value = Value::from(rounded);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(quantise_all),
        Value::Object(map) => map.values_mut().for_each(quantise_all),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The canonical text of a document: keys in order of their UTF-16 units, ECMAScript's numbers, no white space.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// The canonical bytes of anything that serialises, numbers rounded by [`quantise`].
///
/// # Errors
/// What `serde_json` refuses (maps whose keys are no strings).
pub fn to_bytes<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(value)?;
    quantise_all(&mut value);
    Ok(to_string(&value).into_bytes())
}

/// SHA-256 as lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => write_number(n, out),
        Value::String(s) => write_text(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// ECMAScript's Number::toString: shortest digits, exponents only from 1e21 and below 1e-6.
fn write_number(number: &serde_json::Number, out: &mut String) {
    if let Some(whole) = number.as_i64()
        && whole.unsigned_abs() <= crate::limits::MAX_SEED
    {
        out.push_str(&whole.to_string());
        return;
    }
    let x = number.as_f64().unwrap_or(0.0);
    if x == 0.0 {
        out.push('0');
        return;
    }
    if x < 0.0 {
        out.push('-');
    }
    let scientific = format!("{:e}", x.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let count = digits.len() as i32;
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    if count <= point && point <= 21 {
        out.push_str(&digits);
        out.extend(std::iter::repeat_n('0', (point - count) as usize));
    } else if 0 < point && point <= 21 {
        out.push_str(&digits[..point as usize]);
        out.push('.');
        out.push_str(&digits[point as usize..]);
    } else if -6 < point && point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-point) as usize));
        out.push_str(&digits);
    } else {
        out.push_str(&digits[..1]);
        if count > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        out.push_str(if point > 0 { "e+" } else { "e-" });
        out.push_str(&(point - 1).abs().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (333_333_333.333_333_3, "333333333.3333333"),
            (1e30, "1e+30"),
            (4.50, "4.5"),
            (2e-3, "0.002"),
            (1e-27, "1e-27"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (9007199254740994.0, "9007199254740994"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(to_string(&json!(x)), text, "{x}");
        }
    }

    #[test]
    fn keys_are_ordered_by_utf16_units_and_text_is_escaped_minimally() {
        let value = json!({ "\u{20ac}": 1, "\r": 2, "\u{1f600}": 3, "\u{fb33}": 4, "1": "a\u{8}\"\\\u{1}é" });
        assert_eq!(
            to_string(&value),
            "{\"\\r\":2,\"1\":\"a\\b\\\"\\\\\\u0001é\",\"\u{20ac}\":1,\"\u{1f600}\":3,\"\u{fb33}\":4}"
        );
    }

    #[test]
    fn rounding_is_to_even_at_six_digits_and_a_fixed_point() {
        assert_eq!(quantise(0.1234565), 0.123456);
        assert_eq!(quantise(-0.0000001).to_bits(), 0.0_f64.to_bits());
        for i in 0..10_000 {
            let x = f64::from(i) * 0.7310_913;
            assert_eq!(quantise(quantise(x)), quantise(x));
        }
    }
}
