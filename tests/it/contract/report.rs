//! The report of a type's changes in a dialect, and the tool that is sent in that dialect.

use std::collections::BTreeMap;

use extract_llm::contract::Contract;
use extract_llm::dialect::{Dialect, DialectError, Limit, NoteKind};
use extract_llm::model::Profile;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Extract, Mode, assert_fits};
use serde_json::{Value, json};

use super::scripted;

/// An order.
#[derive(Debug, PartialEq, Extract)]
struct Order {
    lines: Vec<Line>,
    stock: BTreeMap<String, u32>,
    #[extract(length(max = 3))]
    note: String,
    how: Delivery,
}

#[derive(Debug, PartialEq, Extract)]
struct Line {
    #[extract(range(min = 1, max = 99))]
    quantity: u32,
    at: (f64, String),
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "by")]
enum Delivery {
    /// To the door.
    Post {
        #[extract(pattern("^[0-9]{5}$"))]
        code: String,
    },
    Pickup,
}

/// Seventeen fields that may be null.
#[derive(Debug, Extract)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Wide {
    a: Option<u8>,
    b: Option<u8>,
    c: Option<u8>,
    d: Option<u8>,
    e: Option<u8>,
    f: Option<u8>,
    g: Option<u8>,
    h: Option<u8>,
    i: Option<u8>,
    j: Option<u8>,
    k: Option<u8>,
    l: Option<u8>,
    m: Option<u8>,
    n: Option<u8>,
    o: Option<u8>,
    p: Option<u8>,
    q: Option<u8>,
}

#[test]
fn every_change_is_reported_with_its_pointer_in_the_type() {
    let contract = Contract::of::<Order>().unwrap();
    let report = contract.report(&Dialect::ANTHROPIC_TOOL);
    assert!(report.fits() && report.enforced && !report.wrapped && !report.is_native());
    let places: Vec<(&str, NoteKind)> =
        report.changes.iter().map(|change| (change.type_path.as_str(), change.kind)).collect();
    for expected in [
        ("Line.quantity", NoteKind::Described),
        ("Line.at", NoteKind::Reshaped),
        ("Order.stock", NoteKind::Reshaped),
        ("Order.note", NoteKind::Described),
    ] {
        assert!(places.contains(&expected), "{expected:?} in {report}");
    }
    for change in &report.changes {
        let mut pointer = change.pointer.as_str();
        // The pointer of a note leads into the type's schema.
        while contract.schema().pointer(pointer).is_none() {
            pointer = pointer.rsplit_once('/').expect("it leads into the schema").0;
        }
        assert!(change.pointer.len() - pointer.len() < 25, "{change:?}");
    }
    let text = report.to_string();
    assert!(text.starts_with("Order in anthropic-tool: fits\n"), "{text}");
    assert!(text.contains("Line.quantity: `minimum` is said in the description"), "{text}");
    assert!(text.contains(" of 24 properties that may be left out"), "{text}");
}

#[test]
fn a_wrapped_root_is_reported_and_pointers_are_relative_to_the_value() {
    let contract = Contract::of::<Vec<Line>>().unwrap();
    let report = contract.report(&Dialect::OPENAI_STRICT);
    assert!(report.wrapped);
    assert_eq!(report.changes.len(), 1, "{report}");
    assert_eq!(report.changes[0].type_path, "Line.at");
    let list = Contract::of::<Vec<(u8, bool)>>().unwrap().report(&Dialect::OPENAI_STRICT);
    assert_eq!(list.changes[0].pointer, "/items", "{list}");
    assert!(list.changes[0].type_path.ends_with("[]"), "{list}");
    assert!(list.to_string().contains("the member `value`"));
}

#[test]
fn an_exceeded_limit_is_reported_with_its_count_fields_and_remedy() {
    let report = Contract::of::<Wide>().unwrap().report(&Dialect::ANTHROPIC_FORMAT);
    let Some(DialectError::Limit { limit, allowed, count, fields, .. }) = &report.refusal else {
        panic!("{report}")
    };
    assert_eq!((*limit, *allowed, *count), (Limit::Unions, 16, 17));
    assert!(fields.contains(&"/a".to_owned()), "{fields:?}");
    assert!(report.to_string().contains("make some fields not optional"), "{report}");
}

