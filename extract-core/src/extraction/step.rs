//! One step of an agent: tools of the user's own beside the one that gives the value. What comes is
//! the value, or calls with checked arguments, which are the caller's to make.

use std::fmt;

use serde_json::Value;

use super::driver::{self, Outcome};
use super::ledger::Ledger;
use super::{Error, Extraction, InputError, Report};
use crate::check::{Rules, check_at_once};
use crate::contract::{
    CheckFailure, Context, Contract, ContractError, Extract, Problems, UserTool,
};
use crate::conversation::{Message, ToolCall, ToolResult};

impl<T> Extraction<T> {
    /// Offers tools of your own beside the one that gives the value. [`step`](StepRequest::step) is
    /// then one turn of the model: the value, or calls of these tools.
    ///
    /// The arguments of a call are read, repaired and held to the tool's schema as any value is, and
    /// bad ones are asked for again within the budget of retries; what reaches you can be used. Calls
    /// that are good stand back until all calls of a turn are.
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
    /// use extract_llm::contract::UserTool;
    /// use extract_llm::conversation::Message;
    /// use extract_llm::extraction::Step;
    /// # use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::call("distance", json!({"value": [1, 2]})), reply::tool(json!({"value": 3})),
    /// # ]));
    /// let mut messages = vec![Message::user("How far is it from 1 to 2, and one more?")];
    /// let answer: u32 = loop {
    ///     let tools = [UserTool::of::<(i32, i32)>()?.named("distance")];
    ///     match client.extract(&messages).tools(tools).step().await? {
    ///         Step::Value(report) => break report.value,
    ///         Step::Calls(calls) => {
    ///             messages = calls.resume(|call| {
    ///                 let (from, to) = call.parse::<(i32, i32)>().expect("it is checked");
    ///                 Ok((to - from).to_string())
    ///             });
    ///         }
    ///     }
    /// };
    /// assert_eq!(answer, 3);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn tools(mut self, tools: impl IntoIterator<Item = UserTool>) -> StepRequest<T> {
        self.user_tools.extend(tools);
        StepRequest(self)
    }
}

/// An [`Extraction`] with tools of your own.
#[derive(Debug)]
#[must_use = "nothing is sent until a step is awaited"]
pub struct StepRequest<T>(Extraction<T>);

impl<T: Extract> StepRequest<T> {
    /// Takes one step: asks until there is a value that passes, or calls that can be made.
    ///
    /// # Errors
    ///
    /// As those of an [`Extraction`].
    pub async fn step(self) -> Result<Step<T>, Error> {
        let task = self.0.into_task()?;
        let mut names = vec![task.contract.name()];
        for tool in &task.user_tools {
            if names.contains(&tool.name()) {
                return Err(InputError::ToolName(tool.name().to_owned()).into());
            }
            names.push(tool.name());
        }
        Ok(match driver::arrive(task).await? {
            Outcome::Value { report, .. } => Step::Value(report),
            Outcome::Calls(calls) => Step::Calls(calls),
        })
    }
}

/// What one step came to.
#[derive(Debug)]
pub enum Step<T> {
    /// The value.
    Value(Report<T>),
    /// The model wants these calls to be made first.
    Calls(Calls),
}

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
