//! Explains the violations of a value that is nested so deeply in unions that not all branches can be
//! tried. Walks the value node by node, and follows only the branch that the value names at each union. A
//! node is checked against the keywords about this node alone, so the work is linear in the size of the
//! value.

use std::collections::HashMap;

use serde_json::Value;

use super::union_branch::{MeantBranch, meant_branch};
use super::violation_report::ViolationReport;
use crate::contract::{Contract, Problem, Problems};
use crate::schema::{CheckKind, Tree, Validator, WrittenId, push_segment};

/// Limit on the checks: each is of one node against one schema.
const MOST: usize = 200_000;

/// Limit on the problems that are reported.
const MAX_PROBLEMS: usize = 1000;

/// Returns the problems of the value. Nodes that the walk does not visit have none.
pub(super) fn problems(contract: &Contract, value: &Value) -> Vec<Problem> {
    let Some(root) = contract.written_at("") else { return Vec::new() };
    let mut walk = Walk {
        contract,
        tree: contract.tree(),
        problems: Vec::new(),
        compiled: HashMap::new(),
        left: MOST,
        open: vec![(root, value, String::new())],
    };
    while let Some((schema, value, pointer)) = walk.open.pop() {
        walk.left -= 1;
        if walk.left == 0 || walk.problems.len() >= MAX_PROBLEMS {
            break;
        }
        walk.explain(schema, value, &pointer);
    }
    // The walk goes last in, first out: the problems are not in the order of the pointers yet.
    walk.problems.sort_by(|one, other| one.pointer.cmp(&other.pointer));
    walk.problems
}

/// The state of the walk.
struct Walk<'a> {
    contract: &'a Contract,
    tree: &'a Tree,
    problems: Vec<Problem>,
    /// The compiled validators, by the schema and by whether nested schemas are included. `None` if the
    /// schema does not compile.
    compiled: HashMap<(WrittenId, bool), Option<Validator>>,
    /// The number of checks left.
    left: usize,
    /// The nodes still to be explained: schema, value and pointer.
    open: Vec<(WrittenId, &'a Value, String)>,
}

impl<'a> Walk<'a> {
    /// Reports the violations of a schema at one node, and queues its conjuncts, branches and parts.
    fn explain(&mut self, id: WrittenId, value: &'a Value, pointer: &str) {
        self.report(id, value, pointer, false);
        let schema = self.tree.written(id);
        for part in schema.conjuncts() {
            self.open.push((part, value, pointer.to_owned()));
        }
        for (_, branches) in schema.unions() {
            self.explain_union(id, branches, value, pointer);
        }
        match value {
            Value::Object(entries) => {
                for (name, entry) in entries {
                    let named = schema.members.iter().find(|(known, _)| known == name);
                    let inner = named.map(|(_, id)| *id).or(schema.others);
                    self.explain_at(inner, name, entry, pointer);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let inner = schema.first.get(index).copied().or(schema.rest);
                    self.explain_at(inner, &index.to_string(), item, pointer);
                }
            }
            _ => {}
        }
    }

    /// Queues a part of the node at the pointer `at`.
    fn explain_at(&mut self, id: Option<WrittenId>, segment: &str, value: &'a Value, at: &str) {
        // The keywords of the node around it report a `false` schema.
        let Some(id) = id.filter(|id| !self.tree.written(*id).is_false) else { return };
        let mut pointer = at.to_owned();
        push_segment(&mut pointer, segment);
        self.open.push((id, value, pointer));
    }

    /// Queues the branch that the value names. Reports a value that names no branch.
    fn explain_union(
        &mut self,
        id: WrittenId,
        branches: &[WrittenId],
        value: &'a Value,
        pointer: &str,
    ) {
        match meant_branch(self.tree, branches, value) {
            MeantBranch::Branch(index) => {
                let branch = branches.get(index);
                self.open.extend(branch.map(|branch| (*branch, value, pointer.to_owned())));
            }
            MeantBranch::Unnamed { tag, names } => {
                let mut report = ViolationReport::new(self.contract);
                report.unnamed(pointer, value, tag, names);
                self.problems.extend(report.problems);
            }
            // The value is not nested deeply: all branches can be tried.
            MeantBranch::Unknown if self.tree.is_affordable(id, value, CheckKind::ListErrors) => {
                self.report(id, value, pointer, true);
            }
            MeantBranch::Unknown => {}
        }
    }

    /// Reports the violations of a schema at this node: with its nested schemas if `whole` is set,
    /// without the schemas of parts and branches otherwise.
    fn report(&mut self, id: WrittenId, value: &Value, pointer: &str, whole: bool) {
        let contract = self.contract;
        let compiled = self.compiled.entry((id, whole)).or_insert_with(|| {
            let document = contract.sent_schema();
            let part = self.tree.standalone_schema(document, id, whole);
            Contract::compile_part(&part).ok()
        });
        let Some(validator) = compiled else { return };
        if validator.is_valid(value) {
            return;
        }
        if whole {
            // The steps of the validator count against the limit.
            let steps =
                self.tree.check_steps(id, value, CheckKind::ListErrors).unwrap_or(self.left);
            self.left = self.left.saturating_sub(steps).max(1);
        }
        let mut report = ViolationReport::new(contract);
        validator.each_error(value, MAX_PROBLEMS, |error| report.describe(error));
        self.problems.extend(Problems::from(report.problems).under(pointer));
    }
}
