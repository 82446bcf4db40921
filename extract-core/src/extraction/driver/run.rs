//! The loop.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;

use super::state::{Driver, Failure};
use super::user_calls::UserCalls;
use crate::contract::{Extract, Problems};
use crate::conversation::{Conversation, Message, Reply, ToolResult};
use crate::extraction::ask::{Evaluation, Evaluator, Rejection, ReplyTurn, Verdict};
use crate::extraction::calls::{Call, Calls};
use crate::extraction::channel::StreamEvent;
use crate::extraction::error::Error;
use crate::extraction::ledger::{Outcome, Report};
use crate::extraction::task::Task;
use crate::http::timer;
use crate::reading::Repair;

/// The result of the calls that gave the value, for a conversation that goes on.
const ACCEPTED: &str = "The value is accepted.";

/// An accepted value.
pub(in crate::extraction) struct Accepted<T> {
    pub(in crate::extraction) report: Report<T>,
    /// The JSON of the value, in the type's shape.
    pub(in crate::extraction) json: Value,
}

/// The result of a step.
pub(in crate::extraction) enum Finished<T> {
    Value(Accepted<T>),
    /// Calls of user tools.
    Calls(Calls),
}

/// The end of the loop: a value, or a turn with calls of user tools.
enum End<T, C> {
    Value(T, Box<Reply>),
    Calls(C, Box<Reply>),
}

/// The next step after the evaluation of a reply.
enum Next<T, C> {
    End(End<T, C>),
    Fail(Failure),
    AskAgain(Rejection),
}

/// Runs an extraction to its value.
pub(in crate::extraction) async fn run<T: Extract>(task: Task<T>) -> Result<Accepted<T>, Error> {
    let mut driver = Driver::start(task)?;
    match driver.run_within_deadline::<Infallible>().await {
        Ok(End::Value(value, reply)) => Ok(driver.accept(value, &reply)),
        Ok(End::Calls(none, _)) => match none {},
        Err(failure) => Err(driver.into_error(failure)),
    }
}

/// Runs an extraction to its value, or to calls of the user tools of its task.
pub(in crate::extraction) async fn run_step<T: Extract>(
    task: Task<T>,
) -> Result<Finished<T>, Error> {
    let mut driver = Driver::start(task)?;
    match driver.run_within_deadline::<Vec<Call>>().await {
        Ok(End::Value(value, reply)) => Ok(Finished::Value(driver.accept(value, &reply))),
        Ok(End::Calls(calls, reply)) => Ok(Finished::Calls(driver.hand_over(calls, &reply))),
        Err(failure) => Err(driver.into_error(failure)),
    }
}

impl<T: Extract> Driver<T> {
    async fn run_within_deadline<C: UserCalls>(&mut self) -> Result<End<T, C>, Failure> {
        match self.task.options.deadline {
            None => self.run_loop().await,
            Some(Duration::ZERO) => Err(self.too_late()),
            Some(deadline) => {
                self.deadline = tokio::time::Instant::now().checked_add(deadline);
                let run = self.run_loop();
                let timeout = timer(|| tokio::time::timeout(deadline, run));
                let end = timeout.map_err(Failure::Provider)?.await;
                end.unwrap_or_else(|_| Err(self.too_late()))
            }
        }
    }

    /// Ask, read, check; feed the problems back and ask again.
    async fn run_loop<C: UserCalls>(&mut self) -> Result<End<T, C>, Failure> {
        self.pass_over_open_circuits();
        loop {
            let reply = match self.send_request().await {
                Ok(reply) => reply,
                Err(failure) if self.recover_from(&failure) || self.fall_back(&failure) => continue,
                Err(failure) => return Err(failure),
            };
            match self.evaluate(&reply).await {
                Next::End(end) => return Ok(end),
                Next::Fail(failure) => return Err(failure),
                Next::AskAgain(rejection) => self.ask_again(&reply, &rejection)?,
            }
        }
    }

    /// Reads and checks a reply, and records the result in the ledger. Calls of user tools come before a
    /// value: a reply that holds both has not waited for their results.
    async fn evaluate<C: UserCalls>(&mut self, reply: &Reply) -> Next<T, C> {
        let number = self.dialogue.request.messages.len();
        let output = &self.dialogue.request.output;
        let turn = self.ask.read_turn(reply, output, &self.task.contract, number);
        let (evaluation, turn) = match turn {
            Err(problem) => (Evaluation::unreadable(problem), None),
            Ok(turn) => match C::of(self, &turn) {
                Some(Ok(calls)) => {
                    self.record(Outcome::Called, Vec::from_iter(turn.repair()), &Problems::new());
                    return Next::End(End::Calls(calls, Box::new(turn.into_reply())));
                }
                Some(Err(rejection)) => (Evaluation::rejected(rejection), Some(turn)),
                None => {
                    let Self { task, context, ledger, ask, .. } = self;
                    let mut evaluator = Evaluator { task, context, ledger };
                    (ask.evaluate(&turn, &mut evaluator).await, Some(turn))
                }
            },
        };
        let Evaluation { verdict, value, repairs } = evaluation;
        let repair = turn.as_ref().and_then(ReplyTurn::repair);
        let repairs = repair.into_iter().chain(repairs).collect();
        self.last_value = value;
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
            Verdict::Unchecked(failed) => {
                self.record(Outcome::Unchecked, repairs, &Problems::new());
                Next::Fail(Failure::Unchecked(failed))
            }
        }
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
            tracing::debug!(
                attempt = attempt.number,
                ?outcome,
                problems = problems.len(),
                "checked"
            );
        }
    }

    /// Ends the extraction with a value.
    fn accept(mut self, value: T, reply: &Reply) -> Accepted<T> {
        let json = self.last_value.take().unwrap_or_default();
        let channel = self.task.channel.as_ref();
        if let Some(channel) = channel.filter(|channel| channel.wants_settled_value()) {
            channel.send(StreamEvent::Settled { value: json.clone() });
        }
        let conversation = self.take_conversation(reply);
        let results = reply.tool_calls().map(|call| ToolResult::new(call, ACCEPTED, false));
        let conversation = results.map(Message::tool).fold(conversation, Conversation::message);
        Accepted { report: Report { value, ledger: self.into_ledger(), conversation }, json }
    }
}
