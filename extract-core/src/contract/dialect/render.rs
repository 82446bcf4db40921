//! Writes a schema as TypeScript-like text, for prompts of models without schema enforcement. The text
//! is much shorter than JSON Schema, and models have read much of this notation.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::describe;
use super::error::DialectError;
use super::lower::clean;
use super::scalars::{OF_NUMBERS, OF_STRINGS};
use super::table::Dialect;
use crate::schema::{
    Annotations, Kinds, NodeId, NodeKind, Origin, OtherMembers, Plain, StackRoom, Tree,
};

/// The most nodes that are written.
const MAX_PARTS: usize = 20_000;

/// The constraint keywords of arrays.
const OF_ARRAYS: &[&str] =
    &["minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"];

/// The constraint keywords of objects.
const OF_OBJECTS: &[&str] = &["minProperties", "maxProperties", "propertyNames"];

/// The longest object or union that is written on one line, in bytes.
const LINE: usize = 72;

/// The type names that a definition may not take.
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "null", "any", "never"];

/// The depth to which definitions are written out at their use. Deeper ones are named.
const NESTING: usize = 24;

/// Renders a JSON Schema as a TypeScript-like type. The root comes first, then the types that are used
/// more than once or contain themselves. Descriptions and constraints become comments.
///
/// The schema is bounded as in [`lower`](super::lower). Fails with a [`DialectError`] if it exceeds a
/// bound or cannot be read.
///
/// ```
/// use extract_core::contract::dialect::render_typescript;
/// use serde_json::json;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {
///         "name": {"type": "string", "description": "As printed"},
///         "age": {"type": "integer", "minimum": 0, "maximum": 150},
///         "mood": {"enum": ["good", "bad", null]},
///         "scores": {"type": "object", "additionalProperties": {"type": "number"}},
///     },
///     "required": ["name", "scores"],
/// });
/// assert_eq!(render_typescript(&schema)?, r#"{
///   name: string // As printed
///   age?: integer // Between 0 and 150.
///   mood?: "good" | "bad" | null
///   scores: { [key: string]: number }
/// }"#);
/// # Ok::<(), extract_llm::dialect::DialectError>(())
/// ```
pub fn render_typescript(schema: &Value) -> Result<String, DialectError> {
    let tree = Tree::parse(schema, Origin::Document)?;
    StackRoom::of_document(schema).run(|| render(&tree))
}

/// Renders a schema that is already read. Fails if it has too many nodes.
pub(crate) fn render(tree: &Tree) -> Result<String, DialectError> {
    let mut renderer = Renderer {
        tree,
        names: Vec::new(),
        taken: HashSet::new(),
        open: Vec::new(),
        left: MAX_PARTS,
    };
    renderer.document()
}

/// A type as text, with its comment.
struct Rendered {
    text: String,
    comment: Vec<String>,
    /// Whether it is a union, so that it needs parentheses before `[]`.
    union: bool,
}

impl Rendered {
    /// Returns a type without a comment.
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), comment: Vec::new(), union: false }
    }

    /// Returns the text as the type of list elements.
    fn item(self) -> String {
        if self.union { format!("({})", self.text) } else { self.text }
    }
}

/// The state of writing one schema.
struct Renderer<'a> {
    tree: &'a Tree,
    /// The nodes with a name, in the order of their first use.
    names: Vec<(NodeId, String)>,
    /// The names in use.
    taken: HashSet<String>,
    /// The nodes that are being written out.
    open: Vec<NodeId>,
    /// The number of nodes that may still be written.
    left: usize,
}

