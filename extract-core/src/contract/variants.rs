//! [`Variants`]: a type as several tools, one for each variant of an enum. One of them is called once, or
//! once for each element of a list. Translates values between calls and the type; knows no reply.

mod find;
mod variant_layout;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::dialect::{self, Dialect, Restored};
use super::{Contract, ContractError, LoweredContract, Problems};
use crate::reading::Reading;
use crate::schema::{Plain, push_segment};
use variant_layout::VariantLayout;

/// The tools of a type that one of several calls can answer. See [`Contract::variants`].
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
    /// The member that holds the value, if plain text is an alternative to it.
    value_key: Option<String>,
    /// The type is a list, and each call is one element.
    list: bool,
    /// The list may have no elements.
    may_be_empty: bool,
    variants: Vec<Variant>,
    /// The member that holds the plain text of the model; `None` if the type takes no plain text.
    text_key: Option<String>,
}

/// One of the tools of a type.
#[derive(Debug)]
pub struct Variant {
    contract: Contract,
    layout: VariantLayout,
    /// The schema describes only the tag of the variant: it has no data, or any data.
    may_be_anything: bool,
}

impl Variant {
    /// Returns the name of the tool.
    pub fn name(&self) -> &str {
        self.contract.name()
    }

    /// Returns the contract of the arguments of a call.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Returns whether the variant has no data, so that its tool takes no arguments.
    pub(crate) fn is_unit(&self) -> bool {
        let plain = self.contract.tree().plain(self.contract.node());
        plain.is_some_and(Plain::is_empty_object)
    }

    /// Returns whether the variant may hold any members, so that its arguments are kept as they are.
    pub(crate) fn may_be_anything(&self) -> bool {
        self.may_be_anything
    }

    /// Returns the value of the type for the arguments of a call, with the problems of their reading.
    pub(crate) fn restore(&self, form: &LoweredContract, arguments: Reading) -> Restored {
        let Restored { value, mut problems } = self.contract.restore_reading(Some(form), arguments);
        let around = self.layout.pointer();
        for problem in &mut problems {
            problem.pointer.insert_str(0, &around);
        }
        Restored { value: self.layout.to_value(value), problems }
    }

    /// Returns the arguments of the call that a value of the type was made of, and its problems with
    /// pointers into them. The inverse of [`restore`](Self::restore).
    pub(crate) fn arguments(&self, value: Value, mut problems: Problems) -> (Value, Problems) {
        let around = self.layout.pointer();
        problems.each_pointer(|pointer| {
            pointer.strip_prefix(around.as_str()).unwrap_or(pointer).to_owned()
        });
        (self.layout.to_arguments(value), problems)
    }
}

impl Variants {
    /// Finds the tools of a type in its schema; `None` if it has none.
    pub(super) fn of(contract: &Contract) -> Option<Self> {
        find::variants(contract)
    }

    /// Returns the tools, in the order of the variants.
    pub fn iter(&self) -> std::slice::Iter<'_, Variant> {
        self.variants.iter()
    }

    /// Returns whether the type is a list and each call is one element of it.
    pub fn is_list(&self) -> bool {
        self.list
    }

    /// Returns whether a reply without a call can be valid: as an empty list, or as plain text.
    pub fn may_be_uncalled(&self) -> bool {
        self.text_key.is_some() || (self.list && self.may_be_empty)
    }

    /// Returns whether the tools offer a choice that a single tool does not: there are several, or there is
    /// plain text beside them.
    pub fn is_choice(&self) -> bool {
        self.variants.len() > 1 || self.text_key.is_some()
    }

    /// Returns the value of the type that is made of the values of calls. Without a list, the last one
    /// counts.
    pub(crate) fn value_of_elements(&self, mut elements: Vec<Value>) -> Value {
        let inner =
            if self.list { Value::Array(elements) } else { elements.pop().unwrap_or_default() };
        match &self.value_key {
            Some(key) => Value::Object(Map::from_iter([(key.clone(), inner)])),
            None => inner,
        }
    }

    /// Returns whether plain text of the model is a valid answer.
    pub(crate) fn has_text(&self) -> bool {
        self.text_key.is_some()
    }

    /// Returns the value for plain text of the model; `None` if the type takes no plain text.
    pub(crate) fn value_of_text(&self, text: &str) -> Option<Value> {
        let key = self.text_key.clone()?;
        Some(Value::Object(Map::from_iter([(key, text.into())])))
    }

    /// Translates a pointer into the element at an index to one into the value of the type.
    pub(crate) fn to_whole(&self, index: usize, pointer: &str) -> String {
        let mut around = String::new();
        if let Some(key) = &self.value_key {
            push_segment(&mut around, key);
        }
        if self.list {
            push_segment(&mut around, &index.to_string());
        }
        around + pointer
    }

    /// Translates a pointer into the value of the type to the index of an element and a pointer into it.
    /// `None` if it leads to no element.
    pub(crate) fn to_element<'p>(&self, pointer: &'p str) -> Option<(usize, &'p str)> {
        let mut rest = pointer;
        if let Some(key) = &self.value_key {
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

/// The tools of a type in one dialect.
#[derive(Debug, Clone)]
pub(crate) struct VariantTools {
    pub(crate) variants: Arc<Variants>,
    /// The lowered contract of each variant, in the order of the variants.
    pub(crate) forms: Vec<Arc<LoweredContract>>,
}

impl VariantTools {
    /// Returns the tools of a type in a dialect; `None` if the type has none.
    ///
    /// Fails if the dialect cannot express one of them, or does not take that many tools.
    pub(crate) fn of(
        contract: &Contract,
        dialect: &'static Dialect,
        strict: bool,
    ) -> Option<Result<Self, ContractError>> {
        let variants = contract.variants()?;
        if let Err(source) = dialect::check_tools(variants.variants.len(), dialect) {
            let (name, dialect) = (contract.name().to_owned(), dialect.name());
            let source = Box::new(source);
            return Some(Err(ContractError::Dialect { name, dialect, source }));
        }
        let forms: Result<_, _> =
            variants.iter().map(|variant| variant.contract.lowered(dialect, strict)).collect();
        Some(forms.map(|forms| Self { variants: Arc::clone(variants), forms }))
    }

    /// Returns the variant with a tool of this name, and its lowered contract. Case is ignored if no name
    /// matches exactly.
    pub(crate) fn find(&self, name: &str) -> Option<(&Variant, &LoweredContract)> {
        let exact = |variant: &Variant| variant.name() == name;
        let alike = |variant: &Variant| variant.name().eq_ignore_ascii_case(name);
        let all = &self.variants.variants;
        let at = all.iter().position(exact).or_else(|| all.iter().position(alike))?;
        Some((&all[at], self.forms[at].as_ref()))
    }
}
