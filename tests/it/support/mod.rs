//! Parts that several modules of the tests share.

pub(crate) mod bodies;
pub(crate) mod scripted;
#[path = "../../../extract-core/tests/it/support/server.rs"]
pub(crate) mod server;
