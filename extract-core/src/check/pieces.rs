//! Checks a value that holds only a part of what its type asks for.

use serde_json::Value;

use crate::contract::{Checker, Context, Contract, Extract, FailedCheck, Problems};
use crate::schema::{Combination, NodeId, StackRoom, Tree};

/// Runs the validators of the type on the parts of a value that are there and can be read. Validators of the
/// whole, of lists and of maps are left out, because they may need what is missing.
///
/// Returns the problems of the parts. Fails if a validator could not be carried out.
pub(crate) fn check_pieces<T: Extract>(
    contract: &Contract,
    value: &Value,
    context: Context<'_>,
) -> Result<Problems, FailedCheck> {
    let (tree, node) = (contract.tree(), contract.node());
    let is_single = matches!(tree.combination(node), Combination::Single);
    let walk = || {
        Checker::with_context(value, context).guarded(|checker| {
            if !is_single {
                T::check_json(checker);
            } else if !value.is_null() {
                checker.check_field_piece::<T>();
            }
        })
    };
    let found = StackRoom::of_reading(value).run(walk)?;
    let of_part = |pointer: &str| is_of_part(tree, node, value, pointer);
    Ok(found.into_iter().filter(|problem| of_part(&problem.pointer)).collect())
}

/// Whether a problem at a pointer is about a part that is complete: a scalar that is there, or an element.
fn is_of_part(tree: &Tree, node: NodeId, value: &Value, pointer: &str) -> bool {
    let mut node = node;
    let mut value = value;
    for name in crate::schema::segments(pointer) {
        let inside = match tree.combination(node) {
            Combination::Object(plain) => plain.member(&name),
            Combination::List(_) | Combination::Single => return true,
        };
        // An entry of a map is as complete as an element of a list.
        let Some(member) = inside else { return true };
        let Some(inner) = value.get(&name) else { return false };
        (node, value) = (member.node, inner);
    }
    matches!(tree.combination(node), Combination::Single) && !value.is_null()
}
