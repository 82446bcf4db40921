//! Reads the lists of violations that validators such as pydantic put into error bodies:
//! `[{"loc": ["body", "seed"], "msg": "…", "type": "…", "input": …}]`.
//!
//! The field `input` repeats the request and is left out.

use serde_json::Value;

/// The maximum number of violations in a message.
const MAX_VIOLATIONS: usize = 5;

/// A list of violations as one error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violations {
    /// The violations as text: `response_format.type: Input should be 'text' (literal_error)`.
    pub(super) message: String,
    /// The path of the first violation, such as `response_format.type`. It may be empty.
    pub(super) field: String,
}

impl Violations {
    /// Reads a list of violations, or an object that holds one under `detail`. `None` for other values.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let list = value.as_array().or_else(|| value.get("detail")?.as_array())?;
        let mut texts = Vec::new();
        let mut field = None;
        for violation in list.iter().take(MAX_VIOLATIONS) {
            let path = path(violation.get("loc")?.as_array()?);
            let text = |key: &str| violation.get(key).and_then(Value::as_str);
            let mut message = text("msg").unwrap_or("invalid").to_owned();
            if let Some(kind) = text("type") {
                message += &format!(" ({kind})");
            }
            texts.push(if path.is_empty() { message } else { format!("{path}: {message}") });
            field.get_or_insert(path);
        }
        if list.len() > MAX_VIOLATIONS {
            texts.push(format!("and {} more", list.len() - MAX_VIOLATIONS));
        }
        Some(Self { message: texts.join("; "), field: field? })
    }
}

/// Joins a location to a path. `body` in front is left out: it is in front of every field.
fn path(location: &[Value]) -> String {
    let mut names: Vec<String> = location
        .iter()
        .map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned))
        .collect();
    if names.first().is_some_and(|name| name == "body") {
        names.remove(0);
    }
    names.join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn violations_are_read_without_the_request_that_they_repeat() {
        let one = json!({"type": "literal_error", "loc": ["body", "response_format", "type"],
            "msg": "Input should be 'text'", "input": {"secret": "the whole request"}});
        let expected = Violations {
            message: "response_format.type: Input should be 'text' (literal_error)".into(),
            field: "response_format.type".into(),
        };
        assert_eq!(Violations::read(&json!([one])), Some(expected));
        assert_eq!(Violations::read(&json!({"detail": [one]})), Violations::read(&json!([one])));
        let many = Violations::read(&json!(vec![one; 7])).unwrap();
        assert!(many.message.ends_with("; and 2 more"), "{}", many.message);
        let indexed = json!([{"loc": ["body", "tools", 0, "strict"], "msg": "no"}]);
        assert_eq!(Violations::read(&indexed).unwrap().message, "tools.0.strict: no");
        for other in [json!([]), json!("text"), json!([{"msg": "m"}]), json!({"detail": "text"})] {
            assert_eq!(Violations::read(&other), None, "{other}");
        }
    }
}
