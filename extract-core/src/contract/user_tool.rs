//! [`UserTool`]: a tool of the user's own, whose calls are handed over with checked arguments.

use std::sync::Arc;

use serde_json::Value;

use super::{Contract, ContractError, Extract, name};
use crate::conversation::Tool;

/// A tool of the user's own, offered beside the one that gives the value: see
/// [`Extraction::tools`](crate::Extraction::tools).
///
/// ```
/// use extract_llm::contract::UserTool;
/// use serde_json::json;
///
/// let weather = UserTool::new("get_weather", json!({
///     "type": "object",
///     "properties": {"city": {"type": "string"}},
///     "required": ["city"],
/// }))?
/// .description("The weather in a city, now.");
/// assert_eq!(weather.name(), "get_weather");
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
#[derive(Debug, Clone)]
pub struct UserTool {
    name: String,
    description: Option<String>,
    contract: Arc<Contract>,
}

impl UserTool {
    /// A tool whose arguments are a type: its name and description are those of the type. It is
    /// looked up, not built, after the first call for a type.
    ///
    /// ```
    /// use extract_llm::contract::UserTool;
    ///
    /// let tool = UserTool::of::<(f64, f64)>()?.named("distance");
    /// assert_eq!(tool.name(), "distance");
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn of<T: Extract>() -> Result<Self, ContractError> {
        Contract::of::<T>().map(Self::from)
    }

    /// A tool whose arguments are known by a JSON Schema. What is wrong with that is an error here.
    pub fn new(name: &str, schema: Value) -> Result<Self, ContractError> {
        Contract::from_schema_named(name, schema).map(Self::from)
    }

    /// Sets the name, cleaned to what every provider takes: `[A-Za-z0-9_-]{1,64}`.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name::clean(name);
        self
    }

    /// Says when to call it and what it gives.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The name that the model calls it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its arguments are held to.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The tool under its own name, with the schema of this form of its contract.
    pub(crate) fn sealed(&self, tool: &Arc<Tool>) -> Arc<Tool> {
        if tool.name == self.name && tool.description == self.description {
            return Arc::clone(tool);
        }
        let mut own = Tool::clone(tool);
        own.name.clone_from(&self.name);
        own.description.clone_from(&self.description);
        Arc::new(own)
    }
}

impl From<Arc<Contract>> for UserTool {
    fn from(contract: Arc<Contract>) -> Self {
        let description = contract.description().map(str::to_owned);
        Self { name: contract.name().to_owned(), description, contract }
    }
}
