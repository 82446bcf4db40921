//! Properties for every reply and every portioning: the last partial equals the value, partials
//! only grow, and a truncated reply shows a part of the whole reply's value.

use extract_core::reading::read;
use extract_llm::dialect::Dialect;
use extract_llm::{Answer, Level, Maybe};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[derive(Debug, Extract)]
struct Everything {
    text: String,
    maybe: Option<String>,
    number: f64,
    count: u16,
    flag: bool,
    unit: Unit,
    list: Vec<String>,
    numbers: Vec<Option<u8>>,
    inner: Inner,
    many: Vec<Inner>,
    map: BTreeMap<String, Inner>,
    pair: (String, u8),
    data: Data,
    tagged: Vec<Tagged>,
    #[serde(rename = "odd name")]
    odd: Option<Box<Inner>>,
    newtype: Newtype,
    #[extract(stream(whole))]
    whole: Inner,
    any: Value,
    found: Maybe<Inner>,
    said: Vec<Answer<BTreeMap<String, u8>>>,
    nested: BTreeMap<String, BTreeMap<u8, Option<String>>>,
    places: Option<(Inner, Vec<Data>, Flags)>,
    beside: Vec<Beside>,
    open: Open,
}

type Flags = BTreeMap<String, (bool, String)>;

#[derive(Debug, Extract)]
enum Unit {
    First,
    Second,
}

#[derive(Debug, Extract)]
struct Inner {
    a: String,
    b: Option<u8>,
    deeper: Vec<Self>,
}

#[derive(Debug, Extract)]
struct Newtype(String);

#[derive(Debug, Extract)]
enum Data {
    None,
    One(Inner),
    Two(String, u8),
    Three { x: String, y: Vec<u8> },
}

#[derive(Debug, Extract)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Tagged {
    TheOne { text: String },
    TheOther(Inner),
    Nothing,
}

#[derive(Debug, Extract)]
#[serde(tag = "t", content = "c")]
enum Beside {
    Words(String),
    Both(BTreeMap<String, u8>, Option<Box<Inner>>),
    Of { inner: Inner, map: BTreeMap<String, Inner> },
}

#[derive(Debug, Extract)]
struct Open {
    id: u8,
    name: String,
    #[serde(flatten)]
    rest: BTreeMap<String, (String, u8)>,
}

/// Generates text as models write it, with characters that are special in JSON and in a lenient
/// reader.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,8}",
        "[a-zäß€😀 ,:.'\"\\\\\n\t{}\\[\\]]{0,12}",
        Just("true, \"and\": 1, ".to_owned()),
        Just("ends, ".to_owned()),
        Just("line\n".to_owned()),
    ]
}

fn inner() -> BoxedStrategy<Value> {
    let leaf =
        (words(), option::of(any::<u8>())).prop_map(|(a, b)| json!({"a": a, "b": b, "deeper": []}));
    leaf.prop_recursive(3, 8, 3, |inner| {
        (words(), option::of(any::<u8>()), vec(inner, 0..3))
            .prop_map(|(a, b, deeper)| json!({"a": a, "b": b, "deeper": deeper}))
    })
    .boxed()
}

fn data() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(json!("None")),
        inner().prop_map(|inner| json!({"One": inner})),
        (words(), any::<u8>()).prop_map(|(a, b)| json!({"Two": [a, b]})),
        (words(), vec(any::<u8>(), 0..3)).prop_map(|(x, y)| json!({"Three": {"x": x, "y": y}})),
    ]
    .boxed()
}

fn tagged() -> BoxedStrategy<Value> {
    prop_oneof![
        words().prop_map(|text| json!({"kind": "the-one", "text": text})),
        words().prop_map(|text| json!({"text": text, "kind": "the-one"})),
        (words(), inner()).prop_map(|(a, inner)| {
            json!({"kind": "the-other", "a": a, "b": null, "deeper": [inner]})
        }),
        Just(json!({"kind": "nothing"})),
    ]
    .boxed()
}

fn everything() -> impl Strategy<Value = Value> {
    let scalars = (words(), option::of(words()), -1e6..1e6, any::<u16>(), any::<bool>());
    let lists = (
        prop_oneof![Just("First"), Just("Second")],
        vec(words(), 0..4),
        vec(option::of(any::<u8>()), 0..4),
        inner(),
        vec(inner(), 0..3),
        btree_map("[a-z ]{0,5}", inner(), 0..3),
    );
    let rest =
        (words(), data(), vec(tagged(), 0..3), option::of(inner()), words(), inner(), any_json());
    (scalars, lists, rest, turned()).prop_map(|(scalars, lists, rest, turned)| {
        let (text, maybe, number, count, flag) = scalars;
        let (unit, list, numbers, inner, many, map) = lists;
        let (newtype, data, tagged, odd, pair, whole, any) = rest;
        let mut value = json!({
            "text": text, "maybe": maybe, "number": number, "count": count, "flag": flag,
            "unit": unit, "list": list, "numbers": numbers, "inner": inner, "many": many,
            "map": map, "pair": [pair, 7], "data": data, "tagged": tagged, "odd name": odd,
            "newtype": newtype, "whole": whole, "any": any,
        });
        value.as_object_mut().unwrap().extend(turned.as_object().unwrap().clone());
        value
    })
}

