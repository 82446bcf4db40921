//! Lists as parallel calls: every call is an element and gets a result, and only the invalid calls
//! are asked for again.

use extract_llm::conversation::Usage;
use extract_llm::extraction::{BadItems, Layout, Outcome};
use extract_llm::model::Profile;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::reply;
use extract_llm::{Client, Extract};
use serde_json::{Value, json};

use crate::support::scripted::{client_of, scripted as client};

#[derive(Debug, PartialEq, Extract)]
enum Action {
    /// Book a table.
    Reserve {
        #[extract(range(min = 1, max = 12))]
        people: u8,
    },
    /// Cancel a booking.
    Cancel {
        #[extract(validate = known)]
        id: u64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a validator takes a reference")]
fn known(id: &u64) -> Result<(), String> {
    if *id < 100 { Ok(()) } else { Err("the id of a booking, below 100".to_owned()) }
}

fn results(body: &Value) -> Vec<(&str, &str)> {
    let messages = body["messages"].as_array().unwrap();
    let last = messages.iter().rposition(|message| message["role"] == "assistant").unwrap();
    let told = |message: &Value| message["role"] == "tool";
    messages[last..]
        .iter()
        .filter(|message| told(message))
        .map(|message| {
            (message["tool_call_id"].as_str().unwrap(), message["content"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn the_calls_of_one_reply_are_the_elements_in_order() {
    let (client, model) = client([reply::calls([
        ("Cancel", json!({"id": 7})),
        ("Reserve", json!({"people": 2})),
        ("Cancel", json!({"id": 8})),
    ])]);

    let actions: Vec<Action> = client.extract("Cancel 7 and 8, and a table for 2.").await.unwrap();

    assert_eq!(
        actions,
        [Action::Cancel { id: 7 }, Action::Reserve { people: 2 }, Action::Cancel { id: 8 }]
    );
    let body = &model.seen()[0].body;
    assert_eq!(body["parallel_tool_calls"], true);
    assert_eq!(body["tools"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_invalid_calls_are_asked_for_again_each_with_its_own_problems() {
    let (client, model) = client([
        reply::calls([
            ("Reserve", json!({"people": 40})),
            ("Cancel", json!({"id": 7})),
            ("Cancel", json!({"id": 700})),
        ]),
        reply::calls([("Reserve", json!({"people": 4})), ("Cancel", json!({"id": 70}))]),
    ]);

    let done = client.extract::<Vec<Action>>("Three things.").report().await.unwrap();

    assert_eq!(
        done.value,
        [Action::Reserve { people: 4 }, Action::Cancel { id: 7 }, Action::Cancel { id: 70 }]
    );
    // The schema's bound and the validator's rule are reported together.
    let pointers: Vec<&str> =
        done.ledger.attempts[0].problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/0/Reserve/people", "/2/Cancel/id"]);
    let seen = model.seen();
    let told = results(&seen[1].body);
    assert_eq!(told.len(), 3);
    assert!(told[0].1.contains("/people: expected at most 12, found 40"), "{}", told[0].1);
    assert!(told[1].1.starts_with("Accepted"), "{}", told[1].1);
    assert!(told[2].1.contains("below 100") && !told[2].1.contains("people"), "{}", told[2].1);
    let flags: Vec<bool> = seen[1].request.messages[2..]
        .iter()
        .filter_map(|message| match &message.parts[0] {
            extract_llm::Part::ToolResult(result) => Some(result.is_error),
            _ => None,
        })
        .collect();
    assert_eq!(flags, [true, false, true]);
}

#[tokio::test]
async fn corrected_calls_keep_their_index_over_several_rounds() {
    let (client, model) = client([
        reply::calls([
            ("Cancel", json!({"id": 1})),
            ("Cancel", json!({"id": 200})),
            ("Cancel", json!({"id": 300})),
        ]),
        // Fewer corrections than invalid calls: the rest is asked for again.
        reply::calls([("Cancel", json!({"id": 2}))]),
        reply::calls([("Cancel", json!({"id": 3}))]),
    ]);
    let done =
        client.extract::<Vec<Action>>("1, 2, 3").validation_retries(2).report().await.unwrap();
    let ids: Vec<Action> = [1, 2, 3].into_iter().map(|id| Action::Cancel { id }).collect();
    assert_eq!(done.value, ids);
    let last = model.seen()[2].body["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["role"], "user");
    assert!(last["content"].as_str().unwrap().contains("/2/Cancel/id"), "{last}");
}

#[tokio::test]
async fn a_model_that_repeats_every_call_replaces_the_list() {
    let (client, _) = client([
        reply::calls([("Cancel", json!({"id": 1})), ("Cancel", json!({"id": 200}))]),
        reply::calls([("Cancel", json!({"id": 1})), ("Cancel", json!({"id": 2}))]),
    ]);
    let actions: Vec<Action> = client.extract("1, 2").await.unwrap();
    assert_eq!(actions, [Action::Cancel { id: 1 }, Action::Cancel { id: 2 }]);
}

#[tokio::test]
async fn corrections_with_the_wrong_count_are_asked_for_again() {
    let (client, model) = client([
        reply::calls([
            ("Cancel", json!({"id": 1})),
            ("Cancel", json!({"id": 2})),
            ("Cancel", json!({"id": 3})),
            ("Cancel", json!({"id": 400})),
        ]),
        reply::calls([("Cancel", json!({"id": 4})), ("Cancel", json!({"id": 5}))]),
        reply::calls([("Cancel", json!({"id": 4}))]),
    ]);
    let done = client.extract::<Vec<Action>>("1, 2, 3, 4").report().await.unwrap();
    assert_eq!(done.value.len(), 4);
    assert_eq!(done.value[3], Action::Cancel { id: 4 });
    let told = done.ledger.attempts[1].problems[0].to_string();
    assert!(told.contains("1 calls") && told.contains("2 calls"), "{told}");
    assert_eq!(results(&model.seen()[2].body).len(), 2, "each call has its result");
}

#[tokio::test]
async fn an_unknown_call_and_an_unreadable_call_are_invalid_alone() {
    let (client, model) = client([
        reply::body(json!({"choices": [{"finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "Reserve", "arguments": "{\"people\": 2}"}},
                {"id": "b", "type": "function", "function": {"name": "Book", "arguments": "{\"people\": 2}"}},
                {"id": "c", "type": "function", "function": {"name": "Cancel", "arguments": "no idea"}},
            ],
        }}]})),
        reply::calls([("Reserve", json!({"people": 3})), ("Cancel", json!({"id": 4}))]),
    ]);
    let actions: Vec<Action> = client.extract("Three things.").await.unwrap();
    assert_eq!(
        actions,
        [Action::Reserve { people: 2 }, Action::Reserve { people: 3 }, Action::Cancel { id: 4 }]
    );
    let seen = model.seen();
    let told = results(&seen[1].body);
    assert_eq!(told.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(told[0].1.starts_with("Accepted"));
    assert!(told[1].1.contains("one of the tools `Reserve`, `Cancel`"), "{}", told[1].1);
    assert!(told[2].1.contains("expected an object, found \"no idea\""), "{}", told[2].1);
}

#[tokio::test]
async fn a_finished_reply_without_calls_is_an_empty_list() {
    let (client, model) = client([
        reply::text("There is nothing to do here."),
        reply::text(""),
        // The reply ended for an unknown reason, so it is not an answer.
        reply::text("Let me").unstated(),
        reply::calls([("Cancel", json!({"id": 1}))]),
    ]);
    let done = client.extract::<Vec<Action>>("Nice weather.").report().await.unwrap();
    assert_eq!(done.value, []);
    assert!(done.ledger.notes[0].contains("the list is empty"), "{:?}", done.ledger.notes);
    assert_eq!(model.seen()[0].body["tool_choice"], "auto", "it may make no call");
    assert_eq!(client.extract::<Vec<Action>>("Nice.").await.unwrap(), []);
    let done = client.extract::<Vec<Action>>("Cancel 1.").report().await.unwrap();
    assert_eq!(done.value, [Action::Cancel { id: 1 }]);
    assert_eq!(done.ledger.attempts.len(), 2);
}

#[tokio::test]
async fn the_list_written_as_text_is_the_list() {
    let (client, _) = client([
        reply::text(
            r#"```json
            [{"Cancel": {"id": 1}}]
            ```"#,
        ),
        reply::json(json!([{"Cancel": {"id": 700}}])),
        reply::calls([("Cancel", json!({"id": 7}))]),
    ]);
    let actions: Vec<Action> = client.extract("Cancel 1.").await.unwrap();
    assert_eq!(actions, [Action::Cancel { id: 1 }]);
    let done = client.extract::<Vec<Action>>("Cancel 7.").report().await.unwrap();
    assert_eq!(done.value, [Action::Cancel { id: 7 }]);
    assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/0/Cancel/id");
}

#[tokio::test]
async fn a_list_with_a_minimum_length_requires_calls() {
    let schema = json!({"title": "Orders", "type": "array", "minItems": 2, "items": {"oneOf": [
        {"type": "object", "properties": {"Buy": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}, "required": ["Buy"], "additionalProperties": false},
        {"type": "object", "properties": {"Sell": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}, "required": ["Sell"], "additionalProperties": false},
    ]}});
    let (client, model) = client([
        reply::text("None."),
        reply::calls([("Buy", json!({"n": 1}))]),
        reply::calls([("Buy", json!({"n": 1})), ("Sell", json!({"n": 2}))]),
    ]);
    let done = client.extract_value(schema, "Buy 1, sell 2.").report().await.unwrap();
    assert_eq!(done.value, json!([{"Buy": {"n": 1}}, {"Sell": {"n": 2}}]));
    let seen = model.seen();
    assert_eq!(seen[0].body["tool_choice"], "required");
    // A problem of the list belongs to no single call, so all calls are asked for again.
    let told = results(&seen[2].body);
    assert!(told[0].1.starts_with("Not taken"), "{}", told[0].1);
    let last = seen[2].body["messages"].as_array().unwrap().last().unwrap();
    assert!(last["content"].as_str().unwrap().contains("at least 2"), "{last}");
}

#[tokio::test]
async fn a_reply_without_calls_does_not_resolve_an_invalid_call() {
    let (client, model) = client([
        reply::calls([("Cancel", json!({"id": 1})), ("Cancel", json!({"id": 200}))]),
        reply::text("Done."),
        reply::calls([("Cancel", json!({"id": 2}))]),
    ]);
    let actions: Vec<Action> = client.extract("1, 2").await.unwrap();
    assert_eq!(actions, [Action::Cancel { id: 1 }, Action::Cancel { id: 2 }]);
    let last = model.seen()[2].body["messages"].as_array().unwrap().last().unwrap().clone();
    assert!(last["content"].as_str().unwrap().contains("/1/Cancel/id"), "{last}");
}

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    #[extract(range(min = 0, max = 150))]
    age: u8,
}

#[tokio::test]
async fn a_list_of_structs_is_one_call_unless_calls_are_asked_for() {
    let (one, model) = client([reply::tool(json!({"value": [{"name": "Ada", "age": 36}]}))]);
    assert_eq!(one.extract::<Vec<Person>>("Ada, 36").await.unwrap().len(), 1);
    assert_eq!(model.seen()[0].body["parallel_tool_calls"], false);

    let (each, model) = client([
        reply::calls([
            ("Person", json!({"name": "Ada", "age": 36})),
            ("Person", json!({"name": "Tom", "age": 400})),
        ]),
        reply::calls([("Person", json!({"name": "Tom", "age": 40}))]),
    ]);
    let people: Vec<Person> = each.extract("Ada, Tom").layout(Layout::Each).await.unwrap();
    assert_eq!(people[1], Person { name: "Tom".into(), age: 40 });
    let body = &model.seen()[0].body;
    assert_eq!(body["tools"][0]["function"]["name"], "Person");
    assert_eq!(body["parallel_tool_calls"], true);
}

#[tokio::test]
async fn for_a_model_without_parallel_calls_the_list_is_one_call() {
    let mut profile = Profile::new("one", "one");
    profile.parallel_tools = false;
    let whole = || reply::tool(json!({"value": [{"Cancel": {"id": 1}}]}));
    let model = Scripted::new([whole(), whole()]).with_profile(profile);
    let client = client_of(&model);
    let done = client.extract::<Vec<Action>>("Cancel 1.").report().await.unwrap();
    assert_eq!((done.value.len(), done.ledger.notes.len()), (1, 0));
    let done =
        client.extract::<Vec<Action>>("Cancel 1.").layout(Layout::Each).report().await.unwrap();
    assert!(done.ledger.notes[0].contains("parallel tool calls"), "{:?}", done.ledger.notes);
    for seen in model.seen() {
        assert_eq!(seen.body["tools"].as_array().unwrap().len(), 1);
        assert_eq!(seen.body["parallel_tool_calls"], false);
    }
}

#[tokio::test]
async fn bad_elements_can_be_left_out_of_a_list_that_is_one_call() {
    let (client, model) =
        client([reply::tool(json!({"value": [{"Cancel": {"id": 1}}, {"Cancel": {"id": 200}}]}))]);
    let kept: Vec<Action> = client.extract("1, 200").bad_items(BadItems::LeaveOut).await.unwrap();
    assert_eq!(kept, [Action::Cancel { id: 1 }]);
    assert_eq!(model.seen()[0].body["tools"].as_array().unwrap().len(), 1);
}

/// With one invalid call out of twenty, only that call is written again.
#[tokio::test]
async fn a_bad_call_of_many_costs_one_call() {
    let all = (0..20).map(|n| ("Cancel", json!({"id": if n == 13 { 900 } else { n }})));
    let model = Scripted::new([
        reply::calls(all).usage(100, 400),
        reply::calls([("Cancel", json!({"id": 13}))]).usage(600, 20),
    ]);
    let client = Client::with_model(model.clone());
    let done = client.extract::<Vec<Action>>("0 to 19").report().await.unwrap();
    let ids: Vec<Action> = (0..20).map(|id| Action::Cancel { id }).collect();
    assert_eq!(done.value, ids);
    assert_eq!(done.ledger.attempts[1].usage.unwrap_or_else(Usage::default).output_tokens, 20);
    assert_eq!(done.ledger.attempts[0].outcome, Outcome::Rejected);
    let seen = model.seen();
    let told = results(&seen[1].body);
    let accepted = told.iter().filter(|(_, words)| words.starts_with("Accepted")).count();
    assert_eq!((told.len(), accepted), (20, 19));
}
