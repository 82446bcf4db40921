//! Running tools: the calls of a reply run side by side, their results become a part of the conversation, and
//! the loop asks again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use super::end::End;
use super::state::{Driver, Failure};
use super::user_calls::{UserCall, UserCalls, ignored_value_results};
use crate::contract::Contract;
use crate::conversation::{Message, Reply, ToolResult};
use crate::extraction::ask::Ask;
use crate::extraction::calls::Call;
use crate::extraction::events::Event;
use crate::extraction::ledger::{ToolOutcome, ToolRun};
use crate::extraction::tools::{RunResult, RunTool};

/// The most calls of one reply that run at the same time.
const SIDE_BY_SIDE: usize = 16;

/// A call that the loop makes.
struct RunnableCall {
    call: Call,
    contract: Arc<Contract>,
    run: Arc<dyn RunTool>,
}

impl<T> Driver<T> {
    /// Makes the calls of a reply. Returns the end of the loop if some of them are for the caller; otherwise
    /// the next request has the results. Fails if a tool ends the extraction, or if there were too many steps.
    pub(super) async fn make_calls<C: UserCalls>(
        &mut self,
        calls: Vec<UserCall>,
        reply: Box<Reply>,
    ) -> Result<Option<End<T, C>>, Failure> {
        let (mut to_run, mut for_caller) = (Vec::new(), Vec::new());
        for UserCall { call, tool } in calls {
            match tool.run {
                Some(run) => {
                    let contract = Arc::clone(tool.tool.contract());
                    to_run.push(RunnableCall { call, contract, run });
                }
                None => for_caller.push(call),
            }
        }
        let results = if to_run.is_empty() {
            Vec::new()
        } else {
            self.count_step()?;
            self.run_calls(to_run).await?
        };
        if let Some(calls) = C::of(for_caller) {
            return Ok(Some(End::Calls { calls, reply, results }));
        }
        self.go_on_with_results(&reply, results);
        Ok(None)
    }

    /// Counts a reply whose calls are run. Fails if there may be no more of them.
    fn count_step(&mut self) -> Result<(), Failure> {
        let most = self.task.options.max_steps;
        if self.steps >= most {
            return Err(Failure::Steps(most));
        }
        self.steps = self.steps.saturating_add(1);
        Ok(())
    }

    /// Runs calls side by side, and returns the messages with their results in the order of the calls. Each
    /// call is in the ledger before it runs, so that a deadline that cuts it off finds it.
    async fn run_calls(&mut self, calls: Vec<RunnableCall>) -> Result<Vec<Message>, Failure> {
        // Another extraction that waits for this one's reply may be one that a tool makes.
        self.cached.lead = None;
        let (first, attempt) = (self.ledger.tool_runs.len(), self.attempt_count());
        self.ledger.tool_runs.extend(calls.iter().map(|one| ToolRun::start(attempt, &one.call)));
        let running = calls.iter().enumerate().map(|(index, one)| {
            let RunnableCall { call, contract, run } = one;
            let context = Arc::clone(&self.context);
            async move {
                let started = Instant::now();
                let run = run.start(contract, &call.arguments, context.context());
                (index, run.await, started.elapsed())
            }
        });
        let mut ended = stream::iter(running.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE);
        let mut results: Vec<Option<Message>> = vec![None; calls.len()];
        while let Some((index, result, latency)) = ended.next().await {
            let (Some(run), Some(one), Some(message)) = (
                self.ledger.tool_runs.get_mut(first + index),
                calls.get(index),
                results.get_mut(index),
            ) else {
                continue;
            };
            run.latency = latency;
            let (outcome, text) = match result {
                RunResult::Answered(text) => (ToolOutcome::Answered, text),
                RunResult::Told(text) => (ToolOutcome::Told, text),
                RunResult::Failed(source) => {
                    run.end(ToolOutcome::Failed, source.to_string());
                    return Err(Failure::Tool { name: run.name.clone(), source });
                }
            };
            let is_error = outcome == ToolOutcome::Told;
            *message = Some(Message::tool(ToolResult::new(&one.call.call, &*text, is_error)));
            run.end(outcome, text);
            let run = run.clone();
            self.tell(|extraction| Event::Tool { extraction, run });
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Adds a reply and the results of its calls to the conversation. They become a part of the input: re-asks
    /// keep them, and another model gets them.
    fn go_on_with_results(&mut self, reply: &Reply, results: Vec<Message>) {
        let ignored = ignored_value_results(self, reply);
        let messages = &mut self.dialogue.request.messages;
        messages.push(reply.to_message());
        messages.extend(results.into_iter().chain(ignored));
        let mut input = self.task.input.messages().to_vec();
        input.extend(messages.iter().skip(self.dialogue.initial_messages).cloned());
        self.task.input = self.task.input.with_messages(input);
        self.dialogue.initial_messages = messages.len();
        self.dialogue.whole_messages = messages.len();
        if let Ask::Parts(_) = &self.ask {
            // A request for parts ends with the feedback on the value.
            self.ask = Ask::Whole(self.ask.whole().clone());
            self.dialogue.request.output = self.ask.output(&self.dialogue.request.output);
        }
        self.unchanged = 0;
        // The next reply is no reply to the requests before.
        self.cached.forget();
    }
}

impl ToolRun {
    /// Makes the entry of a call that starts.
    fn start(attempt: u32, call: &Call) -> Self {
        Self {
            attempt,
            name: call.name().to_owned(),
            arguments: call.arguments.clone(),
            outcome: ToolOutcome::Cancelled,
            result: String::new(),
            latency: Duration::ZERO,
        }
    }

    /// Records the end of the call.
    fn end(&mut self, outcome: ToolOutcome, result: String) {
        (self.outcome, self.result) = (outcome, result);
        tracing::debug!(
            tool = %self.name, attempt = self.attempt, %outcome, latency = ?self.latency, "a tool was run"
        );
    }
}
