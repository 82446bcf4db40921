use serde_json::json;

use super::*;

fn tree(schema: &serde_json::Value) -> Tree {
    Tree::parse(schema, Origin::Document).unwrap()
}

fn names(tree: &Tree, id: NodeId) -> Vec<String> {
    let plain = tree.plain(id).unwrap();
    plain.members.iter().map(|member| member.name.clone()).collect()
}

#[test]
fn two_unions_beside_each_other_stay_two() {
    let schema = json!({
        "type": "object",
        "properties": {"id": {"type": "integer"}},
        "allOf": [
            {"oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}]},
            {"oneOf": [{"properties": {"c": {}}}, {"properties": {"d": {}}}, {}]},
        ],
    });
    let tree = tree(&schema);
    let NodeKind::Union { branches, exclusive: true } = &tree.node(tree.root()).kind else {
        panic!("no union")
    };
    let found: Vec<String> = branches.iter().map(|&id| names(&tree, id).join(" ")).collect();
    assert_eq!(found, ["id a c", "id a d", "id a", "id b c", "id b d", "id b"]);
}

#[test]
fn a_schema_that_contains_itself_beside_other_constraints_is_a_cycle() {
    let tree = tree(&json!({"properties": {"a": {"$ref": "#", "type": "object"}}}));
    let inner = tree.plain(tree.root()).unwrap().members[0].node;
    assert_eq!(tree.plain(inner).unwrap().members[0].node, inner);
    assert!(
        tree.is_cyclic_without_reference(inner) && !tree.is_cyclic_without_reference(tree.root())
    );
}

#[test]
fn members_are_found_behind_conditions_and_among_the_required() {
    let tree = tree(&json!({
        "properties": {"kind": {"type": "string"}},
        "required": ["kind", "only"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"properties": {"size": {"type": "integer"}}},
        "else": {"allOf": [{"properties": {"size": {"type": "string"}}}]},
        "dependentSchemas": {"kind": {"properties": {"extra": true}}},
        "patternProperties": {"^on": {"type": "string"}},
    }));
    assert_eq!(names(&tree, tree.root()), ["kind", "only", "size", "extra"]);
    let plain = tree.plain(tree.root()).unwrap();
    assert_eq!(tree.kinds(plain.members[1].node), Kinds::STRING, "by the pattern of its name");
    assert!(plain.members[1].required);
    assert_eq!(tree.kinds(plain.members[2].node), Kinds::INTEGER.or(Kinds::STRING));
}

#[test]
fn constraints_of_all_parts_hold() {
    let tree = tree(&json!({
        "allOf": [
            {"type": ["integer", "string"], "minimum": 1},
            {"type": "number", "minimum": 3, "multipleOf": 2},
            {"multipleOf": 5},
        ],
    }));
    let plain = tree.plain(tree.root()).unwrap();
    assert_eq!(plain.kinds, Some(Kinds::INTEGER));
    assert_eq!(plain.constraints["minimum"], 3);
    assert_eq!(plain.also, [("multipleOf".to_owned(), json!(5))]);
}

#[test]
fn schemas_that_hold_only_for_themselves_are_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}, {"type": "string"}]}),
        json!({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, true]}}}),
        json!({"not": {"$ref": "#"}}),
    ] {
        let refused = Tree::parse(&schema, Origin::Document).unwrap_err();
        assert!(matches!(refused, SchemaError::Itself { .. }), "{schema}: {refused}");
    }
}

#[test]
fn alternatives_of_one_reference_are_one_node_however_deep() {
    let mut definitions = serde_json::Map::new();
    for level in 0..12 {
        let next = json!({"$ref": format!("#/$defs/L{}", level + 1)});
        let name = format!("p{level}");
        let one = json!({"type": "object", "oneOf": [next, next], "properties": {name: true}});
        definitions.insert(format!("L{level}"), one);
    }
    definitions.insert("L12".to_owned(), json!({"type": "object"}));
    let tree = tree(&json!({"$ref": "#/$defs/L0", "$defs": definitions}));
    assert!(tree.count() < 120, "{}", tree.count());
}

#[test]
fn references_are_resolved_in_every_spelling() {
    for reference in ["#/definitions/T<X>", "#/definitions/T%3CX%3E", "#t"] {
        let tree = tree(&json!({
            "properties": {"a": {"$ref": reference}},
            "definitions": {"T<X>": {"$anchor": "t", "type": "string"}},
        }));
        let node = tree.plain(tree.root()).unwrap().members[0].node;
        assert_eq!(tree.kinds(node), Kinds::STRING);
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (schema, words) in [
        (
            json!({"type": "Integer"}),
            r#"unknown type "Integer" at "/type"; did you mean "integer"?"#,
        ),
        (json!({"properties": {"a": {"items": 3}}}), r#"no schema at "/properties/a/items": "#),
        (json!({"$ref": "other.json"}), r#"cannot follow `$ref` "other.json" at "": "#),
    ] {
        let refused = Tree::parse(&schema, Origin::Document).unwrap_err().to_string();
        assert!(refused.starts_with(words), "{refused}");
    }
}
