//! [`Contract`]: the schema, tool, validator and reading shape of one type, built once. Knows no request
//! and no client.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::Value;

use super::contract_error::{ContractError, uncompiled, unreadable};
use super::counting::{CountMember, CountingContracts};
use super::dialect::{Dialect, Lowered, lower_tree, member_list, render};
use super::element_contract::ElementContracts;
use super::list_rest::RestContracts;
use super::{
    DialectReport, Extract, Shape, Variants, cache, counting, name, schema_of, type_walk, wrapper,
};
use crate::conversation::Tool;
use crate::schema::{
    CheckKind, NodeId, Origin, StackRoom, Tree, WrittenId, bounded, contradiction, embed,
    in_json_schema, modernized, validator,
};

/// The JSON Schema of a type, with its tool in every dialect and its compiled validator.
///
/// [`Contract::of`] builds a contract at the first call for a type and looks it up after that.
///
/// ```
/// use extract_llm::contract::Contract;
///
/// let contract = Contract::of::<Vec<u8>>()?;
/// assert_eq!(contract.name(), "Array_of_uint8");
/// assert!(contract.is_wrapped()); // a list is not an object, so it travels inside of one
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
pub struct Contract {
    name: String,
    description: Option<String>,
    /// The schema of the type itself.
    schema: Value,
    /// The same schema inside an object; `None` if the type is an object already.
    wrapped: Option<Value>,
    /// The sent schema with members for counts; `None` without such members.
    counted: Option<Value>,
    /// The sent schema, parsed. All visitors of the schema use this tree.
    tree: Arc<Tree>,
    validator: validator::Validator,
    /// The results of [`form`](Contract::form) so far: a lowered contract, or the refusal of the dialect.
    forms: RwLock<Vec<CachedForm>>,
    /// The text of [`prompt_schema`](Contract::prompt_schema).
    prompt: OnceLock<String>,
    /// The text of [`member_list`](Contract::member_list).
    members: OnceLock<Option<String>>,
    /// The sent schema, compiled for reading.
    shape: Shape,
    variants: OnceLock<Option<Arc<Variants>>>,
    elements: ElementContracts,
    /// The members of the sent object in which the model states numbers of elements. The type has none of
    /// them.
    pub(super) counts: Vec<CountMember>,
    /// The contracts of the same type with such members, as far as they were built.
    pub(super) counting: CountingContracts,
    /// The contracts of the rest of its lists.
    rests: RestContracts,
    /// The schema came at run time and no Rust type reads the value.
    pub(super) is_given: bool,
}

/// A contract lowered into one dialect.
#[derive(Debug)]
pub struct LoweredContract {
    dialect: &'static Dialect,
    /// Whether the provider is asked to enforce the schema.
    strict: bool,
    /// The tool, or the named schema, that is sent.
    pub tool: Arc<Tool>,
    /// The lowered schema, the notes about its changes, and the transformation of its values.
    pub lowered: Lowered,
    /// The lowered schema, compiled for reading; `None` if values keep the type's shape.
    shape: Option<Shape>,
}

/// The contract in one dialect, or the refusal of that dialect.
struct CachedForm {
    dialect: &'static str,
    strict: bool,
    form: Result<Arc<LoweredContract>, ContractError>,
}

impl CachedForm {
    /// Whether this is the result for a dialect and `strict`.
    fn is_of(&self, dialect: &Dialect, strict: bool) -> bool {
        self.dialect == dialect.name() && self.strict == strict
    }
}

impl Contract {
    /// Returns the contract of a type. The first call for a type builds it; later calls on any thread
    /// return the same `Arc`.
    ///
    /// Fails if the type has a [`TypeFault`](super::TypeFault), if its schema cannot be read or compiled,
    /// or if no value can meet the constraints of a field.
    pub fn of<T: Extract>() -> Result<Arc<Self>, ContractError> {
        cache::get_or_build(TypeId::of::<T>(), || {
            let name = name::clean(&T::schema_name());
            if let Some(source) = type_walk::find::<T>() {
                return Err(ContractError::Type { name, source: Box::new(source) });
            }
            let contract = Self::build(name, schema_of::<T>(), false)?;
            if let Some((pointer, message)) = contradiction::find(&contract.tree) {
                let pointer = contract.type_schema_pointer(&pointer);
                return Err(ContractError::Schema { name: contract.name, pointer, message });
            }
            Ok(Arc::new(contract))
        })
    }