impl Renderer<'_> {
    /// Writes the root, then all named types.
    fn document(&mut self) -> Result<String, DialectError> {
        let mut text = String::new();
        let root = self.tree.root();
        if self.tree.is_recursive(root) {
            text.push_str(&self.name(root));
        } else {
            let root = self.render(root)?;
            push_comments(&mut text, "", &root.comment);
            text.push_str(&root.text);
        }
        let mut written = 0;
        while let Some((node, name)) = self.names.get(written).cloned() {
            written += 1;
            let body = self.body(node)?;
            text.push_str("\n\n");
            push_comments(&mut text, "", &body.comment);
            let space = if body.text.starts_with('\n') { "" } else { " " };
            text.push_str(&format!("type {name} ={space}{}", body.text));
        }
        Ok(text)
    }

    /// Writes a node at its position: by name, or written out.
    fn render(&mut self, node: NodeId) -> Result<Rendered, DialectError> {
        // A node that contains itself without a reference, or is nested too deep, is written by its
        // name.
        let is_named = self.tree.is_cyclic_without_reference(node) || self.open.len() >= NESTING;
        if is_named && self.tree.kinds(node).meets(Kinds::PARTED) {
            return Ok(Rendered::plain(self.name(node)));
        }
        self.body(node)
    }

    /// Writes out a node.
    fn body(&mut self, node: NodeId) -> Result<Rendered, DialectError> {
        self.left = self.left.checked_sub(1).ok_or(DialectError::TooLarge {
            dialect: Dialect::JSON_SCHEMA.name,
            allowed: MAX_PARTS,
            of: "parts",
        })?;
        let read = self.tree.node(node);
        let mut rendered = match &read.kind {
            NodeKind::Never(_) => Rendered::plain("never"),
            NodeKind::Reference(to) => self.reference(*to)?,
            NodeKind::Union { branches, .. } => self.union(branches)?,
            NodeKind::Plain(plain) => self.plain(plain)?,
        };
        if let NodeKind::Plain(plain) = &read.kind {
            for (keyword, value) in &plain.also {
                let again = [(keyword.clone(), value.clone())].into_iter().collect();
                rendered.comment.extend(describe::constraint_sentences(&again));
            }
        }
        rendered.comment = comment(&read.annotations, rendered.comment);
        Ok(rendered)
    }

    /// Writes a reference: by name if its target is recursive, used more than once, or nested too deep.
    fn reference(&mut self, node: NodeId) -> Result<Rendered, DialectError> {
        let named = self.tree.is_recursive(node)
            || self.tree.uses(node) > 1
            || self.open.len() >= NESTING
            || self.open.contains(&node);
        if named {
            return Ok(Rendered::plain(self.name(node)));
        }
        self.open.push(node);
        let rendered = self.body(node);
        self.open.pop();
        rendered
    }

    /// Returns the name of a node, and chooses one at the first call.
    fn name(&mut self, node: NodeId) -> String {
        if let Some((_, name)) = self.names.iter().find(|(known, _)| *known == node) {
            return name.clone();
        }
        let mut base = clean(&self.tree.name(node), 64).replace(['-', '.'], "_");
        if TYPES.contains(&base.as_str()) {
            base.push_str("Type");
        }
        let mut name = base.clone();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{base}{number}");
        }
        self.names.push((node, name.clone()));
        name
    }

    /// Writes alternatives without repetitions.
    fn union(&mut self, branches: &[NodeId]) -> Result<Rendered, DialectError> {
        let mut rendered: Vec<Rendered> = Vec::new();
        let mut known = HashSet::new();
        for &branch in branches {
            let branch = self.render(branch)?;
            if known.insert(branch.text.clone()) {
                rendered.push(branch);
            }
        }
        Ok(joined(rendered))
    }

    /// Writes constraints: as constants, as a union of types, or as any value.
    fn plain(&mut self, plain: &Plain) -> Result<Rendered, DialectError> {
        let shown = |keyword: &str| matches!(keyword, "contains" | "propertyNames");
        let verbatim = plain.non_shaping.iter();
        let mut unsaid: Map<String, Value> =
            verbatim.filter(|(keyword, _)| !shown(keyword)).cloned().collect();
        if let Some(value) = plain.constraints.get("dependentRequired") {
            unsaid.insert("dependentRequired".to_owned(), value.clone());
        }
        let mut rendered = if let Some(constants) = &plain.constants {
            let literals = constants.iter().map(|one| Rendered::plain(one.value.to_string()));
            joined(literals.collect())
        } else if let Some(about) = plain.implied_kinds() {
            let mut kinds = Vec::new();
            for name in about.names() {
                kinds.push(self.kind(name, plain, &mut unsaid)?);
            }
            joined(kinds)
        } else {
            Rendered::plain("any")
        };
        rendered.comment.extend(describe::constraint_sentences(&unsaid));
        Ok(rendered)
    }

    /// Writes the values of one type, and adds the constraint keywords of that type to `unsaid`.
    fn kind(
        &mut self,
        name: &str,
        plain: &Plain,
        unsaid: &mut Map<String, Value>,
    ) -> Result<Rendered, DialectError> {
        let keywords = match name {
            "string" => OF_STRINGS,
            "integer" | "number" => OF_NUMBERS,
            "array" => OF_ARRAYS,
            "object" => OF_OBJECTS,
            _ => &[],
        };
        for keyword in keywords {
            let text = match *keyword {
                "minItems" | "maxItems" => !plain.prefix_items.is_empty(),
                // The format of a number adds nothing to its bounds.
                "format" => name != "string",
                _ => false,
            };
            let verbatim = plain.non_shaping.iter().find(|(known, _)| known == keyword);
            let value = plain.constraints.get(*keyword).or(verbatim.map(|(_, value)| value));
            if let Some(value) = value.filter(|_| !text) {
                unsaid.insert((*keyword).to_owned(), value.clone());
            }
        }
        match name {
            "object" => self.object(plain),
            "array" => self.array(plain),
            other => Ok(Rendered::plain(other)),
        }
    }

    /// Writes a list as `T[]`, or a tuple as `[A, B]`.
    fn array(&mut self, plain: &Plain) -> Result<Rendered, DialectError> {
        let items = match plain.rest {
            Some(items) => Some(self.render(items)?),
            None if plain.prefix_items.is_empty() => Some(Rendered::plain("any")),
            None => None,
        };
        let mut comment = Vec::new();
        if plain.prefix_items.is_empty() {
            let Some(mut items) = items else { return Ok(Rendered::plain("any[]")) };
            if items.text == "never" {
                return Ok(Rendered::plain("[]"));
            }
            comment.extend(items.comment.drain(..).map(|said| format!("Each: {said}")));
            return Ok(Rendered { text: format!("{}[]", items.item()), comment, union: false });
        }
        let mut places = Vec::new();
        for (index, &place) in plain.prefix_items.iter().enumerate() {
            let mut pointer = self.render(place)?;
            comment.extend(pointer.comment.drain(..).map(|said| format!("[{index}]: {said}")));
            places.push(pointer.text);
        }
        if let Some(items) = items.filter(|items| items.text != "never") {
            places.push(format!("...{}[]", items.item()));
        }
        Ok(Rendered { text: format!("[{}]", places.join(", ")), comment, union: false })
    }

    /// Writes an object or a map.
    fn object(&mut self, plain: &Plain) -> Result<Rendered, DialectError> {
        let mut members = Vec::new();
        for member in &plain.members {
            let rendered = self.render(member.node)?;
            let mark = if member.required { "" } else { "?" };
            members.push((format!("{}{mark}", key(&member.name)), rendered));
        }
        for (pattern, node) in &plain.patterns {
            let mut member = self.render(*node)?;
            member.comment.push(format!("Each key matches `{}`.", pattern.text));
            members.push(("[key: string]".to_owned(), member));
        }
        if let OtherMembers::Open(node) = plain.other_members {
            members.push(("[key: string]".to_owned(), self.render(node)?));
        }
        Ok(block(members))
    }
}

