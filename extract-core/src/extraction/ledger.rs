//! The ledger: the request, the reply and the cost of each attempt. A [`Report`] and an
//! [`Error`](super::Error) carry one.

mod cache_hit;
mod passed_over;
mod seconds;
mod tool_run;

use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

pub use self::cache_hit::CacheHit;
pub use self::passed_over::{PassedOver, PassedOverReason};
pub use self::tool_run::{ToolOutcome, ToolRun};

use super::bad_items::BadItem;
use super::confidence::{Confidences, Doubt};
use super::lists::ListCount;
use super::withdrawn::Withdrawn;
use crate::contract::{MOST_SHOWN, Problem};
use crate::conversation::{Conversation, Mode, StopReason, Usage, Usd};
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
    /// The value is kept, and more elements of a list were asked for: see
    /// [`continue_lists`](crate::Extraction::continue_lists).
    Continued,
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
    /// The request was cancelled, because another model that was asked at the same time answered first: see
    /// [`hedge_after`](crate::Extraction::hedge_after). Its tokens are known only if the provider had
    /// reported them by then.
    Cancelled,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Called => "called tools",
            Self::Continued => "continued",
            Self::Rejected => "rejected",
            Self::Unchecked => "not checked",
            Self::Refused => "refused",
            Self::Filtered => "filtered",
            Self::Truncated => "truncated",
            Self::Failed => "no reply",
            Self::Cancelled => "cancelled",
        })
    }
}

/// One request and its outcome. Its `Display` is one line for a log, followed by a line for each of the
/// first ten problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// The number of the attempt, from 1.
    pub number: u32,
    /// The address of the model: `provider/model`.
    pub address: String,
    /// The mode of the request.
    pub mode: Mode,
    /// The JSON pointers of the parts that were re-asked; empty for the whole value. `/rows/-` stands for the
    /// elements behind the last one of the list `/rows`.
    #[serde(default)]
    pub parts: Vec<String>,
    /// The name of the model that answered, if the provider reports it.
    pub model: Option<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason why the reply ended, if there was a reply.
    pub stop: Option<StopReason>,
    /// The reply as it was written: its text, or the arguments of its tool calls. Empty if there was no
    /// reply.
    #[serde(default)]
    pub reply: String,
    /// The repairs that were needed to read the reply.
    #[serde(default)]
    pub repairs: Vec<Repair>,
    /// The problems of the value.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// The tokens, if the provider reports them.
    pub usage: Option<Usage>,
    /// The cost, if the provider reports it or the client has prices.
    pub cost: Option<Usd>,
    /// The time from the request to the end of the reply, or to the interruption.
    #[serde(with = "seconds")]
    pub latency: Duration,
    /// The time from the request to the first part of a streamed reply, waits included.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "seconds::optional")]
    pub time_to_first_delta: Option<Duration>,
    /// The part of the latency spent on waits before transport retries and in the limits.
    #[serde(default, with = "seconds")]
    pub waited: Duration,
    /// The part of `waited` spent in the [limits](crate::model::Limits): for a place, for the rate, and
    /// while the server refused.
    #[serde(default, with = "seconds")]
    pub limit_wait: Duration,
    /// The provider's id of the request, if there is one.
    pub request_id: Option<String>,
    /// The number of transport retries.
    #[serde(default)]
    pub transport_retries: u32,
    /// The text of the error, if there was no reply.
    pub error: Option<String>,
    /// The stored reply, if it came from the [cache](crate::cache::Cache) and nothing was sent. `usage` and
    /// `cost` are 0 then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<CacheHit>,
}

