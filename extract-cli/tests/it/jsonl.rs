//! JSON Lines and plain text, from stdin and files to stdout and files.

use serde_json::{Value, json};

use crate::support::{Folder, Server, inputs, text_of, ticket};

#[test]
fn each_row_of_stdin_becomes_a_row_of_stdout() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    let stdin = "{\"id\": 7, \"text\": \"kettle, urgent\"}\n\"lamp\"\n\n{\"text\": \"tent\", \"more\": 1}\n";
    let ended = folder.run_on(&server, "run --in-order", stdin);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let row = |id: Value, text: &str| json!({"id": id, "value": ticket(text)});
    let expected = [row(json!(7), "kettle, urgent"), row(json!(2), "lamp"), row(json!(4), "tent")];
    assert_eq!(ended.rows(), expected);
    assert!(ended.stderr.contains("3 rows have a value, 0 failed"), "{}", ended.stderr);
}

#[test]
fn a_file_becomes_a_file_and_the_ledger_is_shown() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(30));
    let ended = folder.run(
        &server,
        "run -i in.jsonl -o out.jsonl --with-ledger --prices 1,4 --quiet --concurrency 5 --head 20",
    );
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(0), "", ""), "{ended:?}");
    let rows = folder.rows("out.jsonl");
    assert_eq!(rows.len(), 20);
    for row in &rows {
        let number = row["id"].as_str().unwrap().trim_start_matches('r');
        assert_eq!(row["value"]["product"], format!("kettle{number}"));
        let ledger = &row["ledger"];
        assert_eq!((&ledger["input_tokens"], &ledger["output_tokens"]), (&json!(100), &json!(10)));
        assert_eq!((&ledger["attempts"], &ledger["origin"]), (&json!(1), &json!("asked")));
        assert!((ledger["cost"].as_f64().unwrap() - 0.000_14).abs() < 1e-9, "{ledger}");
        assert!(ledger["model"].as_str().unwrap().contains("test-model"), "{ledger}");
    }
}

#[test]
fn doubts_need_log_probabilities() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    let ended = folder.run_on(&server, "run --doubt-below 0.8", "\"kettle\"\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.requests()[0]["logprobs"], true);
    // The server sends none, so no field is in doubt.
    assert_eq!(ended.rows(), [json!({"id": 1, "value": ticket("kettle")})]);
}

#[test]
fn the_settings_are_sent() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("system.txt", "Answer in Welsh.");
    folder.write("in.txt", "kettle leaks\n\nlamp flickers\n");
    let arguments =
        "run -i in.txt --system-file system.txt --max-tokens 77 --temperature 0.5 --mode tools";
    let ended = folder.run(&server, arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut ids: Vec<Value> = ended.rows().iter().map(|row| row["id"].clone()).collect();
    ids.sort_by_key(Value::as_u64);
    assert_eq!(ids, [1, 3]);
    for request in server.requests() {
        let text = request.to_string();
        assert!(
            text.contains("Answer in Welsh.") && text.contains("\"temperature\":0.5"),
            "{text}"
        );
        assert!(text.contains(":77") && request["tools"][0].is_object(), "{text}");
    }
}

#[test]
fn a_prompt_is_made_of_columns() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write(
        "in.jsonl",
        "{\"key\": [1, 2], \"subject\": \"{body}\", \"body\": \"leaks\", \"n\": 3}\n",
    );
    let mut command = folder.asking(&server, "run -i in.jsonl --id-field key");
    let ended = crate::support::ended(
        command.args(["--prompt", r"{subject}\n{body} {{{n}}}"]).spawn().unwrap(),
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.rows()[0]["id"], json!([1, 2]));
    assert_eq!(text_of(&server.requests()[0]), "{body}\nleaks {3}");
}
