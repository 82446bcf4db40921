//! Validators of fields and types, and the JSON pointers of their problems.

use std::collections::BTreeMap;

use extract_llm::{Extract, Problem, Problems};
use serde_json::{Value, json};

use super::{problems, schema};

fn known_sku(sku: &str) -> Result<(), &'static str> {
    if sku.starts_with("k-") { Ok(()) } else { Err("a known sku") }
}

fn short(sku: &str) -> Result<(), String> {
    if sku.len() < 5 { Ok(()) } else { Err("at most 4 letters".into()) }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn odd(number: &u8) -> Result<(), &'static str> {
    if number % 2 == 1 { Ok(()) } else { Err("an odd number") }
}

#[derive(Debug, Extract)]
#[extract(validate = line_adds_up, validate = Line::is_sold)]
struct Line {
    #[extract(validate = known_sku, validate = short)]
    sku: String,
    parts: [u8; 2],
    sum: u8,
}

fn line_adds_up(line: &Line) -> Result<(), Problem> {
    if line.parts.iter().sum::<u8>() == line.sum {
        Ok(())
    } else {
        Err(Problem::rule("/sum", "the sum of the parts"))
    }
}

impl Line {
    fn is_sold(&self) -> Result<(), Problems> {
        if self.sum > 0 { Ok(()) } else { Err("something that is sold".into()) }
    }
}

#[derive(Debug, Extract)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct Order {
    all_lines: Vec<Line>,
    by_name: BTreeMap<String, Line>,
    spare_part: Option<Box<Line>>,
    #[serde(rename = "a/b")]
    #[extract(validate = odd)]
    slashed: u8,
    #[serde(flatten)]
    last: Last,
}

#[derive(Debug, Extract)]
struct Last {
    #[extract(validate = odd)]
    last: u8,
}

#[test]
fn problems_are_reported_under_the_names_on_the_wire() {
    let bad = json!({"sku": "k-1", "parts": [1, 2], "sum": 4});
    let value = json!({
        "ALL-LINES": [
            {"sku": "k-1", "parts": [1, 2], "sum": 3},
            {"sku": "zzzzz", "parts": [0, 0], "sum": 0},
        ],
        "BY-NAME": {"x": bad},
        "SPARE-PART": bad,
        "a/b": 2,
        "last": 4,
    });
    assert_eq!(
        problems::<Order>(&value),
        [
            r#"/ALL-LINES/1/sku: expected a known sku, found "zzzzz""#,
            r#"/ALL-LINES/1/sku: expected at most 4 letters, found "zzzzz""#,
            r#"/ALL-LINES/1: expected something that is sold, found {"sku":"zzzzz","parts":[0,0],"sum":0}"#,
            "/BY-NAME/x/sum: expected the sum of the parts, found 4",
            "/SPARE-PART/sum: expected the sum of the parts, found 4",
            "/a~1b: expected an odd number, found 2",
            "/last: expected an odd number, found 4",
        ]
    );
}

