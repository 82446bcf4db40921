//! Decides by structure whether a value looks like a node of a schema: by kinds, constants, members,
//! bounds and lengths. Patterns and formats are not checked.

use serde_json::{Map, Value};

use super::constants::json_equal;
use super::node::{NodeId, NodeKind, OtherMembers, Plain};
use super::tree::Tree;
use super::{Kinds, Node};

/// The deepest level of a value that is compared.
const DEPTH: usize = 128;

impl Tree {
    /// Returns whether a value looks like a node. Compares at most `budget` nodes, and assumes that the
    /// rest fits.
    pub(crate) fn fits(&self, id: NodeId, value: &Value, budget: &mut usize) -> bool {
        self.fits_at(id, value, budget, 0)
    }

    /// Like [`fits`](Self::fits), for a value at this depth.
    fn fits_at(&self, id: NodeId, value: &Value, budget: &mut usize, depth: usize) -> bool {
        if *budget == 0 || depth > DEPTH {
            return true;
        }
        *budget -= 1;
        if !self.kinds(id).has(Kinds::of(value)) {
            return false;
        }
        let node: &Node = self.node(self.resolve(id));
        match &node.kind {
            NodeKind::Never(_) => false,
            // `behind` never returns a reference.
            NodeKind::Reference(_) => true,
            NodeKind::Union { branches, .. } => {
                branches.iter().any(|&branch| self.fits_at(branch, value, budget, depth + 1))
            }
            NodeKind::Plain(plain) => self.fits_plain(plain, value, budget, depth),
        }
    }

    /// Returns whether a value meets constraints.
    fn fits_plain(&self, plain: &Plain, value: &Value, budget: &mut usize, depth: usize) -> bool {
        let is_listed =
            |all: &Vec<super::Constant>| all.iter().any(|one| json_equal(&one.value, value));
        if !plain.constants.as_ref().is_none_or(is_listed) {
            return false;
        }
        match value {
            Value::Object(members) => self.fits_object(plain, members, budget, depth),
            Value::Array(items) => {
                within(items.len(), plain.count("minItems"), plain.count("maxItems"))
                    && items.iter().enumerate().all(|(index, item)| {
                        let inner = plain.element(index);
                        inner.is_none_or(|inner| self.fits_at(inner, item, budget, depth + 1))
                    })
            }
            Value::String(text) => {
                let (least, most) = (plain.count("minLength"), plain.count("maxLength"));
                (least.is_none() && most.is_none()) || within(text.chars().count(), least, most)
            }
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(0.0);
                let bound = |keyword| plain.number(keyword);
                bound("minimum").is_none_or(|least| number >= least)
                    && bound("maximum").is_none_or(|most| number <= most)
                    && bound("exclusiveMinimum").is_none_or(|least| number > least)
                    && bound("exclusiveMaximum").is_none_or(|most| number < most)
            }
            _ => true,
        }
    }

    /// Returns whether an object meets constraints.
    fn fits_object(
        &self,
        plain: &Plain,
        members: &Map<String, Value>,
        budget: &mut usize,
        depth: usize,
    ) -> bool {
        let mut required = plain.members.iter().filter(|member| member.required);
        if !required.all(|member| members.contains_key(&member.name)) {
            return false;
        }
        let (least, most) = (plain.count("minProperties"), plain.count("maxProperties"));
        if !within(members.len(), least, most) {
            return false;
        }
        let names: std::collections::HashMap<&str, NodeId> =
            plain.members.iter().map(|member| (member.name.as_str(), member.node)).collect();
        // Unlisted members are accepted only if the schema lists none.
        let open = plain.other_members == OtherMembers::Unspecified && plain.members.is_empty();
        members.iter().all(|(name, member)| {
            let named = names.get(name.as_str()).copied();
            match named.or_else(|| plain.member_of(name).map(|(id, _)| id)) {
                Some(id) => self.fits_at(id, member, budget, depth + 1),
                None => open,
            }
        })
    }
}

/// Returns whether a count lies between two optional limits.
fn within(count: usize, least: Option<u64>, most: Option<u64>) -> bool {
    let count = count as u64;
    least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most)
}
