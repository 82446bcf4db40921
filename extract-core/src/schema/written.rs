//! The schemas of a document as they are written. Every schema is read once, its keywords are typed,
//! and its references are resolved inside the document. Nothing is merged here.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::constants::{Constant, constants};
use super::constraint::MISPLACED;
use super::keywords::{CONSTRAINTS, inside, strings, within_depth};
use super::pointer::{push_segment, segments};
use super::{Kinds, SchemaError, pattern};

/// The index of a written schema in its document.
pub(crate) type WrittenId = u32;

/// The deepest nesting of JSON that is read. Parsers of JSON text have the same limit.
const MAX_DEPTH: usize = 128;

/// The most schemas in one document.
const MAX_PARTS: usize = 50_000;

/// One schema of a document, before merging.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, not a state")]
pub(crate) struct WrittenSchema {
    /// The JSON pointer of the schema in the document.
    pub(crate) pointer: String,
    /// Whether the schema is `false`, so that no value fits.
    pub(crate) is_false: bool,
    /// The kinds that `type` lists; `None` without `type`.
    pub(crate) kinds: Option<Kinds>,
    /// The values that `const` and `enum` allow; `None` without both.
    pub(crate) constants: Option<Vec<Constant>>,
    /// Whether the values come from `const`.
    pub(crate) is_const: bool,
    /// The schemas of `properties`, by name.
    pub(crate) members: Vec<(String, WrittenId)>,
    /// Whether the schema has `properties`, even if empty.
    pub(super) lists_members: bool,
    pub(crate) required: Vec<String>,
    /// The schemas of `patternProperties`, by pattern.
    pub(crate) patterns: Vec<(String, WrittenId)>,
    /// The schema of the members that are not named (`additionalProperties`, or else
    /// `unevaluatedProperties`).
    pub(crate) others: Option<WrittenId>,
    /// The schema of the member names (`propertyNames`).
    pub(crate) names: Option<WrittenId>,
    /// The schemas of `dependentSchemas`. One applies if the member of its name is present.
    pub(crate) dependents: Vec<(String, WrittenId)>,
    /// The schemas of `prefixItems`.
    pub(crate) first: Vec<WrittenId>,
    /// The schema of the elements after `first` (`items`, or else `unevaluatedItems`).
    pub(crate) rest: Option<WrittenId>,
    pub(crate) contains: Option<WrittenId>,
    /// Whether an `unevaluated…` keyword is present. To find the unevaluated parts, the validator
    /// applies the schemas for the same value a second time.
    pub(crate) has_unevaluated: bool,
    /// The target of `$ref`.
    pub(crate) reference: Option<WrittenId>,
    /// The schemas of `allOf`.
    pub(crate) all: Vec<WrittenId>,
    /// The alternatives of `anyOf`.
    pub(crate) any: Option<Vec<WrittenId>>,
    /// The alternatives of `oneOf`.
    pub(crate) one: Option<Vec<WrittenId>>,
    pub(crate) not: Option<WrittenId>,
    /// The schemas of `if`, `then` and `else`, in this order.
    pub(crate) condition: [Option<WrittenId>; 3],
    /// The keywords whose value holds no schema, by name.
    pub(crate) constraints: Map<String, Value>,
    /// The keywords whose schemas do not shape a value, as they are written.
    pub(crate) verbatim: Vec<(String, Value)>,
    pub(crate) notes: Annotations,
}

/// The keywords of a schema that do not constrain a value.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Annotations {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) examples: Vec<Value>,
    /// The name that models write for the member with this schema (`x-alias`).
    pub(crate) alias: Vec<String>,
    /// Other accepted names of the member (`x-aliases`).
    pub(crate) aliases: Vec<String>,
    /// Constraints that the type's author wrote but that do not apply to the kinds of values here.
    pub(crate) misplaced: Vec<String>,
    /// Whether this union branch takes the plain text of a reply.
    pub(crate) is_plain_text: bool,
}

