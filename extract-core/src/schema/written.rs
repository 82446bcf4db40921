//! A JSON Schema as it is written: each schema in it once, its keywords typed, its references
//! resolved inside the document. Nothing is merged here.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::constants::{Constant, constants};
use super::constraint::MISPLACED;
use super::keywords::{CONSTRAINTS, inside, strings, within_depth};
use super::pointer::{push_segment, segments};
use super::{Kinds, SchemaError, pattern};

/// The index of a schema as it is written.
pub(crate) type WrittenId = u32;

/// The deepest nesting of JSON that is read; what parses JSON from text stops there too.
const MAX_DEPTH: usize = 128;

/// The most schemas that one document may hold.
const MAX_PARTS: usize = 50_000;

/// One schema of a document.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, not a state")]
pub(crate) struct WrittenSchema {
    /// Its JSON pointer in the document.
    pub(crate) pointer: String,
    /// It is `false`: nothing fits.
    pub(crate) is_false: bool,
    pub(crate) kinds: Option<Kinds>,
    pub(crate) constants: Option<Vec<Constant>>,
    /// The values come from `const`.
    pub(crate) is_const: bool,
    pub(crate) members: Vec<(String, WrittenId)>,
    /// It lists its members, be they none.
    pub(super) lists_members: bool,
    pub(crate) required: Vec<String>,
    pub(crate) patterns: Vec<(String, WrittenId)>,
    /// The schema of members that are not named.
    pub(crate) others: Option<WrittenId>,
    /// The schema of the names of members.
    pub(crate) names: Option<WrittenId>,
    /// Schemas that hold where a member of this name is.
    pub(crate) dependents: Vec<(String, WrittenId)>,
    pub(crate) first: Vec<WrittenId>,
    /// The schema of the elements behind `first`.
    pub(crate) rest: Option<WrittenId>,
    pub(crate) contains: Option<WrittenId>,
    /// It looks once more at the schemas for the same value, to find the parts that none speaks of.
    pub(crate) looks_again: bool,
    pub(crate) reference: Option<WrittenId>,
    pub(crate) all: Vec<WrittenId>,
    pub(crate) any: Option<Vec<WrittenId>>,
    pub(crate) one: Option<Vec<WrittenId>>,
    pub(crate) not: Option<WrittenId>,
    /// `if`, `then` and `else`.
    pub(crate) condition: [Option<WrittenId>; 3],
    /// Keywords that hold a value, not a schema, by their names.
    pub(crate) constraints: Map<String, Value>,
    /// Keywords whose schemas say nothing of the shape of a value, as they stand.
    pub(crate) verbatim: Vec<(String, Value)>,
    pub(crate) notes: Annotations,
}

/// What a schema says without constraining a value.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Annotations {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) examples: Vec<Value>,
    /// The name that a model writes for the member of this schema.
    pub(crate) alias: Vec<String>,
    /// Other names of the member.
    pub(crate) aliases: Vec<String>,
    /// Constraints of the type's author that mean nothing for the kinds of values here.
    pub(crate) misplaced: Vec<String>,
    /// The branch says what plain text of a model means.
    pub(crate) is_plain_text: bool,
}

impl Annotations {
    /// Whether nothing is said that a provider is sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.description.is_none() && self.default.is_none() && self.examples.is_empty()
    }

    pub(super) fn fill_from(&mut self, other: &Self) {
        let fill = |own: &mut Option<String>, other: &Option<String>| {
            if own.is_none() {
                own.clone_from(other);
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
    /// Whether it says nothing of values by itself: at most it refers to other schemas.
    pub(super) fn is_silent(&self) -> bool {
        !self.is_false && !self.asserts() && self.any.is_none() && self.one.is_none()
    }

    /// Whether it constrains values by itself, alternatives and references aside.
    pub(super) fn asserts(&self) -> bool {
        self.kinds.is_some() || self.asserts_more()
    }

    /// The same besides the kinds of values.
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

    /// The schemas that hold for the same value, each whenever this one does.
    pub(crate) fn conjuncts(&self) -> impl Iterator<Item = WrittenId> + '_ {
        self.reference.into_iter().chain(self.all.iter().copied())
    }

    /// All schemas that are held against the same value, one by one.
    pub(crate) fn in_place(&self) -> impl Iterator<Item = WrittenId> + '_ {
        let in_unions = self.unions().flat_map(|(_, branches)| branches.iter().copied());
        self.beside().chain(in_unions)
    }

    /// The same without alternatives.
    pub(super) fn beside(&self) -> impl Iterator<Item = WrittenId> + '_ {
        let conditions = self.condition.iter().flatten().copied();
        let dependents = self.dependents.iter().map(|(_, id)| *id);
        self.conjuncts().chain(self.not).chain(conditions).chain(dependents)
    }

    /// All schemas that are held against a part of the value.
    pub(super) fn of_parts(&self) -> impl Iterator<Item = WrittenId> + '_ {
        let named = self.members.iter().chain(&self.patterns).map(|(_, id)| *id);
        let single = [self.others, self.names, self.rest, self.contains].into_iter().flatten();
        named.chain(single).chain(self.first.iter().copied())
    }

    /// The schema of a member that is named.
    pub(crate) fn member(&self, name: &str) -> Option<WrittenId> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    }

    /// The one value that `const` allows.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match self.constants.as_deref() {
            Some([one]) if self.is_const => Some(&one.value),
            _ => None,
        }
    }

    /// The alternatives, `anyOf` before `oneOf`; the flag says that exactly one may fit.
    pub(crate) fn unions(&self) -> impl Iterator<Item = (bool, &[WrittenId])> {
        let any = self.any.iter().map(|branches| (false, branches.as_slice()));
        any.chain(self.one.iter().map(|branches| (true, branches.as_slice())))
    }
}

