//! One schema in normal form: a reference, a union, or plain keywords, never a mixture. `allOf`,
//! the siblings of a `$ref` and the siblings of a union (what serde's `flatten` and internally
//! tagged enums come out as) are merged here, so that no rule of any dialect has to know them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::source::Source;
use super::table::Dialect;
use super::walk;

/// The most branches that a merge of unions may come to.
const MAX_BRANCHES: usize = 256;

/// The most schemas that are merged for one document: references in `allOf` can double at each step.
const MAX_MERGES: usize = 10_000;

/// The most parts that are copied when a struct is merged into each branch of a union.
const MAX_COPIES: usize = 200_000;

/// How many merges may lie inside each other.
const MAX_NESTING: usize = 64;

/// Keywords that constrain a value and may stand in plain form.
const CONSTRAINTS: &[&str] = &[
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "items",
    "prefixItems",
    "unevaluatedItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "contentEncoding",
    "contentMediaType",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "not",
    "if",
    "then",
    "else",
];

/// What a schema says about its values without constraining them.
#[derive(Debug, Default, Clone)]
pub(super) struct Annotations {
    pub(super) description: Option<String>,
    pub(super) default: Option<Value>,
    pub(super) examples: Vec<Value>,
}

impl Annotations {
    pub(super) fn is_empty(&self) -> bool {
        self.description.is_none() && self.default.is_none() && self.examples.is_empty()
    }

    fn fill_from(&mut self, other: Self) {
        self.description = self.description.take().or(other.description);
        self.default = self.default.take().or(other.default);
        if self.examples.is_empty() {
            self.examples = other.examples;
        }
    }
}

pub(super) enum Shape {
    /// Nothing fits.
    Never,
    Reference(String),
    Union {
        exclusive: bool,
        branches: Vec<Value>,
    },
    /// Constraint keywords only.
    Plain(Map<String, Value>),
}

pub(super) struct Normal {
    pub(super) annotations: Annotations,
    pub(super) shape: Shape,
    /// Keywords that stand a second time, with a value that the first could not take up.
    pub(super) more: Vec<(String, Value)>,
}

/// Brings schemas of one document into normal form.
pub(super) struct Normaliser<'a, 's> {
    pub(super) source: &'a Source<'s>,
    pub(super) dialect: &'a Dialect,
    pub(super) merges: usize,
}

impl Normaliser<'_, '_> {
    pub(super) fn normal(&mut self, schema: &Value) -> Result<Normal, DialectError> {
        self.normal_at(schema, 0)
    }

