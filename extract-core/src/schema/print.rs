//! Writes parts of a schema as separate JSON schemas.

use serde_json::{Map, Value, json};

use super::keywords;
use super::node::{NodeId, NodeKind, OtherMembers, Plain};
use super::tree::Tree;
use super::written::{WrittenId, WrittenSchema};

impl Tree {
    /// Returns the JSON Schema of a node as it is written in `document`, the source of the tree. Its
    /// references lead into that document.
    pub(crate) fn to_schema(&self, document: &Value, id: NodeId) -> Value {
        let node = self.node(id);
        let written: Vec<&WrittenSchema> =
            node.sources.iter().map(|atom| self.written(atom.id)).collect();
        if written.is_empty() {
            return match &node.kind {
                NodeKind::Union { branches, .. } => any_of(self, document, branches),
                _ => Value::Bool(true),
            };
        }
        let mut all = Vec::with_capacity(written.len());
        for (atom, written) in node.sources.iter().zip(written) {
            let mut schema = document.pointer(&written.pointer).cloned().unwrap_or_default();
            if let (true, Value::Object(members)) = (atom.alone, &mut schema) {
                for keyword in ["$ref", "allOf", "anyOf", "oneOf"] {
                    members.shift_remove(keyword);
                }
            }
            all.push(schema);
        }
        match all.len() {
            1 => all.swap_remove(0),
            _ => json!({ "allOf": all }),
        }
    }

    /// Returns a written schema that can be compiled separately. With `whole`, it includes the
    /// definitions of the document. Otherwise it loses the schemas of members, elements, alternatives
    /// and references.
    pub(crate) fn standalone_schema(&self, document: &Value, id: WrittenId, whole: bool) -> Value {
        let mut schema = document.pointer(&self.written(id).pointer).cloned().unwrap_or_default();
        let Value::Object(members) = &mut schema else { return schema };
        if whole {
            for keyword in ["$defs", "definitions"] {
                if let Some(definitions) = document.get(keyword) {
                    members.insert(keyword.to_owned(), definitions.clone());
                }
            }
            return schema;
        }
        members.retain(|keyword, said| match (keyword.as_str(), said) {
            ("properties" | "patternProperties", Value::Object(named)) => {
                named.values_mut().for_each(|text| *text = Value::Bool(true));
                true
            }
            ("prefixItems", Value::Array(first)) => {
                first.iter_mut().for_each(|text| *text = Value::Bool(true));
                true
            }
            ("items" | "additionalProperties", said) => said.is_boolean(),
            (keyword, _) => !keywords::holds_schemas(keyword) && keyword != "$ref",
        });
        schema
    }

    /// Returns the JSON Schema of constraints without the member `name`.
    pub(crate) fn to_schema_without(&self, document: &Value, plain: &Plain, name: &str) -> Value {
        let mut schema = Map::new();
        if let Some(kinds) = plain.kinds {
            let mut names = kinds.names();
            let names = match names.len() {
                1 => names.remove(0).into(),
                _ => names.into(),
            };
            schema.insert("type".to_owned(), names);
        }
        if let Some(values) = &plain.constants {
            let values = values.iter().map(|one| one.value.clone()).collect();
            schema.insert("enum".to_owned(), Value::Array(values));
        }
        schema.extend(plain.constraints.clone());
        let kept = || plain.members.iter().filter(|member| member.name != name);
        let properties: Map<String, Value> = kept()
            .map(|member| (member.name.clone(), self.to_schema(document, member.node)))
            .collect();
        schema.insert("properties".to_owned(), properties.into());
        let required: Vec<&str> =
            kept().filter(|member| member.required).map(|member| member.name.as_str()).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        let patterns: Map<String, Value> = plain
            .patterns
            .iter()
            .map(|(pattern, id)| (pattern.text.clone(), self.to_schema(document, *id)))
            .collect();
        if !patterns.is_empty() {
            schema.insert("patternProperties".to_owned(), patterns.into());
        }
        let others = match plain.other_members {
            OtherMembers::Unspecified => None,
            OtherMembers::Closed => Some(Value::Bool(false)),
            OtherMembers::Open(id) => Some(self.to_schema(document, id)),
        };
        schema.extend(others.map(|others| ("additionalProperties".to_owned(), others)));
        if let Some(names) = plain.names {
            schema.insert("propertyNames".to_owned(), self.to_schema(document, names));
        }
        let elements: Vec<Value> =
            plain.prefix_items.iter().map(|&id| self.to_schema(document, id)).collect();
        if !elements.is_empty() {
            schema.insert("prefixItems".to_owned(), elements.into());
        }
        if let Some(rest) = plain.rest {
            schema.insert("items".to_owned(), self.to_schema(document, rest));
        }
        let mut also = Vec::new();
        for (keyword, value) in plain.non_shaping.iter().chain(&plain.also) {
            if schema.contains_key(keyword) {
                also.push(json!({ keyword: value }));
            } else {
                schema.insert(keyword.clone(), value.clone());
            }
        }
        if !also.is_empty() {
            schema.insert("allOf".to_owned(), also.into());
        }
        schema.into()
    }
}

/// Returns the schema that allows the values of any of these nodes.
fn any_of(tree: &Tree, document: &Value, branches: &[NodeId]) -> Value {
    let text: Vec<Value> = branches.iter().map(|&id| tree.to_schema(document, id)).collect();
    json!({ "anyOf": text })
}
