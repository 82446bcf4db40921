//! Whether two values without fields inside are equal, by the schema of their place and the rules.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::moment::Moment;
use super::place::Place;
use super::rules::{Compare, TextRule, Tolerance};
use crate::schema::json_equal;

/// Returns whether two values of a field are equal.
pub(super) fn is_equal(
    rules: &Compare,
    place: &Place<'_>,
    field: &str,
    expected: &Value,
    given: &Value,
) -> bool {
    if let Some(tolerance) = rules.tolerance_of(field) {
        if let (Some(expected), Some(given)) = (number(expected), number(given)) {
            return is_within(tolerance, expected, given);
        }
    }
    match (expected, given) {
        (Value::String(expected), Value::String(given)) if !place.is_label() => {
            is_equal_text(rules.text_rule(field), place, expected, given)
        }
        _ => json_equal(expected, given),
    }
}

/// Returns a number, or the number that a text is.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Returns whether two numbers are close enough. The rounding of their last digit does not count.
fn is_within(tolerance: Tolerance, expected: f64, given: f64) -> bool {
    let most = match tolerance {
        Tolerance::Absolute(most) => most,
        Tolerance::Relative(share) => share * expected.abs(),
    };
    let rounding = 4.0 * f64::EPSILON * expected.abs().max(given.abs());
    (expected - given).abs() <= most + rounding
}

fn is_equal_text(rule: Option<TextRule>, place: &Place<'_>, expected: &str, given: &str) -> bool {
    if expected == given {
        return true;
    }
    let default = if place.keeps_case() { TextRule::Case } else { TextRule::Folded };
    match rule {
        Some(TextRule::Exact) => return false,
        Some(TextRule::Case | TextRule::Folded) => {}
        None => {
            if let (Some(expected), Some(given)) = (moment(place, expected), moment(place, given)) {
                return expected == given;
            }
        }
    }
    let is_folded = rule.unwrap_or(default) == TextRule::Folded;
    folded(expected, is_folded) == folded(given, is_folded)
}

/// Returns the moment that a text of this place is. `None` if the place has no such format.
fn moment<'v>(place: &Place<'_>, text: &'v str) -> Option<Moment<'v>> {
    match place.format() {
        Some("date-time") => Moment::date_time(text),
        Some("time") => Moment::time(text),
        _ => None,
    }
}

/// Returns a text with single spaces, in NFC, and in lower case if the case does not count.
fn folded(text: &str, is_lower: bool) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if is_lower { text.to_lowercase().nfc().collect() } else { text.nfc().collect() }
}
