//! How values of one schema from several parts of a text combine, and the schema of one part's answer.

use serde_json::{Map, Value, json};

use super::node::{NodeId, OtherMembers, Plain};
use super::{Kinds, Tree, embed};

/// How the values of a node from several parts of a text become one value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Combination<'t> {
    /// Member by member.
    Object(&'t Plain),
    /// The elements one after the other. The node is that of an element; `None` without a schema for it.
    List(Option<NodeId>),
    /// One of the values.
    Single,
}

impl Tree {
    /// Returns how the values of a node combine. `null` beside a node is no alternative to it. Other
    /// alternatives, tuples and values of any kind do not combine.
    pub(crate) fn combination(&self, id: NodeId) -> Combination<'_> {
        let all = self.alternatives(id).into_iter().filter_map(|id| self.plain(id));
        let mut present = all.filter(|plain| plain.allowed_kinds() != Kinds::NULL);
        let (Some(plain), None) = (present.next(), present.next()) else {
            return Combination::Single;
        };
        let kinds = plain.kinds.map(|kinds| kinds.without(Kinds::NULL));
        if plain.constants.is_some() {
            Combination::Single
        } else if kinds == Some(Kinds::OBJECT) {
            Combination::Object(plain)
        } else if kinds == Some(Kinds::ARRAY) && plain.prefix_items.is_empty() {
            Combination::List(plain.rest)
        } else {
            Combination::Single
        }
    }

    /// Returns the schema of a node for the answer about one part of a text, which need not hold everything:
    /// a member of an object may be null, a list or a map may be shorter than the schema requires. Elements of
    /// lists, entries of maps, and alternatives keep their schemas. `document` is the source of the tree.
    pub(crate) fn partial_schema(&self, document: &Value, id: NodeId) -> Value {
        let mut schema = self.part(document, id, &mut Vec::new());
        if matches!(self.combination(id), Combination::Single) && !self.takes_null(id) {
            schema = or_null(schema);
        }
        embed::define(&mut schema, document);
        schema
    }

    /// Returns the schema of an object with some of a node's members, and with its entries if `has_entries`.
    /// Constraints of the whole object are left out. `None` if the node is no object.
    pub(crate) fn members_schema(
        &self,
        document: &Value,
        id: NodeId,
        names: &[&str],
        has_entries: bool,
    ) -> Option<Value> {
        let Combination::Object(plain) = self.combination(id) else { return None };
        let kept = plain.members.iter().filter(|member| names.contains(&member.name.as_str()));
        let members = kept.map(|member| {
            (member.name.as_str(), member.required, self.to_schema(document, member.node))
        });
        let mut schema = self.object(document, id, plain, members.collect(), has_entries);
        embed::define(&mut schema, document);
        Some(schema)
    }

    /// Returns whether the schema of a node allows null.
    pub(crate) fn takes_null(&self, id: NodeId) -> bool {
        self.kinds(id).has(Kinds::NULL)
    }

    /// Returns the schema of a node for one part of a text. `open` are the objects around it.
    fn part(&self, document: &Value, id: NodeId, open: &mut Vec<NodeId>) -> Value {
        match self.combination(id) {
            Combination::Object(plain) if !open.contains(&self.resolve(id)) => {
                open.push(self.resolve(id));
                let members = plain.members.iter().map(|member| {
                    let schema = self.part(document, member.node, open);
                    let is_list = matches!(self.combination(member.node), Combination::List(_));
                    let is_fine = is_list || self.takes_null(member.node);
                    let schema = if is_fine { schema } else { or_null(schema) };
                    (member.name.as_str(), member.required, schema)
                });
                let members = members.collect();
                open.pop();
                let schema = self.object(document, id, plain, members, true);
                if self.takes_null(id) { or_null(schema) } else { schema }
            }
            Combination::List(element) => {
                let mut schema = json!({"type": "array"});
                let all = self.alternatives(id).into_iter().filter_map(|id| self.plain(id));
                let constraints = all.flat_map(|plain| &plain.constraints);
                // No part has more elements than the whole.
                for (keyword, value) in constraints.filter(|(name, _)| *name != "minItems") {
                    schema[keyword.as_str()] = value.clone();
                }
                if self.takes_null(id) {
                    schema["type"] = json!(["array", "null"]);
                }
                if let Some(element) = element {
                    schema["items"] = self.to_schema(document, element);
                }
                self.annotated(document, id, schema)
            }
            _ => self.to_schema(document, id),
        }
    }

    /// Writes the schema of an object with these members: names, whether they are required, and schemas.
    fn object(
        &self,
        document: &Value,
        id: NodeId,
        plain: &Plain,
        members: Vec<(&str, bool, Value)>,
        has_entries: bool,
    ) -> Value {
        let required: Vec<&str> =
            members.iter().filter(|(_, required, _)| *required).map(|(name, ..)| *name).collect();
        let mut schema = json!({"type": "object", "properties": {}});
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if has_entries && !plain.patterns.is_empty() {
            let patterns = plain.patterns.iter();
            let patterns: Map<String, Value> = patterns
                .map(|(pattern, id)| (pattern.text.clone(), self.to_schema(document, *id)))
                .collect();
            schema["patternProperties"] = patterns.into();
        }
        let others = match plain.other_members {
            OtherMembers::Open(id) if has_entries => Some(self.to_schema(document, id)),
            OtherMembers::Unspecified if has_entries => None,
            _ => Some(Value::Bool(false)),
        };
        if let Some(others) = others {
            schema["additionalProperties"] = others;
        }
        let members = members.into_iter().map(|(name, _, schema)| (name.to_owned(), schema));
        schema["properties"] = members.collect::<Map<String, Value>>().into();
        self.annotated(document, id, schema)
    }

    /// Adds the description and the aliases of a node to a schema.
    fn annotated(&self, document: &Value, id: NodeId, mut schema: Value) -> Value {
        for id in [id, self.resolve(id)] {
            let written = document.pointer(&self.node(id).pointer).and_then(Value::as_object);
            for (keyword, value) in written.into_iter().flatten().filter(|(name, _)| is_note(name))
            {
                if schema.get(keyword).is_none() {
                    schema[keyword.as_str()] = value.clone();
                }
            }
        }
        match self.description(id) {
            Some(words) => embed::described(schema, words),
            None => schema,
        }
    }
}

