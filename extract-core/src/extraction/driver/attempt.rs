//! Asking: one request and its reply, entered in the ledger. What no re-ask can mend is an end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::{Driver, Failure};
use crate::contract::Problems;
use crate::conversation::{
    Assembly, Block, Delta, Mode, Prices, Progress, ProviderError, ProviderErrorKind, Reply,
    RequestState, StopReason,
};
use crate::extraction::Limit;
use crate::extraction::ledger::{Attempt, Outcome};
use crate::extraction::stream::{AttemptStarted, EventChannel, StreamEvent};
use crate::http::within;

impl<T> Driver<T> {
    /// One request and its reply, entered in the ledger. What no re-ask can mend is an end.
    pub(super) async fn ask(&mut self) -> Result<Reply, Failure> {
        let number =
            u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mode = self.request.output.mode();
        // Entered before the request, so that a deadline that cuts it off finds it there.
        self.ledger.attempts.push(Attempt::begun(
            number,
            self.asked.clone(),
            mode,
            self.asked_parts(),
        ));
        self.asked_at = Instant::now();
        self.request.progress = Progress::default();
        self.arriving = Assembly::new();
        let answered = match self.task.channel.clone() {
            None => self.task.client.model.respond(&self.request).await,
            Some(line) => match self.listen(&line, number).await {
                Ok(reply) => Ok(reply),
                Err(StreamHalt::Failed(error)) => Err(error),
                Err(StreamHalt::Stopped(problems)) => return Err(self.stop(problems)),
            },
        };
        let Some(attempt) = self.ledger.attempts.last_mut() else {
            unreachable!("an attempt was pushed above")
        };
        attempt.latency = self.asked_at.elapsed();
        let reached = self.request.progress.reached();
        attempt.waited = reached.waited;
        let reply = match answered {
            Ok(reply) => reply,
            // The provider's own check stands in for ours: what the model wrote may still be read.
            Err(ProviderError {
                generation: Some(written),
                request_id,
                transport_retries: resent,
                ..
            }) => {
                let mut reply = Reply::new(vec![Block::Text(written)], StopReason::Unstated);
                reply.request_id = request_id;
                reply.transport_retries = resent;
                reply
            }
            Err(error) => {
                attempt.request_id.clone_from(&error.request_id);
                attempt.error = Some(error.to_string());
                attempt.transport_retries = error.transport_retries;
                attempt.cut_off(&self.arriving, &reached, self.task.options.prices.as_ref());
                tracing::debug!(attempt = number, %error, "no reply");
                return Err(Failure::Provider(error));
            }
        };
        attempt.enter(&reply, self.task.options.prices.as_ref());
        tracing::debug!(
            attempt = number,
            stop = %reply.stop,
            request_id = reply.request_id.as_deref(),
            "a reply"
        );
        let ending = match (&reply.stop, reply.refusal()) {
            (_, Some(words)) => Some((Outcome::Refused, Failure::Refused(words.to_owned()))),
            (StopReason::Refusal, None) => Some((Outcome::Refused, Failure::Refused(reply.text()))),
            (StopReason::ContentFilter, _) => {
                Some((Outcome::Filtered, Failure::Filtered(attempt.reply.clone())))
            }
            (StopReason::Length, _) => {
                Some((Outcome::Truncated, Failure::Truncated(attempt.reply.clone())))
            }
            _ => None,
        };
        match ending {
            Some((outcome, ending)) => {
                attempt.outcome = outcome;
                Err(ending)
            }
            None => Ok(reply),
        }
    }
}

impl<T> Driver<T> {
    /// The same request, answered piece by piece. Every piece is told to the line, and read on from
    /// when it was taken.
    async fn listen(&mut self, line: &EventChannel, attempt: u32) -> Result<Reply, StreamHalt> {
        let (first, idle) = (self.task.options.first_token, self.task.options.idle);
        let progress = self.request.progress.clone();
        let wait = StreamTimeout { line, progress: &progress };
        let (began, before) = (Instant::now(), line.paused_time());
        let opening = self.task.client.model.stream(&self.request);
        let deltas = wait.within(first, first, FIRST, opening).await??;
        let (contract, form) = match &self.parts {
            Some(asking) => (Arc::clone(asking.parts.contract()), asking.form.clone()),
            None => (Arc::clone(&self.task.contract), self.form.clone()),
        };
        let mode = self.request.output.mode();
        let background = Arc::clone(&self.background);
        let of_parts = self.parts.is_some();
        line.send(StreamEvent::AttemptStarted(AttemptStarted {
            attempt,
            mode,
            of_parts,
            contract,
            form,
            background,
        }));
        let mut deltas = deltas.ready_chunks(MOST_AT_ONCE);
        let waited = began.elapsed().saturating_sub(line.paused_time().saturating_sub(before));
        let left = first.map(|most| most.saturating_sub(waited));
        let (mut left, mut most, mut which) = (left, first, FIRST);
        while let Some(pieces) = wait.within(left, most, which, deltas.next()).await? {
            let mut failure = None;
            for piece in pieces {
                match piece {
                    Ok(delta) => {
                        if is_of_the_reply(&delta) && line.has_listener() {
                            line.send(StreamEvent::Delta(delta.clone()));
                        }
                        self.arriving.push(delta);
                    }
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            // The time that the listener takes is not the server's.
            line.wait_until_consumed().await;
            if let Some(problems) = line.stopped() {
                return Err(StreamHalt::Stopped(problems));
            }
            if let Some(error) = failure {
                return Err(error.into());
            }
            if !self.arriving.is_empty() {
                (left, most, which) = (idle, idle, IDLE);
            }
        }
        // An attempt without a reply keeps in the ledger how far it came.
        if let Some(error) = self.arriving.interruption() {
            return Err(error.into());
        }
        Ok(std::mem::take(&mut self.arriving).finish()?)
    }
}

impl<T> Driver<T> {
    /// Whoever listens has seen enough of the reply.
    fn stop(&mut self, problems: Problems) -> Failure {
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.latency = self.asked_at.elapsed();
            let reached = self.request.progress.reached();
            attempt.cut_off(&self.arriving, &reached, self.task.options.prices.as_ref());
            attempt.outcome = Outcome::Rejected;
            attempt.problems = problems.iter().cloned().collect();
        }
        self.problems = problems;
        Failure::Invalid(Limit::BadItem)
    }

    /// The deadline passed: where the request under way had come to, if one was.
    pub(super) fn cut_off(&mut self) -> Option<RequestState> {
        let attempt = self.ledger.attempts.last_mut()?;
        if attempt.outcome != Outcome::Failed || attempt.error.is_some() {
            return None;
        }
        if attempt.stop.is_some() {
            // The reply is there; it was being checked.
            attempt.outcome = Outcome::Unchecked;
            return None;
        }
        let reached = self.request.progress.reached();
        attempt.latency = self.asked_at.elapsed();
        attempt.cut_off(&self.arriving, &reached, self.task.options.prices.as_ref());
        attempt.error = Some(format!("the deadline passed while the request was {reached}"));
        Some(reached)
    }
}

/// Why a reply was not listened to to its end.
enum StreamHalt {
    Failed(ProviderError),
    /// Whoever listens has seen enough.
    Stopped(Problems),
}

impl From<ProviderError> for StreamHalt {
    fn from(error: ProviderError) -> Self {
        Self::Failed(error)
    }
}

/// How many pieces that are there already are told at once.
const MOST_AT_ONCE: usize = 256;

const FIRST: &str = "first_token_timeout";
const IDLE: &str = "idle_timeout";

/// What waiting for a stream goes by.
struct StreamTimeout<'a> {
    line: &'a EventChannel,
    progress: &'a Progress,
}