/// Generates values that strict dialects send in another shape, and values in the branches of
/// unions.
fn turned() -> impl Strategy<Value = Value> {
    let found = prop_oneof![
        inner().prop_map(|inner| json!({"found": inner})),
        words().prop_map(|reason| json!({"not_found": {"reason": reason}})),
    ];
    let counts = || btree_map(words(), any::<u8>(), 0..3);
    let said = prop_oneof![
        counts().prop_map(|map| json!({"value": map})),
        words().prop_map(|words| json!({"text": words})),
    ];
    let numbered = btree_map("0|[1-9][0-9]?", option::of(words()), 0..3);
    let nested = btree_map(words(), numbered, 0..3);
    let pairs = btree_map(words(), (any::<bool>(), words()), 0..3);
    let places = option::of((inner(), vec(data(), 0..2), pairs));
    let beside = prop_oneof![
        words().prop_map(|words| json!({"t": "Words", "c": words})),
        (counts(), option::of(inner())).prop_map(|both| json!({"t": "Both", "c": both})),
        (inner(), btree_map("[a-z]{0,3}", inner(), 0..2))
            .prop_map(|(inner, map)| json!({"c": {"inner": inner, "map": map}, "t": "Of"})),
        inner().prop_map(|inner| json!({"t": "Of", "c": {"map": {}, "inner": inner}})),
    ];
    let open = (any::<u8>(), words(), btree_map("[x-z]{1,3}", (words(), any::<u8>()), 0..3))
        .prop_map(|(id, name, rest)| {
            let mut open = json!({"id": id, "name": name});
            open.as_object_mut().unwrap().extend(rest.into_iter().map(|(k, v)| (k, json!(v))));
            open
        });
    (found, vec(said, 0..3), nested, places, vec(beside, 0..3), open).prop_map(
        |(found, said, nested, places, beside, open)| {
            json!({
                "found": found, "said": said, "nested": nested, "places": places,
                "beside": beside, "open": open,
            })
        },
    )
}

fn any_json() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        words().prop_map(Value::from),
        vec(any::<bool>(), 0..3).prop_map(|list| json!({"k": list})),
    ]
    .boxed()
}

/// Returns the reply's text for a value, in one of several styles.
fn written(value: &Value, style: usize) -> String {
    let pretty = || serde_json::to_string_pretty(value).unwrap();
    match style {
        0 => value.to_string(),
        1 => pretty(),
        2 => format!("Here it is:\n```json\n{}\n```\nGlad to help!", pretty()),
        3 => format!("<think>a [list] and {{more}}</think>\n{value}\n"),
        // A superfluous comma before each closing bracket, outside of strings.
        _ => pretty().replace("\"\n", "\",\n").replace(",,\n", ",\n"),
    }
}

/// Feeds a text in these portions, split anywhere, and returns all partial values.
fn feed<T: Extract>(live: &mut Live<T>, text: &str, portions: &[usize]) -> Vec<Value> {
    let mut shown = vec![live.partial().json()];
    let mut from = 0;
    let mut portions = portions.iter().cycle();
    while from < text.len() {
        let mut to = (from + portions.next().copied().unwrap_or(1).max(1)).min(text.len());
        while !text.is_char_boundary(to) {
            to += 1;
        }
        live.feed(&text[from..to]);
        let json = live.partial().json();
        if live.take_changed() {
            shown.push(json);
        } else {
            assert_eq!(shown.last(), Some(&json), "it changed without reporting it");
        }
        from = to;
    }
    live.end();
    shown.push(live.partial().json());
    shown
}

/// Returns whether one value can become the other only by growing.
fn grows(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .all(|(key, before)| after.get(key).is_some_and(|after| grows(before, after))),
        (Value::Array(before), Value::Array(after)) => {
            before.len() <= after.len()
                && before.iter().zip(after).all(|(before, after)| grows(before, after))
        }
        (Value::String(before), Value::String(after)) => after.starts_with(before.as_str()),
        // A tuple element that has not arrived.
        (Value::Null, _) => true,
        (before, after) => before == after,
    }
}

