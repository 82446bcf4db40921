//! [`EvaluationError`] and [`BelowThreshold`].

use std::fmt;

use crate::contract::ContractError;
use crate::pipeline::RunError;

/// The reason why an evaluation has no result. A row that fails is no such error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The type has no contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// A setting of [`Compare`](super::Compare) does not fit the type. Nothing was sent.
    #[error("the rule for `{pointer}` does not fit: {message}")]
    Rule {
        /// The pointer of the setting.
        pointer: String,
        /// The reason.
        message: String,
    },
    /// An expected value does not fit the type. Nothing was sent.
    #[error(
        "the expected value of row {row} does not fit the type: `{pointer}`: expected {expected}, found {found}"
    )]
    Expected {
        /// The id of the row, as JSON.
        row: String,
        /// The JSON pointer in the expected value.
        pointer: String,
        /// The values that the type allows.
        expected: String,
        /// The start of the value.
        found: String,
    },
    /// The comparison of a row takes too many steps. It compares the elements of long lists each with each.
    #[error(
        "the lists of row {row} are too long to be compared without a key: name one with `Compare::key`, or \
         compare by position with `Compare::in_order`"
    )]
    TooCostly {
        /// The id of the row, as JSON.
        row: String,
    },
    /// The run stopped before its end.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// An evaluation that does not reach a threshold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct BelowThreshold {
    /// The JSON pointer of the field, with `*` for indexes; `None` for all fields together.
    pub pointer: Option<String>,
    /// The F1, from 0 to 1; `None` if there is no such field, or no value of it.
    pub f1: Option<f64>,
    /// The threshold.
    pub least: f64,
}

impl fmt::Display for BelowThreshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.pointer.as_deref().unwrap_or("all fields");
        match self.f1 {
            Some(f1) => {
                write!(f, "{name}: expected an F1 of at least {}, found {f1:.4}", self.least)
            }
            None => write!(
                f,
                "{name}: expected an F1 of at least {}, found no value, neither expected nor given",
                self.least
            ),
        }
    }
}
