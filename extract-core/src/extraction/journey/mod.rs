//! The loop. A [`Journey`] is one extraction under way: it asks, reads, checks, feeds back what is
//! wrong and asks again. What cannot be mended by asking again ends it at once.

mod answers;
mod ask;
mod escalate;
mod judge;
mod limits;
mod parts;
mod reask;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::{Ledger, Outcome, Report};
use super::limit::Limit;
use super::opening::Opening;
use super::options::Options;
use super::stream::{Line, Told};
use super::{Client, Error, InputError};
use crate::contract::{Contract, Extract, Form, Problems};
use crate::conversation::{Assembly, Feature, Input, Mode, Output, ProviderError, Request};
use limits::Rejected;
use parts::Asking;

/// What an extraction is: who is asked, for what, about what, and how.
pub(super) struct Task<T> {
    pub(super) client: Client,
    pub(super) contract: Arc<Contract>,
    pub(super) input: Input,
    pub(super) options: Options,
    /// Where the reply is told as it arrives.
    pub(super) line: Option<Line>,
    /// The list whose bad elements may be left out, as a JSON pointer.
    pub(super) list: String,
    pub(super) result: PhantomData<fn() -> T>,
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
    Invalid(Limit),
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
    /// Who is asked: `provider/model`.
    asked: String,
    /// How many attempts there were before this model was asked.
    before: usize,
    /// How many messages the conversation was opened with.
    opened: usize,
    /// The value of the latest reply, where it could be read.
    last: Option<Value>,
    /// What was wrong with it.
    problems: Problems,
    /// How often these problems came back.
    unchanged: u32,
    best: Option<Rejected>,
    /// How the whole is asked for.
    whole: Output,
    /// Which parts are asked for, where it is not the whole.
    parts: Option<Asking>,
    /// How many messages there were once the whole had been fed back on.
    told: usize,
}

impl<T> Journey<T> {
    /// Makes this opening the conversation.
    fn open(&mut self, opening: Opening) {
        self.ledger.notes.extend(opening.notes);
        self.opened = opening.request.messages.len();
        self.whole = opening.request.output.clone();
        self.parts = None;
        self.told = self.opened;
        self.request = opening.request;
        self.form = opening.form;
    }
}

impl<T: Extract> Journey<T> {
    fn begin(task: Task<T>) -> Result<Self, Error> {
        let begun = Instant::now();
        let Opening { request, form, notes } = Opening::of(&task)?;
        let ledger = Ledger { notes, ..Ledger::default() };
        let (asked, opened) = (address(&task.client), request.messages.len());
        let whole = request.output.clone();
        Ok(Self {
            task,
            form,
            request,
            ledger,
            begun,
            arriving: Assembly::new(),
            asked,
            before: 0,
            opened,
            last: None,
            problems: Problems::new(),
            unchanged: 0,
            best: None,
            whole,
            parts: None,
            told: opened,
        })
    }

    /// Ask, read, check; feed back and ask again.
    async fn travel(&mut self) -> Result<T, Ending> {
        loop {
            let reply = match self.ask().await {
                Ok(reply) => reply,
                Err(Ending::Provider(error)) if self.step_down(&error) => continue,
                Err(Ending::Truncated(_)) if self.raise_max_tokens() => continue,
                Err(ending) => return Err(ending),
            };
            self.last = None;
            match self.judge(&reply) {
                Ok(value) => return Ok(value),
                Err(problems) => self.ask_again(&reply, &problems)?,
            }
        }
    }

    /// Opens the conversation in the next mode, if the server does not take this one (or this schema
    /// in it) and the mode is ours to choose. The client remembers it; no mode is tried twice.
    fn step_down(&mut self, error: &ProviderError) -> bool {
        let asked = self.request.output.mode();
        let since = self.ledger.attempts.iter().skip(self.before);
        let answered = since.clone().any(|attempt| attempt.stop.is_some());
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
        if since.clone().any(|attempt| attempt.mode == next) {
            return false;
        }
        self.ledger.notes.push(format!("the mode is {next} instead of {asked}: {error}"));
        // What was wrong with the answer of a model that was asked before stays said.
        let said = self.request.messages.split_off(self.opened);
        self.open(opening);
        self.request.messages.extend(said);
        true
    }

    fn close(mut self) -> Ledger {
        self.ledger.elapsed = self.begun.elapsed();
        self.ledger
    }

    fn fail(mut self, ending: Ending) -> Error {
        if let (Ending::Deadline(_), Some(attempt)) = (&ending, self.ledger.attempts.last_mut()) {
            if attempt.outcome == Outcome::Failed && attempt.error.is_none() {
                attempt.enter_piece(&self.arriving);
            }
        }
        let (best, problems) = match self.best.take() {
            Some(Rejected { value, problems }) => (Some(value), problems),
            None => (None, std::mem::take(&mut self.problems)),
        };
        let ledger = Box::new(self.close());
        match ending {
            Ending::Provider(error) => Error::Provider { error, ledger },
            Ending::Refused(message) => Error::Refused { message, ledger },
            Ending::Filtered(partial) => Error::ContentFiltered { partial, ledger },
            Ending::Truncated(partial) => Error::Truncated { partial, ledger },
            Ending::Invalid(limit) => Error::Invalid { problems, best, limit, ledger },
            Ending::Deadline(deadline) => Error::Deadline { deadline, problems, best, ledger },
        }
    }
}

/// A client's model, as it is named.
fn address(client: &Client) -> String {
    let profile = client.model.profile();
    format!("{}/{}", profile.provider, profile.model)
}
