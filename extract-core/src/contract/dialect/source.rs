//! The schema as it was given: bounded before anything else looks at it, its references resolved
//! inside the document and nowhere else, its recursive definitions known.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::error::DialectError;
use super::table::Dialect;
use super::{pattern, walk};

/// The deepest nesting of JSON that is read. What parses a schema from text stops there too.
pub(super) const MAX_DEPTH: usize = 128;

/// The most schemas that one document may hold.
const MAX_PARTS: usize = 50_000;

/// A schema document: the root, and what is known about its references.
pub(super) struct Source<'s> {
    pub(super) root: &'s Value,
    /// The references that lead back to where they stand.
    recursive: BTreeSet<String>,
    /// How often each place is referred to.
    uses: BTreeMap<String, usize>,
    /// Whether a cycle passes through nothing but required members.
    required_cycle: bool,
}

/// A reference from one referred-to place to another, and whether a property that may be left out
/// lies between.
struct Edge {
    to: String,
    optional: bool,
}

impl<'s> Source<'s> {
    /// Reads a document, or says why it cannot be read safely.
    pub(super) fn read(root: &'s Value, dialect: &Dialect) -> Result<Self, DialectError> {
        if !walk::within_depth(root, MAX_DEPTH) {
            return Err(DialectError::TooDeep { allowed: MAX_DEPTH });
        }
        let (recursive, uses) = (BTreeSet::new(), BTreeMap::new());
        let mut source = Self { root, recursive, uses, required_cycle: false };
        let mut edges: BTreeMap<String, Vec<Edge>> = BTreeMap::new();
        let mut parts = 0;
        // Each place that something refers to is scanned once, from the root on.
        let mut open = vec!["#".to_owned()];
        while let Some(place) = open.pop() {
            if edges.contains_key(&place) {
                continue;
            }
            let mut found = Vec::new();
            let target = source.resolve(&place)?;
            let pointer = place.trim_start_matches('#').to_owned();
            scan(target, &pointer, false, &mut found, &mut parts)?;
            if parts > MAX_PARTS {
                return Err(DialectError::TooLarge { dialect: dialect.name, allowed: MAX_PARTS });
            }
            for edge in &found {
                *source.uses.entry(edge.to.clone()).or_default() += 1;
                open.push(edge.to.clone());
            }
            edges.insert(place, found);
        }
        source.recursive = on_cycles(&edges, |_| true);
        source.required_cycle = !on_cycles(&edges, |edge| !edge.optional).is_empty();
        Ok(source)
    }

    /// The schema that a reference stands for.
    pub(super) fn resolve(&self, reference: &str) -> Result<&'s Value, DialectError> {
        let refuse = |why| Err(DialectError::Reference { reference: reference.to_owned(), why });
        let Some(pointer) = reference.strip_prefix('#') else {
            return refuse("it leads out of the schema, and nothing is ever fetched");
        };
        let Some(pointer) = percent_decoded(pointer) else {
            return refuse("it is not a JSON pointer");
        };
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return refuse("anchors are not supported; refer to `#/$defs/Name`");
        }
        match self.root.pointer(&pointer) {
            Some(target @ (Value::Object(_) | Value::Bool(_))) => Ok(target),
            Some(_) => refuse("it leads to something that is no schema"),
            None => refuse("there is nothing at that place"),
        }
    }

    /// Whether what the reference stands for contains the same reference.
    pub(super) fn is_recursive(&self, reference: &str) -> bool {
        self.recursive.contains(reference)
    }

    /// How often a place is referred to.
    pub(super) fn uses(&self, reference: &str) -> usize {
        self.uses.get(reference).copied().unwrap_or_default()
    }

    /// Whether anything refers back to itself.
    pub(super) fn has_recursion(&self) -> bool {
        !self.recursive.is_empty()
    }

    /// Whether there is a cycle of members that may not be left out.
    pub(super) fn has_required_cycle(&self) -> bool {
        self.required_cycle
    }
}

