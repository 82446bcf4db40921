//! [`Job`]: one row on its way from the input to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::RunError;
use super::journal::{DoneRow, Ended, Failure, Found, JournalError, OpenJournal};
use super::kept::KeptRow;
use super::row::{FailedRows, Origin, RowError, RowValue};
use super::shared::Shared;
use super::stop::stop_of;
use super::update::{Updated, update};
use crate::contract::{Contract, Extract};
use crate::conversation::{Conversation, Part, ProviderErrorKind};
use crate::extraction::{Accepted, Digest, Error, ErrorKind, KeptReply, Ledger, Prepared};
use crate::grounding::Source;

/// One row.
pub(super) struct Job<K> {
    pub(super) number: u64,
    pub(super) id: K,
    /// The id as JSON.
    pub(super) json_id: Value,
    pub(super) input: Conversation,
    /// How often it was asked.
    pub(super) tries: u32,
    /// The requests of earlier tries.
    pub(super) earlier: Ledger,
}

/// The end of one try of a row.
pub(super) enum End<T> {
    Row(Result<RowValue<T>, RowError>, Origin),
    /// It failed for a passing reason, and is asked again later.
    Again,
    /// It is not among the rows that are asked for, or its request waits in a batch.
    PassedOver,
    /// The whole run has to stop. The row counts as not started.
    Stop(RunError),
}

/// A row whose try has ended.
pub(super) struct Finished<T, K> {
    pub(super) job: Job<K>,
    pub(super) end: End<T>,
    /// The journal could not be written.
    pub(super) unwritten: Option<JournalError>,
    /// The row, for the report.
    pub(super) kept: Option<KeptRow>,
    pub(super) latency: Duration,
}

/// The place of a row in the journal.
struct Place {
    row: Digest,
    schema: Digest,
    contract: Arc<Contract>,
}

impl<K: Send> Job<K> {
    /// Runs one try of the row.
    pub(super) async fn run<T: Extract + Send>(mut self, shared: Arc<Shared<T>>) -> Finished<T, K> {
        let started = Instant::now();
        let (end, unwritten) = match self.try_once(&shared).await {
            Ok(ended) => ended,
            Err(stop) => (End::Stop(stop), None),
        };
        let kept = self.keep(&shared, &end);
        Finished { job: self, end, unwritten, kept, latency: started.elapsed() }
    }

    async fn try_once<T: Extract + Send>(
        &mut self,
        shared: &Shared<T>,
    ) -> Result<(End<T>, Option<JournalError>), RunError> {
        let prepared = shared.prepare(self.input.clone()).map_err(RunError::EveryRow)?;
        let Some(journal) = &shared.journal else {
            let ran = prepared.run().await;
            return Ok((self.judge(shared, ran, Origin::Asked), None));
        };
        let place = Place {
            row: prepared.fingerprint(journal.version()),
            schema: shared.schema_digest(&prepared),
            contract: Arc::clone(prepared.contract()),
        };
        let _held = shared.keys.hold(place.row).await;
        let found = journal.find(place.row)?;
        let is_done = matches!(found, Some(Found::Done(_)));
        let had_failed = matches!(found, Some(Found::Failed(_)));
        if shared.failed_rows == FailedRows::Only && !had_failed {
            // A row that this run has mended stays among its rows: it may occur twice in the source.
            if !(is_done && journal.is_of_this_run(place.row)) {
                return Ok((End::PassedOver, None));
            }
        }
        match found {
            Some(Found::Failed(letter))
                if shared.failed_rows == FailedRows::Keep && !letter.is_retryable =>
            {
                Ok((End::Row(Err(RowError::Before(letter)), Origin::Journal), None))
            }
            Some(Found::Done(done)) => {
                let DoneRow { value, ledger, reply, schema } = *done;
                let reply = reply.map(|reply| Arc::new(KeptReply::given(reply)));
                if schema != place.schema {
                    return Ok(self.update(shared, prepared, &place, schema, &value).await);
                }
                if !(shared.rereads && reply.is_some()) {
                    if let Ok(typed) = prepared.check_at_once(&value) {
                        let done = RowValue { value: typed, json: value, ledger };
                        return Ok((End::Row(Ok(done), Origin::Journal), None));
                    }
                }
                Ok(self.ask(shared, prepared, &place, reply).await)
            }
            Some(Found::Failed(letter)) => {
                let mut prepared = prepared;
                // The same results would lead to the same failure.
                if !letter.is_retryable {
                    prepared.asking_anew_after(letter.at);
                }
                Ok(self.ask(shared, prepared, &place, None).await)
            }
            None => Ok(self.ask(shared, prepared, &place, None).await),
        }
    }

