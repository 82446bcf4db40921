//! The three layers over one value, and what they say together.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::rules::Rules;
use super::schema::violations;
use crate::contract::{
    Checker, Context, Contract, DeserializeProblem, Extract, FailedCheck, Problem, ProblemKind,
    Problems, excerpt, read,
};
use crate::schema::{CheckKind, StackRoom};

/// Checks a value of the type's own shape: all violations of its schema, then what serde says,
/// then the validators of the type and of the call, then the checks of the call that may wait.
/// Whatever can be found in one pass is found; `problems` is what was found on the way to the value.
///
/// The outer error is a check that could not be made.
pub(crate) async fn check<T: Extract>(
    contract: &Contract,
    value: &Value,
    problems: Vec<Problem>,
    rules: &Rules<T>,
    context: Context<'_>,
) -> Result<Result<T, Problems>, FailedCheck> {
    let context = context.of(value);
    let (typed, mut problems) = check_at_once(contract, value, problems, rules, context)?;
    // The value is handed over and comes back, so that it need not be `Send` where nothing waits.
    let (typed, answers) = match rules.waiting() {
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

/// All layers that need not wait. There is a value where serde could read one, and it is right where
/// there are no problems.
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
    // The same words of two layers stand there once.
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    keep_exact_numbers(&mut problems);
    Ok((read.typed(), problems.into()))
}

/// Leaves out each problem of the reading that another layer describes, at its place or inside of it or
/// around it: the checks know more of the type.
fn keep_exact_numbers(problems: &mut Vec<Problem>) {
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

/// The outcome of a value that serde was to read.
pub(super) enum ReadOutcome<T> {
    Typed(T),
    Unread(DeserializeProblem),
    /// It would take too long.
    TooDeep,
}

impl<T> ReadOutcome<T> {
    fn typed(self) -> Option<T> {
        match self {
            Self::Typed(typed) => Some(typed),
            _ => None,
        }
    }
}

/// The value as serde reads it, where it can; and all that is wrong with it by its schema.
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

/// Adds what the walk of a value has found. Where the schema has found fault with a value, or with
/// something in it, serde says the same of it and says less.
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
