//! One attempt: a request, its reply, and the entry in the ledger.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::dialogue::Dialogue;
use super::hedge::{Hedge, Other, Raced, Winner, race};
use super::model_time::ModelTime;
use super::state::{Driver, Failure};
use crate::contract::{CheckContext, Problems};
use crate::conversation::{
    Assembly, Block, Delta, Mode, Progress, ProviderError, ProviderErrorKind, Reply, RequestState,
    StopReason,
};
use crate::extraction::ask::Ask;
use crate::extraction::channel::{AttemptStarted, EventChannel, StreamEvent};
use crate::extraction::ledger::{Attempt, Outcome};
use crate::extraction::limit::Limit;
use crate::extraction::pricing::Pricing;
use crate::extraction::task::Task;
use crate::http::within;
use crate::model::DeltaStream;

/// Limit of deltas that are forwarded without waiting for the listener.
const MAX_READY_DELTAS: usize = 256;

/// A request with the conversation that it belongs to.
pub(super) struct Lane<'a, T> {
    pub(super) task: &'a Task<T>,
    pub(super) dialogue: &'a Dialogue,
    pub(super) ask: &'a Ask,
    pub(super) model_time: &'a ModelTime,
}

impl<T> Lane<'_, T> {
    pub(super) async fn respond(&self) -> Result<Reply, ProviderError> {
        let request = &self.dialogue.request;
        let reply = self.task.client.model.respond(request);
        self.model_time.within(&request.progress, Duration::default, reply).await?
    }
}

