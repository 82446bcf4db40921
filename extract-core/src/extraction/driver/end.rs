//! How a turn of the loop ends.

use super::state::Failure;
use super::user_calls::UserCall;
use crate::conversation::{Message, Reply};
use crate::extraction::ask::{Incomplete, Rejection};

/// The end of the loop: a value, or a turn with calls of user tools.
pub(super) enum End<T, C> {
    Value(T, Box<Reply>),
    Calls {
        calls: C,
        reply: Box<Reply>,
        /// The results of the other calls of the reply, which the loop has made.
        results: Vec<Message>,
    },
}

/// The work before the next request, if the reply was not rejected.
pub(super) enum Pending {
    /// Calls of user tools are made.
    Calls(Vec<UserCall>, Box<Reply>),
    /// More elements of a list are asked for.
    List(Incomplete),
}

/// The next step after the evaluation of a reply.
pub(super) enum Next<T, C> {
    End(End<T, C>),
    Fail(Failure),
    AskAgain(Rejection),
    Continue(Pending),
}
