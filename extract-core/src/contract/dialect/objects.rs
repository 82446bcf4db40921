//! Objects with named properties, and maps.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Engine, Out, clean, inside};
use super::note::NoteKind;
use super::plan::{KEY, Member, Rest, SAME, Step, VALUE};
use super::table::{Any, Maps, PropertyNames};
use super::walk;

/// The member that holds the pairs of an object with named properties and others.
const OTHERS: &str = "additional_properties";

/// Members of an object that have no schema of their own.
struct Others {
    schema: Value,
    /// What their names must look like.
    pattern: Option<String>,
    pointer: String,
}

impl Engine<'_, '_> {
    pub(super) fn object(
        &mut self,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let mut properties = match plain.get("properties") {
            Some(Value::Object(properties)) => properties.clone(),
            _ => Map::new(),
        };
        let required = walk::required(plain);
        let others = self.others(plain, place)?;
        for name in plain.get("required").and_then(Value::as_array).into_iter().flatten() {
            let Some(name) = name.as_str().filter(|name| !properties.contains_key(*name)) else {
                continue;
            };
            let Some(others) = &others else { return Ok(None) };
            properties.insert(name.to_owned(), others.schema.clone());
        }
        let mut out = match others {
            Some(others) if properties.is_empty() && self.dialect.maps == Maps::Pairs => {
                return self.pairs(plain, &others, place);
            }
            others => match self.members(&properties, &required, others.as_ref(), plain, place)? {
                Some(out) => out,
                None => return Ok(None),
            },
        };
        let mut unsaid = Map::new();
        for keyword in ["minProperties", "maxProperties"] {
            if let Some(value) = plain.get(keyword) {
                self.constrain(&mut out, keyword, value, &mut unsaid);
            }
        }
        if let Some(names) = plain.get("propertyNames") {
            if self.dialect.allows("propertyNames") {
                let names = self.verbatim(names);
                out.schema.insert("propertyNames".to_owned(), names);
            } else {
                unsaid.insert("propertyNames".to_owned(), names.clone());
            }
        }
        self.say(&mut out, &unsaid, place);
        Ok(Some(out))
    }

