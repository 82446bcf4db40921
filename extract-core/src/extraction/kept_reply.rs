//! [`KeptReply`]: the reply of a row, as the journal of a run keeps it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::Entry;

/// A reply that is read before a request is sent, and the reply that was accepted.
#[derive(Default)]
pub(crate) struct KeptReply {
    given: Mutex<Option<Arc<Entry>>>,
    was_given: bool,
    accepted: Mutex<Option<Arc<Entry>>>,
}

impl KeptReply {
    /// Holds a reply to be read.
    pub(crate) fn given(reply: Entry) -> Self {
        Self { given: Mutex::new(Some(Arc::new(reply))), was_given: true, ..Self::default() }
    }

    /// Whether it held a reply to be read.
    pub(crate) fn was_given(&self) -> bool {
        self.was_given
    }

    /// Takes the reply to be read.
    pub(super) fn take_given(&self) -> Option<Arc<Entry>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps an accepted reply.
    pub(super) fn accept(&self, reply: Arc<Entry>) {
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
    }

    /// Takes the reply that was accepted. `None` if the value is made of several replies.
    pub(crate) fn take_accepted(&self) -> Option<Arc<Entry>> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
