//! Fields that an object of a JSON text has twice. Readers of JSON differ in which of the two they take, so that what one
//! program checked is not what another one does: such a text is refused whole. Not concerned with what the fields are.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::form;

/// A field that is there twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Doubled {
    /// The place of the field, a JSON Pointer.
    pub pointer: String,
    /// The line where it comes again, from 1.
    pub line: usize,
    /// The column there, from 1.
    pub column: usize,
}

/// The first field that comes again, in a text that is JSON.
#[must_use]
pub fn first(text: &[u8]) -> Option<Doubled> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let error = Place {
        at: "",
        found: &mut found,
    }
    .deserialize(&mut reader)
    .err()?;
    found.map(|pointer| Doubled {
        pointer,
        line: error.line(),
        column: error.column(),
    })
}

/// A value at a place; `found` becomes the place of the field that is there twice.
struct Place<'a> {
    at: &'a str,
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        loop {
            let at = format!("{}/{index}", self.at);
            let item = Place {
                at: &at,
                found: &mut *self.found,
            };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut known = std::collections::HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            let at = format!("{}{}", self.at, form::pointer(&name));
            if !known.insert(name) {
                *self.found = Some(at);
                return Err(A::Error::custom("given twice"));
            }
            fields.next_value_seed(Place {
                at: &at,
                found: &mut *self.found,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_comes_again_is_found_at_every_level() {
        for (text, pointer) in [
            (r#"{"a": 1, "a": 1}"#, "/a"),
            (r#"{"a": {"b": 1, "c": 2, "b": null}}"#, "/a/b"),
            (r#"[0, {"a": [{"x": 1}, {"x": 1, "x": 2}]}]"#, "/1/a/1/x"),
            ("{\"a\": 1, \"\\u0061\": 2}", "/a"),
            (r#"{"a/b": 1, "a/b": 2}"#, "/a~1b"),
            (r#"{"": 1, "": 2}"#, "/"),
        ] {
            assert_eq!(first(text.as_bytes()).unwrap().pointer, pointer, "{text}");
        }
        let again = first(b"{\"a\": 1,\n \"a\": 2}").unwrap();
        assert_eq!(again.line, 2);
        assert!((4..=5).contains(&again.column), "{again:?}");
    }

    #[test]
    fn the_same_name_in_different_objects_is_no_fault() {
        for text in [
            r#"{"a": {"a": [{"a": 1}, {"a": true}]}, "b": {"a": -1.5, "c": "a"}}"#,
            "[1, 1, [], {}, null]",
            "\"x\"",
        ] {
            assert_eq!(first(text.as_bytes()), None, "{text}");
        }
    }
}
