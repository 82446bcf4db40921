//! What is said: the messages, parts and settings that are sent, and the reply or the failure that
//! comes back. Plain data that every other room may use; it knows no provider and no network.

mod error;
mod message;
mod reply;
mod request;
mod settings;
mod usage;

pub use error::{ProviderError, ProviderErrorKind};
pub use message::{Input, Message, Part, Role, ToolCall, ToolResult};
pub use reply::{Block, Reply, StopReason};
pub use request::{Mode, Output, Request, Tool};
pub use settings::{ReasoningEffort, Settings};
pub use usage::{Prices, Usage, Usd};
