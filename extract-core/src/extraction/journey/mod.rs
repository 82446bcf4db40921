//! The loop. A [`Journey`] is one extraction under way: it asks, reads, checks, feeds back what is
//! wrong and asks again. What cannot be mended by asking again ends it at once.

mod answers;
mod ask;
mod judge;
mod reask;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::{Attempt, Ledger, Outcome, Report};
use super::llm_check::Judgements;
use super::opening::Opening;
use super::options::Options;
use super::stream::{Line, Told};
use super::{Client, Error, InputError};
use crate::check::Rules;
use crate::contract::{Background, Contract, Extract, Failed, Form, Problems};
use crate::conversation::{Assembly, Feature, Input, Mode, ProviderError, Request};

/// What an extraction is: who is asked, for what, about what, and how.
pub(super) struct Task<T> {
    pub(super) client: Client,
    pub(super) contract: Arc<Contract>,
    pub(super) input: Input,
    pub(super) options: Options,
    pub(super) rules: Rules<T>,
    /// Where the reply is told as it arrives.
    pub(super) line: Option<Line>,
    /// The list whose bad elements may be left out, as a JSON pointer.
    pub(super) list: String,
}

/// Runs an extraction to its end.
pub(super) async fn run<T: Extract>(task: Task<T>) -> Result<Report<T>, Error> {
    if task.input.is_blank() {
        return Err(InputError::Empty.into());
    }
    let deadline = task.options.deadline;
    let mut journey = Journey::begin(task)?;
    let ending = match deadline {
        None => journey.travel().await,
        Some(deadline) => match tokio::time::timeout(deadline, journey.travel()).await {
            Ok(ending) => ending,
            Err(_) => Err(Ending::Deadline(deadline)),
        },
    };
    match ending {
        Ok(value) => {
            if let (Some(line), Some(value)) = (&journey.task.line, journey.last.take()) {
                let left_out = journey.ledger.left_out.iter().map(|item| item.index).collect();
                line.tell(Told::Settled { value, left_out });
            }
            Ok(Report::new(value, journey.close()))
        }
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
    Unchecked(Failed),
    Deadline(Duration),
}

/// One extraction under way.
struct Journey<T> {
    task: Task<T>,
    /// The lowered schema, where one is sent.
    form: Option<Arc<Form>>,
    request: Request,
    ledger: Ledger,
    begun: Instant,
    /// What has come of a reply that is under way.
    arriving: Assembly,
    last: Option<Value>,
    /// What checks may look at.
    background: Arc<Background>,
}

impl<T: Extract> Journey<T> {
    fn begin(task: Task<T>) -> Result<Self, Error> {
        let begun = Instant::now();
        let Opening { request, form, notes } = Opening::of(&task)?;
        let ledger = Ledger { notes, ..Ledger::default() };
        let background = Arc::new(task.options.background(&task.input));
        let arriving = Assembly::new();
        Ok(Self { task, form, request, ledger, begun, arriving, last: None, background })
    }

    /// Ask, read, check; feed back and ask again.
    async fn travel(&mut self) -> Result<T, Ending> {
        loop {
            let reply = match self.ask().await {
                Ok(reply) => reply,
                Err(Ending::Provider(error)) if self.step_down(&error) => continue,
                Err(ending) => return Err(ending),
            };
            match self.judge(&reply).await? {
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
        if self.task.options.mode != Mode::Auto || answered {
            return false;
        }
        match error.unsupported {
            Some(Feature::Mode(mode)) if mode == asked => self.task.client.refused.add(asked),
            Some(Feature::Schema(mode)) if mode == asked => {
                self.task.client.refused.add_for(asked, &self.task.contract);
            }
            _ => return false,
        }
        let Ok(opening) = Opening::of(&self.task) else { return false };
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

    fn is_spent(&self) -> bool {
        let rejected = |attempt: &&Attempt| attempt.outcome == Outcome::Rejected;
        self.ledger.attempts.iter().filter(rejected).count() > self.task.options.retries as usize
    }

    fn close(mut self) -> Ledger {
        if let Some(judgements) = self.background.context().find::<Judgements>() {
            self.ledger.judgements = judgements.take();
        }
        self.ledger.elapsed = self.begun.elapsed();
        self.ledger
    }

    fn fail(mut self, ending: Ending) -> Error {
        if let (Ending::Deadline(_), Some(attempt)) = (&ending, self.ledger.attempts.last_mut()) {
            if attempt.outcome == Outcome::Failed && attempt.error.is_none() {
                attempt.enter_piece(&self.arriving);
            }
        }
        let last = self.last.take();
        let ledger = Box::new(self.close());
        match ending {
            Ending::Provider(error) => Error::Provider { error, ledger },
            Ending::Refused(message) => Error::Refused { message, ledger },
            Ending::Filtered(partial) => Error::ContentFiltered { partial, ledger },
            Ending::Truncated(partial) => Error::Truncated { partial, ledger },
            Ending::Invalid(problems) => Error::Invalid { problems, last, ledger },
            Ending::Unchecked(Failed { pointer, failure: source }) => {
                Error::Check { pointer, source, last, ledger }
            }
            Ending::Deadline(deadline) => Error::Deadline { deadline, last, ledger },
        }
    }
}
