//! A type as several tools: one for each variant of an enum, called once, or once for each element
//! of a list. Knows how the arguments of a call become the type's own shape again, and no reply.

mod find;
mod variant_layout;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::dialect::{self, Dialect, Restored};
use super::{Contract, ContractError, LoweredContract, Problems};
use crate::reading::Reading;
use crate::schema::Plain;
use crate::schema::push_segment;
use variant_layout::VariantLayout;

/// What a type is as several tools. See [`Contract::variants`].
///
/// ```
/// use extract_llm::contract::Contract;
/// use serde_json::json;
///
/// let contract = Contract::from_schema(json!({"oneOf": [
///     {"type": "object", "properties": {"Reserve": {
///         "type": "object", "properties": {"people": {"type": "integer"}}, "required": ["people"],
///     }}, "required": ["Reserve"], "additionalProperties": false},
///     {"type": "object", "properties": {"Cancel": {
///         "type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"],
///     }}, "required": ["Cancel"], "additionalProperties": false},
/// ]}))?;
/// let variants = contract.variants().unwrap();
/// let names: Vec<&str> = variants.iter().map(|variant| variant.name()).collect();
/// assert_eq!(names, ["Reserve", "Cancel"]);
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
#[derive(Debug)]
pub struct Variants {
    /// The member that the whole value stands under.
    outer: Option<String>,
    list: bool,
    may_be_empty: bool,
    variants: Vec<Variant>,
    /// The member that says what plain text of the model stands under.
    text: Option<String>,
}

/// One of the tools that a type is.
#[derive(Debug)]
pub struct Variant {
    contract: Contract,
    layout: VariantLayout,
    /// Nothing is said of it but its tag, as of a variant without data, or of one of any.
    may_be_anything: bool,
}

impl Variant {
    /// The tool's name.
    pub fn name(&self) -> &str {
        self.contract.name()
    }

    /// What the arguments of a call are asked for by.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Whether the variant has no data, so that its tool takes no arguments.
    pub(crate) fn is_unit(&self) -> bool {
        let plain = self.contract.tree().plain(self.contract.node());
        plain.is_some_and(Plain::is_empty_object)
    }

    /// Whether the variant may hold any members: its arguments are kept as they are.
    pub(crate) fn may_be_anything(&self) -> bool {
        self.may_be_anything
    }

    /// The value of the type's own shape that these arguments say.
    pub(crate) fn restore(&self, form: &LoweredContract, arguments: Reading) -> Restored {
        let Restored { value, mut problems } = self.contract.restore_reading(Some(form), arguments);
        let around = self.layout.pointer();
        for problem in &mut problems {
            problem.pointer.insert_str(0, &around);
        }
        Restored { value: self.layout.put(value), problems }
    }

    /// The arguments that a value of the type's own shape was made of, and a problem's places in
    /// them.
    pub(crate) fn arguments(&self, value: Value, mut problems: Problems) -> (Value, Problems) {
        let around = self.layout.pointer();
        problems.each_pointer(|pointer| {
            pointer.strip_prefix(around.as_str()).unwrap_or(pointer).to_owned()
        });
        (self.layout.take(value), problems)
    }
}

impl Variants {
    pub(super) fn of(contract: &Contract) -> Option<Self> {
        find::variants(contract)
    }

    /// The tools, in the order of the variants.
    pub fn iter(&self) -> std::slice::Iter<'_, Variant> {
        self.variants.iter()
    }

    /// Whether the type is a list, and each call one element of it.
    pub fn is_list(&self) -> bool {
        self.list
    }

    /// Whether no call at all can be right: an empty list, or plain text.
    pub fn may_be_uncalled(&self) -> bool {
        self.text.is_some() || (self.list && self.may_be_empty)
    }

    /// Whether there is a choice that one tool would not give as well: more than one tool, or plain
    /// text beside it.
    pub fn is_choice(&self) -> bool {
        self.variants.len() > 1 || self.text.is_some()
    }

    /// The value of elements, in the type's own shape.
    pub(crate) fn assemble(&self, mut elements: Vec<Value>) -> Value {
        let inner =
            if self.list { Value::Array(elements) } else { elements.pop().unwrap_or_default() };
        match &self.outer {
            Some(key) => Value::Object(Map::from_iter([(key.clone(), inner)])),
            None => inner,
        }
    }

    /// Whether plain text of the model is an answer.
    pub(crate) fn has_text(&self) -> bool {
        self.text.is_some()
    }

    /// The value that plain text is, where it may be one.
    pub(crate) fn value_of_text(&self, text: &str) -> Option<Value> {
        let key = self.text.clone()?;
        Some(Value::Object(Map::from_iter([(key, text.into())])))
    }

    /// A pointer into the element of this index, as one into the value.
    pub(crate) fn outside(&self, index: usize, pointer: &str) -> String {
        let mut around = String::new();
        if let Some(key) = &self.outer {
            push_segment(&mut around, key);
        }
        if self.list {
            push_segment(&mut around, &index.to_string());
        }
        around + pointer
    }

    /// Which element a pointer into the value leads to, and where in it.
    pub(crate) fn inside<'p>(&self, pointer: &'p str) -> Option<(usize, &'p str)> {
        let mut rest = pointer;
        if let Some(key) = &self.outer {
            let mut around = String::new();
            push_segment(&mut around, key);
            rest = rest.strip_prefix(around.as_str())?;
        }
        if !self.list {
            return Some((0, rest));
        }
        let rest = rest.strip_prefix('/')?;
        let end = rest.find('/').unwrap_or(rest.len());
        Some((rest[..end].parse().ok()?, &rest[end..]))
    }
}

impl<'a> IntoIterator for &'a Variants {
    type Item = &'a Variant;
    type IntoIter = std::slice::Iter<'a, Variant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A type as several tools, in one dialect.
#[derive(Debug, Clone)]
pub(crate) struct VariantTools {
    pub(crate) variants: Arc<Variants>,
    /// One for each variant.
    pub(crate) forms: Vec<Arc<LoweredContract>>,
}

impl VariantTools {
    /// The tools of a type in a dialect; why there are none, where the dialect cannot say one of
    /// them or takes no such number.
    pub(crate) fn of(
        contract: &Contract,
        dialect: &'static Dialect,
        strict: bool,
    ) -> Option<Result<Self, ContractError>> {
        let variants = contract.variants()?;
        if let Err(source) = dialect::check_tools(variants.variants.len(), dialect) {
            let (name, dialect) = (contract.name().to_owned(), dialect.name());
            return Some(Err(ContractError::Dialect { name, dialect, source }));
        }
        let forms: Result<_, _> =
            variants.iter().map(|variant| variant.contract.form(dialect, strict)).collect();
        Some(forms.map(|forms| Self { variants: Arc::clone(variants), forms }))
    }

    /// The tool of this name, and the form that it was asked for in.
    pub(crate) fn find(&self, name: &str) -> Option<(&Variant, &LoweredContract)> {
        let exact = |variant: &Variant| variant.name() == name;
        let alike = |variant: &Variant| variant.name().eq_ignore_ascii_case(name);
        let all = &self.variants.variants;
        let at = all.iter().position(exact).or_else(|| all.iter().position(alike))?;
        Some((&all[at], self.forms[at].as_ref()))
    }
}
