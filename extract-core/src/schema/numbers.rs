//! Numbers that may be written as strings: decimals, whose schema allows a string or a number, and
//! integers of 128 bits, which JSON numbers do not preserve. JSON Schema applies bounds to numbers
//! only. The validator therefore gets two more keywords, which are never sent to models.

use std::cmp::Ordering;
use std::fmt::Display;

use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::{Map, Value};

use super::Kinds;
use super::decimal::Decimal;
use super::tree::Tree;
use super::written::WrittenId;

/// With this keyword, the bounds beside it also apply to numbers that are written as strings.
const IN_TEXT: &str = "x-extract-bounds-in-text";

/// An integer as a JSON number or as a string of digits. The value holds the format and the bounds of
/// the integer.
const WIDE: &str = "x-extract-wide-integer";

/// The most references that are followed to find the values that a schema allows.
const FOLLOWED: usize = 16;

/// The result of compiling a keyword.
type CompiledKeyword<'a> = Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>>;

/// Adds the two keywords to a validator.
pub(super) fn with_keywords(options: ValidationOptions<'_>) -> ValidationOptions<'_> {
    options
        .with_keyword(IN_TEXT, |parent: &Map<String, Value>, _: &Value, _| -> CompiledKeyword<'_> {
            Ok(Box::new(TextBounds(bounds(parent))))
        })
        .with_keyword(WIDE, |_: &Map<String, Value>, meant: &Value, _| -> CompiledKeyword<'_> {
            let nothing = Map::new();
            Ok(Box::new(WideInteger::new(meant.as_object().unwrap_or(&nothing))))
        })
}

/// The entry in [`WIDE`] for whether null is also allowed.
const NULLABLE: &str = "nullable";

const U128_MAX: &str = "340282366920938463463374607431768211455";
const I128_MAX: &str = "170141183460469231731687303715884105727";
const I128_MIN: &str = "-170141183460469231731687303715884105728";

/// Adds the two keywords to one schema of a document, if they apply. For a schema of other than 128-bit
/// integers, `in_text` returns whether its numbers may be written as strings.
pub(super) fn expand_number_formats(members: &mut Map<String, Value>, in_text: impl Fn() -> bool) {
    if let Some(nullable) = is_integer(members).filter(|_| is_wide(members)) {
        let mut meant = Map::new();
        for keyword in BOUNDS.iter().map(|(keyword, _)| *keyword).chain(["format"]) {
            meant.extend(members.shift_remove(keyword).map(|value| (keyword.to_owned(), value)));
        }
        members.shift_remove("type");
        meant.insert(NULLABLE.to_owned(), nullable.into());
        members.insert(WIDE.to_owned(), meant.into());
    } else if !bounds(members).is_empty() && in_text() {
        members.insert(IN_TEXT.to_owned(), true.into());
    }
}

/// Returns whether the format is that of an integer of 128 bits.
fn is_wide(schema: &Map<String, Value>) -> bool {
    let format = schema.get("format").and_then(Value::as_str);
    matches!(format, Some("int128" | "uint128"))
}

/// Returns whether null is allowed, if a schema allows nothing but integers and null. Otherwise returns
/// `None`.
fn is_integer(members: &Map<String, Value>) -> Option<bool> {
    match members.get("type")? {
        Value::String(name) => (name == "integer").then_some(false),
        Value::Array(names) => {
            let fits = |name: &Value| name == "integer" || name == "null";
            let nullable = names.iter().any(|name| name == "null");
            (names.iter().all(fits) && names.iter().any(|name| name == "integer"))
                .then_some(nullable)
        }
        _ => None,
    }
}

/// Returns whether the numbers of a schema may be written as strings. This holds for integers of 128
/// bits. It also holds for schemas of strings and numbers whose pattern matches digits and no letters.
pub(super) fn takes_text(tree: &Tree, id: WrittenId) -> bool {
    reaches_text(tree, id, FOLLOWED)
}

/// Like [`takes_text`], following at most `left` references and alternatives.
fn reaches_text(tree: &Tree, id: WrittenId, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else { return false };
    let schema = tree.written(id);
    let text = |keyword: &str| schema.constraints.get(keyword).and_then(Value::as_str);
    if let Some(kinds) = schema.kinds {
        if kinds.without(Kinds::NULL) == Kinds::INTEGER {
            return matches!(text("format"), Some("int128" | "uint128"));
        }
        let is_both = kinds.has(Kinds::STRING) && kinds.has(Kinds::INTEGER);
        return is_both && text("pattern").is_some_and(is_of_numbers);
    }
    if let Some(reference) = schema.reference {
        return reaches_text(tree, reference, left);
    }
    // A string of any other branch would not be a number, so all branches except null must agree.
    let mut alternatives =
        schema.unions().flat_map(|(_, branches)| branches.iter().copied()).peekable();
    if alternatives.peek().is_some() {
        let is_null = |id: &WrittenId| tree.written(*id).kinds == Some(Kinds::NULL);
        return alternatives.filter(|id| !is_null(id)).all(|id| reaches_text(tree, id, left));
    }
    schema.all.iter().any(|&id| reaches_text(tree, id, left))
}

/// Returns whether a pattern matches digits, but neither a word nor the empty text.
fn is_of_numbers(pattern: &str) -> bool {
    let schema = serde_json::json!({ "pattern": pattern });
    let Ok(validator) = jsonschema::options().offline().build(&schema) else { return false };
    let takes = |text: &str| validator.is_valid(&text.into());
    takes("1") && takes("25") && !takes("") && !takes("word") && !takes("x1y")
}

