//! Tools that the loop runs. The driver runs the calls.

mod error;
mod offered;
mod running;
mod settings;

pub use error::{ToolError, ToolFailure};
pub(super) use offered::OfferedTool;
pub use running::{MAX_TOOL_RESULT, ToolFn};
pub(super) use running::{RunResult, RunTool};
