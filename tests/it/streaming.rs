//! Streamed extractions: the partial values, their timing, and the final result.

use std::collections::BTreeMap;

use extract_llm::conversation::Delta;
use extract_llm::dialect::Dialect;
use extract_llm::extraction::{BadItems, InputError, Limit, Update};
use extract_llm::model::Profile;
use extract_llm::partial::{AnswerPartial, MaybePartial};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Answer, Client, ErrorKind, Extract, Maybe, Mode};
use futures_util::StreamExt;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Extract)]
struct Person {
    name: String,
    #[extract(range(max = 150))]
    age: u8,
}

#[derive(Debug, PartialEq, Extract)]
struct Team {
    name: String,
    people: Vec<Person>,
}

fn person(name: &str, age: u8) -> Person {
    Person { name: name.to_owned(), age }
}

#[tokio::test]
async fn deltas_arrive_before_the_end() {
    let model = Scripted::new([reply::tool(json!({"value": [1, 2, 3]}))]).pieces_of(2);
    let mut deltas = Client::with_model(model).extract::<Vec<u8>>("1 2 3").deltas();
    let mut written = String::new();
    let mut pieces = 0;
    while let Some(delta) = deltas.next().await {
        if let Delta::Arguments { fragment, .. } = delta.unwrap() {
            written += &fragment;
            pieces += 1;
        }
    }
    assert_eq!(written, r#"{"value":[1,2,3]}"#);
    assert!(pieces > 5, "{pieces} pieces");
    assert_eq!(deltas.attempt(), 1);
    let done = deltas.report().await.unwrap();
    assert_eq!(done.value, [1, 2, 3]);
    assert_eq!(done.ledger.attempts.len(), 1);
    assert_eq!(done.ledger.usage().total_tokens(), 15);
}

#[tokio::test]
async fn elements_arrive_as_soon_as_they_are_complete_in_every_mode() {
    let text = r#"{"value": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 7}]}"#;
    for mode in [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let reply = match mode {
            Mode::Tools => reply::tool_text(text),
            Mode::Text => reply::text(format!("Here you are:\n```json\n{text}\n```")),
            _ => reply::text(text),
        };
        let client = Client::with_model(Scripted::new([reply]).mode(mode).pieces_of(3));
        let mut people = client.extract::<Vec<Person>>("…").items();
        let first = people.next().await.unwrap().unwrap();
        assert_eq!(first, person("Ada", 36), "{mode}");
        let second = people.next().await.unwrap().unwrap();
        assert_eq!(second, person("Bob", 7), "{mode}");
        assert!(people.next().await.is_none(), "{mode}");
        assert_eq!(people.finish().await.unwrap(), [person("Ada", 36), person("Bob", 7)]);
    }
}

#[tokio::test]
async fn scalars_strings_and_lists_are_elements_too() {
    let model = Scripted::new([reply::tool_text(r#"{"value": ["a", "b]", "c"]}"#)]).pieces_of(1);
    let mut texts = Client::with_model(model).extract::<Vec<String>>("…").items();
    let mut seen = Vec::new();
    while let Some(text) = texts.next().await {
        seen.push(text.unwrap());
    }
    assert_eq!(seen, ["a", "b]", "c"]);

    let model = Scripted::new([reply::tool_text(r#"{"value": [[1, 2], [], [3]]}"#)]).pieces_of(1);
    let mut lists = Client::with_model(model).extract::<Vec<Vec<u8>>>("…").items();
    let mut seen = Vec::new();
    while let Some(list) = lists.next().await {
        seen.push(list.unwrap());
    }
    assert_eq!(seen, [vec![1, 2], vec![], vec![3]]);
}

#[tokio::test]
async fn items_of_streams_the_elements_of_a_field() {
    let team = json!({"people": [{"name": "Ada", "age": 36}], "name": "A"});
    let model = Scripted::new([reply::tool(team)]).pieces_of(1);
    let mut people = Client::with_model(model).extract::<Team>("…").items_of(|team| &team.people);
    assert_eq!(people.next().await.unwrap().unwrap(), person("Ada", 36));
    assert!(people.next().await.is_none());
    assert_eq!(people.finish().await.unwrap().name, "A");
}

#[tokio::test]
async fn an_invalid_element_is_asked_for_again_and_then_given() {
    let bad = json!({"value": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 200}]});
    let good = json!({"value": [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 20}]});
    let model = Scripted::new([reply::tool(bad), reply::tool(good)]);
    let mut people = Client::with_model(model.clone()).extract::<Vec<Person>>("…").items();
    let mut seen = Vec::new();
    while let Some(next) = people.next().await {
        seen.push(next.unwrap());
    }
    assert_eq!(seen, [person("Ada", 36), person("Bob", 20)], "no element twice");
    let done = people.report().await.unwrap();
    assert_eq!((done.value.len(), done.ledger.attempts.len()), (2, 2));
}

#[tokio::test]
async fn an_invalid_element_may_be_left_out_and_is_reported() {
    let reply = json!({"value": [{"name": "Ada", "age": 200}, {"name": "Bob", "age": 20}]});
    let model = Scripted::new([reply::tool(reply)]);
    let extraction = Client::with_model(model).extract::<Vec<Person>>("…");
    let mut people = extraction.bad_items(BadItems::LeaveOut).items();
    assert_eq!(people.next().await.unwrap().unwrap(), person("Bob", 20));
    assert!(people.next().await.is_none());
    let done = people.report().await.unwrap();
    assert_eq!(done.value, [person("Bob", 20)]);
    assert_eq!(done.ledger.left_out.len(), 1);
    assert_eq!(done.ledger.left_out[0].index, 0);
    assert_eq!(done.ledger.left_out[0].value["name"], "Ada");
    assert_eq!(done.ledger.left_out[0].problems[0].pointer, "/0/age");
}

#[tokio::test]
async fn an_invalid_element_may_end_the_stream_early() {
    let reply = json!({"value": [{"name": "Ada", "age": 200}, {"name": "Bob", "age": 20}]});
    let model = Scripted::new([reply::tool(reply)]).pieces_of(1);
    let extraction = Client::with_model(model.clone()).extract::<Vec<Person>>("…");
    let mut people = extraction.bad_items(BadItems::Stop).items();
    let error = people.next().await.unwrap().unwrap_err();
    let ErrorKind::Invalid { problems, limit: Limit::BadItem } = error.kind() else {
        panic!("{error}")
    };
    let ledger = error.ledger();
    assert_eq!(problems.iter().next().unwrap().pointer, "/0/age");
    assert_eq!(ledger.attempts.len(), 1);
    let written = &ledger.attempts[0].reply;
    assert!(written.contains("Ada") && !written.contains("Bob"), "{written}");
    assert!(people.next().await.is_none());
    let ended = people.finish().await.unwrap_err();
    assert!(matches!(ended.kind(), ErrorKind::Input(_)), "the error was taken");
}

#[tokio::test]
async fn a_stream_fails_with_the_same_errors_as_a_plain_extraction() {
    let cases = [
        (reply::refusal("No."), "refused"),
        (reply::filtered(), "filtered"),
        (reply::truncated(r#"{"value": [1, 2"#), "truncated"),
        (reply::status(401), "no reply"),
    ];
    for (reply, outcome) in cases {
        let client = Client::with_model(Scripted::new([reply.clone()]));
        let plain = client.extract::<Vec<u8>>("…").await.unwrap_err();
        let client = Client::with_model(Scripted::new([reply]));
        let streamed = client.extract::<Vec<u8>>("…").deltas().finish().await.unwrap_err();
        assert_eq!(plain.to_string(), streamed.to_string());
        assert_eq!(streamed.ledger().attempts[0].outcome.to_string(), outcome);
    }
}

#[tokio::test]
async fn an_error_before_any_request_is_the_first_item() {
    let client = Client::with_model(Scripted::new([]));
    let mut items = client.extract::<Vec<u8>>("  ").items();
    let error = items.next().await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Input(_)));
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn a_partial_value_is_lent_with_every_field_so_far() {
    let text = r#"{"name": "The team", "people": [{"name": "Ada", "age": 36}]}"#;
    for mode in [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let reply = match mode {
            Mode::Tools => reply::tool_text(text),
            Mode::Text => reply::text(format!("<think>{{}}</think>Sure:\n```json\n{text}\n```")),
            _ => reply::text(text),
        };
        let client = Client::with_model(Scripted::new([reply]).mode(mode).pieces_of(1));
        let mut stream = client.extract::<Team>("…").stream();
        let mut shown = Vec::new();
        while let Some(partial) = stream.next().await {
            let team: &TeamPartial = partial.unwrap();
            shown.push((team.name.to_string(), team.people.len(), team.people.is_whole()));
        }
        assert!(shown.contains(&("The".to_owned(), 0, false)), "{mode}: {shown:?}");
        assert!(shown.contains(&("The team".to_owned(), 1, false)), "{mode}: {shown:?}");
        assert_eq!(shown.last().unwrap(), &("The team".to_owned(), 1, true), "{mode}");
        shown.dedup();
        assert!(shown.is_sorted(), "{mode}: {shown:?}");
        assert_eq!(stream.finish().await.unwrap().people, [person("Ada", 36)]);
    }
}

#[tokio::test]
async fn a_streamed_maybe_grows_in_every_mode_as_one_tool() {
    let text = r#"{"value": {"found": {"name": "The team", "people": []}}}"#;
    for mode in [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let reply = if mode == Mode::Tools { reply::tool_text(text) } else { reply::text(text) };
        let model = Scripted::new([reply]).mode(mode).pieces_of(1);
        let client = Client::with_model(model.clone());
        let mut stream = client.extract::<Maybe<Team>>("…").stream();
        let mut shown = Vec::new();
        while let Some(partial) = stream.next().await {
            let partial = partial.unwrap();
            if let Some(MaybePartial::Found(team)) = &**partial {
                shown.push((*team.name).clone());
                assert_eq!(partial.json(), json!({"found": team.json()}), "{mode}");
            }
        }
        assert!(shown.contains(&"The te".to_owned()), "{mode}: {shown:?}");
        assert_eq!(stream.finish().await.unwrap().found().unwrap().name, "The team", "{mode}");
        if let Some(tools) = model.seen()[0].body["tools"].as_array() {
            assert_eq!((mode, tools.len()), (Mode::Tools, 1));
        }
    }
}

#[tokio::test]
async fn partial_values_grow_in_a_strict_dialect_too() {
    type Words = BTreeMap<String, (String, u8)>;
    let mut profile = Profile::new("strict", "strict");
    profile.tool_dialect = &Dialect::OPENAI_STRICT;
    profile.tool_strict = true;
    let seas = json!({"value": {"value": [{"key": "sea", "value": {"0": "water", "1": 3}}]}});
    let words = json!({"value": {"text": "In which language?"}});
    let model = Scripted::new([reply::tool(seas), reply::tool(words)]).pieces_of(1);
    let client = Client::with_model(model.with_profile(profile));

    let mut stream = client.extract::<Answer<Words>>("…").stream();
    let mut shown = Vec::new();
    while let Some(partial) = stream.next().await {
        shown.push(partial.unwrap().json());
    }
    assert!(shown.contains(&json!({"value": {"sea": ["wat", null]}})), "{shown:?}");
    assert_eq!(shown.last().unwrap(), &json!({"value": {"sea": ["water", 3]}}));
    let words = stream.finish().await.unwrap().value().unwrap();
    assert_eq!(words["sea"], ("water".to_owned(), 3));

    let mut stream = client.extract::<Answer<Words>>("…").stream();
    let mut shown = Vec::new();
    while let Some(partial) = stream.next().await {
        let said = partial.unwrap().as_ref().and_then(AnswerPartial::text);
        shown.push(said.unwrap_or_default().to_owned());
    }
    assert!(shown.contains(&"In which".to_owned()), "{shown:?}");
    assert_eq!(stream.finish().await.unwrap().text(), Some("In which language?"));
}

#[tokio::test]
async fn a_later_attempt_starts_over_and_says_so() {
    let model = Scripted::new([
        reply::tool(json!({"name": "Bob", "age": 200})),
        reply::tool(json!({"name": "Ada", "age": 36})),
    ]);
    let mut stream = Client::with_model(model.pieces_of(2)).extract::<Person>("…").stream();
    let mut shown: Vec<(u32, String)> = Vec::new();
    loop {
        let name = match stream.next().await {
            Some(partial) => partial.unwrap().name.to_string(),
            None => break,
        };
        shown.push((stream.attempt(), name));
    }
    assert!(shown.contains(&(1, "Bob".to_owned())));
    assert!(shown.contains(&(2, String::new())) || shown.contains(&(2, "A".to_owned())));
    assert!(!shown.contains(&(2, "Bob".to_owned())), "{shown:?}");
    assert_eq!(stream.finish().await.unwrap(), person("Ada", 36));
}

#[tokio::test]
async fn the_last_update_is_the_checked_value_or_the_error() {
    let model = Scripted::new([reply::tool(json!({"name": "Ada", "age": 36}))]);
    let stream = Client::with_model(model).extract::<Person>("…").stream();
    let updates: Vec<Update> = stream.into_updates().collect().await;
    assert!(updates.len() > 2, "{updates:?}");
    assert!(matches!(updates[0], Update::Partial { attempt: 1, .. }));
    let value = json!({"name": "Ada", "age": 36});
    assert_eq!(updates.last().unwrap(), &Update::Value { value });

    let stream = Client::with_model(Scripted::new([reply::refusal("No.")])).extract::<Person>("…");
    let updates: Vec<Update> = stream.stream().into_updates().collect().await;
    let [Update::Failed { message, retryable: false }] = &updates[..] else {
        panic!("{updates:?}")
    };
    assert_eq!(message, "the model refused: No. (type Person, scripted/scripted, attempt 1)");
}

#[tokio::test]
async fn a_partial_re_ask_keeps_the_rest_of_the_partial_value() {
    let names: Vec<String> = (0..60).map(|n| format!("Person number {n}")).collect();
    let age = |name: &str| if name.ends_with("17") { 200 } else { 7 };
    let people: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "age": age(name)})).collect();
    let whole = json!({"value": people});
    let part = json!({"value_17": {"name": "Person number 17", "age": 17}});
    let model = Scripted::new([reply::tool(whole), reply::tool(part)]).pieces_of(40);
    let client = Client::with_model(model.clone());

    let mut stream = client.extract::<Vec<Person>>("…").stream();
    let mut lengths = Vec::new();
    while let Some(partial) = stream.next().await {
        lengths.push(partial.unwrap().len());
    }
    assert!(lengths.is_sorted(), "it does not start over: {lengths:?}");
    let people = stream.finish().await.unwrap();
    assert_eq!((people.len(), people[17].age), (60, 17));
    assert_eq!(model.seen().len(), 2);
}

#[tokio::test]
async fn a_missing_list_is_an_error_before_anything_is_sent() {
    let model = Scripted::new([reply::tool(json!({"name": "A", "people": []}))]);
    let team = Client::with_model(model.clone()).extract::<Team>("…");
    let error = team.items_at::<Person>("/persons").finish().await.unwrap_err();
    assert_eq!(error.to_string(), r#"the type has no list at "/persons""#);
    assert!(matches!(error.kind(), ErrorKind::Input(InputError::NoList { .. })));
    assert!(model.seen().is_empty());
}
