//! The loop. A [`Journey`] is one extraction under way: it asks, reads, checks, feeds back what is
//! wrong and asks again. What cannot be mended by asking again ends it at once.

mod attempt;
mod calls;
mod candidates;
mod escalate;
mod evaluate;
mod limits;
mod list_chunks;
mod partial_reask;
mod pending_calls;
mod reask;
mod text_answer;
mod text_calls;
mod user_tool_calls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::Rejected;
use super::initial_request::InitialRequest;
use super::ledger::{Ledger, Report};
use super::limit::Limit;
use super::llm_check::Judgements;
use super::options::Options;
use super::request_tools::RequestTools;
use super::step::{Call, Calls};
use super::stream::{EventChannel, StreamEvent};
use super::{Client, Error, InputError};
use crate::check::Rules;
use crate::contract::{
    CheckContext, Contract, Extract, FailedCheck, LoweredContract, Problems, UserTool,
};
use crate::conversation::{Assembly, Feature, Input, Mode, Output, ProviderError, Reply, Request};
use partial_reask::PartialReask;
use pending_calls::PendingCalls;

/// What an extraction is: who is asked, for what, about what, and how.
pub(super) struct Task<T> {
    pub(super) client: Client,
    pub(super) contract: Arc<Contract>,
    pub(super) input: Input,
    pub(super) options: Options,
    pub(super) user_tools: Vec<UserTool>,
    /// Where the reply is told as it arrives.
    pub(super) channel: Option<EventChannel>,
    /// The list whose bad elements may be left out, as a JSON pointer.
    pub(super) list_pointer: String,
    pub(super) rules: Rules<T>,
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            contract: Arc::clone(&self.contract),
            input: self.input.clone(),
            options: self.options.clone(),
            user_tools: self.user_tools.clone(),
            channel: self.channel.clone(),
            list_pointer: self.list_pointer.clone(),
            rules: self.rules.clone(),
        }
    }
}

/// Runs an extraction to its value.
pub(super) async fn run<T: Extract>(task: Task<T>) -> Result<Report<T>, Error> {
    match arrive(task).await? {
        Outcome::Value { report, .. } => Ok(report),
        Outcome::Calls(_) => unreachable!("calls are of tools that only a step has"),
    }
}

/// Where a journey came to.
pub(super) enum Outcome<T> {
    /// A value, and the JSON that it was read from.
    Value { report: Report<T>, json: Value },
    /// Calls of the user's own tools.
    Calls(Calls),
}

/// Runs an extraction to its end.
pub(super) async fn arrive<T: Extract>(task: Task<T>) -> Result<Outcome<T>, Error> {
    if task.options.is_blank(&task.input) {
        return Err(InputError::Empty.into());
    }
    let deadline = task.options.deadline;
    let mut journey = Driver::begin(task)?;
    if journey.tooling.is_none() && !journey.task.user_tools.is_empty() {
        return Err(InputError::NoTools.into());
    }
    let ending = match deadline {
        None => journey.travel().await,
        Some(deadline) => match tokio::time::timeout(deadline, journey.travel()).await {
            Ok(ending) => ending,
            Err(_) => Err(Failure::Deadline(deadline)),
        },
    };
    match ending {
        Ok(value) => {
            let json = journey.last.take().unwrap_or_default();
            if let Some(line) =
                journey.task.channel.as_ref().filter(|line| line.wants_settled_value())
            {
                line.send(StreamEvent::Settled { value: json.clone() });
            }
            Ok(Outcome::Value { report: Report::new(value, journey.close()), json })
        }
        Err(Failure::Called(calls, reply)) => Ok(Outcome::Calls(journey.hand_over(calls, &reply))),
        Err(ending) => Err(journey.fail(ending)),
    }
}

/// Why a journey ended without a value.
enum Failure {
    Provider(ProviderError),
    Refused(String),
    Filtered(String),
    Truncated(String),
    Invalid(Limit),
    Called(Vec<Call>, Box<Reply>),
    Unchecked(FailedCheck),
    Deadline(Duration),
}

