//! The best rejected value in the partial form of its type: good parts are there, rejected ones are not,
//! and each field says which it is.

use std::collections::BTreeMap;

use extract_llm::extraction::{BestPartial, FieldStatus, ParseError};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, Extract, parse, parse_partial};
use serde_json::{Value, json};

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "no value is read")]
struct Order {
    buyer: Name,
    lines: Vec<Line>,
    prices: BTreeMap<String, Price>,
    corner: (Price, Price),
    payment: Payment,
    delivery: Delivery,
    gift: Gift,
    note: Option<String>,
    #[serde(flatten)]
    dates: Dates,
    sent_to: std::net::Ipv4Addr,
}

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "no value is read")]
struct Name(#[extract(length(min = 2))] String);

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "no value is read")]
struct Price(#[extract(range(min = 0))] i64);

#[derive(Debug, Extract)]
#[extract(validate = sums)]
#[allow(dead_code, reason = "no value is read")]
struct Line {
    #[extract(range(min = 1))]
    count: i64,
    total: i64,
}

fn sums(line: &Line) -> Result<(), &'static str> {
    if line.total >= line.count { Ok(()) } else { Err("a total of at least the count") }
}

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "no value is read")]
enum Payment {
    Card { digits: Price },
    Cash(Price),
    Later,
}

#[derive(Debug, Extract)]
#[serde(tag = "by")]
#[allow(dead_code, reason = "no value is read")]
enum Delivery {
    Post { days: Price },
    Pickup,
}

#[derive(Debug, Extract)]
#[serde(tag = "kind", content = "of")]
#[allow(dead_code, reason = "no value is read")]
enum Gift {
    Card(Price),
    None,
}

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "no value is read")]
struct Dates {
    #[extract(range(min = 2000))]
    year: i64,
    month: u8,
}

fn good() -> Value {
    json!({
        "buyer": "Maria", "lines": [{"count": 1, "total": 2}, {"count": 2, "total": 5}],
        "prices": {"tea": 2, "a/b": 3}, "corner": [1, 2], "payment": {"Card": {"digits": 4}},
        "delivery": {"by": "Post", "days": 2}, "gift": {"kind": "Card", "of": 5}, "note": null,
        "year": 2026, "month": 11, "sent_to": "127.0.0.1",
    })
}

async fn fail<T: Extract + std::fmt::Debug>(value: &Value) -> Error {
    let client = Client::with_model(Scripted::new([reply::tool(value.clone())]));
    client.extract::<T>("an order").validation_retries(0).await.unwrap_err()
}

/// Replaces the value at a pointer, or removes it.
fn with(pointer: &str, new: Option<Value>) -> Value {
    let mut value = good();
    let Some(new) = new else {
        value.as_object_mut().unwrap().shift_remove(&pointer[1..]);
        return value;
    };
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = new;
    value
}

#[tokio::test]
async fn a_rejected_part_goes_and_all_other_parts_stay() {
    // The changed part, its wrong value, the rejected part, and the JSON of the partial there.
    let cases = [
        ("/buyer", json!("M"), "/buyer", None),
        ("/buyer", json!(["x", "y"]), "/buyer", None),
        ("/lines/1/count", json!(0), "/lines/1/count", Some(("/lines/1", json!({"total": 5})))),
        ("/lines/1/total", json!("?"), "/lines/1/total", Some(("/lines/1", json!({"count": 2})))),
        (
            "/lines/1/total",
            json!(1),
            "/lines/1",
            Some(("/lines", json!([{"count": 1, "total": 2}, {"count": 2, "total": 1}]))),
        ),
        ("/lines/0", json!("?"), "/lines/0", Some(("/lines/1", json!({"count": 2, "total": 5})))),
        ("/prices/tea", json!(-2), "/prices/tea", Some(("/prices/a~1b", json!(3)))),
        ("/prices/a~1b", json!(-2), "/prices/a~1b", Some(("/prices/tea", json!(2)))),
        ("/corner/1", json!(-1), "/corner/1", Some(("/corner/0", json!(1)))),
        (
            "/payment/Card/digits",
            json!(-1),
            "/payment/Card/digits",
            Some(("/payment", json!({"Card": {}}))),
        ),
        ("/payment", json!({"Cash": -1}), "/payment/Cash", None),
        ("/payment", json!("Never"), "/payment", None),
        ("/delivery/days", json!(-1), "/delivery/days", Some(("/delivery", json!({"by": "Post"})))),
        ("/delivery/by", json!("Dove"), "/delivery/by", None),
        ("/gift/of", json!(-1), "/gift/of", Some(("/gift/kind", json!("Card")))),
        ("/gift/kind", json!("Cake"), "/gift/kind", None),
        ("/year", json!(26), "/year", Some(("/month", json!(11)))),
        ("/sent_to", json!("nowhere"), "/sent_to", None),
    ];
    for (changed, wrong, rejected, remains) in cases {
        let error = fail::<Order>(&with(changed, Some(wrong.clone()))).await;
        let context = format!("{changed} = {wrong}: {:?}", error.problems());
        let best = error.best_partial::<Order>().unwrap_or_else(|| panic!("{context}"));
        assert_eq!(best.status(rejected), FieldStatus::Rejected, "{context}");
        assert_eq!(best.status(""), FieldStatus::Rejected, "{context}");
        assert!(!best.is_whole() && best.whole().is_none(), "{context}");
        let json = best.json();
        if let Some((pointer, expected)) = remains {
            assert_eq!(json.pointer(pointer), Some(&expected), "{context}: {json}");
        }
        let is_container = json.pointer(rejected).is_some_and(Value::is_object);
        let shown = json.pointer(rejected).filter(|shown| !shown.is_null());
        assert!(shown.is_none() || is_container, "{context}: {json}");
        // All other members are as they were.
        for (name, value) in good().as_object().unwrap() {
            let is_changed = changed[1..].split('/').next() == Some(name);
            let is_shown = json.get(name).unwrap_or(&Value::Null) == value;
            assert!(is_changed || is_shown, "{context}: {name} in {json}");
            let status = best.status(&format!("/{name}"));
            assert!(is_changed || status == FieldStatus::Good, "{context}: {name}");
        }
    }
}

