//! The HTML report of a run. It is made in one place, so that the rest knows no HTML.

use std::path::Path;

use extract_llm::pipeline::Summary;

use crate::error::CliError;

/// Fails if this version makes no reports, before anything is asked.
pub(crate) fn check(path: Option<&Path>) -> Result<(), CliError> {
    match path {
        // To be removed with the call of `Summary::html` below.
        Some(_) => Err(CliError::usage("this version makes no reports yet: leave out --report")),
        None => Ok(()),
    }
}

/// Writes the report.
#[expect(clippy::unnecessary_wraps, reason = "`Summary::html` fails if the file cannot be written")]
pub(crate) fn write(_summary: &Summary, _path: &Path) -> Result<(), CliError> {
    // Here: summary.html(path).map_err(|error| CliError::write(path, error))
    Ok(())
}
