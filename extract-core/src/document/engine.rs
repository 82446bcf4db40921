//! Asks about all chunks, merges the answers, checks the whole, and asks again for what has problems. Knows neither
//! how the chunks were made nor what becomes of the result.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value};

use super::answer::{Answer, find_quotes};
use super::chunking::Chunk;
use super::merge::{Merged, New, merge};
use super::prompt::{ChunkPrompt, Purpose};
use super::rules::Merge;
use crate::check::{check_pieces, violations};
use crate::contract::{CheckError, Contract, Extract, FailedCheck, Problems};
use crate::conversation::{Conversation, Message};
use crate::extraction::{
    AnswerRule, Answered, Base, Error, ErrorKind, FailedChunk, Ledger, Limit, Question, Rejected,
};
use crate::grounding::Source;

/// A text that replaces the default of a prompt.
pub(super) type PromptFn = Arc<dyn Fn(&ChunkPrompt<'_>) -> String + Send + Sync>;

/// One chunk with its input.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) chunk: Chunk,
    pub(super) input: Conversation,
    pub(super) source: Option<Source>,
    /// The bytes and the characters of the document in front of the chunk.
    pub(super) before: (usize, usize),
}

/// The settings of a run.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) merge: Merge,
    pub(super) passes: usize,
    pub(super) concurrency: usize,
    pub(super) allowed_failures: usize,
    /// The most members of the type in one call.
    pub(super) most_fields: Option<usize>,
    pub(super) prompt: Option<PromptFn>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("merge", &self.merge)
            .field("passes", &self.passes)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// One call.
pub(super) struct Job {
    /// The index of the piece.
    pub(super) piece: usize,
    /// The pass; 0 for a correction.
    pub(super) pass: usize,
    pub(super) contract: Arc<Contract>,
    /// The messages behind the input.
    pub(super) messages: Vec<Message>,
    pub(super) rule: Option<AnswerRule>,
}

/// The state of a run.
pub(super) struct Engine<T> {
    pub(super) base: Base<T>,
    pub(super) plan: Plan,
    pub(super) pieces: Vec<Piece>,
    /// The source of the whole value.
    pub(super) source: Option<Source>,
    pub(super) answers: Vec<Answer>,
    pub(super) failed: Vec<FailedChunk>,
    pub(super) ledger: Ledger,
}

/// The checked value of a run.
pub(super) struct Finished<T> {
    pub(super) value: T,
    pub(super) merged: Merged,
    pub(super) new: Vec<New>,
    pub(super) answers: Vec<Answer>,
    pub(super) failed: Vec<FailedChunk>,
    pub(super) ledger: Ledger,
    pub(super) pieces: Vec<Piece>,
}

/// The result of the check of the merged value.
enum Checked<T> {
    Valid(T),
    Invalid(Problems),
    Failed(FailedCheck),
}

impl<T: Extract> Engine<T> {
    /// Makes the state before the first request.
    pub(super) fn new(
        base: Base<T>,
        plan: Plan,
        pieces: Vec<Piece>,
        source: Option<Source>,
    ) -> Self {
        let (answers, failed, ledger) = (Vec::new(), Vec::new(), Ledger::default());
        Self { base, plan, pieces, source, answers, failed, ledger }
    }

    /// Runs to the checked value.
    pub(super) async fn run(mut self) -> Result<Finished<T>, Error> {
        let mut merged = Merged::default();
        let mut passes = 0;
        for pass in 1..=self.plan.passes.max(1) {
            self.ask_pass(pass).await?;
            merged = self.merged();
            passes = pass;
            if merged.new.get(&pass).is_none_or(|new| *new == New::default()) {
                break;
            }
        }
        let new = (1..=passes).map(|pass| merged.new.get(&pass).copied().unwrap_or_default());
        let new: Vec<New> = new.collect();
        let retries = self.base.validation_retries();
        let mut best: Option<Rejected> = None;
        let mut round = 0;
        loop {
            if self.failed_chunks() > self.plan.allowed_failures || self.answers.is_empty() {
                return Err(self.too_many_failures(merged));
            }
            // The value need not be `Send`, so it is gone before the next wait.
            let problems = match self.check(&merged).await {
                Checked::Valid(value) => {
                    let Self { base, answers, failed, ledger, pieces, .. } = self;
                    let ledger = base.finished(ledger);
                    return Ok(Finished { value, merged, new, answers, failed, ledger, pieces });
                }
                Checked::Invalid(problems) => problems,
                Checked::Failed(FailedCheck { pointer, failure: source }) => {
                    let best = Rejected::new(merged.value, Problems::new());
                    let kind = ErrorKind::Check { pointer, source };
                    return Err(self.base.error(kind, Some(best), self.ledger));
                }
            };
            if best.as_ref().is_none_or(|best| problems.len() <= best.problems.len()) {
                best = Some(Rejected::new(merged.value.clone(), problems.clone()));
            }
            if round == retries {
                let problems = best.as_ref().map_or(problems, |best| best.problems.clone());
                let kind = ErrorKind::Invalid { problems, limit: Limit::Retries { retries } };
                return Err(self.base.error(kind, best, self.ledger));
            }
            round += 1;
            self.correct(&mut merged, &problems).await?;
        }
    }