    fn normal_at(&mut self, schema: &Value, depth: usize) -> Result<Normal, DialectError> {
        let mut annotations = Annotations::default();
        let members = match schema {
            Value::Object(members) => members,
            Value::Bool(false) => {
                return Ok(Normal { annotations, shape: Shape::Never, more: Vec::new() });
            }
            _ => {
                let shape = Shape::Plain(Map::new());
                return Ok(Normal { annotations, shape, more: Vec::new() });
            }
        };
        if depth > MAX_NESTING {
            let reference = members.get("$ref").and_then(Value::as_str).unwrap_or("allOf");
            let why = "it is made of nothing but itself";
            return Err(DialectError::Reference { reference: reference.to_owned(), why });
        }

        let mut plain = Map::new();
        let mut parts = Vec::new();
        let mut unions = Vec::new();
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("description", Value::String(text)) => {
                    annotations.description = Some(text.clone());
                }
                ("default", value) => annotations.default = Some(value.clone()),
                ("examples", Value::Array(values)) => annotations.examples.clone_from(values),
                ("$ref", reference) => parts.push(with_member("$ref", reference.clone())),
                ("allOf", Value::Array(schemas)) => parts.extend(schemas.iter().cloned()),
                ("anyOf", Value::Array(schemas)) if schemas.iter().any(is_trivial) => {}
                ("anyOf", Value::Array(schemas)) => unions.push((false, schemas.clone())),
                ("oneOf", Value::Array(schemas)) => unions.push((true, schemas.clone())),
                (keyword, value) if CONSTRAINTS.contains(&keyword) => {
                    plain.insert(keyword.to_owned(), value.clone());
                }
                _ => {}
            }
        }
        tidy(&mut plain);

        if plain.is_empty() && unions.is_empty() && parts.len() == 1 {
            if let Some(reference) = bare_reference(&parts[0]) {
                let shape = Shape::Reference(reference.to_owned());
                return Ok(Normal { annotations, shape, more: Vec::new() });
            }
        }
        let mut more = Vec::new();
        for part in &parts {
            let part = self.followed(part, depth)?;
            annotations.fill_from(part.annotations);
            more.extend(part.more);
            match part.shape {
                Shape::Never => {
                    return Ok(Normal { annotations, shape: Shape::Never, more: Vec::new() });
                }
                Shape::Union { exclusive, branches } => unions.push((exclusive, branches)),
                Shape::Plain(other) => {
                    if !merge(&mut plain, other, &mut more) {
                        return Ok(Normal { annotations, shape: Shape::Never, more: Vec::new() });
                    }
                }
                // `followed` goes on to what is referred to.
                Shape::Reference(_) => {}
            }
        }
        let shape = self.distributed(plain, unions, &mut more)?;
        Ok(Normal { annotations, shape, more })
    }

    /// The normal form of a part of an `allOf`, with a reference replaced by what it refers to.
    fn followed(&mut self, part: &Value, depth: usize) -> Result<Normal, DialectError> {
        self.merges += 1;
        if self.merges > MAX_MERGES {
            return Err(self.too_large(MAX_MERGES));
        }
        let mut normal = self.normal_at(part, depth + 1)?;
        let mut steps = depth;
        while let Shape::Reference(reference) = &normal.shape {
            steps += 1;
            if steps > MAX_NESTING {
                let why = "it is made of nothing but itself";
                return Err(DialectError::Reference { reference: reference.clone(), why });
            }
            let target = self.source.resolve(reference)?;
            let mut next = self.normal_at(target, steps)?;
            normal.annotations.fill_from(std::mem::take(&mut next.annotations));
            next.annotations = normal.annotations;
            normal = next;
        }
        Ok(normal)
    }

    /// Plain keywords and unions that all hold at once, as one union or none.
    fn distributed(
        &self,
        plain: Map<String, Value>,
        mut unions: Vec<(bool, Vec<Value>)>,
        more: &mut Vec<(String, Value)>,
    ) -> Result<Shape, DialectError> {
        if unions.is_empty() {
            return Ok(Shape::Plain(plain));
        }
        if plain.is_empty() && more.is_empty() && unions.len() == 1 {
            let (exclusive, branches) = unions.remove(0);
            return Ok(Shape::Union { exclusive, branches });
        }
        let exclusive = unions.iter().all(|(exclusive, _)| *exclusive);
        let weight: usize = plain.values().map(walk::weight).sum();
        let mut shared = Vec::new();
        if !plain.is_empty() {
            shared.push(Value::Object(plain));
        }
        shared.extend(more.drain(..).map(|(keyword, value)| with_member(&keyword, value)));
        let mut products = vec![shared];
        for (_, branches) in unions {
            let count = products.len() * branches.len();
            if count > MAX_BRANCHES {
                return Err(self.too_large(MAX_BRANCHES));
            }
            if count.saturating_mul(weight) > MAX_COPIES {
                return Err(self.too_large(MAX_COPIES));
            }
            let mut next = Vec::with_capacity(products.len() * branches.len());
            for product in &products {
                for branch in &branches {
                    let mut parts = product.clone();
                    parts.push(branch.clone());
                    next.push(parts);
                }
            }
            products = next;
        }
        let branches =
            products.into_iter().map(|parts| with_member("allOf", Value::Array(parts))).collect();
        Ok(Shape::Union { exclusive, branches })
    }

    fn too_large(&self, allowed: usize) -> DialectError {
        DialectError::TooLarge { dialect: self.dialect.name, allowed }
    }
}

fn with_member(keyword: &str, value: Value) -> Value {
    Value::Object([(keyword.to_owned(), value)].into_iter().collect())
}

/// A `$ref` with nothing beside it.
pub(super) fn bare_reference(schema: &Value) -> Option<&str> {
    let members = schema.as_object()?;
    if members.len() == 1 { members.get("$ref")?.as_str() } else { None }
}

/// Whether every value fits.
fn is_trivial(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.keys().all(|keyword| keyword == "description"),
        other => *other == Value::Bool(true),
    }
}

