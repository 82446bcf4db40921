//! A JSON Schema for the oracle: the branches that a location may follow. Implemented independently
//! of the library's schema model, so that both cannot share a fault.

use serde_json::{Value, json};

/// A schema with its definitions.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'s>(pub(crate) &'s Value);

/// One alternative at a location, with references and compositions resolved.
#[derive(Clone, Default)]
pub(crate) struct Branch<'s> {
    pub(crate) kinds: Option<Vec<&'s str>>,
    /// The values of `const` or `enum`.
    pub(crate) values: Option<Vec<&'s Value>>,
    pub(crate) members: Vec<(&'s str, &'s Value)>,
    pub(crate) required: Vec<&'s str>,
    /// `additionalProperties`.
    pub(crate) rest: Option<&'s Value>,
    prefix: &'s [Value],
    items: Option<&'s Value>,
    pub(crate) unique: bool,
    minimum: Option<&'s Value>,
}

const MOST: usize = 64;
const DEEPEST: usize = 12;

impl<'s> Schema<'s> {
    /// Returns the branches of the whole value.
    pub(crate) fn root(self) -> Vec<Branch<'s>> {
        self.branches(self.0)
    }

    /// Returns the branches at a pointer.
    pub(crate) fn at(self, pointer: &str) -> Vec<Branch<'s>> {
        let mut branches = self.root();
        for segment in pointer.split('/').skip(1) {
            branches = self.below(&branches, &segment.replace("~1", "/").replace("~0", "~"));
        }
        branches
    }

    /// Returns the branches of a member or an element.
    pub(crate) fn below(self, branches: &[Branch<'s>], segment: &str) -> Vec<Branch<'s>> {
        let schemas = branches.iter().filter_map(|branch| branch.child(segment));
        let mut below: Vec<_> = schemas.flat_map(|schema| self.branches(schema)).collect();
        below.truncate(MOST);
        below
    }

    pub(crate) fn branches(self, schema: &'s Value) -> Vec<Branch<'s>> {
        self.resolve(schema, 0)
    }

    fn resolve(self, schema: &'s Value, depth: usize) -> Vec<Branch<'s>> {
        let mut branches = vec![Branch::of(schema)];
        if depth > DEEPEST {
            return branches;
        }
        let mut cross = |others: Vec<Branch<'s>>| {
            branches = branches
                .iter()
                .flat_map(|left| others.iter().map(|right| left.clone().and(right)))
                .take(MOST)
                .collect();
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.0.pointer(reference.trim_start_matches('#'));
            target.into_iter().for_each(|target| cross(self.resolve(target, depth + 1)));
        }
        for all in list(schema, "allOf") {
            cross(self.resolve(all, depth + 1));
        }
        for keyword in ["anyOf", "oneOf"] {
            let any = list(schema, keyword);
            if !any.is_empty() {
                cross(any.iter().flat_map(|one| self.resolve(one, depth + 1)).collect());
            }
        }
        branches
    }

    /// Returns whether every object of a value has a member that its schema names, if the schema
    /// names members.
    pub(crate) fn has_evidence(self, branches: &[Branch<'s>], value: &Value) -> bool {
        match value {
            Value::Object(members) => {
                let supports = |branch: &Branch<'s>| {
                    branch.is_open() || members.keys().any(|name| branch.member(name).is_some())
                };
                let held = members.is_empty()
                    || branches.iter().filter(|branch| branch.takes("object")).any(supports);
                held && members
                    .iter()
                    .all(|(name, value)| self.has_evidence(&self.below(branches, name), value))
            }
            Value::Array(items) => items.iter().enumerate().all(|(index, value)| {
                self.has_evidence(&self.below(branches, &index.to_string()), value)
            }),
            _ => true,
        }
    }

    /// Returns a small value of a branch.
    pub(crate) fn example(self, branch: &Branch<'s>, depth: usize) -> Value {
        if let Some(value) = branch.values.as_ref().and_then(|values| values.first()) {
            return (*value).clone();
        }
        let inner = |schema: &'s Value| match self.branches(schema).first() {
            Some(branch) if depth < 5 => self.example(branch, depth + 1),
            _ => Value::Null,
        };
        let object = (!branch.members.is_empty()).then_some("object");
        match branch.kinds.as_ref().and_then(|kinds| kinds.first()).copied().or(object) {
            Some("object") => branch
                .required
                .iter()
                .map(|name| ((*name).to_owned(), branch.member(name).map_or(Value::Null, inner)))
                .collect(),
            Some("array") => branch.prefix.iter().map(inner).collect(),
            Some("integer" | "number") => branch.minimum.cloned().unwrap_or(json!(1)),
            Some("boolean") => json!(true),
            Some("null") => Value::Null,
            _ => json!("zz"),
        }
    }
}

impl<'s> Branch<'s> {
    fn of(schema: &'s Value) -> Self {
        let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        Self {
            kinds: match schema.get("type") {
                Some(Value::String(kind)) => Some(vec![kind]),
                Some(Value::Array(kinds)) => Some(kinds.iter().filter_map(Value::as_str).collect()),
                _ => None,
            },
            values: match (schema.get("const"), schema.get("enum")) {
                (Some(value), _) => Some(vec![value]),
                (None, Some(Value::Array(values))) => Some(values.iter().collect()),
                _ => None,
            },
            members: members.map(|(name, schema)| (name.as_str(), schema)).collect(),
            required: list(schema, "required").iter().filter_map(Value::as_str).collect(),
            rest: schema.get("additionalProperties"),
            prefix: list(schema, "prefixItems"),
            items: schema.get("items"),
            unique: schema.get("uniqueItems") == Some(&Value::Bool(true)),
            minimum: schema.get("minimum"),
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.kinds = other.kinds.clone().or(self.kinds);
        self.values = other.values.clone().or(self.values);
        self.members.extend(&other.members);
        self.required.extend(&other.required);
        self.rest = other.rest.or(self.rest);
        self.prefix = if other.prefix.is_empty() { self.prefix } else { other.prefix };
        self.items = other.items.or(self.items);
        self.unique |= other.unique;
        self.minimum = other.minimum.or(self.minimum);
        self
    }

    pub(crate) fn member(&self, name: &str) -> Option<&'s Value> {
        self.members.iter().find(|(member, _)| *member == name).map(|(_, schema)| *schema)
    }

    fn child(&self, segment: &str) -> Option<&'s Value> {
        self.member(segment).or(self.rest.filter(|_| self.takes("object"))).or_else(|| {
            let index: usize = segment.parse().ok().filter(|_| self.takes("array"))?;
            self.prefix.get(index).or(self.items)
        })
    }

    /// Returns whether the branch accepts a value of this kind.
    pub(crate) fn takes(&self, kind: &str) -> bool {
        let value = |value: &&Value| match value {
            Value::Null => kind == "null",
            Value::String(_) => kind == "string",
            Value::Bool(_) => kind == "boolean",
            Value::Number(_) => kind == "number",
            Value::Array(_) => kind == "array",
            Value::Object(_) => kind == "object",
        };
        match (&self.values, &self.kinds) {
            (Some(values), _) => values.iter().any(value),
            (None, Some(kinds)) => kinds.contains(&kind),
            (None, None) => true,
        }
    }

    pub(crate) fn takes_more_than_null(&self) -> bool {
        ["object", "array", "string", "boolean", "number", "integer"]
            .iter()
            .any(|kind| self.takes(kind))
    }

    /// Returns whether the branch accepts objects with any members: a map, or any value.
    fn is_open(&self) -> bool {
        self.rest.is_some_and(|rest| rest != &Value::Bool(false))
            || (self.kinds.is_none() && self.values.is_none() && self.members.is_empty())
            || (self.members.is_empty() && self.rest.is_none())
    }

    /// Returns the only text that a member may have, or `None`.
    pub(crate) fn tag(&self, name: &str) -> Option<&'s str> {
        let member = self.member(name)?;
        match (member.get("const"), member.get("enum").and_then(Value::as_array)) {
            (Some(Value::String(tag)), _) => Some(tag),
            (None, Some(values)) if values.len() == 1 => values[0].as_str(),
            _ => None,
        }
    }

    /// Returns the key of an externally tagged variant, or `None`.
    pub(crate) fn key(&self) -> Option<&'s str> {
        match (self.members.as_slice(), self.required.as_slice()) {
            ([(key, _)], [required]) if key == required => Some(key),
            _ => None,
        }
    }
}

fn list<'s>(schema: &'s Value, keyword: &str) -> &'s [Value] {
    schema.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the pointers of all values inside a value, the whole first.
pub(crate) fn places(value: &Value) -> Vec<String> {
    let mut places = vec![String::new()];
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (segment, value) in inside {
        let segment = segment.replace('~', "~0").replace('/', "~1");
        places.extend(self::places(value).into_iter().map(|below| format!("/{segment}{below}")));
    }
    places
}
