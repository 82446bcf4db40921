//! The errors of failed exchanges. A connection that broke may hold the next time. A server with a bad
//! certificate, or one that does not speak HTTP, stays as it is: these failures are named and not retried.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::conversation::{ProviderError, ProviderErrorKind};

/// Returns the error of an exchange that took too long.
pub(super) fn timeout_error(from: &str, after: Duration) -> ProviderError {
    let message =
        format!("no complete response from {from} after {after:.1?}; `timeout` sets this limit");
    ProviderError::new(ProviderErrorKind::Timeout, message)
}

/// Returns the error of a body that stopped. `lack` is what did not come: data, or content.
pub(super) fn silence_error(lack: &str, from: &str, limit: Duration) -> ProviderError {
    let message = format!("no {lack} from {from} for {limit:?}; `read_timeout` sets this limit");
    ProviderError::new(ProviderErrorKind::Timeout, message)
}

/// Classifies an error of reqwest. The message holds the chain of causes. It names the host only,
/// because the URL may hold keys.
pub(super) fn failure(error: &reqwest::Error, from: &str, after: Duration) -> ProviderError {
    let kind = if error.is_timeout() {
        ProviderErrorKind::Timeout
    } else if error.is_connect() {
        ProviderErrorKind::Connect
    } else if error.is_builder() {
        ProviderErrorKind::Encode
    } else if error.is_request() || error.is_body() || error.is_decode() {
        ProviderErrorKind::Interrupted
    } else {
        ProviderErrorKind::Other
    };
    let causes = Causes::of(error);
    let described = causes.describe(error);
    match kind {
        ProviderErrorKind::Timeout if error.is_connect() => ProviderError::new(
            kind,
            format!("no connection to {from} after {after:.1?}: {described}"),
        ),
        ProviderErrorKind::Timeout => timeout_error(from, after),
        ProviderErrorKind::Connect => causes.connect_error(from, &described),
        // A server that requires a certificate of the client says so after the handshake.
        ProviderErrorKind::Interrupted if causes.has_tls_alert() => {
            causes.connect_error(from, &described)
        }
        ProviderErrorKind::Interrupted if causes.is_broken_response() => {
            let message = format!(
                "{from} does not send valid HTTP: {described}; check the scheme and the port of the base URL"
            );
            ProviderError::new(ProviderErrorKind::Malformed, message)
        }
        _ => ProviderError::new(kind, described),
    }
}

