//! The cache in the loop: a stored reply is read and checked in the same way as a new one, and an accepted
//! reply is stored. An error of the cache is a note in the ledger.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::cache_use::Opening;
use super::end::{End, Next, Pending};
use super::lane::is_content;
use super::state::{Driver, Failure};
use super::user_calls::UserCalls;
use crate::cache::{CacheError, CacheKey, Entry, Joined};
use crate::contract::{Extract, Problems};
use crate::conversation::{Reply, Usage, Usd};
use crate::extraction::ask::Ask;
use crate::extraction::channel::StreamEvent;
use crate::extraction::events::Event;
use crate::extraction::ledger::{Attempt, CacheHit};
use crate::extraction::pricing::Pricing;
use crate::http::timer;

impl<T: Extract> Driver<T> {
    /// Answers the next requests from the cache. Returns `None` if one has to be sent: there is no stored
    /// reply, or the reply does not pass the checks, and was removed.
    pub(super) async fn answer_from_cache<C: UserCalls>(
        &mut self,
    ) -> Result<Option<End<T, C>>, Failure> {
        loop {
            let steps = self.steps;
            let end = self.answer_one_from_cache().await?;
            // After a stored reply with calls of tools, the request with their results may be answered too.
            if end.is_some() || self.steps == steps {
                return Ok(end);
            }
        }
    }

    /// Answers the next request from the cache. Returns `None` if it is not answered, or if tools were run.
    async fn answer_one_from_cache<C: UserCalls>(&mut self) -> Result<Option<End<T, C>>, Failure> {
        let before = self.cached.current.take();
        if !self.ask.is_independent() {
            return Ok(None);
        }
        let Some(key) = self.task.client.model.cache_key(&self.dialogue.request).await else {
            if self.ledger.attempts.is_empty() {
                let note = "the cache is not used: the model gives no key for this request";
                self.ledger.notes.push(note.to_owned());
            }
            return Ok(None);
        };
        let key = key.of_sample(self.task.options.sample);
        self.cached.current = Some(key);
        if self.dialogue.request.messages.len() == self.dialogue.initial_messages {
            self.cached.opening = Some(Opening {
                key,
                output: self.dialogue.request.output.clone(),
                attempts_before: self.dialogue.attempts_before,
            });
        }
        if before == Some(key) {
            // It was looked up before.
            return Ok(None);
        }
        self.request_started = Instant::now();
        let (entry, waited) = self.find_entry(key).await;
        match entry {
            Some(entry) => self.evaluate_entry(Some(key), &entry, waited).await,
            None => Ok(None),
        }
    }

    /// Evaluates the reply that a run over many inputs has kept, if there is one. Returns `None` if it does
    /// not pass the checks.
    pub(super) async fn answer_from_kept<C: UserCalls>(
        &mut self,
    ) -> Result<Option<End<T, C>>, Failure> {
        let kept = self.task.options.kept_reply.clone();
        let Some(entry) = kept.and_then(|kept| kept.take_given()) else { return Ok(None) };
        self.request_started = Instant::now();
        self.evaluate_entry(None, &entry, Duration::ZERO).await
    }

    /// Returns the stored reply of a key, or the accepted reply of another extraction that is sending the
    /// same request, and the wait for it.
    async fn find_entry(&mut self, key: CacheKey) -> (Option<Arc<Entry>>, Duration) {
        if let Some(entry) = self.read_entry(key).await {
            return (Some(entry), Duration::ZERO);
        }
        // Nobody who leads a request waits for another one, so that no two wait for each other.
        if !self.ledger.attempts.is_empty() || self.cached.lead.is_some() {
            return (None, Duration::ZERO);
        }
        let cache = self.task.options.cache.clone();
        let waiting_since = &mut self.cached.waiting_since;
        let joined = cache.join(key, || *waiting_since = Some(Instant::now())).await;
        let waited = self.note_wait_for_other();
        match joined {
            Some(Joined::Accepted(entry)) => (Some(entry), waited),
            Some(Joined::Lead(lead)) => {
                // It may have been stored between the two steps before.
                let entry = self.read_entry(key).await;
                if entry.is_none() {
                    self.cached.lead = Some((key, lead));
                }
                (entry, waited)
            }
            None => (None, waited),
        }
    }

    async fn read_entry(&mut self, key: CacheKey) -> Option<Arc<Entry>> {
        match self.task.options.cache.find(key).await {
            Ok(entry) => entry.map(Arc::new),
            Err(error) => {
                self.note_cache_error("read", &error);
                None
            }
        }
    }

    /// Evaluates a stored reply, as an attempt without a request. If it does not pass, all is as it was
    /// before, and the reply is removed from the cache.
    async fn evaluate_entry<C: UserCalls>(
        &mut self,
        key: Option<CacheKey>,
        entry: &Entry,
        waited: Duration,
    ) -> Result<Option<End<T, C>>, Failure> {
        let (ledger, last_value) = (self.ledger.clone(), self.last_value.take());
        let weights = std::mem::take(&mut self.weights);
        self.record_entry(entry, waited);
        let evaluated = match self.evaluate(&entry.reply).await {
            Next::End(end) => {
                self.show_reply(&entry.reply);
                return Ok(Some(end));
            }
            Next::Fail(failure) => return Err(failure),
            Next::AskAgain(rejection) => Err(rejection),
            Next::Continue(pending) => Ok(pending),
        };
        let rejection = match evaluated {
            Ok(Pending::Calls(calls, turn)) => {
                self.show_reply(&entry.reply);
                return self.make_calls(calls, turn).await;
            }
            Ok(Pending::List(incomplete)) => {
                self.show_reply(&entry.reply);
                // The next reply is no reply to this request.
                self.cached.current = None;
                self.continue_list(incomplete).await?;
                return Ok(None);
            }
            Err(rejection) => rejection,
        };
        let judgements = std::mem::take(&mut self.ledger.judgements);
        self.ledger = ledger;
        self.ledger.judgements = judgements;
        self.last_value = last_value;
        self.weights = weights;
        self.ask.forget_pending();
        self.note_rejected(&rejection.problems);
        if let Some(key) = key {
            if let Err(error) = self.task.options.cache.remove(key).await {
                self.note_cache_error("change", &error);
            }
        }
        Ok(None)
    }
}

