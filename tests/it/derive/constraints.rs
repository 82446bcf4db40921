//! Constraints: each is in the schema of the value that it applies to.

use std::collections::BTreeMap;

use extract_llm::Extract;
use extract_llm::contract::Contract;
use serde_json::{Value, json};

use crate::derive::property;

const LONGEST: u32 = 40;

#[derive(Debug, Extract)]
struct Cents(i64);

#[derive(Debug, Extract)]
struct Words {
    #[extract(range(min = 0.5, max = 10.0))]
    range: f64,
    #[extract(range(exclusive_min = 0, exclusive_max = 9))]
    exclusive: i8,
    #[extract(range(min = -5))]
    optional: Option<i32>,
    #[extract(range(min = 1), multiple_of = 5)]
    newtype: Cents,
    #[extract(range(min = 1))]
    optional_newtype: Option<Cents>,
    #[extract(length(min = 1, max = LONGEST))]
    string: String,
    #[extract(length(equal = 2))]
    optional_list: Option<Vec<u8>>,
    #[extract(length(max = 3))]
    map: BTreeMap<String, u8>,
    #[extract(pattern("^[A-Z]{3}$"))]
    pattern: String,
    #[extract(regex(pattern = "^a"))]
    regex: Option<String>,
    #[extract(contains("a.b"))]
    contains: String,
    #[extract(email)]
    email: Option<String>,
    #[extract(url)]
    url: String,
    #[extract(ip)]
    ip: String,
    #[extract(ipv4)]
    v4: String,
    #[extract(length(min = 1), inner(length(max = 5), pattern("^x")))]
    inner: Vec<String>,
    #[extract(inner(inner(range(min = 1))))]
    deep: Vec<Vec<u16>>,
    #[extract(inner(range(max = 9)))]
    values: BTreeMap<String, i64>,
    #[extract(inner(range(min = 1)))]
    optional_inner: Option<Vec<i64>>,
}

/// Asserts that a property of `Words` has these keywords.
#[track_caller]
fn assert_keywords(name: &str, expected: &Value) {
    let property = property::<Words>(name);
    for (keyword, value) in expected.as_object().unwrap() {
        assert_eq!(&property[keyword], value, "{keyword} in {property}");
    }
    assert!(property.get("x-misplaced").is_none(), "{property}");
}

#[test]
fn bounds_are_keywords_of_the_number() {
    assert_keywords("range", &json!({"type": "number", "minimum": 0.5, "maximum": 10.0}));
    assert_keywords("exclusive", &json!({"exclusiveMinimum": 0, "exclusiveMaximum": 9}));
    assert_keywords("optional", &json!({"type": ["integer", "null"], "minimum": -5}));
    assert_keywords("newtype", &json!({"$ref": "#/$defs/Cents", "minimum": 1, "multipleOf": 5}));
    assert_keywords(
        "optional_newtype",
        &json!({"anyOf": [{"$ref": "#/$defs/Cents"}, {"type": "null"}], "minimum": 1}),
    );
}

#[test]
fn lengths_use_the_keyword_of_the_type() {
    assert_keywords("string", &json!({"minLength": 1, "maxLength": 40, "minItems": null}));
    assert_keywords("optional_list", &json!({"minItems": 2, "maxItems": 2, "minLength": null}));
    assert_keywords("map", &json!({"maxProperties": 3}));
}

#[test]
fn strings_have_patterns_and_formats() {
    assert_keywords("pattern", &json!({"pattern": "^[A-Z]{3}$"}));
    assert_keywords("regex", &json!({"pattern": "^a"}));
    assert_keywords("contains", &json!({"pattern": r"a\.b"}));
    assert_keywords("email", &json!({"type": ["string", "null"], "format": "email"}));
    assert_keywords("url", &json!({"format": "uri"}));
    assert_keywords("ip", &json!({"format": "ip"}));
    assert_keywords("v4", &json!({"format": "ipv4"}));
}

#[test]
fn inner_constraints_apply_to_elements_and_map_values() {
    assert_keywords(
        "inner",
        &json!({
            "minItems": 1,
            "items": {"type": "string", "maxLength": 5, "pattern": "^x"},
        }),
    );
    let number = |minimum: u8| json!({"type": "integer", "format": "uint16", "minimum": minimum, "maximum": 65535});
    assert_keywords("deep", &json!({"items": {"type": "array", "items": number(1)}}));
    assert_keywords(
        "values",
        &json!({"additionalProperties": {"type": "integer", "format": "int64", "maximum": 9}}),
    );
    assert_keywords(
        "optional_inner",
        &json!({"items": {"type": "integer", "format": "int64", "minimum": 1}}),
    );
}

