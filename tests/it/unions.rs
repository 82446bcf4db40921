//! Enums as one tool per variant: the request, the conversion of a call into the enum, and the
//! types that stay one tool.

use std::collections::BTreeMap;

use extract_core::check::violations;
use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use extract_llm::extraction::Layout;
use extract_llm::model::{Profile, SchemaPrompt};
use extract_llm::scripted::Scripted;
use extract_llm::scripted::reply;
use extract_llm::{Answer, Client, ErrorKind, Extract, Maybe, Mode};
use serde_json::{Value, json};

use crate::support::scripted::{client_of, scripted as client};

/// The request of the guest.
#[derive(Debug, PartialEq, Extract)]
enum Action {
    /// Book a table.
    Reserve(Reservation),
    /// Cancel a booking.
    Cancel { id: u64 },
    /// Seats by the window: how many, and from when.
    Window(u8, String),
    /// A number of seats alone.
    Seats(u8),
    /// Speak to a person.
    Talk,
}

/// A table for an evening.
#[derive(Debug, PartialEq, Extract)]
struct Reservation {
    #[extract(range(min = 1, max = 12))]
    people: u8,
    #[extract(validate = evening)]
    hour: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a validator takes a reference")]
fn evening(hour: &u8) -> Result<(), &'static str> {
    if *hour >= 18 { Ok(()) } else { Err("an hour in the evening, from 18") }
}

fn tools(body: &Value) -> Vec<(String, Value)> {
    let tools = body["tools"].as_array().unwrap();
    let name = |tool: &Value| tool["function"]["name"].as_str().unwrap().to_owned();
    tools.iter().map(|tool| (name(tool), tool["function"].clone())).collect()
}

#[tokio::test]
async fn each_variant_is_a_tool_with_its_own_description_and_schema() {
    let (client, model) = client([reply::call("Reserve", json!({"people": 2, "hour": 19}))]);

    let done = client.extract::<Action>("A table for two at seven.").report().await.unwrap();

    assert_eq!(done.value, Action::Reserve(Reservation { people: 2, hour: 19 }));
    assert_eq!(done.ledger.attempts.len(), 1);
    let body = &model.seen()[0].body;
    let tools = tools(body);
    let names: Vec<&str> = tools.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Reserve", "Cancel", "Window", "Seats", "Talk"]);
    assert_eq!(tools[0].1["description"], "Book a table.\nThe request of the guest.");
    assert_eq!(tools[0].1["parameters"]["properties"]["people"]["maximum"], 12);
    assert_eq!(tools[1].1["parameters"]["required"], json!(["id"]));
    assert_eq!(tools[3].1["parameters"]["required"], json!(["value"]));
    assert_eq!(tools[4].1["parameters"]["properties"], json!({}));
    for (name, tool) in &tools[1..] {
        assert!(!tool.to_string().contains("Reservation"), "{name} has an unused definition");
    }
    assert_eq!(body["tool_choice"], "required");
    assert_eq!(body["parallel_tool_calls"], false);
}

