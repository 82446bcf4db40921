//! The scripted model.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;

use super::in_flight::{InFlight, InFlightCount};
use super::reply_chunks::ReplyChunks;
use super::scripted_reply::{Cut, ReplyContent, ScriptedReply};
use super::seen_request::SeenRequest;
use super::wire_form::WireForm;
use crate::cache::CacheKey;
use crate::conversation::{
    Delta, Mode, ProviderError, ProviderErrorKind, Reply, Request, Settings, Usage, Usd,
};
use crate::http::{TransportOptions, timer};
use crate::model::api::{DeltaStream, Model};
use crate::model::config_error::ConfigError;
use crate::model::delta_reader::DeltaReader;
use crate::model::failure::{failed, reported_in_body, request_id};
use crate::model::options::ProviderOptions;
use crate::model::prices::PublishedPrices;
use crate::model::profile::Profile;
use crate::model::reply_stream::with_response;
use crate::model::wire_model::WireModel;
use crate::wire::{Delivery, Protocol, Quirks};

/// A function that answers requests.
type Answers = dyn Fn(&SeenRequest) -> Result<ScriptedReply, ProviderError> + Send + Sync;

/// A function that is called with each request.
type Inspect = dyn Fn(&SeenRequest) + Send + Sync;

/// The source of the replies.
enum Source {
    /// The remaining replies.
    Queue(Mutex<VecDeque<ScriptedReply>>),
    /// A function of the request.
    Function(Box<Answers>),
}

/// The replies, and the requests so far.
struct Script {
    source: Source,
    seen: Mutex<Vec<SeenRequest>>,
    in_flight: Arc<InFlightCount>,
}

/// A model that answers from a script, and keeps the requests it saw. A clone shares both.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::Client;
/// # use serde_json::json;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let model = Scripted::new([reply::tool(json!({"value": 7}))]);
/// let client = Client::with_model(model.clone());
///
/// let n: u32 = client.extract("seven").await?;
///
/// assert_eq!(n, 7);
/// assert_eq!(model.seen()[0].body["messages"][0]["content"], "<text>\nseven\n</text>");
/// model.assert_done();
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A script sends nothing again by itself: a reply with an error status is the error of its request at once.
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Script>,
    profile: Profile,
    /// The provider that the script plays. `None` for one with all modes and the protocol of OpenAI.
    provider: Option<Arc<(WireModel, PublishedPrices)>>,
    /// The number of characters in an event of a streamed reply.
    piece: usize,
    inspect: Option<Arc<Inspect>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("left", &self.left()).finish_non_exhaustive()
    }
}

