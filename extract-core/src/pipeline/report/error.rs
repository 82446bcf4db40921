//! [`ReportError`]: a report that cannot be written.

use std::io;
use std::path::PathBuf;

/// The file of a report cannot be written. A file of this name that was there before is unchanged.
#[derive(Debug, thiserror::Error)]
#[error("the report `{}` cannot be written: {source}", path.display())]
#[non_exhaustive]
pub struct ReportError {
    /// The path of the file.
    pub path: PathBuf,
    /// The error of the operating system.
    pub source: io::Error,
}
