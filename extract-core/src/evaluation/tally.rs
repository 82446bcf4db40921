//! [`Tally`]: counts the fields of rows.

use std::collections::HashMap;

use serde_json::Value;

use super::error::EvaluationError;
use super::place::Place;
use super::rules::Compare;
use super::score::{Confusion, FieldScore, Mismatch, RowScore, Score};
use super::walk::{self, Leaf, MOST_STEPS};

/// The longest text that is kept of a value, in bytes.
const LONGEST: usize = 2_000;

/// Counts the fields of rows.
pub(super) struct Tally<'r> {
    rules: &'r Compare,
    examples: usize,
    fields: HashMap<String, Counts>,
    /// The names of fields in the order in which they were met.
    order: Vec<String>,
    rows: Vec<RowScore>,
}

#[derive(Default)]
struct Counts {
    score: Score,
    confusion: HashMap<(Option<String>, Option<String>), Confusion>,
    mismatches: Vec<Mismatch>,
}

impl<'r> Tally<'r> {
    pub(super) fn new(rules: &'r Compare, examples: usize) -> Self {
        let (fields, order, rows) = (HashMap::new(), Vec::new(), Vec::new());
        Self { rules, examples, fields, order, rows }
    }

    /// Counts a row. It has a value, or the text of its error.
    pub(super) fn add(
        &mut self,
        root: &Place<'_>,
        id: &Value,
        expected: &Value,
        given: Result<&Value, String>,
    ) -> Result<(), EvaluationError> {
        let mut score = Score::default();
        let (value, failure) = match given {
            Ok(value) => (Some(value), None),
            Err(failure) => (None, Some(failure)),
        };
        walk::compare(self.rules, MOST_STEPS, root, (expected, value), &mut |leaf| {
            score.add(score_of(&leaf));
            self.count(id, &leaf);
        })
        .map_err(|_| EvaluationError::TooCostly { row: id.to_string() })?;
        let is_right =
            failure.is_none() && score.matched == score.expected && score.matched == score.given;
        self.rows.push(RowScore { id: id.clone(), score, is_right, failure });
        Ok(())
    }

    fn count(&mut self, id: &Value, leaf: &Leaf<'_>) {
        if !self.fields.contains_key(leaf.field) {
            self.order.push(leaf.field.to_owned());
        }
        let counts = self.fields.entry(leaf.field.to_owned()).or_default();
        counts.score.add(score_of(leaf));
        if leaf.is_label {
            let text = |value: Option<&Value>| value.map(ToString::to_string);
            let entry = counts.confusion.entry((text(leaf.expected), text(leaf.given)));
            let (expected, given) = (leaf.expected.cloned(), leaf.given.cloned());
            entry.or_insert(Confusion { expected, given, count: 0 }).count += 1;
        }
        if !leaf.is_equal && counts.mismatches.len() < self.examples {
            counts.mismatches.push(Mismatch {
                row: id.clone(),
                pointer: leaf.pointer.to_owned(),
                expected: leaf.expected.map(kept),
                given: leaf.given.map(kept),
            });
        }
    }

    /// Returns the fields, by pointer as far as they were met in that order, and the rows.
    pub(super) fn finish(mut self) -> (Vec<FieldScore>, Vec<RowScore>) {
        let mut fields = Vec::with_capacity(self.order.len());
        for pointer in self.order {
            let Some(counts) = self.fields.remove(&pointer) else { continue };
            let mut confusion: Vec<(_, Confusion)> = counts.confusion.into_iter().collect();
            confusion.sort_by(|(left_key, left), (right_key, right)| {
                right.count.cmp(&left.count).then_with(|| left_key.cmp(right_key))
            });
            fields.push(FieldScore {
                pointer,
                score: counts.score,
                confusion: confusion.into_iter().map(|(_, entry)| entry).collect(),
                mismatches: counts.mismatches,
            });
        }
        (fields, self.rows)
    }
}

fn score_of(leaf: &Leaf<'_>) -> Score {
    Score {
        expected: u64::from(leaf.expected.is_some()),
        given: u64::from(leaf.given.is_some()),
        matched: u64::from(leaf.is_equal),
    }
}

/// Returns a value; of a long text, its start.
fn kept(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONGEST => {
            let end = (0..=LONGEST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            Value::String(format!("{}…", text.get(..end).unwrap_or_default()))
        }
        value => value.clone(),
    }
}
