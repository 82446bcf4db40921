//! Keeps the request bodies that tests produce for the check against the official types, which
//! `.ci/run` makes after the tests.

use std::io::Write;

use serde_json::Value;

/// Keeps the body of a Chat Completions request, where it is asked for.
pub(crate) fn keep(body: &Value) {
    let Some(dir) = std::env::var_os("EXTRACT_BODIES_DIR") else { return };
    let path = std::path::Path::new(&dir).join("openai-chat.jsonl");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{body}\n").as_bytes()).unwrap();
}
