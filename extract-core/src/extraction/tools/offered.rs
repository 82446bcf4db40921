//! [`OfferedTool`]: a tool of the user as an extraction holds it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::running::{RunTool, ToolFn, runner};
use crate::contract::{ContractError, Extract, UserTool};
use crate::extraction::builder::Extraction;

/// A tool of the user, with its function if the loop runs it.
#[derive(Clone)]
pub(in crate::extraction) struct OfferedTool {
    pub(in crate::extraction) tool: UserTool,
    /// Runs a call. `None` if the caller makes it.
    pub(in crate::extraction) run: Option<Arc<dyn RunTool>>,
}

impl OfferedTool {
    /// Makes a tool whose calls the caller makes.
    pub(in crate::extraction) fn handed(tool: UserTool) -> Self {
        Self { tool, run: None }
    }

    /// Makes a tool whose calls the loop makes.
    pub(super) fn running<Q, R, F>(tool: UserTool, run: F) -> Self
    where
        Q: Extract,
        R: Serialize + 'static,
        F: ToolFn<Q, R> + Clone + Send + Sync + 'static,
    {
        Self { tool, run: Some(runner(run)) }
    }
}

impl fmt::Debug for OfferedTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.run.is_some();
        f.debug_struct("OfferedTool").field("tool", &self.tool).field("runs", &runs).finish()
    }
}

impl<T> Extraction<T> {
    /// Adds a tool. An error of its contract is reported once the extraction is awaited.
    pub(super) fn with_tool(mut self, tool: Result<OfferedTool, ContractError>) -> Self {
        self.user_tools.push(tool);
        self
    }
}
