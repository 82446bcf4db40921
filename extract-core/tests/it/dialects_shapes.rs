//! The shapes that serde and schemars produce, in each dialect, as exact JSON.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use extract_core::contract::dialect::{Dialect, Lowered, NoteKind, lower};
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

fn lowered<T: JsonSchema>(dialect: &Dialect) -> Lowered {
    lower(schema_for!(T).as_value(), dialect).unwrap()
}

/// Returns the lowered schema of the field `at` of a type.
fn field<T: JsonSchema>(dialect: &Dialect) -> Value {
    lowered::<T>(dialect).schema["properties"]["at"].clone()
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Holder<T> {
    at: T,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    a: u8,
    b: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Plain {
    Red,
    Green,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Documented {
    /// Going up
    Up,
    /// Going down.
    Down,
}

/// A shape.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Tagged {
    /// Nothing more.
    Empty,
    Count {
        n: u32,
    },
    Whole(Inner),
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    v: i32,
    kids: Vec<Tree>,
}

/// Fields that are called like keywords.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Keywords {
    title: String,
    format: String,
    r#type: String,
    properties: Vec<String>,
    #[serde(rename = "$ref")]
    reference: String,
    required: bool,
    #[serde(rename = "x-note")]
    note: String,
    default: u8,
}

#[test]
fn openai_closes_objects_and_requires_every_property() {
    let lowered = lowered::<Inner>(&Dialect::OPENAI_STRICT);
    assert_eq!(
        lowered.schema,
        json!({
            "type": "object",
            "properties": {
                "a": {"type": "integer", "minimum": 0, "maximum": 255},
                "b": {"type": ["string", "null"]}
            },
            "required": ["a", "b"],
            "additionalProperties": false
        })
    );
    // `b` accepts null, and null is also sent for an absent `b`.
    assert!(lowered.notes[0].text.contains("cannot be told from null itself"));
    assert_eq!(lowered.restore(json!({"a": 1, "b": null})), json!({"a": 1}));
}

#[test]
fn properties_called_like_keywords_stay() {
    for dialect in Dialect::ALL {
        let lowered = lowered::<Keywords>(dialect);
        let properties = lowered.schema["properties"].as_object().unwrap();
        assert_eq!(properties.len(), 8, "{}", dialect.name());
        let own = json!({
            "title": "t", "format": "f", "type": "y", "properties": [], "$ref": "#", "required": true,
            "x-note": "n", "default": 1
        });
        let sent = lowered.lower_value(own.clone());
        assert_eq!(lowered.restore(sent), own, "{}", dialect.name());
        assert!(lowered.schema.get("title").is_none() && lowered.schema.get("$schema").is_none());
    }
    let anthropic = lowered::<Keywords>(&Dialect::ANTHROPIC_TOOL);
    assert_eq!(
        anthropic.schema["properties"]["_ref"],
        json!({"description": "Stands for \"$ref\".", "type": "string"})
    );
}

#[test]
fn optional_properties_become_nullable_and_null_is_removed_on_restoring() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Defaults {
        #[serde(default)]
        count: u8,
        #[serde(default)]
        plain: Vec<Inner>,
        name: Option<String>,
    }
    let lowered = lowered::<Defaults>(&Dialect::OPENAI_STRICT);
    assert_eq!(
        lowered.schema["properties"]["count"],
        json!({"description": "Default: 0.", "type": ["integer", "null"], "minimum": 0, "maximum": 255})
    );
    assert_eq!(
        lowered.schema["properties"]["plain"],
        json!({
            "description": "Default: [].",
            "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Inner"}}, {"type": "null"}]
        })
    );
    assert!(
        lowered
            .notes
            .iter()
            .any(|note| { note.kind == NoteKind::Nullable && note.pointer == "/properties/count" })
    );
    assert_eq!(lowered.restore(json!({"count": null, "plain": null, "name": null})), json!({}));
}

