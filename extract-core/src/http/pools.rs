//! The pools of connections: one for each tokio runtime, because a connection ends with the runtime that
//! opened it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Handle, Id};

use super::transport::TransportOptions;

/// The maximum number of runtimes whose connections are kept. Those used longest ago are dropped.
const MAX_RUNTIMES: usize = 8;

/// The name and version of this library, as the `User-Agent`.
const USER_AGENT: &str = concat!("extract-llm/", env!("CARGO_PKG_VERSION"));

/// The HTTP clients of a transport, with their connections.
#[derive(Debug)]
pub(super) struct Pools {
    options: TransportOptions,
    clients: Mutex<Clients>,
}

#[derive(Debug)]
struct Clients {
    /// A client that no runtime has used yet.
    unused: Option<reqwest::Client>,
    /// The clients by runtime, the one used last at the end.
    used: VecDeque<(Id, reqwest::Client)>,
}

impl Pools {
    /// Creates the first client, which makes no connection. Fails if it cannot be built.
    pub(super) fn new(options: TransportOptions) -> Result<Self, reqwest::Error> {
        let unused = Some(build(&options)?);
        let clients = Mutex::new(Clients { unused, used: VecDeque::new() });
        Ok(Self { options, clients })
    }

    /// Returns the client of the current runtime. Outside of a runtime the client is new.
    pub(super) fn client(&self) -> Result<reqwest::Client, reqwest::Error> {
        let Ok(runtime) = Handle::try_current() else { return build(&self.options) };
        let id = runtime.id();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = clients.used.iter().position(|(of, _)| *of == id);
        let client = match kept.and_then(|at| clients.used.remove(at)) {
            Some((_, client)) => client,
            None => match clients.unused.take() {
                Some(client) => client,
                None => build(&self.options)?,
            },
        };
        if clients.used.len() >= MAX_RUNTIMES {
            clients.used.pop_front();
        }
        clients.used.push_back((id, client.clone()));
        Ok(client)
    }
}

fn build(options: &TransportOptions) -> Result<reqwest::Client, reqwest::Error> {
    install_crypto();
    // The retry policy alone decides how often a request is sent.
    let mut builder = reqwest::Client::builder()
        .connect_timeout(options.connect_timeout)
        .user_agent(USER_AGENT)
        .retry(reqwest::retry::never());
    if !options.proxy {
        builder = builder.no_proxy();
    }
    #[cfg(any(feature = "rustls-tls", feature = "native-tls"))]
    if options.is_plain {
        // Reading the certificates of the system takes longer than a request.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    if let Some(configure) = &options.configure {
        builder = configure(builder);
    }
    // A redirect would send the key to another server, and turn a POST into a GET.
    builder.redirect(reqwest::redirect::Policy::none()).build()
}

/// Installs ring as the cryptography of rustls, unless the process has chosen another provider.
fn install_crypto() {
    #[cfg(feature = "rustls-tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails if another thread has just installed a provider, which is fine as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
