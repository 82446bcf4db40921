//! The tables of `docs/reading.md`: every row is read, and the page shows the result.
//! `UPDATE_DOCS=1 cargo test -p extract-tests reading_page::` rewrites the page.

use extract_llm::extraction::ParseError;
use extract_llm::reading::ReadError;
use extract_llm::{Extract, parse, rust_decimal};
use serde::Serialize;

#[derive(Debug, Serialize, Extract)]
struct Person {
    name: String,
    age: u8,
    nick: Option<String>,
}

#[derive(Debug, Serialize, Extract)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Pay {
    Open,
    Settled { on: String },
}

#[derive(Debug, Serialize, Extract)]
enum Act {
    Move { to: String },
    Say { text: String, loud: bool },
    Stop,
}

#[derive(Debug, Serialize, Extract)]
struct Item {
    sku: String,
    count: u32,
}

#[derive(Debug, Serialize, Extract)]
#[serde(untagged)]
enum Items {
    One(Item),
    Many(Vec<Item>),
}

#[derive(Debug, Serialize, Extract)]
struct Filters {
    min: Option<u32>,
    max: Option<u32>,
}

#[derive(Debug, Serialize, Extract)]
struct Address {
    street: String,
    zip: String,
}

#[derive(Debug, Serialize, Extract)]
struct Contact {
    email: Option<String>,
    address: Option<Address>,
}

#[derive(Debug, Serialize, Extract)]
struct Link {
    text: String,
    next: Option<Box<Link>>,
}

#[derive(Debug, Serialize, Extract)]
struct Doc {
    path: String,
}

#[derive(Debug, Serialize, Extract)]
#[serde(deny_unknown_fields)]
struct Closed {
    a: u8,
}

#[derive(Debug, Serialize, Extract)]
struct Row {
    a: u8,
}

#[derive(Debug, Serialize, Extract)]
struct Table {
    rows: Vec<Row>,
    note: Option<String>,
}

#[derive(Debug, Serialize, Extract)]
enum Grade {
    A,
    B,
    C,
}

#[derive(Debug, Serialize, Extract)]
enum Size {
    S,
    M,
    L,
}

#[derive(Debug, Serialize, Extract)]
#[serde(rename_all = "snake_case")]
enum Stock {
    InStock,
    SoldOut,
}

/// A reply, and the function that reads it as a type.
struct Case {
    of: &'static str,
    reply: &'static str,
    read: fn(&str) -> String,
}

macro_rules! cases {
    ($($of:ty: [$($reply:expr),* $(,)?])*) => {
        vec![$($(Case { of: stringify!($of), reply: $reply, read: outcome::<$of> }),*),*]
    };
}

/// Returns the value as JSON, or the pointers of its problems.
fn outcome<T: Extract + Serialize>(reply: &str) -> String {
    match parse::<T>(reply) {
        Ok(parsed) => serde_json::to_string(&parsed.value).unwrap(),
        Err(ParseError::Invalid { problems, .. }) => {
            let mut places: Vec<String> = problems.iter().map(|one| one.pointer.clone()).collect();
            places.dedup();
            let places: Vec<String> = places
                .into_iter()
                .map(|place| if place.is_empty() { "the root".to_owned() } else { place })
                .collect();
            format!("problem at {}", places.join(", "))
        }
        Err(ParseError::Cut { pointer, .. }) if pointer.is_empty() => "cut".to_owned(),
        Err(ParseError::Cut { pointer, .. }) => format!("cut inside {pointer}"),
        Err(ParseError::Read(ReadError::NoValue { .. })) => "no value".to_owned(),
        Err(other) => format!("{other}"),
    }
}

