//! [`SearchCost`]: counts the work of a search.

/// The number of bytes read and cells computed by searches in a source, for tests of their cost.
#[doc(hidden)]
#[derive(Debug, Default, Clone, Copy)]
pub struct SearchCost {
    pub steps: u64,
}

impl SearchCost {
    /// Adds to the count.
    pub(super) fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps as u64);
    }
}
