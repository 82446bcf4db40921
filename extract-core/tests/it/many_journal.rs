//! The journal of a run: no row is paid twice, and none is lost.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use extract_llm::Mode;
use extract_llm::model::Limits;
use extract_llm::pipeline::{FailedRows, Journal, JournalError, Origin, Row, RowError, RunError};
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Extract};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::limited::{LimitedServer, Rules, Says};

fn client(url: &str) -> Client {
    let builder = Client::builder().base_url(url).model("m").mode(Mode::Text);
    builder.limits(Limits::off()).build().unwrap()
}

fn items(count: u64) -> impl Iterator<Item = (u64, String)> + Send + 'static {
    (0..count).map(|item| (item, format!("item-{item}")))
}

/// Returns all rows of a run of a scripted model, in order, and the number of requests.
async fn rows<T: Extract + Send + 'static>(
    replies: impl IntoIterator<Item = extract_llm::scripted::ScriptedReply>,
    texts: &[(&'static str, &'static str)],
    journal: Journal,
    failed: FailedRows,
) -> (Vec<Row<T, &'static str>>, usize) {
    let model = Scripted::new(replies);
    let client = Client::with_model(model.clone());
    let run = client.extract_many::<T, _>(texts.to_vec()).journal(journal).failed_rows(failed);
    let mut run = run.concurrency(1).in_order();
    let mut rows = Vec::new();
    while let Some(row) = run.next().await {
        rows.push(row.unwrap());
    }
    (rows, model.seen().len())
}

fn tool(value: impl serde::Serialize) -> extract_llm::scripted::ScriptedReply {
    reply::tool(json!({ "value": value }))
}

#[tokio::test]
async fn a_row_that_is_done_is_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let texts = [("a", "first"), ("b", "second"), ("c", "first")];
    let (first, requests) =
        rows::<u8>([tool(1), tool(2)], &texts, Journal::new(&path), FailedRows::Keep).await;
    // The third row has the input of the first.
    assert_eq!(requests, 2);
    let origins: Vec<Origin> = first.iter().map(|row| row.origin).collect();
    assert_eq!(origins, [Origin::Asked, Origin::Asked, Origin::Journal]);
    let (second, requests) = rows::<u8>([], &texts, Journal::new(&path), FailedRows::Keep).await;
    assert_eq!(requests, 0);
    for (row, value) in second.iter().zip([1, 2, 1]) {
        let done = row.result.as_ref().unwrap();
        assert_eq!((done.value, row.origin, row.tries), (value, Origin::Journal, 0));
        assert_eq!(done.ledger.attempts.len(), 1); // of the run that asked
        assert_eq!(done.ledger.attempts[0].reply, "");
    }
    // Another prompt, another version, another type: other rows.
    let other = Journal::new(&path).version("2");
    let (_, requests) = rows::<u8>([tool(1), tool(2)], &texts, other, FailedRows::Keep).await;
    assert_eq!(requests, 2);
    let (_, requests) =
        rows::<u16>([tool(1), tool(2)], &texts, Journal::new(&path), FailedRows::Keep).await;
    assert_eq!(requests, 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn settings_that_change_no_answer_are_no_part_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let run = |replies: Vec<_>, max_tokens: u32, temperature: f64| {
        let client = Client::with_model(Scripted::new(replies));
        let run = client.extract_many::<u8, _>([("a", "x")]).journal(&path);
        run.each(move |row| {
            row.max_tokens(max_tokens)
                .service_tier("flex")
                .header("x-team", "blue")
                .temperature(temperature)
        })
        .finish()
    };
    assert_eq!(run(vec![tool(7)], 100, 0.0).await.unwrap().from_journal, 0);
    assert_eq!(run(vec![], 200, 0.0).await.unwrap().from_journal, 1);
    assert_eq!(run(vec![tool(7)], 200, 1.0).await.unwrap().from_journal, 0);
}

#[tokio::test]
async fn a_value_that_fails_a_new_rule_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let run = |replies: Vec<_>, most: u8| {
        let model = Scripted::new(replies);
        let client = Client::with_model(model.clone());
        let run = client.extract_many::<u8, _>([("a", "x")]).journal(&path).each(move |row| {
            row.validate(move |n, _| if *n <= most { Ok(()) } else { Err("less") })
        });
        async move { (run.finish().await.unwrap(), model.seen().len()) }
    };
    assert_eq!(run(vec![tool(7)], 9).await.1, 1);
    assert_eq!(run(vec![], 8).await.1, 0);
    let (summary, requests) = run(vec![tool(3)], 5).await;
    assert_eq!((summary.done, requests), (1, 1));
    assert_eq!(run(vec![], 5).await.1, 0);
}

