//! The engine: one walk over the schema, asking the dialect's row at each step. It yields the schema
//! that is sent, the notes, and the plan for values.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::problem::push_segment;
use super::error::DialectError;
use super::limits;
use super::normal::{Annotations, Normal, Normaliser, Shape};
use super::note::{Note, NoteKind};
use super::plan::{Plan, SAME, Step, StepId};
use super::source::Source;
use super::table::{Any, Dialect, Recursion, Refs, Root};
use super::turn::Turner;
use super::{Lowered, words};

/// How deep lowering goes, references that are written out included.
const MAX_LEVELS: usize = 100;

/// The most schemas that lowering may come to.
const MAX_PARTS: usize = 20_000;

/// See [`lower`](super::lower).
pub(super) fn lower(schema: &Value, dialect: &Dialect) -> Result<Lowered, DialectError> {
    let source = Source::read(schema, dialect)?;
    let mut unroll = match dialect.recursion {
        Recursion::Keep => None,
        Recursion::KeepIfOptional { unroll } => source.has_required_cycle().then_some(unroll),
        Recursion::Unroll(depth) => Some(depth),
    };
    let mut inline = dialect.refs == Refs::Bare;
    loop {
        let mut engine = Engine::new(&source, dialect, unroll, inline);
        let mut lowered = engine.run();
        if let (true, Ok(first)) = (engine.reshaped_examples, &lowered) {
            // Now that the plan is whole, examples can be shown in the shape that is sent. The walk
            // is the same, so its steps are.
            let mut second = Engine::new(&source, dialect, unroll, inline);
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
            _ if passed && engine.inlined => inline = false,
            // and with a recursive type written out less deep.
            Some(depth) if passed && *depth > 1 && source.has_recursion() => {
                *depth -= 1;
                inline = dialect.refs == Refs::Bare;
            }
            _ => return lowered,
        }
    }
}

/// A lowered schema while it is being put together.
#[derive(Default)]
pub(super) struct Out {
    pub(super) schema: Map<String, Value>,
    pub(super) description: Option<String>,
    pub(super) words: Vec<String>,
    pub(super) step: StepId,
    /// Whether the schema accepts null as it stands.
    pub(super) null: bool,
}

pub(super) struct Definition {
    pub(super) reference: String,
    /// `None` where the definition is not sent: the root, and what is written out.
    pub(super) name: Option<String>,
    pub(super) schema: Option<Value>,
    pub(super) step: StepId,
}

pub(super) struct Engine<'a, 's> {
    pub(super) dialect: &'a Dialect,
    pub(super) source: &'a Source<'s>,
    normaliser: Normaliser<'a, 's>,
    steps: Vec<Step>,
    notes: Vec<Note>,
    noted: HashSet<(String, String)>,
    pub(super) definitions: Vec<Definition>,
    pub(super) by_reference: HashMap<String, usize>,
    pub(super) names: HashSet<String>,
    /// The recursive references that are being written out, from the outside in.
    pub(super) path: Vec<String>,
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
    depth: usize,
}

impl<'a, 's> Engine<'a, 's> {
    fn new(
        source: &'a Source<'s>,
        dialect: &'a Dialect,
        unroll: Option<usize>,
        inline: bool,
    ) -> Self {
        Self {
            dialect,
            source,
            normaliser: Normaliser { source, dialect, merges: 0 },
            steps: vec![Step::Same],
            notes: Vec::new(),
            noted: HashSet::new(),
            definitions: Vec::new(),
            by_reference: HashMap::new(),
            names: HashSet::new(),
            path: Vec::new(),
            unroll,
            inline,
            inlined: false,
            reshaped_examples: false,
            first: None,
            parts: 0,
            depth: 0,
        }
    }

