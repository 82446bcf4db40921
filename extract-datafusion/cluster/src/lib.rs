//! An Apache Ballista cluster on one machine: a scheduler, executors and a model's server, each in its own process,
//! that run an extraction in SQL. For a cluster on several machines, start the same roles there.
//!
//! Ballista sends a function by its name, so all roles register the same one: [`ticket::function`]. Its settings
//! reach them as arguments of the command.

pub mod cluster;
pub mod data;
pub mod model;
pub mod roles;
pub mod ticket;

/// The result of a role.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
