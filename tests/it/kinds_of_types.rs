//! Types that need special care: each is sent in every dialect, as a tool and as native output. The
//! reply has the requested shape or the type's shape, and must come back unchanged.

use std::collections::BTreeMap;
use std::fmt::Debug;

use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use extract_llm::extraction::Layout;
use extract_llm::model::Profile;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::{ScriptedReply, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Mode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::support::rules;

mod any;

/// The shape of the model's reply.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// The shape of the sent schema.
    Asked,
    /// The type's shape, which models write that are not constrained by a schema.
    Own,
}

/// The expected result for a reply in the type's shape, if another shape was requested.
#[derive(Clone, Copy, PartialEq)]
enum Natural {
    /// It is read or reported as a problem. It never becomes another value.
    Refusable,
    /// It is read.
    Read,
}

/// Sends a value in every combination, and returns descriptions of those that did not come back
/// unchanged.
fn faults<T>(sample: &T, natural: Natural) -> Vec<String>
where
    T: Extract + Serialize + PartialEq + Debug,
{
    let contract = Contract::of::<T>().unwrap();
    let own = serde_json::to_value(sample).unwrap();
    let again: T = serde_json::from_value(own.clone()).unwrap();
    assert_eq!(again, *sample, "serde itself does not read it back");
    let mut faults: Vec<String> = extract_core::check::violations(&contract, &own)
        .iter()
        .map(|problem| format!("the type's own schema refuses {own}: {problem}"))
        .collect();
    match extract_llm::parse::<T>(&own.to_string()) {
        Ok(read) if read.value == *sample => {}
        other => faults.push(format!("parsed: {own} became {other:?}")),
    }
    for dialect in Dialect::ALL.iter().filter(|dialect| contract.report(dialect).fits()) {
        let form = contract.lowered(dialect, dialect.enforced()).unwrap();
        let wrapped = if contract.is_wrapped() { json!({"value": own}) } else { own.clone() };
        let asked = form.lowered.lower_value(wrapped.clone());
        let sent = validator(&form.lowered.schema);
        let name = dialect.name();
        if let Err(error) = sent.validate(&asked) {
            let schema = &form.lowered.schema;
            faults.push(format!("{name}: the sent schema refuses {asked}: {error}\n  {schema}"));
        }
        let mut replies = vec![(Shape::Asked, asked)];
        // A reply that fits the sent schema would count as one in the requested shape, with
        // possibly another value.
        if !sent.is_valid(&wrapped) {
            replies.extend([(Shape::Own, wrapped), (Shape::Own, own.clone())]);
        }
        for (shape, reply) in replies {
            for mode in [Mode::Tools, Mode::JsonSchema] {
                let answer = match mode {
                    Mode::Tools => reply::tool(reply.clone()),
                    _ => reply::json(reply.clone()),
                };
                let client = client(dialect, answer);
                let asked = client.extract::<T>("text").mode(mode).layout(Layout::Whole);
                let read = run(asked.validation_retries(0));
                let may_refuse = shape == Shape::Own && natural == Natural::Refusable;
                if let Some(fault) = fault(&read, sample, may_refuse) {
                    faults.push(format!("{name}, {mode}, {shape:?}: {reply} {fault}"));
                }
            }
        }
    }
    faults
}

fn fault<T: PartialEq + Debug>(
    read: &Result<T, Error>,
    sample: &T,
    may_refuse: bool,
) -> Option<String> {
    match read {
        Ok(value) => (value != sample).then(|| format!("became {value:?}")),
        Err(error) if may_refuse && matches!(error.kind(), ErrorKind::Invalid { .. }) => None,
        Err(error) => Some(format!("was refused: {error}")),
    }
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::validator_for(&rules::standard(schema)).unwrap()
}

fn client(dialect: &'static Dialect, answer: ScriptedReply) -> Client {
    let mut profile = Profile::new("scripted", "scripted");
    (profile.dialect, profile.tool_dialect) = (dialect, dialect);
    (profile.strict, profile.tool_strict) = (dialect.enforced(), dialect.enforced());
    Client::with_model(Scripted::new([answer]).with_profile(profile))
}

