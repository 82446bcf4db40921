//! Describes a pointer into a schema by the type that the schema was made of: `Order.lines[].sku` for
//! `/$defs/Order/properties/lines/items/properties/sku`.

use super::Contract;
use crate::schema::{SchemaStep, Tree, WrittenSchema};

/// Describes a pointer into the schema of the type: `Order.lines[].sku`.
pub(super) fn describe_path(contract: &Contract, pointer: &str) -> String {
    let tree = contract.tree();
    let sent = contract.sent_schema_pointer(pointer);
    let mut path = contract.name().to_owned();
    let mut at = contract.written_at("");
    if let Some((name, definition)) = tree.definition_at(&sent) {
        (path, at) = (name, Some(definition));
    }
    while let Some(schema) = at.map(|id| tree.written(id)) {
        let leads_on = |pointer: &str| {
            sent.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let next = schema.steps().find(|(_, id)| leads_on(&tree.written(*id).pointer));
        if let Some((step, id)) = next {
            path += &match step {
                SchemaStep::Member(name) => format!(".{name}"),
                SchemaStep::Entry => "{}".to_owned(),
                SchemaStep::Element => "[]".to_owned(),
                SchemaStep::Position(index) => format!(".{index}"),
                SchemaStep::Alternative(index) => {
                    let name = variant(tree, tree.written(id));
                    format!("({})", name.unwrap_or_else(|| format!("variant {index}")))
                }
                SchemaStep::Same => String::new(),
            };
        }
        // A keyword at the end of the pointer is left out: the description of the change names it.
        at = next.map(|(_, id)| id);
    }
    path
}

/// Returns the name of an alternative: its definition, its constant, its title, its tag, or its only
/// required member. `None` if it has none of them.
fn variant(tree: &Tree, branch: &WrittenSchema) -> Option<String> {
    if let Some(target) = branch.reference {
        let pointer = &tree.written(target).pointer;
        return crate::schema::segments(pointer).last();
    }
    let constant = |schema: &WrittenSchema| match schema.constants.as_deref() {
        Some([only]) if schema.is_const => only.value.as_str().map(str::to_owned),
        _ => None,
    };
    let tag = || branch.members.iter().find_map(|(_, id)| constant(tree.written(*id)));
    let only = || match (branch.required.as_slice(), branch.members.len()) {
        ([only], 1) => Some(only.clone()),
        _ => None,
    };
    constant(branch).or_else(|| branch.notes.title.clone()).or_else(tag).or_else(only)
}
