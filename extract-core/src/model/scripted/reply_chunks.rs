//! A streamed reply of a script: its chunks, read by the decoder of real streams.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;

use super::in_flight::InFlight;
use crate::conversation::{Delta, Mode, ProviderError};
use crate::http::timer;
use crate::model::api::DeltaStream;
use crate::model::delta_reader::DeltaReader;
use crate::model::failure::reported_in_body;
use crate::model::reply_stream::with_response;
use crate::wire::EndState;

/// A reply whose chunks arrive one after the other.
pub(super) struct ReplyChunks {
    pub(super) chunks: VecDeque<Vec<u8>>,
    pub(super) reader: DeltaReader,
    /// The time between two chunks.
    pub(super) pause: Duration,
    pub(super) mode: Mode,
    pub(super) request_id: Option<String>,
    pub(super) ready: VecDeque<Delta>,
    /// The error to return after these deltas.
    pub(super) failure: Option<ProviderError>,
    pub(super) is_at_end: bool,
    /// Ends the request when the stream is dropped or has ended.
    pub(super) _in_flight: InFlight,
}

impl ReplyChunks {
    /// Reads until the first delta is there. Fails if the reply fails before it.
    pub(super) async fn begin(mut self) -> Result<DeltaStream<'static>, ProviderError> {
        while self.ready.is_empty() && self.failure.is_none() && !self.is_at_end {
            self.read_next().await;
        }
        if self.ready.is_empty() {
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
        }
        let deltas = stream::unfold(self, |mut chunks| async {
            let next = chunks.next().await?;
            Some((next, chunks))
        });
        Ok(deltas.boxed())
    }

    /// Returns the next delta or error. `None` at the end of the reply.
    async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(mut delta) = self.ready.pop_front() {
                if let Delta::Done(end) = &mut delta {
                    end.request_id = self.request_id.take().or(end.request_id.take());
                }
                return Some(Ok(delta));
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(error));
            }
            if self.is_at_end {
                return None;
            }
            self.read_next().await;
        }
    }

    /// Reads the next chunk, or the end of the body.
    async fn read_next(&mut self) {
        let mut deltas = Vec::new();
        let read = match wait(self.pause).await {
            Err(error) => Err(error),
            Ok(()) => match self.chunks.pop_front() {
                Some(bytes) => self.reader.push(&bytes, &mut deltas),
                None => {
                    self.is_at_end = true;
                    self.reader.end(&mut deltas)
                }
            },
        };
        self.ready.extend(deltas);
        self.is_at_end |= self.reader.end_state() == EndState::Marked;
        if let Err(error) = read {
            self.is_at_end = true;
            let error = with_response(error, StatusCode::OK, self.request_id.as_ref());
            self.failure = Some(reported_in_body(error, self.mode));
        }
    }
}

/// Waits for the next chunk. Every chunk arrives alone, as over a network.
async fn wait(pause: Duration) -> Result<(), ProviderError> {
    if pause.is_zero() {
        tokio::task::yield_now().await;
    } else {
        timer(|| tokio::time::sleep(pause))?.await;
    }
    Ok(())
}
