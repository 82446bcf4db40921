//! The provider table: base URL, environment variables, protocol, and the facts about each provider's
//! models. A new OpenAI-compatible provider is one row in `rows.rs`.

mod facts;
mod families;
mod find;
mod row;
mod rows;
mod thinking;

pub use facts::{Facts, MediaSupport, ModelModes};
pub use find::presets;
pub(super) use find::{custom, find, is_published, likely};
pub use row::{Auth, Preset, Rule};
