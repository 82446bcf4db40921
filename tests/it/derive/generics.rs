//! Type, const and lifetime parameters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use extract_llm::Extract;
use serde_json::json;

use super::{problems, read, schema};

#[derive(Debug, PartialEq, Extract)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

#[derive(Debug, PartialEq, Extract)]
#[extract(validate = not_blank)]
struct Name(String);

fn not_blank(name: &Name) -> Result<(), &'static str> {
    if name.0.is_empty() { Err("a name that is not blank") } else { Ok(()) }
}

#[derive(Debug, PartialEq, Extract)]
struct Both {
    numbers: Page<u8>,
    names: Page<Name>,
}

#[test]
fn each_instance_has_its_own_schema_and_name() {
    let schema = schema::<Both>();
    assert_eq!(schema["properties"]["numbers"]["$ref"], "#/$defs/Page_for_uint8");
    assert_eq!(schema["properties"]["names"]["$ref"], "#/$defs/Page_for_Name");
    let definitions = &schema["$defs"];
    assert_eq!(
        definitions["Page_for_Name"]["properties"]["items"]["items"]["$ref"],
        "#/$defs/Name"
    );
    assert_eq!(definitions["Page_for_uint8"]["properties"]["items"]["items"]["type"], "integer");
    let page: Page<Name> = read(json!({"items": ["a"], "next": "b"}));
    assert_eq!(page, Page { items: vec![Name("a".into())], next: Some("b".into()) });
}

