//! Runs over the batch services of providers. The requests of the rows wait in a [`BatchModel`](model), so that
//! reading, checks and re-asks are those of any run. The keeper gathers them into batches, whose state is in a
//! folder.

mod failure;
mod faults;
mod folder;
mod held;
mod keeper;
mod log;
mod model;
mod request_id;
mod run;
mod service;
mod settings;
mod status;
mod store;

pub use run::{BatchCanceller, BatchRun};
pub use settings::Batches;
pub use status::{BatchState, BatchStatus};
