//! A journal that several processes share.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use extract_llm::Mode;
use extract_llm::model::Limits;
use extract_llm::pipeline::{FailedRows, Journal, JournalError, Origin, RowError, RunError};
use extract_llm::scripted::{Scripted, ScriptedReply, reply};
use extract_llm::{Client, Extract};
use serde_json::json;

use crate::support::limited::{LimitedServer, Rules, Says};

fn tool(value: u64) -> ScriptedReply {
    reply::tool(json!({ "value": value }))
}

fn scripted(replies: impl IntoIterator<Item = ScriptedReply>) -> Client {
    Client::with_model(Scripted::new(replies))
}

fn client(url: &str) -> Client {
    let builder = Client::builder().base_url(url).model("m").mode(Mode::Text);
    builder.limits(Limits::off()).build().unwrap()
}

/// Returns the files of a journal, by their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn journal_error(error: &RunError) -> &JournalError {
    let error = if let RunError::Stopped(reason) = error { reason } else { error };
    let RunError::Journal(error) = error else { panic!("{error}") };
    error
}

#[tokio::test]
async fn open_journals_see_the_rows_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let one = scripted([tool(1), tool(4)]).worker::<u8>().journal(Journal::shared(&path));
    let other = scripted([tool(2)]).worker::<u8>().journal(Journal::shared(&path));
    assert_eq!(one.ask("a", "first").await.unwrap().origin, Origin::Asked);
    assert_eq!(other.ask("b", "second").await.unwrap().origin, Origin::Asked);
    // Both files are new to the other one, and then they grow.
    for (worker, text, value, origin) in [
        (&other, "first", 1, Origin::Journal),
        (&one, "second", 2, Origin::Journal),
        (&one, "third", 4, Origin::Asked),
        (&other, "third", 4, Origin::Journal),
    ] {
        let row = worker.ask("x", text).await.unwrap();
        assert_eq!((row.origin, row.result.unwrap().value), (origin, value), "{text}");
    }
    assert_eq!(files(&path).len(), 2);
    // A run that starts later reads both. It writes nothing, so it leaves no file.
    let texts = [("a", "first"), ("b", "second"), ("c", "third")];
    let run = scripted([]).extract_many::<u8, _>(texts).journal(Journal::shared(&path));
    assert_eq!(run.finish().await.unwrap().from_journal, 3);
    assert_eq!(files(&path).len(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let mode = fs::metadata(&files(&path)[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn versions_and_dead_letters_are_those_of_a_single_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = || Journal::shared(&path);
    let one = scripted([reply::refusal("No."), reply::status(503), tool(9)]).worker::<u8>();
    let one = one.journal(journal()).row_retries(0);
    let other = scripted([tool(7), tool(2)]).worker::<u8>().journal(journal());
    assert!(one.ask("a", "first").await.unwrap().result.is_err());
    assert!(one.ask("b", "second").await.unwrap().result.is_err());
    // In use, and read all the same.
    let letters = journal().dead_letters().unwrap();
    assert_eq!(letters.len(), 2);
    assert_eq!((letters[0].id.as_str(), letters[0].kind.as_str()), (Some("a"), "refused"));
    assert!(letters[1].is_retryable);
    // A lasting failure is not paid again by another process, and a passing one is asked again.
    let row = other.ask("a", "first").await.unwrap();
    assert!(matches!(row.result, Err(RowError::Before(_))), "{row:?}");
    assert_eq!(other.ask("b", "second").await.unwrap().result.unwrap().value, 7);
    assert_eq!(one.ask("b", "second").await.unwrap().origin, Origin::Journal);
    let again = other.clone().failed_rows(FailedRows::AskAgain);
    assert_eq!(again.ask("a", "first").await.unwrap().result.unwrap().value, 2);
    assert_eq!(one.ask("a", "first").await.unwrap().origin, Origin::Journal);
    assert!(journal().dead_letters().unwrap().is_empty());
    // Another version has other rows.
    let newer = one.clone().journal(journal().version("2"));
    assert_eq!(newer.ask("a", "first").await.unwrap().result.unwrap().value, 9);
}

#[derive(Debug, PartialEq, Extract)]
#[extract(name = "Person")]
struct Before {
    name: String,
}

#[derive(Debug, PartialEq, Extract)]
#[extract(name = "Person")]
struct After {
    name: String,
    town: Option<String>,
}

#[tokio::test]
async fn a_changed_type_asks_for_its_changes_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let one = scripted([reply::tool(json!({"name": "Maria"}))]).worker::<Before>();
    let one = one.journal(Journal::shared(&path));
    one.ask("a", "Maria lives in Rome.").await.unwrap().result.unwrap();
    let model = Scripted::new([reply::tool(json!({"town": "Rome"}))]);
    let other = Client::with_model(model).worker::<After>().journal(Journal::shared(&path));
    let row = other.ask("a", "Maria lives in Rome.").await.unwrap();
    assert_eq!(row.origin, Origin::Updated);
    let expected = After { name: "Maria".into(), town: Some("Rome".into()) };
    assert_eq!(row.result.unwrap().value, expected);
}

#[tokio::test]
async fn a_line_that_is_being_written_is_read_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let writer = scripted([tool(1)]).worker::<u8>().journal(Journal::shared(&path));
    writer.ask("a", "first").await.unwrap();
    drop(writer);
    let written = files(&path).remove(0);
    let text = fs::read_to_string(&written).unwrap();
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    fs::write(&written, "").unwrap();

    let reader = |value| {
        let worker = scripted([tool(value)]).worker::<u8>();
        worker.journal(Journal::shared(&path))
    };
    let worker = reader(9);
    let mut file = fs::OpenOptions::new().append(true).open(&written).unwrap();
    let mut from = 0;
    for cut in [5, last, last + 20, text.len() - 1] {
        file.write_all(&text.as_bytes()[from..cut]).unwrap();
        from = cut;
        // Another row makes it look there.
        let row = worker.ask("b", "").await.unwrap();
        assert!(row.result.is_err());
    }
    file.write_all(&text.as_bytes()[from..]).unwrap();
    let row = worker.ask("a", "first").await.unwrap();
    assert_eq!((row.origin, row.result.unwrap().value), (Origin::Journal, 1));

    // A writer that was killed never ends its line.
    fs::write(&written, &text[..text.len() - 5]).unwrap();
    let row = reader(2).ask("a", "first").await.unwrap();
    assert_eq!((row.origin, row.result.unwrap().value), (Origin::Asked, 2));
    // A damaged line costs its row alone.
    fs::write(&written, text.replace("\"done\"", "done")).unwrap();
    let texts = [("a", "first")];
    let run = scripted([]).extract_many::<u8, _>(texts).journal(Journal::shared(&path));
    let summary = run.finish().await.unwrap();
    assert_eq!((summary.from_journal, summary.damaged_lines), (1, 1));
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let ask = async |path: &Path| {
        let worker = scripted([tool(1)]).worker::<u8>().journal(Journal::shared(path));
        worker.ask("a", "first").await.unwrap_err()
    };
    let path = folder.path().join("none/journal");
    let error = ask(&path).await;
    assert!(matches!(journal_error(&error), JournalError::Open { .. }), "{error}");

    let path = folder.path().join("file");
    fs::write(&path, "text").unwrap();
    let error = ask(&path).await;
    assert!(matches!(journal_error(&error), JournalError::Open { .. }), "{error}");

    let path = folder.path().join("other");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("notes.txt"), "left alone").unwrap();
    fs::write(path.join("data.jsonl"), "{\"name\": \"Maria\"}\n").unwrap();
    let error = ask(&path).await;
    assert!(matches!(journal_error(&error), JournalError::NotAJournal { .. }), "{error}");
    fs::write(path.join("data.jsonl"), "{\"extract_llm_journal\":2}\n").unwrap();
    let error = ask(&path).await;
    assert!(matches!(journal_error(&error), JournalError::Version { version: 2, .. }), "{error}");
    assert_eq!(files(&path).len(), 2);
}