#[test]
fn options_of_everything() {
    let openai = &Dialect::OPENAI_STRICT;
    assert_eq!(
        field::<Holder<Option<Option<u8>>>>(openai),
        json!({"type": ["integer", "null"], "minimum": 0, "maximum": 255})
    );
    assert_eq!(
        field::<Holder<Option<Plain>>>(openai),
        json!({"anyOf": [{"$ref": "#/$defs/Plain"}, {"type": "null"}]})
    );
    assert_eq!(field::<Holder<Option<Vec<u8>>>>(openai)["anyOf"][1], json!({"type": "null"}));
    assert_eq!(
        field::<Holder<Option<Plain>>>(&Dialect::GEMINI_RESPONSE_SCHEMA),
        json!({"type": "STRING", "enum": ["Red", "Green"], "nullable": true})
    );
    assert_eq!(
        field::<Holder<Option<bool>>>(&Dialect::GEMINI_JSON_SCHEMA),
        json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]})
    );
}

#[test]
fn an_enum_or_a_constant_that_may_be_left_out() {
    let schema = json!({"type": "object", "properties": {
        "e": {"type": "string", "enum": ["a", "b"]},
        "c": {"const": 3},
        "n": {"type": ["string", "null"], "enum": ["a", null]},
    }});
    let lowered = lower(&schema, &Dialect::OPENAI_STRICT).unwrap();
    assert_eq!(
        lowered.schema["properties"],
        json!({
            "e": {"type": ["string", "null"], "enum": ["a", "b", null]},
            "c": {"type": ["integer", "null"], "enum": [3, null]},
            "n": {"type": ["string", "null"], "enum": ["a", null]},
        })
    );
    let gemini = lower(&schema, &Dialect::GEMINI_RESPONSE_SCHEMA).unwrap();
    assert_eq!(
        gemini.schema["properties"]["c"],
        json!({"description": "Always 3.", "type": "INTEGER"})
    );
}

#[test]
fn described_references() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Described {
        /// The colour
        at: Plain,
    }
    assert_eq!(
        field::<Described>(&Dialect::JSON_SCHEMA),
        json!({"description": "The colour", "$ref": "#/$defs/Plain"})
    );
    let inlined = json!({"description": "The colour", "type": "string", "enum": ["Red", "Green"]});
    for dialect in
        [&Dialect::OPENAI_STRICT, &Dialect::ANTHROPIC_FORMAT, &Dialect::GEMINI_JSON_SCHEMA]
    {
        let lowered = lowered::<Described>(dialect);
        assert_eq!(lowered.schema["properties"]["at"], inlined, "{}", dialect.name());
        assert!(lowered.schema.get("$defs").is_none(), "an unused definition is left out");
    }
}

#[test]
fn documented_variants_keep_their_descriptions() {
    for (dialect, name) in
        [(&Dialect::OPENAI_STRICT, "string"), (&Dialect::GEMINI_RESPONSE_SCHEMA, "STRING")]
    {
        let schema = lowered::<Holder<Documented>>(dialect).schema;
        let at = schema["$defs"].get("Documented").unwrap_or(&schema["properties"]["at"]);
        assert_eq!(
            *at,
            json!({
                "description": "Up: Going up. Down: Going down.",
                "type": name, "enum": ["Up", "Down"]
            })
        );
    }
}

