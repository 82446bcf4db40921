//! Every kind of type in every provider's dialect: type → schema → sample values → lowered → sent →
//! read → checked → the same typed value. Each row is one kind of type. The rows also generate
//! `docs/type-support.md`.

#[path = "../../conformance/src/schemas/names.rs"]
mod names;

mod attributes;
mod collections;
mod document;
mod enums;
mod foreign;
mod generated;
mod mutation;
mod oracle;
mod recursion;
mod row;
mod scalars;
mod structs;
mod wire;

use std::sync::OnceLock;

use row::Row;

/// Returns all rows. Each type is checked when its row is made.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut rows = Vec::new();
        scalars::rows(&mut rows);
        collections::rows(&mut rows);
        structs::rows(&mut rows);
        attributes::rows(&mut rows);
        enums::rows(&mut rows);
        recursion::rows(&mut rows);
        foreign::rows(&mut rows);
        rows
    })
}

#[test]
fn every_type_comes_back_unchanged_from_every_dialect() {
    let rows = rows();
    assert_eq!(*row::FAULTS.lock().unwrap(), [] as [&str; 0]);
    assert!(rows.len() > 90, "{} kinds of types", rows.len());
    let sent: usize = rows.iter().map(|row| row.sent).sum();
    assert!(sent > 2_000, "{sent} values were sent and came back");
}
