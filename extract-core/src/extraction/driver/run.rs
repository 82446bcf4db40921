//! The loop.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::end::{End, Next, Pending};
use super::events::{next_number, tell};
use super::state::{Driver, Failure};
use super::user_calls::{CallFault, UserCalls};
use crate::cache::holding;
use crate::check::retype;
use crate::contract::{CheckFailure, Extract, FailedCheck, Problems};
use crate::conversation::{Block, Conversation, Message, Reply, ToolResult};
use crate::extraction::ask::{Evaluation, Evaluator, ReplyTurn, Verdict};
use crate::extraction::calls::{Call, Calls};
use crate::extraction::channel::StreamEvent;
use crate::extraction::error::Error;
use crate::extraction::events::Event;
use crate::extraction::ledger::{Outcome, Report};
use crate::extraction::task::Task;
use crate::extraction::trace::ExtractionSpan;
use crate::http::timer;
use crate::reading::Repair;

/// The result of the calls that gave the value, for a conversation that goes on.
const ACCEPTED: &str = "The value is accepted.";

/// An accepted value.
pub(crate) struct Accepted<T> {
    pub(crate) report: Report<T>,
    /// The JSON of the value, in the type's shape.
    pub(crate) json: Value,
}

/// The result of a step.
pub(in crate::extraction) enum Finished<T> {
    Value(Accepted<T>),
    /// Calls of user tools.
    Calls(Calls),
}

/// Runs an extraction to its value.
pub(in crate::extraction) async fn run<T: Extract>(task: Task<T>) -> Result<Accepted<T>, Error> {
    match Box::pin(run_to_end::<T, Infallible>(task)).await? {
        (driver, End::Value(value, reply)) => Ok(driver.accept(value, &reply)),
        (_, End::Calls { calls: none, .. }) => match none {},
    }
}

/// Runs an extraction to its value, or to calls of the user tools of its task.
pub(in crate::extraction) async fn run_step<T: Extract>(
    task: Task<T>,
) -> Result<Finished<T>, Error> {
    Ok(match Box::pin(run_to_end::<T, Vec<Call>>(task)).await? {
        (driver, End::Value(value, reply)) => Finished::Value(driver.accept(value, &reply)),
        (driver, End::Calls { calls, reply, results }) => {
            Finished::Calls(driver.hand_over(calls, &reply, results))
        }
    })
}

/// Runs the loop, and stores the accepted reply in the cache.
async fn run_to_end<T: Extract, C: UserCalls>(
    task: Task<T>,
) -> Result<(Box<Driver<T>>, End<T, C>), Error> {
    let number = next_number();
    let (name, listeners) = (task.contract.name().to_owned(), task.options.listeners.clone());
    let span = ExtractionSpan::start(&name, number);
    // Boxed, because futures and drivers are large, and each copy of one needs stack.
    let mut end = span.within(Box::pin(run_untraced(task, number))).await;
    if let Ok((driver, end)) = &mut end {
        if matches!(end, End::Value(..)) {
            driver.record_confidences();
        }
        driver.end_ledger();
    }
    let (ledger, error) = match &end {
        Ok((driver, _)) => (&driver.ledger, None),
        Err(error) => (error.ledger(), Some((error.kind().name(), error.to_string()))),
    };
    tell(&listeners, || Event::Done {
        extraction: number,
        type_name: name,
        ledger: Arc::new(ledger.clone()),
        error: error.clone(),
    });
    span.end(ledger, error);
    end
}

async fn run_untraced<T: Extract, C: UserCalls>(
    task: Task<T>,
    number: u64,
) -> Result<(Box<Driver<T>>, End<T, C>), Error> {
    let mut driver = Box::new(Driver::start(task, number)?);
    // The value need not be `Send`, so no wait may hold it: it is read again from its JSON.
    let end = match driver.run_within_deadline::<C>().await {
        Ok(end) if !driver.cached.has_reply() => return Ok((driver, end)),
        Ok(End::Value(_, reply)) => End::Value((), reply),
        Ok(End::Calls { calls, reply, results }) => End::Calls { calls, reply, results },
        Err(failure) => return Err(driver.into_error(failure)),
    };
    driver.store_reply().await;
    let end = match end {
        End::Calls { calls, reply, results } => Ok(End::Calls { calls, reply, results }),
        End::Value((), reply) => driver.read_again().map(|value| End::Value(value, reply)),
    };
    match end {
        Ok(end) => Ok((driver, end)),
        Err(failure) => Err(driver.into_error(failure)),
    }
}

impl<T: Extract> Driver<T> {
    async fn run_within_deadline<C: UserCalls>(&mut self) -> Result<End<T, C>, Failure> {
        match self.task.options.deadline {
            None => Box::pin(self.run_loop()).await,
            Some(Duration::ZERO) => Err(self.too_late()),
            Some(deadline) => {
                self.deadline = tokio::time::Instant::now().checked_add(deadline);
                let run = Box::pin(self.run_loop());
                let timeout = timer(|| tokio::time::timeout(deadline, run));
                let end = timeout.map_err(Failure::Provider)?.await;
                end.unwrap_or_else(|_| Err(self.too_late()))
            }
        }
    }

