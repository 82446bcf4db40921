//! Combines the three layers of the check of one value: schema, serde and validators.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::rules::Rules;
use super::schema::violations;
use crate::contract::{
    Checker, Context, Contract, DeserializeProblem, Extract, FailedCheck, Problem, ProblemKind,
    Problems, excerpt, read,
};
use crate::schema::{CheckKind, StackRoom};

/// Checks a value in the type's shape. The order is: the schema, serde, the validators of the type and of
/// the call, and the asynchronous checks of the call. Collects all problems that one pass can find, in
/// addition to `problems`, which were found when the value was read.
///
/// Returns the value or its problems. The outer error is a check that could not be carried out.
pub(crate) async fn check<T: Extract>(
    contract: &Contract,
    value: &Value,
    problems: Vec<Problem>,
    rules: &Rules<T>,
    context: Context<'_>,
) -> Result<Result<T, Problems>, FailedCheck> {
    let context = context.of(value);
    let (typed, mut problems) = check_at_once(contract, value, problems, rules, context)?;
    // The checks take the value and return it, so that it need not be `Send` if there are none.
    let (typed, answers) = match rules.async_checks() {
        Some(run) => run(typed, context).await,
        None => (typed, Vec::new()),
    };
    let mut checker = Checker::with_context(value, context);
    answers.into_iter().for_each(|answer| checker.report(answer));
    problems.extend(checker.finish()?);
    Ok(match typed {
        Some(typed) if problems.is_empty() => Ok(typed),
        _ => Err(problems),
    })
}

/// Runs all layers but the asynchronous checks. Returns the value, if serde could read one, and the
/// problems. The value is valid if there are no problems.
pub(crate) fn check_at_once<T: Extract>(
    contract: &Contract,
    value: &Value,
    mut problems: Vec<Problem>,
    rules: &Rules<T>,
    context: Context<'_>,
) -> Result<(Option<T>, Problems), FailedCheck> {
    let context = context.of(value);
    let read = read_typed::<T>(contract, value, &mut problems);
    let found = Checker::with_context(value, context).guarded(|checker| match &read {
        ReadOutcome::Typed(typed) => {
            typed.check(checker);
            for validate in rules.validators() {
                checker.report(validate(typed, context));
            }
        }
        ReadOutcome::Unread(error) => checker.check_fieldwise::<T>(error),
        ReadOutcome::TooDeep => {}
    })?;
    add_uncovered(&mut problems, found);
    // A problem that two layers report in the same way is kept once.
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    drop_covered_reading_problems(&mut problems);
    Ok((read.typed(), problems.into()))
}

/// Deserializes a value again that has passed its checks. `None` if its type cannot be read twice.
pub(crate) fn retype<T: Extract>(value: &Value) -> Option<T> {
    StackRoom::of_reading(value).run(|| read(value)).ok()
}

/// Removes each problem found by the reader if the schema or serde reports one at the same node, inside
/// it or around it. Theirs are more exact.
fn drop_covered_reading_problems(problems: &mut Vec<Problem>) {
    let is_reading = |problem: &Problem| problem.kind == ProblemKind::Reading;
    if !problems.iter().any(is_reading) || problems.iter().all(is_reading) {
        return;
    }
    let knows = |one: &&Problem| matches!(one.kind, ProblemKind::Schema | ProblemKind::Type);
    let others: Vec<String> =
        problems.iter().filter(knows).map(|one| one.pointer.clone()).collect();
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    problems.retain(|one| {
        let is_covered =
            |other: &String| within(&one.pointer, other) || within(other, &one.pointer);
        !is_reading(one) || !others.iter().any(is_covered)
    });
}

/// The result of deserializing a value.
pub(super) enum ReadOutcome<T> {
    Typed(T),
    Unread(DeserializeProblem),
    /// The value was not deserialized, because that would take too long.
    TooDeep,
}

impl<T> ReadOutcome<T> {
    /// Returns the value, if there is one.
    fn typed(self) -> Option<T> {
        match self {
            Self::Typed(typed) => Some(typed),
            _ => None,
        }
    }
}

/// Deserializes a value, and adds all violations of its schema to `problems`. Adds a problem if the value
/// is nested too deeply in unions to be deserialized.
pub(super) fn read_typed<T: Extract>(
    contract: &Contract,
    value: &Value,
    problems: &mut Vec<Problem>,
) -> ReadOutcome<T> {
    problems.extend(violations(contract, value));
    if !contract.is_affordable(value, CheckKind::Read) {
        if problems.is_empty() {
            let expected = "a value that is nested less deeply in alternatives";
            problems.push(Problem::new(ProblemKind::Type, "", expected, excerpt(value)));
        }
        return ReadOutcome::TooDeep;
    }
    match StackRoom::of_reading(value).run(|| read(value)) {
        Ok(typed) => ReadOutcome::Typed(typed),
        Err(error) => ReadOutcome::Unread(error),
    }
}

/// Adds the problems that the walk of a value has found. Leaves out a problem of serde if the schema has
/// reported one at the same node or inside it, which is more exact.
pub(super) fn add_uncovered(problems: &mut Vec<Problem>, found: Problems) {
    let known: BTreeSet<String> = problems
        .iter()
        .filter(|problem| problem.kind == ProblemKind::Schema)
        .map(|problem| problem.pointer.clone())
        .collect();
    let is_covered = |problem: &Problem| {
        let inside = format!("{}/", problem.pointer);
        known.contains(&problem.pointer)
            || known.range(inside.clone()..).next().is_some_and(|at| at.starts_with(&inside))
    };
    let is_new = |problem: &Problem| problem.kind != ProblemKind::Type || !is_covered(problem);
    problems.extend(found.into_iter().filter(is_new));
}
