//! The facts about a model on the wire: modes, dialects, media, quirks.

use crate::contract::dialect::Dialect;
use crate::conversation::{Media, MediaKind, MediaSource, Mode};
use crate::model::profile::{AskingForm, ForcedTools, SchemaPrompt};
use crate::wire::{Protocol, Quirks, ThinkingForm, ToolChoiceForm};

/// The facts about a model.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Facts {
    /// The supported modes, best first.
    pub modes: &'static [Mode],
    /// The dialect of JSON Schema for native output.
    pub schema_dialect: &'static Dialect,
    /// Whether the provider can enforce the schema of native output during generation.
    pub schema_strict: bool,
    /// The dialect of JSON Schema for tools.
    pub tool_dialect: &'static Dialect,
    /// Whether the provider can enforce the schemas of tools during generation.
    pub tool_strict: bool,
    /// Whether to allow several tool calls in one reply.
    pub parallel_tools: bool,
    /// Whether the prompt also describes the schema.
    pub schema_prompt: SchemaPrompt,
    /// The form of the text that asks for a value.
    pub asking: AskingForm,
    /// The default limit of tokens in a reply. `None` for the provider's default.
    pub max_tokens: Option<u32>,
    /// The supported media and their forms.
    pub media: MediaSupport,
    /// The differences from the protocol's reference.
    pub quirks: Quirks,
}

impl Facts {
    /// Returns whether the model can be forced to call a tool over this protocol.
    pub(crate) fn forced_tools(&self, protocol: Protocol) -> ForcedTools {
        let claude = protocol == Protocol::Anthropic
            || self.quirks.thinking.form == ThinkingForm::Additional;
        match self.quirks.tool_choice {
            ToolChoiceForm::Auto | ToolChoiceForm::Omitted => ForcedTools::Never,
            // The protocol has no field for the choice.
            _ if protocol == Protocol::Ollama => ForcedTools::Never,
            _ if claude && self.quirks.thinking.budget => ForcedTools::WithoutBudget,
            _ => ForcedTools::Always,
        }
    }
}

/// The media that a model accepts, and their forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaSupport {
    /// Images.
    pub image: ModelModes,
    /// Audio.
    pub audio: ModelModes,
    /// Documents. Every model accepts inline text documents.
    pub document: ModelModes,
}

/// The forms in which a kind of media is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelModes {
    /// Inline bytes.
    pub bytes: bool,
    /// A URL that the provider fetches.
    pub url: bool,
    /// The id of an uploaded file.
    pub id: bool,
}

impl ModelModes {
    /// No form.
    pub const NONE: Self = Self { bytes: false, url: false, id: false };
    /// Bytes.
    pub const BYTES: Self = Self { bytes: true, ..Self::NONE };
    /// Bytes or URL.
    pub const BYTES_URL: Self = Self { url: true, ..Self::BYTES };
    /// Bytes or file id.
    pub const BYTES_ID: Self = Self { id: true, ..Self::BYTES };
    /// All forms.
    pub const ALL: Self = Self { bytes: true, url: true, id: true };
}

impl MediaSupport {
    /// No media.
    pub const TEXT: Self =
        Self { image: ModelModes::NONE, audio: ModelModes::NONE, document: ModelModes::NONE };
    /// Images as bytes or URL.
    pub const IMAGES: Self = Self { image: ModelModes::BYTES_URL, ..Self::TEXT };

    /// Whether the model accepts this piece of media in its form.
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
