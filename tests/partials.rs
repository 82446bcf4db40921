//! What the derive promises of values that are still arriving: a partial form for every type, filled
//! in place, that ends as the value itself.

use std::collections::BTreeMap;

use extract_llm::Extract;
use extract_llm::contract::Contract;
use extract_llm::partial::{Live, Partial, State};
use serde_json::{Value, json};

#[path = "partials/attributes.rs"]
mod attributes;
#[path = "partials/enums.rs"]
mod enums;
#[path = "partials/generated.rs"]
mod generated;
#[path = "partials/lenient.rs"]
mod lenient;
#[path = "partials/lowered.rs"]
mod lowered;
#[path = "partials/structs.rs"]
mod structs;
#[path = "partials/turned.rs"]
mod turned;

/// A value that a reply to a plain request fills.
fn live<T: Extract>() -> Live<T> {
    Live::new(Contract::of::<T>().unwrap(), None)
}

/// What a text shows of a value, as JSON.
fn shown<T: Extract>(text: &str) -> Value {
    let mut live = live::<T>();
    live.feed(text);
    live.partial().json()
}

/// What a text shows once it is over.
fn ended<T: Extract>(text: &str) -> Value {
    let mut live = live::<T>();
    live.feed(text);
    live.end();
    live.partial().json()
}

/// What each byte more shows, without repetitions.
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
