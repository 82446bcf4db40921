//! The form of exchanges in the file.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exchange::{RecordedRequest, RecordedResponse};

/// The version of the form.
pub(super) const VERSION: u32 = 1;

/// The whole file.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredCassette {
    pub(super) version: u32,
    pub(super) exchanges: Vec<StoredExchange>,
}

/// One exchange.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredExchange {
    pub(super) request: RecordedRequest,
    pub(super) response: StoredResponse,
}

/// A response. It has a body or chunks.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredResponse {
    status: u16,
    headers: BTreeMap<String, String>,
    /// The body, if it is JSON without white space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// The chunks of any other body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chunks: Option<Vec<StoredChunk>>,
    /// Whether the body is cut off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

/// A chunk of a body.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredChunk {
    Text(String),
    /// Lines, with their ends.
    Lines(Vec<String>),
    /// Bytes that are no text, such as the end of a chunk inside a character.
    Binary {
        base64: String,
    },
}

impl StoredChunk {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
                if lines.len() > 1 { Self::Lines(lines) } else { Self::Text(text.to_owned()) }
            }
            Err(_) => Self::Binary { base64: STANDARD.encode(bytes) },
        }
    }

    /// Returns the bytes. Fails if the base64 is invalid.
    fn bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Text(text) => Ok(Bytes::from(text)),
            Self::Lines(lines) => Ok(Bytes::from(lines.concat())),
            Self::Binary { base64 } => {
                STANDARD.decode(base64).map(Bytes::from).map_err(|error| error.to_string())
            }
        }
    }
}

impl StoredResponse {
    pub(super) fn of(response: &RecordedResponse) -> Self {
        let body = response.text().and_then(|text| {
            let value: Value = serde_json::from_str(&text).ok()?;
            // The body is replayed byte for byte.
            let written = value.to_string();
            (!response.is_cut && written == text).then_some(value)
        });
        let chunks = match body {
            Some(_) => None,
            None => Some(response.chunks.iter().map(|chunk| StoredChunk::of(chunk)).collect()),
        };
        let headers = response.headers.clone();
        Self { status: response.status, headers, body, chunks, cut: response.is_cut }
    }

    /// Returns the response. Fails if a chunk is invalid.
    pub(super) fn response(self) -> Result<RecordedResponse, String> {
        let body = self.body.map(|body| Bytes::from(body.to_string()));
        let stored = self.chunks.unwrap_or_default().into_iter().map(StoredChunk::bytes);
        let chunks = body.map(Ok).into_iter().chain(stored).collect::<Result<_, _>>()?;
        let (status, headers) = (self.status, self.headers);
        Ok(RecordedResponse { status, headers, chunks, is_cut: self.cut })
    }
}
