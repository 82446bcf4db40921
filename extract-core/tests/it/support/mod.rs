//! Parts that several modules of the tests share.

pub(crate) mod batches;
pub(crate) mod exchanges;
mod http;
pub(crate) mod limited;
pub(crate) mod replies;
pub(crate) mod server;
#[cfg(feature = "tokenizer")]
pub(crate) mod texts;
#[cfg(feature = "rustls-tls")]
pub(crate) mod tls;
