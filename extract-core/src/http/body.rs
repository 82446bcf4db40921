//! The body of a response: from the network, with or without a recording, or from a recording.

use std::collections::VecDeque;

use bytes::Bytes;

use super::tape::Recording;

/// A body that is read in chunks.
pub(super) enum Body {
    /// From the network. The recording keeps the chunks.
    Network(Box<reqwest::Response>, Option<Box<dyn Recording>>),
    /// From a recording, which may end before the body did.
    Recorded(VecDeque<Bytes>, bool),
}

/// The failure of a read.
pub(super) enum ReadFailure {
    Network(reqwest::Error),
    /// The recording ends before the body did.
    Cut,
}

impl Body {
    /// Returns the next chunk. `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, ReadFailure> {
        match self {
            Self::Network(response, recording) => {
                let read = response.chunk().await.map_err(ReadFailure::Network)?;
                match (&read, recording.as_mut()) {
                    (Some(bytes), Some(recording)) => recording.chunk(bytes),
                    (None, Some(recording)) => recording.end(),
                    (_, None) => {}
                }
                Ok(read)
            }
            Self::Recorded(chunks, is_cut) => match chunks.pop_front() {
                None if *is_cut => Err(ReadFailure::Cut),
                chunk => Ok(chunk),
            },
        }
    }

    /// Returns the length that the response states; 0 if it states none.
    pub(super) fn stated_length(&self) -> u64 {
        match self {
            Self::Network(response, _) => response.content_length().unwrap_or(0),
            Self::Recorded(..) => 0,
        }
    }

    /// Ends the recording: nobody needs the rest of the body.
    pub(super) fn end_recording(&mut self) {
        if let Self::Network(_, Some(recording)) = self {
            recording.end();
        }
    }
}
