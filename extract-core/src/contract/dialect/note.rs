//! What a dialect could not say as it stood: one note for each thing that was changed on the way.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was done to a part of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoteKind {
    /// A constraint or annotation is said in the description instead, and still enforced on the
    /// reply.
    Described,
    /// The value is sent in another shape and turned back on the way in: a map as pairs, a tuple as
    /// an object, any value as JSON text, a property under another name.
    Reshaped,
    /// A property that may be left out is sent as one that may be null.
    Nullable,
    /// A recursive type is written out to a depth; what is deeper is JSON text.
    Unrolled,
    /// The schema is read more strictly than JSON Schema says, as serde means it.
    Narrowed,
}

/// One thing that a dialect could not say, and what became of it.
///
/// ```
/// use extract_llm::contract::dialect::{lower, Dialect, NoteKind};
/// use serde_json::json;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {"ip": {"type": "string", "format": "ip"}},
///     "required": ["ip"],
/// });
/// let lowered = lower(&schema, &Dialect::OPENAI_STRICT)?;
/// assert_eq!(lowered.notes[0].kind, NoteKind::Described);
/// assert_eq!(lowered.notes[0].pointer, "/properties/ip/format");
/// assert_eq!(lowered.schema["properties"]["ip"]["description"], "Format: ip.");
/// # Ok::<(), extract_llm::contract::dialect::DialectError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// JSON pointer into the schema that was lowered.
    pub pointer: String,
    /// What was done.
    pub kind: NoteKind,
    /// The same in words.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.text)
    }
}
