//! The kept rows as data for the script of the page.

use serde_json::{Value, json};

use super::super::kept::KeptRow;
use super::escape::script_json;
use super::segments::{Segment, segments};
use super::value_lines::{ValueLine, value_lines};

/// Returns the rows as JSON for a `script` element.
pub(super) fn rows_json(rows: &[KeptRow]) -> String {
    script_json(&rows.iter().map(row).collect())
}

/// Returns the text of an id: that of a string, or JSON.
pub(super) fn id_text(id: &Value) -> String {
    match id {
        Value::String(text) if !text.is_empty() => text.clone(),
        id => id.to_string(),
    }
}

fn row(row: &KeptRow) -> Value {
    let text: Vec<Value> = segments(&row.text, &row.quotes).iter().map(segment).collect();
    let quotes: Vec<&str> = row.quotes.iter().map(|quote| quote.pointer.as_str()).collect();
    let value = if row.value.is_null() && row.failure.is_some() {
        Vec::new()
    } else {
        value_lines(&row.value, &row.quotes).iter().map(line).collect()
    };
    json!({
        "id": id_text(&row.id),
        "kind": row.failure,
        "message": row.message,
        "reply": row.reply,
        "isReplyCut": row.is_reply_cut,
        "text": text,
        "isCut": row.is_cut,
        "quotes": quotes,
        "value": value,
    })
}

fn segment(segment: &Segment<'_>) -> Value {
    json!([segment.text, segment.quotes])
}

fn line(line: &ValueLine) -> Value {
    let comma = if line.has_comma { "," } else { "" };
    json!([line.depth, line.name, line.text, comma, line.quotes])
}
