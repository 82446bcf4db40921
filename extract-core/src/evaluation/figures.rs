//! [`Evaluation`]: how well answers match the expected values.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{BelowThreshold, EvaluationError};
use super::golden::check_expected;
use super::place::Place;
use super::rules::Compare;
use super::score::{FieldScore, RowScore, Score};
use super::tally::Tally;
use crate::contract::Contract;
use crate::conversation::{Usage, Usd};

/// The match of answers with the expected values: by field, by row and as a whole. It is written as JSON and read
/// again with serde, for a later [`diff`](Self::diff).
///
/// A value counts once for each of its fields; a field of a list counts once for each element. A row that failed
/// counts with all its expected values, which are missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The name of the type, or of the contract.
    pub type_name: String,
    /// The counts of all fields together.
    pub total: Score,
    /// The figures of each field, in the order of the type.
    pub fields: Vec<FieldScore>,
    /// The figures of each row, in the order of the golden rows.
    pub rows: Vec<RowScore>,
    /// The requests that were sent for this evaluation.
    pub requests: u64,
    /// The tokens of these requests.
    pub usage: Usage,
    /// Their cost; `None` if a price is not known.
    pub cost: Option<Usd>,
}

/// The most mismatches of a field that are kept.
pub(super) const EXAMPLES: usize = 20;

impl Evaluation {
    /// Compares values that are there already, such as those of an earlier program. Nothing is sent.
    ///
    /// Each row has an id, the expected value, and the given value or `None` if there is none.
    ///
    /// Fails if a rule or an expected value does not fit the contract, and if lists are too long to be compared.
    ///
    /// ```
    /// use extract_llm::contract::Contract;
    /// use extract_llm::evaluation::{Compare, Evaluation};
    /// use serde_json::json;
    ///
    /// let contract = Contract::of::<Vec<u8>>()?;
    /// let rows = [("a", json!([1, 2, 3]), Some(json!([3, 2, 5, 6])))];
    /// let evaluation = Evaluation::of(&contract, &Compare::new(), rows)?;
    /// assert_eq!(evaluation.total.precision(), Some(0.5)); // 2 of 4
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<K: Into<Value>>(
        contract: &Contract,
        compare: &Compare,
        rows: impl IntoIterator<Item = (K, Value, Option<Value>)>,
    ) -> Result<Self, EvaluationError> {
        let root = Place::new(contract.tree(), contract.node());
        compare.check(&root)?;
        let mut tally = Tally::new(compare, EXAMPLES);
        for (id, expected, given) in rows {
            let id = id.into();
            check_expected(compare, &root, &id, &expected)?;
            let given = given.as_ref().ok_or_else(|| "no value".to_owned());
            tally.add(&root, &id, &expected, given)?;
        }
        Ok(Self::new(contract.name(), tally))
    }

    pub(super) fn new(type_name: &str, tally: Tally<'_>) -> Self {
        let (fields, rows) = tally.finish();
        let mut total = Score::default();
        fields.iter().for_each(|field| total.add(field.score));
        Self {
            type_name: type_name.to_owned(),
            total,
            fields,
            rows,
            requests: 0,
            usage: Usage::default(),
            cost: Some(Usd::default()),
        }
    }

    /// Returns the number of rows whose whole value is right.
    pub fn right_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.is_right).count()
    }

    /// Returns the number of rows that have no value.
    pub fn failed_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.failure.is_some()).count()
    }

    /// Returns the figures of a field, by its pointer with `*` for indexes. `None` if no row has a value of it.
    pub fn field(&self, pointer: &str) -> Option<&FieldScore> {
        self.fields.iter().find(|field| field.pointer == pointer)
    }

    /// Fails if the F1 of all fields together is below a threshold from 0 to 1, or if there is no value at all.
    ///
    /// ```
    /// # use extract_llm::contract::Contract;
    /// # use extract_llm::evaluation::{Compare, Evaluation};
    /// # use serde_json::json;
    /// # let contract = Contract::of::<Vec<u8>>()?;
    /// # let rows = [("a", json!([1, 2, 3]), Some(json!([3, 2, 5, 6])))];
    /// # let evaluation = Evaluation::of(&contract, &Compare::new(), rows)?;
    /// let error = evaluation.require(0.9).unwrap_err();
    /// assert_eq!(error.to_string(), "all fields: expected an F1 of at least 0.9, found 0.5714");
    /// assert!(evaluation.require_field("/*", 0.5).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require(&self, least: f64) -> Result<(), BelowThreshold> {
        required(None, self.total.f1(), least)
    }

    /// Fails if the F1 of a field is below a threshold from 0 to 1, or if no row has a value of it.
    pub fn require_field(&self, pointer: &str, least: f64) -> Result<(), BelowThreshold> {
        let f1 = self.field(pointer).and_then(|field| field.score.f1());
        required(Some(pointer), f1, least)
    }
}

fn required(pointer: Option<&str>, f1: Option<f64>, least: f64) -> Result<(), BelowThreshold> {
    match f1 {
        Some(f1) if f1 >= least => Ok(()),
        f1 => Err(BelowThreshold { pointer: pointer.map(str::to_owned), f1, least }),
    }
}

/// A table for people: a line for each field.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} rows are right, {} failed",
            self.right_rows(),
            self.rows.len(),
            self.failed_rows()
        )?;
        let width = self.fields.iter().map(|field| field.pointer.chars().count()).max();
        let width = width.unwrap_or(0).clamp(10, 60);
        write!(f, "{:width$}  expected  given  matched  precision  recall     F1", "field")?;
        for (pointer, score) in self
            .fields
            .iter()
            .map(|field| (field.pointer.as_str(), &field.score))
            .chain([("all fields", &self.total)])
        {
            let pointer = if pointer.is_empty() { "value" } else { pointer };
            write!(
                f,
                "\n{pointer:width$}  {:>8}  {:>5}  {:>7}  {:>9}  {:>6}  {:>5}",
                score.expected,
                score.given,
                score.matched,
                Share(score.precision()),
                Share(score.recall()),
                Share(score.f1()),
            )?;
        }
        Ok(())
    }
}

/// A share with three decimals. Only all is 1.
pub(super) struct Share(pub(super) Option<f64>);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            None => "–".to_owned(),
            Some(share) if share < 1.0 => format!("{:.3}", share.min(0.999)),
            Some(share) => format!("{share:.3}"),
        };
        f.pad(&text)
    }
}
