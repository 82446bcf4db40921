//! [`SchemaSource`]: a run-time schema, or a contract that was built before.

use std::sync::Arc;

use serde_json::Value;

use super::{Contract, ContractError};

/// The source of the contract for answers that no Rust type describes: a JSON Schema, or a contract that
/// was built before.
///
/// ```
/// use extract_llm::contract::{Contract, SchemaSource};
/// use serde_json::json;
///
/// let schema = json!({"title": "Person", "type": "object", "properties": {"name": {"type": "string"}}});
/// let once: SchemaSource = schema.into();
/// let contract = once.contract()?;
/// let again: SchemaSource = contract.clone().into(); // nothing is built a second time
/// assert!(std::sync::Arc::ptr_eq(&again.contract()?, &contract));
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SchemaSource {
    /// A JSON Schema. Its contract is built at each use.
    Schema(Value),
    /// A contract that was built before.
    Contract(Arc<Contract>),
}

impl SchemaSource {
    /// Returns the contract, which is built first if the source is a schema. Fails as
    /// [`Contract::from_schema`] does.
    pub fn contract(self) -> Result<Arc<Contract>, ContractError> {
        match self {
            Self::Schema(schema) => Contract::from_schema(schema),
            Self::Contract(contract) => Ok(contract),
        }
    }
}

impl From<Value> for SchemaSource {
    fn from(schema: Value) -> Self {
        Self::Schema(schema)
    }
}

impl From<&Value> for SchemaSource {
    fn from(schema: &Value) -> Self {
        Self::Schema(schema.clone())
    }
}

impl From<Arc<Contract>> for SchemaSource {
    fn from(contract: Arc<Contract>) -> Self {
        Self::Contract(contract)
    }
}

impl From<&Arc<Contract>> for SchemaSource {
    fn from(contract: &Arc<Contract>) -> Self {
        Self::Contract(Arc::clone(contract))
    }
}