impl Annotations {
    /// Returns whether none of the annotations that providers are sent is present.
    pub(crate) fn is_empty(&self) -> bool {
        self.description.is_none() && self.default.is_none() && self.examples.is_empty()
    }

    /// Copies from `other` the title, description, default and examples that are missing here.
    pub(super) fn fill_from(&mut self, other: &Self) {
        let fill = |tree: &mut Option<String>, other: &Option<String>| {
            if tree.is_none() {
                tree.clone_from(other);
            }
        };
        fill(&mut self.title, &other.title);
        fill(&mut self.description, &other.description);
        if self.default.is_none() {
            self.default.clone_from(&other.default);
        }
        if self.examples.is_empty() {
            self.examples.clone_from(&other.examples);
        }
    }
}

impl WrittenSchema {
    /// Returns whether the schema constrains no value by itself. It may still refer to other schemas.
    pub(super) fn is_silent(&self) -> bool {
        !self.is_false && !self.asserts() && self.any.is_none() && self.one.is_none()
    }

    /// Returns whether the schema constrains values by itself, apart from alternatives and references.
    pub(super) fn asserts(&self) -> bool {
        self.kinds.is_some() || self.asserts_more()
    }

    /// Like [`asserts`](Self::asserts), without counting `type`.
    pub(super) fn asserts_more(&self) -> bool {
        self.constants.is_some()
            || !self.members.is_empty()
            || !self.required.is_empty()
            || !self.patterns.is_empty()
            || !self.first.is_empty()
            || [self.others, self.names, self.rest, self.contains].iter().any(Option::is_some)
            || !self.constraints.is_empty()
            || !self.verbatim.is_empty()
    }

    /// Returns the schemas that hold whenever this one does: its `$ref` and `allOf`.
    pub(crate) fn conjuncts(&self) -> impl Iterator<Item = WrittenId> + '_ {
        self.reference.into_iter().chain(self.all.iter().copied())
    }

    /// Returns all schemas that apply to the same value.
    pub(crate) fn same_value(&self) -> impl Iterator<Item = WrittenId> + '_ {
        let in_unions = self.unions().flat_map(|(_, branches)| branches.iter().copied());
        self.same_value_without_unions().chain(in_unions)
    }

    /// Like [`in_place`](Self::in_place), without the alternatives.
    pub(super) fn same_value_without_unions(&self) -> impl Iterator<Item = WrittenId> + '_ {
        let conditions = self.condition.iter().flatten().copied();
        let dependents = self.dependents.iter().map(|(_, id)| *id);
        self.conjuncts().chain(self.not).chain(conditions).chain(dependents)
    }

    /// Returns all schemas that apply to members, member names or elements of the value.
    pub(super) fn child_schemas(&self) -> impl Iterator<Item = WrittenId> + '_ {
        let named = self.members.iter().chain(&self.patterns).map(|(_, id)| *id);
        let single = [self.others, self.names, self.rest, self.contains].into_iter().flatten();
        named.chain(single).chain(self.first.iter().copied())
    }

    /// Returns the schema of the member that is listed under `name`.
    pub(crate) fn member(&self, name: &str) -> Option<WrittenId> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    }

    /// Returns the value of `const`; `None` if there is no `const`, or `enum` excludes it.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match self.constants.as_deref() {
            Some([one]) if self.is_const => Some(&one.value),
            _ => None,
        }
    }

    /// Returns the alternatives of `anyOf`, then those of `oneOf`. The flag is true for `oneOf`.
    pub(crate) fn unions(&self) -> impl Iterator<Item = (bool, &[WrittenId])> {
        let any = self.any.iter().map(|branches| (false, branches.as_slice()));
        any.chain(self.one.iter().map(|branches| (true, branches.as_slice())))
    }
}

