//! Writes the constraints of `#[extract(range(..))]` and similar attributes into a field's schema.
//! Knows JSON Schema, but no Rust type and no macro. The derive applies a constraint as a schemars
//! transform.
//!
//! schemars has such attributes too, but drops one silently if the schema does not have the expected
//! type. For example, the schema of a newtype field is a `$ref`, and that of a list is an array. A
//! constraint that is not in the schema is not enforced. Here it is either written or recorded as
//! misplaced.

use schemars::Schema;
use schemars::transform::Transform;
use serde_json::Value;

use super::decimal::Decimal;

/// The keyword under which [`Constraint`] lists the constraints that do not apply to the field's type.
/// A schema with this keyword is refused before anything is sent.
pub(crate) const MISPLACED: &str = "x-misplaced";

/// One constraint of a field: the keywords to write into its schema, and the types that they apply to.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Constraint {
    word: &'static str,
    depth: usize,
    keywords: Vec<Keyword>,
}

/// A keyword to write, its value, and the types that it applies to.
#[derive(Debug, Clone)]
struct Keyword {
    types: &'static [&'static str],
    name: &'static str,
    value: Value,
}

/// The types of numbers.
const NUMBER: &[&str] = &["number", "integer"];
/// The type of strings.
const STRING: &[&str] = &["string"];

impl Constraint {
    fn new(word: &'static str) -> Self {
        Self { word, depth: 0, keywords: Vec::new() }
    }

    /// Adds a keyword to write.
    fn keyword(
        mut self,
        types: &'static [&'static str],
        name: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        self.keywords.push(Keyword { types, name, value: value.into() });
        self
    }

    /// Starts `range(..)`: bounds of a number.
    pub fn range() -> Self {
        Self::new("range")
    }

    /// Adds the least number allowed.
    pub fn minimum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "minimum", bound)
    }

    /// Adds the greatest number allowed.
    pub fn maximum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "maximum", bound)
    }

    /// Adds a bound that all allowed numbers are above.
    pub fn exclusive_minimum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "exclusiveMinimum", bound)
    }

    /// Adds a bound that all allowed numbers are below.
    pub fn exclusive_maximum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "exclusiveMaximum", bound)
    }

    /// Starts `length(..)`: the length of a string, or the number of elements or entries.
    pub fn length() -> Self {
        Self::new("length")
    }

    /// Adds the least length allowed.
    pub fn at_least(self, count: impl Into<Value>) -> Self {
        let count = count.into();
        self.keyword(STRING, "minLength", count.clone())
            .keyword(&["array"], "minItems", count.clone())
            .keyword(&["object"], "minProperties", count)
    }

    /// Adds the greatest length allowed.
    pub fn at_most(self, count: impl Into<Value>) -> Self {
        let count = count.into();
        self.keyword(STRING, "maxLength", count.clone())
            .keyword(&["array"], "maxItems", count.clone())
            .keyword(&["object"], "maxProperties", count)
    }

    /// Returns `pattern(..)` and `regex(..)`: a regular expression that matches somewhere in the
    /// string.
    pub fn pattern(regex: &(impl ToString + ?Sized)) -> Self {
        Self::new("pattern").keyword(STRING, "pattern", regex.to_string())
    }

    /// Returns `contains(..)`: a text that occurs in the string.
    pub fn contains(piece: &(impl ToString + ?Sized)) -> Self {
        Self::new("contains").keyword(STRING, "pattern", escape_regex(&piece.to_string()))
    }

    /// Returns `email`, `url`, `ip` and so on: the format of a string.
    pub fn format(word: &'static str, format: &'static str) -> Self {
        Self::new(word).keyword(STRING, "format", format)
    }

    /// Returns `multiple_of`: a divisor of the number.
    pub fn multiple_of(step: impl Into<Value>) -> Self {
        Self::new("multiple_of").keyword(NUMBER, "multipleOf", step)
    }

    /// Makes this `inner(..)`: applies the constraint to the elements of a list or the values of a map.
    pub fn inner(mut self) -> Self {
        self.depth += 1;
        self
    }

    /// Writes the constraint `depth` levels inside the schema. Records it as misplaced if it does not
    /// apply there.
    fn constrain(&self, schema: &mut Schema, depth: usize) {
        let landed = match depth.checked_sub(1) {
            None => self.write(schema),
            Some(depth) => self.constrain_elements(schema, depth),
        };
        if !landed {
            let misplaced = schema.ensure_object().entry(MISPLACED).or_insert(Value::Array(vec![]));
            if let Value::Array(words) = misplaced {
                words.push(self.word.into());
            }
        }
    }

    /// Writes the keywords that apply to the schema's type. Writes all of them if it names no type,
    /// because a keyword restricts only values of its type. Returns whether any was written.
    fn write(&self, schema: &mut Schema) -> bool {
        let types = types(schema);
        let mut landed = false;
        for Keyword { types: wanted, name, value } in &self.keywords {
            let fits = match &types {
                None => true,
                Some(types) => types.iter().any(|name| wanted.contains(&name.as_str())),
            };
            if fits {
                // A bound of the type may become narrower, but not wider.
                if !schema.get(*name).is_some_and(|known| is_tighter(name, known, value)) {
                    schema.insert((*name).to_owned(), value.clone());
                }
                landed = true;
            }
        }
        landed
    }

    /// Applies the constraint to the schemas of elements and entries. Returns whether there are any.
    fn constrain_elements(&self, schema: &mut Schema, depth: usize) -> bool {
        let mut landed = false;
        for keyword in ["items", "prefixItems", "additionalProperties", "patternProperties"] {
            let elements = match schema.get_mut(keyword) {
                Some(Value::Array(elements)) => elements.iter_mut().collect(),
                Some(Value::Object(patterns)) if keyword == "patternProperties" => {
                    patterns.values_mut().collect()
                }
                Some(element @ Value::Object(_)) => vec![element],
                _ => vec![],
            };
            for element in elements {
                if let Ok(element) = element.try_into() {
                    self.constrain(element, depth);
                    landed = true;
                }
            }
        }
        landed
    }
}

