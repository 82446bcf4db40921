//! The three layers over one value, and what they say together.

use std::collections::HashSet;

use serde_json::Value;

use super::effort;
use super::rules::Rules;
use super::schema::violations;
use crate::contract::{
    Checker, Context, Contract, Extract, Failed, Problem, ProblemKind, Problems, excerpt,
    push_segment,
};

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
) -> Result<Result<T, Problems>, Failed> {
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
) -> Result<(Option<T>, Problems), Failed> {
    let context = context.of(value);
    let typed = read_typed::<T>(contract, value, &mut problems);
    if let Some(typed) = &typed {
        problems.extend(Checker::with_context(value, context).guarded(|checker| {
            typed.check(checker);
            for validate in rules.validators() {
                checker.report(validate(typed, context));
            }
        })?);
    }
    // The same words of two layers stand there once.
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    keep_exact(&mut problems);
    Ok((typed, problems.into()))
}

/// Leaves out each problem of the reading that another layer describes, at its place or inside of it or
/// around it: the checks know more of the type.
fn keep_exact(problems: &mut Vec<Problem>) {
    let is_reading = |problem: &Problem| problem.kind == ProblemKind::Reading;
    if !problems.iter().any(is_reading) || problems.iter().all(is_reading) {
        return;
    }
    let others: Vec<String> =
        problems.iter().filter(|one| !is_reading(one)).map(|one| one.pointer.clone()).collect();
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    problems.retain(|one| {
        let is_covered =
            |other: &String| within(&one.pointer, other) || within(other, &one.pointer);
        !is_reading(one) || !others.iter().any(is_covered)
    });
}

/// The value as serde reads it, where it can; and all that is wrong with it by its schema, or else what
/// serde says.
pub(super) fn read_typed<T: Extract>(
    contract: &Contract,
    value: &Value,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    problems.extend(violations(contract, value));
    if !effort::is_readable(contract.schema(), value) {
        if problems.is_empty() {
            let expected = "a value that is nested less deeply in alternatives";
            problems.push(Problem::new(ProblemKind::Type, "", expected, excerpt(value)));
        }
        return None;
    }
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(typed) => Some(typed),
        Err(error) => {
            // Where the schema has spoken, serde stops at the same place and says less.
            if problems.is_empty() {
                problems.push(type_problem(&error, value));
            }
            None
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