impl Attempt {
    /// Writes one line without the error and the problems.
    pub(super) fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        if let Some(usage) = self.usage.as_ref().filter(|_| self.cached.is_none()) {
            write!(f, ", {} tokens in", usage.input_tokens)?;
            match (usage.cached_input_tokens, usage.cache_write_tokens) {
                (0, 0) => {}
                (read, 0) => write!(f, " ({read} read from the cache)")?,
                (0, written) => write!(f, " ({written} written to the cache)")?,
                (read, written) => {
                    write!(f, " ({read} read from the cache, {written} written to it)")?;
                }
            }
            write!(f, ", {} out", usage.output_tokens)?;
        }
        if let Some(hit) = &self.cached {
            write!(f, ", from the cache ({:.1?} old)", hit.age)?;
        }
        if self.transport_retries > 0 {
            write!(f, ", sent {} times", self.transport_retries.saturating_add(1))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request {id}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_line(f)?;
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
/// use extract_llm::scripted::{Scripted, reply};
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
///
/// # JSON
///
/// A ledger is written as JSON and read back. The members have the names of the fields; times are
/// seconds, costs are US dollars. `usage`, `cost` and `limit_wait` are the sums that the methods of these
/// names return; they are ignored on reading. A later version may add members, and reads what this one wrote.
///
/// ```
/// use extract_llm::extraction::Outcome;
/// use extract_llm::Ledger;
/// use serde_json::json;
///
/// let ledger: Ledger = serde_json::from_value(json!({
///     "usage": {"input_tokens": 120, "output_tokens": 9},
///     "cost": 0.0021,
///     "latency": 1.25,
///     "attempts": [{
///         "number": 1, "address": "openai/gpt-6-luna", "model": "gpt-6-luna", "mode": "json_schema",
///         "outcome": "accepted", "stop": "stop", "reply": "{\"value\":7}",
///         "usage": {"input_tokens": 120, "output_tokens": 9}, "cost": 0.0021,
///         "latency": 1.2, "request_id": "req_1",
///     }],
/// }))?;
/// assert_eq!(ledger.attempts[0].outcome, Outcome::Accepted);
/// assert_eq!(ledger.usage().total_tokens(), 129);
///
/// let json = serde_json::to_value(&ledger)?;
/// assert_eq!(json["attempts"][0]["latency"], 1.2);
/// assert_eq!(serde_json::from_value::<Ledger>(json)?, ledger);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ledger {
    /// The attempts, oldest first. If there is a value, the last one was accepted.
    pub attempts: Vec<Attempt>,
    /// The requests of checks by a model: see [`llm_check`](crate::llm_check).
    pub judgements: Vec<Attempt>,
    /// The calls that were made of [tools](crate::Extraction::tool), in the order of the replies and of their
    /// calls.
    pub tool_runs: Vec<ToolRun>,
    /// Deviations from the settings in English, such as a different mode or dialect.
    pub notes: Vec<String>,
    /// The expected and given numbers of elements of lists: of each list with an expected number, and of each
    /// that was continued.
    pub lists: Vec<ListCount>,
    /// The elements that were removed from a list: see [`bad_items`](crate::Extraction::bad_items).
    pub left_out: Vec<BadItem>,
    /// The elements that a stream returned and that are not in the value: see
    /// [`withdrawn`](crate::extraction::ExtractionStream::withdrawn).
    pub withdrawn: Vec<Withdrawn>,
    /// The models that did not give the value, in the order in which they were passed over: see
    /// [`fallback_to`](crate::Extraction::fallback_to).
    pub passed_over: Vec<PassedOver>,
    /// The confidence of each field of the value, if it was [asked for](crate::Extraction::confidence).
    pub confidences: Confidences,
    /// The fields whose confidence is below the limit of
    /// [`doubt_below`](crate::Extraction::doubt_below), the least sure first.
    pub doubts: Vec<Doubt>,
    /// The time from the call to its end.
    #[serde(with = "seconds")]
    pub latency: Duration,
}

impl Ledger {
    /// Returns the address (`provider/model`) of the model whose answer was accepted. `None` if there is no
    /// value.
    pub fn answered_by(&self) -> Option<&str> {
        let last = self.attempts.last()?;
        (last.outcome == Outcome::Accepted).then_some(last.address.as_str())
    }

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

    /// Returns the waits of all attempts and judgements in the [limits](crate::model::Limits).
    pub fn limit_wait(&self) -> Duration {
        self.all().map(|attempt| attempt.limit_wait).sum()
    }

    /// Returns the repairs that were needed to read the last reply: that of the value, if there is one.
    pub fn repairs(&self) -> &[Repair] {
        self.attempts.last().map_or(&[], |last| &last.repairs)
    }

    /// Returns the provider's ids of all attempts, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }

    /// Returns the ledger without the texts of replies, and without the arguments and results of tools.
    pub(crate) fn without_replies(&self) -> Self {
        let mut ledger = self.clone();
        for attempt in ledger.attempts.iter_mut().chain(&mut ledger.judgements) {
            attempt.reply = String::new();
        }
        for run in &mut ledger.tool_runs {
            (run.arguments, run.result) = (Value::Null, String::new());
        }
        ledger
    }

