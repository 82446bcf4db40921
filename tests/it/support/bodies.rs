//! Saves the request bodies that tests produce. A later check compares them with the providers'
//! official types.

use std::io::Write;

use serde_json::Value;

/// Saves the body of a request if `EXTRACT_BODIES_DIR` is set. `kind` is the check's name of the
/// protocol.
pub(crate) fn keep_as(kind: &str, body: &Value) {
    let Some(dir) = std::env::var_os("EXTRACT_BODIES_DIR") else { return };
    let path = std::path::Path::new(&dir).join(format!("{kind}.jsonl"));
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{body}\n").as_bytes()).unwrap();
}
