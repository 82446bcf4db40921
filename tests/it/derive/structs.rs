//! Structs of every form, and their fields.

use std::collections::{BTreeMap, HashMap};

use extract_llm::Extract;
use serde_json::json;

use super::{properties, property, read, schema};

/// An invoice, as printed.
#[derive(Debug, PartialEq, Extract)]
struct Invoice {
    /// Legal name of the seller.
    vendor: String,
    /// The amount due,
    /// in euros.
    ///
    /// With tax.
    total: f64,
    note: Option<String>,
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Extract)]
struct Line {
    sku: String,
    quantity: u8,
}

#[test]
fn a_named_struct_is_an_object_with_its_fields_in_order() {
    assert_eq!(
        schema::<Invoice>(),
        json!({
            "title": "Invoice",
            "description": "An invoice, as printed.",
            "type": "object",
            "properties": {
                "vendor": {"description": "Legal name of the seller.", "type": "string"},
                "total": {
                    "description": "The amount due,\nin euros.\n\nWith tax.",
                    "type": "number",
                    "format": "double",
                },
                "note": {"type": ["string", "null"]},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            },
            "required": ["vendor", "total", "lines"],
            "$defs": {
                "Line": {
                    "type": "object",
                    "properties": {
                        "sku": {"type": "string"},
                        "quantity": {
                            "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255,
                        },
                    },
                    "required": ["sku", "quantity"],
                },
            },
        })
    );
    assert_eq!(properties::<Invoice>(), ["vendor", "total", "note", "lines"]);
    assert_eq!(
        read::<Invoice>(json!({
            "vendor": "Acme", "total": 12.5, "lines": [{"sku": "a", "quantity": 2}],
        })),
        Invoice {
            vendor: "Acme".into(),
            total: 12.5,
            note: None,
            lines: vec![Line { sku: "a".into(), quantity: 2 }],
        }
    );
}

#[derive(Debug, PartialEq, Extract)]
struct Celsius(f64);

#[derive(Debug, PartialEq, Extract)]
struct Point(i32, #[serde(skip)] i32, String);

#[derive(Debug, PartialEq, Extract)]
struct Nothing;

#[derive(Debug, PartialEq, Extract)]
struct Empty {}

#[test]
fn a_newtype_has_the_schema_of_its_field() {
    assert_eq!(
        schema::<Celsius>(),
        json!({"title": "Celsius", "type": "number", "format": "double"})
    );
    assert_eq!(read::<Celsius>(json!(21.5)), Celsius(21.5));
}

#[test]
fn a_tuple_struct_is_an_array_without_its_skipped_fields() {
    assert_eq!(
        schema::<Point>(),
        json!({
            "title": "Point",
            "type": "array",
            "prefixItems": [{"type": "integer", "format": "int32"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
        })
    );
    assert_eq!(read::<Point>(json!([3, "x"])), Point(3, 0, "x".into()));
}

#[test]
fn unit_and_empty_structs_are_read() {
    assert_eq!(schema::<Nothing>(), json!({"title": "Nothing", "type": "null"}));
    assert_eq!(read::<Nothing>(json!(null)), Nothing);
    assert_eq!(schema::<Empty>(), json!({"title": "Empty", "type": "object"}));
    assert_eq!(read::<Empty>(json!({})), Empty {});
}

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Extract)]
enum Weekday {
    Monday,
    Tuesday,
}

#[derive(Debug, PartialEq, Extract)]
struct Maps {
    names: HashMap<String, Line>,
    by_number: BTreeMap<u32, String>,
    by_day: BTreeMap<Weekday, bool>,
}

#[test]
fn maps_have_keys_of_strings_numbers_and_enums() {
    assert_eq!(
        property::<Maps>("names"),
        json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/Line"}})
    );
    let maps: Maps = read(json!({
        "names": {"x": {"sku": "a", "quantity": 1}},
        "by_number": {"7": "seven"},
        "by_day": {"Tuesday": true},
    }));
    assert_eq!(maps.names["x"].sku, "a");
    assert_eq!(maps.by_number[&7], "seven");
    assert!(maps.by_day[&Weekday::Tuesday]);
    assert!(!maps.by_day.contains_key(&Weekday::Monday));
}

#[derive(Debug, PartialEq, Extract)]
struct Node {
    name: String,
    children: Vec<Node>,
}

#[derive(Debug, PartialEq, Extract)]
struct Root {
    tree: Node,
    next: Option<Box<Self>>,
}

#[derive(Debug, PartialEq, Extract)]
struct Hen {
    egg: Option<Box<Egg>>,
}

#[derive(Debug, PartialEq, Extract)]
struct Egg {
    hen: Option<Box<Hen>>,
}

#[test]
fn a_recursive_type_refers_to_itself() {
    assert_eq!(
        schema::<Node>(),
        json!({
            "title": "Node",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#"}},
            },
            "required": ["name", "children"],
        })
    );
    let schema = schema::<Root>();
    assert_eq!(schema["$defs"].as_object().unwrap().len(), 1);
    assert_eq!(schema["$defs"]["Node"]["properties"]["children"]["items"]["$ref"], "#/$defs/Node");
    assert_eq!(schema["properties"]["next"]["anyOf"][0]["$ref"], "#");

    let root: Root = read(json!({
        "tree": {"name": "a", "children": [{"name": "b", "children": []}]},
        "next": {"tree": {"name": "c", "children": []}},
    }));
    assert_eq!(root.tree.children[0].name, "b");
    assert_eq!(root.next.unwrap().tree.name, "c");
}