#[test]
fn tagged_enums_are_merged_with_their_contents() {
    let branches = json!([
        {
            "description": "Nothing more.", "type": "object",
            "properties": {"kind": {"type": "string", "const": "Empty"}},
            "required": ["kind"], "additionalProperties": false
        },
        {
            "type": "object",
            "properties": {
                "kind": {"type": "string", "const": "Count"},
                "n": {"type": "integer", "minimum": 0}
            },
            "required": ["kind", "n"], "additionalProperties": false
        },
        {
            "type": "object",
            "properties": {
                "kind": {"type": "string", "const": "Whole"},
                "a": {"type": "integer", "minimum": 0, "maximum": 255},
                "b": {"type": ["string", "null"]}
            },
            "required": ["kind", "a", "b"], "additionalProperties": false
        }
    ]);
    let openai = lowered::<Holder<Tagged>>(&Dialect::OPENAI_STRICT);
    assert_eq!(
        openai.schema["$defs"]["Tagged"],
        json!({"description": "A shape.", "anyOf": branches})
    );
    let full = lowered::<Holder<Tagged>>(&Dialect::JSON_SCHEMA).schema;
    assert_eq!(full["$defs"]["Tagged"]["oneOf"][0], branches[0]);
    assert_eq!(full["$defs"]["Tagged"]["oneOf"][2]["required"], json!(["kind", "a"]));
}

#[test]
fn flattened_structs_enums_and_maps() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct WithEnum {
        x: i32,
        #[serde(flatten)]
        tagged: Tagged,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct WithMap {
        x: i32,
        #[serde(flatten)]
        rest: HashMap<String, bool>,
    }
    let schema = lowered::<Holder<WithEnum>>(&Dialect::ANTHROPIC_TOOL).schema;
    let branches = schema["$defs"]["WithEnum"]["anyOf"].as_array().unwrap();
    assert_eq!(branches.len(), 3);
    assert_eq!(branches[1]["required"], json!(["x", "kind", "n"]));
    assert_eq!(branches[1]["additionalProperties"], json!(false));

    let lowered = lowered::<WithMap>(&Dialect::OPENAI_STRICT);
    assert_eq!(lowered.schema["required"], json!(["x", "additional_properties"]));
    let sent = json!({"x": 1, "additional_properties": [{"key": "y", "value": true}]});
    assert_eq!(lowered.restore(sent), json!({"x": 1, "y": true}));
}

#[test]
fn maps() {
    let pairs = |key: Value, value: Value| {
        json!({
            "description": "Each key once.", "type": "array",
            "items": {
                "type": "object", "properties": {"key": key, "value": value},
                "required": ["key", "value"], "additionalProperties": false
            }
        })
    };
    let openai = &Dialect::OPENAI_STRICT;
    assert_eq!(
        field::<Holder<HashMap<String, Inner>>>(openai),
        pairs(json!({"type": "string"}), json!({"$ref": "#/$defs/Inner"}))
    );
    assert_eq!(
        field::<Holder<BTreeMap<u32, bool>>>(openai),
        pairs(json!({"type": "string", "pattern": r"^\d+$"}), json!({"type": "boolean"}))
    );
    let gemini = &Dialect::GEMINI_JSON_SCHEMA;
    assert_eq!(
        field::<Holder<HashMap<String, bool>>>(gemini),
        json!({"type": "object", "additionalProperties": {"type": "boolean"}})
    );
    assert_eq!(
        field::<Holder<BTreeMap<u32, bool>>>(gemini),
        json!({
            "description": r"Each key matches `^\d+$`.", "type": "object",
            "additionalProperties": {"type": "boolean"}
        })
    );
    assert_eq!(
        field::<Holder<BTreeMap<u32, bool>>>(&Dialect::JSON_SCHEMA),
        json!({
            "type": "object", "additionalProperties": false,
            "patternProperties": {r"^\d+$": {"type": "boolean"}}
        })
    );
}

