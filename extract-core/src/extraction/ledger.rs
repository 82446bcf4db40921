//! The ledger: the request, the reply and the cost of each attempt. A [`Report`] and an
//! [`Error`](super::Error) carry the same data.

use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bad_items::BadItem;
use super::withdrawn::Withdrawn;
use crate::contract::{MOST_SHOWN, Problem};
use crate::conversation::{Mode, StopReason, Usage, Usd};
use crate::reading::Repair;

/// The outcome of an [`Attempt`].
///
/// ```
/// use extract_llm::extraction::Outcome;
///
/// assert_eq!(Outcome::Truncated.to_string(), "truncated");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The value passed all checks.
    Accepted,
    /// The model called user tools.
    Called,
    /// The value failed its checks.
    Rejected,
    /// A check of the value failed itself.
    Unchecked,
    /// The model refused to answer.
    Refused,
    /// The provider's content filter stopped the reply.
    Filtered,
    /// The reply was cut off at its token limit.
    Truncated,
    /// The request got no reply.
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Called => "called tools",
            Self::Rejected => "rejected",
            Self::Unchecked => "not checked",
            Self::Refused => "refused",
            Self::Filtered => "filtered",
            Self::Truncated => "truncated",
            Self::Failed => "no reply",
        })
    }
}

/// One request and its outcome. Its `Display` is one line for a log, followed by a line for each of the
/// first ten problems. It can be serialized for a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// The number of the attempt, from 1.
    pub number: u32,
    /// The address of the model: `provider/model`.
    pub address: String,
    /// The mode of the request.
    pub mode: Mode,
    /// The JSON pointers of the parts that were re-asked; empty for the whole value.
    pub parts: Vec<String>,
    /// The name of the model that answered, if the provider reports it.
    pub model: Option<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason why the reply ended, if there was a reply.
    pub stop: Option<StopReason>,
    /// The reply as it was written: its text, or the arguments of its tool calls. Empty if there was no
    /// reply.
    pub reply: String,
    /// The repairs that were needed to read the reply.
    pub repairs: Vec<Repair>,
    /// The problems of the value.
    pub problems: Vec<Problem>,
    /// The tokens, if the provider reports them.
    pub usage: Option<Usage>,
    /// The cost, if the provider reports it or the client has prices.
    pub cost: Option<Usd>,
    /// The time from the request to the end of the reply, or to the interruption.
    pub latency: Duration,
    /// The part of the latency spent on waits before transport retries.
    pub waited: Duration,
    /// The provider's id of the request, if there is one.
    pub request_id: Option<String>,
    /// The number of transport retries.
    pub transport_retries: u32,
    /// The text of the error, if there was no reply.
    pub error: Option<String>,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "attempt {} ({}): {} after {:.1?}, asked {}",
            self.number, self.mode, self.outcome, self.latency, self.address
        )?;
        match self.parts.as_slice() {
            [] => {}
            [one] => write!(f, ", of {one} alone")?,
            [first, ..] => write!(f, ", of {first} and other parts, {} in all", self.parts.len())?,
        }
        if let Some(usage) = &self.usage {
            write!(f, ", {} tokens in, {} out", usage.input_tokens, usage.output_tokens)?;
        }
        if self.transport_retries > 0 {
            write!(f, ", sent {} times", self.transport_retries.saturating_add(1))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request {id}")?;
        }
        if let Some(error) = &self.error {
            write!(f, ": {error}")?;
        }
        for problem in self.problems.iter().take(MOST_SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        match self.problems.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// All attempts of one extraction. Its `Display` is suited for a log entry about a failure.
///
/// ```
/// use extract_llm::model::{Scripted, scripted::reply};
/// use extract_llm::Client;
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let model = Scripted::new([reply::tool(json!({"value": "many"}))]);
/// let error = Client::with_model(model).extract::<u8>("How many?").validation_retries(0).await.unwrap_err();
///
/// let ledger = error.ledger();
/// assert!(ledger.to_string().starts_with("attempt 1 (tools): rejected after"));
/// assert!(ledger.to_string().ends_with(r#"(the whole value): expected an integer, found "many""#));
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Ledger {
    /// The attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// The requests of checks by a model: see [`llm_check`](crate::llm_check).
    pub judgements: Vec<Attempt>,
    /// Deviations from the settings in English, such as a different mode or dialect.
    pub notes: Vec<String>,
    /// The elements that were removed from a list: see [`bad_items`](crate::Extraction::bad_items).
    pub left_out: Vec<BadItem>,
    /// The time from the call to its end.
    pub elapsed: Duration,
}

impl Ledger {
    /// Returns the tokens of all attempts and judgements. A reply with unknown usage counts as 0.
    pub fn usage(&self) -> Usage {
        let mut total = Usage::default();
        self.all().filter_map(|attempt| attempt.usage).for_each(|usage| total += usage);
        total
    }

    /// Returns all requests, those of checks last.
    fn all(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().chain(&self.judgements)
    }

    /// Returns the tokens of all attempts and judgements, or `None` if the usage of any reply is not
    /// known.
    pub fn known_usage(&self) -> Option<Usage> {
        sum(self.all(), |attempt| attempt.usage)
    }

    /// Returns the cost of all attempts and judgements, or `None` if the cost of any reply is not known.
    pub fn cost(&self) -> Option<Usd> {
        sum(self.all(), |attempt| attempt.cost)
    }

    /// Returns the provider's ids of all attempts, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }

    /// Adds a note about the latest attempt.
    pub(super) fn note_attempt(&mut self, note: &str) {
        self.notes.push(format!("attempt {}: {note}", self.attempts.len()));
    }
}

/// Returns the sum over attempts, or `None` if it is unknown for an attempt with a reply.
fn sum<'a, N: Default + AddAssign>(
    attempts: impl Iterator<Item = &'a Attempt>,
    of: impl Fn(&Attempt) -> Option<N>,
) -> Option<N> {
    let mut total = N::default();
    for attempt in attempts {
        match of(attempt) {
            Some(known) => total += known,
            None if attempt.outcome == Outcome::Failed => {}
            None => return None,
        }
    }
    Some(total)
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = self.attempts.iter().map(ToString::to_string);
        let judgements = self.judgements.iter().map(|request| format!("a check's {request}"));
        let lines: Vec<String> =
            attempts.chain(judgements).chain(self.notes.iter().cloned()).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A value with the attempts, costs and repairs of its extraction.
///
/// ```
/// use extract_llm::model::{Scripted, scripted::reply};
/// use extract_llm::{Client, Report};
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let model = Scripted::new([reply::tool(json!({"value": 7})).usage(100, 20)]);
/// let done: Report<u8> = Client::with_model(model).extract("seven").report().await?;
///
/// assert_eq!(done.value, 7);
/// assert_eq!(done.usage.total_tokens(), 120);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report<T> {
    /// The checked value.
    pub value: T,
    /// The tokens of all attempts and judgements. A reply with unknown usage counts as 0: see
    /// [`known_usage`](Self::known_usage).
    pub usage: Usage,
    /// The cost of all attempts and judgements; `None` if the cost of any reply is not known.
    pub cost: Option<Usd>,
    /// The repairs that were needed to read the accepted reply.
    pub repairs: Vec<Repair>,
    /// The attempts, oldest first. The last one was accepted.
    pub attempts: Vec<Attempt>,
    /// The requests of checks by a model: see [`llm_check`](crate::llm_check).
    pub judgements: Vec<Attempt>,
    /// Deviations from the settings, in English.
    pub notes: Vec<String>,
    /// The elements that were removed from a list: see [`bad_items`](crate::Extraction::bad_items).
    pub left_out: Vec<BadItem>,
    /// The elements that a stream returned and that are not in the value: see
    /// [`withdrawn`](crate::extraction::ExtractionStream::withdrawn).
    pub withdrawn: Vec<Withdrawn>,
    /// The time from the call to its end.
    pub elapsed: Duration,
}

