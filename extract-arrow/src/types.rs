//! The Arrow types of columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field};
use extract_llm::Extract;
use extract_llm::contract::{Column, ColumnKind, Contract, ContractError};

/// Returns the column that holds the values of a type. Fails if the type cannot be extracted.
///
/// For a schema of run time, [`Contract::column`] returns it.
///
/// ```
/// use extract_llm::contract::ColumnKind;
///
/// let column = extract_arrow::column::<Vec<bool>>()?;
/// assert!(matches!(column.kind, ColumnKind::List(_)));
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub fn column<T: Extract>() -> Result<Column, ContractError> {
    Ok(Contract::of::<T>()?.column())
}

/// Returns the Arrow type of the values of a column.
///
/// ```
/// use arrow_schema::DataType;
///
/// let column = extract_arrow::column::<f32>()?;
/// assert_eq!(extract_arrow::data_type(&column), DataType::Float64);
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub fn data_type(column: &Column) -> DataType {
    match &column.kind {
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::UnsignedInteger => DataType::UInt64,
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Date => DataType::Date32,
        ColumnKind::List(element) => DataType::List(Arc::new(inner("item", element))),
        ColumnKind::Struct(members) => {
            DataType::Struct(members.iter().map(|member| inner(&member.name, member)).collect())
        }
        ColumnKind::Map(values) => map(values),
        // JSON is a text too, and a later version of the library may know further kinds.
        _ => DataType::Utf8,
    }
}

/// Returns the Arrow field of a column, with its name. The field itself may be null, because a row whose
/// extraction failed has no value.
///
/// ```
/// let column = extract_arrow::column::<u8>()?;
/// let field = extract_arrow::field("count", &column);
/// assert!(field.name() == "count" && field.is_nullable());
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub fn field(name: impl Into<String>, column: &Column) -> Field {
    Field::new(name, data_type(column), true)
}

/// Returns the type of a map from texts, with the usual names of its fields.
fn map(values: &Column) -> DataType {
    let entry = vec![Field::new("keys", DataType::Utf8, false), inner("values", values)];
    let entries = Field::new("entries", DataType::Struct(entry.into()), false);
    DataType::Map(Arc::new(entries), false)
}

fn inner(name: &str, column: &Column) -> Field {
    Field::new(name, data_type(column), column.is_nullable)
}
