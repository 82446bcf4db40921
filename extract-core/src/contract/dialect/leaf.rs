//! Plain schemas: which type they are about, their constants, and the constraints of strings and
//! numbers.

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Engine, Out};
use super::table::{Constants, Patterns};
use super::{pattern, words};

/// Keywords about values of every type.
const GENERAL: &[&str] = &["not", "if", "then", "else", "dependentRequired", "dependentSchemas"];

pub(super) const OF_STRINGS: &[&str] =
    &["minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"];

pub(super) const OF_NUMBERS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"];

const OF_OBJECTS: &[&str] = &[
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
];

pub(super) const OF_ARRAYS: &[&str] = &[
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
];

impl Engine<'_, '_> {
    /// Lowers plain keywords.
    pub(super) fn plain(
        &mut self,
        mut plain: Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let mut general = Map::new();
        for keyword in GENERAL {
            if let Some(value) = plain.shift_remove(*keyword) {
                general.insert((*keyword).to_owned(), value);
            }
        }
        let Some(mut out) = self.typed(&plain, place)? else { return Ok(None) };
        let mut unsaid = Map::new();
        for (keyword, value) in general {
            if !self.dialect.allows(&keyword) {
                unsaid.insert(keyword, value);
            } else if keyword == "dependentRequired" {
                out.schema.insert(keyword, value);
            } else {
                let value = self.verbatim(&value);
                out.schema.insert(keyword, value);
            }
        }
        self.say(&mut out, &unsaid, place);
        Ok(Some(out))
    }

    fn typed(
        &mut self,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let constants = constants(plain);
        let mut types = types(plain, constants.as_deref());
        if let Some(constants) = &constants {
            types.retain(|name| constants.iter().any(|value| is_of(value, name)));
            if types.is_empty() {
                return Ok(None);
            }
            if constants.iter().any(|value| value.is_object() || value.is_array()) {
                return Ok(Some(self.composite_constants(constants, place)));
            }
        }
        let nullable = types.contains(&"null");
        let others: Vec<&str> = types.iter().copied().filter(|name| *name != "null").collect();
        match others.as_slice() {
            [] if nullable => self.kind("null", plain, place),
            [] => Ok(Some(self.any(place))),
            [only] => {
                let Some(mut out) = self.kind(only, plain, place)? else {
                    return if nullable { self.kind("null", plain, place) } else { Ok(None) };
                };
                if nullable {
                    self.make_nullable(&mut out);
                }
                Ok(Some(out))
            }
            several => {
                let mut branches: Vec<Value> =
                    several.iter().map(|name| of_type(plain, name)).collect();
                if nullable {
                    branches.push(of_type(&Map::new(), "null"));
                }
                self.union(false, branches, place)
            }
        }
    }

    /// Lowers what the keywords say about values of one type.
    pub(super) fn kind(
        &mut self,
        name: &str,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        match name {
            "object" => self.object(plain, place),
            "array" => self.array(plain, place),
            _ => {
                let mut out = Out { null: name == "null", ..Out::default() };
                out.schema.insert("type".to_owned(), self.type_name(name));
                let mut unsaid = Map::new();
                self.constants(&mut out, name, plain, &mut unsaid);
                let keywords = match name {
                    "string" => OF_STRINGS,
                    "integer" | "number" => OF_NUMBERS,
                    _ => &[],
                };
                for keyword in keywords {
                    if let Some(value) = plain.get(*keyword) {
                        self.constrain(&mut out, keyword, value, &mut unsaid);
                    }
                }
                self.say(&mut out, &unsaid, place);
                Ok(Some(out))
            }
        }
    }

