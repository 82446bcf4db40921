//! The contract of one element of a list: what the schema of the whole says of it, and what can be
//! told beforehand of a type that it is to be read as.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::{Contract, parts, reach};

/// The contracts of elements that were asked for so far, by what is said of the element: places that
/// say the same share one.
#[derive(Debug, Default)]
pub(super) struct Elements(RwLock<Vec<(Value, Arc<Contract>)>>);

impl Contract {
    /// What the elements of the list at this JSON pointer are held against, each by itself: one
    /// contract for each of the first that have a schema of their own, and then one for all others.
    /// None where no list can stand there, and none in the place of one that cannot be made.
    pub(crate) fn elements(&self, pointer: &str) -> Option<Vec<Option<Arc<Self>>>> {
        let schemas = reach::elements(self.schema(), pointer)?;
        Some(schemas.iter().map(|schema| self.element(schema)).collect())
    }

    fn element(&self, said: &Value) -> Option<Arc<Self>> {
        let Elements(known) = self.known_elements();
        let find = |known: &[(Value, Arc<Self>)]| {
            known.iter().find(|(of, _)| of == said).map(|(_, contract)| Arc::clone(contract))
        };
        let found = find(&known.read().unwrap_or_else(PoisonError::into_inner));
        if found.is_some() {
            return found;
        }
        let mut schema = said.clone();
        parts::define(&mut schema, self.schema());
        let contract = Arc::new(Self::build(format!("{}_element", self.name()), schema).ok()?);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster.
        Some(find(&known).unwrap_or_else(|| {
            known.push((said.clone(), Arc::clone(&contract)));
            contract
        }))
    }

    /// The kinds of JSON that the values of this contract are, and those of another's, in words,
    /// where they have none in common.
    pub(crate) fn has_nothing_of(&self, other: &Self) -> Option<(String, String)> {
        let (own, others) = (Kinds::of(self), Kinds::of(other));
        (own.0 & others.0 == 0).then(|| (own.in_words(), others.in_words()))
    }
}

/// Which kinds of JSON a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kinds(u8);

/// The names of the kinds in a schema, and in words. A number that is no integer is one of its own.
const KINDS: [(&str, &str); 7] = [
    ("null", "null"),
    ("boolean", "true or false"),
    ("integer", "an integer"),
    ("fraction", "a number"),
    ("string", "a string"),
    ("array", "an array"),
    ("object", "an object"),
];

impl Kinds {
    const ALL: Self = Self((1 << KINDS.len()) - 1);

    fn of(contract: &Contract) -> Self {
        Self::of_schema(contract.schema(), contract.schema(), &mut 1024, 64)
    }

    /// What cannot be told in so many steps is anything.
    fn of_schema(root: &Value, schema: &Value, left: &mut usize, depth: usize) -> Self {
        let Some(members) = schema.as_object() else {
            return if schema == &Value::Bool(false) { Self(0) } else { Self::ALL };
        };
        *left = left.saturating_sub(1);
        if depth == 0 || *left == 0 {
            return Self::ALL;
        }
        let mut inner = |schema: &Value| Self::of_schema(root, schema, left, depth - 1).0;
        let mut kinds = match members.get("type") {
            Some(Value::String(name)) => Self::named(name).0,
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .fold(0, |all, name| all | Self::named(name).0),
            _ => Self::ALL.0,
        };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|at| root.pointer(at));
            kinds &= target.map_or(Self::ALL.0, &mut inner);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(branches) = members.get(word).and_then(Value::as_array) {
                kinds &= branches.iter().fold(0, |all, branch| all | inner(branch));
            }
        }
        if let Some(branches) = members.get("allOf").and_then(Value::as_array) {
            kinds &= branches.iter().fold(kinds, |all, branch| all & inner(branch));
        }
        if let Some(values) = members.get("enum").and_then(Value::as_array) {
            kinds &= values.iter().fold(0, |all, value| all | Self::of_value(value).0);
        }
        kinds &= members.get("const").map_or(Self::ALL.0, |value| Self::of_value(value).0);
        Self(kinds)
    }

    fn named(name: &str) -> Self {
        let bit = |of: &str| KINDS.iter().position(|(kind, _)| *kind == of).map(|at| 1 << at);
        match name {
            "number" => Self(bit("integer").unwrap_or(0) | bit("fraction").unwrap_or(0)),
            name => bit(name).map_or(Self::ALL, Self),
        }
    }

    fn of_value(value: &Value) -> Self {
        Self::named(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        })
    }

    fn in_words(self) -> String {
        let number = Self::named("number").0;
        let has = |at: usize| self.0 & (1 << at) != 0;
        // An integer goes without saying where any number is one of the kinds.
        let said =
            |&at: &usize| has(at) && !(KINDS[at].0 == "integer" && self.0 & number == number);
        let words: Vec<&str> = (0..KINDS.len()).filter(said).map(|at| KINDS[at].1).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(" or ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_told_through_references_and_unions() {
        let apart = |one: Value, other: Value| {
            let contract = |schema| Contract::from_schema(schema).unwrap();
            contract(one).has_nothing_of(&contract(other))
        };
        let row = json!({"$ref": "#/$defs/Row", "$defs": {"Row": {"type": "object"}}});
        let words = apart(row, json!({"type": "integer"})).unwrap();
        assert_eq!(words, ("an object".to_owned(), "an integer".to_owned()));
        let row_or_null = json!({"anyOf": [{"type": "object"}, {"type": "null"}]});
        assert_eq!(apart(row_or_null, json!({"type": ["string", "null"]})), None);
        assert_eq!(apart(json!({"type": "number"}), json!({"type": "integer"})), None);
        let words = apart(json!({"enum": ["a", 1.5]}), json!({"const": true})).unwrap();
        assert_eq!(words, ("a number or a string".to_owned(), "true or false".to_owned()));
        assert_eq!(apart(json!(true), json!({"type": "array"})), None);
    }
}