#[tokio::test]
async fn a_missing_field_is_told_from_a_rejected_one() {
    for name in ["buyer", "lines", "payment", "year", "sent_to"] {
        let error = fail::<Order>(&with(&format!("/{name}"), None)).await;
        let best = error.best_partial::<Order>().unwrap();
        assert_eq!(best.status(&format!("/{name}")), FieldStatus::Missing, "{error}");
        let last = best.fields.last().unwrap();
        assert_eq!((last.pointer.as_str(), last.problems.len()), (&*format!("/{name}"), 1));
        assert_eq!(best.lines.len(), if name == "lines" { 0 } else { 2 });
        assert_eq!(best.dates.month.whole(), Some(11), "{name}");
    }
}

#[tokio::test]
async fn every_problem_stands_at_one_field() {
    let mut value = with("/year", Some(json!(26)));
    value["lines"] = json!([{"count": 0, "total": 3}, {"count": 5, "total": 2}, {"count": 1}]);
    value.as_object_mut().unwrap().shift_remove("buyer");
    let error = fail::<Order>(&value).await;
    let best = error.best_partial::<Order>().unwrap();
    let told = best.fields.iter().map(|field| field.problems.len()).sum::<usize>();
    assert_eq!(told, error.problems().unwrap().len(), "{error:#?}");
    let json = serde_json::to_value(&best).unwrap();
    assert_eq!(json["fields"][0]["pointer"], "/lines/0/count");
    assert_eq!(json["fields"][0]["status"], "rejected");
    assert_eq!(json["value"]["month"], 11);
}

#[tokio::test]
async fn an_error_without_a_value_has_no_partial_and_another_type_no_good_field() {
    let client = Client::with_model(Scripted::new([reply::text("I cannot say.")]));
    let error = client.extract::<Order>("an order").validation_retries(0).await.unwrap_err();
    assert!(error.best_partial::<Order>().is_none());

    let error = fail::<Order>(&with("/year", Some(json!(26)))).await;
    let other: BestPartial<Vec<u8>> = error.best_partial().unwrap();
    assert!(other.is_empty() && other.whole().is_none());
}

#[test]
fn a_text_that_failed_to_parse_has_its_best_value_too() {
    let text = with("/year", Some(json!(26))).to_string();
    let error: ParseError = parse::<Order>(&text).unwrap_err();
    let error = Error::from(error);
    let best = error.best_partial::<Order>().unwrap();
    assert_eq!(best.dates.month.whole(), Some(11));
    assert_eq!(best.status("/year"), FieldStatus::Rejected);
}

/// Every beginning of a text is incomplete, and its complete fields are those of the whole text.
#[test]
fn a_text_that_is_cut_anywhere_is_incomplete_there() {
    let (text, whole) = (good().to_string(), good());
    let mut seen = 0;
    for end in 0..text.len() {
        let Ok(partial) = parse_partial::<Order>(&text[..end]) else { continue };
        assert!(!partial.is_whole(), "{}", &text[..end]);
        let lines = partial.lines.iter().filter_map(|line| Some((line.count.whole()?, line)));
        for (at, (count, line)) in lines.enumerate() {
            assert_eq!(count, whole["lines"][at]["count"].as_i64().unwrap());
            seen += usize::from(line.is_whole());
        }
        if let Some(note) = partial.buyer.whole() {
            assert_eq!(note.0, "Maria", "{}", &text[..end]);
        }
        let json = partial.json();
        for (name, value) in json.as_object().into_iter().flatten() {
            let is_same = value == &whole[name];
            let is_begun = value.is_object() || value.is_array() || value.is_string();
            assert!(is_same || is_begun, "{}: {name} {value}", &text[..end]);
        }
    }
    assert!(seen > 100);
    assert!(parse_partial::<Order>(&text).unwrap().is_whole());
}
