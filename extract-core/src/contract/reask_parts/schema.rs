//! Builds the contract of parts: an object with one member for each part, and the definitions they need.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Map;

use super::ReaskPart;
use super::locate::PathNode;
use crate::contract::{Contract, ContractError, name, wrapper};
use crate::schema::{embed, segments};

/// The longest name of a part, in bytes.
const LONGEST: usize = 48;

/// Returns a name for each part, made from its pointer. No name is that of a member of the whole value, so
/// that an answer with parts cannot be mistaken for a whole value.
pub(super) fn names(whole: &Contract, stops: &[PathNode<'_>]) -> Vec<String> {
    let tree = whole.tree();
    let members = tree.plain(tree.root()).into_iter().flat_map(|plain| &plain.members);
    let mut taken: HashSet<String> = members.map(|member| member.name.clone()).collect();
    stops
        .iter()
        .map(|stop| {
            let mut words: Vec<String> = segments(&stop.pointer).collect();
            if whole.is_wrapped() {
                words.insert(0, String::from(wrapper::KEY));
            }
            // The last segments say the most about a part.
            while words.len() > 1
                && words.iter().map(|word| word.len() + 1).sum::<usize>() > LONGEST
            {
                words.remove(0);
            }
            let mut name = name::clean(&words.join("_"));
            if taken.contains(&name) {
                name.insert_str(0, "corrected_");
            }
            let plain = name.clone();
            let mut count = 1;
            while !taken.insert(name.clone()) {
                count += 1;
                name = format!("{plain}_{count}");
            }
            name
        })
        .collect()
}

/// Builds the contract of the parts. Fails if their schema cannot be compiled.
pub(super) fn contract(
    whole: &Contract,
    stops: &[PathNode<'_>],
    parts: &[ReaskPart],
) -> Result<Arc<Contract>, ContractError> {
    let mut members = Map::new();
    for (stop, part) in stops.iter().zip(parts) {
        let pointer = &part.sent_pointer;
        let words = match whole.tree().description(stop.node) {
            Some(words) => format!("At {pointer}: {words}"),
            None => format!("At {pointer}."),
        };
        let schema = whole.tree().to_schema(whole.sent_schema(), stop.node);
        members.insert(part.name.clone(), embed::described(schema, &words));
    }
    let about = "Parts of the answer, corrected. Everything else is kept as it is.";
    let mut schema = embed::described(embed::object(members), about);
    embed::define(&mut schema, whole.sent_schema());
    // Cutting is safe: the name of a contract is ASCII.
    let name = whole.name();
    let name = format!("{}_parts", name.get(..LONGEST).unwrap_or(name));
    whole.build_like(name, schema).map(Arc::new)
}
