//! A provider over HTTP: combines the wire protocol, the transport, the key and the provider's row.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use http::HeaderMap;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::api::{DeltaStream, Model};
use super::config_error::ConfigError;
use super::delta_reader::DeltaReader;
use super::failure::{error_response, reported_in_body, request_id};
use super::limits::{Governor, Permit, Refusal, Turn, estimated_tokens};
use super::options::ProviderOptions;
use super::preset::{Facts, Preset};
use super::prices::PublishedPrices;
use super::profile::Profile;
use super::reply_stream::{ReplyStream, first_bytes, is_json, name_content_type, with_response};
use super::retry::RetryPolicy;
use super::signing::Signer;
use super::token_count::TokenCount;
use super::wire_model::WireModel;
use super::{endpoint, headers, redaction};
use crate::cache::CacheKey;
use crate::conversation::{
    Assembly, MediaSource, Mode, Part, Progress, ProviderError, ProviderErrorKind, Reply, Request,
    Settings, Usage, Usd, redacted_url,
};
use crate::http::{HttpRequest, HttpResponse, Transport, check_allowed, is_loopback, timer};
use crate::wire::{
    CacheKeyField, CountForm, Delivery, Framing, Protocol, cache_key, without_byte_order_mark,
};

/// A model behind an HTTP API.
pub struct Provider {
    wire: WireModel,
    base: Url,
    headers: HeaderMap,
    /// The signer of requests, if they are signed.
    signer: Option<Signer>,
    /// Values that must never appear in an error: keys, and the values of the user's headers.
    secrets: Vec<SecretString>,
    transport: Transport,
    retry: RetryPolicy,
    /// The limits, unless they are off.
    governor: Option<Arc<Governor>>,
    prices: PublishedPrices,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("provider", &self.wire.preset.name)
            .field("model", &self.wire.name)
            .field("protocol", &self.wire.protocol)
            .field("url", &redacted_url(self.base.as_str()))
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// Creates a provider. No request is made.
    ///
    /// # Errors
    /// The model, the provider, the key, the base URL or a header is missing or not valid.
    pub fn new(options: ProviderOptions) -> Result<Self, ConfigError> {
        let wire = WireModel::of(&options)?;
        let preset = wire.preset;
        let base = endpoint::base_url(preset, &options)?;
        let tape = options.transport.tape.as_ref();
        if let Some(tape) = tape {
            tape.open().map_err(|message| ConfigError::Cassette { message })?;
        }
        let is_offline = tape.is_some_and(|tape| tape.replays());
        let signer = if is_offline { None } else { Signer::of(preset, &options, &base)? };
        let (headers, secrets) = headers::headers(preset, &options, signer.is_some(), is_offline)?;
        let mut transport = options.transport;
        transport.is_plain = base.scheme() == "http";
        let has_secret = !secrets.is_empty() || signer.is_some();
        let is_open = transport.is_plain && has_secret && !is_loopback(&base);
        if is_open && !transport.allow_plain_http {
            let host = base.host_str().unwrap_or_default().to_owned();
            return Err(ConfigError::PlainHttp { host });
        }
        // A proxy cannot reach a server on this machine.
        transport.proxy &= !is_loopback(&base);
        let transport = Transport::new(transport)
            .map_err(|error| ConfigError::Transport { message: error.to_string() })?;
        let retry = options.retry;
        let governor = options.limits.governor(base.as_str(), &headers, &wire.name);
        let prices = PublishedPrices::at(base.as_str());
        Ok(Self { wire, base, headers, signer, secrets, transport, retry, governor, prices })
    }

    /// Returns the URL of requests that are not streamed.
    pub fn url(&self) -> String {
        self.endpoint(Delivery::Whole).into()
    }

    /// Returns the facts about the model.
    pub fn facts(&self) -> &Facts {
        &self.wire.facts
    }

    /// Returns the protocol.
    pub(super) fn protocol(&self) -> Protocol {
        self.wire.protocol
    }

