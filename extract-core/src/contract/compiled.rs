//! [`Contract`]: everything that is known of a type before a request is made, built once.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::constraint::MISPLACED;
use super::dialect::{Dialect, DialectError, Lowered, Raised, lower, render_typescript};
use super::{Extract, Shape, name, push_segment, root};
use crate::conversation::Tool;

/// Why a type cannot be asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The type's JSON Schema is not one that can be checked against.
    #[error("the JSON Schema of `{name}` is not usable at {pointer}: {message}")]
    Schema {
        /// The type's name.
        name: String,
        /// Where in the schema, as a JSON pointer.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
    /// A provider's dialect of JSON Schema cannot say what the type asks for.
    #[error("`{name}` cannot be said in the dialect {dialect}: {source}")]
    Dialect {
        /// The type's name.
        name: String,
        /// The dialect's name.
        dialect: &'static str,
        /// What cannot be said, and where.
        source: DialectError,
    },
}

/// What a type asks for: its JSON Schema, its tool in every dialect, and the compiled validator.
///
/// A contract is built once per type and shared; [`Contract::of`] is a look-up after that.
///
/// ```
/// use extract_core::contract::Contract;
///
/// let contract = Contract::of::<Vec<u8>>()?;
/// assert_eq!(contract.name(), "Array_of_uint8");
/// assert!(contract.is_wrapped()); // a list is not an object, so it travels inside of one
/// # Ok::<(), extract_core::contract::ContractError>(())
/// ```
pub struct Contract {
    name: String,
    description: Option<String>,
    /// The type's own schema.
    schema: Value,
    /// The same with an object at its root; absent where it has one already.
    wrapped: Option<Value>,
    validator: jsonschema::Validator,
    forms: RwLock<Vec<Arc<Form>>>,
    prompt: String,
    /// What is asked for, compiled for reading.
    shape: Shape,
}

/// A contract in one dialect.
#[derive(Debug)]
pub struct Form {
    dialect: &'static str,
    strict: bool,
    /// The tool (or named schema) that is sent.
    pub tool: Arc<Tool>,
    /// What became of the schema, and the way back.
    pub lowered: Lowered,
    /// The lowered schema compiled for reading, where it asks for another shape of value.
    shape: Option<Shape>,
}

type Slot = Arc<OnceLock<Result<Arc<Contract>, ContractError>>>;

static CONTRACTS: OnceLock<RwLock<HashMap<TypeId, Slot>>> = OnceLock::new();

