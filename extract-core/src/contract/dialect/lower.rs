//! The engine: one walk over the schema, asking the dialect's row at each step. It yields the schema
//! that is sent, the notes, and the plan for values.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::limits;
use super::note::{Note, NoteKind};
use super::plan::{Plan, SAME, Step, StepId};
use super::table::{Any, Dialect, Recursion, Refs, Root};
use super::transform::Transformer;
use super::{Lowered, describe};
use crate::schema::push_segment;
use crate::schema::{self, Annotations, NodeId, NodeKind, Tree};

/// How deep lowering goes, references that are written out included.
const MAX_LEVELS: usize = 100;

/// The most schemas that lowering may come to: so many in all, and for a schema of few nodes so many
/// and so many more for each node.
const MAX_PARTS: usize = 20_000;
const FEW_PARTS: usize = 500;
const PARTS_EACH: usize = 10;

/// The most text that lowering may come to: so many times the text of the schema, or so many bytes.
const MAX_GROWTH: usize = 10;
const FEW_BYTES: usize = 8 * 1024;

/// See [`lower`](super::lower).
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
            // Now that the plan is whole, examples can be shown in the shape that is sent. The walk
            // is the same, so its steps are.
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
            // What is past a limit may fit with definitions kept where they could be written out,
            _ if passed && lowering.inlined => inline = false,
            // and with a recursive type written out less deep.
            Some(depth) if passed && *depth > 1 && tree.has_recursion() => {
                *depth -= 1;
                inline = dialect.refs == Refs::Bare;
            }
            _ => return lowered,
        }
    }
}

/// A lowered schema while it is being put together.
#[derive(Default)]
pub(super) struct SchemaDraft {
    pub(super) schema: Map<String, Value>,
    pub(super) description: Option<String>,
    pub(super) sentences: Vec<String>,
    pub(super) step: StepId,
    /// Whether the schema accepts null as it stands.
    pub(super) null: bool,
}

pub(super) struct Definition {
    pub(super) node: NodeId,
    /// `None` where the definition is not sent: the root, and what is written out.
    pub(super) name: Option<String>,
    pub(super) schema: Option<Value>,
    pub(super) step: StepId,
}