#[tokio::test]
async fn failed_rows_are_dead_letters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let texts = [("a", "first"), ("b", "second"), ("c", "third")];
    let bad = || reply::tool(json!({"value": "many"}));
    let replies = [tool(1), reply::refusal("I will not."), bad(), bad(), bad()];
    let (first, _) = rows::<u8>(replies, &texts, Journal::new(&path), FailedRows::Keep).await;
    assert_eq!(first.iter().filter(|row| row.result.is_err()).count(), 2);

    let letters = Journal::new(&path).dead_letters().unwrap();
    let [refused, invalid] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((&refused.id, refused.kind.as_str()), (&json!("b"), "refused"));
    assert_eq!((refused.input.as_str(), refused.is_retryable), ("second", false));
    assert_eq!(invalid.kind, "invalid");
    assert_eq!(invalid.reply(), r#"{"value":"many"}"#);
    assert_eq!((invalid.problems().len(), invalid.problems()[0].pointer.as_str()), (1, ""));
    assert_eq!(invalid.best, Some(json!("many")));

    // They are not paid again.
    let (second, requests) = rows::<u8>([], &texts, Journal::new(&path), FailedRows::Keep).await;
    assert_eq!(requests, 0);
    let Err(RowError::Before(letter)) = &second[1].result else { panic!("{second:?}") };
    assert_eq!(letter.message, refused.message);

    // Only they are asked.
    let (third, requests) =
        rows::<u8>([tool(2), bad(), bad(), bad()], &texts, Journal::new(&path), FailedRows::Only)
            .await;
    assert_eq!((third.len(), requests), (2, 4));
    assert_eq!(Journal::new(&path).dead_letters().unwrap().len(), 1);
    let (fourth, requests) =
        rows::<u8>([tool(3)], &texts, Journal::new(&path), FailedRows::AskAgain).await;
    let values: Vec<u8> = fourth.into_iter().map(|row| row.result.unwrap().value).collect();
    assert_eq!((values, requests), (vec![1, 2, 3], 1));
    assert!(Journal::new(&path).dead_letters().unwrap().is_empty());
}

#[tokio::test]
async fn a_row_that_failed_for_a_passing_reason_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let run = |replies: Vec<_>| {
        let client = Client::with_model(Scripted::new(replies));
        client.extract_many::<u8, _>([("a", "x")]).journal(&path).row_retries(0).finish()
    };
    assert_eq!(run(vec![reply::status(503)]).await.unwrap().failed, 1);
    assert!(Journal::new(&path).dead_letters().unwrap()[0].is_retryable);
    assert_eq!(run(vec![tool(7)]).await.unwrap().done, 1);
}

#[derive(Debug, PartialEq, Extract)]
#[extract(name = "Person")]
struct Before {
    name: String,
    age: u8,
    street: Option<String>,
}

#[derive(Debug, PartialEq, Extract)]
#[extract(name = "Person")]
struct After {
    name: String,
    #[extract(range(max = 150))]
    age: u8,
    /// As it is written.
    town: Option<String>,
}

#[derive(Debug, PartialEq, Extract)]
#[extract(name = "Person")]
struct Less {
    name: String,
}

#[tokio::test]
async fn a_changed_type_asks_for_its_changes_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let texts = [("a", "Maria, 34, lives in Rome.")];
    let maria = json!({"name": "Maria", "age": 34, "street": null});
    let first = Client::with_model(Scripted::new([reply::tool(maria)]));
    assert_eq!(
        first.extract_many::<Before, _>(texts).journal(&path).finish().await.unwrap().done,
        1
    );

    let model = Scripted::new([reply::tool(json!({"age": 35, "town": "Rome"})).usage(50, 5)]);
    let mut run = Client::with_model(model.clone()).extract_many::<After, _>(texts).journal(&path);
    let row = run.next().await.unwrap().unwrap();
    assert_eq!(row.origin, Origin::Updated);
    let done = row.result.unwrap();
    let expected = After { name: "Maria".into(), age: 35, town: Some("Rome".into()) };
    assert_eq!(done.value, expected);
    assert_eq!(done.json, json!({"name": "Maria", "age": 35, "town": "Rome"}));
    assert_eq!(done.ledger.usage().total_tokens(), 55);
    assert!(run.next().await.is_none());
    drop(run);
    let [seen] = &model.seen()[..] else { panic!("one request") };
    let sent = format!("{seen:?}");
    assert!(sent.contains("As it is written.") && !sent.contains("\"name\": Object"), "{sent}");

    // The new value is in the journal.
    let client = Client::with_model(Scripted::new([]));
    let run = client.extract_many::<After, _>(texts).journal(&path);
    assert_eq!(run.finish().await.unwrap().from_journal, 1);
    // A form without anything new needs no request.
    let mut run = client.extract_many::<Less, _>(texts).journal(&path);
    let row = run.next().await.unwrap().unwrap();
    assert_eq!((row.origin, row.result.unwrap().value.name.as_str()), (Origin::Updated, "Maria"));
}