#[tokio::test]
async fn every_kind_of_variant_comes_back_unchanged() {
    let rows = [
        (
            "Reserve",
            json!({"people": 2, "hour": 19}),
            Action::Reserve(Reservation { people: 2, hour: 19 }),
        ),
        ("Cancel", json!({"id": 7}), Action::Cancel { id: 7 }),
        ("Window", json!({"value": [3, "noon"]}), Action::Window(3, "noon".into())),
        ("Seats", json!({"value": 4}), Action::Seats(4)),
        ("Talk", json!({}), Action::Talk),
        // Spellings that models use.
        ("talk", json!({"reason": "none"}), Action::Talk),
        ("cancel", json!({"id": "7"}), Action::Cancel { id: 7 }),
    ];
    for (tool, arguments, expected) in rows {
        let (client, model) = client([reply::call(tool, arguments.clone())]);
        let value = client.extract::<Action>("Please.").await.unwrap();
        assert_eq!(value, expected, "{tool} {arguments}");
        assert_eq!(model.seen().len(), 1);
    }
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Internal {
    Reserve(Reservation),
    CancelAll { id: u64, why: Option<String> },
    Nothing,
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Reserve(Reservation),
    Cancel { id: u64 },
    Nothing,
}

#[tokio::test]
async fn the_tag_is_the_name_of_the_tool() {
    let reservation = || json!({"people": 2, "hour": 19});
    let (internal, model) = client([
        reply::call("reserve", reservation()),
        reply::call("cancel_all", json!({"id": 7})),
        reply::call("nothing", json!({})),
    ]);
    assert_eq!(
        internal.extract::<Internal>("1").await.unwrap(),
        Internal::Reserve(Reservation { people: 2, hour: 19 })
    );
    assert_eq!(
        internal.extract::<Internal>("2").await.unwrap(),
        Internal::CancelAll { id: 7, why: None }
    );
    assert_eq!(internal.extract::<Internal>("3").await.unwrap(), Internal::Nothing);
    for (name, tool) in tools(&model.seen()[0].body) {
        assert!(!tool["parameters"].to_string().contains("kind"), "{name}: {tool}");
    }

    let (adjacent, model) = client([
        reply::call("Reserve", reservation()),
        reply::call("Cancel", json!({"id": 7})),
        reply::call("Nothing", json!({})),
    ]);
    assert_eq!(
        adjacent.extract::<Adjacent>("1").await.unwrap(),
        Adjacent::Reserve(Reservation { people: 2, hour: 19 })
    );
    assert_eq!(adjacent.extract::<Adjacent>("2").await.unwrap(), Adjacent::Cancel { id: 7 });
    assert_eq!(adjacent.extract::<Adjacent>("3").await.unwrap(), Adjacent::Nothing);
    let tools = tools(&model.seen()[0].body);
    assert_eq!(tools[1].1["parameters"]["required"], json!(["id"]), "they are not wrapped");
}

/// In OpenAI's strict dialect an optional field is null and a map a list of pairs. Every tool has
/// its own lowered schema, and restores its own arguments.
#[tokio::test]
async fn arguments_are_restored_from_the_dialect() {
    #[derive(Debug, PartialEq, Extract)]
    enum Change {
        Rename { to: String, note: Option<String> },
        Price { of: BTreeMap<String, u32> },
    }
    let mut profile = Profile::new("strict", "strict");
    profile.tool_dialect = &Dialect::OPENAI_STRICT;
    profile.tool_strict = true;
    let model = Scripted::new([
        reply::call("Rename", json!({"to": "x", "note": null})),
        reply::call("Price", json!({"of": [{"key": "pear", "value": 3}]})),
    ])
    .with_profile(profile);
    let client = client_of(&model);

    let renamed: Change = client.extract("Call it x.").await.unwrap();
    assert_eq!(renamed, Change::Rename { to: "x".into(), note: None });
    let priced: Change = client.extract("Pears are 3.").await.unwrap();
    assert_eq!(priced, Change::Price { of: [("pear".to_owned(), 3)].into() });

    let tools = tools(&model.seen()[0].body);
    assert!(tools.iter().all(|(_, tool)| tool["strict"] == true));
    assert_eq!(tools[0].1["parameters"]["required"], json!(["to", "note"]));
}

#[tokio::test]
async fn problems_of_a_call_point_into_its_arguments() {
    let (client, model) = client([
        reply::call("Reserve", json!({"people": 40, "hour": 9})),
        reply::call("Reserve", json!({"people": 4, "hour": 9})),
        reply::call("Reserve", json!({"people": 4, "hour": 20})),
    ]);

    let done = client.extract::<Action>("A table.").report().await.unwrap();

    assert_eq!(done.value, Action::Reserve(Reservation { people: 4, hour: 20 }));
    let of = |attempt: usize| -> Vec<String> {
        done.ledger.attempts[attempt]
            .problems
            .iter()
            .map(|problem| problem.pointer.clone())
            .collect()
    };
    assert!(of(0).contains(&"/Reserve/people".to_owned()), "{:?}", of(0));
    assert_eq!(of(1), ["/Reserve/hour"]);
    let result = &model.seen()[1].body["messages"][2];
    assert_eq!(result["role"], "tool");
    let words = result["content"].as_str().unwrap();
    assert!(words.contains("/people") && !words.contains("Reserve"), "{words}");
    let words = model.seen()[2].body["messages"][4]["content"].to_string();
    assert!(words.contains("/hour") && words.contains("an hour in the evening"), "{words}");
}

/// A union inside a list: the pointers of its problems start at the list.
#[test]
fn problems_inside_a_union_have_their_exact_pointers() {
    let contract = Contract::of::<Vec<Action>>().unwrap();
    let value =
        json!([{"Cancel": {"id": 1}}, {"Cancel": {"id": "x"}}, {"Reserve": {"people": 2}}, 7]);
    let problems = violations(&contract, &value);
    let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/1/Cancel/id", "/2/Reserve/hour", "/3"]);
}

#[tokio::test]
async fn an_unknown_tool_is_a_problem_that_lists_the_tools() {
    let (client, model) = client([
        reply::call("Book", json!({"people": 2, "hour": 19})),
        reply::call("Cancel", json!({"id": 1})),
    ]);

    let done = client.extract::<Action>("A table.").report().await.unwrap();

    assert_eq!(done.value, Action::Cancel { id: 1 });
    let told = done.ledger.attempts[0].problems[0].to_string();
    assert!(told.contains("`Reserve`, `Cancel`") && told.contains("`Book`"), "{told}");
    let words = model.seen()[1].body["messages"][2]["content"].to_string();
    assert!(words.contains("`Reserve`") && words.contains("`Book`"), "{words}");
}

#[tokio::test]
async fn the_first_valid_one_of_several_calls_is_the_value() {
    let (client, _) = client([reply::calls([
        ("Reserve", json!({"people": 40, "hour": 19})),
        ("Cancel", json!({"id": 1})),
    ])]);
    let done = client.extract::<Action>("Now.").report().await.unwrap();
    assert_eq!(done.value, Action::Cancel { id: 1 });
    assert!(
        done.ledger.notes.iter().any(|note| note.contains("2 calls")),
        "{:?}",
        done.ledger.notes
    );
}

#[tokio::test]
async fn json_in_text_and_a_call_of_the_whole_type_are_still_read() {
    let whole = json!({"Cancel": {"id": 1}});
    for answer in [
        reply::text(format!("```json\n{whole}\n```")),
        reply::json(json!({"value": whole})),
        reply::call("Action", json!({"value": whole})),
    ] {
        let (client, model) = client([answer]);
        assert_eq!(client.extract::<Action>("No.").await.unwrap(), Action::Cancel { id: 1 });
        assert_eq!(model.seen().len(), 1);
    }
}

#[tokio::test]
async fn types_that_stay_one_tool() {
    #[derive(Debug, PartialEq, Extract)]
    enum Mood {
        Good,
        Bad,
    }
    #[derive(Debug, PartialEq, Extract)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
        Word(String),
    }
    #[derive(Debug, PartialEq, Extract)]
    enum Tree {
        Leaf { of: u8 },
        Node(Box<Tree>, Box<Tree>),
    }
    assert!(Contract::of::<Mood>().unwrap().variants().is_none(), "unit variants need no tools");
    assert!(Contract::of::<Untagged>().unwrap().variants().is_none(), "the variants have no names");
    assert!(Contract::of::<Option<Action>>().unwrap().variants().is_none());
    assert!(Contract::of::<Reservation>().unwrap().variants().is_none());
    assert!(Contract::of::<Vec<u8>>().unwrap().variants().is_none());
    // The root refers to itself, so a tool per variant could not refer to it.
    assert!(Contract::of::<Tree>().unwrap().variants().is_none());
    assert!(Contract::of::<Vec<Tree>>().unwrap().variants().is_some());

    let names = |variant: &str| {
        json!({
            "type": "object", "properties": {variant: {"type": "object"}}, "required": [variant],
            "additionalProperties": false,
        })
    };
    let alike = json!({"oneOf": [names("a b"), names("a_b")]});
    assert!(Contract::from_schema(alike).unwrap().variants().is_none(), "the names would collide");
    let long = "x".repeat(70);
    let cut = json!({"oneOf": [names(&long), names("b")]});
    let cut = Contract::from_schema(cut).unwrap();
    assert_eq!(cut.variants().unwrap().iter().next().unwrap().name().len(), 64);

    let whole = || json!({"value": {"Cancel": {"id": 1}}});
    let (asked_so, model) = client([reply::tool(whole())]);
    let value: Action = asked_so.extract("No.").layout(Layout::Whole).await.unwrap();
    assert_eq!(value, Action::Cancel { id: 1 });
    assert_eq!(tools(&model.seen()[0].body).len(), 1);

    let mut profile = Profile::new("small", "small");
    profile.schema_prompt = SchemaPrompt::Always;
    let model = Scripted::new([reply::tool(whole())]).with_profile(profile);
    let value: Action = client_of(&model).extract("No.").await.unwrap();
    assert_eq!(value, Action::Cancel { id: 1 });
    assert_eq!(tools(&model.seen()[0].body).len(), 1, "the prompt describes one value");

    for mode in [Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let model = Scripted::new([reply::json(whole())]).mode(mode);
        let value: Action = client_of(&model).extract("No.").await.unwrap();
        assert_eq!(value, Action::Cancel { id: 1 });
        assert_eq!(model.seen()[0].body.get("tools"), None);
    }
}

