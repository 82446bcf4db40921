use super::*;

/// Pairs of a former schema and its form in draft 2020-12.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn table() -> Vec<(Value, Value)> {
    let or_null = json!({"type": "null"});
    let text = json!({"type": "string"});
    vec![
        // Lists.
        (
            json!({"items": [text, true], "additionalItems": {"items": [text]}}),
            json!({"prefixItems": [text, true], "items": {"prefixItems": [text]}}),
        ),
        (json!({"items": [], "additionalItems": false}), json!({"items": false})),
        (json!({"items": text, "additionalItems": false}), json!({"items": text})),
        // Dependencies.
        (
            json!({"dependencies": {"a": ["b"], "c": {"items": [text]}, "d": true}}),
            json!({
                "dependentRequired": {"a": ["b"]},
                "dependentSchemas": {"c": {"prefixItems": [text]}, "d": true},
            }),
        ),
        (
            json!({"dependencies": {"a": ["b"]}, "dependentRequired": {"a": ["c"]}}),
            json!({
                "dependentRequired": {"a": ["c"]},
                "allOf": [{"dependentRequired": {"a": ["b"]}}],
            }),
        ),
        // Bounds.
        (
            json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false}),
            json!({"exclusiveMinimum": 1, "maximum": 9}),
        ),
        (json!({"exclusiveMaximum": true}), json!({})),
        (
            json!({"exclusiveMaximum": 3, "maximum": 9}),
            json!({"exclusiveMaximum": 3, "maximum": 9}),
        ),
        // Null.
        (json!({"nullable": true}), json!({})),
        (json!({"type": "string", "nullable": false}), text.clone()),
        (json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
        (
            json!({"type": ["string", "null"], "enum": ["a"], "nullable": true}),
            json!({"type": ["string", "null"], "enum": ["a", null]}),
        ),
        (json!({"const": "a", "nullable": true}), json!({"enum": ["a", null]})),
        (
            json!({"anyOf": [text, {"type": "integer"}], "nullable": true}),
            json!({"anyOf": [text, {"type": "integer"}, or_null]}),
        ),
        (
            json!({"oneOf": [text], "nullable": true, "description": "d", "x-a": 1}),
            json!({"description": "d", "x-a": 1, "anyOf": [{"oneOf": [text]}, or_null]}),
        ),
        (
            json!({"type": "object", "allOf": [{"$ref": "#/$defs/A"}], "nullable": true, "$defs": {"A": {}}}),
            json!({
                "$defs": {"A": {}},
                "anyOf": [{"type": "object", "allOf": [{"$ref": "#/$defs/A"}]}, or_null],
            }),
        ),
        // References follow the schemas that move.
        (
            json!({
                "properties": {
                    "a": {"$ref": "#/properties/b", "nullable": true},
                    "b": {"oneOf": [{"items": [text]}], "nullable": true},
                    "c": {"$ref": "#/properties/b/oneOf/0/items/0"},
                },
            }),
            json!({
                "properties": {
                    "a": {"anyOf": [{"$ref": "#/properties/b"}, or_null]},
                    "b": {"anyOf": [{"oneOf": [{"prefixItems": [text]}]}, or_null]},
                    "c": {"$ref": "#/properties/b/anyOf/0/oneOf/0/prefixItems/0"},
                },
            }),
        ),
        // Member names and values are not read as keywords.
        (
            json!({
                "properties": {"nullable": true, "items": {"type": "array"}, "$id": text, "id": text, "$ref": text},
                "required": ["nullable"],
                "default": {"nullable": true, "$id": "x", "$ref": "#/nowhere", "items": []},
                "enum": [{"dependencies": {"a": ["b"]}, "id": "y"}],
            }),
            json!({
                "properties": {"nullable": true, "items": {"type": "array"}, "$id": text, "id": text, "$ref": text},
                "required": ["nullable"],
                "default": {"nullable": true, "$id": "x", "$ref": "#/nowhere", "items": []},
                "enum": [{"dependencies": {"a": ["b"]}, "id": "y"}],
            }),
        ),
        // Keywords beside a reference apply, except in the older drafts.
        (
            json!({"$ref": "#/$defs/A", "minLength": 1, "$defs": {"A": text}}),
            json!({"$ref": "#/$defs/A", "minLength": 1, "$defs": {"A": text}}),
        ),
        (
            json!({
                "$schema": "http://json-schema.org/draft-07/schema#",
                "$ref": "#/definitions/A", "minLength": 1, "title": "t", "definitions": {"A": text},
            }),
            json!({"$ref": "#/definitions/A", "title": "t", "definitions": {"A": text}}),
        ),
        // References become fragments with a JSON pointer, and follow the schemas.
        (
            json!({
                "properties": {"a": {"$ref": "#/definitions/T<X>"}, "b": {"$ref": "#/definitions/T%3CX%3E"}},
                "definitions": {"T<X>": text},
            }),
            json!({
                "properties": {"a": {"$ref": "#/definitions/T%3CX%3E"}, "b": {"$ref": "#/definitions/T%3CX%3E"}},
                "definitions": {"T<X>": text},
            }),
        ),
        (
            json!({
                "items": {"$ref": "#/components/schemas/Pet"},
                "components": {"schemas": {"Pet": {
                    "type": "object", "nullable": true,
                    "properties": {"mate": {"$ref": "#/components/schemas/Pet"}, "tag": {"$ref": "#/components/more/Tag"}},
                }}, "more": {"Tag": text}},
            }),
            json!({
                "items": {"$ref": "#/$defs/Pet"},
                "components": {"schemas": {}, "more": {}},
                "$defs": {"Pet": {
                    "type": ["object", "null"],
                    "properties": {"mate": {"$ref": "#/$defs/Pet"}, "tag": {"$ref": "#/$defs/Tag"}},
                }, "Tag": text},
            }),
        ),
        (
            json!({"items": {"$ref": "#/default/0"}, "default": [{"nullable": true, "type": "string"}]}),
            json!({
                "items": {"$ref": "#/$defs/0"}, "default": [{"nullable": true, "type": "string"}],
                "$defs": {"0": {"type": ["string", "null"]}},
            }),
        ),
        // Identifiers.
        (
            json!({
                "$schema": "http://json-schema.org/draft-04/schema#", "id": "http://example.com/a.json#",
                "properties": {"a": {"id": "/properties/a", "$ref": "http://example.com/a.json#/definitions/A"}},
                "definitions": {"A": {"id": "#a"}, "B": {"$ref": "#a"}},
            }),
            json!({
                "properties": {"a": {"$ref": "#/definitions/A"}},
                "definitions": {"A": {}, "B": {"$ref": "#/definitions/A"}},
            }),
        ),
        (
            json!({
                "$id": "https://example.com/customer",
                "properties": {
                    "home": {"$ref": "/address"}, "work": {"$ref": "https://example.com/address#/properties/town"},
                },
                "$defs": {"address": {
                    "$id": "/address",
                    "properties": {"town": {"$ref": "#/$defs/name"}, "next": {"$ref": "#/$defs/address"}},
                    "$defs": {"name": text},
                }},
            }),
            json!({
                "properties": {
                    "home": {"$ref": "#/$defs/address"}, "work": {"$ref": "#/$defs/address/properties/town"},
                },
                "$defs": {"address": {
                    "properties": {
                        "town": {"$ref": "#/$defs/address/$defs/name"}, "next": {"$ref": "#/$defs/address"},
                    },
                    "$defs": {"name": text},
                }},
            }),
        ),
        (
            json!({
                "$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true,
                "items": {"$recursiveRef": "#"}, "contains": {"$dynamicRef": "#x"},
                "$defs": {"x": {"$dynamicAnchor": "x"}},
            }),
            json!({"items": {"$ref": "#"}, "contains": {"$ref": "#/$defs/x"}, "$defs": {"x": {}}}),
        ),
        // A reference that leads nowhere, or to one of several schemas, stays for the reader to refuse.
        (
            json!({
                "items": {"$dynamicRef": "#x"},
                "$defs": {"a": {"$id": "a", "$defs": {"x": {"$dynamicAnchor": "x"}}}, "x": {"$dynamicAnchor": "x"}},
            }),
            json!({"items": {"$dynamicRef": "#x"}, "$defs": {"a": {"$defs": {"x": {}}}, "x": {}}}),
        ),
        (json!({"items": {"$ref": "b.json#/a"}}), json!({"items": {"$ref": "b.json#/a"}})),
        (json!({"items": {"$ref": "#/a%2"}}), json!({"items": {"$ref": "#/a%2"}})),
        (json!(7), json!(7)),
    ]
}

