//! The loop. A [`Journey`] is one extraction under way: it asks, reads, checks, feeds back what is
//! wrong and asks again. What cannot be mended by asking again ends it at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::{Attempt, Ledger, Outcome, Report};
use super::opening::{Opening, RefusedModes};
use super::options::Options;
use super::{Error, InputError};
use crate::check::{Feedback, check, render_feedback};
use crate::contract::dialect::Raised;
use crate::contract::{Contract, Extract, Form, Problem, ProblemKind, Problems};
use crate::conversation::{
    Block, Feature, Input, Message, Mode, Output, Prices, ProviderError, Reply, Request,
    StopReason, ToolCall, ToolResult,
};
use crate::model::Model;
use crate::reading::{self, Level, Reading, Repair};

/// Runs an extraction to its end.
pub(super) async fn run<T: Extract>(
    model: &Arc<dyn Model>,
    refused: &RefusedModes,
    contract: Arc<Contract>,
    input: Input,
    options: Options,
) -> Result<Report<T>, Error> {
    if input.is_blank() {
        return Err(InputError::Empty.into());
    }
    let deadline = options.deadline;
    let mut journey = Journey::begin(&**model, refused, contract, input, options)?;
    let ending = match deadline {
        None => journey.travel::<T>().await,
        Some(deadline) => match tokio::time::timeout(deadline, journey.travel::<T>()).await {
            Ok(ending) => ending,
            Err(_) => Err(Ending::Deadline(deadline)),
        },
    };
    match ending {
        Ok(value) => Ok(Report::new(value, journey.close())),
        Err(ending) => Err(journey.fail(ending)),
    }
}

/// Why a journey ended without a value.
enum Ending {
    Provider(ProviderError),
    Refused(String),
    Filtered(String),
    Truncated(String),
    Invalid(Problems),
    Deadline(Duration),
}

/// One extraction under way.
struct Journey<'m> {
    model: &'m dyn Model,
    refused: &'m RefusedModes,
    contract: Arc<Contract>,
    /// The lowered schema, where one is sent.
    form: Option<Arc<Form>>,
    request: Request,
    /// As it was given, for a conversation that has to be opened otherwise.
    input: Input,
    options: Options,
    ledger: Ledger,
    begun: Instant,
    last: Option<Value>,
}

impl<'m> Journey<'m> {
    fn begin(
        model: &'m dyn Model,
        refused: &'m RefusedModes,
        contract: Arc<Contract>,
        input: Input,
        options: Options,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let mut ledger = Ledger::default();
        let opening = Opening::of(&model.profile(), refused, &contract, &input, &options)?;
        let Opening { request, form, notes } = opening;
        ledger.notes = notes;
        Ok(Self {
            model,
            refused,
            contract,
            form,
            request,
            input,
            options,
            ledger,
            begun,
            last: None,
        })
    }

    /// Ask, read, check; feed back and ask again.
    async fn travel<T: Extract>(&mut self) -> Result<T, Ending> {
        loop {
            let reply = match self.ask().await {
                Ok(reply) => reply,
                Err(Ending::Provider(error)) if self.step_down(&error) => continue,
                Err(ending) => return Err(ending),
            };
            match self.check::<T>(&reply) {
                Ok(value) => return Ok(value),
                Err(problems) if self.is_spent() => return Err(Ending::Invalid(problems)),
                Err(problems) => self.feed_back(&reply, &problems),
            }
        }
    }

    /// Opens the conversation in the next mode, if the server does not take this one (or this schema
    /// in it) and the mode is ours to choose. The client remembers it; no mode is tried twice.
    fn step_down(&mut self, error: &ProviderError) -> bool {
        let asked = self.request.output.mode();
        let answered = self.ledger.attempts.iter().any(|attempt| attempt.stop.is_some());
        if self.options.mode != Mode::Auto || answered {
            return false;
        }
        match error.unsupported {
            Some(Feature::Mode(mode)) if mode == asked => self.refused.add(asked),
            Some(Feature::Schema(mode)) if mode == asked => {
                self.refused.add_for(asked, &self.contract);
            }
            _ => return false,
        }
        let profile = self.model.profile();
        let opening =
            Opening::of(&profile, self.refused, &self.contract, &self.input, &self.options);
        let Ok(opening) = opening else { return false };
        let next = opening.request.output.mode();
        if self.ledger.attempts.iter().any(|attempt| attempt.mode == next) {
            return false;
        }
        self.ledger.notes.extend(opening.notes);
        self.ledger.notes.push(format!("the mode is {next} instead of {asked}: {error}"));
        self.request = opening.request;
        self.form = opening.form;
        true
    }

