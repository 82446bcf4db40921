//! Media for encoders: text documents as text, URLs, and the error for unsupported media.

use crate::conversation::{Feature, Media, MediaKind, MediaSource, ProviderError};

/// Returns the text of a text document. Every protocol can carry that.
pub(super) fn document_text(media: &Media) -> Option<String> {
    let is_text = media.media_type.as_deref()?.starts_with("text/");
    match &media.source {
        MediaSource::Inline(inline) if is_text && media.kind == MediaKind::Document => {
            inline.text()
        }
        _ => None,
    }
}

/// Returns the URL of a piece of media: a data URL for inline bytes. `None` for a file id.
pub(super) fn url(media: &Media) -> Option<&str> {
    match &media.source {
        MediaSource::Inline(inline) => Some(inline.data_url()),
        MediaSource::Url(url) => Some(url),
        MediaSource::Id(_) => None,
    }
}

/// The fields of an inline or uploaded file in OpenAI's protocols.
#[derive(serde::Serialize, Default)]
pub(super) struct FileFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<&'a str>,
}

impl<'a> FileFields<'a> {
    /// Returns the fields for a document.
    pub(super) fn of(media: &'a Media) -> Self {
        match &media.source {
            MediaSource::Inline(inline) => Self {
                file_data: Some(inline.data_url()),
                // A file without a name is refused.
                filename: Some(media.name.as_deref().unwrap_or("document.pdf")),
                ..Self::default()
            },
            MediaSource::Url(url) => Self { file_url: Some(url), ..Self::default() },
            MediaSource::Id(id) => Self { file_id: Some(id), ..Self::default() },
        }
    }
}

/// Returns the error for media at a URL whose type is not known.
pub(super) fn untyped(media: &Media, protocol: &str) -> ProviderError {
    let kind = media.kind;
    let message = format!(
        "{protocol} needs the media type of the {kind}, and the URL does not tell it: set it with \
         `Media::url(…).media_type(\"…\")`"
    );
    ProviderError::unsupported(Feature::Media(kind), message)
}

/// Returns the error for media that the protocol cannot carry.
pub(super) fn unsupported(media: &Media, protocol: &str) -> ProviderError {
    let how = match &media.source {
        MediaSource::Inline(_) => "as bytes",
        MediaSource::Url(_) => "by URL",
        MediaSource::Id(_) => "by file id",
    };
    let kind = media.kind;
    ProviderError::unsupported(
        Feature::Media(kind),
        format!("{protocol} does not support {kind} input {how}"),
    )
}
