//! Structs: fields one by one, nested values, and types without partial forms.

use std::collections::HashMap;

use extract_llm::chrono;

use super::*;

/// An invoice.
#[derive(Debug, Extract)]
struct Invoice {
    /// Name of the seller.
    vendor: String,
    issued: chrono::NaiveDate,
    total: f64,
    paid: bool,
    status: Status,
    buyer: Buyer,
    lines: Vec<Line>,
    note: Option<String>,
    prices: BTreeMap<String, f64>,
    place: (f64, f64),
    more: Box<Option<Line>>,
}

#[derive(Debug, PartialEq, Extract)]
enum Status {
    Open,
    Closed,
}

#[derive(Debug, Extract)]
struct Buyer {
    name: String,
    #[serde(rename = "e-mail", alias = "mail")]
    email: Option<String>,
}

#[derive(Debug, PartialEq, Clone, Extract)]
struct Line {
    sku: String,
    quantity: u32,
}

fn invoice() -> Value {
    json!({
        "vendor": "Acme \"&\" Söhne",
        "issued": "2026-02-03",
        "total": 12.5,
        "paid": true,
        "status": "Open",
        "buyer": {"name": "Ada, \n", "e-mail": null},
        "lines": [{"sku": "A-1", "quantity": 2}, {"sku": "B-2", "quantity": 30}],
        "note": "none, really",
        "prices": {"a": 1.5, "b": 2.0},
        "place": [1.5, -2.5],
        "more": {"sku": "C-3", "quantity": 4},
    })
}

#[test]
fn every_field_appears_as_soon_as_possible() {
    let text = invoice().to_string();
    let mut live = live::<Invoice>();
    assert_eq!(live.partial().state(), State::Pending);
    assert_eq!(*live.partial().vendor, "");
    for char in text.chars() {
        live.feed(char.encode_utf8(&mut [0; 4]));
    }
    let partial: &InvoicePartial = live.partial();
    assert_eq!(*partial.vendor, "Acme \"&\" Söhne");
    assert_eq!(partial.issued.whole(), chrono::NaiveDate::from_ymd_opt(2026, 2, 3));
    assert_eq!(partial.total.whole(), Some(12.5));
    assert_eq!(partial.status.whole(), Some(Status::Open));
    assert_eq!(*partial.buyer.name, "Ada, \n");
    assert_eq!(partial.lines.len(), 2);
    assert_eq!(*partial.lines[1].sku, "B-2");
    assert_eq!(partial.lines[1].whole(), Some(Line { sku: "B-2".into(), quantity: 30 }));
    assert_eq!(partial.note.as_str(), "none, really");
    assert_eq!(partial.prices.get("b").and_then(Partial::whole), Some(2.0));
    assert_eq!(partial.place.1.whole(), Some(-2.5));
    assert_eq!(*partial.more.sku, "C-3");
    assert_eq!(live.partial().json(), invoice());
    assert!(live.partial().is_whole());
}

#[test]
fn a_string_is_shown_as_it_grows_and_a_number_when_it_is_whole() {
    #[derive(Extract)]
    struct Title {
        title: String,
        year: u16,
    }
    let steps = steps::<Title>(r#"{"title": "Sun, up", "year": 1926}"#);
    let expected = [
        json!({}),
        json!({"title": "S"}),
        json!({"title": "Su"}),
        json!({"title": "Sun"}),
        json!({"title": "Sun, u"}),
        json!({"title": "Sun, up"}),
        // The end of the string is also a change.
        json!({"title": "Sun, up"}),
        json!({"title": "Sun, up", "year": 1926}),
    ];
    assert_eq!(steps, expected);
}

/// A type with serde and schemars only.
#[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Foreign {
    n: u8,
}

#[derive(Extract)]
struct Holder {
    foreign: Foreign,
    many: Vec<Foreign>,
    by_name: HashMap<String, Foreign>,
    maybe: Option<Foreign>,
}

