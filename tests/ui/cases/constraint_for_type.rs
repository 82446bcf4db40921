use std::collections::BTreeMap;

use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    #[extract(length(max = 3))]
    count: u8,
    #[extract(length(min = 1))]
    paid: Option<bool>,
    #[extract(range(min = 1))]
    name: String,
    #[extract(range(max = 9))]
    lines: Vec<u8>,
    #[extract(inner(length(max = 9)))]
    prices: BTreeMap<String, f64>,
    #[extract(pattern("^a"))]
    total: f32,
    #[extract(email)]
    mails: Vec<String>,
    #[extract(multiple_of = 5)]
    flag: bool,
    #[extract(range(min = 300))]
    above: u8,
    #[extract(range(max = -1))]
    below: Option<u32>,
    #[extract(range(exclusive_max = 0))]
    at_end: u64,
    #[extract(range(min = -5, max = 256))]
    says_nothing: u8,
    #[extract(inner(range(max = 128)))]
    inside: Vec<Option<i8>>,
    #[extract(range(exclusive_min = 3, max = 3))]
    nothing_between: i32,
}

fn main() {}