/// Whether a keyword describes a member for a reader.
fn is_note(keyword: &str) -> bool {
    matches!(keyword, "title" | "description" | "deprecated") || keyword.starts_with("x-")
}

/// Returns a schema that allows null as well. Notes stay outside of alternatives.
fn or_null(schema: Value) -> Value {
    let Value::Object(mut members) = schema else {
        return json!({"anyOf": [schema, {"type": "null"}]});
    };
    let is_combined = COMBINED.iter().any(|keyword| members.contains_key(*keyword));
    match members.get_mut("type") {
        Some(kind @ Value::String(_)) if !is_combined => {
            *kind = json!([kind.take(), "null"]);
            Value::Object(members)
        }
        Some(Value::Array(kinds)) if !is_combined => {
            kinds.push("null".into());
            Value::Object(members)
        }
        _ => {
            let (notes, schema): (Map<_, _>, Map<_, _>) =
                members.into_iter().partition(|(keyword, _)| is_note(keyword));
            let mut either = json!({"anyOf": [schema, {"type": "null"}]});
            for (keyword, value) in notes {
                either[keyword] = value;
            }
            either
        }
    }
}

/// The keywords beside which another type in `type` is not enough to allow null.
const COMBINED: [&str; 8] = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const", "not", "if"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Origin;

    fn partial(schema: &Value) -> Value {
        let tree = Tree::parse(schema, Origin::Type).unwrap();
        tree.partial_schema(schema, tree.root())
    }

    #[test]
    fn members_may_be_null_and_lists_may_be_shorter() {
        let schema = json!({
            "type": "object",
            "description": "A contract.",
            "properties": {
                "title": {"type": "string", "minLength": 1},
                "kind": {"enum": ["lease", "sale"], "description": "Which one."},
                "place": {"$ref": "#/$defs/Place", "description": "Where."},
                "parties": {
                    "type": "array", "items": {"$ref": "#/$defs/Party"}, "minItems": 2, "maxItems": 9, "x-aliases": ["sides"],
                },
                "end": {"type": ["string", "null"]},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}], "minItems": 1},
                "sums": {"type": "object", "additionalProperties": {"type": "number"}, "minProperties": 1},
            },
            "required": ["title", "kind", "place", "parties", "pair", "sums"],
            "additionalProperties": false,
            "$defs": {
                "Place": {"type": "object", "properties": {
                    "town": {"type": "string"}, "near": {"$ref": "#/$defs/Place"},
                }, "required": ["town"]},
                "Party": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            },
        });
        let place = json!({"type": ["object", "null"], "properties": {
            "town": {"type": ["string", "null"]},
            "near": {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}]},
        }, "required": ["town"], "description": "Where."});
        assert_eq!(
            partial(&schema),
            json!({
                "type": "object",
                "description": "A contract.",
                "properties": {
                    "title": {"type": ["string", "null"], "minLength": 1},
                    "kind": {"anyOf": [{"enum": ["lease", "sale"]}, {"type": "null"}], "description": "Which one."},
                    "place": place,
                    "parties": {"type": "array", "items": {"$ref": "#/$defs/Party"}, "maxItems": 9, "x-aliases": ["sides"]},
                    "end": {"type": ["string", "null"]},
                    "pair": {"type": ["array", "null"], "prefixItems": [{"type": "string"}], "minItems": 1},
                    "sums": {"type": ["object", "null"], "properties": {}, "additionalProperties": {"type": "number"}},
                },
                "required": ["title", "kind", "place", "parties", "pair", "sums"],
                "additionalProperties": false,
                "$defs": schema["$defs"],
            })
        );
    }

    #[test]
    fn a_value_that_does_not_combine_may_be_null_as_a_whole() {
        let either = json!({"oneOf": [{"type": "string"}, {"type": "number"}]});
        assert_eq!(partial(&either), json!({"anyOf": [either, {"type": "null"}]}));
        assert_eq!(partial(&json!({"type": "integer"})), json!({"type": ["integer", "null"]}));
        let list = json!({"type": "array", "items": {"type": "integer"}, "minItems": 3});
        assert_eq!(partial(&list), json!({"type": "array", "items": {"type": "integer"}}));
    }

    #[test]
    fn some_members_of_an_object() {
        let schema = json!({
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"$ref": "#/$defs/B"}, "c": true},
            "required": ["a", "b"],
            "additionalProperties": {"type": "integer"},
            "$defs": {"B": {"type": "boolean"}},
        });
        let tree = Tree::parse(&schema, Origin::Document).unwrap();
        assert_eq!(
            tree.members_schema(&schema, tree.root(), &["b", "c"], false).unwrap(),
            json!({
                "type": "object",
                "properties": {"b": {"$ref": "#/$defs/B"}, "c": true},
                "required": ["b"],
                "additionalProperties": false,
                "$defs": {"B": {"type": "boolean"}},
            })
        );
        let rest = tree.members_schema(&schema, tree.root(), &["a"], true).unwrap();
        assert_eq!(rest["additionalProperties"], json!({"type": "integer"}));
    }
}
