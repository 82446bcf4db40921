//! Tests the rule that reading invents nothing. Valid answers are broken in many classes of ways
//! and sent through the whole library. The result must be the value that the text states, or an
//! error. Any other value is wrong.
//!
//! `EXTRACT_ORACLE_TYPE` and `EXTRACT_ORACLE_CLASS` select types and classes by a part of their
//! name. `EXTRACT_ORACLE_SHOW` sets the number of wrong values to print, and `EXTRACT_ORACLE_TYPES`
//! the number of types to generate. `EXTRACT_CASES_DIR` names the folder with `schemas/real.jsonl`.

mod breaks;
mod invented;
mod meaning;
mod real;
mod relation;
mod row;
mod schema;
mod send;
mod tally;
mod texts;

// The kinds of types of `types`, with the rows of this module.
#[path = "types/attributes.rs"]
mod attributes;
#[path = "types/collections.rs"]
mod collections;
#[path = "types/enums.rs"]
mod enums;
#[path = "types/foreign.rs"]
mod foreign;
#[path = "types/recursion.rs"]
mod recursion;
#[path = "types/scalars.rs"]
mod scalars;
#[path = "types/structs.rs"]
mod structs;

#[test]
fn no_broken_answer_of_a_listed_type_is_read_as_a_wrong_value() {
    let mut rows = Vec::new();
    scalars::rows(&mut rows);
    collections::rows(&mut rows);
    structs::rows(&mut rows);
    attributes::rows(&mut rows);
    enums::rows(&mut rows);
    recursion::rows(&mut rows);
    foreign::rows(&mut rows);
    let tally = tally::run(&rows, true);
    tally.hold("types of the table");
}
