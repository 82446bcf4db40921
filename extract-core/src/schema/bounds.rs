//! The bounds of values: of numbers, and of the length of strings and lists.

use serde_json::Value;

use super::Plain;

/// The bounds of a number; infinite if absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The least number allowed.
    pub(crate) min: f64,
    /// The greatest number allowed.
    pub(crate) max: f64,
    /// All allowed numbers are greater than this.
    pub(crate) above: f64,
    /// All allowed numbers are less than this.
    pub(crate) below: f64,
}

impl Bounds {
    /// Returns whether a number is within all bounds.
    pub(crate) fn hold(&self, value: f64) -> bool {
        value >= self.min && value <= self.max && value > self.above && value < self.below
    }
}

/// The bounds of a length, both included: 0 and `usize::MAX` if absent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Lengths {
    /// Returns whether a length is within the bounds.
    pub(crate) fn hold(&self, length: usize) -> bool {
        (self.min..=self.max).contains(&length)
    }

    /// Returns whether every length is allowed.
    pub(crate) fn free(&self) -> bool {
        self.min == 0 && self.max == usize::MAX
    }
}

impl Plain {
    /// Returns the bounds of a number.
    pub(crate) fn bounds(&self) -> Bounds {
        let get = |keyword, none| self.number(keyword).unwrap_or(none);
        Bounds {
            min: get("minimum", f64::NEG_INFINITY),
            max: get("maximum", f64::INFINITY),
            above: get("exclusiveMinimum", f64::NEG_INFINITY),
            below: get("exclusiveMaximum", f64::INFINITY),
        }
    }

    /// Returns the bounds of the length of a string, in characters.
    pub(crate) fn text_lengths(&self) -> Lengths {
        self.lengths("minLength", "maxLength")
    }

    /// Returns the bounds of the number of elements of a list.
    pub(crate) fn list_lengths(&self) -> Lengths {
        self.lengths("minItems", "maxItems")
    }

    /// Returns the bounds of the number of members of an object.
    pub(crate) fn member_counts(&self) -> Lengths {
        self.lengths("minProperties", "maxProperties")
    }

    /// Returns the least and the greatest integer within the bounds of a number; `None` where it has none.
    pub(crate) fn integers(&self) -> [Option<i128>; 2] {
        let bound = |keyword, round| integer(self.constraints.get(keyword)?, round);
        let above = bound("exclusiveMinimum", f64::floor as fn(f64) -> f64).map(|least| least + 1);
        let below = bound("exclusiveMaximum", f64::ceil).map(|most| most - 1);
        [
            bound("minimum", f64::ceil).into_iter().chain(above).max(),
            bound("maximum", f64::floor).into_iter().chain(below).min(),
        ]
    }

    /// Returns the number of which all allowed numbers are multiples.
    pub(crate) fn step(&self) -> Option<f64> {
        self.number("multipleOf").filter(|step| *step > 0.0)
    }

    /// Returns whether no element of a list may be there twice.
    pub(crate) fn is_unique(&self) -> bool {
        self.constraints.get("uniqueItems") == Some(&Value::Bool(true))
    }

    /// Returns the encoding of bytes in a string.
    pub(crate) fn encoding(&self) -> Option<&str> {
        self.text("contentEncoding")
    }

    /// Reads a pair of keywords for the least and the greatest length.
    fn lengths(&self, min: &str, max: &str) -> Lengths {
        let get = |keyword, none| {
            self.count(keyword).map_or(none, |count| usize::try_from(count).unwrap_or(usize::MAX))
        };
        Lengths { min: get(min, 0), max: get(max, usize::MAX) }
    }

    /// Returns whether the format is that of an integer of 128 bits.
    pub(crate) fn is_wide(&self) -> bool {
        matches!(self.text("format"), Some("int128" | "uint128"))
    }
}

/// Returns a number as an integer. `round` is for a number with a fraction.
pub(crate) fn integer(value: &Value, round: impl Fn(f64) -> f64) -> Option<i128> {
    let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    whole.or_else(|| value.as_f64().map(|value| round(value) as i128))
}
