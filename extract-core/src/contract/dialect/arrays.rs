//! Lists and tuples.

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Engine, Out, inside};
use super::note::NoteKind;
use super::plan::{SAME, Step, StepId, TUPLE_REST};
use super::table::{Any, Tuples};

impl Engine<'_, '_> {
    pub(super) fn array(
        &mut self,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        match plain.get("prefixItems") {
            Some(Value::Array(first)) if !first.is_empty() => self.tuple(first, plain, place),
            _ => {
                let items = plain.get("items").unwrap_or(&Value::Bool(true));
                let items = self.lower(items, &inside(place, &["items"]))?;
                let step = items.as_ref().map_or(SAME, |items| items.step);
                let mut out = Out::default();
                if step != SAME {
                    out.step = self.step(Step::Array { first: Vec::new(), items: step });
                }
                out.schema.insert("type".to_owned(), self.type_name("array"));
                let mut unsaid = Map::new();
                let items = if let Some(items) = items {
                    items
                } else {
                    // Nothing fits, so there is nothing in it.
                    self.constrain(&mut out, "maxItems", &0.into(), &mut unsaid);
                    self.kind("string", &Map::new(), place)?.unwrap_or_default()
                };
                let items = self.finish(items);
                out.schema.insert("items".to_owned(), items);
                self.lengths(&mut out, plain, unsaid, place);
                Ok(Some(out))
            }
        }
    }

    fn lengths(
        &mut self,
        out: &mut Out,
        plain: &Map<String, Value>,
        mut unsaid: Map<String, Value>,
        place: &str,
    ) {
        for keyword in ["minItems", "maxItems", "uniqueItems", "minContains", "maxContains"] {
            if let Some(value) = plain.get(keyword) {
                if unsaid.contains_key(keyword) || out.schema.contains_key(keyword) {
                    continue;
                }
                self.constrain(out, keyword, value, &mut unsaid);
            }
        }
        if let Some(contains) = plain.get("contains") {
            if self.dialect.allows("contains") {
                let contains = self.verbatim(contains);
                out.schema.insert("contains".to_owned(), contains);
            } else {
                unsaid.insert("contains".to_owned(), contains.clone());
            }
        }
        self.say(out, &unsaid, place);
    }

    fn tuple(
        &mut self,
        first: &[Value],
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let count = first.len() as u64;
        let bound = |keyword: &str| plain.get(keyword).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(0);
        let most = bound("maxItems").unwrap_or(u64::MAX);
        let more = plain.get("items").filter(|items| **items != Value::Bool(false) && most > count);
        if more.is_none()
            && !plain.contains_key("items")
            && most > count
            && self.dialect.any != Any::Keep
        {
            let words =
                "a list with a type for each place is taken to end there; `items` allows more";
            self.note(NoteKind::Narrowed, place, words.to_owned());
        }
        let exact = more.is_none() && least >= count;
        let alike = first.iter().all(|item| *item == first[0]);
        if self.dialect.tuples == Tuples::Keep {
            return self.tuple_kept(first, more, plain, place);
        }
        if exact && alike && self.dialect.allows("maxItems") && self.dialect.min_items >= count {
            let mut list = plain.clone();
            list.shift_remove("prefixItems");
            list.insert("items".to_owned(), first[0].clone());
            list.insert("minItems".to_owned(), count.into());
            list.insert("maxItems".to_owned(), count.into());
            return self.array(&list, place);
        }
        if least < count {
            return self.loose_tuple(first, more, plain, place);
        }
        let mut properties = Map::new();
        let mut steps = Vec::new();
        let mut required: Vec<Value> = Vec::new();
        for (index, item) in first.iter().enumerate() {
            let name = index.to_string();
            let Some(out) = self.lower(item, &inside(place, &["prefixItems", &name]))? else {
                return Ok(None);
            };
            steps.push(out.step);
            required.push(name.as_str().into());
            properties.insert(name, self.finish(out));
        }
        let mut rest = None;
        if let Some(more) = more {
            let mut list = Map::new();
            list.insert("type".to_owned(), "array".into());
            list.insert("items".to_owned(), more.clone());
            if least > count {
                list.insert("minItems".to_owned(), (least - count).into());
            }
            if most != u64::MAX {
                list.insert("maxItems".to_owned(), (most - count).into());
            }
            let Some(out) = self.array(&list, place)? else { return Ok(None) };
            rest = Some(match self.step_at(out.step) {
                Step::Array { items, .. } => *items,
                _ => SAME,
            });
            required.push(TUPLE_REST.into());
            properties.insert(TUPLE_REST.to_owned(), self.finish(out));
        }
        let words = "a list with a type for each place is sent as an object with a member for each";
        self.note(NoteKind::Reshaped, place, words.to_owned());
        let mut out = Out { step: self.step(Step::Tuple { first: steps, rest }), ..Out::default() };
        out.schema = self.closed_object(properties, required);
        out.words.push(format!("A list of {count}: each member is the item at that place."));
        let mut unsaid = Map::new();
        for keyword in ["uniqueItems", "contains"] {
            if let Some(value) = plain.get(keyword) {
                unsaid.insert(keyword.to_owned(), value.clone());
            }
        }
        self.say(&mut out, &unsaid, place);
        Ok(Some(out))
    }

    fn tuple_kept(
        &mut self,
        first: &[Value],
        more: Option<&Value>,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let mut sent = Vec::new();
        let mut steps: Vec<StepId> = Vec::new();
        for (index, item) in first.iter().enumerate() {
            let place = inside(place, &["prefixItems", &index.to_string()]);
            let Some(out) = self.lower(item, &place)? else { return Ok(None) };
            steps.push(out.step);
            sent.push(self.finish(out));
        }
        let mut out = Out::default();
        out.schema.insert("type".to_owned(), self.type_name("array"));
        out.schema.insert("prefixItems".to_owned(), Value::Array(sent));
        let mut items = SAME;
        let mut plain = plain.clone();
        if let Some(more) = more {
            if let Some(more) = self.lower(more, &inside(place, &["items"]))? {
                items = more.step;
                let more = self.finish(more);
                out.schema.insert("items".to_owned(), more);
            }
        } else if self.dialect.any != Any::Keep || plain.contains_key("items") {
            let most = plain.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
            plain.insert("maxItems".to_owned(), most.min(first.len() as u64).into());
        }
        if items != SAME || steps.iter().any(|step| *step != SAME) {
            out.step = self.step(Step::Array { first: steps, items });
        }
        self.lengths(&mut out, &plain, Map::new(), place);
        Ok(Some(out))
    }

    /// A tuple whose later places may be missing: a list of any of its types, the order in words.
    fn loose_tuple(
        &mut self,
        first: &[Value],
        more: Option<&Value>,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let mut kinds: Vec<Value> = Vec::new();
        for item in first.iter().chain(more) {
            if !kinds.contains(item) {
                kinds.push(item.clone());
            }
        }
        let mut list = plain.clone();
        list.shift_remove("prefixItems");
        let items = match kinds.len() {
            1 => kinds.remove(0),
            _ => serde_json::json!({ "anyOf": kinds }),
        };
        list.insert("items".to_owned(), items);
        if more.is_none() {
            let most = plain.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
            list.insert("maxItems".to_owned(), most.min(first.len() as u64).into());
        }
        let Some(mut out) = self.array(&list, place)? else { return Ok(None) };
        let unsaid =
            [("prefixItems".to_owned(), Value::Array(first.to_vec()))].into_iter().collect();
        self.say(&mut out, &unsaid, place);
        Ok(Some(out))
    }
}
