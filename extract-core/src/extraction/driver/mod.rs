//! The loop of one extraction: ask, read, check; feed the problems back and ask again. A failure that no
//! re-ask can mend ends it.

mod attempt;
mod cache_use;
mod cached;
mod confidence;
mod dialogue;
mod end;
mod events;
mod fallback;
mod hedge;
mod lane;
mod limits;
mod list_rest;
mod model_time;
mod next_model;
mod reask;
mod run;
mod run_tools;
mod second_request;
mod spending;
mod state;
mod tokens;
mod user_calls;

pub(super) use dialogue::address_of;
pub use model_time::DEFAULT_DEADLINE;
pub(crate) use run::Accepted;
pub(super) use run::{Finished, run, run_step};
pub(super) use tokens::count_tokens;