/// One extraction under way.
struct Driver<T> {
    task: Task<T>,
    /// The lowered schema, where one is sent.
    form: Option<Arc<LoweredContract>>,
    /// What the calls of a reply mean, where tools are used.
    tooling: Option<RequestTools>,
    /// The elements of a list that came in calls, and what each call of the latest reply is told.
    slots: PendingCalls,
    request: Request,
    ledger: Ledger,
    begun: Instant,
    /// When the latest request was made.
    asked_at: Instant,
    /// What has come of a reply that is under way.
    arriving: Assembly,
    /// Who is asked: `provider/model`.
    asked: String,
    /// How many attempts there were before this model was asked.
    before: usize,
    /// How many messages the conversation was opened with.
    opened: usize,
    /// The value of the latest reply, where it could be read.
    last: Option<Value>,
    /// What was wrong with it.
    problems: Problems,
    /// How often these problems came back.
    unchanged: u32,
    /// What checks may look at.
    background: Arc<CheckContext>,
    best: Option<Rejected>,
    /// How the whole is asked for.
    whole: Output,
    /// Which parts are asked for, where it is not the whole.
    parts: Option<PartialReask>,
    /// How many messages there were once the whole had been fed back on.
    told: usize,
}

impl<T> Driver<T> {
    /// Makes this opening the conversation.
    fn open(&mut self, opening: InitialRequest) {
        self.ledger.notes.extend(opening.notes);
        self.opened = opening.request.messages.len();
        self.whole = opening.request.output.clone();
        self.parts = None;
        self.told = self.opened;
        self.request = opening.request;
        self.form = opening.form;
        self.tooling = opening.tooling;
        self.slots = PendingCalls::default();
    }

    /// The same, after what was said to a model that was asked before.
    fn open_again(&mut self, opening: InitialRequest) {
        let said = self.request.messages.split_off(self.opened);
        self.open(opening);
        self.request.messages.extend(said);
    }
}

impl<T: Extract> Driver<T> {
    fn begin(task: Task<T>) -> Result<Self, Error> {
        let begun = Instant::now();
        let InitialRequest { request, form, tooling, notes } = InitialRequest::of(&task)?;
        let ledger = Ledger { notes, ..Ledger::default() };
        let background = Arc::new(task.options.background(&task.input));
        let (asked, opened) = (address(&task.client), request.messages.len());
        let whole = request.output.clone();
        Ok(Self {
            task,
            form,
            tooling,
            slots: PendingCalls::default(),
            request,
            ledger,
            begun,
            asked_at: begun,
            arriving: Assembly::new(),
            asked,
            before: 0,
            opened,
            last: None,
            problems: Problems::new(),
            unchanged: 0,
            best: None,
            whole,
            parts: None,
            told: opened,
            background,
        })
    }

    /// Ask, read, check; feed back and ask again.
    async fn travel(&mut self) -> Result<T, Failure> {
        loop {
            let reply = match self.ask().await {
                Ok(reply) => reply,
                Err(Failure::Provider(error)) if self.step_back_to_the_whole(&error) => continue,
                Err(Failure::Provider(error)) if self.step_down(&error) => continue,
                Err(Failure::Truncated(_)) if self.raise_max_tokens() => continue,
                Err(ending) => return Err(ending),
            };
            self.last = None;
            let unwrapped = match self.unwrap_calls(&reply) {
                Ok(unwrapped) => unwrapped,
                Err(problems) => {
                    self.ask_again(&reply, &problems)?;
                    continue;
                }
            };
            let called = unwrapped.as_ref().unwrap_or(&reply);
            let judged = match self.own_calls(called) {
                Some(Ok(calls)) => return Err(Failure::Called(calls, Box::new(called.clone()))),
                Some(Err(problems)) => Err(problems),
                None => self.judge(called).await?,
            };
            self.note_unwrapped(&reply, unwrapped.as_ref());
            self.enter_judgements();
            match judged {
                Ok(value) => return Ok(value),
                Err(problems) => self.ask_again(&reply, &problems)?,
            }
        }
    }

