//! The feedback on a rejected reply: messages that tell the model its problems, and what is asked for now.

use std::sync::Arc;

use serde_json::Value;

use super::evaluation::Rejection;
use super::kinds::Ask;
use super::list_rest::ListRest;
use super::pending_calls::{CallFeedback, CallProblems};
use crate::check::{Feedback, RestOfList};
use crate::contract::{Contract, Problems, rest_name};
use crate::conversation::{Message, Mode, Output, Reply, ToolResult, Tools};
use crate::extraction::options::Options;
use crate::model::SchemaPrompt;

/// Feedback on a call that is valid and kept.
const ACCEPTED: &str = "Accepted. This call need not be made again.";

/// Feedback on a call that is valid but has to be made again.
pub(in crate::extraction) const NOT_TAKEN: &str =
    "Not taken, because of the other calls of this turn. Make it again when they are settled.";

/// Writes the feedback of one extraction.
pub(in crate::extraction) struct FeedbackWriter<'a> {
    pub(in crate::extraction) options: &'a Options,
    pub(in crate::extraction) contract: &'a Contract,
    /// The output of the next request.
    pub(in crate::extraction) output: &'a Output,
    pub(in crate::extraction) schema_prompt: SchemaPrompt,
    /// Number of the attempt that was rejected, from 1.
    pub(in crate::extraction) attempt: u32,
    /// How often the same problems came back.
    pub(in crate::extraction) unchanged: u32,
    /// The expected number of elements of the list that is continued.
    pub(in crate::extraction) expected: Option<usize>,
}

impl FeedbackWriter<'_> {
    /// Returns the messages about the calls of a reply: a result for each call, or one message if the calls
    /// were written into the text of the reply.
    pub(in crate::extraction) fn on_calls(
        &self,
        reply: &Reply,
        rejection: &Rejection,
    ) -> Vec<Message> {
        let beside: Vec<String> = rejection
            .beside_calls
            .iter()
            .filter(|problems| !problems.is_empty())
            .map(|problems| self.on_call_problems(&CallProblems::unread(problems.clone())))
            .collect();
        if reply.tool_calls().next().is_none() {
            let several = rejection.calls.len() > 1;
            let calls = rejection.calls.iter().enumerate().map(|(at, call)| {
                let (text, _) = self.on_call(call);
                if several { format!("Call {}: {text}", at + 1) } else { text }
            });
            let text = calls.chain(beside).collect::<Vec<String>>().join("\n\n");
            return vec![Message::user(text)];
        }
        let results = reply.tool_calls().zip(&rejection.calls).map(|(call, feedback)| {
            let (text, is_error) = self.on_call(feedback);
            Message::tool(ToolResult::new(call, text, is_error))
        });
        results.chain(beside.into_iter().map(Message::user)).collect()
    }

    /// Returns the text about one call, and whether it is an error.
    fn on_call(&self, feedback: &CallFeedback) -> (String, bool) {
        match feedback {
            CallFeedback::Accepted => (ACCEPTED.to_owned(), false),
            CallFeedback::NotTaken => (NOT_TAKEN.to_owned(), true),
            CallFeedback::Rejected(problems) => (self.on_call_problems(problems), true),
        }
    }

    fn on_call_problems(&self, call: &CallProblems) -> String {
        let mut feedback = Feedback::new(&call.problems, self.output.mode(), self.attempt);
        feedback.value = call.arguments.as_ref();
        feedback.unchanged = self.unchanged;
        self.render(&feedback)
    }

    /// Returns the messages about a whole value: a result for each call of the reply, or a user message.
    pub(in crate::extraction) fn on_value(reply: &Reply, text: String) -> Vec<Message> {
        let text: Arc<str> = text.into();
        let results: Vec<Message> = reply
            .tool_calls()
            .map(|call| Message::tool(ToolResult::new(call, Arc::clone(&text), true)))
            .collect();
        if results.is_empty() { vec![Message::user(text)] } else { results }
    }

    fn render(&self, feedback: &Feedback<'_>) -> String {
        match &self.options.feedback {
            Some(write) => write(feedback),
            None => feedback.to_string(),
        }
    }
}

impl Ask {
    /// Returns the text that tells the model the problems of a value, and what is asked for now. Pointers
    /// are those of the model's own answer, which may be wrapped or of another shape.
    pub(in crate::extraction) fn feedback(
        &self,
        value: Option<&Value>,
        problems: &Problems,
        writer: &FeedbackWriter<'_>,
    ) -> String {
        let (contract, form) = (writer.contract, self.whole().form.as_deref());
        let sent = value.map(|value| contract.in_sent_shape(form, value.clone(), problems));
        let (value, problems) = match &sent {
            Some((value, problems)) => (Some(value), problems),
            None => (None, problems),
        };
        let mut feedback = Feedback::new(problems, writer.output.mode(), writer.attempt);
        feedback.value = value;
        feedback.unchanged = writer.unchanged;
        feedback.parts = self.parts().map(|parts| &parts.parts);
        feedback.rest = self.rest().map(|rest| rest_of_list(rest, writer));
        feedback.tool = match writer.output {
            Output::Tools(Tools { tools, .. }) if tools.len() > 1 => {
                tools.iter().map(|tool| tool.name.as_str()).find(|name| *name == contract.name())
            }
            _ => None,
        };
        let text = writer.render(&feedback);
        let partial = match self {
            Self::Parts(parts) => Some((parts.parts.contract(), parts.form.is_some())),
            Self::Rest(rest) => Some((&rest.contract, rest.form.is_some())),
            Self::Whole(_) | Self::Calls(_) => None,
        };
        match partial.and_then(|(contract, is_sent)| type_of_parts(contract, is_sent, writer)) {
            Some(type_of_parts) => format!("{text}\n\n{type_of_parts}"),
            None => text,
        }
    }
}

/// Returns the data about a list that is continued.
fn rest_of_list<'a>(rest: &'a ListRest, writer: &FeedbackWriter<'a>) -> RestOfList<'a> {
    let pointers = [rest.pointer.as_str()];
    let form = rest.whole.form.as_deref();
    let sent = writer.contract.sent_pointers(form, &rest.kept, pointers).pop();
    RestOfList {
        pointer: sent.unwrap_or_default(),
        given: rest.given(),
        shown: rest.last_items().1,
        expected: writer.expected,
        member: rest_name(&rest.pointer),
        contract: &rest.contract,
        is_unclear: rest.is_named(),
    }
}

/// Returns the type of a partial answer as text, if the type of the whole was sent as text.
fn type_of_parts(
    contract: &Contract,
    is_sent: bool,
    writer: &FeedbackWriter<'_>,
) -> Option<String> {
    let mode: Mode = writer.output.mode();
    if is_sent && !writer.schema_prompt.tells(mode) {
        return None;
    }
    Some(match &writer.options.instructions {
        Some(write) => write(contract),
        None => format!("The type of the parts:\n\n{}", contract.prompt_schema()),
    })
}