#[tokio::test]
async fn more_variants_than_the_providers_tool_limit_are_one_tool() {
    let branches: Vec<Value> = (0..21)
        .map(|n| {
            let name = format!("do_{n}");
            json!({
                "type": "object",
                "properties": {&name: {"type": "object", "properties": {"n": {"type": "integer"}}}},
                "required": [name], "additionalProperties": false,
            })
        })
        .collect();
    let schema = json!({"title": "Do", "oneOf": branches});
    let mut profile = Profile::new("anthropic-like", "m");
    profile.tool_dialect = &Dialect::ANTHROPIC_TOOL;
    profile.tool_strict = true;
    let value = json!({"do_3": {"n": 1}});
    let model = Scripted::new([reply::tool(json!({"value": value}))]).with_profile(profile);
    let client = client_of(&model);

    let done = client.extract_value(schema, "Do it.").report().await.unwrap();

    assert_eq!(done.value, value);
    assert_eq!(tools(&model.seen()[0].body).len(), 1);
    assert!(done.ledger.notes[0].contains("allows 20 tools"), "{:?}", done.ledger.notes);
}

#[tokio::test]
async fn a_server_that_refuses_several_tools_is_sent_one_from_then_on() {
    let refusal = || {
        reply::failure(
            400,
            json!({"error": {
                "message": "This model does not support multiple tools", "type": "invalid_request_error",
                "param": "tools", "code": null,
            }}),
        )
    };
    let whole = || reply::tool(json!({"value": {"Cancel": {"id": 1}}}));
    let (client, model) = client([refusal(), whole(), whole()]);

    let done = client.extract::<Action>("No.").report().await.unwrap();
    client.extract::<Action>("No.").await.unwrap();

    assert_eq!(done.value, Action::Cancel { id: 1 });
    let counts: Vec<usize> = model.seen().iter().map(|seen| tools(&seen.body).len()).collect();
    assert_eq!(counts, [5, 1, 1]);
    assert!(
        done.ledger.notes.iter().any(|note| note.contains("as one tool")),
        "{:?}",
        done.ledger.notes
    );
}

