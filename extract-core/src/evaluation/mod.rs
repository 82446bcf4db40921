//! Golden rows against a model, a prompt and a type: precision and recall by field, confusion tables, examples of
//! mismatches, and the differences of two runs. It stands above [`pipeline`](crate::pipeline), whose runs it uses.

mod diff;
mod equal;
mod error;
mod evaluate;
mod figures;
mod golden;
mod moment;
mod page;
mod place;
mod rules;
mod score;
mod tally;
#[cfg(test)]
mod tests;
mod walk;

pub use diff::{EvaluationDiff, FieldChange, RowChange, ScoreChange};
pub use error::{BelowThreshold, EvaluationError};
pub use evaluate::Evaluate;
pub use figures::Evaluation;
pub use golden::{Golden, GoldenError};
pub use rules::Compare;
pub use score::{Confusion, FieldScore, Mismatch, RowScore, Score};
