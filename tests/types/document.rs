//! Generates `docs/type-support.md` from the rows. The test fails if the file is outdated:
//!
//! ```text
//! UPDATE_DOCS=1 cargo test --test types
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use extract_llm::contract::dialect::{Dialect, NoteKind};
use extract_llm::contract::{Change, DialectReport};

use crate::row::Row;
use crate::rows;

/// The columns: dialects that differ from each other, with the names of the providers that share
/// them.
const COLUMNS: &[(&str, &Dialect)] = &[
    ("OpenAI strict¹", &Dialect::OPENAI_STRICT),
    ("Anthropic²", &Dialect::ANTHROPIC_FORMAT),
    ("Gemini", &Dialect::GEMINI_JSON_SCHEMA),
    ("Gemini, older³", &Dialect::GEMINI_RESPONSE_SCHEMA),
    ("DeepSeek⁴", &Dialect::DEEPSEEK),
    ("llama.cpp, Ollama", &Dialect::LLAMA_CPP),
    ("full JSON Schema⁵", &Dialect::JSON_SCHEMA),
];

const HEAD: &str = "\
# Types and dialects

Made by a test (`UPDATE_DOCS=1 cargo test --test types`), which also sends sample values of every type
through every dialect and compares what comes back. Do not edit.

Whatever a cell says, the reply is turned back into the type's own shape and checked against the type's
own schema, so nothing in it is left unchecked. In the cells:

- **native**: said as it stands.
- **in object**: the root is no object, so the value is sent as the member `value` of one.
- **words: ..**: these keywords are said in the description.
- nothing of the bounds of `i32`, `u32`, `i64`, `u64` and `f32`: they are not told, for no model comes near
  them by itself, but the reply is held to them.
- **pairs**: a map is sent as a list of `{key, value}` objects.
- **places**: a tuple is sent as an object with the members `\"0\"`, `\"1\"`, …
- **null**: a field that may be left out is sent as one that is null instead.
- **JSON text**: a value of any type is sent as JSON in a string.
- **unrolled**: a recursive type is written out to a depth; what is deeper is JSON text.
- **merged**, **renamed**, **narrowed**: see the report of the type, `contract.report(dialect)`.
- **refused: ..**: it cannot be sent in this dialect, and this is why. `Mode::Auto` goes to the next mode
  that can carry it; where there is none it is sent without enforcement, and the report says so.

¹ also Groq strict and Mistral. ² native output and strict tools. ³ `responseSchema`. ⁴ strict tools; also
OpenAI's fine-tuned models. ⁵ vLLM, and every provider's tools where they are not strict.
";

/// Returns a table cell's text for a change.
fn word(change: &Change) -> String {
    let words = &change.message;
    let has = |part: &str| words.contains(part);
    match change.kind {
        NoteKind::Described => String::new(),
        NoteKind::Nullable => "null".into(),
        NoteKind::Unrolled => "unrolled".into(),
        NoteKind::Narrowed => "narrowed".into(),
        _ if has("pairs") || has("key") => "pairs".into(),
        _ if has("JSON text") => "JSON text".into(),
        _ if has("a type for each place") => "places".into(),
        _ if has("name") => "renamed".into(),
        _ => words.clone(),
    }
}