    /// Returns the provider's row.
    pub(super) fn preset(&self) -> &'static Preset {
        self.wire.preset
    }

    /// Whether the protocol is that of the provider's row, so that the row's facts apply.
    pub(super) fn has_protocol_of_row(&self) -> bool {
        self.wire.protocol == self.wire.preset.protocol
    }

    /// Returns the base URL.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Returns the headers of every request.
    pub(super) fn request_headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(super) fn retry_policy(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Returns the model's name.
    pub(super) fn model(&self) -> &str {
        &self.wire.name
    }

    /// Returns the way in which the server counts tokens. The row's way is that of its protocol.
    pub(super) fn count_form(&self) -> CountForm {
        if self.has_protocol_of_row() { self.wire.preset.count } else { CountForm::None }
    }

    /// Returns the URL of a request.
    fn endpoint(&self, delivery: Delivery) -> Url {
        endpoint::endpoint(&self.base, self.wire.protocol, &self.wire.name, delivery)
    }

    /// Encodes a request, once for all attempts.
    pub(super) fn prepare(
        &self,
        request: &Request,
        delivery: Delivery,
    ) -> Result<PreparedRequest, ProviderError> {
        let refuse =
            |error: ConfigError| ProviderError::new(ProviderErrorKind::Encode, error.to_string());
        let body = Bytes::from(self.wire.encode(request, delivery)?);
        let mut headers = self.headers.clone();
        if let CacheKeyField::Header(name) = self.wire.facts.quirks.cache_key {
            if let Some(key) = cache_key(request) {
                let value = headers::header_value(name, &key).map_err(refuse)?;
                headers.insert(headers::header_name(name).map_err(refuse)?, value);
            }
        }
        for (name, value) in request.settings.headers.iter() {
            let value = headers::header_value(name, value).map_err(refuse)?;
            headers.insert(headers::header_name(name).map_err(refuse)?, value);
        }
        let (url, mode) = (self.endpoint(delivery), request.output.mode());
        let progress = request.progress.clone();
        Ok(PreparedRequest { url, headers, body, mode, delivery, progress })
    }

    /// Returns the key of a request to a server that is named by `place`. `None` if the request cannot be
    /// sent, or refers to media at a URL, which may change.
    pub(super) async fn key_at(&self, place: &str, request: &Request) -> Option<CacheKey> {
        if has_remote_media(request) {
            return None;
        }
        let prepared = self.prepare(request, Delivery::Whole).ok()?;
        let signed_by = match &self.signer {
            Some(signer) => signer.identity().await?,
            None => String::new(),
        };
        let name = self.wire.protocol.to_string();
        let mut headers: Vec<&[u8]> = Vec::new();
        // The names are in an order of the map, which is not that of their insertion.
        let mut names: Vec<_> = prepared.headers.keys().collect();
        names.sort_unstable_by_key(|name| name.as_str());
        for name in names {
            for value in prepared.headers.get_all(name) {
                headers.extend([name.as_str().as_bytes(), value.as_bytes()]);
            }
        }
        let parts = [name.as_bytes(), place.as_bytes(), signed_by.as_bytes(), &prepared.body];
        Some(CacheKey::of(parts.into_iter().chain(headers)))
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// The exchange fails, or the response has an error status.
    pub(super) async fn send(
        &self,
        request: &PreparedRequest,
        permit: &Permit,
    ) -> Result<HttpResponse, ProviderError> {
        let (url, body) = (request.url.clone(), request.body.clone());
        let mut outgoing = HttpRequest::post(url, request.headers.clone(), body);
        outgoing.streamed = request.delivery == Delivery::Streamed;
        if !self.transport.replays() {
            // Signing may ask a server for credentials.
            check_allowed(&outgoing.url)?;
        }
        // Every attempt is signed: a signature is valid for minutes, and the credentials may change.
        let secret = match &self.signer {
            Some(signer) => signer.sign(&mut outgoing).await?,
            None => None,
        };
        let response = self.transport.send(outgoing).await?;
        permit.observe(&response.headers);
        if response.status.is_success() {
            request.progress.answer(request_id(&response.headers));
            return Ok(response);
        }
        let mut error = error_response(response, &request.url, request.mode).await;
        if let Some(secret) = secret {
            redaction::redact(&mut error, secret.expose_secret());
        }
        Err(error)
    }

    /// Sends a request once and returns the decoded reply.
    async fn respond_once(
        &self,
        request: &PreparedRequest,
        permit: Arc<Permit>,
    ) -> Result<Reply, ProviderError> {
        let reply = self.send_whole(request, &permit).await;
        reply.map_err(|error| reported_in_body(error, request.mode))
    }

    async fn send_whole(
        &self,
        request: &PreparedRequest,
        permit: &Permit,
    ) -> Result<Reply, ProviderError> {
        let mut response = self.send(request, permit).await?;
        let (status, request_id) = (response.status, request_id(&response.headers));
        let body = response
            .rest()
            .await
            .map_err(|error| with_response(error, status, request_id.as_ref()))?;
        let mut reply = self.wire.protocol.decode(&body).map_err(|error| {
            with_response(name_content_type(error, &response.headers), status, request_id.as_ref())
        })?;
        reply.request_id = request_id.or(reply.request_id);
        permit.settle(reply.usage);
        Ok(reply)
    }

    /// Opens a streamed reply and reads up to its first delta. Failures before that can be retried.
    async fn stream_once(
        &self,
        request: &PreparedRequest,
        permit: Arc<Permit>,
    ) -> Result<ReplyStream, ProviderError> {
        let reply_stream = self.open_stream(request, permit).await;
        reply_stream.map_err(|error| reported_in_body(error, request.mode))
    }

    async fn open_stream(
        &self,
        request: &PreparedRequest,
        permit: Arc<Permit>,
    ) -> Result<ReplyStream, ProviderError> {
        let mut response = self.send(request, &permit).await?;
        let (status, request_id) = (response.status, request_id(&response.headers));
        let mut prefix = BytesMut::new();
        if is_json(&response.headers) {
            let failed = |error, headers: &HeaderMap| {
                with_response(name_content_type(error, headers), status, request_id.as_ref())
            };
            prefix = first_bytes(&mut response).await.map_err(|e| failed(e, &HeaderMap::new()))?;
            // The body may be a whole reply, or a stream that is labelled as JSON.
            let streams = self.wire.protocol.framing() == Framing::ServerSentEvents
                && without_byte_order_mark(&prefix)
                    .trim_ascii_start()
                    .first()
                    .is_some_and(|first| !b"{[".contains(first));
            if !streams {
                let rest = response.rest().await.map_err(|e| failed(e, &HeaderMap::new()))?;
                prefix.extend_from_slice(&rest);
                let reply = self.wire.protocol.decode(&prefix);
                let reply = reply.map_err(|error| failed(error, &response.headers))?;
                permit.settle(reply.usage);
                return Ok(ReplyStream::of_deltas(reply.into_deltas(), request_id));
            }
        }
        let reader = DeltaReader::new(self.wire.protocol, self.transport.max_reply_bytes());
        let mut reply_stream =
            ReplyStream::new(response, reader, request_id, request.progress.clone(), permit);
        if !prefix.is_empty() {
            reply_stream.absorb(Ok(Some(prefix.freeze())));
        }
        reply_stream.await_first_delta().await?;
        Ok(reply_stream)
    }

    /// Repeats an attempt until it succeeds, or the limits or the retry policy give up. Returns the result
    /// and the number of retries.
    pub(super) async fn retrying<'a, T>(
        &self,
        request: &Request,
        tokens: u64,
        attempt: impl Fn(Arc<Permit>) -> BoxFuture<'a, Result<T, ProviderError>>,
    ) -> Result<(T, u32), ProviderError> {
        let progress = &request.progress;
        let mut turn = Turn::new(self.governor.as_ref(), progress, tokens, self.retry);
        let mut schedule = self.retry.begin();
        let mut retries = 0;
        loop {
            let permit = Arc::new(turn.take().await?);
            if retries > 0 {
                progress.send_again();
            }
            let mut error = match attempt(Arc::clone(&permit)).await {
                Ok(done) => {
                    permit.answered();
                    return Ok((done, retries));
                }
                Err(error) => self.redact(request, error),
            };
            error.transport_retries = retries;
            permit.failed(&error, &self.retry);
            drop(permit);
            match turn.after(&error) {
                Refusal::Wait(wait) => {
                    tracing::debug!(provider = self.wire.preset.name, %error, ?wait, "refused");
                    progress.wait(&error, wait);
                }
                Refusal::Other => {
                    let Some(wait) = schedule.wait_after(&error) else {
                        error.max_retry_after = schedule.exceeded_by(&error);
                        return Err(error);
                    };
                    if let Err(reason) = progress.may_send_again(&error) {
                        error.message += &format!(" (not sent again: {reason})");
                        return Err(error);
                    }
                    tracing::warn!(provider = self.wire.preset.name, %error, ?wait, "sent again");
                    progress.wait(&error, wait);
                    timer(|| tokio::time::sleep(wait))?.await;
                }
            }
            retries += 1;
        }
    }

    /// Removes every secret from an error. Servers and proxies may repeat them.
    fn redact(&self, request: &Request, error: ProviderError) -> ProviderError {
        let mut error = self.redact_own(error);
        for (_, secret) in request.settings.headers.iter() {
            redaction::redact(&mut error, secret);
        }
        error
    }

    /// Removes the secrets of the client from an error.
    pub(super) fn redact_own(&self, mut error: ProviderError) -> ProviderError {
        for secret in &self.secrets {
            redaction::redact(&mut error, secret.expose_secret());
        }
        error
    }
}

