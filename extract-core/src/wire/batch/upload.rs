//! The upload of requests as a file.

use serde_json::json;

use super::{Call, Target, Verb, json as read_json, malformed, post, post_json, text};
use crate::conversation::ProviderError;

/// The media type of the file.
const MEDIA_TYPE: &str = "application/jsonl";

/// Returns the request that uploads a file in a form. `boundary` does not occur in the content.
pub(crate) fn in_form(name: &str, content: &[u8], boundary: &str) -> Call {
    let mut body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
         --{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: {MEDIA_TYPE}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={boundary}");
    Call { headers: vec![("content-type", kind)], body, ..post("files") }
}

/// Returns the request for an address to which a file is uploaded (Google).
pub(crate) fn begin(name: &str, length: usize) -> Call {
    Call {
        target: Target::Beside("upload", "files".to_owned()),
        headers: vec![
            ("x-goog-upload-protocol", "resumable".to_owned()),
            ("x-goog-upload-command", "start".to_owned()),
            ("x-goog-upload-header-content-length", length.to_string()),
            ("x-goog-upload-header-content-type", MEDIA_TYPE.to_owned()),
        ],
        ..post_json("", &json!({"file": {"displayName": name, "mimeType": MEDIA_TYPE}}))
    }
}

/// Returns the request that uploads a file to an address that the server has given.
pub(crate) fn to_address(address: &str, content: &[u8]) -> Call {
    Call {
        target: Target::Given(address.to_owned()),
        headers: vec![
            ("x-goog-upload-command", "upload, finalize".to_owned()),
            ("x-goog-upload-offset", "0".to_owned()),
            ("content-type", MEDIA_TYPE.to_owned()),
        ],
        body: content.to_vec(),
        ..post("")
    }
}

/// Returns the id of the file in the answer to an upload.
pub(crate) fn id_of(answer: &[u8]) -> Result<String, ProviderError> {
    let answer = read_json(answer, "the upload of the requests")?;
    let id = text(&answer, "/file/name").or_else(|| text(&answer, "/id"));
    id.ok_or_else(|| malformed("the upload of the requests", "it names no file"))
}

/// Returns the request that deletes an uploaded file.
pub(crate) fn delete(file: &str) -> Call {
    let path = if file.starts_with("files/") { file.to_owned() } else { format!("files/{file}") };
    Call { verb: Verb::Delete, ..post(&path) }
}
