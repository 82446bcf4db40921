//! The HTML report of a run. It is made in one place, so that the rest knows no HTML.

use std::io;
use std::path::Path;

use extract_llm::pipeline::Summary;

use crate::error::CliError;

/// Fails if the report cannot be written for lack of its folder, before anything is asked.
pub(crate) fn check(path: Option<&Path>) -> Result<(), CliError> {
    let Some(path) = path else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_none_or(Path::is_dir) {
        return Ok(());
    }
    Err(CliError::write(path, io::Error::from(io::ErrorKind::NotFound)))
}

/// Writes the report.
pub(crate) fn write(summary: &Summary, path: &Path) -> Result<(), CliError> {
    Ok(summary.html(path)?)
}