#[test]
fn assert_fits_passes_for_a_supported_type() {
    assert_fits!(Order, openai, anthropic, gemini, groq, mistral, deepseek, llama_cpp, vllm);
    assert_fits!(Vec<Line>, openai);
}

#[test]
#[should_panic(expected = "17")]
fn assert_fits_fails_with_the_report() {
    assert_fits!(Wide, openai, anthropic);
}

#[tokio::test]
async fn a_contracts_tool_equals_the_tool_on_the_wire() {
    let contract = Contract::of::<Order>().unwrap();
    for dialect in [&Dialect::OPENAI_STRICT, &Dialect::JSON_SCHEMA, &Dialect::DEEPSEEK] {
        let tool = contract.tool(dialect).unwrap();
        let mut profile = Profile::new("scripted", "scripted");
        profile.tool_dialect = dialect;
        profile.tool_strict = tool["function"]["strict"] == true;
        let own = json!({"lines": [], "stock": {}, "note": "x", "how": {"by": "Pickup"}});
        let sent = contract.lowered(dialect, profile.tool_strict).unwrap().lowered.lower_value(own);
        let model = Scripted::new([reply::tool(sent)]).with_profile(profile);
        let client = scripted::client_of(&model);
        let _: Order = client.extract("text").mode(Mode::Tools).await.unwrap();
        assert_eq!(model.seen()[0].body["tools"][0], tool, "{}", dialect.name());
    }
    let tool = contract.tool(&Dialect::ANTHROPIC_TOOL).unwrap();
    let keys: Vec<&String> = tool.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "description", "input_schema", "strict"]);
    let tool = contract.tool(&Dialect::GEMINI_JSON_SCHEMA).unwrap();
    assert_eq!(tool["parametersJsonSchema"]["type"], "object");
    let tool = contract.tool(&Dialect::GEMINI_RESPONSE_SCHEMA).unwrap();
    assert_eq!(tool["parameters"]["type"], "OBJECT");
    assert!(Contract::of::<Wide>().unwrap().tool(&Dialect::ANTHROPIC_TOOL).is_err());
}

#[test]
fn descriptions_of_variants_are_sent_in_every_dialect() {
    #[derive(Extract)]
    #[allow(dead_code, reason = "only its schema is of interest")]
    struct Ticket {
        #[deprecated]
        number: u32,
        /// How urgent.
        urgency: Urgency,
        action: Delivery,
    }
    #[derive(Extract)]
    #[allow(dead_code, reason = "only its schema is of interest")]
    enum Urgency {
        /// Within the hour.
        High,
        /// When there is time.
        Low,
    }
    let contract = Contract::of::<Ticket>().unwrap();
    let told =
        ["Within the hour", "When there is time", "How urgent", "To the door", "Deprecated."];
    for dialect in Dialect::ALL {
        let schema = contract.lowered(dialect, false).unwrap().tool.schema.to_string();
        for words in told {
            assert!(schema.contains(words), "{words} is not in {}: {schema}", dialect.name());
        }
    }
    for text in [contract.prompt_schema(), &contract.json_schema_text()] {
        for words in told {
            assert!(text.contains(words), "{words} is not in {text}");
        }
    }
}

#[test]
fn examples_of_fields_and_types_are_sent_in_every_dialect() {
    #[derive(Extract, serde::Serialize)]
    #[extract(example = Paint { colour: "teal".to_owned(), litres: 2.5 })]
    struct Paint {
        #[extract(example = "cobalt", example = "ochre")]
        colour: String,
        litres: f64,
    }
    let contract = Contract::of::<Paint>().unwrap();
    for dialect in Dialect::ALL {
        let schema = contract.lowered(dialect, false).unwrap().tool.schema.to_string();
        for words in ["cobalt", "ochre", "teal"] {
            assert!(schema.contains(words), "{words} is not in {}: {schema}", dialect.name());
        }
    }
    for words in ["cobalt", "ochre"] {
        assert!(contract.prompt_schema().contains(words), "{}", contract.prompt_schema());
    }
}

#[test]
fn a_prompt_schema_is_available_in_both_forms() {
    let contract = Contract::of::<Order>().unwrap();
    let schema: Value = serde_json::from_str(&contract.json_schema_text()).unwrap();
    assert_eq!(schema["properties"]["stock"]["type"], "object", "the type's own shape");
    assert!(contract.prompt_schema().len() < contract.json_schema_text().len() / 2);
}
