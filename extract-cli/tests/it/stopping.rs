//! Ctrl-C, SIGTERM, and a reader that has read enough.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::{Folder, Server, ended, inputs};

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_first_signal_lets_rows_in_flight_end() {
    for name in ["-INT", "-TERM"] {
        let (folder, server) = (Folder::new(), Server::slow(Duration::from_millis(80)));
        folder.write("in.jsonl", &inputs(200));
        let arguments = "run -i in.jsonl --journal j --concurrency 3";
        let child = folder.asking(&server, arguments).spawn().unwrap();
        wait_for(|| server.count() > 6);
        signal(&child, name);
        let ended = ended(child);
        assert_eq!(ended.code, Some(130), "{ended:?}");
        assert!(ended.stderr.contains("Ctrl-C again"), "{}", ended.stderr);
        // What was asked is written, and in the journal.
        assert_eq!(ended.rows().len(), server.count());
        assert!(server.count() < 200);
    }
}

#[test]
fn the_second_signal_ends_at_once_and_leaves_no_part_of_a_file() {
    let (folder, server) = (Folder::new(), Server::slow(Duration::from_secs(100)));
    folder.write("in.jsonl", &inputs(3));
    let format = if cfg!(feature = "parquet") { "parquet" } else { "csv" };
    let child =
        folder.asking(&server, &format!("run -i in.jsonl -o out.{format}")).spawn().unwrap();
    wait_for(|| server.count() == 3);
    signal(&child, "-INT");
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "-INT");
    let started = Instant::now();
    let ended = ended(child);
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    let partial = files.filter(|name| name.to_string_lossy().contains("partial"));
    assert_eq!(partial.count(), 0);
}

#[test]
fn a_reader_that_has_read_enough_stops_the_run() {
    let (folder, server) = (Folder::new(), Server::slow(Duration::from_millis(30)));
    folder.write("in.jsonl", &inputs(300));
    let arguments = "run -i in.jsonl --journal j --concurrency 2";
    let mut child = folder.asking(&server, arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"id\""), "{line}");
    let ended = ended(child);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("error"), "{}", ended.stderr);
    assert!(server.count() < 100, "{} requests", server.count());
    // What was paid is in the journal.
    let rows = folder.read("j").lines().count() - 2;
    assert_eq!(rows, server.count());
}

#[test]
fn texts_for_a_reader_that_has_gone_are_no_error() {
    let folder = Folder::new();
    for arguments in ["schema --schema s.json", "--help"] {
        let mut child = folder.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let ended = ended(child);
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{arguments}");
    }
}

#[test]
fn a_run_that_waits_for_stdin_can_be_stopped() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    let mut child =
        folder.asking(&server, "run").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, inputs(1).as_bytes()).unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap(); // a row ends although stdin does not
    assert!(line.starts_with("{\"id\""), "{line}");
    signal(&child, "-INT");
    assert_eq!(ended(child).code, Some(130));
    drop(stdin);
}
