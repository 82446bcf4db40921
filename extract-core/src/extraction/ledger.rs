//! The ledger: what was asked, what came back, and what it cost, attempt by attempt. The same
//! ledger travels in a [`Report`] and in an [`Error`](super::Error).

use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bad_items::BadItem;
use super::withdrawn::Withdrawn;
use crate::contract::{MOST_SHOWN, Problem};
use crate::conversation::{Mode, StopReason, Usage, Usd};
use crate::reading::Repair;

/// How an [`Attempt`] ended.
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
    /// The value was right.
    Accepted,
    /// The model called tools of the caller's own.
    Called,
    /// The value had problems.
    Rejected,
    /// The value could not be checked.
    Unchecked,
    /// The model refused.
    Refused,
    /// The content filter cut in.
    Filtered,
    /// The reply was cut off.
    Truncated,
    /// No reply came.
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

/// One request and what came of it. Its `Display` is one line for a log, followed by one for each of
/// the first ten problems; it can be serialised for a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// Who was asked: `provider/model`.
    pub address: String,
    /// How the answer was asked for.
    pub mode: Mode,
    /// The parts that were asked for again, as JSON pointers; empty where the whole was asked for.
    pub parts: Vec<String>,
    /// The model that answered, where the provider says.
    pub model: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why the reply ended.
    pub stop: Option<StopReason>,
    /// The reply as it was written: its text, or the arguments of its tool calls. Empty where no
    /// reply came.
    pub reply: String,
    /// What had to be done to read it.
    pub repairs: Vec<Repair>,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
    /// What it cost in tokens, where the provider says.
    pub usage: Option<Usage>,
    /// What it cost in money, where the provider says or the client knows its prices.
    pub cost: Option<Usd>,
    /// From the request to the whole reply, or to where it was cut off.
    pub latency: Duration,
    /// How much of that was waiting until the request could be sent again.
    pub waited: Duration,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How often the request was sent again before that came of it: transport retries.
    pub transport_retries: u32,
    /// Why no reply came, in words.
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

/// All attempts of one extraction. Its `Display` is what to log when one has failed.
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
/// let ledger = error.ledger().unwrap();
/// assert!(ledger.to_string().starts_with("attempt 1 (tools): rejected after"));
/// assert!(ledger.to_string().ends_with(r#"(the whole value): expected an integer, found "many""#));
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Ledger {
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// The attempts of models that checks have asked: see [`llm_check`](crate::llm_check).
    pub judgements: Vec<Attempt>,
    /// What was done otherwise than asked, in words: a mode or a dialect that was stepped down from.
    pub notes: Vec<String>,
    /// The elements that were left out of a list: see
    /// [`bad_items`](crate::Extraction::bad_items).
    pub left_out: Vec<BadItem>,
    /// From the call to its end, everything included.
    pub elapsed: Duration,
}

impl Ledger {
    /// Tokens over all attempts and judgements.
    pub fn usage(&self) -> Usage {
        let mut total = Usage::default();
        self.all().filter_map(|attempt| attempt.usage).for_each(|usage| total += usage);
        total
    }

    /// Every request, those of checks last.
    fn all(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().chain(&self.judgements)
    }

    /// Tokens over all attempts and judgements; none if the usage of any reply is not known.
    pub fn known_usage(&self) -> Option<Usage> {
        sum(self.all(), |attempt| attempt.usage)
    }

    /// Money over all attempts and judgements; none if the cost of any reply is not known.
    pub fn cost(&self) -> Option<Usd> {
        sum(self.all(), |attempt| attempt.cost)
    }

    /// The provider's ids of all requests, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }

    /// Adds a note about the latest attempt.
    pub(super) fn note_attempt(&mut self, note: &str) {
        self.notes.push(format!("attempt {}: {note}", self.attempts.len()));
    }
}

/// The sum over attempts; none if it is not known of each that was answered.
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

/// A value and everything that happened on the way to it.
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
    /// Tokens over all attempts and judgements; a reply of which nothing is known counts as none
    /// ([`known_usage`](Self::known_usage) tells one from the other).
    pub usage: Usage,
    /// Money over all attempts and judgements, where the provider states it or the client was given prices.
    pub cost: Option<Usd>,
    /// What had to be done to read the accepted reply.
    pub repairs: Vec<Repair>,
    /// Oldest first; the last one was accepted.
    pub attempts: Vec<Attempt>,
    /// The attempts of models that checks have asked: see [`llm_check`](crate::llm_check).
    pub judgements: Vec<Attempt>,
    /// What was done otherwise than asked, in words.
    pub notes: Vec<String>,
    /// The elements that were left out of a list: see
    /// [`bad_items`](crate::Extraction::bad_items).
    pub left_out: Vec<BadItem>,
    /// The elements that a stream had given and that are not in the value: see
    /// [`withdrawn`](crate::extraction::ExtractionStream::withdrawn).
    pub withdrawn: Vec<Withdrawn>,
    /// From the call to its end, everything included.
    pub elapsed: Duration,
}

impl<T> Report<T> {
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

    /// Tokens over all attempts and judgements; none if the usage of any reply is not known.
    pub fn known_usage(&self) -> Option<Usage> {
        sum(self.attempts.iter().chain(&self.judgements), |attempt| attempt.usage)
    }

    /// Enters what was shown and is not in the value.
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

    /// What happened, without the value.
    pub(super) fn into_ledger(self) -> Ledger {
        Ledger {
            attempts: self.attempts,
            judgements: self.judgements,
            notes: self.notes,
            left_out: self.left_out,
            elapsed: self.elapsed,
        }
    }

    /// The provider's ids of all requests, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }
}
