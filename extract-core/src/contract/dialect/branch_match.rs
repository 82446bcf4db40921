//! Decides whether a sent value looks like one branch of a union. The plan holds the sent shape of
//! every part, and the type's schema the rules for its values.

use serde_json::Value;

use super::plan::{Branch, KEY, Member, OtherSteps, Plan, SAME, Step, StepId, TUPLE_REST, VALUE};
use crate::schema::{Kinds, NodeId, NodeKind, Plain, Tree, json_equal};

/// The deepest level of a value that is compared.
const DEPTH: usize = 128;

/// Compares sent values with branches.
pub(super) struct BranchMatcher<'a> {
    pub(super) plan: &'a Plan,
    pub(super) tree: &'a Tree,
}

impl BranchMatcher<'_> {
    /// Returns whether a value looks like a branch. Compares at most `budget` nodes, and assumes that
    /// the rest fits.
    pub(super) fn fits(&self, branch: &Branch, value: &Value, budget: &mut usize) -> bool {
        self.fits_step(branch.step, branch.node, branch.kinds, value, budget, 0)
    }

    /// Returns whether a value looks like a node of these kinds, sent according to `step`.
    fn fits_step(
        &self,
        step: StepId,
        node: NodeId,
        kinds: Kinds,
        value: &Value,
        budget: &mut usize,
        depth: usize,
    ) -> bool {
        if *budget == 0 || depth > DEPTH {
            return true;
        }
        *budget -= 1;
        let depth = depth + 1;
        if value.is_null() {
            return kinds.has(Kinds::NULL) && self.tree.kinds(node).has(Kinds::NULL);
        }
        let node = self.without_null(node);
        let plain = self.tree.plain(node);
        let mut inner = |step: StepId, node: Option<NodeId>, value: &Value| {
            let fits = |node| self.fits_step(step, node, Kinds::ALL, value, budget, depth);
            node.is_none_or(fits)
        };
        match self.plan.steps.get(step) {
            None | Some(Step::Same) => {
                kinds.has(Kinds::of(value)) && self.tree.fits(node, value, budget)
            }
            Some(Step::Definition(index)) => {
                let step = self.plan.definitions.get(*index).copied().unwrap_or(SAME);
                self.fits_step(step, node, kinds, value, budget, depth)
            }
            Some(Step::Text { .. } | Step::Cut(_)) => value.is_string(),
            Some(Step::Wrapped { key, inner: step }) => {
                let wrapped = value.as_object().filter(|members| members.len() == 1);
                wrapped
                    .and_then(|members| members.get(key))
                    .is_some_and(|value| self.fits_step(*step, node, kinds, value, budget, depth))
            }
            Some(Step::Union(branches)) => branches.iter().any(|branch| {
                self.fits_step(branch.step, branch.node, branch.kinds, value, budget, depth)
            }),
            Some(Step::Pairs { values }) => {
                let Some(pairs) = value.as_array() else { return false };
                pairs.iter().all(|pair| {
                    let key = pair.get(KEY).and_then(Value::as_str);
                    let node = key.and_then(|key| Some(plain?.member_of(key)?.0));
                    pair.get(VALUE).is_some_and(|value| inner(*values, node, value))
                })
            }
            Some(Step::Array { first, items }) => {
                let Some(list) = value.as_array() else { return false };
                list.iter().enumerate().all(|(index, item)| {
                    let step = first.get(index).copied().unwrap_or(*items);
                    inner(step, plain.and_then(|plain| plain.element(index)), item)
                })
            }
            Some(Step::Tuple { first, rest }) => {
                let Some(places) = value.as_object() else { return false };
                let count = first.len() + usize::from(rest.is_some());
                places.len() <= count
                    && first.iter().enumerate().all(|(index, step)| {
                        let node = plain.and_then(|plain| plain.element(index));
                        places.get(&index.to_string()).is_some_and(|item| inner(*step, node, item))
                    })
                    && (rest.is_none() || places.contains_key(TUPLE_REST))
            }
            Some(Step::Object { members, renamed, rest }) => {
                let Some(sent) = value.as_object() else { return false };
                let Some(plain) = plain else { return false };
                let is_there = |member: &crate::schema::Member| {
                    let name = members.get(&member.name).map_or(&member.name, |one| &one.sent);
                    !member.required || sent.contains_key(name)
                };
                plain.members.iter().all(is_there)
                    && sent.iter().all(|(name, value)| {
                        let original = renamed.get(name).unwrap_or(name);
                        match (members.get(original), rest) {
                            (Some(member), _) if value.is_null() && member.null_is_absent => true,
                            (Some(member), _) => inner(
                                member.step,
                                plain.member(original).map(|one| one.node),
                                value,
                            ),
                            (None, OtherSteps::Pairs { sent, .. }) if sent == name => {
                                value.is_array()
                            }
                            (None, OtherSteps::Members(step)) => match plain.member_of(original) {
                                Some((node, _)) => inner(*step, Some(node), value),
                                None => plain.members.is_empty(),
                            },
                            (None, OtherSteps::Pairs { .. }) => false,
                        }
                    })
            }
        }
    }

    /// Returns the only alternative of a node besides null, or the node itself.
    fn without_null(&self, node: NodeId) -> NodeId {
        let mut node = self.tree.resolve(node);
        while let NodeKind::Union { branches, .. } = &self.tree.node(node).kind {
            let mut others = branches.iter().filter(|id| self.tree.kinds(**id) != Kinds::NULL);
            match (others.next(), others.next()) {
                (Some(only), None) => node = self.tree.resolve(*only),
                _ => break,
            }
        }
        node
    }

    /// Returns the step of the branch that a value was most likely meant for, if it looks like none:
    /// the branch that shares most constants and members. Returns [`SAME`] if the value contradicts
    /// every branch.
    pub(super) fn best(&self, branches: &[Branch], value: &Value, is_sent: bool) -> StepId {
        let mut best = (SAME, None);
        for branch in branches {
            let claimed = self.claimed(branch, value, is_sent);
            if claimed > best.1 {
                best = (branch.step, claimed);
            }
        }
        best.0
    }

    /// Returns a score for the members of an object that a branch has; a matching constant counts four.
    /// Returns `None` if the value has another kind or contradicts a constant. The tag of a tagged
    /// union therefore decides, even if the rest of the value is wrong.
    fn claimed(&self, branch: &Branch, value: &Value, is_sent: bool) -> Option<usize> {
        let step = match self.plan.steps.get(branch.step) {
            Some(Step::Definition(index)) => self.plan.definitions.get(*index).copied(),
            _ => Some(branch.step),
        };
        let step = step.and_then(|step| self.plan.steps.get(step));
        let (members, kinds) = match step {
            Some(Step::Object { members, .. }) => (Some(members), Kinds::OBJECT),
            Some(Step::Pairs { .. }) if is_sent => (None, Kinds::ARRAY),
            Some(Step::Text { .. } | Step::Cut(_)) if is_sent => (None, Kinds::STRING),
            Some(Step::Tuple { .. } | Step::Wrapped { .. }) if is_sent => (None, Kinds::OBJECT),
            _ => (None, branch.kinds.and(self.tree.kinds(branch.node))),
        };
        if !kinds.has(Kinds::of(value)) {
            return None;
        }
        let (Some(plain), Some(object)) = (self.tree.plain(branch.node), value.as_object()) else {
            return Some(0);
        };
        let sent = |name: &str| -> Option<&Member> { members?.get(name).filter(|_| is_sent) };
        let mut claims = 0;
        for one in &plain.members {
            let name = sent(&one.name).map_or(one.name.as_str(), |member| &member.sent);
            let Some(member) = object.get(name) else { continue };
            match self.constants(one.node) {
                Some(plain) => {
                    let known = plain.constants.iter().flatten();
                    if !known.into_iter().any(|known| alike(&known.value, member)) {
                        return None;
                    }
                    claims += 4;
                }
                None => claims += 1,
            }
        }
        Some(claims)
    }

    /// Returns the constraints of a node that lists constants.
    fn constants(&self, node: NodeId) -> Option<&Plain> {
        match &self.tree.node(self.tree.resolve(node)).kind {
            NodeKind::Plain(plain) if plain.constants.is_some() => Some(plain),
            _ => None,
        }
    }
}

/// Compares two constants. Case is ignored, because not all providers that enforce a schema enforce the
/// case of constants.
fn alike(known: &Value, value: &Value) -> bool {
    match (known, value) {
        (Value::String(known), Value::String(text)) => known.eq_ignore_ascii_case(text),
        _ => json_equal(known, value),
    }
}
