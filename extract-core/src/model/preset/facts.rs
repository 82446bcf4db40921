//! The facts about a model on the wire: modes, dialects, media, quirks.

use crate::contract::dialect::Dialect;
use crate::conversation::{Media, MediaKind, MediaSource, Mode};
use crate::model::profile::SchemaPrompt;
use crate::wire::Quirks;

/// What a model takes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a row of independent facts, not a state")]
pub struct Facts {
    /// The modes, best first.
    pub modes: &'static [Mode],
    /// The dialect of JSON Schema for native output.
    pub schema_dialect: &'static Dialect,
    /// Whether native output is enforced while the model writes.
    pub schema_strict: bool,
    /// The dialect of JSON Schema for tools.
    pub tool_dialect: &'static Dialect,
    /// Whether the arguments of tools can be enforced while the model writes.
    pub tool_strict: bool,
    /// Whether one reply may well hold several calls of its tools.
    pub parallel_tools: bool,
    /// Whether a schema that is sent is told in words as well.
    pub schema_prompt: SchemaPrompt,
    /// Whether it takes sampling parameters other than the default.
    pub sampling: bool,
    /// The bound on a reply's tokens where the caller sets none.
    pub max_tokens: Option<u32>,
    /// What it can look at, and how it is given that.
    pub media: MediaSupport,
    /// How it differs on the wire.
    pub quirks: Quirks,
}

/// Which media a provider takes, and in which forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaSupport {
    /// Images.
    pub image: ModelModes,
    /// Recordings.
    pub audio: ModelModes,
    /// Documents; text documents can be sent everywhere.
    pub document: ModelModes,
}

/// In which ways a kind of media can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelModes {
    /// By its bytes.
    pub bytes: bool,
    /// By a URL that the provider fetches.
    pub url: bool,
    /// By the id of an uploaded file.
    pub id: bool,
}

impl ModelModes {
    /// Not at all.
    pub const NONE: Self = Self { bytes: false, url: false, id: false };
    /// By bytes.
    pub const BYTES: Self = Self { bytes: true, ..Self::NONE };
    /// By bytes or URL.
    pub const BYTES_URL: Self = Self { url: true, ..Self::BYTES };
    /// By bytes or file id.
    pub const BYTES_ID: Self = Self { id: true, ..Self::BYTES };
    /// In every way.
    pub const ALL: Self = Self { bytes: true, url: true, id: true };
}

impl MediaSupport {
    /// Text alone.
    pub const TEXT: Self =
        Self { image: ModelModes::NONE, audio: ModelModes::NONE, document: ModelModes::NONE };
    /// Images by bytes and URL.
    pub const IMAGES: Self = Self { image: ModelModes::BYTES_URL, ..Self::TEXT };

    /// Whether this can be sent.
    pub fn takes(&self, media: &Media) -> bool {
        let forms = match media.kind {
            MediaKind::Image => self.image,
            MediaKind::Audio => self.audio,
            MediaKind::Document => self.document,
        };
        let text = media.media_type.as_deref().is_some_and(|kind| kind.starts_with("text/"));
        match media.source {
            MediaSource::Inline(_) => forms.bytes || (text && media.kind == MediaKind::Document),
            MediaSource::Url(_) => forms.url,
            MediaSource::Id(_) => forms.id,
        }
    }
}