/// Collects the references of one schema, and refuses what no schema may hold.
fn scan(
    schema: &Value,
    pointer: &str,
    optional: bool,
    edges: &mut Vec<Edge>,
    parts: &mut usize,
) -> Result<(), DialectError> {
    *parts += 1;
    let members = match schema {
        Value::Object(members) => members,
        Value::Bool(_) => return Ok(()),
        _ => {
            let why = "a schema is an object, `true` or `false`";
            return Err(DialectError::Malformed { pointer: pointer.to_owned(), why });
        }
    };
    well_formed(members, pointer)?;
    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        edges.push(Edge { to: reference.to_owned(), optional });
    }
    let required = walk::required(members);
    walk::children(members, |step, child| {
        // Definitions are scanned where something refers to them.
        if step.starts_with("/$defs/") || step.starts_with("/definitions/") {
            return Ok(());
        }
        let optional = optional
            || step.strip_prefix("/properties/").is_some_and(|name| {
                let name = name.replace("~1", "/").replace("~0", "~");
                !required.contains(name.as_str())
            });
        scan(child, &format!("{pointer}{step}"), optional, edges, parts)
    })
}

/// Refuses keywords whose value has the wrong shape, so that nothing is skipped over in silence.
fn well_formed(schema: &Map<String, Value>, pointer: &str) -> Result<(), DialectError> {
    for (keyword, value) in schema {
        let why = match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "definitions", value)
                if !value.is_object() =>
            {
                "this keyword holds an object of schemas"
            }
            ("allOf" | "anyOf" | "oneOf", value) if value.as_array().is_none_or(Vec::is_empty) => {
                "this keyword holds a list of schemas that is not empty"
            }
            ("prefixItems" | "enum" | "required" | "examples", value) if !value.is_array() => {
                "this keyword holds a list"
            }
            ("items", Value::Array(_)) => "a list of schemas here is `prefixItems` since 2020-12",
            ("$ref" | "pattern" | "format" | "description", value) if !value.is_string() => {
                "this keyword holds a string"
            }
            ("type", value) if !is_type(value) => "no such type",
            ("$dynamicRef" | "$recursiveRef", _) => "dynamic references are not supported",
            ("pattern", Value::String(text)) => {
                pattern::check(text, &format!("{pointer}/pattern"))?;
                continue;
            }
            ("patternProperties", Value::Object(named)) => {
                for text in named.keys() {
                    pattern::check(text, &format!("{pointer}/patternProperties"))?;
                }
                continue;
            }
            _ => continue,
        };
        return Err(DialectError::Malformed { pointer: format!("{pointer}/{keyword}"), why });
    }
    Ok(())
}

fn is_type(value: &Value) -> bool {
    let known = |value: &Value| {
        matches!(
            value.as_str(),
            Some("null" | "boolean" | "integer" | "number" | "string" | "array" | "object")
        )
    };
    match value {
        Value::Array(types) => !types.is_empty() && types.iter().all(known),
        value => known(value),
    }
}

/// The places that can be reached from themselves along the edges that `follow` allows. Does not
/// recurse: the components are found by two sweeps (Kosaraju), each with its own stack.
fn on_cycles(
    edges: &BTreeMap<String, Vec<Edge>>,
    follow: impl Fn(&Edge) -> bool,
) -> BTreeSet<String> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for start in edges.keys() {
        let mut open = vec![(start.as_str(), false)];
        while let Some((place, done)) = open.pop() {
            if done {
                order.push(place);
            } else if seen.insert(place) {
                open.push((place, true));
                let targets = edges.get(place).into_iter().flatten().filter(|edge| follow(edge));
                open.extend(targets.map(|edge| (edge.to.as_str(), false)));
            }
        }
    }
    let mut back: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut cyclic = BTreeSet::new();
    for (from, targets) in edges {
        for edge in targets.iter().filter(|edge| follow(edge)) {
            back.entry(edge.to.as_str()).or_default().push(from);
            if edge.to == *from {
                cyclic.insert(from.clone());
            }
        }
    }
    let mut assigned = BTreeSet::new();
    for start in order.into_iter().rev() {
        let mut component = Vec::new();
        let mut open = vec![start];
        while let Some(place) = open.pop() {
            if assigned.insert(place) {
                component.push(place);
                open.extend(back.get(place).into_iter().flatten());
            }
        }
        if component.len() > 1 {
            cyclic.extend(component.into_iter().map(str::to_owned));
        }
    }
    cyclic
}

/// The fragment of a URI as text.
fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}
