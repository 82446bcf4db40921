use std::marker::PhantomData;

use extract_llm::Extract;

#[derive(Extract)]
struct Order {
    any: Box<dyn std::fmt::Debug>,
    all: Vec<Option<Box<dyn Fn(u8) -> u8>>>,
    call: fn(u8) -> u8,
    pointer: *const u8,
    implied: impl Clone,
    bytes: [u8; 64],
    rows: Vec<[(f64, f64); 33]>,
    fine: [u8; 32],
    also_fine: PhantomData<dyn std::fmt::Debug>,
    #[serde(skip)]
    skipped: Option<fn(u8) -> u8>,
}

#[derive(Extract)]
enum Change {
    Made(Box<dyn std::fmt::Debug>),
    Last { bytes: Box<[fn()]> },
}

fn main() {}