impl<T> Report<T> {
    /// Combines a value with the ledger of its extraction.
    pub(super) fn new(value: T, ledger: Ledger) -> Self {
        Self {
            value,
            usage: ledger.usage(),
            cost: ledger.cost(),
            repairs: ledger.attempts.last().map(|last| last.repairs.clone()).unwrap_or_default(),
            attempts: ledger.attempts,
            judgements: ledger.judgements,
            notes: ledger.notes,
            left_out: ledger.left_out,
            withdrawn: Vec::new(),
            elapsed: ledger.elapsed,
        }
    }

    /// Returns the tokens of all attempts and judgements, or `None` if the usage of any reply is not
    /// known.
    pub fn known_usage(&self) -> Option<Usage> {
        sum(self.attempts.iter().chain(&self.judgements), |attempt| attempt.usage)
    }

    /// Records the elements that a stream returned and that are not in the value.
    pub(super) fn withdraw(&mut self, withdrawn: &[Withdrawn]) {
        if let count @ 1.. = withdrawn.len() {
            let were = if count == 1 {
                "1 element that was"
            } else {
                &format!("{count} elements that were")
            };
            self.notes.push(format!("{were} given before the end: not in the value"));
        }
        self.withdrawn = withdrawn.to_vec();
    }

    /// Returns the ledger, without the value.
    pub(super) fn into_ledger(self) -> Ledger {
        Ledger {
            attempts: self.attempts,
            judgements: self.judgements,
            notes: self.notes,
            left_out: self.left_out,
            elapsed: self.elapsed,
        }
    }

    /// Returns the provider's ids of all attempts, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }
}
