//! Writes an object type as a list of its members in words, for prompts of very small models. They copy
//! the marks of a type notation into their answers; words they do not copy.

use super::describe;
use crate::schema::{Kinds, NodeId, NodeKind, OtherMembers, Plain, Tree};

/// The depth of objects that is written: the type itself, and the objects in its members.
const DEPTH: usize = 2;

/// The most members of an object, and the most values of an enum, that are written.
const MOST: usize = 24;

/// Returns the members of the type in words: their names, descriptions and types. Returns `None` if words
/// cannot say the type: it is a map or no object, or it holds a union, a tuple, a recursive or deeply nested
/// type, or rules between members.
///
/// `{name: string, age?: integer}` becomes
/// `the members "name" (string) and "age" (integer, may be left out)`.
pub(crate) fn member_list(tree: &Tree) -> Option<String> {
    let root = tree.root();
    let plain = tree.plain(root).filter(|plain| plain.implied_kinds() == Some(Kinds::OBJECT))?;
    if tree.is_recursive(root) {
        return None;
    }
    let writer = Writer { tree };
    let members = writer.members(plain, 1)?;
    let noun = if members.len() == 1 { "member" } else { "members" };
    Some(format!("the {noun} {}", in_words(&members, "and")))
}

/// Writes the nodes of one schema.
struct Writer<'a> {
    tree: &'a Tree,
}

impl Writer<'_> {
    /// Returns the members of an object: each name in quotation marks, with its description and type.
    fn members(&self, plain: &Plain, depth: usize) -> Option<Vec<String>> {
        let is_listed = !plain.members.is_empty()
            && plain.members.len() <= MOST
            && plain.patterns.is_empty()
            && plain.constants.is_none()
            && !matches!(plain.other_members, OtherMembers::Open(_))
            && has_own_rules_only(plain);
        if !is_listed || depth > DEPTH {
            return None;
        }
        let members = plain.members.iter().map(|member| {
            let mut said = self.value(member.node, depth)?;
            if !member.required && !said.ends_with("null") {
                said.push_str(", may be left out");
            }
            Some(format!("{} ({said})", serde_json::Value::from(member.name.as_str())))
        });
        members.collect()
    }

    /// Returns the description and the type of a value.
    fn value(&self, node: NodeId, depth: usize) -> Option<String> {
        let mut said: Vec<String> = Vec::new();
        said.extend(self.tree.description(node).map(str::to_owned));
        if let Some(plain) = self.tree.plain(node) {
            said.extend(describe::constraint_sentences(&plain.constraints));
        }
        let said: Vec<String> = said.iter().map(|said| one_line(said)).collect();
        let said = said.join(". ");
        let type_name = self.type_name(node, depth)?;
        Some(if said.is_empty() { type_name } else { format!("{said}: {type_name}") })
    }

    /// Returns the type of a value.
    fn type_name(&self, node: NodeId, depth: usize) -> Option<String> {
        if self.tree.is_recursive(node) {
            return None;
        }
        let node = self.tree.resolve(node);
        match &self.tree.node(node).kind {
            NodeKind::Plain(plain) => self.plain(plain, depth),
            NodeKind::Union { .. } => self.nullable(node, depth),
            NodeKind::Never(_) | NodeKind::Reference(_) => None,
        }
    }

    /// Returns a type that may be null. Other unions have no words.
    fn nullable(&self, node: NodeId, depth: usize) -> Option<String> {
        let branches = self.tree.alternatives(node);
        let is_null = |id: &NodeId| {
            self.tree.plain(*id).is_some_and(|plain| plain.implied_kinds() == Some(Kinds::NULL))
        };
        let [first, second] = branches.as_slice() else { return None };
        let some = match (is_null(first), is_null(second)) {
            (true, false) => *second,
            (false, true) => *first,
            _ => return None,
        };
        Some(format!("{} or null", self.type_name(some, depth)?))
    }

    /// Returns the type of constraints without alternatives.
    fn plain(&self, plain: &Plain, depth: usize) -> Option<String> {
        if !has_own_rules_only(plain) {
            return None;
        }
        if let Some(constants) = &plain.constants {
            let values: Vec<String> = constants.iter().map(|one| one.value.to_string()).collect();
            return (values.len() <= MOST).then(|| in_words(&values, "or"));
        }
        let mut names = plain.implied_kinds()?.names();
        let is_nullable = names.len() == 2 && names.contains(&"null");
        if is_nullable {
            names.retain(|name| *name != "null");
        }
        let [name] = names.as_slice() else { return None };
        let type_name = match *name {
            "boolean" => "true or false".to_owned(),
            "array" => {
                let element = plain.rest.filter(|_| plain.prefix_items.is_empty())?;
                format!("list of {}", self.type_name(element, depth)?)
            }
            "object" => {
                let members = self.members(plain, depth + 1)?;
                format!("object with {}", in_words(&members, "and"))
            }
            scalar => scalar.to_owned(),
        };
        Some(if is_nullable { format!("{type_name} or null") } else { type_name })
    }
}

