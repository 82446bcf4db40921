//! Turns violations of a compiled JSON Schema into [`Problem`]s with pointers.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::union_branch::{Head, MeantBranch, meant_branch};
use crate::contract::{Contract, MISSING, Problem, ProblemKind, excerpt};
use crate::schema::{Bound, push_segment};

/// Collects the problems of a value, and knows the contract for its schemas.
pub(super) struct ViolationReport<'a> {
    contract: &'a Contract,
    pub(super) problems: Vec<Problem>,
}

impl<'a> ViolationReport<'a> {
    /// Creates an empty report on a value of this contract.
    pub(super) fn new(contract: &'a Contract) -> Self {
        Self { contract, problems: Vec::new() }
    }

    /// Adds a problem.
    fn problem(&mut self, pointer: String, expected: String, found: String) {
        self.problems.push(Problem::new(ProblemKind::Schema, pointer, expected, found));
    }

    /// Converts one violation to problems. Its pointers, and those of nested violations, are relative to
    /// the root of the value.
    pub(super) fn describe(&mut self, error: &ValidationError<'_>) {
        let mut pointer = error.instance_path().as_str().to_owned();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                push_segment(&mut pointer, property.as_str().unwrap_or_default());
                self.problem(pointer, String::from(MISSING), String::new());
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    let mut pointer = pointer.clone();
                    push_segment(&mut pointer, name);
                    let value = error.instance().get(name).map_or_else(String::new, excerpt);
                    self.problem(pointer, String::from("no member of this name"), value);
                }
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                self.describe_union(error, context, &pointer);
            }
            kind => {
                let expected = expectation(kind, error.instance());
                self.problem(pointer, expected, excerpt(error.instance()));
            }
        }
    }

    /// Reports a value that names an unknown branch, or lacks the tag.
    pub(super) fn unnamed(
        &mut self,
        pointer: &str,
        value: &Value,
        tag: Option<&str>,
        names: Vec<&str>,
    ) {
        let mut at = pointer.to_owned();
        let found = match tag {
            Some(tag) => {
                push_segment(&mut at, tag);
                value.get(tag)
            }
            None => Some(value),
        };
        let names: Vec<Value> = names.into_iter().map(Value::from).collect();
        let (expected, found) = match found {
            Some(found) => (one_of(&names, found), excerpt(found)),
            None => (format!("{MISSING} ({})", one_of(&names, &Value::Null)), String::new()),
        };
        self.problem(at, expected, found);
    }

    /// Reports a value that fits no branch of a union. Describes the violations of the branch that the
    /// value names; if it names none, those of the branch that is nearer than all others. Otherwise lists
    /// the branches.
    fn describe_union(
        &mut self,
        error: &ValidationError<'_>,
        branches: &[Vec<ValidationError<'static>>],
        pointer: &str,
    ) {
        let tree = self.contract.tree();
        let value = error.instance();
        let schemas = self.contract.branches_at(error.schema_path().as_str());
        let schemas = schemas.filter(|schemas| schemas.len() == branches.len());
        match schemas.map_or(MeantBranch::Unknown, |schemas| meant_branch(tree, schemas, value)) {
            MeantBranch::Branch(index) => {
                if let Some(branch) = branches.get(index).filter(|branch| !branch.is_empty()) {
                    return branch.iter().for_each(|error| self.describe(error));
                }
            }
            MeantBranch::Unnamed { tag, names } => return self.unnamed(pointer, value, tag, names),
            MeantBranch::Unknown => {}
        }
        let mut ranked: Vec<_> =
            branches.iter().map(|branch| (nearness(branch, pointer), branch)).collect();
        ranked.sort_by_key(|(nearness, _)| *nearness);
        let nearest = match ranked.as_slice() {
            [(best, branch)] if best.0 == 0 => Some(*branch),
            [(best, branch), (next, _), ..] if best.0 == 0 && best < next => Some(*branch),
            _ => None,
        };
        if let Some(branch) = nearest {
            return branch.iter().for_each(|error| self.describe(error));
        }
        let heads = schemas.map(|all| all.iter().map(|&branch| Head::of(tree, branch)).collect());
        let expected = alternatives(branches, heads.unwrap_or_default(), pointer, value);
        self.problem(pointer.to_owned(), expected, excerpt(value));
    }
}

