//! References and the definitions they lead to: kept, written out, or, where a recursive one has been
//! written out often enough, cut off.

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Definition, Lowering, SchemaDraft, clean, is_noise};
use super::note::NoteKind;
use super::plan::{SAME, Step, StepId};
use super::table::{Refs, RootRefs};
use crate::schema::{Kinds, NodeId, NodeKind, each_schema, pointer_of};

/// While fewer schemas than this are written, a described reference is written out; afterwards it
/// is kept and wrapped.
const INLINE_PARTS: usize = 2_000;

impl Lowering<'_> {
    /// What a node becomes at a place that refers to it: a reference, or what it is.
    pub(super) fn referred(
        &mut self,
        at: NodeId,
        to: NodeId,
        bare: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let mut node = to;
        // A definition that is only another name for a definition is skipped.
        while let NodeKind::Reference(next) = self.tree.node(node).is {
            if !self.tree.node(node).notes.is_empty() {
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
            let is = &self.tree.node(node).is;
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

    /// Where writing out a recursive definition ends: JSON text, so that no value is lost.
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

    /// Tells the values that are cut off how their definition changes them.
    pub(super) fn close(&mut self, node: NodeId, step: StepId) {
        let index = self.by_node.get(&node).copied();
        if let Some(known) = index.and_then(|index| self.definitions.get_mut(index)) {
            if known.name.is_none() {
                known.step = step;
            }
        }
    }

    /// The index of a definition that is sent.
    fn define(&mut self, node: NodeId) -> usize {
        let sent = node != self.tree.root() || self.dialect.root_refs == RootRefs::Define;
        self.definition(node, sent)
    }

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

    fn reference_to(&self, index: usize) -> Value {
        match &self.definitions[index].name {
            Some(name) => format!("#/$defs/{name}").into(),
            None => "#".into(),
        }
    }

    /// A clean name for a node.
    fn name_of(&self, node: NodeId) -> String {
        clean(&self.tree.name(node), 64)
    }

    /// A schema as it stands, for keywords whose schemas say nothing about the shape of values.
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
