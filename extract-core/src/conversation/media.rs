//! Images, recordings and documents. Inline data is encoded once, when the part is created, and shared by
//! all clones.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::redacted::redacted_url;

/// The kind of a [`Media`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A recording.
    Audio,
    /// A document: PDF, office formats, text.
    Document,
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Document => "document",
        })
    }
}

/// An image, a recording or a document.
///
/// ```
/// use extract_llm::conversation::{Media, MediaKind};
///
/// let media = Media::bytes(MediaKind::Image, b"GIF89a\x01\0\x01\0")?;
/// assert_eq!(media.media_type.as_deref(), Some("image/gif"));
/// # Ok::<(), extract_llm::conversation::MediaError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Media {
    /// The kind of the media.
    pub kind: MediaKind,
    /// The data, or a reference to it.
    pub source: MediaSource,
    /// The media type, such as `image/png`; `None` if it is not known.
    pub media_type: Option<Cow<'static, str>>,
    /// The file name, if there is one.
    pub name: Option<Arc<str>>,
}

impl Media {
    /// Returns a text that is the same for the same media only: the data, the URL or the id.
    pub(crate) fn identity(&self) -> String {
        let source = match &self.source {
            MediaSource::Inline(inline) => &*inline.data_url,
            MediaSource::Url(url) => url,
            MediaSource::Id(id) => id,
        };
        let media_type = self.media_type.as_deref().unwrap_or_default();
        format!("{} {media_type} {source}", self.kind)
    }
}

/// The data of a [`Media`], or a reference to it.
///
/// Its `Debug` output hides the query of a URL: links to object stores often have a signature there.
///
/// ```
/// use extract_llm::Part;
///
/// let part = Part::image_url("https://store.example/receipt.png?sig=cafe");
/// assert!(format!("{part:?}").contains("https://store.example/receipt.png?…"));
/// assert!(!format!("{part:?}").contains("cafe"));
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum MediaSource {
    /// Data that is sent inline.
    Inline(Inline),
    /// A URL that the provider fetches.
    Url(Arc<str>),
    /// The id of a file that was uploaded to the provider.
    Id(Arc<str>),
}

impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(inline) => f.debug_tuple("Inline").field(inline).finish(),
            Self::Url(url) => f.debug_tuple("Url").field(&redacted_url(url)).finish(),
            Self::Id(id) => f.debug_tuple("Id").field(id).finish(),
        }
    }
}

/// Bytes that are sent in the request, as a data URL.
#[derive(Clone, PartialEq)]
pub struct Inline {
    data_url: Arc<str>,
    /// The offset of the base64 text in the URL.
    payload: usize,
}

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inline({} bytes of base64)", self.base64().len())
    }
}

impl Inline {
    /// Encodes bytes of a media type.
    fn new(media_type: &str, bytes: &[u8]) -> Self {
        let mut data_url = format!("data:{media_type};base64,");
        let payload = data_url.len();
        STANDARD.encode_string(bytes, &mut data_url);
        Self { data_url: data_url.into(), payload }
    }

    /// Returns `data:<type>;base64,<bytes>`.
    pub fn data_url(&self) -> &str {
        &self.data_url
    }

    /// Returns the bytes in base64.
    pub fn base64(&self) -> &str {
        &self.data_url[self.payload..]
    }

    /// Returns the bytes as text, or `None` if they are not UTF-8.
    pub fn text(&self) -> Option<String> {
        String::from_utf8(STANDARD.decode(self.base64()).ok()?).ok()
    }
}

/// The error of bytes or a file that cannot be sent as media of the requested kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The file could not be read.
    #[error("`{}` could not be read: {message}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The message of the operating system.
        message: String,
    },
    /// There are no bytes.
    #[error("the {kind} is empty")]
    Empty {
        /// The requested kind.
        kind: MediaKind,
    },
    /// The media type cannot be detected.
    #[error(
        "cannot detect the type of the {kind} from its first bytes; set it with `Media::of_type`"
    )]
    Unknown {
        /// The requested kind.
        kind: MediaKind,
    },
    /// The bytes have a media type of another kind.
    #[error("this is `{found}`, which is no {kind}")]
    Mismatch {
        /// The requested kind.
        kind: MediaKind,
        /// The detected media type.
        found: &'static str,
    },
}