#[test]
fn types_may_recur_through_each_other() {
    let schema = schema::<Hen>();
    assert_eq!(schema["properties"]["egg"]["anyOf"][0]["$ref"], "#/$defs/Egg");
    assert_eq!(schema["$defs"].as_object().unwrap().len(), 1);
    assert_eq!(
        read::<Hen>(json!({"egg": {"hen": {"egg": null}}})),
        Hen { egg: Some(Box::new(Egg { hen: Some(Box::new(Hen { egg: None })) })) }
    );
}

#[derive(Debug, PartialEq, Extract)]
struct Awkward {
    r#type: String,
    title: String,
    format: u8,
    r#match: bool,
    properties: String,
    checker: String,
    schema: String,
    generator: String,
    #[serde(rename = "$ref")]
    reference: String,
}

#[test]
fn every_field_name_is_allowed() {
    let names = [
        "type",
        "title",
        "format",
        "match",
        "properties",
        "checker",
        "schema",
        "generator",
        "$ref",
    ];
    assert_eq!(properties::<Awkward>(), names);
    let awkward: Awkward = read(json!({
        "type": "a", "title": "b", "format": 1, "match": true, "properties": "c", "checker": "d",
        "schema": "e", "generator": "f", "$ref": "g",
    }));
    assert_eq!((awkward.r#type.as_str(), awkward.r#match), ("a", true));
    assert_eq!(awkward.reference, "g");
}

mod elsewhere {
    use extract_llm::Extract;

    #[derive(Debug, Extract)]
    pub(crate) struct Guarded {
        pub(super) open: u8,
        pub(in crate::derive::structs) near: u8,
        hidden: u8,
    }

    impl Guarded {
        pub(crate) fn hidden(&self) -> u8 {
            self.hidden
        }
    }
}

#[test]
fn fields_may_be_private() {
    let guarded: elsewhere::Guarded = read(json!({"open": 1, "near": 2, "hidden": 3}));
    assert_eq!((guarded.open, guarded.near, guarded.hidden()), (1, 2, 3));
}

#[test]
fn a_type_may_be_declared_inside_a_function() {
    #[derive(Extract)]
    struct Inside {
        field: u8,
        more: Option<Box<Inside>>,
    }
    assert_eq!(schema::<Inside>()["properties"]["more"]["anyOf"][0]["$ref"], "#");
    let inside: Inside = read(json!({"field": 1, "more": {"field": 2}}));
    assert_eq!((inside.field, inside.more.unwrap().field), (1, 2));
}