/// Reads a document. The first schema of the result is the root. Fails if the document exceeds a limit,
/// a keyword has a value of the wrong form, or a reference cannot be resolved.
pub(super) fn parse(document: &Value) -> Result<(Vec<WrittenSchema>, PointerIndex), SchemaError> {
    if !within_depth(document, MAX_DEPTH) {
        return Err(SchemaError::TooDeep { allowed: MAX_DEPTH });
    }
    let mut parser = Parser {
        document,
        written: Vec::new(),
        places: HashMap::new(),
        open: Vec::new(),
        anchors: None,
    };
    parser.id(String::new(), document);
    while let Some((id, schema)) = parser.open.pop() {
        let place = std::mem::take(&mut parser.written[id as usize].pointer);
        let mut read = parser.read(schema, &place)?;
        read.pointer = place;
        parser.written[id as usize] = read;
        if parser.written.len() > MAX_PARTS {
            let pointer = parser.written[id as usize].pointer.clone();
            return Err(SchemaError::TooLarge { pointer, what: "schemas", allowed: MAX_PARTS });
        }
    }
    Ok((parser.written, parser.places))
}

/// The schemas of a document by JSON pointer.
pub(super) type PointerIndex = HashMap<String, WrittenId>;

/// Reads the schemas of one document without recursion.
struct Parser<'d> {
    document: &'d Value,
    written: Vec<WrittenSchema>,
    places: PointerIndex,
    /// The schemas that have an index but are not read yet.
    open: Vec<(WrittenId, &'d Value)>,
    /// The JSON pointers of the schemas with an `$anchor`, by its name. Filled at the first reference
    /// to an anchor.
    anchors: Option<HashMap<&'d str, String>>,
}

impl<'d> Parser<'d> {
    /// Returns the index of the schema at a JSON pointer. The first call queues the schema, so it is
    /// read once.
    fn id(&mut self, place: String, schema: &'d Value) -> WrittenId {
        if let Some(&known) = self.places.get(&place) {
            return known;
        }
        let id = WrittenId::try_from(self.written.len()).unwrap_or(WrittenId::MAX);
        self.written.push(WrittenSchema { pointer: place.clone(), ..WrittenSchema::default() });
        self.places.insert(place, id);
        self.open.push((id, schema));
        id
    }

    /// Reads one schema.
    fn read(&mut self, schema: &'d Value, pointer: &str) -> Result<WrittenSchema, SchemaError> {
        let members = match schema {
            Value::Bool(anything) => {
                return Ok(WrittenSchema { is_false: !anything, ..WrittenSchema::default() });
            }
            Value::Object(members) => members,
            _ => return Err(malformed(pointer, "expected an object, `true` or `false`")),
        };
        let mut read = WrittenSchema { notes: annotations(members), ..WrittenSchema::default() };
        (read.constants, read.is_const) = constants(members);
        for (keyword, value) in members {
            self.keyword(&mut read, keyword, value, pointer)?;
        }
        // An `unevaluated…` keyword applies to parts that no schema for the same value mentions. Once
        // these are merged, the parts are those of `additionalProperties` and `items`.
        for (former, keyword) in
            [("unevaluatedProperties", "additionalProperties"), ("unevaluatedItems", "items")]
        {
            read.has_unevaluated |= members.contains_key(former);
            if let Some(schema) = members.get(former).filter(|_| !members.contains_key(keyword)) {
                let id = Some(self.id(inside(pointer, &[former]), schema));
                if keyword == "items" { read.rest = id } else { read.others = id }
            }
        }
        Ok(read)
    }

