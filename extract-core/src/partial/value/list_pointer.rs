//! Finds the JSON pointer of a list that a closure picks from a partial value. The closure gets a value
//! in which every part exists and is pending. The picked node is identified by its address. Addresses are
//! unique: no node has size zero, and a node contains another one only behind a box.

use std::collections::VecDeque;
use std::ptr;

use super::fields::{FieldsKind, PartialFields};
use super::node::{NodeValue, PartialNode, Seed};
use super::{ListType, Partial};
use crate::contract::Extract;
use crate::schema::push_segment;

/// Limit on the depth of the value: a type may contain itself.
const DEPTH: usize = 32;
/// Limit on the number of parts that are made, breadth first.
const MOST: usize = 1024;

/// Returns the JSON pointer of the list that `pick` returns. Returns `None` if the list is not reached
/// through fields, newtypes and tuples alone, or if serde reads it by a function (`deserialize_with`).
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
    /// Makes and shows the parts of nested structs, tuples and newtypes. Returns the index paths of the
    /// lists among them.
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

    /// Returns the node at a path of indices, or `None` if a part on the path does not exist.
    fn at_path(&self, path: &[usize]) -> Option<&Self> {
        path.iter().try_fold(self, |node, &index| node.any_parts()?.at(index))
    }

    /// [`at_path`](Self::at_path), to change the node.
    fn at_path_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, &index| node.parts_mut()?.at_mut(index))
    }

    /// Returns the parts, whether or not they are shown.
    fn any_parts(&self) -> Option<&dyn PartialFields> {
        match &self.store {
            NodeValue::Parts(parts) => Some(&**parts),
            _ => None,
        }
    }

    /// Converts a path of indices to a JSON pointer. Returns `None` if a part on the path does not exist.
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