    /// Builds the contract of a JSON Schema (draft 4 to 2020-12, or `OpenAPI` 3.0) that is known only at
    /// run time.
    ///
    /// The name is the schema's `title`, or `answer` without one. An object that lists no members may have
    /// any members. The contract is not cached: keep the `Arc` to use it again.
    ///
    /// The schema may be untrusted. It is refused if it is nested too deeply, is too large, is too costly
    /// to check against, or refers to anything outside of itself. References are never fetched or read from
    /// disk.
    ///
    /// ```
    /// use extract_llm::contract::Contract;
    /// use serde_json::{Value, json};
    ///
    /// let contract = Contract::from_schema(json!({
    ///     "title": "Shop item",
    ///     "type": "object",
    ///     "properties": {"sku": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"}},
    ///     "required": ["sku"],
    /// }))?;
    /// assert_eq!(contract.name(), "Shop_item");
    /// assert!(contract.parse::<Value>(r#"{"sku": "A-17"}"#).is_ok());
    ///
    /// let remote = json!({"$ref": "https://example.com/schema.json"});
    /// let refused = Contract::from_schema(remote).unwrap_err();
    /// assert!(refused.to_string().contains("nothing is ever fetched"));
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn from_schema(schema: Value) -> Result<Arc<Self>, ContractError> {
        let title = embed::title(&schema).unwrap_or("answer");
        let name = name::clean(title);
        Self::of_run_time_schema(name, schema)
    }

    /// Builds the contract of a run-time schema as [`from_schema`](Self::from_schema) does, under another
    /// name. The name is cleaned to `[A-Za-z0-9_-]{1,64}`.
    ///
    /// ```
    /// # use extract_llm::contract::Contract;
    /// # use serde_json::json;
    /// let contract = Contract::from_schema_named("shop item", json!({"type": "object"}))?;
    /// assert_eq!(contract.name(), "shop_item");
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn from_schema_named(name: &str, schema: Value) -> Result<Arc<Self>, ContractError> {
        Self::of_run_time_schema(name::clean(name), schema)
    }

    /// Bounds a run-time schema, converts it to draft 2020-12, and builds its contract.
    fn of_run_time_schema(name: String, schema: Value) -> Result<Arc<Self>, ContractError> {
        match bounded(schema).and_then(modernized) {
            Ok(schema) => Self::build(name, schema, true).map(Arc::new),
            Err(source) => Err(ContractError::Unbounded { name, source }),
        }
    }

    /// Builds the contract of a schema that is made of subschemas of this one.
    pub(super) fn build_like(&self, name: String, schema: Value) -> Result<Self, ContractError> {
        Self::build(name, schema, self.is_given)
    }

    /// Builds the contract of the same type whose sent object has members for counts.
    pub(super) fn build_with_counts(
        &self,
        counts: Vec<CountMember>,
    ) -> Result<Self, ContractError> {
        let (name, schema) = (self.name.clone(), self.schema.clone());
        StackRoom::of_document(&self.schema)
            .run(|| Self::build_here(name, schema, self.is_given, counts))
    }

    /// Builds a contract on a stack that is large enough for the depth of the schema.
    fn build(name: String, schema: Value, is_given: bool) -> Result<Self, ContractError> {
        StackRoom::of_document(&schema).run(|| Self::build_here(name, schema, is_given, Vec::new()))
    }

