//! [`Calls`]: calls of user tools with checked arguments, and the conversation they belong to.

use std::fmt;

use serde_json::Value;

use super::ledger::Ledger;
use crate::check::{Rules, check_at_once};
use crate::contract::{CheckFailure, Context, Contract, ContractError, Extract, Problems};
use crate::conversation::{Conversation, Message, ToolCall, ToolResult};

/// Calls of user tools that the model requests, and their conversation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Calls {
    /// The calls in the model's order. Never empty.
    pub calls: Vec<Call>,
    /// The conversation so far, including the turn with the calls and the provider's state. The results
    /// of all calls must follow; [`resume`](Self::resume) adds them. The settings of the call, such as
    /// [`system`](crate::Extraction::system) and [`examples`](crate::Extraction::examples), are not part of
    /// it.
    pub conversation: Conversation,
    /// The attempts of this step.
    pub ledger: Ledger,
}

impl Calls {
    /// Calls `make` for each call, and returns the conversation with the results, for the next step. An
    /// `Err` is sent to the model as a failure of the call.
    pub fn resume(self, mut make: impl FnMut(&Call) -> Result<String, String>) -> Conversation {
        let Self { calls, conversation, .. } = self;
        calls.iter().fold(conversation, |conversation, call| {
            conversation.message(match make(call) {
                Ok(result) => call.result(result),
                Err(failure) => call.failure(failure),
            })
        })
    }
}

/// A call of a user tool, with arguments that fit the tool's schema.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The call as the model wrote it.
    pub call: ToolCall,
    /// The arguments, in the shape of the tool's type.
    pub arguments: Value,
}

impl Call {
    /// Returns the tool's name.
    pub fn name(&self) -> &str {
        &self.call.name
    }

    /// Converts the arguments to a type: the tool's type, or another one that accepts them.
    ///
    /// # Errors
    ///
    /// Fails if the arguments do not fit the type, or violate its rules.
    pub fn parse<A: Extract>(&self) -> Result<A, ArgumentsError> {
        let contract = Contract::of::<A>()?;
        let (rules, context) = (Rules::default(), Context::empty());
        match check_at_once(&contract, &self.arguments, Vec::new(), &rules, context) {
            Ok((Some(arguments), problems)) if problems.is_empty() => Ok(arguments),
            Ok((_, problems)) => Err(problems.into()),
            Err(failed) => Err(ArgumentsError::Check(failed.failure)),
        }
    }

    /// Returns the message with the result of the call.
    pub fn result(&self, result: impl Into<String>) -> Message {
        Message::tool(ToolResult::new(&self.call, result.into(), false))
    }

    /// Returns the message with the failure of the call.
    pub fn failure(&self, failure: impl fmt::Display) -> Message {
        Message::tool(ToolResult::new(&self.call, failure.to_string(), true))
    }
}

/// The error of arguments of a [`Call`] that are no value of a type.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentsError {
    /// The type has no contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The arguments do not fit the type.
    #[error("the arguments do not fit: {0}")]
    Invalid(#[from] Problems),
    /// A validator of the type failed to check them.
    #[error("the arguments could not be checked: {0}")]
    Check(#[source] CheckFailure),
}
