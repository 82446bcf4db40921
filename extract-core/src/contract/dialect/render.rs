//! A schema as TypeScript-like text, for prompts of models that are not held to a schema: much
//! shorter than JSON Schema, and a notation that models have read a great deal of.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::leaf::{OF_ARRAYS, OF_NUMBERS, OF_STRINGS, constants, types};
use super::lower::clean;
use super::normal::{Annotations, Normal, Normaliser, Shape};
use super::source::Source;
use super::table::Dialect;
use super::{walk, words};

/// Objects and unions up to this length stand on one line.
const LINE: usize = 72;

/// Names that are types already.
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "null", "any", "never"];

/// How deep definitions are written out where they are used; deeper ones are named.
const NESTING: usize = 24;

/// Renders a JSON Schema as a TypeScript-like type: the root first, then the types that are used
/// more than once or contain themselves. Descriptions and constraints are comments.
///
/// The schema is bounded and refused as [`lower`](super::lower) does.
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
/// # Ok::<(), extract_core::contract::dialect::DialectError>(())
/// ```
pub fn render_typescript(schema: &Value) -> Result<String, DialectError> {
    let dialect = &Dialect::JSON_SCHEMA;
    let source = Source::read(schema, dialect)?;
    let normaliser = Normaliser { source: &source, dialect, merges: 0 };
    let mut renderer =
        Renderer { source: &source, normaliser, names: Vec::new(), open: Vec::new() };
    renderer.document()
}

/// A type as text, and what is said about it.
struct Rendered {
    text: String,
    comment: Vec<String>,
    /// Whether it needs parentheses before `[]`.
    union: bool,
}

impl Rendered {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), comment: Vec::new(), union: false }
    }

    fn item(self) -> String {
        if self.union { format!("({})", self.text) } else { self.text }
    }
}

struct Renderer<'a, 's> {
    source: &'a Source<'s>,
    normaliser: Normaliser<'a, 's>,
    /// The definitions that have a name, in the order in which they were first used.
    names: Vec<(String, String)>,
    /// The definitions that are being written out.
    open: Vec<String>,
}

impl Renderer<'_, '_> {
    fn document(&mut self) -> Result<String, DialectError> {
        let mut text = String::new();
        if self.source.is_recursive("#") {
            text.push_str(&self.name("#"));
        } else {
            let root = self.render(self.source.root)?;
            push_comments(&mut text, "", &root.comment);
            text.push_str(&root.text);
        }
        let mut written = 0;
        let mut seen = BTreeSet::new();
        while let Some((reference, name)) = self.names.get(written).cloned() {
            written += 1;
            if !seen.insert(reference.clone()) {
                continue;
            }
            let target = self.source.resolve(&reference)?;
            let body = self.render(target)?;
            text.push_str("\n\n");
            push_comments(&mut text, "", &body.comment);
            let space = if body.text.starts_with('\n') { "" } else { " " };
            text.push_str(&format!("type {name} ={space}{}", body.text));
        }
        Ok(text)
    }

    fn render(&mut self, schema: &Value) -> Result<Rendered, DialectError> {
        let Normal { annotations, shape, more } = self.normaliser.normal(schema)?;
        let mut rendered = match shape {
            Shape::Never => Rendered::plain("never"),
            Shape::Reference(reference) => self.reference(&reference)?,
            Shape::Union { branches, .. } => self.union(&branches)?,
            Shape::Plain(plain) => self.plain(&plain)?,
        };
        rendered.comment.extend(words::sentences(&more.into_iter().collect()));
        rendered.comment = comment(annotations, rendered.comment);
        Ok(rendered)
    }

    fn reference(&mut self, reference: &str) -> Result<Rendered, DialectError> {
        let named = self.source.is_recursive(reference)
            || self.source.uses(reference) > 1
            || self.open.len() >= NESTING
            || self.open.iter().any(|open| open == reference);
        if named {
            return Ok(Rendered::plain(self.name(reference)));
        }
        self.open.push(reference.to_owned());
        let target = self.source.resolve(reference)?;
        let rendered = self.render(target);
        self.open.pop();
        rendered
    }

    fn name(&mut self, reference: &str) -> String {
        if let Some((_, name)) = self.names.iter().find(|(known, _)| known == reference) {
            return name.clone();
        }
        let title = self.source.root.get("title").and_then(Value::as_str).unwrap_or("Root");
        let last = reference.rsplit_once('/').map_or(title, |(_, last)| last);
        let mut base = clean(last, 64).replace(['-', '.'], "_");
        if TYPES.contains(&base.as_str()) {
            base.push_str("Type");
        }
        let mut name = base.clone();
        let mut number = 1;
        while self.names.iter().any(|(_, known)| *known == name) {
            number += 1;
            name = format!("{base}{number}");
        }
        self.names.push((reference.to_owned(), name.clone()));
        name
    }

    fn union(&mut self, branches: &[Value]) -> Result<Rendered, DialectError> {
        let mut rendered: Vec<Rendered> = Vec::new();
        for branch in branches {
            let branch = self.render(branch)?;
            if !rendered.iter().any(|known| known.text == branch.text) {
                rendered.push(branch);
            }
        }
        Ok(joined(rendered))
    }

