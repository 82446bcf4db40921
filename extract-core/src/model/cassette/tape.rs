//! The cassette as a tape of the transport.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::exchange::{RecordedRequest, RecordedResponse, kept};
use super::secrets::Secrets;
use super::store::Store;
use super::{Cassette, CassetteMode, ScrubResponse, VARIABLE};
use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::http::{HttpRequest, RecordedExchange, Recording, Tape};

impl Cassette {
    /// Returns a request as it is written and compared.
    fn recorded(&self, request: &HttpRequest, secrets: &Secrets) -> RecordedRequest {
        let mut recorded = RecordedRequest::of(request);
        secrets.remove_from_request(&mut recorded);
        self.scrub_requests.iter().for_each(|scrub| scrub(&mut recorded));
        recorded
    }
}

impl Tape for Cassette {
    fn open(&self) -> Result<(), String> {
        match &self.mode {
            CassetteMode::Record => self.store.create(),
            CassetteMode::Replay => self.store.read(),
            CassetteMode::Unknown(found) => {
                Err(format!("{VARIABLE}: expected `record` or `replay`, found {found:?}"))
            }
        }
    }

    fn replays(&self) -> bool {
        self.mode != CassetteMode::Record
    }

    fn replay(&self, request: &HttpRequest) -> Result<RecordedExchange, ProviderError> {
        let request = self.recorded(request, &Secrets::of(request));
        let response = self.store.take(&request).map_err(|reason| {
            let mut error = ProviderError::new(ProviderErrorKind::NotRecorded, reason);
            error.should_retry = Some(false);
            error
        })?;
        let status = StatusCode::from_u16(response.status)
            .map_err(|error| ProviderError::new(ProviderErrorKind::Malformed, error.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &response.headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_str(value))
            {
                headers.insert(name, value);
            }
        }
        let (chunks, is_cut) = (response.chunks.into(), response.is_cut);
        Ok(RecordedExchange { status, headers, chunks, is_cut })
    }

    fn record(&self, request: &HttpRequest) -> Result<Box<dyn Recording>, ProviderError> {
        if let Some(failure) = self.store.earlier_failure() {
            let message = format!("an earlier exchange was not recorded: {failure}");
            return Err(ProviderError::new(ProviderErrorKind::Other, message));
        }
        let secrets = Secrets::of(request);
        Ok(Box::new(OpenExchange {
            request: Some(self.recorded(request, &secrets)),
            response: None,
            secrets,
            scrub_responses: self.scrub_responses.clone(),
            store: Arc::clone(&self.store),
        }))
    }
}

/// An exchange that is being recorded.
struct OpenExchange {
    /// `None` after the exchange was written.
    request: Option<RecordedRequest>,
    response: Option<RecordedResponse>,
    secrets: Secrets,
    scrub_responses: Vec<ScrubResponse>,
    store: Arc<Store>,
}

impl OpenExchange {
    /// Writes the exchange, once.
    fn write(&mut self, is_cut: bool) {
        let (Some(request), Some(mut response)) = (self.request.take(), self.response.take())
        else {
            return;
        };
        response.is_cut = is_cut;
        match self.secrets.remove_from_response(&mut response) {
            Ok(()) => {
                self.scrub_responses.iter().for_each(|scrub| scrub(&mut response));
                self.store.add(request, response);
            }
            Err(reason) => self.store.fail(&reason),
        }
    }
}

impl Recording for OpenExchange {
    fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        let (status, headers) = (status.as_u16(), kept(headers));
        self.response =
            Some(RecordedResponse { status, headers, chunks: Vec::new(), is_cut: false });
    }

    fn chunk(&mut self, bytes: &Bytes) {
        if let Some(response) = &mut self.response {
            response.chunks.push(bytes.clone());
        }
    }

    fn end(&mut self) {
        self.write(false);
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        self.write(true);
    }
}
