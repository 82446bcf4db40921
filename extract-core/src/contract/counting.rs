//! Contracts of the same type in which the model states how many elements a list has, before it writes them.
//! The number is a member in front of all others, at the root of the sent object; the type has no such
//! member.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::{Contract, ContractError, name, wrapper};
use crate::schema::{embed, segments};

/// A member of the sent object in which the model states the number of elements of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountMember {
    pub(crate) name: String,
    /// The JSON pointer of the list in the value of the type.
    pub(crate) pointer: String,
}

/// The contracts with such members that were built so far.
#[derive(Debug, Default)]
pub(super) struct CountingContracts(RwLock<Vec<Arc<Contract>>>);

/// Returns the names of the members.
pub(super) fn names(counts: &[CountMember]) -> Vec<&str> {
    counts.iter().map(|count| count.name.as_str()).collect()
}

/// Adds the members to a sent schema, in front of its own. A reference to the whole schema keeps its meaning.
/// Returns `None` if the schema lists no members.
pub(super) fn with_counts(schema: &Value, counts: &[CountMember]) -> Option<Value> {
    let counted = counts.iter().rev().try_fold(schema.clone(), |schema, count| {
        let list = if count.pointer.is_empty() { "the list" } else { count.pointer.as_str() };
        let about = format!(
            "The number of elements that {list} must have: count them before you write the first one."
        );
        embed::with_first_member(&schema, &count.name, embed::count(&about))
    })?;
    let mut defined = counted.clone();
    let refers_to_whole = embed::define(&mut defined, schema);
    Some(if refers_to_whole { defined } else { counted })
}

/// Returns the error of a type whose schema lists no members at its root.
pub(super) fn no_members(name: String) -> ContractError {
    let message = "it lists no members, so no member for the number of elements can be added";
    ContractError::Schema { name, pointer: String::new(), message: message.to_owned() }
}

impl Contract {
    /// Returns the contract of the same type in which the model states the number of elements of the lists
    /// at these JSON pointers. Built at the first call, looked up after that.
    ///
    /// Fails if the schema of the type lists no members at its root.
    pub(crate) fn counting(self: &Arc<Self>, lists: &[&str]) -> Result<Arc<Self>, ContractError> {
        if lists.is_empty() {
            return Ok(Arc::clone(self));
        }
        let CountingContracts(known) = &self.counting;
        let is_same = |of: &Arc<Self>| {
            of.counts.iter().map(|count| &*count.pointer).eq(lists.iter().copied())
        };
        let find = |known: &[Arc<Self>]| known.iter().find(|of| is_same(of)).map(Arc::clone);
        if let Some(found) = find(&known.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let mut counts: Vec<CountMember> = Vec::new();
        for list in lists {
            let name = self.count_name(list, &counts);
            counts.push(CountMember { name, pointer: (*list).to_owned() });
        }
        let contract = Arc::new(self.build_with_counts(counts)?);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        Ok(find(&known).unwrap_or_else(|| {
            known.push(Arc::clone(&contract));
            contract
        }))
    }

    /// Returns a name for the number of elements of a list: `lines_count`. It is the name of no member of the
    /// sent object.
    fn count_name(&self, list: &str, counts: &[CountMember]) -> String {
        let words: Vec<String> = segments(list).collect();
        let last = words.last().map_or(wrapper::KEY, String::as_str);
        let mut name = format!("{}_count", name::clean(last));
        let tree = self.tree();
        let is_taken = |name: &str| {
            let known = tree.plain(tree.root());
            known.is_some_and(|plain| plain.member(name).is_some())
                || counts.iter().any(|count| count.name == name)
        };
        while is_taken(&name) {
            name.insert_str(0, "the_");
        }
        name
    }

    /// Returns the numbers that a value in the sent shape states, each with the pointer of its list. A number
    /// that is left out is `Null`.
    pub(crate) fn stated_counts(&self, sent: &Value) -> Vec<(String, Value)> {
        let stated = |count: &CountMember| {
            let value = sent.get(&count.name).cloned().unwrap_or_default();
            (count.pointer.clone(), value)
        };
        self.counts.iter().map(stated).collect()
    }

    /// Returns whether a member of the sent object states a number of elements.
    pub(super) fn has_count(&self, name: &str) -> bool {
        self.counts.iter().any(|count| count.name == name)
    }

    /// Returns the name of the member that states the number of elements of a list.
    pub(crate) fn count_of(&self, list: &str) -> Option<&str> {
        self.counts.iter().find(|count| count.pointer == list).map(|count| count.name.as_str())
    }

    /// Removes the stated numbers from a value.
    pub(super) fn remove_counts(&self, value: &mut Value) {
        let Some(members) = value.as_object_mut() else { return };
        for count in &self.counts {
            members.shift_remove(&count.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::dialect::Dialect;

    #[test]
    fn a_number_comes_first_in_every_dialect_and_is_no_member_of_the_value() {
        let schema = json!({
            "title": "Table",
            "type": "object",
            "properties": {
                "rows_count": {"type": "string"},
                "rows": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["rows_count", "rows"],
            "additionalProperties": false,
        });
        let table = Contract::from_schema(schema).unwrap();
        let list = Contract::of::<Vec<u8>>().unwrap();
        let value = json!({"rows_count": "own", "rows": [1, 2]});
        for (contract, pointer, name, value) in
            [(&table, "/rows", "the_rows_count", value), (&list, "", "value_count", json!([1, 2]))]
        {
            let counting = contract.counting(&[pointer]).unwrap();
            assert!(Arc::ptr_eq(&counting, &contract.counting(&[pointer]).unwrap()));
            assert_eq!(counting.schema(), contract.schema());
            for dialect in Dialect::ALL {
                let Ok(form) = counting.lowered(dialect, true) else { continue };
                let schema = &form.tool.schema;
                let first = schema["properties"].as_object().unwrap().keys().next();
                assert_eq!(first.map(String::as_str), Some(name), "{}", dialect.name());
                let sent = counting.sent_value(Some(&form), value.clone());
                let mut with = serde_json::Map::new();
                with.insert(name.to_owned(), 7.into());
                with.extend(sent.as_object().unwrap().clone());
                let with = Value::Object(with);
                assert_eq!(counting.stated_counts(&with), [(pointer.to_owned(), json!(7))]);
                assert_eq!(counting.restore(Some(&form), with).value, value, "{}", dialect.name());
            }
        }
    }
}
