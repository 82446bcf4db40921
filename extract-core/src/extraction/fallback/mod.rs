//! Other models that take over: when they do ([`FallbackOn`]), which of them are left, and which are passed
//! over for a while ([`CircuitBreaker`]).

mod breaker;
mod on;

pub use breaker::CircuitBreaker;
pub(super) use breaker::{Admission, Breaker, Probe};
pub use on::FallbackOn;
