//! Measures the library's own cost beside plain JSON parsing. Read the figures as ratios within one
//! run.
//!
//! ```text
//! cargo bench --bench overhead
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use extract_core::check::violations;
use extract_core::contract::dialect::lower;
use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Extract};
use serde_json::{Value, json};

/// Fifteen fields, three levels.
#[derive(Debug, Extract)]
struct Order {
    id: u64,
    customer: Customer,
    lines: Vec<Line>,
    status: Status,
    note: Option<String>,
    #[extract(range(min = 0.0))]
    total: f64,
    #[extract(length(min = 3, max = 3))]
    currency: String,
    paid: bool,
}

#[derive(Debug, Extract)]
struct Customer {
    name: String,
    #[extract(email)]
    email: String,
    age: u8,
}

#[derive(Debug, Extract)]
struct Line {
    sku: String,
    #[extract(range(min = 1))]
    quantity: u32,
    price: f64,
    tags: Vec<String>,
}

#[derive(Debug, Extract)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Shipped,
}

fn text() -> String {
    let line = json!({"sku": "A-1", "quantity": 2, "price": 9.5, "tags": ["new", "blue"]});
    json!({
        "id": 17, "customer": {"name": "Ada", "email": "ada@example.com", "age": 36},
        "lines": vec![line; 5], "status": "shipped", "note": null, "total": 95.0,
        "currency": "EUR", "paid": true,
    })
    .to_string()
}

fn main() {
    divan::main();
    println!();
    ratios();
}

/// Returns the median time of one call over 51 samples of 200 calls.
fn median(mut call: impl FnMut()) -> Duration {
    let mut samples: Vec<Duration> = (0..51)
        .map(|_| {
            let begun = Instant::now();
            (0..200).for_each(|_| call());
            begun.elapsed() / 200
        })
        .collect();
    samples.sort();
    samples[samples.len() / 2]
}

/// Prints each cost as a multiple of one `serde_json::from_str`. The ratios hold from machine to
/// machine.
fn ratios() {
    let contract = Contract::of::<Order>().expect("the type can be asked for");
    let text = text();
    let value: Value = serde_json::from_str(&text).expect("it is JSON");
    let parse = median(|| drop(black_box(serde_json::from_str::<Value>(black_box(&text)))));
    println!("serde_json::from_str::<Value> of {} bytes: {parse:?}; beside it", text.len());
    let beside = |what: &str, time: Duration| {
        println!("  {what:<32} {:5.2} times ({time:?})", time.as_secs_f64() / parse.as_secs_f64());
    };
    beside(
        "serde_json::from_str::<Order>",
        median(|| {
            drop(black_box(serde_json::from_str::<Order>(black_box(&text))));
        }),
    );
    beside(
        "validation of a value that fits",
        median(|| {
            drop(black_box(violations(&contract, black_box(&value))));
        }),
    );
    beside("Contract::of, known", median(|| drop(black_box(Contract::of::<Order>()))));
    let schema = contract.schema().clone();
    beside(
        "a contract, built",
        median(|| {
            drop(black_box(Contract::from_schema(black_box(&schema).clone())));
        }),
    );
}

/// One call is too short for a sample.
#[divan::bench(sample_size = 10_000)]
fn contract_of_a_known_type() -> Arc<Contract> {
    Contract::of::<Order>().expect("the type can be asked for")
}

/// The first call for a type pays this. Compare with `schema_of_the_type_by_schemars`.
#[divan::bench]
fn contract_built(bencher: Bencher<'_, '_>) {
    let schema = Contract::of::<Order>().expect("the type can be asked for").schema().clone();
    bencher
        .with_inputs(|| schema.clone())
        .bench_values(|schema| Contract::from_schema(schema).expect("it is a schema"));
}

/// The first call for a type in each dialect pays this.
#[divan::bench(args = ["openai-strict", "anthropic-tool", "gemini-json-schema"])]
fn contract_lowered(bencher: Bencher<'_, '_>, name: &str) {
    let contract = Contract::of::<Order>().expect("the type can be asked for");
    let dialect = Dialect::ALL.iter().find(|dialect| dialect.name() == name).expect("a dialect");
    bencher.bench(|| lower(contract.sent_schema(), dialect));
}

#[divan::bench]
fn serde_json_from_str(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher.bench(|| serde_json::from_str::<Value>(black_box(&text)));
}

#[divan::bench]
fn serde_json_from_str_to_the_type(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher.bench(|| serde_json::from_str::<Order>(black_box(&text)));
}

#[divan::bench]
fn schema_of_the_type_by_schemars(bencher: Bencher<'_, '_>) {
    bencher.bench(|| schemars::schema_for!(Order));
}

#[divan::bench]
fn validation_against_the_schema(bencher: Bencher<'_, '_>) {
    let contract = Contract::of::<Order>().expect("the type can be asked for");
    let value: Value = serde_json::from_str(&text()).expect("it is JSON");
    bencher.bench(|| violations(&contract, black_box(&value)));
}

/// Measures a call up to the checked value, without the network.
#[divan::bench]
fn whole_extraction(bencher: Bencher<'_, '_>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let text = text();
    bencher
        .with_inputs(|| Client::with_model(Scripted::new([reply::tool_text(text.as_str())])))
        .bench_values(|client| {
            runtime.block_on(async { client.extract::<Order>("text").await.expect("it fits") })
        });
}
