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
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    kept_client(&mut clients, runtime.id(), Client::from_env)
}

/// Returns the client that is kept under this id, or creates and keeps it. Fails if it cannot be created;
/// nothing is kept then.
fn kept_client<I: PartialEq>(
    clients: &mut VecDeque<(I, Client)>,
    id: I,
    create: impl FnOnce() -> Result<Client, Error>,
) -> Result<Client, Error> {
    let kept = clients.iter().position(|(of, _)| *of == id).and_then(|at| clients.remove(at));
    let client = match kept {
        Some((_, client)) => client,
        None => create()?,
    };
    if clients.len() >= MAX_RUNTIMES {
        clients.pop_front();
    }
    clients.push_back((id, client.clone()));
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extraction::error::InputError;
    use crate::model::Scripted;

    #[test]
    fn a_failure_is_not_kept_and_the_oldest_client_is_dropped() {
        let mut clients = VecDeque::new();
        let create = || Ok(Client::with_model(Scripted::new([])));
        let fail = || Err(Error::from(InputError::Empty));
        assert!(kept_client(&mut clients, 0, fail).is_err());
        assert!(kept_client(&mut clients, 0, create).is_ok());
        for id in 1..MAX_RUNTIMES {
            assert!(kept_client(&mut clients, id, create).is_ok());
        }
        assert!(kept_client(&mut clients, 0, fail).is_ok(), "it is kept, and is the last used now");
        assert!(kept_client(&mut clients, MAX_RUNTIMES, create).is_ok());
        assert_eq!(clients.len(), MAX_RUNTIMES);
        assert!(kept_client(&mut clients, 0, fail).is_ok());
        assert!(kept_client(&mut clients, 1, fail).is_err(), "it was dropped");
    }
}