#[test]
fn older_schemas_are_brought_to_2020_12_once() {
    for (former, expected) in table() {
        let now = modernized(former.clone()).unwrap();
        assert_eq!(now, expected, "{former}\n{now}");
        assert_eq!(modernized(now).unwrap(), expected, "it is one already");
    }
}

#[test]
fn an_identifier_that_makes_a_reference_mean_two_things_is_refused() {
    for (schema, place) in [
        (
            json!({"properties": {"a": {"$id": "http://a/b", "items": {"$ref": "#"}}}}),
            "/properties/a/$id",
        ),
        (
            json!({
                "properties": {"a": {"id": "/a", "items": {"$ref": "#/$defs/A"}, "$defs": {"A": true}}},
                "$defs": {"A": true},
            }),
            "/properties/a/id",
        ),
        (json!({"items": {"$ref": "a"}, "allOf": [{"$id": "a"}, {"$id": "a"}]}), "/allOf/0/$id"),
    ] {
        let refused = modernized(schema.clone()).unwrap_err();
        let expected = SchemaLimit::Embedded { pointer: place.to_owned() };
        assert_eq!(refused, expected, "{schema}");
        assert!(refused.to_string().ends_with("leave the `$id` out"));
    }
}

#[test]
fn addresses_are_joined_as_those_of_pages_are() {
    for (base, reference, expected) in [
        ("", "a.json", "a.json"),
        ("http://a/b/c.json", "d.json", "http://a/b/d.json"),
        ("http://a/b/c.json", "./d.json", "http://a/b/d.json"),
        ("http://a/b/c.json", "/d", "http://a/d"),
        ("http://a", "d", "http://a/d"),
        ("http://a/b", "urn:x:y", "urn:x:y"),
        ("http://a/b", "https://c/d", "https://c/d"),
        ("b/c", "d", "d"),
    ] {
        assert_eq!(joined(base, reference), expected, "{base} {reference}");
    }
}