impl Transform for Constraint {
    fn transform(&mut self, schema: &mut Schema) {
        self.constrain(schema, self.depth);
    }
}

/// Returns whether `known` leaves fewer values than `new`, as bounds for the same keyword.
fn is_tighter(keyword: &str, known: &Value, new: &Value) -> bool {
    let exact = |bound: &Value| bound.as_number().and_then(|n| Decimal::parse(&n.to_string()));
    let (Some(known), Some(new)) = (exact(known), exact(new)) else { return false };
    match keyword {
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => known > new,
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => known < new,
        _ => false,
    }
}

/// Returns the types that a schema names, except `null`. Returns `None` if it has no `type`: a
/// reference, a union, or a schema for any value.
fn types(schema: &Schema) -> Option<Vec<String>> {
    let names = match schema.get("type")? {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    Some(names.into_iter().filter(|name| name != "null").collect())
}

/// Returns a regular expression that matches exactly this text.
fn escape_regex(text: &str) -> String {
    let mut regex = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex
}

#[cfg(test)]
mod tests {
    use schemars::{Schema, json_schema};

    use super::*;

    #[track_caller]
    fn assert_lands(mut constraint: Constraint, mut schema: Schema, expected: &Schema) {
        constraint.transform(&mut schema);
        assert_eq!(&schema, expected);
    }

    #[test]
    fn a_bound_lands_on_a_number_an_optional_one_and_a_reference() {
        assert_lands(
            Constraint::range().minimum(1).exclusive_maximum(2.5),
            json_schema!({"type": ["number", "null"]}),
            &json_schema!({"type": ["number", "null"], "minimum": 1, "exclusiveMaximum": 2.5}),
        );
        assert_lands(
            Constraint::multiple_of(5),
            json_schema!({"$ref": "#/$defs/Cents"}),
            &json_schema!({"$ref": "#/$defs/Cents", "multipleOf": 5}),
        );
    }

    #[test]
    fn a_length_is_said_in_the_word_of_the_type() {
        let length = || Constraint::length().at_least(1).at_most(3);
        assert_lands(
            length(),
            json_schema!({"type": "string"}),
            &json_schema!({"type": "string", "minLength": 1, "maxLength": 3}),
        );
        assert_lands(
            length(),
            json_schema!({"type": ["array", "null"]}),
            &json_schema!({"type": ["array", "null"], "minItems": 1, "maxItems": 3}),
        );
        assert_lands(
            length(),
            json_schema!({"type": "object"}),
            &json_schema!({"type": "object", "minProperties": 1, "maxProperties": 3}),
        );
    }

    #[test]
    fn an_inner_word_reaches_elements_and_map_values() {
        assert_lands(
            Constraint::format("email", "email").inner(),
            json_schema!({"type": "array", "items": {"type": "string"}}),
            &json_schema!({"type": "array", "items": {"type": "string", "format": "email"}}),
        );
        assert_lands(
            Constraint::range().minimum(0).inner().inner(),
            json_schema!({"additionalProperties": {"items": {"type": "integer"}}}),
            &json_schema!({"additionalProperties": {"items": {"type": "integer", "minimum": 0}}}),
        );
    }

    #[test]
    fn a_word_that_cannot_land_is_marked() {
        assert_lands(
            Constraint::range().minimum(0),
            json_schema!({"type": "array", "items": {"type": "integer"}}),
            &json_schema!({
                "type": "array", "items": {"type": "integer"}, MISPLACED: ["range"],
            }),
        );
        assert_lands(
            Constraint::pattern("a").inner(),
            json_schema!({"type": "string"}),
            &json_schema!({"type": "string", MISPLACED: ["pattern"]}),
        );
    }

    #[test]
    fn a_piece_is_matched_as_it_stands() {
        assert_eq!(escape_regex("a.b[1]/2"), r"a\.b\[1\]/2");
    }
}
