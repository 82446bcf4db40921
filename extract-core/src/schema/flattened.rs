//! Corrects the schemas that schemars writes for enums flattened into an object.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// Corrects the schema of an object with a flattened enum. For a unit variant with a description,
/// schemars writes a string, which an object can never be. This function writes a member of that name
/// with the value null, as serde reads it, and as schemars writes it without a description.
#[doc(hidden)]
pub fn tidy_flattened(schema: &mut Schema) {
    if let Some(keywords) = schema.as_object_mut() {
        tidy(keywords);
    }
}

/// Corrects the branches of a schema, at every level of composition.
fn tidy(keywords: &mut Map<String, Value>) {
    for word in ["allOf", "anyOf", "oneOf"] {
        let branches = keywords.get_mut(word).and_then(Value::as_array_mut);
        for branch in branches.into_iter().flatten().filter_map(Value::as_object_mut) {
            unit_variant(branch);
            tidy(branch);
        }
    }
}

/// Replaces a string constant by an object with a null member of that name.
fn unit_variant(branch: &mut Map<String, Value>) {
    if branch.get("type").is_none_or(|name| name != "string") {
        return;
    }
    let Some(Value::String(name)) = branch.shift_remove("const") else { return };
    branch.insert("type".to_owned(), "object".into());
    branch.insert("properties".to_owned(), json!({&name: {"type": "null"}}));
    branch.insert("required".to_owned(), json!([name]));
}

/// Allows members beside the tag for a variant whose content may be any value. schemars leaves out such
/// content, so the variant seems to have none.
pub(crate) fn open_beside_tag(schema: &mut Schema, mut content: Value) {
    let says_nothing = content.as_object_mut().is_some_and(|keywords| {
        keywords.retain(|word, _| !["title", "description"].contains(&word.as_str()));
        keywords.is_empty()
    });
    if says_nothing {
        schema.ensure_object().entry("additionalProperties").or_insert(Value::Bool(true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn described_unit_variants_are_members() {
        let mut schema = schemars::json_schema!({
            "type": "object",
            "properties": {"kind": {"type": "string", "const": "a"}},
            "allOf": [
                {"anyOf": [{"oneOf": [{"type": "string", "const": "A", "description": "a"}]}, {}]},
                {"oneOf": [{"type": "object", "properties": {"B": {}}, "required": ["B"]}]},
            ],
        });
        tidy_flattened(&mut schema);
        let unit = json!({
            "type": "object", "description": "a",
            "properties": {"A": {"type": "null"}}, "required": ["A"],
        });
        assert_eq!(
            schema.to_value(),
            json!({
                "type": "object",
                "properties": {"kind": {"type": "string", "const": "a"}},
                "allOf": [
                    {"anyOf": [{"oneOf": [unit]}, {}]},
                    {"oneOf": [{"type": "object", "properties": {"B": {}}, "required": ["B"]}]},
                ],
            })
        );
    }
}