/// Whether a request refers to media that its provider fetches from a URL.
fn has_remote_media(request: &Request) -> bool {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let mut media = parts.filter_map(|part| match part {
        Part::Media(media) => Some(&media.source),
        _ => None,
    });
    media.any(|source| matches!(source, MediaSource::Url(_)))
}

/// An encoded request.
pub(super) struct PreparedRequest {
    pub(super) url: Url,
    headers: HeaderMap,
    pub(super) body: Bytes,
    mode: Mode,
    delivery: Delivery,
    progress: Progress,
}

impl Model for Provider {
    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn profile(&self) -> Profile {
        let mut profile = self.wire.profile();
        let host = self.base.host_str().map(str::to_owned);
        profile.server = host.zip(self.base.port_or_known_default());
        profile
    }

    fn fit_settings(&self, settings: &mut Settings) -> Vec<String> {
        self.wire.fit_settings(settings)
    }

    fn cost(&self, model: Option<&str>, usage: &Usage) -> Option<Usd> {
        // The reply names the exact version; the data may know only the name that was asked for.
        let exact = model.and_then(|model| self.prices.cost(model, usage));
        exact.or_else(|| self.prices.cost(&self.wire.name, usage))
    }

    fn cache_key<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<CacheKey>> {
        Box::pin(async move { self.key_at(&self.url(), request).await })
    }