#[test]
fn validators_of_an_argument_run() {
    assert_eq!(
        problems::<Both>(&json!({"numbers": {"items": [1]}, "names": {"items": ["a", ""]}})),
        [r#"/names/items/1: expected a name that is not blank, found """#]
    );
}

/// Compiles only if a page of any `Extract` type is `Extract`, without further bounds.
fn first_of_page<T: Extract>(page: serde_json::Value) -> T {
    read::<Page<T>>(page).items.remove(0)
}

#[test]
fn an_instance_is_extract_if_its_argument_is() {
    assert_eq!(first_of_page::<u8>(json!({"items": [7]})), 7);
}

#[derive(Debug, PartialEq, Extract)]
struct Tree<T> {
    value: T,
    children: Vec<Tree<T>>,
}

#[test]
fn a_generic_type_may_recur() {
    let schema = schema::<Tree<Name>>();
    assert_eq!(schema["properties"]["children"]["items"]["$ref"], "#");
    assert_eq!(
        problems::<Tree<Name>>(&json!({
            "value": "a", "children": [{"value": "", "children": []}],
        })),
        [r#"/children/0/value: expected a name that is not blank, found """#]
    );
}

#[derive(Debug, PartialEq, Extract)]
struct Bounded<K: Eq + Hash + 'static, V = u8>
where
    V: Clone + Debug,
{
    map: HashMap<K, V>,
    pair: (V, Option<Box<V>>),
}

#[test]
fn user_defined_bounds_and_defaults_are_kept() {
    let bounded: Bounded<String> = read(json!({"map": {"a": 1}, "pair": [2, null]}));
    assert_eq!(bounded.map["a"], 1);
    assert_eq!(bounded.pair, (2, None));
    assert_eq!(schema::<Bounded<String>>()["title"], "Bounded_for_string_and_uint8");
}

#[derive(Debug, PartialEq, Extract)]
enum Reply<T, E> {
    Fine(T),
    Wrong { why: E },
}

#[test]
fn an_enum_may_be_generic() {
    assert_eq!(
        read::<Reply<u8, String>>(json!({"Wrong": {"why": "x"}})),
        Reply::Wrong { why: "x".into() }
    );
    assert_eq!(
        problems::<Reply<Name, u8>>(&json!({"Fine": ""})),
        [r#"/Fine: expected a name that is not blank, found """#]
    );
}

#[derive(Debug, PartialEq, Extract)]
struct Sized<const N: usize> {
    label: String,
}

#[derive(Debug, PartialEq, Extract)]
#[extract(name = "grid_of_{T}_by_{N}", bound = "T: Extract, [T; N]: Extract")]
struct Grid<T, const N: usize> {
    cells: [T; N],
}

#[test]
fn const_parameters_are_part_of_the_name() {
    assert_eq!(schema::<Sized<3>>()["title"], "Sized_for_3");
    assert_eq!(read::<Sized<3>>(json!({"label": "x"})), Sized { label: "x".into() });
    let schema = schema::<Grid<u8, 2>>();
    assert_eq!(schema["title"], "grid_of_uint8_by_2");
    assert_eq!(schema["properties"]["cells"]["maxItems"], 2);
    assert_eq!(read::<Grid<u8, 2>>(json!({"cells": [1, 2]})), Grid { cells: [1, 2] });
}

/// A type that implements none of the traits.
#[derive(Debug, PartialEq)]
struct Unit;

impl std::str::FromStr for Unit {
    type Err = ();

    fn from_str(_: &str) -> Result<Self, ()> {
        Ok(Self)
    }
}

#[derive(Debug, PartialEq, Extract)]
struct Tagged<T, U> {
    value: T,
    unit: PhantomData<U>,
}

#[test]
fn a_phantom_parameter_needs_no_traits() {
    let tagged: Tagged<Name, Unit> = read(json!({"value": "a", "unit": null}));
    assert_eq!(tagged, Tagged { value: Name("a".into()), unit: PhantomData });
    assert_eq!(schema::<Tagged<Name, Unit>>()["title"], "Tagged_for_Name");
}

trait Source {
    type Item;
}

#[derive(Debug, PartialEq)]
struct Names;

impl Source for Names {
    type Item = Name;
}

#[derive(Debug, PartialEq, Extract)]
struct From<S: Source> {
    item: S::Item,
    more: Vec<<S as Source>::Item>,
}

#[test]
fn associated_types_are_read_and_checked() {
    let value = json!({"item": "", "more": ["a", ""]});
    assert_eq!(
        problems::<From<Names>>(&value),
        [
            r#"/item: expected a name that is not blank, found """#,
            r#"/more/1: expected a name that is not blank, found """#,
        ]
    );
    let from: From<Names> = read(json!({"item": "a", "more": ["b"]}));
    assert_eq!(from, From { item: Name("a".into()), more: vec![Name("b".into())] });
}

#[derive(Debug, PartialEq, Extract)]
#[extract(bound = "T: Extract + Default")]
struct Defaulted<T> {
    #[serde(default)]
    value: T,
}

#[derive(Debug, PartialEq, Extract)]
#[serde(bound(deserialize = "T: std::str::FromStr"))]
struct Parsed<T> {
    #[serde(deserialize_with = "parsed")]
    #[schemars(with = "String")]
    value: T,
}

fn parsed<'de, T: std::str::FromStr, D: serde::Deserializer<'de>>(
    reader: D,
) -> Result<T, D::Error> {
    let text: String = serde::Deserialize::deserialize(reader)?;
    text.parse().map_err(|_| serde::de::Error::custom("not a value"))
}

#[test]
fn bounds_may_be_stated() {
    assert_eq!(read::<Defaulted<u8>>(json!({})), Defaulted { value: 0 });
    assert!(schema::<Defaulted<u8>>().get("required").is_none());
    let parsed: Parsed<std::num::NonZeroU16> = read(json!({"value": "7"}));
    assert_eq!(parsed.value.get(), 7);
    assert_eq!(schema::<Parsed<Unit>>()["properties"]["value"]["type"], "string");
}

#[derive(Debug, PartialEq, Extract)]
struct Text<'a> {
    body: Cow<'a, str>,
}

#[test]
fn a_lifetime_is_allowed_if_nothing_is_borrowed() {
    fn body_of(text: &Text<'_>) -> String {
        text.body.to_string()
    }
    let text: Text<'static> = read(json!({"body": "x"}));
    assert_eq!(body_of(&text), "x");
}
