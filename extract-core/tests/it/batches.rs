//! Runs over the batch services of providers, against a server with those services.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind;
use extract_llm::pipeline::{
    BatchRun, BatchState, Batches, FailedRows, JournalError, Origin, Row, RowError, RunError,
};
use extract_llm::{Client, ErrorKind, Mode};
use serde_json::Value;

use crate::support::batches::{BatchServer, End, Fault, Outcome};

const KEY: &str = "sk-test-1234567";

const SERVICES: [&str; 5] = ["openai", "openai-responses", "anthropic", "google", "mistral"];

/// A long time, after which a test fails instead of hanging.
const LIMIT: Duration = Duration::from_secs(60);

fn client(server: &BatchServer) -> Client {
    client_of(server.service, &server.url())
}

fn client_of(service: &str, url: &str) -> Client {
    Client::builder()
        .model(format!("{service}/m"))
        .base_url(url)
        .api_key(KEY)
        .mode(Mode::Text)
        .build()
        .unwrap()
}

fn settings(folder: &Path) -> Batches {
    Batches::new(folder)
        .send_after(Duration::from_millis(100))
        .poll_every(Duration::from_millis(20))
}

fn items(count: u64) -> impl Iterator<Item = (u64, String)> + Send + 'static {
    (0..count).map(|item| (item, format!("item-{item}")))
}

/// Returns a run that asks no row again after a passing failure.
fn run(server: &BatchServer, count: u64, batches: Batches) -> BatchRun<u64, u64> {
    client(server).extract_many(items(count)).row_retries(0).in_batches(batches)
}

/// Runs all rows and returns them in the order of their ids.
async fn rows(mut run: BatchRun<u64, u64>) -> Vec<Row<u64, u64>> {
    all(&mut run).await.unwrap()
}

async fn all(run: &mut BatchRun<u64, u64>) -> Result<Vec<Row<u64, u64>>, RunError> {
    let mut rows = Vec::new();
    let reading = async {
        while let Some(row) = run.next().await {
            rows.push(row?);
        }
        Ok::<(), RunError>(())
    };
    tokio::time::timeout(LIMIT, reading).await.expect("the run ends")?;
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// Returns the item that a request asks for, and whether it is a re-ask.
fn asked(request: &Value) -> (u64, bool) {
    let text = request.to_string();
    let (_, rest) = text.split_once("item-").unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap(), text.contains("several"))
}

fn value(item: u64) -> Outcome {
    Outcome::Says(format!("{{\"value\": {item}}}"))
}

fn good(request: &Value) -> Outcome {
    value(asked(request).0)
}

fn values(rows: &[Row<u64, u64>]) -> Vec<Option<u64>> {
    rows.iter().map(|row| row.result.as_ref().ok().map(|done| done.value)).collect()
}

