use std::collections::BTreeMap;

use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[serde(flatten)]
    lines: Vec<String>,
    #[serde(flatten)]
    count: Option<u32>,
    #[serde(flatten)]
    at: (f64, f64),
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

fn main() {}