    /// Checks the merged value.
    async fn check(&mut self, merged: &Merged) -> Checked<T> {
        let (source, places) = (self.source.as_ref(), merged.places.clone());
        let checked = self.base.check(&merged.value, source, places, &mut self.ledger).await;
        let mut problems = merged.disputed.clone();
        match checked {
            Ok(Ok(value)) if problems.is_empty() => Checked::Valid(value),
            Ok(Ok(_)) => Checked::Invalid(problems),
            Ok(Err(found)) => {
                problems.extend(found);
                Checked::Invalid(problems)
            }
            Err(failed) => Checked::Failed(failed),
        }
    }

    /// Returns the error of a run in which too many chunks failed.
    fn too_many_failures(self, merged: Merged) -> Error {
        let Self { base, plan, answers, failed, ledger, .. } = self;
        let best = (!answers.is_empty()).then(|| {
            let problems = violations(base.contract(), &merged.value);
            Rejected::new(merged.value, problems)
        });
        let kind = ErrorKind::FailedChunks { failed, allowed: plan.allowed_failures };
        base.error(kind, best, ledger)
    }

    /// Returns the number of chunks that failed.
    fn failed_chunks(&self) -> usize {
        self.failed.iter().map(|chunk| chunk.number).collect::<BTreeSet<_>>().len()
    }

    /// Returns the number of chunks that are sent.
    pub(super) fn sent(&self) -> impl Iterator<Item = (usize, &Piece)> {
        self.pieces.iter().enumerate().filter(|(_, piece)| !piece.chunk.is_blank)
    }

    /// Merges all answers so far.
    pub(super) fn merged(&self) -> Merged {
        merge(self.base.contract(), None, &self.plan.merge, &self.answers)
    }

    /// Asks about every chunk, and keeps the answers in the order of the document.
    async fn ask_pass(&mut self, pass: usize) -> Result<(), Error> {
        let contracts = self.contracts(pass > 1)?;
        let rule = piece_rule::<T>(self.base.contract());
        let mut jobs = Vec::new();
        for (piece, _) in self.sent() {
            if pass > 1 && !self.answers.iter().any(|answer| answer.chunk == piece) {
                continue;
            }
            for contract in &contracts {
                let messages =
                    if pass > 1 { self.missing(piece, pass, contract) } else { Vec::new() };
                let (contract, rule) = (Arc::clone(contract), Some(Arc::clone(&rule)));
                jobs.push(Job { piece, pass, contract, messages, rule });
            }
        }
        let answers = self.ask_all(jobs).await?;
        self.keep(answers, pass);
        Ok(())
    }

    /// Returns the contracts of the calls about one chunk. With several chunks, or if `is_partial`, they require
    /// nothing that one chunk may lack.
    pub(super) fn contracts(&self, is_partial: bool) -> Result<Vec<Arc<Contract>>, Error> {
        let whole = self.base.contract();
        let form = if is_partial || self.sent().count() > 1 {
            whole.of_one_part()?
        } else {
            Arc::clone(whole)
        };
        Ok(match self.plan.most_fields {
            Some(most) => form.split(most)?,
            None => vec![form],
        })
    }

    /// Returns the messages that ask for what is missing in the answers about a chunk.
    fn missing(&self, piece: usize, pass: usize, contract: &Contract) -> Vec<Message> {
        let of_chunk = self.answers.iter().filter(|answer| answer.chunk == piece);
        let before: Vec<Answer> = of_chunk.map(Answer::without_quotes).collect();
        let found = merge(self.base.contract(), None, &self.plan.merge, &before).value;
        let found = part_of(contract, found);
        let text = self.text(piece, Purpose::Missing { pass });
        said(&contract.sent_value(None, found), text)
    }

