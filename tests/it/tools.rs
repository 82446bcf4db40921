//! Tools that the loop runs: calls, results, errors, and what the ledger says about them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use extract_llm::conversation::{Role, ToolResult};
use extract_llm::extraction::{
    InputError, Limit, MAX_TOOL_RESULT, Outcome, ToolFailure, ToolOutcome,
};
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, ErrorKind, Extract, Ledger, Mode, Part, ToolError, UserTool};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::scripted::{client_of, scripted};

/// Looks up how many of an article are in stock.
#[derive(Debug, Extract)]
pub(crate) struct StockQuery {
    #[extract(validate = lower)]
    article: String,
}

fn lower(name: &str) -> Result<(), &'static str> {
    if name.chars().any(char::is_uppercase) { Err("a name in lower case") } else { Ok(()) }
}

/// The answer to the customer.
#[derive(Debug, PartialEq, Extract)]
pub(crate) struct Answer {
    #[extract(range(max = 99))]
    in_stock: u32,
}

#[derive(Serialize)]
struct Stock {
    article: String,
    count: u32,
}

pub(crate) fn ask_stock(article: &str) -> ScriptedReply {
    reply::call("stock", json!({"article": article}))
}

pub(crate) fn answer(in_stock: u32) -> ScriptedReply {
    reply::call("Answer", json!({"in_stock": in_stock}))
}

async fn stock(query: StockQuery) -> Result<Stock, ToolError> {
    Ok(Stock { article: query.article, count: 7 })
}

/// Returns the tool result in the last message of a request.
fn last_result(model: &Scripted, request: usize) -> ToolResult {
    let seen = model.seen();
    let Part::ToolResult(result) = &seen[request].request.messages.last().unwrap().parts[0] else {
        panic!("no result: {:?}", seen[request].request.messages)
    };
    result.clone()
}

#[tokio::test]
async fn a_tool_is_run_and_its_result_leads_to_the_value() {
    let (client, model) = scripted([ask_stock("chair"), answer(7)]);
    let done = client
        .extract::<Answer>("How many chairs?")
        .system("Be brief.")
        .tool("stock", stock)
        .report()
        .await
        .unwrap();

    assert_eq!(done.value, Answer { in_stock: 7 });
    let seen = model.seen();
    let tool = &seen[0].body["tools"][1]["function"];
    assert_eq!(tool["name"], "stock");
    assert_eq!(tool["description"], "Looks up how many of an article are in stock.");
    let messages = seen[1].body["messages"].as_array().unwrap();
    assert_eq!(messages[..2], seen[0].body["messages"].as_array().unwrap()[..]);
    assert_eq!(messages[3]["content"], r#"{"article":"chair","count":7}"#);
    assert_eq!(messages[3]["tool_call_id"], messages[2]["tool_calls"][0]["id"]);
    assert_eq!(messages.len(), 4);

    let ledger = &done.ledger;
    let outcomes: Vec<Outcome> = ledger.attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [Outcome::Called, Outcome::Accepted]);
    let [run] = ledger.tool_runs.as_slice() else { panic!("{ledger}") };
    assert_eq!((run.attempt, run.name.as_str(), run.outcome), (1, "stock", ToolOutcome::Answered));
    assert_eq!(run.arguments, json!({"article": "chair"}));
    assert_eq!(run.result, r#"{"article":"chair","count":7}"#);
    assert!(
        ledger.to_string().contains("\ntool `stock` for attempt 1: answered after "),
        "{ledger}"
    );
    let json = serde_json::to_value(ledger).unwrap();
    assert_eq!(json["tool_runs"][0]["outcome"], "answered");
    assert_eq!(serde_json::from_value::<Ledger>(json).unwrap(), *ledger);

    // The conversation of the report has the calls, and the value's call with its result.
    let roles: Vec<Role> = done.conversation.messages().iter().map(|it| it.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::Assistant, Role::Tool]);
}