/// Locks a part of the script.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scripted {
    /// Creates a model that returns these replies, one per request. After the last one, requests fail.
    pub fn new(replies: impl IntoIterator<Item = ScriptedReply>) -> Self {
        Self::of(Source::Queue(Mutex::new(replies.into_iter().collect())))
    }

    /// Creates a model whose replies are a function of the request. The function may be called on several
    /// threads at once; if it panics, so does the extraction.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let model = Scripted::with(|request| {
    ///     let n = request.text().matches("plum").count();
    ///     reply::tool(json!({"value": n}))
    /// });
    /// let n: u8 = Client::with_model(model).extract("plum, pear, plum").await?;
    /// assert_eq!(n, 2);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn with(answer: impl Fn(&SeenRequest) -> ScriptedReply + Send + Sync + 'static) -> Self {
        Self::answering(move |request| Ok(answer(request)))
    }

    /// Creates a model whose replies are a function of the request that may fail.
    pub(crate) fn answering(
        answer: impl Fn(&SeenRequest) -> Result<ScriptedReply, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        Self::of(Source::Function(Box::new(answer)))
    }

    fn of(source: Source) -> Self {
        let (seen, in_flight) = (Mutex::default(), Arc::default());
        Self {
            script: Arc::new(Script { source, seen, in_flight }),
            profile: Profile::new("scripted", "scripted"),
            provider: None,
            piece: 8,
            inspect: None,
        }
    }

    /// Plays a model of the provider table: its protocol, modes, schema dialect, supported settings and media,
    /// and prices. Nothing is sent to the provider, and no key is needed. Replies such as
    /// [`reply::tool`](super::reply::tool) are written in its protocol. By default, the script is a model with
    /// all modes and the protocol of OpenAI.
    ///
    /// Fails if the provider is unknown, or the model is not named.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let claude = Scripted::new([reply::tool(json!({"value": 7}))]).provider("anthropic/claude-opus-5")?;
    /// let n: u8 = Client::with_model(claude.clone()).extract("Seven.").await?;
    ///
    /// assert_eq!(n, 7);
    /// assert!(claude.seen()[0].body["max_tokens"].is_u64(), "mandatory in this protocol");
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn provider(mut self, model: &str) -> Result<Self, ConfigError> {
        let mut options = ProviderOptions::default();
        model.clone_into(&mut options.model);
        let wire = WireModel::of(&options)?;
        self.profile = wire.profile();
        let prices = PublishedPrices::at(wire.preset.base_url);
        self.provider = Some(Arc::new((wire, prices)));
        Ok(self)
    }

    /// Sets the profile of the model. The default supports all modes. The protocol stays as it is.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Restricts the model to one mode.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.profile.modes = vec![mode];
        self
    }

    /// Sets the number of characters in an event of a streamed reply. The default is 8, the minimum 1.
    pub fn pieces_of(mut self, characters: usize) -> Self {
        self.piece = characters.max(1);
        self
    }

    /// Calls this function with each request, before its reply: to print, save or check it. A second function
    /// replaces the first. Clones that were made before do not call it. If it panics, so does the extraction.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let model = Scripted::new([reply::tool(json!({"value": 7}))]);
    /// let model = model.inspect(|request| println!("{}: {}", request.number, request.body));
    /// let n: u8 = Client::with_model(model).extract("Seven.").await?;
    /// assert_eq!(n, 7);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn inspect(mut self, inspect: impl Fn(&SeenRequest) + Send + Sync + 'static) -> Self {
        self.inspect = Some(Arc::new(inspect));
        self
    }

    /// Returns the number of requests in flight. A request is in flight from its arrival until its whole
    /// reply, or the end of its stream. A request that is dropped ends as well.
    pub fn in_flight(&self) -> usize {
        self.script.in_flight.now()
    }

    /// Returns the most requests that were in flight at once so far, to test a limit of concurrency. Requests
    /// overlap only if their replies take time, so the replies need [`after`](ScriptedReply::after). With
    /// tokio's paused clock, the test does not wait for it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use extract_llm::Client;
    /// use extract_llm::scripted::{Scripted, reply};
    /// use serde_json::json;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let model = Scripted::with(|_| reply::tool(json!({"value": 7})).after(Duration::from_millis(5)));
    /// let client = Client::with_model(model.clone());
    /// let agreed = client.extract::<u8>("Seven.").agree(6).concurrency(3).await?;
    ///
    /// assert_eq!(agreed.value, 7);
    /// assert_eq!((model.most_in_flight(), model.in_flight()), (3, 0));
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn most_in_flight(&self) -> usize {
        self.script.in_flight.most()
    }

    /// Returns the requests so far, oldest first.
    pub fn seen(&self) -> Vec<SeenRequest> {
        lock(&self.script.seen).clone()
    }

    /// Returns the number of replies left; 0 if a function answers.
    pub fn left(&self) -> usize {
        match &self.script.source {
            Source::Queue(replies) => lock(replies).len(),
            Source::Function(_) => 0,
        }
    }

    /// Asserts that no reply is left.
    ///
    /// # Panics
    /// Replies are left. The message tells how many, and the texts of the requests that came.
    #[track_caller]
    pub fn assert_done(&self) {
        let left = self.left();
        let seen = self.seen();
        let texts: Vec<String> = seen
            .iter()
            .map(|seen| format!("\n  {}: {:?}", seen.number, short(&seen.text())))
            .collect();
        assert!(
            left == 0,
            "{left} replies of the script are left after {} requests:{}",
            seen.len(),
            texts.concat()
        );
    }

    /// Returns the protocol of the replies.
    fn protocol(&self) -> Protocol {
        self.provider.as_ref().map_or(Protocol::Chat, |provider| provider.0.protocol)
    }

    /// Returns the body of a request as it would be sent to the provider.
    fn encode(&self, request: &Request, delivery: Delivery) -> Result<Vec<u8>, ProviderError> {
        match &self.provider {
            Some(provider) => provider.0.encode(request, delivery),
            None => Protocol::Chat.encode(request, &self.profile.model, &Quirks::OPENAI, delivery),
        }
    }

    /// Records a request and returns its reply. Fails if no reply is left, or if a script of the user is not
    /// valid.
    fn take(
        &self,
        request: &Request,
        delivery: Delivery,
    ) -> Result<(ScriptedReply, InFlight), ProviderError> {
        let body = serde_json::from_slice(&self.encode(request, delivery)?)
            .map_err(|error| ProviderError::new(ProviderErrorKind::Encode, error.to_string()))?;
        let streamed = delivery == Delivery::Streamed;
        let in_flight = self.script.in_flight.begin();
        let seen = {
            let mut all = lock(&self.script.seen);
            let seen =
                SeenRequest { number: all.len() + 1, request: request.clone(), body, streamed };
            all.push(seen.clone());
            seen
        };
        if let Some(inspect) = &self.inspect {
            inspect(&seen);
        }
        let mut reply = match &self.script.source {
            Source::Queue(replies) => {
                let next = lock(replies).pop_front();
                next.ok_or_else(|| ran_dry(&seen))?
            }
            Source::Function(answer) => answer(&seen)?,
        };
        reply.check()?;
        if let ReplyContent::Answer(answer) = &mut reply.content {
            answer.name_calls(request)?;
        }
        Ok((reply, in_flight))
    }

    /// Waits for the response to a request, and returns it if its status is a success.
    async fn open(&self, request: &Request, delivery: Delivery) -> Result<Opened, ProviderError> {
        let (reply, in_flight) = self.take(request, delivery)?;
        let form = reply.form(self.protocol(), &self.profile.model, self.piece)?;
        if !reply.delay.is_zero() {
            timer(|| tokio::time::sleep(reply.delay))?.await;
        }
        if (200..=299).contains(&reply.status) {
            return Ok(Opened { reply, form, in_flight });
        }
        let body = form.body.as_deref().unwrap_or_default();
        let body = body.get(..cut_of_body(reply.cut, body).unwrap_or(body.len())).unwrap_or(body);
        Err(failed(reply.status, &reply.headers, body, request.output.mode()))
    }

    /// Answers a request with a whole reply.
    async fn answer(&self, request: &Request) -> Result<Reply, ProviderError> {
        let Opened { reply, form, in_flight } = self.open(request, Delivery::Whole).await?;
        let decoded = self.decode(&reply, form, request.output.mode());
        drop(in_flight);
        decoded
    }

    /// Decodes a reply that is not streamed.
    fn decode(
        &self,
        reply: &ScriptedReply,
        form: WireForm,
        mode: Mode,
    ) -> Result<Reply, ProviderError> {
        let body = form
            .body
            .ok_or_else(|| ProviderError::new(ProviderErrorKind::Other, form.without_body))?;
        let id = request_id(&reply.headers);
        let decoded = match cut_of_body(reply.cut, &body) {
            Some(cut) if cut > body.len() => return Err(cut_behind_the_end(cut, body.len())),
            Some(cut) if cut < body.len() => {
                let message = format!("the connection ended after {cut} of {} bytes", body.len());
                Err(ProviderError::new(ProviderErrorKind::Interrupted, message))
            }
            _ => self.protocol().decode(&body),
        };
        let mut decoded = decoded.map_err(|error| {
            reported_in_body(with_response(error, StatusCode::OK, id.as_ref()), mode)
        })?;
        decoded.request_id = id.or(decoded.request_id);
        Ok(decoded)
    }

    /// Answers a request with a stream.
    async fn open_stream(&self, request: &Request) -> Result<DeltaStream<'static>, ProviderError> {
        let mode = request.output.mode();
        let Opened { reply, mut form, in_flight } = self.open(request, Delivery::Streamed).await?;
        let Some(events) = form.events.take() else {
            let deltas = self.decode(&reply, form, mode)?.into_deltas();
            return Ok(one_by_one(deltas, self.piece, in_flight));
        };
        let cut = reply.cut.map(|cut| match cut {
            Cut::At(bytes) => bytes,
            Cut::BeforeEnd => {
                let before_end = events.len().saturating_sub(form.end_events);
                events.iter().take(before_end).map(Vec::len).sum()
            }
        });
        let chunks = ReplyChunks {
            chunks: chunks_of(events, reply.chunk, cut)?,
            reader: DeltaReader::new(self.protocol(), TransportOptions::default().max_reply_bytes),
            pause: reply.pause,
            mode,
            request_id: request_id(&reply.headers),
            ready: VecDeque::new(),
            failure: None,
            is_at_end: false,
            _in_flight: in_flight,
        };
        chunks.begin().await
    }
}

