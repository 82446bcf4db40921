//! Batches of the provider.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::batches::BatchServer;
use crate::support::{Folder, ended, inputs};

const BATCHES: &str = "run -i in.jsonl --in-order --batches b --poll-every 20ms";

#[test]
fn rows_go_through_a_batch_and_a_second_run_sends_nothing() {
    let (folder, server) = (Folder::new(), BatchServer::start());
    server.end();
    folder.write("in.jsonl", &inputs(5));
    let first = ended(folder.asking_at(&server.url(), "openai/m", BATCHES).spawn().unwrap());
    assert_eq!((first.code, first.rows().len()), (Some(0), 5), "{first:?}");
    assert!(first.rows().iter().all(|row| row["value"].is_object()), "{first:?}");
    assert!(first.stderr.contains("batch 1 (batch-1): completed, 5 requests"), "{}", first.stderr);
    let second = ended(folder.asking_at(&server.url(), "openai/m", BATCHES).spawn().unwrap());
    assert_eq!((second.code, second.rows()), (Some(0), first.rows()), "{second:?}");
    assert_eq!(server.batches(), [5]);
    // The journal of the folder serves a run without batches.
    let journal = "run -i in.jsonl --in-order --journal b/rows.jsonl";
    let third = ended(folder.asking_at(&server.url(), "openai/m", journal).spawn().unwrap());
    assert_eq!(third.rows(), first.rows(), "{third:?}");
}

#[test]
fn a_command_that_does_not_wait_says_what_waits() {
    let (folder, server) = (Folder::new(), BatchServer::start());
    folder.write("in.jsonl", &inputs(5));
    let arguments = format!("{BATCHES} --no-wait --batch-requests 3");
    let pass = || ended(folder.asking_at(&server.url(), "openai/m", &arguments).spawn().unwrap());
    let first = pass();
    assert_eq!((first.code, first.rows().len()), (Some(3), 0), "{first:?}");
    assert!(first.stderr.contains("5 rows wait at the provider"), "{}", first.stderr);
    server.end();
    let second = pass();
    assert_eq!((second.code, second.rows().len()), (Some(0), 5), "{second:?}");
    assert_eq!(server.batches(), [3, 2]);
}

#[test]
fn a_signal_ends_the_command_and_leaves_the_batch() {
    let (folder, server) = (Folder::new(), BatchServer::start());
    folder.write("in.jsonl", &inputs(2));
    let child = folder.asking_at(&server.url(), "openai/m", BATCHES).spawn().unwrap();
    let started = Instant::now();
    while server.batches().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "no batch is created");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let stopped = ended(child);
    assert_eq!(stopped.code, Some(130), "{stopped:?}");
    assert!(stopped.stderr.contains("the batches go on"), "{}", stopped.stderr);
    server.end();
    let second = ended(folder.asking_at(&server.url(), "openai/m", BATCHES).spawn().unwrap());
    let ids: Vec<_> = second.rows().iter().map(|row| row["id"].clone()).collect();
    assert_eq!((json!(ids), server.batches()), (json!(["r0", "r1"]), vec![2]));
}

#[test]
fn options_of_batches_need_a_folder_and_a_service() {
    let folder = Folder::new();
    folder.write("in.jsonl", &inputs(1));
    let url = "http://127.0.0.1:9/v1";
    let mut without = folder.asking_at(url, "openai/m", "run -i in.jsonl --no-wait");
    let without = ended(without.spawn().unwrap());
    assert!(without.stderr.contains("--batches"), "{}", without.stderr);
    let other = ended(folder.asking_at(url, "openrouter/m", BATCHES).spawn().unwrap());
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.stderr.contains("no batch service"), "{}", other.stderr);
}