/// Both calls wait for each other, so that the test ends only if they run at the same time.
#[tokio::test]
async fn calls_of_one_reply_run_side_by_side() {
    let (client, model) = scripted([
        reply::calls([
            ("stock", json!({"article": "chair"})),
            ("stock", json!({"article": "table"})),
        ]),
        answer(2),
    ]);
    let barrier = Arc::new(Barrier::new(2));
    let done = client
        .extract::<Answer>("Chairs and tables?")
        .tool("stock", async move |query: StockQuery| {
            barrier.wait().await;
            if query.article == "chair" {
                // The first call ends last.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(query.article)
        })
        .deadline(Duration::from_secs(20))
        .report()
        .await
        .unwrap();
    let messages = &model.seen()[1].body["messages"];
    assert_eq!(messages[2]["content"], "chair", "a string is sent as it is");
    assert_eq!(messages[3]["content"], "table");
    let results: Vec<&str> = done.ledger.tool_runs.iter().map(|run| run.result.as_str()).collect();
    assert_eq!(results, ["chair", "table"]);
}

#[tokio::test]
async fn arguments_are_checked_by_the_validators_of_the_type() {
    let (client, model) = scripted([
        reply::calls([
            ("stock", json!({"article": "chair"})),
            ("stock", json!({"article": "TABLE"})),
        ]),
        reply::calls([
            ("stock", json!({"article": "chair"})),
            ("stock", json!({"article": "table"})),
        ]),
        answer(300),
        answer(14),
    ]);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let extraction = || {
        let counted = Arc::clone(&counted);
        client.extract::<Answer>("Chairs and tables?").tool("stock", async move |_: StockQuery| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(7)
        })
    };
    let done = extraction().report().await.unwrap();
    assert_eq!(done.value.in_stock, 14);
    assert_eq!(runs.load(Ordering::Relaxed), 2, "invalid calls are not run");
    let messages = &model.seen()[1].body["messages"];
    assert!(messages[2]["content"].as_str().unwrap().starts_with("Not taken"), "{messages}");
    let told = messages[3]["content"].as_str().unwrap();
    assert!(told.contains("/article: expected a name in lower case"), "{told}");
    let outcomes: Vec<Outcome> = done.ledger.attempts.iter().map(|it| it.outcome).collect();
    use Outcome::{Accepted, Called, Rejected};
    assert_eq!(outcomes, [Rejected, Called, Rejected, Accepted]);

    // Re-asks of all steps count together.
    let (client, _) = scripted([ask_stock("CHAIR"), ask_stock("chair"), answer(300), answer(14)]);
    let asked = client.extract::<Answer>("Chairs?").tool("stock", stock).validation_retries(1);
    let error = asked.await.unwrap_err();
    let ErrorKind::Invalid { limit, .. } = error.kind() else { panic!("{error}") };
    assert_eq!(*limit, Limit::Retries { retries: 1 });
}

#[tokio::test]
async fn an_error_is_told_to_the_model_or_ends_the_extraction() {
    #[derive(Debug, PartialEq)]
    struct Down;
    impl std::fmt::Display for Down {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the database is down")
        }
    }
    impl std::error::Error for Down {}

    let tool = async |query: StockQuery| match query.article.as_str() {
        "chair" => Ok(7),
        "sofa" => Err(ToolError::tell("there is no sofa")),
        "bed" => std::future::pending().await,
        _ => Err::<u32, _>(Down.into()),
    };
    let (client, model) = scripted([ask_stock("sofa"), answer(0)]);
    let done = client.extract::<Answer>("Sofas?").tool("stock", tool).report().await.unwrap();
    let result = last_result(&model, 1);
    assert_eq!((&*result.content, result.is_error), ("there is no sofa", true));
    assert_eq!(done.ledger.tool_runs[0].outcome, ToolOutcome::Told);

    let (client, model) = scripted([
        reply::calls([
            ("stock", json!({"article": "bed"})),
            ("stock", json!({"article": "table"})),
        ]),
        answer(0),
    ]);
    let error = client.extract::<Answer>("Tables?").tool("stock", tool).await.unwrap_err();
    let ErrorKind::Tool { name, source: ToolFailure::Stopped(reason) } = error.kind() else {
        panic!("{error:?}")
    };
    assert_eq!((name.as_str(), reason.downcast_ref()), ("stock", Some(&Down)));
    assert_eq!(error.kind().name(), "tool");
    assert!(error.to_string().starts_with("the tool `stock` ended the extraction: the database"));
    assert!(!error.is_retryable());
    assert_eq!(model.seen().len(), 1);
    let outcomes: Vec<ToolOutcome> =
        error.ledger().tool_runs.iter().map(|run| run.outcome).collect();
    assert_eq!(outcomes, [ToolOutcome::Cancelled, ToolOutcome::Failed]);
}

