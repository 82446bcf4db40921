//! Constraints that no value can meet, or that mean nothing for the type of their field, in the schema of
//! a type: what the derive cannot see in the tokens, behind an alias, a newtype or a constant. Knows no
//! value.

use serde_json::{Map, Value};

use super::checkable::bounds;
use super::constraint::MISPLACED;
use super::each::VALUES;
use super::exact::Exact;
use super::push_segment;

/// How many references are followed from a field to its type.
const FOLLOWED: usize = 16;

/// The keywords that say how much there is, by what they count.
const COUNTS: [(&str, &str, &str, &str); 3] = [
    ("minLength", "maxLength", "a text of at least", "characters"),
    ("minItems", "maxItems", "at least", "elements"),
    ("minProperties", "maxProperties", "at least", "members"),
];

/// The first one, with its place in the schema.
pub(super) fn find(schema: &Value) -> Option<(String, String)> {
    let mut pointer = String::new();
    let message = find_in(schema, schema, &mut pointer)?;
    Some((pointer, message))
}

fn find_in(root: &Value, schema: &Value, pointer: &mut String) -> Option<String> {
    match schema {
        Value::Object(members) => {
            if let Some(message) = fault(root, members) {
                return Some(message);
            }
            let inside = members.iter().filter(|(word, _)| !VALUES.contains(&word.as_str()));
            inside.into_iter().find_map(|(word, value)| find_at(root, word, value, pointer))
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, value)| find_at(root, &index.to_string(), value, pointer))
        }
        _ => None,
    }
}

fn find_at(root: &Value, segment: &str, value: &Value, pointer: &mut String) -> Option<String> {
    let here = pointer.len();
    push_segment(pointer, segment);
    let found = find_in(root, value, pointer);
    if found.is_none() {
        pointer.truncate(here);
    }
    found
}

/// The contradiction in one schema.
fn fault(root: &Value, members: &Map<String, Value>) -> Option<String> {
    // As a keyword it holds a list of words; a property of this name would hold a schema.
    if let Some(Value::Array(words)) = members.get(MISPLACED) {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return Some(format!("`{}` has no meaning for the type of this field", words.join("`, `")));
    }
    let mut said = Said::default();
    said.add(root, members, FOLLOWED);
    said.meaningless(members).or_else(|| said.contradiction())
}

/// Everything that is said of the values of one schema, that of the type it refers to included.
#[derive(Default)]
struct Said<'a> {
    /// The types, besides null; none where it is left open.
    types: Option<Vec<&'a str>>,
    least: Option<Bound>,
    most: Option<Bound>,
    /// The least and the most of each of [`COUNTS`].
    counts: [(Option<u64>, Option<u64>); 3],
}

/// A number, whether it is itself outside, and how it is written.
type Bound = (Exact, bool, String);

impl<'a> Said<'a> {
    fn add(&mut self, root: &'a Value, members: &'a Map<String, Value>, left: usize) {
        let Some(left) = left.checked_sub(1) else { return };
        let names = match members.get("type") {
            Some(Value::String(name)) => Some(vec![name.as_str()]),
            Some(Value::Array(names)) => Some(names.iter().filter_map(Value::as_str).collect()),
            _ => None,
        };
        if let Some(names) = names {
            self.types = Some(names.into_iter().filter(|name| *name != "null").collect());
        }
        for (word, is_outside) in [("minimum", false), ("exclusiveMinimum", true)] {
            self.narrow_least(members.get(word), is_outside);
        }
        for (word, is_outside) in [("maximum", false), ("exclusiveMaximum", true)] {
            self.narrow_most(members.get(word), is_outside);
        }
        let format = members.get("format").and_then(Value::as_str);
        if let Some((least, most)) = format.and_then(bounds) {
            self.narrow_least(Some(&least), false);
            self.narrow_most(Some(&most), false);
        }
        for ((least, most, ..), known) in COUNTS.iter().zip(&mut self.counts) {
            let count = |word: &str| members.get(word).and_then(Value::as_u64);
            known.0 = known.0.max(count(least));
            known.1 = [known.1, count(most)].into_iter().flatten().min();
        }
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|at| root.pointer(at));
            if let Some(target) = target.and_then(Value::as_object) {
                self.add(root, target, left);
            }
        }
        let branches = ["anyOf", "oneOf"].iter().filter_map(|word| members.get(*word));
        for branches in branches.filter_map(Value::as_array) {
            let is_null = |branch: &&Value| branch.get("type").is_none_or(|name| name != "null");
            let mut others = branches.iter().filter(is_null);
            // An optional value; of several branches each has bounds of its own.
            if let (Some(Value::Object(only)), None) = (others.next(), others.next()) {
                self.add(root, only, left);
            }
        }
    }

    fn narrow_least(&mut self, bound: Option<&Value>, is_outside: bool) {
        let Some(new) = read(bound, is_outside) else { return };
        if self.least.as_ref().is_none_or(|old| (&old.0, old.1) < (&new.0, new.1)) {
            self.least = Some(new);
        }
    }

    fn narrow_most(&mut self, bound: Option<&Value>, is_outside: bool) {
        let Some(new) = read(bound, is_outside) else { return };
        if self.most.as_ref().is_none_or(|old| (&old.0, !old.1) > (&new.0, !new.1)) {
            self.most = Some(new);
        }
    }

    /// A keyword beside a reference that says nothing of the values of the type there. One beside a
    /// type was looked at when it was written.
    fn meaningless(&self, members: &Map<String, Value>) -> Option<String> {
        if members.contains_key("type") {
            return None;
        }
        let types = self.types.as_ref()?;
        let means = |wanted: &[&str]| types.iter().any(|name| wanted.contains(name));
        let numbers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
        let counts = COUNTS.iter().flat_map(|(least, most, ..)| [*least, *most]);
        let number = numbers.into_iter().find(|word| members.contains_key(*word));
        let count = counts.into_iter().find(|word| members.contains_key(*word));
        let text = members.contains_key("pattern").then_some("pattern");
        let word = number
            .filter(|_| !means(&["number", "integer"]))
            .or(count.filter(|_| !means(&["string", "array", "object"])))
            .or(text.filter(|_| !means(&["string"])))?;
        Some(format!("`{word}` has no meaning for the type of this field"))
    }

    fn contradiction(&self) -> Option<String> {
        if let (Some((least, above, low)), Some((most, below, high))) = (&self.least, &self.most) {
            if least > most || (least == most && (*above || *below)) {
                let low = format!("{} {low}", if *above { "more than" } else { "at least" });
                let high = format!("{} {high}", if *below { "less than" } else { "at most" });
                return Some(format!("no value fits: {low} and {high}"));
            }
        }
        let mut counts = COUNTS.iter().zip(&self.counts);
        counts.find_map(|((.., words, unit), (least, most))| {
            let (least, most) = (least.as_ref()?, most.as_ref()?);
            let of = if words.starts_with("a text") { "of " } else { "" };
            (least > most)
                .then(|| format!("no value fits: {words} {least} and {of}at most {most} {unit}"))
        })
    }
}

fn read(bound: Option<&Value>, is_outside: bool) -> Option<Bound> {
    let written = bound?.as_number()?.to_string();
    Some((Exact::parse(&written)?, is_outside, written))
}