#[expect(clippy::too_many_lines, reason = "a long table")]
fn tables() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        (
            "variants",
            cases! {
                Pay: [
                    r#"{"status": "settled", "on": "May 3"}"#,
                    r#"{"status": "settled"}"#,
                    r#"{"status": "cancelled"}"#,
                    r#"{"Status": "Settled", "on": "May 3"}"#,
                    r#"{"on": "May 3"}"#,
                    "{}",
                ]
                Act: [
                    r#"{"Say": {"text": "x"}}"#,
                    r#"{"Stop": {}}"#,
                    r#"{"Stop": null}"#,
                    r#"{"Stop": {"to": "x"}}"#,
                    r#"{"text": "x", "loud": true}"#,
                    r#"{"Say": {"text": "x", "loud": true}, "Move": {"to": "y"}}"#,
                ]
                Items: [
                    r#"[{"sku": "a", "count": 1}, {"sku": "b"}]"#,
                    r#"{"sku": "a", "count": "2"}"#,
                ]
            },
        ),
        (
            "evidence",
            cases! {
                Filters: [
                    "{}",
                    r#"{"min": 3, "note": "x"}"#,
                    r#"{"error": "none found"}"#,
                    r#"{"type": "object", "properties": {"min": {"type": "integer"}}}"#,
                ]
                Doc: [r#"{"error": "no path in the text"}"#, "{}"]
                Contact: [r#"{"address": {"street": "x"}}"#]
                Link: [r#"{"next": {"text": "x", "next": null}}"#]
                Closed: [r#"{"a": 1, "b": 2}"#]
                Person: [r#"{"name": "Ada", "age": 36, "age": 37}"#]
                std::collections::BTreeMap<String, u8>: [r#"{"tea": 2, "milk": "3"}"#]
            },
        ),
        (
            "conversions",
            cases! {
                u32: [r#"{"value": "3"}"#, r#"{"value": 3.0}"#, r#"{"value": 1.5}"#, "[3]", "[3, 4]"]
                bool: [r#"{"value": "Yes"}"#, r#"{"value": 0}"#]
                String: [r#"{"value": 1.10}"#, r#"{"value": {"a": 1}}"#, r#"{"value": ["a", "b"]}"#]
                Vec<u32>: [r#"{"value": 7}"#, r#"{"items": [1, 2]}"#, r#"{"value": "[1, 2]"}"#]
                Row: [r#"{"result": {"a": 1}}"#, r#"{"row": {"a": 1}}"#, r#"{"zz": {"a": 1}}"#, r#"[{"a": 1}]"#, "7"]
                Table: [r#"{"rows": {"a": 1}}"#, r#"{"rows": [1, 2]}"#, r#"{"result": {"rows": {"a": 1}}}"#]
                Option<u32>: [r#"{"value": "N/A"}"#, r#"{"value": ""}"#]
                rust_decimal::Decimal: [r#"{"value": 1.000000000000000001}"#]
            },
        ),
        (
            "enums",
            cases! {
                Stock: [
                    r#"{"value": "In Stock"}"#,
                    "The item is in stock.",
                    "It is not in stock.",
                    "Either in stock or sold out.",
                ]
                Grade: ["B", "(B)", "The answer is B.", "It is not option B.", "Option B, or C.", "B or C", r#"{"value": "N/A"}"#]
                Option<Grade>: [r#"{"value": "N/A"}"#, r#"{"value": "a"}"#]
                Size: [r#"{"value": "Men's"}"#]
            },
        ),
        (
            "cut",
            cases! {
                Table: [
                    r#"{"rows": [{"a": 1}]"#,
                    r#"{"rows": [{"a": 1},"#,
                    r#"{"rows": ["#,
                    r#"{"rows": [{"a": 1"#,
                    r#"{"rows": [{"a": 1}], "note": "x"#,
                ]
                Vec<Row>: [r#"[{"a": 1, {"a": 2}]"#]
            },
        ),
        (
            "form",
            cases! {
                Person: [
                    "{'name': “Ada”, 'age': 36}",
                    "{name: Ada Lovelace, age: 36}",
                    r#"{"name" "Ada" "age": 36,}"#,
                    r#"{"name": "Ada, "age": 36}"#,
                    r#"{"name": "Ada", /* years */ "age": 36, ...}"#,
                    r#"{"name": "the "first" one", "age": 36}"#,
                    "{\"name\": \"Ada\nLovelace\", \"age\": 36}",
                    r#"{"name": "A" + "da", "age": 36, "nick": None}"#,
                    "<person><name>Ada</name><age>36</age></person>",
                ]
                Doc: [r#"{"path": "C:\bin\new\app.exe"}"#, r#"{"path": "\s+"}"#]
            },
        ),
        (
            "located",
            cases! {
                Row: [
                    "Sure!\n```json\n{\"a\": 1}\n```",
                    r#"The result is {"a": 1}. Anything else?"#,
                    r#"<think>maybe {"a": 2}</think> {"a": 1}"#,
                    r#"[see note] {"a": 1}"#,
                    r#"{} {"a": 1}"#,
                    r#"{"a": 1} Sorry, I mean {"a": 2}"#,
                    "I cannot help with that.",
                ]
                Vec<Row>: ["{\"a\": 1}\n{\"a\": 2}"]
            },
        ),
    ]
}

/// Returns a text as code for a table cell.
fn code(text: &str) -> String {
    let text = text.replace('\n', "⏎").replace('|', "\\|");
    if text.contains('`') { format!("```` {text} ````") } else { format!("`{text}`") }
}

fn rendered(cases: &[Case]) -> String {
    let mut table = String::from("| type | reply | read as |\n|---|---|---|\n");
    let mut before = "";
    for case in cases {
        let read = (case.read)(case.reply);
        let read =
            if read.starts_with(['{', '[', '"']) || read.parse::<f64>().is_ok() || read.len() < 6 {
                code(&read)
            } else {
                read
            };
        let of = case.of.replace("std::collections::", "").replace("rust_decimal::", "");
        let of = if before == case.of { String::new() } else { code(&of) };
        before = case.of;
        table.push_str(&format!("| {of} | {} | {read} |\n", code(case.reply)));
    }
    table
}

#[test]
fn every_row_of_the_page_is_read_as_shown() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reading.md");
    let kept = std::fs::read_to_string(path).unwrap();
    let mut made = kept.clone();
    for (name, cases) in tables() {
        let mark = format!("<!-- rows: {name} -->\n");
        let start = made.find(&mark).unwrap_or_else(|| panic!("no table {name}")) + mark.len();
        let rest = &made[start..];
        let is_row = |line: &&str| line.starts_with('|') || line.is_empty();
        let length: usize = rest
            .split_inclusive('\n')
            .take_while(|line| is_row(&line.trim_end()))
            .map(str::len)
            .sum();
        made.replace_range(start..start + length, &format!("\n{}\n", rendered(&cases)));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &made).unwrap();
        return;
    }
    assert!(
        kept == made,
        "docs/reading.md is stale: UPDATE_DOCS=1 cargo test -p extract-tests reading_page::"
    );
}
