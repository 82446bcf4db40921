//! Calls of the user's own tools: their arguments are checked, and then they are the caller's to
//! make. Bad ones are asked for again like any bad answer.

use super::Driver;
use super::calls::NOT_TAKEN;
use super::candidates::{AnswerText, read_answer};
use super::pending_calls::{CallFeedback, CallProblems};
use crate::check::violations;
use crate::contract::dialect::Restored;
use crate::contract::{Extract, Problems};
use crate::conversation::{Message, Reply, ToolCall, ToolResult};
use crate::extraction::ledger::Outcome;
use crate::extraction::request_tools::SentUserTool;
use crate::extraction::step::{Call, Calls};
use crate::reading::Level;

impl<T: Extract> Driver<T> {
    /// The calls that a reply makes of the user's own tools, checked: nothing where it makes none,
    /// and problems where one of them, or a call beside them, cannot be made.
    ///
    /// Calls come before a value: a reply that holds both has not waited for the results.
    pub(super) fn own_calls(&mut self, reply: &Reply) -> Option<Result<Vec<Call>, Problems>> {
        let own =
            self.tooling.as_ref().map(|tooling| tooling.user_tools.clone()).unwrap_or_default();
        if own.is_empty() || reply.tool_calls().all(|call| self.gives_value(call)) {
            return None;
        }
        let find = |call: &ToolCall| own.iter().find(|own| own.tool.name() == call.name);
        let mut calls = Vec::new();
        let mut all = Problems::new();
        let mut verdicts = Vec::new();
        let level = self.task.options.reading;
        for call in reply.tool_calls() {
            let read = match find(call) {
                Some(own) => read_call(own, call, level).map(|read| calls.push(read)),
                None if self.gives_value(call) => Ok(()),
                None => Err(CallProblems::unread(self.unknown_tool(call).into())),
            };
            verdicts.push(match read {
                Ok(()) => CallFeedback::NotTaken,
                Err(wrong) => {
                    wrong.problems.iter().for_each(|problem| all.push(problem.clone()));
                    CallFeedback::Wrong(wrong)
                }
            });
        }
        if all.is_empty() {
            self.enter_verdict(Outcome::Called, Vec::new(), &all);
            return Some(Ok(calls));
        }
        self.enter_verdict(Outcome::Rejected, Vec::new(), &all);
        self.slots.forget_verdicts();
        self.slots.verdicts = verdicts;
        Some(Err(all))
    }

    /// Whether a call is of a tool that gives the value.
    pub(super) fn gives_value(&self, call: &ToolCall) -> bool {
        let split = self.tooling.as_ref().and_then(|tooling| tooling.split.as_ref());
        match split {
            Some(split) => split.find(&call.name).is_some(),
            None => call.name == self.task.contract.name(),
        }
    }
}

/// Reads and checks one call. Pointers of problems are into its arguments, as they were asked for.
fn read_call(own: &SentUserTool, call: &ToolCall, level: Level) -> Result<Call, CallProblems> {
    let contract = own.tool.contract();
    let shape = contract.shape(Some(&own.form));
    let reading = read_answer(&AnswerText::arguments_of(call), shape, own.tool.name(), level)
        .map_err(|problem| CallProblems::unread(problem.into()))?;
    let Restored { value, mut problems } = contract.restore_reading(Some(&own.form), reading);
    problems.extend(violations(contract, &value));
    if problems.is_empty() {
        return Ok(Call { call: call.clone(), arguments: value });
    }
    Err(CallProblems::of(contract, &own.form, value, &problems.into()))
}

impl<T: Extract> Driver<T> {
    /// What the caller is given to go on with: the calls, and the conversation they stand in.
    pub(super) fn hand_over(mut self, calls: Vec<Call>, reply: &Reply) -> Calls {
        let mut conversation = self.task.input.messages().to_vec();
        conversation.extend(self.request.messages.drain(self.opened..));
        conversation.push(reply.to_message());
        // Every call of a turn is owed a result. The value has to wait for those of the others.
        for call in reply.tool_calls().filter(|call| self.gives_value(call)) {
            conversation.push(Message::tool(ToolResult::new(call, NOT_TAKEN, true)));
        }
        Calls { calls, conversation, ledger: self.close() }
    }
}