impl<T> Driver<T> {
    /// Sends the request and records the attempt in the ledger. Fails if the request does not fit into a
    /// budget, if no reply came, or if the reply is a refusal, was filtered or was cut off.
    pub(super) async fn send_request(&mut self) -> Result<Reply, Failure> {
        self.check_window().map_err(Failure::Provider)?;
        self.request_started = Instant::now();
        self.reserve().await?;
        let reserve_wait = self.request_started.elapsed();
        // In a box, because it is most of the future of an extraction.
        let result = Box::pin(self.send_reserved()).await;
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.waited += reserve_wait;
        }
        self.settle(result.as_ref().err());
        result
    }

    /// Sends the request whose use is reserved.
    async fn send_reserved(&mut self) -> Result<Reply, Failure> {
        let number = self.attempt_count().saturating_add(1);
        let mode = self.dialogue.request.output.mode();
        // Recorded before the request, so that a deadline that cuts it off finds the attempt.
        let (address, parts) = (self.dialogue.address.clone(), self.ask.part_pointers());
        self.ledger.attempts.push(Attempt::start(number, address, mode, parts));
        let progress = Progress::with_deadline(self.deadline);
        if let Some(reservation) = &mut self.reservation {
            reservation.begin(&progress);
        }
        self.dialogue.request.progress = progress;
        self.partial_reply = Assembly::new();
        let hedge = self.prepare_hedge();
        let Self { task, dialogue, ask, model_time, context, partial_reply, .. } = self;
        let first = Lane { task, dialogue, ask, model_time };
        let hedge_ref = hedge.as_ref();
        let Raced { winner, result: answered, other } = match &first.task.channel {
            None => {
                let second = hedge_ref.map(|hedge| (hedge.delay, hedge.respond(first.model_time)));
                let Raced { winner, result, other } = race(first.respond(), second).await;
                Raced { winner, result: result.map_err(StreamHalt::Failed), other }
            }
            Some(channel) => {
                stream_reply(&first, hedge_ref, channel, context, partial_reply, number).await
            }
        };
        self.end_race(hedge, winner, other);
        let answered = match answered {
            Err(StreamHalt::Stopped(problems)) => return Err(self.stop(problems)),
            Err(StreamHalt::Failed(error)) => Err(error),
            Ok(reply) => Ok(reply),
        };
        match &answered {
            Ok(_) => self.task.client.breaker.answered(),
            Err(error) => self.task.client.breaker.failed(error.kind),
        }
        self.probe = None;
        let latency = self.request_started.elapsed();
        let request_state = self.dialogue.request.progress.state();
        let pricing = Pricing::of(&self.task.client, &self.task.options);
        let index = self.ledger.attempts.len() - 1;
        let attempt = &mut self.ledger.attempts[index];
        attempt.latency = latency;
        attempt.waited = request_state.waited;
        attempt.limit_wait = request_state.limit_wait;
        let reply = match answered {
            Ok(reply) => reply,
            // The provider rejected what the model wrote; it may be readable here.
            Err(ProviderError {
                generation: Some(text), request_id, transport_retries, ..
            }) => {
                let mut reply = Reply::new(vec![Block::Text(text)], StopReason::Unstated);
                reply.request_id = request_id;
                reply.transport_retries = transport_retries;
                reply
            }
            Err(error) => {
                if error.kind == ProviderErrorKind::Deadline {
                    return Err(self.too_late());
                }
                attempt.record_failure(&error);
                attempt.record_cut_off(&self.partial_reply, &request_state, &pricing);
                tracing::debug!(attempt = number, %error, "no reply");
                return Err(Failure::Provider(error));
            }
        };
        attempt.record_reply(&reply, &pricing);
        tracing::debug!(
            attempt = number,
            stop = %reply.stop,
            request_id = reply.request_id.as_deref(),
            "a reply"
        );
        let (outcome, failure) = match (&reply.stop, reply.refusal()) {
            (_, Some(message)) => (Outcome::Refused, Failure::Refused(message.to_owned())),
            (StopReason::Refusal, None) => (Outcome::Refused, Failure::Refused(reply.text())),
            (StopReason::ContentFilter, _) => {
                (Outcome::Filtered, Failure::Filtered(attempt.reply.clone()))
            }
            (StopReason::Length, _) => {
                (Outcome::Truncated, Failure::Truncated(attempt.reply.clone()))
            }
            (StopReason::ContextWindow, _) => {
                let error = ProviderError::full_context();
                attempt.error = Some(error.to_string());
                (Outcome::Failed, Failure::Provider(error))
            }
            // Whatever the reply holds, the model has not ended it.
            (StopReason::Other(reason), None) => {
                let error = ProviderError::unnatural_end(reason);
                attempt.error = Some(error.to_string());
                (Outcome::Failed, Failure::Provider(error))
            }
            _ => return Ok(reply),
        };
        attempt.outcome = outcome;
        Err(failure)
    }

    /// Returns the event of the start of this attempt.
    pub(super) fn attempt_started(&self, attempt: u32) -> StreamEvent {
        let Self { task, dialogue, ask, model_time, context, .. } = self;
        Lane { task, dialogue, ask, model_time }.attempt_started(context, attempt)
    }

    /// Ends the attempt because the listener stopped the stream.
    fn stop(&mut self, problems: Problems) -> Failure {
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.latency = self.request_started.elapsed();
            let request_state = self.dialogue.request.progress.state();
            let pricing = Pricing::of(&self.task.client, &self.task.options);
            attempt.record_cut_off(&self.partial_reply, &request_state, &pricing);
            attempt.outcome = Outcome::Rejected;
            attempt.problems = problems.iter().cloned().collect();
        }
        self.problems = problems;
        Failure::Invalid(Limit::BadItem)
    }

    /// Ends the attempt because the deadline passed. Returns the state of its request, if one was under way.
    pub(super) fn cut_off_by_deadline(&mut self) -> Option<RequestState> {
        self.cut_off_second_request();
        let attempt = self.ledger.attempts.last_mut()?;
        if attempt.outcome != Outcome::Failed || attempt.error.is_some() {
            return None;
        }
        if attempt.stop.is_some() {
            // The reply had arrived; its checks were running.
            attempt.outcome = Outcome::Unchecked;
            return None;
        }
        let request_state = self.dialogue.request.progress.state();
        attempt.latency = self.request_started.elapsed();
        let pricing = Pricing::of(&self.task.client, &self.task.options);
        attempt.record_cut_off(&self.partial_reply, &request_state, &pricing);
        let deadline = if request_state.exceeds_deadline { "is too short" } else { "passed" };
        let error = format!("the deadline {deadline} while the request was {request_state}");
        attempt.error = Some(error);
        Some(request_state)
    }
}

