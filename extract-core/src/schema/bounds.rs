//! Bounds of values: how large a number may be, how long a text or a list.

use super::Plain;

/// Bounds of a number; infinite where there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) above: f64,
    pub(crate) below: f64,
}

impl Bounds {
    pub(crate) fn hold(&self, value: f64) -> bool {
        value >= self.min && value <= self.max && value > self.above && value < self.below
    }
}

/// Bounds of a length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Lengths {
    pub(crate) fn hold(&self, length: usize) -> bool {
        (self.min..=self.max).contains(&length)
    }

    pub(crate) fn free(&self) -> bool {
        self.min == 0 && self.max == usize::MAX
    }
}

impl Plain {
    /// The bounds of a number.
    pub(crate) fn bounds(&self) -> Bounds {
        let get = |keyword, none| self.number(keyword).unwrap_or(none);
        Bounds {
            min: get("minimum", f64::NEG_INFINITY),
            max: get("maximum", f64::INFINITY),
            above: get("exclusiveMinimum", f64::NEG_INFINITY),
            below: get("exclusiveMaximum", f64::INFINITY),
        }
    }

    /// The bounds of the length of a text, in characters.
    pub(crate) fn text_lengths(&self) -> Lengths {
        self.lengths("minLength", "maxLength")
    }

    /// The bounds of the number of elements of a list.
    pub(crate) fn list_lengths(&self) -> Lengths {
        self.lengths("minItems", "maxItems")
    }

    fn lengths(&self, min: &str, max: &str) -> Lengths {
        let get = |keyword, none| {
            self.count(keyword).map_or(none, |count| usize::try_from(count).unwrap_or(usize::MAX))
        };
        Lengths { min: get(min, 0), max: get(max, usize::MAX) }
    }

    /// Whether an integer has 128 bits.
    pub(crate) fn is_wide(&self) -> bool {
        matches!(self.text("format"), Some("int128" | "uint128"))
    }
}