#[derive(Debug, Extract)]
#[allow(dead_code)]
struct Pair(#[extract(validate = odd)] u8, #[serde(skip)] u8, #[extract(validate = odd)] u8);

#[derive(Debug, Extract)]
struct Newtype(#[extract(validate = odd)] u8);

#[derive(Debug, Extract)]
#[serde(transparent)]
struct Transparent {
    #[extract(validate = odd)]
    number: u8,
}

#[derive(Debug, Extract)]
#[serde(from = "u8")]
struct Converted {
    #[extract(validate = odd)]
    number: u8,
}

impl From<u8> for Converted {
    fn from(number: u8) -> Self {
        Self { number }
    }
}

#[derive(Debug, Extract)]
struct Forms {
    pair: Pair,
    newtype: Newtype,
    transparent: Transparent,
    converted: Converted,
    tuple: (u8, Newtype),
}

#[test]
fn tuple_fields_and_newtypes_are_validated() {
    assert_eq!(
        problems::<Forms>(&json!({
            "pair": [1, 2], "newtype": 4, "transparent": 6, "converted": 8, "tuple": [1, 10],
        })),
        [
            "/pair/1: expected an odd number, found 2",
            "/newtype: expected an odd number, found 4",
            "/transparent: expected an odd number, found 6",
            "/converted: expected an odd number, found 8",
            "/tuple/1: expected an odd number, found 10",
        ]
    );
}

macro_rules! enum_of {
    ($name:ident, $(#[$attr:meta])*) => {
        #[derive(Debug, Extract)]
        $(#[$attr])*
        #[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
        enum $name {
            JustThis,
            OneThing(Last),
            #[serde(rename = "named")]
            WithNames {
                #[extract(validate = odd)]
                my_number: u8,
                line: Option<Line>,
            },
        }
    };
}

enum_of!(External,);
enum_of!(Internal, #[serde(tag = "type")]);
enum_of!(Adjacent, #[serde(tag = "t", content = "the content")]);
enum_of!(Untagged, #[serde(untagged)]);

#[derive(Debug, Extract)]
enum Tuples {
    Two(Newtype, u8, #[extract(validate = odd)] u8),
    #[serde(untagged)]
    Bare {
        #[extract(validate = odd)]
        bare: u8,
    },
}

#[test]
fn each_enum_representation_has_its_own_pointers() {
    fn odd_at(pointer: &str) -> String {
        format!("{pointer}: expected an odd number, found 2")
    }
    let (last, named) = (json!({"last": 2}), json!({"myNumber": 2}));

    assert!(problems::<External>(&json!("just_this")).is_empty());
    assert_eq!(problems::<External>(&json!({"one_thing": last})), [odd_at("/one_thing/last")]);
    assert_eq!(problems::<External>(&json!({"named": named})), [odd_at("/named/myNumber")]);

    assert!(problems::<Internal>(&json!({"type": "just_this"})).is_empty());
    assert_eq!(problems::<Internal>(&json!({"type": "one_thing", "last": 2})), [odd_at("/last")]);
    assert_eq!(
        problems::<Internal>(&json!({"type": "named", "myNumber": 2})),
        [odd_at("/myNumber")]
    );

    assert!(problems::<Adjacent>(&json!({"t": "just_this"})).is_empty());
    let adjacent = |tag: &str, content: &Value| json!({"t": tag, "the content": content});
    assert_eq!(problems::<Adjacent>(&adjacent("one_thing", &last)), [odd_at("/the content/last")]);
    assert_eq!(problems::<Adjacent>(&adjacent("named", &named)), [odd_at("/the content/myNumber")]);

    assert!(problems::<Untagged>(&json!(null)).is_empty());
    assert_eq!(problems::<Untagged>(&last), [odd_at("/last")]);
    assert_eq!(problems::<Untagged>(&named), [odd_at("/myNumber")]);

    assert_eq!(
        problems::<Tuples>(&json!({"Two": [2, 2, 2]})),
        [odd_at("/Two/0"), odd_at("/Two/2")]
    );
    assert_eq!(problems::<Tuples>(&json!({"bare": 2})), [odd_at("/bare")]);
}

/// The pointer must contain the names that serde reads. serde's names, obtained from schemars, are
/// the reference for the derive's.
macro_rules! same_names_as_serde {
    ($($rule:literal)*) => {$(
        {
        #[derive(Debug, Extract)]
        #[serde(rename_all = $rule)]
        #[allow(non_snake_case)]
        struct Fields {
            #[extract(validate = odd)]
            plain: u8,
            #[extract(validate = odd)]
            two_words: u8,
            #[extract(validate = odd)]
            with_2_digits: u8,
            #[extract(validate = odd)]
            _leading_and__double: u8,
            #[extract(validate = odd)]
            r#type: u8,
        }
        let names = crate::derive::properties::<Fields>();
        let value: Value = names.iter().map(|name| (name.clone(), json!(2))).collect();
        let expected = names.iter().map(|name| format!("/{name}: expected an odd number, found 2"));
        assert_eq!(problems::<Fields>(&value), expected.collect::<Vec<_>>(), $rule);
        }
        {
        #[derive(Debug, Extract)]
        #[serde(rename_all = $rule)]
        enum Variants {
            Plain(Newtype),
            TwoWords(Newtype),
            ABCorp(Newtype),
            With2Digits(Newtype),
        }
        for variant in schema::<Variants>()["oneOf"].as_array().unwrap() {
            let name = variant["required"][0].as_str().unwrap();
            assert_eq!(
                problems::<Variants>(&json!({name: 2})),
                [format!("/{name}: expected an odd number, found 2")],
                $rule
            );
        }
        }
    )*};
}

#[test]
fn every_rename_rule_of_serde_is_supported() {
    same_names_as_serde!(
        "lowercase" "UPPERCASE" "PascalCase" "camelCase" "snake_case" "SCREAMING_SNAKE_CASE"
        "kebab-case" "SCREAMING-KEBAB-CASE"
    );
}

#[derive(Debug, Extract)]
struct Node {
    #[extract(validate = odd)]
    number: u8,
    children: Vec<Node>,
}

#[test]
fn a_recursive_type_is_validated_at_every_depth() {
    assert_eq!(
        problems::<Node>(&json!({
            "number": 1,
            "children": [{"number": 3, "children": [{"number": 2, "children": []}]}],
        })),
        ["/children/0/children/0/number: expected an odd number, found 2"]
    );
}

/// Not `Extract`: it has no checks, and the fields beside it are still checked.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Foreign {
    n: u8,
}

#[derive(Debug, Extract)]
struct Holder {
    #[extract(validate = holds_one)]
    foreign: Foreign,
    list: Vec<Foreign>,
}

fn holds_one(foreign: &Foreign) -> Result<(), &'static str> {
    if foreign.n == 1 { Ok(()) } else { Err("a 1 inside") }
}

#[test]
fn a_validated_field_need_not_be_extract() {
    assert_eq!(
        problems::<Holder>(&json!({"foreign": {"n": 2}, "list": [{"n": 3}]})),
        [r#"/foreign: expected a 1 inside, found {"n":2}"#]
    );
}

#[derive(Debug, Extract)]
struct Maybe {
    #[extract(validate = given)]
    number: Option<u8>,
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)]
fn given(number: &Option<u8>) -> Result<(), &'static str> {
    number.map(|_| ()).ok_or("a number")
}

#[test]
fn a_validator_of_an_optional_field_sees_that_it_is_absent() {
    assert_eq!(problems::<Maybe>(&json!({})), ["/number: a number"]);
}
