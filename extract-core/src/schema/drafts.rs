//! Converts schemas of older drafts and of `OpenAPI` 3.0 to draft 2020-12, in place.
//!
//! In the result, every schema is held by a keyword of 2020-12, and no part is a separate document.
//! References are JSON pointers from the root; those that cannot be resolved stay unchanged. Nothing
//! here recurses.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::SchemaLimit;
use super::keywords::{children, each_schema, each_schema_at, inside};
use super::pointer::{push_segment, segments};
use super::written::percent_decoded;

/// Marks a schema that a reference leads to, while schemas move. No real keyword starts with a NUL
/// character.
const TARGET: &str = "\0target";

/// The keywords that hold values, not schemas.
const VALUES: &[&str] = &["const", "enum", "default", "examples"];

/// The keywords that refer to a schema. Within one document they mean the same.
const REFERENCES: [&str; 3] = ["$ref", "$recursiveRef", "$dynamicRef"];

/// The keywords that identify a schema or its draft. They are dropped, because references become
/// pointers from the root.
const NAMES: &[&str] =
    &["$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"];

/// The keywords that do not constrain a value. In every draft they are valid beside a reference.
const ABOUT: &[&str] = &[
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    TARGET,
];

/// Converts a schema, whose depth and size are bounded, to draft 2020-12. Fails if a reference has two
/// meanings: one from the root and another from an `$id` around it.
pub(crate) fn modernized(mut document: Value) -> Result<Value, SchemaLimit> {
    let has_former_references =
        document.get("$schema").and_then(Value::as_str).is_some_and(|uri| {
            ["draft-03", "draft-04", "draft-05", "draft-06", "draft-07"]
                .iter()
                .any(|draft| uri.contains(draft))
        });
    let mut found = Identifiers::default();
    found.scan(&document, String::new());
    let mut targets = found.targets(&document)?;
    let moves = move_to_definitions(&mut document, found.outside);
    for pointer in targets.iter_mut().flatten() {
        moved(pointer, &moves);
    }
    found.references.iter_mut().for_each(|reference| moved(&mut reference.pointer, &moves));
    let marks = mark(&mut document, &found.references, &targets);
    each_schema(&mut document, |members| modernize(members, has_former_references));
    let mut places = vec![None; marks];
    each_schema_at(&mut document, |pointer, members| {
        if let Some(index) = members.get(TARGET).and_then(Value::as_u64) {
            members.shift_remove(TARGET);
            if let Some(known) = usize::try_from(index).ok().and_then(|index| places.get_mut(index))
            {
                *known = Some(pointer.to_owned());
            }
        }
    });
    each_schema(&mut document, |members| {
        let Some(Value::String(reference)) = members.get_mut("$ref") else { return };
        let Some((index, written)) = marked(reference) else { return };
        *reference = match places.get(index) {
            Some(Some(pointer)) => fragment(pointer),
            _ => written.to_owned(),
        };
    });
    Ok(document)
}

/// Parses a reference to a marked schema. Returns the number of the mark, and the reference as it was
/// written.
fn marked(reference: &str) -> Option<(usize, &str)> {
    let (index, written) = reference.strip_prefix('\0')?.split_once('\0')?;
    Some((index.parse().ok()?, written))
}

/// A schema with an identifier. References inside it are resolved against this identifier.
struct Base {
    pointer: String,
    keyword: &'static str,
    uri: String,
}

/// A reference as it was found.
struct Reference {
    pointer: String,
    keyword: &'static str,
    written: String,
    /// The index of the base around it.
    base: usize,
}

/// Everything in a document that identifies a schema or refers to one.
#[derive(Default)]
struct Identifiers {
    /// The pointers of the schemas that were scanned.
    seen: HashSet<String>,
    /// The bases. The first is the document itself.
    bases: Vec<Base>,
    /// The indices of the bases by URI.
    by_uri: HashMap<String, Vec<usize>>,
    /// The schemas with an anchor, by its name: their pointer and the index of their base.
    anchors: HashMap<String, Vec<(String, usize)>>,
    references: Vec<Reference>,
    /// The pointers of schemas that a reference leads to but no keyword holds.
    outside: HashSet<String>,
}

