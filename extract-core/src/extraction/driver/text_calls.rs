//! Calls that a model wrote into its text: they are judged like any other, and what is wrong with
//! them is told in words, because the provider knows of no calls.

use super::Driver;
use super::calls::{ACCEPTED, NOT_TAKEN};
use super::candidates::{other_call, unreadable_problem};
use super::pending_calls::{CallFeedback, CallProblems};
use crate::contract::{Extract, Problems};
use crate::conversation::{Block, Output, Reply, ToolCall};
use crate::extraction::ledger::Outcome;
use crate::reading::{self, ReadError, Repair, RepairKind, WrittenCalls};

impl<T: Extract> Driver<T> {
    /// The reply with the calls that its text holds in the place of the text; nothing where it holds
    /// none. Fails with what is wrong where the calls are cut off, or are of tools that were not
    /// offered.
    pub(super) fn unwrap_calls(&mut self, reply: &Reply) -> Result<Option<Reply>, Problems> {
        if reply.tool_calls().next().is_some() {
            return Ok(None);
        }
        let text = reply.text();
        let names = self.offered_names();
        let offered: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut shapes = vec![self.task.contract.shape(self.form.as_deref())];
        if let Some(asking) = &self.parts {
            shapes.push(asking.parts.contract().shape(asking.form.as_deref()));
        }
        let problem = match reading::calls_for(&text, &offered, &shapes) {
            WrittenCalls::None => return Ok(None),
            WrittenCalls::Calls(calls) => {
                let turn = self.request.messages.len();
                let others = |block: &&Block| !matches!(block, Block::Text(_));
                let mut blocks: Vec<Block> = reply.blocks.iter().filter(others).cloned().collect();
                blocks.extend(calls.into_iter().enumerate().map(|(at, call)| {
                    let id = format!("written_{turn}_{at}");
                    Block::ToolCall(ToolCall::new(id, call.name, call.arguments))
                }));
                // The provider's own form of the turn has no calls.
                return Ok(Some(Reply { blocks, state: None, ..reply.clone() }));
            }
            WrittenCalls::Incomplete => unreadable_problem(ReadError::CutCall.to_string()),
            WrittenCalls::NotOffered(found) => {
                let offered = reading::names_in_words(offered.iter().copied());
                let found = reading::names_in_words(found.iter().map(String::as_str));
                other_call(&offered, &found)
            }
        };
        let problems = Problems::from(problem);
        self.slots.forget_verdicts();
        self.enter_verdict(Outcome::Rejected, Vec::new(), &problems);
        Err(problems)
    }
}

impl<T> Driver<T> {
    /// The names of what can be called: the tools that were sent, the type, and its parts.
    fn offered_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        match &self.request.output {
            Output::Tools(tools) => names.extend(tools.tools.iter().map(|tool| tool.name.clone())),
            Output::JsonSchema(tool) => names.push(tool.name.clone()),
            _ => {}
        }
        let split = self.tooling.as_ref().is_some_and(|tooling| tooling.split.is_some());
        if !(split && names.is_empty()) {
            names.push(self.task.contract.name().to_owned());
        }
        names.extend(self.parts.iter().map(|asking| asking.parts.contract().name().to_owned()));
        names
    }

    /// Notes that the calls of the latest reply stood in its text.
    pub(super) fn note_unwrapped(&mut self, reply: &Reply, unwrapped: Option<&Reply>) {
        let (Some(unwrapped), Some(attempt)) = (unwrapped, self.ledger.attempts.last_mut()) else {
            return;
        };
        let arguments: Vec<&str> =
            unwrapped.tool_calls().map(|call| call.arguments.as_str()).collect();
        let (before, after) = (reply.text(), arguments.join("\n"));
        attempt.repairs.insert(0, Repair::of_whole(RepairKind::Envelope, &before, &after));
    }

    /// The problems of calls that were written as text, in words.
    pub(super) fn words_to_written_calls(&self) -> String {
        let several = self.slots.verdicts.len() > 1;
        let verdicts = self.slots.verdicts.iter().enumerate().map(|(at, verdict)| {
            let words = match verdict {
                CallFeedback::Accepted => ACCEPTED.to_owned(),
                CallFeedback::NotTaken => NOT_TAKEN.to_owned(),
                CallFeedback::Wrong(wrong) => self.words_to_call(wrong),
            };
            if several { format!("Call {}: {words}", at + 1) } else { words }
        });
        let all = [&self.slots.together, &self.slots.left];
        let all = all.into_iter().filter(|problems| !problems.is_empty());
        let all = all.map(|problems| self.words_to_call(&CallProblems::unread(problems.clone())));
        verdicts.chain(all).collect::<Vec<String>>().join("\n\n")
    }
}
