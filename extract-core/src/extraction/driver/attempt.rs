//! One attempt: a request, its reply, and the entry in the ledger.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hedge::{Hedge, Other, Raced, Winner, race};
use super::lane::{Lane, StreamHalt};
use super::state::{Driver, Failure};
use crate::contract::{CheckContext, Problems};
use crate::conversation::{
    Assembly, Block, Mode, Progress, ProviderError, ProviderErrorKind, Reply, RequestState,
    StopReason,
};
use crate::extraction::channel::{EventChannel, StreamEvent};
use crate::extraction::events::Event;
use crate::extraction::ledger::{Attempt, Outcome};
use crate::extraction::limit::Limit;
use crate::extraction::pricing::Pricing;
use crate::extraction::trace::AttemptSpan;

impl<T> Driver<T> {
    /// Sends the request and records the attempt in the ledger. Fails if the request does not fit into a
    /// budget, if no reply came, or if the reply is a refusal, was filtered or was cut off.
    pub(super) async fn send_request(&mut self) -> Result<Reply, Failure> {
        self.check_window().map_err(Failure::Provider)?;
        if self.task.options.offline {
            return Err(Failure::Provider(ProviderError::new(
                ProviderErrorKind::CallForbidden,
                "no answer is kept for this request, and `offline` forbids to send it",
            )));
        }
        self.request_started = Instant::now();
        self.reserve().await?;
        let reserve_wait = self.request_started.elapsed();
        self.attempt_span = AttemptSpan::start(
            self.attempt_count().saturating_add(1),
            &self.task.client.model.profile(),
            &self.dialogue.request,
            self.task.channel.is_some(),
            &self.task.options,
        );
        self.is_under_way = true;
        // In a box, because it is most of the future of an extraction.
        let span = self.attempt_span.clone();
        let result = span.within(Box::pin(self.send_reserved())).await;
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.waited += reserve_wait;
        }
        if let Err(failure) = &result {
            self.end_attempt(Some(failure.name()));
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
        self.tell(|extraction| {
            let (address, parts) = (address.clone(), parts.clone());
            Event::Request { extraction, attempt: number, address, mode, parts }
        });
        self.ledger.attempts.push(Attempt::start(number, address, mode, parts));
        let progress = Progress::with_deadline(self.deadline);
        self.tell_waits(&progress, number);
        progress.want_answers_after(self.task.options.answers_after);
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
        let keeps_cut_lists = self.keeps_cut_lists();
        let latency = self.request_started.elapsed();
        let request_state = self.dialogue.request.progress.state();
        let pricing = Pricing::of(&self.task.client, &self.task.options);
        // An attempt was added above, so there is a last one.
        let index = self.ledger.attempts.len() - 1;
        let attempt = &mut self.ledger.attempts[index];
        attempt.latency = latency;
        attempt.record_waits(&request_state, self.request_started);
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
                return Err(Failure::Provider(error));
            }
        };
        attempt.record_reply(&reply, &pricing);
        let (outcome, failure) = match (&reply.stop, reply.refusal()) {
            (_, Some(message)) => (Outcome::Refused, Failure::Refused(message.to_owned())),
            (StopReason::Refusal, None) => (Outcome::Refused, Failure::Refused(reply.text())),
            (StopReason::ContentFilter, _) => {
                (Outcome::Filtered, Failure::Filtered(attempt.reply.clone()))
            }
            (StopReason::Length, _) if keeps_cut_lists => return Ok(reply),
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
            attempt.record_waits(&request_state, self.request_started);
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
        attempt.record_waits(&request_state, self.request_started);
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
            time_to_first_delta: None,
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

    /// Records the times of a request that has ended.
    pub(super) fn record_waits(&mut self, state: &RequestState, started: Instant) {
        self.waited = state.waited;
        self.limit_wait = state.limit_wait;
        self.time_to_first_delta =
            state.first_delta.map(|at| at.saturating_duration_since(started));
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
