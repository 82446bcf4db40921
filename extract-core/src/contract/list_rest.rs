//! The contract of the elements that follow those that were given: an object with the list as its only
//! member. Also finds the members that a value lacks.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Map, Value};

use super::{Contract, Problem, ProblemKind, name, wrapper};
use crate::schema::{embed, push_segment, segments};

/// The longest part of a contract's name in the name of the contract of the rest, in bytes.
const LONGEST: usize = 48;

/// The contracts that were built so far, by the pointer of the list.
#[derive(Debug, Default)]
pub(super) struct RestContracts(RwLock<Vec<(String, Arc<Contract>)>>);

impl Contract {
    /// Returns the contract of the rest of the list at a JSON pointer: an object with the one member that
    /// [`rest_name`] returns, a list of any length. Built at the first call.
    ///
    /// `None` if no list can be there, or if the contract cannot be built.
    pub(crate) fn rest_of_list(&self, pointer: &str) -> Option<Arc<Self>> {
        let RestContracts(known) = self.rest_contracts();
        let find = |known: &[(String, Arc<Self>)]| {
            known.iter().find(|(of, _)| of == pointer).map(|(_, contract)| Arc::clone(contract))
        };
        if let Some(found) = find(&known.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(found);
        }
        let element = self.later_element_schema(pointer)?;
        let about = "The elements that follow those that were given.";
        let list = embed::described(embed::list_of(&element), about);
        let mut schema = embed::object(Map::from_iter([(rest_name(pointer), list)]));
        embed::define(&mut schema, self.sent_schema());
        // Cutting is safe: the name of a contract is ASCII.
        let name = self.name();
        let name = format!("{}_rest", name.get(..LONGEST).unwrap_or(name));
        let contract = Arc::new(self.build_like(name, schema).ok()?);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        Some(find(&known).unwrap_or_else(|| {
            known.push((pointer.to_owned(), Arc::clone(&contract)));
            contract
        }))
    }

    /// Returns a problem for each member that the objects from the root to a JSON pointer may have and lack.
    pub(crate) fn absent_members(&self, value: &Value, pointer: &str) -> Vec<Problem> {
        let (expected, found) = ("the member, or null", "nothing: the reply was cut off before it");
        let (mut at, mut node) = (String::new(), self.node());
        let mut problems = Vec::new();
        let mut names = segments(pointer);
        while let (Some(Value::Object(members)), Some(plain)) =
            (value.pointer(&at), self.tree().plain(node))
        {
            let is_absent =
                |name: &str| !(members.contains_key(name) || at.is_empty() && self.has_count(name));
            for member in plain.members.iter().filter(|member| is_absent(&member.name)) {
                let mut place = at.clone();
                push_segment(&mut place, &member.name);
                problems.push(Problem::new(ProblemKind::Reading, place, expected, found));
            }
            let Some(name) = names.next() else { break };
            let Some(member) = plain.member(&name) else { break };
            node = member.node;
            push_segment(&mut at, &name);
        }
        problems
    }
}

/// Returns the name of the member that holds the rest of the list at a JSON pointer.
pub(crate) fn rest_name(pointer: &str) -> String {
    let last = segments(pointer).last();
    match last.filter(|name| name.parse::<usize>().is_err()) {
        Some(last) => name::clean(&last),
        None if pointer.is_empty() => wrapper::KEY.to_owned(),
        None => String::from("items"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_rest_of_a_list_has_its_elements_and_no_bounds() {
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "rows": {"type": "array", "minItems": 9, "items": {"$ref": "#/$defs/Row"}},
                "note": {"type": "string"},
            },
            "required": ["title", "rows"],
            "$defs": {"Row": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Row"}}}},
        }))
        .unwrap();
        let rest = contract.rest_of_list("/rows").unwrap();
        assert!(Arc::ptr_eq(&rest, &contract.rest_of_list("/rows").unwrap()));
        assert!(!rest.is_wrapped());
        assert!(
            rest.is_valid(&json!({"rows": []})) && rest.is_valid(&json!({"rows": [{"next": {}}]}))
        );
        assert!(!rest.is_valid(&json!({"rows": [{"next": 1}]})));
        assert!(contract.rest_of_list("/title").is_none());
        let absent = contract.absent_members(&json!({"rows": []}), "/rows");
        let absent: Vec<&str> = absent.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(absent, ["/title", "/note"]);
    }
}
