//! The interface of recordings: a [`Tape`] keeps the exchanges of a transport, or answers in place of the
//! network.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::request::HttpRequest;
use crate::conversation::ProviderError;

/// Keeps exchanges, or replays them.
pub(crate) trait Tape: Send + Sync {
    /// Opens the file. Returns the reason if that fails.
    fn open(&self) -> Result<(), String>;

    /// Returns whether requests are answered from the recording, and never sent.
    fn replays(&self) -> bool;

    /// Returns the recorded response to a request. Fails if there is none.
    fn replay(&self, request: &HttpRequest) -> Result<RecordedExchange, ProviderError>;

    /// Begins to record an exchange. Fails if an earlier exchange could not be written.
    fn record(&self, request: &HttpRequest) -> Result<Box<dyn Recording>, ProviderError>;
}

/// An exchange that is being recorded. Dropped before [`end`](Self::end), it keeps the chunks so far as a
/// reply that is cut off. Without a response, nothing is kept.
pub(crate) trait Recording: Send + Sync {
    /// Keeps the head of the response.
    fn answered(&mut self, status: StatusCode, headers: &HeaderMap);

    /// Keeps a chunk of the body.
    fn chunk(&mut self, bytes: &Bytes);

    /// Ends the body and writes the exchange.
    fn end(&mut self);
}

/// A response from a recording.
pub(crate) struct RecordedExchange {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) chunks: VecDeque<Bytes>,
    /// Whether the recording ended before the body did.
    pub(crate) is_cut: bool,
}

/// A shared tape.
pub(crate) type SharedTape = Arc<dyn Tape>;