impl StreamTimeout<'_> {
    /// Waits no longer than what is left of a timeout, not counting the time that the listener
    /// spends elsewhere.
    async fn within<F: Future>(
        &self,
        left: Option<Duration>,
        most: Option<Duration>,
        which: &'static str,
        future: F,
    ) -> Result<F::Output, ProviderError> {
        let (Some(left), Some(most)) = (left, most) else { return Ok(future.await) };
        let awaited = within(left, || self.line.paused_time(), future).await;
        awaited.ok_or_else(|| silent(which, most, self.progress.reached()))
    }
}

/// The error that a stream ends with that was silent for too long.
fn silent(which: &'static str, most: Duration, reached: RequestState) -> ProviderError {
    let mut message = match which {
        IDLE => format!("the stream was silent for longer than its `{which}` of {most:?}"),
        _ => format!(
            "no piece of the reply came within the `{which}` of {most:?}; the request was {}",
            reached.describe()
        ),
    };
    let mut error = ProviderError::new(ProviderErrorKind::Timeout, "");
    error.request_id = reached.id().map(str::to_owned);
    error.transport_retries = reached.transport_retries;
    if let Some(failure) = reached.failure {
        message += &format!(", after this: {}", failure.message_with_code());
        error.status = failure.status;
        error.code = failure.code;
        error.retry_after = failure.retry_after;
    }
    error.message = message;
    error
}

/// Whether it is something that the model wrote.
fn is_of_the_reply(delta: &Delta) -> bool {
    !matches!(delta, Delta::Usage { .. } | Delta::State(_) | Delta::Done(_))
}

impl Attempt {
    fn begun(number: u32, asked: String, mode: Mode, parts: Vec<String>) -> Self {
        Self {
            number,
            address: asked,
            mode,
            parts,
            model: None,
            outcome: Outcome::Failed,
            stop: None,
            reply: String::new(),
            repairs: Vec::new(),
            problems: Vec::new(),
            usage: None,
            cost: None,
            latency: Duration::ZERO,
            waited: Duration::ZERO,
            request_id: None,
            transport_retries: 0,
            error: None,
        }
    }

    fn enter(&mut self, reply: &Reply, prices: Option<&Prices>) {
        self.model.clone_from(&reply.model);
        self.stop = Some(reply.stop.clone());
        self.usage = reply.usage;
        self.cost = reply.cost.or_else(|| Some(prices?.cost(reply.usage.as_ref()?)));
        self.request_id.clone_from(&reply.request_id);
        self.transport_retries = reply.transport_retries;
        self.reply = written(&reply.blocks);
    }

    /// Enters what had come of a reply that did not end, and how far its request had.
    fn cut_off(&mut self, piece: &Assembly, reached: &RequestState, prices: Option<&Prices>) {
        self.reply = written(piece.blocks());
        self.usage = self.usage.or(piece.usage()).or(reached.usage);
        self.cost = self.cost.or_else(|| Some(prices?.cost(self.usage.as_ref()?)));
        self.waited = reached.waited;
        self.transport_retries = self.transport_retries.max(reached.transport_retries);
        self.request_id = self.request_id.take().or_else(|| reached.id().map(str::to_owned));
    }
}

/// What a reply says, as it was written: its text, and the arguments of its calls.
fn written(blocks: &[Block]) -> String {
    let text: String = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let mut parts = Vec::from_iter((!text.is_empty()).then_some(text.as_str()));
    parts.extend(blocks.iter().filter_map(|block| match block {
        Block::ToolCall(call) => Some(call.arguments.as_str()),
        _ => None,
    }));
    parts.join("\n")
}
