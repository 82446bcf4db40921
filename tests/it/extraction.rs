//! The extraction loop: the number of requests for each outcome, their content, and the ledger.
//! Every reply goes through the decoding of real providers.

use std::time::Duration;

use extract_llm::contract::ProblemKind;
use extract_llm::conversation::{Prices, Usage};
use extract_llm::extraction::{InputError, Outcome, ParseError};
use extract_llm::scripted::reply;
use extract_llm::{Client, Error, ErrorKind, Extract, Message, Mode, Usd};
use serde_json::{Value, json};

use crate::support::scripted::scripted as client;

/// An order, as a customer wrote it.
#[derive(Debug, PartialEq, Extract)]
#[extract(validate = totals_add_up)]
struct Order {
    /// Name of the customer.
    customer: String,
    #[extract(length(min = 1))]
    lines: Vec<Line>,
    #[extract(range(min = 0.0))]
    total: f64,
}

#[derive(Debug, PartialEq, Extract)]
struct Line {
    #[extract(validate = known_sku)]
    sku: String,
    #[extract(range(min = 1))]
    quantity: u32,
}

fn totals_add_up(order: &Order) -> Result<(), &'static str> {
    let pieces: u32 = order.lines.iter().map(|line| line.quantity).sum();
    if f64::from(pieces) <= order.total { Ok(()) } else { Err("a total of at least 1 a piece") }
}

fn known_sku(sku: &str) -> Result<(), String> {
    if sku.starts_with("A-") { Ok(()) } else { Err("an article number that begins with A-".into()) }
}

fn good() -> Value {
    json!({"customer": "Ada", "lines": [{"sku": "A-1", "quantity": 2}], "total": 9.5})
}