/// Joins alternatives with `|`: on one line if they are short, otherwise on separate lines.
fn joined(mut branches: Vec<Rendered>) -> Rendered {
    // Null comes last, as is usual.
    branches.sort_by_key(|branch| branch.text == "null");
    if branches.len() == 1 {
        return branches.remove(0);
    }
    let width: usize = branches.iter().map(|branch| branch.text.len() + 3).sum();
    let literals = branches.iter().all(|branch| branch.text.starts_with('"'));
    let short = (width < LINE || literals) && !branches.iter().any(|b| b.text.contains('\n'));
    let simple = branches.iter().all(|branch| branch.comment.is_empty());
    let mut comment = Vec::new();
    let mut text = String::new();
    let optional = branches.len() == 2 && branches[1].text == "null";
    if optional || (short && (simple || literals)) {
        for branch in branches {
            if !text.is_empty() {
                text.push_str(" | ");
            }
            text.push_str(&branch.text);
            comment.extend(branch.comment.iter().map(|said| {
                if literals {
                    format!("{}: {said}", branch.text.trim_matches('"'))
                } else {
                    said.clone()
                }
            }));
        }
    } else {
        for branch in branches {
            text.push_str("\n  | ");
            text.push_str(&indented(&branch.text));
            push_beside(&mut text, &branch.comment);
        }
    }
    Rendered { text, comment, union: true }
}

