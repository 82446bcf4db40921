//! From the JSON of a schema to a [`Shape`]. Schemas may be hostile: size and depth are bounded,
//! and references are followed inside the document only, each of them once.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::keywords::{
    bounds, enter_normal, field_names, index_choices, lengths, percent_decoded, spellings,
};
use super::{
    Choice, Choices, Field, Form, ListForm, MemberIndex, ObjectForm, Rest, Shape, ShapeError,
    ShapeId, UnionForm, Width, normal, variants,
};

const MOST_NODES: usize = 100_000;
const DEEPEST: usize = 100;

pub(super) fn compile(schema: &Value) -> Result<Shape, ShapeError> {
    let mut compiler =
        Compiler { document: schema, drafts: Vec::new(), references: HashMap::new() };
    let root = compiler.schema(schema, "", 0)?;
    let root = compiler.settle(root)?;
    let mut nodes = Vec::with_capacity(compiler.drafts.len());
    for index in 0..compiler.drafts.len() {
        nodes.push(compiler.finish(index)?);
    }
    let mut shape = Shape::of(nodes, root);
    variants::bind(&mut shape);
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    Ok(shape.named(title))
}

/// A node on its way: references and unions are resolved when everything is known.
#[derive(Debug, Clone)]
enum Draft {
    Pending,
    Alias(ShapeId),
    Form(Form),
    Union(Vec<ShapeId>),
}

struct Compiler<'a> {
    document: &'a Value,
    drafts: Vec<Draft>,
    references: HashMap<String, ShapeId>,
}

