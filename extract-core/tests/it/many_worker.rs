//! Single rows with the settings of a run: places, retries, stops, and the journal that clones share.

use std::sync::Arc;
use std::time::Duration;

use extract_llm::Mode;
use extract_llm::conversation::{Prices, PromptCache};
use extract_llm::model::Limits;
use extract_llm::pipeline::{FailedRows, Origin, RowError, RunError, Worker};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Usd};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::limited::{LimitedServer, Rules, Says};
use crate::support::server::{Act, Server, answer};

fn rules(latency: u64) -> Rules {
    let latency = Duration::from_millis(latency);
    Rules { limits: Vec::new(), says: Says::Nothing, latency, faults: false }
}

fn client(url: &str) -> Client {
    let builder = Client::builder().base_url(url).model("m").mode(Mode::Text);
    builder.transport_retries(0).limits(Limits::off()).build().unwrap()
}

fn seven() -> Act {
    let message = json!({"role": "assistant", "content": r#"{"value": 7}"#});
    let usage = json!({"prompt_tokens": 40, "completion_tokens": 10});
    let body = json!({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage});
    answer(200, "", &body.to_string())
}

fn tool(value: u64) -> extract_llm::scripted::ScriptedReply {
    reply::tool(json!({ "value": value }))
}

#[tokio::test(flavor = "multi_thread")]
async fn clones_share_the_places() {
    let server = LimitedServer::start(rules(5)).await;
    let worker = client(&server.url()).worker::<u64>().concurrency(8);
    let asked = (0..200_u64).map(|item| {
        let worker = worker.clone();
        tokio::spawn(async move { worker.ask(item, format!("item-{item}")).await })
    });
    let mut numbers = Vec::new();
    for row in join_all(asked).await {
        let row = row.unwrap().unwrap();
        assert_eq!((row.result.unwrap().value, row.origin, row.tries), (row.id, Origin::Asked, 1));
        numbers.push(row.number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    let counts = server.counts();
    assert_eq!(counts.received, 200);
    assert!(counts.most_running <= 8, "{}", counts.most_running);
}

#[tokio::test]
async fn a_row_that_failed_for_a_passing_reason_leaves_its_place_while_it_waits() {
    let broken = || answer(500, "", r#"{"error":{"message":"Broken."}}"#);
    let server = Server::start([broken(), seven(), seven(), broken(), broken()]).await;
    let worker = client(&server.url()).worker::<u8>().concurrency(1).row_retries(1);
    let ended = std::sync::Mutex::new(Vec::new());
    let ask = async |id: &'static str, text: &'static str| {
        let row = worker.ask(id, text).await.unwrap();
        let attempts = row.ledger().attempts.len();
        ended.lock().unwrap().push((row.id, row.tries, row.result.is_ok(), attempts));
    };
    tokio::join!(ask("a", "first"), ask("b", "second"), ask("c", ""));
    assert_eq!(*ended.lock().unwrap(), [("b", 1, true, 1), ("c", 1, false, 0), ("a", 2, true, 2)]);
    let row = worker.ask("d", "fourth").await.unwrap();
    let Err(RowError::Failed(error)) = row.result else { panic!("no error") };
    assert_eq!((error.kind().name(), error.ledger().attempts.len()), ("server", 2));
    assert!(worker.error().is_none());
}

#[tokio::test]
async fn an_error_that_every_row_would_meet_ends_all_calls() {
    let denied = || answer(401, "", r#"{"error":{"message":"No such key."}}"#);
    let server = Server::start([seven(), denied(), denied()]).await;
    let worker = client(&server.url()).worker::<u8>().concurrency(1);
    assert!(worker.ask(0, "first").await.unwrap().result.is_ok());
    let asked = (1..100).map(|id| worker.ask(id, "further"));
    for row in join_all(asked).await {
        let Err(RunError::Stopped(reason)) = row else { panic!("{row:?}") };
        assert!(matches!(&*reason, RunError::EveryRow(_)), "{reason:?}");
        assert!(reason.to_string().contains("No such key."), "{reason}");
    }
    assert_eq!(server.count(), 2);
    assert!(matches!(worker.error().as_deref(), Some(RunError::EveryRow(_))));
    assert!(matches!(worker.clone().ask(0, "first").await, Err(RunError::Stopped(_))));
    // A setting makes a new worker.
    let other = worker.clone().concurrency(1);
    assert!(other.error().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_waits_to_be_asked_again_ends_with_the_worker() {
    let model = Scripted::new([reply::status(503), reply::status(401)]);
    let builder = Client::builder().transport_retries(0);
    let worker = builder.with_model(model).worker::<u8>().concurrency(1);
    let started = tokio::time::Instant::now();
    for row in join_all([worker.ask("a", "first"), worker.ask("b", "second")]).await {
        assert!(matches!(row, Err(RunError::Stopped(_))), "{row:?}");
    }
    // The clock stands still unless something waits.
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn too_many_failures_stop_the_worker_and_their_rows_are_returned() {
    let refusals = (0..10).map(|_| reply::refusal("No."));
    let worker: Worker<u8> = Client::with_model(Scripted::new(refusals)).into();
    let worker = worker.concurrency(1).max_failures(2);
    for id in 0..3 {
        assert!(worker.ask(id, "x").await.unwrap().result.is_err());
    }
    let Err(RunError::Stopped(reason)) = worker.ask(3, "x").await else { panic!("no error") };
    assert!(matches!(&*reason, RunError::TooManyFailures { failed: 3, .. }), "{reason}");
}

#[tokio::test]
async fn the_rows_share_the_budget() {
    let server = LimitedServer::start(rules(1)).await;
    let prices = Prices::new(2.0, 2.0);
    let worker = client(&server.url())
        .worker::<u64>()
        .each(move |row| row.prices(prices).max_tokens(20))
        .budget(Usd(0.002)) // 50 tokens in and 5 out: 0.000_11 dollars
        .concurrency(5);
    let asked = (0..100).map(|item| worker.ask(item, format!("item-{item}")));
    let rows = join_all(asked).await;
    let done = rows.iter().filter(|row| row.is_ok()).count();
    assert!((5..=18).contains(&done), "{done}");
    assert!(server.counts().received <= 18);
    assert!(matches!(worker.error().as_deref(), Some(RunError::Budget(_))));
}

#[tokio::test]
async fn the_first_row_warms_the_prompt_cache_alone() {
    let latency = Duration::from_millis(50);
    let server = LimitedServer::start(rules(50)).await;
    let worker = client(&server.url())
        .worker::<u64>()
        .each(|row| row.prompt_cache(PromptCache::Short))
        .concurrency(10);
    let asked = (0..6).map(|item| worker.ask(item, format!("item-{item}")));
    assert!(join_all(asked).await.into_iter().all(|row| row.unwrap().result.is_ok()));
    let accepted = server.counts().accepted;
    assert!(accepted[1] - accepted[0] >= latency);
}

#[tokio::test]
async fn dropping_a_call_cancels_it_and_makes_room() {
    let server = LimitedServer::start(rules(60_000)).await;
    let worker = client(&server.url()).worker::<u64>().concurrency(1);
    for (id, received) in [(0, 1), (1, 2)] {
        let worker = worker.clone();
        let asked = tokio::spawn(async move { worker.ask(id, format!("item-{id}")).await });
        while server.counts().received < received {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
    }
    assert_eq!(server.counts().received, 2);
}

#[tokio::test]
async fn the_journal_is_that_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let model = Scripted::new([tool(1), reply::refusal("No."), tool(2), tool(3)]);
    let client = Client::with_model(model.clone());
    let worker = client.worker::<u8>().journal(&path);
    assert_eq!(worker.ask("a", "first").await.unwrap().result.unwrap().value, 1);
    assert!(worker.ask("b", "second").await.unwrap().result.is_err());
    assert_eq!(worker.ask("c", "first").await.unwrap().origin, Origin::Journal);
    let other = client.worker::<u8>().journal(&path);
    let Err(RunError::Stopped(reason)) = other.ask("a", "first").await else { panic!("no error") };
    assert!(reason.to_string().contains("in use"), "{reason}");
    drop(worker);

    let texts = [("a", "first"), ("b", "second")];
    let summary = client.extract_many::<u8, _>(texts).journal(&path).finish().await.unwrap();
    assert_eq!((summary.done, summary.failed, summary.from_journal), (1, 1, 2));

    // A worker passes over no row.
    let worker = client.worker::<u8>().journal(&path).failed_rows(FailedRows::Only);
    assert_eq!(worker.ask("a", "first").await.unwrap().origin, Origin::Journal);
    assert_eq!(worker.ask("b", "second").await.unwrap().result.unwrap().value, 2);
    assert_eq!(worker.ask("d", "third").await.unwrap().result.unwrap().value, 3);
    assert_eq!(model.seen().len(), 4);
}

#[tokio::test]
async fn equal_rows_in_flight_are_asked_once_with_a_journal() {
    let server = LimitedServer::start(rules(20)).await;
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    let worker = Arc::new(client(&server.url()).worker::<u64>().journal(&journal));
    let rows = join_all((0..20).map(|id| worker.ask(id, "item-5"))).await;
    assert!(rows.into_iter().all(|row| row.unwrap().result.unwrap().value == 5));
    assert_eq!(server.counts().received, 1);
}

#[test]
fn a_worker_needs_no_runtime() {
    let worker = Client::with_model(Scripted::new([tool(7)])).worker::<u8>();
    let row = futures_util::FutureExt::now_or_never(worker.ask("a", "x")).unwrap().unwrap();
    assert_eq!(row.result.unwrap().value, 7);
}
