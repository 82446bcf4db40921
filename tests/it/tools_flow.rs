//! Tools that the loop runs beside the other capabilities: streams, re-asks, other models, the cache, steps,
//! samples, and runs over many inputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use extract_llm::cache::Cache;
use extract_llm::conversation::Role;
use extract_llm::extraction::{FallbackOn, RetryContext, ToolOutcome};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Conversation, Extraction, Step, UserTool};
use serde_json::json;

use crate::support::scripted::scripted;
use crate::tools::{Answer, StockQuery, answer, ask_stock};

/// Adds the tool `stock`, and counts its runs.
fn with_stock(extraction: Extraction<Answer>, runs: &Arc<AtomicUsize>) -> Extraction<Answer> {
    let runs = Arc::clone(runs);
    extraction.tool("stock", async move |_: StockQuery| Ok(runs.fetch_add(1, Ordering::Relaxed)))
}

fn count(runs: &AtomicUsize) -> usize {
    runs.load(Ordering::Relaxed)
}

#[tokio::test]
async fn streams_show_the_value_only() {
    let runs = Arc::default();
    let (client, _) = scripted([ask_stock("chair"), answer(7)]);
    let mut stream = with_stock(client.extract::<Answer>("Chairs?"), &runs).stream();
    let mut shown = Vec::new();
    while let Some(partial) = stream.next().await {
        let json = partial.unwrap().json();
        shown.push((stream.attempt(), json));
    }
    assert_eq!(shown.last(), Some(&(2, json!({"in_stock": 7}))));
    assert!(shown.iter().all(|(_, json)| json.get("article").is_none()), "{shown:?}");
    let done = stream.report().await.unwrap();
    assert_eq!((done.ledger.tool_runs.len(), count(&runs)), (1, 1));

    let model = Scripted::new([
        reply::call("shop", json!({"value": [5, 6]})),
        reply::tool(json!({"value": [1, 2]})),
    ]);
    let client = Client::with_model(model);
    let tool = async |numbers: Vec<u8>| Ok(numbers.len());
    let mut items = client.extract::<Vec<u8>>("one, two").tool("shop", tool).items();
    let mut shown = Vec::new();
    while let Some(item) = items.next().await {
        shown.push(item.unwrap());
    }
    assert_eq!(shown, [1, 2]);
    assert_eq!(items.finish().await.unwrap(), [1, 2]);
}

/// With `RetryContext::Last` a re-ask shows the latest answer only, behind the results of tools.
#[tokio::test]
async fn re_asks_keep_the_results() {
    let runs = Arc::default();
    let (client, model) =
        scripted([ask_stock("CHAIR"), ask_stock("chair"), answer(100), answer(200), answer(7)]);
    let asked = with_stock(client.extract::<Answer>("Chairs?"), &runs);
    let done = asked.retry_context(RetryContext::Last).validation_retries(3).await.unwrap();
    assert_eq!(done, serde_json::from_value(json!({"in_stock": 7})).unwrap());
    let roles = |request: usize| -> Vec<Role> {
        model.seen()[request].request.messages.iter().map(|message| message.role).collect()
    };
    use Role::{Assistant, Tool, User};
    let results = [User, Assistant, Tool, Assistant, Tool];
    assert_eq!(roles(2), results);
    assert_eq!(roles(3), [&results[..], &[Assistant, Tool]].concat());
    assert_eq!(roles(4), roles(3));
    assert_eq!(count(&runs), 1);
}

#[tokio::test]
async fn another_model_gets_the_calls_and_results() {
    let runs = Arc::default();
    let second = Scripted::new([answer(7)]);
    let first = Scripted::new([ask_stock("chair"), reply::status(503)]);
    let client = Client::builder()
        .fallback_to(&Client::with_model(second.clone()), FallbackOn::default())
        .with_model(first);
    let asked = with_stock(client.extract::<Answer>("Chairs?"), &runs);
    let done = asked.system("Be brief.").report().await.unwrap();
    assert_eq!(count(&runs), 1, "the tool is not run again");
    let roles: Vec<Role> =
        second.seen()[0].request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool]);
    let roles: Vec<Role> = done.conversation.messages().iter().map(|it| it.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::Assistant, Role::Tool]);
}

