//! Every schema inside a schema, so that a property called `format` or `$ref` is never taken for a
//! keyword, nor a value under `const` for a schema.

use serde_json::{Map, Value, json};

/// Keywords that map names to schemas: what stands in them is no keyword.
const NAMED: &[&str] =
    &["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];

/// Keywords that hold values, not schemas.
pub(super) const VALUES: &[&str] = &["const", "enum", "default", "examples"];

/// Visits a schema and all schemas in it, from the outside in.
pub(super) fn each_schema(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match schema {
        Value::Object(members) => {
            visit(members);
            for (keyword, value) in members {
                match value {
                    Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                        named.values_mut().for_each(|schema| each_schema(schema, visit));
                    }
                    _ if VALUES.contains(&keyword.as_str()) => {}
                    value => each_schema(value, visit),
                }
            }
        }
        Value::Array(schemas) => {
            for schema in schemas {
                each_schema(schema, visit);
            }
        }
        _ => {}
    }
}

/// A schema in the words of `OpenAPI` 3.0 (upper-case types, `nullable`), in those of JSON Schema.
/// Others stay as they are.
pub(super) fn in_json_schema(schema: &Value) -> Value {
    let mut schema = schema.clone();
    each_schema(&mut schema, &mut |members| {
        if let Some(Value::String(name)) = members.get_mut("type") {
            name.make_ascii_lowercase();
        }
        if members.get("nullable") != Some(&Value::Bool(true)) {
            return;
        }
        members.shift_remove("nullable");
        if let Some(Value::Array(values)) = members.get_mut("enum") {
            values.push(Value::Null);
        }
        if let Some(name) = members.get("type").filter(|name| name.is_string()).cloned() {
            members.insert("type".to_owned(), json!([name, "null"]));
        } else if let Some(Value::Array(branches)) = members.get_mut("anyOf") {
            branches.push(json!({"type": "null"}));
        }
    });
    schema
}