/// Reading any schema takes a bounded stack and a bounded number of steps.
#[test]
fn hostile_schemas_are_read_on_a_small_stack() {
    let nested = |levels: usize, wrap: &dyn Fn(Value) -> Value| {
        (0..levels).fold(json!({"type": "string"}), |inner, _| wrap(inner))
    };
    let in_list = |inner: Value| Value::Array(vec![inner]);
    let in_items = |inner: Value| Value::Object(Map::from_iter([("items".to_owned(), inner)]));
    let mut many = Map::new();
    for index in 0..9_000 {
        let at = format!("#/other/{index}/one");
        many.insert(index.to_string(), json!({"one": {"$ref": at, "$id": "a", "nullable": true}}));
    }
    let schemas = [
        (nested(200_000, &in_items), false),
        (nested(126, &in_items), true),
        (nested(40, &|inner| json!({"oneOf": [inner], "nullable": true})), false),
        (nested(20, &|inner| json!({"oneOf": [inner], "nullable": true})), true),
        (nested(60, &|inner| json!({"not": {"items": [inner], "additionalItems": false}})), false),
        (nested(40, &|inner| json!({"x": {"y": inner}, "items": {"$ref": "#/x/y"}})), true),
        (json!({"enum": [nested(120, &in_list)]}), true),
        (json!({"items": {"$ref": "#/other/7/one"}, "other": many}), false),
        (
            Value::Object([("n".repeat(1 << 20), json!(vec![0; 90_000]))].into_iter().collect()),
            false,
        ),
    ];
    let small = std::thread::Builder::new().stack_size(512 << 10);
    let reader = small.spawn(move || {
        for (index, (schema, is_read)) in schemas.into_iter().enumerate() {
            let read = super::super::limits::bounded(schema).and_then(modernized).map(|schema| {
                let mut enclosed = super::super::embed::enclosed(&schema, "value");
                super::super::embed::define(&mut enclosed, &schema);
                let tree = crate::schema::Tree::parse;
                tree(&schema, crate::schema::Origin::Document).is_ok()
            });
            assert_eq!(read == Ok(true), is_read, "{index}: {read:?}");
        }
    });
    reader.unwrap().join().unwrap();
}
