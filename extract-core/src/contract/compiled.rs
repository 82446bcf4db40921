//! [`Contract`]: everything that is known of a type before a request is made, built once.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::Value;

use super::contract_error::{ContractError, uncompiled, unreadable};
use super::dialect::{Dialect, Lowered, Restored, lower_tree, render};
use super::element_contract::ElementContracts;
use super::{
    DialectReport, Extract, Problem, ProblemKind, Problems, Shape, Variants, cache, envelope, name,
    schema_of, type_walk, wrapper,
};
use crate::conversation::Tool;
use crate::reading::{Reading, Repair, RepairKind, parse_json};
use crate::schema::push_segment;
use crate::schema::{
    CheckKind, NodeId, Origin, StackRoom, Tree, WrittenId, bounded, contradiction, embed,
    in_json_schema, modernized, validator,
};

/// What a type asks for: its JSON Schema, its tool in every dialect, and the compiled validator.
///
/// A contract is built once per type and shared; [`Contract::of`] is a look-up after that.
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
    /// The type's own schema.
    schema: Value,
    /// The same with an object at its root; absent where it has one already.
    wrapped: Option<Value>,
    /// The schema that is asked for, as everything visits it.
    tree: Arc<Tree>,
    validator: validator::Validator,
    /// The forms that were asked for so far, and why there is none where a dialect refuses the type.
    forms: RwLock<Vec<CachedForm>>,
    prompt: OnceLock<String>,
    /// What is asked for, compiled for reading.
    shape: Shape,
    variants: OnceLock<Option<Arc<Variants>>>,
    elements: ElementContracts,
    /// The schema came at run time, and is all that there is to a value.
    is_given: bool,
}

/// A contract in one dialect.
#[derive(Debug)]
pub struct LoweredContract {
    dialect: &'static Dialect,
    strict: bool,
    /// The tool (or named schema) that is sent.
    pub tool: Arc<Tool>,
    /// What became of the schema, and the way back.
    pub lowered: Lowered,
    /// The lowered schema compiled for reading, where it asks for another shape of value.
    shape: Option<Shape>,
}

/// A form, or the refusal of a dialect.
struct CachedForm {
    dialect: &'static str,
    strict: bool,
    form: Result<Arc<LoweredContract>, ContractError>,
}

impl CachedForm {
    fn is_of(&self, dialect: &Dialect, strict: bool) -> bool {
        self.dialect == dialect.name() && self.strict == strict
    }
}

impl Contract {
    /// The contract of a type. The first call for a type builds it; all others, from any thread,
    /// share what it built.
    pub fn of<T: Extract>() -> Result<Arc<Self>, ContractError> {
        cache::get_or_build(TypeId::of::<T>(), || {
            let name = name::clean(&T::schema_name());
            if let Some(source) = type_walk::find::<T>() {
                return Err(ContractError::Type { name, source });
            }
            let contract = Self::build(name, schema_of::<T>(), false)?;
            if let Some((pointer, message)) = contradiction::find(&contract.tree) {
                let pointer = contract.in_unwrapped_schema(pointer);
                return Err(ContractError::Schema { name: contract.name, pointer, message });
            }
            Ok(Arc::new(contract))
        })
    }

    /// The contract of a JSON Schema (draft 4 to 2020-12, or `OpenAPI` 3.0) that is known only at run
    /// time. Its name is its `title`, or `answer`. It is not kept anywhere: who needs it again keeps the
    /// `Arc`. Objects that list no members may have any.
    ///
    /// The schema may come from anywhere. It is refused where it is too deep, too large, too costly to
    /// check against, or refers to anything outside of itself: nothing is ever fetched or read.
    ///
    /// ```
    /// use extract_llm::check::violations;
    /// use extract_llm::contract::Contract;
    /// use serde_json::json;
    ///
    /// let contract = Contract::from_schema(json!({
    ///     "title": "Shop item",
    ///     "type": "object",
    ///     "properties": {"sku": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"}},
    ///     "required": ["sku"],
    /// }))?;
    /// assert_eq!(contract.name(), "Shop_item");
    /// assert_eq!(violations(&contract, &json!({"sku": "A-17"})).len(), 0);
    ///
    /// let remote = json!({"$ref": "https://example.com/schema.json"});
    /// let refused = Contract::from_schema(remote).unwrap_err();
    /// assert!(refused.to_string().contains("nothing is ever fetched"));
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn from_schema(schema: Value) -> Result<Arc<Self>, ContractError> {
        let title = embed::title(&schema).unwrap_or("answer");
        let name = name::clean(title);
        Self::of_given_schema(name, schema)
    }

