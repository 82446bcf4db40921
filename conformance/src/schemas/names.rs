//! Collects the names that a schema gives to properties and variants, and finds those that a
//! lowered schema and its notes lack.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use extract_core::contract::dialect::{Note, NoteKind};
use jsonschema::Draft;
use serde_json::{Map, Value, json};

/// The kind of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The name of a property.
    Property,
    /// A value of `const` or `enum`.
    Constant,
}

/// A name that a lowered schema lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) kind: Kind,
    /// The name or constant as JSON text.
    pub(crate) text: String,
    /// Its JSON pointer in the schema.
    pub(crate) pointer: String,
    /// Whether any value can have this name.
    pub(crate) reachable: bool,
}

/// The names of one schema.
#[derive(Debug)]
pub(crate) struct Names<'s> {
    schema: &'s Value,
    found: Vec<Named>,
}

#[derive(Debug)]
struct Named {
    kind: Kind,
    value: Value,
    text: String,
    pointer: String,
    /// The pointer of the outermost schema that applies to the same location in a value.
    base: String,
    /// Whether it is under a keyword that has no effect beside its schema's `type`.
    is_dead: bool,
    /// Whether any value can have this name. Computed only for a lost name.
    is_reachable: OnceCell<bool>,
}

/// A schema that is still to be visited.
struct Open {
    pointer: String,
    base: String,
    is_dead: bool,
}

/// Keywords with schemas for the same location in a value.
const IN_PLACE: &[&str] = &["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"];

/// Keywords with schemas for the members of an object. `dependencies` belongs to older drafts.
const OF_MEMBERS: &[&str] = &[
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "dependencies",
];

/// Keywords with schemas for the items of a list.
const OF_ITEMS: &[&str] = &["items", "prefixItems", "additionalItems", "unevaluatedItems"];

/// Keywords whose value maps names to schemas.
const MAPS: &[&str] = &["properties", "patternProperties", "dependentSchemas", "dependencies"];

impl<'s> Names<'s> {
    /// Returns the names that can be reached from the root. Names in conditions (`not`, `if`,
    /// `contains`) do not count.
    pub(crate) fn of(schema: &'s Value) -> Self {
        let mut names = Self { schema, found: Vec::new() };
        let mut seen = BTreeSet::new();
        let mut open = vec![Open { pointer: String::new(), base: String::new(), is_dead: false }];
        while let Some(at) = open.pop() {
            let Some(Value::Object(members)) = schema.pointer(&at.pointer) else { continue };
            if seen.insert((at.pointer.clone(), at.base.clone())) {
                names.visit(members, &at, &mut open);
            }
        }
        names
    }

    fn visit(&mut self, members: &Map<String, Value>, at: &Open, open: &mut Vec<Open>) {
        let Open { pointer, base, is_dead } = at;
        let dead_beside = |kind: &str| *is_dead || !may_be(members, kind);
        let mut name = |kind, value: Value, keyword: &str, is_dead| {
            let text = value.to_string();
            let pointer = format!("{pointer}/{keyword}");
            let (base, is_reachable) = (base.clone(), OnceCell::new());
            self.found.push(Named { kind, value, text, pointer, base, is_dead, is_reachable });
        };
        for constant in members.get("const").into_iter().filter(|one| !one.is_null()) {
            name(Kind::Constant, constant.clone(), "const", *is_dead);
        }
        let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
        for constant in listed.filter(|one| !one.is_null()) {
            name(Kind::Constant, constant.clone(), "enum", *is_dead);
        }
        let properties = members.get("properties").and_then(Value::as_object);
        for (key, schema) in properties.into_iter().flatten() {
            if *schema != Value::Bool(false) {
                let keyword = format!("properties/{}", escaped(key));
                name(Kind::Property, Value::from(key.as_str()), &keyword, dead_beside("object"));
            }
        }
        if let Some(target) = members.get("$ref").and_then(Value::as_str) {
            if let Some(target) = target.strip_prefix('#') {
                let (pointer, base) = (decoded(target), base.clone());
                open.push(Open { pointer, base, is_dead: *is_dead });
            }
        }
        for keyword in IN_PLACE {
            for pointer in children(members, pointer, keyword) {
                open.push(Open { pointer, base: base.clone(), is_dead: *is_dead });
            }
        }
        for (keywords, kind) in [(OF_MEMBERS, "object"), (OF_ITEMS, "array")] {
            for keyword in keywords {
                for pointer in children(members, pointer, keyword) {
                    let base = pointer.clone();
                    open.push(Open { pointer, base, is_dead: dead_beside(kind) });
                }
            }
        }
    }

    /// Returns the names that are in neither the lowered schema nor its notes.
    pub(crate) fn lost(&self, lowered: &Value, notes: &[Note]) -> Vec<Lost> {
        let sent = Sent::of(lowered);
        let mut lost: Vec<Lost> = Vec::new();
        for named in &self.found {
            if sent.has(named) || notes.iter().any(|note| mentions(note, named)) {
                continue;
            }
            let reachable = *named.is_reachable.get_or_init(|| self.is_reachable(named));
            // A definition may be used at several locations and be reachable from only one of them.
            let same =
                |other: &&mut Lost| other.pointer == named.pointer && other.text == named.text;
            match lost.iter_mut().find(same) {
                Some(other) => other.reachable |= reachable,
                None => lost.push(Lost {
                    kind: named.kind,
                    text: named.text.clone(),
                    pointer: named.pointer.clone(),
                    reachable,
                }),
            }
        }
        lost
    }

