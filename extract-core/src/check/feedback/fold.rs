//! Folds equal problems at several nodes into one, with the list of their pointers.

use std::collections::HashMap;
use std::fmt;

use crate::contract::{Problem, ProblemKind};

/// The number of equal problems from which on they are folded.
const FOLDED_FROM: usize = 4;

/// Limit on the length in bytes of the pointers that a fold lists.
const PLACES: usize = 320;

/// One problem, or several equal problems of list elements.
///
/// Its `Display` is one line:
///
/// ```
/// use extract_core::check::fold;
/// use extract_llm::{Problem, Problems};
///
/// let bad = (0..200).map(|n| Problem::rule(format!("/lines/{n}/price"), "a number").found("\"?\""));
/// let problems: Problems = bad.collect();
/// let folded = fold(&problems);
/// let line = folded[0].to_string();
/// assert!(line.starts_with(r#"/lines/*/price: expected a number, found "?" (200 places: /lines/0/price, "#));
/// assert!(line.ends_with(", …)") && line.len() < 500);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoldedProblem<'a> {
    /// The JSON pointer of the problem; for several, `*` stands in place of the indices.
    pub pattern: String,
    /// The problems in their order, never empty.
    pub problems: Vec<&'a Problem>,
}

/// Folds equal problems if there are four of them or more. Problems are equal if they have the same kind
/// and the same expectation, and their pointers differ in indices only. All others stay alone. The result
/// has the order of the first problem of each group.
pub fn fold<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Vec<FoldedProblem<'a>> {
    let mut groups: Vec<FoldedProblem<'a>> = Vec::new();
    let mut known: HashMap<(String, ProblemKind, &str), usize> = HashMap::new();
    for problem in problems {
        let pattern = pattern(&problem.pointer);
        let key = (pattern.clone(), problem.kind, problem.expected.as_str());
        let index = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.problems.push(problem),
            None => groups.push(FoldedProblem { pattern, problems: vec![problem] }),
        }
    }
    let mut folded = Vec::with_capacity(groups.len());
    for group in groups {
        if group.problems.len() >= FOLDED_FROM {
            folded.push(group);
            continue;
        }
        let alone = |problem: &'a Problem| FoldedProblem {
            pattern: problem.pointer.clone(),
            problems: vec![problem],
        };
        folded.extend(group.problems.into_iter().map(alone));
    }
    folded
}

/// Returns the pointer with `*` for each index.
fn pattern(pointer: &str) -> String {
    let is_index =
        |segment: &str| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    let segments = pointer.split('/').map(|segment| if is_index(segment) { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

impl<'a> FoldedProblem<'a> {
    /// Returns the problem if it is not folded with others; `None` otherwise.
    pub fn alone(&self) -> Option<&'a Problem> {
        match self.problems.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl fmt::Display for FoldedProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, others @ ..] = self.problems.as_slice() else { return Ok(()) };
        if others.is_empty() {
            return write!(f, "{first}");
        }
        let mut all = Problem::clone(first);
        all.pointer.clone_from(&self.pattern);
        if others.iter().any(|other| other.found != first.found) {
            all.found.clear();
        }
        write!(f, "{all} ({} places: ", self.problems.len())?;
        let mut left = PLACES;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            match left.checked_sub(problem.pointer.len() + 2) {
                Some(less) => left = less,
                None => {
                    write!(f, "{separator}…")?;
                    break;
                }
            }
            write!(f, "{separator}{}", problem.pointer)?;
        }
        f.write_str(")")
    }
}
