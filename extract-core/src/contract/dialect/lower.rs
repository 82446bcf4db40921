//! The engine. It visits every node of a schema and applies the rules of the dialect. It returns the
//! schema to send, the notes, and the plan that converts values.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::note::{Note, NoteKind};
use super::plan::{Plan, SAME, Step, StepId};
use super::table::{Any, Dialect, Recursion, Refs, Root};
use super::transform::Transformer;
use super::{Lowered, describe, limits};
use crate::schema::{self, Annotations, NodeId, NodeKind, Tree, push_segment};

/// The deepest nesting of nodes that is lowered, including references that are written out.
const MAX_LEVELS: usize = 100;

/// The most schemas that lowering may produce.
const MAX_PARTS: usize = 20_000;
/// The schemas that lowering may produce for any document.
const FEW_PARTS: usize = 500;
/// The additional schemas allowed for every written schema, up to `MAX_PARTS` in all.
const PARTS_EACH: usize = 10;

/// The most growth in bytes: the lowered schema may have this many times the size of the original.
const MAX_GROWTH: usize = 10;
/// The size that a lowered schema may have in any case, in bytes.
const FEW_BYTES: usize = 8 * 1024;

/// Implements [`lower`](super::lower) for a schema that is already read.
pub(super) fn lower(tree: &Arc<Tree>, dialect: &Dialect) -> Result<Lowered, DialectError> {
    let mut unroll = match dialect.recursion {
        Recursion::Keep => None,
        Recursion::KeepIfOptional { unroll } => tree.has_required_cycle().then_some(unroll),
        Recursion::Unroll(depth) => Some(depth),
    };
    let mut inline = dialect.refs == Refs::Bare;
    loop {
        let mut lowering = Lowering::new(tree, dialect, unroll, inline);
        let mut lowered = lowering.run();
        if let (true, Ok(first)) = (lowering.reshaped_examples, &lowered) {
            // The plan is complete now, so a second walk can show examples in the sent shape. It is the
            // same walk, so its steps have the same indices.
            let mut second = Lowering::new(tree, dialect, unroll, inline);
            second.first = Some(first);
            lowered = second.run();
        }
        let passed = matches!(
            lowered,
            Err(DialectError::Limit { .. }
                | DialectError::TooLarge { .. }
                | DialectError::TooDeep { .. })
        );
        match &mut unroll {
            // A schema beyond a limit may fit if definitions are kept instead of being written out,
            _ if passed && lowering.inlined => inline = false,
            // or if a recursive type is written out less deep.
            Some(depth) if passed && *depth > 1 && tree.has_recursion() => {
                *depth -= 1;
                inline = dialect.refs == Refs::Bare;
            }
            _ => return lowered,
        }
    }
}

/// A lowered schema that is not finished.
#[derive(Default)]
pub(super) struct SchemaDraft {
    pub(super) schema: Map<String, Value>,
    pub(super) description: Option<String>,
    /// The sentences that follow the description.
    pub(super) sentences: Vec<String>,
    /// The conversion of its values.
    pub(super) step: StepId,
    /// Whether the schema already accepts null.
    pub(super) null: bool,
}

/// A definition that references lead to.
pub(super) struct Definition {
    pub(super) node: NodeId,
    /// The name in `$defs`. `None` for a definition that is not sent: the root, or one that is written
    /// out.
    pub(super) name: Option<String>,
    pub(super) schema: Option<Value>,
    pub(super) step: StepId,
}

#[expect(clippy::struct_excessive_bools, reason = "independent findings of one walk, not a state")]
/// The state of one walk over a schema.
pub(super) struct Lowering<'a> {
    pub(super) dialect: &'a Dialect,
    pub(super) tree: &'a Arc<Tree>,
    steps: Vec<Step>,
    notes: Vec<Note>,
    /// The pointers and texts of the notes so far, to avoid repetition.
    noted: HashSet<(String, String)>,
    pub(super) definitions: Vec<Definition>,
    /// The indices of the definitions by node.
    pub(super) by_node: HashMap<NodeId, usize>,
    /// The names of the definitions that are sent.
    pub(super) names: HashSet<String>,
    /// The recursive nodes that are currently written out, outermost first.
    pub(super) path: Vec<NodeId>,
    /// The depth to which recursive types are written out; `None` keeps their references.
    pub(super) unroll: Option<usize>,
    /// Whether a reference with a description is written out instead of wrapped.
    pub(super) inline: bool,
    /// Whether such a reference was written out.
    pub(super) inlined: bool,
    /// Whether examples or defaults belong to values that are sent in another shape.
    reshaped_examples: bool,
    /// The result of a first walk. Its plan converts examples to the sent shape.
    first: Option<&'a Lowered>,
    /// The number of nodes lowered so far.
    pub(super) parts: usize,
    /// The most nodes that may be lowered.
    most_parts: usize,
    /// The depth of the current node.
    depth: usize,
    /// Whether the root is finished, and its definitions are being lowered.
    is_past_root: bool,
    /// The pointer and the reason of the first node that no value fits. Cleared when a member is left
    /// out because of it.
    pub(super) never: Option<(String, Cow<'static, str>)>,
}

