//! [`Table`]: the columns of CSV and Parquet files. Those of the value come from the schema.

use std::collections::BTreeSet;

use extract_llm::contract::{Column, ColumnKind, Contract};
use serde_json::Value;

use super::{LedgerCells, OutputRow};

/// The columns of a file.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: Vec<TableColumn>,
    /// Whether the members of the value are columns.
    is_split: bool,
}

/// A column of a file.
#[derive(Debug, Clone)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    pub(crate) cell: Cell,
}

/// The content of a column.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    /// The id, as a text.
    Id,
    /// A member of the value.
    Member(Column),
    /// The value, whose members are no columns.
    Whole(Column),
    ErrorKind,
    Error,
    Ledger(LedgerCell),
}

/// The content of a column of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LedgerCell {
    InputTokens,
    OutputTokens,
    Cost,
    Attempts,
    Model,
    Seconds,
    Origin,
}

impl LedgerCell {
    const ALL: [(&'static str, Self); 7] = [
        ("input_tokens", Self::InputTokens),
        ("output_tokens", Self::OutputTokens),
        ("cost", Self::Cost),
        ("attempts", Self::Attempts),
        ("model", Self::Model),
        ("seconds", Self::Seconds),
        ("origin", Self::Origin),
    ];

    fn of(self, ledger: &LedgerCells) -> Value {
        match self {
            Self::InputTokens => ledger.input_tokens.into(),
            Self::OutputTokens => ledger.output_tokens.into(),
            Self::Cost => ledger.cost.into(),
            Self::Attempts => ledger.attempts.into(),
            Self::Model => ledger.model.clone().into(),
            Self::Seconds => ledger.seconds.into(),
            Self::Origin => serde_json::to_value(ledger.origin).unwrap_or_default(),
        }
    }
}

impl Table {
    /// Returns the columns of a schema. A member whose name another column has is called `value.NAME`.
    pub(crate) fn new(contract: &Contract, with_ledger: bool) -> Self {
        let whole = contract.column();
        let (members, is_split) = match whole {
            Column { kind: ColumnKind::Struct(members), is_nullable: false, .. } => (members, true),
            whole => (vec![whole], false),
        };
        let mut others = vec![("error_kind", Cell::ErrorKind), ("error", Cell::Error)];
        if with_ledger {
            let ledger = LedgerCell::ALL.iter().map(|(name, cell)| (*name, Cell::Ledger(*cell)));
            others.extend(ledger);
        }
        let mut columns = vec![TableColumn { name: "id".to_owned(), cell: Cell::Id }];
        for member in members {
            let is_taken = |name: &str, columns: &[TableColumn]| {
                others.iter().any(|(other, _)| *other == name)
                    || columns.iter().any(|column| column.name == name)
            };
            let mut name = member.name.clone();
            while is_taken(&name, &columns) {
                name.insert_str(0, "value.");
            }
            let cell = if is_split { Cell::Member(member) } else { Cell::Whole(member) };
            columns.push(TableColumn { name, cell });
        }
        let others = others.into_iter();
        columns.extend(others.map(|(name, cell)| TableColumn { name: name.to_owned(), cell }));
        Self { columns, is_split }
    }

    pub(crate) fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// Returns the names of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Returns the cells of a row. Those that it has not are null.
    pub(super) fn cells<'t>(&'t self, row: &'t OutputRow) -> impl Iterator<Item = Value> + 't {
        self.columns.iter().map(|column| column.cell.of(row))
    }

    /// Returns the members of a value that have no column. With `is_nested`, lists and objects are no JSON, and
    /// the members in them count too.
    pub(super) fn unlisted(&self, value: &Value, is_nested: bool) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if self.is_split {
            let members = self.columns.iter().filter_map(|column| match &column.cell {
                Cell::Member(member) => Some(member),
                _ => None,
            });
            let members: Vec<&Column> = members.collect();
            add_unlisted("", value, &members, is_nested, &mut found);
        } else if is_nested {
            for column in &self.columns {
                if let Cell::Whole(column) = &column.cell {
                    add_unlisted_of("", value, column, &mut found);
                }
            }
        }
        found
    }
}

