//! A streamed reply, read from its connection on demand. Errors get the facts about the response.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::delta_reader::DeltaReader;
use super::limits::Permit;
use crate::conversation::{Delta, Progress, ProviderError, ProviderErrorKind};
use crate::http::{HttpResponse, within};
use crate::wire::EndState;

/// Adds the status and the request id of the response to an error.
pub(super) fn with_response(
    mut error: ProviderError,
    status: StatusCode,
    request_id: Option<&String>,
) -> ProviderError {
    error.status = error.status.or(Some(status.as_u16()));
    error.request_id = request_id.cloned().or(error.request_id);
    error
}

/// Appends Content-Type and Content-Encoding to the message of a malformed-body error if they name
/// neither JSON nor an event stream.
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

/// Whether the Content-Type of a response is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim().starts_with("application/json"))
}

/// Reads chunks until one holds a byte that is not white space, and returns everything read. It is blank
/// if the whole body is.
pub(super) async fn first_bytes(response: &mut HttpResponse) -> Result<BytesMut, ProviderError> {
    let mut prefix = BytesMut::new();
    while prefix.trim_ascii_start().is_empty() {
        let Some(bytes) = response.chunk_of_events().await? else { break };
        prefix.extend_from_slice(&bytes);
    }
    Ok(prefix)
}

/// The time to wait for more events of a reply that is whole without them.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// A reply whose deltas are still arriving. Dropping it closes the connection.
pub(super) struct ReplyStream {
    /// The response and the reader of its body. `None` after the end of the reply or an error.
    connection: Option<(HttpResponse, DeltaReader)>,
    /// The deltas that `next` has not returned yet.
    ready: VecDeque<Delta>,
    /// The error to return after these deltas.
    failure: Option<ProviderError>,
    request_id: Option<String>,
    status: StatusCode,
    /// The number of retries before this response.
    pub(super) transport_retries: u32,
    progress: Progress,
    /// The place in the limits, until the connection ends.
    permit: Option<Arc<Permit>>,
}

impl ReplyStream {
    /// Creates the reply of a response whose body is still arriving.
    pub(super) fn new(
        mut response: HttpResponse,
        reader: DeltaReader,
        request_id: Option<String>,
        progress: Progress,
        permit: Arc<Permit>,
    ) -> Self {
        response.allow_event_overhead();
        Self {
            status: response.status,
            connection: Some((response, reader)),
            ready: VecDeque::new(),
            failure: None,
            request_id,
            transport_retries: 0,
            progress,
            permit: Some(permit),
        }
    }

    /// Creates a reply from all its deltas, for a server that does not stream.
    pub(super) fn of_deltas(deltas: Vec<Delta>, request_id: Option<String>) -> Self {
        Self {
            connection: None,
            ready: deltas.into(),
            failure: None,
            request_id,
            status: StatusCode::OK,
            transport_retries: 0,
            progress: Progress::default(),
            permit: None,
        }
    }

    /// Reads until the first delta is available.
    ///
    /// # Errors
    /// The response fails before the first delta.
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

    /// Reads the next chunk of the connection. A reply that is whole without more events ends when no chunk
    /// comes soon, or when the connection breaks.
    async fn read_next(&mut self) {
        use ProviderErrorKind::{Interrupted, Timeout};
        let Some((response, reader)) = &mut self.connection else { return };
        let read = if reader.end_state() == EndState::Stated {
            let left = LAST_EVENTS.saturating_sub(response.idle());
            match within(left, Duration::default, response.chunk_of_events()).await {
                Ok(Some(Err(error))) if matches!(error.kind, Interrupted | Timeout) => Ok(None),
                Ok(read) => read.unwrap_or(Ok(None)),
                Err(error) => Err(error),
            }
        } else {
            response.chunk_of_events().await
        };
        self.absorb(read);
    }

    /// Processes the result of a read: a chunk, the end of the body, or an error.
    pub(super) fn absorb(&mut self, read: Result<Option<Bytes>, ProviderError>) {
        let Some((response, reader)) = &mut self.connection else { return };
        let mut deltas = Vec::new();
        let end_before = reader.end_state();
        let read = match read {
            Ok(Some(bytes)) => {
                let pushed = reader.push(&bytes, &mut deltas);
                pushed.map(|()| reader.end_state() != EndState::Marked)
            }
            Ok(None) => reader.end(&mut deltas).map(|()| false),
            Err(error) => Err(error),
        };
        // Events without content, such as pings, do not restart the read timeout.
        if deltas.iter().any(Delta::is_progress) || reader.end_state() != end_before {
            response.content_came();
        }
        if let Some(usage) = reader.usage() {
            self.progress.count(usage);
        }
        let read = read.map_err(|error| name_content_type(error, &response.headers));
        self.ready.extend(deltas);
        if !matches!(read, Ok(true)) {
            let permit = self.permit.take();
            permit.inspect(|permit| permit.settle(reader.usage()));
        }
        match read {
            Ok(true) => {}
            Ok(false) => {
                let connection = self.connection.take();
                connection.into_iter().for_each(|(response, _)| response.finish_apart());
            }
            Err(error) => {
                self.connection = None;
                let mut error = with_response(error, self.status, self.request_id.as_ref());
                error.transport_retries = self.transport_retries;
                self.failure = Some(error);
            }
        }
    }

    /// Returns the next delta or error. `None` at the end of the reply.
    pub(super) async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(mut delta) = self.ready.pop_front() {
                if let Delta::Done(ending) = &mut delta {
                    ending.request_id = self.request_id.take().or(ending.request_id.take());
                    ending.transport_retries = self.transport_retries;
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