impl Media {
    /// Creates media from bytes, and detects their type.
    ///
    /// Fails if the bytes are empty, if the type cannot be detected, or if it is of another kind.
    pub fn bytes(kind: MediaKind, bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return Err(MediaError::Empty { kind });
        }
        let media_type = detect(kind, bytes)?;
        Ok(Self::of_type(kind, bytes, media_type))
    }

    /// Creates media from bytes of a given type, such as `image/heic`. The bytes are not examined.
    pub fn of_type(
        kind: MediaKind,
        bytes: impl AsRef<[u8]>,
        media_type: impl Into<Cow<'static, str>>,
    ) -> Self {
        let media_type = media_type.into();
        let source = MediaSource::Inline(Inline::new(&media_type, bytes.as_ref()));
        Self { kind, source, media_type: Some(media_type), name: None }
    }

    /// Reads a file and creates media from it, as [`bytes`](Self::bytes) does, with the file's name.
    ///
    /// Fails if the file cannot be read, and as [`bytes`](Self::bytes) does.
    pub fn file(kind: MediaKind, path: impl AsRef<Path>) -> Result<Self, MediaError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| MediaError::Read {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        let name = path.file_name().map(|name| Arc::from(&*name.to_string_lossy()));
        Ok(Self { name, ..Self::bytes(kind, bytes)? })
    }

    /// Creates media that the provider fetches from a URL. The extension in the URL decides the media
    /// type; it is `None` for an unknown extension.
    pub fn url(kind: MediaKind, url: impl Into<Arc<str>>) -> Self {
        let url = url.into();
        let media_type = type_of_ending(&url).map(Cow::Borrowed);
        Self { kind, source: MediaSource::Url(url), media_type, name: None }
    }

    /// Creates media from the id of a file that was uploaded to the provider.
    pub fn id(kind: MediaKind, id: impl Into<Arc<str>>) -> Self {
        Self { kind, source: MediaSource::Id(id.into()), media_type: None, name: None }
    }

    /// Sets the media type. The default is the detected type, if any.
    pub fn media_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Sets the file name. The default is `None`, except for [`file`](Self::file).
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// Detects the media type from the first bytes. Fails if it is unknown, or of another kind.
fn detect(kind: MediaKind, bytes: &[u8]) -> Result<&'static str, MediaError> {
    let found = match infer::get(bytes).map(|found| found.mime_type()) {
        Some("audio/x-wav") => "audio/wav",
        Some("audio/x-flac") => "audio/flac",
        Some("audio/m4a" | "video/mp4") if kind == MediaKind::Audio => "audio/mp4",
        Some(found) => found,
        None if kind == MediaKind::Document && is_text(bytes) => "text/plain",
        None => return Err(MediaError::Unknown { kind }),
    };
    let fits = match kind {
        MediaKind::Image => found.starts_with("image/"),
        MediaKind::Audio => found.starts_with("audio/"),
        MediaKind::Document => {
            !["image/", "audio/", "video/", "font/"].iter().any(|other| found.starts_with(other))
        }
    };
    if fits { Ok(found) } else { Err(MediaError::Mismatch { kind, found }) }
}

/// Whether the bytes are UTF-8 without NUL.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'))
}

/// Returns the media type of a URL's extension.
fn type_of_ending(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_from_the_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        let cases: [(MediaKind, &[u8], &str); 6] = [
            (MediaKind::Image, png, "image/png"),
            (MediaKind::Image, b"\xff\xd8\xff\xe0", "image/jpeg"),
            (MediaKind::Audio, b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (MediaKind::Audio, b"ID3\x03\0", "audio/mpeg"),
            (MediaKind::Document, b"%PDF-1.7\n", "application/pdf"),
            (MediaKind::Document, "Rechnung über 5 €".as_bytes(), "text/plain"),
        ];
        for (kind, bytes, expected) in cases {
            let media = Media::bytes(kind, bytes).unwrap();
            assert_eq!(media.media_type.as_deref(), Some(expected));
            let MediaSource::Inline(inline) = media.source else { panic!() };
            assert_eq!(inline.data_url(), format!("data:{expected};base64,{}", inline.base64()));
            assert_eq!(STANDARD.decode(inline.base64()).unwrap(), bytes);
        }
        let mismatch = Media::bytes(MediaKind::Audio, png).unwrap_err();
        assert_eq!(mismatch.to_string(), "this is `image/png`, which is no audio");
        assert!(matches!(Media::bytes(MediaKind::Image, []), Err(MediaError::Empty { .. })));
        assert!(matches!(Media::bytes(MediaKind::Image, b"????"), Err(MediaError::Unknown { .. })));
        let gone = Media::file(MediaKind::Image, "no/such/file.png").unwrap_err();
        assert!(gone.to_string().contains("file.png"), "{gone}");
    }

    #[test]
    fn a_clone_shares_the_encoded_bytes() {
        let media = Media::bytes(MediaKind::Image, b"GIF89a").unwrap();
        let copy = media.clone();
        let (MediaSource::Inline(one), MediaSource::Inline(other)) = (media.source, copy.source)
        else {
            panic!()
        };
        assert!(Arc::ptr_eq(&one.data_url, &other.data_url));
    }

    #[test]
    fn a_url_tells_its_type_by_its_ending() {
        let media = Media::url(MediaKind::Document, "https://h/a.b/report.PDF?x=1.png");
        assert_eq!(media.media_type.as_deref(), Some("application/pdf"));
        assert_eq!(Media::url(MediaKind::Image, "https://h/a").media_type, None);
    }
}
