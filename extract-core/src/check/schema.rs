//! The compiled JSON Schema against a value: every violation becomes a [`Problem`] with its pointer.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::effort;
use crate::contract::{Contract, Problem, ProblemKind, Problems, excerpt, push_segment};

/// The most problems that are collected from one value: a list of a million bad elements is
/// described as well by its first thousand.
const MOST: usize = 1000;

/// All violations of a contract's schema by a value, each with its place.
///
/// ```
/// use extract_core::check::violations;
/// use extract_core::contract::Contract;
/// use serde_json::json;
///
/// let contract = Contract::of::<Vec<u8>>()?;
/// let problems = violations(&contract, &json!([7, 300, "x"]));
/// assert_eq!(
///     problems.to_string(),
///     r#"/1: expected at most 255, found 300; /2: expected an integer, found "x""#
/// );
/// # Ok::<(), extract_core::contract::ContractError>(())
/// ```
pub fn violations(contract: &Contract, value: &Value) -> Problems {
    // Whether it fits is found out faster than why it does not, and most values fit.
    if contract.validator().is_valid(value) {
        return Problems::new();
    }
    if !effort::is_tellable(contract.schema(), value) {
        let expected = String::from(
            "a value that fits the schema; this one is nested too deeply in alternatives to say \
             where it does not",
        );
        return Problem::new(ProblemKind::Schema, "", expected, excerpt(value)).into();
    }
    let mut problems = Vec::new();
    for error in contract.validator().iter_errors(value).take(MOST) {
        describe(&error, &mut problems);
    }
    problems.into()
}

/// Turns one violation into problems. Its path, and those of the violations inside of it, begin at the
/// root of the value.
fn describe(error: &ValidationError<'_>, problems: &mut Vec<Problem>) {
    let mut pointer = error.instance_path().as_str().to_owned();
    let found = excerpt(error.instance());
    let mut problem = |pointer: String, expected: String, found: String| {
        problems.push(Problem::new(ProblemKind::Schema, pointer, expected, found));
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            push_segment(&mut pointer, name);
            problem(
                pointer,
                String::from("a value, because it is required"),
                String::from("nothing"),
            );
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                let mut pointer = pointer.clone();
                push_segment(&mut pointer, name);
                let value = error.instance().get(name).map_or_else(String::new, excerpt);
                problem(pointer, String::from("no member of this name"), value);
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            describe_union(context, &pointer, &found, problems);
        }
        kind => problem(pointer, expectation(kind), found),
    }
}

/// A union that no branch of fits. The branch that came nearest is the one the model meant, if it
/// is nearer than all others: then its problems are the ones to tell.
fn describe_union(
    branches: &[Vec<ValidationError<'static>>],
    pointer: &str,
    found: &str,
    problems: &mut Vec<Problem>,
) {
    let mut ranked: Vec<_> =
        branches.iter().map(|branch| (nearness(branch, pointer), branch)).collect();
    ranked.sort_by_key(|(nearness, _)| *nearness);
    let nearest = match ranked.as_slice() {
        [(best, branch)] if best.0 == 0 => Some(*branch),
        [(best, branch), (next, _), ..] if best.0 == 0 && best < next => Some(*branch),
        _ => None,
    };
    if let Some(branch) = nearest {
        for error in branch {
            describe(error, problems);
        }
        return;
    }
    let mut expected: Vec<String> = Vec::new();
    for branch in branches {
        let Some(first) = branch.first() else { continue };
        let mut words = match first.kind() {
            ValidationErrorKind::Required { property } => {
                format!("an object with the member {property}")
            }
            kind => expectation(kind),
        };
        let at = first.instance_path().as_str();
        let at = at.strip_prefix(pointer).unwrap_or(at);
        if !at.is_empty() {
            words = format!("{words} at {at}");
        }
        if !expected.contains(&words) {
            expected.push(words);
        }
    }
    let expected = format!("one of: {}", expected.join("; or "));
    problems.push(Problem::new(ProblemKind::Schema, pointer, expected, found));
}

/// How far a value is from a branch, less being nearer. An error deep inside of a branch says that the
/// branch was right down to there; an error at its root says that it is another branch's value. A
/// union in the branch is as near as the nearest of its own.
fn nearness(branch: &[ValidationError<'static>], pointer: &str) -> (usize, usize) {
    let misses = |error: &ValidationError<'static>| match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }
            if error.instance_path().as_str() == pointer =>
        {
            let inside = context.iter().map(|branch| nearness(branch, pointer).0);
            inside.min().unwrap_or(1)
        }
        ValidationErrorKind::Required { .. } => 0,
        _ => usize::from(error.instance_path().as_str() == pointer || is_tag_mismatch(error)),
    };
    (branch.iter().map(misses).sum(), branch.len())
}

/// Whether the error is a tag (a member that must be one constant) of another branch.
fn is_tag_mismatch(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Constant { .. })
}

/// What a keyword asks for, in words.
fn expectation(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind: TypeKind::Single(one) } => type_name(one.as_str()).to_owned(),
        Kind::Type { kind: TypeKind::Multiple(several) } => {
            let names: Vec<&str> = several.iter().map(|one| type_name(one.as_str())).collect();
            names.join(" or ")
        }
        Kind::Enum { options } => match options.as_array() {
            Some(options) => {
                let options: Vec<String> = options.iter().map(excerpt).collect();
                format!("one of {}", options.join(", "))
            }
            None => String::from("one of the listed values"),
        },
        Kind::Constant { expected_value } => excerpt(expected_value),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("a text of at least {}", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("a text of at most {}", count(*limit, "character")),
        Kind::MinItems { limit } => format!("at least {}", count(*limit, "element")),
        Kind::MaxItems { limit } => format!("at most {}", count(*limit, "element")),
        Kind::AdditionalItems { limit } => {
            format!("no more than {}", count(*limit as u64, "element"))
        }
        Kind::MinProperties { limit } => format!("at least {}", count(*limit, "member")),
        Kind::MaxProperties { limit } => format!("at most {}", count(*limit, "member")),
        Kind::UniqueItems => String::from("elements that differ from each other"),
        Kind::Pattern { pattern } => format!("a text that matches the pattern {pattern}"),
        Kind::Format { format } => format!("a text in the format {format}"),
        Kind::Contains => String::from("an element of the kind that must be among them"),
        Kind::PropertyNames { error } => format!("other member names ({error})"),
        Kind::OneOfMultipleValid { .. } => {
            String::from("a value that fits exactly one of the alternatives")
        }
        Kind::Not { .. } => String::from("another value: this one is excluded"),
        Kind::FalseSchema => String::from("nothing here"),
        other => format!("a value that fits `{}`", other.keyword()),
    }
}

fn type_name(name: &str) -> &str {
    match name {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "an array",
        "object" => "an object",
        other => other,
    }
}

fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