/// Streams the reply of a model, or of the first of two: forwards each delta, then waits until it was consumed.
async fn stream_reply<T>(
    first: &Lane<'_, T>,
    hedge: Option<&Hedge<T>>,
    channel: &EventChannel,
    context: &Arc<CheckContext>,
    partial_reply: &mut Assembly,
    attempt: u32,
) -> Raced<Reply, StreamHalt> {
    let second = hedge.map(|hedge| hedge.lane(first.model_time));
    let opening = hedge.zip(second.as_ref()).map(|(hedge, lane)| {
        let open =
            async { if hedge.launch().await { Some(lane.open(channel).await) } else { None } };
        (hedge.delay, open)
    });
    let Raced { winner, result, other } = race(first.open(channel), opening).await;
    let (lane, attempt) = match (&second, winner, &other) {
        (Some(lane), Winner::Second, _) => (lane, attempt.saturating_add(1)),
        (_, _, Other::NotSent) => (first, attempt),
        _ => (first, attempt.saturating_add(1)),
    };
    let result = match result {
        Ok(opened) => lane.read_stream(opened, channel, context, partial_reply, attempt).await,
        Err(error) => Err(error.into()),
    };
    Raced { winner, result, other }
}

/// A stream whose first delta has come, and the rest of the time for its first piece of content.
struct OpenStream<'a> {
    deltas: DeltaStream<'a>,
    left: Option<Duration>,
}

impl<T> Lane<'_, T> {
    /// Opens a streamed reply.
    async fn open(&self, channel: &EventChannel) -> Result<OpenStream<'_>, ProviderError> {
        let (first, idle) = (self.task.options.first_token, self.task.options.idle);
        let zero = [(FIRST, first), (IDLE, idle)];
        if let Some((setting, _)) = zero.iter().find(|(_, limit)| *limit == Some(Duration::ZERO)) {
            return Err(ProviderError::without_time(setting));
        }
        let request = &self.dialogue.request;
        let timeout = StreamTimeout { channel, progress: &request.progress };
        let (started, paused_before) = (Instant::now(), channel.paused_time());
        let response = self.task.client.model.stream(request);
        let response = timeout.within(first, first, FIRST, response);
        let paused_time = || channel.paused_time();
        let deltas = self.model_time.within(&request.progress, paused_time, response).await???;
        let paused = channel.paused_time().saturating_sub(paused_before);
        let waited = started.elapsed().saturating_sub(paused);
        Ok(OpenStream { deltas, left: first.map(|limit| limit.saturating_sub(waited)) })
    }

    /// Returns the event of the start of an attempt.
    fn attempt_started(&self, context: &Arc<CheckContext>, attempt: u32) -> StreamEvent {
        let (contract, form) = self.ask.requested(&self.task.contract);
        StreamEvent::AttemptStarted(AttemptStarted {
            attempt,
            mode: self.dialogue.request.output.mode(),
            is_parts: self.ask.parts().is_some(),
            contract,
            form,
            check_context: Arc::clone(context),
        })
    }

    /// Reads a stream to its end.
    async fn read_stream(
        &self,
        opened: OpenStream<'_>,
        channel: &EventChannel,
        context: &Arc<CheckContext>,
        partial_reply: &mut Assembly,
        attempt: u32,
    ) -> Result<Reply, StreamHalt> {
        let (first, idle) = (self.task.options.first_token, self.task.options.idle);
        let request = &self.dialogue.request;
        let timeout = StreamTimeout { channel, progress: &request.progress };
        channel.send(self.attempt_started(context, attempt));
        let mut deltas = opened.deltas.ready_chunks(MAX_READY_DELTAS);
        let (mut left, mut limit, mut setting) = (opened.left, first, FIRST);
        loop {
            let (started, paused_before) = (Instant::now(), channel.paused_time());
            let next = timeout.within(left, limit, setting, deltas.next());
            let paused_time = || channel.paused_time();
            let next = self.model_time.within(&request.progress, paused_time, next).await??;
            let Some(ready) = next else { break };
            let paused = channel.paused_time().saturating_sub(paused_before);
            let waited = started.elapsed().saturating_sub(paused);
            let (mut failure, mut is_progress) = (None, false);
            for delta in ready {
                match delta {
                    Ok(delta) => {
                        is_progress |= delta.is_progress();
                        if is_content(&delta) && channel.has_listener() {
                            channel.send(StreamEvent::Delta(delta.clone()));
                        }
                        partial_reply.push(delta);
                    }
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            channel.wait_until_consumed().await;
            if let Some(problems) = channel.stopped() {
                return Err(StreamHalt::Stopped(problems));
            }
            if let Some(error) = failure {
                return Err(error.into());
            }
            if is_progress {
                (left, limit, setting) = (idle, idle, IDLE);
            } else {
                left = left.map(|left| left.saturating_sub(waited));
            }
        }
        if let Some(error) = partial_reply.interruption() {
            return Err(error.into());
        }
        Ok(std::mem::take(partial_reply).finish()?)
    }
}

/// The end of a stream before the end of its reply.
enum StreamHalt {
    Failed(ProviderError),
    /// The listener stopped the stream.
    Stopped(Problems),
}

impl From<ProviderError> for StreamHalt {
    fn from(error: ProviderError) -> Self {
        Self::Failed(error)
    }
}

const FIRST: &str = "first_token_timeout";
const IDLE: &str = "idle_timeout";

/// Applies the timeouts of a stream. They pause while the listener does not poll.
struct StreamTimeout<'a> {
    channel: &'a EventChannel,
    progress: &'a Progress,
}

