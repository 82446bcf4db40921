//! Evaluations with golden rows: figures, thresholds, the journal, and the baseline.

use serde_json::{Value, json};

use crate::support::{Folder, Server, ticket};

/// Writes golden rows of which the second one expects another product.
fn golden(folder: &Folder) {
    let row = |id: &str, text: &str, product: &str| {
        let mut expected = ticket(text);
        expected["product"] = product.into();
        format!("{}\n", json!({"id": id, "input": text, "expected": expected}))
    };
    let rows = row("a", "kettle leaks", "Kettle") + &row("b", "lamp is dark, urgent", "torch");
    folder.write("golden.jsonl", &rows);
}

#[test]
fn an_evaluation_has_figures_by_field() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    golden(&folder);
    let ended = folder.run(&server, "eval --golden golden.jsonl --json --report eval.html");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let evaluation: Value = serde_json::from_str(&ended.stdout).unwrap();
    let field = |pointer: &str| {
        let fields = evaluation["fields"].as_array().unwrap();
        fields.iter().find(|field| field["pointer"] == pointer).unwrap()["score"]["f1"].clone()
    };
    assert_eq!((field("/product"), field("/is_urgent")), (json!(0.5), json!(1.0)));
    assert_eq!(field("/parts/*/sku"), json!(1.0));
    assert!(folder.read("eval.html").contains("torch"));
}

#[test]
fn a_threshold_decides_the_exit_code() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    golden(&folder);
    let run = |arguments: &str| {
        folder.run(&server, &format!("eval --golden golden.jsonl --journal j {arguments}"))
    };
    assert_eq!(run("--min-f1 0.9 --field-min /is_urgent=1").code, Some(0));
    let ended = run("--field-min /product=0.9");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("/product: expected an F1 of at least 0.9, found 0.5"),
        "{ended:?}"
    );
    assert_eq!(run("--min-f1 0.99").code, Some(2));
    assert_eq!(run("--min-f1 0.99 --ignore /product").code, Some(0));
    assert_eq!(run("--min-f1 0.99 --ignore /product --offline").code, Some(0));
    let exact = "--exact-text /due --relative-tolerance /parts/*/count=0.1 --min-f1 0.9";
    assert_eq!(run(exact).code, Some(0));
    assert_eq!(run("--exact-text /absent").code, Some(1), "no field");
    assert_eq!(server.count(), 2, "the journal has the values");
}

#[test]
fn without_a_kept_row_an_evaluation_that_is_offline_fails() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    golden(&folder);
    let ended = folder.run(&server, "eval --golden golden.jsonl --journal j --offline");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("`offline` forbids"), "{ended:?}");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_baseline_shows_what_is_worse() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    golden(&folder);
    let first = folder.run(&server, "eval --golden golden.jsonl --json");
    folder.write("before.json", &first.stdout);
    let worse = Server::start(|_| ticket("stove is cold").into());
    let ended = folder.run(&worse, "eval --golden golden.jsonl --baseline before.json --no-worse");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("worse: /product"), "{ended:?}");
    let ended = folder.run(&server, "eval --golden golden.jsonl --baseline before.json --no-worse");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn golden_rows_that_do_not_fit_are_refused() {
    let (folder, server) = (Folder::new(), Server::of_tickets());
    folder.write("golden.jsonl", "{\"input\": \"x\", \"expected\": {\"product\": 7}}\n");
    let ended = folder.run(&server, "eval --golden golden.jsonl");
    assert_eq!((ended.code, server.count()), (Some(1), 0), "{ended:?}");
    assert!(ended.stderr.contains("`/product`: expected a string, found 7"), "{ended:?}");
    let ended = folder.run(&server, "eval --golden none.jsonl");
    assert!(ended.stderr.contains("none.jsonl"), "{ended:?}");
}
