//! Parts that several modules of the tests share.

pub(crate) mod exchanges;
pub(crate) mod server;
