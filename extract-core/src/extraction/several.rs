//! [`Base`]: the settings of one extraction, for a value that is put together from several. Knows neither how
//! the work is divided nor how answers are merged.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use super::builder::Extraction;
use super::driver::{self, Accepted};
use super::error::{Error, ErrorKind, InputError, Rejected};
use super::judgements::Judgements;
use super::ledger::Ledger;
use super::task::Task;
use crate::check::{Rules, check};
use crate::contract::{
    CheckContext, CheckError, Context, Contract, Extract, FailedCheck, Problems,
};
use crate::conversation::{Conversation, Message};
use crate::grounding::{QuotePlaces, Source};

/// A check of the answer to a [`Question`].
pub(crate) type AnswerRule =
    Arc<dyn Fn(&Value, Context<'_>) -> Result<(), CheckError> + Send + Sync>;

/// One of several extractions for a value.
pub(crate) struct Question {
    /// The contract of the answer.
    pub(crate) contract: Arc<Contract>,
    /// The input, without examples before it.
    pub(crate) input: Conversation,
    /// The source of the checks; `None` for the text of the input.
    pub(crate) source: Option<Source>,
    /// Instructions in addition to those of the settings.
    pub(crate) system: Option<Arc<str>>,
    /// A check in addition to the contract.
    pub(crate) rule: Option<AnswerRule>,
}

/// The answer to a [`Question`].
pub(crate) struct Answered {
    /// The value, in the shape of the question's contract.
    pub(crate) json: Value,
    pub(crate) ledger: Ledger,
}

/// The client, the settings and the checks of an extraction whose value several extractions give.
pub(crate) struct Base<T> {
    task: Task<T>,
    begun: Instant,
}

impl<T> fmt::Debug for Base<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("options", &self.task.options).finish_non_exhaustive()
    }
}

impl<T: Extract> Base<T> {
    /// Takes the settings of an extraction. Fails if its client or its contract could not be made, or if a
    /// setting is invalid or cannot hold for parts.
    pub(crate) fn of(extraction: Extraction<T>) -> Result<Self, Error> {
        let task = extraction.into_task()?;
        if !task.expected.is_empty() {
            return Err(Error::from(InputError::ExpectedInParts).of_type(task.contract.name()));
        }
        Ok(Self { task, begun: Instant::now() })
    }
}

impl<T: Extract> Base<T> {
    /// Returns the contract of the whole value.
    pub(crate) fn contract(&self) -> &Arc<Contract> {
        &self.task.contract
    }

    /// Returns the input of the extraction, without the examples before it.
    pub(crate) fn input(&self) -> Conversation {
        let Task { input, options, .. } = &self.task;
        let messages = input.messages().get(options.before_input..).unwrap_or_default();
        input.with_messages(messages.to_vec())
    }

    /// Returns the source that the user set in place of the text of the input, or else that text.
    pub(crate) fn source(&self) -> Option<Source> {
        let context = self.task.options.check_context_for(&self.task.input);
        context.context().source().ok().cloned()
    }

    /// Whether there is nothing to extract from.
    pub(crate) fn is_blank(&self) -> bool {
        self.task.options.is_blank(&self.task.input)
    }

    /// Returns how often the model is asked again.
    pub(crate) fn validation_retries(&self) -> u32 {
        self.task.options.validation_retries
    }

    /// Asks one question. The deadline of the extraction covers all of them together; its budgets are shared.
    pub(crate) async fn ask(&self, question: Question) -> Result<Answered, Error> {
        let Accepted { report, json } = driver::run(self.task_of(question)).await?;
        Ok(Answered { json, ledger: report.ledger })
    }

    /// Makes the task of a question.
    fn task_of(&self, question: Question) -> Task<Value> {
        let Question { contract, input, source, system, rule } = question;
        let mut options = self.task.options.clone();
        options.deadline =
            options.deadline.map(|deadline| deadline.saturating_sub(self.begun.elapsed()));
        options.system.extend(system);
        if let Some(source) = source {
            options.context = options.context.source(source);
        }
        let examples = self.task.input.messages().get(..options.before_input).unwrap_or_default();
        let mut messages: Vec<Message> = examples.to_vec();
        messages.extend_from_slice(input.messages());
        let mut rules = Rules::default();
        if let Some(rule) = rule {
            rules.add_validator(move |value: &Value, context| rule(value, context));
        }
        Task {
            input: input.with_messages(messages),
            options,
            list_pointer: self.task.list_pointer.clone(),
            rules,
            ..self.task.asking_for(contract)
        }
    }

    /// Returns the context of checks against this source, with the values that the user set.
    pub(crate) fn context(&self, source: Option<&Source>) -> CheckContext {
        let context = self.task.options.context.clone();
        match source {
            Some(source) => context.source(source.clone()),
            None => context,
        }
    }

    /// Checks the whole value by the contract, the type and all rules. `places` says which occurrences the
    /// quotes are. The requests of checks by models are added to the ledger.
    ///
    /// The outer error is a check that could not be carried out.
    pub(crate) async fn check(
        &self,
        json: &Value,
        source: Option<&Source>,
        places: QuotePlaces,
        ledger: &mut Ledger,
    ) -> Result<Result<T, Problems>, FailedCheck> {
        let Task { contract, rules, options, .. } = &self.task;
        let judgements = Judgements::new(options.budgets.clone());
        let context = self.context(source).value(judgements).value(places);
        let checked = check(contract, json, Vec::new(), rules, context.context()).await;
        if let Some(judgements) = context.context().find::<Judgements>() {
            ledger.judgements.extend(judgements.take());
        }
        checked
    }

    /// Makes the error of the whole extraction.
    pub(crate) fn error(
        &self,
        kind: ErrorKind,
        best: Option<Rejected>,
        mut ledger: Ledger,
    ) -> Error {
        ledger.latency = self.begun.elapsed();
        Error::with_ledger(kind, ledger).with_best(best).of_type(self.task.contract.name())
    }

    /// Returns the ledger with the time since the start.
    pub(crate) fn finished(&self, mut ledger: Ledger) -> Ledger {
        ledger.latency = self.begun.elapsed();
        ledger
    }
}

impl Rejected {
    /// Makes a rejected value.
    pub(crate) fn new(value: Value, problems: Problems) -> Self {
        Self { value, problems }
    }
}