impl<T> Driver<T> {
    /// Records the attempt of a stored reply. It took no tokens.
    fn record_entry(&mut self, entry: &Entry, waited: Duration) {
        let number = self.attempt_count().saturating_add(1);
        let mode = self.dialogue.request.output.mode();
        let mut attempt = Attempt::start(number, self.dialogue.address.clone(), mode, Vec::new());
        let Reply { usage, cost, request_id, .. } = &entry.reply;
        attempt.cached = Some(CacheHit {
            age: entry.age(),
            usage: *usage,
            cost: *cost,
            request_id: request_id.clone(),
        });
        let mut reply = entry.reply.clone();
        (reply.usage, reply.cost) = (Some(Usage::default()), Some(Usd(0.0)));
        reply.request_id = None;
        attempt.record_reply(&reply, &Pricing::of(&self.task.client, &self.task.options));
        attempt.latency = self.request_started.elapsed();
        attempt.waited = waited;
        tracing::debug!(attempt = number, "a reply from the cache");
        if let Some(hit) = &attempt.cached {
            self.tell(|extraction| Event::CacheHit { extraction, hit: hit.clone() });
        }
        self.is_under_way = true;
        self.ledger.attempts.push(attempt);
    }

    /// Gives the deltas of a stored reply to the stream.
    fn show_reply(&self, reply: &Reply) {
        let Some(channel) = &self.task.channel else { return };
        channel.send(self.attempt_started(self.attempt_count()));
        for delta in reply.clone().into_deltas() {
            if is_content(&delta) && channel.has_listener() {
                channel.send(StreamEvent::Delta(delta));
            }
        }
    }

    /// Keeps an accepted reply, to be stored at the end, and gives it to those who wait for it. A reply to a
    /// re-ask is also one to the first request, if it holds the whole value in the same form.
    pub(super) fn keep_reply(&mut self, reply: Reply) {
        if let Some(kept) = &self.task.options.kept_reply {
            if self.ask.is_independent() {
                kept.accept(Arc::new(Entry::new(reply.clone())));
            }
        }
        if self.task.options.cache.is_on() {
            self.cache_reply(reply);
        }
    }

    /// Keeps a reply for the cache, under the keys of the requests that it answers.
    fn cache_reply(&mut self, mut reply: Reply) {
        let request = &self.dialogue.request;
        let opening = self.cached.opening.as_ref().filter(|opening| {
            matches!(self.ask, Ask::Whole(_))
                && opening.attempts_before == self.dialogue.attempts_before
                && opening.output == request.output
        });
        let mut keys: Vec<CacheKey> = self.cached.current.into_iter().collect();
        let opening = opening.map(|opening| opening.key);
        keys.extend(opening.filter(|key| Some(*key) != self.cached.current));
        reply.cost = self.ledger.attempts.last().and_then(|last| last.cost);
        let entry = Arc::new(Entry::new(reply));
        if let Some((key, lead)) = self.cached.lead.take() {
            if keys.contains(&key) {
                lead.accept(Arc::clone(&entry));
            }
        }
        if !keys.is_empty() {
            self.cached.accepted = Some((entry, keys));
        }
    }

    /// Stores a reply that calls tools, and gives it to those who wait for it.
    pub(super) async fn store_called(&mut self, reply: Reply) {
        if !self.task.options.cache.is_on() {
            return;
        }
        self.cache_reply(reply);
        self.store_reply().await;
    }

    /// Stores the accepted reply, for at most the time up to the deadline.
    pub(super) async fn store_reply(&mut self) {
        let Some((entry, keys)) = self.cached.accepted.take() else { return };
        let cache = self.task.options.cache.clone();
        let storing = async {
            for key in keys {
                if !cache.put(key, &entry).await? {
                    return Err(CacheError::failed("the reply is too large"));
                }
            }
            Ok(())
        };
        let stored = match self.deadline {
            None => storing.await,
            Some(deadline) => match timer(|| tokio::time::sleep_until(deadline)) {
                Err(_) => Ok(()),
                Ok(end) => match select(pin!(storing), pin!(end)).await {
                    Either::Left((stored, _)) => stored,
                    Either::Right(_) => Err(CacheError::failed("the deadline passed")),
                },
            },
        };
        if let Err(error) = stored {
            self.note_cache_error("change", &error);
        }
    }

    fn note_cache_error(&mut self, act: &str, error: &CacheError) {
        tracing::warn!(%error, "the cache cannot {act} an entry");
        self.ledger.notes.push(format!("the cache could not {act} an entry: {error}"));
    }

    fn note_rejected(&mut self, problems: &Problems) {
        self.ledger.notes.push(format!(
            "a stored reply does not pass the checks any more, and the request is sent: {problems}"
        ));
    }

    /// Ends the wait for another extraction, if there is one, with a note. Returns its time.
    pub(super) fn note_wait_for_other(&mut self) -> Duration {
        let Some(since) = self.cached.waiting_since.take() else { return Duration::ZERO };
        let waited = since.elapsed();
        let note = format!("waited {waited:.1?} for another extraction that sent the same request");
        self.ledger.notes.push(note);
        waited
    }
}