    /// Builds a contract on the current stack.
    fn build_here(
        name: String,
        mut schema: Value,
        is_given: bool,
        counts: Vec<CountMember>,
    ) -> Result<Self, ContractError> {
        validator::say_deprecated(&mut schema);
        let origin = if is_given { Origin::Document } else { Origin::Type };
        // A schema with alternatives is not an object: its tree is parsed once, inside the wrapper.
        let own = (!embed::has_alternatives(&schema))
            .then(|| read_tree(&name, &schema, origin, false))
            .transpose()?;
        let (wrapped, tree) = match own.filter(|own| wrapper::is_object(own, own.root())) {
            Some(own) => (None, own),
            None => {
                let wrapped = wrapper::wrap(&schema);
                let tree = read_tree(&name, &wrapped, origin, true)?;
                (Some(wrapped), tree)
            }
        };
        let counted = counting::with_counts(wrapped.as_ref().unwrap_or(&schema), &counts);
        let (counted, tree) = match (counts.is_empty(), counted) {
            (true, _) => (None, tree),
            (false, None) => return Err(counting::no_members(name)),
            (false, Some(counted)) => {
                let tree = read_tree(&name, &counted, origin, wrapped.is_some())?;
                (Some(counted), tree)
            }
        };
        let tree = Arc::new(tree);
        let dialect = &Dialect::JSON_SCHEMA;
        let lowered = lower_tree(&tree, dialect).map_err(|error| {
            let source = if wrapped.is_some() { error.inside() } else { error };
            ContractError::Dialect {
                name: name.clone(),
                dialect: dialect.name(),
                source: Box::new(source),
            }
        })?;
        let shape = shape_of(&name, &tree, wrapped.is_some())?.counting(&counting::names(&counts));
        let around = |pointer: &str| {
            if wrapped.is_some() {
                wrapper::schema_pointer_outside(pointer)
            } else {
                pointer.to_owned()
            }
        };
        let validator = validator::compile(&tree, &schema, around)
            .map_err(|error| uncompiled(&name, &error))?;
        let mut contract = Self {
            name,
            description: None,
            schema,
            wrapped,
            counted,
            tree,
            validator,
            forms: RwLock::default(),
            prompt: OnceLock::new(),
            members: OnceLock::new(),
            shape,
            variants: OnceLock::new(),
            elements: ElementContracts::default(),
            counts,
            counting: CountingContracts::default(),
            rests: RestContracts::default(),
            is_given,
        };
        let own = contract.tree.node(contract.node());
        contract.description.clone_from(&own.annotations.description);
        let form = contract.lower_for(dialect, false, lowered);
        contract.cache_lowered(dialect, false, form)?;
        Ok(contract)
    }

    /// Returns the name that the tool or the schema is sent under: `[A-Za-z0-9_-]{1,64}`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the description of the type, from its doc comment or `#[extract(description = "…")]`.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the JSON Schema (draft 2020-12) of the type itself. Values are checked against it.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Returns the sent schema, parsed.
    pub(crate) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// Returns the node of the type itself. It is the root, unless the type is wrapped in an object.
    pub(crate) fn node(&self) -> NodeId {
        let root = self.tree.root();
        let inner = || Some(self.tree.plain(root)?.member(wrapper::KEY)?.node);
        if self.is_wrapped() { inner().unwrap_or(root) } else { root }
    }

    /// Translates a pointer into the sent schema to one into the schema of the type. A pointer outside of
    /// the type's schema stays as it is.
    pub(super) fn type_schema_pointer(&self, pointer: &str) -> String {
        let inside = if self.is_wrapped() { wrapper::schema_pointer_inside(pointer) } else { None };
        inside.unwrap_or(pointer).to_owned()
    }

    /// Translates a pointer into the schema of the type to one into the sent schema.
    pub(super) fn sent_schema_pointer(&self, pointer: &str) -> String {
        if self.is_wrapped() {
            wrapper::schema_pointer_outside(pointer)
        } else {
            pointer.to_owned()
        }
    }

    /// Returns the schema that is written at a pointer into the schema of the type.
    pub(crate) fn written_at(&self, pointer: &str) -> Option<WrittenId> {
        self.tree.written_at(&self.sent_schema_pointer(pointer))
    }

    /// Returns the alternatives of the keyword at a pointer into the schema of the type.
    pub(crate) fn branches_at(&self, pointer: &str) -> Option<&[WrittenId]> {
        self.tree.branches_at(&self.sent_schema_pointer(pointer))
    }

    /// Returns whether the type is not an object and is therefore sent inside one, under the key `value`.
    #[doc(hidden)]
    pub fn is_wrapped(&self) -> bool {
        self.wrapped.is_some()
    }

    /// Returns the schema that a model is asked to fill: the schema of the type, or of the object around
    /// it.
    #[doc(hidden)]
    pub fn sent_schema(&self) -> &Value {
        self.counted.as_ref().or(self.wrapped.as_ref()).unwrap_or(&self.schema)
    }

