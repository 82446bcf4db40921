//! [`UserTool`]: a tool of the user. Its calls are returned with checked arguments.

use std::sync::Arc;

use serde_json::Value;

use super::{Contract, ContractError, Extract, name};
use crate::conversation::Tool;

/// A tool of the user, offered beside the tool that answers with the value. See
/// [`Extraction::tools`](crate::Extraction::tools).
///
/// ```
/// use extract_llm::UserTool;
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
    /// Creates a tool whose arguments are a type, with the name and the description of the type. The
    /// contract of the type is built at its first use only.
    ///
    /// Fails as [`Contract::of`] does.
    ///
    /// ```
    /// use extract_llm::UserTool;
    ///
    /// let tool = UserTool::of::<(f64, f64)>()?.named("distance");
    /// assert_eq!(tool.name(), "distance");
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn of<T: Extract>() -> Result<Self, ContractError> {
        Contract::of::<T>().map(Self::from)
    }

    /// Creates a tool whose arguments have a JSON Schema. Fails as [`Contract::from_schema`] does.
    pub fn new(name: &str, schema: Value) -> Result<Self, ContractError> {
        Contract::from_schema_named(name, schema).map(Self::from)
    }

    /// Sets the name. It is cleaned to the characters that every provider accepts: `[A-Za-z0-9_-]{1,64}`.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name::clean(name);
        self
    }

    /// Sets the description: when to call the tool, and what it returns. The default is that of the schema.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Returns the name that the model calls the tool by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the description, if there is one.
    pub(crate) fn description_text(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the contract of the arguments.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Returns the tool with this name and description, and with the lowered schema of `tool`.
    pub(crate) fn with_schema_of(&self, tool: &Arc<Tool>) -> Arc<Tool> {
        if tool.name == self.name && tool.description == self.description {
            return Arc::clone(tool);
        }
        let mut tree = Tool::clone(tool);
        tree.name.clone_from(&self.name);
        tree.description.clone_from(&self.description);
        Arc::new(tree)
    }
}

impl From<Arc<Contract>> for UserTool {
    fn from(contract: Arc<Contract>) -> Self {
        let description = contract.description().map(str::to_owned);
        Self { name: contract.name().to_owned(), description, contract }
    }
}
