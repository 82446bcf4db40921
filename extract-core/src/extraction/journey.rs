//! The loop. A [`Journey`] is one extraction under way: it asks, reads, checks, feeds back what is
//! wrong and asks again. What cannot be mended by asking again ends it at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::builder::{Extraction, Options};
use super::ledger::{Attempt, Ledger, Outcome, Report};
use super::{Error, InputError};
use crate::check::{Feedback, check, render_feedback};
use crate::contract::dialect::Raised;
use crate::contract::{Contract, ContractError, Extract, Form, Problem, ProblemKind, Problems};
use crate::conversation::{
    Input, Message, Mode, Output, Prices, ProviderError, Reply, Request, Role, StopReason,
    ToolCall, ToolResult,
};
use crate::model::{Model, Profile, SchemaPrompt};
use crate::reading::{self, Level, Reading, Repair};

/// Runs an extraction to its end.
pub(super) async fn run<T: Extract>(extraction: Extraction<T>) -> Result<Report<T>, Error> {
    let Extraction { client, input, contract, options, .. } = extraction;
    let client = client?;
    if input.is_blank() {
        return Err(InputError::Empty.into());
    }
    let contract = match contract {
        Some(given) => given.contract()?,
        None => Contract::of::<T>()?,
    };
    let deadline = options.deadline;
    let mut journey = Journey::begin(&*client.model, contract, input, options)?;
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
    contract: Arc<Contract>,
    /// The lowered schema, where one is sent.
    form: Option<Arc<Form>>,
    request: Request,
    options: Options,
    ledger: Ledger,
    begun: Instant,
    last: Option<Value>,
}

impl<'m> Journey<'m> {
    fn begin(
        model: &'m dyn Model,
        contract: Arc<Contract>,
        input: Input,
        mut options: Options,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let profile = model.profile();
        let mut ledger = Ledger::default();
        let (mode, form) = choose_form(&contract, &profile, options.mode, &mut ledger.notes)?;
        let output = match (mode, &form) {
            (Mode::Tools, Some(form)) => Output::Tool(Arc::clone(&form.tool)),
            (Mode::JsonSchema, Some(form)) => Output::JsonSchema(Arc::clone(&form.tool)),
            (Mode::JsonObject, _) => Output::JsonObject,
            _ => Output::Text,
        };
        let told = form.is_none() || profile.schema_prompt == SchemaPrompt::Always;
        let instructions = told.then(|| match &options.instructions {
            Some(write) => write(&contract),
            None => default_instructions(&contract),
        });
        let mut request = Request::new(open_conversation(&options.system, instructions, input));
        request.output = output;
        request.settings = std::mem::take(&mut options.settings).or(profile.settings);
        tracing::debug!(
            provider = %profile.provider,
            model = %profile.model,
            contract = contract.name(),
            %mode,
            "extraction begins"
        );
        Ok(Self { model, contract, form, request, options, ledger, begun, last: None })
    }

    /// Ask, read, check; feed back and ask again.
    async fn travel<T: Extract>(&mut self) -> Result<T, Ending> {
        loop {
            let reply = self.ask().await?;
            match self.check::<T>(&reply) {
                Ok(value) => return Ok(value),
                Err(problems) if self.is_spent() => return Err(Ending::Invalid(problems)),
                Err(problems) => self.feed_back(&reply, &problems),
            }
        }
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
            Err(error) => {
                attempt.request_id.clone_from(&error.request_id);
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
        self.ledger.attempts.len() > self.options.retries as usize
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
        }
    }

    fn enter(&mut self, reply: &Reply, prices: Option<&Prices>) {
        self.model.clone_from(&reply.model);
        self.stop = Some(reply.stop.clone());
        self.usage = reply.usage;
        self.cost = reply.cost.or_else(|| Some(prices?.cost(reply.usage.as_ref()?)));
        self.request_id.clone_from(&reply.request_id);
        let mut parts: Vec<String> =
            Some(reply.text()).filter(|text| !text.is_empty()).into_iter().collect();
        parts.extend(reply.tool_calls().map(|call| call.arguments.clone()));
        self.reply = parts.join("\n");
    }
}

/// The mode, and the schema that is sent in it: the first in whose dialect the type can be said. Where
/// there is none, the schema is sent without enforcement, and where that cannot be either, in words.
/// Only `Auto` leaves the mode that was chosen.
fn choose_form(
    contract: &Contract,
    profile: &Profile,
    chosen: Mode,
    notes: &mut Vec<String>,
) -> Result<(Mode, Option<Arc<Form>>), ContractError> {
    let carries = |mode: &Mode| matches!(mode, Mode::Tools | Mode::JsonSchema);
    let modes: Vec<Mode> = match chosen {
        Mode::Auto => profile.modes.clone(),
        chosen => vec![chosen],
    };
    let first = modes.first().copied().unwrap_or(Mode::Text);
    if !carries(&first) {
        return Ok((first, None));
    }
    let mut refused = None;
    for mode in modes.iter().copied().filter(carries) {
        match contract.form(profile.dialect_for(mode), profile.strict_for(mode)) {
            Ok(form) => {
                if let Some(error) = refused {
                    notes.push(format!("the mode is {mode} instead of {first}: {error}"));
                }
                return Ok((mode, Some(form)));
            }
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let Some(error) = refused else { return Ok((first, None)) };
    for mode in modes.iter().copied().filter(carries) {
        let loose = profile.dialect_for(mode).loose();
        if let Some(Ok(form)) = loose.map(|dialect| contract.form(dialect, false)) {
            notes.push(format!("the schema is sent without enforcement ({mode}): {error}"));
            return Ok((mode, Some(form)));
        }
    }
    let Some(in_words) = modes.iter().copied().find(|mode| !carries(mode)) else {
        return Err(error);
    };
    notes.push(format!("the schema is told in words ({in_words}): {error}"));
    Ok((in_words, None))
}

/// The words that tell the schema, unless the user has others.
fn default_instructions(contract: &Contract) -> String {
    let schema = contract.prompt_schema();
    format!("Answer with one JSON value of this type, and nothing else:\n\n{schema}")
}

/// The messages of the first request. What stands above the conversation becomes one system
/// message, because many servers take no more than one, and only as the first.
fn open_conversation(
    system: &[Arc<str>],
    instructions: Option<String>,
    input: Input,
) -> Vec<Message> {
    let mut rest = input.into_messages();
    let leading = rest.iter().take_while(|message| message.role == Role::System).count();
    let mut texts: Vec<String> = system.iter().map(ToString::to_string).collect();
    texts.extend(rest.drain(..leading).map(|message| message.text()));
    texts.extend(instructions);
    let mut messages = Vec::with_capacity(rest.len() + 1);
    if !texts.is_empty() {
        messages.push(Message::system(texts.join("\n\n")));
    }
    messages.append(&mut rest);
    messages
}