impl StreamTimeout<'_> {
    /// Waits for a future for at most `left` of `limit`. `setting` is the name of the limit. Fails with a
    /// timeout error, or if the tokio runtime has no timers.
    async fn within<F: Future>(
        &self,
        left: Option<Duration>,
        limit: Option<Duration>,
        setting: &'static str,
        future: F,
    ) -> Result<F::Output, ProviderError> {
        let (Some(left), Some(limit)) = (left, limit) else { return Ok(future.await) };
        let output = within(left, || self.channel.paused_time(), future).await?;
        output.ok_or_else(|| timeout_error(setting, limit, self.progress.state()))
    }
}

fn timeout_error(setting: &'static str, limit: Duration, state: RequestState) -> ProviderError {
    let mut message = match setting {
        IDLE => format!("the stream was silent for longer than its `{setting}` of {limit:?}"),
        _ => format!(
            "no piece of the reply came within the `{setting}` of {limit:?}; the request was {}",
            state.describe()
        ),
    };
    let mut error = ProviderError::new(ProviderErrorKind::Timeout, "");
    error.request_id = state.id().map(str::to_owned);
    error.transport_retries = state.transport_retries;
    if let Some(failure) = state.failure {
        message += &format!(", after this: {}", failure.message_with_code());
        error.status = failure.status;
        error.code = failure.code;
        error.retry_after = failure.retry_after;
    }
    error.message = message;
    error
}

/// Returns whether the delta adds something that the model wrote.
pub(super) fn is_content(delta: &Delta) -> bool {
    !matches!(delta, Delta::Blocks(_) | Delta::Usage { .. } | Delta::State(_) | Delta::Done(_))
}

impl Attempt {
    /// Records an error in place of a reply.
    pub(super) fn record_failure(&mut self, error: &ProviderError) {
        self.request_id.clone_from(&error.request_id);
        self.error = Some(error.to_string());
        self.transport_retries = error.transport_retries;
    }

    pub(super) fn start(number: u32, address: String, mode: Mode, parts: Vec<String>) -> Self {
        Self {
            number,
            address,
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
            limit_wait: Duration::ZERO,
            request_id: None,
            transport_retries: 0,
            error: None,
            cached: None,
        }
    }

    /// Records a reply.
    pub(super) fn record_reply(&mut self, reply: &Reply, pricing: &Pricing<'_>) {
        self.model.clone_from(&reply.model);
        self.stop = Some(reply.stop.clone());
        self.usage = reply.usage;
        self.cost = reply.cost.or_else(|| pricing.cost(self));
        self.request_id.clone_from(&reply.request_id);
        self.transport_retries = reply.transport_retries;
        self.reply = text_of(&reply.blocks);
    }

    /// Records a reply that did not arrive completely, and the state of its request.
    pub(super) fn record_cut_off(
        &mut self,
        partial: &Assembly,
        state: &RequestState,
        pricing: &Pricing<'_>,
    ) {
        self.reply = text_of(partial.blocks());
        self.usage = self.usage.or(partial.usage()).or(state.usage);
        self.cost = self.cost.or_else(|| pricing.cost(self));
        self.waited = state.waited;
        self.limit_wait = state.limit_wait;
        self.transport_retries = self.transport_retries.max(state.transport_retries);
        self.request_id = self.request_id.take().or_else(|| state.id().map(str::to_owned));
    }
}

/// Returns the text of blocks as the model wrote it: the text, then the arguments of each call on a line.
fn text_of(blocks: &[Block]) -> String {
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