#[tokio::test]
async fn the_tools_of_a_contract_are_built_once() {
    let contract = Contract::of::<Action>().unwrap();
    let (one, two) = (contract.variants().unwrap(), contract.variants().unwrap());
    assert!(std::sync::Arc::ptr_eq(one, two));
    let form = |variants: &extract_core::contract::Variants| {
        variants.iter().next().unwrap().contract().lowered(&Dialect::OPENAI_STRICT, true).unwrap()
    };
    assert!(std::sync::Arc::ptr_eq(&form(one), &form(two)));
}

#[tokio::test]
async fn maybe_is_a_value_or_a_reason() {
    let reason = || json!({"reason": "no year is named"});
    let (tools_client, model) =
        client([reply::call("found", json!({"value": 1970})), reply::call("not_found", reason())]);
    let year: Maybe<u16> = tools_client.extract("Built in 1970.").await.unwrap();
    assert_eq!(year, Maybe::Found(1970));
    assert_eq!(Option::from(year), Some(1970));
    let year: Maybe<u16> = tools_client.extract("Built long ago.").await.unwrap();
    assert_eq!(year.reason(), Some("no year is named"));
    assert_eq!(year.found(), None);
    assert_eq!(tools(&model.seen()[0].body).len(), 2);

    // In other modes, and inside other types, it is a union.
    #[derive(Debug, PartialEq, Extract)]
    struct House {
        name: String,
        built: Maybe<u16>,
        tenants: Maybe<Reservation>,
    }
    let house = json!({
        "name": "A", "built": {"not_found": reason()},
        "tenants": {"found": {"people": 2, "hour": 9}},
    });
    let right = {
        let mut right = house.clone();
        right["tenants"]["found"]["hour"] = 19.into();
        right
    };
    let model = Scripted::new([reply::json(house), reply::json(right)]).mode(Mode::JsonSchema);
    let done = client_of(&model).extract::<House>("A house.").report().await.unwrap();
    assert_eq!(done.value.built, Maybe::NotFound { reason: "no year is named".into() });
    assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/tenants/found/hour");
    assert!(done.value.tenants.into_result().is_ok());
}

