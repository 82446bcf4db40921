//! Values of arrays.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::ArrowError;
use extract_llm::Extract;
use extract_llm::contract::{Column, ColumnKind};
use serde_json::{Map, Value};

use crate::types::data_type;

/// An error of [`from_array`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The array has another type than the column, and cannot be cast to it.
    #[error("the array does not have the type of the column: {0}")]
    Type(#[from] ArrowError),
    /// A text is no JSON.
    #[error("value {index} holds a text that is no JSON: {source}")]
    Json {
        /// The index of the value, from 0.
        index: usize,
        /// The error of the JSON reader.
        source: serde_json::Error,
    },
    /// A value is none of the Rust type.
    #[error("value {index} cannot be read: {source}")]
    Value {
        /// The index of the value, from 0.
        index: usize,
        /// The error of serde.
        source: serde_json::Error,
    },
}

/// Returns the Rust values of an array, such as a column of a Parquet file that was written from [`to_array`].
/// `None` is a null. A null member counts as missing, so that serde's defaults hold. Validators do not run.
///
/// The array may have another type that can be cast without a loss of values, such as `Utf8View` or a
/// dictionary in place of `Utf8`. Fails if it cannot, or if a value is none of the type.
///
/// ```
/// use serde_json::json;
///
/// let column = extract_arrow::column::<Vec<u8>>()?;
/// let array = extract_arrow::to_array(&column, &[Some(json!([1, 2])), None])?;
/// let values = extract_arrow::from_array::<Vec<u8>>(&column, &array)?;
/// assert_eq!(values, [Some(vec![1, 2]), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`to_array`]: crate::to_array
pub fn from_array<T: Extract>(
    column: &Column,
    array: &ArrayRef,
) -> Result<Vec<Option<T>>, ReadError> {
    let array = cast(array, &data_type(column))?;
    let mut values = Vec::with_capacity(array.len());
    for index in 0..array.len() {
        if array.is_null(index) {
            values.push(None);
            continue;
        }
        let json =
            value(column, &array, index).map_err(|source| ReadError::Json { index, source })?;
        let typed = serde_json::from_value(json);
        values.push(Some(typed.map_err(|source| ReadError::Value { index, source })?));
    }
    Ok(values)
}

/// Returns a value of an array that has the type of the column.
fn value(column: &Column, array: &dyn Array, index: usize) -> Result<Value, serde_json::Error> {
    if array.is_null(index) {
        return Ok(Value::Null);
    }
    Ok(match &column.kind {
        ColumnKind::Boolean => array.as_boolean().value(index).into(),
        ColumnKind::Integer => array.as_primitive::<Int64Type>().value(index).into(),
        ColumnKind::UnsignedInteger => array.as_primitive::<UInt64Type>().value(index).into(),
        ColumnKind::Number => array.as_primitive::<Float64Type>().value(index).into(),
        ColumnKind::Text => array.as_string::<i32>().value(index).into(),
        ColumnKind::Date => {
            let date = array.as_primitive::<Date32Type>().value_as_date(index);
            date.map(|date| date.to_string()).into()
        }
        ColumnKind::List(element) => {
            let elements = array.as_list::<i32>().value(index);
            let values = (0..elements.len()).map(|index| value(element, &elements, index));
            values.collect::<Result<_, _>>()?
        }
        ColumnKind::Struct(members) => {
            let mut object = Map::new();
            for (member, array) in members.iter().zip(array.as_struct().columns()) {
                if !array.is_null(index) {
                    object.insert(member.name.clone(), value(member, array, index)?);
                }
            }
            Value::Object(object)
        }
        ColumnKind::Map(values) => {
            let entries = array.as_map().value(index);
            let mut object = Map::new();
            if let [keys, entry_values] = entries.columns() {
                let keys = keys.as_string::<i32>();
                for index in 0..keys.len() {
                    let entry = value(values, entry_values, index)?;
                    object.insert(keys.value(index).to_owned(), entry);
                }
            }
            Value::Object(object)
        }
        _ => serde_json::from_str(array.as_string::<i32>().value(index))?,
    })
}
