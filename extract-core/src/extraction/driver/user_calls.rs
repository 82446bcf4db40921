//! Calls of user tools: their arguments are checked, then they are handed to the caller. Invalid calls are
//! asked for again.

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
use crate::reading::Level;

/// Calls of user tools that end the loop: [`Infallible`] for an extraction, which has none, and [`Call`]s
/// for a step.
pub(super) trait UserCalls: Sized {
    /// Returns the calls of user tools in a reply, or the rejection of the reply if one of its calls is
    /// invalid. Returns `None` if the reply calls no user tool.
    fn of<T>(driver: &Driver<T>, turn: &ReplyTurn<'_>) -> Option<Result<Self, Rejection>>;
}

impl UserCalls for Infallible {
    fn of<T>(_: &Driver<T>, _: &ReplyTurn<'_>) -> Option<Result<Self, Rejection>> {
        None
    }
}

impl UserCalls for Vec<Call> {
    fn of<T>(driver: &Driver<T>, turn: &ReplyTurn<'_>) -> Option<Result<Self, Rejection>> {
        let tools = &driver.user_tools;
        let gives_value = |call: &ToolCall| driver.gives_value(call);
        if tools.is_empty() || turn.calls().all(gives_value) {
            return None;
        }
        let mut calls = Vec::new();
        let mut problems = Problems::new();
        let mut feedback = Vec::new();
        let level = driver.task.options.reading;
        for call in turn.calls() {
            let tool = tools.iter().find(|sent| sent.tool.name() == call.name);
            let read = match tool {
                Some(tool) => read_call(tool, call, level).map(|read| calls.push(read)),
                None if gives_value(call) => Ok(()),
                None => {
                    let unknown = unknown_tool(&driver.dialogue.request.output, call);
                    Err(CallProblems::unread(unknown.into()))
                }
            };
            feedback.push(match read {
                Ok(()) => CallFeedback::NotTaken,
                Err(found) => {
                    found.problems.iter().for_each(|problem| problems.push(problem.clone()));
                    CallFeedback::Rejected(found)
                }
            });
        }
        if problems.is_empty() {
            return Some(Ok(calls));
        }
        Some(Err(Rejection { problems, calls: feedback, beside_calls: Vec::new() }))
    }
}

/// Reads and checks one call. Fails with problems whose pointers begin at the arguments as they were sent.
fn read_call(sent: &SentUserTool, call: &ToolCall, level: Level) -> Result<Call, CallProblems> {
    let contract = sent.tool.contract();
    let shape = contract.shape(Some(&sent.form));
    let reading = read_answer(&AnswerText::arguments_of(call), shape, sent.tool.name(), level)
        .map_err(|problem| CallProblems::unread(problem.into()))?;
    let Restored { value, mut problems } = contract.restore_reading(Some(&sent.form), reading);
    problems.extend(violations(contract, &value));
    if problems.is_empty() {
        return Ok(Call { call: call.clone(), arguments: value });
    }
    Err(CallProblems::of(contract, &sent.form, value, &problems.into()))
}

impl<T> Driver<T> {
    /// Returns whether a call gives the value, or an element of it.
    fn gives_value(&self, call: &ToolCall) -> bool {
        self.ask.gives_value(&self.task.contract, &call.name)
    }

    /// Ends the extraction with calls: the caller gets them with the conversation they belong to.
    pub(super) fn hand_over(mut self, calls: Vec<Call>, reply: &Reply) -> Calls {
        let conversation = self.take_conversation(reply);
        // Protocols require a result for every call, also for those that give the value.
        let results = reply
            .tool_calls()
            .filter(|call| self.gives_value(call))
            .map(|call| Message::tool(ToolResult::new(call, NOT_TAKEN, true)));
        let conversation = results.fold(conversation, Conversation::message);
        Calls { calls, conversation, ledger: self.into_ledger() }
    }
}
