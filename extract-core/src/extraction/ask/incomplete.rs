//! [`Incomplete`]: a value with an incomplete list.

use crate::contract::Problem;

/// A value with an incomplete list.
pub(in crate::extraction) struct Incomplete {
    /// The index of the list in [`Lists`](crate::extraction::lists::Lists).
    pub(in crate::extraction) list: usize,
    /// The problems that were found while the value was read.
    pub(in crate::extraction) problems: Vec<Problem>,
    /// Whether the reply began with elements that may have been given before.
    pub(in crate::extraction) is_unclear: bool,
}
