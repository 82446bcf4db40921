//! The figures of an evaluation: by field and by row.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// Counts of values, with precision, recall and F1. Each is a share from 0 to 1.
///
/// As JSON, it has the counts and the three shares.
///
/// ```
/// use extract_llm::evaluation::Score;
///
/// let score: Score = serde_json::from_str(r#"{"expected": 4, "given": 5, "matched": 3}"#)?;
/// assert_eq!(score.precision(), Some(0.6));
/// assert_eq!(score.recall(), Some(0.75));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// The values of the golden rows.
    pub expected: u64,
    /// The values of the answers.
    pub given: u64,
    /// The values of the answers that equal the expected ones.
    pub matched: u64,
}

impl Score {
    /// Returns the share of the given values that are right. `None` if no value was given.
    pub fn precision(&self) -> Option<f64> {
        share(self.matched, self.given)
    }

    /// Returns the share of the expected values that were given. `None` if no value was expected.
    pub fn recall(&self) -> Option<f64> {
        share(self.matched, self.expected)
    }

    /// Returns the harmonic mean of precision and recall. `None` if no value was expected and none given.
    pub fn f1(&self) -> Option<f64> {
        share(self.matched.saturating_mul(2), self.expected.saturating_add(self.given))
    }

    pub(super) fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.given += other.given;
        self.matched += other.matched;
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct WithShares {
            expected: u64,
            given: u64,
            matched: u64,
            precision: Option<f64>,
            recall: Option<f64>,
            f1: Option<f64>,
        }
        let &Self { expected, given, matched } = self;
        let (precision, recall, f1) = (self.precision(), self.recall(), self.f1());
        WithShares { expected, given, matched, precision, recall, f1 }.serialize(serializer)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of values")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The figures of one field over all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldScore {
    /// The JSON pointer of the field, with `*` for indexes and for keys of maps.
    pub pointer: String,
    /// The counts.
    pub score: Score,
    /// For enums, booleans and the names of variants: how often which value was given in place of which, the
    /// most frequent first. Empty for other fields.
    pub confusion: Vec<Confusion>,
    /// Values that are wrong, missing or too many: the first ones, at most as many as
    /// [`examples`](super::Evaluate::examples) says.
    pub mismatches: Vec<Mismatch>,
}

/// An entry of a confusion table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confusion {
    /// The expected value; `None` if none was expected.
    pub expected: Option<Value>,
    /// The given value; `None` if none was given.
    pub given: Option<Value>,
    /// The number of times.
    pub count: u64,
}

/// A value that is not the expected one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Mismatch {
    /// The id of the row.
    pub row: Value,
    /// The JSON pointer in the answer, or in the expected value if the answer has none.
    pub pointer: String,
    /// The expected value; `None` if none was expected.
    pub expected: Option<Value>,
    /// The given value; `None` if none was given.
    pub given: Option<Value>,
}

/// The figures of one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RowScore {
    /// The id of the row.
    pub id: Value,
    /// The counts of its fields.
    pub score: Score,
    /// Whether the whole value is right.
    pub is_right: bool,
    /// The error, if the row has no value. Its expected values count as missing.
    pub failure: Option<String>,
}