    fn plain(&mut self, plain: &Map<String, Value>) -> Result<Rendered, DialectError> {
        let mut unsaid = Map::new();
        for keyword in ["not", "if", "then", "else", "dependentRequired", "dependentSchemas"] {
            if let Some(value) = plain.get(keyword) {
                unsaid.insert(keyword.to_owned(), value.clone());
            }
        }
        let values = constants(plain);
        let mut rendered = if let Some(values) = values {
            let literals = values.iter().map(|value| Rendered::plain(value.to_string())).collect();
            joined(literals)
        } else {
            let names = types(plain, None);
            let mut kinds = Vec::new();
            for name in &names {
                kinds.push(self.kind(name, plain, &mut unsaid)?);
            }
            if names.is_empty() { Rendered::plain("any") } else { joined(kinds) }
        };
        rendered.comment.extend(words::sentences(&unsaid));
        Ok(rendered)
    }

    fn kind(
        &mut self,
        name: &str,
        plain: &Map<String, Value>,
        unsaid: &mut Map<String, Value>,
    ) -> Result<Rendered, DialectError> {
        let keywords = match name {
            "string" => OF_STRINGS,
            "integer" | "number" => OF_NUMBERS,
            "array" => OF_ARRAYS,
            _ => &["minProperties", "maxProperties", "propertyNames"],
        };
        let tuple = plain.get("prefixItems").and_then(Value::as_array);
        for keyword in keywords {
            let said = match *keyword {
                "items" | "prefixItems" => true,
                "minItems" | "maxItems" => tuple.is_some(),
                // The width of a number says nothing that its bounds do not.
                "format" => name != "string",
                _ => false,
            };
            if let Some(value) = plain.get(*keyword).filter(|_| !said) {
                unsaid.insert((*keyword).to_owned(), value.clone());
            }
        }
        match name {
            "object" => self.object(plain),
            "array" => self.array(plain, tuple.map_or(&[][..], Vec::as_slice)),
            other => Ok(Rendered::plain(other)),
        }
    }

    fn array(
        &mut self,
        plain: &Map<String, Value>,
        first: &[Value],
    ) -> Result<Rendered, DialectError> {
        let items = match plain.get("items") {
            Some(items) => Some(self.render(items)?),
            None if first.is_empty() => Some(Rendered::plain("any")),
            None => None,
        };
        let mut comment = Vec::new();
        if first.is_empty() {
            let Some(mut items) = items else { return Ok(Rendered::plain("any[]")) };
            if items.text == "never" {
                return Ok(Rendered::plain("[]"));
            }
            comment.extend(items.comment.drain(..).map(|said| format!("Each: {said}")));
            return Ok(Rendered { text: format!("{}[]", items.item()), comment, union: false });
        }
        let mut places = Vec::new();
        for (index, place) in first.iter().enumerate() {
            let mut place = self.render(place)?;
            comment.extend(place.comment.drain(..).map(|said| format!("[{index}]: {said}")));
            places.push(place.text);
        }
        if let Some(items) = items.filter(|items| items.text != "never") {
            places.push(format!("...{}[]", items.item()));
        }
        Ok(Rendered { text: format!("[{}]", places.join(", ")), comment, union: false })
    }

    fn object(&mut self, plain: &Map<String, Value>) -> Result<Rendered, DialectError> {
        let required = walk::required(plain);
        let mut members = Vec::new();
        if let Some(Value::Object(properties)) = plain.get("properties") {
            for (name, schema) in properties {
                let member = self.render(schema)?;
                let mark = if required.contains(name.as_str()) { "" } else { "?" };
                members.push((format!("{}{mark}", key(name)), member));
            }
        }
        if let Some(Value::Object(patterns)) = plain.get("patternProperties") {
            for (pattern, schema) in patterns {
                let mut member = self.render(schema)?;
                member.comment.push(format!("Each key matches `{pattern}`."));
                members.push(("[key: string]".to_owned(), member));
            }
        }
        match plain.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(schema) => {
                let member = self.render(schema)?;
                members.push(("[key: string]".to_owned(), member));
            }
        }
        Ok(block(members))
    }
}

/// Alternatives: on one line where they are short, otherwise one on each.
fn joined(mut branches: Vec<Rendered>) -> Rendered {
    // Null is said last, as one would write it.
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

/// An object: on one line where it is short and nothing is said about its members.
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

fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}

/// A comment after something, on the same line.
fn push_beside(text: &mut String, comment: &[String]) {
    if !comment.is_empty() {
        let said = comment.join(" ").replace('\n', " ");
        text.push_str(&format!(" // {said}"));
    }
}

/// A comment before something, on lines of its own.
fn push_comments(text: &mut String, indent: &str, comment: &[String]) {
    if !comment.is_empty() {
        for line in comment.join(" ").lines() {
            text.push_str(&format!("{indent}// {line}\n"));
        }
    }
}

/// What is said about a type: its description, then its constraints.
fn comment(annotations: Annotations, constraints: Vec<String>) -> Vec<String> {
    let mut sentences = constraints;
    if let Some(default) = annotations.default.filter(|default| !default.is_null()) {
        sentences.push(format!("Default: {}.", words::excerpt(&default)));
    }
    if !annotations.examples.is_empty() {
        sentences.push(format!("For example {}.", words::list(&annotations.examples)));
    }
    words::joined(annotations.description, &sentences).into_iter().collect()
}

/// A property name, quoted where it is no identifier.
fn key(name: &str) -> String {
    let start = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    if start && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}