/// Reads a document. The first schema is its root.
pub(super) fn parse(document: &Value) -> Result<(Vec<WrittenSchema>, Places), SchemaError> {
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

/// The schemas of a document by their places.
pub(super) type Places = HashMap<String, WrittenId>;

struct Parser<'d> {
    document: &'d Value,
    written: Vec<WrittenSchema>,
    places: Places,
    open: Vec<(WrittenId, &'d Value)>,
    /// The places of the schemas that have an `$anchor`, found when one is first referred to.
    anchors: Option<HashMap<&'d str, String>>,
}

impl<'d> Parser<'d> {
    /// The schema at a place. Each is read once, however often it is referred to.
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

    fn read(&mut self, schema: &'d Value, pointer: &str) -> Result<WrittenSchema, SchemaError> {
        let members = match schema {
            Value::Bool(anything) => {
                return Ok(WrittenSchema { is_false: !anything, ..WrittenSchema::default() });
            }
            Value::Object(members) => members,
            _ => return Err(malformed(pointer, "a schema is an object, `true` or `false`")),
        };
        let mut read = WrittenSchema { notes: annotations(members), ..WrittenSchema::default() };
        (read.constants, read.is_const) = constants(members);
        for (keyword, value) in members {
            self.keyword(&mut read, keyword, value, pointer)?;
        }
        // JSON Schema counts as others what no schema beside it knows of; merged, it is the same.
        for (former, keyword) in
            [("unevaluatedProperties", "additionalProperties"), ("unevaluatedItems", "items")]
        {
            read.looks_again |= members.contains_key(former);
            if let Some(schema) = members.get(former).filter(|_| !members.contains_key(keyword)) {
                let id = Some(self.id(inside(pointer, &[former]), schema));
                if keyword == "items" { read.rest = id } else { read.others = id }
            }
        }
        Ok(read)
    }

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
                    malformed(&inside(pointer, &[keyword]), "this keyword holds a list of names")
                })?;
            }
            "additionalProperties" => read.others = one(self),
            "items" if value.is_array() => {
                let why = "a list of schemas here is `prefixItems` since 2020-12";
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
                return Err(malformed(&inside(pointer, &[keyword]), "this keyword holds a list"));
            }
            "$dynamicRef" | "$recursiveRef" => {
                let why = "dynamic references are not supported";
                return Err(malformed(&inside(pointer, &[keyword]), why));
            }
            _ if CONSTRAINTS.contains(&keyword) => {
                if matches!(keyword, "pattern" | "format") && !value.is_string() {
                    let why = "this keyword holds a string";
                    return Err(malformed(&inside(pointer, &[keyword]), why));
                }
                if let (true, Value::String(text)) = (keyword == "pattern", value) {
                    pattern::check(text, &inside(pointer, &[keyword]))?;
                }
                if !says_nothing(keyword, value) {
                    read.constraints.insert(keyword.to_owned(), value.clone());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn named(
        &mut self,
        keyword: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Vec<(String, WrittenId)>, SchemaError> {
        let Value::Object(named) = value else {
            let why = "this keyword holds an object of schemas";
            return Err(malformed(&inside(pointer, &[keyword]), why));
        };
        let id = |(name, schema): (&'d String, &'d Value)| {
            (name.clone(), self.id(inside(pointer, &[keyword, name]), schema))
        };
        Ok(named.iter().map(id).collect())
    }

    fn listed(
        &mut self,
        keyword: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Vec<WrittenId>, SchemaError> {
        let listed = value.as_array().filter(|all| !all.is_empty()).ok_or_else(|| {
            let why = "this keyword holds a list of schemas that is not empty";
            malformed(&inside(pointer, &[keyword]), why)
        })?;
        let id = |(index, schema): (usize, &'d Value)| {
            self.id(inside(pointer, &[keyword, &index.to_string()]), schema)
        };
        Ok(listed.iter().enumerate().map(id).collect())
    }

    /// The schema that a reference leads to, inside of the document.
    fn reference(&mut self, value: &Value, place: &str) -> Result<WrittenId, SchemaError> {
        let Some(reference) = value.as_str() else {
            return Err(malformed(&inside(place, &["$ref"]), "this keyword holds a string"));
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
                None => return refuse("there is no `$anchor` of this name"),
            }
        };
        match self.document.pointer(&pointer) {
            Some(target @ (Value::Object(_) | Value::Bool(_))) => {
                Ok(self.id(canonical(&pointer), target))
            }
            Some(_) => refuse("it leads to something that is no schema"),
            None => refuse("there is nothing at that place"),
        }
    }
}

/// The place that a reference leads to, where it is a JSON pointer.
pub(crate) fn pointer_of(reference: &str) -> Option<String> {
    Some(canonical(&percent_decoded(reference.strip_prefix('#')?)?))
}

fn canonical(pointer: &str) -> String {
    let mut canonical = String::new();
    segments(pointer).for_each(|segment| push_segment(&mut canonical, &segment));
    canonical
}

/// The places of the schemas with an `$anchor`, by its name.
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

/// Whether a constraint holds for every value.
fn says_nothing(keyword: &str, value: &Value) -> bool {
    match keyword {
        "uniqueItems" => *value == Value::Bool(false),
        "minItems" | "minLength" | "minProperties" => *value == 0,
        _ => false,
    }
}

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
            // As a keyword it holds a list of words.
            words @ Some(Value::Array(_)) => strings(words),
            _ => Vec::new(),
        },
        is_plain_text: members.get(super::PLAIN_TEXT) == Some(&Value::Bool(true)),
    }
}

/// The fragment of a URI as text; `None` where it is none.
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
