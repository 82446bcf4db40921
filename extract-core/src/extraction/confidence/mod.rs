//! Confidence by field: the probability of the tokens that a value was read from, or the share of samples that
//! agree on it.

mod choice;
mod fields;
mod plan;
mod settings;
mod tokens;
mod weigh;

use serde::{Deserialize, Serialize};

pub use self::fields::Confidences;
pub(in crate::extraction) use self::plan::{LOGPROBS, LogprobPlan};
pub(in crate::extraction) use self::weigh::{Known, Weighed, adopt};

/// The source of a [`Confidence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConfidenceSource {
    /// The log-probabilities of the tokens, which the server reports:
    /// [`confidence`](crate::Extraction::confidence).
    #[default]
    LogProbabilities,
    /// The share of the samples that hold the value: [`agree`](crate::Extraction::agree).
    Agreement,
}

/// The confidence in a value.
///
/// It tells how sure the model was of what it wrote, not whether that is true. Figures of different models are
/// not comparable.
///
/// ```
/// # use extract_llm::Report;
/// # fn show(done: &Report<f64>) {
/// match done.confidence("") {
///     Some(confidence) if confidence.least < 0.5 => println!("look at this: {}", done.value),
///     Some(confidence) => println!("{}, at {:.2}", done.value, confidence.mean),
///     None => println!("{}, of unknown confidence", done.value),
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confidence {
    /// From log-probabilities: the geometric mean of the probabilities of the value's own tokens, from 0 to 1.
    /// From samples: the share that agrees; for a value with several fields, the mean of their shares.
    pub mean: f64,
    /// The probability of the least probable of these tokens, or the smallest share. From 0 to 1.
    pub least: f64,
    /// The number of these tokens. 0 if the schema permits only this value, whose confidence is then 1, and
    /// for shares of samples.
    pub tokens: usize,
    /// The source of the figures.
    #[serde(default)]
    pub source: ConfidenceSource,
}

/// A value whose confidence is below the limit that [`doubt_below`](crate::Extraction::doubt_below) sets.
///
/// ```
/// # use extract_llm::Report;
/// # fn show(done: &Report<Vec<String>>) {
/// for doubt in &done.ledger.doubts {
///     println!("{}: {:.2}", doubt.pointer, doubt.confidence.mean);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Doubt {
    /// The JSON pointer of a value without values inside it.
    pub pointer: String,
    /// Its confidence.
    pub confidence: Confidence,
}