    fn context_window(&self) -> Option<u64> {
        self.prices.context_window(&self.wire.name)
    }

    fn count_tokens<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<TokenCount, ProviderError>> {
        Box::pin(self.count(request))
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        Box::pin(async move {
            let prepared = &self.prepare(request, Delivery::Whole)?;
            let tokens = estimated_tokens(request);
            let (mut reply, retries) = self
                .retrying(request, tokens, |permit| Box::pin(self.respond_once(prepared, permit)))
                .await?;
            reply.transport_retries = retries;
            Ok(reply)
        })
    }

    fn stream<'a>(
        &'a self,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<DeltaStream<'a>, ProviderError>> {
        Box::pin(async move {
            let prepared = &self.prepare(request, Delivery::Streamed)?;
            let tokens = estimated_tokens(request);
            let (mut reply_stream, retries) = self
                .retrying(request, tokens, |permit| Box::pin(self.stream_once(prepared, permit)))
                .await?;
            reply_stream.transport_retries = retries;
            let deltas = stream::unfold(reply_stream, |mut reply_stream| async {
                let next = reply_stream.next().await?;
                Some((next, reply_stream))
            });
            let redacted = deltas.map(|delta| delta.map_err(|error| self.redact(request, error)));
            Ok(redacted.boxed())
        })
    }
}

/// Reads a stream to its end and returns the reply.
///
/// # Errors
/// The stream yields an error, or ends early.
pub async fn collect(mut stream: DeltaStream<'_>) -> Result<Reply, ProviderError> {
    let mut assembly = Assembly::new();
    while let Some(delta) = stream.next().await {
        assembly.push(delta?);
    }
    assembly.finish()
}
