//! Runs over many inputs: every row ends in a value or an error, once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use extract_llm::Mode;
use extract_llm::conversation::{Prices, PromptCache};
use extract_llm::extraction::{Budget, Shortage};
use extract_llm::model::Limits;
use extract_llm::pipeline::{Origin, RowError, RunError};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, ErrorKind, Usd};
use futures_util::StreamExt;
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

fn items(count: u64) -> impl Iterator<Item = (u64, String)> + Send + 'static {
    (0..count).map(|item| (item, format!("item-{item}")))
}

fn seven() -> Act {
    let message = json!({"role": "assistant", "content": r#"{"value": 7}"#});
    let usage = json!({"prompt_tokens": 40, "completion_tokens": 10});
    let body = json!({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage});
    answer(200, "", &body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_back_once_with_its_id() {
    let server = LimitedServer::start(rules(1)).await;
    let client = client(&server.url());
    let work = async move {
        let mut run = client.extract_many::<u64, _>(items(500)).concurrency(50);
        let mut values = BTreeMap::new();
        while let Some(row) = run.next().await {
            let row = row.unwrap();
            let done = row.result.unwrap();
            assert_eq!((done.json, row.origin, row.tries), (json!(row.id), Origin::Asked, 1));
            assert_eq!(values.insert(row.id, done.value), None);
        }
        assert!(run.next().await.is_none());
        let summary = run.summary();
        assert_eq!((summary.total, summary.done, summary.failed), (Some(500), 500, 0));
        assert_eq!((summary.requests, summary.usage.input_tokens), (500, 25_000));
        assert_eq!(summary.models["custom/m"], 500);
        values
    };
    // A run can be moved to another task.
    let values = tokio::spawn(work).await.unwrap();
    assert!(values.iter().all(|(id, value)| id == value));
    let counts = server.counts();
    assert_eq!(counts.received, 500);
    assert!(counts.most_running <= 50, "{}", counts.most_running);
}

#[tokio::test]
async fn rows_come_in_order_on_request() {
    let server = LimitedServer::start(rules(1)).await;
    let mut texts: Vec<(u64, String)> = items(40).collect();
    texts[7].1 = String::new(); // fails at once
    let mut run = client(&server.url()).extract_many::<u64, _>(texts).concurrency(8).in_order();
    let mut ids = Vec::new();
    while let Some(row) = run.next().await {
        let row = row.unwrap();
        assert_eq!(row.number, row.id);
        assert_eq!(row.result.is_err(), row.id == 7);
        ids.push(row.id);
    }
    assert_eq!(ids, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_are_taken_as_places_become_free() {
    let server = LimitedServer::start(rules(1)).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let endless = futures_util::stream::iter(0_u64..).map(move |item| {
        count.fetch_add(1, Ordering::Relaxed);
        (item, format!("item-{item}"))
    });
    let mut run = client(&server.url()).extract_many::<u64, _>(endless).concurrency(4);
    for returned in 1..=50 {
        run.next().await.unwrap().unwrap().result.unwrap();
        assert!(taken.load(Ordering::Relaxed) <= returned + 4);
        assert!(run.progress().in_flight <= 4);
    }
    assert_eq!(run.progress().total, None);
    // The consumer is away: nothing more is started.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(taken.load(Ordering::Relaxed) <= 54);
}

#[tokio::test]
async fn dropping_a_run_cancels_what_is_in_flight() {
    let server = LimitedServer::start(rules(60_000)).await;
    let mut run = client(&server.url()).extract_many::<u64, _>(items(100)).concurrency(10);
    let first = tokio::time::timeout(Duration::from_millis(300), run.next()).await;
    assert!(first.is_err());
    assert_eq!(server.counts().received, 10);
    drop(run);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.counts().received, 10);
}

#[tokio::test]
async fn a_stopped_run_ends_the_rows_in_flight() {
    let server = LimitedServer::start(rules(20)).await;
    let mut run = client(&server.url()).extract_many::<u64, _>(items(1_000)).concurrency(10);
    let stopper = run.stopper();
    let mut rows = 0;
    while let Some(row) = run.next().await {
        row.unwrap().result.unwrap();
        rows += 1;
        stopper.stop();
    }
    assert!(stopper.is_stopped());
    // A row that ends makes room for another one before it is returned.
    assert!((10..=20).contains(&rows), "{rows}");
    assert_eq!(server.counts().received, rows);
    assert_eq!(run.summary().stopped, None);
}

#[tokio::test]
async fn a_row_that_failed_for_a_passing_reason_comes_last() {
    let broken = || answer(500, "", r#"{"error":{"message":"Broken."}}"#);
    let server = Server::start([broken(), seven(), seven(), broken(), broken()]).await;
    let texts = [("a", "first"), ("b", "second"), ("c", "")];
    let mut run = client(&server.url()).extract_many::<u8, _>(texts).concurrency(1).row_retries(1);
    let mut ended = Vec::new();
    while let Some(row) = run.next().await {
        let row = row.unwrap();
        ended.push((row.id, row.tries, row.result.is_ok(), row.ledger().attempts.len()));
    }
    // Both requests of the first row are in its ledger.
    assert_eq!(ended, [("b", 1, true, 1), ("c", 1, false, 0), ("a", 2, true, 2)]);
    assert_eq!((run.summary().asked_again, run.summary().requests), (1, 3));

    let mut run = client(&server.url()).extract_many::<u8, _>([("a", "x")]).row_retries(1);
    let row = run.next().await.unwrap().unwrap();
    let Err(RowError::Failed(error)) = row.result else { panic!("no error") };
    assert_eq!((error.kind().name(), error.ledger().attempts.len()), ("server", 2));
}

#[tokio::test]
async fn an_error_that_every_row_would_meet_stops_the_run() {
    let denied = || answer(401, "", r#"{"error":{"message":"No such key."}}"#);
    let server = Server::start([seven(), denied(), denied(), denied()]).await;
    let mut run = client(&server.url()).extract_many::<u8, _>(items(1_000)).concurrency(1);
    assert!(run.next().await.unwrap().unwrap().result.is_ok());
    let Some(Err(RunError::EveryRow(error))) = run.next().await else { panic!("no error") };
    assert!(matches!(error.kind(), ErrorKind::Provider(_)), "{error}");
    assert!(run.next().await.is_none());
    assert_eq!(server.count(), 2);
    let summary = run.summary();
    assert_eq!((summary.done, summary.failed, summary.put_back), (1, 0, 1));
    assert!(summary.stopped.unwrap().contains("No such key."));
}

#[tokio::test]
async fn too_many_failures_stop_the_run() {
    let refusals = (0..10).map(|_| reply::refusal("No."));
    let client = Client::with_model(Scripted::new(refusals));
    let mut run = client.extract_many::<u8, _>(items(10)).concurrency(1).max_failures(2);
    for _ in 0..3 {
        assert!(run.next().await.unwrap().unwrap().result.is_err());
    }
    let Some(Err(RunError::TooManyFailures { failed: 3, last })) = run.next().await else {
        panic!("no error")
    };
    assert!(last.contains("No."), "{last}");
    assert_eq!(run.summary().failures["refused"], 3);
}

#[tokio::test]
async fn a_budget_of_the_run_is_not_passed_and_ends_it() {
    let server = LimitedServer::start(rules(1)).await;
    // 50 tokens in and 5 out: 0.000_11 dollars.
    let budget = Budget::from(Usd(0.002)).named("this night");
    let prices = Prices::new(2.0, 2.0);
    let mut run = client(&server.url())
        .extract_many::<u64, _>(items(1_000))
        .each(move |row| row.prices(prices).max_tokens(20))
        .budget(&budget)
        .concurrency(5);
    let mut rows = 0;
    let stop = loop {
        match run.next().await.unwrap() {
            Ok(row) => {
                row.result.unwrap();
                rows += 1;
            }
            Err(stop) => break stop,
        }
    };
    let RunError::Budget(over) = stop else { panic!("{stop}") };
    assert_eq!(over.budget, "this night");
    assert!(matches!(over.shortage, Shortage::Cost { .. }));
    assert!((5..=18).contains(&rows), "{rows}");
    assert!(budget.spent().cost.unwrap() <= Usd(0.002));
    let (cost, spent) = (run.summary().cost.unwrap(), budget.spent().cost.unwrap());
    assert!((cost.0 - spent.0).abs() < 1e-12, "{cost} {spent}");
    // The budget of one call is a failure of its row alone.
    let mut run =
        client(&server.url()).extract_many::<u64, _>(items(2)).each(|row| row.token_budget(10));
    for _ in 0..2 {
        let row = run.next().await.unwrap().unwrap();
        assert_eq!(row.result.unwrap_err().kind(), "budget");
    }
    assert!(run.next().await.is_none());
}

#[tokio::test]
async fn the_first_row_warms_the_prompt_cache_alone() {
    let latency = Duration::from_millis(50);
    let server = LimitedServer::start(rules(50)).await;
    let run = client(&server.url())
        .extract_many::<u64, _>(items(6))
        .each(|row| row.prompt_cache(PromptCache::Short));
    assert_eq!(run.finish().await.unwrap().done, 6);
    let accepted = server.counts().accepted;
    assert!(accepted[1] - accepted[0] >= latency);
}

#[tokio::test]
async fn the_progress_is_reported() {
    let reports = Arc::new(std::sync::Mutex::new(Vec::new()));
    let all = Arc::clone(&reports);
    let seven = || reply::tool(json!({"value": 7})).usage(100, 10);
    let client = Client::builder().prices(Prices::new(1.0, 1.0)).with_model(Scripted::new([
        seven(),
        seven(),
        reply::refusal("No.").usage(100, 10),
    ]));
    let run = client
        .extract_many::<u8, _>(items(3))
        .concurrency(1)
        .on_progress(move |progress| all.lock().unwrap().push(*progress));
    assert_eq!(run.finish().await.unwrap().done, 2);
    let reports = reports.lock().unwrap();
    let (first, last) = (reports[0], reports[reports.len() - 1]);
    assert_eq!((first.done, first.total), (1, Some(3)));
    assert_eq!(first.projected_cost, Some(Usd(0.000_33)));
    assert_eq!((last.done, last.failed, last.in_flight, last.share()), (2, 1, 0, Some(1.0)));
    assert_eq!((last.usage.total_tokens(), last.cost), (330, Some(Usd(0.000_33))));
    let words = last.to_string();
    assert!(words.starts_with("3 of 3 rows, 1 failed, 0 in flight, "), "{words}");
}

#[tokio::test]
async fn the_problems_of_all_answers_are_counted() {
    let wrong = || reply::tool(json!({"value": [1, 900, 900]}));
    let right = reply::tool(json!({"value": [1, 2, 3]}));
    let client = Client::with_model(Scripted::new([wrong(), right, wrong(), wrong()]));
    let run = client
        .extract_many::<Vec<u8>, _>([("a", "x"), ("b", "y")])
        .each(|row| row.validation_retries(1))
        .concurrency(1);
    let summary = run.finish().await.unwrap();
    assert_eq!((summary.done, summary.failed, summary.requests, summary.reasks), (1, 1, 4, 2));
    let [problem] = &summary.problems[..] else { panic!("{:?}", summary.problems) };
    assert_eq!((problem.pointer.as_str(), problem.count, problem.fatal), ("/*", 6, 2));
    assert_eq!((&problem.example, problem.found.as_str()), (&json!("a"), "900"));
    assert_eq!(summary.rows.len(), 1);
    assert_eq!(summary.rows[0].failure.as_deref(), Some("invalid"));
    assert_eq!(summary.rows[0].value, json!([1, 900, 900]));
}

#[tokio::test]
async fn a_plan_sends_nothing_and_keeps_the_rows() {
    let model = Scripted::new([]);
    let client = Client::builder().prices(Prices::new(1.0, 1.0)).with_model(model.clone());
    let texts = (0..100).map(|item| (item, "a text of some length ".repeat(50)));
    let mut run = client.extract_many::<u8, _>(texts).each(|row| row.max_tokens(10));
    let plan = run.plan(7).await.unwrap();
    assert_eq!((plan.rows, plan.sample, plan.is_whole, plan.asked), (100, 7, true, 0));
    assert_eq!(plan.most_output_tokens, 1_000);
    assert!((20_000..120_000).contains(&plan.input_tokens), "{}", plan.input_tokens);
    assert_eq!((plan.usage, plan.time), (None, None));
    assert_eq!(model.seen().len(), 0);
    assert_eq!(run.plan(7).await.unwrap(), plan);

    let server = LimitedServer::start(rules(1)).await;
    let mut run = self::client(&server.url()).extract_many::<u64, _>(items(20)).concurrency(4);
    let plan = run.plan_asking(5).await.unwrap();
    assert_eq!((plan.asked, server.counts().received), (5, 5));
    assert_eq!(plan.usage.unwrap().input_tokens, 1_000);
    assert_eq!(plan.cost, None);
    let mut rows = 0;
    while let Some(row) = run.next().await {
        row.unwrap().result.unwrap();
        rows += 1;
    }
    assert_eq!((rows, server.counts().received), (20, 20));
}

#[tokio::test]
async fn a_setting_that_no_row_can_have_is_an_error_of_the_run() {
    let client = Client::with_model(Scripted::new([]));
    let run = client.extract_many::<u8, _>(items(3)).each(|row| row.temperature(f64::NAN));
    let error = run.finish().await.unwrap_err();
    assert!(matches!(error, RunError::EveryRow(_)), "{error}");
}