/// A response that has begun.
struct Opened {
    reply: ScriptedReply,
    form: WireForm,
    in_flight: InFlight,
}

/// Returns the number of bytes of a whole body before its cut. `None` if it has none.
fn cut_of_body(cut: Option<Cut>, body: &[u8]) -> Option<usize> {
    cut.map(|cut| match cut {
        Cut::At(bytes) => bytes,
        Cut::BeforeEnd => body.len().saturating_sub(1),
    })
}

/// Returns the chunks of a stream: one event each, or `size` bytes each, up to the cut.
fn chunks_of(
    events: Vec<Vec<u8>>,
    size: Option<usize>,
    cut: Option<usize>,
) -> Result<VecDeque<Vec<u8>>, ProviderError> {
    let length = events.iter().map(Vec::len).sum();
    let mut left = cut.unwrap_or(length);
    if left > length {
        return Err(cut_behind_the_end(left, length));
    }
    let chunks = match size {
        Some(size) => events.concat().chunks(size).map(<[u8]>::to_vec).collect(),
        None => events,
    };
    let until_cut = chunks.into_iter().map_while(|mut chunk| {
        chunk.truncate(left);
        left -= chunk.len();
        (!chunk.is_empty()).then_some(chunk)
    });
    Ok(until_cut.collect())
}