impl Compiler<'_> {
    fn add(&mut self, draft: Draft) -> Result<ShapeId, ShapeError> {
        if self.drafts.len() >= MOST_NODES {
            return Err(ShapeError::TooLarge { limit: "100000 subschemas" });
        }
        self.drafts.push(draft);
        ShapeId::try_from(self.drafts.len() - 1)
            .map_err(|_| ShapeError::TooLarge { limit: "100000 subschemas" })
    }

    fn form(&mut self, form: Form) -> Result<ShapeId, ShapeError> {
        self.add(Draft::Form(form))
    }

    fn schema(
        &mut self,
        schema: &Value,
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        if depth > DEEPEST {
            return Err(ShapeError::TooLarge { limit: "100 levels" });
        }
        match schema {
            Value::Bool(true) => self.form(Form::Any),
            Value::Bool(false) => self.form(Form::Never),
            Value::Object(map) => self.keywords(map, pointer, depth),
            _ => Err(ShapeError::NoSchema { pointer: pointer.to_owned() }),
        }
    }

    fn reference(&mut self, to: &str, pointer: &str, depth: usize) -> Result<ShapeId, ShapeError> {
        if let Some(&known) = self.references.get(to) {
            return Ok(known);
        }
        let id = self.add(Draft::Pending)?;
        self.references.insert(to.to_owned(), id);
        let target = self.resolve(to, pointer)?.clone();
        let real = self.schema(&target, to.trim_start_matches('#'), depth + 1)?;
        if let Some(Draft::Form(Form::Object(object))) = self.drafts.get_mut(real as usize) {
            object.name = to.rsplit('/').next().map(normal).or(object.name.take());
        }
        self.drafts[id as usize] = Draft::Alias(real);
        Ok(id)
    }

    fn resolve(&self, to: &str, pointer: &str) -> Result<&Value, ShapeError> {
        let unknown =
            || ShapeError::Reference { reference: to.to_owned(), pointer: pointer.to_owned() };
        let path = to.strip_prefix('#').ok_or_else(unknown)?;
        let decoded = percent_decoded(path);
        self.document.pointer(&decoded).ok_or_else(unknown)
    }

    fn keywords(
        &mut self,
        map: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        let own = |map: &Map<String, Value>| {
            [
                "type",
                "properties",
                "additionalProperties",
                "anyOf",
                "oneOf",
                "enum",
                "const",
                "items",
            ]
            .iter()
            .any(|key| map.contains_key(*key))
        };
        if let Some(to) = map.get("$ref").and_then(Value::as_str) {
            if !own(map) && !map.contains_key("allOf") {
                return self.reference(to, pointer, depth);
            }
            let target = self.resolve(to, pointer)?.clone();
            let mut rest = map.clone();
            rest.remove("$ref");
            return self.merged(&[Value::Object(rest), target], pointer, depth);
        }
        if let Some(Value::Array(parts)) = map.get("allOf") {
            let mut rest = map.clone();
            rest.remove("allOf");
            let mut all = Vec::with_capacity(parts.len() + 1);
            if own(&rest) {
                all.push(Value::Object(rest));
            }
            all.extend(parts.iter().cloned());
            return self.merged(&all, pointer, depth);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(Value::Array(options)) = map.get(word) {
                return self.options(map, word, options, pointer, depth);
            }
        }
        if let Some(Value::Array(values)) = map.get("enum") {
            return self.choices(values, map, pointer);
        }
        if let Some(value) = map.get("const") {
            return self.choices(std::slice::from_ref(value), map, pointer);
        }
        self.typed(map, pointer, depth)
    }

    /// Alternatives. What stands beside them (schemars: the common properties of a flattened enum)
    /// holds for each.
    fn options(
        &mut self,
        map: &Map<String, Value>,
        word: &str,
        options: &[Value],
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        let beside = map.contains_key("properties");
        let mut ids = Vec::with_capacity(options.len());
        for (index, option) in options.iter().enumerate() {
            let pointer = format!("{pointer}/{word}/{index}");
            let id = if beside {
                let mut rest = map.clone();
                rest.remove(word);
                self.merged(&[Value::Object(rest), option.clone()], &pointer, depth + 1)?
            } else {
                self.schema(option, &pointer, depth + 1)?
            };
            ids.push(id);
        }
        self.add(Draft::Union(ids))
    }

    /// Several schemas that hold at once, as one.
    fn merged(
        &mut self,
        parts: &[Value],
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        if depth > DEEPEST {
            return Err(ShapeError::TooLarge { limit: "100 levels" });
        }
        let mut merged = Map::new();
        let mut spent = 0;
        let mut parts: Vec<Value> = parts.iter().rev().cloned().collect();
        while let Some(part) = parts.pop() {
            spent += 1;
            if spent > 1_000 {
                return Err(ShapeError::Cyclic { pointer: pointer.to_owned() });
            }
            let Value::Object(mut part) = part else { continue };
            if let Some(Value::String(to)) = part.remove("$ref") {
                parts.push(self.resolve(&to, pointer)?.clone());
            }
            if let Some(Value::Array(more)) = part.remove("allOf") {
                parts.extend(more.into_iter().rev());
            }
            for (key, value) in part {
                merge(&mut merged, key, value);
            }
        }
        self.schema(&Value::Object(merged), pointer, depth + 1)
    }

    fn choices(
        &mut self,
        values: &[Value],
        map: &Map<String, Value>,
        _: &str,
    ) -> Result<ShapeId, ShapeError> {
        let mut choices = Choices::default();
        let mut nullable = false;
        for value in values {
            if value.is_null() {
                nullable = true;
                continue;
            }
            choices.all.push(Choice { value: value.clone(), spellings: spellings(value, map) });
        }
        if choices.all.is_empty() {
            return self.form(Form::Null);
        }
        index_choices(&mut choices);
        let id = self.form(Form::Choice(Box::new(choices)))?;
        if nullable {
            let null = self.form(Form::Null)?;
            return self.add(Draft::Union(vec![id, null]));
        }
        Ok(id)
    }

    fn typed(
        &mut self,
        map: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        match map.get("type") {
            Some(Value::String(name)) => self.one_type(name, map, pointer, depth),
            Some(Value::Array(names)) => {
                let mut ids = Vec::with_capacity(names.len());
                for name in names {
                    let name = name
                        .as_str()
                        .ok_or_else(|| ShapeError::NoSchema { pointer: pointer.to_owned() })?;
                    ids.push(self.one_type(name, map, pointer, depth)?);
                }
                self.add(Draft::Union(ids))
            }
            _ if map.contains_key("properties")
                || map.contains_key("patternProperties")
                || map.contains_key("required") =>
            {
                self.object(map, pointer, depth)
            }
            _ if map.contains_key("items") || map.contains_key("prefixItems") => {
                self.list(map, pointer, depth)
            }
            _ => self.form(Form::Any),
        }
    }

    fn one_type(
        &mut self,
        name: &str,
        map: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        let form = match name {
            "null" => Form::Null,
            "boolean" => Form::Bool,
            "integer" => Form::Integer(bounds(map), width(map)),
            "number" => Form::Number(bounds(map)),
            "string" => Form::Text(lengths(map, "minLength", "maxLength")),
            "array" => return self.list(map, pointer, depth),
            "object" => return self.object(map, pointer, depth),
            _ => {
                return Err(ShapeError::UnknownType {
                    name: name.to_owned(),
                    pointer: pointer.to_owned(),
                });
            }
        };
        self.form(form)
    }

    fn list(
        &mut self,
        map: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        let mut prefix = Vec::new();
        if let Some(Value::Array(parts)) = map.get("prefixItems") {
            for (index, part) in parts.iter().enumerate() {
                prefix.push(self.schema(
                    part,
                    &format!("{pointer}/prefixItems/{index}"),
                    depth + 1,
                )?);
            }
        }
        let items = match map.get("items") {
            Some(Value::Bool(false)) => None,
            Some(items) => Some(self.schema(items, &format!("{pointer}/items"), depth + 1)?),
            None => Some(self.form(Form::Any)?),
        };
        self.form(Form::List(ListForm {
            prefix,
            items,
            length: lengths(map, "minItems", "maxItems"),
        }))
    }

    fn object(
        &mut self,
        map: &Map<String, Value>,
        pointer: &str,
        depth: usize,
    ) -> Result<ShapeId, ShapeError> {
        let required: HashSet<&str> = map
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut object = ObjectForm {
            fields: Vec::new(),
            exact: HashMap::new(),
            normal: HashMap::new(),
            name: title_of(map),
            rest: Rest::Open,
            keys: None,
            is_bare: false,
        };
        let properties = map.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            let shape = self.schema(schema, &format!("{pointer}/properties/{name}"), depth + 1)?;
            let index = u32::try_from(object.fields.len()).unwrap_or(u32::MAX);
            for known in field_names(name, schema) {
                object.exact.entry(known).or_insert(index);
            }
            object.fields.push(Field {
                name: name.clone(),
                shape,
                required: required.contains(name.as_str()),
                plain: object.exact.get(name) == Some(&index),
            });
        }
        let names: Vec<(String, u32)> =
            object.exact.iter().map(|(name, &index)| (name.clone(), index)).collect();
        for (name, index) in names {
            enter_normal(&mut object.normal, &normal(&name), index);
        }
        let says = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
        object.is_bare =
            object.fields.is_empty() && !says.iter().any(|word| map.contains_key(*word));
        object.rest = self.rest(map, object.fields.is_empty(), pointer, depth)?;
        if let Some(Value::Array(keys)) =
            map.get("propertyNames").and_then(|names| names.get("enum"))
        {
            let mut choices = Choices::default();
            for key in keys.iter().filter(|key| key.is_string()) {
                choices
                    .all
                    .push(Choice { value: key.clone(), spellings: spellings(key, &Map::new()) });
            }
            index_choices(&mut choices);
            object.keys = Some(choices);
        }
        self.form(Form::Object(Box::new(object)))
    }

    fn rest(
        &mut self,
        map: &Map<String, Value>,
        bare: bool,
        pointer: &str,
        depth: usize,
    ) -> Result<Rest, ShapeError> {
        let patterns = map.get("patternProperties").and_then(Value::as_object);
        if let Some(patterns) = patterns.filter(|patterns| !patterns.is_empty()) {
            let mut ids = Vec::with_capacity(patterns.len());
            for (pattern, schema) in patterns {
                ids.push(self.schema(
                    schema,
                    &format!("{pointer}/patternProperties/{pattern}"),
                    depth + 1,
                )?);
            }
            return Ok(Rest::Values(if ids.len() == 1 {
                ids[0]
            } else {
                self.add(Draft::Union(ids))?
            }));
        }
        let additional =
            map.get("additionalProperties").or_else(|| map.get("unevaluatedProperties"));
        Ok(match additional {
            Some(Value::Bool(false)) => Rest::Closed,
            None if !bare => Rest::Open,
            None | Some(Value::Bool(true)) => Rest::Values(self.form(Form::Any)?),
            Some(schema) => Rest::Values(self.schema(
                schema,
                &format!("{pointer}/additionalProperties"),
                depth + 1,
            )?),
        })
    }

    /// Follows references to the node that they mean.
    fn settle(&self, mut id: ShapeId) -> Result<ShapeId, ShapeError> {
        for _ in 0..=self.drafts.len() {
            match &self.drafts[id as usize] {
                Draft::Alias(to) => id = *to,
                Draft::Pending => break,
                _ => return Ok(id),
            }
        }
        Err(ShapeError::Cyclic { pointer: self.name_of(id) })
    }

    fn name_of(&self, id: ShapeId) -> String {
        let named = self.references.iter().find(|(_, known)| **known == id);
        named.map_or_else(String::new, |(name, _)| name.trim_start_matches('#').to_owned())
    }

    fn finish(&self, index: usize) -> Result<Form, ShapeError> {
        match &self.drafts[index] {
            // Nothing refers to these once references are settled.
            Draft::Pending | Draft::Alias(_) => Ok(Form::Any),
            Draft::Form(form) => self.settled(form.clone()),
            Draft::Union(options) => self.union(index, options),
        }
    }

    fn settled(&self, mut form: Form) -> Result<Form, ShapeError> {
        match &mut form {
            Form::List(list) => {
                for id in list.prefix.iter_mut().chain(&mut list.items) {
                    *id = self.settle(*id)?;
                }
            }
            Form::Object(object) => {
                for field in &mut object.fields {
                    field.shape = self.settle(field.shape)?;
                }
                if let Rest::Values(id) = &mut object.rest {
                    *id = self.settle(*id)?;
                }
            }
            _ => {}
        }
        Ok(form)
    }

    /// A union of what is no union: nested ones are laid flat, constants are put together.
    fn union(&self, index: usize, options: &[ShapeId]) -> Result<Form, ShapeError> {
        let mut flat = Vec::new();
        let mut nullable = false;
        let mut seen = HashSet::from([ShapeId::try_from(index).unwrap_or(ShapeId::MAX)]);
        let mut waiting: Vec<ShapeId> = options.iter().rev().copied().collect();
        while let Some(id) = waiting.pop() {
            let id = self.settle(id)?;
            if !seen.insert(id) {
                continue;
            }
            match &self.drafts[id as usize] {
                Draft::Union(more) => waiting.extend(more.iter().rev()),
                Draft::Form(Form::Null) => nullable = true,
                Draft::Form(Form::Never) => {}
                _ => flat.push(id),
            }
        }
        if flat.is_empty() {
            return if nullable {
                Ok(Form::Null)
            } else if options.is_empty() {
                Ok(Form::Never)
            } else {
                Err(ShapeError::Cyclic {
                    pointer: self.name_of(ShapeId::try_from(index).unwrap_or(0)),
                })
            };
        }
        let mut choices = Choices::default();
        for &id in &flat {
            match &self.drafts[id as usize] {
                Draft::Form(Form::Choice(more)) => {
                    choices.all.extend(more.all.iter().cloned());
                }
                _ => return Ok(union_of(flat, nullable)),
            }
        }
        if nullable {
            return Ok(union_of(flat, nullable));
        }
        index_choices(&mut choices);
        Ok(Form::Choice(Box::new(choices)))
    }
}

/// Adds a keyword to the schema that several are merged into.
fn merge(into: &mut Map<String, Value>, key: String, value: Value) {
    match (into.get_mut(&key), value) {
        (Some(Value::Object(have)), Value::Object(more))
            if key == "properties" || key == "$defs" =>
        {
            for (name, schema) in more {
                have.entry(name).or_insert(schema);
            }
        }
        (Some(Value::Array(have)), Value::Array(more)) if key == "required" => have.extend(more),
        (Some(_), _) => {}
        (None, value) => {
            into.insert(key, value);
        }
    }
}

fn union_of(options: Vec<ShapeId>, nullable: bool) -> Form {
    let members = MemberIndex::default();
    Form::Union(Box::new(UnionForm { options, nullable, tag: None, members }))
}

fn title_of(map: &Map<String, Value>) -> Option<String> {
    map.get("title").and_then(Value::as_str).map(normal)
}

/// The size that the format of an integer says.
fn width(map: &Map<String, Value>) -> Width {
    match map.get("format").and_then(Value::as_str) {
        Some("int128" | "uint128") => Width::Wide,
        _ => Width::Usual,
    }
}
