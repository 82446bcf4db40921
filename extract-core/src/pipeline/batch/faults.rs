//! The names of batches, and the outcomes of requests that have none of their own.

use serde_json::{Map, Value, json};

use crate::extraction::Digest;
use crate::wire::{BatchFault, Outcome};

/// Returns a name that no other batch has.
pub(super) fn label(number: u64, lines: &[u8]) -> String {
    let mut hash = Digest::start(b"batch label");
    hash.add(lines);
    format!("extract-llm-{number}-{}", hash.finish())
}

/// Returns the outcome of a request without a result in a batch that has ended.
pub(super) fn absent() -> Outcome {
    let error = json!({"error": {
        "message": "the batch ended without a result for this request",
        "type": "no_result",
    }});
    Outcome::Response { status: 500, body: error.to_string().into_bytes(), request_id: None }
}

/// Returns the outcome of a request because of which a batch was refused.
pub(super) fn refusal(error: &Value) -> Outcome {
    Outcome::Response { status: 400, body: error.to_string().into_bytes(), request_id: None }
}

/// Returns the fault of a batch as the body of an error.
pub(super) fn body_of(fault: &BatchFault) -> Value {
    let mut error = Map::new();
    error.insert("message".to_owned(), fault.message.clone().into());
    for (name, value) in [("code", &fault.code), ("param", &fault.param)] {
        if let Some(value) = value {
            error.insert(name.to_owned(), value.clone().into());
        }
    }
    json!({"error": error})
}

/// Returns the first reasons why a batch failed as a whole, in one line.
pub(super) fn reason_of(faults: &[BatchFault]) -> String {
    let mut texts = faults.iter().take(3).map(|fault| match (&fault.code, fault.line) {
        (Some(code), Some(line)) => format!("line {line}: {} ({code})", fault.message),
        (Some(code), None) => format!("{} ({code})", fault.message),
        (None, Some(line)) => format!("line {line}: {}", fault.message),
        (None, None) => fault.message.clone(),
    });
    let first = texts.next().unwrap_or_else(|| "the service gives no reason".to_owned());
    texts.fold(first, |all, text| format!("{all}; {text}"))
}
