//! Calls of user tools: their arguments are checked, then the loop runs them, or hands them to the caller.
//! Invalid calls are asked for again.

use std::convert::Infallible;

use super::state::Driver;
use crate::check::violations;
use crate::contract::Problems;
use crate::contract::dialect::Restored;
use crate::conversation::{Conversation, Message, Reply, ToolCall, ToolResult};
use crate::extraction::ask::{
    AnswerText, CallFeedback, CallProblems, NOT_TAKEN, Rejection, ReplyTurn, read_answer,
    unknown_tool,
};
use crate::extraction::calls::{Call, Calls};
use crate::extraction::request_tools::SentUserTool;
use crate::extraction::tools::{OfferedTool, ToolFailure};

/// Calls of user tools that end the loop: [`Infallible`] for an extraction, whose tools the loop runs, and
/// [`Call`]s for a step.
pub(super) trait UserCalls: Sized {
    /// Returns the calls that the caller makes; `None` if there are none.
    fn of(calls: Vec<Call>) -> Option<Self>;
}

impl UserCalls for Infallible {
    fn of(_: Vec<Call>) -> Option<Self> {
        None
    }
}

impl UserCalls for Vec<Call> {
    fn of(calls: Vec<Call>) -> Option<Self> {
        (!calls.is_empty()).then_some(calls)
    }
}

/// A call of a user tool, with checked arguments.
pub(super) struct UserCall {
    pub(super) call: Call,
    pub(super) tool: OfferedTool,
}

/// Why the calls of a reply are not made.
pub(super) enum CallFault {
    /// A call is invalid.
    Rejected(Rejection),
    /// The arguments of a call could not be checked.
    Unchecked { name: String, source: ToolFailure },
}

/// Why one call is not made.
enum ReadFault {
    Invalid(CallProblems),
    Unchecked(ToolFailure),
}

impl<T> Driver<T> {
    /// Returns the calls of user tools in a reply. Fails if one of its calls is invalid. Returns `None` if the
    /// reply calls no user tool.
    pub(super) fn user_calls(
        &self,
        turn: &ReplyTurn<'_>,
    ) -> Option<Result<Vec<UserCall>, CallFault>> {
        let tools = &self.user_tools;
        if tools.is_empty() || turn.calls().all(|call| self.gives_value(call)) {
            return None;
        }
        let mut calls = Vec::new();
        let mut problems = Problems::new();
        let mut feedback = Vec::new();
        for call in turn.calls() {
            let tool = tools.iter().find(|sent| sent.tool.tool.name() == call.name);
            let read = match tool {
                Some(tool) => self.read_call(tool, call).map(|read| calls.push(read)),
                None if self.gives_value(call) => Ok(()),
                None => {
                    let unknown = unknown_tool(&self.dialogue.request.output, call);
                    Err(ReadFault::Invalid(CallProblems::unread(unknown.into())))
                }
            };
            feedback.push(match read {
                Ok(()) => CallFeedback::NotTaken,
                Err(ReadFault::Invalid(found)) => {
                    found.problems.iter().for_each(|problem| problems.push(problem.clone()));
                    CallFeedback::Rejected(found)
                }
                Err(ReadFault::Unchecked(source)) => {
                    let name = call.name.clone();
                    return Some(Err(CallFault::Unchecked { name, source }));
                }
            });
        }
        if problems.is_empty() {
            return Some(Ok(calls));
        }
        let rejection = Rejection { problems, calls: feedback, beside_calls: Vec::new() };
        Some(Err(CallFault::Rejected(rejection)))
    }

    /// Reads and checks one call. Fails with problems whose pointers begin at the arguments as they were sent.
    fn read_call(&self, sent: &SentUserTool, call: &ToolCall) -> Result<UserCall, ReadFault> {
        let OfferedTool { tool, run } = &sent.tool;
        let (contract, level) = (tool.contract(), self.task.options.reading);
        let shape = contract.shape(Some(&sent.form));
        let reading = read_answer(&AnswerText::arguments_of(call), shape, tool.name(), level)
            .map_err(|problem| ReadFault::Invalid(CallProblems::unread(problem.into())))?;
        let Restored { value, mut problems } = contract.restore_reading(Some(&sent.form), reading);
        let problems: Problems = match run {
            Some(run) => {
                let checked = run.check(contract, &value, problems, self.context.context());
                checked.map_err(ReadFault::Unchecked)?
            }
            None => {
                problems.extend(violations(contract, &value));
                problems.into()
            }
        };
        if problems.is_empty() {
            let call = Call { call: call.clone(), arguments: value };
            return Ok(UserCall { call, tool: sent.tool.clone() });
        }
        Err(ReadFault::Invalid(CallProblems::of(contract, &sent.form, value, &problems)))
    }

    /// Returns whether a call gives the value, or an element of it.
    fn gives_value(&self, call: &ToolCall) -> bool {
        self.ask.gives_value(&self.task.contract, &call.name)
    }

    /// Ends the extraction with calls: the caller gets them with the conversation they belong to. `results` are
    /// those of calls that the loop has made.
    pub(super) fn hand_over(
        mut self: Box<Self>,
        calls: Vec<Call>,
        reply: &Reply,
        results: Vec<Message>,
    ) -> Calls {
        let ignored = ignored_value_results(&self, reply);
        let conversation = self.take_conversation(reply);
        let results = results.into_iter().chain(ignored);
        let conversation = results.fold(conversation, Conversation::message);
        Calls { calls, conversation, ledger: self.ledger }
    }
}

/// Returns the results of calls that give the value beside calls of user tools. Protocols require a result for
/// every call.
pub(super) fn ignored_value_results<T>(driver: &Driver<T>, reply: &Reply) -> Vec<Message> {
    let calls = reply.tool_calls().filter(|call| driver.gives_value(call));
    calls.map(|call| Message::tool(ToolResult::new(call, NOT_TAKEN, true))).collect()
}