    /// Reads one keyword into `read`.
    fn keyword(
        &mut self,
        read: &mut WrittenSchema,
        keyword: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<(), SchemaError> {
        let one = |parser: &mut Self| Some(parser.id(inside(pointer, &[keyword]), value));
        match keyword {
            "type" => read.kinds = Some(kinds(value, pointer)?),
            "properties" => {
                read.members = self.named(keyword, value, pointer)?;
                read.lists_members = true;
            }
            "patternProperties" => {
                read.patterns = self.named(keyword, value, pointer)?;
                for (text, _) in &read.patterns {
                    pattern::check(text, &inside(pointer, &[keyword, text]))?;
                }
            }
            "required" => {
                let names = value.as_array().and_then(|names| {
                    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
                });
                read.required = names.ok_or_else(|| {
                    malformed(&inside(pointer, &[keyword]), "expected a list of names")
                })?;
            }
            "additionalProperties" => read.others = one(self),
            "items" if value.is_array() => {
                let why = "expected one schema, found a list; use `prefixItems` of draft 2020-12";
                return Err(malformed(&inside(pointer, &[keyword]), why));
            }
            "items" => read.rest = one(self),
            "prefixItems" => read.first = self.listed(keyword, value, pointer)?,
            "allOf" => read.all = self.listed(keyword, value, pointer)?,
            "anyOf" => read.any = Some(self.listed(keyword, value, pointer)?),
            "oneOf" => read.one = Some(self.listed(keyword, value, pointer)?),
            "$ref" => read.reference = Some(self.reference(value, pointer)?),
            "propertyNames" | "contains" | "not" | "if" | "then" | "else" => {
                let id = one(self);
                match keyword {
                    "propertyNames" => read.names = id,
                    "contains" => read.contains = id,
                    "not" => read.not = id,
                    "if" => read.condition[0] = id,
                    "then" => read.condition[1] = id,
                    _ => read.condition[2] = id,
                }
                read.verbatim.push((keyword.to_owned(), value.clone()));
            }
            "dependentSchemas" => {
                read.dependents = self.named(keyword, value, pointer)?;
                read.verbatim.push((keyword.to_owned(), value.clone()));
            }
            "enum" if !value.is_array() => {
                return Err(malformed(&inside(pointer, &[keyword]), "expected a list of values"));
            }
            "$dynamicRef" | "$recursiveRef" => {
                let why = "dynamic references are not supported";
                return Err(malformed(&inside(pointer, &[keyword]), why));
            }
            _ if CONSTRAINTS.contains(&keyword) => {
                if matches!(keyword, "pattern" | "format") && !value.is_string() {
                    let why = "expected a string";
                    return Err(malformed(&inside(pointer, &[keyword]), why));
                }
                if let (true, Value::String(text)) = (keyword == "pattern", value) {
                    pattern::check(text, &inside(pointer, &[keyword]))?;
                }
                if !allows_everything(keyword, value) {
                    read.constraints.insert(keyword.to_owned(), value.clone());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a keyword that maps names to schemas.
    fn named(
        &mut self,
        keyword: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Vec<(String, WrittenId)>, SchemaError> {
        let Value::Object(named) = value else {
            let why = "expected an object of schemas";
            return Err(malformed(&inside(pointer, &[keyword]), why));
        };
        let id = |(name, schema): (&'d String, &'d Value)| {
            (name.clone(), self.id(inside(pointer, &[keyword, name]), schema))
        };
        Ok(named.iter().map(id).collect())
    }

    /// Reads a keyword that lists schemas. Fails if the list is empty.
    fn listed(
        &mut self,
        keyword: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Vec<WrittenId>, SchemaError> {
        let listed = value.as_array().filter(|all| !all.is_empty()).ok_or_else(|| {
            let why = "expected a list of schemas that is not empty";
            malformed(&inside(pointer, &[keyword]), why)
        })?;
        let id = |(index, schema): (usize, &'d Value)| {
            self.id(inside(pointer, &[keyword, &index.to_string()]), schema)
        };
        Ok(listed.iter().enumerate().map(id).collect())
    }

    /// Returns the schema that a `$ref` leads to. Fails if it does not lead to a schema in the
    /// document.
    fn reference(&mut self, value: &Value, place: &str) -> Result<WrittenId, SchemaError> {
        let Some(reference) = value.as_str() else {
            return Err(malformed(&inside(place, &["$ref"]), "expected a string"));
        };
        let refuse = |why| {
            let (reference, pointer) = (reference.to_owned(), place.to_owned());
            Err(SchemaError::Reference { reference, pointer, why })
        };
        let Some(fragment) = reference.strip_prefix('#') else {
            return refuse("it leads out of the schema, and nothing is ever fetched");
        };
        let Some(fragment) = percent_decoded(fragment) else {
            return refuse("it is not a JSON pointer");
        };
        let pointer = if fragment.is_empty() || fragment.starts_with('/') {
            fragment
        } else {
            let document = self.document;
            let anchors = self.anchors.get_or_insert_with(|| anchors(document));
            match anchors.get(fragment.as_str()) {
                Some(pointer) => pointer.clone(),
                None => return refuse("there is no `$anchor` with this name"),
            }
        };
        match self.document.pointer(&pointer) {
            Some(target @ (Value::Object(_) | Value::Bool(_))) => {
                Ok(self.id(canonical(&pointer), target))
            }
            Some(_) => refuse("it leads to a value that is no schema"),
            None => refuse("there is nothing at that pointer"),
        }
    }
}

/// Returns the JSON pointer that a reference such as `#/$defs/A` leads to; `None` if it does not begin
/// with `#` or is malformed.
pub(crate) fn pointer_of(reference: &str) -> Option<String> {
    Some(canonical(&percent_decoded(reference.strip_prefix('#')?)?))
}

/// Returns a JSON pointer with its segments escaped in one way.
fn canonical(pointer: &str) -> String {
    let mut canonical = String::new();
    segments(pointer).for_each(|segment| push_segment(&mut canonical, &segment));
    canonical
}

/// Returns the JSON pointers of the schemas with an `$anchor`, by its name.
fn anchors(document: &Value) -> HashMap<&str, String> {
    let mut found = HashMap::new();
    let mut open = vec![(String::new(), document)];
    while let Some((place, schema)) = open.pop() {
        let Value::Object(members) = schema else { continue };
        super::keywords::children(members, &place, |pointer, child| open.push((pointer, child)));
        if let Some(name) = members.get("$anchor").and_then(Value::as_str) {
            found.entry(name).or_insert(place);
        }
    }
    found
}

fn malformed(pointer: &str, why: &'static str) -> SchemaError {
    SchemaError::Malformed { pointer: pointer.to_owned(), why }
}

/// Reads the value of `type`. Fails if it names an unknown type.
fn kinds(value: &Value, place: &str) -> Result<Kinds, SchemaError> {
    let names = match value {
        Value::Array(names) if !names.is_empty() => names.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut kinds = Kinds::NONE;
    for name in names {
        let unknown = || {
            let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            SchemaError::UnknownType { name, pointer: inside(place, &["type"]) }
        };
        kinds = kinds.or(name.as_str().and_then(Kinds::named).ok_or_else(unknown)?);
    }
    Ok(kinds)
}

/// Returns whether a constraint allows every value.
fn allows_everything(keyword: &str, value: &Value) -> bool {
    match keyword {
        "uniqueItems" => *value == Value::Bool(false),
        "minItems" | "minLength" | "minProperties" => *value == 0,
        _ => false,
    }
}

/// Reads the annotations of a schema.
fn annotations(members: &Map<String, Value>) -> Annotations {
    let text = |keyword: &str| members.get(keyword).and_then(Value::as_str).map(str::to_owned);
    Annotations {
        title: text("title"),
        description: text("description"),
        default: members.get("default").cloned(),
        examples: members.get("examples").and_then(Value::as_array).cloned().unwrap_or_default(),
        alias: strings(members.get("x-alias")),
        aliases: strings(members.get("x-aliases")),
        misplaced: match members.get(MISPLACED) {
            // As a keyword, it holds a list of constraint names.
            words @ Some(Value::Array(_)) => strings(words),
            _ => Vec::new(),
        },
        is_plain_text: members.get(super::PLAIN_TEXT) == Some(&Value::Bool(true)),
    }
}

/// Decodes the percent-encoding of a URI fragment; `None` if it is malformed.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
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