    /// Returns the tools of the type if the call of one of several tools can answer it. Such a type is an
    /// enum with data, a list of objects or of such an enum, or an [`Answer`](super::Answer).
    ///
    /// `None` for all other types. Built at the first call.
    #[doc(hidden)]
    pub fn variants(&self) -> Option<&Arc<Variants>> {
        self.variants.get_or_init(|| Variants::of(self).map(Arc::new)).as_ref()
    }

    /// Returns the cache of the contracts of list elements.
    pub(super) fn element_contracts(&self) -> &ElementContracts {
        &self.elements
    }

    /// Returns the cache of the contracts of the rest of its lists.
    pub(super) fn rest_contracts(&self) -> &RestContracts {
        &self.rests
    }

    /// Returns the compiled validator of [`schema`](Self::schema).
    pub(crate) fn validator(&self) -> &validator::Validator {
        &self.validator
    }

    /// Returns whether a check of this kind needs only bounded work for the value.
    pub(crate) fn is_affordable(&self, value: &Value, trial: CheckKind) -> bool {
        self.written_at("").is_some_and(|root| self.tree.is_affordable(root, value, trial))
    }

    /// Returns whether a value fits the schema. False if that would need unbounded work.
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.is_affordable(value, CheckKind::IsValid) && self.validator.is_valid(value)
    }

    /// Compiles the validator of a subschema.
    pub(crate) fn compile_part(schema: &Value) -> Result<validator::Validator, ContractError> {
        let tree = read_tree("part", schema, Origin::Type, false)?;
        validator::compile(&tree, schema, str::to_owned).map_err(|error| uncompiled("part", &error))
    }

    /// Returns the contract in one dialect: lowered at the first call, looked up after that. With `strict`,
    /// the provider is asked to enforce the schema while the model writes.
    ///
    /// Fails with [`ContractError::Dialect`] if the dialect cannot express the type.
    #[doc(hidden)]
    pub fn lowered(
        &self,
        dialect: &'static Dialect,
        strict: bool,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        let known = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(|known| known.is_of(dialect, strict)) {
            return known.form.clone();
        }
        drop(known);
        let form = StackRoom::of_document(&self.schema).run(|| {
            let lowered = lower_tree(&self.tree, dialect).map_err(|error| {
                let source = if self.is_wrapped() { error.inside() } else { error };
                ContractError::Dialect {
                    name: self.name.clone(),
                    dialect: dialect.name(),
                    source: Box::new(source),
                }
            })?;
            self.lower_for(dialect, strict, lowered)
        });
        self.cache_lowered(dialect, strict, form)
    }

    /// Returns this contract in the dialect and with the `strict` of another lowered contract.
    pub(crate) fn lowered_like(
        &self,
        other: &LoweredContract,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        self.lowered(other.dialect, other.strict)
    }

    /// Makes the tool and the reading shape of a lowered schema.
    fn lower_for(
        &self,
        dialect: &'static Dialect,
        strict: bool,
        lowered: Lowered,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        let mut tool = Tool::new(&self.name, lowered.schema.clone()).strict(strict);
        tool.description.clone_from(&self.description);
        // If values keep their shape, the shape of the type is better for reading: it has the aliases.
        let shape = if lowered.is_identity() {
            None
        } else {
            let schema = in_json_schema(&lowered.schema);
            let origin = if self.is_given { Origin::Document } else { Origin::Type };
            let tree = read_tree(&self.name, &schema, origin, self.is_wrapped())?;
            let shape = shape_of(&self.name, &tree, self.is_wrapped())?.lowered();
            Some(shape.counting(&counting::names(&self.counts)))
        };
        Ok(Arc::new(LoweredContract { dialect, strict, tool: Arc::new(tool), lowered, shape }))
    }

    /// Caches a lowered contract, or the refusal of the dialect, and returns the cached one.
    fn cache_lowered(
        &self,
        dialect: &'static Dialect,
        strict: bool,
        form: Result<Arc<LoweredContract>, ContractError>,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        let mut known = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster; its result is the one that is shared.
        if let Some(first) = known.iter().find(|known| known.is_of(dialect, strict)) {
            return first.form.clone();
        }
        known.push(CachedForm { dialect: dialect.name(), strict, form: form.clone() });
        form
    }

    /// Returns the tool as JSON for this dialect: one object of the request's `tools`, in the form that the
    /// dialect's providers expect.
    ///
    /// Fails with [`ContractError::Dialect`] if the dialect cannot express the type.
    ///
    /// ```
    /// use extract_llm::contract::Contract;
    /// use extract_llm::dialect::Dialect;
    ///
    /// let contract = Contract::of::<Vec<u8>>()?;
    /// let tool = contract.tool(&Dialect::OPENAI_STRICT)?;
    /// assert_eq!(tool["function"]["name"], "Array_of_uint8");
    /// assert_eq!(tool["function"]["strict"], true);
    /// let tool = contract.tool(&Dialect::ANTHROPIC_TOOL)?;
    /// assert_eq!(tool["input_schema"]["required"], serde_json::json!(["value"]));
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn tool(&self, dialect: &'static Dialect) -> Result<Value, ContractError> {
        let form = self.lowered(dialect, dialect.tool.strict)?;
        Ok(dialect.tool.to_json(&form.tool))
    }

    /// Returns a report of the type in a dialect: the changes of its schema and the use of the dialect's
    /// limits, or the reason why the type cannot be sent.
    ///
    /// ```
    /// use extract_llm::contract::Contract;
    /// use extract_llm::dialect::Dialect;
    /// use std::collections::BTreeMap;
    ///
    /// let contract = Contract::of::<BTreeMap<String, f32>>()?;
    /// let report = contract.report(&Dialect::OPENAI_STRICT);
    /// assert!(report.fits());
    /// println!("{report}");
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn report(&self, dialect: &'static Dialect) -> DialectReport {
        DialectReport::new(self, dialect)
    }

    /// Returns the compact form of the schema for prompts: types in TypeScript notation, with descriptions
    /// and bounds as comments.
    ///
    /// Prompts carry it if no schema can be sent. If the compact form would be too large, the JSON Schema
    /// is returned as text.
    pub fn prompt_schema(&self) -> &str {
        let written = || StackRoom::of_document(&self.schema).run(|| render(&self.tree));
        self.prompt.get_or_init(|| written().unwrap_or_else(|_| self.sent_schema().to_string()))
    }

    /// Returns the members of the sent schema in words. `None` if words cannot say the type.
    pub(crate) fn member_list(&self) -> Option<&str> {
        let written = || StackRoom::of_document(&self.schema).run(|| member_list(&self.tree));
        self.members.get_or_init(written).as_deref()
    }

    /// Returns the schema as JSON text, tidied and on one line, for prompts of models that follow JSON
    /// Schema better than [`prompt_schema`](Self::prompt_schema). It takes about twice the tokens.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::{Client, Mode};
    /// # let client = Client::with_model(Scripted::new([]));
    /// let extraction = client
    ///     .extract::<Vec<u8>>("one, two")
    ///     .mode(Mode::Text)
    ///     .instructions(|contract| format!("Answer in JSON: {}", contract.json_schema_text()));
    /// ```
    pub fn json_schema_text(&self) -> String {
        match self.lowered(&Dialect::JSON_SCHEMA, false) {
            // A reply to a prompt is not restored from the sent shape, so the text has to show the type's
            // shape.
            Ok(form) if form.lowered.is_identity() => form.tool.schema.to_string(),
            _ => self.sent_schema().to_string(),
        }
    }

    /// Returns the shape for reading a reply to `form`; without one, to the schema in a prompt.
    #[doc(hidden)]
    pub fn shape<'a>(&'a self, form: Option<&'a LoweredContract>) -> &'a Shape {
        form.and_then(|form| form.shape.as_ref()).unwrap_or(&self.shape)
    }
}

/// Parses a schema. Pointers in the error are into the schema of the type, even if `schema` is wrapped.
fn read_tree(
    name: &str,
    schema: &Value,
    origin: Origin,
    is_wrapped: bool,
) -> Result<Tree, ContractError> {
    Tree::parse(schema, origin).map_err(|error| unreadable(name, error, is_wrapped))
}

/// Compiles a tree for reading. A reply may wrap the value under `name`.
fn shape_of(name: &str, tree: &Tree, is_wrapped: bool) -> Result<Shape, ContractError> {
    let shape = Shape::of_tree(tree, tree.root());
    let shape = shape.map_err(|error| unreadable(name, error, is_wrapped))?;
    Ok(shape.named(name).wrapped(is_wrapped))
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("name", &self.name)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
