//! The client of one extraction: a given one, or the one of the environment, which is kept for later calls.

use std::sync::{Mutex, PoisonError};

use super::client::Client;
use super::error::Error;

/// The client of the environment, once it could be created.
static ENVIRONMENT: Mutex<Option<Client>> = Mutex::new(None);

/// The client of an extraction.
#[derive(Debug)]
pub(super) enum ClientSource {
    Given(Client),
    /// The client of the environment, chosen when the extraction starts.
    Environment,
}

impl ClientSource {
    /// Returns the client. Fails if the environment does not define one; the next call reads it again.
    pub(super) fn client(self) -> Result<Client, Error> {
        match self {
            Self::Given(client) => Ok(client),
            Self::Environment => kept(&ENVIRONMENT, Client::from_env),
        }
    }
}

/// Returns the kept client, or creates and keeps it. A failure is not kept.
fn kept(
    place: &Mutex<Option<Client>>,
    create: impl FnOnce() -> Result<Client, Error>,
) -> Result<Client, Error> {
    let mut kept = place.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = &*kept {
        return Ok(client.clone());
    }
    let client = create()?;
    *kept = Some(client.clone());
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extraction::error::InputError;
    use crate::model::Scripted;

    #[test]
    fn a_failure_is_not_kept() {
        let place = Mutex::new(None);
        let fail = || Err(Error::from(InputError::Empty));
        assert!(kept(&place, fail).is_err());
        assert!(kept(&place, || Ok(Client::with_model(Scripted::new([])))).is_ok());
        assert!(kept(&place, fail).is_ok());
    }
}