/// Removes keywords that say nothing, and reads `unevaluatedProperties` as what it comes to once
/// everything is merged.
fn tidy(plain: &mut Map<String, Value>) {
    for (keyword, nothing) in [
        ("uniqueItems", Value::Bool(false)),
        ("minItems", 0.into()),
        ("minLength", 0.into()),
        ("minProperties", 0.into()),
    ] {
        if plain.get(keyword) == Some(&nothing) {
            plain.shift_remove(keyword);
        }
    }
    for (unevaluated, additional) in
        [("unevaluatedProperties", "additionalProperties"), ("unevaluatedItems", "items")]
    {
        if let Some(value) = plain.shift_remove(unevaluated) {
            plain.entry(additional).or_insert(value);
        }
    }
}

/// Merges the keywords of another schema that must hold as well. False where nothing can fit both.
fn merge(
    into: &mut Map<String, Value>,
    from: Map<String, Value>,
    more: &mut Vec<(String, Value)>,
) -> bool {
    for (keyword, theirs) in from {
        let Some(ours) = into.get_mut(&keyword) else {
            into.insert(keyword, theirs);
            continue;
        };
        if *ours == theirs {
            continue;
        }
        match keyword.as_str() {
            "type" => match common_types(ours, &theirs) {
                Some(types) => *ours = types,
                None => return false,
            },
            "properties" | "patternProperties" => merge_named(ours, theirs),
            "required" => {
                if let (Value::Array(ours), Value::Array(theirs)) = (ours, theirs) {
                    ours.extend(theirs);
                    let mut seen = HashSet::new();
                    ours.retain(|name| seen.insert(name.to_string()));
                }
            }
            "enum" => {
                if let (Value::Array(ours), Value::Array(theirs)) = (ours, theirs) {
                    let theirs: HashSet<String> = theirs.iter().map(Value::to_string).collect();
                    ours.retain(|value| theirs.contains(&value.to_string()));
                    if ours.is_empty() {
                        return false;
                    }
                }
            }
            "const" => return false,
            // The parts of a flattened struct are closed each for itself, and mean the whole.
            "additionalProperties" => match (&*ours, &theirs) {
                (Value::Bool(false), _) | (_, Value::Bool(true)) => {}
                (Value::Bool(true), _) | (_, Value::Bool(false)) => *ours = theirs,
                _ => *ours = both(ours.take(), theirs),
            },
            "items" | "propertyNames" => *ours = both(ours.take(), theirs),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
                if theirs.as_f64() > ours.as_f64() {
                    *ours = theirs;
                }
            }
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
                if theirs.as_f64() < ours.as_f64() {
                    *ours = theirs;
                }
            }
            "uniqueItems" => *ours = Value::Bool(true),
            _ => more.push((keyword, theirs)),
        }
    }
    true
}

fn merge_named(ours: &mut Value, theirs: Value) {
    let (Value::Object(ours), Value::Object(theirs)) = (ours, theirs) else { return };
    for (name, schema) in theirs {
        match ours.get_mut(&name) {
            Some(known) if *known == schema => {}
            Some(known) => *known = both(known.take(), schema),
            None => {
                ours.insert(name, schema);
            }
        }
    }
}

fn both(ours: Value, theirs: Value) -> Value {
    with_member("allOf", Value::Array(vec![ours, theirs]))
}

/// The types that both `type` keywords allow.
fn common_types(ours: &Value, theirs: &Value) -> Option<Value> {
    let list = |value: &Value| match value {
        Value::Array(types) => types.clone(),
        other => vec![other.clone()],
    };
    let (ours, theirs) = (list(ours), list(theirs));
    let allows = |types: &[Value], name: &Value| {
        types.contains(name) || (name == "integer" && types.iter().any(|known| known == "number"))
    };
    let mut common: Vec<Value> = Vec::new();
    for name in ours.iter().chain(&theirs) {
        if allows(&ours, name) && allows(&theirs, name) && !common.contains(name) {
            common.push(name.clone());
        }
    }
    // `integer` says nothing beside `number`.
    if common.iter().any(|name| name == "number") {
        common.retain(|name| name != "integer");
    }
    match common.len() {
        0 => None,
        1 => common.pop(),
        _ => Some(Value::Array(common)),
    }
}
