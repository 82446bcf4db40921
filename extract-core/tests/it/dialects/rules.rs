//! The providers' rules for schemas, written a second time and independently of the library's
//! tables.

use serde_json::{Map, Value, json};

/// Returns the keywords that a strict dialect allows, or `None` for a dialect without a list.
fn allowed(dialect: &str) -> Option<&'static [&'static str]> {
    Some(match dialect {
        "openai-strict" | "groq-strict" | "mistral" => &[
            "type",
            "description",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "const",
            "anyOf",
            "$ref",
            "$defs",
            "format",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minItems",
            "maxItems",
        ],
        "openai-fine-tuned" | "deepseek" => &[
            "type",
            "description",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "const",
            "anyOf",
            "$ref",
            "$defs",
        ],
        "anthropic-format" | "anthropic-tool" => &[
            "type",
            "description",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "const",
            "anyOf",
            "$ref",
            "$defs",
            "format",
            "pattern",
            "minItems",
        ],
        "gemini-json-schema" => &[
            "type",
            "description",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "prefixItems",
            "enum",
            "anyOf",
            "$ref",
            "$defs",
            "format",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
            "propertyOrdering",
        ],
        "gemini-response-schema" => &[
            "type",
            "description",
            "properties",
            "required",
            "items",
            "enum",
            "anyOf",
            "format",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
            "nullable",
            "propertyOrdering",
        ],
        _ => return None,
    })
}

/// Checks that a lowered schema follows the dialect's rules. Fails with the first rule that it
/// breaks.
pub(crate) fn check(dialect: &str, schema: &Value) -> Result<(), String> {
    let Some(keywords) = allowed(dialect) else { return Ok(()) };
    if !dialect.starts_with("gemini")
        && (schema["type"] != "object" || schema.get("anyOf").is_some())
    {
        return Err("the root is no object".to_owned());
    }
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        let Value::Object(members) = schema else { return Err(format!("{schema} is no object")) };
        for keyword in members.keys() {
            if !keywords.contains(&keyword.as_str()) {
                return Err(format!("`{keyword}` in {schema}"));
            }
        }
        one(dialect, members).map_err(|broken| format!("{broken} in {schema}"))?;
        for keyword in ["properties", "$defs"] {
            open.extend(
                members
                    .get(keyword)
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                    .map(|(_, s)| s),
            );
        }
        for keyword in ["anyOf", "prefixItems"] {
            open.extend(members.get(keyword).and_then(Value::as_array).into_iter().flatten());
        }
        open.extend(members.get("items"));
        open.extend(members.get("additionalProperties").filter(|schema| schema.is_object()));
    }
    Ok(())
}

fn one(dialect: &str, schema: &Map<String, Value>) -> Result<(), &'static str> {
    let gemini = dialect.starts_with("gemini");
    let anthropic = dialect.starts_with("anthropic");
    let is_object = schema.get("type").is_some_and(|name| name == "object" || name == "OBJECT");
    if is_object {
        if !gemini && schema.get("additionalProperties") != Some(&json!(false)) {
            return Err("an open object");
        }
        if !gemini && !schema.contains_key("properties") {
            return Err("an object without properties");
        }
        let required = schema.get("required").and_then(Value::as_array).map_or(0, Vec::len);
        let properties = schema.get("properties").and_then(Value::as_object);
        if !gemini && !anthropic && properties.is_some_and(|known| known.len() != required) {
            return Err("a property that is not required");
        }
        if anthropic {
            let plain = |name: &String| {
                (1..=64).contains(&name.len())
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
            };
            if !properties.is_some_and(|known| known.keys().all(plain)) {
                return Err("a property name that is refused");
            }
        }
    }
    if schema.contains_key("$ref") && schema.len() > 1 {
        return Err("something beside a `$ref`");
    }
    if !["type", "anyOf", "$ref", "enum"].iter().any(|keyword| schema.contains_key(*keyword)) {
        return Err("no type");
    }
    if anthropic && schema.get("minItems").is_some_and(|least| *least != 0 && *least != 1) {
        return Err("`minItems` of more than 1");
    }
    if gemini && schema.get("type").is_some_and(Value::is_array) {
        return Err("a list of types");
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        let strings = dialect == "gemini-response-schema";
        if values.iter().any(|v| v.is_array() || v.is_object() || (strings && !v.is_string())) {
            return Err("an enum value that is refused");
        }
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        let known: &[&str] = match dialect {
            "gemini-response-schema" => &["date-time"],
            "gemini-json-schema" => &["date-time", "date", "time"],
            _ => &[
                "date-time",
                "time",
                "date",
                "duration",
                "email",
                "hostname",
                "ipv4",
                "ipv6",
                "uuid",
            ],
        };
        let uri = anthropic && format == "uri";
        if !uri && !known.contains(&format) {
            return Err("a format that is refused");
        }
    }
    Ok(())
}

/// Converts a lowered schema to standard JSON Schema for a validator, by replacing `OpenAPI`'s
/// keywords.
#[allow(dead_code, reason = "not every test that shares this file uses it")]
pub(crate) fn standard(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut standard = Map::new();
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            ("nullable" | "propertyOrdering", _) => continue,
            ("type", Value::String(name)) => name.to_lowercase().into(),
            ("properties" | "$defs" | "patternProperties", Value::Object(named)) => {
                named.iter().map(|(name, schema)| (name.clone(), self::standard(schema))).collect()
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter().map(self::standard).collect()
            }
            ("items" | "additionalProperties" | "not", schema) => self::standard(schema),
            (_, value) => value.clone(),
        };
        standard.insert(keyword.clone(), value);
    }
    let upper = members.get("type").and_then(Value::as_str).is_some_and(|name| name == "OBJECT");
    if upper {
        standard.insert("additionalProperties".to_owned(), json!(false));
    }
    if members.get("nullable") == Some(&json!(true)) {
        return json!({"anyOf": [standard, {"type": "null"}]});
    }
    Value::Object(standard)
}
