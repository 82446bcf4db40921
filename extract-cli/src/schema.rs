//! `schema`: what becomes of a schema at the providers, and in tables.

use extract_llm::contract::{Column, ColumnKind};
use extract_llm::dialect::Dialect;

use crate::args::SchemaArgs;
use crate::ask::contract;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Cell, Table};
use crate::say::print;

/// Prints the schema for prompts, its changes in each dialect, and its columns.
pub(crate) fn schema(args: &SchemaArgs) -> Result<Exit, CliError> {
    let contract = contract(&args.schema)?;
    let is_wanted = |dialect: &&'static Dialect| {
        args.dialect.as_deref().is_none_or(|name| dialect.name() == name)
    };
    let dialects: Vec<&'static Dialect> = Dialect::ALL.iter().copied().filter(is_wanted).collect();
    if dialects.is_empty() {
        let names: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
        return Err(CliError::usage(format!(
            "there is no dialect of this name. The dialects are {}",
            names.join(", ")
        )));
    }
    let mut text =
        format!("{} as it stands in prompts:\n{}\n\n", contract.name(), contract.prompt_schema());
    for dialect in dialects {
        text += &format!("{}\n\n", contract.report(dialect));
    }
    text += "Columns of CSV and Parquet files:\n";
    for column in Table::new(&contract, false).columns() {
        let kind = match &column.cell {
            Cell::Member(column) | Cell::Whole(column) => describe(column),
            _ => "text".to_owned(),
        };
        text += &format!("  {}: {kind}\n", column.name);
    }
    print(&text)?;
    Ok(Exit::Done)
}

/// Returns the kind of a column in words.
fn describe(column: &Column) -> String {
    let kind = match &column.kind {
        ColumnKind::Boolean => "boolean".to_owned(),
        ColumnKind::Integer => "integer of 64 bits".to_owned(),
        ColumnKind::UnsignedInteger => "integer of 64 bits without a sign".to_owned(),
        ColumnKind::Number => "float of 64 bits".to_owned(),
        ColumnKind::Text => "text".to_owned(),
        ColumnKind::Date => "date".to_owned(),
        ColumnKind::List(element) => format!("list of {}", describe(element)),
        ColumnKind::Struct(members) => {
            let members =
                members.iter().map(|member| format!("{}: {}", member.name, describe(member)));
            format!("struct ({})", members.collect::<Vec<_>>().join(", "))
        }
        _ => "JSON as text".to_owned(),
    };
    if column.is_nullable { format!("{kind}, or null") } else { kind }
}
