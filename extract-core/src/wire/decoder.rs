//! The interface of stream decoders. Whole replies go through the same decoders and the same
//! [`Assembly`] as streamed ones.

use std::fmt;

use super::surrogates;
use crate::conversation::{Assembly, Delta, ProviderError, Reply, Usage};

/// Decodes one streamed reply, event by event.
pub trait StreamDecoder: fmt::Debug + Send {
    /// Decodes one event and returns its deltas. `name` is the event's name, if it has one.
    ///
    /// # Errors
    /// The event cannot be parsed, or it reports a failure.
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError>;

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

/// A decoder whose events never hold lone surrogates.
#[derive(Debug)]
pub(super) struct SurrogateSafeDecoder(pub(super) Box<dyn StreamDecoder>);

impl StreamDecoder for SurrogateSafeDecoder {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        self.0.event(name, &surrogates::replace_lone(data))
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        self.0.end()
    }

    fn usage(&self) -> Option<Usage> {
        self.0.usage()
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