/// Whether the constraints are keywords with sentences, and none depends on another schema.
fn has_own_rules_only(plain: &Plain) -> bool {
    plain.also.is_empty()
        && plain.non_shaping.is_empty()
        && plain.names.is_none()
        && !plain.constraints.contains_key("dependentRequired")
}

/// Returns a text on one line, without the full stop at its end.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

/// Returns `a, b and c`.
fn in_words(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::schema::Origin;

    fn listed(schema: &Value) -> Option<String> {
        member_list(&Tree::parse(schema, Origin::Document).unwrap())
    }

    fn of(member: &Value) -> Option<String> {
        listed(&json!({"type": "object", "properties": {"a": member}, "required": ["a"]}))
    }

    #[test]
    fn each_member_is_said_with_its_description_and_type() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "As printed.\nNo titles."},
                "age": {"type": "integer", "minimum": 0, "maximum": 150},
                "mood": {"enum": ["good", "bad", "mixed"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "home": {"$ref": "#/$defs/Home"},
                "email": {"type": ["string", "null"]},
                "score": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            },
            "required": ["name", "age", "mood", "tags", "home"],
            "$defs": {"Home": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "is_owned": {"type": "boolean"}},
                "required": ["city"],
            }},
        });
        let expected = concat!(
            r#"the members "name" (As printed. No titles: string), "age" (Between 0 and 150: integer), "#,
            r#""mood" ("good", "bad" or "mixed"), "tags" (list of string), "home" (object with "city" "#,
            r#"(string) and "is_owned" (true or false, may be left out)), "email" (string or null) "#,
            r#"and "score" (number or null)"#,
        );
        assert_eq!(listed(&schema).unwrap(), expected);
    }

    #[test]
    fn a_type_without_words_has_no_list() {
        let object = |inner: Value| json!({"type": "object", "properties": {"b": inner}});
        let string = json!({"type": "string"});
        for member in [
            json!({"anyOf": [string, {"type": "integer"}]}),
            json!({"type": ["string", "integer"]}),
            json!({"type": "object", "additionalProperties": string}),
            json!({"type": "array", "prefixItems": [string]}),
            object(object(string.clone())),
            json!({"type": "string", "not": {"const": "x"}}),
            json!({}),
        ] {
            assert_eq!(of(&member), None, "{member}");
        }
        let nested = r#"the member "a" (object with "b" (string, may be left out))"#;
        assert_eq!(of(&object(string.clone())).unwrap(), nested);
        assert_eq!(listed(&json!({"type": "array", "items": string})), None);
        let recursive = json!({"$ref": "#/$defs/Node", "$defs": {"Node": {
            "type": "object",
            "properties": {"next": {"$ref": "#/$defs/Node"}, "name": string},
        }}});
        assert_eq!(listed(&recursive), None);
    }
}