impl Identifiers {
    /// Scans the schema at a pointer and all schemas inside it.
    fn scan(&mut self, document: &Value, pointer: String) {
        let Some(schema) = document.pointer(&pointer) else { return };
        if self.bases.is_empty() {
            self.bases.push(Base { pointer: String::new(), keyword: "$id", uri: String::new() });
        }
        let mut open = vec![(pointer, schema, 0)];
        while let Some((place, schema, mut base)) = open.pop() {
            self.outside.remove(&place);
            let Value::Object(members) = schema else { continue };
            if !self.seen.insert(place.clone()) {
                continue;
            }
            let text = |keyword: &str| members.get(keyword).and_then(Value::as_str);
            for keyword in ["$id", "id"] {
                let Some(id) = text(keyword) else { continue };
                // Before 2019-09, an `$id` with a fragment was an anchor.
                match id.strip_prefix('#') {
                    Some(name) => self.anchor(name, &place, base),
                    None => base = self.base(id, keyword, &place, base),
                }
                break;
            }
            for keyword in ["$anchor", "$dynamicAnchor"] {
                text(keyword).into_iter().for_each(|name| self.anchor(name, &place, base));
            }
            let reference = REFERENCES.into_iter().find_map(|word| Some((word, text(word)?)));
            if let Some((keyword, written)) = reference {
                let (place, written) = (place.clone(), written.to_owned());
                self.references.push(Reference { pointer: place, keyword, written, base });
            }
            children(members, &place, |pointer, child| open.push((pointer, child, base)));
        }
    }

    /// Records an anchor.
    fn anchor(&mut self, name: &str, pointer: &str, base: usize) {
        let known = self.anchors.entry(name.to_owned()).or_default();
        if known.last().is_none_or(|(last, _)| last != pointer) {
            known.push((pointer.to_owned(), base));
        }
    }

    /// Records a base and returns its index.
    fn base(&mut self, id: &str, keyword: &'static str, pointer: &str, around: usize) -> usize {
        let uri = joined(&self.bases[around].uri, id.trim_end_matches('#'));
        // The document itself has an entry already.
        let index = if pointer.is_empty() { 0 } else { self.bases.len() };
        self.by_uri.entry(uri.clone()).or_default().push(index);
        let base = Base { pointer: pointer.to_owned(), keyword, uri };
        match self.bases.get_mut(index) {
            Some(document) => *document = base,
            None => self.bases.push(base),
        }
        index
    }

    /// Returns the pointers that the references lead to; `None` for one that cannot be resolved. Fails
    /// if a reference is ambiguous.
    fn targets(&mut self, document: &Value) -> Result<Vec<Option<String>>, SchemaLimit> {
        let mut targets = Vec::new();
        while let Some(reference) = self.references.get(targets.len()) {
            let target = self.target(document, reference)?;
            if let Some(pointer) = target.as_ref().filter(|place| !self.seen.contains(*place)) {
                if document.pointer(pointer).is_some_and(Value::is_object) {
                    self.scan(document, pointer.clone());
                    self.outside.insert(pointer.clone());
                }
            }
            targets.push(target);
        }
        Ok(targets)
    }

    /// Returns the pointer that one reference leads to.
    fn target(&self, document: &Value, of: &Reference) -> Result<Option<String>, SchemaLimit> {
        let (uri, fragment) = of.written.split_once('#').unwrap_or((&of.written, ""));
        let Some(fragment) = percent_decoded(fragment) else { return Ok(None) };
        // Of several dynamic anchors, the schemas around the value decide at run time.
        let is_dynamic = of.keyword == REFERENCES[2];
        if is_dynamic && self.anchors.get(&fragment).is_some_and(|all| all.len() > 1) {
            return Ok(None);
        }
        let base = if uri.is_empty() {
            of.base
        } else {
            match self.by_uri.get(&joined(&self.bases[of.base].uri, uri)).map(Vec::as_slice) {
                None | Some([]) => return Ok(None),
                Some([one]) => *one,
                Some([.., last]) => return Err(self.ambiguous(*last)),
            }
        };
        let inner = self.at(document, base, &fragment);
        if base == 0 || !uri.is_empty() {
            return Ok(inner);
        }
        // Many schemas have an `$id` that starts no document, and their references mean the root.
        match (inner, self.at(document, 0, &fragment)) {
            (Some(inner), Some(outer)) if inner != outer => Err(self.ambiguous(base)),
            (inner, outer) => Ok(inner.or(outer)),
        }
    }

