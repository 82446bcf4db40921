//! Unions: the tags that name a variant, and the members of each variant. Built once per schema, so that
//! the reader finds the variant of a value by look-ups.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Shape, ShapeId, ShapeKind, enter_normal, normal_enum_value, normal_name};
use crate::schema::Constant;

/// The most tags of a union. Each tag is a bit of [`Named::speaks`].
const MAX_TAGS: usize = 8;

/// A union: one of several nodes fits.
#[derive(Debug, Clone)]
pub(crate) struct UnionShape {
    /// The nodes of the alternatives. None of them is null or a union.
    pub(crate) options: Vec<ShapeId>,
    /// Whether null fits too.
    pub(crate) nullable: bool,
    /// The properties that name a variant. An enum has one. A struct with several flattened enums has one
    /// for each of them, and its variants are all combinations.
    pub(crate) tags: Vec<Tag>,
    /// The names of the members of all options that are objects.
    pub(crate) members: MemberIndex,
}

/// A property that is a constant in several options, with at least two different constants.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    /// The name of the property.
    pub(crate) name: String,
    normal_name: String,
    /// The index of a value by its exact spellings.
    exact: HashMap<String, u32>,
    /// The index of a value by the normal form of its spellings; `None` if two values share the form.
    normal: HashMap<String, Option<u32>>,
    /// The values of the tag, for messages.
    pub(crate) values: Vec<Value>,
    /// The options that have the tag with a value, by the index of the value, in ascending order.
    named: Vec<Vec<u32>>,
    /// Whether an option has the tag, by the index of the option.
    tagged: Vec<bool>,
}

/// The fields of all options, by their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemberIndex {
    exact: HashMap<String, Vec<OptionField>>,
    normal: HashMap<String, Vec<OptionField>>,
}

/// A field of one option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptionField {
    /// The index of the option.
    pub(crate) option: u32,
    /// The index of its field.
    pub(crate) field: u32,
    /// The tags that this field decides, as a bit set. All options with the same value of such a tag have a
    /// field of this name, and some option with another value has none.
    pub(crate) speaks: u8,
}

impl UnionShape {
    /// Returns the tags that an option has, as a bit set.
    pub(crate) fn tags_of(&self, option: usize) -> u8 {
        let tags = (0..).zip(&self.tags).filter(|(_, tag)| tag.has_tag(option));
        tags.fold(0, |tags, (bit, _)| tags | 1 << bit)
    }
}

impl Tag {
    /// Returns whether a key is the name of the tag, exactly or in another spelling.
    pub(crate) fn is_key(&self, key: &str) -> bool {
        key == self.name || normal_name(key) == self.normal_name
    }

    /// Returns the options that have the tag with this value, and whether the value is spelled exactly.
    /// `None` if the text is not a value of the tag.
    pub(crate) fn options(&self, text: &str) -> Option<(&[u32], bool)> {
        let (value, is_exact) = match self.exact.get(text.trim()) {
            Some(&value) => (value, text == text.trim()),
            None => (self.normal.get(&normal_enum_value(text)).copied().flatten()?, false),
        };
        Some((self.named.get(value as usize)?, is_exact))
    }

    /// Returns whether an option has the tag.
    pub(crate) fn has_tag(&self, option: usize) -> bool {
        self.tagged.get(option).copied().unwrap_or_default()
    }

    /// Returns the fields whose presence decides the value of the tag, as pairs of an option and a name.
    fn deciding_fields<'s>(
        &self,
        shape: &'s Shape,
        options: &[ShapeId],
    ) -> HashSet<(u32, &'s str)> {
        let fields = |option: u32| match shape.kind(options[option as usize]) {
            ShapeKind::Object(object) => object.fields.as_slice(),
            _ => &[],
        };
        let count = |of: &[u32]| {
            let mut counts: HashMap<&'s str, usize> = HashMap::new();
            for field in of.iter().flat_map(|&option| fields(option)) {
                *counts.entry(&field.name).or_default() += 1;
            }
            counts
        };
        let all = self.named.concat();
        let counts = count(&all);
        let mut speaking = HashSet::new();
        for named in &self.named {
            let common = count(named).into_iter().filter(|(name, count)| {
                *count == named.len() && counts.get(name).is_some_and(|count| *count < all.len())
            });
            for (name, _) in common {
                speaking.extend(named.iter().map(|&option| (option, name)));
            }
        }
        speaking
    }

    /// Makes the tag of a candidate. `None` if a text stands for two of its values.
    fn new(candidate: &Candidate<'_>, options: usize) -> Option<Self> {
        let mut tag = Self {
            name: candidate.name.to_owned(),
            normal_name: normal_name(candidate.name),
            exact: HashMap::new(),
            normal: HashMap::new(),
            values: Vec::new(),
            named: vec![Vec::new(); candidate.values.len()],
            tagged: Vec::new(),
        };
        for &(option, value, constant) in &candidate.having {
            for spelling in &constant.spellings {
                if *tag.exact.entry(spelling.clone()).or_insert(value) != value {
                    return None;
                }
                enter_normal(&mut tag.normal, &normal_enum_value(spelling), value);
            }
            if tag.values.len() == value as usize {
                tag.values.push(constant.value.clone());
            }
            tag.named.get_mut(value as usize)?.push(option);
        }
        tag.tagged = vec![false; options];
        candidate.having.iter().for_each(|one| tag.tagged[one.0 as usize] = true);
        Some(tag)
    }
}

