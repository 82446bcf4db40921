//! Checks the elements of one list in a value against a type other than the list's element type.

use super::typed::{ReadOutcome, add_uncovered, read_typed};
use crate::contract::{CheckError, Checker, Context, Contract, Extract, FailedCheck, Problems};
use crate::schema::{push_segment, segments};

/// Limit on the problems that are collected from one list.
const MOST: usize = 1000;

/// Checks each element of the list at the JSON pointer `list` in the context's value: against the schema
/// of `E`, by deserializing it, and by its validators. Returns the problems as an error, or the failure
/// of a validator.
pub(crate) fn check_elements<E: Extract>(
    contract: &Contract,
    list: &str,
    context: Context<'_>,
) -> Result<(), CheckError> {
    let Some(value) = context.json() else { return Ok(()) };
    let items = value.pointer(list).and_then(|list| list.as_array());
    let mut problems = Vec::new();
    let mut elements = Vec::new();
    for (index, item) in items.into_iter().flatten().enumerate() {
        let mut found = Vec::new();
        elements.push((index, read_typed::<E>(contract, item, &mut found)));
        let mut at = list.to_owned();
        push_segment(&mut at, &index.to_string());
        problems.extend(Problems::from(found).under(&at));
        if problems.len() >= MOST {
            break;
        }
    }
    let names: Vec<String> = segments(list).collect();
    let found = Checker::with_context(value, context).guarded(|checker| {
        within(checker, &names, &mut |checker| {
            for (index, item) in &elements {
                checker.at(index, |checker| match item {
                    ReadOutcome::Typed(item) => item.check(checker),
                    ReadOutcome::Unread(error) => checker.check_fieldwise::<E>(error),
                    ReadOutcome::TooDeep => {}
                });
            }
        });
    });
    match found {
        Ok(found) => add_uncovered(&mut problems, found),
        Err(FailedCheck { failure, .. }) => return Err(CheckError::Failed(failure)),
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems::from(problems).into()) }
}

/// Runs `check` with the checker moved to the path `names`.
fn within<'v>(
    checker: &mut Checker<'v>,
    names: &[String],
    check: &mut dyn FnMut(&mut Checker<'v>),
) {
    match names {
        [] => check(checker),
        [name, rest @ ..] => checker.at(name, |checker| within(checker, rest, check)),
    }
}