#[tokio::test]
async fn answer_is_a_value_or_a_text() {
    let (client, model) = client([
        reply::text("For how many people, and when?"),
        reply::call("Reservation", json!({"people": 2, "hour": 19})),
        reply::call("Reservation", json!({"people": 2, "hour": 9})),
        reply::text("They do not open before 18."),
        reply::json(json!({"value": {"people": 2, "hour": 19}})),
    ]);
    let asked: Answer<Reservation> = client.extract("A table, please.").await.unwrap();
    assert_eq!(asked, Answer::Text("For how many people, and when?".into()));
    let body = &model.seen()[0].body;
    assert_eq!(body["tool_choice"], "auto");
    assert_eq!(tools(body)[0].0, "Reservation");
    assert_eq!(model.seen()[0].request.output.mode(), Mode::Tools);

    let given: Answer<Reservation> = client.extract("For two at seven.").await.unwrap();
    assert_eq!(given.value(), Some(Reservation { people: 2, hour: 19 }));

    // An invalid call is re-asked, and a text is an answer even then.
    let done = client.extract::<Answer<Reservation>>("For two at nine.").report().await.unwrap();
    assert_eq!(done.value.text(), Some("They do not open before 18."));
    assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/value/hour");
    assert!(model.seen()[3].body["messages"][2]["content"].to_string().contains("/hour"));

    // A reply that consists only of the value as JSON is the value and not a text.
    let written: Answer<Reservation> = client.extract("For two at seven.").await.unwrap();
    assert_eq!(written.value(), Some(Reservation { people: 2, hour: 19 }));
}

