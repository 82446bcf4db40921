//! The limits that providers set for schemas, counted on the schema that is sent.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::{DialectError, Limit};
use super::table::{Dialect, Limits};
use crate::schema::push_segment;

/// The most fields that an error names.
const WORST: usize = 5;

/// The use of one limit by a schema, as [`limits_used`] returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitUse {
    /// The limit.
    pub limit: Limit,
    /// The number that the schema has.
    pub used: usize,
    /// The number that the dialect allows.
    pub allowed: usize,
}

/// Refuses a schema that exceeds a limit. The error names the fields that count most.
pub(super) fn check(schema: &Value, dialect: &Dialect) -> Result<(), DialectError> {
    let passed = counted(schema, dialect).into_iter().find(|(used, _)| used.used > used.allowed);
    let Some((LimitUse { limit, used, allowed }, tally)) = passed else { return Ok(()) };
    let (dialect, fields) = (dialect.name, tally.worst());
    Err(DialectError::Limit { dialect, limit, allowed, count: used, fields })
}

/// The most tools in a request if the dialect states no limit. This is OpenAI's limit, the lowest
/// except for Anthropic's.
const MOST_TOOLS: usize = 128;

/// Fails if `count` tools are more than one request may have.
pub(in super::super) fn check_tools(count: usize, dialect: &Dialect) -> Result<(), DialectError> {
    let allowed = dialect.limits.tools.unwrap_or(MOST_TOOLS);
    if count <= allowed {
        return Ok(());
    }
    let (dialect, limit, fields) = (dialect.name, Limit::Tools, vec![String::new()]);
    Err(DialectError::Limit { dialect, limit, allowed, count, fields })
}

/// Returns the use of every limit that the dialect states, for a schema that is sent in it.
///
/// ```
/// use extract_core::contract::dialect::{limits_used, lower};
/// use extract_llm::dialect::{Dialect, Limit};
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
/// let lowered = lower(&schema, &Dialect::OPENAI_STRICT)?;
/// let used = limits_used(&lowered.schema, &Dialect::OPENAI_STRICT);
/// assert_eq!((used[0].limit, used[0].used, used[0].allowed), (Limit::Properties, 1, 5000));
/// # Ok::<(), extract_llm::dialect::DialectError>(())
/// ```
pub fn limits_used(schema: &Value, dialect: &Dialect) -> Vec<LimitUse> {
    counted(schema, dialect).into_iter().map(|(used, _)| used).collect()
}

/// Returns the use of every limit, with the fields that it is counted on.
fn counted(schema: &Value, dialect: &Dialect) -> Vec<(LimitUse, Tally)> {
    if dialect.limits == Limits::NONE {
        return Vec::new();
    }
    let mut census = Census::default();
    census.count(schema, "", 0);
    let limits = &dialect.limits;
    let long = limits.long_enum.map_or(usize::MAX, |(values, _)| values);
    for tally in &census.enums {
        if tally.values > long {
            census.long_enums.add(&tally.field, tally.text);
        }
    }
    // The limit applies to one long enum, not to the sum of all.
    census.long_enums.total = census.long_enums.by_field.iter().map(|(_, n)| *n).max().unwrap_or(0);
    [
        (Limit::Properties, limits.properties, census.properties),
        (Limit::Depth, limits.depth, census.depth),
        (Limit::EnumValues, limits.enum_values, census.enum_values),
        (Limit::EnumCharacters, limits.long_enum.map(|(_, text)| text), census.long_enums),
        (Limit::Characters, limits.text, census.text),
        (Limit::OptionalProperties, limits.optional, census.optional),
        (Limit::Unions, limits.unions, census.unions),
        (Limit::MaxItems, limits.max_items_sum, census.max_items),
    ]
    .into_iter()
    .filter_map(|(limit, allowed, tally)| {
        Some((LimitUse { limit, used: tally.total, allowed: allowed? }, tally))
    })
    .collect()
}

/// A number, in total and by field.
#[derive(Default)]
struct Tally {
    total: usize,
    by_field: Vec<(String, usize)>,
}

impl Tally {
    /// Adds to the number of a field.
    fn add(&mut self, field: &str, count: usize) {
        self.total += count;
        match self.by_field.last_mut() {
            Some((last, known)) if last == field => *known += count,
            _ => self.by_field.push((field.to_owned(), count)),
        }
    }

    /// Returns the fields that count most, worst first.
    fn worst(&self) -> Vec<String> {
        let mut fields: Vec<&(String, usize)> = self.by_field.iter().collect();
        fields.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        fields.into_iter().take(WORST).map(|(field, _)| field.clone()).collect()
    }
}

/// An enum: its field, the number of its values, and their characters.
struct Enum {
    field: String,
    values: usize,
    text: usize,
}

#[derive(Default)]
/// All numbers that limits apply to.
struct Census {
    properties: Tally,
    depth: Tally,
    enum_values: Tally,
    enums: Vec<Enum>,
    long_enums: Tally,
    text: Tally,
    optional: Tally,
    unions: Tally,
    max_items: Tally,
}

impl Census {
    /// Counts a lowered schema, whose depth is bounded by lowering. `levels` is the number of objects
    /// around it.
    fn count(&mut self, schema: &Value, field: &str, levels: usize) {
        let Some(schema) = schema.as_object() else { return };
        self.constants(schema, field);
        if schema.contains_key("anyOf")
            || schema.contains_key("oneOf")
            || schema.get("type").is_some_and(Value::is_array)
        {
            self.unions.add(field, 1);
        }
        if let Some(most) = schema.get("maxItems").and_then(Value::as_u64) {
            self.max_items.add(field, usize::try_from(most).unwrap_or(usize::MAX));
        }
        if let Some(Value::Object(properties)) = schema.get("properties") {
            let levels = levels + 1;
            if levels > self.depth.total {
                self.depth = Tally::default();
                self.depth.add(field, levels);
            }
            self.properties.add(field, properties.len());
            let required = schema.get("required").and_then(Value::as_array);
            let required: HashSet<&str> =
                required.into_iter().flatten().filter_map(Value::as_str).collect();
            for (name, property) in properties {
                self.text.add(field, name.chars().count());
                let mut inner = field.to_owned();
                push_segment(&mut inner, name);
                if !required.contains(name.as_str()) {
                    self.optional.add(&inner, 1);
                }
                self.count(property, &inner, levels);
            }
        }
        for (keyword, segment) in [("items", "*"), ("additionalProperties", "*")] {
            if let Some(inner) = schema.get(keyword) {
                self.count(inner, &format!("{field}/{segment}"), levels);
            }
        }
        for keyword in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            let Some(Value::Array(branches)) = schema.get(keyword) else { continue };
            for (index, branch) in branches.iter().enumerate() {
                if keyword == "prefixItems" {
                    self.count(branch, &format!("{field}/{index}"), levels);
                } else {
                    self.count(branch, field, levels);
                }
            }
        }
        if let Some(Value::Object(definitions)) = schema.get("$defs") {
            for (name, definition) in definitions {
                self.text.add(name, name.chars().count());
                self.count(definition, name, 0);
            }
        }
    }

    /// Counts the constants of one schema.
    fn constants(&mut self, schema: &Map<String, Value>, field: &str) {
        let length = |value: &Value| match value {
            Value::String(text) => text.chars().count(),
            other => other.to_string().len(),
        };
        if let Some(constant) = schema.get("const") {
            self.text.add(field, length(constant));
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            let text = values.iter().map(length).sum();
            self.enum_values.add(field, values.len());
            self.text.add(field, text);
            self.enums.push(Enum { field: field.to_owned(), values: values.len(), text });
        }
    }
}
