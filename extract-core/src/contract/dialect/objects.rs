//! Objects with named properties, and maps.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Lowering, SchemaDraft, clean};
use super::note::NoteKind;
use super::plan::{Branch, KEY, Member, OtherSteps, SAME, Step, StepId, VALUE};
use super::table::{Any, Maps, PropertyNames, Root};
use crate::schema::{self, Kinds, NodeId, Origin, OtherMembers, Plain};

/// The sent member that holds pairs, in an object that has named members and others.
const OTHERS: &str = "additional_properties";

/// The members of an object that are not named.
struct UnnamedMembers<'p> {
    /// The nodes for their values; any of these may fit.
    nodes: Vec<NodeId>,
    /// The patterns for their names; any of these may match.
    patterns: Vec<&'p str>,
}

/// The named members of an object, lowered.
#[derive(Default)]
struct NamedMembers {
    /// The sent schemas by sent name.
    sent: Map<String, Value>,
    /// The sent names of the required members.
    required: Vec<Value>,
    /// The conversion of the members by the type's name.
    members: BTreeMap<String, Member>,
    /// The type's names by the sent names that differ.
    renamed: BTreeMap<String, String>,
    /// Whether the plan changes objects with these members.
    changes: bool,
}

impl Lowering<'_> {
    /// Lowers an object or a map. Returns `None` if no value fits.
    pub(super) fn object(
        &mut self,
        node: NodeId,
        plain: &Plain,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let unnamed = self.unnamed(plain);
        // The dialect requires an object at the root, so the pairs become a member of it.
        let stays_object =
            plain.is_any_object && self.is_root() && self.dialect.root == Root::Object;
        let is_map = plain.members.is_empty() && self.dialect.maps == Maps::Pairs;
        let mut draft = match unnamed {
            Some(unnamed) if is_map && !stays_object => {
                return self.pairs(node, Some(plain), &unnamed);
            }
            unnamed => match self.members(node, plain, unnamed.as_ref())? {
                Some(draft) => draft,
                None => return Ok(None),
            },
        };
        let mut unsaid = Map::new();
        for keyword in ["minProperties", "maxProperties"] {
            if let Some(value) = plain.constraints.get(keyword) {
                self.constrain(&mut draft, keyword, value, &mut unsaid);
            }
        }
        self.describe(&mut draft, &unsaid, node);
        Ok(Some(draft))
    }

    /// Returns the members that are allowed beside the named ones; `None` if there are none.
    fn unnamed<'p>(&self, plain: &'p Plain) -> Option<UnnamedMembers<'p>> {
        let mut unnamed = UnnamedMembers { nodes: Vec::new(), patterns: Vec::new() };
        let other =
            if let OtherMembers::Open(other) = plain.other_members { Some(other) } else { None };
        if !self.dialect.allows("patternProperties") {
            unnamed.nodes.extend(plain.patterns.iter().map(|(_, node)| *node));
            if other.is_none() {
                unnamed.patterns =
                    plain.patterns.iter().map(|(one, _)| one.text.as_str()).collect();
            }
        }
        unnamed.nodes.extend(other);
        (!unnamed.nodes.is_empty()).then_some(unnamed)
    }

    /// Lowers the values of members that are not named. Returns `None` if no value fits.
    fn values(
        &mut self,
        node: NodeId,
        unnamed: &UnnamedMembers<'_>,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        match unnamed.nodes.as_slice() {
            [only] => self.lower(*only),
            // The schema depends on the name, but the sent values are matched by their form.
            several => self.union(node, false, several),
        }
    }

    /// Notes that a part of the schema is not sent, because no value fits it.
    pub(super) fn left_out(&mut self, node: NodeId, part: &str) {
        let (place, why) = self.never.take().unwrap_or_else(|| {
            (self.pointer(node).to_owned(), "its rules exclude each other".into())
        });
        let mut sentence = format!("nothing can fit {part}, so it is left out: ");
        let original = self.pointer(node).to_owned();
        if place != original {
            sentence.push_str(&format!("at {place:?} "));
        }
        sentence.push_str(&why);
        self.note(NoteKind::Narrowed, &original, sentence);
    }

    /// Lowers an object with its named members and the others. Returns `None` if no value fits.
    fn members(
        &mut self,
        node: NodeId,
        plain: &Plain,
        unnamed: Option<&UnnamedMembers<'_>>,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let Some(mut named) = self.named(plain)? else { return Ok(None) };
        let is_empty = named.sent.is_empty() && unnamed.is_none() && plain.patterns.is_empty();
        if is_empty && !self.dialect.empty_objects && !self.is_root() {
            return Ok(Some(self.empty(node)));
        }
        let mut rest = OtherSteps::Members(SAME);
        let mut open = None;
        let mut sentence = Vec::new();
        if let Some(unnamed) = unnamed {
            if self.dialect.maps == Maps::Pairs {
                let Some(draft) = self.pairs(node, None, unnamed)? else { return Ok(None) };
                let Step::Pairs { values } = *self.step_at(draft.step) else { return Ok(None) };
                let mut name = OTHERS.to_owned();
                while plain.member(&name).is_some() || named.sent.contains_key(&name) {
                    name.push('_');
                }
                let schema = self.finish(draft);
                named.sent.insert(name.clone(), schema);
                named.required.push(name.as_str().into());
                rest = OtherSteps::Pairs { sent: name, values };
                named.changes = true;
            } else if let Some(draft) = self.values(node, unnamed)? {
                rest = OtherSteps::Members(draft.step);
                named.changes |= draft.step != SAME;
                let anything = self.dialect.any == Any::Keep && draft.schema.is_empty();
                let schema = self.finish(draft);
                open = Some(if anything { Value::Bool(true) } else { schema });
                if !unnamed.patterns.is_empty() {
                    sentence.push(matching(&unnamed.patterns));
                    let pointer = self.pointer(unnamed.nodes[0]).to_owned();
                    let sentence = "the pattern of the keys is said in the description";
                    self.note(NoteKind::Described, &pointer, sentence.to_owned());
                }
            }
        }
        let NamedMembers { sent, required, members, renamed, mut changes } = named;
        let mut draft = SchemaDraft { sentences: sentence, ..SchemaDraft::default() };
        draft.schema = self.closed_object(sent, required);
        let bare = plain.members.is_empty();
        if let Some(open) = open {
            if bare {
                draft.schema.shift_remove("properties");
            }
            draft.schema.insert("additionalProperties".to_owned(), open);
        }
        if self.dialect.allows("patternProperties") && !plain.patterns.is_empty() {
            let (sent, step) = self.patterns(plain, &rest)?;
            if let Some(step) = step {
                rest = OtherSteps::Members(step);
                changes = true;
            }
            if bare {
                draft.schema.shift_remove("properties");
            }
            draft.schema.insert("patternProperties".to_owned(), Value::Object(sent));
        }
        if changes || !renamed.is_empty() {
            draft.step = self.step(Step::Object { members, renamed, rest });
        }
        Ok(Some(draft))
    }

    /// Lowers the named members. Returns `None` if no value fits a required one.
    fn named(&mut self, plain: &Plain) -> Result<Option<NamedMembers>, DialectError> {
        let mut named = NamedMembers::default();
        for member in &plain.members {
            let (name, required) = (&member.name, member.required);
            let filled = !required && !self.dialect.optional;
            let pointer = self.pointer(member.node).to_owned();
            let Some(mut out) = self.lower_in(member.node, filled)? else {
                if required {
                    return Ok(None);
                }
                self.left_out(member.node, &format!("the member {name:?}"));
                continue;
            };
            // If a member cannot be omitted, null has to stand for its absence, even if null is also a
            // value. This is not needed if the member has another default, or for a Rust type, which
            // reads null and absence alike.
            let is_both = filled
                && out.null
                && self.tree.origin() == Origin::Document
                && self.has_no_default(member);
            let null_is_absent = filled && !out.null || is_both;
            if null_is_absent {
                self.make_nullable(&mut out);
                let sentence = if is_both {
                    "null stands for a value that is left out, and cannot be told from null itself"
                } else {
                    "null stands for a value that is left out"
                };
                self.note(NoteKind::Nullable, &pointer, sentence.to_owned());
            }
            let sent = self.sent_name(name, plain, &named.sent);
            if sent != *name {
                out.sentences.push(format!("Stands for {name:?}."));
                self.note(NoteKind::Reshaped, &pointer, format!("sent under the name {sent:?}"));
                named.renamed.insert(sent.clone(), name.clone());
            }
            let step = out.step;
            named.changes |= step != SAME || filled;
            let member = Member { sent: sent.clone(), step, filled, null_is_absent };
            named.members.insert(name.clone(), member);
            if required || filled {
                named.required.push(sent.as_str().into());
            }
            let schema = self.finish(out);
            named.sent.insert(sent, schema);
        }
        // The members of a map with listed keys all have the same schema. There, null always means
        // absence.
        let is_filled = named.members.values().all(|member| member.filled);
        let mut schemas = named.sent.values();
        let first = schemas.next();
        let is_alike = named.sent.len() > 1 && schemas.all(|schema| Some(schema) == first);
        if is_filled && is_alike && plain.other_members == OtherMembers::Closed {
            named.members.values_mut().for_each(|member| member.null_is_absent = true);
        }
        Ok(Some(named))
    }

    /// Lowers the members that are named by patterns. Returns their schemas, and the step for all
    /// members without a name of their own if it changes values.
    fn patterns(
        &mut self,
        plain: &Plain,
        rest: &OtherSteps,
    ) -> Result<(Map<String, Value>, Option<StepId>), DialectError> {
        let mut sent = Map::new();
        let mut branches = Vec::new();
        for (pattern, values) in &plain.patterns {
            let Some(draft) = self.lower(*values)? else {
                let part = format!("a member whose name matches `{}`", pattern.text);
                self.left_out(*values, &part);
                sent.insert(pattern.text.clone(), Value::Bool(false));
                continue;
            };
            branches.push(Branch { node: *values, kinds: Kinds::ALL, step: draft.step });
            sent.insert(pattern.text.clone(), self.finish(draft));
        }
        if let (OtherSteps::Members(step), OtherMembers::Open(other)) = (rest, plain.other_members)
        {
            branches.push(Branch { node: other, kinds: Kinds::ALL, step: *step });
        }
        let changes = branches.iter().any(|branch| branch.step != SAME);
        let step = changes.then(|| match branches.as_slice() {
            [only] => only.step,
            _ => self.step(Step::Union(branches)),
        });
        Ok((sent, step))
    }

    /// Returns the JSON text of an object without members, for dialects that refuse such objects.
    fn empty(&mut self, node: NodeId) -> SchemaDraft {
        let mut draft = self.constant(node, &[Value::from("{}")], true);
        draft.step = self.step(Step::Text { null: false });
        let pointer = self.pointer(node).to_owned();
        let sentence = "an object without members is sent as JSON text";
        self.note(NoteKind::Reshaped, &pointer, sentence.to_owned());
        draft
    }

    /// Returns whether a member has no default except null.
    fn has_no_default(&self, member: &schema::Member) -> bool {
        self.tree.node(member.node).annotations.default.as_ref().is_none_or(Value::is_null)
    }

    /// Returns the schema of an object that has these members and no others.
    pub(super) fn closed_object(
        &self,
        properties: Map<String, Value>,
        required: Vec<Value>,
    ) -> Map<String, Value> {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), self.type_name("object"));
        if self.dialect.property_ordering && properties.len() > 1 {
            let order = properties.keys().map(|name| name.as_str().into()).collect();
            schema.insert("propertyOrdering".to_owned(), Value::Array(order));
        }
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() || !self.dialect.optional {
            schema.insert("required".to_owned(), Value::Array(required));
        }
        if self.dialect.closes_objects {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        schema
    }

    /// Returns a name that the dialect accepts and no other property has.
    fn sent_name(&self, name: &str, plain: &Plain, sent: &Map<String, Value>) -> String {
        if self.dialect.property_names == PropertyNames::Any || clean(name, 64) == name {
            return name.to_owned();
        }
        let base = clean(name, 56);
        let mut free = base.clone();
        let mut number = 1;
        while plain.member(&free).is_some() || sent.contains_key(&free) {
            number += 1;
            free = format!("{base}_{number}");
        }
        free
    }

    /// Lowers a map as a list of pairs. `plain` holds the constraints of the map; it is `None` for
    /// pairs beside named members. Returns `None` if no key or value fits.
    fn pairs(
        &mut self,
        node: NodeId,
        plain: Option<&Plain>,
        unnamed: &UnnamedMembers<'_>,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let keys = plain.and_then(|plain| plain.names);
        let mut keys = match keys.map(|keys| self.lower(keys)).transpose()? {
            None => SchemaDraft::default(),
            Some(Some(keys)) => keys,
            Some(None) => return Ok(None),
        };
        keys.schema.entry("type").or_insert(self.type_name("string"));
        let mut unsaid = Map::new();
        match unnamed.patterns.as_slice() {
            [] => {}
            [only] if !keys.schema.contains_key("pattern") => {
                self.constrain(&mut keys, "pattern", &Value::from(*only), &mut unsaid);
            }
            several => keys.sentences.push(matching(several)),
        }
        let pointer = self.pointer(node).to_owned();
        self.describe(&mut keys, &unsaid, node);
        let Some(values) = self.values(node, unnamed)? else { return Ok(None) };
        self.note(
            NoteKind::Reshaped,
            &pointer,
            "a map is sent as a list of objects with `key` and `value`".to_owned(),
        );
        let step = values.step;
        let mut pair = Map::new();
        pair.insert(KEY.to_owned(), self.finish(keys));
        pair.insert(VALUE.to_owned(), self.finish(values));
        let pair = self.closed_object(pair, vec![KEY.into(), VALUE.into()]);
        let mut out =
            SchemaDraft { step: self.step(Step::Pairs { values: step }), ..SchemaDraft::default() };
        out.schema.insert("type".to_owned(), self.type_name("array"));
        out.schema.insert("items".to_owned(), Value::Object(pair));
        out.sentences.push("Each key once.".to_owned());
        let mut unsaid = Map::new();
        for (own, sent) in [("minProperties", "minItems"), ("maxProperties", "maxItems")] {
            if let Some(value) = plain.and_then(|plain| plain.constraints.get(own)) {
                self.constrain(&mut out, sent, value, &mut unsaid);
            }
        }
        self.describe(&mut out, &unsaid, node);
        Ok(Some(out))
    }
}

/// Returns the sentence for the patterns of keys.
fn matching(patterns: &[&str]) -> String {
    let patterns: Vec<String> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
    format!("Each key matches {}.", patterns.join(" or "))
}