/// Returns the options that are left after one more tag names some: the intersection. If it is empty, the
/// tags contradict each other, and the options of the earlier tags stay.
pub(crate) fn intersect_options<'t>(
    left: Option<Cow<'t, [u32]>>,
    named: &'t [u32],
) -> Cow<'t, [u32]> {
    let Some(left) = left else { return Cow::Borrowed(named) };
    let both: Vec<u32> =
        left.iter().filter(|one| named.binary_search(one).is_ok()).copied().collect();
    if both.is_empty() { left } else { Cow::Owned(both) }
}

impl MemberIndex {
    /// Returns the fields that a key names in all options: by its exact name, otherwise by its normal form.
    pub(crate) fn find(&self, key: &str) -> &[OptionField] {
        if let Some(found) = self.exact.get(key) {
            return found;
        }
        if self.normal.is_empty() {
            return &[];
        }
        self.normal.get(&normal_name(key)).map_or(&[], Vec::as_slice)
    }
}

/// Fills in the tags and the members of each union of the shape.
pub(super) fn bind(shape: &mut Shape) {
    for index in 0..shape.nodes.len() {
        let ShapeKind::Union(union) = &shape.nodes[index] else { continue };
        if union.options.len() < 2 {
            continue;
        }
        let tags = tags_of(shape, &union.options);
        let members = members_of(shape, &union.options, &tags);
        if let ShapeKind::Union(union) = &mut shape.nodes[index] {
            (union.tags, union.members) = (tags, members);
        }
    }
}

/// A required property that is a constant in some options.
struct Candidate<'s> {
    name: &'s str,
    /// The options that have the property, with the index of its value and the constant.
    having: Vec<(u32, u32, &'s Constant)>,
    /// The indexes of the values, by their JSON.
    values: HashMap<String, u32>,
}

/// Returns the properties with at least two different constants. Properties that more options have come
/// first, then those with more values.
fn candidates<'s>(shape: &'s Shape, options: &[ShapeId]) -> Vec<Candidate<'s>> {
    let mut found: Vec<Candidate<'s>> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for (option, &id) in (0..).zip(options) {
        let ShapeKind::Object(object) = shape.kind(id) else { continue };
        for field in object.fields.iter().filter(|field| field.required) {
            let Some(constant) = shape.constant(field.shape) else { continue };
            let at = *index.entry(&field.name).or_insert_with(|| {
                let (having, values) = (Vec::new(), HashMap::new());
                found.push(Candidate { name: &field.name, having, values });
                found.len() - 1
            });
            let candidate = &mut found[at];
            let next = u32::try_from(candidate.values.len()).unwrap_or(u32::MAX);
            let value = *candidate.values.entry(constant.value.to_string()).or_insert(next);
            candidate.having.push((option, value, constant));
        }
    }
    found.retain(|candidate| candidate.values.len() > 1);
    // A stable sort: candidates that are equal keep the order of the schema.
    found.sort_by_key(|one| Reverse((one.having.len(), one.values.len())));
    found
}

/// Returns the tags of a union: the property that most options have, and then each property that separates
/// options which the earlier tags do not separate.
fn tags_of(shape: &Shape, options: &[ShapeId]) -> Vec<Tag> {
    let mut tags = Vec::new();
    // Options that no tag separates have the same class.
    let mut classes: Vec<usize> = vec![0; options.len()];
    let mut sizes = vec![options.len()];
    for candidate in candidates(shape, options) {
        let mut groups: HashMap<(usize, u32), Vec<u32>> = HashMap::new();
        for &(option, value, _) in &candidate.having {
            groups.entry((classes[option as usize], value)).or_default().push(option);
        }
        groups.retain(|(class, _), group| group.len() < sizes[*class]);
        if groups.is_empty() {
            continue;
        }
        let Some(tag) = Tag::new(&candidate, options.len()) else { continue };
        for ((class, _), group) in groups {
            sizes[class] -= group.len();
            group.iter().for_each(|&option| classes[option as usize] = sizes.len());
            sizes.push(group.len());
        }
        tags.push(tag);
        if tags.len() == MAX_TAGS {
            break;
        }
    }
    tags
}

/// Returns the fields of all options that are objects.
fn members_of(shape: &Shape, options: &[ShapeId], tags: &[Tag]) -> MemberIndex {
    let mut members = MemberIndex::default();
    let speaking: Vec<_> = tags.iter().map(|tag| tag.deciding_fields(shape, options)).collect();
    for (option, &id) in (0..).zip(options) {
        let ShapeKind::Object(object) = shape.kind(id) else { continue };
        let named = |field: u32| {
            let name = object.fields[field as usize].name.as_str();
            let speaks = (0..).zip(&speaking).filter(|(_, names)| names.contains(&(option, name)));
            let speaks = speaks.fold(0, |speaks, (tag, _)| speaks | 1 << tag);
            OptionField { option, field, speaks }
        };
        for (name, &field) in &object.exact {
            members.exact.entry(name.clone()).or_default().push(named(field));
        }
        for (name, &field) in &object.normal {
            if let Some(field) = field {
                members.normal.entry(name.clone()).or_default().push(named(field));
            }
        }
    }
    members
}