/// The kind of a bound on a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Least,
    Most,
    Above,
    Below,
    Multiple,
}

/// A bound, its number, and the number as the schema writes it.
type WrittenBound = (Bound, Decimal, String);

/// The keywords that bound a number.
const BOUNDS: [(&str, Bound); 5] = [
    ("minimum", Bound::Least),
    ("maximum", Bound::Most),
    ("exclusiveMinimum", Bound::Above),
    ("exclusiveMaximum", Bound::Below),
    ("multipleOf", Bound::Multiple),
];

/// Returns the bounds of a schema.
fn bounds(schema: &Map<String, Value>) -> Vec<WrittenBound> {
    let read = |(keyword, bound): (&str, Bound)| {
        let written = schema.get(keyword).filter(|value| value.is_number())?.to_string();
        Some((bound, Decimal::parse(&written)?, written))
    };
    BOUNDS.into_iter().filter_map(read).collect()
}

impl Bound {
    /// Returns whether a number meets this bound.
    fn holds(self, number: &Decimal, limit: &Decimal) -> bool {
        match self {
            Self::Least => number.cmp(limit) != Ordering::Less,
            Self::Most => number.cmp(limit) != Ordering::Greater,
            Self::Above => number > limit,
            Self::Below => number < limit,
            Self::Multiple => number.is_multiple_of(limit),
        }
    }

    /// Returns the expectation for an error, such as `at least 1`.
    pub(crate) fn describe(self, limit: impl Display) -> String {
        match self {
            Self::Least => format!("at least {limit}"),
            Self::Most => format!("at most {limit}"),
            Self::Above => format!("more than {limit}"),
            Self::Below => format!("less than {limit}"),
            Self::Multiple => format!("a multiple of {limit}"),
        }
    }

    /// Returns the expectation for a number of things, such as `at most 3 elements`.
    pub(crate) fn describe_count(self, count: u64, noun: &str) -> String {
        let plural = if count == 1 { "" } else { "s" };
        self.describe(format_args!("{count} {noun}{plural}"))
    }
}

/// Returns the bounds that a number violates.
fn broken<'a>(
    bounds: &'a [WrittenBound],
    number: &'a Decimal,
) -> impl Iterator<Item = &'a WrittenBound> {
    bounds.iter().filter(|(bound, limit, _)| !bound.holds(number, limit))
}

/// Returns one error for every bound that a number violates.
fn errors(bounds: &[WrittenBound], number: &Decimal) -> Vec<ValidationError<'static>> {
    let found = broken(bounds, number);
    found.map(|(bound, _, written)| ValidationError::custom(bound.describe(written))).collect()
}

/// Checks the bounds of numbers that are written as strings. The pattern checks strings that are no
/// numbers.
struct TextBounds(Vec<WrittenBound>);

impl<'i> Keyword<'i> for TextBounds {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        self.iter_errors(instance).next().map_or(Ok(()), Err)
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let number = instance.as_str().and_then(Decimal::parse);
        number.is_none_or(|number| broken(&self.0, &number).next().is_none())
    }

    fn iter_errors(
        &self,
        instance: &'i Value,
    ) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let number = instance.as_str().and_then(Decimal::parse);
        let found = number.map(|number| errors(&self.0, &number)).unwrap_or_default();
        Box::new(found.into_iter())
    }
}

/// Checks an integer of 128 bits that is written as a number or as a string of digits.
struct WideInteger {
    bounds: Vec<WrittenBound>,
    nullable: bool,
}

impl WideInteger {
    /// Reads the value of [`WIDE`]. A side without a bound gets the limit of the format.
    fn new(meant: &Map<String, Value>) -> Self {
        let mut bounds = bounds(meant);
        let is_unsigned = meant.get("format").is_some_and(|format| format == "uint128");
        let [least, most] = if is_unsigned { ["0", U128_MAX] } else { [I128_MIN, I128_MAX] };
        let mut hold = |bound, exclusive, limit: &str| {
            if !bounds.iter().any(|(known, ..)| *known == bound || *known == exclusive) {
                bounds.extend(Decimal::parse(limit).map(|at| (bound, at, limit.to_owned())));
            }
        };
        hold(Bound::Least, Bound::Above, least);
        hold(Bound::Most, Bound::Below, most);
        Self { bounds, nullable: meant.get(NULLABLE) == Some(&Value::Bool(true)) }
    }

    /// Returns the integer that a value holds, as a number or as a string.
    fn number(instance: &Value) -> Option<Decimal> {
        match instance {
            Value::Number(number) => {
                Decimal::parse(&number.to_string()).filter(Decimal::is_integer)
            }
            Value::String(text) => is_whole(text).then(|| Decimal::parse(text)).flatten(),
            _ => None,
        }
    }
}

/// Returns whether a text consists of decimal digits, with an optional `-` in front.
pub(crate) fn is_whole(text: &str) -> bool {
    let figures = text.strip_prefix('-').unwrap_or(text);
    !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit())
}

impl<'i> Keyword<'i> for WideInteger {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        self.iter_errors(instance).next().map_or(Ok(()), Err)
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match Self::number(instance) {
            Some(number) => broken(&self.bounds, &number).next().is_none(),
            None => self.nullable && instance.is_null(),
        }
    }

    fn iter_errors(
        &self,
        instance: &'i Value,
    ) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let found = match Self::number(instance) {
            Some(number) => errors(&self.bounds, &number),
            None if self.nullable && instance.is_null() => Vec::new(),
            None if self.nullable => vec![ValidationError::custom("an integer or null")],
            None => vec![ValidationError::custom("an integer")],
        };
        Box::new(found.into_iter())
    }
}