    /// Sends a constraint where the dialect allows it, and leaves it to be said where not.
    pub(super) fn constrain(
        &self,
        out: &mut Out,
        keyword: &str,
        value: &Value,
        unsaid: &mut Map<String, Value>,
    ) {
        let is_number = out.schema.get("type").is_some_and(|name| {
            *name == self.type_name("integer") || *name == self.type_name("number")
        });
        // `int32`, `double`: the width of a number is in its bounds, and serde checks it.
        if keyword == "format" && is_number {
            return;
        }
        let mut send = self.dialect.allows(keyword);
        match (keyword, value) {
            ("format", Value::String(format)) => {
                send &= self.dialect.formats.contains(&format.as_str());
            }
            ("pattern", Value::String(text)) => {
                send &= match self.dialect.patterns {
                    Patterns::Any => true,
                    Patterns::Plain => pattern::is_plain(text),
                    Patterns::Anchored => pattern::is_anchored(text),
                };
            }
            ("minItems", least) if send && least.as_u64() > Some(self.dialect.min_items) => {
                out.schema.insert(keyword.to_owned(), self.dialect.min_items.into());
                send = false;
            }
            _ => {}
        }
        if send { &mut out.schema } else { unsaid }.insert(keyword.to_owned(), value.clone());
    }

    fn constants(
        &self,
        out: &mut Out,
        name: &str,
        plain: &Map<String, Value>,
        unsaid: &mut Map<String, Value>,
    ) {
        let Some(mut values) = constants(plain) else { return };
        values.retain(|value| is_of(value, name));
        let single = plain.contains_key("const") || values.len() == 1;
        let allowed = match (self.dialect.constants, name) {
            (_, "null") => return,
            (Constants::Any | Constants::Scalars, _)
            | (_, "string")
            | (Constants::StringsAndNumbers, "integer" | "number") => true,
            _ => false,
        };
        if name == "boolean" && values.len() == 2 {
            return;
        }
        let has_const = matches!(self.dialect.constants, Constants::Any | Constants::Scalars);
        let target = if allowed { &mut out.schema } else { unsaid };
        match values.pop() {
            Some(only) if single && (has_const || !allowed) && plain.contains_key("const") => {
                target.insert("const".to_owned(), only);
            }
            Some(last) => {
                values.push(last);
                target.insert("enum".to_owned(), Value::Array(values));
            }
            None => {}
        }
    }

    /// Constants that are lists or objects.
    fn composite_constants(&mut self, values: &[Value], place: &str) -> Out {
        let null = values.contains(&Value::Null);
        if self.dialect.constants == Constants::Any {
            let schema = [("enum".to_owned(), Value::Array(values.to_vec()))].into_iter().collect();
            return Out { schema, null, ..Out::default() };
        }
        let mut out = self.any(place);
        out.words.push(format!("One of: {}.", words::list(values)));
        out
    }
}

/// The values that `const` or `enum` allow.
pub(super) fn constants(plain: &Map<String, Value>) -> Option<Vec<Value>> {
    match (plain.get("const"), plain.get("enum")) {
        (Some(constant), Some(Value::Array(values))) if !values.contains(constant) => Some(vec![]),
        (Some(constant), _) => Some(vec![constant.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    }
}

/// The types that the keywords are about: the ones named, those of the constants, or those that the
/// other keywords belong to. None where any value will do.
pub(super) fn types<'a>(
    plain: &'a Map<String, Value>,
    constants: Option<&[Value]>,
) -> Vec<&'a str> {
    match plain.get("type") {
        Some(Value::String(name)) => return vec![name],
        Some(Value::Array(names)) => return names.iter().filter_map(Value::as_str).collect(),
        _ => {}
    }
    let mut types = Vec::new();
    if let Some(constants) = constants {
        for name in constants.iter().map(type_of) {
            if !types.contains(&name) {
                types.push(name);
            }
        }
        return types;
    }
    for (name, keywords) in [
        ("object", OF_OBJECTS),
        ("array", OF_ARRAYS),
        ("string", OF_STRINGS),
        ("number", OF_NUMBERS),
    ] {
        if keywords.iter().any(|keyword| *keyword != "format" && plain.contains_key(*keyword)) {
            types.push(name);
        }
    }
    if types.is_empty() && plain.contains_key("format") {
        types.push("string");
    }
    types
}

/// The name of a value's type.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match type_of(value) {
        "integer" => name == "integer" || name == "number",
        "number" => {
            name == "number"
                || (name == "integer" && value.as_f64().is_some_and(|number| number.fract() == 0.0))
        }
        own => own == name,
    }
}

/// The same keywords about one type only.
fn of_type(plain: &Map<String, Value>, name: &str) -> Value {
    let mut of_type = plain.clone();
    of_type.insert("type".to_owned(), name.into());
    Value::Object(of_type)
}