#[expect(clippy::struct_excessive_bools, reason = "independent findings of one walk, not a state")]
pub(super) struct Lowering<'a> {
    pub(super) dialect: &'a Dialect,
    pub(super) tree: &'a Arc<Tree>,
    steps: Vec<Step>,
    notes: Vec<Note>,
    noted: HashSet<(String, String)>,
    pub(super) definitions: Vec<Definition>,
    pub(super) by_node: HashMap<NodeId, usize>,
    pub(super) names: HashSet<String>,
    /// The recursive nodes that are being written out, from the outside in.
    pub(super) path: Vec<NodeId>,
    pub(super) unroll: Option<usize>,
    /// Whether a described reference is written out rather than wrapped.
    pub(super) inline: bool,
    /// Whether one was.
    pub(super) inlined: bool,
    /// Whether examples or defaults stand on values that are sent in another shape.
    reshaped_examples: bool,
    /// The outcome of a first walk, whose plan turns examples into the shape that is sent.
    first: Option<&'a Lowered>,
    pub(super) parts: usize,
    most_parts: usize,
    depth: usize,
    /// The definitions are lowered now, which stand beside the root.
    is_past_root: bool,
    /// The first node that nothing fits, since the last member that could be left out for it.
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

    fn run(&mut self) -> Result<Lowered, DialectError> {
        let (root, step) = self.root()?;
        self.is_past_root = true;
        // Definitions are lowered in the order in which they are first referred to; lowering one
        // may add others.
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

    fn root(&mut self) -> Result<(Map<String, Value>, StepId), DialectError> {
        // A reference at the root is written out.
        let mut chain = vec![self.tree.root()];
        while let Some(NodeKind::Reference(to)) = chain.last().map(|&id| &self.tree.node(id).is) {
            chain.push(*to);
        }
        let own = self.tree.node(self.tree.root()).notes.clone();
        let node = self.tree.behind(self.tree.root());
        if self.unroll.is_some() {
            let recursive = chain.into_iter().filter(|&id| self.tree.is_recursive(id));
            self.path = recursive.collect();
        }
        let Some(mut out) = self.body(node, false)? else { return Err(self.never(node)) };
        if own.description.is_some() {
            out.description = own.description;
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

    /// Lowers one node; `None` where nothing can fit it.
    pub(super) fn lower(&mut self, node: NodeId) -> Result<Option<SchemaDraft>, DialectError> {
        self.lower_in(node, false)
    }

    /// Lowers one node. `hosted`: the result will stand inside a union, whose description can
    /// carry the words.
    pub(super) fn lower_in(
        &mut self,
        node: NodeId,
        hosted: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        // A node that contains itself by no reference gets a name as if it were referred to.
        if self.tree.is_knot(node) {
            return self.referred(node, node, true);
        }
        self.body(node, hosted)
    }

    /// Lowers one node for what it is, whatever its name.
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
        let draft = match &read.is {
            NodeKind::Never(why) => {
                self.never.get_or_insert_with(|| (read.pointer.clone(), why.clone()));
                None
            }
            NodeKind::Reference(to) => {
                let bare = hosted || read.notes.is_empty();
                self.referred(node, *to, bare)?
            }
            NodeKind::Union { exclusive, branches } => self.union(node, *exclusive, branches)?,
            NodeKind::Plain(plain) => self.plain(node, plain)?,
        };
        self.depth -= 1;
        let Some(mut out) = draft else { return Ok(None) };
        self.annotate(&mut out, &read.notes, &read.pointer);
        Ok(Some(out))
    }

    /// The refusal of a node that nothing can fit, for the first reason that was met.
    pub(super) fn never(&mut self, node: NodeId) -> DialectError {
        let (pointer, why) = self.never.take().unwrap_or_else(|| {
            (self.tree.node(node).pointer.clone(), "its rules exclude each other".into())
        });
        DialectError::Unsatisfiable { pointer, why }
    }

    /// Whether the node that is being lowered is the root.
    pub(super) fn is_root(&self) -> bool {
        self.depth == 1 && !self.is_past_root
    }

    pub(super) fn pointer(&self, node: NodeId) -> &str {
        &self.tree.node(node).pointer
    }

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
                self.described("default", pointer);
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
                self.described("examples", pointer);
            }
        }
    }

    /// An example in the shape in which values are sent.
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

    /// The finished schema, its description first.
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

    /// A value of any type.
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

    /// Says constraints in words that the dialect cannot say otherwise.
    pub(super) fn describe(
        &mut self,
        draft: &mut SchemaDraft,
        unsaid: &Map<String, Value>,
        node: NodeId,
    ) {
        let pointer = self.pointer(node).to_owned();
        for keyword in unsaid.keys() {
            self.described(keyword, &pointer);
        }
        draft.sentences.extend(describe::constraint_sentences(unsaid));
    }

    pub(super) fn described(&mut self, keyword: &str, place: &str) {
        let mut pointer = place.to_owned();
        push_segment(&mut pointer, keyword);
        let sentence = format!("`{keyword}` is said in the description");
        self.note(NoteKind::Described, &pointer, sentence);
    }

    pub(super) fn note(&mut self, kind: NoteKind, pointer: &str, sentence: String) {
        if self.noted.insert((pointer.to_owned(), sentence.clone())) {
            self.notes.push(Note { pointer: pointer.to_owned(), kind, text: sentence });
        }
    }

    pub(super) fn step(&mut self, step: Step) -> StepId {
        self.steps.push(step);
        self.steps.len() - 1
    }

    pub(super) fn step_at(&self, id: StepId) -> &Step {
        self.steps.get(id).unwrap_or(&Step::Same)
    }

    pub(super) fn type_name(&self, name: &str) -> Value {
        if self.dialect.upper_case_types { name.to_uppercase().into() } else { name.into() }
    }
}

/// A name of `[A-Za-z0-9_.-]` and bounded length.
pub(super) fn clean(name: &str, most: usize) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let clean: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).take(most).collect();
    if clean.is_empty() { "_".to_owned() } else { clean }
}

/// Keywords that say nothing about values.
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
