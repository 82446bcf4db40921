//! The differences between two JSON values, for people.

use serde_json::Value;

use crate::schema::push_segment;

/// The most characters of a value in a difference.
const LONGEST: usize = 80;

/// The most characters before the first that differs.
const BEFORE: usize = 20;

/// Returns one line for each difference: the JSON pointer, the recorded value and the new value.
pub(super) fn differences(recorded: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare(recorded, found, "", &mut lines);
    lines
}

fn compare(recorded: &Value, found: &Value, pointer: &str, lines: &mut Vec<String>) {
    let child = |segment: &str| {
        let mut pointer = pointer.to_owned();
        push_segment(&mut pointer, segment);
        pointer
    };
    match (recorded, found) {
        _ if recorded == found => {}
        (Value::Object(recorded), Value::Object(found)) => {
            for (name, value) in recorded {
                match found.get(name) {
                    Some(found) => compare(value, found, &child(name), lines),
                    None => lines.push(format!(
                        "{}: recorded {}, not in the request",
                        child(name),
                        short(value)
                    )),
                }
            }
            for (name, value) in found.iter().filter(|(name, _)| !recorded.contains_key(*name)) {
                lines.push(format!("{}: not recorded, found {}", child(name), short(value)));
            }
        }
        (Value::Array(recorded), Value::Array(found)) => {
            for (index, (value, found)) in recorded.iter().zip(found).enumerate() {
                compare(value, found, &child(&index.to_string()), lines);
            }
            for (index, value) in recorded.iter().enumerate().skip(found.len()) {
                let place = child(&index.to_string());
                lines.push(format!("{place}: recorded {}, not in the request", short(value)));
            }
            for (index, value) in found.iter().enumerate().skip(recorded.len()) {
                let place = child(&index.to_string());
                lines.push(format!("{place}: not recorded, found {}", short(value)));
            }
        }
        (Value::String(recorded), Value::String(found)) => {
            let same = recorded.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
            let from = same.saturating_sub(BEFORE);
            let (recorded, found) = (excerpt(recorded, from), excerpt(found, from));
            lines.push(format!("{pointer}: recorded {recorded}, found {found}"));
        }
        _ => lines.push(format!("{pointer}: recorded {}, found {}", short(recorded), short(found))),
    }
}

/// Returns a value as JSON, cut off.
fn short(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

/// Returns a piece of a text in quotation marks, from this character on.
fn excerpt(text: &str, from: usize) -> String {
    let piece: String = text.chars().skip(from).take(LONGEST).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if text.chars().count() > from + LONGEST { "…" } else { "" };
    format!("{before}{piece:?}{after}")
}
