//! [`Prepared`]: an extraction as a run over many inputs handles it. The run asks for its fingerprint, checks
//! a value that it has kept, and runs it.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use super::budget::most_used;
use super::builder::Extraction;
use super::digest::Digest;
use super::driver::{self, Accepted};
use super::error::Error;
use super::initial_request::InitialRequest;
use super::judgements::Judgements;
use super::kept_reply::KeptReply;
use super::ledger::{Ledger, Report};
use super::pricing::Pricing;
use super::task::Task;
use crate::check::{Rules, check, check_at_once};
use crate::contract::{Contract, Extract, FailedCheck, Problem, Problems};
use crate::conversation::{Conversation, Part, PromptCache, Usage, Usd};
use crate::grounding::{FoundQuote, QuoteLog};

/// The version of the fingerprints. A change makes the rows of earlier journals unknown.
const VERSION: &[u8] = b"extract-llm row 1";

/// An extraction that is ready to run.
pub(crate) struct Prepared<T>(Task<T>);

impl<T: Extract> Extraction<T> {
    /// Makes the extraction ready. Fails if the call is invalid.
    pub(crate) fn prepare(self) -> Result<Prepared<T>, Error> {
        self.into_task().map(Prepared)
    }
}

impl<T> Prepared<T> {
    /// Returns the contract of the value.
    pub(crate) fn contract(&self) -> &Arc<Contract> {
        &self.0.contract
    }

    /// Whether the start of the prompt is marked for a cache of the provider.
    pub(crate) fn caches_prompt(&self) -> bool {
        self.0.options.settings.prompt_cache.is_some_and(|cache| cache != PromptCache::Off)
    }

    /// Returns a hash of the schema.
    pub(crate) fn schema_digest(&self) -> Digest {
        let mut hash = Digest::start(b"schema");
        hash.add(self.0.contract.schema().to_string());
        hash.finish()
    }

    /// Returns a hash of the model, the prompt, the settings of the request and the input: all that can
    /// change the answer but the schema. Keys and other headers are not part of it, nor are limits, such as
    /// `max_tokens`, and what changes the price alone. `version` is the user's.
    pub(crate) fn fingerprint(&self, version: &str) -> Digest {
        let Task { client, contract, input, options, user_tools, .. } = &self.0;
        let mut hash = Digest::start(VERSION);
        hash.add(version);
        hash.add(contract.name());
        hash.add(client.model.journal_name());
        hash.add(format!("{:?} {:?} {}", options.mode, options.layout, options.source_marks));
        // The values of headers are hidden in it.
        hash.add(format!("{:?}", options.settings.clone().without_limits()));
        for text in &options.system {
            hash.add(&**text);
        }
        if let Some(write) = &options.instructions {
            hash.add(write(contract));
        }
        for offered in user_tools {
            let tool = &offered.tool;
            hash.add(format!("{:?} {:?}", tool.name(), tool.description_text()));
            hash.add(tool.contract().schema().to_string());
        }
        hash.add(options.before_input.to_le_bytes());
        for message in input.messages() {
            hash.add(format!("{:?}", message.role));
            for part in &message.parts {
                match part {
                    Part::Text(text) => hash.add(&**text),
                    Part::Media(media) => hash.add(media.identity()),
                    other => hash.add(format!("{other:?}")),
                }
            }
        }
        hash.finish()
    }

    /// Returns the most that the first request uses, and its cost if the price is known.
    pub(crate) fn most_used(&self) -> Result<(Usage, Option<Usd>), Error> {
        let Task { client, contract, options, .. } = &self.0;
        let initial = InitialRequest::of(&self.0);
        let initial = initial.map_err(|error| Error::from(error).of_type(contract.name()))?;
        let most = most_used(&initial.request);
        Ok((most, Pricing::of(client, options).most(&most, false)))
    }

    /// Returns the same extraction for another contract, without the rules of the type.
    pub(crate) fn asking_for(&self, contract: Arc<Contract>) -> Prepared<Value> {
        Prepared(self.0.asking_for(contract))
    }

    /// Takes no answer in a batch that was made before this time.
    pub(crate) fn asking_anew_after(&mut self, time: SystemTime) {
        self.0.options.answers_after = Some(time);
    }

    /// Reads this reply before a request is sent, or keeps the accepted one.
    pub(crate) fn keeping(&mut self, kept: &Arc<KeptReply>) {
        self.0.options.kept_reply = Some(Arc::clone(kept));
    }
}

impl<T: Extract> Prepared<T> {
    /// Runs the extraction.
    pub(crate) async fn run(self) -> Result<Accepted<T>, Error> {
        driver::run(self.0).await
    }

    /// Checks a value by all checks that need no wait: the schema, the type, and validators.
    pub(crate) fn check_at_once(&self, value: &Value) -> Result<T, Problems> {
        let context = self.0.options.check_context_for(&self.0.input);
        let Task { contract, rules, .. } = &self.0;
        match check_at_once(contract, value, Vec::new(), rules, context.context()) {
            Ok((Some(typed), problems)) if problems.is_empty() => Ok(typed),
            Ok((_, problems)) => Err(problems),
            Err(failed) => Err(not_checked(&failed)),
        }
    }

    /// Checks a value by all checks. Adds the requests of checks to the ledger.
    pub(crate) async fn check(&self, value: &Value, ledger: &mut Ledger) -> Result<T, Problems> {
        let context = self.0.options.check_context_for(&self.0.input);
        let Task { contract, rules, .. } = &self.0;
        let checked = check(contract, value, Vec::new(), rules, context.context()).await;
        if let Some(judgements) = context.context().find::<Judgements>() {
            ledger.judgements.extend(judgements.take());
        }
        checked.unwrap_or_else(|failed| Err(not_checked(&failed)))
    }

    /// Returns the quotes of a checked value with their places in the source.
    pub(crate) fn quotes(&self, value: &Value) -> Vec<FoundQuote> {
        let context = self.0.options.check_context_for(&self.0.input).value(QuoteLog::default());
        let Task { contract, .. } = &self.0;
        let rules = Rules::<T>::default();
        let checked = check_at_once(contract, value, Vec::new(), &rules, context.context());
        let found = context.context().find::<QuoteLog>();
        found.filter(|_| checked.is_ok()).map(QuoteLog::take).unwrap_or_default()
    }
}

impl<T> Accepted<T> {
    /// Makes an accepted value without a conversation.
    pub(crate) fn kept(value: T, json: Value, ledger: Ledger) -> Self {
        Self { report: Report { value, ledger, conversation: Conversation::default() }, json }
    }
}

/// Returns a check that could not be made as a problem of the value that it was about.
fn not_checked(failed: &FailedCheck) -> Problems {
    let expected = format!("a value that can be checked ({})", failed.failure);
    Problem::rule(failed.pointer.clone(), expected).into()
}
