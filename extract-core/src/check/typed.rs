//! The three layers over one value, and what they say together.

use serde_json::Value;

use super::effort;
use super::schema::violations;
use crate::contract::{
    Checker, Contract, Extract, Problem, ProblemKind, Problems, excerpt, push_segment,
};

/// Checks a value of the type's own shape: all violations of its schema, then what serde says,
/// then the type's validators. Whatever can be found in one pass is found; `problems` is what was
/// found on the way to the value.
pub(crate) fn check<T: Extract>(
    contract: &Contract,
    value: &Value,
    mut problems: Vec<Problem>,
) -> Result<T, Problems> {
    problems.extend(violations(contract, value));
    if !effort::is_readable(contract.schema(), value) {
        if problems.is_empty() {
            let expected = "a value that is nested less deeply in alternatives";
            problems.push(Problem::new(ProblemKind::Type, "", expected, excerpt(value)));
        }
        return Err(problems.into());
    }
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(typed) => {
            let mut checker = Checker::new(value);
            typed.check(&mut checker);
            problems.extend(checker.into_problems());
            if problems.is_empty() { Ok(typed) } else { Err(problems.into()) }
        }
        Err(error) => {
            // Where the schema has spoken, serde stops at the same place and says less.
            if problems.is_empty() {
                problems.push(type_problem(&error, value));
            }
            Err(problems.into())
        }
    }
}

fn type_problem(error: &serde_path_to_error::Error<serde_json::Error>, value: &Value) -> Problem {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => push_segment(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_segment(&mut pointer, key),
            Segment::Enum { variant } => push_segment(&mut pointer, variant),
            Segment::Unknown => {}
        }
    }
    let found = value.pointer(&pointer).map_or_else(String::new, excerpt);
    let expected = format!("a value that can be read ({})", error.inner());
    Problem::new(ProblemKind::Type, pointer, expected, found)
}