    /// Returns the text of a request about a chunk.
    pub(super) fn text(&self, piece: usize, purpose: Purpose<'_>) -> String {
        let Some(piece) = self.pieces.get(piece) else { return String::new() };
        let prompt = ChunkPrompt { chunk: &piece.chunk, count: self.sent().count(), purpose };
        match &self.plan.prompt {
            Some(write) => write(&prompt),
            None => prompt.default_text(),
        }
    }

    /// Runs calls, at most as many at a time as the plan says. Returns the answers in the order of the calls, and
    /// keeps the failures. Fails if no request can be made at all.
    pub(super) async fn ask_all(&mut self, jobs: Vec<Job>) -> Result<Vec<(usize, Value)>, Error> {
        let this = &*self;
        let calls = jobs.into_iter().enumerate().map(|(index, job)| async move {
            let (piece, pass) = (job.piece, job.pass);
            (index, piece, pass, this.ask(job).await)
        });
        let mut ended: Vec<(usize, usize, usize, Result<Answered, Error>)> =
            stream::iter(calls).buffer_unordered(self.plan.concurrency.max(1)).collect().await;
        ended.sort_by_key(|(index, ..)| *index);
        let mut answers = Vec::new();
        for (_, piece, pass, result) in ended {
            match result {
                Ok(Answered { json, ledger }) => {
                    self.ledger.append(&ledger);
                    answers.push((piece, json));
                }
                Err(error) if error.is_before_requests() => return Err(error),
                Err(error) => {
                    self.ledger.append(error.ledger());
                    if let Some(Piece { chunk, .. }) = self.pieces.get(piece) {
                        let (bytes, pages) = (chunk.bytes.clone(), chunk.pages.clone());
                        self.failed.push(FailedChunk::new(chunk.number, bytes, pages, pass, error));
                    }
                }
            }
        }
        Ok(answers)
    }

    /// Makes one call.
    async fn ask(&self, job: Job) -> Result<Answered, Error> {
        let Job { piece: index, contract, messages, rule, .. } = job;
        let piece = self.pieces.get(index);
        let mut input = piece.map(|piece| piece.input.clone()).unwrap_or_default();
        input = messages.into_iter().fold(input, Conversation::message);
        let system = Some(self.text(index, Purpose::First)).filter(|text| !text.is_empty());
        let source = piece.and_then(|piece| piece.source.clone());
        self.base
            .ask(Question { contract, input, source, system: system.map(Into::into), rule })
            .await
    }

    /// Keeps answers of a pass. The answers about the parts of a type become one for each chunk.
    pub(super) fn keep(&mut self, answers: Vec<(usize, Value)>, pass: usize) {
        let mut values: Vec<(usize, Value)> = Vec::new();
        for (chunk, value) in answers {
            match (values.last_mut(), value) {
                (Some((last, Value::Object(members))), Value::Object(more)) if *last == chunk => {
                    members.extend(more);
                }
                (_, value) => values.push((chunk, value)),
            }
        }
        for (chunk, value) in values {
            let Some(piece) = self.pieces.get(chunk) else { continue };
            let context = self.base.context(piece.source.as_ref());
            let quotes = find_quotes::<T>(self.base.contract(), &value, context, piece.before);
            self.answers.push(Answer { chunk, pass, value, quotes });
        }
        self.answers.sort_by_key(|answer| (answer.chunk, answer.pass));
    }
}

/// Returns the check of an answer about one chunk.
pub(super) fn piece_rule<T: Extract>(contract: &Arc<Contract>) -> AnswerRule {
    let contract = Arc::clone(contract);
    Arc::new(move |value, context| match check_pieces::<T>(&contract, value, context) {
        Ok(problems) if problems.is_empty() => Ok(()),
        Ok(problems) => Err(problems.into()),
        Err(FailedCheck { failure, .. }) => Err(CheckError::Failed(failure)),
    })
}

/// Returns the members of a value that a contract asks for. A value that is no object is returned as it is.
pub(super) fn part_of(contract: &Contract, value: Value) -> Value {
    let names = contract.member_names();
    match value {
        Value::Object(members) if !names.is_empty() => {
            let kept = members.into_iter().filter(|(name, _)| names.contains(&name.as_str()));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        value => value,
    }
}

/// Returns the messages of an answer that the model gets back, and of the text about it.
pub(super) fn said(answer: &Value, text: String) -> Vec<Message> {
    vec![Message::assistant(answer.to_string()), Message::user(text)]
}