#[test]
fn a_type_without_a_partial_form_appears_when_complete() {
    let mut live = live::<Holder>();
    live.feed(r#"{"foreign": {"n": 1"#);
    assert_eq!(live.partial().foreign.state(), State::Pending);
    live.feed(r#"}, "many": [{"n": 2}, {"n": 3}"#);
    assert_eq!(live.partial().foreign.whole(), Some(Foreign { n: 1 }));
    assert_eq!(live.partial().many.whole(), None);
    live.feed(r#"], "by_name": {"x": {"n": 4}}, "maybe": null}"#);
    assert_eq!(live.partial().many.whole().unwrap().len(), 2);
    assert_eq!(live.partial().by_name.whole().unwrap()["x"], Foreign { n: 4 });
    assert_eq!(live.partial().maybe.whole(), Some(None));
}

mod joined {
    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    pub(super) struct Existing {
        pub(super) a: String,
        pub(super) b: u8,
    }

    impl extract_llm::Extract for Existing {}
}

#[test]
fn a_type_that_implements_extract_by_hand_appears_when_complete() {
    let mut one = live::<joined::Existing>();
    one.feed(r#"{"a": "x", "b": 1"#);
    assert_eq!(one.partial().state(), State::Pending);
    one.feed("}");
    assert_eq!(one.partial().whole(), Some(joined::Existing { a: "x".into(), b: 1 }));

    let mut list = live::<Vec<joined::Existing>>();
    list.feed(r#"{"value": [{"a": "x", "b": 1}, {"a": "#);
    assert_eq!(list.partial().len(), 1);
}

#[derive(Extract)]
struct Tree {
    label: String,
    children: Vec<Self>,
    twin: Option<Box<Tree>>,
}

#[test]
fn a_recursive_type_is_shown_at_every_depth() {
    let text = r#"{"label": "a", "children": [{"label": "b", "children": [{"label": "c"#;
    let mut live = live::<Tree>();
    live.feed(text);
    assert_eq!(*live.partial().children[0].children[0].label, "c");
    assert_eq!(*live.partial().twin.twin.twin.label, "", "a pending field is empty");
}

#[derive(Extract)]
struct Page<T> {
    items: Vec<T>,
    next: Option<T>,
    r#type: String,
    #[serde(skip)]
    of: std::marker::PhantomData<T>,
}

#[test]
fn the_parameters_of_generic_types_are_shown_as_they_arrive() {
    let text = r#"{"items": [{"sku": "A"}, {"sku": "B"#;
    let mut one = live::<Page<Line>>();
    one.feed(text);
    assert_eq!(*one.partial().items[1].sku, "B");
    assert_eq!(one.partial().next.state(), State::Pending);
    assert_eq!(*one.partial().r#type, "");
    let mut other = live::<Page<chrono::NaiveDate>>();
    other.feed(r#"{"items": ["2026-01-02", "2026-01-0"#);
    assert_eq!(other.partial().items.len(), 1);
}

#[derive(Extract)]
#[serde(transparent)]
struct Sku {
    text: String,
}

#[derive(Extract)]
struct Amount(f64);

#[derive(Extract)]
struct Named(Sku, Amount);

#[test]
fn newtypes_are_shown_like_their_field() {
    let steps = steps::<Named>(r#"{"value": ["ab", 5]}"#);
    let expected =
        [json!([null, null]), json!(["a", null]), json!(["ab", null]), json!(["ab", null])];
    assert_eq!(steps[..4], expected);
    assert_eq!(steps.last(), Some(&json!(["ab", 5])));
    let mut live = live::<Named>();
    live.feed(r#"{"value": ["ab"#);
    assert_eq!(*live.partial().0.text, "ab");
}

#[derive(Extract)]
struct Outer {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, PartialEq, Extract)]
struct Inner {
    a: String,
}

#[test]
fn flattened_fields_appear_with_the_end_of_their_object() {
    let mut live = live::<Outer>();
    live.feed(r#"{"id": 1, "a": "x", "z": [1, 2]"#);
    assert_eq!(live.partial().json(), json!({"id": 1}));
    live.feed("}");
    assert_eq!(*live.partial().inner.a, "x");
    assert_eq!(live.partial().json()["z"], json!([1, 2]));
}

#[test]
fn a_partial_can_be_kept_compared_and_sent() {
    let mut live = live::<Invoice>();
    live.feed(r#"{"vendor": "Ac"#);
    let kept: Partial<Invoice> = live.partial().clone();
    assert_eq!(kept, *live.partial());
    live.feed("me");
    assert_ne!(kept, *live.partial());
    assert_eq!(serde_json::to_string(&kept).unwrap(), r#"{"vendor":"Ac"}"#);
    assert_eq!(format!("{kept:?}"), r#"{"vendor": "Ac"}"#);
    let inside: InvoicePartial = (**live.partial()).clone();
    assert_eq!(serde_json::to_value(&inside).unwrap(), json!({"vendor": "Acme"}));
}

#[test]
fn a_partial_can_start_over_and_be_settled() {
    let mut live = live::<Invoice>();
    live.feed(r#"{"vendor": "Ac"#);
    live.start_over();
    assert_eq!(live.partial().state(), State::Pending);
    assert!(live.take_changed());
    live.feed(r#"{"vendor": "B"#);
    assert_eq!(*live.partial().vendor, "B");
    live.settle(&invoice());
    assert_eq!(live.partial().json(), invoice());
    assert!(live.take_changed() && live.partial().is_whole());
    live.settle(&invoice());
    assert!(!live.take_changed(), "the value is unchanged");
}
