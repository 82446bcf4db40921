//! Locating: the schemas on the way to a place of a value, as far as it is plain which they are.

use serde_json::{Map, Value};

use super::super::problem::{push_segment, segments};

/// How many references and alternatives are followed at one place.
const FUEL: u32 = 64;

/// A place on the way.
#[derive(Debug, Clone)]
pub(super) struct Stop<'a> {
    pub(super) pointer: String,
    pub(super) schema: &'a Value,
    /// What is there; none where it is missing.
    pub(super) value: Option<&'a Value>,
    /// Whether it is one of many of its kind: an element of a list, or an entry of a map.
    pub(super) is_element: bool,
}

/// The places from the root (which is not among them) to `pointer`, as far as each can be told from
/// the schema: it ends before a place that the schema does not know, or knows in several ways.
pub(super) fn path<'a>(root: &'a Value, value: &'a Value, pointer: &str) -> Vec<Stop<'a>> {
    let locator = Locator { root };
    let mut stops: Vec<Stop<'a>> = Vec::new();
    let (mut schema, mut at) = (root, Some(value));
    let mut here = String::new();
    for segment in segments(pointer) {
        let Some(value) = at else { break };
        let Some(found) = locator.inside(schema, value, &segment) else { break };
        push_segment(&mut here, &segment);
        at = match value {
            Value::Object(members) => members.get(&segment),
            Value::Array(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        schema = found.schema;
        stops.push(Stop {
            pointer: here.clone(),
            schema,
            value: at,
            is_element: found.rank.is_element(),
        });
    }
    stops
}

/// How a schema speaks of what is inside of a value. A member that is named is spoken of by its
/// name, whatever others say of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Entry,
    Element,
    Member,
}

impl Rank {
    fn is_element(self) -> bool {
        self != Self::Member
    }
}

#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    schema: &'a Value,
    rank: Rank,
}

struct Locator<'a> {
    root: &'a Value,
}

impl<'a> Locator<'a> {
    /// The one schema of a member or element.
    fn inside(&self, schema: &'a Value, value: &Value, segment: &str) -> Option<Found<'a>> {
        let mut found = Vec::new();
        self.collect(schema, value, segment, &mut found, &mut FUEL.clone())?;
        let best = found.iter().map(|found| found.rank).max()?;
        let mut of_best = found.into_iter().filter(|found| found.rank == best);
        let one = of_best.next()?;
        of_best.next().is_none().then_some(one)
    }

    /// All schemas that speak of it; `None` where that depends on what cannot be decided.
    fn collect(
        &self,
        schema: &'a Value,
        value: &Value,
        segment: &str,
        found: &mut Vec<Found<'a>>,
        fuel: &mut u32,
    ) -> Option<()> {
        *fuel = fuel.checked_sub(1)?;
        let Some(node) = schema.as_object() else { return Some(()) };
        if ["if", "not", "dependentSchemas"].iter().any(|keyword| node.contains_key(*keyword)) {
            return None;
        }
        match value {
            Value::Object(_) => found.extend(member(node, segment)),
            Value::Array(items) => found.extend(element(node, items, segment)),
            _ => return None,
        }
        if let Some(target) = self.target(node) {
            self.collect(target, value, segment, found, fuel)?;
        }
        for part in list(node, "allOf") {
            self.collect(part, value, segment, found, fuel)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            let mut fitting =
                list(node, keyword).filter(|branch| self.may_be(branch, value, &mut FUEL.clone()));
            let Some(first) = fitting.next() else { continue };
            if fitting.next().is_none() {
                self.collect(first, value, segment, found, fuel)?;
                continue;
            }
            // It does not matter which one it is where none speaks of the place.
            for branch in list(node, keyword) {
                let before = found.len();
                self.collect(branch, value, segment, found, fuel)?;
                if found.len() > before {
                    return None;
                }
            }
        }
        Some(())
    }

    fn target(&self, node: &Map<String, Value>) -> Option<&'a Value> {
        let reference = node.get("$ref")?.as_str()?;
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Whether a value that need not be right can be meant for a branch: by its type, its constants
    /// and the names of its members.
    fn may_be(&self, branch: &'a Value, value: &Value, fuel: &mut u32) -> bool {
        let Some(left) = fuel.checked_sub(1) else { return true };
        *fuel = left;
        let Some(node) = branch.as_object() else { return true };
        if let Some(target) = self.target(node) {
            if !self.may_be(target, value, fuel) {
                return false;
            }
        }
        if !list(node, "allOf").all(|part| self.may_be(part, value, fuel)) || !has_type(node, value)
        {
            return false;
        }
        if let Some(constant) = node.get("const") {
            return constant == value;
        }
        let (Some(members), Some(properties)) = (value.as_object(), properties(node)) else {
            return true;
        };
        members.iter().all(|(name, member)| match properties.get(name) {
            Some(property) => property.get("const").is_none_or(|constant| constant == member),
            None => node.get("additionalProperties") != Some(&Value::Bool(false)),
        })
    }
}

fn list<'a>(node: &'a Map<String, Value>, keyword: &str) -> impl Iterator<Item = &'a Value> {
    node.get(keyword).and_then(Value::as_array).into_iter().flatten()
}

fn properties(node: &Map<String, Value>) -> Option<&Map<String, Value>> {
    node.get("properties").and_then(Value::as_object)
}

fn has_type(node: &Map<String, Value>, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("number" | "integer") => value.is_number(),
        _ => true,
    };
    match node.get("type") {
        Some(Value::Array(several)) => several.iter().any(is),
        Some(one) => is(one),
        None => true,
    }
}

fn member<'a>(node: &'a Map<String, Value>, name: &str) -> Option<Found<'a>> {
    if let Some(schema) = properties(node).and_then(|properties| properties.get(name)) {
        return Some(Found { schema, rank: Rank::Member });
    }
    let entry = |schema| Some(Found { schema, rank: Rank::Entry });
    let patterns = node.get("patternProperties").and_then(Value::as_object);
    let mut matching = patterns.into_iter().flatten().filter(|(pattern, _)| matches(pattern, name));
    if let Some((_, schema)) = matching.next() {
        return entry(schema).filter(|_| matching.next().is_none());
    }
    match node.get("additionalProperties")? {
        Value::Bool(false) => None,
        schema => entry(schema),
    }
}

/// Whether a name matches a pattern in the way that the validator matches it.
fn matches(pattern: &str, name: &str) -> bool {
    let forbidden = serde_json::json!({"patternProperties": {pattern: false}});
    let named = Value::Object([(name.to_owned(), Value::Null)].into_iter().collect());
    let validator = jsonschema::options().offline().build(&forbidden);
    validator.is_ok_and(|validator| !validator.is_valid(&named))
}

fn element<'a>(node: &'a Map<String, Value>, items: &[Value], segment: &str) -> Option<Found<'a>> {
    let index: usize = segment.parse().ok().filter(|index| *index < items.len())?;
    let first = node.get("prefixItems").and_then(Value::as_array);
    let schema = match first.and_then(|first| first.get(index)) {
        Some(own) => own,
        None => node.get("items")?,
    };
    Some(Found { schema, rank: Rank::Element })
}
