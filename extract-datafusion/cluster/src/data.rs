//! The texts: Parquet files of rows with an id and a body.

use std::path::Path;

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::SessionContext;

use crate::Result;

/// Writes `rows` texts to `files` Parquet files in a folder.
///
/// # Errors
///
/// Fails if a file cannot be written.
pub async fn write(folder: &Path, rows: usize, files: usize) -> Result<()> {
    let ctx = SessionContext::new();
    let each = rows.div_ceil(files.max(1));
    for file in 0..files {
        let (from, to) = (file * each, rows.min((file + 1) * each));
        let sql = format!(
            "select value as id, concat('This is ticket-', value, ' of a customer.') as body
             from generate_series({from}, {})",
            to.saturating_sub(1)
        );
        let path = folder.join(format!("part-{file}.parquet")).display().to_string();
        let options = DataFrameWriteOptions::new().with_single_file_output(true);
        ctx.sql(&sql).await?.write_parquet(&path, options, None).await?;
    }
    Ok(())
}