    /// [`from_schema`](Self::from_schema) under a name of one's own.
    ///
    /// ```
    /// # use extract_llm::contract::Contract;
    /// # use serde_json::json;
    /// let contract = Contract::from_schema_named("shop item", json!({"type": "object"}))?;
    /// assert_eq!(contract.name(), "shop_item");
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn from_schema_named(name: &str, schema: Value) -> Result<Arc<Self>, ContractError> {
        Self::of_given_schema(name::clean(name), schema)
    }

    fn of_given_schema(name: String, schema: Value) -> Result<Arc<Self>, ContractError> {
        match bounded(schema).and_then(modernized) {
            Ok(schema) => Self::build(name, schema, true).map(Arc::new),
            Err(source) => Err(ContractError::Unbounded { name, source }),
        }
    }

    /// The contract of a schema that is made of parts of this one's.
    pub(super) fn build_like(&self, name: String, schema: Value) -> Result<Self, ContractError> {
        Self::build(name, schema, self.is_given)
    }

    fn build(name: String, schema: Value, is_given: bool) -> Result<Self, ContractError> {
        StackRoom::of_document(&schema).run(|| Self::build_here(name, schema, is_given))
    }

    fn build_here(name: String, mut schema: Value, is_given: bool) -> Result<Self, ContractError> {
        validator::say_deprecated(&mut schema);
        let origin = if is_given { Origin::Given } else { Origin::Type };
        // Alternatives are no object, so that their tree is read once, with an object around them.
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
        let tree = Arc::new(tree);
        let dialect = &Dialect::JSON_SCHEMA;
        let lowered = lower_tree(&tree, dialect).map_err(|error| {
            let source = if wrapped.is_some() { error.inside() } else { error };
            ContractError::Dialect { name: name.clone(), dialect: dialect.name(), source }
        })?;
        let shape = shape_of(&name, &tree, wrapped.is_some())?;
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
            tree,
            validator,
            forms: RwLock::default(),
            prompt: OnceLock::new(),
            shape,
            variants: OnceLock::new(),
            elements: ElementContracts::default(),
            is_given,
        };
        let own = contract.tree.node(contract.node());
        contract.description.clone_from(&own.notes.description);
        let form = contract.lower_for(dialect, false, lowered);
        contract.keep(dialect, false, form)?;
        Ok(contract)
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

    /// The schema that is asked for, as everything visits it.
    pub(crate) fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// The node of the type itself, which is not the root where it travels inside of an object.
    pub(crate) fn node(&self) -> NodeId {
        let root = self.tree.root();
        let inner = || Some(self.tree.plain(root)?.member(wrapper::KEY)?.node);
        if self.is_wrapped() { inner().unwrap_or(root) } else { root }
    }

    /// A place in the schema that is asked for, as one in the type's own.
    fn in_unwrapped_schema(&self, pointer: String) -> String {
        let inside =
            if self.is_wrapped() { wrapper::schema_pointer_inside(&pointer) } else { None };
        inside.map(str::to_owned).unwrap_or(pointer)
    }

    /// The schema that is written at a place of the type's own schema.
    pub(crate) fn written_at(&self, pointer: &str) -> Option<WrittenId> {
        if self.is_wrapped() {
            self.tree.written_at(&wrapper::schema_pointer_outside(pointer))
        } else {
            self.tree.written_at(pointer)
        }
    }

