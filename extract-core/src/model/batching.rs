//! The batch service of a provider over HTTP: the requests that it takes, and the replies that it returns.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method};
use reqwest::Url;

use super::api::Model;
use super::failure::{error_response, failed_in_batch, reported_in_body, request_id};
use super::headers::header_value;
use super::provider::Provider;
use super::reply_stream::with_response;
use crate::conversation::{Mode, ProviderError, ProviderErrorKind, Reply, Request};
use crate::http::{HttpRequest, HttpResponse, timer};
use crate::wire::{BatchForm, BatchService, Call, Delivery, Outcome, Target, Verb};

/// Returns a model as a provider, if it is one.
pub(crate) fn provider_of(model: &dyn Model) -> Option<&Provider> {
    model.as_any()?.downcast_ref()
}

impl Provider {
    /// Returns the batch service. `None` if the provider has none, or if none is known for its protocol.
    pub(crate) fn batch_service(&self) -> Option<BatchService> {
        let form = if self.has_protocol_of_row() { self.preset().batch } else { BatchForm::None };
        form.of()
    }

    /// Returns the name of the provider.
    pub(crate) fn name(&self) -> &'static str {
        self.preset().name
    }

    /// Returns the name of the model.
    pub(crate) fn model_name(&self) -> &str {
        self.model()
    }

    /// Returns the path of single requests, as the lines of a batch name it.
    pub(crate) fn batch_path(&self) -> String {
        let path = self.protocol().path(self.model(), Delivery::Whole);
        format!("/v1/{}", path.join("/"))
    }

    /// Returns the body of a request as a line of a batch holds it.
    ///
    /// # Errors
    /// The request cannot be encoded, or has headers of its own: all requests of a batch have the same.
    pub(crate) fn batch_body(&self, request: &Request) -> Result<Bytes, ProviderError> {
        if let Some((name, _)) = request.settings.headers.iter().next() {
            let message = format!(
                "the header `{name}` of a single call cannot be sent in a batch: set it on the client"
            );
            return Err(ProviderError::new(ProviderErrorKind::Encode, message));
        }
        Ok(self.prepare(request, Delivery::Whole)?.body)
    }

    /// Returns the reply to a request of a batch.
    ///
    /// # Errors
    /// The request failed, or was not run.
    pub(crate) fn read_outcome(
        &self,
        outcome: Outcome,
        mode: Mode,
    ) -> Result<Reply, ProviderError> {
        let read = match outcome {
            Outcome::Response { status, body, request_id } if (200..=299).contains(&status) => {
                let mut reply = self.protocol().decode(&body).map_err(|mut error| {
                    error.status = Some(status);
                    error.request_id = request_id.clone().or(error.request_id);
                    reported_in_body(error, mode)
                });
                if let Ok(reply) = &mut reply {
                    reply.request_id = request_id.or(reply.request_id.take());
                }
                reply
            }
            Outcome::Response { status, body, request_id } => {
                let mut error = failed_in_batch(status, &body, mode);
                error.request_id = request_id.or(error.request_id);
                Err(error)
            }
            Outcome::Expired => {
                let message = "the batch expired before the request was run";
                let mut error = ProviderError::new(ProviderErrorKind::Timeout, message);
                error.code = Some("batch_expired".to_owned());
                Err(error)
            }
            Outcome::Cancelled => Err(not_yet("its batch was cancelled")),
        };
        read.map_err(|error| self.redact_own(error))
    }

    /// Sends a request to the batch service, and returns the answer. One that only reads is sent again after a
    /// passing failure, as the retry policy says.
    pub(crate) async fn call_service(&self, call: &Call) -> Result<Bytes, ProviderError> {
        self.exchange_with_service(call).await.map(|(_, answer)| answer)
    }

    /// Like [`call_service`](Self::call_service), with the headers of the answer.
    pub(crate) async fn exchange_with_service(
        &self,
        call: &Call,
    ) -> Result<(HeaderMap, Bytes), ProviderError> {
        let mut response = self.open_call(call).await?;
        let (status, id) = (response.status, request_id(&response.headers));
        let headers = std::mem::take(&mut response.headers);
        let answer = response.rest().await;
        let answer = answer.map_err(|error| with_response(error, status, id.as_ref()));
        Ok((headers, answer.map_err(|error| self.redact_own(error))?))
    }

    /// Sends a request to the batch service, and returns the answer before its body. One that only reads is
    /// sent again after a passing failure.
    pub(crate) async fn open_call(&self, call: &Call) -> Result<HttpResponse, ProviderError> {
        let mut schedule = self.retry_policy().begin();
        let mut retries = 0;
        loop {
            let mut error = match self.send_call(call).await {
                Ok(response) => return Ok(response),
                Err(error) => self.redact_own(error),
            };
            error.transport_retries = retries;
            let wait = schedule.wait_after(&error).filter(|_| call.verb == Verb::Get);
            let Some(wait) = wait else { return Err(error) };
            tracing::warn!(provider = self.name(), %error, ?wait, "sent again to the batch service");
            timer(|| tokio::time::sleep(wait))?.await;
            retries += 1;
        }
    }

    async fn send_call(&self, call: &Call) -> Result<HttpResponse, ProviderError> {
        let refuse = |message: String| ProviderError::new(ProviderErrorKind::Encode, message);
        let (url, is_own) = self.call_url(call)?;
        // The key does not go to another server.
        let mut headers = if is_own { self.request_headers().clone() } else { HeaderMap::new() };
        if call.body.is_empty() {
            headers.remove(CONTENT_TYPE);
        }
        for (name, value) in &call.headers {
            let mut value = header_value(name, value).map_err(|error| refuse(error.to_string()))?;
            value.set_sensitive(false);
            headers.insert(HeaderName::from_static(name), value);
        }
        let mut request = HttpRequest::post(url.clone(), headers, Bytes::from(call.body.clone()));
        request.method = match call.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Delete => Method::DELETE,
        };
        // A file of results may take longer than a reply. Its chunks have a timeout.
        request.streamed = call.verb == Verb::Get;
        let response = self.transport().send(request).await?;
        if response.status.is_success() {
            return Ok(response);
        }
        Err(error_response(response, &url, Mode::Text).await)
    }

    /// Returns the URL of a call, and whether it is on the provider's server.
    fn call_url(&self, call: &Call) -> Result<(Url, bool), ProviderError> {
        let base = self.base();
        let mut url = match &call.target {
            Target::Given(address) => Url::parse(address).map_err(|error| {
                let message = format!("the server gave an address that is not valid: {error}");
                ProviderError::new(ProviderErrorKind::Malformed, message)
            })?,
            Target::Below(path) => below(base, None, path),
            Target::Beside(first, path) => below(base, Some(first), path),
        };
        let is_own = url.origin() == base.origin();
        if !is_own && base.scheme() == "https" && url.scheme() != "https" {
            let message = "the server gave an address without encryption";
            return Err(ProviderError::new(ProviderErrorKind::Malformed, message));
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok((url, is_own))
    }
}

/// Returns the error of a request that is not answered yet.
pub(crate) fn not_yet(reason: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Pending, reason)
}

/// Returns a URL below a base URL. A query of the base stays.
fn below(base: &Url, first: Option<&str>, path: &str) -> Url {
    let mut url = base.clone();
    let root = base.path().trim_end_matches('/');
    let first = first.map(|first| format!("/{first}")).unwrap_or_default();
    url.set_path(&format!("{first}{root}/{path}"));
    url
}
