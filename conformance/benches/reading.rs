//! Measures reading as ratios to one `serde_json::from_str` in the same run: valid replies and
//! their malformed twins, at once and in portions of four bytes, beside crates that do part of the
//! same work. `cargo bench -p conformance --bench reading`

use std::hint::black_box;
use std::time::{Duration, Instant};

use extract_core::contract::Shape;
use extract_core::reading::{Incremental, Level, Reader, Scanner, Sink, read, read_any};
use serde_json::{Value, json};

/// Returns an invoice-like reply of about `bytes` bytes.
fn reply(bytes: usize) -> Value {
    let line = |index: usize| {
        json!({
            "sku": format!("SKU-{index:05}"),
            "description": format!("Item no. {index}: a thing that one may well want to buy, in blue"),
            "quantity": index % 17 + 1,
            "price": 9.5 + f64::from(u32::try_from(index % 1_000).unwrap_or_default()) / 8.0,
            "in_stock": index % 3 == 0,
            "note": if index % 5 == 0 { Value::Null } else { Value::from("said \"soon\" \u{e9}\n") },
        })
    };
    let mut lines = Vec::new();
    let mut value = json!({"vendor": "Société Générale des Choses", "issued": "2026-08-01", "total": 1234.5, "lines": []});
    loop {
        lines.push(line(lines.len()));
        if lines.len() * 175 >= bytes {
            value["lines"] = Value::from(lines);
            return value;
        }
    }
}

fn shape() -> Shape {
    Shape::compile(&json!({
        "type": "object",
        "properties": {
            "vendor": {"type": "string"},
            "issued": {"type": "string"},
            "total": {"type": "number"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}}
        },
        "required": ["vendor", "issued", "total", "lines"],
        "$defs": {"Line": {
            "type": "object",
            "properties": {
                "sku": {"type": "string"},
                "description": {"type": "string"},
                "quantity": {"type": "integer"},
                "price": {"type": "number"},
                "in_stock": {"type": "boolean"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}
            },
            "required": ["sku", "description", "quantity", "price", "in_stock"]
        }}
    }))
    .expect("the schema is good")
}

/// Returns the same reply with typical model faults: a fence and prose around it, unquoted keys,
/// trailing commas, Python literals, and a comment.
fn spoiled(valid: &str) -> String {
    let body = valid
        .replace("\"quantity\":", "quantity:")
        .replace(": true", ": True")
        .replace(": false", ": False")
        .replace("\n    }", ",\n    }")
        .replacen('{', "{ // the invoice\n", 1);
    format!("Here is the invoice:\n```json\n{body}\n```\nAnything else?")
}

/// Returns the shortest of several runs, because other work on the machine only adds time.
fn time(mut run: impl FnMut()) -> Duration {
    let began = Instant::now();
    run();
    let once = began.elapsed().max(Duration::from_nanos(100));
    let rounds = (Duration::from_millis(300).as_nanos() / once.as_nanos()).clamp(3, 2_000);
    (0..rounds)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .min()
        .unwrap_or(once)
}

struct Nothing;
impl Sink for Nothing {}

#[expect(clippy::too_many_lines, reason = "a long table")]
fn main() {
    let shape = shape();
    let any = Shape::any();
    println!(
        "{:>9} {:>10} | {:>7} {:>7} {:>7} {:>7} | {:>9} {:>7} | {:>10} {:>8} {:>10}",
        "bytes",
        "serde_json",
        "read",
        "any",
        "4-byte",
        "events",
        "malformed",
        "4-byte",
        "jsonrepair",
        "llm_json",
        "jiter part"
    );
    for bytes in [1_500, 11_000, 113_000, 1_000_000] {
        let valid = serde_json::to_string_pretty(&reply(bytes)).expect("it prints");
        let bad = spoiled(&valid);
        assert!(read(&valid, &shape, Level::Lenient).is_ok_and(|reading| reading.fits()));
        let reading = read(&bad, &shape, Level::Lenient).expect("it reads");
        assert!(reading.fits(), "{:?}", reading.misfits);
        assert_eq!(reading.value, serde_json::from_str::<Value>(&valid).expect("it is JSON"));
        let base = time(|| {
            black_box(serde_json::from_str::<Value>(black_box(&valid)).ok());
        });
        let ratio = |time: Duration| format!("{:.2}×", time.as_secs_f64() / base.as_secs_f64());
        let fed = |text: &str| {
            let mut incremental = Incremental::new(Reader::new(&shape));
            for piece in text.as_bytes().chunks(4) {
                incremental.feed(piece);
            }
            black_box(incremental.finish().ok());
        };
        let events = time(|| {
            let mut scanner = Scanner::new(Nothing);
            for piece in valid.as_bytes().chunks(4) {
                scanner.feed(piece);
            }
            black_box(scanner.finish().is_ok());
        });
        let one_shot = time(|| {
            black_box(read(black_box(&valid), &shape, Level::Lenient).ok());
        });
        let unguided = time(|| {
            black_box(Reader::new(&any).read(black_box(&valid)).ok());
        });
        let fed_valid = time(|| fed(&valid));
        let malformed = time(|| {
            black_box(read(black_box(&bad), &shape, Level::Lenient).ok());
        });
        let fed_bad = time(|| fed(&bad));
        let inner = bad
            .split("```json\n")
            .nth(1)
            .and_then(|rest| rest.split("\n```").next())
            .unwrap_or(&bad);
        let _ = read_any(inner);
        let (repair, llm) = if bytes <= 113_000 {
            let repair = time(|| {
                black_box(
                    jsonrepair::repair_json(black_box(inner), &jsonrepair::Options::default()).ok(),
                );
            });
            let llm = time(|| {
                black_box(
                    llm_json::repair_json(black_box(inner), &llm_json::RepairOptions::default())
                        .ok(),
                );
            });
            (ratio(repair), ratio(llm))
        } else {
            ("–".to_owned(), "–".to_owned())
        };
        // The cost of re-parsing the text so far every 4 bytes, up to a size that finishes in
        // reasonable time.
        let jiter = if bytes <= 11_000 {
            ratio(time(|| {
                for end in (4..valid.len()).step_by(4) {
                    let part = jiter::JsonValue::parse_with_config(
                        &valid.as_bytes()[..end],
                        false,
                        jiter::PartialMode::TrailingStrings,
                    );
                    black_box(part.is_ok());
                }
            }))
        } else {
            "–".to_owned()
        };
        println!(
            "{:>9} {:>8.1}µs | {:>7} {:>7} {:>7} {:>7} | {:>9} {:>7} | {:>10} {:>8} {:>10}",
            valid.len(),
            base.as_secs_f64() * 1e6,
            ratio(one_shot),
            ratio(unguided),
            ratio(fed_valid),
            ratio(events),
            ratio(malformed),
            ratio(fed_bad),
            repair,
            llm,
            jiter,
        );
    }
}