    /// Puts the requests of an earlier call for the same value before these.
    pub(crate) fn prepend(&mut self, mut earlier: Self) {
        if earlier == Self::default() {
            return;
        }
        std::mem::swap(self, &mut earlier);
        let mut later = earlier;
        let before = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        for run in &mut later.tool_runs {
            run.attempt = run.attempt.saturating_add(before);
        }
        self.tool_runs.extend(later.tool_runs);
        self.attempts.extend(later.attempts);
        for (index, attempt) in self.attempts.iter_mut().enumerate() {
            attempt.number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        }
        self.judgements.extend(later.judgements);
        self.notes.extend(later.notes);
        self.left_out = later.left_out;
        self.withdrawn = later.withdrawn;
        self.passed_over.extend(later.passed_over);
        self.confidences = later.confidences;
        self.doubts = later.doubts;
        self.latency += later.latency;
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

    /// Adds the requests and notes of another extraction for the same value.
    pub(crate) fn append(&mut self, other: &Self) {
        self.attempts.extend_from_slice(&other.attempts);
        self.judgements.extend_from_slice(&other.judgements);
        self.tool_runs.extend_from_slice(&other.tool_runs);
        self.notes.extend_from_slice(&other.notes);
        self.left_out.extend_from_slice(&other.left_out);
        self.passed_over.extend_from_slice(&other.passed_over);
    }

    /// Removes the confidences of a value that became a part of another one.
    pub(crate) fn forget_confidences(&mut self) {
        if !self.confidences.is_empty() {
            self.notes
                .push(String::from("confidence is unknown: the value was brought up to date"));
        }
        self.confidences = Confidences::default();
        self.doubts.clear();
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
        let tool_runs = self.tool_runs.iter().map(ToString::to_string);
        let notes = self.notes.iter().cloned();
        let lines: Vec<String> = attempts.chain(judgements).chain(tool_runs).chain(notes).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename = "Ledger")]
        struct WithSums<'l> {
            usage: Option<Usage>,
            cost: Option<Usd>,
            #[serde(with = "seconds")]
            latency: Duration,
            #[serde(with = "seconds")]
            limit_wait: Duration,
            attempts: &'l [Attempt],
            judgements: &'l [Attempt],
            #[serde(skip_serializing_if = "<[ToolRun]>::is_empty")]
            tool_runs: &'l [ToolRun],
            notes: &'l [String],
            lists: &'l [ListCount],
            left_out: &'l [BadItem],
            withdrawn: &'l [Withdrawn],
            passed_over: &'l [PassedOver],
            #[serde(skip_serializing_if = "Confidences::is_empty")]
            confidences: &'l Confidences,
            #[serde(skip_serializing_if = "<[Doubt]>::is_empty")]
            doubts: &'l [Doubt],
        }
        let Self { attempts, judgements, tool_runs, notes, lists, .. } = self;
        let Self { left_out, withdrawn, passed_over, confidences, doubts, latency, .. } = self;
        let (usage, cost) = (self.known_usage(), self.cost());
        let (latency, limit_wait) = (*latency, self.limit_wait());
        WithSums {
            usage,
            cost,
            latency,
            limit_wait,
            attempts,
            judgements,
            tool_runs,
            notes,
            lists,
            left_out,
            withdrawn,
            passed_over,
            confidences,
            doubts,
        }
        .serialize(serializer)
    }
}

/// A value with its ledger and its conversation.
///
/// ```
/// use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::{Client, Report};
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let model = Scripted::new([reply::tool(json!({"value": 7})).usage(100, 20)]);
/// let done: Report<u8> = Client::with_model(model).extract("seven").report().await?;
///
/// assert_eq!(done.value, 7);
/// assert_eq!(done.ledger.usage().total_tokens(), 120);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report<T> {
    /// The checked value.
    pub value: T,
    /// The attempts with their replies, tokens, costs and times.
    pub ledger: Ledger,
    /// The input, the replies with the provider's state, and the feedback on them. It goes on with
    /// [`user`](Conversation::user). The settings of the call, such as
    /// [`system`](crate::Extraction::system) and [`examples`](crate::Extraction::examples), are not part
    /// of it. It is not serialized.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::tool(json!({"value": 119.0})), reply::tool(json!({"value": 19.0})),
    /// # ]));
    /// let total = client.extract::<f64>("Total: 119.00, with 19% tax").report().await?;
    /// let tax: f64 = client.extract(total.conversation.user("And the tax alone?")).await?;
    /// assert_eq!(tax, 19.0);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    #[serde(skip)]
    pub conversation: Conversation,
}
