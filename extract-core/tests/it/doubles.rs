//! The models for tests: scripts, made-up data, recordings, and the switch against real calls.

mod cassettes;
mod fakes;
mod forbidden;
mod scripts;
