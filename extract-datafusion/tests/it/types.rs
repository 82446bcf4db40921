//! Rust types as types of SQL, and values that their columns cannot hold.

use std::collections::BTreeMap;

use datafusion::prelude::SessionContext;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Extract};
use serde_json::{Value, json};

use crate::support::lines;

#[derive(Debug, Extract)]
#[serde(tag = "kind")]
enum Shape {
    Circle { radius: f64 },
    Square { side: f64 },
}

#[derive(Debug, Extract)]
struct Order {
    lines: Vec<Line>,
    counts: BTreeMap<String, u32>,
    shape: Shape,
    other: Value,
}

#[derive(Debug, Extract)]
struct Line {
    sku: String,
    large: i128,
}

/// Extracts one text and returns the result of a query over its `x`.
async fn query<T: Extract + Send>(value: Value, sql: &str) -> Vec<String> {
    let ctx = SessionContext::new();
    let client = Client::with_model(Scripted::new([reply::tool(value)]));
    extract_datafusion::register::<T>(&ctx, "read_text", client).unwrap();
    lines(&ctx, &format!("select {sql} from (select read_text('one') as x)")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_types_are_nested_columns() {
    let order = json!({
        "lines": [{"sku": "A", "large": 1}, {"sku": "B", "large": 170_141_183_460_469_u64}],
        "counts": {"x": 7},
        "shape": {"kind": "Square", "side": 2.0},
        "other": [1, {"a": null}],
    });
    let sql =
        "x['value']['lines'][2]['sku'], x['value']['lines'][2]['large'], x['value']['counts']['x'],
               x['value']['shape']['side'], x['value']['shape']['radius'], x['value']['other']";
    let expected = r#"|B|170141183460469|7|2.0||[1,{"a":null}]|"#;
    assert_eq!(query::<Order>(order, sql).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_without_members_are_columns() {
    let list = json!({"value": ["a", "b"]});
    assert_eq!(query::<Vec<String>>(list, "x['value'][1]").await, ["|a|"]);
    assert_eq!(query::<bool>(json!({"value": true}), "x['value']").await, ["|true|"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_its_column_cannot_hold_is_a_failure() {
    let large = json!({"value": u64::MAX});
    let sql = "x['value'], x['error']['kind'], x['error']['message'] like '%64 bits%'";
    assert_eq!(query::<f64>(large, sql).await, ["||misfit|true|"]);
}

#[test]
fn functions_are_equal_if_they_share_their_answers() {
    let client = Client::with_model(Scripted::new([]));
    let function = |name: &str| {
        extract_datafusion::ExtractFunction::<u8>::new(name, client.clone()).unwrap().into_udf()
    };
    let one = function("a");
    assert_eq!(one, one.clone());
    assert_ne!(one, function("a"));
    assert_ne!(one, function("b"));
}
