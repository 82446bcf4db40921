//! [`SecondRequest`]: the request to a second model, while two models are asked.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::conversation::Progress;
use crate::extraction::budget::OpenReservation;
use crate::extraction::ledger::Attempt;

/// The second request, as the ledger needs it if the deadline passes before either model has answered.
pub(super) struct SecondRequest {
    pub(super) attempt: Attempt,
    pub(super) progress: Progress,
    pub(super) launched: Arc<OnceLock<Launched>>,
}

/// When the second request was sent, and what it may use.
pub(super) struct Launched {
    pub(super) at: Instant,
    pub(super) reservation: Mutex<Option<OpenReservation>>,
}

impl Launched {
    pub(super) fn take_reservation(&self) -> Option<OpenReservation> {
        self.reservation.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
