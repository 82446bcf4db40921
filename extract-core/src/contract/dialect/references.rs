//! References and the definitions that they lead to. They are kept or written out. A recursive
//! definition that is written out is cut off at a limited depth.

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Definition, Lowering, SchemaDraft, clean, is_noise};
use super::note::NoteKind;
use super::plan::{SAME, Step, StepId};
use super::table::{Refs, RootRefs};
use crate::schema::{Kinds, NodeId, NodeKind, each_schema, pointer_of};

/// While fewer schemas than this are lowered, a reference with a description is written out. Afterwards
/// it is kept and wrapped.
const INLINE_PARTS: usize = 2_000;

impl Lowering<'_> {
    /// Lowers the node `to` for a reference at the node `at`: as a `$ref`, or written out. `bare` means
    /// that the reference carries no description. Returns `None` if no value fits.
    pub(super) fn referred(
        &mut self,
        at: NodeId,
        to: NodeId,
        bare: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let mut node = to;
        // A definition that only refers to another one is skipped.
        while let NodeKind::Reference(next) = self.tree.node(node).kind {
            if !self.tree.node(node).annotations.is_empty() {
                break;
            }
            node = next;
        }
        if self.tree.is_recursive(node) {
            if let Some(most) = self.unroll {
                let open = self.path.iter().filter(|open| **open == node).count();
                if open >= most {
                    return Ok(Some(self.cut(node, at)));
                }
                self.path.push(node);
                let draft = self.body(node, false)?;
                self.path.pop();
                if let (0, Some(draft)) = (open, &draft) {
                    self.close(node, draft.step);
                }
                return Ok(draft);
            }
        } else {
            let is = &self.tree.node(node).kind;
            let is_anything = matches!(is, NodeKind::Plain(plain) if plain.is_anything());
            let annotated = !bare && self.inline && self.parts < INLINE_PARTS;
            if self.dialect.refs == Refs::Inline
                || matches!(is, NodeKind::Never(_))
                || is_anything
                || annotated
            {
                self.inlined |= annotated;
                return self.body(node, false);
            }
        }
        let index = self.define(node);
        let schema = [("$ref".to_owned(), self.reference_to(index))].into_iter().collect();
        let step = self.step(Step::Definition(index));
        let null =
            self.tree.fits(node, &Value::Null, &mut 500) && self.tree.kinds(node).has(Kinds::NULL);
        Ok(Some(SchemaDraft { schema, step, null, ..SchemaDraft::default() }))
    }

    /// Returns the schema at the end of a recursive definition that is written out: JSON text, so that
    /// no value is lost.
    fn cut(&mut self, node: NodeId, at: NodeId) -> SchemaDraft {
        let index = self.definition(node, false);
        let name = self.name_of(node);
        let depth = self.unroll.unwrap_or_default();
        let pointer = self.pointer(at).to_owned();
        self.note(
            NoteKind::Unrolled,
            &pointer,
            format!("{name} is written out {depth} deep; what is deeper is sent as JSON text"),
        );
        let schema = [("type".to_owned(), self.type_name("string"))].into_iter().collect();
        let words =
            vec![format!("JSON text of one more {name}, in the same shape as the outer ones.")];
        SchemaDraft {
            schema,
            sentences: words,
            step: self.step(Step::Cut(index)),
            ..SchemaDraft::default()
        }
    }

    /// Stores the step of a definition that is written out, for the values that are cut off.
    pub(super) fn close(&mut self, node: NodeId, step: StepId) {
        let index = self.by_node.get(&node).copied();
        if let Some(known) = index.and_then(|index| self.definitions.get_mut(index)) {
            if known.name.is_none() {
                known.step = step;
            }
        }
    }

    /// Returns the index of a definition for a `$ref`. The root is not sent as a definition if the
    /// dialect refers to it as `#`.
    fn define(&mut self, node: NodeId) -> usize {
        let sent = node != self.tree.root() || self.dialect.root_refs == RootRefs::Define;
        self.definition(node, sent)
    }

    /// Returns the index of a definition. A new one gets an unused name if it is sent.
    fn definition(&mut self, node: NodeId, sent: bool) -> usize {
        if let Some(index) = self.by_node.get(&node) {
            return *index;
        }
        let name = sent.then(|| {
            let name = self.name_of(node);
            let mut free = name.clone();
            let mut number = 1;
            while !self.names.insert(free.clone()) {
                number += 1;
                free = format!("{name}_{number}");
            }
            free
        });
        self.by_node.insert(node, self.definitions.len());
        self.definitions.push(Definition { node, name, schema: None, step: SAME });
        self.definitions.len() - 1
    }

    /// Returns the value of a `$ref` to a definition; `#` for the root.
    fn reference_to(&self, index: usize) -> Value {
        match &self.definitions[index].name {
            Some(name) => format!("#/$defs/{name}").into(),
            None => "#".into(),
        }
    }

    /// Returns the name of a node, in at most 64 safe characters.
    fn name_of(&self, node: NodeId) -> String {
        clean(&self.tree.name(node), 64)
    }

    /// Returns a schema for a keyword that does not shape a value. Only its references change, and
    /// keywords that say nothing about values are removed.
    pub(super) fn verbatim(&mut self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        each_schema(&mut schema, |members: &mut Map<String, Value>| {
            members.retain(|keyword, _| !is_noise(keyword));
            let pointer = members.get("$ref").and_then(Value::as_str).and_then(pointer_of);
            if let Some(node) = pointer.and_then(|place| self.tree.target(&place)) {
                let index = self.define(node);
                members.insert("$ref".to_owned(), self.reference_to(index));
            }
        });
        schema
    }
}
