//! Parts that several modules of the tests share.

pub(crate) mod bodies;
pub(crate) mod browser;
#[path = "../../../extract-core/tests/it/dialects/rules.rs"]
pub(crate) mod rules;
pub(crate) mod scripted;
#[path = "../../../extract-core/tests/it/support/server.rs"]
pub(crate) mod server;
