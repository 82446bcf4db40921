//! Arrays of values.

use std::sync::Arc;

use arrow_array::{ArrayRef, new_empty_array};
use arrow_json::ReaderBuilder;
use arrow_schema::ArrowError;
use extract_llm::contract::Column;
use serde_json::Value;

use crate::fit::{Misfit, fit};
use crate::types::{data_type, field};

/// An error of [`to_array`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A value does not fit the column. [`fit`] tells it for a single value.
    #[error("value {index}: {misfit}")]
    Misfit {
        /// The index of the value, from 0.
        index: usize,
        /// The reason.
        misfit: Misfit,
    },
    /// Arrow cannot build the array, for example because its texts have more than 2 GiB.
    #[error("the array cannot be built: {0}")]
    Arrow(#[from] ArrowError),
}

/// Returns the array of some values in the JSON of their type, such as
/// [`RowValue::json`](extract_llm::pipeline::RowValue::json). `None` becomes null.
///
/// Fails if a value does not fit the column.
///
/// ```
/// use arrow_array::Array as _;
/// use serde_json::json;
///
/// let column = extract_arrow::column::<u8>()?;
/// let array = extract_arrow::to_array(&column, &[Some(json!(7)), None])?;
/// assert_eq!((array.len(), array.null_count()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn to_array(column: &Column, values: &[Option<Value>]) -> Result<ArrayRef, WriteError> {
    let mut fitted = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let value = match value {
            Some(value) => {
                fit(value, column).map_err(|misfit| WriteError::Misfit { index, misfit })?
            }
            None => Value::Null,
        };
        fitted.push(value);
    }
    let builder = ReaderBuilder::new_with_field(Arc::new(field("value", column)));
    let mut decoder = builder.with_batch_size(values.len().max(1)).build_decoder()?;
    decoder.serialize(&fitted)?;
    let batch = decoder.flush()?;
    let array = batch.and_then(|batch| batch.columns().first().map(Arc::clone));
    Ok(array.unwrap_or_else(|| new_empty_array(&data_type(column))))
}
