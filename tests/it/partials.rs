//! Partial values from the derive: a partial form for every type, filled in place, that equals the
//! value at the end.

use std::collections::BTreeMap;

use extract_llm::Extract;
use extract_llm::contract::Contract;
use extract_llm::partial::{Live, Partial, State};
use serde_json::{Value, json};

mod attributes;
mod enums;
mod generated;
mod lenient;
mod lowered;
mod reshaped;
mod structs;

/// Returns an empty partial value for a request without lowering.
fn live<T: Extract>() -> Live<T> {
    Live::new(Contract::of::<T>().unwrap())
}

/// Returns the partial value after a text, as JSON.
fn shown<T: Extract>(text: &str) -> Value {
    let mut live = live::<T>();
    live.feed(text);
    live.partial().json()
}

/// Returns the partial value after a text that has ended, as JSON.
fn ended<T: Extract>(text: &str) -> Value {
    let mut live = live::<T>();
    live.feed(text);
    live.end();
    live.partial().json()
}

/// Returns the partial value after each character that changes it.
fn steps<T: Extract>(text: &str) -> Vec<Value> {
    let mut live = live::<T>();
    let mut steps = Vec::new();
    for char in text.chars() {
        live.feed(char.encode_utf8(&mut [0; 4]));
        if live.take_changed() {
            steps.push(live.partial().json());
        }
    }
    steps
}
