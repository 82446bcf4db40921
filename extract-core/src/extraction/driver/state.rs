//! [`Driver`]: the state of one extraction while it runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cache_use::CacheUse;
use super::confidence::FieldWeights;
use super::dialogue::Dialogue;
use super::model_time::{DEFAULT_DEADLINE, ModelTime};
use super::second_request::SecondRequest;
use crate::contract::{CheckContext, FailedCheck, Problems};
use crate::conversation::{Assembly, Conversation, Output, ProviderError, Reply};
use crate::extraction::ask::Ask;
use crate::extraction::budget::{OpenReservation, OverBudget};
use crate::extraction::error::{Error, ErrorKind, InputError, Rejected};
use crate::extraction::fallback::Probe;
use crate::extraction::initial_request::InitialRequest;
use crate::extraction::judgements::Judgements;
use crate::extraction::ledger::Ledger;
use crate::extraction::limit::Limit;
use crate::extraction::lists::Lists;
use crate::extraction::request_tools::SentUserTool;
use crate::extraction::task::Task;
use crate::extraction::tools::ToolFailure;
use crate::extraction::trace::AttemptSpan;

/// The state of one extraction while it runs.
pub(super) struct Driver<T> {
    pub(super) task: Task<T>,
    pub(super) dialogue: Dialogue,
    /// The answer that the next request asks for.
    pub(super) ask: Ask,
    pub(super) user_tools: Vec<SentUserTool>,
    pub(super) ledger: Ledger,
    pub(super) context: Arc<CheckContext>,
    started: Instant,
    /// The time at which the deadline passes.
    pub(super) deadline: Option<tokio::time::Instant>,
    pub(super) model_time: ModelTime,
    /// Start of the latest request.
    pub(super) request_started: Instant,
    /// The reservation of the current request.
    pub(super) reservation: Option<OpenReservation>,
    /// The part of the current reply that has arrived.
    pub(super) partial_reply: Assembly,
    /// The value of the latest reply, if one could be read.
    pub(super) last_value: Option<Value>,
    /// The confidences of the fields of that value.
    pub(super) weights: FieldWeights,
    /// The number of replies whose calls were run.
    pub(super) steps: u32,
    /// The problems of the latest rejected reply.
    pub(super) problems: Problems,
    /// How often the same problems came back.
    pub(super) unchanged: u32,
    /// The rejected value with the fewest problems; of equals, the latest.
    pub(super) best: Option<Rejected>,
    /// The second request while two models are asked.
    pub(super) second_request: Option<SecondRequest>,
    /// The permission to try a model whose circuit is open.
    pub(super) probe: Option<Probe>,
    /// The lists with an expected number of elements, or that were cut off.
    pub(super) lists: Lists,
    /// The use of the cache.
    pub(super) cached: CacheUse,
    /// The number of the extraction in this process.
    pub(super) number: u64,
    /// Whether an attempt has begun and not ended.
    pub(super) is_under_way: bool,
    /// The span of the current attempt.
    pub(super) attempt_span: AttemptSpan,
}

/// Why an extraction ended without a value.
pub(super) enum Failure {
    Provider(ProviderError),
    Refused(String),
    Filtered(String),
    Truncated(String),
    Invalid(Limit),
    /// The request does not fit into a budget.
    Budget(OverBudget),
    Unchecked(FailedCheck),
    /// A tool ended the extraction.
    Tool {
        name: String,
        source: ToolFailure,
    },
    /// More replies than this had calls of tools.
    Steps(u32),
    Deadline(Duration),
}

impl Failure {
    /// Returns the name of the kind of error that it becomes.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Provider(error) => error.kind.name(),
            Self::Refused(_) => "refused",
            Self::Filtered(_) => "content_filtered",
            Self::Truncated(_) => "truncated",
            Self::Invalid(_) => "invalid",
            Self::Budget(_) => "budget",
            Self::Unchecked(_) => "check",
            Self::Deadline(_) => "deadline",
            Self::Tool { .. } => "tool",
            Self::Steps(_) => "too_many_steps",
        }
    }
}

