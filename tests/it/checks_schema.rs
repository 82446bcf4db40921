//! The problems of a value that does not fit its schema: at the exact pointer, also inside unions,
//! with a message that names the expected value. Bounds also hold for numbers written as text.

use std::collections::BTreeMap;

use crate::support::scripted::scripted;
use extract_core::check::violations;
use extract_llm::contract::Contract;
use extract_llm::extraction::ArgumentsError;
use extract_llm::rust_decimal::Decimal;
use extract_llm::scripted::reply;
use extract_llm::{Extract, Step, UserTool};
use serde_json::{Value, json};

#[track_caller]
fn assert_told<T: Extract>(value: &Value, expected: &[&str]) {
    let contract = Contract::of::<T>().unwrap();
    let problems = violations(&contract, value);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "{value}");
}

#[derive(Debug, Extract)]
struct Bill {
    paid: Paid,
}

#[derive(Debug, Extract)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Paid {
    Open,
    Settled { on: u32 },
    Late(Late),
}

#[derive(Debug, Extract)]
struct Late {
    days: u8,
}

#[test]
fn problems_in_a_tagged_union_point_to_the_exact_value() {
    let bill = |paid: Value| json!({ "paid": paid });
    let names = r#"one of "open", "settled", "late""#;
    for (paid, expected) in [
        (
            json!({"status": "cancelled"}),
            format!(r#"/paid/status: expected {names}, found "cancelled""#),
        ),
        (json!({"status": 5}), format!("/paid/status: expected {names}, found 5")),
        (json!({"on": 5}), format!("/paid/status: missing required field ({names})")),
        (json!({"status": "settled"}), "/paid/on: missing required field".into()),
        (
            json!({"status": "settled", "on": "x"}),
            r#"/paid/on: expected an integer, found "x""#.into(),
        ),
        (
            json!({"status": "late", "days": 300}),
            "/paid/days: expected at most 255, found 300".into(),
        ),
        (json!({"status": "late"}), "/paid/days: missing required field".into()),
    ] {
        assert_told::<Bill>(&bill(paid), &[&expected]);
    }
    assert_told::<Bill>(&json!({}), &["/paid: missing required field"]);
    assert_told::<Option<Paid>>(
        &json!({"status": "no"}),
        &[&format!(r#"/status: expected {names}, found "no""#)],
    );
}

/// An act.
#[derive(Debug, Extract)]
enum Act {
    Move {
        to: String,
    },
    Say {
        text: String,
        loud: bool,
    },
    /// Nothing more.
    Stop,
    Wait,
}

#[test]
fn problems_in_an_externally_tagged_union_point_to_the_exact_value() {
    let all = r#"one of "Stop", "Wait", "Move", "Say""#;
    for (value, expected) in [
        (json!({"Say": {"text": "x"}}), "/Say/loud: missing required field".to_owned()),
        (json!({"Say": {"text": 7, "loud": true}}), "/Say/text: expected a string, found 7".into()),
        (json!({"Say": 5}), "/Say: expected an object, found 5".into()),
        (json!("stop"), format!(r#"(the whole value): expected {all}, found "stop""#)),
        (json!("Say"), r#"(the whole value): expected an object, found "Say""#.into()),
    ] {
        let contract = Contract::of::<Act>().unwrap();
        let told = violations(&contract, &value).to_string();
        let same = |text: &str| {
            let mut letters: Vec<char> = text.chars().collect();
            letters.sort_unstable();
            letters
        };
        // The names are in the schema's order, which lists unit variants together.
        assert_eq!(same(&told), same(&expected), "{told} for {value}");
    }
    let told = violations(&Contract::of::<Act>().unwrap(), &json!({"Jump": {}})).to_string();
    for name in ["one of", r#""Move""#, r#""Say""#, r#""Stop""#, r#""Wait""#] {
        assert!(told.contains(name), "{told}");
    }
    let told = violations(&Contract::of::<Act>().unwrap(), &json!(7)).to_string();
    assert!(told.contains(r#"an object with the member "Say""#), "{told}");
    assert!(told.contains(r#""Stop""#) && !told.contains("a string"), "{told}");
}

#[derive(Debug, Extract)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Number(u8),
    Text { text: String },
    Nothing,
}

#[derive(Debug, Extract)]
struct Flat {
    id: u32,
    #[serde(flatten)]
    act: FlatAct,
}

#[derive(Debug, Extract)]
enum FlatAct {
    Move { to: String },
    Say { text: String },
}

#[derive(Debug, Extract)]
struct FlatTag {
    id: u32,
    #[serde(flatten)]
    paid: Paid,
}

#[derive(Debug, Extract)]
#[serde(tag = "is")]
enum Expression {
    Number { value: i32 },
    Sum { left: Box<Expression>, right: Box<Expression> },
    Product { left: Box<Expression>, right: Box<Expression> },
    Not { inner: Box<Expression> },
}

#[test]
fn problems_in_other_unions_and_recursive_types_point_to_the_exact_value() {
    assert_told::<Adjacent>(
        &json!({"t": "Number", "c": "x"}),
        &[r#"/c: expected an integer, found "x""#],
    );
    assert_told::<Adjacent>(&json!({"t": "Text"}), &["/c: missing required field"]);
    assert_told::<Adjacent>(
        &json!({"t": "Txt", "c": {}}),
        &[r#"/t: expected one of "Number", "Text", "Nothing", found "Txt""#],
    );
    assert_told::<Flat>(
        &json!({"id": 1, "Say": {"text": null}}),
        &["/Say/text: expected a string, found null"],
    );
    assert_told::<FlatTag>(
        &json!({"id": "x", "status": "settled"}),
        &[r#"/id: expected an integer, found "x""#, "/on: missing required field"],
    );
    let mut value = json!({"is": "Number", "value": "x"});
    let mut at = String::new();
    for _ in 0..30 {
        value = json!({"is": "Sum", "left": {"is": "Not", "inner": value}, "right": {"is": "Number", "value": 1}});
        at += "/left/inner";
    }
    assert_told::<Expression>(&value, &[&format!(r#"{at}/value: expected an integer, found "x""#)]);
    let wrong_tag =
        value.to_string().replace("\"Number\",\"value\":\"x\"", "\"Numbr\",\"value\":2");
    let wrong_tag: Value = serde_json::from_str(&wrong_tag).unwrap();
    assert_told::<Expression>(
        &wrong_tag,
        &[&format!(r#"{at}/is: expected one of "Number", "Sum", "Product", "Not", found "Numbr""#)],
    );
}

/// A union whose branches differ only in kind.
#[derive(Debug, Extract)]
#[serde(untagged)]
enum OneOrMany {
    One(Late),
    Many(Vec<Late>),
}

#[test]
fn an_untagged_branch_is_selected_by_the_kind_of_the_value() {
    assert_told::<OneOrMany>(
        &json!([{"days": 1}, {"days": "x"}]),
        &[r#"/1/days: expected an integer, found "x""#],
    );
    assert_told::<OneOrMany>(&json!({}), &["/days: missing required field"]);
}

#[test]
fn a_wrong_name_gets_the_nearest_of_many_names() {
    let names: Vec<String> = (0..500).map(|n| format!("variant_{n}")).collect();
    let by_enum = Contract::from_schema(json!({"enum": names})).unwrap();
    let branches: Vec<Value> = names
        .iter()
        .map(|name| json!({"type": "object", "properties": {"t": {"const": name}}, "required": ["t"]}))
        .collect();
    let by_tag = Contract::from_schema(json!({ "oneOf": branches })).unwrap();
    for (contract, value, at) in [
        (&by_enum, json!("Variant_4711"), "(the whole value)"),
        (&by_tag, json!({"t": "Variant_4711"}), "/t"),
    ] {
        let told = violations(contract, &value).to_string();
        let expected = format!(
            r#"{at}: expected one of 500 values, nearest "variant_41", "variant_47", "variant_71", found "Variant_4711""#
        );
        // Of equally near names the first ones are listed first.
        let near = told.starts_with(&expected[..expected.find("variant_41").unwrap()]);
        assert!(near && told.matches("variant_4").count() >= 2 && told.len() < 200, "{told}");
    }
}

#[derive(Debug, Extract)]
struct Money(Decimal);

#[derive(Debug, Extract)]
struct Prices {
    #[extract(range(min = 0, max = 100))]
    total: Decimal,
    #[extract(range(exclusive_min = 0))]
    maybe: Option<Decimal>,
    #[extract(range(max = 9))]
    money: Money,
    #[extract(range(max = 9))]
    maybe_money: Option<Money>,
    #[extract(inner(range(min = 1)))]
    list: Vec<Decimal>,
    #[extract(inner(range(min = 1)))]
    map: BTreeMap<String, Money>,
    #[extract(multiple_of = 0.05)]
    step: Decimal,
}

#[test]
fn bounds_apply_to_numbers_written_as_text() {
    let good = json!({
        "total": "99.99", "maybe": null, "money": 9, "maybe_money": "-1e2", "list": [1, "1.00"],
        "map": {"a": "2"}, "step": "0.15",
    });
    assert_told::<Prices>(&good, &[]);
    for (name, value, expected) in [
        ("total", json!("-5"), r#"/total: expected at least 0, found "-5""#),
        ("total", json!(-5), "/total: expected at least 0, found -5"),
        (
            "total",
            json!("100.00000000000000000000001"),
            r#"/total: expected at most 100, found "100.00000000000000000000001""#,
        ),
        ("maybe", json!("0.00"), r#"/maybe: expected more than 0, found "0.00""#),
        ("money", json!("9.01"), r#"/money: expected at most 9, found "9.01""#),
        ("maybe_money", json!("10"), r#"/maybe_money: expected at most 9, found "10""#),
        ("list", json!(["2", "0.99"]), r#"/list/1: expected at least 1, found "0.99""#),
        ("map", json!({"a": "0"}), r#"/map/a: expected at least 1, found "0""#),
        ("step", json!("0.12"), r#"/step: expected a multiple of 0.05, found "0.12""#),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert_told::<Prices>(&bad, &[expected]);
    }
    // A text that is not a number is one fault. In a union with strings, a text stays a text.
    let mut bad = good;
    bad["total"] = json!("much");
    let contract = Contract::of::<Prices>().unwrap();
    assert_eq!(violations(&contract, &bad).len(), 1);
    let free = json!({"type": ["string", "number"], "minimum": 0});
    let contract = Contract::from_schema(free).unwrap();
    assert_eq!(violations(&contract, &json!("-5")).len(), 0);
}

#[derive(Debug, PartialEq, Extract)]
struct Wide {
    signed: i128,
    unsigned: Option<u128>,
    #[extract(inner(range(min = 10)))]
    list: Vec<u128>,
    id: Id,
}

#[derive(Debug, PartialEq, Extract)]
#[serde(rename_all = "snake_case")]
enum Id {
    Number(u128),
    Pair { one: i128, two: (u8, std::num::NonZeroI128) },
}

/// Reads a value without repairs, because a call's arguments are already parsed.
fn checked<T: Extract>(value: &Value) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (client, _) = scripted([reply::call("take", json!({}))]);
    let take = UserTool::new("take", json!({"type": "object"})).unwrap();
    let step = runtime.block_on(client.extract::<Vec<u8>>("x").tools([take]).step()).unwrap();
    let Step::Calls(mut calls) = step else { panic!("no call") };
    calls.calls[0].arguments = value.clone();
    calls.calls[0].parse::<T>().map_err(|error| match error {
        ArgumentsError::Invalid(problems) => problems.to_string(),
        other => other.to_string(),
    })
}

#[test]
fn integers_of_128_bits_keep_every_digit() {
    let value = json!({
        "signed": "-170141183460469231731687303715884105728",
        "unsigned": "340282366920938463463374607431768211455",
        "list": [11, "18446744073709551616"],
        "id": {"pair": {"one": "170141183460469231731687303715884105727", "two": [1, "-18446744073709551617"]}},
    });
    let wide: Wide = checked(&value).unwrap();
    assert_eq!((wide.signed, wide.unsigned), (i128::MIN, Some(u128::MAX)));
    assert_eq!(wide.list, [11, 1 << 64]);
    let Id::Pair { one, two } = wide.id else { panic!("a pair") };
    assert_eq!((one, two.1.get()), (i128::MAX, -(1 << 64) - 1));

    for (place, bad, expected) in [
        (
            "signed",
            json!("170141183460469231731687303715884105728"),
            "expected at most 170141183460469231731687303715884105727, \
             found \"170141183460469231731687303715884105728\"",
        ),
        ("unsigned", json!("-1"), "expected at least 0, found \"-1\""),
        ("unsigned", json!(-1), "expected at least 0, found -1"),
        ("unsigned", json!("x"), "expected an integer or null, found \"x\""),
        ("signed", json!("1.5"), "expected an integer, found \"1.5\""),
        ("signed", json!(true), "expected an integer, found true"),
        ("signed", json!(1.5), "expected an integer, found 1.5"),
    ] {
        let mut value = value.clone();
        value[place] = bad;
        assert_eq!(checked::<Wide>(&value).unwrap_err(), format!("/{place}: {expected}"));
    }
}

/// serde buffers the content of an untagged enum, and cannot read such an integer from the buffer.
/// That gives a problem, never a different number.
#[test]
fn a_wide_integer_in_an_untagged_enum_is_a_problem() {
    #[derive(Debug, Extract)]
    #[serde(untagged)]
    #[allow(dead_code, reason = "only checked")]
    enum Loose {
        Big { n: i128 },
        Small(bool),
    }
    for n in [json!(-7), json!(i128::MAX.to_string())] {
        let told = checked::<Loose>(&json!({ "n": n })).unwrap_err();
        assert!(
            told.contains("a value that can be read (data did not match any variant"),
            "{told}"
        );
    }
}