    /// Ask, read, check; run the tools that are called, or feed the problems back, and ask again.
    async fn run_loop<C: UserCalls>(&mut self) -> Result<End<T, C>, Failure> {
        self.pass_over_open_circuits();
        if self.task.options.kept_reply.is_some() {
            if let Some(end) = Box::pin(self.answer_from_kept()).await? {
                return Ok(end);
            }
        }
        loop {
            self.change_settings();
            // Boxed, because extractions without a cache need no room for it.
            if self.task.options.cache.is_on() {
                if let Some(end) = Box::pin(self.answer_from_cache()).await? {
                    return Ok(end);
                }
            }
            let reply = match self.send_request().await {
                Ok(reply) => reply,
                Err(failure) if self.recover_from(&failure) || self.fall_back(&failure) => continue,
                Err(failure) => return Err(failure),
            };
            let pending =
                match holding(self.cached.lead_key(), Box::pin(self.evaluate(&reply))).await {
                    Next::End(end) => {
                        self.keep_reply(reply);
                        return Ok(end);
                    }
                    Next::Fail(failure) if self.recover_from(&failure) => continue,
                    Next::Fail(failure) => return Err(failure),
                    Next::AskAgain(rejection) => {
                        self.ask_again(&reply, &rejection)?;
                        continue;
                    }
                    Next::Continue(pending) => pending,
                };
            match pending {
                Pending::List(incomplete) => Box::pin(self.continue_list(incomplete)).await?,
                Pending::Calls(calls, turn) => {
                    self.store_called(reply).await;
                    if let Some(end) = Box::pin(self.make_calls(calls, turn)).await? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    /// Reads and checks a reply, and records the result in the ledger. Calls of user tools come before a
    /// value: a reply that holds both has not waited for their results.
    pub(super) async fn evaluate<C: UserCalls>(&mut self, reply: &Reply) -> Next<T, C> {
        let Some((reply, cut)) = self.kept_part(reply) else { return self.truncated() };
        let reply = &*reply;
        let number = self.dialogue.request.messages.len();
        let output = &self.dialogue.request.output;
        let turn = self.ask.read_turn(reply, output, &self.task.contract, number);
        let (evaluation, turn) = match turn {
            Err(problem) => (Evaluation::unreadable(problem), None),
            Ok(turn) => match self.user_calls(&turn) {
                Some(Ok(calls)) => {
                    self.record(Outcome::Called, Vec::from_iter(turn.repair()), &Problems::new());
                    return Next::Continue(Pending::Calls(calls, Box::new(turn.into_reply())));
                }
                Some(Err(CallFault::Rejected(rejection))) => {
                    (Evaluation::rejected(rejection), Some(turn))
                }
                Some(Err(CallFault::Unchecked { name, source })) => {
                    self.record(Outcome::Unchecked, Vec::new(), &Problems::new());
                    return Next::Fail(Failure::Tool { name, source });
                }
                None => {
                    let Self { task, context, ledger, ask, lists, .. } = self;
                    let mut evaluator = Evaluator { task, context, ledger, lists, cut };
                    (ask.evaluate(&turn, &mut evaluator).await, Some(turn))
                }
            },
        };
        let Evaluation { verdict, value, repairs } = evaluation;
        let repair = turn.as_ref().and_then(ReplyTurn::repair);
        let repairs = repair.into_iter().chain(repairs).collect();
        self.last_value = value;
        self.weigh(reply);
        match verdict {
            Verdict::Accepted(value) => {
                self.record(Outcome::Accepted, repairs, &Problems::new());
                let reply = turn.map_or_else(|| reply.clone(), ReplyTurn::into_reply);
                Next::End(End::Value(value, Box::new(reply)))
            }
            Verdict::Rejected(rejection) => {
                self.record(Outcome::Rejected, repairs, &rejection.problems);
                Next::AskAgain(rejection)
            }
            Verdict::Incomplete(incomplete) => {
                self.record(Outcome::Continued, repairs, &Problems::new());
                Next::Continue(Pending::List(incomplete))
            }
            Verdict::Truncated => self.truncated(),
            Verdict::Unchecked(failed) => {
                self.record(Outcome::Unchecked, repairs, &Problems::new());
                Next::Fail(Failure::Unchecked(failed))
            }
        }
    }
}

impl<T: Extract> Driver<T> {
    /// Reads the accepted value again.
    fn read_again(&self) -> Result<T, Failure> {
        let value = self.last_value.as_ref().and_then(retype);
        value.ok_or_else(|| {
            let reason = "the accepted value could not be read a second time";
            Failure::Unchecked(FailedCheck {
                pointer: String::new(),
                failure: CheckFailure::Failed(Arc::from(Box::from(reason))),
            })
        })
    }
}

impl<T> Driver<T> {
    /// Records the outcome of the latest attempt in the ledger.
    fn record(&mut self, outcome: Outcome, repairs: Vec<Repair>, problems: &Problems) {
        self.record_judgements();
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.outcome = outcome;
            attempt.repairs = repairs;
            attempt.problems = problems.iter().cloned().collect();
        }
        self.end_attempt(None);
    }

    /// Returns the conversation of an accepted value. A list of several replies is one answer in it.
    fn accepted_conversation(&mut self, json: &Value, reply: &Reply) -> Conversation {
        if self.lists.has_continued() {
            self.dialogue.take_exchange();
            let sent =
                self.task.contract.sent_value(self.ask.whole().form.as_deref(), json.clone());
            let answer = Block::Text(sent.to_string());
            return self.take_conversation(&Reply::new(vec![answer], reply.stop.clone()));
        }
        let conversation = self.take_conversation(reply);
        let results = reply.tool_calls().map(|call| ToolResult::new(call, ACCEPTED, false));
        results.map(Message::tool).fold(conversation, Conversation::message)
    }

    /// Ends the extraction with a value.
    fn accept(mut self: Box<Self>, value: T, reply: &Reply) -> Accepted<T> {
        let json = self.last_value.take().unwrap_or_default();
        let channel = self.task.channel.as_ref();
        if let Some(channel) = channel.filter(|channel| channel.wants_settled_value()) {
            channel.send(StreamEvent::Settled { value: json.clone() });
        }
        let conversation = self.accepted_conversation(&json, reply);
        Accepted { report: Report { value, ledger: self.ledger, conversation }, json }
    }
}
