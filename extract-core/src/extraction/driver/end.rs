//! How a turn of the loop ends.

use super::state::Failure;
use crate::conversation::Reply;
use crate::extraction::ask::{Incomplete, Rejection};

/// The end of the loop: a value, or a turn with calls of user tools.
pub(super) enum End<T, C> {
    Value(T, Box<Reply>),
    Calls(C, Box<Reply>),
}

/// The next step after the evaluation of a reply.
pub(super) enum Next<T, C> {
    End(End<T, C>),
    Fail(Failure),
    AskAgain(Rejection),
    /// The value of the reply is kept, and more elements of a list are asked for.
    Continue(Incomplete),
}
