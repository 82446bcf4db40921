//! [`Calls`]: calls of user tools with checked arguments, and the conversation they belong to.

use std::fmt;

use futures_util::future::join_all;
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

impl Calls {
    /// [`resume`](Self::resume) with an `async` closure: makes all calls side by side, and returns the
    /// conversation with their results in the order of the calls.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::{Conversation, Step, UserTool};
    /// # use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::call("shop", json!({"value": "chair"})), reply::tool(json!({"value": 7})),
    /// # ]));
    /// # async fn stock(_: String) -> Result<u32, std::io::Error> { Ok(7) }
    /// let mut conversation = Conversation::from("How many chairs are in stock?");
    /// let chairs: u32 = loop {
    ///     let tools = [UserTool::of::<String>()?.named("shop")];
    ///     match client.extract(&conversation).tools(tools).step().await? {
    ///         Step::Value(report) => break report.value,
    ///         Step::Calls(calls) => {
    ///             conversation = calls
    ///                 .resume_with(async |call| {
    ///                     let article = call.parse::<String>().map_err(|error| error.to_string())?;
    ///                     stock(article).await.map(|n| n.to_string()).map_err(|error| error.to_string())
    ///                 })
    ///                 .await;
    ///         }
    ///     }
    /// };
    /// assert_eq!(chairs, 7);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub async fn resume_with(
        self,
        make: impl AsyncFn(&Call) -> Result<String, String>,
    ) -> Conversation {
        let results = join_all(self.calls.iter().map(|call| make(call))).await;
        let mut results = results.into_iter();
        // There is one result for each call.
        self.resume(|_| results.next().unwrap_or_else(|| Err(String::new())))
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
