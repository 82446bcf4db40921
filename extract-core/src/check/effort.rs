//! How much work it is to say what is wrong with a value. Whether a value fits is found out in one
//! pass; why it does not, by trying every branch of every union again at each level. A type that
//! contains itself through a union makes that grow with a power of the depth, and how deep a reply
//! goes is not ours to say.

use serde_json::Value;

/// The most schemas that are held against parts of one value to find out what is wrong with it: so
/// many in all, and so many more for each part of the value.
const MOST: usize = 100_000;
const MOST_EACH: usize = 64;

/// Keywords whose schemas are held against the same value, one by one.
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf"];
const SINGLE: &[&str] = &["not", "if", "then", "else"];

/// Values no deeper than this are no trouble, whatever the type.
const SHALLOW: usize = 8;

/// Whether everything that is wrong with a value can be told in bounded time.
pub(super) fn is_tellable(schema: &Value, value: &Value) -> bool {
    is_within(schema, schema, value, false)
}

/// The same of a schema that stands in another.
pub(super) fn is_tellable_in(root: &Value, schema: &Value, value: &Value) -> bool {
    is_within(root, schema, value, false)
}

/// Whether serde can read a value in bounded time: it tries the variants of an untagged enum one by
/// one, each from its beginning, and only a tag tells it which one is meant.
pub(super) fn is_readable(schema: &Value, value: &Value) -> bool {
    is_within(schema, schema, value, true)
}

fn is_within(root: &Value, schema: &Value, value: &Value, by_tag: bool) -> bool {
    let (parts, depth) = extent(value);
    if depth <= SHALLOW {
        return true;
    }
    let left = MOST.saturating_add(parts.saturating_mul(MOST_EACH));
    Effort { root, left, by_tag }.spend(schema, value, 0).is_some()
}

struct Effort<'a> {
    root: &'a Value,
    left: usize,
    /// Whether a branch whose tag is another one is passed over.
    by_tag: bool,
}

impl Effort<'_> {
    /// Spends what it takes to hold a value against a schema; `None` where it is too much.
    fn spend(&mut self, schema: &Value, value: &Value, depth: usize) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        // References that lead nowhere but to each other; the validator stops there too.
        if depth > 2_000 {
            return None;
        }
        if self.by_tag && has_other_tag(schema, value) {
            return Some(());
        }
        let Some(members) = schema.as_object() else { return Some(()) };
        let depth = depth + 1;
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|at| self.root.pointer(at));
            self.spend(target.unwrap_or(&Value::Null), value, depth)?;
        }
        for keyword in LISTED {
            for branch in members.get(*keyword).and_then(Value::as_array).into_iter().flatten() {
                self.spend(branch, value, depth)?;
            }
        }
        for keyword in SINGLE {
            if let Some(schema) = members.get(*keyword) {
                self.spend(schema, value, depth)?;
            }
        }
        match value {
            Value::Object(entries) => {
                let named = members.get("properties").and_then(Value::as_object);
                let patterns = members.get("patternProperties").and_then(Value::as_object);
                let others = members.get("additionalProperties");
                for (name, entry) in entries {
                    if let Some(schema) = named.and_then(|named| named.get(name)).or(others) {
                        self.spend(schema, entry, depth)?;
                    }
                    for schema in patterns.into_iter().flat_map(|patterns| patterns.values()) {
                        self.spend(schema, entry, depth)?;
                    }
                }
            }
            Value::Array(items) => {
                let first = members.get("prefixItems").and_then(Value::as_array);
                for (index, item) in items.iter().enumerate() {
                    let own = first.and_then(|first| first.get(index));
                    if let Some(schema) = own.or_else(|| members.get("items")) {
                        self.spend(schema, item, depth)?;
                    }
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// Whether a member that must be one constant is another.
fn has_other_tag(schema: &Value, value: &Value) -> bool {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return false;
    };
    properties.iter().any(|(name, property)| match (property.get("const"), value.get(name)) {
        (Some(constant), Some(member)) => constant != member,
        _ => false,
    })
}

/// How many values a value is made of, and how deep they lie.
fn extent(value: &Value) -> (usize, usize) {
    let mut open = vec![(value, 0)];
    let (mut parts, mut deepest) = (0, 0);
    while let Some((value, depth)) = open.pop() {
        parts += 1;
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    (parts, deepest)
}
