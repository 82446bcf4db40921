use std::collections::BTreeMap;

use extract_llm::Extract;

struct Line;

struct Price;

struct Address;

struct Email;

struct Tag;

#[derive(Extract)]
struct Order {
    line: Line,
    price: Option<Box<Price>>,
}

#[derive(Extract)]
struct Addresses(BTreeMap<String, Address>);

#[derive(Extract)]
enum Contact {
    ByEmail(Email),
    None,
}

#[derive(Extract)]
struct Tagged<T> {
    value: T,
    tags: [(u8, Tag); 2],
}

fn main() {}
