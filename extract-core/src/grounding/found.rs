//! [`FoundQuotes`]: the quotes of a value, as a check finds them in the source.

use std::sync::{Mutex, PoisonError};

use super::Located;

/// The JSON pointers of quotes, with their places in the source. A check fills it if the context holds one.
#[derive(Debug, Default)]
pub(crate) struct FoundQuotes(Mutex<Vec<(String, Located)>>);

impl FoundQuotes {
    /// Adds a quote that was found.
    pub(crate) fn add(&self, pointer: &str, located: &Located) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.push((pointer.to_owned(), located.clone()));
    }

    /// Takes what was found.
    pub(crate) fn take(&self) -> Vec<(String, Located)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