impl Contract {
    /// The contract of a type. The first call for a type builds it; all others, from any thread,
    /// share what it built.
    pub fn of<T: Extract>() -> Result<Arc<Self>, ContractError> {
        let id = TypeId::of::<T>();
        let contracts = CONTRACTS.get_or_init(RwLock::default);
        let slot = {
            let known = contracts.read().unwrap_or_else(PoisonError::into_inner);
            known.get(&id).cloned()
        };
        let slot = slot.unwrap_or_else(|| {
            let mut known = contracts.write().unwrap_or_else(PoisonError::into_inner);
            known.entry(id).or_default().clone()
        });
        slot.get_or_init(|| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.meta_schema = None;
            });
            let schema = settings.into_generator().into_root_schema_for::<T>();
            Self::build(&T::schema_name(), schema.to_value()).map(Arc::new)
        })
        .clone()
    }

    fn build(type_name: &str, schema: Value) -> Result<Self, ContractError> {
        let name = name::clean(type_name);
        let description = schema.get("description").and_then(Value::as_str).map(str::to_owned);
        let mut pointer = String::new();
        if let Some(words) = misplaced(&schema, &mut pointer) {
            let message = format!("`{words}` has no meaning for the type of this field");
            return Err(ContractError::Schema { name, pointer, message });
        }
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            // schemars' name for either kind of address, which JSON Schema has no name for.
            .with_format("ip", |text: &str| text.parse::<IpAddr>().is_ok())
            .build(&schema)
            .map_err(|error| ContractError::Schema {
                name: name.clone(),
                pointer: error.instance_path().to_string(),
                message: error.to_string(),
            })?;
        let wrapped = (!root::is_object(&schema)).then(|| root::wrap(&schema));
        let prompt = render_typescript(wrapped.as_ref().unwrap_or(&schema)).map_err(|source| {
            let dialect = Dialect::JSON_SCHEMA.name();
            ContractError::Dialect { name: name.clone(), dialect, source }
        })?;
        let shape = compile_shape(&name, wrapped.as_ref().unwrap_or(&schema))?;
        let forms = RwLock::default();
        Ok(Self { name, description, schema, wrapped, validator, forms, prompt, shape })
    }

    /// The name that the tool or the schema is sent under: `[A-Za-z0-9_-]{1,64}`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The description of the type, from its doc comment or `#[extract(description = "…")]`.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The JSON Schema (draft 2020-12) of the type itself, which replies are checked against.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the type's root is not an object and therefore travels inside of one.
    pub fn is_wrapped(&self) -> bool {
        self.wrapped.is_some()
    }

    /// The schema that a model is asked to fill: the type's own, or the object around it.
    pub fn asked_schema(&self) -> &Value {
        self.wrapped.as_ref().unwrap_or(&self.schema)
    }

    /// The compiled validator of [`schema`](Self::schema).
    pub(crate) fn validator(&self) -> &jsonschema::Validator {
        &self.validator
    }

    /// The contract in one dialect: lowered at the first call, looked up after that. With `strict`
    /// the provider is asked to enforce the schema while the model writes.
    pub fn form(
        &self,
        dialect: &'static Dialect,
        strict: bool,
    ) -> Result<Arc<Form>, ContractError> {
        let matches = |form: &&Arc<Form>| form.dialect == dialect.name() && form.strict == strict;
        let known = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = known.iter().find(matches) {
            return Ok(Arc::clone(form));
        }
        drop(known);
        let lowered = lower(self.asked_schema(), dialect).map_err(|source| {
            ContractError::Dialect { name: self.name.clone(), dialect: dialect.name(), source }
        })?;
        let mut tool = Tool::new(&self.name, lowered.schema.clone()).strict(strict);
        tool.description.clone_from(&self.description);
        // Where values keep their shape, the type's own schema says more: it knows the aliases.
        let shape = if lowered.is_identity() {
            None
        } else {
            Some(compile_shape(&self.name, &lowered.schema)?)
        };
        let form = Form { dialect: dialect.name(), strict, tool: Arc::new(tool), lowered, shape };
        let form = Arc::new(form);
        let mut known = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster; its form is the one that is shared.
        if let Some(first) = known.iter().find(matches) {
            return Ok(Arc::clone(first));
        }
        known.push(Arc::clone(&form));
        Ok(form)
    }

    /// The compact form of the schema that prompts carry where no schema can be sent: types in
    /// the manner of TypeScript, with descriptions and bounds as comments.
    pub fn prompt_schema(&self) -> &str {
        &self.prompt
    }

    /// What is asked for in `form`, or in words where there is none, compiled for reading.
    pub fn shape<'a>(&'a self, form: Option<&'a Form>) -> &'a Shape {
        form.and_then(|form| form.shape.as_ref()).unwrap_or(&self.shape)
    }

    /// Turns a value that a model gave for `form` into one of the type's own shape. What is wrong
    /// with it and cannot be seen in the result any more comes along, in the result's pointers.
    pub(crate) fn raise(&self, form: Option<&Form>, value: Value) -> Raised {
        let mut raised = match form {
            Some(form) => form.lowered.raise_checked(value),
            None => Raised { value, problems: Vec::new() },
        };
        if self.is_wrapped() {
            raised.value = root::unwrap(raised.value);
            for problem in &mut raised.problems {
                if let Some(inner) = root::inside(&problem.pointer) {
                    problem.pointer = inner.to_owned();
                }
            }
        }
        raised
    }

    /// The pointer of a place as the model sees it, which has a value's wrapping in it.
    pub(crate) fn asked_pointer(&self, pointer: &str) -> String {
        if self.is_wrapped() { root::outside(pointer) } else { pointer.to_owned() }
    }
}

fn compile_shape(name: &str, schema: &Value) -> Result<Shape, ContractError> {
    Shape::compile(schema).map_err(|error| ContractError::Schema {
        name: name.to_owned(),
        pointer: String::new(),
        message: error.to_string(),
    })
}

/// The place of a constraint word that has no meaning for the type of the field it stands on, which
/// the derive cannot know and schemars would leave out in silence.
fn misplaced(schema: &Value, pointer: &mut String) -> Option<String> {
    match schema {
        Value::Object(object) => {
            // As a keyword it holds a list of words; a property of this name would hold a schema.
            if let Some(Value::Array(words)) = object.get(MISPLACED) {
                let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                return Some(words.join("`, `"));
            }
            object.iter().find_map(|(key, value)| misplaced_at(key, value, pointer))
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, value)| misplaced_at(&index.to_string(), value, pointer))
        }
        _ => None,
    }
}

fn misplaced_at(segment: &str, value: &Value, pointer: &mut String) -> Option<String> {
    let here = pointer.len();
    push_segment(pointer, segment);
    let found = misplaced(value, pointer);
    if found.is_none() {
        pointer.truncate(here);
    }
    found
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("name", &self.name)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
