//! Which tools a request offers and what it demands of the model: what the request wants and what
//! the server can be told, taken together once for all protocols.

use std::sync::Arc;

use super::quirks::ToolChoiceForm;
use crate::conversation::{Output, ProviderError, ProviderErrorKind, Tool, ToolChoice};

/// What is demanded of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolDemand<'a> {
    /// A call of this tool.
    Named(&'a str),
    /// A call of any tool that is offered.
    Any,
    /// Nothing: it may answer in text.
    Auto,
    /// Nothing that the server can be told.
    Unspecified,
}

/// The tools of a request, and what is to be done with them.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolOffer<'a> {
    pub(super) tools: &'a [Arc<Tool>],
    pub(super) demand: ToolDemand<'a>,
    /// Whether one reply may hold several calls.
    pub(super) parallel: bool,
}

impl<'a> ToolOffer<'a> {
    /// What a request offers; nothing, where it asks for no calls.
    ///
    /// A server that takes no notice of a name, and one that cannot be told what to do at all, is
    /// offered the one tool that has to be called and no other.
    pub(super) fn of(output: &'a Output, form: ToolChoiceForm) -> Result<Self, ProviderError> {
        let none = Self { tools: &[], demand: ToolDemand::Unspecified, parallel: false };
        let Output::Tools(tools) = output else { return Ok(none) };
        let only = match tools.choice {
            ToolChoice::Only(index) => {
                let Some(only) = tools.tools.get(index..).and_then(|rest| rest.get(..1)) else {
                    let count = tools.tools.len();
                    let message = format!("tool {index} is to be called, and there are {count}");
                    return Err(ProviderError::new(ProviderErrorKind::Encode, message));
                };
                Some(only)
            }
            // "Exactly one call" is what a name means to some servers.
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
        Ok(Self { tools: offered, demand, parallel: tools.parallel })
    }
}