/// Returns the deltas of a reply that a server sent whole, each alone.
fn one_by_one(deltas: Vec<Delta>, piece: usize, in_flight: InFlight) -> DeltaStream<'static> {
    let pieces: Vec<Delta> =
        deltas.into_iter().flat_map(|delta| split_delta(delta, piece)).collect();
    let arriving = stream::iter(pieces).then(move |piece| {
        // The request is in flight as long as the stream.
        let _in_flight = &in_flight;
        async {
            tokio::task::yield_now().await;
            Ok(piece)
        }
    });
    arriving.boxed()
}

/// Splits text and arguments into deltas of at most `max_characters` characters.
fn split_delta(delta: Delta, max_characters: usize) -> Vec<Delta> {
    let (text, of): (String, Box<dyn Fn(String) -> Delta>) = match delta {
        Delta::Text(text) => (text, Box::new(Delta::Text)),
        Delta::Arguments { index, fragment } => {
            (fragment, Box::new(move |fragment| Delta::Arguments { index, fragment }))
        }
        other => return vec![other],
    };
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(max_characters).map(|piece| of(piece.iter().collect())).collect()
}

/// Returns the error of a request for which no reply is left.
fn ran_dry(seen: &SeenRequest) -> ProviderError {
    let number = seen.number;
    let message = format!(
        "the script has no reply for request {number}, it had {}. The request says {:?}. Add a reply, \
         answer every request with `Scripted::with`, or allow fewer requests: `validation_retries`",
        number - 1,
        short(&seen.text())
    );
    ProviderError::new(ProviderErrorKind::Other, message)
}

/// Returns the error of a cut that cuts nothing.
fn cut_behind_the_end(cut: usize, length: usize) -> ProviderError {
    let message =
        format!("the script is not valid: `cut_at({cut})` is behind the body's {length} bytes");
    ProviderError::new(ProviderErrorKind::Other, message)
}

/// Returns the beginning of a text, of at most 200 characters.
fn short(text: &str) -> String {
    const MOST: usize = 200;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl Model for Scripted {
    fn profile(&self) -> Profile {
        self.profile.clone()
    }

    fn fit_settings(&self, settings: &mut Settings) -> Vec<String> {
        self.provider.as_ref().map(|provider| provider.0.fit_settings(settings)).unwrap_or_default()
    }

    fn cost(&self, model: Option<&str>, usage: &Usage) -> Option<Usd> {
        let (wire, prices) = &**self.provider.as_ref()?;
        let exact = model.and_then(|model| prices.cost(model, usage));
        exact.or_else(|| prices.cost(&wire.name, usage))
    }

    fn context_window(&self) -> Option<u64> {
        let (wire, prices) = &**self.provider.as_ref()?;
        prices.context_window(&wire.name)
    }

    /// The body of the request makes the key, so all scripts share the entries of a cache.
    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        Box::pin(async move {
            let body = self.encode(request, Delivery::Whole).ok()?;
            Some(CacheKey::of([b"scripted", &body[..]]))
        })
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(self.answer(request))
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        Box::pin(async move {
            let deltas: DeltaStream<'a> = self.open_stream(request).await?;
            Ok(deltas)
        })
    }
}