    /// Returns the pointer of the schema that a fragment names inside a base.
    fn at(&self, document: &Value, base: usize, fragment: &str) -> Option<String> {
        if fragment.is_empty() || fragment.starts_with('/') {
            let mut pointer = self.bases[base].pointer.clone();
            segments(fragment).for_each(|segment| push_segment(&mut pointer, &segment));
            let target = document.pointer(&pointer)?;
            return (target.is_object() || target.is_boolean()).then_some(pointer);
        }
        let mut known = self.anchors.get(fragment)?.iter().filter(|(_, of)| *of == base);
        let (place, _) = known.next()?;
        known.next().is_none().then(|| place.clone())
    }

    /// Returns the error for a reference that is ambiguous because of a base.
    fn ambiguous(&self, base: usize) -> SchemaLimit {
        let Base { pointer: place, keyword, .. } = &self.bases[base];
        SchemaLimit::Embedded { pointer: inside(place, &[keyword]) }
    }
}

/// Resolves a relative reference against a base URI. `..` is not resolved.
fn joined(base: &str, reference: &str) -> String {
    let scheme = |uri: &str| {
        let end = uri.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))?;
        uri[end..].starts_with(':').then_some(end + 1)
    };
    let reference = reference.strip_prefix("./").unwrap_or(reference);
    let (None, Some(start)) = (scheme(reference), scheme(base)) else {
        return reference.to_owned();
    };
    let host = base[start..].strip_prefix("//").map_or(start, |rest| base.len() - rest.len());
    let path = base[host..].find('/').map_or(base.len(), |at| host + at);
    if reference.starts_with('/') {
        return format!("{}{reference}", &base[..path]);
    }
    let folder = base[path..].rfind('/').map_or("/", |at| &base[path..=path + at]);
    format!("{}{folder}{reference}", &base[..path])
}

/// Marks the schemas that references lead to, and makes the references name the marks. Returns the
/// number of marks.
fn mark(document: &mut Value, references: &[Reference], targets: &[Option<String>]) -> usize {
    let mut marks: HashMap<&str, usize> = HashMap::new();
    for (reference, target) in references.iter().zip(targets) {
        let Some(target) = target else { continue };
        let next = marks.len();
        let to = match document.pointer_mut(target) {
            Some(Value::Object(members)) => {
                let mark = *marks.entry(target).or_insert(next);
                members.insert(TARGET.to_owned(), mark.into());
                format!("\0{mark}\0{}", reference.written)
            }
            // `true` and `false` cannot hold a mark, and they never move.
            _ => fragment(target),
        };
        if let Some(Value::Object(members)) = document.pointer_mut(&reference.pointer) {
            members.shift_remove(reference.keyword);
            members.insert("$ref".to_owned(), to.into());
        }
    }
    marks.len()
}

/// Moves the schemas at these pointers into `$defs`. Returns their new pointers by the former ones.
fn move_to_definitions(document: &mut Value, places: HashSet<String>) -> HashMap<String, String> {
    let mut places: Vec<String> = places.into_iter().collect();
    // Inner schemas are moved first, because no keyword of an outer one holds them.
    places.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    let mut moves = HashMap::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for pointer in places {
        let Some((parent, last)) = pointer.rsplit_once('/') else { continue };
        let name: String = segments(&format!("/{last}")).collect();
        let is_value = segments(&pointer).any(|segment| VALUES.contains(&segment.as_str()));
        let found = match document.pointer_mut(parent) {
            Some(Value::Object(members)) if !is_value => members.swap_remove(&name),
            Some(around) => around.pointer(&pointer[parent.len()..]).cloned(),
            None => None,
        };
        let Some(root) = document.as_object_mut() else { break };
        let definitions = root.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
        let (Some(found), Value::Object(definitions)) = (found, definitions) else { continue };
        let count = taken.entry(name.clone()).or_default();
        let mut free = name.clone();
        while definitions.contains_key(&free) {
            *count += 1;
            free = format!("{name}_{count}");
        }
        moves.insert(pointer, inside("", &["$defs", &free]));
        definitions.insert(free, found);
    }
    moves
}

/// Updates a pointer whose schema, or the nearest schema around it, was moved.
fn moved(pointer: &mut String, moves: &HashMap<String, String>) {
    let mut end = pointer.len();
    loop {
        if let Some(new) = moves.get(&pointer[..end]) {
            pointer.replace_range(..end, new);
            return;
        }
        let Some(shorter) = pointer[..end].rfind('/') else { return };
        end = shorter;
    }
}

