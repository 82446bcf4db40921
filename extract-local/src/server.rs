//! Chooses a server, and represents it while it is used.

use crate::error::LocalError;
use crate::find::{self, Found};
use crate::http::Base;
use crate::lease::Lease;
use crate::managed;
use crate::options::{Options, Which};
use crate::platform::MODEL;
use crate::progress::Progress;

/// A server on this machine with the Chat Completions protocol, and one of its models. Returned by
/// [`connect`].
///
/// Keep this value as long as you send requests: the managed server exits some seconds after the
/// last `Server` for it was dropped, in any process.
#[derive(Debug)]
pub struct Server {
    base_url: String,
    model: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Found { what: &'static str, base: Base },
    Managed(Lease),
}

/// The origin of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A server that was already running or was configured, and that this crate does not stop.
    /// Holds its kind, such as `Ollama`.
    Found(&'static str),
    /// The managed server with the embedded model.
    Managed {
        /// The server's process id.
        pid: u32,
    },
}

impl Server {
    /// Returns the base URL, below which `/chat/completions` is. For the managed server it is
    /// `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the model name for requests.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns the origin of the server.
    pub fn source(&self) -> Source {
        match &self.kind {
            Kind::Found { what, .. } => Source::Found(what),
            Kind::Managed(lease) => Source::Managed { pid: lease.pid },
        }
    }

    /// Returns whether the server still runs. Immediate for the managed server; any other server is
    /// asked, for at most two seconds. If it has ended, call [`connect`] again.
    pub fn is_running(&self) -> bool {
        match &self.kind {
            Kind::Found { base, .. } => find::answers(base),
            Kind::Managed(lease) => lease.holds(),
        }
    }
}

/// Connects to the managed server, which is installed and started if necessary, or to the server that the
/// options name. Blocks: for seconds on first use, during
/// the download of 127 MB; for two or three seconds while the managed server starts; else for
/// milliseconds.
///
/// # Errors
/// [`LocalError`], whose messages name the remedy. If a configured server or model is missing, that
/// is an error, and no other one is used.
///
/// ```no_run
/// let server = extract_local::connect(&extract_local::Options::default())?;
/// assert!(server.is_running());
/// # Ok::<(), extract_local::LocalError>(())
/// ```
pub fn connect(options: &Options) -> Result<Server, LocalError> {
    if let Some(url) = &options.url {
        return Ok(use_found(find::named(url, options.model.as_deref())?, options));
    }
    match (options.which, &options.model) {
        (Which::Found, model) => {
            return match (find::running(options), model) {
                (Ok(found), _) => Ok(use_found(found, options)),
                (Err(looked), Some(model)) => {
                    Err(LocalError::ModelNotFound { model: model.clone(), looked })
                }
                (Err(looked), None) => Err(LocalError::NoneRunning { looked }),
            };
        }
        (Which::Managed, Some(model)) if model != MODEL => {
            return Err(LocalError::OtherModel { model: model.clone() });
        }
        (Which::Managed, _) => {}
    }
    let lease = managed::lease(options)?;
    Ok(Server {
        base_url: lease.base_url.clone(),
        model: lease.model.clone(),
        kind: Kind::Managed(lease),
    })
}

fn use_found(found: Found, options: &Options) -> Server {
    let Found { what, base, model } = found;
    let base_url = base.url();
    options.sink.send(&Progress::Found {
        what: what.to_owned(),
        base_url: base_url.clone(),
        model: model.clone(),
    });
    Server { base_url, model, kind: Kind::Found { what, base } }
}
