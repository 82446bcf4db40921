//! Unions: the tag that names a variant, and the members that only some variants have. Built once per
//! schema, so that a value is bound to its variant by look-ups.

use std::collections::HashMap;

use serde_json::Value;

use super::keywords::enter_normal;
use super::{Form, Shape, ShapeId, normal, normal_value};

/// Alternatives.
#[derive(Debug, Clone)]
pub(crate) struct UnionForm {
    pub(crate) options: Vec<ShapeId>,
    pub(crate) nullable: bool,
    /// The property that names a variant.
    pub(crate) tag: Option<TagForm>,
    /// The names of the members of all options that are objects.
    pub(crate) members: MemberIndex,
}

/// A property that is another constant in each variant.
#[derive(Debug, Clone)]
pub(crate) struct TagForm {
    pub(crate) name: String,
    normal_name: String,
    /// The option that a tag names, spelled as it is.
    exact: HashMap<String, u32>,
    /// The same in normal form; `None` where two variants share one.
    normal: HashMap<String, Option<u32>>,
    /// The constants, for messages.
    pub(crate) values: Vec<Value>,
    /// For each option, whether it has the tag.
    pub(crate) tagged: Vec<bool>,
}

/// The options in which a member stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemberIndex {
    exact: HashMap<String, Vec<Named>>,
    normal: HashMap<String, Vec<Named>>,
}

/// A field of one option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    /// The index of the option.
    pub(crate) option: u32,
    /// The index of its field.
    pub(crate) field: u32,
}

impl TagForm {
    /// Whether a key is the tag's, exactly or in another spelling.
    pub(crate) fn is_key(&self, key: &str) -> bool {
        key == self.name || normal(key) == self.normal_name
    }

    /// The option that a text names, and whether it is spelled as it is.
    pub(crate) fn option(&self, text: &str) -> Option<(u32, bool)> {
        if let Some(&option) = self.exact.get(text.trim()) {
            return Some((option, text == text.trim()));
        }
        let near = self.normal.get(&normal_value(text)).copied().flatten();
        near.map(|option| (option, false))
    }

    /// Whether all options have the tag.
    pub(crate) fn is_of_all(&self) -> bool {
        self.tagged.iter().all(|&tagged| tagged)
    }
}

impl MemberIndex {
    /// The fields that a key names, in all options: exactly, or else in another spelling.
    pub(crate) fn find(&self, key: &str) -> &[Named] {
        if let Some(found) = self.exact.get(key) {
            return found;
        }
        if self.normal.is_empty() {
            return &[];
        }
        self.normal.get(&normal(key)).map_or(&[], Vec::as_slice)
    }
}

/// Finds, for each union of the shape, its tag and its members.
pub(super) fn bind(shape: &mut Shape) {
    for index in 0..shape.nodes.len() {
        let Form::Union(union) = &shape.nodes[index] else { continue };
        if union.options.len() < 2 {
            continue;
        }
        let (tag, members) = (tag_of(shape, &union.options), members_of(shape, &union.options));
        if let Form::Union(union) = &mut shape.nodes[index] {
            (union.tag, union.members) = (tag, members);
        }
    }
}

/// The property that at least two options have as a constant of their own, if there is one; the one
/// that most options have.
fn tag_of(shape: &Shape, options: &[ShapeId]) -> Option<TagForm> {
    let constant = |id: ShapeId| match shape.form(id) {
        Form::Choice(choices) if choices.all.len() == 1 => Some(&choices.all[0]),
        _ => None,
    };
    let mut found: Vec<(&str, Vec<u32>)> = Vec::new();
    for (option, &id) in (0..).zip(options) {
        let Form::Object(object) = shape.form(id) else { continue };
        for field in object.fields.iter().filter(|field| field.required) {
            if constant(field.shape).is_none() {
                continue;
            }
            match found.iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, having)) => having.push(option),
                None => found.push((&field.name, vec![option])),
            }
        }
    }
    // The first of equals: fields are in the order of the schema.
    found.sort_by_key(|(_, having)| std::cmp::Reverse(having.len()));
    found.into_iter().filter(|(_, having)| having.len() > 1).find_map(|(name, having)| {
        let mut tag = TagForm {
            name: name.to_owned(),
            normal_name: normal(name),
            exact: HashMap::new(),
            normal: HashMap::new(),
            values: Vec::new(),
            tagged: vec![false; options.len()],
        };
        for option in having {
            let Form::Object(object) = shape.form(options[option as usize]) else { return None };
            let field = object.fields.iter().find(|field| field.name == name)?;
            let choice = constant(field.shape)?;
            for spelling in &choice.spellings {
                if tag.exact.insert(spelling.clone(), option).is_some_and(|other| other != option) {
                    return None;
                }
                enter_normal(&mut tag.normal, &normal_value(spelling), option);
            }
            tag.values.push(choice.value.clone());
            tag.tagged[option as usize] = true;
        }
        Some(tag)
    })
}

fn members_of(shape: &Shape, options: &[ShapeId]) -> MemberIndex {
    let mut members = MemberIndex::default();
    for (option, &id) in (0..).zip(options) {
        let Form::Object(object) = shape.form(id) else { continue };
        for (name, &field) in &object.exact {
            members.exact.entry(name.clone()).or_default().push(Named { option, field });
        }
        for (name, &field) in &object.normal {
            if let Some(field) = field {
                members.normal.entry(name.clone()).or_default().push(Named { option, field });
            }
        }
    }
    members
}
