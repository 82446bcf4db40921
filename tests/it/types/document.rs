//! Generates `docs/type-support.md` from the rows. The test fails if the file is outdated:
//!
//! ```text
//! UPDATE_DOCS=1 cargo test -p extract-tests types::
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use extract_llm::dialect::{Change, DialectReport};
use extract_llm::dialect::{Dialect, NoteKind};

use super::row::Row;
use crate::types::rows;

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

A test writes this page (`UPDATE_DOCS=1 cargo test -p extract-tests types::`). The test also sends sample values of every
type through every dialect and compares the results. Do not edit.

In every dialect, the reply is restored to the type's shape and checked against the type's full schema. A cell
shows the form in which the type is sent:

- **native**: unchanged.
- **in object**: the root is not an object, so the value is the member `value` of one.
- **described: ..**: these keywords are in the description, not in the schema.
- **pairs**: a map is a list of `{key, value}` objects.
- **positions**: a tuple is an object with the members `\"0\"`, `\"1\"`, …
- **null**: a field that may be absent is required and may be null.
- **JSON text**: a value of any type is a string that holds JSON.
- **unrolled**: a recursive type is written out to a limited depth; deeper values are JSON text.
- **merged**, **renamed**, **narrowed**: see the report of the type, `contract.report(dialect)`.
- **refused: ..**: the dialect cannot express the type, for this reason. `Mode::Auto` uses the next mode that
  can. If there is none, the schema is sent without enforcement, and the report notes it.

The bounds of `i32`, `u32`, `i64`, `u64` and `f32` are not sent, because no model reaches them by itself. They are
checked.

¹ also Groq strict and Mistral. ² native output and strict tools. ³ `responseSchema`. ⁴ strict tools; also
OpenAI's fine-tuned models. ⁵ vLLM, and the tools of every provider without `strict`.
";

/// Returns a table cell's text for a change, or an empty string if the change is only in the description.
/// The matched texts are those of the dialects' notes.
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
        _ if has("a type for each place") => "positions".into(),
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
        parts.push(format!("described: `{}`", said.join("`, `")));
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
        "\n## Values that pass the schema and fail in serde\n\n\
         The schema validator runs before serde and reports every problem at once. It does not detect the mistakes\n\
         below. serde detects them, and its message goes to the model. The test finds them: it changes the samples of\n\
         every type as the first column says.\n\n| mistake | types | example |\n|---|---|---|\n",
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

- **`Rc` and `Arc`** need the Cargo feature `rc`, which turns on serde's feature of the same name. A value that
  was shared is read as separate copies.
- **`i128` and `u128`** are complete. `serde_json` reads a JSON number beyond `i64` and `u64` as a float, so such
  an integer is sent and read as a string of its digits. serde buffers the content of `untagged` enums, of
  `flatten` and of internally tagged enums, and reads no 128-bit integer from the buffer: it is a problem. Use
  `i64`, or an external tag.
- **Bounds of decimals**, `multiple_of` included, hold for numbers and for strings, digit by digit.
- **`f32` and `f64`** are finite, because JSON has no other numbers. A value beyond the bounds of `f32` is refused;
  serde would read infinity.
- **`Option<Option<T>>`**: null is the outer `None`, as in serde.
- **`Vec<u8>`** is a list of numbers, as in serde. `contract::Base64` holds bytes as a base64 string.
- **`Duration`** is `{secs, nanos}`, as in serde. For ISO 8601 (`PT90M`) use `jiff::SignedDuration`.
- **`jiff` durations with a sign or a fraction** are checked as ISO 8601. A provider that enforces
  `format: duration` of RFC 3339 exactly allows neither.
- **`time`**: schemars does not support this crate. Give the schema with `#[extract(with = ..)]`, as for any type
  of another crate: see [Types of other crates](other-crates.md).
- **Lengths**: arrays of up to 32 elements and tuples of up to 12 work at the root. This is the limit of serde and
  schemars.
- **Borrowed types** (`&str`) do not compile, because the reply does not live long enough. `Cow<'_, str>` is read
  as owned.
";

#[test]
fn the_document_is_up_to_date() {
    let made = format!("{}{}{TAIL}", table(rows()), differences(rows()));
    assert!(!made.contains("silently lost"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/type-support.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/type-support.md is stale: UPDATE_DOCS=1 cargo test -p extract-tests types::"
    );
}