fn run<T>(asked: impl IntoFuture<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(asked.into_future())
}

#[track_caller]
fn comes_back<T>(samples: impl IntoIterator<Item = T>, natural: Natural)
where
    T: Extract + Serialize + PartialEq + Debug,
{
    let samples: Vec<T> = samples.into_iter().collect();
    assert!(!samples.is_empty(), "no samples");
    let faults: Vec<String> = samples.iter().flat_map(|sample| faults(sample, natural)).collect();
    let schema = Contract::of::<T>().unwrap().schema().clone();
    assert!(faults.is_empty(), "{schema}\n{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Sends a variant's arguments as a call of its tool, in the requested shape and in the type's
/// shape.
#[track_caller]
fn comes_back_as_a_call<T>(samples: impl IntoIterator<Item = (&'static str, Value, T)>)
where
    T: Extract + Serialize + PartialEq + Debug,
{
    let contract = Contract::of::<T>().unwrap();
    let variants = contract.variants().expect("each variant is a tool");
    let mut faults: Vec<String> = Vec::new();
    for (tool, own, sample) in samples {
        let variant = variants.iter().find(|variant| variant.name() == tool).unwrap();
        for dialect in Dialect::ALL.iter().filter(|dialect| contract.report(dialect).fits()) {
            let form = variant.contract().lowered(dialect, dialect.enforced()).unwrap();
            let is_wrapped = variant.contract().is_wrapped();
            let own = if is_wrapped { json!({"value": own}) } else { own.clone() };
            let schema = &form.lowered.schema;
            let (sent, name) = (validator(schema), dialect.name());
            let asked = form.lowered.lower_value(own.clone());
            if let Err(error) = sent.validate(&asked) {
                faults.push(format!("{name}: the tool refuses {asked}: {error}\n  {schema}"));
            }
            let mut calls = vec![(Shape::Asked, asked)];
            if !sent.is_valid(&own) {
                calls.push((Shape::Own, own.clone()));
            }
            for (shape, arguments) in calls {
                let client = client(dialect, reply::call(tool, arguments.clone()));
                let read =
                    run(client.extract::<T>("text").layout(Layout::Each).validation_retries(0));
                if let Some(fault) = fault(&read, &sample, shape == Shape::Own) {
                    faults.push(format!("{name}, {shape:?}: {tool} {arguments} {fault}"));
                }
            }
        }
    }
    let schema = contract.schema();
    assert!(faults.is_empty(), "{schema}\n{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Extract)]
enum Day {
    Mon,
    Tue,
}

#[test]
fn a_map_of_enum_keys_and_optional_values() {
    type Seats = BTreeMap<Day, Option<u8>>;
    // A dialect that requires every member uses null for an absent entry, so it cannot express an
    // entry that is null.
    let samples: [Seats; 3] = [
        Seats::new(),
        [(Day::Mon, Some(1))].into(),
        [(Day::Mon, Some(1)), (Day::Tue, Some(0))].into(),
    ];
    comes_back(samples, Natural::Refusable);
    let contract = Contract::of::<Seats>().unwrap();
    let form = contract.lowered(&Dialect::OPENAI_STRICT, true).unwrap();
    let sent = json!({"Mon": 1, "Tue": null});
    assert_eq!(form.lowered.restore(sent), json!({"Mon": 1}), "the null entry is absent");
}

#[test]
fn a_map_of_enum_keys() {
    type Seats = BTreeMap<Day, u8>;
    let samples: [Seats; 3] =
        [Seats::new(), [(Day::Mon, 1)].into(), [(Day::Mon, 1), (Day::Tue, 0)].into()];
    comes_back(samples, Natural::Refusable);
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "shape")]
enum Outline {
    Circle { radius: u8 },
    Square { side: u8 },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum Paint {
    Plain,
    Striped { with: String },
    Spotted(u8),
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Tile {
    id: u8,
    #[serde(flatten)]
    outline: Outline,
    #[serde(flatten)]
    paint: Paint,
}

#[test]
fn two_flattened_enums_in_a_struct() {
    let samples = || {
        [
            Tile { id: 1, outline: Outline::Circle { radius: 2 }, paint: Paint::Plain },
            Tile { id: 2, outline: Outline::Square { side: 3 }, paint: Paint::Spotted(4) },
            Tile {
                id: 3,
                outline: Outline::Square { side: 3 },
                paint: Paint::Striped { with: "red".into() },
            },
        ]
    };
    comes_back(samples(), Natural::Refusable);
    comes_back([Vec::from(samples())], Natural::Refusable);
}

#[test]
fn two_flattened_enums_are_both_required() {
    for (text, missing) in [
        (r#"{"id": 1, "shape": "Circle", "radius": 2}"#, "no paint"),
        (r#"{"id": 1, "Plain": null}"#, "no outline"),
        (r#"{"id": 1, "shape": "Circle", "Plain": null}"#, "no radius"),
        (r#"{"id": 1, "shape": "Oval", "radius": 2, "Plain": null}"#, "no such outline"),
        (r#"{"id": 1, "shape": "Circle", "radius": 2, "Dotted": 1}"#, "no such paint"),
    ] {
        let read = extract_llm::parse::<Tile>(text);
        assert!(read.is_err(), "{missing}: {text} became {:?}", read.unwrap().value);
    }
}

#[test]
fn two_flattened_tagged_enums_in_a_struct() {
    #[derive(Debug, PartialEq, Serialize, Extract)]
    #[serde(tag = "colour")]
    enum Colour {
        Grey { shade: u8 },
        Named { name: String },
    }
    #[derive(Debug, PartialEq, Serialize, Extract)]
    struct Coloured {
        id: u8,
        #[serde(flatten)]
        outline: Outline,
        #[serde(flatten)]
        colour: Colour,
    }
    comes_back(
        [
            Coloured {
                id: 1,
                outline: Outline::Circle { radius: 2 },
                colour: Colour::Grey { shade: 1 },
            },
            Coloured {
                id: 2,
                outline: Outline::Square { side: 3 },
                colour: Colour::Named { name: "red".into() },
            },
        ],
        Natural::Refusable,
    );
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Outlined {
    id: u8,
    #[serde(flatten)]
    outline: Option<Outline>,
}

#[test]
fn a_flattened_optional_enum() {
    comes_back(
        [
            Outlined { id: 1, outline: None },
            Outlined { id: 2, outline: Some(Outline::Circle { radius: 2 }) },
        ],
        Natural::Refusable,
    );
}

#[test]
fn a_flattened_optional_enum_with_a_tag_is_not_absent() {
    for text in [
        r#"{"id": 2, "shape": "Circle"}"#,
        r#"{"id": 2, "shape": "Circle", "radius": "wide"}"#,
        r#"{"id": 2, "shape": "Oval", "radius": 2}"#,
        r#"{"id": 2, "shape": "Circle", "side": 2}"#,
    ] {
        let read = extract_llm::parse::<Outlined>(text);
        assert!(read.is_err(), "{text} became {:?}", read.unwrap().value);
    }
}

#[test]
fn a_flattened_optional_enum_tagged_by_its_key() {
    #[derive(Debug, PartialEq, Serialize, Extract)]
    struct Painted {
        id: u8,
        #[serde(flatten)]
        paint: Option<Paint>,
    }
    comes_back(
        [
            Painted { id: 1, paint: None },
            Painted { id: 2, paint: Some(Paint::Plain) },
            Painted { id: 3, paint: Some(Paint::Spotted(1)) },
            Painted { id: 4, paint: Some(Paint::Striped { with: "red".into() }) },
        ],
        Natural::Refusable,
    );
}

/// schemars describes a documented unit variant as a text, even where it is flattened as a member.
#[test]
fn a_flattened_enum_of_described_unit_variants() {
    #[derive(Debug, PartialEq, Serialize, Extract)]
    enum State {
        /// Not yet paid.
        Open,
        Paid(u8),
    }
    #[derive(Debug, PartialEq, Serialize, Extract)]
    struct Bill {
        id: u8,
        #[serde(flatten)]
        state: State,
    }
    comes_back(
        [Bill { id: 1, state: State::Open }, Bill { id: 2, state: State::Paid(3) }],
        Natural::Refusable,
    );
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "kind")]
enum Found {
    Scores(BTreeMap<String, u8>),
    Note { text: String },
    Nothing,
}

fn scores() -> BTreeMap<String, u8> {
    [("a".to_owned(), 1), ("b".to_owned(), 2)].into()
}

#[test]
fn an_internally_tagged_variant_that_holds_a_map() {
    comes_back(
        [
            Found::Scores(BTreeMap::new()),
            Found::Scores(scores()),
            Found::Note { text: "x".into() },
            Found::Nothing,
        ],
        Natural::Refusable,
    );
}

#[test]
fn an_internally_tagged_variant_that_holds_a_map_as_a_tool() {
    comes_back_as_a_call([
        ("Note", json!({"text": "x"}), Found::Note { text: "x".into() }),
        ("Nothing", json!({}), Found::Nothing),
        ("Scores", json!({}), Found::Scores(BTreeMap::new())),
        ("Scores", json!({"a": 1, "b": 2}), Found::Scores(scores())),
    ]);
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Sheet {
    id: u8,
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

fn sheets() -> [Sheet; 3] {
    let fields = |name: &str| [(name.to_owned(), "x".to_owned())].into();
    [
        Sheet { id: 1, fields: BTreeMap::new() },
        Sheet { id: 2, fields: fields("a") },
        // Under the name that a strict dialect gives to the map.
        Sheet { id: 3, fields: fields("additional_properties") },
    ]
}

#[test]
fn a_flattened_map() {
    comes_back(sheets(), Natural::Refusable);
}

#[test]
fn a_flattened_map_in_its_own_shape() {
    comes_back(sheets(), Natural::Read);
}

#[test]
fn an_entry_beside_the_list_of_a_flattened_map_is_not_dropped() {
    let list = json!([{"key": "a", "value": "x"}]);
    let reply = json!({"id": 1, "additional_properties": list, "b": "y"});
    for mode in [Mode::Tools, Mode::JsonSchema] {
        let answer = match mode {
            Mode::Tools => reply::tool(reply.clone()),
            _ => reply::json(reply.clone()),
        };
        let client = client(&Dialect::OPENAI_STRICT, answer);
        match run(client.extract::<Sheet>("text").mode(mode).validation_retries(0)) {
            Ok(sheet) => assert_eq!(sheet.fields.keys().collect::<Vec<_>>(), ["a", "b"], "{mode}"),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Invalid { .. }), "{error}"),
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Item {
    sku: String,
    count: Option<u8>,
}

fn item(sku: &str) -> Item {
    Item { sku: sku.into(), count: Some(1) }
}

#[test]
fn an_untagged_list() {
    #[derive(Debug, PartialEq, Serialize, Extract)]
    #[serde(untagged)]
    enum Order {
        One(Item),
        Many(Vec<Item>),
    }
    #[derive(Debug, PartialEq, Serialize, Extract)]
    struct Placed {
        order: Order,
        before: Vec<Order>,
    }
    let orders = || [Order::One(item("a")), Order::Many(vec![item("a"), item("b")])];
    comes_back(orders(), Natural::Read);
    comes_back([Order::Many(vec![]), Order::Many(vec![item("a")])], Natural::Read);
    comes_back(orders().map(|order| Placed { order, before: orders().into() }), Natural::Read);
}

#[test]
fn an_untagged_list_that_is_sent_as_an_object() {
    #[derive(Debug, PartialEq, Serialize, Extract)]
    #[serde(untagged)]
    enum Order {
        Many(Vec<Item>),
        Page { items: Vec<Item>, next: u8 },
        Words(Vec<String>),
    }
    let orders = || {
        [
            Order::Many(vec![item("a"), item("b")]),
            Order::Page { items: vec![item("a")], next: 2 },
            Order::Words(vec!["a".into()]),
        ]
    };
    comes_back(orders(), Natural::Read);
    comes_back([Vec::from(orders())], Natural::Read);
}

#[test]
fn an_untagged_tuple_beside_a_list_of_texts() {
    #[derive(Debug, PartialEq, Serialize, Extract)]
    #[serde(untagged)]
    enum Row {
        Words(Vec<String>),
        Pair(u8, bool),
    }
    comes_back([Row::Words(vec!["a".into()]), Row::Pair(1, true)], Natural::Refusable);
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Empty {}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Holder {
    first: Empty,
    more: Vec<Empty>,
    other: Option<Empty>,
}

#[test]
fn an_empty_struct() {
    comes_back([Empty {}], Natural::Read);
    comes_back(
        [
            Holder { first: Empty {}, more: vec![Empty {}, Empty {}], other: Some(Empty {}) },
            Holder { first: Empty {}, more: vec![], other: None },
        ],
        Natural::Read,
    );
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum Mark {
    #[serde(rename = "")]
    Empty,
    #[serde(rename = "x")]
    Cross,
}

#[derive(Debug, PartialEq, Serialize, Extract)]
struct Cell {
    mark: Mark,
    before: Option<Mark>,
}

#[test]
fn an_empty_text_among_the_values_of_an_enum() {
    comes_back([Mark::Empty, Mark::Cross], Natural::Read);
    comes_back(
        [
            Cell { mark: Mark::Empty, before: Some(Mark::Cross) },
            Cell { mark: Mark::Cross, before: Some(Mark::Empty) },
            Cell { mark: Mark::Cross, before: None },
        ],
        Natural::Read,
    );
}

const GEMINI: [&Dialect; 2] = [&Dialect::GEMINI_JSON_SCHEMA, &Dialect::GEMINI_RESPONSE_SCHEMA];

/// Collects the objects and enums of a schema that Gemini answers with 400: "properties: should be
/// non-empty for OBJECT type" (<https://github.com/agno-agi/agno/issues/2112>) and "enum[0]: cannot
/// be empty" (<https://github.com/apify/apify-mcp-server/issues/353>).
fn refused_by_gemini(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(keywords) => {
            let is_object = keywords
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|name| name.eq_ignore_ascii_case("object"));
            let properties = keywords.get("properties").and_then(Value::as_object);
            if is_object && properties.is_some_and(serde_json::Map::is_empty) {
                found.push(format!("an object without properties: {schema}"));
            }
            let values = keywords.get("enum").and_then(Value::as_array);
            if values.is_some_and(|values| values.contains(&json!(""))) {
                found.push(format!("an empty text in an enum: {schema}"));
            }
            keywords.values().for_each(|inner| refused_by_gemini(inner, found));
        }
        Value::Array(inner) => inner.iter().for_each(|inner| refused_by_gemini(inner, found)),
        _ => {}
    }
}

#[track_caller]
fn gemini_takes<T: Extract>() {
    for dialect in GEMINI {
        let form = Contract::of::<T>().unwrap().lowered(dialect, dialect.enforced()).unwrap();
        let mut found = Vec::new();
        refused_by_gemini(&form.lowered.schema, &mut found);
        assert!(found.is_empty(), "{}: {}", dialect.name(), found.join("; "));
    }
}

#[test]
fn an_empty_struct_is_accepted_by_gemini() {
    gemini_takes::<Holder>();
}

#[test]
fn an_empty_text_among_the_values_of_an_enum_is_accepted_by_gemini() {
    gemini_takes::<Mark>();
    gemini_takes::<Cell>();
}