#[tokio::test]
async fn the_steps_are_limited() {
    let (client, model) = scripted((0..9).map(|_| ask_stock("chair")));
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let error = client
        .extract::<Answer>("Chairs?")
        .tool("stock", async move |_: StockQuery| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(7)
        })
        .max_steps(3)
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooManySteps { steps: 3 }), "{error:?}");
    assert!(error.to_string().starts_with("no value after 3 replies with calls of tools"));
    assert_eq!((runs.load(Ordering::Relaxed), error.ledger().tool_runs.len()), (3, 3));
    assert_eq!(model.seen().len(), 4);
}

#[tokio::test]
async fn a_deadline_cuts_off_running_tools() {
    let (client, _) = scripted([ask_stock("chair")]);
    let error = client
        .extract::<Answer>("Chairs?")
        .tool("stock", async |_: StockQuery| std::future::pending::<Result<u32, _>>().await)
        .deadline(Duration::from_millis(50))
        .await
        .unwrap_err();
    let ErrorKind::Deadline { request: None, .. } = error.kind() else { panic!("{error:?}") };
    assert_eq!(error.ledger().attempts[0].outcome, Outcome::Called);
    assert_eq!(error.ledger().tool_runs[0].outcome, ToolOutcome::Cancelled);
}

#[tokio::test]
async fn a_result_that_is_too_long_or_no_json_ends_the_extraction() {
    let ask = async |size: usize| {
        let (client, _) = scripted([ask_stock("chair"), answer(1)]);
        let long = async move |_: StockQuery| Ok("x".repeat(size));
        client.extract::<Answer>("Chairs?").tool("stock", long).await
    };
    assert!(ask(MAX_TOOL_RESULT).await.is_ok());
    let error = ask(MAX_TOOL_RESULT + 1).await.unwrap_err();
    let ErrorKind::Tool { source: ToolFailure::TooLarge { bytes, limit }, .. } = error.kind()
    else {
        panic!("{error:?}")
    };
    assert_eq!((*bytes, *limit), (MAX_TOOL_RESULT + 1, MAX_TOOL_RESULT));

    let (client, _) = scripted([ask_stock("chair")]);
    let no_json = async |_: StockQuery| Ok(std::collections::HashMap::from([((1, 2), 3)]));
    let error = client.extract::<Answer>("Chairs?").tool("stock", no_json).await.unwrap_err();
    let ErrorKind::Tool { source: ToolFailure::NotJson(_), .. } = error.kind() else {
        panic!("{error:?}")
    };
}

/// A panic unwinds the task of the extraction, and leaves the client as it was.
#[tokio::test]
async fn a_panic_of_a_tool_is_not_caught_and_harms_nothing() {
    let (client, _) = scripted([ask_stock("chair"), answer(7)]);
    let panicking = client
        .extract::<Answer>("Chairs?")
        .tool("stock", async |query: StockQuery| -> Result<u32, ToolError> {
            panic!("no {}", query.article)
        });
    let joined = tokio::spawn(panicking.into_future()).await;
    assert!(joined.unwrap_err().is_panic());
    assert_eq!(client.extract::<Answer>("Chairs?").await.unwrap().in_stock, 7);
}

