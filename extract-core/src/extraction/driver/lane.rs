//! [`Lane`]: a request with the conversation that it belongs to, sent whole or streamed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::dialogue::Dialogue;
use super::model_time::ModelTime;
use crate::contract::{CheckContext, Problems};
use crate::conversation::{
    Assembly, Delta, Progress, ProviderError, ProviderErrorKind, Reply, RequestState,
};
use crate::extraction::ask::Ask;
use crate::extraction::channel::{AttemptStarted, EventChannel, RestStarted, StreamEvent};
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

/// A stream whose first delta has come, and the rest of the time for its first piece of content.
pub(super) struct OpenStream<'a> {
    deltas: DeltaStream<'a>,
    left: Option<Duration>,
}

impl<T> Lane<'_, T> {
    /// Opens a streamed reply.
    pub(super) async fn open(
        &self,
        channel: &EventChannel,
    ) -> Result<OpenStream<'_>, ProviderError> {
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
    pub(super) fn attempt_started(&self, context: &Arc<CheckContext>, attempt: u32) -> StreamEvent {
        let (contract, form) = self.ask.requested(&self.task.contract);
        StreamEvent::AttemptStarted(AttemptStarted {
            attempt,
            mode: self.dialogue.request.output.mode(),
            is_parts: self.ask.is_partial(),
            rest: self
                .ask
                .rest()
                .map(|rest| RestStarted { list: rest.pointer.clone(), given: rest.given() }),
            user_tools: self.task.user_tools.iter().map(|it| it.tool.name().to_owned()).collect(),
            contract,
            form,
            check_context: Arc::clone(context),
        })
    }

    /// Reads a stream to its end.
    pub(super) async fn read_stream(
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
                request.progress.delta();
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
pub(super) enum StreamHalt {
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
    !matches!(
        delta,
        Delta::Blocks(_)
            | Delta::Usage { .. }
            | Delta::Logprobs(_)
            | Delta::State(_)
            | Delta::Done(_)
    )
}