/// Writes an object: on one line if it is short and its members have no comments.
fn block(members: Vec<(String, Rendered)>) -> Rendered {
    if members.is_empty() {
        return Rendered::plain("{}");
    }
    let width: usize = members.iter().map(|(name, of)| name.len() + of.text.len() + 4).sum();
    let simple = |of: &Rendered| of.comment.is_empty() && !of.text.contains('\n');
    if width < LINE && members.len() < 4 && members.iter().all(|(_, of)| simple(of)) {
        let members: Vec<String> =
            members.into_iter().map(|(name, of)| format!("{name}: {}", of.text)).collect();
        return Rendered::plain(format!("{{ {} }}", members.join(", ")));
    }
    let mut text = "{".to_owned();
    for (name, of) in members {
        text.push('\n');
        let long = of.text.contains('\n') || of.comment.iter().any(|said| said.contains('\n'));
        if long {
            push_comments(&mut text, "  ", &of.comment);
        }
        let space = if of.text.starts_with('\n') { "" } else { " " };
        text.push_str(&format!("  {name}:{space}{}", indented(&of.text)));
        if !long {
            push_beside(&mut text, &of.comment);
        }
    }
    text.push_str("\n}");
    Rendered::plain(text)
}

/// Indents all lines of a text except the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}

/// Appends a comment on the same line.
fn push_beside(text: &mut String, comment: &[String]) {
    if !comment.is_empty() {
        let said = comment.join(" ").replace('\n', " ");
        text.push_str(&format!(" // {said}"));
    }
}

/// Appends a comment on separate lines.
fn push_comments(text: &mut String, indent: &str, comment: &[String]) {
    if !comment.is_empty() {
        for line in comment.join(" ").lines() {
            text.push_str(&format!("{indent}// {line}\n"));
        }
    }
}

/// Returns the comment for a type: its description, constraints, default and examples.
fn comment(annotations: &Annotations, constraints: Vec<String>) -> Vec<String> {
    let mut sentences = constraints;
    if let Some(default) = annotations.default.as_ref().filter(|default| !default.is_null()) {
        sentences.push(format!("Default: {}.", describe::excerpt(default)));
    }
    if !annotations.examples.is_empty() {
        sentences.push(format!("For example {}.", describe::list(&annotations.examples)));
    }
    describe::joined(annotations.description.clone(), &sentences).into_iter().collect()
}

/// Returns a property name, with quotes unless it is an identifier.
fn key(name: &str) -> String {
    let start = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    if start && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}