/// The chain of causes below an error.
struct Causes<'a>(Vec<&'a (dyn Error + 'static)>);

impl<'a> Causes<'a> {
    fn of(error: &'a reqwest::Error) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause);
            next = cause.source();
        }
        Self(causes)
    }

    /// Returns the text of the chain, or a text for an error without causes, without its URL.
    fn describe(&self, error: &reqwest::Error) -> String {
        match self.0.as_slice() {
            [] if error.url().is_some() => String::from("the exchange failed"),
            [] => error.to_string(),
            causes => causes.iter().map(ToString::to_string).collect::<Vec<_>>().join(": "),
        }
    }

    /// Returns the error of a connection that could not be established.
    fn connect_error(&self, from: &str, described: &str) -> ProviderError {
        let lower = described.to_ascii_lowercase();
        if lower.contains("proxy auth") {
            let message =
                format!("the proxy on the way to {from} requires credentials: {described}");
            let mut error = ProviderError::new(ProviderErrorKind::Authentication, message);
            error.status = Some(407);
            return error;
        }
        let (message, is_settled) = match self.tls_failure() {
            Some(TlsFailure::Certificate) => {
                (format!("the certificate of {from} was not accepted: {described}"), true)
            }
            Some(TlsFailure::NotTls) => {
                let message = format!(
                    "{from} does not speak TLS: {described}; check the scheme and the port of the base URL"
                );
                (message, true)
            }
            Some(TlsFailure::Handshake) => {
                (format!("the TLS handshake with {from} failed: {described}"), true)
            }
            None => (format!("{from} cannot be reached: {described}"), false),
        };
        let mut error = ProviderError::new(ProviderErrorKind::Connect, message);
        error.should_retry = is_settled.then_some(false);
        error
    }

    /// Returns the failure of the TLS handshake that stays the same the next time.
    #[cfg_attr(
        not(any(feature = "rustls-tls", feature = "native-tls")),
        expect(clippy::unused_self, reason = "there is no TLS")
    )]
    fn tls_failure(&self) -> Option<TlsFailure> {
        #[cfg(feature = "rustls-tls")]
        if let Some(failure) = self.tls_error() {
            return TlsFailure::of_rustls(failure);
        }
        #[cfg(feature = "native-tls")]
        if self.0.iter().any(|cause| cause.to_string().contains("certificate")) {
            return Some(TlsFailure::Certificate);
        }
        None
    }

    /// Returns the error of the TLS layer.
    #[cfg(feature = "rustls-tls")]
    fn tls_error(&self) -> Option<&'a rustls::Error> {
        self.errors().find_map(|error| error.downcast_ref())
    }

    /// Whether the server ended an established TLS connection with an alert that stays the same.
    #[cfg_attr(
        not(feature = "rustls-tls"),
        expect(clippy::unused_self, reason = "only rustls names alerts")
    )]
    fn has_tls_alert(&self) -> bool {
        #[cfg(feature = "rustls-tls")]
        if let Some(rustls::Error::AlertReceived(_)) = self.tls_error() {
            return self.tls_failure().is_some();
        }
        false
    }

    /// Whether the response cannot be read as HTTP. A response that ends early can, and so can one whose
    /// encryption was damaged on the way.
    fn is_broken_response(&self) -> bool {
        #[cfg(feature = "rustls-tls")]
        if self.tls_error().is_some() {
            return false;
        }
        self.errors().any(|error| {
            if let Some(error) = error.downcast_ref::<hyper::Error>() {
                // A server that sends first, such as one of SSH. On a connection that was used before,
                // the client has sent the request again.
                return error.is_parse() || error.to_string().contains("unexpected message");
            }
            // hyper reports a wrong chunk size in this form.
            error.downcast_ref::<io::Error>().is_some_and(|error| {
                matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
            })
        })
    }

    /// Returns the causes, with the errors inside of I/O errors. Their `source` skips these.
    fn errors(&self) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
        self.0.iter().flat_map(|cause| {
            let mut errors = vec![*cause];
            while let Some(inner) =
                errors.last().and_then(|error| error.downcast_ref::<io::Error>()?.get_ref())
            {
                errors.push(inner);
            }
            errors
        })
    }
}

/// A failure of a TLS handshake that stays the same the next time.
#[cfg_attr(not(feature = "rustls-tls"), allow(dead_code, reason = "native TLS tells less"))]
enum TlsFailure {
    /// The server's certificate was not accepted.
    Certificate,
    /// The server's first bytes are not TLS.
    NotTls,
    /// The two sides have no version or cipher in common, or the server refused for another reason.
    Handshake,
}

#[cfg(feature = "rustls-tls")]
impl TlsFailure {
    /// Returns the failure for an error of rustls. `None` if it may pass.
    fn of_rustls(error: &rustls::Error) -> Option<Self> {
        use rustls::{AlertDescription as Alert, Error as Tls};
        Some(match error {
            Tls::InvalidCertificate(_)
            | Tls::NoCertificatesPresented
            | Tls::UnsupportedNameType
            | Tls::InvalidCertRevocationList(_) => Self::Certificate,
            Tls::InvalidMessage(_) => Self::NotTls,
            Tls::AlertReceived(Alert::InternalError | Alert::UserCanceled | Alert::CloseNotify)
            | Tls::FailedToGetCurrentTime
            | Tls::FailedToGetRandomBytes
            | Tls::HandshakeNotComplete => return None,
            _ => Self::Handshake,
        })
    }
}
