//! Exact decimal numbers, compared digit by digit. No number type rounds them, and the number of digits
//! is not limited.

use std::cmp::Ordering;

/// The largest exponent that is read. No number type of this crate holds a number with a larger one.
const LARGEST_EXPONENT: i64 = 100_000;

/// A decimal number: its sign, its digits without zeros at either end, and the position of the point.
///
/// Its value is `0.DIGITS * 10^point`. Zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Parses `-12`, `0.50`, `1.5e-3`. Returns `None` if the text is no number in the notation of JSON
    /// or Rust, or if the exponent is beyond ±100,000.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        if exponent.abs() > LARGEST_EXPONENT {
            return None;
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        let leading = all.iter().take_while(|digit| **digit == 0).count();
        let trailing = all[leading..].iter().rev().take_while(|digit| **digit == 0).count();
        let digits = all[leading..all.len() - trailing].to_vec();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, point: 0 });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()? + exponent;
        Some(Self { negative, digits, point })
    }

    /// Returns whether the number is a multiple of `step`. Returns true without a test for zero, and
    /// for steps that need more than 36 digits.
    pub(crate) fn is_multiple_of(&self, step: &Self) -> bool {
        if self.digits.is_empty() || step.digits.is_empty() {
            return true;
        }
        // Both as integers in the unit of the finer one.
        let unit = self.unit().min(step.unit());
        let zeros = |number: &Self| usize::try_from(number.unit() - unit).unwrap_or(usize::MAX);
        let (own, others) = (zeros(self), zeros(step));
        if step.digits.len().saturating_add(others) > 36 {
            return true;
        }
        let digits = step.digits.iter().copied().chain(std::iter::repeat_n(0, others));
        let step = digits.fold(0_u128, |all, digit| all * 10 + u128::from(digit));
        let digits = self.digits.iter().copied().chain(std::iter::repeat_n(0, own));
        digits.fold(0_u128, |rest, digit| (rest * 10 + u128::from(digit)) % step) == 0
    }

    /// Returns whether the number has no fraction.
    pub(crate) fn is_integer(&self) -> bool {
        self.digits.is_empty() || self.unit() >= 0
    }

    /// Returns the power of ten of the last digit.
    fn unit(&self) -> i64 {
        self.point.saturating_sub(i64::try_from(self.digits.len()).unwrap_or(i64::MAX))
    }

    /// Compares the absolute values.
    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn numbers_are_ordered_by_every_digit() {
        let ascending = [
            "-340282366920938463463374607431768211456",
            "-340282366920938463463374607431768211455",
            "-1e30",
            "-1.5",
            "-1.05",
            "-0.1",
            "0",
            "1e-9",
            "0.1000000000000000055511151231257827",
            "0.2",
            "9.99",
            "10",
            "100.00000000000000000001",
            "12e1",
        ];
        let mut sorted: Vec<Decimal> = ascending.iter().rev().map(|text| exact(text)).collect();
        sorted.sort();
        let expected: Vec<Decimal> = ascending.iter().map(|text| exact(text)).collect();
        assert_eq!(sorted, expected);
        for (one, other) in [("0", "-0.00"), ("1.50", "15e-1"), ("+7", "007.0"), ("1e3", "1000")] {
            assert_eq!(exact(one), exact(other), "{one} and {other}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".", "e5", "1e", "1 2", "0x1", "1e999999999", "NaN", "1,5", "--1"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn multiples_are_counted_in_digits() {
        for (number, step, is) in [
            ("0.3", "0.1", true),
            ("0.35", "0.1", false),
            ("1e20", "3", false),
            ("300000000000000000000000000000000000000000000", "3", true),
            ("-12.50", "0.25", true),
            ("0", "7", true),
            ("7", "1e2", false),
            ("700", "1e2", true),
        ] {
            assert_eq!(exact(number).is_multiple_of(&exact(step)), is, "{number} of {step}");
        }
    }
}
