//! Tests of the embedded model's server.

mod support;

#[cfg(unix)]
mod faults;
mod found;
#[cfg(unix)]
mod managed;
