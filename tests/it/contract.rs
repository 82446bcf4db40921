//! A type's request: its contract, its schema on the wire, and that nothing of the type is lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Barrier};

use crate::support::scripted;
use extract_llm::contract::{Contract, ContractError};
use extract_llm::dialect::Dialect;
use extract_llm::model::{Model, Profile};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, ErrorKind, Extract, Mode};
use serde_json::{Value, json};

mod bounded;
mod constraint_reasks;
mod drafts;
mod modes;
mod report;
mod run_time_schemas;
mod tokens;
mod type_faults;

#[derive(Debug, PartialEq, Extract)]
struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

/// Fields with the names of JSON Schema keywords.
#[derive(Debug, PartialEq, Extract)]
struct Awkward {
    title: String,
    format: String,
    r#type: String,
    properties: String,
    #[serde(rename = "$ref")]
    reference: String,
    required: bool,
    items: Vec<u8>,
    description: String,
    default: i8,
    #[serde(rename = "$schema")]
    schema: String,
    #[serde(rename = "x-aliases")]
    extension: String,
    additional_properties: u8,
    #[serde(rename = "enum")]
    options: String,
    #[serde(rename = "a/b~c")]
    escaped: String,
}

fn awkward() -> Value {
    json!({
        "title": "t", "format": "f", "type": "y", "properties": "p", "$ref": "r", "required": true,
        "items": [1], "description": "d", "default": -1, "$schema": "s", "x-aliases": "x",
        "additional_properties": 2, "enum": "e", "a/b~c": "z",
    })
}

/// Returns a client with OpenAI's strict dialect.
fn strict(replies: Vec<Value>) -> (Client, Scripted) {
    let mut profile = Profile::new("openai", "scripted");
    profile.tool_dialect = &Dialect::OPENAI_STRICT;
    profile.tool_strict = true;
    let model = Scripted::new(replies.into_iter().map(reply::tool)).with_profile(profile);
    (scripted::client_of(&model), model)
}

#[test]
fn a_contract_is_built_once_and_shared_by_all_threads() {
    struct Unbuilt;
    static BUILT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    impl<'de> serde::Deserialize<'de> for Unbuilt {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    impl schemars::JsonSchema for Unbuilt {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Unbuilt".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            BUILT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            schemars::json_schema!({"type": "object", "properties": {}})
        }
    }
    impl Extract for Unbuilt {}

    let start = Barrier::new(16);
    let contracts: Vec<Arc<Contract>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Contract::of::<Unbuilt>().unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    assert_eq!(BUILT.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(contracts.iter().all(|contract| Arc::ptr_eq(contract, &contracts[0])));
    let forms: Vec<_> = contracts
        .iter()
        .map(|contract| contract.lowered(&Dialect::JSON_SCHEMA, false).unwrap())
        .collect();
    assert!(forms.iter().all(|form| Arc::ptr_eq(form, &forms[0])));
}

#[test]
fn each_instance_of_a_generic_type_has_its_own_contract() {
    let numbers = Contract::of::<Page<u8>>().unwrap();
    let texts = Contract::of::<Page<String>>().unwrap();
    assert_ne!(numbers.schema(), texts.schema());
    assert_ne!(numbers.name(), texts.name());
    for contract in [numbers, texts] {
        assert!(contract.name().bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)));
    }
}

#[tokio::test]
async fn no_property_is_lost_whatever_its_name() {
    for strictly in [true, false] {
        let (client, model) = if strictly {
            strict(vec![awkward()])
        } else {
            scripted::scripted([reply::tool(awkward())])
        };

        let value: Awkward = client.extract("text").await.unwrap();

        assert_eq!(
            (value.title.as_str(), value.reference.as_str(), value.escaped.as_str()),
            ("t", "r", "z")
        );
        let parameters = &model.seen()[0].body["tools"][0]["function"]["parameters"];
        let sent: Vec<&String> = parameters["properties"].as_object().unwrap().keys().collect();
        let named = awkward();
        let named: Vec<&String> = named.as_object().unwrap().keys().collect();
        assert_eq!(sent, named, "all properties, in declaration order");
    }
}

#[tokio::test]
async fn schema_annotations_without_use_for_providers_are_not_sent() {
    #[derive(Extract)]
    struct Noisy {
        #[serde(alias = "n")]
        name: String,
        inner: Page<String>,
    }
    let (client, model) = strict(vec![json!({"name": "x", "inner": {"items": [], "next": null}})]);
    let _: Noisy = client.extract("text").await.unwrap();

    let sent = model.seen()[0].body["tools"][0]["function"]["parameters"].to_string();
    for noise in ["\"title\"", "$schema", "x-", "uint32"] {
        assert!(!sent.contains(noise), "{noise} is in {sent}");
    }
}