#[tokio::test]
async fn an_update_that_fails_asks_for_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let texts = [("a", "Maria, 34, lives in Rome.")];
    let maria = json!({"name": "Maria", "age": 34, "street": null});
    let first = Client::with_model(Scripted::new([reply::tool(maria)]));
    first.extract_many::<Before, _>(texts).journal(&path).finish().await.unwrap();
    let whole = json!({"name": "Maria", "age": 34, "town": "Rome"});
    let model = Scripted::new([reply::refusal("No."), reply::tool(whole)]);
    let mut run = Client::with_model(model).extract_many::<After, _>(texts).journal(&path);
    let row = run.next().await.unwrap().unwrap();
    assert_eq!((row.origin, row.ledger().attempts.len()), (Origin::Asked, 2));
    assert_eq!(row.result.unwrap().value.town.as_deref(), Some("Rome"));
}

#[tokio::test]
async fn kept_replies_are_read_again_without_requests() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let journal = || Journal::new(&path).keep_replies();
    let texts = [("a", "x"), ("b", "y")];
    let client = Client::with_model(Scripted::new([tool(7), tool(8)]));
    let run = client.extract_many::<u8, _>(texts).journal(journal()).concurrency(1);
    assert_eq!(run.finish().await.unwrap().done, 2);
    // A rule that is new holds for one of them.
    let model = Scripted::new([tool(1)]);
    let run = Client::with_model(model.clone())
        .extract_many::<u8, _>(texts)
        .each(|row| row.validate(|n, _| if *n == 8 { Err("not 8") } else { Ok(()) }))
        .journal(journal())
        .reread()
        .in_order();
    let mut run = run;
    let row = run.next().await.unwrap().unwrap();
    assert_eq!((row.origin, row.result.unwrap().value), (Origin::Reread, 7));
    let row = run.next().await.unwrap().unwrap();
    assert_eq!((row.origin, row.result.unwrap().value), (Origin::Asked, 1));
    assert_eq!(model.seen().len(), 1);
    assert_eq!((run.summary().reread, run.summary().requests), (1, 1));
}

