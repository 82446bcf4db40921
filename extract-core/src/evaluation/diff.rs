//! [`EvaluationDiff`]: what is better or worse than before.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::figures::{Evaluation, Share};
use super::score::{RowScore, Score};

/// The differences between two evaluations: see [`Evaluation::diff`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EvaluationDiff {
    /// The counts of all fields before and after.
    pub total: (Score, Score),
    /// The fields whose F1 changed, and those that only one evaluation has.
    pub fields: Vec<FieldChange>,
    /// The rows whose F1 changed, that became right or wrong, or that failed in one evaluation only. Rows that only
    /// one evaluation has are not among them.
    pub rows: Vec<RowChange>,
    /// The ids of rows that only the earlier evaluation has.
    pub removed_rows: Vec<Value>,
    /// The ids of rows that only the later evaluation has.
    pub added_rows: Vec<Value>,
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScoreChange {
    /// The later evaluation is better.
    Better,
    /// The later evaluation is worse.
    Worse,
    /// Only the later evaluation has it.
    Added,
    /// Only the earlier evaluation has it.
    Removed,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The JSON pointer, with `*` for indexes.
    pub pointer: String,
    /// The direction of its F1.
    pub change: ScoreChange,
    /// The counts of the earlier evaluation.
    pub before: Option<Score>,
    /// The counts of the later evaluation.
    pub after: Option<Score>,
}

/// A row that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RowChange {
    /// The id of the row.
    pub id: Value,
    /// [`ScoreChange::Better`] or [`ScoreChange::Worse`].
    pub change: ScoreChange,
    /// The row in the earlier evaluation.
    pub before: RowScore,
    /// The row in the later evaluation.
    pub after: RowScore,
}

/// # Differences
impl Evaluation {
    /// Returns the fields and rows that are better or worse than in an earlier evaluation. Rows are the same if
    /// their ids are.
    pub fn diff(&self, earlier: &Self) -> EvaluationDiff {
        EvaluationDiff::new(earlier, self)
    }
}

impl EvaluationDiff {
    pub(super) fn new(before: &Evaluation, after: &Evaluation) -> Self {
        let earlier: HashMap<String, &RowScore> =
            before.rows.iter().map(|row| (row.id.to_string(), row)).collect();
        let later: HashMap<String, &RowScore> =
            after.rows.iter().map(|row| (row.id.to_string(), row)).collect();
        let rows = after.rows.iter().filter_map(|row| {
            let before = *earlier.get(&row.id.to_string())?;
            let change = row_change(before, row)?;
            Some(RowChange {
                id: row.id.clone(),
                change,
                before: before.clone(),
                after: row.clone(),
            })
        });
        let only = |of: &Evaluation, other: &HashMap<String, &RowScore>| -> Vec<Value> {
            let rows = of.rows.iter().filter(|row| !other.contains_key(&row.id.to_string()));
            rows.map(|row| row.id.clone()).collect()
        };
        Self {
            total: (before.total, after.total),
            fields: fields(before, after),
            rows: rows.collect(),
            removed_rows: only(before, &later),
            added_rows: only(after, &earlier),
        }
    }

    /// Returns whether all fields together are worse: their F1 is lower.
    pub fn is_worse(&self) -> bool {
        direction(self.total.0.f1(), self.total.1.f1()) == Some(ScoreChange::Worse)
    }
}

fn fields(before: &Evaluation, after: &Evaluation) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for field in &after.fields {
        let earlier = before.field(&field.pointer).map(|field| field.score);
        let change = match earlier {
            None => Some(ScoreChange::Added),
            Some(earlier) => direction(earlier.f1(), field.score.f1()),
        };
        if let Some(change) = change {
            let (pointer, after) = (field.pointer.clone(), Some(field.score));
            changes.push(FieldChange { pointer, change, before: earlier, after });
        }
    }
    for field in before.fields.iter().filter(|field| after.field(&field.pointer).is_none()) {
        changes.push(FieldChange {
            pointer: field.pointer.clone(),
            change: ScoreChange::Removed,
            before: Some(field.score),
            after: None,
        });
    }
    changes
}

/// Returns the direction of a row. A value in place of an error is better, and a right row is better than any other.
fn row_change(before: &RowScore, after: &RowScore) -> Option<ScoreChange> {
    let rank = |row: &RowScore| {
        // Without an expected and a given value, a row is as right as it can be.
        let f1 = row.score.f1().unwrap_or(1.0);
        (row.is_right, f1, row.failure.is_none())
    };
    match rank(after).partial_cmp(&rank(before)) {
        Some(std::cmp::Ordering::Greater) => Some(ScoreChange::Better),
        Some(std::cmp::Ordering::Less) => Some(ScoreChange::Worse),
        _ => None,
    }
}

/// Returns the direction of an F1. One without values is as good as it can be.
fn direction(before: Option<f64>, after: Option<f64>) -> Option<ScoreChange> {
    let (before, after) = (before.unwrap_or(1.0), after.unwrap_or(1.0));
    if after > before {
        Some(ScoreChange::Better)
    } else if after < before {
        Some(ScoreChange::Worse)
    } else {
        None
    }
}

/// Lines for people.
impl fmt::Display for EvaluationDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (self.total.0.f1(), self.total.1.f1());
        write!(f, "F1 of all fields: {} before, {} now", Share(before), Share(after))?;
        for field in &self.fields {
            let figures = |score: Option<Score>| Share(score.and_then(|score| score.f1()));
            let pointer = if field.pointer.is_empty() { "value" } else { &field.pointer };
            let (before, after) = (figures(field.before), figures(field.after));
            match field.change {
                ScoreChange::Better => {
                    write!(f, "\nbetter: {pointer}, {before} before, {after} now")?;
                }
                ScoreChange::Worse => {
                    write!(f, "\nworse: {pointer}, {before} before, {after} now")?;
                }
                ScoreChange::Added => write!(f, "\nnew: {pointer}, {after}")?,
                ScoreChange::Removed => write!(f, "\ngone: {pointer}, {before} before")?,
            }
        }
        for (change, name) in [(ScoreChange::Better, "better"), (ScoreChange::Worse, "worse")] {
            let rows = self.rows.iter().filter(|row| row.change == change);
            let ids: Vec<String> = rows.map(|row| row.id.to_string()).collect();
            list(f, name, &ids)?;
        }
        let ids = |ids: &[Value]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        list(f, "new", &ids(&self.added_rows))?;
        list(f, "gone", &ids(&self.removed_rows))
    }
}

/// Writes the first ids of a list.
fn list(f: &mut fmt::Formatter<'_>, name: &str, ids: &[String]) -> fmt::Result {
    if ids.is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = ids.iter().take(10).map(String::as_str).collect();
    let more = if ids.len() > shown.len() { ", …" } else { "" };
    let rows = if ids.len() == 1 { "row" } else { "rows" };
    write!(f, "\n{} {rows} {name}: {}{more}", ids.len(), shown.join(", "))
}