#[tokio::test]
async fn a_streamed_answer_may_be_a_text_too() {
    type Asked = Answer<Reservation>;
    for words in ["I cannot tell.", "Is it {\"people\": 2} or 3?", "```\nno JSON\n```", "[1]", ""] {
        let model = Scripted::new([reply::text(words), reply::text(words), reply::text(words)]);
        let client = client_of(&model);
        let extraction =
            || client.extract::<Asked>("A table.").mode(Mode::Tools).validation_retries(0);
        let plain = extraction().await.map_err(|error| error.to_string());
        let streamed = extraction().stream().finish().await.map_err(|error| error.to_string());
        assert_eq!(streamed, plain, "{words}");
        let deltas = extraction().deltas().finish().await.map_err(|error| error.to_string());
        assert_eq!(deltas, plain, "{words}");
        assert_eq!(plain.is_ok(), !["[1]", ""].contains(&words), "{words}: {plain:?}");
        assert!(model.seen().iter().all(|seen| seen.body["tool_choice"] == "auto"), "{words}");
    }

    // A text is an answer after an invalid call too, and the last partial value is the text.
    let model = Scripted::new([
        reply::tool(json!({"value": {"value": {"people": 40, "hour": 19}}})),
        reply::text("They have no such table."),
        reply::tool(json!({"value": {"value": {"people": 2, "hour": 19}}})),
    ]);
    let client = client_of(&model);
    let mut stream = client.extract::<Asked>("A table.").mode(Mode::Tools).stream();
    let mut shown = Value::Null;
    while let Some(partial) = stream.next().await {
        shown = partial.unwrap().json();
    }
    assert_eq!(shown, json!({"text": "They have no such table."}));
    let report = stream.report().await.unwrap();
    assert_eq!(report.value.text(), Some("They have no such table."));
    assert_eq!(report.ledger.attempts[0].problems[0].pointer, "/value/people");
    let value = client.extract::<Asked>("For two.").layout(Layout::Whole).mode(Mode::Tools).await;
    assert_eq!(value.unwrap().value(), Some(Reservation { people: 2, hour: 19 }));
}

#[tokio::test]
async fn an_invalid_value_is_not_accepted_as_a_text() {
    let bad = [
        json!({"value": {"value": {"people": 40, "hour": 19}}}),
        json!({"value": {"people": 40, "hour": 19}}),
        json!({"people": 40, "hour": 19}),
    ];
    for mode in [Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        for bad in &bad {
            let client = client_of(&Scripted::new([reply::json(bad.clone())]));
            let asked =
                client.extract::<Answer<Reservation>>("For 40.").mode(mode).validation_retries(0);
            let error = asked.await.map(|answer| panic!("{mode}, {bad}: {answer:?}")).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Invalid { .. }), "{mode}, {bad}: {error}");
        }
    }
    // A text in a JSON wrapper is a text.
    let client = client_of(&Scripted::new([reply::json(json!({"answer": {"text": "When?"}}))]));
    let asked = client.extract::<Answer<Reservation>>("A table.").mode(Mode::Text).await;
    assert_eq!(asked.unwrap().text(), Some("When?"));
}

#[tokio::test]
async fn an_answer_of_an_enum_offers_the_enums_tools_and_text() {
    let (client, model) = client([
        reply::call("Cancel", json!({"id": 3})),
        reply::text("Which one?"),
        reply::calls([("Cancel", json!({"id": 3})), ("Talk", json!({}))]),
    ]);
    let action: Answer<Action> = client.extract("Cancel 3.").await.unwrap();
    assert_eq!(action, Answer::Value(Action::Cancel { id: 3 }));
    assert_eq!(tools(&model.seen()[0].body).len(), 5);
    let action: Answer<Action> = client.extract("Cancel.").await.unwrap();
    assert_eq!(action.into_result(), Err("Which one?".to_owned()));
    let actions: Answer<Vec<Action>> = client.extract("Cancel 3, and a person.").await.unwrap();
    assert_eq!(actions, Answer::Value(vec![Action::Cancel { id: 3 }, Action::Talk]));
}

