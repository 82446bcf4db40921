//! The feedback for an invalid answer: its pointers, the JSON that it shows, its size in bytes, and
//! its position in each protocol's request.

use std::collections::BTreeMap;

use extract_core::check::{annotate, fold};
use extract_core::wire::{Delivery, Quirks};
use extract_llm::check::Feedback;
use extract_llm::conversation::Request;
use extract_llm::dialect::Dialect;
use extract_llm::model::Profile;
use extract_llm::model::Protocol;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::{ScriptedReply, reply};
use extract_llm::{Client, Extract, Mode, Problem, Problems};
use serde_json::{Value, json};

use crate::support::scripted::scripted as client;

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "only asked for")]
struct Order {
    customer: String,
    #[extract(length(min = 1))]
    lines: Vec<Line>,
    #[extract(range(min = 0.0))]
    total: f64,
}

#[derive(Debug, Extract)]
#[allow(dead_code, reason = "only asked for")]
struct Line {
    sku: String,
    #[extract(range(min = 1))]
    quantity: u32,
}

fn good() -> Value {
    json!({"customer": "Ada", "lines": [{"sku": "A-1", "quantity": 2}], "total": 9.5})
}

/// Returns the last message of the second request, after this invalid answer.
async fn told<T: Extract>(bad: Value, good: Value) -> String {
    let (client, model) = client([reply::tool(bad), reply::tool(good)]);
    client.extract::<T>("an order").await.unwrap();
    let messages = model.seen()[1].body["messages"].as_array().unwrap().clone();
    messages.last().unwrap()["content"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_short_answer_is_shown_with_problems_beside_their_lines() {
    let bad = json!({"lines": [{"sku": "A-1", "quantity": "two"}], "total": -1});
    assert_eq!(
        told::<Order>(bad, good()).await,
        r#"The answer has 3 problems, marked in it:
{
  "lines": [
    {
      "sku": "A-1",
      "quantity": "two" // /lines/0/quantity: expected an integer, found "two"
    }
  ],
  "total": -1 // /total: expected at least 0.0, found -1
  // /customer: missing required field
}
Call the tool again with the whole answer, corrected."#
    );
}

#[tokio::test]
async fn only_the_invalid_parts_of_a_long_answer_are_shown() {
    let mut lines: Vec<Value> =
        (0..200).map(|n| json!({"sku": format!("A-{n}"), "quantity": 1})).collect();
    lines[41]["quantity"] = json!(0);
    lines[120]["sku"] = json!(null);
    let bad = json!({"customer": "Ada", "lines": lines, "total": 9.5});
    let size = bad.to_string().len();

    // The whole value is asked for, to show that the answer is not repeated.
    let (client, model) = client([reply::tool(bad), reply::tool(good())]);
    client.extract::<Order>("an order").await.unwrap();
    let feedback = format!("{:?}", model.seen()[1].request.messages.last().unwrap());

    assert!(size > 5_000 && feedback.len() < 1_000, "{size}, {feedback}");
    for part in ["A-41", "/lines/41/quantity: expected at least 1", "… 41 elements"] {
        assert!(feedback.contains(part), "{part}: {feedback}");
    }
    assert!(feedback.contains("/lines/120/sku: expected a string, found null"), "{feedback}");
    assert!(!feedback.contains("A-42") && !feedback.contains("A-199"), "{feedback}");
}

#[tokio::test]
async fn equal_problems_are_folded() {
    let lines: Vec<Value> = (0..200).map(|_| json!({"sku": "A-1", "quantity": 0})).collect();
    let bad = json!({"customer": "Ada", "lines": lines, "total": -1});

    let feedback = told::<Order>(bad, good()).await;

    let folded =
        "- /lines/*/quantity: expected at least 1, found 0 (200 places: /lines/0/quantity, ";
    assert!(feedback.contains(folded), "{feedback}");
    assert!(feedback.contains("\"total\": -1 // /total: expected at least 0.0"), "{feedback}");
    assert!(feedback.len() < 1_000, "{} bytes: {feedback}", feedback.len());
}

#[test]
fn only_equal_problems_are_folded_and_their_order_is_kept() {
    let at = |pointer: String| Problem::rule(pointer, "a number");
    let mut problems: Vec<Problem> = vec![Problem::rule("/a", "x")];
    problems.extend((0..4).map(|n| at(format!("/rows/{n}/cells/{}/price", 9 - n))));
    problems.extend((0..3).map(|n| at(format!("/others/{n}"))));
    problems.extend((0..4).map(|n| at(format!("/maps/k{n}"))));

    let patterns: Vec<String> = fold(&problems).iter().map(|one| one.pattern.clone()).collect();
    let alone =
        ["/others/0", "/others/1", "/others/2", "/maps/k0", "/maps/k1", "/maps/k2", "/maps/k3"];
    assert_eq!(patterns, [["/a", "/rows/*/cells/*/price"].as_slice(), &alone].concat());
    let told: usize = fold(&problems).iter().map(|one| one.problems.len()).sum();
    assert_eq!(told, problems.len(), "no problem is lost");
}

#[test]
fn the_message_is_bounded_for_any_problems_and_value() {
    let long = "x".repeat(10_000);
    let value = json!({long.clone(): [{"a": long.clone()}], "b": (0..5_000).collect::<Vec<_>>()});
    let everywhere: Problems = (0..1_000)
        .map(|n| Problem::rule(format!("/b/{n}"), format!("rule {n}")).found("1"))
        .chain([Problem::rule(format!("/{long}/0/a"), long.clone()), Problem::rule("", "whole")])
        .collect();
    for value in [None, Some(&value)] {
        let mut feedback = Feedback::new(&everywhere, Mode::Tools, 1);
        feedback.value = value;
        let text = feedback.to_string();
        assert!(text.len() < 4_400, "{}", text.len());
        assert!(text.contains("… and ") && text.ends_with("corrected."), "{text}");
    }
}

#[test]
fn a_multi_line_message_stays_in_its_comment() {
    let problem = Problem::rule("/a", "one\nof two");
    let text = annotate(&json!({"a": 1, "b": 2}), [&problem], 500).unwrap();
    assert_eq!(text, "{\n  \"a\": 1, // /a: one of two\n  \"b\": 2\n}\n");
    assert_eq!(annotate(&json!({"a": 1}), [&problem], 10), None, "the limit is too small");
    assert_eq!(
        annotate(&json!(7), [&Problem::rule("", "eight")], 500),
        None,
        "a scalar has no lines to annotate"
    );
}

#[tokio::test]
async fn pointers_follow_the_shape_that_the_model_was_asked_for() {
    #[derive(Debug, Extract)]
    #[allow(dead_code, reason = "only asked for")]
    struct Grades {
        of: BTreeMap<String, Grade>,
        place: (String, u8),
        note: Option<String>,
    }
    #[derive(Debug, Extract)]
    #[allow(dead_code, reason = "only asked for")]
    struct Grade {
        #[extract(range(max = 6))]
        mark: u8,
    }
    let mut profile = Profile::new("openai", "strict").modes([Mode::Tools]);
    profile.tool_dialect = &Dialect::OPENAI_STRICT;
    profile.tool_strict = true;
    let sent = |mark: u8, place: Value| {
        let of =
            json!([{"key": "art", "value": {"mark": 1}}, {"key": "math", "value": {"mark": mark}}]);
        json!({"of": of, "place": {"0": "B", "1": place}, "note": null})
    };
    let script = Scripted::new([reply::tool(sent(9, json!("x"))), reply::tool(sent(2, json!(1)))]);
    let model = script.with_profile(profile);

    let grades: Grades = Client::with_model(model.clone()).extract("grades").await.unwrap();
    assert_eq!(grades.of["math"].mark, 2);

    let messages = &model.seen()[1].body["messages"];
    let feedback = messages[2]["content"].as_str().unwrap();
    assert!(
        feedback.contains(r#""mark": 9 // /of/1/value/mark: expected at most 6"#),
        "{feedback}"
    );
    assert!(feedback.contains(r#""1": "x" // /place/1: expected an integer"#), "{feedback}");
    assert!(feedback.contains(r#""note": null"#), "{feedback}");
}

#[tokio::test]
async fn pointers_in_a_wrapped_value_include_the_wrapper() {
    let bad = json!({"value": [{"sku": "A-1", "quantity": 0}]});
    let right = json!({"value": [{"sku": "A-1", "quantity": 1}]});
    let feedback = told::<Vec<Line>>(bad, right).await;
    assert!(
        feedback.contains(r#""quantity": 0 // /value/0/quantity: expected at least 1"#),
        "{feedback}"
    );
}

#[tokio::test]
async fn a_custom_feedback_writer_receives_problems_and_answer() {
    let bad = || reply::json(json!({"customer": "Ada", "lines": [], "total": 1}));
    let (client, model) = client([bad(), bad(), reply::text("?"), reply::json(good())]);

    let write = |feedback: &Feedback<'_>| {
        let lines: Vec<String> = feedback.folded().iter().map(ToString::to_string).collect();
        let total = feedback.value.map_or(Value::Null, |value| value["total"].clone());
        format!("{}/{}/{}/{total}", lines.join("; "), feedback.attempt, feedback.unchanged)
    };
    let extraction = client.extract::<Order>("an order").mode(Mode::Text).validation_retries(3);
    extraction.feedback(write).await.unwrap();

    let said = |n: usize| model.seen()[n].request.messages.last().unwrap().text();
    let place = "/lines: expected at least 1 element, found []";
    assert_eq!(said(1), format!("{place}/1/0/1"));
    assert_eq!(said(2), format!("{place}/2/1/1"));
    assert!(said(3).ends_with("/3/0/null"), "{}", said(3));
}

#[tokio::test]
async fn an_unchanged_answer_is_reported_as_unchanged() {
    let bad = || reply::tool(json!({"customer": "Ada", "lines": [], "total": 1}));
    let (client, model) = client([bad(), bad(), reply::tool(good())]);
    client.extract::<Order>("an order").await.unwrap();
    let said = |n: usize| format!("{:?}", model.seen()[n].request.messages.last().unwrap());
    assert!(!said(1).contains("the same as before"));
    assert!(said(2).contains("The answer has a problem, the same as before"), "{}", said(2));
}

/// Returns the request that follows an invalid answer.
async fn second_request(mode: Mode, bad: ScriptedReply) -> Request {
    let (client, model) = client([bad, reply::json(good())]);
    client.extract::<Order>("an order").mode(mode).await.unwrap();
    model.seen()[1].request.clone()
}

fn body(protocol: Protocol, request: &Request) -> Value {
    let body = protocol.encode(request, "m", &Quirks::OPENAI, Delivery::Whole).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn feedback_is_the_result_of_every_call_in_every_protocol() {
    let bad = json!({"customer": "Ada", "lines": [], "total": 1}).to_string();
    let request = second_request(Mode::Tools, reply::tools([bad.clone(), bad])).await;
    let said = |value: &Value| {
        let text = value.to_string();
        assert!(text.contains("/lines: expected at least 1"), "{text}");
    };
    let ids = ["call_0", "call_1"];

    for protocol in [Protocol::Chat, Protocol::Cohere] {
        let body = body(protocol, &request);
        for (message, id) in body["messages"].as_array().unwrap()[2..].iter().zip(ids) {
            assert_eq!(message["role"], "tool", "{protocol:?}");
            assert_eq!(message["tool_call_id"], id, "{protocol:?}");
            said(&message["content"]);
        }
        assert_eq!(body["messages"].as_array().unwrap().len(), 4);
    }

    let anthropic = body(Protocol::Anthropic, &request);
    let results = anthropic["messages"][2]["content"].as_array().unwrap();
    assert_eq!(anthropic["messages"][2]["role"], "user");
    assert_eq!(results.len(), 2, "both results are in one turn");
    for (result, id) in results.iter().zip(ids) {
        assert_eq!((&result["type"], &result["tool_use_id"]), (&json!("tool_result"), &json!(id)));
        assert_eq!(result["is_error"], true);
        said(&result["content"]);
    }

    let bedrock = body(Protocol::Bedrock, &request);
    let results = bedrock["messages"][2]["content"].as_array().unwrap();
    assert_eq!(results.len(), 2, "both results are in one turn");
    for (result, id) in results.iter().zip(ids) {
        assert_eq!(result["toolResult"]["toolUseId"], id);
        assert_eq!(result["toolResult"]["status"], "error");
        said(&result["toolResult"]["content"]);
    }

    let responses = body(Protocol::Responses, &request);
    let items = responses["input"].as_array().unwrap();
    let outputs: Vec<&Value> =
        items.iter().filter(|item| item["type"] == "function_call_output").collect();
    assert_eq!(outputs.iter().map(|item| &item["call_id"]).collect::<Vec<_>>(), ids);
    outputs.iter().for_each(|item| said(&item["output"]));

    let gemini = body(Protocol::Gemini, &request);
    let turns = gemini["contents"].as_array().unwrap();
    let results = turns.last().unwrap()["parts"].as_array().unwrap();
    assert_eq!(results.len(), 2, "both results are in one turn");
    results.iter().for_each(|part| said(&part["functionResponse"]["response"]));

    let ollama = body(Protocol::Ollama, &request);
    let results = &ollama["messages"].as_array().unwrap()[2..];
    assert_eq!(results.len(), 2);
    for message in results {
        assert_eq!((&message["role"], &message["tool_name"]), (&json!("tool"), &json!("Order")));
        said(&message["content"]);
    }
}

#[tokio::test]
async fn without_a_call_feedback_is_a_user_turn_in_every_protocol() {
    let bad = json!({"customer": "Ada", "lines": [], "total": 1});
    for mode in [Mode::JsonSchema, Mode::Text] {
        let request = second_request(mode, reply::json(bad.clone())).await;
        for protocol in [
            Protocol::Chat,
            Protocol::Responses,
            Protocol::Anthropic,
            Protocol::Gemini,
            Protocol::Cohere,
            Protocol::Bedrock,
            Protocol::Ollama,
        ] {
            let body = body(protocol, &request);
            let list =
                ["messages", "input", "contents"].into_iter().find_map(|key| body[key].as_array());
            let [.., answer, feedback] = list.unwrap().as_slice() else { panic!("{body}") };
            let model = if protocol == Protocol::Gemini { "model" } else { "assistant" };
            assert_eq!((&answer["role"], &feedback["role"]), (&json!(model), &json!("user")));
            assert!(answer.to_string().contains("Ada"), "{protocol:?} {answer}");
            assert!(feedback.to_string().contains("/lines: expected at least 1"), "{protocol:?}");
        }
    }
}

#[test]
fn problems_inside_a_union_have_their_exact_pointers() {
    use extract_core::check::violations;
    use extract_llm::contract::Contract;

    #[derive(Debug, Extract)]
    #[allow(dead_code, reason = "only asked for")]
    struct Day {
        events: Vec<Event>,
        mood: Option<Mood>,
    }
    #[derive(Debug, Extract)]
    #[serde(tag = "kind")]
    #[allow(dead_code, reason = "only asked for")]
    enum Event {
        Meeting { people: Vec<String> },
        Call { minutes: u8 },
    }
    #[derive(Debug, Extract)]
    #[allow(dead_code, reason = "only asked for")]
    enum Mood {
        Good { why: String },
        Bad,
    }
    let told = |value: Value| violations(&Contract::of::<Day>().unwrap(), &value).to_string();
    let events = json!([{"kind": "Meeting", "people": [null]}, {"kind": "Call", "minutes": 999}]);

    assert_eq!(
        told(json!({"events": events, "mood": {"Good": {"why": 7}}})),
        "/events/0/people/0: expected a string, found null; \
         /events/1/minutes: expected at most 255, found 999; \
         /mood/Good/why: expected a string, found 7"
    );
    // An unknown tag is reported at the tag. A value without a tag is reported with all branches.
    assert_eq!(
        told(json!({"events": [{"kind": "Rest"}], "mood": 7})),
        "/events/0/kind: expected one of \"Meeting\", \"Call\", found \"Rest\"; \
         /mood: expected one of: \"Bad\"; or an object with the member \"Good\"; or null, found 7"
    );
}
