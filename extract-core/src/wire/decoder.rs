//! The interface of stream decoders. Whole replies go through the same decoders and the same
//! [`Assembly`] as streamed ones.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::failure::reported_error;
use super::{parse, surrogates};
use crate::conversation::{Assembly, Delta, ProviderError, Reply, Usage};

/// The state of a streamed reply's end.
///
/// ```
/// use extract_core::wire::EndState;
/// use extract_llm::model::Protocol;
///
/// let mut decoder = Protocol::Chat.stream();
/// assert_eq!(decoder.end_state(), EndState::Open);
/// decoder.event(None, "[DONE]")?;
/// assert_eq!(decoder.end_state(), EndState::Marked);
/// # Ok::<(), extract_llm::conversation::ProviderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndState {
    /// More events have to come.
    Open,
    /// The reason to stop and the usage have come. More events may come, but the reply is whole without
    /// them.
    Stated,
    /// The end marker of the protocol has come. Events after it do not belong to the reply.
    Marked,
}

/// Decodes one streamed reply, event by event.
pub trait StreamDecoder: fmt::Debug + Send {
    /// Decodes one event and returns its deltas. `name` is the event's name, if it has one.
    ///
    /// # Errors
    /// The event cannot be parsed, or it reports a failure.
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError>;

    /// Returns whether the events so far end the reply.
    fn end_state(&self) -> EndState;

    /// Ends the stream and returns the deltas held back until now.
    ///
    /// # Errors
    /// The kind is [`Interrupted`](crate::conversation::ProviderErrorKind::Interrupted) if the
    /// reply is not complete.
    fn end(&mut self) -> Result<Vec<Delta>, ProviderError>;

    /// Returns the tokens counted so far, or `None` if the server has reported none. An interrupted
    /// reply costs these tokens.
    fn usage(&self) -> Option<Usage> {
        None
    }
}

/// Wraps the decoder of a protocol. Handles everything that events of all protocols share: lone
/// surrogates, the marker `[DONE]`, events named `error` and repeated events.
#[derive(Debug)]
pub(super) struct CommonDecoder {
    decoder: Box<dyn StreamDecoder>,
    repeated: RepeatedEvents,
    /// Whether `[DONE]` has come.
    done: bool,
}

impl CommonDecoder {
    /// Wraps a decoder. `opening` is the type of the event that opens a reply, if the protocol has one.
    pub(super) fn new(decoder: Box<dyn StreamDecoder>, opening: Option<&'static str>) -> Self {
        Self { decoder, repeated: RepeatedEvents::new(opening), done: false }
    }
}

impl StreamDecoder for CommonDecoder {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        self.done |= parse::is_done(data);
        if self.repeated.is_repetition(name, data) {
            return Ok(Vec::new());
        }
        let data = surrogates::replace_lone(data);
        if name == Some("error") && !parse::is_empty_event(&data) {
            return Err(reported_error(data.trim()));
        }
        self.decoder.event(name, &data)
    }

    fn end_state(&self) -> EndState {
        if self.done { EndState::Marked } else { self.decoder.end_state() }
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        self.decoder.end()
    }

    fn usage(&self) -> Option<Usage> {
        self.decoder.usage()
    }
}

/// Finds the repetitions in a stream that holds every event twice. A stream is such a one if the event
/// that opens the reply is repeated: a reply is opened once.
#[derive(Debug)]
struct RepeatedEvents {
    /// The type of the opening event, as JSON text. `None` once the event has come.
    opening: Option<String>,
    /// Whether the latest event opened the reply.
    opened: bool,
    doubled: bool,
    /// The hash of the latest event, unless that was a repetition.
    latest: Option<u64>,
}

impl RepeatedEvents {
    fn new(opening: Option<&'static str>) -> Self {
        let opening = opening.map(|kind| format!("\"{kind}\""));
        Self { opening, opened: false, doubled: false, latest: None }
    }

    /// Returns whether the event is a repetition of the event before it.
    fn is_repetition(&mut self, name: Option<&str>, data: &str) -> bool {
        if self.opening.is_none() && !self.opened && !self.doubled {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        (name, data).hash(&mut hasher);
        let hash = hasher.finish();
        self.doubled |= std::mem::take(&mut self.opened) && self.latest == Some(hash);
        let repeated = self.doubled && self.latest == Some(hash);
        self.latest = (!repeated).then_some(hash);
        if let Some(opening) = &self.opening {
            if data.contains(opening) || name == Some(opening.trim_matches('"')) {
                self.opening = None;
                self.opened = true;
            }
        }
        repeated
    }
}

/// Returns a boxed decoder in its initial state, for a protocol's descriptor.
pub(super) fn boxed<D: StreamDecoder + Default + 'static>() -> Box<dyn StreamDecoder> {
    Box::<D>::default()
}

/// Ends the decoder of a whole reply and assembles the reply. `deltas` are the deltas so far.
pub(super) fn whole_reply(
    decoder: &mut dyn StreamDecoder,
    mut deltas: Vec<Delta>,
) -> Result<Reply, ProviderError> {
    deltas.extend(decoder.end()?);
    let mut assembly = Assembly::new();
    deltas.into_iter().for_each(|delta| assembly.push(delta));
    assembly.finish()
}