    /// The alternatives at a place of the type's own schema.
    pub(crate) fn branches_at(&self, pointer: &str) -> Option<&[WrittenId]> {
        if self.is_wrapped() {
            self.tree.branches_at(&wrapper::schema_pointer_outside(pointer))
        } else {
            self.tree.branches_at(pointer)
        }
    }

    /// Whether the type's root is not an object and therefore travels inside of one.
    pub fn is_wrapped(&self) -> bool {
        self.wrapped.is_some()
    }

    /// The schema that a model is asked to fill: the type's own, or the object around it.
    pub fn sent_schema(&self) -> &Value {
        self.wrapped.as_ref().unwrap_or(&self.schema)
    }

    /// The variants of the type, where it is an enum with data, a list of one, or another type whose
    /// answer can be the call of one of several tools. Built at the first call.
    pub fn variants(&self) -> Option<&Arc<Variants>> {
        self.variants.get_or_init(|| Variants::of(self).map(Arc::new)).as_ref()
    }

    /// The contracts of elements of its lists that were built so far.
    pub(super) fn element_contracts(&self) -> &ElementContracts {
        &self.elements
    }

    /// The compiled validator of [`schema`](Self::schema).
    pub(crate) fn validator(&self) -> &validator::Validator {
        &self.validator
    }

    /// Whether a trial of a value is done in bounded work.
    pub(crate) fn is_affordable(&self, value: &Value, trial: CheckKind) -> bool {
        self.written_at("").is_some_and(|root| self.tree.is_affordable(root, value, trial))
    }