    /// Opens the conversation in the next mode, if the server does not take this one (or this schema
    /// in it) and the mode is ours to choose. The client remembers it; no mode is tried twice.
    fn step_down(&mut self, error: &ProviderError) -> bool {
        let asked = self.request.output.mode();
        let since = self.ledger.attempts.iter().skip(self.before);
        let answered = since.clone().any(|attempt| attempt.stop.is_some());
        if !answered && self.step_back_to_one_tool(error) {
            return true;
        }
        let since = self.ledger.attempts.iter().skip(self.before);
        if self.task.options.mode != Mode::Auto || answered || !self.task.user_tools.is_empty() {
            return false;
        }
        match error.unsupported {
            Some(Feature::Mode(mode)) if mode == asked => self.task.client.refused.add(asked),
            Some(Feature::Schema(mode)) if mode == asked => {
                self.task.client.refused.add_for(asked, &self.task.contract);
            }
            _ => return false,
        }
        let Ok(opening) = InitialRequest::of(&self.task) else { return false };
        let next = opening.request.output.mode();
        if since.clone().any(|attempt| attempt.mode == next) {
            return false;
        }
        self.ledger.notes.push(format!("the mode is {next} instead of {asked}: {error}"));
        self.open_again(opening);
        true
    }

    /// Asks for the whole value in one tool, if the server refuses several. The client remembers it.
    fn step_back_to_one_tool(&mut self, error: &ProviderError) -> bool {
        let split = self.tooling.as_ref().is_some_and(|tooling| tooling.split.is_some());
        let about_tools = matches!(
            error.unsupported,
            Some(Feature::Mode(Mode::Tools) | Feature::Schema(Mode::Tools))
        );
        if !split || !about_tools {
            return false;
        }
        self.task.client.refused.add_split(&self.task.contract);
        let Ok(opening) = InitialRequest::of(&self.task) else { return false };
        self.ledger.notes.push(format!("the value is asked for as one tool: {error}"));
        self.open_again(opening);
        true
    }

    /// Enters what checks have asked of models, so that it counts against the budgets.
    fn enter_judgements(&mut self) {
        if let Some(judgements) = self.background.context().find::<Judgements>() {
            self.ledger.judgements.extend(judgements.take());
        }
    }

    fn close(mut self) -> Ledger {
        self.enter_judgements();
        self.ledger.elapsed = self.begun.elapsed();
        self.ledger
    }

    fn fail(mut self, ending: Failure) -> Error {
        let reached = match &ending {
            Failure::Deadline(_) => self.cut_off().map(Box::new),
            _ => None,
        };
        let last = self.last.take();
        let rejected = self.best.take().map(Box::new);
        let problems = std::mem::take(&mut self.problems);
        let ledger = Box::new(self.close());
        let split = |rejected: Option<Box<Rejected>>| match rejected {
            Some(rejected) => (Some(rejected.value), rejected.problems),
            None => (None, problems),
        };
        match ending {
            Failure::Provider(error) => Error::Provider { error, best: rejected, ledger },
            Failure::Refused(message) => Error::Refused { message, best: rejected, ledger },
            Failure::Filtered(partial) => {
                Error::ContentFiltered { partial, best: rejected, ledger }
            }
            Failure::Truncated(partial) => Error::Truncated { partial, best: rejected, ledger },
            Failure::Invalid(limit) => {
                let (best, problems) = split(rejected);
                Error::Invalid { problems, best, limit, ledger }
            }
            Failure::Deadline(deadline) => {
                let (best, problems) = split(rejected);
                Error::Deadline { deadline, reached, problems, best, ledger }
            }
            Failure::Called(..) => unreachable!("calls are handed over before"),
            Failure::Unchecked(FailedCheck { pointer, failure: source }) => {
                Error::Check { pointer, source, last, ledger }
            }
        }
    }
}

/// A client's model, as it is named.
fn address(client: &Client) -> String {
    let profile = client.model.profile();
    format!("{}/{}", profile.provider, profile.model)
}
