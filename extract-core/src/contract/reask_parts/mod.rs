//! Parts: what is wrong in a value that is right for the most part, to be asked for by itself,
//! against its own part of the schema, and put back in its place.

mod choose;
mod locate;
mod schema;

use std::sync::Arc;

use serde_json::Value;

use super::{Contract, LoweredContract, Problem, Problems};

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaskPart {
    /// What it is asked for as.
    pub name: String,
    /// Where it belongs: its JSON pointer in the value.
    pub pointer: String,
    /// The same place in the value as the model sees it.
    pub type_path: String,
}

/// The parts of a value that hold all of its problems, and what they are asked for by: an object with
/// one member for each.
///
/// A part is an element of a list, an entry of a map, or a member of an object: the smallest around a
/// problem whose schema is plain. A value that is wrong as a whole, or in what no schema speaks of,
/// has no parts.
///
/// ```
/// use extract_llm::check::violations;
/// use extract_llm::contract::{Contract, ReaskParts};
/// use serde_json::json;
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
/// let parts = ReaskParts::of(&contract, None, &value, &violations(&contract, &value)).unwrap();
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
    bytes: usize,
}

impl ReaskParts {
    /// The parts of a value, of the type's own shape, that hold these problems; `None` where it has
    /// to be asked for as a whole. `form` is what the whole was asked for in.
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
                type_path: place,
            })
            .collect();
        let bytes =
            |stop: &locate::PathNode<'_>| stop.value.map_or(0, |value| value.to_string().len());
        let bytes = stops.iter().map(bytes).sum();
        let contract = schema::contract(whole, &stops, &parts).ok()?;
        Some(Self { parts, contract, bytes })
    }

    /// What the parts are asked for by.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Each part.
    pub fn iter(&self) -> std::slice::Iter<'_, ReaskPart> {
        self.parts.iter()
    }

    /// Where the parts belong, as JSON pointers into the value.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.pointer.as_str())
    }

    /// The bytes of JSON that the parts of the value take as they are; what is missing takes none.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The value with the parts of an answer in their places; a part that the answer leaves out stays
    /// as it is. `None` where the answer holds no part at all.
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

    /// A problem of an answer, as one of the merged value.
    pub(crate) fn to_whole(&self, mut problem: Problem) -> Problem {
        let inside = problem.pointer.strip_prefix('/').unwrap_or_default();
        let (name, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
        let part = self.parts.iter().find(|part| part.name == name);
        problem.pointer = part.map_or_else(String::new, |part| format!("{}{rest}", part.pointer));
        problem
    }
}

impl<'a> IntoIterator for &'a ReaskParts {
    type Item = &'a ReaskPart;
    type IntoIter = std::slice::Iter<'a, ReaskPart>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Puts a value where another is, or would be.
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
