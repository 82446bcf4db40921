//! The texts that tell a model what it is asked about a chunk.

use super::chunking::Chunk;
use crate::contract::Problems;

/// A request about a chunk, for [`DocumentRequest::prompt`](super::DocumentRequest::prompt).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ChunkPrompt<'a> {
    /// The chunk.
    pub chunk: &'a Chunk,
    /// The number of chunks of the document.
    pub count: usize,
    /// What the model is asked for.
    pub purpose: Purpose<'a>,
}

/// What a model is asked for about a chunk.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Purpose<'a> {
    /// Everything that the type asks for. The text is added to the system prompt of all requests about the
    /// chunk.
    First,
    /// What the passes before did not find. The text is the user's message behind the answer so far.
    Missing {
        /// The number of the pass, from 2.
        pass: usize,
    },
    /// The parts of the merged value that have problems. The text is the user's message behind these parts.
    Correction {
        /// The problems. Their pointers lead into the parts.
        problems: &'a Problems,
    },
}

impl ChunkPrompt<'_> {
    /// Returns the text that is sent unless [`prompt`](super::DocumentRequest::prompt) replaces it. An empty text
    /// is not sent. The text for [`Purpose::First`] is the same for all chunks, so that prompt caches keep it,
    /// and empty if there is one chunk.
    pub fn default_text(&self) -> String {
        match self.purpose {
            Purpose::First if self.count == 1 => String::new(),
            Purpose::First => String::from(
                "The text is a part of a longer document. Give what this part says, and nothing else. \
                 A field that it does not say is null, and a list of which it says nothing is empty.",
            ),
            Purpose::Missing { .. } => String::from(
                "This was found in the text so far. Give only what is missing in it: elements of lists \
                 that the text has too, and fields that are null. If nothing is missing, lists are \
                 empty and fields are null.",
            ),
            Purpose::Correction { problems } => {
                let lines: Vec<String> =
                    problems.iter().map(|problem| format!("- {problem}")).collect();
                let null =
                    if self.count == 1 { "" } else { " What the text does not say is null." };
                format!("This has problems:\n{}\nCorrect it by the text.{null}", lines.join("\n"))
            }
        }
    }
}
