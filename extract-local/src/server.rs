//! The door: which server it will be, and the value that stands for it.

use crate::error::LocalError;
use crate::find::{self, Found};
use crate::http::Base;
use crate::lease::Lease;
use crate::managed;
use crate::options::{Options, Which};
use crate::progress::Progress;

/// A server on this machine that speaks the Chat Completions protocol, and a model it has.
///
/// Keep it as long as requests are sent: our own server ends some seconds after the last `Server`
/// that uses it was dropped, in whatever process.
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

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// It was running, or was named, and is not ours to end. Says what it is, such as `Ollama`.
    Found(&'static str),
    /// Ours: the embedded model.
    Managed {
        /// The server's process.
        pid: u32,
    },
}

impl Server {
    /// The base URL, `http://127.0.0.1:PORT/v1` for our own: below it is `/chat/completions`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The model to name in requests.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whose server it is.
    pub fn source(&self) -> Source {
        match &self.kind {
            Kind::Found { what, .. } => Source::Found(what),
            Kind::Managed(lease) => Source::Managed { pid: lease.pid },
        }
    }

    /// Whether it is still there. At once for our own; a server that was found is asked, which takes
    /// two seconds at most. If it is not, [`connect`] again.
    pub fn is_running(&self) -> bool {
        match &self.kind {
            Kind::Found { base, .. } => find::answers(base),
            Kind::Managed(lease) => lease.holds(),
        }
    }
}

/// Find a server, or set one up and start it. Blocks: for seconds on first use, while 127 MB are
/// downloaded; for two or three while our own server starts; hardly at all otherwise.
///
/// # Errors
/// [`LocalError`], each of which says what to do about it. A server or a model that was named and is
/// not there is an error, and not a reason to take another.
///
/// ```no_run
/// let server = extract_local::connect(&extract_local::Options::default())?;
/// assert!(server.is_running());
/// # Ok::<(), extract_local::LocalError>(())
/// ```
pub fn connect(options: &Options) -> Result<Server, LocalError> {
    if let Some(url) = &options.url {
        if options.which == Which::Managed {
            return Err(LocalError::Setting {
                name: "EXTRACT_LOCAL",
                value: "managed".to_owned(),
                expected: "possible together with EXTRACT_LOCAL_URL, which names another server",
            });
        }
        return Ok(use_found(find::named(url, options.model.as_deref())?, options));
    }
    if options.which != Which::Managed {
        match (find::running(options), &options.model) {
            (Ok(found), _) => return Ok(use_found(found, options)),
            (Err(looked), Some(model)) if model != crate::platform::MODEL => {
                return Err(LocalError::ModelNotFound { model: model.clone(), looked });
            }
            (Err(looked), _) if options.which == Which::Found => {
                return Err(LocalError::NoneRunning { looked });
            }
            (Err(_), _) => {}
        }
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
