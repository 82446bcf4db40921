//! Decides which tools a request offers and which call it demands, for all protocols. The request says
//! what is wanted; the server's quirks say what can be expressed.

use std::sync::Arc;

use super::object::Object;
use super::quirks::{Quirks, ToolChoiceForm};
use crate::conversation::{Output, ProviderError, ProviderErrorKind, Tool, ToolChoice};

/// The tool choice that goes into the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolDemand<'a> {
    /// A call of this tool.
    Named(&'a str),
    /// A call of any offered tool.
    Any,
    /// No call: the model may answer in text.
    Auto,
    /// No tool choice is sent.
    Unspecified,
}

/// The tools of a request and the tool choice.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolOffer<'a> {
    pub(super) tools: &'a [Arc<Tool>],
    pub(super) demand: ToolDemand<'a>,
    /// Whether one reply may hold several calls.
    pub(super) parallel: bool,
    /// The index of the offered tool that a cache point follows.
    pub(super) marked: Option<usize>,
}

impl<'a> ToolOffer<'a> {
    /// Returns the offer of a request. It is empty if the request asks for no calls.
    ///
    /// If one particular tool must be called and the server cannot be given its name, only that tool
    /// is offered.
    ///
    /// # Errors
    /// The index of the tool to call is out of range.
    pub(super) fn of(output: &'a Output, form: ToolChoiceForm) -> Result<Self, ProviderError> {
        let demand = ToolDemand::Unspecified;
        let none = Self { tools: &[], demand, parallel: false, marked: None };
        let Output::Tools(tools) = output else { return Ok(none) };
        let only = match tools.choice {
            ToolChoice::Only(index) => {
                let Some(only) = tools.tools.get(index..).and_then(|rest| rest.get(..1)) else {
                    let count = tools.tools.len();
                    let message = format!("expected a tool index below {count}, found {index}");
                    return Err(ProviderError::new(ProviderErrorKind::Encode, message));
                };
                Some(only)
            }
            // To some servers, a name means exactly one call.
            ToolChoice::Any if tools.tools.len() == 1 && !tools.parallel => Some(&*tools.tools),
            ToolChoice::Any | ToolChoice::Auto => None,
        };
        let demand = match (form, only) {
            (ToolChoiceForm::Omitted, _) => ToolDemand::Unspecified,
            _ if tools.choice == ToolChoice::Auto => ToolDemand::Auto,
            (ToolChoiceForm::Auto, _) => ToolDemand::Auto,
            (ToolChoiceForm::Named, Some([only])) => ToolDemand::Named(&only.name),
            _ => ToolDemand::Any,
        };
        let offered = match (demand, only) {
            (ToolDemand::Named(_), _) | (_, None) => &*tools.tools,
            (_, Some(only)) => only,
        };
        let first = match tools.choice {
            ToolChoice::Only(index) if offered.len() < tools.tools.len() => index,
            _ => 0,
        };
        let cached = tools.cached.saturating_sub(first).min(offered.len());
        let marked = cached.checked_sub(1);
        Ok(Self { tools: offered, demand, parallel: tools.parallel, marked })
    }

    /// Returns the definitions of the offered tools.
    pub(super) fn definitions(&self, define: impl Fn(&'a Tool) -> Object) -> Vec<Object> {
        self.tools.iter().map(|tool| define(tool)).collect()
    }

    /// Returns the value of OpenAI's field `parallel_tool_calls`. `None` if it is not sent.
    pub(super) fn parallel_tool_calls(&self, quirks: &Quirks) -> Option<bool> {
        (!self.tools.is_empty() && quirks.parallel_tool_calls).then_some(self.parallel)
    }
}