/// Converts the keywords of one schema to draft 2020-12.
fn modernize(members: &mut Map<String, Value>, has_former_references: bool) {
    for name in NAMES {
        if members.get(*name).is_some_and(|value| !value.is_object()) {
            members.shift_remove(*name);
        }
    }
    nullable(members);
    if has_former_references && members.get("$ref").is_some_and(Value::is_string) {
        members.retain(|keyword, _| keyword == "$ref" || is_annotation(keyword));
        return;
    }
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        let Some(&Value::Bool(is_exclusive)) = members.get(exclusive) else { continue };
        members.shift_remove(exclusive);
        let bound = is_exclusive.then(|| members.shift_remove(bound)).flatten();
        members.extend(bound.map(|bound| (exclusive.to_owned(), bound)));
    }
    let rest = members.shift_remove("additionalItems");
    if members.get("items").is_some_and(Value::is_array) && !members.contains_key("prefixItems") {
        let first = members.shift_remove("items").filter(|first| first != &json!([]));
        members.extend(first.map(|first| ("prefixItems".to_owned(), first)));
        members.extend(rest.map(|rest| ("items".to_owned(), rest)));
    }
    if let Some(Value::Object(dependencies)) = members.get("dependencies") {
        let (names, schemas): (Map<_, _>, Map<_, _>) =
            dependencies.clone().into_iter().partition(|(_, needed)| needed.is_array());
        members.shift_remove("dependencies");
        for (keyword, needed) in [("dependentRequired", names), ("dependentSchemas", schemas)] {
            if !needed.is_empty() {
                add_keyword(members, keyword, needed.into());
            }
        }
    }
}

/// Adds a keyword; inside an `allOf` if the schema already has it.
fn add_keyword(members: &mut Map<String, Value>, keyword: &str, value: Value) {
    if !members.contains_key(keyword) {
        members.insert(keyword.to_owned(), value);
    } else if let Value::Array(all) = members.entry("allOf").or_insert_with(|| json!([])) {
        all.push(json!({ keyword: value }));
    }
}

/// Replaces `nullable` by JSON Schema that also allows null.
fn nullable(members: &mut Map<String, Value>) {
    let Some(&Value::Bool(is_nullable)) = members.get("nullable") else { return };
    members.shift_remove("nullable");
    if !is_nullable {
        return;
    }
    if ["$ref", "allOf", "oneOf", "not", "if"].iter().any(|word| members.contains_key(*word)) {
        let (around, inner): (Map<_, _>, Map<_, _>) =
            std::mem::take(members).into_iter().partition(|(keyword, _)| is_annotation(keyword));
        *members = around;
        members.insert("anyOf".to_owned(), json!([inner, { "type": "null" }]));
        return;
    }
    if let Some(Value::Array(branches)) = members.get_mut("anyOf") {
        branches.push(json!({"type": "null"}));
    }
    if let Some(kinds) = members.get_mut("type") {
        let mut names = match kinds.take() {
            Value::Array(names) => names,
            one => vec![one],
        };
        if !names.iter().any(|name| name == "null") {
            names.push("null".into());
        }
        *kinds = names.into();
    }
    if let Some(constant) = members.shift_remove("const") {
        members.insert("enum".to_owned(), json!([constant]));
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        if !values.contains(&Value::Null) {
            values.push(Value::Null);
        }
    }
}

/// Returns whether a keyword does not constrain a value.
fn is_annotation(keyword: &str) -> bool {
    ABOUT.contains(&keyword) || keyword.starts_with("x-")
}

/// Returns a JSON pointer as a reference. Characters that a URI fragment may not hold are
/// percent-encoded.
fn fragment(pointer: &str) -> String {
    let mut reference = String::with_capacity(pointer.len() + 1);
    reference.push('#');
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@?".contains(&byte) {
            reference.push(char::from(byte));
        } else {
            reference.push_str(&format!("%{byte:02X}"));
        }
    }
    reference
}

/// Converts a schema in the notation of `OpenAPI` 3.0 (upper-case types, `nullable`) to JSON Schema.
/// Keywords of older drafts are converted as well; other schemas stay as they are.
pub(crate) fn in_json_schema(schema: &Value) -> Value {
    let mut schema = schema.clone();
    each_schema(&mut schema, |members| {
        if let Some(Value::String(name)) = members.get_mut("type") {
            name.make_ascii_lowercase();
        }
        modernize(members, false);
    });
    schema
}

#[cfg(test)]
mod tests;
