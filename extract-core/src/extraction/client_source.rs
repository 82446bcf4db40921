//! The client of one extraction: a given one, or the one of the environment, which is kept for later calls.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Handle, Id};

use super::client::Client;
use super::error::Error;

/// The maximum number of runtimes whose client is kept. The one used longest ago is dropped.
const MAX_RUNTIMES: usize = 8;

/// The clients of the environment, one for each tokio runtime, the last used one at the end. The connections
/// of a client end with the runtime that opened them.
static CLIENTS: Mutex<VecDeque<(Id, Client)>> = Mutex::new(VecDeque::new());

/// The client of an extraction.
#[derive(Debug)]
pub(super) enum ClientSource {
    Given(Client),
    /// The client of the environment, chosen when the extraction starts.
    Environment,
}

impl ClientSource {
    /// Returns the client. Fails if the environment does not define one.
    pub(super) fn client(self) -> Result<Client, Error> {
        match self {
            Self::Given(client) => Ok(client),
            Self::Environment => of_environment(),
        }
    }
}

/// Returns the client that the current tokio runtime keeps, or creates it. Outside of a runtime, the client
/// is new. Fails if the environment does not define a client; the next call reads it again.
fn of_environment() -> Result<Client, Error> {
    let Ok(runtime) = Handle::try_current() else { return Client::from_env() };
    let id = runtime.id();
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let client = match clients.iter().position(|(of, _)| *of == id) {
        Some(index) => clients.remove(index).map_or_else(Client::from_env, |(_, kept)| Ok(kept))?,
        None => Client::from_env()?,
    };
    if clients.len() >= MAX_RUNTIMES {
        clients.pop_front();
    }
    clients.push_back((id, client.clone()));
    Ok(client)
}
