//! What the library costs beside the parsing that any program would do: figures to be read as
//! ratios within one run.
//!
//! ```text
//! cargo bench --bench overhead
//! ```

use std::sync::Arc;

use divan::{Bencher, black_box};
use extract_llm::check::violations;
use extract_llm::contract::Contract;
use extract_llm::model::{Scripted, scripted::reply};
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
}

#[divan::bench]
fn contract_of_a_known_type() -> Arc<Contract> {
    Contract::of::<Order>().expect("the type can be asked for")
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

/// From the call to the checked value, with everything but the network.
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
