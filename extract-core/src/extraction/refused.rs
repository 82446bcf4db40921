//! [`Refused`]: the modes, tool layouts and settings that a server was found to refuse. A client
//! remembers them, so that no later extraction asks for them again.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::contract::Contract;
use crate::conversation::{Mode, Settings};

/// What a server refused. Modes and tool layouts: for every type, or for the type whose schema it rejected.
#[derive(Debug, Default)]
pub(super) struct Refused {
    modes: Mutex<Vec<(Mode, Option<Weak<Contract>>)>>,
    splits: Mutex<Vec<Weak<Contract>>>,
    /// The settings that the server refused, with its reasons.
    settings: Mutex<Vec<(String, String)>>,
}

impl Refused {
    /// Records that the server refuses the mode.
    pub(super) fn add(&self, mode: Mode) {
        self.push(mode, None);
    }

    /// Records that the server refuses the schema of this contract in the mode.
    pub(super) fn add_for(&self, mode: Mode, contract: &Arc<Contract>) {
        self.push(mode, Some(Arc::downgrade(contract)));
    }

    /// Records that the server refuses this contract as several tools.
    pub(super) fn add_split(&self, contract: &Arc<Contract>) {
        let mut splits = self.splits.lock().unwrap_or_else(PoisonError::into_inner);
        splits.retain(|known| known.strong_count() > 0);
        splits.push(Arc::downgrade(contract));
    }

    /// Returns whether the server refused this contract as several tools.
    pub(super) fn has_split(&self, contract: &Arc<Contract>) -> bool {
        let splits = self.splits.lock().unwrap_or_else(PoisonError::into_inner);
        splits.iter().any(|known| known.as_ptr() == Arc::as_ptr(contract))
    }

    /// Records that the server refuses a setting.
    pub(super) fn add_setting(&self, name: &str, reason: String) {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if settings.iter().all(|(known, _)| known != name) {
            settings.push((name.to_owned(), reason));
        }
    }

    /// Returns the server's reason for the refusal of a setting. `None` if it was not refused.
    pub(super) fn reason(&self, name: &str) -> Option<String> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        settings.iter().find(|(known, _)| known == name).map(|(_, reason)| reason.clone())
    }

    /// Removes the settings that the server refused. Returns a note for each that was set.
    pub(super) fn unset(&self, settings: &mut Settings) -> Vec<String> {
        let refused = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = refused.iter().filter(|(name, _)| settings.unset(name));
        removed.map(|(name, reason)| format!("`{name}` is left out: {reason}")).collect()
    }

    fn push(&self, mode: Mode, contract: Option<Weak<Contract>>) {
        let mut refused = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        // Contracts of run-time schemas come and go.
        refused.retain(|(_, known)| known.as_ref().is_none_or(|known| known.strong_count() > 0));
        let of = contract.as_ref().map(Weak::as_ptr);
        if !refused
            .iter()
            .any(|(known, other)| *known == mode && other.as_ref().map(Weak::as_ptr) == of)
        {
            refused.push((mode, contract));
        }
    }

    /// Returns the modes that are not refused for a contract, or all of them if every one is.
    pub(super) fn remaining(&self, modes: &[Mode], contract: &Arc<Contract>) -> Vec<Mode> {
        let refused = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_refused = |mode: &Mode| {
            refused.iter().any(|(known, of)| {
                let concerns = |of: &Weak<Contract>| of.as_ptr() == Arc::as_ptr(contract);
                known == mode && of.as_ref().is_none_or(concerns)
            })
        };
        let left: Vec<Mode> = modes.iter().copied().filter(|mode| !is_refused(mode)).collect();
        if left.is_empty() { modes.to_vec() } else { left }
    }
}