#[tokio::test]
async fn replies_come_from_the_cache_and_tools_run_again() {
    let (runs, cache) = (Arc::default(), Cache::memory(1_000_000));
    let model = Scripted::new([ask_stock("chair"), answer(7), answer(8)]);
    let client = Client::builder().cache(cache).with_model(model.clone());
    let fixed = |extraction: Extraction<Answer>, runs: &Arc<AtomicUsize>| {
        let runs = Arc::clone(runs);
        extraction.tool("stock", async move |_: StockQuery| {
            runs.fetch_add(1, Ordering::Relaxed);
            Ok("seven")
        })
    };
    let first = fixed(client.extract("Chairs?"), &runs).report().await.unwrap();
    let second = fixed(client.extract("Chairs?"), &runs).report().await.unwrap();
    assert_eq!((first.value, count(&runs), model.seen().len()), (second.value, 2, 2));
    assert!(second.ledger.attempts.iter().all(|attempt| attempt.cached.is_some()));
    assert_eq!(second.ledger.tool_runs.len(), 1);

    // Another result is another request: the value is asked for again.
    let other = client.extract::<Answer>("Chairs?");
    let other = other.tool("stock", async |_: StockQuery| Ok("eight")).report().await.unwrap();
    assert_eq!(other.value, serde_json::from_value(json!({"in_stock": 8})).unwrap());
    assert_eq!(model.seen().len(), 3);
}

#[tokio::test]
async fn a_step_runs_its_own_tools_and_hands_the_others_over() {
    let runs = Arc::default();
    let tools = || [UserTool::of::<String>().unwrap().named("ask_user")];
    let (client, model) = scripted([
        ask_stock("chair"),
        reply::calls([
            ("ask_user", json!({"value": "Which colour?"})),
            ("stock", json!({"article": "red chair"})),
        ]),
        answer(7),
    ]);
    let step = with_stock(client.extract("Chairs?"), &runs).tools(tools()).step().await.unwrap();
    let Step::Calls(calls) = step else { panic!("no calls") };
    assert_eq!((calls.calls.len(), calls.calls[0].name(), count(&runs)), (1, "ask_user", 2));
    assert_eq!(calls.ledger.tool_runs.len(), 2);
    // The future can be sent to another thread.
    let conversation: Conversation = tokio::spawn(async move {
        calls
            .resume_with(async |call| {
                tokio::task::yield_now().await;
                let question = call.parse::<String>().map_err(|error| error.to_string())?;
                if question.is_empty() {
                    Err("no question".to_owned())
                } else {
                    Ok("red".to_owned())
                }
            })
            .await
    })
    .await
    .unwrap();
    let step = with_stock(client.extract(&conversation), &runs).tools(tools()).step();
    let Step::Value(done) = step.await.unwrap() else { panic!("no value") };
    assert_eq!(done.ledger.tool_runs, []);
    let messages = model.seen()[2].body["messages"].clone();
    let mut results: Vec<_> = messages.as_array().unwrap().iter().collect();
    results.retain(|message| message["role"] == "tool");
    assert_eq!(results.len(), 3);
    assert_eq!((&results[1]["content"], &results[2]["content"]), (&json!("1"), &json!("red")));
}

#[tokio::test]
async fn each_sample_runs_its_tools() {
    let runs = Arc::default();
    let (client, _) = scripted([ask_stock("chair"), answer(7), ask_stock("chair"), answer(7)]);
    let asked = with_stock(client.extract("Chairs?"), &runs);
    let agreed = asked.agree(2).concurrency(1).await.unwrap();
    assert_eq!((agreed.share("/in_stock"), count(&runs)), (Some(1.0), 2));
    assert_eq!(agreed.ledger.tool_runs.len(), 2);
}

#[tokio::test]
async fn rows_of_a_run_have_tools() {
    let runs: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&runs);
    let model = Scripted::new([ask_stock("chair"), answer(7), answer(9)]);
    let client = Client::with_model(model);
    let mut run = client
        .extract_many::<Answer, _>([("a", "Chairs?"), ("b", "Nine tables.")])
        .each(move |row| with_stock(row, &counted).max_steps(2))
        .concurrency(1);
    let mut ended = Vec::new();
    while let Some(row) = run.next().await {
        let row = row.unwrap();
        let tools: Vec<ToolOutcome> =
            row.ledger().tool_runs.iter().map(|run| run.outcome).collect();
        ended.push((row.id, row.result.unwrap().json, tools));
    }
    ended.sort_by_key(|(id, ..)| id.to_string());
    assert_eq!(ended[0].1, json!({"in_stock": 7}));
    assert_eq!(ended[0].2, [ToolOutcome::Answered]);
    assert_eq!((&ended[1].1, ended[1].2.len(), count(&runs)), (&json!({"in_stock": 9}), 0, 1));
}

#[tokio::test]
async fn the_chunks_of_a_document_have_tools() {
    let runs = Arc::default();
    let (client, _) = scripted([ask_stock("chair"), reply::tool(json!({"in_stock": 7}))]);
    let runs_of = Arc::clone(&runs);
    let done = client
        .extract_document::<Answer>("Seven chairs.")
        .each(move |extraction| with_stock(extraction, &runs_of))
        .await
        .unwrap();
    assert_eq!(done.value, serde_json::from_value(json!({"in_stock": 7})).unwrap());
    assert_eq!(count(&runs), 1);
}
