//! Unions: alternatives, nullability, and the branches that would be mistaken for each other once
//! they are sent.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::leaf::type_of;
use super::lower::{Engine, Out, inside};
use super::normal::{Normal, Shape};
use super::note::NoteKind;
use super::plan::{Branch, SAME, Step, StepId};
use super::table::{Nullable, OneOf};

/// Types whose null form is a list of two types.
const SIMPLE: &[&str] = &["string", "number", "integer", "boolean"];

/// Constants of several branches: keywords for all of them, and what each branch said of its own.
struct Merged {
    plain: Map<String, Value>,
    words: Vec<String>,
}

impl Engine<'_, '_> {
    pub(super) fn union(
        &mut self,
        exclusive: bool,
        branches: Vec<Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let keyword = if exclusive { "oneOf" } else { "anyOf" };
        let mut nullable = false;
        let mut kept = Vec::new();
        for (index, branch) in branches.into_iter().enumerate() {
            if is_null(&branch) {
                nullable = true;
            } else {
                kept.push((inside(place, &[keyword, &index.to_string()]), branch));
            }
        }
        if self.dialect.merge_constants {
            if let Some(Merged { plain, words }) = self.merged_constants(&kept)? {
                let Some(mut out) = self.plain(plain, place)? else { return Ok(None) };
                out.words.splice(0..0, words);
                if nullable {
                    self.make_nullable(&mut out);
                }
                return Ok(Some(out));
            }
        }
        let mut outs = Vec::new();
        for (place, branch) in kept {
            if let Some(out) = self.lower(&branch, &place)? {
                outs.push((branch, place, out));
            }
        }
        let mut out = match outs.len() {
            0 if nullable => return self.kind("null", &Map::new(), place),
            0 => return Ok(None),
            1 => outs.remove(0).2,
            _ => self.joined(exclusive, outs)?,
        };
        if nullable {
            self.make_nullable(&mut out);
        }
        Ok(Some(out))
    }

    fn joined(
        &mut self,
        exclusive: bool,
        mut outs: Vec<(Value, String, Out)>,
    ) -> Result<Out, DialectError> {
        self.tell_apart(&mut outs);
        let null = outs.iter().any(|(_, _, out)| out.null);
        let same = outs.iter().all(|(_, _, out)| out.step == SAME);
        let mut schemas = Vec::with_capacity(outs.len());
        let mut branches = Vec::new();
        for (branch, _, out) in outs {
            let step = out.step;
            let sent = self.finish(out);
            if !same {
                // What was merged is compared in its merged form.
                let own = match self.normal(&branch)? {
                    Normal { shape: Shape::Plain(plain), more, .. } if more.is_empty() => {
                        Value::Object(plain)
                    }
                    _ => branch,
                };
                branches.push(Branch { own, sent: sent.clone(), step });
            }
            schemas.push(sent);
        }
        let step = if same { SAME } else { self.step(Step::Union(branches)) };
        let keep = exclusive && self.dialect.one_of == OneOf::Keep;
        let keyword = if keep { "oneOf" } else { "anyOf" };
        let schema = [(keyword.to_owned(), Value::Array(schemas))].into_iter().collect();
        Ok(Out { schema, step, null, ..Out::default() })
    }

    /// Wraps branches that are sent in another shape where that shape could be another branch's: a
    /// map is sent as a list, any value as a string.
    fn tell_apart(&mut self, outs: &mut [(Value, String, Out)]) {
        let shapes: Vec<Map<String, Value>> =
            outs.iter().map(|(_, _, out)| out.schema.clone()).collect();
        let mut taken = HashSet::new();
        for (index, (_, place, out)) in outs.iter_mut().enumerate() {
            let changed = |step: &StepId| *step != SAME;
            let (key, whole) = match self.step_at(out.step) {
                Step::Text | Step::Cut(_) => ("json", true),
                Step::Pairs { .. } => ("entries", true),
                // Their shape stays, but what is inside may look like what is inside another.
                Step::Array { .. } => ("items", false),
                Step::Tuple { first, rest } if first.iter().chain(rest).any(changed) => {
                    ("items", false)
                }
                Step::Object { members, .. } if members.values().any(|m| m.step != SAME) => {
                    ("value", false)
                }
                _ => continue,
            };
            let others = shapes.iter().enumerate().filter(|(other, _)| *other != index);
            let mut others = others.map(|(_, other)| other);
            if !others.any(|other| look_alike(&shapes[index], other, whole)) {
                continue;
            }
            let mut free = key.to_owned();
            let mut number = 1;
            while !taken.insert(free.clone()) {
                number += 1;
                free = format!("{key}_{number}");
            }
            let words =
                format!("sent as the member `{free}` of an object, for another branch looks alike");
            self.note(NoteKind::Reshaped, place, words);
            let inner = out.step;
            let wrapped = self.finish(std::mem::take(out));
            let properties = [(free.clone(), wrapped)].into_iter().collect();
            out.schema = self.closed_object(properties, vec![free.as_str().into()]);
            out.step = self.step(Step::Wrapped { key: free, inner });
        }
    }