    /// Asks the model for the whole value. A reply of the journal is read first.
    async fn ask<T: Extract + Send>(
        &mut self,
        shared: &Shared<T>,
        mut prepared: Prepared<T>,
        place: &Place,
        reply: Option<Arc<KeptReply>>,
    ) -> (End<T>, Option<JournalError>) {
        let keeps = shared.journal.as_ref().is_some_and(OpenJournal::keeps_replies);
        let reply = reply.or_else(|| keeps.then(Arc::default));
        if let Some(reply) = &reply {
            prepared.keeping(reply);
        }
        let ran = prepared.run().await;
        let is_read = ran.as_ref().is_ok_and(|accepted| {
            accepted.report.ledger.attempts.iter().all(|attempt| attempt.cached.is_some())
        });
        let origin = match &reply {
            Some(reply) if is_read && reply.was_given() => Origin::Reread,
            _ => Origin::Asked,
        };
        self.write(shared, place, ran, origin, reply)
    }

    /// Asks the model for the members that are new in the type.
    async fn update<T: Extract + Send>(
        &mut self,
        shared: &Shared<T>,
        prepared: Prepared<T>,
        place: &Place,
        before: Digest,
        value: &Value,
    ) -> (End<T>, Option<JournalError>) {
        let journal = shared.journal.as_ref();
        let updated = match journal.and_then(|journal| journal.contract(before)) {
            Some(earlier) => update(&prepared, &earlier, value).await,
            None => Updated::Unusable(Box::default()),
        };
        match updated {
            Updated::Ended(ran) => self.write(shared, place, *ran, Origin::Updated, None),
            Updated::Unusable(mut ledger) => {
                ledger.prepend(std::mem::take(&mut self.earlier));
                self.earlier = *ledger;
                self.ask(shared, prepared, place, None).await
            }
        }
    }
}

/// Whether a request of the row waits in a batch of the provider.
fn is_pending(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Provider(error) if error.kind == ProviderErrorKind::Pending)
}

impl<K> Job<K> {
    /// Judges the end of a try, and writes it to the journal.
    fn write<T>(
        &mut self,
        shared: &Shared<T>,
        place: &Place,
        ran: Result<Accepted<T>, Error>,
        origin: Origin,
        kept: Option<Arc<KeptReply>>,
    ) -> (End<T>, Option<JournalError>) {
        let end = self.judge(shared, ran, origin);
        let (End::Row(result, _), Some(journal)) = (&end, &shared.journal) else {
            return (end, None);
        };
        let reply = kept.and_then(|kept| kept.take_accepted());
        let (failure, ledger);
        let ended = match result {
            Ok(done) => {
                ledger = done.ledger.without_replies();
                Ok(&done.json)
            }
            Err(error) => {
                failure = self.failure(error);
                ledger = error.ledger().clone();
                Err(&failure)
            }
        };
        let is_passing = matches!(result, Err(RowError::Failed(error)) if error.is_retryable());
        let written = journal.write(&Ended {
            row: place.row,
            schema: place.schema,
            contract: &place.contract,
            id: &self.json_id,
            end: ended,
            is_passing,
            ledger: &ledger,
            reply: reply.as_deref(),
        });
        (end, written.err())
    }

    /// Decides what follows from the end of a try.
    fn judge<T>(
        &mut self,
        shared: &Shared<T>,
        ran: Result<Accepted<T>, Error>,
        origin: Origin,
    ) -> End<T> {
        self.tries = self.tries.saturating_add(1);
        let mut error = match ran {
            Ok(Accepted { report, json }) => {
                let mut ledger = report.ledger;
                ledger.prepend(std::mem::take(&mut self.earlier));
                return End::Row(Ok(RowValue { value: report.value, json, ledger }), origin);
            }
            Err(error) => error,
        };
        if is_pending(&error) {
            return End::PassedOver;
        }
        error.ledger_mut().prepend(std::mem::take(&mut self.earlier));
        match stop_of(error) {
            Err(stopping) => {
                self.earlier = stopping.ledger;
                End::Stop(stopping.reason)
            }
            Ok(mut error) if error.is_retryable() && self.tries <= shared.retries => {
                self.earlier = std::mem::take(error.ledger_mut());
                End::Again
            }
            Ok(error) => End::Row(Err(RowError::Failed(error)), origin),
        }
    }

    /// Returns a failure as the journal holds it.
    fn failure(&self, error: &RowError) -> Failure {
        let best = match error {
            RowError::Failed(error) => error.best().map(|best| best.value.clone()),
            RowError::Before(letter) => letter.best.clone(),
        };
        let parts = self.input.messages().iter().flat_map(|message| &message.parts);
        Failure {
            kind: error.kind().to_owned(),
            message: error.to_string(),
            best,
            input: Source::of(self.input.messages()).text().to_owned(),
            has_media: parts.clone().any(|part| matches!(part, Part::Media(_))),
        }
    }

    /// Keeps a row for the report: with its quotes, or because it failed.
    fn keep<T: Extract>(&self, shared: &Shared<T>, end: &End<T>) -> Option<KeptRow> {
        let End::Row(result, _) = end else { return None };
        let mut kept = match result {
            Ok(done) => {
                if !shared.wants_quotes() {
                    return None;
                }
                let prepared = shared.prepare(self.input.clone()).ok()?;
                KeptRow::of_quotes(&prepared.quotes(&done.json), &done.json)
            }
            Err(error) => KeptRow::of_failure(error),
        };
        kept.place(&self.json_id, Source::of(self.input.messages()).text());
        Some(kept)
    }
}