    /// Returns whether any value can have the name. A constant must pass all schemas at its
    /// location.
    fn is_reachable(&self, named: &Named) -> bool {
        if named.is_dead || named.kind == Kind::Property {
            return !named.is_dead;
        }
        let mut document = self.schema.clone();
        if let Some(members) = document.as_object_mut() {
            // A separate document, so that its references stay inside it.
            members.insert("$id".to_owned(), "urn:own".into());
        }
        let base = json!({"$ref": format!("urn:own#{}", encoded(&named.base)), "$defs": {"own": document}});
        let validator = jsonschema::options().with_draft(Draft::Draft202012).offline().build(&base);
        validator.is_ok_and(|validator| validator.is_valid(&named.value))
    }
}

/// The names that can be reached in a lowered schema.
#[derive(Default)]
struct Sent<'l> {
    properties: BTreeSet<&'l str>,
    constants: BTreeSet<String>,
    /// Whether some location accepts `true` and `false` by its type.
    has_booleans: bool,
}

impl<'l> Sent<'l> {
    fn of(lowered: &'l Value) -> Self {
        let mut sent = Self::default();
        let mut followed = BTreeSet::new();
        let mut open = vec![lowered];
        while let Some(schema) = open.pop() {
            let Value::Object(members) = schema else { continue };
            sent.has_booleans |= members.contains_key("type") && may_be(members, "boolean");
            for (keyword, value) in members {
                match (keyword.as_str(), value) {
                    ("$ref", Value::String(target)) => {
                        let target = target.strip_prefix('#').map(decoded);
                        let target = target.filter(|target| followed.insert(target.clone()));
                        open.extend(target.and_then(|target| lowered.pointer(&target)));
                    }
                    ("const", constant) => {
                        sent.constants.insert(constant.to_string());
                    }
                    ("enum", Value::Array(listed)) => {
                        sent.constants.extend(listed.iter().map(Value::to_string));
                    }
                    (keyword, Value::Object(named)) if MAPS.contains(&keyword) => {
                        if keyword == "properties" {
                            sent.properties.extend(named.keys().map(String::as_str));
                        }
                        open.extend(named.values());
                    }
                    (keyword, value) if is_applied(keyword) => match value {
                        Value::Array(listed) => open.extend(listed),
                        other => open.push(other),
                    },
                    _ => {}
                }
            }
        }
        sent
    }

    fn has(&self, named: &Named) -> bool {
        match &named.value {
            Value::String(name) if named.kind == Kind::Property => {
                self.properties.contains(name.as_str())
            }
            Value::Bool(_) if self.has_booleans => true,
            _ => self.constants.contains(&named.text),
        }
    }
}

fn is_applied(keyword: &str) -> bool {
    [IN_PLACE, OF_MEMBERS, OF_ITEMS].iter().any(|keywords| keywords.contains(&keyword))
}

/// Returns whether a schema's `type` allows values of a kind.
fn may_be(members: &Map<String, Value>, kind: &str) -> bool {
    match members.get("type") {
        Some(Value::String(only)) => only.eq_ignore_ascii_case(kind),
        Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
        _ => true,
    }
}

/// Returns the pointers of the schemas under a keyword.
fn children(members: &Map<String, Value>, pointer: &str, keyword: &str) -> Vec<String> {
    let within = format!("{pointer}/{keyword}");
    match members.get(keyword) {
        Some(Value::Array(schemas)) => {
            (0..schemas.len()).map(|index| format!("{within}/{index}")).collect()
        }
        Some(Value::Object(named)) if MAPS.contains(&keyword) => {
            named.keys().map(|key| format!("{within}/{}", escaped(key))).collect()
        }
        Some(Value::Object(_)) => vec![within],
        _ => Vec::new(),
    }
}

/// Returns whether a note covers a name. It does if it quotes the name, points to it or into it, or
/// is about the keyword or the whole value around it. Notes point through merged schemas, so steps
/// into `allOf` and unions do not count. Behind a reference only the path from the last property
/// counts.
fn mentions(note: &Note, named: &Named) -> bool {
    if note.text.contains(&named.text) {
        return true;
    }
    let whole = matches!(note.kind, NoteKind::Unrolled | NoteKind::Described)
        || note.text.contains("JSON text");
    let at = plain(&note.pointer);
    let mut places = vec![plain(&named.pointer)];
    if named.kind == Kind::Constant {
        places.push(plain(&format!("{}/enum", named.base)));
        places.push(plain(&format!("{}/const", named.base)));
    }
    places.iter().any(|place| {
        let tails = from_property(&at).zip(from_property(place));
        [Some((at.as_str(), place.as_str())), tails]
            .into_iter()
            .flatten()
            .any(|(at, place)| is_within(at, place) || (whole && is_within(place, at)))
    })
}

fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the pointer without the steps into `allOf` and unions.
fn plain(pointer: &str) -> String {
    let mut kept = String::new();
    let mut segments = pointer.split('/').skip(1);
    while let Some(segment) = segments.next() {
        if matches!(segment, "allOf" | "anyOf" | "oneOf") {
            segments.next();
        } else {
            kept.push('/');
            kept.push_str(segment);
        }
    }
    kept
}

/// Returns the end of a pointer from the last property on, or `None` without a property.
fn from_property(pointer: &str) -> Option<&str> {
    pointer.rfind("/properties/").map(|at| &pointer[at..])
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Percent-decodes the fragment of a reference.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = fragment.as_bytes();
    while let [first, more @ ..] = rest {
        let code = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &more[2..];
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes a pointer as the fragment of a reference.
fn encoded(pointer: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~$".contains(&byte);
    let encode =
        |byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    pointer.bytes().map(encode).collect()
}