    /// A union of nothing but constants as one `enum`, with the words of each.
    fn merged_constants(
        &mut self,
        branches: &[(String, Value)],
    ) -> Result<Option<Merged>, DialectError> {
        if branches.len() < 2 {
            return Ok(None);
        }
        let mut values = Vec::new();
        let mut known = HashSet::new();
        let mut words = Vec::new();
        for (_, branch) in branches {
            let Normal { annotations, shape: Shape::Plain(plain), more } = self.normal(branch)?
            else {
                return Ok(None);
            };
            let only = |keyword: &String| matches!(keyword.as_str(), "type" | "const" | "enum");
            if !more.is_empty() || !plain.keys().all(only) {
                return Ok(None);
            }
            let own = match (plain.get("const"), plain.get("enum")) {
                (Some(constant), _) => vec![constant.clone()],
                (None, Some(Value::Array(values))) => values.clone(),
                _ => return Ok(None),
            };
            if let Some(description) = annotations.description {
                let names: Vec<String> = own.iter().map(name_of).collect();
                let end = if description.ends_with(['.', '!', '?']) { "" } else { "." };
                words.push(format!("{}: {description}{end}", names.join(", ")));
            }
            values.extend(own.into_iter().filter(|value| known.insert(value.to_string())));
        }
        let mut types: Vec<&str> = values.iter().map(type_of).collect();
        types.dedup();
        if types.len() != 1 || matches!(types[0], "object" | "array") {
            return Ok(None);
        }
        let mut plain = Map::new();
        plain.insert("type".to_owned(), types[0].into());
        plain.insert("enum".to_owned(), Value::Array(values));
        Ok(Some(Merged { plain, words }))
    }

    /// Makes a schema accept null as well.
    pub(super) fn make_nullable(&mut self, out: &mut Out) {
        if out.null {
            return;
        }
        out.null = true;
        if self.dialect.nullable == Nullable::Keyword {
            out.schema.insert("nullable".to_owned(), Value::Bool(true));
            return;
        }
        let simple = self.dialect.nullable == Nullable::TypeList;
        let type_name = out.schema.get("type").and_then(Value::as_str);
        if let Some(name) = type_name.filter(|name| simple && SIMPLE.contains(name)) {
            let types = Value::Array(vec![name.into(), "null".into()]);
            if let Some(constant) = out.schema.shift_remove("const") {
                out.schema.insert("enum".to_owned(), Value::Array(vec![constant]));
            }
            if let Some(Value::Array(values)) = out.schema.get_mut("enum") {
                values.push(Value::Null);
            }
            out.schema.insert("type".to_owned(), types);
            return;
        }
        let null =
            Value::Object([("type".to_owned(), self.type_name("null"))].into_iter().collect());
        for keyword in ["anyOf", "oneOf"] {
            if out.schema.len() == 1 {
                if let Some(Value::Array(branches)) = out.schema.get_mut(keyword) {
                    branches.push(null);
                    return;
                }
            }
        }
        let mut inner = std::mem::take(&mut out.schema);
        // A default is the whole's, not the branch's.
        for keyword in ["default", "examples"] {
            if let Some(value) = inner.shift_remove(keyword) {
                out.schema.insert(keyword.to_owned(), value);
            }
        }
        out.schema.insert("anyOf".to_owned(), Value::Array(vec![Value::Object(inner), null]));
    }
}

fn name_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value could be of either branch as they are sent. `unknown`: what to say where the
/// type of one is not plain to see.
fn look_alike(own: &Map<String, Value>, other: &Map<String, Value>, unknown: bool) -> bool {
    match (own.get("type"), other.get("type")) {
        (Some(own), Some(other)) if own != other => return false,
        (Some(_), Some(_)) => {}
        _ => return unknown,
    }
    let properties =
        |schema: &Map<String, Value>| schema.get("properties").and_then(Value::as_object).cloned();
    let (Some(own), Some(other)) = (properties(own), properties(other)) else { return true };
    // Objects of other members, or with another tag, are told apart by them.
    let tag = |schema: &Value| schema.get("const").or(schema.get("enum")).cloned();
    own.len() == other.len()
        && own.iter().all(|(name, own)| {
            other.get(name).is_some_and(|other| match (tag(own), tag(other)) {
                (Some(own), Some(other)) => own == other,
                _ => true,
            })
        })
}

/// Whether null and nothing else fits.
fn is_null(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return false };
    let only = |keyword: &str| {
        schema.keys().all(|known| known == keyword || known == "type" || known == "title")
    };
    (schema.get("type").is_some_and(|name| name == "null") && only("type"))
        || (schema.get("const") == Some(&Value::Null) && only("const"))
        || (schema.get("enum").is_some_and(|values| *values == Value::Array(vec![Value::Null]))
            && only("enum"))
}