#[tokio::test]
async fn shapes_that_the_strict_dialect_cannot_express_are_restored() {
    #[derive(Debug, PartialEq, Extract)]
    struct Rich {
        scores: BTreeMap<String, u8>,
        at: (f64, f64),
        nickname: Option<String>,
        shape: Shape,
        children: Vec<Rich>,
    }
    #[derive(Debug, PartialEq, Extract)]
    #[serde(tag = "kind")]
    enum Shape {
        Circle { radius: f64 },
        Square { side: f64 },
    }
    // A value is lowered by the same plan that restores it.
    let contract = Contract::of::<Rich>().unwrap();
    let own = json!({
        "scores": {"math": 1}, "at": [1.0, 2.0], "shape": {"kind": "Square", "side": 3.0},
        "children": [{"scores": {}, "at": [0.0, 0.0], "nickname": "x",
                      "shape": {"kind": "Circle", "radius": 1.0}, "children": []}],
    });
    let form = contract.lowered(&Dialect::OPENAI_STRICT, true).unwrap();
    let (client, model) = strict(vec![form.lowered.lower_value(own)]);

    let rich: Rich = client.extract("text").await.unwrap();

    assert_eq!(rich.scores["math"], 1);
    assert_eq!(rich.nickname, None);
    assert_eq!(rich.shape, Shape::Square { side: 3.0 });
    assert_eq!(rich.children[0].nickname.as_deref(), Some("x"));
    let sent = &model.seen()[0].body["tools"][0]["function"];
    assert_eq!(sent["strict"], true);
    assert!(!sent["parameters"].to_string().contains("oneOf"));
}

#[tokio::test]
async fn a_schema_that_the_strict_dialect_refuses_is_sent_without_enforcement() {
    // More properties than OpenAI's strict mode allows.
    struct Huge(HashMap<String, Value>);
    impl<'de> serde::Deserialize<'de> for Huge {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            serde::Deserialize::deserialize(deserializer).map(Self)
        }
    }
    impl schemars::JsonSchema for Huge {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Huge".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            let properties: serde_json::Map<String, Value> =
                (0..6000).map(|n| (format!("p{n}"), json!({"type": "boolean"}))).collect();
            schemars::json_schema!({"type": "object", "properties": properties})
        }
    }
    impl Extract for Huge {}

    let (client, model) = strict(vec![json!({"p1": true})]);
    let done = client.extract::<Huge>("text").report().await.unwrap();

    assert_eq!(done.value.0["p1"], true);
    assert_eq!(done.ledger.notes.len(), 1, "{:?}", done.ledger.notes);
    assert!(done.ledger.notes[0].contains("6000"), "{:?}", done.ledger.notes);
    assert_eq!(model.seen()[0].body["tools"][0]["function"].get("strict"), None);
}

#[tokio::test]
async fn an_unsupported_type_is_refused_and_the_error_names_the_field() {
    #[derive(Debug, Extract)]
    struct Outer {
        #[allow(dead_code, reason = "never read: the type is refused")]
        inner: Inner,
    }
    // The macro cannot see through an alias that the type is not a number.
    type Flag = bool;
    #[derive(Debug, Extract)]
    struct Inner {
        #[extract(range(min = 1))]
        #[allow(dead_code, reason = "never read: the type is refused")]
        flag: Flag,
    }
    let (client, model) = scripted::scripted([]);
    let error = client.extract::<Outer>("text").await.unwrap_err();
    let ErrorKind::Contract(ContractError::Schema { name, pointer, message }) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(name, "Outer");
    assert!(pointer.ends_with("/properties/flag"), "{pointer}");
    assert!(message.contains("range"), "{message}");
    assert_eq!(model.seen().len(), 0);
}

#[tokio::test]
async fn feedback_uses_pointers_into_the_models_answer() {
    let bad = json!({"value": [{"items": [], "next": -1}]});
    let good = json!({"value": [{"items": [], "next": 1}]});
    let (client, model) = scripted::scripted([reply::tool(bad), reply::tool(good)]);

    let done = client.extract::<Vec<Page<u8>>>("text").mode(Mode::Tools).report().await.unwrap();

    assert_eq!(
        done.ledger.attempts[0].problems[0].pointer, "/0/next",
        "the report points into the value"
    );
    let told = model.seen()[1].body["messages"][2]["content"].as_str().unwrap().to_owned();
    assert!(told.contains("/value/0/next"), "feedback points into the answer: {told}");
    assert_eq!(Model::profile(&model).provider, "scripted");
}
