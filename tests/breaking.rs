//! The law of reading, held to: valid answers are broken in every class of ways and sent through the
//! whole path. The answer is the value that the text says, or an error; any other value is wrong.
//!
//! `EXTRACT_ORACLE_TYPE` and `EXTRACT_ORACLE_CLASS` name a part of a type's or class's name to run
//! these alone, `EXTRACT_ORACLE_SHOW` is how many wrong values are printed, `EXTRACT_ORACLE_TYPES`
//! how many types are invented. `EXTRACT_CASES_DIR` names the folder with `schemas/real.jsonl`.

#[path = "breaking/breaks.rs"]
mod breaks;
#[path = "breaking/invented.rs"]
mod invented;
#[path = "breaking/meaning.rs"]
mod meaning;
#[path = "breaking/real.rs"]
mod real;
#[path = "breaking/relation.rs"]
mod relation;
#[path = "breaking/row.rs"]
mod row;
#[path = "breaking/schema.rs"]
mod schema;
#[path = "breaking/send.rs"]
mod send;
#[path = "breaking/tally.rs"]
mod tally;
#[path = "breaking/texts.rs"]
mod texts;

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
fn no_type_of_the_table_gets_a_wrong_value() {
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