impl<T> Driver<T> {
    /// Makes the state before the first request. Fails if the input is empty, the type cannot be sent, or
    /// there are user tools and the model is not asked by tools.
    pub(super) fn start(task: Task<T>, number: u64) -> Result<Self, Error> {
        if task.options.is_blank(&task.input) {
            return Err(Error::from(InputError::Empty).of_type(task.contract.name()));
        }
        let started = Instant::now();
        let InitialRequest { request, ask, user_tools, notes } = InitialRequest::of(&task)
            .map_err(|error| Error::from(error).of_type(task.contract.name()))?;
        if !task.user_tools.is_empty() && !matches!(request.output, Output::Tools(_)) {
            return Err(Error::from(InputError::NoTools).of_type(task.contract.name()));
        }
        if let Some(name) = task.duplicate_tool() {
            let error = InputError::ToolName(name.to_owned());
            return Err(Error::from(error).of_type(task.contract.name()));
        }
        let context = Arc::new(task.options.check_context_for(&task.input));
        let mut notes = notes;
        let lists = Lists::start(&task.expected, task.options.lists, &context, &mut notes);
        let lists = lists.map_err(|FailedCheck { pointer, failure: source }| {
            Error::new(ErrorKind::Check { pointer, source }).of_type(task.contract.name())
        })?;
        Ok(Self {
            dialogue: Dialogue::start(request, &task.client, 0),
            model_time: ModelTime::of(task.options.deadline),
            task,
            ask,
            user_tools,
            ledger: Ledger { notes, ..Ledger::default() },
            context,
            started,
            deadline: None,
            request_started: started,
            reservation: None,
            partial_reply: Assembly::new(),
            last_value: None,
            weights: FieldWeights::default(),
            steps: 0,
            problems: Problems::new(),
            unchanged: 0,
            best: None,
            second_request: None,
            probe: None,
            lists,
            cached: CacheUse::default(),
            number,
            is_under_way: false,
            attempt_span: AttemptSpan::none(),
        })
    }

    /// Returns the failure of an extraction that took too long.
    pub(super) fn too_late(&self) -> Failure {
        Failure::Deadline(self.task.options.deadline.unwrap_or(DEFAULT_DEADLINE))
    }

    /// Returns the number of attempts so far.
    pub(super) fn attempt_count(&self) -> u32 {
        u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX)
    }

    /// Adds the attempts of models that checks asked to the ledger, so that budgets count them.
    pub(super) fn record_judgements(&mut self) {
        if let Some(judgements) = self.context.context().find::<Judgements>() {
            self.ledger.judgements.extend(judgements.take());
        }
    }

    /// Takes the conversation of the user: the input without the examples before it, the exchange that
    /// followed, and the last reply.
    pub(super) fn take_conversation(&mut self, reply: &Reply) -> Conversation {
        let input = std::mem::take(&mut self.task.input);
        let mut messages = input.messages().to_vec();
        messages.drain(..self.task.options.before_input.min(messages.len()));
        messages.extend(self.dialogue.take_exchange());
        messages.push(reply.to_message());
        input.with_messages(messages)
    }

    /// Ends the span of the current attempt, and tells the listeners, unless it has ended.
    pub(super) fn end_attempt(&mut self, error: Option<&str>) {
        if !std::mem::take(&mut self.is_under_way) {
            return;
        }
        if let Some(attempt) = self.ledger.attempts.last() {
            self.attempt_span.end(attempt, error);
        }
        self.tell_attempt();
    }

    /// Records what is known at the end.
    pub(super) fn end_ledger(&mut self) {
        self.record_judgements();
        self.note_wait_for_other();
        self.ledger.latency = self.started.elapsed();
        self.ledger.lists = self.lists.counts();
    }

    /// Ends the extraction without a value.
    pub(super) fn into_error(mut self: Box<Self>, failure: Failure) -> Error {
        let request = match &failure {
            Failure::Deadline(_) => self.cut_off_by_deadline(),
            _ => None,
        };
        self.end_attempt(Some("deadline"));
        let last = self.last_value.take();
        let best = self.value_so_far().or_else(|| self.best.take());
        let problems = match &best {
            Some(best) => best.problems.clone(),
            None => std::mem::take(&mut self.problems),
        };
        let name = self.task.contract.name().to_owned();
        let (kind, best) = match failure {
            Failure::Provider(error) => (ErrorKind::Provider(error), best),
            Failure::Refused(message) => (ErrorKind::Refused { message }, best),
            Failure::Filtered(partial) => (ErrorKind::ContentFiltered { partial }, best),
            Failure::Truncated(partial) => (ErrorKind::Truncated { partial }, best),
            Failure::Budget(over) if problems.is_empty() => (ErrorKind::Budget(over), best),
            Failure::Budget(over) => {
                (ErrorKind::Invalid { problems, limit: Limit::Budget(over) }, best)
            }
            Failure::Invalid(limit) => (ErrorKind::Invalid { problems, limit }, best),
            Failure::Deadline(deadline) => {
                (ErrorKind::Deadline { deadline, request, problems }, best)
            }
            Failure::Tool { name, source } => (ErrorKind::Tool { name, source }, best),
            Failure::Steps(steps) => (ErrorKind::TooManySteps { steps }, best),
            Failure::Unchecked(FailedCheck { pointer, failure: source }) => {
                let value = last.map(|value| Rejected { value, problems: Problems::new() });
                (ErrorKind::Check { pointer, source }, value)
            }
        };
        self.end_ledger();
        Error::with_ledger(kind, self.ledger).with_best(best).of_type(&name)
    }
}
