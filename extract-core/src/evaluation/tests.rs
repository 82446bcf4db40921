//! Comparisons, counts that are computed by hand, runs with a scripted model, and the journal.

use serde_json::{Value, json};

use super::*;
use crate::contract::Contract;
use crate::extraction::Client;
use crate::model::scripted::{Scripted, reply};

fn evaluate(schema: Value, compare: &Compare, rows: &[(Value, Option<Value>)]) -> Evaluation {
    let contract = Contract::from_schema(schema).unwrap();
    let rows = rows.iter().cloned().enumerate();
    Evaluation::of(&contract, compare, rows.map(|(id, (one, other))| (id, one, other))).unwrap()
}

/// Compares two values of the member `v` with this schema.
#[expect(clippy::needless_pass_by_value, reason = "the values are literals")]
fn is_right(schema: Value, compare: &Compare, expected: Value, given: Value) -> bool {
    let schema = json!({"type": "object", "properties": {"v": schema}});
    let rows = [(json!({"v": expected}), Some(json!({"v": given})))];
    evaluate(schema, compare, &rows).right_rows() == 1
}

fn counts(score: Score) -> (u64, u64, u64) {
    (score.expected, score.given, score.matched)
}

#[test]
fn values_are_compared_by_their_type() {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "number"});
    let format = |format: &str| json!({"type": "string", "format": format});
    let list = |of: Value| json!({"type": "array", "items": of});
    let table = [
        (number(), json!(1), json!(1.0), true),
        (number(), json!(1), json!(1.01), false),
        (text(), json!(" ACME\u{a0} Ltd"), json!("Acme ltd"), true),
        (text(), json!("Cafe\u{301}"), json!("Café"), true),
        (text(), json!("Acme"), json!("Acme Ltd"), false),
        (format("date"), json!("2026-03-01"), json!("2026-03-02"), false),
        (
            format("date-time"),
            json!("2026-03-01T10:00:00Z"),
            json!("2026-03-01T12:00:00+02:00"),
            true,
        ),
        (format("date-time"), json!("2026-03-01T10:00:00Z"), json!("2026-03-01T10:00:01Z"), false),
        (format("time"), json!("10:00"), json!("10:00:00"), true),
        (format("uri"), json!("https://a.example/B"), json!("https://a.example/b"), false),
        (json!({"enum": ["a", "A"]}), json!("a"), json!("A"), false),
        (json!({"type": ["boolean", "null"]}), json!(true), json!(false), false),
        (json!({"type": ["string", "null"]}), json!(null), json!(""), false),
        (list(number()), json!([1, 2, 2]), json!([2, 1, 2.0]), true),
        (list(number()), json!([1, 2, 2]), json!([1, 2, 1]), false),
        (list(number()), json!([1, 2]), json!([1]), false),
        (list(number()), json!([]), json!(null), true),
        (
            json!({"type": "array", "prefixItems": [text(), text()]}),
            json!(["a", "b"]),
            json!(["b", "a"]),
            false,
        ),
        (
            json!({"type": "object", "additionalProperties": number()}),
            json!({"x": 1}),
            json!({"y": 1}),
            false,
        ),
        (json!({}), json!({"a": [1, "B"]}), json!({"a": ["b", 1]}), true),
        (json!({}), json!({"a": 1}), json!([1]), false),
    ];
    for (schema, expected, given, is_equal) in table {
        let default = Compare::new();
        let found = is_right(schema.clone(), &default, expected.clone(), given.clone());
        assert_eq!(found, is_equal, "{schema}: {expected} and {given}");
        assert!(is_right(schema.clone(), &default, expected.clone(), expected), "{schema}");
    }
}

#[test]
fn rules_change_single_fields() {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "number"});
    let new = Compare::new;
    let table = [
        (number(), new().tolerance("/v", 0.01), json!(10.0), json!(10.01), true),
        (number(), new().tolerance("/v", 0.01), json!(10.0), json!(10.02), false),
        (number(), new().relative_tolerance("/v", 0.1), json!(200), json!(220), true),
        (number(), new().relative_tolerance("/v", 0.1), json!(200), json!(221), false),
        (text(), new().tolerance("/v", 0.0), json!("12.50"), json!("12.5"), true),
        (text(), new().exact_case("/v"), json!("Acme  Ltd"), json!("Acme Ltd"), true),
        (text(), new().exact_case("/v"), json!("Acme"), json!("acme"), false),
        (text(), new().exact_text("/v"), json!("a  b"), json!("a b"), false),
        (text(), new().exact_text("").exact_case("/v"), json!("a  b"), json!("a b"), true),
        (text(), new().ignore("/v"), json!("a"), json!("b"), true),
    ];
    for (schema, compare, expected, given, is_equal) in table {
        let found = is_right(schema, &compare, expected.clone(), given.clone());
        assert_eq!(found, is_equal, "{compare:?}: {expected} and {given}");
    }
    let list = json!({"type": "array", "items": number()});
    assert!(!is_right(list, &new().in_order("/v"), json!([1, 2]), json!([2, 1])));
}

