//! Filling a [`Partial`](super::Partial) from the scanner's events. Knows the contract and the
//! dialect that the reply is in; no provider and no loop.

mod builder;
mod coerce;
mod containers;
mod cursor;
mod growing_text;
mod live;
mod member;
mod open_container;
mod reshaped;
mod stream_transform;
mod visibility;

pub use live::Live;
