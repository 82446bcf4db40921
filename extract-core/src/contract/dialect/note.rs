//! Notes on the changes to a schema that a dialect requires.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a change to a part of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoteKind {
    /// A constraint or annotation moved into the description. It is still enforced on the reply.
    Described,
    /// The value is sent in another shape and restored from the reply. Examples: a map as pairs, a tuple
    /// as an object, any value as JSON text, a property under another name.
    Reshaped,
    /// An optional property is sent as a required one that may be null.
    Nullable,
    /// A recursive type is written out to a limited depth; deeper values are JSON text.
    Unrolled,
    /// The schema is read more strictly than JSON Schema defines, as serde reads it, or a part that no
    /// value fits is left out.
    Narrowed,
}

/// A part of a schema that a dialect cannot express, and the change that was made instead.
///
/// ```
/// use extract_core::contract::dialect::lower;
/// use extract_llm::dialect::{Dialect, NoteKind};
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
/// # Ok::<(), extract_llm::dialect::DialectError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// The JSON pointer of the part in the original schema.
    pub pointer: String,
    /// The kind of the change.
    pub kind: NoteKind,
    /// The change in plain English.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.text)
    }
}