#[tokio::test]
async fn a_journal_of_one_file_can_be_put_into_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let texts = [("a", "first")];
    let run = scripted([tool(1)]).extract_many::<u8, _>(texts).journal(&file);
    assert_eq!(run.finish().await.unwrap().done, 1);
    let run = scripted([]).extract_many::<u8, _>(texts).journal(Journal::shared(folder.path()));
    assert_eq!(run.finish().await.unwrap().from_journal, 1);
}

/// The other side of the test below: 300 rows with a shared journal.
#[tokio::test]
#[ignore = "the other side of another test"]
async fn child() {
    let (Ok(url), Ok(path)) = (std::env::var("MANY_URL"), std::env::var("MANY_JOURNAL")) else {
        return;
    };
    let items = (0..300_u64).map(|item| (item, format!("item-{item}")));
    let run = client(&url).extract_many::<u64, _>(items).journal(Journal::shared(&path));
    assert_eq!(run.concurrency(8).finish().await.unwrap().done, 300);
}

fn start_child(server: &LimitedServer, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "many_shared_journal::child"])
        .env("MANY_URL", server.url())
        .env("MANY_JOURNAL", path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_the_rows_and_a_killed_one_loses_none() {
    let latency = Duration::from_millis(5);
    let rules = Rules { limits: Vec::new(), says: Says::Nothing, latency, faults: false };
    let server = LimitedServer::start(rules).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut kills = 0;
    loop {
        let mut child = start_child(&server, &path);
        let enough = server.counts().received + fastrand::usize(20..80);
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
    assert!(kills > 1, "{kills}");
    let received = server.counts().received;
    assert!(received <= 300 + 8 * kills, "{received}, {kills}");

    // Two at a time, from the start: what one has, the other does not ask.
    let path = folder.path().join("two");
    let mut children = [start_child(&server, &path), start_child(&server, &path)];
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let asked = server.counts().received - received;
    assert!((300..600).contains(&asked), "{asked}");
    let items = (0..300_u64).map(|item| (item, format!("item-{item}")));
    let client = client(&server.url());
    let run = client.extract_many::<u64, _>(items).journal(Journal::shared(&path));
    assert_eq!(run.finish().await.unwrap().from_journal, 300);
}
