//! [`SearchCost`]: the work of a look-up, counted.

/// Bytes read and cells computed by look-ups in a source: the counter of the tests.
#[doc(hidden)]
#[derive(Debug, Default, Clone, Copy)]
pub struct SearchCost {
    pub steps: u64,
}

impl SearchCost {
    pub(super) fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps as u64);
    }
}
