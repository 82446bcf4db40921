//! Texts for people, on stdout and stderr. A reader that has gone is no error.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::CliError;

/// Writes a text to stdout.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::write(Path::new("stdout"), error))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr.
pub(crate) fn tell(line: impl Display) {
    // Without stderr, there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
