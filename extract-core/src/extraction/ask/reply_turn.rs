//! [`ReplyTurn`]: a reply whose calls stand in its blocks or are written into its text.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::unreadable::{other_call, unreadable_problem};
use crate::contract::{Problem, Shape};
use crate::conversation::{Block, Reply, ToolCall};
use crate::reading::{self, ReadError, Repair, RepairKind, WrittenCalls};

/// A reply, ready to be evaluated. Calls that the model wrote into its text are calls here.
pub(in crate::extraction) struct ReplyTurn<'r> {
    written: &'r Reply,
    reply: Cow<'r, Reply>,
}

impl<'r> ReplyTurn<'r> {
    /// Makes a turn of a reply. Calls in the text take the place of the text. Fails if these calls are cut
    /// off, or are of tools that were not offered.
    ///
    /// `names` are the names that a call may have, `shapes` those of its arguments, and `number` makes the
    /// ids of written calls unique.
    pub(super) fn of(
        reply: &'r Reply,
        names: &[&str],
        shapes: &[&Shape],
        number: usize,
    ) -> Result<Self, Problem> {
        if reply.tool_calls().next().is_some() {
            return Ok(Self { written: reply, reply: Cow::Borrowed(reply) });
        }
        let text = reply.text();
        match reading::calls_for(&text, names, shapes) {
            WrittenCalls::None => Ok(Self { written: reply, reply: Cow::Borrowed(reply) }),
            WrittenCalls::Calls(calls) => {
                let others = |block: &&Block| !matches!(block, Block::Text(_));
                let mut blocks: Vec<Block> = reply.blocks.iter().filter(others).cloned().collect();
                blocks.extend(calls.into_iter().enumerate().map(|(at, call)| {
                    let id = format!("written_{number}_{at}");
                    Block::ToolCall(ToolCall::new(id, call.name, call.arguments))
                }));
                // The provider's own form of the turn has no calls.
                let reply_with_calls = Reply { blocks, state: None, ..reply.clone() };
                Ok(Self { written: reply, reply: Cow::Owned(reply_with_calls) })
            }
            WrittenCalls::Incomplete => Err(unreadable_problem(ReadError::CutCall.to_string())),
            WrittenCalls::NotOffered(found) => {
                let offered = reading::format_names(names.iter().copied());
                let found = reading::format_names(found.iter().map(String::as_str));
                Err(other_call(&offered, &found))
            }
        }
    }

    /// Returns the reply, with written calls as calls.
    pub(in crate::extraction) fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Returns the reply, with written calls as calls.
    pub(in crate::extraction) fn into_reply(self) -> Reply {
        self.reply.into_owned()
    }

    /// Returns the calls of the reply, in its order.
    pub(in crate::extraction) fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.reply.tool_calls()
    }

    /// Returns whether the reply has a call.
    pub(super) fn has_calls(&self) -> bool {
        self.calls().next().is_some()
    }

    /// Returns the text of the reply; empty if calls were written into it.
    pub(super) fn text(&self) -> String {
        self.reply.text()
    }

    /// Returns the reasoning of the reply if all of it is one JSON object or list. Some servers put an
    /// answer that a grammar enforced there. Reasoning with other words may hold drafts.
    pub(super) fn json_reasoning(&self) -> Option<String> {
        let reasoning = self.reply.blocks.iter().filter_map(|block| match block {
            Block::Reasoning(text) => Some(text.as_str()),
            _ => None,
        });
        let text: String = reasoning.collect();
        let is_json = text.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<IgnoredAny>(&text).is_ok();
        is_json.then_some(text)
    }

    /// Returns the repair that took calls out of the text, if there was one.
    pub(in crate::extraction) fn repair(&self) -> Option<Repair> {
        let Cow::Owned(unwrapped) = &self.reply else { return None };
        let arguments: Vec<&str> =
            unwrapped.tool_calls().map(|call| call.arguments.as_str()).collect();
        let (before, after) = (self.written.text(), arguments.join("\n"));
        Some(Repair::of_whole(RepairKind::Envelope, &before, &after))
    }
}