#[test]
fn a_duplicate_map_key_is_reported() {
    let lowered = lowered::<Holder<HashMap<String, i32>>>(&Dialect::OPENAI_STRICT);
    let sent = json!({"at": [{"key": "a", "value": 1}, {"key": "a", "value": 2}]});
    let raised = lowered.restore_checked(sent);
    assert_eq!(raised.value, json!({"at": {"a": 2}}));
    assert_eq!(raised.problems.len(), 1);
    assert_eq!(raised.problems[0].to_string(), r#"/at: expected each key once, found "a" twice"#);
    // A map is accepted as a map, and anything else that is not a list of pairs is left to
    // validation.
    assert_eq!(lowered.restore(json!({"at": {"a": 1}})), json!({"at": {"a": 1}}));
    assert_eq!(lowered.restore(json!({"at": [1]})), json!({"at": [1]}));
}

#[test]
fn lists_sets_arrays_and_tuples() {
    let openai = &Dialect::OPENAI_STRICT;
    let anthropic = &Dialect::ANTHROPIC_TOOL;
    assert_eq!(
        field::<Holder<[f64; 3]>>(openai),
        json!({"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3})
    );
    assert_eq!(
        field::<Holder<[f64; 3]>>(anthropic),
        json!({
            "description": "Exactly 3 items.", "type": "array", "items": {"type": "number"},
            "minItems": 1
        })
    );
    assert_eq!(
        field::<Holder<BTreeSet<bool>>>(openai),
        json!({"description": "No duplicates.", "type": "array", "items": {"type": "boolean"}})
    );
    assert_eq!(
        field::<Holder<(String, bool)>>(openai),
        json!({
            "description": "A list of 2: each member is the item at that place.", "type": "object",
            "properties": {"0": {"type": "string"}, "1": {"type": "boolean"}},
            "required": ["0", "1"], "additionalProperties": false
        })
    );
    // A tuple of one type is a list of that length, in dialects that can express the length.
    assert_eq!(
        field::<Holder<(bool, bool)>>(openai),
        json!({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2})
    );
    assert_eq!(field::<Holder<(bool, bool)>>(anthropic)["type"], json!("object"));
    assert_eq!(
        field::<Holder<(String, bool)>>(&Dialect::GEMINI_JSON_SCHEMA),
        json!({
            "type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}],
            "minItems": 2, "maxItems": 2
        })
    );
}

#[test]
fn scalars_and_any_value() {
    let openai = &Dialect::OPENAI_STRICT;
    let anthropic = &Dialect::ANTHROPIC_TOOL;
    assert_eq!(field::<Holder<i32>>(openai), json!({"type": "integer"}));
    assert_eq!(field::<Holder<f32>>(openai), json!({"type": "number"}));
    assert_eq!(
        field::<Holder<u8>>(anthropic),
        json!({"description": "Between 0 and 255.", "type": "integer"})
    );
    assert_eq!(
        field::<Holder<char>>(anthropic),
        json!({"description": "Exactly 1 character.", "type": "string"})
    );
    assert_eq!(
        field::<Holder<std::num::NonZeroI8>>(openai),
        json!({"description": "Not 0.", "type": "integer", "minimum": -128, "maximum": 127})
    );
    assert_eq!(
        field::<Holder<std::net::IpAddr>>(openai),
        json!({"description": "Format: ip.", "type": "string"})
    );
    assert_eq!(field::<Holder<()>>(openai), json!({"type": "null"}));
    assert_eq!(
        field::<Holder<Value>>(openai),
        json!({"description": "Any JSON value, written as JSON text.", "type": "string"})
    );
    assert_eq!(
        field::<Holder<Value>>(&Dialect::LLAMA_CPP)["type"],
        json!(["string", "number", "boolean", "object", "array", "null"])
    );
    assert_eq!(
        lowered::<Holder<std::time::Duration>>(openai).schema["$defs"]["Duration"]["required"],
        json!(["secs", "nanos"])
    );
}

#[test]
fn constraints_that_a_dialect_forbids_are_described_and_noted() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Bounded {
        /// In years
        #[schemars(range(min = 0, max = 120), example = 36)]
        age: i32,
        #[schemars(length(min = 1, max = 3), regex(pattern = r"^(?=a)\w+$"))]
        code: String,
        #[schemars(url)]
        site: String,
    }
    let anthropic = lowered::<Bounded>(&Dialect::ANTHROPIC_FORMAT);
    assert_eq!(
        anthropic.schema["properties"],
        json!({
            "age": {"description": "In years. Between 0 and 120. Example: 36.", "type": "integer"},
            "code": {
                "description": "Between 1 and 3 characters. Pattern: `^(?=a)\\w+$`.",
                "type": "string"
            },
            "site": {"type": "string", "format": "uri"}
        })
    );
    let said: Vec<&str> = anthropic.notes.iter().map(|note| note.pointer.as_str()).collect();
    assert_eq!(
        said,
        [
            "/properties/age/minimum",
            "/properties/age/maximum",
            "/properties/age/examples",
            "/properties/code/minLength",
            "/properties/code/maxLength",
            "/properties/code/pattern",
        ]
    );
    assert!(anthropic.notes.iter().all(|note| note.kind == NoteKind::Described));
    let openai = lowered::<Bounded>(&Dialect::OPENAI_STRICT);
    assert_eq!(
        openai.schema["properties"]["site"],
        json!({"description": "Format: uri.", "type": "string"})
    );
    let full = lowered::<Bounded>(&Dialect::JSON_SCHEMA);
    assert!(full.notes.is_empty() && full.is_identity());
}

#[test]
fn recursion_is_kept_defined_or_unrolled() {
    let openai = lowered::<Tree>(&Dialect::OPENAI_STRICT);
    assert_eq!(
        openai.schema["properties"]["kids"],
        json!({"type": "array", "items": {"$ref": "#"}})
    );
    let full = lowered::<Tree>(&Dialect::JSON_SCHEMA);
    assert_eq!(full.schema["properties"]["kids"]["items"], json!({"$ref": "#/$defs/Tree"}));
    assert_eq!(full.schema["$defs"]["Tree"]["properties"], full.schema["properties"]);

    let anthropic = lowered::<Tree>(&Dialect::ANTHROPIC_FORMAT);
    assert!(!anthropic.schema.to_string().contains("$ref"));
    let mut place = &anthropic.schema;
    for _ in 0..2 {
        place = &place["properties"]["kids"]["items"];
    }
    assert_eq!(place["properties"]["kids"]["items"]["type"], json!("string"));
    assert!(anthropic.notes.iter().any(|note| note.kind == NoteKind::Unrolled));
    let leaf = |v: i32| json!({"v": v, "kids": []});
    let own = json!({"v": 1, "kids": [{"v": 2, "kids": [{"v": 3, "kids": [
        {"v": 4, "kids": [leaf(5), {"v": 6, "kids": [{"v": 7, "kids": [leaf(8)]}]}]}
    ]}]}]});
    let sent = anthropic.lower_value(own.clone());
    let text = &sent["kids"][0]["kids"][0]["kids"][0];
    assert!(text.as_str().is_some_and(|text| text.starts_with(r#"{"v":4,"#)), "{sent}");
    assert_eq!(anthropic.restore(sent), own);
}

#[test]
fn branches_that_would_look_alike_are_distinguished() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Alike {
        Map(HashMap<String, i32>),
        List(Vec<i32>),
        Text(String),
        Any(Value),
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Lists {
        Map(HashMap<String, i32>),
        List(Vec<i32>),
    }
    let lowered = lowered::<Holder<Lists>>(&Dialect::OPENAI_STRICT);
    for (own, sent) in [
        (json!({}), json!({"entries": []})),
        (json!([]), json!([])),
        (json!({"a": 1}), json!({"entries": [{"key": "a", "value": 1}]})),
    ] {
        let (own, sent) = (json!({"at": own}), json!({"at": sent}));
        assert_eq!(lowered.lower_value(own.clone()), sent);
        assert_eq!(lowered.restore(sent), own);
    }
    // A branch that accepts any value stands beside the others.
    let lowered = self::lowered::<Holder<Alike>>(&Dialect::OPENAI_STRICT);
    for (own, sent) in [
        (json!({"a": 1}), json!({"entries": [{"key": "a", "value": 1}]})),
        (json!([7]), json!([7])),
        (json!("x"), json!("x")),
        (json!({"a": "b"}), json!({"json": r#"{"a":"b"}"#})),
        (json!(true), json!({"json": "true"})),
    ] {
        let (own, sent) = (json!({"at": own}), json!({"at": sent}));
        assert_eq!(lowered.lower_value(own.clone()), sent);
        assert_eq!(lowered.restore(sent), own);
    }
}

#[test]
fn gemini_response_schema_speaks_openapi() {
    let lowered = lowered::<Holder<Vec<Inner>>>(&Dialect::GEMINI_RESPONSE_SCHEMA);
    assert_eq!(
        lowered.schema,
        json!({
            "type": "OBJECT",
            "properties": {"at": {"type": "ARRAY", "items": {
                "type": "OBJECT",
                "properties": {
                    "a": {"type": "INTEGER", "minimum": 0, "maximum": 255},
                    "b": {"type": "STRING", "nullable": true}
                },
                "propertyOrdering": ["a", "b"],
                "required": ["a"]
            }}},
            "required": ["at"]
        })
    );
}

#[test]
fn examples_are_shown_in_the_shape_that_is_sent() {
    let schema = json!({
        "type": "object", "required": ["m"],
        "properties": {"m": {"$ref": "#/$defs/M", "examples": [{"a": [1, "x"]}]}},
        "$defs": {"M": {"type": "object", "additionalProperties": {
            "type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2, "maxItems": 2
        }}}
    });
    let lowered = lower(&schema, &Dialect::OPENAI_STRICT).unwrap();
    assert_eq!(
        lowered.schema["properties"]["m"]["description"],
        json!(r#"Each key once. Example: [{"key":"a","value":{"0":1,"1":"x"}}]."#)
    );
    let full = lower(&schema, &Dialect::JSON_SCHEMA).unwrap();
    assert_eq!(full.schema["properties"]["m"]["examples"], json!([{"a": [1, "x"]}]));
}

#[test]
fn an_invalid_reply_is_restored_by_the_branch_that_its_tag_names() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "kind")]
    enum Message {
        Other { body: String },
        Mail { headers: HashMap<String, String>, size: u8 },
    }
    let lowered = lowered::<Holder<Message>>(&Dialect::ANTHROPIC_TOOL);
    // The tag's case and the type of `size` are wrong. The map is restored all the same, so that
    // validation reports only these two errors.
    let sent = json!({"at": {
        "kind": "mail", "headers": [{"key": "to", "value": "x"}], "size": "big"
    }});
    let raised = json!({"at": {"kind": "mail", "headers": {"to": "x"}, "size": "big"}});
    assert_eq!(lowered.restore(sent), raised);
    let sent = json!({"at": {"kind": "Mail", "headers": [{"key": "to", "value": "x"}]}});
    assert_eq!(lowered.restore(sent), json!({"at": {"kind": "Mail", "headers": {"to": "x"}}}));
}

#[test]
fn branches_whose_contents_would_look_alike_are_distinguished() {
    for (branches, values) in [
        (
            json!([
                {"type": "array", "items": {"type": "string"}},
                {"type": "array", "items": true},
            ]),
            [json!(["1"]), json!([1])],
        ),
        (
            json!([
                {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "null"}}},
                {"type": "object", "additionalProperties": {
                    "type": "object", "additionalProperties": {"type": "null"}
                }},
            ]),
            [json!({"a": []}), json!({"a": {}})],
        ),
    ] {
        let schema = json!({
            "type": "object", "properties": {"at": {"anyOf": branches}}, "required": ["at"]
        });
        let lowered = lower(&schema, &Dialect::OPENAI_STRICT).unwrap();
        for value in values {
            let own = json!({ "at": value });
            assert_eq!(lowered.restore(lowered.lower_value(own.clone())), own);
        }
    }
}
