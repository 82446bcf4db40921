//! Generated values of every kind of type: the serialised value fits the schema, survives every
//! dialect, and reads back equal.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use extract_core::check::violations;
use extract_llm::Extract;
use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Serialize;
use serde_json::{Value, json};

/// The number of generated values per type.
const CASES: u32 = 48;

fn hold<T>(strategy: impl Strategy<Value = T>)
where
    T: Extract + Serialize + PartialEq + Debug,
{
    let contract = Contract::of::<T>().unwrap();
    let mut fitting = 0;
    for dialect in Dialect::ALL {
        fitting += usize::from(contract.report(dialect).fits());
    }
    assert!(fitting > 8, "{}: it fits only {fitting} dialects", contract.name());
    let mut runner =
        TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let held = runner.run(&strategy, |value| {
        let own = serde_json::to_value(&value).unwrap();
        let problems = violations(&contract, &own);
        prop_assert!(problems.is_empty(), "{own}: {problems}");
        prop_assert_eq!(&serde_json::from_value::<T>(own.clone()).unwrap(), &value);
        let asked = if contract.is_wrapped() { json!({"value": own}) } else { own };
        for dialect in Dialect::ALL {
            let Ok(form) = contract.lowered(dialect, false) else { continue };
            let sent = form.lowered.lower_value(asked.clone());
            prop_assert_eq!(form.lowered.restore(sent), asked.clone(), "{}", dialect.name());
        }
        Ok(())
    });
    if let Err(error) = held {
        panic!("{}: {error}", contract.name());
    }
}

/// Generates finite numbers, because JSON has no others.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<i32>().prop_map(f64::from), -1e9..1e9_f64, Just(1e300), Just(0.1)]
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Item {
    name: String,
    price: f64,
    count: Option<u16>,
    tags: BTreeSet<String>,
    at: (i8, char),
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
enum External {
    Unit,
    Newtype(Item),
    Tuple(u8, bool),
    Struct { a: Option<i64>, b: BTreeMap<u16, String> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Newtype(Item),
    Struct { a: Option<i64> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(Vec<u8>),
    Tuple(u8, bool),
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
#[serde(untagged)]
enum Untagged {
    Integer(i64),
    Text(String),
    Pair(bool, String),
    Map(BTreeMap<String, u8>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Flat {
    own: u8,
    #[serde(flatten)]
    internal: Internal,
}

#[derive(Debug, Clone, PartialEq, Serialize, Extract)]
struct Tree {
    value: Option<Value>,
    children: Vec<Tree>,
    named: BTreeMap<String, Tree>,
}

fn item() -> impl Strategy<Value = Item> {
    let tags = proptest::collection::btree_set(any::<String>(), 0..3);
    (any::<String>(), number(), any::<Option<u16>>(), tags, any::<(i8, char)>())
        .prop_map(|(name, price, count, tags, at)| Item { name, price, count, tags, at })
}

fn internal() -> impl Strategy<Value = Internal> {
    prop_oneof![
        Just(Internal::Unit),
        item().prop_map(Internal::Newtype),
        any::<Option<i64>>().prop_map(|a| Internal::Struct { a }),
    ]
}

/// Generates any JSON except null, because an option that contains null is read as `None`.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..3)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let value = || proptest::option::of(json());
    let leaf = value().prop_map(|value| Tree { value, children: vec![], named: BTreeMap::new() });
    leaf.prop_recursive(5, 12, 2, move |inner| {
        let children = proptest::collection::vec(inner.clone(), 0..3);
        let named = proptest::collection::btree_map("[a-c]{1,2}", inner, 0..2);
        (value(), children, named).prop_map(|(value, children, named)| Tree {
            value,
            children,
            named,
        })
    })
}

#[test]
fn scalars() {
    hold(any::<u8>());
    hold(any::<i16>());
    hold(any::<u32>());
    hold(any::<i64>());
    hold(any::<u64>());
    hold(any::<usize>());
    hold(any::<std::num::NonZeroU32>());
    hold(any::<std::num::NonZeroI8>());
    hold(number());
    hold(proptest::num::f32::NORMAL | proptest::num::f32::ZERO);
    hold(any::<bool>());
    hold(any::<char>());
    hold(any::<String>());
    hold(any::<IpAddr>());
    hold(any::<Duration>());
    hold("[a-zA-Z/._ -]{0,20}".prop_map(PathBuf::from));
    hold(json());
}

#[test]
fn collections() {
    hold(any::<Vec<i32>>());
    hold(any::<VecDeque<String>>());
    hold(any::<Option<u8>>());
    hold(any::<Vec<Option<bool>>>());
    hold(any::<(u8, String, Option<i8>)>());
    hold(any::<[u16; 4]>());
    hold(any::<BTreeSet<i64>>());
    hold(any::<HashMap<String, u8>>());
    hold(any::<BTreeMap<u16, Vec<bool>>>());
    hold(any::<BTreeMap<i32, String>>());
    hold(any::<std::ops::RangeInclusive<u8>>());
}

#[test]
fn structs_and_enums() {
    hold(item());
    hold(proptest::collection::vec(item(), 0..3));
    let map = proptest::collection::btree_map(any::<u16>(), any::<String>(), 0..3);
    hold(prop_oneof![
        Just(External::Unit),
        item().prop_map(External::Newtype),
        any::<(u8, bool)>().prop_map(|(a, b)| External::Tuple(a, b)),
        (any::<Option<i64>>(), map).prop_map(|(a, b)| External::Struct { a, b }),
    ]);
    hold(internal());
    hold(prop_oneof![
        Just(Adjacent::Unit),
        any::<Vec<u8>>().prop_map(Adjacent::Newtype),
        any::<(u8, bool)>().prop_map(|(a, b)| Adjacent::Tuple(a, b)),
    ]);
    hold(prop_oneof![
        any::<i64>().prop_map(Untagged::Integer),
        any::<String>().prop_map(Untagged::Text),
        any::<(bool, String)>().prop_map(|(a, b)| Untagged::Pair(a, b)),
        any::<BTreeMap<String, u8>>().prop_map(Untagged::Map),
    ]);
    hold((any::<u8>(), internal()).prop_map(|(own, internal)| Flat { own, internal }));
}

#[test]
fn recursive_types() {
    hold(tree());
    hold(proptest::option::of(tree()));
}
