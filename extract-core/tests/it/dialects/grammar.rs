//! Generates random types. Each has a schema, in the form that schemars produces, and values that
//! fit it. Everything derives from one seed, which a failure message can name.

use serde_json::{Map, Value, json};

/// A small random number generator (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Names that are keywords in some schema, or that some provider refuses.
const NAMES: &[&str] = &[
    "title",
    "format",
    "type",
    "properties",
    "$ref",
    "required",
    "x-note",
    "größe",
    "a b",
    "items",
    "key",
    "value",
    "additional_properties",
    "0",
    "1",
    "json",
    "entries",
    "description",
    "enum",
    "plain",
    "allOf",
    "a/b~c",
    "default",
    "rest",
];

const WORDS: &[&str] =
    &["", "a", "1", "true", "null", "{}", "[1]", "\"q\"", "naïve", "line\nbreak", "🦀"];

#[derive(Debug, Clone)]
pub(crate) enum Type {
    Null,
    Bool,
    Integer(i64, i64),
    Number,
    Text,
    Letter,
    Formatted(&'static str, &'static str),
    Plain(Vec<&'static str>),
    Documented(Vec<&'static str>),
    NotZero,
    List(Box<Type>),
    Set,
    Fixed(Box<Type>, usize),
    Tuple(Vec<Type>),
    Struct(Vec<Field>),
    Map(Box<Type>),
    IntegerMap(Box<Type>),
    Open(Vec<Field>, Box<Type>),
    Any,
    Option(Box<Type>),
    External(Vec<(&'static str, Option<Type>)>),
    Internal(Vec<(&'static str, Vec<Field>)>),
    Flat(Vec<Field>, Vec<(&'static str, Vec<Field>)>),
    Untagged(Vec<Type>),
    Shared(bool),
    Node,
    Root,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    name: &'static str,
    of: Type,
    required: bool,
    described: bool,
}

/// A root type and its definitions.
#[derive(Debug)]
pub(crate) struct Document {
    root: Vec<Field>,
    shared: Type,
    node: Vec<Field>,
}

impl Document {
    pub(crate) fn roll(dice: &mut Dice, recursive: bool) -> Self {
        // The shared definition must not refer to itself.
        let shared = loop {
            let shared = roll(dice, 2, false);
            if !format!("{shared:?}").contains("Shared") {
                break shared;
            }
        };
        let mut node = fields(dice, 1, false, 2);
        for (name, of) in [
            ("kids", Type::List(Box::new(Type::Node))),
            ("next", Type::Option(Box::new(Type::Node))),
            ("named", Type::Map(Box::new(Type::Node))),
            ("top", Type::Option(Box::new(Type::Root))),
        ] {
            if recursive && dice.chance(40) {
                let required = matches!(of, Type::List(_)) || dice.chance(50);
                node.push(Field { name, of, required, described: dice.chance(20) });
            }
        }
        let count = 1 + dice.below(4);
        let root = fields(dice, 3, recursive, count);
        Self { root, shared, node }
    }

    pub(crate) fn schema(&self) -> Value {
        let mut schema = of_struct(&self.root, &Value::Null);
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        schema["title"] = "Document".into();
        schema["$defs"] = json!({
            "Shared": self.shared.schema(),
            "Node": of_struct(&self.node, &Value::Null),
        });
        schema
    }

    pub(crate) fn value(&self, dice: &mut Dice) -> Value {
        self.members(&self.root, dice, 0)
    }

    fn members(&self, fields: &[Field], dice: &mut Dice, depth: usize) -> Value {
        let mut members = Map::new();
        for field in fields {
            // An absent nullable member is sent as null and comes back as null, because serde reads
            // both as `None`. Such a field is therefore always generated.
            if !field.required && !self.accepts_null(&field.of) && dice.chance(40) {
                continue;
            }
            if !field.required && depth > 5 && !self.accepts_null(&field.of) {
                continue;
            }
            members.insert(field.name.to_owned(), self.of(&field.of, dice, depth + 1));
        }
        Value::Object(members)
    }

    fn accepts_null(&self, of: &Type) -> bool {
        match of {
            Type::Null | Type::Any | Type::Option(_) => true,
            Type::Untagged(branches) => branches.iter().any(|branch| self.accepts_null(branch)),
            Type::Shared(_) => self.accepts_null(&self.shared),
            _ => false,
        }
    }

    fn of(&self, of: &Type, dice: &mut Dice, depth: usize) -> Value {
        let few = |dice: &mut Dice| if depth > 4 { 0 } else { dice.below(3) };
        match of {
            Type::Null => Value::Null,
            Type::Bool => dice.chance(50).into(),
            Type::Integer(least, most) => {
                let span = usize::try_from(most - least).unwrap_or(1000).min(1000) + 1;
                (least + i64::try_from(dice.below(span)).unwrap()).into()
            }
            Type::Number => json!(f64::from(u32::try_from(dice.below(1000)).unwrap()) + 0.5),
            Type::Text => (*dice.pick(WORDS)).into(),
            Type::Letter => (*dice.pick(&["a", "1", "é"])).into(),
            Type::Formatted(_, example) => (*example).into(),
            Type::Plain(values) | Type::Documented(values) => (*dice.pick(values)).into(),
            Type::NotZero => (1 + dice.below(100)).into(),
            Type::List(item) => (0..few(dice)).map(|_| self.of(item, dice, depth + 1)).collect(),
            Type::Set => (0..few(dice)).map(Value::from).collect(),
            Type::Fixed(item, count) => {
                (0..*count).map(|_| self.of(item, dice, depth + 1)).collect()
            }
            Type::Tuple(items) => items.iter().map(|item| self.of(item, dice, depth + 1)).collect(),
            Type::Struct(fields) => self.members(fields, dice, depth),
            Type::Map(values) => {
                let mut map = Map::new();
                for _ in 0..few(dice) {
                    map.insert((*dice.pick(NAMES)).to_owned(), self.of(values, dice, depth + 1));
                }
                Value::Object(map)
            }
            Type::IntegerMap(values) => {
                let mut map = Map::new();
                for _ in 0..few(dice) {
                    map.insert(dice.below(50).to_string(), self.of(values, dice, depth + 1));
                }
                Value::Object(map)
            }
            Type::Open(fields, values) => {
                let mut value = self.members(fields, dice, depth);
                for name in ["other", "another", "größer"] {
                    if dice.chance(40) {
                        value[name] = self.of(values, dice, depth + 1);
                    }
                }
                value
            }
            Type::Any => any(dice, depth),
            Type::Option(_) if depth > 5 || dice.chance(40) => Value::Null,
            Type::Option(of) => self.of(of, dice, depth + 1),
            Type::External(variants) => match dice.pick(variants) {
                (name, None) => (*name).into(),
                (name, Some(of)) => json!({ *name: self.of(of, dice, depth + 1) }),
            },
            Type::Internal(variants) => self.tagged(variants, dice, depth),
            Type::Flat(fields, variants) => {
                let mut value = self.members(fields, dice, depth);
                let Value::Object(more) = self.tagged(variants, dice, depth) else {
                    unreachable!()
                };
                value.as_object_mut().unwrap().extend(more);
                value
            }
            Type::Untagged(branches) => {
                let branch = dice.below(branches.len());
                self.of(&branches[branch], dice, depth + 1)
            }
            Type::Shared(_) => self.of(&self.shared, dice, depth + 1),
            Type::Node => self.members(&self.node, dice, depth + 1),
            Type::Root => self.members(&self.root, dice, depth + 1),
        }
    }

    fn tagged(
        &self,
        variants: &[(&'static str, Vec<Field>)],
        dice: &mut Dice,
        depth: usize,
    ) -> Value {
        let (tag, fields) = dice.pick(variants);
        let mut value = json!({ "kind": tag });
        let Value::Object(members) = self.members(fields, dice, depth) else { unreachable!() };
        value.as_object_mut().unwrap().extend(members);
        value
    }
}

fn any(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth > 4 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => true.into(),
        2 => dice.below(100).into(),
        3 => 2.5.into(),
        4 => (*dice.pick(WORDS)).into(),
        5 => (0..dice.below(3)).map(|_| any(dice, depth + 1)).collect(),
        _ => json!({ *dice.pick(NAMES): any(dice, depth + 1) }),
    }
}

fn fields(dice: &mut Dice, depth: usize, recursive: bool, count: usize) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for _ in 0..count {
        let name = *dice.pick(NAMES);
        if fields.iter().any(|known| known.name == name) {
            continue;
        }
        let of = roll(dice, depth, recursive);
        let (required, described) = (dice.chance(60), dice.chance(30));
        fields.push(Field { name, of, required, described });
    }
    fields
}

fn roll(dice: &mut Dice, depth: usize, recursive: bool) -> Type {
    let inner = |dice: &mut Dice| Box::new(roll(dice, depth - 1, recursive));
    if depth == 0 || dice.chance(30) {
        return match dice.below(11) {
            0 => Type::Null,
            1 => Type::Bool,
            2 => Type::Integer(0, 255),
            3 => Type::Integer(-128, 127),
            4 => Type::Number,
            5 => Type::Letter,
            6 => Type::Formatted("date", "2024-02-29"),
            7 => Type::Formatted("ip", "127.0.0.1"),
            8 => Type::Plain(vec!["red", "green", "blue"]),
            9 => Type::NotZero,
            _ => Type::Text,
        };
    }
    match dice.below(17) {
        0 | 1 => Type::List(inner(dice)),
        2 => Type::Set,
        3 => Type::Fixed(inner(dice), 1 + dice.below(3)),
        4 => {
            let count = 1 + dice.below(3);
            Type::Tuple((0..count).map(|_| roll(dice, depth - 1, recursive)).collect())
        }
        5 => {
            let count = dice.below(4);
            Type::Struct(fields(dice, depth - 1, recursive, count))
        }
        6 => Type::Map(inner(dice)),
        7 => Type::IntegerMap(inner(dice)),
        8 => {
            let named = fields(dice, depth - 1, recursive, 2);
            Type::Open(named, inner(dice))
        }
        9 => Type::Any,
        10 => match inner(dice) {
            of if matches!(*of, Type::Null | Type::Any | Type::Option(_)) => *of,
            of => Type::Option(of),
        },
        11 => {
            let mut variants = vec![("Alpha", None), ("Beta", None)];
            for name in ["Gamma", "type"] {
                if dice.chance(70) {
                    variants.push((name, Some(roll(dice, depth - 1, recursive))));
                }
            }
            Type::External(variants)
        }
        12 => Type::Internal(variants(dice, depth, recursive)),
        13 => {
            let mut flat = fields(dice, depth - 1, recursive, 2);
            let variants = variants(dice, depth, recursive);
            flat.retain(|field| {
                !variants.iter().any(|(_, known)| known.iter().any(|k| k.name == field.name))
            });
            Type::Flat(flat, variants)
        }
        14 => untagged(dice, depth, recursive),
        15 if recursive => Type::Node,
        16 => Type::Documented(vec!["up", "down"]),
        _ => Type::Shared(dice.chance(50)),
    }
}

fn variants(dice: &mut Dice, depth: usize, recursive: bool) -> Vec<(&'static str, Vec<Field>)> {
    ["A", "B", "C"]
        .into_iter()
        .map(|tag| {
            let count = dice.below(3);
            (tag, fields(dice, depth - 1, recursive, count))
        })
        .collect()
}

/// Returns an untagged union of branches of different kinds, including some that look alike once
/// sent. Every struct gets distinct field names. With shared names, a struct with fewer fields
/// would also accept the values of a larger one, in serde too.
fn untagged(dice: &mut Dice, depth: usize, recursive: bool) -> Type {
    let mut branches = Vec::new();
    for _ in 0..2 + dice.below(3) {
        let branch = match dice.below(8) {
            0 => Type::Text,
            1 => Type::Bool,
            2 => Type::Map(Box::new(roll(dice, depth - 1, recursive))),
            3 => Type::List(Box::new(roll(dice, depth - 1, recursive))),
            4 => Type::Integer(0, 255),
            5 => Type::Tuple(vec![Type::Text, Type::Bool]),
            6 => Type::Tuple(vec![Type::Bool, roll(dice, depth - 1, recursive)]),
            _ => Type::Null,
        };
        branches.push(branch);
    }
    if dice.chance(30) {
        branches.push(Type::Any);
    }
    Type::Untagged(branches)
}

fn of_struct(fields: &[Field], additional: &Value) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<Value> = Vec::new();
    for field in fields {
        let mut schema = field.of.schema();
        if field.described {
            if let Some(members) = schema.as_object_mut() {
                members.insert("description".to_owned(), "What it is".into());
            }
        }
        properties.insert(field.name.to_owned(), schema);
        if field.required {
            required.push(field.name.into());
        }
    }
    let mut schema = json!({ "type": "object" });
    if !properties.is_empty() {
        schema["properties"] = Value::Object(properties);
    }
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    if !additional.is_null() {
        schema["additionalProperties"] = additional.clone();
    }
    schema
}

fn tagged(variants: &[(&'static str, Vec<Field>)]) -> Vec<Value> {
    let tag = |tag: &'static str, fields: &[Field]| {
        let mut schema = of_struct(fields, &Value::Null);
        schema["properties"]["kind"] = json!({"type": "string", "const": tag});
        let mut required = vec![Value::from("kind")];
        required.extend(schema["required"].as_array().cloned().unwrap_or_default());
        schema["required"] = Value::Array(required);
        schema
    };
    variants.iter().map(|(name, fields)| tag(name, fields)).collect()
}

impl Type {
    fn schema(&self) -> Value {
        match self {
            Self::Null => json!({"type": "null"}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Integer(least, most) => {
                json!({"type": "integer", "format": "int", "minimum": least, "maximum": most})
            }
            Self::Number => json!({"type": "number", "format": "double"}),
            Self::Text => json!({"type": "string"}),
            Self::Letter => json!({"type": "string", "minLength": 1, "maxLength": 1}),
            Self::Formatted(format, _) => json!({"type": "string", "format": format}),
            Self::Plain(values) => json!({"type": "string", "enum": values}),
            Self::Documented(values) => {
                let branch = |value: &&str| json!({"description": "One of them", "type": "string", "const": value});
                json!({"oneOf": values.iter().map(branch).collect::<Value>()})
            }
            Self::NotZero => json!({"type": "integer", "format": "int8", "not": {"const": 0}}),
            Self::List(item) => json!({"type": "array", "items": item.schema()}),
            Self::Set => {
                json!({"type": "array", "items": {"type": "integer"}, "uniqueItems": true})
            }
            Self::Fixed(item, count) => json!({
                "type": "array", "items": item.schema(), "minItems": count, "maxItems": count
            }),
            Self::Tuple(items) => json!({
                "type": "array", "prefixItems": items.iter().map(Self::schema).collect::<Value>(),
                "minItems": items.len(), "maxItems": items.len()
            }),
            Self::Struct(fields) => of_struct(fields, &Value::Null),
            Self::Map(values) => {
                json!({"type": "object", "additionalProperties": values.schema()})
            }
            Self::IntegerMap(values) => json!({
                "type": "object", "additionalProperties": false,
                "patternProperties": {r"^\d+$": values.schema()}
            }),
            Self::Open(fields, values) => of_struct(fields, &values.schema()),
            Self::Any => json!(true),
            Self::Option(of) => {
                let mut schema = of.schema();
                match schema.get("type") {
                    Some(Value::String(name))
                        if schema.get("enum").is_none() && schema.get("oneOf").is_none() =>
                    {
                        schema["type"] = json!([name, "null"]);
                        schema
                    }
                    _ => json!({"anyOf": [schema, {"type": "null"}]}),
                }
            }
            Self::External(variants) => {
                let units: Vec<&str> =
                    variants.iter().filter(|(_, of)| of.is_none()).map(|(name, _)| *name).collect();
                let mut branches = vec![json!({"type": "string", "enum": units})];
                for (name, of) in variants {
                    if let Some(of) = of {
                        branches.push(json!({
                            "type": "object", "properties": {*name: of.schema()},
                            "required": [name], "additionalProperties": false
                        }));
                    }
                }
                json!({ "oneOf": branches })
            }
            Self::Internal(variants) => json!({"oneOf": tagged(variants)}),
            Self::Flat(fields, variants) => {
                let mut schema = of_struct(fields, &Value::Null);
                schema["oneOf"] = Value::Array(tagged(variants));
                schema
            }
            Self::Untagged(branches) => {
                json!({"anyOf": branches.iter().map(Self::schema).collect::<Value>()})
            }
            Self::Shared(described) => {
                let mut schema = json!({"$ref": "#/$defs/Shared"});
                if *described {
                    schema["description"] = "A shared one".into();
                }
                schema
            }
            Self::Node => json!({"$ref": "#/$defs/Node"}),
            Self::Root => json!({"$ref": "#"}),
        }
    }
}