#[tokio::test]
async fn invalid_tools_are_refused_before_sending() {
    let (client, model) = scripted([]);
    let asked = || client.extract::<Answer>("Chairs?");
    for (twice, name) in [
        (asked().tool("stock", stock).tool("stock", stock), "stock"),
        (asked().tool("Answer", stock), "Answer"),
    ] {
        let error = twice.await.unwrap_err();
        let ErrorKind::Input(InputError::ToolName(found)) = error.kind() else { panic!("{error}") };
        assert_eq!(found, name);
    }
    for mode in [Mode::JsonSchema, Mode::JsonObject, Mode::Text] {
        let error = asked().tool("stock", stock).mode(mode).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Input(InputError::NoTools)), "{error}");
    }
    let model_without = Scripted::new([]).mode(Mode::Text);
    let error = client_of(&model_without).extract::<Answer>("?").tool("stock", stock).await;
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Input(InputError::NoTools)), "{error}");
    assert!(model.seen().is_empty() && model_without.seen().is_empty());
}

#[tokio::test]
async fn a_tool_may_have_a_schema_of_its_own() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let tool = UserTool::new("half", schema).unwrap().description("Half of a number.");
    let (client, model) = scripted([
        reply::call("half", json!({"n": "many"})),
        reply::call("half", json!({"n": "8"})),
        answer(4),
    ]);
    let half = async |query: Value| Ok(query["n"].as_i64().unwrap_or_default() / 2);
    let done = client.extract::<Answer>("Half of 8?").tool_with(tool, half).report().await.unwrap();
    assert_eq!(done.ledger.tool_runs[0].result, "4");
    let function = &model.seen()[0].body["tools"][1]["function"];
    assert_eq!(
        (&function["name"], &function["description"]),
        (&json!("half"), &json!("Half of a number."))
    );
    assert!(last_result(&model, 1).content.contains("/n"), "{:?}", last_result(&model, 1));
}

#[tokio::test]
async fn the_context_of_the_extraction_checks_arguments_too() {
    use extract_llm::Quote;
    #[derive(Extract)]
    struct Lookup {
        article: Quote,
    }
    let (client, model) = scripted([
        reply::call("stock", json!({"article": "sofa"})),
        reply::call("stock", json!({"article": "chairs"})),
        answer(7),
    ]);
    let tool = async |lookup: Lookup| Ok(lookup.article.to_string());
    client.extract::<Answer>("How many chairs?").tool("stock", tool).await.unwrap();
    assert!(last_result(&model, 1).is_error);
    assert_eq!(&*last_result(&model, 2).content, "chairs");
}

#[tokio::test]
async fn tools_stand_beside_the_variants_of_an_enum() {
    #[derive(Debug, PartialEq, Extract)]
    enum Plan {
        Buy { count: u32 },
        Wait,
    }
    let (client, model) = scripted([
        reply::calls([("Buy", json!({"count": 1})), ("stock", json!({"article": "chair"}))]),
        reply::call("Buy", json!({"count": 7})),
    ]);
    let plan: Plan = client.extract("Buy all chairs.").tool("stock", stock).await.unwrap();
    assert_eq!(plan, Plan::Buy { count: 7 });
    let body = &model.seen()[1].body;
    assert_eq!(body["tools"].as_array().unwrap().len(), 3);
    // The value beside the call waits for the result, and every call has one.
    let mut ids: Vec<&Value> =
        body["messages"].as_array().unwrap().iter().map(|it| &it["tool_call_id"]).collect();
    ids.retain(|id| !id.is_null());
    assert_eq!(ids, ["call_1", "call_0"]);
}

#[tokio::test]
async fn budgets_hold_over_all_steps() {
    let (client, model) = scripted([ask_stock("chair").usage(2_900, 5), answer(7)]);
    let asked = client.extract::<Answer>("Chairs?").tool("stock", stock);
    let error = asked.max_tokens(20).token_budget(3_000).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Budget(_)), "{error:?}");
    assert_eq!(model.seen().len(), 1);
    assert_eq!(error.ledger().tool_runs[0].outcome, ToolOutcome::Answered);
}

#[tokio::test]
async fn a_client_sets_the_steps_of_its_extractions() {
    let model = Scripted::new([ask_stock("chair")]);
    let client = Client::builder().max_steps(0).with_model(model);
    let error = client.extract::<Answer>("Chairs?").tool("stock", stock).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooManySteps { steps: 0 }), "{error:?}");
    assert!(error.ledger().tool_runs.is_empty());
}