#[tokio::test]
async fn a_good_reply_costs_one_request() {
    let (client, model) = client([reply::tool(good())]);

    let done = client.extract::<Order>("two of A-1 for Ada, 9.50").report().await.unwrap();

    assert_eq!(done.value.lines, [Line { sku: "A-1".into(), quantity: 2 }]);
    assert_eq!(done.ledger.attempts.len(), 1);
    assert_eq!(done.ledger.attempts[0].outcome, Outcome::Accepted);
    assert!(done.ledger.repairs().is_empty());
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn three_problems_are_corrected_by_one_re_ask_that_names_all_three() {
    let bad = json!({"lines": [{"sku": "A-1", "quantity": "two"}], "total": -1});
    let (client, model) = client([reply::tool(bad.clone()), reply::tool(good())]);

    let done = client.extract::<Order>("an order").report().await.unwrap();

    assert_eq!(done.ledger.attempts.len(), 2);
    let pointers: Vec<&str> =
        done.ledger.attempts[0].problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers.len(), 3, "{pointers:?}");

    let messages = &model.seen()[1].body["messages"];
    assert_eq!(messages[0]["content"], "<text>\nan order\n</text>");
    assert_eq!(messages[1]["role"], "assistant");
    let call = &messages[1]["tool_calls"][0];
    let replayed: Value =
        serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(replayed, bad);
    assert_eq!(messages[2]["role"], "tool");
    assert_eq!(messages[2]["tool_call_id"], call["id"]);
    let feedback = messages[2]["content"].as_str().unwrap();
    for pointer in ["/customer", "/lines/0/quantity", "/total"] {
        assert!(feedback.contains(pointer), "{pointer} is not in: {feedback}");
    }
    assert_eq!(messages.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn rules_of_the_type_and_of_its_fields_are_reported_together() {
    let bad = json!({"customer": "Ada", "lines": [{"sku": "A-1", "quantity": 2}, {"sku": "B-2", "quantity": 3}], "total": 1});
    let (client, model) = client([reply::tool(bad), reply::tool(good())]);

    let done = client.extract::<Order>("an order").report().await.unwrap();

    let problems = &done.ledger.attempts[0].problems;
    assert!(problems.iter().all(|problem| problem.kind == ProblemKind::Rule), "{problems:?}");
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        told.contains(
            &r#"/lines/1/sku: expected an article number that begins with A-, found "B-2""#
                .to_owned()
        ),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
    let feedback = model.seen()[1].body["messages"][2]["content"].as_str().unwrap().to_owned();
    assert!(feedback.contains("a total of at least 1 a piece"), "{feedback}");
}

#[tokio::test]
async fn each_outcome_costs_a_fixed_number_of_requests() {
    let bad = || reply::tool(json!({"customer": null, "total": 1}));
    let table = [
        ("good first time", vec![reply::tool(good())], 1, "ok"),
        ("one bad, then good", vec![bad(), reply::tool(good())], 2, "ok"),
        ("always bad", vec![bad(), bad(), bad(), bad()], 3, "invalid"),
        ("refusal", vec![reply::refusal("no"), reply::tool(good())], 1, "refused"),
        (
            "truncation",
            vec![reply::truncated("{\"customer\": \"A"), reply::tool(good())],
            1,
            "truncated",
        ),
        ("content filter", vec![reply::filtered(), reply::tool(good())], 1, "filtered"),
        ("401", vec![reply::status(401), reply::tool(good())], 1, "provider"),
    ];
    for (name, replies, requests, outcome) in table {
        let (client, model) = client(replies);
        let got = client.extract::<Order>("an order").validation_retries(2).await;
        let got = match got.as_ref().map_err(Error::kind) {
            Ok(_) => "ok",
            Err(ErrorKind::Invalid { .. }) => "invalid",
            Err(ErrorKind::Refused { .. }) => "refused",
            Err(ErrorKind::Truncated { .. }) => "truncated",
            Err(ErrorKind::ContentFiltered { .. }) => "filtered",
            Err(ErrorKind::Provider(_)) => "provider",
            Err(other) => panic!("{name}: {other:?}"),
        };
        assert_eq!((got, model.seen().len()), (outcome, requests), "{name}");
    }
}

#[tokio::test]
async fn an_exhausted_budget_gives_the_full_ledger_and_the_last_value() {
    let (client, _) = client([
        reply::tool(json!({"customer": null, "total": 1})).usage(100, 20),
        reply::tool(json!({"customer": null, "total": 2})).usage(150, 30),
    ]);

    let error = client.extract::<Order>("an order").validation_retries(1).await.unwrap_err();

    assert_eq!(error.best().map(|best| &best.value), Some(&json!({"customer": null, "total": 2})));
    let ledger = error.ledger();
    assert_eq!(ledger.attempts.len(), 2);
    assert!(ledger.attempts.iter().all(|attempt| attempt.outcome == Outcome::Rejected));
    assert_eq!(ledger.attempts[0].usage, Some(Usage::new(100, 20)));
    assert_eq!(ledger.usage(), Usage::new(250, 50));
    assert_eq!(ledger.attempts[0].reply, r#"{"customer":null,"total":1}"#);
    assert!(error.to_string().contains("/customer"), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn refusals_and_truncations_keep_the_text_and_the_usage() {
    let (client, _) = client([
        reply::refusal("I will not read this.").usage(7, 3),
        reply::truncated(r#"{"customer": "Ad"#).usage(7, 16),
    ]);

    let refused = client.extract::<Order>("an order").await.unwrap_err();
    let ErrorKind::Refused { message } = refused.kind() else { panic!("{refused}") };
    let ledger = refused.ledger();
    assert_eq!(message, "I will not read this.");
    assert_eq!(ledger.usage(), Usage::new(7, 3));

    let cut = client.extract::<Order>("an order").await.unwrap_err();
    let ErrorKind::Truncated { partial } = cut.kind() else { panic!("{cut}") };
    let ledger = cut.ledger();
    assert_eq!(partial, r#"{"customer": "Ad"#);
    assert_eq!(ledger.usage(), Usage::new(7, 16));
    assert!(cut.to_string().contains("16 output tokens"), "{cut}");
}

#[tokio::test]
async fn text_modes_re_ask_with_an_assistant_turn_and_a_user_turn() {
    for mode in [Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let (client, model) = client([reply::text("{\"customer\": null}"), reply::json(good())]);
        client.extract::<Order>("an order").mode(mode).await.unwrap();

        let seen = model.seen();
        let first = seen[0].body["messages"].as_array().unwrap().len();
        let second = seen[1].body["messages"].as_array().unwrap();
        assert_eq!(second.len(), first + 2, "{mode}");
        assert_eq!(second[..first], seen[0].body["messages"].as_array().unwrap()[..], "{mode}");
        assert_eq!(second[first]["role"], "assistant");
        assert_eq!(second[first]["content"], "{\"customer\": null}");
        assert_eq!(second[first + 1]["role"], "user");
        assert!(second[first + 1]["content"].as_str().unwrap().contains("/customer"));
    }
}

#[tokio::test]
async fn each_mode_has_its_own_request_form() {
    let asked = async |mode| {
        let (client, model) = client([reply::json(good())]);
        client.extract::<Order>("an order").mode(mode).await.unwrap();
        model.seen()[0].body.clone()
    };

    let tools = asked(Mode::Tools).await;
    assert_eq!(tools["tools"][0]["function"]["name"], "Order");
    assert_eq!(tools["tools"][0]["function"]["description"], "An order, as a customer wrote it.");
    assert_eq!(tools["tool_choice"], json!({"type": "function", "function": {"name": "Order"}}));
    assert_eq!(tools["parallel_tool_calls"], false);
    assert_eq!(tools.get("response_format"), None);

    let schema = asked(Mode::JsonSchema).await;
    let format = &schema["response_format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["json_schema"]["name"], "Order");
    assert_eq!(format["json_schema"]["schema"]["type"], "object");
    assert_eq!(schema.get("tools"), None);
    assert_eq!(schema["messages"].as_array().unwrap().len(), 1, "no prompt is added");

    let object = asked(Mode::JsonObject).await;
    assert_eq!(object["response_format"], json!({"type": "json_object"}));
    let system = object["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("JSON") && system.contains("customer"), "{system}");

    let text = asked(Mode::Text).await;
    assert_eq!(text.get("response_format"), None);
    assert!(text["messages"][0]["content"].as_str().unwrap().contains("customer"));
}

#[tokio::test]
async fn no_setting_is_sent_unless_it_was_set() {
    let (client, model) = client([reply::tool(good()), reply::tool(good())]);
    client.extract::<Order>("an order").await.unwrap();
    client
        .extract::<Order>("an order")
        .max_tokens(500)
        .temperature(0.0)
        .seed(7)
        .stop("THE END")
        .service_tier("flex")
        .extra_body("store", false)
        .await
        .unwrap();

    let seen = model.seen();
    let mut keys: Vec<&str> =
        seen[0].body.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["messages", "model", "parallel_tool_calls", "tool_choice", "tools"]);
    assert_eq!(seen[1].body["max_completion_tokens"], 500);
    assert_eq!(seen[1].body.get("max_tokens"), None);
    assert_eq!(seen[1].body["temperature"], 0.0);
    assert_eq!(seen[1].body["seed"], 7);
    assert_eq!(seen[1].body["stop"], json!(["THE END"]));
    assert_eq!(seen[1].body["service_tier"], "flex");
    assert_eq!(seen[1].body["store"], false);
}

#[tokio::test]
async fn the_callers_messages_are_never_changed() {
    let history = vec![
        Message::system("You read orders."),
        Message::user("Two of A-1, please."),
        Message::assistant("For whom?"),
        Message::user("Ada."),
    ];
    let before = history.clone();
    let (client, model) = client([reply::tool(json!({})), reply::tool(good())]);

    client.extract::<Order>(&history).system("Amounts are in euros.").await.unwrap();

    assert_eq!(history, before);
    let messages = &model.seen()[1].body["messages"];
    let system = messages[0]["content"].as_str().unwrap();
    assert_eq!(system, "Amounts are in euros.\n\nYou read orders.");
    assert_eq!(messages[3]["content"], "Ada.");
}

#[tokio::test]
async fn feedback_and_instructions_can_be_replaced() {
    let (client, model) = client([reply::text("?"), reply::json(good())]);
    client
        .extract::<Order>("an order")
        .mode(Mode::Text)
        .instructions(|contract| format!("Fill in {}.", contract.name()))
        .feedback(|feedback| {
            format!("Attempt {}: {} wrong.", feedback.attempt, feedback.problems.len())
        })
        .await
        .unwrap();

    let messages = &model.seen()[1].body["messages"];
    assert_eq!(messages[0]["content"], "Fill in Order.");
    assert_eq!(messages[3]["content"], "Attempt 1: 1 wrong.");
}

#[tokio::test]
async fn feedback_is_bounded_for_any_number_of_problems() {
    let lines: Vec<Value> =
        (0..5000).map(|n| json!({"sku": null, "quantity": format!("x{n}")})).collect();
    let (client, model) = client([
        reply::tool(json!({"customer": "A", "lines": lines, "total": 1})),
        reply::tool(good()),
    ]);

    client.extract::<Order>("an order").await.unwrap();

    let feedback = model.seen()[1].body["messages"][2]["content"].as_str().unwrap().to_owned();
    assert!(feedback.len() < 5000, "{} bytes", feedback.len());
    assert!(feedback.contains("/lines/0/sku"), "{feedback}");
}

#[tokio::test]
async fn the_valid_one_of_several_calls_is_used_and_without_one_every_call_is_answered() {
    let calls = [json!({"customer": null, "total": 1}).to_string(), good().to_string()];
    let (client, model) = client([
        reply::tools(calls),
        reply::tools([
            json!({"customer": null, "total": 1}).to_string(),
            json!({"customer": null, "total": 2}).to_string(),
        ]),
        reply::tool(good()),
    ]);

    assert_eq!(client.extract::<Order>("an order").await.unwrap().customer, "Ada");
    assert_eq!(client.extract::<Order>("an order").await.unwrap().customer, "Ada");

    let seen = model.seen();
    assert_eq!(seen.len(), 3);
    let answered: Vec<&Value> = seen[2].body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| &message["tool_call_id"])
        .collect();
    assert_eq!(answered, ["call_0", "call_1"]);
}

#[tokio::test]
async fn an_answer_as_text_in_tool_mode_is_an_answer() {
    let (client, model) = client([reply::text(format!("Sure!\n```json\n{}\n```", good()))]);
    let done = client.extract::<Order>("an order").report().await.unwrap();
    assert_eq!(done.value.customer, "Ada");
    assert!(!done.ledger.repairs().is_empty());
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn an_empty_reply_is_re_asked() {
    let (client, model) = client([reply::text(""), reply::tool(good())]);
    let done = client.extract::<Order>("an order").report().await.unwrap();
    assert_eq!(done.ledger.attempts[0].problems[0].kind, ProblemKind::Unreadable);
    // Providers refuse an empty assistant turn, so none is sent.
    let roles: Vec<Value> = model.seen()[1].body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].clone())
        .collect();
    assert_eq!(roles, ["user", "user"]);
}

#[tokio::test]
async fn roots_that_are_not_objects_are_wrapped_and_unwrapped() {
    async fn value<T: Extract>(wrapped: Value) -> (T, Value) {
        let (client, model) = client([reply::tool(json!({"value": wrapped}))]);
        let value = client.extract::<T>("text").await.unwrap();
        (value, model.seen()[0].body["tools"][0]["function"]["parameters"].clone())
    }

    #[derive(Debug, PartialEq, Extract)]
    enum Mood {
        Good,
        Bad,
    }

    let (list, parameters) = value::<Vec<Line>>(json!([{"sku": "A-1", "quantity": 1}])).await;
    assert_eq!(list.len(), 1);
    assert_eq!(parameters["type"], "object");
    assert_eq!(parameters["required"], json!(["value"]));
    assert_eq!(value::<Mood>(json!("Bad")).await.0, Mood::Bad);
    assert_eq!(value::<Option<u32>>(json!(null)).await.0, None);
    assert_eq!(value::<f64>(json!(2.5)).await.0.to_string(), "2.5");
    assert_eq!(value::<String>(json!("x")).await.0, "x");
    let (map, _) = value::<std::collections::BTreeMap<String, bool>>(json!({"a": true})).await;
    assert!(map["a"]);

    // A model may omit the wrapping object.
    let (client, _) = client([reply::json(json!([{"sku": "A-1", "quantity": 1}]))]);
    assert_eq!(client.extract::<Vec<Line>>("text").mode(Mode::Text).await.unwrap().len(), 1);
}

#[tokio::test]
async fn invalid_extractions_are_refused_before_a_request_is_made() {
    let (client, model) = client([reply::tool(good())]);
    for input in ["", "  \n\t "] {
        let error = client.extract::<Order>(input).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Input(InputError::Empty)), "{error}");
    }
    assert_eq!(model.seen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_covers_the_whole_extraction_and_keeps_the_ledger() {
    let slow = |value| reply::tool(value).after(Duration::from_secs(40));
    let (client, model) = client([slow(json!({"customer": null, "total": 3})), slow(good())]);

    let error =
        client.extract::<Order>("an order").deadline(Duration::from_secs(60)).await.unwrap_err();

    let ErrorKind::Deadline { deadline, .. } = error.kind() else { panic!("{error}") };
    let best = error.best();
    let ledger = error.ledger();
    assert_eq!(*deadline, Duration::from_secs(60));
    assert_eq!(best.unwrap().value, json!({"customer": null, "total": 3}));
    assert_eq!(ledger.attempts.len(), 2);
    assert_eq!(ledger.attempts[1].outcome, Outcome::Failed);
    assert_eq!(model.seen().len(), 2);
}

#[tokio::test]
async fn cost_is_known_if_the_provider_reports_it_or_prices_are_set() {
    let stated = json!({
        "choices": [{"message": {"content": good().to_string()}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25},
    });
    let (client, _) = client([reply::body(stated), reply::tool(good())]);
    assert_eq!(client.extract::<Order>("x").report().await.unwrap().ledger.cost(), Some(Usd(0.25)));
    assert_eq!(client.extract::<Order>("x").report().await.unwrap().ledger.cost(), None);

    assert_eq!(Prices::new(1.0, 2.0).cost(&Usage::new(1_000_000, 500_000)), Usd(2.0));
}

#[test]
fn clients_and_errors_are_send_and_sync() {
    fn anywhere<T: Send + Sync + Clone>() {}
    fn sendable<T: Send + Sync + 'static>(_: &T) {}
    anywhere::<Client>();
    let (client, _) = client([]);
    sendable(&client.extract::<Order>("x"));
    let future = std::future::IntoFuture::into_future(client.extract::<Order>("x"));
    fn send<T: Send>(_: &T) {}
    send(&future);
}

#[tokio::test]
async fn a_malformed_reply_is_repaired_without_a_re_ask_in_every_mode() {
    let dressed = "Of course:\n```json\n{'customer': 'Ada', 'lines': [{'sku': 'A-1', 'quantity': '2',},], total: 9.50,}\n```";
    for mode in [Mode::JsonSchema, Mode::JsonObject, Mode::Text, Mode::Tools] {
        let (client, model) = client([reply::text(dressed)]);
        let done = client.extract::<Order>("an order").mode(mode).report().await.unwrap();
        assert_eq!(done.value.lines, [Line { sku: "A-1".into(), quantity: 2 }], "{mode}");
        assert_eq!(model.seen().len(), 1, "{mode}");
        assert!(done.ledger.repairs().len() >= 3, "{mode}: {:?}", done.ledger.repairs());
    }
    let arguments = "{'customer': 'Ada', 'lines': [{'sku': 'A-1', 'quantity': 2,}], 'total': 9.5,}";
    let (client, model) = client([reply::tool_text(arguments)]);
    assert_eq!(client.extract::<Order>("an order").await.unwrap().customer, "Ada");
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn a_truncated_value_is_never_an_answer() {
    let whole = good().to_string();
    for cut in [12, 20, whole.len() / 2, whole.len() - 12] {
        let (client, model) = client([reply::text(&whole[..cut]), reply::json(good())]);
        let done = client.extract::<Order>("an order").report().await.unwrap();
        assert_eq!(model.seen().len(), 2, "{}", &whole[..cut]);
        assert_eq!(done.ledger.attempts[0].outcome, Outcome::Rejected);
    }
}

#[test]
fn reading_and_checking_work_without_a_model() {
    let parsed = extract_llm::parse::<Order>(&format!("```json\n{}\n```", good())).unwrap();
    assert_eq!(parsed.value.customer, "Ada");
    assert_eq!(parsed.repairs.len(), 1);

    let bad = json!({"customer": "Ada", "lines": [], "total": -1}).to_string();
    match extract_llm::parse::<Order>(&bad).unwrap_err() {
        ParseError::Invalid { problems, value, .. } => {
            assert_eq!(problems.len(), 3, "{problems}");
            assert_eq!(value["total"], -1);
        }
        other => panic!("{other}"),
    }
    assert!(matches!(extract_llm::parse::<Order>("No idea."), Err(ParseError::Read(_))));
    assert!(matches!(
        extract_llm::parse::<Order>(r#"{"customer": "A"#),
        Err(ParseError::Cut { .. })
    ));
}