    fn run(&mut self) -> Result<Lowered, DialectError> {
        let (root, step) = self.root()?;
        // Definitions are lowered in the order in which they are first referred to; lowering one
        // may add others.
        let mut next = 0;
        while next < self.definitions.len() {
            if self.definitions[next].name.is_some() {
                let reference = self.definitions[next].reference.clone();
                let target = self.source.resolve(&reference)?;
                let pointer = reference.trim_start_matches('#').to_owned();
                let out = self.lower(target, &pointer)?.ok_or_else(|| never(&pointer))?;
                self.definitions[next].step = out.step;
                self.definitions[next].schema = Some(self.finish(out));
            } else if self.definitions[next].reference == "#" {
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
        let definitions = self.definitions.iter().map(|definition| definition.step).collect();
        let steps = std::mem::take(&mut self.steps);
        let plan = Plan { steps, definitions, root: step };
        Ok(Lowered {
            dialect: self.dialect.name,
            identity: plan.is_identity(),
            plan,
            own: self.source.root.clone(),
            schema,
            notes: std::mem::take(&mut self.notes),
        })
    }

    fn root(&mut self) -> Result<(Map<String, Value>, StepId), DialectError> {
        let mut schema = self.source.root;
        if self.unroll.is_some() && self.source.is_recursive("#") {
            self.path.push("#".to_owned());
        }
        // A reference at the root is written out.
        loop {
            let Shape::Reference(reference) = self.normal(schema)?.shape else { break };
            if self.path.contains(&reference) || self.path.len() > MAX_LEVELS {
                let why = "it is made of nothing but itself";
                return Err(DialectError::Reference { reference, why });
            }
            schema = self.source.resolve(&reference)?;
            self.path.push(reference);
        }
        let path = std::mem::take(&mut self.path);
        let recursive =
            path.iter().filter(|reference| self.source.is_recursive(reference)).cloned();
        self.path = if self.unroll.is_some() { recursive.collect() } else { Vec::new() };
        let own = self.normal(self.source.root)?.annotations;
        let mut out = self.lower(schema, "")?.ok_or_else(|| never(""))?;
        if own.description.is_some() {
            out.description = own.description;
        }
        let step = out.step;
        for reference in std::mem::take(&mut self.path) {
            self.close(&reference, step);
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

    /// Lowers one schema; `None` where nothing can fit it.
    pub(super) fn lower(
        &mut self,
        schema: &Value,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        self.lower_in(schema, place, false)
    }

    /// Lowers one schema. `hosted`: the result will stand inside a union, whose description can
    /// carry the words.
    pub(super) fn lower_in(
        &mut self,
        schema: &Value,
        place: &str,
        hosted: bool,
    ) -> Result<Option<Out>, DialectError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let dialect = self.dialect.name;
            return Err(DialectError::TooLarge { dialect, allowed: MAX_PARTS });
        }
        if self.depth >= MAX_LEVELS {
            return Err(DialectError::TooDeep { allowed: MAX_LEVELS });
        }
        self.depth += 1;
        let Normal { annotations, shape, more } = self.normal(schema)?;
        let out = match shape {
            Shape::Never => None,
            Shape::Reference(reference) => {
                let bare = hosted || annotations.is_empty();
                self.reference(&reference, place, bare)?
            }
            Shape::Union { exclusive, branches } => self.union(exclusive, branches, place)?,
            Shape::Plain(plain) => self.plain(plain, place)?,
        };
        self.depth -= 1;
        let Some(mut out) = out else { return Ok(None) };
        for (keyword, value) in more {
            let unsaid = [(keyword, value)].into_iter().collect();
            self.say(&mut out, &unsaid, place);
        }
        self.annotate(&mut out, annotations, place);
        Ok(Some(out))
    }

    fn annotate(&mut self, out: &mut Out, annotations: Annotations, place: &str) {
        if annotations.description.is_some() {
            out.description = annotations.description;
        }
        if let Some(default) = annotations.default {
            let default = self.as_sent(out.step, default);
            if self.dialect.allows("default") {
                out.schema.insert("default".to_owned(), default);
            } else if !default.is_null() {
                out.words.push(format!("Default: {}.", words::excerpt(&default)));
                self.described("default", place);
            }
        }
        if !annotations.examples.is_empty() {
            let examples: Vec<Value> =
                annotations.examples.into_iter().map(|e| self.as_sent(out.step, e)).collect();
            if self.dialect.allows("examples") {
                out.schema.insert("examples".to_owned(), Value::Array(examples));
            } else {
                let label = if examples.len() == 1 { "Example" } else { "Examples" };
                out.words.push(format!("{label}: {}.", words::list(&examples)));
                self.described("examples", place);
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
            Some(first) => {
                Turner::new(&first.plan, &first.own, &first.schema, &value).lower(step, value)
            }
            None => value,
        }
    }

    /// The finished schema, its description first.
    pub(super) fn finish(&self, out: Out) -> Value {
        let Out { mut schema, description, words, .. } = out;
        let Some(description) = words::joined(description, &words) else {
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
    pub(super) fn any(&mut self, place: &str) -> Out {
        match self.dialect.any {
            Any::Keep => Out { null: true, ..Out::default() },
            Any::AllTypes => {
                let types = ["string", "number", "boolean", "object", "array", "null"];
                let schema = [("type".to_owned(), types.into_iter().collect())];
                Out { schema: schema.into_iter().collect(), null: true, ..Out::default() }
            }
            Any::Text => {
                self.note(NoteKind::Reshaped, place, "any value is sent as JSON text".to_owned());
                let schema = [("type".to_owned(), self.type_name("string"))].into_iter().collect();
                let words = vec!["Any JSON value, written as JSON text.".to_owned()];
                Out { schema, words, step: self.step(Step::Text), ..Out::default() }
            }
        }
    }

    /// Says constraints in words that the dialect cannot say otherwise.
    pub(super) fn say(&mut self, out: &mut Out, unsaid: &Map<String, Value>, place: &str) {
        for keyword in unsaid.keys() {
            self.described(keyword, place);
        }
        out.words.extend(words::sentences(unsaid));
    }

    fn described(&mut self, keyword: &str, place: &str) {
        let mut pointer = place.to_owned();
        push_segment(&mut pointer, keyword);
        let words = format!("`{keyword}` is said in the description");
        self.note(NoteKind::Described, &pointer, words);
    }

    pub(super) fn note(&mut self, kind: NoteKind, pointer: &str, words: String) {
        if self.noted.insert((pointer.to_owned(), words.clone())) {
            self.notes.push(Note { pointer: pointer.to_owned(), kind, words });
        }
    }

    pub(super) fn step(&mut self, step: Step) -> StepId {
        self.steps.push(step);
        self.steps.len() - 1
    }

    pub(super) fn step_at(&self, id: StepId) -> &Step {
        self.steps.get(id).unwrap_or(&Step::Same)
    }

    pub(super) fn normal(&mut self, schema: &Value) -> Result<Normal, DialectError> {
        self.normaliser.normal(schema)
    }

    pub(super) fn type_name(&self, name: &str) -> Value {
        if self.dialect.upper_case_types { name.to_uppercase().into() } else { name.into() }
    }
}

/// The pointer of something inside.
pub(super) fn inside(place: &str, segments: &[&str]) -> String {
    let mut pointer = place.to_owned();
    for segment in segments {
        push_segment(&mut pointer, segment);
    }
    pointer
}

pub(super) fn never(pointer: &str) -> DialectError {
    DialectError::Unsatisfiable { pointer: pointer.to_owned() }
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