fn kind_of(row: &Row<u64, u64>) -> ProviderErrorKind {
    match &row.result {
        Err(RowError::Failed(error)) => match error.kind() {
            ErrorKind::Provider(error) => error.kind,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_service_runs_the_rows_and_asks_again_in_a_smaller_batch() {
    for service in SERVICES {
        let server = BatchServer::start(service, |request| match asked(request) {
            (3, false) => Outcome::Says("There were several.".into()),
            (item, _) => value(item),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let mut run = run(&server, 6, settings(folder.path()));
        let rows = all(&mut run).await.unwrap();
        assert_eq!(values(&rows), (0..6).map(Some).collect::<Vec<_>>(), "{service}");
        assert_eq!(server.batches(), [6, 1], "{service}");
        let attempts = |row: &Row<u64, u64>| row.ledger().attempts.len();
        assert_eq!(rows.iter().map(attempts).collect::<Vec<_>>(), [1, 1, 1, 2, 1, 1]);
        assert!(rows[0].ledger().usage().total_tokens() > 0, "{service}");
        let status = run.status();
        let requests: Vec<u64> = status.iter().map(|batch| batch.requests).collect();
        assert_eq!(requests, [6, 1], "{service}");
        assert!(status.iter().all(|batch| batch.state == BatchState::Completed), "{status:?}");
        assert_eq!(status[0].id.as_deref().map(|id| id.ends_with("batch-1")), Some(true));
        assert_eq!(status[0].succeeded, 6, "{service}");
        // No single request was sent, and no uploaded file is left.
        assert_eq!(server.input_files(), 0, "{service}");
        for single in ["/chat/completions", "/responses", "/messages", "generateContent"] {
            assert!(!server.calls().iter().any(|call| call.ends_with(single)), "{service}");
        }
        // The folder holds the results. A second run asks nobody.
        let calls = server.calls().len();
        let again = self::run(&server, 6, settings(folder.path()));
        let again = self::rows(again).await;
        assert!(again.iter().all(|row| row.origin == Origin::Journal), "{service}");
        assert_eq!(server.calls().len(), calls, "{service}");
    }
}

#[tokio::test]
async fn the_counts_of_a_batch_that_runs_may_be_zero() {
    let server = BatchServer::start("anthropic", good).await;
    server.ends_at_poll(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(&server, 3, settings(folder.path()));
    let canceller = run.canceller();
    let waiting = tokio::spawn(async move { all(&mut run).await });
    until(|| server.count("GET /v1/messages/batches/") > 2).await;
    let status = canceller.status();
    assert_eq!((status[0].succeeded, status[0].state), (0, BatchState::Running), "{status:?}");
    assert_eq!(status[0].to_string(), "batch 1 (batch-1): running, 3 requests");
    server.end_all();
    assert_eq!(values(&waiting.await.unwrap().unwrap()), [Some(0), Some(1), Some(2)]);
}

/// Waits until a condition holds.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come");
}

#[tokio::test]
async fn rows_of_one_batch_end_differently() {
    for service in SERVICES {
        let server = BatchServer::start(service, |request| match asked(request).0 {
            0 => Outcome::Fails(400, "No such field."),
            1 => Outcome::Fails(500, "Broken."),
            2 => Outcome::Fails(429, "Slow down."),
            3 => Outcome::Absent,
            item => value(item),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(run(&server, 5, settings(folder.path()))).await;
        assert_eq!(kind_of(&rows[0]), ProviderErrorKind::InvalidRequest, "{service}");
        assert!(rows[0].result.as_ref().unwrap_err().to_string().contains("No such field."));
        assert_eq!(kind_of(&rows[1]), ProviderErrorKind::Server, "{service}");
        assert_eq!(kind_of(&rows[2]), ProviderErrorKind::RateLimited, "{service}");
        assert_eq!(kind_of(&rows[3]), ProviderErrorKind::Server, "{service}");
        assert_eq!(rows[4].result.as_ref().unwrap().value, 4, "{service}");
        // A later run asks for those again whose failure may pass. Their old results do not count.
        let second = self::rows(run(&server, 5, settings(folder.path()))).await;
        assert_eq!(server.batches(), [5, 3], "{service}");
        assert_eq!(kind_of(&second[1]), ProviderErrorKind::Server, "{service}");
        assert!(matches!(second[0].result, Err(RowError::Before(_))), "{service}");
    }
}

#[tokio::test]
async fn a_row_that_failed_for_a_passing_reason_is_in_the_next_batch() {
    let tries = AtomicUsize::new(0);
    let server = BatchServer::start("openai", move |request| match asked(request).0 {
        1 if tries.fetch_add(1, Ordering::SeqCst) == 0 => Outcome::Absent,
        item => value(item),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let run = client(&server).extract_many::<u64, _>(items(3));
    let rows = rows(run.in_batches(settings(folder.path()))).await;
    assert_eq!(values(&rows), [Some(0), Some(1), Some(2)]);
    assert_eq!((server.batches(), rows[1].tries), (vec![3, 1], 2));
}

#[tokio::test]
async fn an_expired_batch_has_partial_results() {
    for service in SERVICES {
        let server = BatchServer::start(service, |request| match asked(request).0 {
            item @ 0..2 => value(item),
            2 => Outcome::Absent,
            _ => Outcome::Expired,
        })
        .await;
        server.next_end(End::Expired);
        let folder = tempfile::tempdir().unwrap();
        let mut run = run(&server, 4, settings(folder.path()));
        let rows = all(&mut run).await.unwrap();
        assert_eq!(values(&rows), [Some(0), Some(1), None, None], "{service}");
        assert_eq!(kind_of(&rows[3]), ProviderErrorKind::Timeout, "{service}");
        if service != "anthropic" {
            assert_eq!(kind_of(&rows[2]), ProviderErrorKind::Timeout, "{service}");
            assert_eq!(run.status()[0].state, BatchState::Expired, "{service}");
        }
        let RowError::Failed(error) = rows[3].result.as_ref().unwrap_err() else { panic!() };
        assert!(error.is_retryable() && error.to_string().contains("batch_expired"), "{error}");
    }
}

#[tokio::test]
async fn a_cancelled_batch_gives_what_was_run_and_a_later_run_asks_for_the_rest() {
    for service in SERVICES {
        let server = BatchServer::start(service, good).await;
        server.ends_at_poll(1_000_000);
        let folder = tempfile::tempdir().unwrap();
        let mut run = run(&server, 3, settings(folder.path()));
        let canceller = run.canceller();
        let waiting = tokio::spawn(async move {
            let rows = all(&mut run).await.unwrap();
            (rows.len(), run.summary().passed_over)
        });
        until(|| canceller.status().iter().any(|batch| batch.state == BatchState::Running)).await;
        canceller.cancel().await;
        server.end_all();
        assert_eq!(waiting.await.unwrap(), (0, 3), "{service}");
        server.ends_at_poll(1);
        let rows = rows(self::run(&server, 3, settings(folder.path()))).await;
        assert_eq!(values(&rows), [Some(0), Some(1), Some(2)], "{service}");
        assert_eq!(server.batches(), [3, 3], "{service}");
    }
}

#[tokio::test]
async fn a_batch_that_ends_while_it_is_cancelled_has_its_results() {
    for service in SERVICES {
        let server = BatchServer::start(service, good).await;
        server.ends_at_poll(1_000_000);
        let folder = tempfile::tempdir().unwrap();
        let mut run = run(&server, 3, settings(folder.path()));
        let canceller = run.canceller();
        let waiting = tokio::spawn(async move { all(&mut run).await.unwrap() });
        until(|| canceller.status().iter().any(|batch| batch.state == BatchState::Running)).await;
        // It ends before the cancellation reaches it.
        server.end_all();
        canceller.cancel().await;
        assert_eq!(values(&waiting.await.unwrap()), [Some(0), Some(1), Some(2)], "{service}");
    }
}

#[tokio::test]
async fn a_batch_that_is_not_accepted_is_sent_again_without_the_rows_at_fault() {
    let server = BatchServer::start("openai", good).await;
    server.next_end(End::Failed("invalid_json_line", "This line is not parseable.", Some(2)));
    let folder = tempfile::tempdir().unwrap();
    let mut run = client(&server)
        .extract_many::<u64, _>(items(4))
        .row_retries(0)
        .in_batches(settings(folder.path()));
    let rows = all(&mut run).await.unwrap();
    assert_eq!(server.batches(), [4, 3]);
    let failed: Vec<_> = rows.iter().filter(|row| row.result.is_err()).collect();
    assert_eq!((failed.len(), rows.len()), (1, 4));
    assert_eq!(kind_of(failed[0]), ProviderErrorKind::InvalidRequest);
    let text = failed[0].result.as_ref().unwrap_err().to_string();
    assert!(text.contains("not parseable") && text.contains("invalid_json_line"), "{text}");
    let first = &run.status()[0];
    assert_eq!(first.state, BatchState::Failed);
    assert!(first.error.as_deref().unwrap().contains("line 2"), "{first}");
}

#[tokio::test]
async fn a_batch_that_failed_for_another_reason_fails_its_rows() {
    for service in ["openai", "google", "mistral"] {
        let server = BatchServer::start(service, good).await;
        server.next_end(End::Failed("bad_model", "The model takes no batches.", None));
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(run(&server, 2, settings(folder.path()))).await;
        for row in &rows {
            let text = row.result.as_ref().unwrap_err().to_string();
            assert!(text.contains("takes no batches"), "{service}: {text}");
        }
        assert_eq!(server.batches(), [2], "{service}");
    }
}

#[tokio::test]
async fn a_batch_without_room_is_sent_again_after_others() {
    let server = BatchServer::start("openai", good).await;
    server.next_end(End::Completed);
    for _ in 0..2 {
        server.next_end(End::Failed("token_limit_exceeded", "Enqueued token limit reached.", None));
    }
    let folder = tempfile::tempdir().unwrap();
    let batches = settings(folder.path()).max_requests(2);
    let run = client(&server).extract_many::<u64, _>(items(4)).concurrency(4).row_retries(0);
    let rows = rows(run.in_batches(batches)).await;
    assert_eq!(values(&rows), [Some(0), Some(1), Some(2), Some(3)]);
    assert_eq!(server.batches(), [2, 2, 2, 2]);
}

#[tokio::test]
async fn a_dropped_run_goes_on_where_it_was() {
    for service in SERVICES {
        let server = BatchServer::start(service, |request| match asked(request) {
            (1, false) => Outcome::Says("There were several.".into()),
            (item, _) => value(item),
        })
        .await;
        server.ends_at_poll(1_000_000);
        let folder = tempfile::tempdir().unwrap();
        let mut first = run(&server, 3, settings(folder.path()));
        let canceller = first.canceller();
        let waiting = tokio::spawn(async move { all(&mut first).await.map(|_| ()) });
        until(|| canceller.status().iter().any(|batch| batch.state == BatchState::Running)).await;
        waiting.abort();
        let _ = waiting.await;
        // The first batch ends while no run is there. The second one is left as well.
        server.end_all();
        let mut second = run(&server, 3, settings(folder.path()));
        let mut seen = Vec::new();
        while seen.len() < 2 {
            seen.push(
                tokio::time::timeout(LIMIT, second.next()).await.unwrap().unwrap().unwrap().id,
            );
        }
        until(|| server.batches().len() == 2).await;
        drop(second);
        server.end_all();
        let third = rows(run(&server, 3, settings(folder.path()))).await;
        assert_eq!(values(&third), [Some(0), Some(1), Some(2)], "{service}");
        assert_eq!(server.batches(), [3, 1], "{service}: no request was paid twice");
        assert_eq!(third[1].ledger().attempts.len(), 2, "{service}");
    }
}

#[tokio::test]
async fn a_batch_whose_creation_was_not_confirmed_is_looked_for() {
    for (service, create) in [
        ("openai", "POST /v1/batches"),
        ("anthropic", "POST /v1/messages/batches"),
        ("google", "POST /v1beta/models/m:batchGenerateContent"),
        ("mistral", "POST /v1/batch/jobs"),
    ] {
        for is_created in [true, false] {
            let server = BatchServer::start(service, good).await;
            let fault = if is_created { Fault::NoAnswer } else { Fault::Status(503, "Try later.") };
            server.fault(create, fault);
            let folder = tempfile::tempdir().unwrap();
            let rows = rows(run(&server, 3, settings(folder.path()))).await;
            assert_eq!(values(&rows), [Some(0), Some(1), Some(2)], "{service}");
            assert_eq!(server.batches(), [3], "{service} {is_created}");
            let expected = if is_created { 1 } else { 2 };
            assert_eq!(server.count(create), expected, "{service} {is_created}");
        }
    }
}

#[tokio::test]
async fn faults_of_the_service_are_outlived() {
    for (call, fault) in [
        ("POST /v1/files", Fault::Status(503, "Try later.")),
        ("POST /v1/files", Fault::NoAnswer),
        ("POST /v1/batches", Fault::Status(429, "Slow down.")),
        ("GET /v1/batches/", Fault::Status(500, "Broken.")),
        ("GET /v1/batches/", Fault::NoAnswer),
        ("GET /v1/batches/", Fault::Cut),
        ("GET /v1/files/", Fault::NoAnswer),
        ("GET /v1/files/", Fault::Cut),
        ("DELETE /v1/files/", Fault::Status(500, "Broken.")),
    ] {
        let server = BatchServer::start("openai", good).await;
        server.fault(call, fault.clone());
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(run(&server, 3, settings(folder.path()))).await;
        assert_eq!(values(&rows), [Some(0), Some(1), Some(2)], "{call} {fault:?}");
        assert_eq!(server.batches(), [3], "{call} {fault:?}");
    }
}

#[tokio::test]
async fn an_error_that_every_batch_would_meet_stops_the_run() {
    let server = BatchServer::start("openai", good).await;
    for _ in 0..3 {
        server.fault("POST /v1/files", Fault::Status(401, "Wrong key sk-test-1234567."));
    }
    let folder = tempfile::tempdir().unwrap();
    let error = all(&mut run(&server, 3, settings(folder.path()))).await.unwrap_err();
    let RunError::EveryRow(every) = &error else { panic!("{error}") };
    assert!(
        matches!(every.kind(), ErrorKind::Provider(error) if error.kind == ProviderErrorKind::Authentication)
    );
    assert!(!error.to_string().contains(KEY), "{error}");
}

#[tokio::test]
async fn a_provider_without_a_service_is_a_typed_error() {
    let folder = tempfile::tempdir().unwrap();
    let client = client_of("openrouter", "http://127.0.0.1:1/v1");
    let mut run = client.extract_many::<u64, _>(items(1)).in_batches(settings(folder.path()));
    let error = run.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("no batch service of `openrouter`"), "{error}");
    assert!(run.next().await.is_none());
}

#[tokio::test]
async fn one_run_has_the_folder_at_a_time() {
    let server = BatchServer::start("openai", good).await;
    server.ends_at_poll(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let mut first = run(&server, 1, settings(folder.path()));
    let canceller = first.canceller();
    let waiting = tokio::spawn(async move { all(&mut first).await.map(|_| ()) });
    until(|| !canceller.status().is_empty()).await;
    let error = run(&server, 1, settings(folder.path())).next().await.unwrap().unwrap_err();
    assert!(matches!(error, RunError::Journal(JournalError::InUse { .. })), "{error}");
    waiting.abort();
    // A folder that cannot be made, and a log of other content.
    let none = folder.path().join("none/batches");
    let error = run(&server, 1, settings(&none)).next().await.unwrap().unwrap_err();
    assert!(matches!(error, RunError::Journal(JournalError::Open { .. })), "{error}");
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("batches.jsonl"), "a,b\n").unwrap();
    let error = run(&server, 1, settings(other.path())).next().await.unwrap().unwrap_err();
    assert!(matches!(error, RunError::Journal(JournalError::NotAJournal { .. })), "{error}");
}

#[tokio::test]
async fn a_run_without_waiting_sends_and_collects() {
    for service in SERVICES {
        let server = BatchServer::start(service, |request| match asked(request) {
            (1, false) => Outcome::Says("There were several.".into()),
            (item, _) => value(item),
        })
        .await;
        server.ends_at_poll(1_000_000);
        let folder = tempfile::tempdir().unwrap();
        let pass = async || {
            // Fewer rows in flight than in a batch.
            let run = client(&server).extract_many::<u64, _>(items(5)).concurrency(2);
            let mut run = run.in_batches(settings(folder.path()).max_requests(4).without_waiting());
            let rows = all(&mut run).await.unwrap();
            (rows.len(), run.summary().passed_over)
        };
        assert_eq!(pass().await, (0, 5), "{service}");
        assert_eq!(server.batches(), [4, 1], "{service}");
        assert_eq!(pass().await, (0, 5), "{service}: nothing is sent twice");
        assert_eq!(server.batches(), [4, 1], "{service}");
        server.end_all();
        assert_eq!(pass().await, (4, 1), "{service}: one row is asked again");
        assert_eq!(server.batches(), [4, 1, 1], "{service}");
        server.end_all();
        assert_eq!(pass().await, (5, 0), "{service}");
        assert_eq!(server.batches(), [4, 1, 1], "{service}");
    }
}

#[tokio::test]
async fn a_header_of_a_single_call_is_refused() {
    let server = BatchServer::start("openai", good).await;
    let folder = tempfile::tempdir().unwrap();
    let run =
        client(&server).extract_many::<u64, _>(items(1)).each(|row| row.header("x-beta", "1"));
    let rows = rows(run.in_batches(settings(folder.path()))).await;
    assert_eq!(kind_of(&rows[0]), ProviderErrorKind::Encode);
    let text = rows[0].result.as_ref().unwrap_err().to_string();
    assert!(text.contains("`x-beta`"), "{text}");
}

#[tokio::test]
async fn a_request_that_is_larger_than_a_batch_is_refused() {
    let server = BatchServer::start("openai", good).await;
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(run(&server, 2, settings(folder.path()).max_bytes(100))).await;
    assert_eq!(kind_of(&rows[0]), ProviderErrorKind::Encode);
    assert!(server.batches().is_empty());
}

/// The other side of the test that kills a run.
#[tokio::test]
#[ignore = "the other side of another test"]
async fn child() {
    let (Ok(url), Ok(folder)) = (std::env::var("BATCH_URL"), std::env::var("BATCH_FOLDER")) else {
        return;
    };
    let batches = settings(Path::new(&folder)).max_requests(25);
    let run = client_of("openai", &url).extract_many::<u64, _>(items(100)).concurrency(100);
    let rows = rows(run.in_batches(batches)).await;
    println!("{} rows", rows.len());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_pays_nothing_twice() {
    let server = BatchServer::start("openai", |request| match asked(request) {
        (item, false) if item % 10 == 0 => Outcome::Says("There were several.".into()),
        (item, _) => value(item),
    })
    .await;
    server.ends_at_poll(3);
    let folder = tempfile::tempdir().unwrap();
    let (mut kills, mut ended) = (0, false);
    while !ended {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .args(["--ignored", "--exact", "batches::child", "--nocapture"])
            .env("BATCH_URL", server.url())
            .env("BATCH_FOLDER", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let enough = server.calls().len() + fastrand::usize(1..8);
        while !ended && server.calls().len() < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ended = child.try_wait().unwrap().is_some();
        }
        child.kill().unwrap();
        let _ = child.wait();
        kills += usize::from(!ended);
    }
    let run = client(&server).extract_many::<u64, _>(items(100));
    let rows = rows(run.in_batches(settings(folder.path()))).await;
    assert_eq!(values(&rows), (0..100).map(Some).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row.origin == Origin::Journal));
    let requests: usize = server.batches().iter().sum();
    assert_eq!(requests, 110, "{kills} kills, {:?}", server.batches());
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_its_start_cancels_what_an_earlier_one_has_sent() {
    let server = BatchServer::start("openai", good).await;
    server.ends_at_poll(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let batches = settings(folder.path()).without_waiting();
    assert!(rows(run(&server, 2, batches)).await.is_empty());
    let mut second = run(&server, 2, settings(folder.path()));
    second.canceller().cancel().await;
    let waiting = tokio::spawn(async move { all(&mut second).await.unwrap().len() });
    until(|| server.count("POST /v1/batches/batch-1/cancel") == 1).await;
    server.end_all();
    assert_eq!(waiting.await.unwrap(), 0);
}

/// Runs a pass without waiting. Returns the rows, and the number of those that were passed over.
async fn pass(
    server: &BatchServer,
    count: u64,
    folder: &Path,
    failed: FailedRows,
) -> Result<(Vec<Row<u64, u64>>, u64), RunError> {
    let run = client(server).extract_many::<u64, _>(items(count)).row_retries(0);
    let mut run = run.failed_rows(failed).in_batches(settings(folder).without_waiting());
    let rows = all(&mut run).await?;
    let passed_over = run.summary().passed_over;
    Ok((rows, passed_over))
}

#[tokio::test]
async fn a_run_without_waiting_fails_the_rows_at_fault_and_sends_the_others_again() {
    let server = BatchServer::start("openai", good).await;
    server.next_end(End::Failed("invalid_json_line", "This line is not parseable.", Some(2)));
    let folder = tempfile::tempdir().unwrap();
    let pass = || pass(&server, 4, folder.path(), FailedRows::Keep);
    assert_eq!(pass().await.unwrap().1, 4);
    server.end_all();
    // The batch has failed. Three rows are in the next one, and one has its error.
    let (rows, passed_over) = pass().await.unwrap();
    assert_eq!((rows.len(), passed_over), (1, 3));
    assert_eq!(kind_of(&rows[0]), ProviderErrorKind::InvalidRequest);
    server.end_all();
    let (rows, passed_over) = pass().await.unwrap();
    let done = rows.iter().filter(|row| row.result.is_ok()).count();
    assert_eq!((rows.len(), done, passed_over), (4, 3, 0));
    assert_eq!(server.batches(), [4, 3]);
}

#[tokio::test]
async fn a_run_without_waiting_fails_all_rows_of_a_batch_that_was_refused() {
    for service in ["openai", "google", "mistral"] {
        let server = BatchServer::start(service, good).await;
        server.next_end(End::Failed("bad_model", "The model takes no batches.", None));
        let folder = tempfile::tempdir().unwrap();
        let pass = || pass(&server, 2, folder.path(), FailedRows::Keep);
        assert_eq!(pass().await.unwrap().1, 2, "{service}");
        server.end_all();
        let (rows, passed_over) = pass().await.unwrap();
        assert_eq!((rows.len(), passed_over), (2, 0), "{service}");
        for row in &rows {
            let text = row.result.as_ref().unwrap_err().to_string();
            assert!(text.contains("takes no batches"), "{service}: {text}");
        }
        assert_eq!(server.batches(), [2], "{service}");
    }
}

#[tokio::test]
async fn a_batch_that_is_not_accepted_is_an_error_of_a_run_that_does_not_wait() {
    let server = BatchServer::start("openai", good).await;
    server.fault("POST /v1/batches", Fault::Status(400, "No such endpoint."));
    let folder = tempfile::tempdir().unwrap();
    let error = pass(&server, 2, folder.path(), FailedRows::Keep).await.unwrap_err();
    assert!(matches!(error, RunError::Batch { number: 1, .. }), "{error}");
    assert!(error.to_string().contains("No such endpoint."), "{error}");
    assert_eq!(server.input_files(), 0);
    // The next run sends the rows again.
    assert_eq!(pass(&server, 2, folder.path(), FailedRows::Keep).await.unwrap().1, 2);
    assert_eq!(server.batches(), [2]);
}

#[tokio::test]
async fn rows_that_failed_are_asked_anew_and_do_not_get_their_old_results() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let server = BatchServer::start("openai", move |request| match asked(request).0 {
        0 if !mended.load(Ordering::SeqCst) => Outcome::Fails(400, "Not now."),
        1 if !mended.load(Ordering::SeqCst) => Outcome::Says("There were several.".into()),
        item => value(item),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let first =
        client(&server).extract_many::<u64, _>(items(3)).each(|row| row.validation_retries(0));
    let first = rows(first.in_batches(settings(folder.path()))).await;
    assert_eq!(values(&first), [None, None, Some(2)]);
    is_mended.store(true, Ordering::SeqCst);
    let again = client(&server)
        .extract_many::<u64, _>(items(3))
        .each(|row| row.validation_retries(0))
        .failed_rows(FailedRows::AskAgain);
    let again = rows(again.in_batches(settings(folder.path()))).await;
    assert_eq!(values(&again), [Some(0), Some(1), Some(2)]);
    assert_eq!(server.batches(), [3, 2]);
}

#[tokio::test]
async fn rows_that_are_asked_anew_can_be_collected_later() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let server = BatchServer::start("openai", move |request| match asked(request).0 {
        0 if !mended.load(Ordering::SeqCst) => Outcome::Fails(400, "Not now."),
        item => value(item),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let first = rows(run(&server, 2, settings(folder.path()))).await;
    assert_eq!(values(&first), [None, Some(1)]);
    is_mended.store(true, Ordering::SeqCst);
    let pass = || pass(&server, 2, folder.path(), FailedRows::AskAgain);
    assert_eq!(pass().await.unwrap().1, 1);
    server.end_all();
    let (rows, passed_over) = pass().await.unwrap();
    assert_eq!((values(&rows), passed_over), (vec![Some(0), Some(1)], 0));
    assert_eq!(server.batches(), [2, 1]);
}

#[tokio::test]
async fn equal_inputs_are_one_request_whether_the_run_waits_or_not() {
    for waits in [true, false] {
        let server = BatchServer::start("openai", good).await;
        let folder = tempfile::tempdir().unwrap();
        let texts = || (0..6).map(|id: u64| (id, format!("item-{}", id % 2)));
        let run = || {
            let batches = settings(folder.path());
            let batches = if waits { batches } else { batches.without_waiting() };
            client(&server).extract_many::<u64, _>(texts()).in_batches(batches)
        };
        let first = rows(run()).await;
        let rows = if waits {
            first
        } else {
            assert!(first.is_empty());
            server.end_all();
            rows(run()).await
        };
        assert_eq!(values(&rows), [0, 1, 0, 1, 0, 1].map(Some), "{waits}");
        assert_eq!(server.batches(), [2], "{waits}");
    }
}
