//! Where in the JSON a list of a type stands that was picked from its partial form. A value is made
//! of which every part is there and nothing has come; what is picked from it is known by its address,
//! which no two places share: neither is a place empty, nor does one hold another but in a box.

use std::collections::VecDeque;
use std::ptr;

use super::fields::{FieldsKind, PartialFields};
use super::node::{NodeValue, PartialNode, Seed};
use super::{ListType, Partial};
use crate::contract::Extract;
use crate::schema::push_segment;

/// How deep the value is made: a type may be inside itself.
const DEPTH: usize = 32;
/// How many of its parts are made, those nearer to the root before others.
const MOST: usize = 1024;

/// The JSON pointer of the list that is picked from a `T`. `None` where it is none of those that
/// fields, newtypes and tuples lead to, or where its elements are not read as what they are.
pub(crate) fn of_list<T, L>(pick: impl FnOnce(&Partial<T>) -> &Partial<L>) -> Option<String>
where
    T: Extract,
    L: ListType,
{
    let mut whole = Partial::<T>::new();
    let lists = whole.node.start_all(T::seed());
    let picked = pick(&whole).node();
    let is_picked =
        |path: &&Vec<usize>| whole.node.at_path(path).is_some_and(|node| ptr::eq(node, picked));
    whole.node.pointer(lists.iter().find(is_picked)?)
}

impl PartialNode {
    /// Makes the parts of structs and tuples that begin with this, and shows them; gives the ways to
    /// the lists among them.
    fn start_all(&mut self, seed: Seed) -> Vec<Vec<usize>> {
        let mut lists = Vec::new();
        let mut left = MOST;
        let mut ahead = VecDeque::from([(Vec::new(), seed)]);
        while let Some((way, seed)) = ahead.pop_front() {
            let Some(node) = self.at_path_mut(&way) else { continue };
            node.start(seed);
            node.shown = true;
            let Some(parts) = node.parts_mut() else { continue };
            let inside = match parts.kind() {
                FieldsKind::List => {
                    lists.push(way);
                    continue;
                }
                FieldsKind::Fields | FieldsKind::Positions | FieldsKind::Transparent
                    if way.len() < DEPTH =>
                {
                    parts.fields().len()
                }
                _ => 0,
            };
            for index in 0..inside {
                let seed = parts.seed(index);
                if left > 0 && matches!(seed, Seed::Parts(_)) {
                    left -= 1;
                    ahead.push_back(([&way[..], &[index]].concat(), seed));
                }
            }
        }
        lists
    }

    fn at_path(&self, path: &[usize]) -> Option<&Self> {
        path.iter().try_fold(self, |node, &index| node.any_parts()?.at(index))
    }

    fn at_path_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, &index| node.parts_mut()?.at_mut(index))
    }

    fn any_parts(&self) -> Option<&dyn PartialFields> {
        match &self.store {
            NodeValue::Parts(parts) => Some(&**parts),
            _ => None,
        }
    }

    /// The way to a place under the names of the JSON.
    fn pointer(&self, path: &[usize]) -> Option<String> {
        let mut pointer = String::new();
        let mut node = self;
        for &index in path {
            let parts = node.any_parts()?;
            match parts.kind() {
                FieldsKind::Fields => match parts.fields().get(index)? {
                    field if field.flat => {}
                    field => push_segment(&mut pointer, field.name),
                },
                FieldsKind::Positions => push_segment(&mut pointer, &index.to_string()),
                _ => {}
            }
            node = parts.at(index)?;
        }
        Some(pointer)
    }
}
