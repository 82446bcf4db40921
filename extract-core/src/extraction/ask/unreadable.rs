//! Problems of replies that hold no readable value.

use crate::contract::{Problem, ProblemKind};

/// Returns the problem of a call of a tool that was not offered.
pub(super) fn other_call(offered: &str, found: &str) -> Problem {
    let expected = format!("a call of one of the tools {offered}");
    Problem::new(ProblemKind::Unreadable, "", expected, format!("a call of {found}"))
}

/// Returns the problem of a reply without a readable value.
pub(super) fn unreadable_problem(found: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unreadable, "", "a JSON value", found)
}
