//! The Arrow types of columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field};
use extract_llm::contract::{Column, ColumnKind};

use crate::output::table::{Cell, LedgerCell, TableColumn};

/// Returns the field of a column of the file.
pub(super) fn field(column: &TableColumn) -> Field {
    let data_type = match &column.cell {
        Cell::Id | Cell::ErrorKind | Cell::Error => DataType::Utf8,
        Cell::Member(column) | Cell::Whole(column) => data_type(&column.kind),
        Cell::Ledger(cell) => match cell {
            LedgerCell::InputTokens | LedgerCell::OutputTokens | LedgerCell::Attempts => {
                DataType::Int64
            }
            LedgerCell::Cost | LedgerCell::Seconds => DataType::Float64,
            LedgerCell::Model | LedgerCell::Origin => DataType::Utf8,
        },
    };
    Field::new(&column.name, data_type, true)
}

fn data_type(kind: &ColumnKind) -> DataType {
    match kind {
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::UnsignedInteger => DataType::UInt64,
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Date => DataType::Date32,
        ColumnKind::List(element) => DataType::List(Arc::new(inner("item", element))),
        ColumnKind::Struct(members) => {
            DataType::Struct(members.iter().map(|member| inner(&member.name, member)).collect())
        }
        // JSON is a text too, and a later version of the library may know further kinds.
        _ => DataType::Utf8,
    }
}

fn inner(name: &str, column: &Column) -> Field {
    Field::new(name, data_type(&column.kind), column.is_nullable)
}