/// Writes a journal of three rows and returns its lines.
async fn written(path: &Path) -> Vec<String> {
    let replies = [tool(1), tool(2), tool(3)];
    let texts = [("a", "first"), ("b", "second"), ("c", "third")];
    rows::<u8>(replies, &texts, Journal::new(path), FailedRows::Keep).await;
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Runs the three rows again and returns how many were in the journal.
async fn again(path: &Path) -> Result<u64, RunError> {
    let texts = [("a", "first"), ("b", "second"), ("c", "third")];
    let replies = [tool(9), tool(9), tool(9)];
    let client = Client::with_model(Scripted::new(replies));
    let run = client.extract_many::<u8, _>(texts).journal(path).concurrency(1);
    let summary = run.finish().await?;
    assert_eq!(summary.done, 3);
    Ok(summary.from_journal)
}

#[tokio::test]
async fn a_torn_line_costs_its_row_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let lines = written(&path).await;
    assert_eq!(lines.len(), 5); // the header, a schema, three rows
    let whole = lines.join("\n") + "\n";
    for cut in [whole.len() - 1, whole.len() - 40, whole.len() - lines[4].len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(again(&path).await.unwrap(), 2, "cut at {cut}");
        assert_eq!(again(&path).await.unwrap(), 3);
        assert!(
            fs::read_to_string(&path)
                .unwrap()
                .lines()
                .all(|line| { serde_json::from_str::<Value>(line).is_ok() })
        );
    }
    // A run that was killed while it wrote the first line.
    fs::write(&path, &lines[0][..5]).unwrap();
    assert_eq!(again(&path).await.unwrap(), 0);
    // A damaged line in the middle.
    let mut damaged = lines.clone();
    damaged[2] = damaged[2].replace("\"done\"", "done");
    fs::write(&path, damaged.join("\n") + "\n").unwrap();
    assert_eq!(again(&path).await.unwrap(), 2);
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.jsonl");
    for content in ["{\"name\": \"Maria\"}\n", "a,b\n1,2\n", "no line", "[]\n"] {
        fs::write(&path, content).unwrap();
        let error = again(&path).await.unwrap_err();
        assert!(matches!(error, RunError::Journal(JournalError::NotAJournal { .. })), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::write(&path, "{\"extract_llm_journal\":2}\n").unwrap();
    let error = again(&path).await.unwrap_err();
    assert!(
        matches!(error, RunError::Journal(JournalError::Version { version: 2, .. })),
        "{error}"
    );
    let error = again(&folder.path().join("none/run.jsonl")).await.unwrap_err();
    assert!(matches!(error, RunError::Journal(JournalError::Open { .. })), "{error}");
}

#[tokio::test]
async fn one_run_has_the_file_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let client = Client::with_model(Scripted::new([tool(1), tool(2)]));
    let mut run = client.extract_many::<u8, _>(items(2)).journal(&path).concurrency(1);
    assert!(run.next().await.unwrap().is_ok());
    let second = client.extract_many::<u8, _>(items(2)).journal(&path).finish().await;
    let Err(RunError::Journal(JournalError::InUse { .. })) = second else { panic!("{second:?}") };
    assert!(matches!(Journal::new(&path).dead_letters(), Err(JournalError::InUse { .. })));
    drop(run);
    assert_eq!(
        client.extract_many::<u8, _>(items(2)).journal(&path).finish().await.unwrap().done,
        2
    );
}

/// The other side of tests that kill a run: 300 rows with a journal.
#[tokio::test]
#[ignore = "the other side of other tests"]
async fn child() {
    let (Ok(url), Ok(path)) = (std::env::var("MANY_URL"), std::env::var("MANY_JOURNAL")) else {
        return;
    };
    let mut run = client(&url).extract_many::<u64, _>(items(300)).journal(&path).concurrency(8);
    while let Some(row) = run.next().await {
        match row {
            Ok(row) => assert!(row.result.is_ok()),
            Err(error) => {
                println!("stopped: {error}");
                return;
            }
        }
    }
    println!("all rows have ended");
}

fn start_child(server: &LimitedServer, path: &Path, shell: &str) -> std::process::Child {
    let program = std::env::current_exe().unwrap();
    let arguments = "--ignored --exact many_journal::child --nocapture";
    Command::new("sh")
        .arg("-c")
        .arg(format!("{shell} exec '{}' {arguments}", program.display()))
        .env("MANY_URL", server.url())
        .env("MANY_JOURNAL", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_loses_nothing_and_repeats_only_what_was_in_flight() {
    let latency = Duration::from_millis(5);
    let rules = Rules { limits: Vec::new(), says: Says::Nothing, latency, faults: false };
    let server = LimitedServer::start(rules).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let mut kills = 0;
    loop {
        let mut child = start_child(&server, &path, "");
        // After some more requests, in the middle of whatever it does.
        let enough = server.counts().received + fastrand::usize(1..80);
        let mut ended = false;
        while !ended && server.counts().received < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ended = child.try_wait().unwrap().is_some();
        }
        child.kill().unwrap();
        let _ = child.wait();
        if ended {
            break;
        }
        kills += 1;
    }
    // One more run returns all rows, and asks none.
    let received = server.counts().received;
    let run = client(&server.url()).extract_many::<u64, _>(items(300)).journal(&path);
    let summary = run.finish().await.unwrap();
    assert_eq!((summary.done, summary.from_journal, summary.damaged_lines), (300, 300, 0));
    assert_eq!(server.counts().received, received);
    let counts = server.counts();
    assert!(counts.answers.len() == 300 && received <= 300 + 8 * kills, "{received}, {kills}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_and_leaves_whole_lines() {
    let rules = Rules {
        limits: Vec::new(),
        says: Says::Nothing,
        latency: Duration::from_millis(1),
        faults: false,
    };
    let server = LimitedServer::start(rules).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    // Files of at most 16 KiB, and an error instead of a signal.
    let child = start_child(&server, &path, "trap '' XFSZ; ulimit -f 16;");
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("stopped: the journal"), "{output}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with('\n') && text.len() <= 32 * 512, "{}", text.len());
    let rows = text.lines().filter(|line| line.contains("\"done\"")).count() as u64;
    assert!(rows > 5 && server.counts().received < 300, "{rows}");
    let run = client(&server.url()).extract_many::<u64, _>(items(300)).journal(&path);
    let summary = run.finish().await.unwrap();
    assert_eq!((summary.done, summary.from_journal), (300, rows));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens to the file, a run ends with all rows or with a typed error, and never panics.
    #[test]
    fn any_damage_is_survived(cut in 0..2_000_usize, at in 0..2_000_usize, bytes: Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("run.jsonl");
            written(&path).await;
            let mut file = fs::read(&path).unwrap();
            let at = at.min(file.len());
            file.splice(at..(at + bytes.len()).min(file.len()), bytes);
            file.truncate(cut.max(30));
            fs::File::create(&path).unwrap().write_all(&file).unwrap();
            match again(&path).await {
                Ok(_) => assert_eq!(again(&path).await.unwrap(), 3),
                Err(error) => assert!(matches!(error, RunError::Journal(_)), "{error}"),
            }
        });
    }
}