#[tokio::test]
async fn an_answer_in_the_other_modes_is_a_union() {
    let replies = [
        reply::json(json!({"value": {"text": "Which one?"}})),
        reply::json(json!({"value": {"value": {"people": 2, "hour": 19}}})),
    ];
    let model = Scripted::new(replies).mode(Mode::JsonSchema);
    let client = client_of(&model);
    let answer: Answer<Reservation> = client.extract("A table.").await.unwrap();
    assert_eq!(answer.text(), Some("Which one?"));
    let answer: Answer<Reservation> = client.extract("For two.").await.unwrap();
    assert_eq!(answer.value(), Some(Reservation { people: 2, hour: 19 }));
    let sent = model.seen()[0].body.to_string();
    assert!(!sent.contains("x-plain-text"), "{sent}");
}

#[tokio::test]
async fn the_error_has_the_value_in_the_shape_of_the_type() {
    let bad = || reply::call("Reserve", json!({"people": 40, "hour": 19}));
    let client = Client::with_model(Scripted::new([bad(), bad()]));
    let error = client.extract::<Action>("A table.").validation_retries(1).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { .. }));
    assert_eq!(
        error.best().map(|best| &best.value),
        Some(&json!({"Reserve": {"people": 40, "hour": 19}}))
    );
}

#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Payment {
    Open,
    Settled { on: String },
}

#[derive(Debug, PartialEq, Extract)]
#[serde(rename_all = "snake_case")]
enum Order {
    Paid { status: Payment },
    Lost,
}

/// Returns the pointer and the expectation of every problem of one reply.
async fn problems_of<T: Extract + std::fmt::Debug>(reply: serde_json::Value) -> Vec<String> {
    let client = client_of(&Scripted::new([reply::json(reply)]));
    let error =
        client.extract::<T>("An order.").mode(Mode::Text).validation_retries(0).await.unwrap_err();
    let ErrorKind::Invalid { problems, .. } = error.kind() else { panic!("{error}") };
    problems.iter().map(|one| format!("{}: {}", one.pointer, one.expected)).collect()
}

#[tokio::test]
async fn a_bare_reply_has_the_problems_of_a_wrapped_one() {
    let payments =
        [json!({"status": 5}), json!({"status": "cancelled"}), json!({"status": "settled"})];
    for reply in payments {
        let bare = problems_of::<Payment>(reply.clone()).await;
        assert_eq!(bare, problems_of::<Payment>(json!({"value": reply})).await, "{reply}");
        assert!(
            bare.iter().all(|one| one.starts_with("/status") || one.starts_with("/on")),
            "{bare:?}"
        );
    }
    let orders = [
        json!({"paid": {"status": {"status": "settled"}}}),
        json!({"paid": {"status": 5}}),
        json!({"paid": {}}),
    ];
    for reply in orders {
        let bare = problems_of::<Order>(reply.clone()).await;
        assert_eq!(bare, problems_of::<Order>(json!({"value": reply})).await, "{reply}");
        assert!(bare.iter().all(|one| one.starts_with("/paid/status")), "{bare:?}");
    }
}

/// Whatever serde can put beside a tag.
#[derive(Debug, PartialEq, Extract)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Held {
    Map(BTreeMap<String, u8>),
    Any(Value),
    Struct(Reservation),
    /// How it was paid.
    Tagged(Payment),
    Keyed(Size),
    Flat {
        id: u8,
        #[serde(flatten)]
        more: BTreeMap<String, String>,
    },
    Unit,
}

#[derive(Debug, PartialEq, Extract)]
enum Size {
    Small { of: u8 },
    Large(u8),
}

