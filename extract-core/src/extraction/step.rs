//! One step of an agent: user tools beside the tool of the value. The result is the value, or calls with
//! checked arguments, which the caller makes.

use super::builder::Extraction;
use super::calls::Calls;
use super::driver::{self, Finished};
use super::error::Error;
use super::ledger::Report;
use super::tools::OfferedTool;
use crate::contract::{Extract, UserTool};

/// # User tools
impl<T> Extraction<T> {
    /// Adds user tools beside the tool of the value. [`step`](StepRequest::step) is then one turn of the
    /// model: the value, or calls of these tools.
    ///
    /// The arguments of a call are read, repaired and checked in the same way as a value. Invalid
    /// arguments are re-asked within the retry budget, so that all arguments in the result are valid.
    /// Valid calls of a turn wait until all calls of the turn are valid.
    ///
    /// The caller makes the calls. A tool that the loop runs is added by [`tool`](Self::tool); calls of such
    /// tools are made before the others are returned.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::{Conversation, Step, UserTool};
    /// # use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::call("distance", json!({"value": [1, 2]})), reply::tool(json!({"value": 3})),
    /// # ]));
    /// let mut conversation = Conversation::from("How far is it from 1 to 2, and one more?");
    /// let answer: u32 = loop {
    ///     let tools = [UserTool::of::<(i32, i32)>()?.named("distance")];
    ///     match client.extract(&conversation).tools(tools).step().await? {
    ///         Step::Value(report) => break report.value,
    ///         Step::Calls(calls) => {
    ///             conversation = calls.resume(|call| {
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
        self.user_tools.extend(tools.into_iter().map(|tool| Ok(OfferedTool::handed(tool))));
        StepRequest(self)
    }
}

/// An [`Extraction`] with user tools.
#[derive(Debug)]
#[must_use = "nothing is sent until a step is awaited"]
pub struct StepRequest<T>(Extraction<T>);

impl<T: Extract> StepRequest<T> {
    /// Runs one step: requests and re-asks until there is a valid value, or valid calls.
    ///
    /// # Errors
    ///
    /// Fails with [`InputError::ToolName`](super::InputError::ToolName) for duplicate tool names, and in the same way as an
    /// [`Extraction`].
    pub async fn step(self) -> Result<Step<T>, Error> {
        let task = self.0.into_task()?;
        Ok(match driver::run_step(task).await? {
            Finished::Value(accepted) => Step::Value(accepted.report),
            Finished::Calls(calls) => Step::Calls(calls),
        })
    }
}

/// The result of one step.
#[derive(Debug)]
pub enum Step<T> {
    /// The value.
    Value(Report<T>),
    /// Calls that the model requests before it gives the value.
    Calls(Calls),
}
