//! A streamed reply that is arriving: read from its connection as it is asked for, with what is known
//! of the response added to whatever goes wrong.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::delta_reader::DeltaReader;
use crate::conversation::{Delta, Progress, ProviderError, ProviderErrorKind};
use crate::http::HttpResponse;

/// Adds to an error what is known of the response that it stood in.
pub(super) fn with_response(
    mut error: ProviderError,
    status: StatusCode,
    request_id: Option<&String>,
) -> ProviderError {
    error.status = error.status.or(Some(status.as_u16()));
    error.request_id = request_id.cloned().or(error.request_id);
    error
}

/// Adds to the error of a body that is not what it should be what the server says that it is, where
/// that is neither.
pub(super) fn name_content_type(mut error: ProviderError, headers: &HeaderMap) -> ProviderError {
    if error.kind != ProviderErrorKind::Malformed {
        return error;
    }
    for (name, header) in [("content type", CONTENT_TYPE), ("content encoding", CONTENT_ENCODING)] {
        let value = headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let expected = ["json", "event-stream", "eventstream"];
        if !value.is_empty() && !expected.iter().any(|expected| value.contains(expected)) {
            let value: String = value.chars().take(100).collect();
            error.message += &format!(" ({name} {value})");
        }
    }
    error
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim().starts_with("application/json"))
}

/// As much of a body as shows how it begins.
pub(super) async fn first_bytes(response: &mut HttpResponse) -> Result<BytesMut, ProviderError> {
    let mut prefix = BytesMut::new();
    while prefix.trim_ascii_start().is_empty() {
        let Some(bytes) = response.chunk().await? else { break };
        prefix.extend_from_slice(&bytes);
    }
    Ok(prefix)
}

/// A reply that is arriving. Dropping it closes the connection.
pub(super) struct ReplyStream {
    connection: Option<(HttpResponse, DeltaReader)>,
    ready: VecDeque<Delta>,
    failure: Option<ProviderError>,
    request_id: Option<String>,
    status: StatusCode,
    pub(super) resent: u32,
    progress: Progress,
}

impl ReplyStream {
    /// A reply whose response has prefix to come.
    pub(super) fn new(
        mut response: HttpResponse,
        reader: DeltaReader,
        request_id: Option<String>,
        progress: Progress,
    ) -> Self {
        response.allow_event_overhead();
        Self {
            status: response.status,
            connection: Some((response, reader)),
            ready: VecDeque::new(),
            failure: None,
            request_id,
            resent: 0,
            progress,
        }
    }

    /// A reply that came at once.
    pub(super) fn of_deltas(deltas: Vec<Delta>, request_id: Option<String>) -> Self {
        Self {
            connection: None,
            ready: deltas.into(),
            failure: None,
            request_id,
            status: StatusCode::OK,
            resent: 0,
            progress: Progress::default(),
        }
    }

    /// Reads on until something is said; a failure before that is the whole of it.
    pub(super) async fn await_first_delta(&mut self) -> Result<(), ProviderError> {
        while self.ready.is_empty() && self.failure.is_none() && self.connection.is_some() {
            self.read_next().await;
        }
        match self.failure.take() {
            Some(error) if self.ready.is_empty() => Err(error),
            failure => {
                self.failure = failure;
                Ok(())
            }
        }
    }

    /// Reads the next piece of the connection.
    async fn read_next(&mut self) {
        let Some((response, _)) = &mut self.connection else { return };
        let read = response.chunk().await;
        self.absorb(read);
    }

    /// Takes in what was read of the connection: a piece, its end, or a failure.
    pub(super) fn absorb(&mut self, read: Result<Option<Bytes>, ProviderError>) {
        let Some((response, reader)) = &mut self.connection else { return };
        let mut deltas = Vec::new();
        let read = match read {
            Ok(Some(bytes)) => reader.push(&bytes, &mut deltas).map(|()| true),
            Ok(None) => reader.end(&mut deltas).map(|()| false),
            Err(error) => Err(error),
        };
        if let Some(usage) = reader.usage() {
            self.progress.count(usage);
        }
        let read = read.map_err(|error| name_content_type(error, &response.headers));
        self.ready.extend(deltas);
        match read {
            Ok(true) => {}
            Ok(false) => self.connection = None,
            Err(error) => {
                self.connection = None;
                let mut error = with_response(error, self.status, self.request_id.as_ref());
                error.transport_retries = self.resent;
                self.failure = Some(error);
            }
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(mut delta) = self.ready.pop_front() {
                if let Delta::Done(ending) = &mut delta {
                    ending.request_id = self.request_id.take().or(ending.request_id.take());
                    ending.resent = self.resent;
                }
                return Some(Ok(delta));
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(error));
            }
            self.connection.as_ref()?;
            self.read_next().await;
        }
    }
}