#[tokio::test]
async fn content_beside_an_internal_tag_is_not_lost() {
    let rows = [
        ("map", json!({"a": 1, "b": 2}), Held::Map([("a".into(), 1), ("b".into(), 2)].into())),
        ("map", json!({"value": {}}), Held::Map(BTreeMap::new())),
        (
            "any",
            json!({"a": 1, "b": [{"c": null}]}),
            Held::Any(json!({"a": 1, "b": [{"c": null}]})),
        ),
        (
            "struct",
            json!({"people": 2, "hour": 19}),
            Held::Struct(Reservation { people: 2, hour: 19 }),
        ),
        ("tagged", json!({"status": "open"}), Held::Tagged(Payment::Open)),
        (
            "tagged",
            json!({"status": "settled", "on": "1 May"}),
            Held::Tagged(Payment::Settled { on: "1 May".into() }),
        ),
        ("keyed", json!({"Small": {"of": 1}}), Held::Keyed(Size::Small { of: 1 })),
        ("keyed", json!({"Large": 2}), Held::Keyed(Size::Large(2))),
        (
            "flat",
            json!({"id": 1, "x": "y"}),
            Held::Flat { id: 1, more: [("x".into(), "y".into())].into() },
        ),
        ("unit", json!({}), Held::Unit),
        ("unit", json!({"why": "none"}), Held::Unit),
    ];
    for (tool, arguments, expected) in rows {
        let (client, model) = client([reply::call(tool, arguments.clone())]);
        let value = client.extract::<Held>("Please.").validation_retries(0).await;
        assert_eq!(value.map_err(|error| error.to_string()), Ok(expected), "{tool} {arguments}");
        let tools = tools(&model.seen()[0].body);
        let of = |name: &str| &tools.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(
            of("map")["parameters"]["properties"]["value"]["additionalProperties"]["maximum"],
            255
        );
        assert_eq!(of("struct")["parameters"]["required"], json!(["people", "hour"]));
        assert_eq!(of("flat")["parameters"]["additionalProperties"]["type"], "string");
        assert_eq!(
            of("tagged")["description"],
            "How it was paid.\nWhatever serde can put beside a tag."
        );
        for (name, tool) in &tools {
            assert!(!tool["parameters"].to_string().contains("kind"), "{name}: {tool}");
        }
    }
}

/// In the tools of an adjacently tagged enum, a map or any value is the member `value`.
#[tokio::test]
async fn variants_with_maps_and_any_value_are_wrapped_in_one_member() {
    #[derive(Debug, PartialEq, Extract)]
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        Map(BTreeMap<String, u8>),
        Any(Value),
        Unit,
    }
    let rows = [
        ("Map", json!({"value": {"c": 1}}), Adjacent::Map([("c".into(), 1)].into())),
        ("Any", json!({"value": [1, {"a": 2}]}), Adjacent::Any(json!([1, {"a": 2}]))),
        ("Unit", json!({"c": 1}), Adjacent::Unit),
    ];
    for (tool, arguments, expected) in rows {
        let (client, _) = client([reply::call(tool, arguments)]);
        let value = client.extract::<Adjacent>("Please.").validation_retries(0).await;
        assert_eq!(value.map_err(|error| error.to_string()), Ok(expected));
    }
}

#[test]
fn a_union_with_keywords_for_all_variants_is_one_tool() {
    let branch = |name: &str| {
        let properties = json!({"k": {"const": name}, "n": {"type": "integer"}});
        json!({"type": "object", "properties": properties, "required": ["k"]})
    };
    let with = |beside: Value| {
        let mut schema = json!({"oneOf": [branch("a"), branch("b")]});
        schema.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
        let names = |variants: &extract_core::contract::Variants| variants.iter().count();
        Contract::from_schema(schema).unwrap().variants().map(|variants| names(variants))
    };
    for says_nothing in [json!({}), json!({"type": "object"}), json!({"description": "Both."})] {
        assert_eq!(with(says_nothing.clone()), Some(2), "{says_nothing}");
    }
    for beside in [
        json!({"properties": {"id": {"type": "integer"}}, "additionalProperties": true}),
        json!({"required": ["n"]}),
        json!({"minProperties": 1}),
        json!({"not": {"required": ["n"]}}),
        json!({"allOf": [{"properties": {"id": {}}}]}),
        json!({"anyOf": [{"required": ["n"]}, {"required": ["k"]}]}),
        json!({"$ref": "#/$defs/More", "$defs": {"More": {"maxProperties": 9}}}),
    ] {
        assert_eq!(with(beside.clone()), None, "{beside}");
    }
}