fn cell(report: &DialectReport) -> String {
    if let Some(refusal) = &report.refusal {
        return format!("refused: {refusal}").replace('|', "\\|");
    }
    let mut parts: Vec<String> = Vec::new();
    if report.wrapped {
        parts.push("in object".into());
    }
    let mut said: Vec<String> = Vec::new();
    for change in &report.changes {
        let part = word(change);
        if part.is_empty() {
            let keyword = change.message.split('`').nth(1).unwrap_or("pattern of keys").to_owned();
            if !said.contains(&keyword) {
                said.push(keyword);
            }
        } else if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if !said.is_empty() {
        parts.push(format!("words: `{}`", said.join("`, `")));
    }
    if parts.is_empty() { "native".into() } else { parts.join("; ").replace('|', "\\|") }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(HEAD);
    let mut family = "";
    for row in rows {
        if row.family != family {
            family = row.family;
            let heads: Vec<&str> = COLUMNS.iter().map(|(head, _)| *head).collect();
            let _ = write!(text, "\n## {family}\n\n| type | {} |\n", heads.join(" | "));
            text += &format!("|{}\n", "---|".repeat(COLUMNS.len() + 1));
        }
        let cells: Vec<String> = COLUMNS
            .iter()
            .map(|(_, dialect)| {
                let report = row.reports.iter().find(|report| report.dialect == dialect.name());
                cell(report.expect("every dialect has a report"))
            })
            .collect();
        let _ = writeln!(text, "| `{}` | {} |", row.kind.replace('`', ""), cells.join(" | "));
    }
    text
}

/// Returns the table of values that the schema accepts and serde refuses, with one line per kind of
/// mistake.
fn differences(rows: &[Row]) -> String {
    let mut text = String::from(
        "\n## Where the schema allows what serde refuses\n\n\
         The validator runs before serde and names every mistake at once. These it does not see; serde\n\
         does, and the model is told what serde says. Found by breaking the samples of every type in the\n\
         ways that the first column names.\n\n| mistake | types | for example |\n|---|---|---|\n",
    );
    let mut by_mistake: BTreeMap<&str, (Vec<&str>, String)> = BTreeMap::new();
    for row in rows {
        for difference in &row.differences {
            let entry = by_mistake.entry(difference.mutation).or_insert_with(|| {
                let serde = difference.serde.split(" at line").next().unwrap_or_default();
                (Vec::new(), format!("`{}`: {serde}", difference.value))
            });
            entry.0.push(row.kind);
        }
    }
    for (mistake, (kinds, example)) in by_mistake {
        let kinds = format!("`{}`", kinds.join("`, `"));
        let _ = writeln!(text, "| {mistake} | {kinds} | {} |", example.replace('|', "\\|"));
    }
    text
}

const TAIL: &str = "
## Decisions

- **`Rc` and `Arc`**: serde reads them only with its feature `rc`; ours of the same name turns it on. Each
  place that shared a value gets its own copy.
- **`i128` and `u128`**: all of them. A JSON number beyond the bounds of `i64` and `u64` is a float to
  `serde_json`, so such an integer is written as a text of its digits, and read from it. serde buffers what
  stands in an `untagged` enum, under `flatten` or beside an internal tag, and reads no integer of 128 bits from
  there: it is a problem. Use `i64`, or an external tag.
- **Bounds of decimals** hold for numbers and for texts, digit by digit. `multiple_of` as well.
- **`f32` and `f64`**: finite. JSON has no other numbers; beyond the bounds of `f32` a value is refused,
  where serde would read infinity.
- **`Option<Option<T>>`**: null is the outer `None`, as serde reads it.
- **`Vec<u8>` and bytes**: a list of numbers, as serde has it. `contract::Base64` is bytes as base64 text.
- **`Duration`**: `{secs, nanos}`, as serde has it. For ISO 8601 (`PT90M`) use `jiff::SignedDuration`.
- **`jiff` durations with a sign or a fraction** are checked as ISO 8601; a provider that enforces
  `format: duration` to the letter of RFC 3339 lets the model write neither.
- **`time`**: schemars has no support for it; say the schema with `#[extract(with = ..)]`. So it is with any
  type of another crate: see [Types of other crates](other-crates.md).
- **Lengths**: arrays up to 32 elements and tuples up to 12 stand at the root, as far as serde
  and schemars read them.
- **Borrowed types** (`&str`) do not compile: the reply does not live long enough. `Cow<'_, str>` is
  read owned.
";

#[test]
fn the_document_is_up_to_date() {
    let made = format!("{}{}{TAIL}", table(rows()), differences(rows()));
    assert!(!made.contains("silently lost"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/type-support.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/type-support.md is stale: UPDATE_DOCS=1 cargo test --test types");
}
