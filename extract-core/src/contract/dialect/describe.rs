//! Constraints as English sentences, for the descriptions of dialects without the keywords. A sentence
//! is short and complete, and the same constraint always makes the same sentence.

use serde_json::{Map, Value};

use crate::schema::Bound;

/// The longest excerpt of JSON in a sentence, in bytes.
const EXCERPT: usize = 300;

/// Returns the sentences for a set of constraint keywords. A pair of bounds makes one sentence.
pub(super) fn constraint_sentences(constraints: &Map<String, Value>) -> Vec<String> {
    let mut text = Vec::new();
    let get = |keyword: &str| constraints.get(keyword);
    text.extend(bounds(get("minimum"), get("maximum"), ""));
    for (keyword, bound) in [
        ("exclusiveMinimum", Bound::Above),
        ("exclusiveMaximum", Bound::Below),
        ("multipleOf", Bound::Multiple),
    ] {
        text.extend(get(keyword).map(|limit| sentence(&bound.describe(limit))));
    }
    for (least, most, unit) in [
        ("minLength", "maxLength", " character"),
        ("minItems", "maxItems", " item"),
        ("minProperties", "maxProperties", " member"),
    ] {
        text.extend(bounds(get(least), get(most), unit));
    }
    for (keyword, value) in constraints {
        let sentence = match (keyword.as_str(), value) {
            ("format", Value::String(format)) => format!("Format: {format}."),
            ("pattern", Value::String(pattern)) => format!("Pattern: `{pattern}`."),
            ("uniqueItems", _) => "No duplicates.".to_owned(),
            ("const", value) => format!("Always {}.", excerpt(value)),
            ("enum", Value::Array(values)) => format!("One of: {}.", list(values)),
            ("not", Value::Object(inner)) if inner.len() == 1 && inner.contains_key("const") => {
                format!("Not {}.", excerpt(&inner["const"]))
            }
            ("contentEncoding", Value::String(encoding)) => format!("Encoded as {encoding}."),
            ("contentMediaType", Value::String(media)) => format!("Content type: {media}."),
            ("propertyNames", value) => {
                format!("Each key fits the JSON Schema {}.", excerpt(value))
            }
            (keyword, value) if !HANDLED_ABOVE.contains(&keyword) => {
                format!("JSON Schema {keyword}: {}.", excerpt(value))
            }
            _ => continue,
        };
        text.push(sentence);
    }
    text
}

/// The keywords that get no general sentence.
const HANDLED_ABOVE: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
    "format",
];

/// Returns the sentence for a pair of bounds; `None` without either.
fn bounds(least: Option<&Value>, most: Option<&Value>, unit: &str) -> Option<String> {
    let plural = |count: &Value| if unit.is_empty() || *count == 1 { "" } else { "s" };
    let counted = |count: &Value| format!("{count}{unit}{}", plural(count));
    Some(match (least, most) {
        (Some(least), Some(most)) if least == most => format!("Exactly {}.", counted(least)),
        (Some(least), Some(most)) => format!("Between {least} and {}.", counted(most)),
        (Some(least), None) => sentence(&Bound::Least.describe(counted(least))),
        (None, Some(most)) => sentence(&Bound::Most.describe(counted(most))),
        (None, None) => return None,
    })
}

/// Returns a phrase as a sentence: with a capital letter and a full stop.
fn sentence(phrase: &str) -> String {
    let mut chars = phrase.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

/// Returns values as JSON, separated by commas and cut at the longest excerpt.
pub(super) fn list(values: &[Value]) -> String {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&value.to_string());
        if text.len() > EXCERPT {
            return cut(text);
        }
    }
    text
}

/// Returns a value as JSON, cut at the longest excerpt.
pub(super) fn excerpt(value: &Value) -> String {
    cut(value.to_string())
}

/// Cuts a text at the longest excerpt and appends an ellipsis.
fn cut(mut text: String) -> String {
    if text.len() > EXCERPT {
        let end = (0..=EXCERPT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Appends sentences to a description. Returns `None` if the result is empty.
pub(super) fn joined(description: Option<String>, sentences: &[String]) -> Option<String> {
    let mut text = description.unwrap_or_default();
    for sentence in sentences {
        if !text.is_empty() {
            if !text.ends_with(['.', '!', '?', ':', ';']) {
                text.push('.');
            }
            text.push(' ');
        }
        text.push_str(sentence);
    }
    if text.is_empty() { None } else { Some(text) }
}