#[derive(Debug, Extract)]
struct Price(#[extract(range(min = 0))] f64);

#[derive(Debug, Extract)]
enum Discount {
    Percent(#[extract(range(max = 100))] u8),
    Code {
        #[extract(length(min = 3))]
        text: String,
    },
}

#[test]
fn fields_of_newtypes_and_variants_are_constrained_too() {
    assert_eq!(crate::derive::schema::<Price>()["minimum"], 0);
    let variants = crate::derive::schema::<Discount>()["oneOf"].clone();
    assert_eq!(variants[0]["properties"]["Percent"]["maximum"], 100);
    assert_eq!(variants[1]["properties"]["Code"]["properties"]["text"]["minLength"], 3);
}

type Numbers = Vec<u8>;
type Small = u8;
const TOO_MANY: u32 = 300;

#[derive(Debug, Extract)]
struct Misplaced {
    #[extract(range(min = 0))]
    list: Numbers,
    #[extract(email)]
    number: Small,
}

/// The macro cannot see through an alias. The compiler refuses the mistakes that it can see.
#[test]
fn a_constraint_that_does_not_apply_to_the_type_is_recorded() {
    assert_eq!(property::<Misplaced>("list")["x-misplaced"], json!(["range"]));
    assert_eq!(property::<Misplaced>("number")["x-misplaced"], json!(["email"]));
}

macro_rules! refused {
    ($($words:meta, $ty:ty => $at:literal, $message:literal;)*) => {$({
        #[derive(Debug, Extract)]
        #[allow(dead_code, reason = "only asked for")]
        struct Wrong {
            #[$words]
            field: $ty,
        }
        let error = Contract::of::<Wrong>().unwrap_err().to_string();
        let expected = format!("the JSON Schema of `Wrong` is not usable at {}: {}", $at, $message);
        assert_eq!(error, expected);
    })*};
}

#[derive(Debug, Extract)]
struct Short(#[extract(length(max = 3))] String);

#[derive(Debug, Extract)]
struct Cent(u8);

#[test]
fn unsatisfiable_constraints_are_refused_before_anything_is_sent() {
    refused! {
        extract(range(min = TOO_MANY)), u8 => "/properties/field",
            "no value fits: at least 300 and at most 255";
        extract(range(min = TOO_MANY)), Cent => "/properties/field",
            "no value fits: at least 300 and at most 255";
        extract(range(min = TOO_MANY)), Option<Cent> => "/properties/field",
            "no value fits: at least 300 and at most 255";
        extract(range(exclusive_min = 2, max = { 2 })), i64 => "/properties/field",
            "no value fits: more than 2 and at most 2";
        extract(length(min = 5)), Short => "/properties/field",
            "no value fits: a text of at least 5 and of at most 3 characters";
        extract(length(max = { 2 })), [u8; 3] => "/properties/field",
            "no value fits: at least 3 and at most 2 elements";
        extract(inner(range(min = TOO_MANY))), Vec<Small> => "/properties/field/items",
            "no value fits: at least 300 and at most 255";
        extract(length(max = 2)), Cent => "/properties/field",
            "`maxLength` has no meaning for the type of this field";
        extract(range(min = 2)), Short => "/properties/field",
            "`minimum` has no meaning for the type of this field";
    }
}

/// A bound wider than the type's bound has no effect.
#[test]
fn a_bound_wider_than_the_types_changes_nothing() {
    #[derive(Debug, Extract)]
    #[allow(dead_code, reason = "only asked for")]
    struct Wide {
        #[extract(range(max = TOO_MANY))]
        field: u8,
    }
    assert_eq!(property::<Wide>("field")["maximum"], 255);
}

#[derive(Debug, Extract)]
struct Theirs {
    #[schemars(range(min = 2), length(max = 3))]
    number: u8,
}

#[test]
fn schemars_attributes_work_beside_ours() {
    assert_eq!(property::<Theirs>("number")["minimum"], 2);
}