fn orders() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "mood": {"enum": ["good", "bad"]},
            "items": {"type": "array", "items": {
                "type": "object",
                "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["sku", "count"],
            }},
        },
        "required": ["name"],
    })
}

#[test]
fn precision_and_recall_are_those_of_the_hand() {
    let compare = Compare::new().key("/items", "sku");
    let rows = [
        (
            json!({"name": "a", "mood": "good", "items": [{"sku": "x", "count": 1}, {"sku": "y", "count": 2}]}),
            Some(json!({"name": "A", "mood": "bad", "items": [
                {"sku": "y", "count": 3}, {"sku": "x", "count": 1}, {"sku": "z", "count": 9},
            ]})),
        ),
        (json!({"name": "b"}), Some(json!({"name": "b", "mood": "good"}))),
        (json!({"name": "c", "mood": "bad", "items": [{"sku": "x", "count": 1}]}), None),
    ];
    let evaluation = evaluate(orders(), &compare, &rows);
    let field = |pointer: &str| counts(evaluation.field(pointer).unwrap().score);
    assert_eq!(field("/name"), (3, 2, 2));
    assert_eq!(field("/mood"), (2, 2, 0));
    assert_eq!(field("/items/*/sku"), (3, 3, 2));
    assert_eq!(field("/items/*/count"), (3, 3, 1));
    assert_eq!(counts(evaluation.total), (11, 10, 5));
    assert_eq!(evaluation.total.precision(), Some(0.5));
    assert_eq!(evaluation.total.recall(), Some(5.0 / 11.0));
    assert_eq!(evaluation.total.f1(), Some(10.0 / 21.0));
    assert_eq!((evaluation.right_rows(), evaluation.failed_rows()), (0, 1));

    let confusion = &evaluation.field("/mood").unwrap().confusion;
    let entry = |expected: Value, given: Value| {
        confusion.iter().any(|entry| {
            entry.expected.clone().unwrap_or_default() == expected
                && entry.given.clone().unwrap_or_default() == given
                && entry.count == 1
        })
    };
    assert_eq!(confusion.len(), 3);
    assert!(entry(json!("good"), json!("bad")));
    assert!(entry(json!(null), json!("good")));
    assert!(entry(json!("bad"), json!(null)));

    let wrong = &evaluation.field("/items/*/count").unwrap().mismatches[0];
    assert_eq!((wrong.row.clone(), wrong.pointer.as_str()), (json!(0), "/items/0/count"));
    assert_eq!((wrong.expected.clone(), wrong.given.clone()), (Some(json!(2)), Some(json!(3))));
}

#[test]
fn elements_without_keys_are_paired_by_their_likeness() {
    let rows = [(
        json!({"name": "a", "items": [{"sku": "x", "count": 1}, {"sku": "y", "count": 2}]}),
        Some(json!({"name": "a", "items": [{"sku": "y", "count": 5}, {"sku": "x", "count": 1}]})),
    )];
    let evaluation = evaluate(orders(), &Compare::new(), &rows);
    assert_eq!(counts(evaluation.field("/items/*/sku").unwrap().score), (2, 2, 2));
    assert_eq!(counts(evaluation.field("/items/*/count").unwrap().score), (2, 2, 1));
}