impl<'a> Lowering<'a> {
    fn new(tree: &'a Arc<Tree>, dialect: &'a Dialect, unroll: Option<usize>, inline: bool) -> Self {
        Self {
            dialect,
            tree,
            steps: vec![Step::Same],
            notes: Vec::new(),
            noted: HashSet::new(),
            definitions: Vec::new(),
            by_node: HashMap::new(),
            names: HashSet::new(),
            path: Vec::new(),
            unroll,
            inline,
            inlined: false,
            reshaped_examples: false,
            first: None,
            parts: 0,
            most_parts: MAX_PARTS.min(FEW_PARTS + PARTS_EACH * tree.written_count()),
            depth: 0,
            is_past_root: false,
            never: None,
        }
    }

    /// Lowers the root and all definitions. Fails if the result exceeds a limit.
    fn run(&mut self) -> Result<Lowered, DialectError> {
        let (root, step) = self.root()?;
        self.is_past_root = true;
        // Definitions are lowered in the order of their first references. Lowering one may add others.
        let mut next = 0;
        while next < self.definitions.len() {
            let node = self.definitions[next].node;
            if self.definitions[next].name.is_some() {
                let draft = self.body(node, false)?;
                let Some(draft) = draft else { return Err(self.never(node)) };
                self.definitions[next].step = draft.step;
                self.definitions[next].schema = Some(self.finish(draft));
            } else if node == self.tree.root() {
                self.definitions[next].step = step;
            }
            next += 1;
        }
        let mut schema = root;
        let mut sent = Map::new();
        for definition in &mut self.definitions {
            if let (Some(name), Some(schema)) = (definition.name.take(), definition.schema.take()) {
                sent.insert(name, schema);
            }
        }
        if !sent.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(sent));
        }
        let schema = Value::Object(schema);
        limits::check(&schema, self.dialect)?;
        let allowed = FEW_BYTES.max(self.tree.bytes().saturating_mul(MAX_GROWTH));
        if schema::bytes(&schema) > allowed {
            let dialect = self.dialect.name;
            return Err(DialectError::TooLarge { dialect, allowed, of: "bytes" });
        }
        let definitions = self.definitions.iter().map(|definition| definition.step).collect();
        let steps = std::mem::take(&mut self.steps);
        let plan = Plan { steps, definitions, root: step };
        Ok(Lowered {
            dialect: self.dialect.name,
            identity: plan.is_identity(),
            plan,
            tree: Arc::clone(self.tree),
            schema,
            notes: std::mem::take(&mut self.notes),
        })
    }

    /// Lowers the root. Fails if no value fits it, or if the dialect requires an object and it is none.
    fn root(&mut self) -> Result<(Map<String, Value>, StepId), DialectError> {
        // A reference at the root is written out.
        let mut chain = vec![self.tree.root()];
        while let Some(NodeKind::Reference(to)) = chain.last().map(|&id| &self.tree.node(id).kind) {
            chain.push(*to);
        }
        let original = self.tree.node(self.tree.root()).annotations.clone();
        let node = self.tree.resolve(self.tree.root());
        if self.unroll.is_some() {
            let recursive = chain.into_iter().filter(|&id| self.tree.is_recursive(id));
            self.path = recursive.collect();
        }
        let Some(mut out) = self.body(node, false)? else { return Err(self.never(node)) };
        if original.description.is_some() {
            out.description = original.description;
        }
        let step = out.step;
        for node in std::mem::take(&mut self.path) {
            self.close(node, step);
        }
        let is_object =
            out.schema.get("type").is_some_and(|name| *name == self.type_name("object"))
                && out.schema.contains_key("properties");
        if self.dialect.root == Root::Object && !is_object {
            return Err(DialectError::Root { dialect: self.dialect.name });
        }
        match self.finish(out) {
            Value::Object(schema) => Ok((schema, step)),
            _ => Ok((Map::new(), step)),
        }
    }

    /// Lowers a node. Returns `None` if no value fits.
    pub(super) fn lower(&mut self, node: NodeId) -> Result<Option<SchemaDraft>, DialectError> {
        self.lower_in(node, false)
    }

    /// Lowers a node. `hosted` means that the result becomes part of a union, whose description can
    /// carry its sentences.
    pub(super) fn lower_in(
        &mut self,
        node: NodeId,
        hosted: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        // A node that contains itself without a reference gets a name, as if it were referred to.
        if self.tree.is_cyclic_without_reference(node) {
            return self.referred(node, node, true);
        }
        self.body(node, hosted)
    }

    /// Lowers the content of a node, even if the node has a name.
    pub(super) fn body(
        &mut self,
        node: NodeId,
        hosted: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        self.parts += 1;
        if self.parts > self.most_parts {
            let (dialect, allowed) = (self.dialect.name, self.most_parts);
            return Err(DialectError::TooLarge { dialect, allowed, of: "parts" });
        }
        if self.depth >= MAX_LEVELS {
            return Err(DialectError::TooDeep { allowed: MAX_LEVELS });
        }
        self.depth += 1;
        let tree = Arc::clone(self.tree);
        let read = tree.node(node);
        let draft = match &read.kind {
            NodeKind::Never(why) => {
                self.never.get_or_insert_with(|| (read.pointer.clone(), why.clone()));
                None
            }
            NodeKind::Reference(to) => {
                let bare = hosted || read.annotations.is_empty();
                self.referred(node, *to, bare)?
            }
            NodeKind::Union { exclusive, branches } => self.union(node, *exclusive, branches)?,
            NodeKind::Plain(plain) => self.plain(node, plain)?,
        };
        self.depth -= 1;
        let Some(mut out) = draft else { return Ok(None) };
        self.annotate(&mut out, &read.annotations, &read.pointer);
        Ok(Some(out))
    }

    /// Returns the error for a node that no value fits, with the first reason found.
    pub(super) fn never(&mut self, node: NodeId) -> DialectError {
        let (pointer, why) = self.never.take().unwrap_or_else(|| {
            (self.tree.node(node).pointer.clone(), "its rules exclude each other".into())
        });
        DialectError::Unsatisfiable { pointer, why }
    }

    /// Returns whether the current node is the root.
    pub(super) fn is_root(&self) -> bool {
        self.depth == 1 && !self.is_past_root
    }

    /// Returns the pointer of a node in the original schema.
    pub(super) fn pointer(&self, node: NodeId) -> &str {
        &self.tree.node(node).pointer
    }

    /// Adds a node's description, default and examples to its draft.
    fn annotate(&mut self, draft: &mut SchemaDraft, annotations: &Annotations, pointer: &str) {
        if annotations.description.is_some() {
            draft.description.clone_from(&annotations.description);
        }
        if let Some(default) = &annotations.default {
            let default = self.as_sent(draft.step, default.clone());
            if self.dialect.allows("default") {
                draft.schema.insert("default".to_owned(), default);
            } else if !default.is_null() {
                draft.sentences.push(format!("Default: {}.", describe::excerpt(&default)));
                self.note_described("default", pointer);
            }
        }
        if !annotations.examples.is_empty() {
            let examples = annotations.examples.iter();
            let examples: Vec<Value> =
                examples.map(|example| self.as_sent(draft.step, example.clone())).collect();
            if self.dialect.allows("examples") {
                draft.schema.insert("examples".to_owned(), Value::Array(examples));
            } else {
                let label = if examples.len() == 1 { "Example" } else { "Examples" };
                draft.sentences.push(format!("{label}: {}.", describe::list(&examples)));
                self.note_described("examples", pointer);
            }
        }
    }

    /// Converts an example or default to the sent shape. The first walk returns it unchanged, because
    /// the plan is not complete.
    fn as_sent(&mut self, step: StepId, value: Value) -> Value {
        if step == SAME || value.is_null() {
            return value;
        }
        self.reshaped_examples = true;
        match self.first {
            Some(first) => Transformer::new(&first.plan, &first.tree, &value).lower(step, value),
            None => value,
        }
    }

    /// Returns the finished schema, with the description first. A `$ref` is wrapped if the dialect
    /// allows no description beside it.
    pub(super) fn finish(&self, draft: SchemaDraft) -> Value {
        let SchemaDraft { mut schema, description, sentences: words, .. } = draft;
        let Some(description) = describe::joined(description, &words) else {
            return Value::Object(schema);
        };
        let mut finished = Map::new();
        finished.insert("description".to_owned(), description.into());
        if self.dialect.refs != Refs::Annotated && schema.contains_key("$ref") {
            let wrapped = Value::Array(vec![Value::Object(std::mem::take(&mut schema))]);
            finished.insert("anyOf".to_owned(), wrapped);
        }
        finished.append(&mut schema);
        Value::Object(finished)
    }

    /// Returns the schema of any value.
    pub(super) fn any(&mut self, node: NodeId) -> SchemaDraft {
        match self.dialect.any {
            Any::Keep => SchemaDraft { null: true, ..SchemaDraft::default() },
            Any::AllTypes => {
                let types = ["string", "number", "boolean", "object", "array", "null"];
                let schema = [("type".to_owned(), types.into_iter().collect())];
                SchemaDraft {
                    schema: schema.into_iter().collect(),
                    null: true,
                    ..SchemaDraft::default()
                }
            }
            Any::Text => {
                let pointer = self.pointer(node).to_owned();
                self.note(
                    NoteKind::Reshaped,
                    &pointer,
                    "any value is sent as JSON text".to_owned(),
                );
                let schema = [("type".to_owned(), self.type_name("string"))].into_iter().collect();
                let sentence = vec!["Any JSON value, written as JSON text.".to_owned()];
                SchemaDraft {
                    schema,
                    sentences: sentence,
                    step: self.step(Step::Text { null: true }),
                    ..SchemaDraft::default()
                }
            }
        }
    }

    /// Adds sentences for the constraints that the dialect does not allow, and notes them.
    pub(super) fn describe(
        &mut self,
        draft: &mut SchemaDraft,
        unsaid: &Map<String, Value>,
        node: NodeId,
    ) {
        let pointer = self.pointer(node).to_owned();
        for keyword in unsaid.keys() {
            self.note_described(keyword, &pointer);
        }
        draft.sentences.extend(describe::constraint_sentences(unsaid));
    }

    /// Notes that a keyword moved into the description.
    pub(super) fn note_described(&mut self, keyword: &str, place: &str) {
        let mut pointer = place.to_owned();
        push_segment(&mut pointer, keyword);
        let sentence = format!("`{keyword}` is said in the description");
        self.note(NoteKind::Described, &pointer, sentence);
    }

    /// Adds a note, unless the same one exists.
    pub(super) fn note(&mut self, kind: NoteKind, pointer: &str, sentence: String) {
        if self.noted.insert((pointer.to_owned(), sentence.clone())) {
            self.notes.push(Note { pointer: pointer.to_owned(), kind, text: sentence });
        }
    }

    /// Adds a step to the plan and returns its index.
    pub(super) fn step(&mut self, step: Step) -> StepId {
        self.steps.push(step);
        self.steps.len() - 1
    }

    /// Returns the step with this index.
    pub(super) fn step_at(&self, id: StepId) -> &Step {
        self.steps.get(id).unwrap_or(&Step::Same)
    }

    /// Returns the name of a type as the dialect writes it.
    pub(super) fn type_name(&self, name: &str) -> Value {
        if self.dialect.upper_case_types { name.to_uppercase().into() } else { name.into() }
    }
}

/// Returns a name with all characters outside `[A-Za-z0-9_.-]` replaced by `_`, cut after `most`
/// characters.
pub(super) fn clean(name: &str, most: usize) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let clean: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).take(most).collect();
    if clean.is_empty() { "_".to_owned() } else { clean }
}

/// Returns whether a keyword says nothing about values.
pub(super) fn is_noise(keyword: &str) -> bool {
    keyword.starts_with("x-")
        || matches!(
            keyword,
            "title"
                | "$schema"
                | "$id"
                | "$comment"
                | "$defs"
                | "definitions"
                | "deprecated"
                | "readOnly"
                | "writeOnly"
        )
}
