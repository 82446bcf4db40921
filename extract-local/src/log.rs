//! Reads the end of a log file, bounded, for an error message.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

const BYTES: u64 = 4096;
const LINES: usize = 15;

/// Returns the last lines of a file, or a remark in parentheses if it is empty or unreadable.
pub(crate) fn tail(path: &Path) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
        let mut bytes = Vec::new();
        file.take(BYTES).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    match read() {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let printable = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
            let text: String = text.chars().filter(printable).collect();
            let mut lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            lines.drain(..lines.len().saturating_sub(LINES));
            if lines.is_empty() { "(it is empty)".to_owned() } else { lines.join("\n") }
        }
        Err(error) => format!("(it cannot be read: {error})"),
    }
}