/// Returns the value without members that are null, because an absent optional field equals a null
/// one.
fn said(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(key, value)| (key.clone(), said_inside(value))).collect())
        }
        other => said_inside(other),
    }
}

fn said_inside(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(said).collect(),
        Value::Object(_) => said(value),
        // A number with and without a fraction is the same.
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn partials_grow_into_the_value(
        value in everything(),
        style in 0_usize..4,
        portions in vec(1_usize..40, 1..4),
    ) {
        let text = written(&value, style);
        let mut live = live::<Everything>();
        let shown = feed(&mut live, &text, &portions);
        for pair in shown.windows(2) {
            prop_assert!(grows(&pair[0], &pair[1]), "{} became {}", pair[0], pair[1]);
        }
        for partial in &shown {
            prop_assert!(grows(&said(partial), &said(&value)), "{partial} is not a part of {value}");
        }
        let last = live.partial().json();
        prop_assert_eq!(said(&last), said(&value), "{}", text);
        prop_assert!(live.partial().whole().is_some());
        live.settle(&value);
        prop_assert_eq!(live.partial(), &Partial::of(&value));
        prop_assert_eq!(said(&live.partial().json()), said(&value));
    }

    #[test]
    fn feeding_single_characters_gives_the_same_final_value(value in everything(), style in 0_usize..4) {
        let text = written(&value, style);
        let mut one = live::<Everything>();
        feed(&mut one, &text, &[1]);
        let mut other = live::<Everything>();
        feed(&mut other, &text, &[usize::MAX / 2]);
        prop_assert_eq!(one.partial(), other.partial());
    }

    #[test]
    fn the_last_partial_of_a_lenient_reply_equals_its_reading(
        value in everything(),
        portions in vec(1_usize..20, 1..4),
    ) {
        let text = written(&value, 4);
        let contract = Contract::of::<Everything>().unwrap();
        let reading = read(&text, contract.shape(None), Level::Lenient).unwrap();
        prop_assume!(reading.fits() && reading.rivals == 0);
        let mut live = live::<Everything>();
        let shown = feed(&mut live, &text, &portions);
        for pair in shown.windows(2) {
            prop_assert!(grows(&pair[0], &pair[1]), "{} became {}", pair[0], pair[1]);
        }
        prop_assert_eq!(said(&live.partial().json()), said(&reading.value), "{}", text);
    }

    #[test]
    fn the_last_partial_of_a_lowered_reply_equals_the_value(
        value in everything(),
        dialect in select(turning()),
        order in any::<u64>(),
        portions in vec(1_usize..20, 1..4),
    ) {
        let contract = Contract::of::<Everything>().unwrap();
        let form = contract.lowered(dialect, true).unwrap();
        let mut sent = form.lowered.lower_value(value.clone());
        shuffle(&mut sent, &mut { order });
        let text = sent.to_string();
        let mut live = Live::<Everything>::with_form(contract.clone(), Some(form.clone()));
        let shown = feed(&mut live, &text, &portions);
        for pair in shown.windows(2) {
            prop_assert!(grows(&pair[0], &pair[1]), "{} became {}", pair[0], pair[1]);
        }
        for partial in &shown {
            prop_assert!(grows(&said(partial), &said(&value)), "{partial} is not a part of {value}");
        }
        prop_assert_eq!(said(&live.partial().json()), said(&value), "{}", text);
        let mut other = Live::<Everything>::with_form(contract, Some(form));
        feed(&mut other, &text, &[1]);
        prop_assert_eq!(live.partial(), other.partial());
    }
}

/// Returns the dialects that support the type and change its shape.
fn turning() -> Vec<&'static Dialect> {
    let contract = Contract::of::<Everything>().unwrap();
    let turns = |dialect: &&'static Dialect| {
        contract.lowered(dialect, true).is_ok_and(|form| !form.lowered.is_identity())
    };
    let all: Vec<&'static Dialect> = Dialect::ALL.iter().copied().filter(turns).collect();
    assert!(all.iter().any(|dialect| dialect.name() == "openai-strict"));
    assert!(all.iter().any(|dialect| dialect.name() == "gemini-response-schema"));
    all
}

/// Reverses the members of some objects, selected by these bits.
fn shuffle(value: &mut Value, bits: &mut u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| shuffle(item, bits)),
        Value::Object(members) => {
            if *bits & 1 == 1 {
                *members = std::mem::take(members).into_iter().rev().collect();
            }
            *bits = bits.rotate_right(1);
            members.values_mut().for_each(|member| shuffle(member, bits));
        }
        _ => {}
    }
}
