//! What `#[extract(range(..))]` and its like do to a field's schema. Knows JSON Schema, no type and
//! no macro. The derive hands each word over as a schemars transform.
//!
//! schemars has such words too, but leaves one out in silence where the schema at hand does not
//! have the type it expects: a newtype's field is a `$ref`, a list's is an array. A constraint
//! that is not in the schema is not enforced, so here it either lands or is marked as misplaced.

use schemars::Schema;
use schemars::transform::Transform;
use serde_json::Value;

use super::decimal::Decimal;

/// Where [`Constraint`] notes a word that has no meaning for the field's type, as a list of
/// words. A schema that carries it is refused before anything is sent.
pub(crate) const MISPLACED: &str = "x-misplaced";

/// One constraint word of a field: what to write into its schema, and for which types.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Constraint {
    word: &'static str,
    depth: usize,
    keywords: Vec<Keyword>,
}

#[derive(Debug, Clone)]
struct Keyword {
    types: &'static [&'static str],
    name: &'static str,
    value: Value,
}

const NUMBER: &[&str] = &["number", "integer"];
const STRING: &[&str] = &["string"];

impl Constraint {
    fn new(word: &'static str) -> Self {
        Self { word, depth: 0, keywords: Vec::new() }
    }

    fn keyword(
        mut self,
        types: &'static [&'static str],
        name: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        self.keywords.push(Keyword { types, name, value: value.into() });
        self
    }

    /// `range(..)`: bounds of a number.
    pub fn range() -> Self {
        Self::new("range")
    }

    /// The least number allowed.
    pub fn minimum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "minimum", bound)
    }

    /// The greatest number allowed.
    pub fn maximum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "maximum", bound)
    }

    /// The number that all allowed ones are above.
    pub fn exclusive_minimum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "exclusiveMinimum", bound)
    }

    /// The number that all allowed ones are below.
    pub fn exclusive_maximum(self, bound: impl Into<Value>) -> Self {
        self.keyword(NUMBER, "exclusiveMaximum", bound)
    }

    /// `length(..)`: how long a string, how many elements or entries.
    pub fn length() -> Self {
        Self::new("length")
    }

    /// At least so many.
    pub fn at_least(self, count: impl Into<Value>) -> Self {
        let count = count.into();
        self.keyword(STRING, "minLength", count.clone())
            .keyword(&["array"], "minItems", count.clone())
            .keyword(&["object"], "minProperties", count)
    }

    /// At most so many.
    pub fn at_most(self, count: impl Into<Value>) -> Self {
        let count = count.into();
        self.keyword(STRING, "maxLength", count.clone())
            .keyword(&["array"], "maxItems", count.clone())
            .keyword(&["object"], "maxProperties", count)
    }

    /// `pattern(..)` and `regex(..)`: a regular expression found somewhere in a string.
    pub fn pattern(regex: &(impl ToString + ?Sized)) -> Self {
        Self::new("pattern").keyword(STRING, "pattern", regex.to_string())
    }

    /// `contains(..)`: a piece of a string.
    pub fn contains(piece: &(impl ToString + ?Sized)) -> Self {
        Self::new("contains").keyword(STRING, "pattern", literally(&piece.to_string()))
    }

    /// `email`, `url`, `ip` and so on: the form of a string.
    pub fn format(word: &'static str, format: &'static str) -> Self {
        Self::new(word).keyword(STRING, "format", format)
    }

    /// `multiple_of`: what a number is divisible by.
    pub fn multiple_of(step: impl Into<Value>) -> Self {
        Self::new("multiple_of").keyword(NUMBER, "multipleOf", step)
    }

    /// `inner(..)`: the same, of each element of a list or each value of a map.
    pub fn inner(mut self) -> Self {
        self.depth += 1;
        self
    }

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

    /// Writes the keywords that fit the schema's type; all of them where it names none, for there
    /// a keyword binds the values of its own type and leaves the others alone.
    fn write(&self, schema: &mut Schema) -> bool {
        let types = types(schema);
        let mut landed = false;
        for Keyword { types: wanted, name, value } in &self.keywords {
            let fits = match &types {
                None => true,
                Some(types) => types.iter().any(|name| wanted.contains(&name.as_str())),
            };
            if fits {
                // A bound that the type has already may be made narrower, and no wider.
                if !schema.get(*name).is_some_and(|known| is_tighter(name, known, value)) {
                    schema.insert((*name).to_owned(), value.clone());
                }
                landed = true;
            }
        }
        landed
    }

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

/// Whether a bound leaves less than another for the same keyword.
fn is_tighter(keyword: &str, known: &Value, new: &Value) -> bool {
    let exact = |bound: &Value| bound.as_number().and_then(|n| Decimal::parse(&n.to_string()));
    let (Some(known), Some(new)) = (exact(known), exact(new)) else { return false };
    match keyword {
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => known > new,
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => known < new,
        _ => false,
    }
}

/// The types that a schema names, besides `null`; none where it leaves them to a reference or a
/// choice, or allows everything.
fn types(schema: &Schema) -> Option<Vec<String>> {
    let names = match schema.get("type")? {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    Some(names.into_iter().filter(|name| name != "null").collect())
}

/// A regular expression that matches a text and nothing else.
fn literally(text: &str) -> String {
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
        assert_eq!(literally("a.b[1]/2"), r"a\.b\[1\]/2");
    }
}