    /// One request and its reply, entered in the ledger. What no re-ask can mend is an end.
    async fn ask(&mut self) -> Result<Reply, Ending> {
        let number =
            u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mode = self.request.output.mode();
        // Entered before the request, so that a deadline that cuts it off finds it there.
        self.ledger.attempts.push(Attempt::begun(number, mode));
        let asked = Instant::now();
        let answered = self.model.respond(&self.request).await;
        let Some(attempt) = self.ledger.attempts.last_mut() else {
            unreachable!("an attempt was pushed above")
        };
        attempt.latency = asked.elapsed();
        let reply = match answered {
            Ok(reply) => reply,
            // The provider's own check stands in for ours: what the model wrote may still be read.
            Err(ProviderError { generation: Some(written), request_id, resent, .. }) => {
                let mut reply = Reply::new(vec![Block::Text(written)], StopReason::Unstated);
                reply.request_id = request_id;
                reply.resent = resent;
                reply
            }
            Err(error) => {
                attempt.request_id.clone_from(&error.request_id);
                attempt.error = Some(error.to_string());
                attempt.resent = error.resent;
                tracing::debug!(attempt = number, %error, "no reply");
                return Err(Ending::Provider(error));
            }
        };
        attempt.enter(&reply, self.options.prices.as_ref());
        tracing::debug!(
            attempt = number,
            stop = %reply.stop,
            request_id = reply.request_id.as_deref(),
            "a reply"
        );
        let ending = match (&reply.stop, reply.refusal()) {
            (_, Some(words)) => Some((Outcome::Refused, Ending::Refused(words.to_owned()))),
            (StopReason::Refusal, None) => Some((Outcome::Refused, Ending::Refused(reply.text()))),
            (StopReason::ContentFilter, _) => {
                Some((Outcome::Filtered, Ending::Filtered(attempt.reply.clone())))
            }
            (StopReason::Length, _) => {
                Some((Outcome::Truncated, Ending::Truncated(attempt.reply.clone())))
            }
            _ => None,
        };
        match ending {
            Some((outcome, ending)) => {
                attempt.outcome = outcome;
                Err(ending)
            }
            None => Ok(reply),
        }
    }

    /// Reads and checks a reply. Where it holds several answers, the first that passes is taken;
    /// where none passes, the problems are those of the first that could be read.
    fn check<T: Extract>(&mut self, reply: &Reply) -> Result<T, Problems> {
        let mut first: Option<(Vec<Repair>, Problems)> = None;
        let mut unreadable: Option<Problem> = None;
        for answer in self.answers(reply) {
            let reading = match self.read(&answer) {
                Ok(reading) => reading,
                Err(problem) => {
                    unreadable.get_or_insert(problem);
                    continue;
                }
            };
            let Raised { value, problems, .. } =
                self.contract.raise(self.form.as_deref(), reading.value);
            let checked = check::<T>(&self.contract, &value, problems);
            if checked.is_ok() || first.is_none() {
                self.last = Some(value);
            }
            match checked {
                Ok(value) => {
                    self.enter_verdict(Outcome::Accepted, reading.repairs, &Problems::new());
                    return Ok(value);
                }
                Err(problems) if first.is_none() => first = Some((reading.repairs, problems)),
                Err(_) => {}
            }
        }
        let (repairs, problems) = first.unwrap_or_else(|| {
            let problem = unreadable.unwrap_or_else(|| unreadable_problem("nothing"));
            (Vec::new(), problem.into())
        });
        self.enter_verdict(Outcome::Rejected, repairs, &problems);
        Err(problems)
    }

    /// Reads one answer. What was cut off inside is no answer, and what could as well be something
    /// else is accepted and noted.
    fn read(&mut self, answer: &Answer) -> Result<Reading, Problem> {
        let shape = self.contract.shape(self.form.as_deref());
        let read = match answer {
            Answer::Arguments(text) => reading::read_arguments(text, shape, Level::Lenient),
            Answer::Text(text) => reading::read(text, shape, Level::Lenient),
        };
        let reading = read.map_err(|error| unreadable_problem(error.to_string()))?;
        if reading.is_cut() {
            return Err(unreadable_problem("one that ends in the middle"));
        }
        if reading.rivals > 0 {
            let attempt = self.ledger.attempts.len();
            self.ledger.notes.push(format!(
                "attempt {attempt}: the reply holds {} other values that fit as well; the first was taken",
                reading.rivals
            ));
        }
        Ok(reading)
    }

