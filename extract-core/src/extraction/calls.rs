//! [`Calls`]: calls of user tools with checked arguments, and the conversation they belong to.

use std::fmt;

use serde_json::Value;

use super::ledger::Ledger;
use crate::check::{Rules, check_at_once};
use crate::contract::{CheckFailure, Context, Contract, ContractError, Extract, Problems};
use crate::conversation::{Message, ToolCall, ToolResult};

/// Calls that the model wants to be made, and the conversation that they stand in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Calls {
    /// In the model's order. Never empty.
    pub calls: Vec<Call>,
    /// The conversation so far, the turn with the calls included, with whatever state the provider
    /// wants back. The results of all calls have to follow; [`resume`](Self::resume) adds them.
    pub conversation: Vec<Message>,
    /// What this step took.
    pub ledger: Ledger,
}

impl Calls {
    /// The conversation with the results of all calls, to take the next step with. What `make` gives
    /// for a call is told to the model: a result, or what went wrong.
    pub fn resume(self, mut make: impl FnMut(&Call) -> Result<String, String>) -> Vec<Message> {
        let mut conversation = self.conversation;
        for call in &self.calls {
            conversation.push(match make(call) {
                Ok(result) => call.result(result),
                Err(failure) => call.failure(failure),
            });
        }
        conversation
    }
}

/// A call of one of your tools, with arguments that fit its schema.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The call as the model wrote it.
    pub call: ToolCall,
    /// Its arguments, in the shape of the tool's own schema.
    pub arguments: Value,
}

impl Call {
    /// The tool's name.
    pub fn name(&self) -> &str {
        &self.call.name
    }

    /// The arguments as a type: the one that the tool was made of, or another that reads them.
    ///
    /// # Errors
    ///
    /// Where the arguments do not fit the type, or its own rules.
    pub fn parse<A: Extract>(&self) -> Result<A, ArgumentsError> {
        let contract = Contract::of::<A>()?;
        let (rules, context) = (Rules::default(), Context::empty());
        match check_at_once(&contract, &self.arguments, Vec::new(), &rules, context) {
            Ok((Some(arguments), problems)) if problems.is_empty() => Ok(arguments),
            Ok((_, problems)) => Err(problems.into()),
            Err(failed) => Err(ArgumentsError::Check(failed.failure)),
        }
    }

    /// The message that tells the model what came of the call.
    pub fn result(&self, result: impl Into<String>) -> Message {
        Message::tool(ToolResult::new(&self.call, result.into(), false))
    }

    /// The message that tells the model why the call could not be made.
    pub fn failure(&self, failure: impl fmt::Display) -> Message {
        Message::tool(ToolResult::new(&self.call, failure.to_string(), true))
    }
}

/// Why the arguments of a [`Call`] are no value of a type.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentsError {
    /// The type cannot be asked for.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The arguments do not fit.
    #[error("the arguments do not fit: {0}")]
    Invalid(#[from] Problems),
    /// A validator of the type could not look at them.
    #[error("the arguments could not be checked: {0}")]
    Check(#[source] CheckFailure),
}
