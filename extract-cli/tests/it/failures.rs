//! Rows that fail, and what is done with them.

use serde_json::{Value, json};

use crate::support::{Answer, Folder, Server, inputs, text_of, ticket};

/// A server that gives a wrong answer for texts that begin with `bad`.
fn picky() -> Server {
    Server::start(|request| {
        let text = text_of(request);
        Answer::from(if text.starts_with("bad") { json!({"product": 7}) } else { ticket(&text) })
    })
}

#[test]
fn bad_lines_and_wrong_answers_are_rows_in_their_places() {
    let (folder, server) = (Folder::new(), picky());
    let stdin = "{\"id\": \"a\", \"text\": \"kettle\"}\n{broken\n17\n{\"id\": \"b\", \"text\": null}\n\
                 {\"id\": \"c\", \"text\": \"bad\"}\n{\"id\": \"d\"}\n{\"id\": \"e\", \"text\": \"\"}\n";
    let ended = folder.run_on(&server, "run --in-order --validation-retries 1", stdin);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let rows = ended.rows();
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    assert_eq!(json!(ids), json!(["a", 2, 3, "b", "c", "d", "e"]));
    assert_eq!(rows[0]["value"]["product"], "kettle");
    let message = |index: usize| rows[index]["error"]["message"].as_str().unwrap();
    assert!(message(1).starts_with("line 2 is no JSON"), "{}", message(1));
    assert_eq!(
        (&rows[1]["error"]["line"], &rows[1]["error"]["kind"]),
        (&json!(2), &json!("input"))
    );
    assert!(message(2).contains("neither a JSON object nor a JSON text"), "{}", message(2));
    assert!(message(3).contains("`text` is null"), "{}", message(3));
    assert_eq!(rows[4]["error"]["kind"], "invalid");
    assert_eq!(rows[4]["error"]["problems"][0]["pointer"], "/is_urgent", "{}", rows[4]);
    assert!(message(5).contains("no column `text`"), "{}", message(5));
    assert_eq!(rows[6]["error"]["kind"], "input"); // the text is empty
    assert!(ended.stderr.contains("4 rows of the input have no text"), "{}", ended.stderr);
    assert_eq!(server.count(), 3);
}

#[test]
fn failed_rows_can_go_to_a_file_of_their_own() {
    let (folder, server) = (Folder::new(), picky());
    folder.write("in.jsonl", &format!("{}{{\"id\": \"x\", \"text\": \"bad\"}}\noops\n", inputs(2)));
    let ended = folder.run(&server, "run -i in.jsonl --errors failed.jsonl --validation-retries 0");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.rows().iter().all(|row| row["value"].is_object()), "{ended:?}");
    assert_eq!((ended.rows().len(), folder.rows("failed.jsonl").len()), (2, 2));
}

#[test]
fn a_report_shows_the_failures() {
    let (folder, server) = (Folder::new(), picky());
    folder
        .write("in.jsonl", &format!("{}{{\"id\": \"x-9\", \"text\": \"bad lamp\"}}\n", inputs(2)));
    let arguments = "run -i in.jsonl -o out.jsonl --report run.html --validation-retries 0";
    let ended = folder.run(&server, arguments);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let page = folder.read("run.html");
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert!(page.contains("<title>Ticket: "), "{page}");
    assert!(page.contains("x-9") && page.contains("bad lamp"), "{page}");
}

#[test]
fn a_run_stops_after_too_many_failures() {
    let (folder, server) = (Folder::new(), picky());
    let rows = (0..50).map(|number| format!("{{\"text\": \"bad {number}\"}}\n"));
    folder.write("in.jsonl", &rows.collect::<String>());
    let arguments = "run -i in.jsonl --max-failures 3 --validation-retries 0 --concurrency 1";
    let ended = folder.run(&server, arguments);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("--max-failures allows 3"), "{}", ended.stderr);
    assert!(server.count() < 8, "{} requests", server.count());
}

#[test]
fn dead_rows_are_printed_and_asked_again() {
    let folder = Folder::new();
    let server = picky();
    folder.write("in.jsonl", &format!("{}{{\"id\": \"x\", \"text\": \"bad lamp\"}}\n", inputs(3)));
    let arguments = "run -i in.jsonl --journal j --validation-retries 0";
    let ended = folder.run(&server, arguments);
    assert_eq!((ended.code, server.count()), (Some(2), 4), "{ended:?}");

    let dead = crate::support::ended(folder.command("dead --journal j").spawn().unwrap());
    assert_eq!(dead.code, Some(0), "{dead:?}");
    let letters = dead.rows();
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0]["id"], &letters[0]["input"]), (&json!("x"), &json!("bad lamp")));
    assert_eq!(letters[0]["ledger"]["attempts"][0]["reply"], "{\"product\":7}");

    // The failure is kept, without a request.
    let ended = folder.run(&server, arguments);
    assert_eq!((ended.code, server.count(), ended.rows().len()), (Some(2), 4, 4), "{ended:?}");

    let mended = Server::of_tickets();
    let ended = folder.run(&mended, "retry-dead --journal j --validation-retries 0");
    assert_eq!((ended.code, mended.count()), (Some(0), 1), "{ended:?}");
    assert_eq!(ended.rows(), [json!({"id": "x", "value": ticket("bad lamp")})]);
    assert_eq!(text_of(&mended.requests()[0]), "bad lamp");

    // All rows have a value now, and none is asked.
    let ended = folder.run(&mended, &format!("{arguments} --in-order"));
    assert_eq!((ended.code, mended.count(), ended.rows().len()), (Some(0), 1, 4), "{ended:?}");
    assert_eq!(folder.run(&mended, "retry-dead --journal j").rows().len(), 0);
    let dead = crate::support::ended(folder.command("dead --journal j").spawn().unwrap());
    assert_eq!(dead.stdout, "");
}

#[test]
fn dead_rows_of_an_input_are_asked_again_alone() {
    let (folder, server) = (Folder::new(), picky());
    folder.write("in.jsonl", &format!("{}{{\"id\": \"x\", \"text\": \"bad lamp\"}}\n", inputs(3)));
    assert_eq!(
        folder.run(&server, "run -i in.jsonl --journal j --validation-retries 0").code,
        Some(2)
    );
    let mended = Server::of_tickets();
    // A limit is no part of what a row is found by.
    let ended = folder.run(&mended, "retry-dead -i in.jsonl --journal j --max-tokens 400");
    assert_eq!((ended.code, mended.count(), ended.rows().len()), (Some(0), 1, 1), "{ended:?}");
    // Other settings are another row, of which the journal holds no failure.
    assert_eq!(
        folder.run(&server, "run -i in.jsonl --journal k --validation-retries 0").code,
        Some(2)
    );
    let ended = folder.run(&mended, "retry-dead -i in.jsonl --journal k --temperature 0.5");
    assert_eq!((ended.code, mended.count()), (Some(1), 1), "{ended:?}");
    assert!(ended.stderr.contains("leave out --input"), "{}", ended.stderr);
    let ended = folder.run(&mended, "retry-dead --journal k --temperature 0.5");
    assert_eq!((ended.code, mended.count(), ended.rows().len()), (Some(0), 2, 1), "{ended:?}");
    let ended = folder.run(&mended, "retry-dead --journal j --text-field body");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("--text-field needs --input"), "{}", ended.stderr);
}
