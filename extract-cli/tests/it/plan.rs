//! Plans, without and with requests.

use serde_json::{Value, json};

use crate::support::{Folder, Server, inputs};

#[test]
fn a_plan_sends_nothing() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &format!("oops\n{}", inputs(200)));
    let arguments = "plan -i in.jsonl --prices 1,4 --max-tokens 50 --sample 20";
    let ended = folder.run(&server, arguments);
    assert_eq!((ended.code, server.count()), (Some(0), 0), "{ended:?}");
    assert!(ended.stdout.starts_with("200 rows, from a sample of 20"), "{}", ended.stdout);
    assert!(ended.stdout.contains('$'), "{}", ended.stdout);
    assert!(ended.stderr.contains("1 of the first rows have no text"), "{}", ended.stderr);
    let ended = folder.run(&server, &format!("{arguments} --json"));
    let plan: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&plan["rows"], &plan["most_output_tokens"]), (&json!(200), &json!(10_000)));
}

#[test]
fn rows_that_a_plan_has_asked_are_not_asked_again() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("in.jsonl", &inputs(20));
    let ended = folder.run(&server, "plan -i in.jsonl --prices 1,4 --ask 4 --journal j --json");
    assert_eq!((ended.code, server.count()), (Some(0), 4), "{ended:?}");
    let plan: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&plan["asked"], &plan["usage"]["input_tokens"]), (&json!(4), &json!(2_000)));
    let ended = folder.run(&server, "run -i in.jsonl --journal j");
    assert_eq!((ended.code, server.count(), ended.rows().len()), (Some(0), 20, 20), "{ended:?}");
    let ended = folder.run(&server, "plan -i in.jsonl --ask 1");
    assert!(ended.stderr.contains("without --journal"), "{}", ended.stderr);
}