#[test]
fn variants_have_a_confusion_table() {
    let variant = |name: &str, inner: Value| {
        json!({"type": "object", "properties": {name: inner}, "required": [name],
               "additionalProperties": false})
    };
    let radius = json!({"type": "object", "properties": {"r": {"type": "number"}}});
    let schema = json!({"type": "object", "properties": {"shape": {"oneOf": [
        {"type": "string", "enum": ["Point"]},
        variant("Circle", radius.clone()), variant("Ball", radius),
    ]}}});
    let rows = [
        (json!({"shape": {"Circle": {"r": 1}}}), Some(json!({"shape": {"Circle": {"r": 1}}}))),
        (json!({"shape": {"Circle": {}}}), Some(json!({"shape": {"Ball": {}}}))),
        (json!({"shape": "Point"}), Some(json!({"shape": {"Ball": {"r": 2}}}))),
    ];
    let evaluation = evaluate(schema, &Compare::new(), &rows);
    let shape = evaluation.field("/shape").unwrap();
    assert_eq!(counts(shape.score), (3, 3, 1));
    assert_eq!(shape.confusion.len(), 3);
    assert_eq!(counts(evaluation.field("/shape/Circle/r").unwrap().score), (1, 1, 1));
    assert_eq!(counts(evaluation.field("/shape/Ball/r").unwrap().score), (0, 1, 0));
    assert_eq!(evaluation.right_rows(), 1);
}

#[test]
fn only_labelled_members_count() {
    let rows = [(json!({"name": "a"}), Some(json!({"name": "a", "mood": "good"})))];
    assert_eq!(evaluate(orders(), &Compare::new(), &rows).right_rows(), 0);
    assert_eq!(evaluate(orders(), &Compare::new().only_labelled(), &rows).right_rows(), 1);
}

#[test]
fn what_does_not_fit_the_type_is_refused() {
    let contract = Contract::from_schema(orders()).unwrap();
    let of = |compare: Compare, expected: Value| {
        let rows = [("r", expected, None)];
        Evaluation::of(&contract, &compare, rows).unwrap_err().to_string()
    };
    let fine = || json!({"name": "a"});
    for (compare, word) in [
        (Compare::new().tolerance("/nmae", 0.1), "/nmae"),
        (Compare::new().tolerance("/name", -0.1), "tolerance"),
        (Compare::new().key("/name", "sku"), "list"),
        (Compare::new().key("/items", "code"), "/items/*/code"),
        (Compare::new().in_order("/mood"), "list"),
    ] {
        let message = of(compare, fine());
        assert!(message.contains(word), "{message}");
    }
    let message = of(Compare::new(), json!({"name": 7}));
    assert!(message.contains("`/name`: expected a string, found 7"), "{message}");
    let message = of(Compare::new(), json!({"name": "a", "mood": "fair"}));
    assert!(message.contains("/mood") && message.contains("\"good\""), "{message}");
    let message = of(Compare::new(), json!({"name": "a", "items": [{"sku": 1}]}));
    assert!(message.contains("/items/0/sku"), "{message}");
}

#[test]
fn long_lists_have_a_limit_of_steps() {
    let element = |n: usize| json!({"sku": format!("s{n}"), "count": n});
    let long = json!({"items": (0..40).map(element).collect::<Vec<_>>()});
    let turned = json!({"items": (0..40).rev().map(element).collect::<Vec<_>>()});
    let contract = Contract::from_schema(orders()).unwrap();
    let root = super::place::Place::new(contract.tree(), contract.node());
    let compare = |rules: &Compare, given: &Value, most: u64| {
        super::walk::compare(rules, most, &root, (&long, Some(given)), &mut |_| {}).is_ok()
    };
    assert!(!compare(&Compare::new(), &turned, 1_000));
    assert!(compare(&Compare::new(), &turned, 10_000));
    assert!(compare(&Compare::new(), &long, 1_000));
    assert!(compare(&Compare::new().in_order("/items"), &turned, 1_000));
}

#[test]
fn thresholds_differences_and_json() {
    let right = (json!({"name": "a", "mood": "good"}), Some(json!({"name": "a", "mood": "good"})));
    let wrong = (json!({"name": "b", "mood": "bad"}), Some(json!({"name": "b", "mood": "good"})));
    let before = evaluate(orders(), &Compare::new(), &[right.clone(), wrong]);
    let mended = (json!({"name": "b", "mood": "bad"}), Some(json!({"name": "b", "mood": "bad"})));
    let after = evaluate(orders(), &Compare::new(), &[right, mended]);

    assert!(after.require(1.0).is_ok() && before.require(0.75).is_ok());
    let error = before.require(0.8).unwrap_err();
    assert_eq!((error.pointer.clone(), error.f1), (None, Some(0.75)));
    assert!(before.require_field("/name", 1.0).is_ok());
    assert_eq!(before.require_field("/mood", 0.9).unwrap_err().f1, Some(0.5));
    assert_eq!(before.require_field("/none", 0.0).unwrap_err().f1, None);
    assert!(before.require(f64::NAN).is_err());

    let diff = after.diff(&before);
    assert!(!diff.is_worse() && before.diff(&after).is_worse());
    assert_eq!(diff.fields.len(), 1);
    assert_eq!(
        (diff.fields[0].pointer.as_str(), diff.fields[0].change),
        ("/mood", ScoreChange::Better)
    );
    assert_eq!((diff.rows.len(), diff.rows[0].change), (1, ScoreChange::Better));
    assert!(diff.to_string().contains("1 row better: 1"), "{diff}");

    let json = serde_json::to_value(&before).unwrap();
    assert_eq!(json["total"]["f1"], json!(0.75));
    assert_eq!(serde_json::from_value::<Evaluation>(json).unwrap(), before);
}

