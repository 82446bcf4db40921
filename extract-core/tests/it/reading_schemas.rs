//! Indirect schemas (references, merged parts, name patterns, nested alternatives) are read as if
//! they were written directly.

use extract_core::contract::{SchemaError, Shape};
use extract_core::reading::{Level, RepairKind, read};
use serde_json::{Map, Value, json};

/// Reads each text against the schema, and compares the value or the pointers of the misfits.
#[track_caller]
fn table(schema: &Value, rows: &[(&str, Result<Value, &[&str]>)]) {
    let shape = Shape::compile(schema).unwrap_or_else(|error| panic!("{schema}: {error}"));
    for (text, expected) in rows {
        let reading = read(text, &shape, Level::Lenient).unwrap_or_else(|error| panic!("{error}"));
        let misfits = reading.misfits.iter();
        let misfits: Vec<String> =
            misfits.map(|one| format!("{}: {}", one.pointer, one.expected)).collect();
        match expected {
            Ok(value) => {
                assert_eq!(misfits, [""; 0], "{text} for {schema}");
                assert_eq!(reading.value, *value, "{text} for {schema}");
            }
            Err(places) => assert_eq!(misfits, *places, "{text} for {schema}"),
        }
    }
}

#[test]
fn a_schema_that_contains_itself_reads_at_every_depth() {
    for schema in [
        json!({"properties": {"a": {"$ref": "#", "type": "object"}, "n": {"type": "integer"}}}),
        json!({
            "$ref": "#/$defs/A",
            "$defs": {"A": {
                "type": "object",
                "properties": {
                    "a": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
                    "n": {"type": "integer"},
                },
            }},
        }),
        json!({
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "allOf": [{"properties": {"a": {"allOf": [{"$ref": "#"}, {"minProperties": 1}]}}}],
        }),
    ] {
        table(
            &schema,
            &[
                (r#"{"a": {"a": {"n": "3"}, "N": 2}}"#, Ok(json!({"a": {"a": {"n": 3}, "n": 2}}))),
                (r#"{"a": {"a": {"n": "three or so"}}}"#, Err(&["/a/a/n: an integer"])),
            ],
        );
    }
}

#[test]
fn a_member_is_read_by_a_pattern_only_if_its_name_matches() {
    let patterns = json!({"^n_": {"type": "integer"}, "_on$": {"type": "string"}});
    let schema = |more: Value| {
        let mut schema = json!({"type": "object", "patternProperties": patterns});
        let members = schema.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        schema
    };
    // Matching members are read by their pattern, whatever applies to other members.
    let both = (r#"{"n_a": "1", "b_on": 2}"#, Ok(json!({"n_a": 1, "b_on": "2"})));
    let others = r#"{"n_a": "1", "other": "2"}"#;
    for (more, expected) in [
        (json!({}), Ok(json!({"n_a": 1, "other": "2"}))),
        (json!({"additionalProperties": {"type": "number"}}), Ok(json!({"n_a": 1, "other": 2}))),
        (
            json!({"additionalProperties": false}),
            Err(["/other: no member of this name"].as_slice()),
        ),
        (json!({"properties": {"other": {"type": "integer"}}}), Ok(json!({"n_a": 1, "other": 2}))),
        (json!({"properties": {"x": {"type": "integer"}}}), Ok(json!({"n_a": 1, "other": "2"}))),
    ] {
        table(&schema(more), &[both.clone(), (others, expected)]);
    }
    // A named member also follows the patterns that it matches.
    table(
        &json!({
            "type": "object",
            "properties": {"n_a": {"minimum": 1}, "b": {"type": "boolean"}},
            "required": ["n_b"],
            "patternProperties": {"^n_": {"type": "integer"}},
        }),
        &[
            (r#"{"n_a": "1", "n_b": "2"}"#, Ok(json!({"n_a": 1, "n_b": 2}))),
            (
                r#"{"n_a": 0, "b": 1}"#,
                Err(&["/n_a: a number within the bounds", "/n_b: missing required field"]),
            ),
        ],
    );
    // Maps that differ in the names that they accept.
    table(
        &json!({"anyOf": [
            {"type": "object", "additionalProperties": false, "patternProperties": {"^a": {"type": "integer"}}},
            {"type": "object", "additionalProperties": false, "patternProperties": {"^b": {"type": "string"}}},
        ]}),
        &[
            (r#"{"a1": "1", "a2": 2}"#, Ok(json!({"a1": 1, "a2": 2}))),
            (r#"{"b1": "1", "b2": 2}"#, Ok(json!({"b1": "1", "b2": "2"}))),
        ],
    );
}

#[test]
fn allof_parts_and_references_are_read_together() {
    let size = json!({"type": "string", "enum": ["S", "M"], "x-aliases": {"S": ["small"]}});
    let schema = json!({
        "allOf": [
            {"$ref": "#/$defs/Base", "properties": {"size": {"$ref": "#/$defs/Size"}}},
            {"properties": {"id": {"maximum": 9}}, "required": ["id"]},
        ],
        "properties": {
            "nick": {"$ref": "#/$defs/Text", "x-alias": "nickname", "x-aliases": ["handle"]},
            "huge": {"type": "integer", "format": "uint128"},
        },
        "$defs": {
            "Base": {"type": "object", "properties": {"id": {"type": "integer"}}},
            "Size": size,
            "Text": {"type": "string"},
        },
    });
    table(
        &schema,
        &[
            (r#"{"id": "7", "size": "Small"}"#, Ok(json!({"id": 7, "size": "S"}))),
            (r#"{"id": 1, "handle": "x"}"#, Ok(json!({"id": 1, "nick": "x"}))),
            (r#"{"id": 1, "nickname": "x"}"#, Ok(json!({"id": 1, "nick": "x"}))),
            (r#"{"size": "M"}"#, Err(&["/id: missing required field"])),
            (
                r#"{"id": 1, "huge": 340282366920938463463374607431768211455}"#,
                Ok(json!({"id": 1, "huge": "340282366920938463463374607431768211455"})),
            ),
        ],
    );
    // Members that are named under a condition count as members.
    table(
        &json!({
            "type": "object",
            "properties": {"kind": {"enum": ["a", "b"]}},
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"properties": {"count": {"type": "integer"}}, "required": ["count"]},
        }),
        &[(r#"{"kind": "A", "Count": "2"}"#, Ok(json!({"kind": "a", "count": 2})))],
    );
}

#[test]
fn a_wrapper_named_after_the_definition_is_unwrapped() {
    let schema = json!({
        "type": "object",
        "properties": {"line": {"$ref": "#/$defs/InvoiceLine"}, "note": {"type": "string"}},
        "required": ["line"],
        "$defs": {"InvoiceLine": {
            "type": "object",
            "title": "Another",
            "properties": {"sum": {"type": "integer"}, "of": {"type": "string"}},
            "required": ["sum"],
        }},
    });
    table(
        &schema,
        &[(r#"{"line": {"invoice_line": {"sum": 3}}}"#, Ok(json!({"line": {"sum": 3}})))],
    );
}

#[test]
fn alternatives_inside_of_alternatives_are_one_union() {
    let schema = json!({
        "anyOf": [
            {"$ref": "#/$defs/Inner"},
            {"type": ["integer", "null"]},
            {"enum": ["off", null]},
        ],
        "$defs": {"Inner": {"oneOf": [
            {"const": "on", "description": "It runs."},
            {"type": "array", "items": {"type": "boolean"}},
            {"anyOf": [{"type": "null"}, false]},
        ]}},
    });
    table(
        &schema,
        &[
            ("null", Ok(json!(null))),
            ("\"ON\"", Ok(json!("on"))),
            ("\"It runs.\"", Ok(json!("on"))),
            ("\"Off\"", Ok(json!("off"))),
            ("\"7\"", Ok(json!(7))),
            ("[\"yes\"]", Ok(json!([true]))),
            ("{\"x\": 1}", Err(&[": one of \"on\", \"off\" or a list or an integer"])),
        ],
    );
    // A spelling that two constants share matches neither, even across branches.
    table(
        &json!({"anyOf": [
            {"const": "a", "x-aliases": ["first one"]},
            {"enum": ["b", null], "x-aliases": {"b": ["First-One"]}},
            {"type": "null"},
        ]}),
        &[
            ("\"first one\"", Ok(json!("a"))),
            ("\"first_one\"", Err(&[": one of \"a\", \"b\""])),
            ("\"N/A\"", Ok(json!(null))),
        ],
    );
    // A type beside constants applies.
    table(&json!({"type": "integer", "enum": [1, "one", null]}), &[("\"1\"", Ok(json!(1)))]);
}

#[test]
fn names_of_a_map_are_found_behind_references_and_alternatives() {
    let days = json!({"oneOf": [
        {"const": "mon", "description": "The first."},
        {"const": "sun", "x-aliases": ["sunday"]},
    ]});
    let schema = json!({
        "type": "object",
        "propertyNames": {"$ref": "#/$defs/Day"},
        "additionalProperties": {"type": "integer"},
        "$defs": {"Day": days},
    });
    table(
        &schema,
        &[
            (r#"{"Mon": "1", "sunday": 2}"#, Ok(json!({"mon": 1, "sun": 2}))),
            (r#"{"tue": 1}"#, Err(&["/tue: a key that is one of mon, sun"])),
        ],
    );
}

#[test]
fn several_tags_together_select_an_option() {
    let option = |kind: &str, sub: Option<&str>, more: &str| {
        let mut properties = json!({"kind": {"const": kind}, more: {"type": "integer"}});
        let mut required = vec!["kind", more];
        if let Some(sub) = sub {
            properties["sub"] = json!({"const": sub});
            required.push("sub");
        }
        json!({"type": "object", "properties": properties, "required": required})
    };
    let schema = json!({"anyOf": [
        option("x", Some("1"), "a"),
        option("x", Some("2"), "a"),
        option("y", None, "b"),
    ]});
    let kinds = "/kind: one of \"x\", \"y\"";
    let subs = "/sub: one of \"1\", \"2\"";
    table(
        &schema,
        &[
            (
                r#"{"kind": "X", "sub": "2", "a": "7"}"#,
                Ok(json!({"kind": "x", "sub": "2", "a": 7})),
            ),
            (r#"{"kind": "y", "b": "7"}"#, Ok(json!({"kind": "y", "b": 7}))),
            (r#"{"kind": "x", "a": 7}"#, Err(&[subs])),
            (r#"{"kind": "x", "sub": "3", "a": 7}"#, Err(&[subs])),
            (r#"{"kind": "z", "a": 7}"#, Err(&[kinds])),
            // Tags of different options: the first tag decides, and misfits to its option are
            // reported.
            (r#"{"kind": "y", "sub": "1"}"#, Err(&["/b: missing required field"])),
        ],
    );
    // A constant that all options share does not distinguish them. Neither does one that some of
    // them share.
    let versions = json!({"anyOf": [
        {"type": "object", "properties": {"v": {"const": 1}, "t": {"const": "a"}}, "required": ["v", "t"]},
        {"type": "object", "properties": {"v": {"const": 1}, "t": {"const": "b"}}, "required": ["v", "t"]},
    ]});
    table(
        &versions,
        &[
            (r#"{"v": 1, "t": "B"}"#, Ok(json!({"v": 1, "t": "b"}))),
            (r#"{"v": 2, "t": "b"}"#, Err(&["/v: 1"])),
        ],
    );
}

#[test]
fn an_object_without_listed_members_accepts_any_members() {
    for schema in [json!({"type": "object"}), json!({"minProperties": 1}), json!(true), json!({})] {
        let value = json!({"a": {"b": [1]}});
        table(&schema, &[(r#"{"a": {"b": [1]}}"#, Ok(value))]);
    }
    // An object with listed members accepts other members and reports them.
    let shape = Shape::compile(&json!({"properties": {"a": {"type": "integer"}}})).unwrap();
    let reading = read(r#"{"a": 1, "b": 2}"#, &shape, Level::Lenient).unwrap();
    assert!(reading.fits());
    assert_eq!(reading.repairs[0].kind, RepairKind::UnknownKey);
}

#[test]
fn hostile_schemas_end_on_a_small_stack() {
    let work = || {
        // Chains of references, alternatives and members with the maximum length of a document.
        const LONG: usize = 15_000;
        let chain = |link: fn(Value) -> Value| {
            let mut definitions = Map::new();
            for at in 0..LONG {
                let next = json!({"$ref": format!("#/$defs/D{}", at + 1)});
                definitions.insert(format!("D{at}"), link(next));
            }
            definitions.insert(format!("D{LONG}"), json!({"type": "integer"}));
            json!({"$ref": "#/$defs/D0", "$defs": definitions})
        };
        // Each link that validates the same value takes stack in the validator.
        for link in [|next| next, |next| json!({"anyOf": [next, {"type": "null"}]})] {
            let refused = Shape::compile(&chain(link)).unwrap_err();
            assert!(
                matches!(refused, SchemaError::TooNested { .. } | SchemaError::TooCostly { .. }),
                "{refused}"
            );
        }
        let members = Shape::compile(&chain(|next| json!({"properties": {"a": next}}))).unwrap();
        assert_eq!(read(r#"{"A": {}}"#, &members, Level::Lenient).unwrap().value, json!({"a": {}}));

        // Each definition is a union of all later ones.
        let mut definitions = Map::new();
        let mut properties = Map::new();
        for at in 0..2_000 {
            let next = json!({"$ref": format!("#/$defs/D{}", at + 1)});
            let own = json!({"type": "object", "properties": {"a": {"const": at}}});
            definitions.insert(format!("D{at}"), json!({"anyOf": [own, next]}));
            properties.insert(format!("p{at}"), json!({"$ref": format!("#/$defs/D{at}")}));
        }
        definitions.insert("D2000".to_owned(), json!({"type": "null"}));
        let all = json!({"properties": properties, "$defs": definitions});
        let refused = Shape::compile(&all).unwrap_err();
        assert!(matches!(refused, SchemaError::TooNested { .. }), "{refused}");
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap();
}
