//! [`ReaskParts`]: the parts of a value that have problems. A request asks for them alone, against their
//! subschemas, and their new values are merged into the value.

mod choose;
mod locate;
mod schema;

use std::sync::Arc;

use serde_json::Value;

use super::{Contract, LoweredContract, Problem, Problems};

/// A part of a value that is asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaskPart {
    /// The name of its member in the answer.
    pub name: String,
    /// Its JSON pointer in the value, which has the shape of the type.
    pub pointer: String,
    /// Its JSON pointer in the value as the model sees it.
    pub sent_pointer: String,
}

/// The parts of a value that hold all of its problems, with the contract that they are asked for by: an
/// object with one member for each part.
///
/// A part is an element of a list, an entry of a map, or a member of an object. It is the smallest one
/// around a problem whose schema node is certain. A value has no parts if it is wrong as a whole, or at a
/// place that no schema describes.
///
/// ```
/// use extract_llm::check::ReaskParts;
/// use extract_llm::contract::Contract;
/// use extract_llm::extraction::ParseError;
/// use serde_json::{Value, json};
///
/// let contract = Contract::from_schema(json!({
///     "type": "object",
///     "properties": {
///         "title": {"type": "string"},
///         "scores": {"type": "array", "items": {"type": "integer", "maximum": 6}},
///     },
///     "required": ["title", "scores"],
/// }))?;
/// let value = json!({"title": "Tests", "scores": [1, 9, 3, "x"]});
/// let error = contract.parse::<Value>(&value.to_string()).unwrap_err();
/// let ParseError::Invalid { problems, .. } = error else { panic!("{error}") };
/// let parts = ReaskParts::of(&contract, None, &value, &problems).unwrap();
///
/// assert_eq!(parts.pointers().collect::<Vec<_>>(), ["/scores/1", "/scores/3"]);
/// assert_eq!(parts.contract().schema()["properties"]["scores_1"]["maximum"], 6);
/// let merged = parts.merge(&value, &json!({"scores_1": 2, "scores_3": 4})).unwrap();
/// assert_eq!(merged, json!({"title": "Tests", "scores": [1, 2, 3, 4]}));
/// # Ok::<(), extract_llm::contract::ContractError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReaskParts {
    parts: Vec<ReaskPart>,
    contract: Arc<Contract>,
    /// The bytes of JSON of the parts as they are.
    bytes: usize,
}

impl ReaskParts {
    /// Returns the parts of a value that hold these problems; `None` if the value has to be asked for as a
    /// whole.
    ///
    /// The value has the shape of the type. `form` is the form that the whole was asked for in.
    pub fn of(
        whole: &Contract,
        form: Option<&LoweredContract>,
        value: &Value,
        problems: &Problems,
    ) -> Option<Self> {
        let stops = choose::choose(whole, value, problems)?;
        let places =
            whole.sent_pointers(form, value, stops.iter().map(|stop| stop.pointer.as_str()));
        let names = schema::names(whole, &stops);
        let parts: Vec<ReaskPart> = (stops.iter().zip(names).zip(places))
            .map(|((stop, name), place)| ReaskPart {
                name,
                pointer: stop.pointer.clone(),
                sent_pointer: place,
            })
            .collect();
        let bytes =
            |stop: &locate::PathNode<'_>| stop.value.map_or(0, |value| value.to_string().len());
        let bytes = stops.iter().map(bytes).sum();
        let contract = schema::contract(whole, &stops, &parts).ok()?;
        Some(Self { parts, contract, bytes })
    }

    /// Returns the contract of the parts: an object with one member for each of them.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Returns an iterator over the parts.
    pub fn iter(&self) -> std::slice::Iter<'_, ReaskPart> {
        self.parts.iter()
    }

    /// Returns the JSON pointers of the parts in the value.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.pointer.as_str())
    }

    /// Returns the bytes of JSON that the parts take in the value. A missing part takes none.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the value with the parts of an answer in it. A part that the answer leaves out stays as it
    /// is. `None` if the answer has no part.
    pub fn merge(&self, value: &Value, answer: &Value) -> Option<Value> {
        let answer = answer.as_object()?;
        let given = self.parts.iter().filter_map(|part| Some((part, answer.get(&part.name)?)));
        let given: Vec<(&ReaskPart, &Value)> = given.collect();
        if given.is_empty() {
            return None;
        }
        let mut merged = value.clone();
        for (part, new) in given {
            put(&mut merged, &part.pointer, new.clone());
        }
        Some(merged)
    }

    /// Translates the pointer of a problem in an answer to one in the merged value.
    pub(crate) fn to_whole(&self, mut problem: Problem) -> Problem {
        problem.pointer = self.whole_pointer(&problem.pointer);
        problem
    }

    /// Translates a pointer into an answer to one into the merged value. A pointer to no part becomes that of
    /// the whole value.
    pub(crate) fn whole_pointer(&self, pointer: &str) -> String {
        let inside = pointer.strip_prefix('/').unwrap_or_default();
        let (name, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
        let part = self.parts.iter().find(|part| part.name == name);
        part.map_or_else(String::new, |part| format!("{}{rest}", part.pointer))
    }
}

impl<'a> IntoIterator for &'a ReaskParts {
    type Item = &'a ReaskPart;
    type IntoIter = std::slice::Iter<'a, ReaskPart>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Puts a value at a pointer, in place of the one there. A missing member is added; a missing element is
/// not.
fn put(value: &mut Value, pointer: &str, new: Value) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.insert(name, new);
        }
        Some(Value::Array(items)) => {
            if let Some(item) = name.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                *item = new;
            }
        }
        _ => {}
    }
}