    /// Where the answer may stand in a reply, likeliest first: the calls of the tool that was
    /// asked for, other calls, the text.
    fn answers(&self, reply: &Reply) -> Vec<Answer> {
        let mut calls: Vec<&ToolCall> = reply.tool_calls().collect();
        // The sort is stable: calls of the right name come first, in their order.
        calls.sort_by_key(|call| call.name != self.contract.name());
        let arguments = calls.into_iter().map(|call| match call.arguments.trim() {
            // A call without arguments is an empty object to some providers.
            "" => Answer::Arguments(String::from("{}")),
            _ => Answer::Arguments(call.arguments.clone()),
        });
        let text = Some(reply.text()).filter(|text| !text.trim().is_empty()).map(Answer::Text);
        match self.request.output {
            Output::Tool(_) => arguments.chain(text).collect(),
            _ => text.into_iter().chain(arguments).collect(),
        }
    }

    fn enter_verdict(&mut self, outcome: Outcome, repairs: Vec<Repair>, problems: &Problems) {
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.outcome = outcome;
            attempt.repairs = repairs;
            attempt.problems = problems.iter().cloned().collect();
            tracing::debug!(
                attempt = attempt.number,
                ?outcome,
                problems = problems.len(),
                "checked"
            );
        }
    }

    fn is_spent(&self) -> bool {
        let rejected = |attempt: &&Attempt| attempt.outcome == Outcome::Rejected;
        self.ledger.attempts.iter().filter(rejected).count() > self.options.retries as usize
    }

    /// Appends the reply and what is wrong with it, where the protocol wants that to stand: as the
    /// result of every call that was made, or else as a turn of the user.
    fn feed_back(&mut self, reply: &Reply, problems: &Problems) {
        let attempt = u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX);
        // The model is told the places in its own answer, which may be wrapped.
        let problems: Problems = problems
            .iter()
            .cloned()
            .map(|mut problem| {
                problem.pointer = self.contract.asked_pointer(&problem.pointer);
                problem
            })
            .collect();
        let feedback = Feedback::new(&problems, self.request.output.mode(), attempt);
        let words = match &self.options.feedback {
            Some(write) => write(&feedback),
            None => render_feedback(&feedback),
        };
        let messages = &mut self.request.messages;
        let turn = reply.to_message();
        if !turn.parts.is_empty() {
            messages.push(turn);
        }
        let mut calls = reply.tool_calls().peekable();
        if calls.peek().is_none() {
            messages.push(Message::user(words));
            return;
        }
        let words: Arc<str> = words.into();
        for call in calls {
            messages.push(Message::tool(ToolResult::new(call, Arc::clone(&words), true)));
        }
    }

    fn close(mut self) -> Ledger {
        self.ledger.elapsed = self.begun.elapsed();
        self.ledger
    }

    fn fail(mut self, ending: Ending) -> Error {
        let last = self.last.take();
        let ledger = Box::new(self.close());
        match ending {
            Ending::Provider(error) => Error::Provider { error, ledger },
            Ending::Refused(message) => Error::Refused { message, ledger },
            Ending::Filtered(partial) => Error::ContentFiltered { partial, ledger },
            Ending::Truncated(partial) => Error::Truncated { partial, ledger },
            Ending::Invalid(problems) => Error::Invalid { problems, last, ledger },
            Ending::Deadline(deadline) => Error::Deadline { deadline, last, ledger },
        }
    }
}

/// What may be the answer.
enum Answer {
    /// The arguments of a tool call, which are JSON or nearly.
    Arguments(String),
    /// Text, in which the answer has to be found.
    Text(String),
}

fn unreadable_problem(found: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unreadable, "", "a JSON value", found)
}

impl Attempt {
    fn begun(number: u32, mode: Mode) -> Self {
        Self {
            number,
            mode,
            model: None,
            outcome: Outcome::Failed,
            stop: None,
            reply: String::new(),
            repairs: Vec::new(),
            problems: Vec::new(),
            usage: None,
            cost: None,
            latency: Duration::ZERO,
            request_id: None,
            resent: 0,
            error: None,
        }
    }

    fn enter(&mut self, reply: &Reply, prices: Option<&Prices>) {
        self.model.clone_from(&reply.model);
        self.stop = Some(reply.stop.clone());
        self.usage = reply.usage;
        self.cost = reply.cost.or_else(|| Some(prices?.cost(reply.usage.as_ref()?)));
        self.request_id.clone_from(&reply.request_id);
        self.resent = reply.resent;
        let mut parts: Vec<String> =
            Some(reply.text()).filter(|text| !text.is_empty()).into_iter().collect();
        parts.extend(reply.tool_calls().map(|call| call.arguments.clone()));
        self.reply = parts.join("\n");
    }
}
