//! Limits in front of the socket: concurrency, requests and tokens a minute, and one shared cool-down.
//!
//! A [`Governor`] holds the limits of one provider, key and model. A request waits in it for its turn and
//! holds a [`Permit`] until its reply has ended. [`State`](state::State) decides, and its parts know no
//! clock and no I/O: the time is an argument.
//!
//! ```
//! use extract_llm::model::Limits;
//!
//! let limits = Limits::default().concurrency(64).requests_per_minute(500);
//! assert!(!limits.is_off());
//! ```

mod cool_down;
mod estimate;
mod governor;
mod limit_settings;
mod minute;
mod pace;
mod quota;
mod rate_headers;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod turn;
mod window;

pub(super) use estimate::estimated_tokens;
pub(super) use governor::{Governor, Permit};
pub use settings::Limits;
pub(super) use turn::{Refusal, Turn};
