//! Plain schemas: their types, their constants, and the constraints of strings and numbers.

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Lowering, SchemaDraft};
use super::table::{Constants, Patterns};
use super::{describe, pattern};
use crate::schema::{Kinds, NodeId, Plain};

/// The constraint keywords of strings.
pub(super) const OF_STRINGS: &[&str] =
    &["minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"];

/// The constraint keywords of numbers.
pub(super) const OF_NUMBERS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"];

impl Lowering<'_> {
    /// Lowers constraints without alternatives. Returns `None` if no value fits.
    pub(super) fn plain(
        &mut self,
        node: NodeId,
        plain: &Plain,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let Some(mut out) = self.typed(node, plain)? else { return Ok(None) };
        let mut unsaid = Map::new();
        for (keyword, value) in &plain.non_shaping {
            let is_pairs = keyword == "propertyNames" && out.schema.contains_key("items");
            if is_pairs {
                continue;
            }
            if self.dialect.allows(keyword) {
                let value = match keyword.as_str() {
                    "dependentSchemas" => self.verbatim_named(value),
                    _ => self.verbatim(value),
                };
                out.schema.insert(keyword.clone(), value);
            } else {
                unsaid.insert(keyword.clone(), value.clone());
            }
        }
        if let Some(value) = plain.constraints.get("dependentRequired") {
            self.constrain(&mut out, "dependentRequired", value, &mut unsaid);
        }
        self.describe(&mut out, &unsaid, node);
        for (keyword, value) in &plain.also {
            let again = [(keyword.clone(), value.clone())].into_iter().collect();
            self.describe(&mut out, &again, node);
        }
        Ok(Some(out))
    }

    /// Prepares the schemas in the value of `dependentSchemas`.
    fn verbatim_named(&mut self, value: &Value) -> Value {
        let Value::Object(named) = value else { return value.clone() };
        let named = named.iter().map(|(name, schema)| (name.clone(), self.verbatim(schema)));
        Value::Object(named.collect())
    }

    /// Lowers the types and constants of constraints: as one type, as a union of types, or as any
    /// value.
    fn typed(&mut self, node: NodeId, plain: &Plain) -> Result<Option<SchemaDraft>, DialectError> {
        let Some(about) = plain.implied_kinds() else { return Ok(Some(self.any(node))) };
        let is_composite = |value: &Value| value.is_object() || value.is_array();
        if let Some(constants) = &plain.constants {
            let fitting = constants.iter().filter(|one| about.has(Kinds::of(&one.value)));
            let values: Vec<Value> = fitting.map(|one| one.value.clone()).collect();
            if values.is_empty() {
                return Ok(None);
            }
            if values.iter().any(is_composite) {
                return Ok(Some(self.composite_constants(node, &values)));
            }
        }
        let nullable = about.has(Kinds::NULL);
        let others: Vec<&str> = about.without(Kinds::NULL).names();
        match others.as_slice() {
            [] if nullable => Ok(Some(self.of_type("null"))),
            [] => Ok(None),
            [only] => {
                let Some(mut out) = self.lower_type(node, only, plain)? else {
                    return Ok(nullable.then(|| self.of_type("null")));
                };
                if nullable {
                    self.make_nullable(&mut out);
                }
                Ok(Some(out))
            }
            several => self.kinds(node, plain, several, nullable),
        }
    }

    /// Returns the schema of a type without constraints.
    pub(super) fn of_type(&self, name: &str) -> SchemaDraft {
        let schema = [("type".to_owned(), self.type_name(name))].into_iter().collect();
        SchemaDraft { schema, null: name == "null", ..SchemaDraft::default() }
    }

    /// Lowers the constraints for values of one type. Returns `None` if no value fits.
    pub(super) fn lower_type(
        &mut self,
        node: NodeId,
        name: &str,
        plain: &Plain,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        match name {
            "object" => self.object(node, plain),
            "array" => self.array(node, plain),
            _ => {
                let mut draft = self.of_type(name);
                let mut unsaid = Map::new();
                if let Some(constants) = &plain.constants {
                    let of = |value: &Value| is_of(value, name);
                    let values = constants.iter().map(|one| &one.value).filter(|value| of(value));
                    let values: Vec<Value> = values.cloned().collect();
                    self.constants(&mut draft, name, values, plain.is_const, &mut unsaid);
                }
                let keywords = match name {
                    "string" => OF_STRINGS,
                    "integer" | "number" => OF_NUMBERS,
                    _ => &[],
                };
                for keyword in keywords {
                    if let Some(value) = plain.constraints.get(*keyword) {
                        self.constrain(&mut draft, keyword, value, &mut unsaid);
                    }
                }
                self.describe(&mut draft, &unsaid, node);
                Ok(Some(draft))
            }
        }
    }

    /// Lowers constants of one scalar type.
    pub(super) fn constant(
        &mut self,
        node: NodeId,
        values: &[Value],
        is_const: bool,
    ) -> SchemaDraft {
        let all = values.iter().fold(Kinds::NONE, |all, value| all.or(Kinds::of(value)));
        let name = all.names().first().copied().unwrap_or("string");
        let mut draft = self.of_type(name);
        let mut unsaid = Map::new();
        self.constants(&mut draft, name, values.to_vec(), is_const, &mut unsaid);
        self.describe(&mut draft, &unsaid, node);
        draft
    }

    /// Sends a constraint if the dialect allows it; otherwise adds it to `unsaid`, for the description.
    pub(super) fn constrain(
        &self,
        draft: &mut SchemaDraft,
        keyword: &str,
        value: &Value,
        unsaid: &mut Map<String, Value>,
    ) {
        let is_number = draft.schema.get("type").is_some_and(|name| {
            *name == self.type_name("integer") || *name == self.type_name("number")
        });
        // `int32`, `double`: the bounds express the width of a number, and serde checks it.
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
                draft.schema.insert(keyword.to_owned(), self.dialect.min_items.into());
                send = false;
            }
            _ => {}
        }
        if send { &mut draft.schema } else { unsaid }.insert(keyword.to_owned(), value.clone());
    }

    /// Sends constants as `const` or `enum` if the dialect allows it; otherwise adds them to `unsaid`.
    fn constants(
        &self,
        draft: &mut SchemaDraft,
        name: &str,
        mut values: Vec<Value>,
        is_const: bool,
        unsaid: &mut Map<String, Value>,
    ) {
        let allowed = match (self.dialect.constants, name) {
            (_, "null") => return,
            // These servers refuse an empty string in an `enum`.
            (Constants::Strings | Constants::StringsAndNumbers, "string") => {
                !values.iter().any(|value| value == "")
            }
            (Constants::Any | Constants::Scalars, _)
            | (Constants::StringsAndNumbers, "integer" | "number") => true,
            _ => false,
        };
        if name == "boolean" && values.len() == 2 {
            return;
        }
        let has_const = matches!(self.dialect.constants, Constants::Any | Constants::Scalars);
        let target = if allowed { &mut draft.schema } else { unsaid };
        match values.pop() {
            Some(only) if is_const && values.is_empty() && (has_const || !allowed) => {
                target.insert("const".to_owned(), only);
            }
            Some(last) => {
                values.push(last);
                target.insert("enum".to_owned(), Value::Array(values));
            }
            None => {}
        }
    }

    /// Lowers constants that include lists or objects.
    fn composite_constants(&mut self, node: NodeId, values: &[Value]) -> SchemaDraft {
        let null = values.contains(&Value::Null);
        if self.dialect.constants == Constants::Any {
            let schema = [("enum".to_owned(), Value::Array(values.to_vec()))].into_iter().collect();
            return SchemaDraft { schema, null, ..SchemaDraft::default() };
        }
        let mut draft = self.any(node);
        draft.sentences.push(format!("One of: {}.", describe::list(values)));
        draft
    }
}

/// Returns whether a value is of the type `name`.
fn is_of(value: &Value, name: &str) -> bool {
    Kinds::NAMED.iter().any(|(known, kinds)| *known == name && kinds.has(Kinds::of(value)))
}
