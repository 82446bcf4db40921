//! The elements of one list of a value, held against a type of their own: another one than the list's
//! own type says they are of.

use super::typed::{ReadOutcome, add_uncovered, read_typed};
use crate::contract::{CheckError, Checker, Context, Contract, Extract, FailedCheck, Problems};
use crate::schema::{push_segment, segments};

/// The most problems that are collected from one list.
const MOST: usize = 1000;

/// Checks each element of the list at this JSON pointer of the value that is being checked: against
/// the contract of `E`, by reading it, and by its validators.
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