#[test]
fn the_page_shows_figures_and_no_markup_of_values() {
    let rows = [(json!({"name": "<img src=x>"}), Some(json!({"name": "<script>"})))];
    let page = evaluate(orders(), &Compare::new(), &rows).to_html();
    assert!(page.contains("&lt;img src=x&gt;") && page.contains("/name"), "{page}");
    assert!(!page.contains("<img") && !page.contains("<script") && !page.contains("{{"));
}

fn golden(rows: &[(&str, Value)]) -> Golden {
    Golden::new(rows.iter().map(|(id, value)| (*id, format!("The number of {id}."), value.clone())))
        .unwrap()
}

#[tokio::test]
async fn a_journal_answers_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("eval.jsonl");
    let model = Scripted::new([
        reply::tool(json!({"value": 7})),
        reply::tool(json!({"value": 9})),
        reply::refusal("No."),
    ]);
    let client = Client::with_model(model.clone());
    let golden = || golden(&[("a", json!(7)), ("b", json!(8)), ("c", json!(9))]);
    let run = || client.evaluate::<u8>(golden()).concurrency(1).journal(&journal).run();
    let first = run().await.unwrap();
    assert_eq!(counts(first.total), (3, 2, 1));
    assert_eq!((first.right_rows(), first.failed_rows(), first.requests), (1, 1, 3));
    let second = run().await.unwrap();
    assert_eq!((model.seen().len(), second.requests), (3, 0));
    assert_eq!(second.fields, first.fields);
    assert_eq!(second.diff(&first).rows, []);
}

#[tokio::test]
async fn a_contract_of_run_time_is_asked_and_compared() {
    let contract = Contract::from_schema(orders()).unwrap();
    let client = Client::with_model(Scripted::new([reply::tool(json!({"name": "ada"}))]));
    let golden = Golden::new([("a", "Ada", json!({"name": "Ada"}))]).unwrap();
    let evaluation = client
        .evaluate::<Value>(golden)
        .contract(contract)
        .each(|row| row.max_tokens(100))
        .compare(Compare::new().exact_case("/name"))
        .run()
        .await
        .unwrap();
    assert_eq!(counts(evaluation.field("/name").unwrap().score), (1, 1, 0));
}

#[tokio::test]
async fn nothing_is_sent_if_a_golden_row_does_not_fit() {
    let model = Scripted::new([]);
    let client = Client::with_model(model.clone());
    let error = client.evaluate::<u8>(golden(&[("a", json!("7"))])).run().await.unwrap_err();
    assert!(matches!(error, EvaluationError::Expected { .. }), "{error}");
    assert_eq!(model.seen().len(), 0);
}

#[test]
fn golden_rows_are_read_from_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden.jsonl");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Golden::read(&path)
    };
    let text = "\u{feff}{\"id\": \"a\", \"input\": \"x\", \"expected\": 1, \"note\": 2}\n\n{\"input\": \"y\", \"expected\": null}\n";
    let ids: Vec<Value> = read(text).unwrap().rows.into_iter().map(|row| row.id).collect();
    assert_eq!(ids, [json!("a"), json!(3)]);
    let error = read("{\"input\": \"x\"}\n").unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("`expected`"), "{error}");
    let twice = "{\"id\": 1, \"input\": \"x\", \"expected\": 1}\n".repeat(2);
    assert!(matches!(read(&twice), Err(GoldenError::SameId { .. })));
    assert!(matches!(Golden::read(folder.path().join("none")), Err(GoldenError::Read { .. })));
}
