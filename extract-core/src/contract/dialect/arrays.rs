//! Lists and tuples.

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Lowering, SchemaDraft};
use super::note::NoteKind;
use super::plan::{SAME, Step, StepId, TUPLE_REST};
use super::table::{Any, Tuples};
use crate::schema::{NodeId, NodeKind, Plain};

/// The least and the greatest number of elements.
struct Length {
    least: u64,
    most: Option<u64>,
}

impl Lowering<'_> {
    /// Lowers a list or a tuple. Returns `None` if no value fits.
    pub(super) fn array(
        &mut self,
        node: NodeId,
        plain: &Plain,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        if plain.prefix_items.is_empty() {
            let length = Length {
                least: plain.count("minItems").unwrap_or(0),
                most: plain.count("maxItems"),
            };
            return self.list(node, plain, plain.rest, &length).map(Some);
        }
        self.tuple(node, plain)
    }

    /// Lowers a list whose elements all have the same schema.
    fn list(
        &mut self,
        node: NodeId,
        plain: &Plain,
        elements: Option<NodeId>,
        length: &Length,
    ) -> Result<SchemaDraft, DialectError> {
        let items = match elements {
            Some(elements) => self.lower(elements)?,
            None => Some(self.any(node)),
        };
        Ok(self.list_of(node, plain, items, length))
    }

    /// Returns a list of elements that are already lowered. Without `items`, no element fits and the
    /// list stays empty.
    fn list_of(
        &mut self,
        node: NodeId,
        plain: &Plain,
        items: Option<SchemaDraft>,
        length: &Length,
    ) -> SchemaDraft {
        let step = items.as_ref().map_or(SAME, |items| items.step);
        let mut draft = SchemaDraft::default();
        if step != SAME {
            draft.step = self.step(Step::Array { first: Vec::new(), items: step });
        }
        draft.schema.insert("type".to_owned(), self.type_name("array"));
        let most = if items.is_some() { length.most } else { Some(0) };
        let items = items.unwrap_or_else(|| self.of_type("string"));
        let items = self.finish(items);
        draft.schema.insert("items".to_owned(), items);
        self.lengths(&mut draft, node, plain, &Length { least: length.least, most });
        draft
    }

    /// Adds the constraints on the number of elements.
    fn lengths(&mut self, draft: &mut SchemaDraft, node: NodeId, plain: &Plain, length: &Length) {
        let mut unsaid = Map::new();
        if length.least > 0 {
            self.constrain(draft, "minItems", &length.least.into(), &mut unsaid);
        }
        if let Some(most) = length.most {
            self.constrain(draft, "maxItems", &most.into(), &mut unsaid);
        }
        for keyword in ["uniqueItems", "minContains", "maxContains"] {
            if let Some(value) = plain.constraints.get(keyword) {
                self.constrain(draft, keyword, value, &mut unsaid);
            }
        }
        self.describe(draft, &unsaid, node);
    }

    /// Lowers a list with fixed elements: as it is, as an object, or as a list.
    fn tuple(&mut self, node: NodeId, plain: &Plain) -> Result<Option<SchemaDraft>, DialectError> {
        let first = plain.prefix_items.as_slice();
        let count = first.len() as u64;
        let least = plain.count("minItems").unwrap_or(0);
        let most = plain.count("maxItems");
        let is_never = |rest: &NodeId| matches!(self.tree.node(*rest).kind, NodeKind::Never(_));
        let more =
            plain.rest.filter(|rest| !is_never(rest) && most.is_none_or(|most| most > count));
        let is_open = plain.rest.is_none() && most.is_none_or(|most| most > count);
        if is_open && self.dialect.any != Any::Keep {
            let words =
                "a list with a type for each place is taken to end there; `items` allows more";
            let pointer = self.pointer(node).to_owned();
            self.note(NoteKind::Narrowed, &pointer, words.to_owned());
        }
        let exact = more.is_none() && least >= count;
        if self.dialect.tuples == Tuples::Keep {
            return self.tuple_kept(node, plain, more, is_open);
        }
        if least < count {
            return self.loose_tuple(node, plain, more).map(Some);
        }
        let mut places = Vec::with_capacity(first.len());
        for &place in first {
            let Some(draft) = self.lower(place)? else { return Ok(None) };
            places.push(draft);
        }
        let alike = places.iter().all(|draft| {
            draft.step == SAME
                && (&draft.schema, &draft.description, &draft.sentences)
                    == (&places[0].schema, &places[0].description, &places[0].sentences)
        });
        if exact && alike && self.dialect.allows("maxItems") && self.dialect.min_items >= count {
            let length = Length { least: count, most: Some(count) };
            let only = places.into_iter().next();
            return Ok(Some(self.list_of(node, plain, only, &length)));
        }
        let mut properties = Map::new();
        let mut steps = Vec::new();
        let mut required: Vec<Value> = Vec::new();
        for (index, out) in places.into_iter().enumerate() {
            let name = index.to_string();
            steps.push(out.step);
            required.push(name.as_str().into());
            properties.insert(name, self.finish(out));
        }
        let mut rest = None;
        if let Some(more) = more {
            let length = Length {
                least: least.saturating_sub(count),
                most: most.map(|most| most.saturating_sub(count)),
            };
            let draft = self.list(node, &Plain::default(), Some(more), &length)?;
            rest = Some(match self.step_at(draft.step) {
                Step::Array { items, .. } => *items,
                _ => SAME,
            });
            required.push(TUPLE_REST.into());
            properties.insert(TUPLE_REST.to_owned(), self.finish(draft));
        }
        let sentence =
            "a list with a type for each place is sent as an object with a member for each";
        let pointer = self.pointer(node).to_owned();
        self.note(NoteKind::Reshaped, &pointer, sentence.to_owned());
        let mut draft = SchemaDraft {
            step: self.step(Step::Tuple { first: steps, rest }),
            ..SchemaDraft::default()
        };
        draft.schema = self.closed_object(properties, required);
        draft.sentences.push(format!("A list of {count}: each member is the item at that place."));
        let mut unsaid = Map::new();
        if let Some(value) = plain.constraints.get("uniqueItems") {
            unsaid.insert("uniqueItems".to_owned(), value.clone());
        }
        self.describe(&mut draft, &unsaid, node);
        Ok(Some(draft))
    }

    /// Lowers a tuple as `prefixItems`.
    fn tuple_kept(
        &mut self,
        node: NodeId,
        plain: &Plain,
        more: Option<NodeId>,
        is_open: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let mut sent = Vec::new();
        let mut steps: Vec<StepId> = Vec::new();
        for &place in &plain.prefix_items {
            let Some(draft) = self.lower(place)? else { return Ok(None) };
            steps.push(draft.step);
            sent.push(self.finish(draft));
        }
        let mut draft = SchemaDraft::default();
        draft.schema.insert("type".to_owned(), self.type_name("array"));
        draft.schema.insert("prefixItems".to_owned(), Value::Array(sent));
        let mut items = SAME;
        let count = plain.prefix_items.len() as u64;
        let mut most = plain.count("maxItems");
        if let Some(more) = more {
            if let Some(more) = self.lower(more)? {
                items = more.step;
                let more = self.finish(more);
                draft.schema.insert("items".to_owned(), more);
            }
        } else if self.dialect.any != Any::Keep || !is_open {
            most = Some(most.map_or(count, |most| most.min(count)));
        }
        if items != SAME || steps.iter().any(|step| *step != SAME) {
            draft.step = self.step(Step::Array { first: steps, items });
        }
        let length = Length { least: plain.count("minItems").unwrap_or(0), most };
        self.lengths(&mut draft, node, plain, &length);
        Ok(Some(draft))
    }

    /// Lowers a tuple whose last elements may be missing: as a list of any of its types, with the order
    /// in the description.
    fn loose_tuple(
        &mut self,
        node: NodeId,
        plain: &Plain,
        more: Option<NodeId>,
    ) -> Result<SchemaDraft, DialectError> {
        let mut kinds: Vec<NodeId> = plain.prefix_items.clone();
        kinds.extend(more);
        let items = match kinds.as_slice() {
            [only] => self.lower(*only)?,
            several => self.union(node, false, several)?,
        };
        let (least, mut most) = (plain.count("minItems").unwrap_or(0), plain.count("maxItems"));
        if more.is_none() {
            let count = plain.prefix_items.len() as u64;
            most = Some(most.map_or(count, |most| most.min(count)));
        }
        let mut draft = self.list_of(node, plain, items, &Length { least, most });
        let sentence: Vec<String> =
            plain.prefix_items.iter().map(|&pointer| self.tree.kinds(pointer).describe()).collect();
        draft.sentences.push(format!("In this order: {}.", sentence.join(", ")));
        let pointer = self.pointer(node).to_owned();
        self.note_described("prefixItems", &pointer);
        Ok(draft)
    }
}
