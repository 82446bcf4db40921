//! Numbers within bounds.

use fastrand::Rng;
use serde_json::{Number, Value};

use crate::schema::{Plain, integer_bound, validator};

/// The size of the range from which a number is taken.
const SPAN: i128 = 1000;

/// Returns an integer within the bounds; `None` if there is none.
pub(super) fn integer(plain: &Plain, rng: &mut Rng) -> Option<Value> {
    let format = plain.text("format").and_then(validator::bounds);
    let (of_format_min, of_format_max) = format.unzip();
    let [least, most] = plain.integers();
    let mins = [
        least,
        of_format_min.and_then(|bound| integer_bound(&bound, f64::ceil)),
        plain.text("format").filter(|format| *format == "uint128").map(|_| 0),
    ];
    let maxs = [most, of_format_max.and_then(|bound| integer_bound(&bound, f64::floor))];
    let min = mins.into_iter().flatten().max();
    let max = maxs.into_iter().flatten().min();
    let (low, high) = window(min, max);
    let step = plain.step().unwrap_or(1.0);
    // A step with a fraction has integers among its multiples.
    let step = (1..=SPAN).find_map(|factor| whole(step * as_f64(factor)))?.max(1);
    let first = low.div_euclid(step) + i128::from(low.rem_euclid(step) != 0);
    let last = high.div_euclid(step);
    // Steps may be wider than the window around zero.
    let last =
        if last < first { max.unwrap_or(i128::MAX).div_euclid(step).min(first) } else { last };
    if last < first {
        return None;
    }
    let value = rng.i128(first..=last).checked_mul(step)?;
    let number = i64::try_from(value).map(Number::from);
    Some(Value::Number(number.ok().or_else(|| u64::try_from(value).ok().map(Number::from))?))
}

/// Returns a number within the bounds; `None` if there is none.
pub(super) fn number(plain: &Plain, rng: &mut Rng) -> Option<Value> {
    if let Some(step) = plain.step() {
        return multiple(plain, step, rng);
    }
    let bounds = plain.bounds();
    let low = bounds.min.max(bounds.above);
    let high = bounds.max.min(bounds.below);
    let span = as_f64(SPAN);
    let (low, high) = match (low.is_finite(), high.is_finite()) {
        (true, true) => (low, high),
        (true, false) => (low, low + span),
        (false, true) => (high - span, high),
        (false, false) => (0.0, span),
    };
    // Two digits behind the point, if such a number is within the bounds.
    let raw = low + (high - low) * rng.f64();
    let candidates = [(raw * 100.0).round() / 100.0, raw, low + (high - low) / 2.0, low, high];
    let value = candidates.into_iter().find(|value| bounds.hold(*value))?;
    Number::from_f64(value).map(Value::Number)
}

/// Returns a multiple of the step within the bounds; `None` if none is found.
fn multiple(plain: &Plain, step: f64, rng: &mut Rng) -> Option<Value> {
    let bounds = plain.bounds();
    let low = bounds.min.max(bounds.above);
    let high = bounds.max.min(bounds.below);
    let first =
        if low.is_finite() { (low / step).ceil() } else { (high / step).min(0.0).floor() - 100.0 };
    let first = if low.is_finite() || high.is_finite() { first } else { 0.0 };
    for _ in 0..100 {
        let count = first + as_f64(rng.i128(0..=100));
        // A step such as 0.01 is not exact, its inverse is.
        let inverse = (1.0 / step).round();
        let is_inverse = inverse > 1.0 && (inverse * step - 1.0).abs() < 1e-9;
        let value = if is_inverse { count / inverse } else { count * step };
        if bounds.hold(value) {
            return Number::from_f64(value).map(Value::Number);
        }
    }
    None
}

/// Returns the range from which an integer is taken: near zero if the bounds allow it.
fn window(min: Option<i128>, max: Option<i128>) -> (i128, i128) {
    match (min, max) {
        (None, None) => (0, SPAN),
        (Some(min), None) => (min.max(0), min.max(0) + SPAN),
        (None, Some(max)) => (max.min(SPAN) - SPAN, max.min(SPAN)),
        (Some(min), Some(max)) => {
            let low =
                if min <= 0 && max >= 0 { 0 } else { min.max(max.min(0).saturating_sub(SPAN)) };
            (low, max.min(low.saturating_add(SPAN)))
        }
    }
}

/// Returns a number without a fraction; `None` for another.
fn whole(value: f64) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let whole = value.round() as i128;
    ((value - value.round()).abs() < 1e-9).then_some(whole)
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn as_f64(value: i128) -> f64 {
    value as f64
}
