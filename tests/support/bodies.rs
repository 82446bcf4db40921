//! Keeps the request bodies that tests produce for the check against the official types, which
//! `.ci/run` makes after the tests.

use std::io::Write;

use serde_json::Value;

/// Keeps the body of a request, where it is asked for. `kind` is what the oracle calls the protocol.
pub(crate) fn keep_as(kind: &str, body: &Value) {
    let Some(dir) = std::env::var_os("EXTRACT_BODIES_DIR") else { return };
    let path = std::path::Path::new(&dir).join(format!("{kind}.jsonl"));
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{body}\n").as_bytes()).unwrap();
}
