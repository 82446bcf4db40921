//! The rows of the matrix: a fault, and its outcome.

use std::fmt;

use extract_core::conversation::Mode;

use super::case::Case;
use super::http2::Http2;
use super::server::Script;

/// The number of retries of the client.
pub(super) const RETRIES: usize = 2;

/// The behaviour of a server.
#[derive(Clone)]
pub(super) enum Fault {
    /// Plays this script on plain connections.
    Plain(Script),
    /// Plays this script on plain connections; the client expects TLS.
    NoTls(Script),
    /// Plays this script on connections with TLS.
    Tls(Script, Trust),
    /// Answers requests over HTTP/2.
    Http2(Http2),
}

/// The relation of the client and the server's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The client trusts the certificate.
    Trusted,
    /// The client does not know the issuer.
    UnknownIssuer,
    /// The certificate is for another host.
    OtherHost,
    /// The server requires a certificate of the client.
    ClientCertificate,
}

/// The outcome of an extraction, and the number of requests.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Outcome {
    /// `value`, `value, noted`, or the name of an error.
    pub(super) result: String,
    pub(super) requests: usize,
}

impl Outcome {
    pub(super) fn new(result: &str, requests: usize) -> Self {
        Self { result: result.to_owned(), requests }
    }

    pub(super) fn is_value(&self) -> bool {
        self.result.starts_with("value")
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_value() {
            write!(f, "{} · {}", self.result, self.requests)
        } else {
            write!(f, "`{}` · {}", self.result, self.requests)
        }
    }
}

/// The expected outcome of a cell.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    /// The fault changes nothing.
    Value,
    /// The value comes, and the ledger has a note.
    Noted,
    /// The fault may pass: the request is sent again. The error's name.
    Passes(&'static str),
    /// The fault stays, or the reply has begun: the request is sent once. The error's name.
    Stays(&'static str),
    /// Another number of requests: the first time only, and always.
    Other(Outcome, Outcome),
}

impl Expect {
    /// Returns the outcome of a fault of the first request only, or of every request.
    pub(super) fn outcome(&self, always: bool) -> Outcome {
        match self {
            Self::Value => Outcome::new("value", 1),
            Self::Noted => Outcome::new("value, noted", 1),
            Self::Passes(_) if !always => Outcome::new("value", 2),
            Self::Passes(kind) => Outcome::new(kind, RETRIES + 1),
            Self::Stays(kind) => Outcome::new(kind, 1),
            Self::Other(first, every) => (if always { every } else { first }).clone(),
        }
    }
}

/// A function that returns the fault and its expected outcome. `None` if the fault does not exist there.
type Make = Box<dyn Fn(Case) -> Option<(Fault, Expect)> + Send + Sync>;

/// A fault in all protocols, whole and streamed.
pub(super) struct Row {
    pub(super) title: String,
    pub(super) make: Make,
    /// Whether the client waits three seconds only.
    pub(super) is_impatient: bool,
    pub(super) mode: Mode,
}

impl Row {
    pub(super) fn new(
        title: impl Into<String>,
        make: impl Fn(Case) -> Option<(Fault, Expect)> + Send + Sync + 'static,
    ) -> Self {
        let make = Box::new(make);
        Self { title: title.into(), make, is_impatient: false, mode: Mode::Text }
    }

    /// Creates a row of a script.
    pub(super) fn plain(
        title: impl Into<String>,
        make: impl Fn(Case) -> Option<(Script, Expect)> + Send + Sync + 'static,
    ) -> Self {
        Self::new(title, move |case| {
            make(case).map(|(script, expect)| (Fault::Plain(script), expect))
        })
    }

    /// Sets that the client waits three seconds only.
    pub(super) fn impatient(self) -> Self {
        Self { is_impatient: true, ..self }
    }

    pub(super) fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }
}

/// Rows about one subject.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) rows: Vec<Row>,
}