    /// What may stand beside the named properties.
    fn others(
        &mut self,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Others>, DialectError> {
        let patterns = plain.get("patternProperties").and_then(Value::as_object);
        let patterns = patterns.filter(|patterns| !patterns.is_empty());
        let additional = plain.get("additionalProperties");
        let open = additional.is_some_and(|schema| *schema != Value::Bool(false));
        if let Some(patterns) = patterns {
            if self.dialect.allows("patternProperties") {
                return Ok(additional.filter(|_| open).map(|schema| Others {
                    schema: schema.clone(),
                    pattern: None,
                    pointer: inside(place, &["additionalProperties"]),
                }));
            }
            let mut patterns = patterns.iter();
            return match (patterns.next(), patterns.next()) {
                (Some((pattern, schema)), None) if !open => Ok(Some(Others {
                    schema: schema.clone(),
                    pattern: Some(pattern.clone()),
                    pointer: inside(place, &["patternProperties", pattern]),
                })),
                _ => Err(self.by_name(place)),
            };
        }
        match additional {
            Some(schema) if open => Ok(Some(Others {
                schema: schema.clone(),
                pattern: None,
                pointer: inside(place, &["additionalProperties"]),
            })),
            Some(_) => Ok(None),
            None => {
                if !plain.contains_key("properties") {
                    let words = "an object that names no properties is taken to have none; \
                                 `additionalProperties: true` allows any";
                    self.note(NoteKind::Narrowed, place, words.to_owned());
                }
                Ok(None)
            }
        }
    }

    fn by_name(&self, place: &str) -> DialectError {
        DialectError::Unsupported {
            dialect: self.dialect.name,
            keyword: "patternProperties",
            pointer: place.to_owned(),
            why: "the schema of a member depends on what its name looks like",
        }
    }

    fn members(
        &mut self,
        properties: &Map<String, Value>,
        required: &HashSet<&str>,
        others: Option<&Others>,
        plain: &Map<String, Value>,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let mut sent = Map::new();
        let mut sent_required: Vec<Value> = Vec::new();
        let mut members = BTreeMap::new();
        let mut renamed = BTreeMap::new();
        let mut changes = false;
        for (name, schema) in properties {
            let place = inside(place, &["properties", name]);
            let required = required.contains(name.as_str());
            let filled = !required && !self.dialect.optional;
            let Some(mut out) = self.lower_in(schema, &place, filled)? else {
                if required {
                    return Ok(None);
                }
                continue;
            };
            let null_is_absent = filled && !out.null;
            if null_is_absent {
                self.make_nullable(&mut out);
                let words = "null stands for a value that is left out";
                self.note(NoteKind::Nullable, &place, words.to_owned());
            }
            let sent_name = self.sent_name(name, properties, &sent);
            if sent_name != *name {
                out.words.push(format!("Stands for {name:?}."));
                self.note(NoteKind::Reshaped, &place, format!("sent under the name {sent_name:?}"));
                renamed.insert(sent_name.clone(), name.clone());
            }
            let step = out.step;
            changes |= step != SAME || filled;
            let member = Member { sent: sent_name.clone(), step, filled, null_is_absent };
            members.insert(name.clone(), member);
            if required || filled {
                sent_required.push(sent_name.as_str().into());
            }
            let schema = self.finish(out);
            sent.insert(sent_name, schema);
        }
        let mut rest = Rest::Members(SAME);
        let mut open = None;
        let mut words = Vec::new();
        if let Some(others) = others {
            if self.dialect.maps == Maps::Pairs {
                let Some(out) = self.pairs(&Map::new(), others, place)? else { return Ok(None) };
                let Step::Pairs { values } = *self.step_at(out.step) else { return Ok(None) };
                let mut name = OTHERS.to_owned();
                while properties.contains_key(&name) || sent.contains_key(&name) {
                    name.push('_');
                }
                let schema = self.finish(out);
                sent.insert(name.clone(), schema);
                sent_required.push(name.as_str().into());
                rest = Rest::Pairs { sent: name, values };
                changes = true;
            } else if let Some(out) = self.lower(&others.schema, &others.pointer)? {
                rest = Rest::Members(out.step);
                changes |= out.step != SAME;
                let anything = self.dialect.any == Any::Keep && out.schema.is_empty();
                let schema = self.finish(out);
                open = Some(if anything { Value::Bool(true) } else { schema });
                if let Some(pattern) = &others.pattern {
                    words.push(format!("Each key matches `{pattern}`."));
                    let words = "the pattern of the keys is said in the description";
                    self.note(NoteKind::Described, &others.pointer, words.to_owned());
                }
            }
        }
        let mut out = Out { words, ..Out::default() };
        out.schema = self.closed_object(sent, sent_required);
        let bare = properties.is_empty();
        if let Some(open) = open {
            if bare {
                out.schema.shift_remove("properties");
            }
            out.schema.insert("additionalProperties".to_owned(), open);
        }
        if self.dialect.allows("patternProperties") {
            if let Some(Value::Object(patterns)) = plain.get("patternProperties") {
                let mut sent = Map::new();
                for (pattern, schema) in patterns {
                    let place = inside(place, &["patternProperties", pattern]);
                    let Some(out) = self.lower(schema, &place)? else { continue };
                    if out.step != SAME {
                        // One step for all names that have no schema of their own.
                        if patterns.len() > 1 || others.is_some() {
                            return Err(self.by_name(&place));
                        }
                        rest = Rest::Members(out.step);
                        changes = true;
                    }
                    sent.insert(pattern.clone(), self.finish(out));
                }
                if bare {
                    out.schema.shift_remove("properties");
                }
                out.schema.insert("patternProperties".to_owned(), Value::Object(sent));
            }
        }
        if changes || !renamed.is_empty() {
            out.step = self.step(Step::Object { members, renamed, rest });
        }
        Ok(Some(out))
    }

    /// An object of these members and no others.
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

    /// A name that the dialect accepts, and that no other property has.
    fn sent_name(
        &self,
        name: &str,
        properties: &Map<String, Value>,
        sent: &Map<String, Value>,
    ) -> String {
        if self.dialect.property_names == PropertyNames::Any || clean(name, 64) == name {
            return name.to_owned();
        }
        let base = clean(name, 56);
        let mut free = base.clone();
        let mut number = 1;
        while properties.contains_key(&free) || sent.contains_key(&free) {
            number += 1;
            free = format!("{base}_{number}");
        }
        free
    }

    /// A map as a list of pairs.
    fn pairs(
        &mut self,
        plain: &Map<String, Value>,
        others: &Others,
        place: &str,
    ) -> Result<Option<Out>, DialectError> {
        let mut keys = vec![serde_json::json!({"type": "string"})];
        keys.extend(others.pattern.as_ref().map(|text| serde_json::json!({"pattern": text})));
        keys.extend(plain.get("propertyNames").cloned());
        let keys = serde_json::json!({ "allOf": keys });
        let Some(keys) = self.lower(&keys, &inside(place, &["propertyNames"]))? else {
            return Ok(None);
        };
        let Some(values) = self.lower(&others.schema, &others.pointer)? else { return Ok(None) };
        self.note(
            NoteKind::Reshaped,
            place,
            "a map is sent as a list of objects with `key` and `value`".to_owned(),
        );
        let step = values.step;
        let mut pair = Map::new();
        pair.insert(KEY.to_owned(), self.finish(keys));
        pair.insert(VALUE.to_owned(), self.finish(values));
        let pair = self.closed_object(pair, vec![KEY.into(), VALUE.into()]);
        let mut out = Out { step: self.step(Step::Pairs { values: step }), ..Out::default() };
        out.schema.insert("type".to_owned(), self.type_name("array"));
        out.schema.insert("items".to_owned(), Value::Object(pair));
        out.words.push("Each key once.".to_owned());
        let mut unsaid = Map::new();
        for (own, sent) in [("minProperties", "minItems"), ("maxProperties", "maxItems")] {
            if let Some(value) = plain.get(own) {
                self.constrain(&mut out, sent, value, &mut unsaid);
            }
        }
        self.say(&mut out, &unsaid, place);
        Ok(Some(out))
    }
}