/// Adds the members of an object that are not among the columns.
fn add_unlisted(
    path: &str,
    value: &Value,
    columns: &[&Column],
    is_nested: bool,
    found: &mut BTreeSet<String>,
) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match columns.iter().find(|column| column.name == *name) {
            Some(column) if is_nested => add_unlisted_of(&path, value, column, found),
            Some(_) => {}
            None => {
                found.insert(path);
            }
        }
    }
}

/// Adds the members in the value of a column that have no column.
fn add_unlisted_of(path: &str, value: &Value, column: &Column, found: &mut BTreeSet<String>) {
    match (&column.kind, value) {
        (ColumnKind::Struct(members), value) => {
            let members: Vec<&Column> = members.iter().collect();
            add_unlisted(path, value, &members, true, found);
        }
        (ColumnKind::List(element), Value::Array(elements)) => {
            let path = format!("{path}[]");
            for value in elements {
                add_unlisted_of(&path, value, element, found);
            }
        }
        (ColumnKind::Map(values), Value::Object(members)) => {
            for (name, value) in members {
                add_unlisted_of(&format!("{path}.{name}"), value, values, found);
            }
        }
        _ => {}
    }
}

impl Cell {
    /// Returns the cell of a row; null if it has none.
    fn of(&self, row: &OutputRow) -> Value {
        let failure = row.result.as_ref().err();
        let value = row.result.as_ref().ok();
        let found = match self {
            Self::Id => Some(text(&row.id)),
            Self::Member(column) => value.and_then(|value| value.get(&column.name)).cloned(),
            Self::Whole(_) => value.cloned(),
            Self::ErrorKind => failure.map(|failure| failure.kind.clone().into()),
            Self::Error => failure.map(|failure| failure.message.clone().into()),
            Self::Ledger(cell) => row.ledger.as_ref().map(|ledger| cell.of(ledger)),
        };
        found.unwrap_or_default()
    }
}

/// Returns an id as a text; null stays null.
fn text(id: &Value) -> Value {
    match id {
        Value::String(_) | Value::Null => id.clone(),
        other => Value::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use extract_llm::contract::Contract;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_columns_and_names_are_unique() {
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {"id": {"type": "integer"}, "error": {}, "x": {"type": "string"}, "value.id": {}},
            "required": ["id"],
        }))
        .unwrap();
        let table = Table::new(&contract, false);
        let names: Vec<&str> = table.names().collect();
        assert_eq!(
            names,
            ["id", "value.id", "value.error", "x", "value.value.id", "error_kind", "error"]
        );
        assert_eq!(table.unlisted(&json!({"x": 1, "y": 2}), false), ["y".to_owned()].into());
        let row = OutputRow {
            id: json!(7),
            result: Ok(json!({"id": 3, "x": "a"})),
            doubts: Vec::new(),
            ledger: None,
        };
        let cells: Vec<Value> = table.cells(&row).collect();
        assert_eq!(Value::from(cells), json!(["7", 3, null, "a", null, null, null]));
    }

    #[test]
    fn a_value_without_members_is_one_column() {
        let contract = Contract::from_schema(json!({"type": "array", "items": {"type": "string"}}));
        let table = Table::new(&contract.unwrap(), true);
        let names: Vec<&str> = table.names().take(4).collect();
        assert_eq!(names, ["id", "value", "error_kind", "error"]);
        assert_eq!(table.names().count(), 11);
        assert!(table.unlisted(&json!(["y"]), true).is_empty());
    }

    #[test]
    fn members_without_columns_are_found_in_lists() {
        let line = json!({"type": "object", "properties": {"sku": {"type": "string"}}});
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {"lines": {"type": "array", "items": line}},
            "required": ["lines"],
        }));
        let table = Table::new(&contract.unwrap(), false);
        let value = json!({"lines": [{"sku": "A"}, {"sku": "B", "n": 2}], "total": 3});
        let found = table.unlisted(&value, true);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["lines[].n", "total"]);
        assert_eq!(table.unlisted(&value, false), ["total".to_owned()].into()); // the list is JSON
    }
}
