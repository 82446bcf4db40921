//! The only module with sockets: sends requests, receives bounded responses and classifies transport
//! errors. Knows no provider and no protocol above HTTP.
//!
//! ```
//! use extract_core::http::Transport;
//! use extract_llm::model::TransportOptions;
//!
//! let transport = Transport::new(TransportOptions::default())?;
//! assert_eq!(transport.max_reply_bytes(), 32 * 1024 * 1024);
//! # Ok::<(), extract_llm::reqwest::Error>(())
//! ```

mod body;
mod exchange_error;
mod forbid;
mod loopback;
mod paused_timeout;
mod pools;
mod request;
mod retry_after;
mod runtime;
mod tape;
mod transport;

pub(crate) use forbid::check_allowed;
pub use forbid::{forbid_all_calls, forbid_real_calls};
pub(crate) use loopback::is_loopback;
pub(crate) use paused_timeout::within;
pub use request::HttpRequest;
pub use reqwest;
pub use retry_after::retry_after;
pub(crate) use runtime::timer;
pub(crate) use tape::{RecordedExchange, Recording, Tape};
pub(crate) use transport::too_large;
pub use transport::{HttpResponse, Transport, TransportOptions};
