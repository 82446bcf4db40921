//! A journal: nothing is paid twice, and the output is whole.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Folder, Server, inputs};

#[test]
fn a_second_run_asks_nothing_and_writes_all() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(40));
    let arguments = "run -i in.jsonl --journal j --in-order --with-ledger -o";
    let first = folder.run(&server, &format!("{arguments} one.jsonl"));
    assert_eq!((first.code, server.count()), (Some(0), 40), "{first:?}");
    let second = folder.run(&server, &format!("{arguments} two.jsonl"));
    assert_eq!((second.code, server.count()), (Some(0), 40), "{second:?}");
    let (one, two) = (folder.rows("one.jsonl"), folder.rows("two.jsonl"));
    assert_eq!(one.len(), 40);
    for (one, two) in one.iter().zip(&two) {
        assert_eq!((&one["id"], &one["value"]), (&two["id"], &two["value"]));
        assert_eq!(two["ledger"]["origin"], "journal");
    }
    assert!(second.stderr.contains("40 were in the journal"), "{}", second.stderr);
    // A row more is the only one that is asked.
    folder.write("in.jsonl", &inputs(41));
    assert_eq!(folder.run(&server, "run -i in.jsonl --journal j").rows().len(), 41);
    assert_eq!(server.count(), 41);
}

/// Returns the number of requests once the server has read those that were on the way.
fn settled(server: &Server) -> usize {
    loop {
        let before = server.count();
        std::thread::sleep(Duration::from_millis(500));
        if server.count() == before {
            return before;
        }
    }
}

#[test]
fn a_run_that_was_killed_goes_on_behind_its_rows() {
    let (folder, server) = (Folder::new(), Server::slow(Duration::from_millis(60)));
    folder.write("in.jsonl", &inputs(30));
    let arguments = "run -i in.jsonl --journal j -o out.parquet --concurrency 3";
    let mut child = folder.asking(&server, arguments).spawn().unwrap();
    let started = Instant::now();
    let lines = || std::fs::read_to_string(folder.file("j")).unwrap_or_default().lines().count();
    while lines() < 10 {
        assert!(started.elapsed() < Duration::from_secs(60), "no row ends");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!folder.file("out.parquet").exists()); // it is made whole, or not at all
    let asked = settled(&server);
    assert!(asked < 30, "{asked} requests");
    let kept = lines() - 2; // the header, and the schema
    let ended = folder.run(&server, "run -i in.jsonl --journal j --in-order --concurrency 3");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.count() - asked, 30 - kept);
    let ids: Vec<String> = (0..30).map(|number| format!("r{number}")).collect();
    let rows = ended.rows();
    assert_eq!(json!(rows.iter().map(|row| &row["id"]).collect::<Vec<_>>()), json!(ids));
}

#[test]
fn a_budget_stops_the_run_and_the_next_one_goes_on() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(40));
    // A request costs 110 * 0.001 = 0.11 dollars, and reserves more.
    let arguments =
        "run -i in.jsonl --journal j --prices 1000,1000 --max-tokens 20 --concurrency 1";
    let ended = folder.run(&server, &format!("{arguments} --budget 2"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the budget of this run"), "{}", ended.stderr);
    let asked = server.count();
    assert!((3..=18).contains(&asked), "{asked} requests");
    assert_eq!(ended.rows().len(), asked);
    let ended = folder.run(&server, arguments);
    assert_eq!((ended.code, server.count(), ended.rows().len()), (Some(0), 40, 40), "{ended:?}");
    // Without a price, nothing is sent.
    let ended = folder.run(&server, "run -i in.jsonl --budget 2");
    assert_eq!((ended.code, server.count()), (Some(1), 40), "{ended:?}");
    let ended = folder.run(&server, "run -i in.jsonl --token-budget 10");
    assert_eq!((ended.code, server.count()), (Some(1), 40), "{ended:?}");
}

#[test]
fn an_error_that_meets_every_row_leaves_an_earlier_output_as_it_is() {
    let folder = Folder::new();
    let server = Server::start(|_| Answer::Status(401));
    folder.write("in.jsonl", &inputs(40));
    folder.write("out.jsonl", "earlier\n");
    folder.write("out.csv", "earlier\n");
    for arguments in ["run -i in.jsonl -o out.jsonl", "run -i in.jsonl -o out.csv"] {
        let ended = folder.run(&server, arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("every row would fail in this way"), "{}", ended.stderr);
    }
    assert_eq!(
        (folder.read("out.jsonl"), folder.read("out.csv")),
        ("earlier\n".into(), "earlier\n".into())
    );
}

#[test]
fn commands_share_a_folder() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(40));
    std::fs::create_dir(folder.file("j")).unwrap();
    let arguments = "run -i in.jsonl --journal j -o";
    let mut one = folder.asking(&server, &format!("{arguments} one.jsonl")).spawn().unwrap();
    let two = folder.run(&server, &format!("{arguments} two.jsonl"));
    assert!(one.wait().unwrap().success() && two.code == Some(0), "{two:?}");
    let asked = server.count();
    assert!((40..=80).contains(&asked), "{asked} requests");
    let three = folder.run(&server, &format!("{arguments} three.jsonl"));
    assert_eq!((three.code, server.count()), (Some(0), asked), "{three:?}");
    assert!(three.stderr.contains("40 were in the journal"), "{}", three.stderr);
    assert_eq!(folder.rows("three.jsonl").len(), 40);
    let dead = folder.command("dead --journal j").output().unwrap();
    assert!(dead.status.success() && dead.stdout.is_empty(), "{dead:?}");
}
