//! `#[derive(Extract)]`.
