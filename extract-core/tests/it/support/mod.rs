//! Parts that several modules of the tests share.

pub(crate) mod server;