/// Describes the branches of a union: first the names of those that have one, then the first violation of
/// the others.
fn alternatives(
    branches: &[Vec<ValidationError<'static>>],
    heads: Vec<Head<'_>>,
    pointer: &str,
    value: &Value,
) -> String {
    let mut names: Vec<Value> = Vec::new();
    let mut expected: Vec<String> = Vec::new();
    let mut heads = heads.into_iter();
    for branch in branches {
        let head = heads.next().unwrap_or_default();
        names.extend(head.names.iter().map(|name| Value::from(*name)));
        let member = |key: &str| format!("an object with the member {}", Value::from(key));
        let mut text: Vec<String> = head.keys.iter().map(|key| member(key)).collect();
        if let (true, true, Some(first)) = (head.names.is_empty(), text.is_empty(), branch.first())
        {
            let mut said = match first.kind() {
                ValidationErrorKind::Required { property } => {
                    member(property.as_str().unwrap_or_default())
                }
                kind => expectation(kind, first.instance()),
            };
            let at = first.instance_path().as_str();
            let at = at.strip_prefix(pointer).unwrap_or(at);
            if !at.is_empty() {
                said = format!("{said} at {at}");
            }
            text.push(said);
        }
        for text in text {
            if !expected.contains(&text) {
                expected.push(text);
            }
        }
    }
    if expected.is_empty() {
        return one_of(&names, value);
    }
    if !names.is_empty() {
        expected.insert(0, one_of(&names, value));
    }
    match expected.as_slice() {
        [only] => only.clone(),
        several => format!("one of: {}", several.join("; or ")),
    }
}

/// The number of values up to which they are listed in full.
const LISTED: usize = 20;

/// The number of values that are listed otherwise: those with the nearest spelling.
const NAMED: usize = 3;

/// The number of characters of a text that its spelling is compared by.
const SPELLING: usize = 100;

/// Describes a list of values, for a value that is none of them.
fn one_of(options: &[Value], found: &Value) -> String {
    let list = |some: &[&Value]| {
        let names: Vec<String> = some.iter().map(|option| excerpt(option)).collect();
        names.join(", ")
    };
    let mut some: Vec<&Value> = options.iter().collect();
    if let [only] = options {
        return excerpt(only);
    }
    if options.len() <= LISTED {
        return format!("one of {}", list(&some));
    }
    let Some(text) = found.as_str() else {
        return format!(
            "one of {} values, such as {}",
            options.len(),
            list(some.get(..NAMED).unwrap_or(&some))
        );
    };
    let spelling = |text: &str| text.chars().take(SPELLING).collect::<String>().to_lowercase();
    let text = spelling(text);
    some.sort_by_cached_key(|option| {
        option.as_str().map_or(usize::MAX, |name| strsim::levenshtein(&spelling(name), &text))
    });
    format!("one of {} values, nearest {}", options.len(), list(some.get(..NAMED).unwrap_or(&some)))
}

/// Returns the distance of a value from a branch: smaller is nearer. An error deep inside shows that the
/// value matches the branch down to there; an error at the root shows that it belongs to another branch.
/// A nested union has the distance of its nearest branch.
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

/// Whether the error is a tag of another branch: a member that must be one constant.
fn is_tag_mismatch(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Constant { .. })
}

/// Describes the values that a keyword allows.
fn expectation(kind: &ValidationErrorKind, found: &Value) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind: TypeKind::Single(one) } => type_name(one.as_str()).to_owned(),
        Kind::Type { kind: TypeKind::Multiple(several) } => {
            let names: Vec<&str> = several.iter().map(|one| type_name(one.as_str())).collect();
            names.join(" or ")
        }
        Kind::Enum { options } => match options.as_array() {
            Some(options) => one_of(options, found),
            None => String::from("one of the listed values"),
        },
        Kind::Constant { expected_value } => excerpt(expected_value),
        Kind::Minimum { limit } => Bound::Least.describe(limit),
        Kind::Maximum { limit } => Bound::Most.describe(limit),
        Kind::ExclusiveMinimum { limit } => Bound::Above.describe(limit),
        Kind::ExclusiveMaximum { limit } => Bound::Below.describe(limit),
        Kind::MultipleOf { multiple_of } => Bound::Multiple.describe(multiple_of),
        Kind::MinLength { limit } => {
            format!("a text of {}", Bound::Least.describe_count(*limit, "character"))
        }
        Kind::MaxLength { limit } => {
            format!("a text of {}", Bound::Most.describe_count(*limit, "character"))
        }
        Kind::MinItems { limit } => Bound::Least.describe_count(*limit, "element"),
        Kind::MaxItems { limit } => Bound::Most.describe_count(*limit, "element"),
        Kind::AdditionalItems { limit } => Bound::Most.describe_count(*limit as u64, "element"),
        Kind::MinProperties { limit } => Bound::Least.describe_count(*limit, "member"),
        Kind::MaxProperties { limit } => Bound::Most.describe_count(*limit, "member"),
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
        // The message of a custom keyword describes the expectation already.
        Kind::Custom { message, .. } => message.clone(),
        other => format!("a value that fits `{}`", other.keyword()),
    }
}

/// Returns the English name of a JSON type.
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
