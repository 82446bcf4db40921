//! [`RunTool`]: a tool that can be run, without its types. The arguments become the tool's type only while
//! the call starts, so that the loop holds no value of that type.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::error::{ToolError, ToolFailure};
use crate::check::{Rules, check_at_once};
use crate::contract::{Context, Contract, Extract, Problem, Problems};

/// The most bytes of one result of a tool: 1 MiB, about 250,000 tokens. A longer result ends the extraction
/// with [`ToolFailure::TooLarge`]; it is not cut, because a model takes a cut text for the whole.
///
/// ```
/// assert_eq!(extract_llm::extraction::MAX_TOOL_RESULT, 1_048_576);
/// ```
pub const MAX_TOOL_RESULT: usize = 1024 * 1024;

/// A function that [`Extraction::tool`](crate::Extraction::tool) takes: an `async` closure, or an `async fn`,
/// of one argument.
///
/// It is implemented for all such functions; there is no need to implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool with an argument of type `{Q}`",
    label = "expected an `async` function of one `{Q}` whose future is `Send`",
    note = "expected `async move |query: {Q}| -> Result<impl Serialize, ToolError>`",
    note = "variables that live across an `.await` must be `Send`; `Rc` and the lock guards of `std` are not"
)]
pub trait ToolFn<Q, R>: FnOnce(Q) -> Self::Running {
    /// The future of a call.
    type Running: Future<Output = Result<R, ToolError>> + Send + 'static;
}

impl<Q, R, F, P> ToolFn<Q, R> for F
where
    F: FnOnce(Q) -> P,
    P: Future<Output = Result<R, ToolError>> + Send + 'static,
{
    type Running = P;
}

/// The result of a call.
#[derive(Debug)]
pub(in crate::extraction) enum RunResult {
    /// The text of the result.
    Answered(String),
    /// The text of an error that the model gets.
    Told(String),
    /// The extraction ends.
    Failed(ToolFailure),
}

/// A tool that can be run.
pub(in crate::extraction) trait RunTool: Send + Sync {
    /// Checks arguments by the schema, the type and its validators, and returns all problems. Fails if a
    /// validator fails.
    fn check(
        &self,
        contract: &Contract,
        arguments: &Value,
        problems: Vec<Problem>,
        context: Context<'_>,
    ) -> Result<Problems, ToolFailure>;

    /// Starts a call with arguments that passed their checks.
    fn start(
        &self,
        contract: &Contract,
        arguments: &Value,
        context: Context<'_>,
    ) -> BoxFuture<'static, RunResult>;
}

/// The function of a tool.
struct Runner<Q, R, F> {
    run: F,
    types: PhantomData<fn(Q) -> R>,
}

/// Makes a tool of a function.
pub(super) fn runner<Q, R, F>(run: F) -> Arc<dyn RunTool>
where
    Q: Extract,
    R: Serialize + 'static,
    F: ToolFn<Q, R> + Clone + Send + Sync + 'static,
{
    Arc::new(Runner { run, types: PhantomData })
}

impl<Q, R, F> RunTool for Runner<Q, R, F>
where
    Q: Extract,
    R: Serialize + 'static,
    F: ToolFn<Q, R> + Clone + Send + Sync,
{
    fn check(
        &self,
        contract: &Contract,
        arguments: &Value,
        problems: Vec<Problem>,
        context: Context<'_>,
    ) -> Result<Problems, ToolFailure> {
        read::<Q>(contract, arguments, problems, context).map(|(_, problems)| problems)
    }

    fn start(
        &self,
        contract: &Contract,
        arguments: &Value,
        context: Context<'_>,
    ) -> BoxFuture<'static, RunResult> {
        let query = match read::<Q>(contract, arguments, Vec::new(), context) {
            Ok((Some(query), problems)) if problems.is_empty() => query,
            // Only a validator that changes its result leads here.
            Ok((_, problems)) => return ready(RunResult::Told(problems.to_string())),
            Err(failure) => return ready(RunResult::Failed(failure)),
        };
        // The closure is cloned for each call, so that the future owns everything that it captured.
        let running = self.run.clone()(query);
        Box::pin(running.map(|ended| match ended {
            Ok(result) => text_of(&result).map_or_else(RunResult::Failed, RunResult::Answered),
            Err(ToolError::Tell(text)) => {
                bounded(text).map_or_else(RunResult::Failed, RunResult::Told)
            }
            Err(ToolError::Stop(error)) => RunResult::Failed(ToolFailure::Stopped(error)),
        }))
    }
}

fn ready(result: RunResult) -> BoxFuture<'static, RunResult> {
    Box::pin(std::future::ready(result))
}

/// Reads arguments as their type, and runs all their checks.
fn read<Q: Extract>(
    contract: &Contract,
    arguments: &Value,
    problems: Vec<Problem>,
    context: Context<'_>,
) -> Result<(Option<Q>, Problems), ToolFailure> {
    let rules = Rules::default();
    check_at_once(contract, arguments, problems, &rules, context)
        .map_err(|failed| ToolFailure::Check(failed.failure))
}

/// Returns the text of a result: JSON, and a string as it is.
fn text_of(result: &impl Serialize) -> Result<String, ToolFailure> {
    let json = serde_json::to_string(result);
    let json = json.map_err(|error| ToolFailure::NotJson(Arc::new(error)))?;
    let plain = json.starts_with('"').then(|| serde_json::from_str(&json).ok()).flatten();
    bounded(plain.unwrap_or(json))
}

fn bounded(text: String) -> Result<String, ToolFailure> {
    match text.len() {
        bytes if bytes > MAX_TOOL_RESULT => {
            Err(ToolFailure::TooLarge { bytes, limit: MAX_TOOL_RESULT })
        }
        _ => Ok(text),
    }
}
