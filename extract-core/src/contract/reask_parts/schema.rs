//! The schema that parts are asked for by: an object with one member for each, and the definitions
//! that they need.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Map;

use super::ReaskPart;
use super::locate::PathNode;
use crate::contract::{Contract, ContractError, name, wrapper};
use crate::schema::embed;
use crate::schema::segments;

/// The longest name of a part.
const LONGEST: usize = 48;

/// A name for each part, from its place. None is that of a member of the whole: an answer must not be
/// taken for one where it is the other.
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
            // What is nearest says the most.
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

/// The contract of the parts.
pub(super) fn contract(
    whole: &Contract,
    stops: &[PathNode<'_>],
    parts: &[ReaskPart],
) -> Result<Arc<Contract>, ContractError> {
    let mut members = Map::new();
    for (stop, part) in stops.iter().zip(parts) {
        let pointer = &part.type_path;
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
    // A name of a contract is ASCII.
    let name = whole.name();
    let name = format!("{}_parts", name.get(..LONGEST).unwrap_or(name));
    whole.build_like(name, schema).map(Arc::new)
}
