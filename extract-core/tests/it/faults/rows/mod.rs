//! The faults, by subject.

mod bodies;
mod classes;
mod connection;
mod ends;
mod misplaced;
mod modes;
mod oddities;
mod secure;

use super::row::Chapter;

/// Returns all rows of the matrix.
pub(super) fn chapters() -> Vec<Chapter> {
    vec![
        ends::chapter(),
        oddities::chapter(),
        misplaced::chapter(),
        classes::chapter(),
        modes::chapter(),
        connection::chapter(),
        bodies::chapter(),
        secure::tls(),
        secure::http2(),
    ]
}
