//! Filling a [`Partial`](super::Partial) from the scanner's events. Knows the contract and the
//! dialect that the reply is in; no provider and no loop.

mod coerce;
mod enter;
mod frame;
mod growing;
mod guide;
mod hand;
mod live;
mod member;
mod show;
mod stream_transform;
mod turned;

pub use live::Live;
