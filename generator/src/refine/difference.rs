//! The JSON Patch (RFC 6902) from one document to another: values are replaced in place, lists grow and shrink at their
//! ends, so that no operation moves what a later one points to.

use serde_json::Value;
use songwalker_schemas::refinement::Operation;

/// The operations that turn `from` into `to`, in their order.
#[must_use]
pub fn between(from: &Value, to: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    walk(from, to, "", &mut operations);
    operations
}

fn walk(from: &Value, to: &Value, at: &str, operations: &mut Vec<Operation>) {
    match (from, to) {
        _ if from == to => {}
        (Value::Object(from), Value::Object(to)) => {
            for (key, was) in from {
                let path = format!("{at}/{}", escaped(key));
                match to.get(key) {
                    Some(is) => walk(was, is, &path, operations),
                    None => operations.push(Operation::Remove { path }),
                }
            }
            for (key, is) in to.iter().filter(|(key, _)| !from.contains_key(*key)) {
                operations.push(Operation::Add {
                    path: format!("{at}/{}", escaped(key)),
                    value: is.clone(),
                });
            }
        }
        (Value::Array(from), Value::Array(to)) => {
            for (place, (was, is)) in from.iter().zip(to).enumerate() {
                walk(was, is, &format!("{at}/{place}"), operations);
            }
            for place in (to.len()..from.len()).rev() {
                operations.push(Operation::Remove {
                    path: format!("{at}/{place}"),
                });
            }
            for (place, is) in to.iter().enumerate().skip(from.len()) {
                operations.push(Operation::Add {
                    path: format!("{at}/{place}"),
                    value: is.clone(),
                });
            }
        }
        _ => operations.push(Operation::Replace {
            path: at.to_owned(),
            value: to.clone(),
        }),
    }
}

/// A key as a part of a JSON Pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9i64..9).prop_map(Value::from),
            "[a-c/~]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-c/~]{1,2}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_operations_turn_the_one_into_the_other(from in document(), to in document()) {
            let operations = serde_json::to_value(between(&from, &to)).expect("JSON");
            let patch: json_patch::Patch = serde_json::from_value(operations).expect("RFC 6902");
            let mut patched = from;
            json_patch::patch(&mut patched, &patch).expect("applies");
            prop_assert_eq!(patched, to);
        }
    }

    #[test]
    fn what_is_the_same_takes_no_operation() {
        let document = json!({ "a": [1, { "b": null }] });
        assert!(between(&document, &document).is_empty());
    }
}