    /// Whether a value fits the schema, where that can be found out in bounded work.
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.is_affordable(value, CheckKind::Fit) && self.validator.is_valid(value)
    }

    /// The validator of a part of a schema.
    pub(crate) fn compile_part(schema: &Value) -> Result<validator::Validator, ContractError> {
        let tree = read_tree("part", schema, Origin::Type, false)?;
        validator::compile(&tree, schema, str::to_owned).map_err(|error| uncompiled("part", &error))
    }

    /// The contract in one dialect: lowered at the first call, looked up after that. With `strict`
    /// the provider is asked to enforce the schema while the model writes.
    pub fn form(
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
                ContractError::Dialect { name: self.name.clone(), dialect: dialect.name(), source }
            })?;
            self.lower_for(dialect, strict, lowered)
        });
        self.keep(dialect, strict, form)
    }

    /// The contract in the dialect of another contract's form.
    pub(crate) fn form_like(
        &self,
        other: &LoweredContract,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        self.form(other.dialect, other.strict)
    }

    fn lower_for(
        &self,
        dialect: &'static Dialect,
        strict: bool,
        lowered: Lowered,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        let mut tool = Tool::new(&self.name, lowered.schema.clone()).strict(strict);
        tool.description.clone_from(&self.description);
        // Where values keep their shape, the type's own schema says more: it knows the aliases.
        let shape = if lowered.is_identity() {
            None
        } else {
            let schema = in_json_schema(&lowered.schema);
            let origin = if self.is_given { Origin::Given } else { Origin::Type };
            let tree = read_tree(&self.name, &schema, origin, self.is_wrapped())?;
            Some(shape_of(&self.name, &tree, self.is_wrapped())?.lowered())
        };
        Ok(Arc::new(LoweredContract { dialect, strict, tool: Arc::new(tool), lowered, shape }))
    }

    fn keep(
        &self,
        dialect: &'static Dialect,
        strict: bool,
        form: Result<Arc<LoweredContract>, ContractError>,
    ) -> Result<Arc<LoweredContract>, ContractError> {
        let mut known = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster; its form is the one that is shared.
        if let Some(first) = known.iter().find(|known| known.is_of(dialect, strict)) {
            return first.form.clone();
        }
        known.push(CachedForm { dialect: dialect.name(), strict, form: form.clone() });
        form
    }

    /// The tool as it is sent in this dialect: the object that stands in the request's `tools`, in
    /// the shape that the dialect's providers want.
    ///
    /// ```
    /// use extract_llm::contract::{Contract, dialect::Dialect};
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
        let envelope = envelope::of(dialect);
        let form = self.form(dialect, envelope.strict)?;
        Ok(envelope.seal(&form.tool))
    }

    /// What became of the type in a dialect: each thing that is said otherwise, and how much of the
    /// dialect's limits it uses; or why it cannot be sent.
    ///
    /// ```
    /// use extract_llm::contract::{Contract, dialect::Dialect};
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

    /// The compact form of the schema that prompts carry where no schema can be sent: types in
    /// the manner of TypeScript, with descriptions and bounds as comments.
    pub fn prompt_schema(&self) -> &str {
        let written = || StackRoom::of_document(&self.schema).run(|| render(&self.tree));
        // One that is too large to be written out in types is shown as it is.
        self.prompt.get_or_init(|| written().unwrap_or_else(|_| self.sent_schema().to_string()))
    }

    /// The schema as JSON text, tidied and in one line: the other form for prompts, for models that
    /// follow JSON Schema better. It takes about twice the tokens.
    ///
    /// ```
    /// # use extract_llm::{Client, model::Scripted, conversation::Mode};
    /// # let client = Client::with_model(Scripted::new([]));
    /// let extraction = client
    ///     .extract::<Vec<u8>>("one, two")
    ///     .mode(Mode::Text)
    ///     .instructions(|contract| format!("Answer in JSON: {}", contract.json_schema_text()));
    /// ```
    pub fn json_schema_text(&self) -> String {
        match self.form(&Dialect::JSON_SCHEMA, false) {
            // What is told in words is not turned back: it has to be the type's own shape.
            Ok(form) if form.lowered.is_identity() => form.tool.schema.to_string(),
            _ => self.sent_schema().to_string(),
        }
    }

    /// What is asked for in `form`, or in words where there is none, compiled for reading.
    pub fn shape<'a>(&'a self, form: Option<&'a LoweredContract>) -> &'a Shape {
        form.and_then(|form| form.shape.as_ref()).unwrap_or(&self.shape)
    }

    /// Turns a value that a model gave for `form` into one of the type's own shape. What is wrong
    /// with it and cannot be seen in the result any more comes along, in the result's pointers.
    pub(crate) fn restore(&self, form: Option<&LoweredContract>, value: Value) -> Restored {
        let mut restored = match form {
            Some(form) => form.lowered.restore_checked(value),
            None => Restored { value, problems: Vec::new() },
        };
        if self.is_wrapped() {
            restored.value = wrapper::unwrap(restored.value);
            for problem in &mut restored.problems {
                if let Some(inner) = wrapper::inside(&problem.pointer) {
                    problem.pointer = inner.to_owned();
                }
            }
        }
        restored
    }

    /// The same for a reading: each misfit that the checks would not find comes along as a problem.
    pub(crate) fn restore_reading(
        &self,
        form: Option<&LoweredContract>,
        reading: Reading,
    ) -> Restored {
        const MOST: usize = 100;
        let misfits = reading.misfits;
        let mut restored = self.restore(form, reading.value);
        if misfits.is_empty() {
            return restored;
        }
        // If the value passes the schema as it stands, nothing else would find them.
        let passes = self.is_valid(&restored.value);
        let problems: Vec<Problem> = misfits
            .into_iter()
            .filter(|misfit| misfit.unseen || passes)
            .take(MOST)
            .map(|misfit| {
                let pointer = self.type_pointer(form, &restored.value, &misfit.pointer);
                Problem::new(ProblemKind::Reading, pointer, misfit.expected, misfit.found)
            })
            .collect();
        restored.problems.extend(problems);
        restored
    }

    /// A reply as it stands, in the type's own shape, where it is JSON that a schema given at run time
    /// takes: such a schema is all that there is to a value, so that nothing is to be converted.
    pub(crate) fn read_as_written(
        &self,
        form: Option<&LoweredContract>,
        text: &str,
    ) -> Option<Value> {
        if !self.is_given {
            return None;
        }
        let Restored { value, problems } = self.restore(form, parse_json(text)?);
        (problems.is_empty() && self.is_valid(&value)).then_some(value)
    }

    /// Whether a reading for the type's own shape shows that a reply was written in it, though another
    /// shape was asked for: it says a value to the letter, and nothing that only the other shape has.
    pub(crate) fn is_in_type_shape(&self, form: &LoweredContract, own: &Reading) -> bool {
        // The object around a root that is none is not of the type.
        let is_around = |repair: &Repair| {
            self.is_wrapped() && repair.kind == RepairKind::ToField && repair.pointer.is_empty()
        };
        own.misfits.is_empty()
            && own.repairs.iter().all(is_around)
            && !form.lowered.has_pairs_beside_members(&own.value)
            && self.is_valid(&self.restore(None, own.value.clone()).value)
    }

    /// The place of a value of the type's own shape that stands at this place of the sent one, or
    /// the nearest place around it.
    fn type_pointer(&self, form: Option<&LoweredContract>, value: &Value, sent: &str) -> String {
        if form.is_none_or(|form| form.lowered.is_identity()) {
            let inside = if self.is_wrapped() { wrapper::inside(sent) } else { Some(sent) };
            return inside.unwrap_or_default().to_owned();
        }
        let mut place = String::new();
        loop {
            let children: Vec<String> = match value.pointer(&place) {
                Some(Value::Object(members)) => members.keys().cloned().collect(),
                Some(Value::Array(items)) => (0..items.len()).map(|at| at.to_string()).collect(),
                _ => return place,
            };
            let pointers = children.iter().map(|segment| {
                let mut pointer = place.clone();
                push_segment(&mut pointer, segment);
                pointer
            });
            let pointers: Vec<String> = pointers.collect();
            let places = self.sent_pointers(form, value, pointers.iter().map(String::as_str));
            let holds = |asked: &String| {
                sent.strip_prefix(asked.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            match places.iter().position(holds) {
                Some(index) => place.clone_from(&pointers[index]),
                None => return place,
            }
        }
    }

    /// A value of the type's own shape as the model sees it in `form`: with its wrapping around it,
    /// and in the shape that is sent.
    pub(crate) fn sent_value(&self, form: Option<&LoweredContract>, value: Value) -> Value {
        let value = if self.is_wrapped() { wrapper::enclose(value) } else { value };
        match form {
            Some(form) => form.lowered.lower_value(value),
            None => value,
        }
    }

    /// Places of a value as the model sees them in `form`.
    pub(crate) fn sent_pointers<'p>(
        &self,
        form: Option<&LoweredContract>,
        value: &Value,
        pointers: impl IntoIterator<Item = &'p str>,
    ) -> Vec<String> {
        let pointers = pointers.into_iter().map(|pointer| self.sent_pointer(pointer));
        let Some(lowered) = form.map(|form| &form.lowered).filter(|form| !form.is_identity())
        else {
            return pointers.collect();
        };
        let enclosed = self.is_wrapped().then(|| wrapper::enclose(value.clone()));
        let mut trace = lowered.trace(enclosed.as_ref().unwrap_or(value));
        pointers.map(|pointer| trace.follow(&pointer)).collect()
    }

    /// A value and its problems as the model sees them in `form`.
    pub(crate) fn in_sent_shape(
        &self,
        form: Option<&LoweredContract>,
        value: Value,
        problems: &Problems,
    ) -> (Value, Problems) {
        let pointers = problems.iter().map(|problem| problem.pointer.as_str());
        let places = self.sent_pointers(form, &value, pointers);
        let problems = problems.iter().cloned().zip(places);
        let told = problems.map(|(problem, place)| problem.at(place)).collect();
        (self.sent_value(form, value), told)
    }

    /// The pointer of a place with a value's wrapping in it.
    pub(crate) fn sent_pointer(&self, pointer: &str) -> String {
        if self.is_wrapped() { wrapper::outside(pointer) } else { pointer.to_owned() }
    }
}

/// The model of a schema that is asked for, and its shape.
fn read_tree(
    name: &str,
    schema: &Value,
    origin: Origin,
    is_wrapped: bool,
) -> Result<Tree, ContractError> {
    Tree::parse(schema, origin).map_err(|error| unreadable(name, error, is_wrapped))
}

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
