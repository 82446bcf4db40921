//! Decides which differences between an invalid value and the accepted one are allowed.

use serde_json::Value;

/// Returns whether two values are equal as JSON: 1 equals 1.0.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    equal_except(left, right, &|_, _| false)
}

/// Returns whether all differences are conversions that the reader may make: a scalar without loss,
/// a value to a list of one, null or a text for null to an absent member, or an object around the
/// whole value under its `name`.
pub(super) fn is_allowed(written: &Value, accepted: &Value, name: &str) -> bool {
    if let Value::Object(members) = written {
        let mut named = members.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let content = named.next().filter(|_| members.len() == 1);
        if content.is_some_and(|(_, content)| equal_except(content, accepted, &is_small)) {
            return true;
        }
    }
    equal_except(written, accepted, &|written, accepted| match accepted {
        Some(Value::Array(items)) if items.len() == 1 && !written.is_array() => {
            equal_except(written, &items[0], &is_small)
        }
        accepted => is_small(written, accepted),
    })
}

/// Returns whether all differences are members that were null and became absent.
pub(super) fn is_absence(written: &Value, accepted: &Value) -> bool {
    equal_except(written, accepted, &|written, accepted| written.is_null() && accepted.is_none())
}

/// Returns whether two values are equal except where `allowed` holds. `allowed` receives both
/// values at a pointer, and `None` for a member that the right value lacks.
fn equal_except(
    left: &Value,
    right: &Value,
    allowed: &dyn Fn(&Value, Option<&Value>) -> bool,
) -> bool {
    let equal = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_except(a, b, allowed))
        }
        (Value::Object(a), Value::Object(b)) => {
            b.keys().all(|key| a.contains_key(key))
                && a.iter().all(|(key, a)| match b.get(key) {
                    Some(b) => equal_except(a, b, allowed),
                    None => allowed(a, None),
                })
        }
        (a, b) => a == b,
    };
    equal || allowed(left, Some(right))
}

/// Returns whether one value converts to the other without a change of structure.
fn is_small(written: &Value, accepted: Option<&Value>) -> bool {
    match (written, accepted) {
        (Value::Null, None) => true,
        (Value::String(text), None | Some(Value::Null)) => {
            let words = ["", "-", "n/a", "none", "null", "unknown"];
            words.contains(&text.trim().to_lowercase().as_str())
        }
        (Value::String(text), Some(Value::Number(number)))
        | (Value::Number(number), Some(Value::String(text))) => {
            text.trim().parse::<f64>().is_ok_and(|parsed| Some(parsed) == number.as_f64())
        }
        (Value::String(text), Some(Value::Bool(flag))) => {
            let words = if *flag { ["true", "yes", "1"] } else { ["false", "no", "0"] };
            words.contains(&text.trim().to_lowercase().as_str())
        }
        (Value::Bool(flag), Some(Value::String(text))) => *text == flag.to_string(),
        (Value::Number(number), Some(Value::Bool(flag))) => {
            number.as_u64() == Some(u64::from(*flag))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_lists_of_one_and_absence_are_distinguished_from_other_values() {
        assert!(same(&json!({"a": [1]}), &json!({"a": [1.0]})));
        assert!(!same(&json!({"a": null}), &json!({})));
        assert!(is_absence(&json!({"a": null, "b": 1}), &json!({"b": 1})));
        assert!(!is_absence(&json!({"a": 0}), &json!({})));
        for (written, accepted) in [
            (json!({"n": "10"}), json!({"n": 10})),
            (json!({"n": 10}), json!({"n": "10"})),
            (json!([true]), json!(["true"])),
            (json!({"a": "x"}), json!({"a": ["x"]})),
            (json!({"a": 1}), json!({"a": ["1"]})),
            (json!({"a": "N/A", "b": 1}), json!({"b": true})),
            (json!({"name": 1}), json!("1")),
        ] {
            assert!(is_allowed(&written, &accepted, "name"), "{written} => {accepted}");
        }
        for (written, accepted) in [
            (json!({"n": "ten"}), json!({"n": 10})),
            (json!({"a": {"b": 1}}), json!({"a": "{\"b\":1}"})),
            (json!({"a": [1, 2]}), json!({"a": 1})),
            (json!({"a": 1, "b": 2}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 1, "b": null})),
            (json!({"a": 1}), json!({"a": [["1"]]})),
            (json!({"other": 1}), json!("1")),
            (json!({"a": "x"}), json!({})),
            (json!({"a": 2}), json!({"a": true})),
        ] {
            assert!(!is_allowed(&written, &accepted, "name"), "{written} => {accepted}");
        }
    }
}
