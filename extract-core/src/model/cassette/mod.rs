//! Cassettes: files with recorded exchanges of a provider, replayed in tests without a network.

mod difference;
mod exchange;
mod secrets;
mod store;
mod stored;
mod tape;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use exchange::{RecordedRequest, RecordedResponse};
use store::Store;

use crate::http::TransportOptions;

/// The environment variable that selects the mode of [`Cassette::at`].
const VARIABLE: &str = "EXTRACT_CASSETTE";

/// Changes a request before it is written or compared.
type ScrubRequest = Arc<dyn Fn(&mut RecordedRequest) + Send + Sync>;

/// Changes a response before it is written.
type ScrubResponse = Arc<dyn Fn(&mut RecordedResponse) + Send + Sync>;

/// The use of a cassette.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CassetteMode {
    Record,
    Replay,
    /// The environment asks for something else.
    Unknown(String),
}

/// A file with recorded exchanges. A client that records sends its requests as usual, and writes every
/// exchange into the file. A client that replays answers from the file: it opens no connection and needs no
/// key, and the reply is decoded, read and checked as a reply from the network. Streams keep their chunks.
///
/// ```
/// use extract_llm::Client;
/// use extract_llm::model::Cassette;
///
/// # let folder = std::env::temp_dir().join(format!("extract-llm-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("number.json");
/// # std::fs::write(&path, r#"{"version": 1, "exchanges": []}"#)?;
/// let client = Client::builder()
///     .model("openai/gpt-6-luna")
///     .cassette(Cassette::replay(&path)) // no key needed
///     .build()?;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let error = client.extract::<u8>("Seven.").await.unwrap_err();
/// assert!(error.to_string().contains("the request is not recorded"), "{error}");
/// # });
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Matching
/// A recorded exchange answers a request with the same method, path and body, once. Several exchanges of the
/// same request are replayed in their order. The host and the headers are not compared. A request without an
/// exchange fails with [`ProviderErrorKind::NotRecorded`](crate::conversation::ProviderErrorKind::NotRecorded);
/// the error lists the differences from the nearest recorded request. It is never sent.
///
/// # Secrets
/// The file holds only headers of a fixed list, never those with keys, cookies or account names. Keys, the
/// values of headers that the program sets, and the values in the query of a base URL are replaced by
/// `[secret]` in all texts, unless they have less than 8 characters. Documents and answers stay as they are:
/// [`scrub_request`](Self::scrub_request) and [`scrub_response`](Self::scrub_response) change them.
///
/// A clone shares the file. Two cassettes must not record into the same file.
#[derive(Clone)]
pub struct Cassette {
    mode: CassetteMode,
    store: Arc<Store>,
    scrub_requests: Vec<ScrubRequest>,
    scrub_responses: Vec<ScrubResponse>,
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette")
            .field("path", &self.store.path())
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Cassette {
    /// Returns a cassette that replays the file, or records it anew if the environment variable
    /// `EXTRACT_CASSETTE` is `record`. Its other value is `replay`, the default.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let mode = match std::env::var(VARIABLE).as_deref().map(str::trim) {
            Ok("record") => CassetteMode::Record,
            Err(std::env::VarError::NotPresent) | Ok("" | "replay") => CassetteMode::Replay,
            Ok(other) => CassetteMode::Unknown(other.to_owned()),
            Err(error) => CassetteMode::Unknown(error.to_string()),
        };
        Self::new(path, mode)
    }

    /// Returns a cassette that records. The file is replaced when the client is built; its folder must
    /// exist.
    pub fn record(path: impl AsRef<Path>) -> Self {
        Self::new(path, CassetteMode::Record)
    }

    /// Returns a cassette that replays. The file is read when the client is built.
    pub fn replay(path: impl AsRef<Path>) -> Self {
        Self::new(path, CassetteMode::Replay)
    }

    fn new(path: impl AsRef<Path>, mode: CassetteMode) -> Self {
        let store = Arc::new(Store::new(path.as_ref()));
        Self { mode, store, scrub_requests: Vec::new(), scrub_responses: Vec::new() }
    }

    /// Changes every request before it is written, and before it is compared with the recorded ones: it removes
    /// what must not be in the file, or changes from run to run. The request that is sent stays as it is.
    /// Several calls add up.
    ///
    /// ```
    /// use extract_llm::model::Cassette;
    ///
    /// let cassette = Cassette::replay("tests/cassettes/letter.json")
    ///     .scrub_request(|request| request.replace("Maria Schmidt", "Jane Doe"))
    ///     .scrub_response(|response| response.replace("Maria Schmidt", "Jane Doe"));
    /// ```
    pub fn scrub_request(
        mut self,
        change: impl Fn(&mut RecordedRequest) + Send + Sync + 'static,
    ) -> Self {
        self.scrub_requests.push(Arc::new(change));
        self
    }

    /// Changes every response before it is written. The response that the client reads stays as it is.
    /// Several calls add up.
    pub fn scrub_response(
        mut self,
        change: impl Fn(&mut RecordedResponse) + Send + Sync + 'static,
    ) -> Self {
        self.scrub_responses.push(Arc::new(change));
        self
    }

    /// Returns the number of recorded exchanges that were not replayed yet. 0 before the client is built.
    pub fn left(&self) -> usize {
        self.store.left()
    }
}

impl TransportOptions {
    /// Records the exchanges with the server, or answers requests from a recording. The default is neither.
    pub fn cassette(mut self, cassette: Cassette) -> Self {
        self.tape = Some(Arc::new(cassette));
        self
    }
}
