//! The relation between written JSON and the value read from it: the closed table of conversions,
//! implemented independently of the reader.

use serde_json::{Map, Value, json};

use crate::breaking::schema::{Branch, Schema};

/// Members that may wrap an answer.
const WRAPPERS: &[&str] = &["value", "result", "data", "answer", "output"];

/// The relation between written JSON and the value read from it, for one schema.
#[derive(Clone, Copy)]
pub(crate) struct Relation<'s> {
    pub(crate) schema: Schema<'s>,
    /// The names of the type or tool, which may wrap an answer.
    pub(crate) names: &'s [&'s str],
    /// Whether `additionalProperties: false` comes from the type and not from the dialect.
    pub(crate) closed: bool,
}

impl<'s> Relation<'s> {
    /// Returns whether the value that was read follows from the written one.
    pub(crate) fn holds(&self, said: &Value, read: &Value) -> bool {
        self.says(&self.schema.root(), said, read, false)
    }

    /// Returns whether the text has a member, beside those that were read, that the type forbids.
    pub(crate) fn forbids(&self, said: &Value, read: &Value) -> bool {
        self.has_unknown(&self.schema.root(), said, read)
    }

    fn has_unknown(&self, at: &[Branch<'s>], said: &Value, read: &Value) -> bool {
        let below = |name: &str, said: &Value, read: &Value| {
            self.has_unknown(&self.schema.below(at, name), said, read)
        };
        match (said, read) {
            (Value::Object(said), Value::Object(read)) => {
                let known = |branch: &Branch<'s>, key: &String| {
                    let named = branch.members.iter().any(|(name, _)| alike(name, key));
                    named || branch.rest != Some(&Value::Bool(false))
                };
                // The branch that was read has all members of the value.
                let mut of = at.iter().filter(|branch| {
                    branch.takes("object") && read.keys().all(|key| known(branch, key))
                });
                let none = |branch: &Branch<'s>| !said.keys().all(|key| known(branch, key));
                let aligned = said.keys().any(|key| read.keys().any(|name| alike(name, key)));
                (aligned && of.clone().next().is_some() && of.all(none))
                    || read.iter().any(|(name, read)| {
                        said.get(name).is_some_and(|said| below(name, said, read))
                    })
            }
            (Value::Array(said), Value::Array(read)) => {
                let pairs = said.iter().zip(read).enumerate();
                let mut pairs = pairs.map(|(index, pair)| (index.to_string(), pair));
                pairs.any(|(index, (said, read))| below(&index, said, read))
            }
            _ => false,
        }
    }

    fn says(&self, at: &[Branch<'s>], said: &Value, read: &Value, turned: bool) -> bool {
        let plain = match (said, read) {
            (said, read) if said == read => true,
            (said, Value::Null) => {
                at.iter().any(|branch| branch.takes("null")) && says_nothing(said)
            }
            (Value::Array(said), Value::Array(read)) => self.lists(at, said, read, turned),
            (Value::Object(said), Value::Object(read)) => {
                at.iter().any(|branch| self.members(branch, at, said, read, turned))
            }
            (Value::Object(said), Value::String(unit)) => {
                // A unit variant written with an empty payload.
                let empty = |value: &Value| matches!(value, Value::Null) || *value == json!({});
                let unit_key = |(key, value): (&String, &Value)| alike(key, unit) && empty(value);
                let mut values = at.iter().flat_map(|branch| branch.values.iter().flatten());
                values.any(|value| value.as_str() == Some(unit))
                    && said.len() == 1
                    && said.iter().all(unit_key)
            }
            _ => scalars(said, read),
        };
        plain || (!turned && self.turns(at, said, read))
    }

    fn lists(&self, at: &[Branch<'s>], said: &[Value], read: &[Value], turned: bool) -> bool {
        let says = |index: usize, said: &Value, read: &Value| {
            self.says(&self.schema.below(at, &index.to_string()), said, read, turned)
        };
        let ordered = said.len() == read.len()
            && said
                .iter()
                .zip(read)
                .enumerate()
                .all(|(index, (said, read))| says(index, said, read));
        let all = || {
            said.iter().all(|said| read.iter().any(|read| says(0, said, read)))
                && read.iter().all(|read| said.iter().any(|said| says(0, said, read)))
        };
        ordered || (at.iter().any(|branch| branch.unique) && all())
    }

    fn members(
        &self,
        branch: &Branch<'s>,
        at: &[Branch<'s>],
        said: &Map<String, Value>,
        read: &Map<String, Value>,
        turned: bool,
    ) -> bool {
        let mut used = Vec::new();
        for (name, value) in read {
            let written = said.get_key_value(name).or_else(|| {
                let near = |key: &&String| alike(key, name) && branch.member(key).is_none();
                said.iter().find(|(key, _)| near(key))
            });
            match written {
                Some((key, written)) => {
                    used.push(key);
                    let below = self.schema.below(std::slice::from_ref(branch), name);
                    if !self.says(&below, written, value, turned) {
                        return false;
                    }
                }
                None if value.is_null() => {}
                None if branch.required.contains(&name.as_str()) => {
                    if branch.tag(name).is_none() || !inferable(branch, at, name, said) {
                        return false;
                    }
                }
                None => {
                    let default = branch.member(name).and_then(|schema| schema.get("default"));
                    if default != Some(value) {
                        return false;
                    }
                }
            }
        }
        let more = said.len() > used.len();
        let map = branch.rest.is_some_and(|rest| rest != &Value::Bool(false));
        let closed = branch.rest == Some(&Value::Bool(false)) && self.closed;
        (said.is_empty() || !used.is_empty()) && !(more && (map || closed))
    }

    /// Returns whether a structural conversion relates the values. Only one is allowed per path.
    fn turns(&self, at: &[Branch<'s>], said: &Value, read: &Value) -> bool {
        let some: Vec<&Branch<'s>> =
            at.iter().filter(|branch| branch.takes_more_than_null()).collect();
        let below = |name: &str| self.schema.below(at, name);
        let single = match some.as_slice() {
            [single] if single.takes("object") => Some(*single),
            _ => None,
        };
        let is_list = |value: &Value| value.is_array();
        match (said, read) {
            (said, Value::Array(items))
                if !is_list(said)
                    && items.len() == 1
                    && self.says(&below("0"), said, &items[0], true) =>
            {
                return true;
            }
            (Value::Array(items), read)
                if !is_list(read)
                    && items.len() == 1
                    && !at.iter().any(|branch| branch.takes("array"))
                    && self.says(at, &items[0], read, true) =>
            {
                return true;
            }
            _ => {}
        }
        if let Value::Object(members) = said {
            let mut names = WRAPPERS.iter().chain(self.names);
            if let (1, Some((key, inner))) = (members.len(), members.iter().next()) {
                let items = key == "items" && read.is_array();
                if (items || names.any(|name| alike(name, key))) && self.says(at, inner, read, true)
                {
                    return true;
                }
            }
        }
        if let (Some(single), Value::Object(fields)) = (single, read) {
            let only = match (said, single.required.as_slice(), single.members.as_slice()) {
                (Value::Object(members), _, [(name, schema)]) => {
                    let inner = self.schema.branches(schema);
                    let held = |branch: &Branch<'s>| {
                        members.keys().all(|key| branch.member(key).is_some())
                    };
                    inner.iter().any(held).then_some(*name)
                }
                (Value::Object(_), ..) => None,
                (_, [required], _) => Some(*required),
                _ => None,
            };
            if let Some((name, inner)) = only.and_then(|name| Some((name, fields.get(name)?))) {
                let others = fields.iter().filter(|(key, _)| key.as_str() != name);
                let empty = others.into_iter().all(|(key, value)| {
                    value.is_null()
                        || single.member(key).and_then(|member| member.get("default"))
                            == Some(value)
                });
                if empty && self.says(&below(name), said, inner, true) {
                    return true;
                }
            }
        }
        let Value::String(text) = said else { return false };
        let texts = at.iter().any(|branch| branch.values.is_none() && branch.takes("string"));
        !texts && serde_json::from_str(text).is_ok_and(|inner| self.says(at, &inner, read, true))
    }
}

/// Returns whether a variant follows without its tag: it alone has all required members, and none
/// of another.
fn inferable(branch: &Branch<'_>, at: &[Branch<'_>], tag: &str, said: &Map<String, Value>) -> bool {
    let whole = |branch: &Branch<'_>| {
        let mut others = branch.required.iter().filter(|name| **name != tag).peekable();
        others.peek().is_some() && others.all(|name| said.contains_key(*name))
    };
    let tagged = at.iter().filter(|other| other.tag(tag).is_some());
    let own = |name: &String| branch.member(name).is_some();
    let foreign = |name: &String| at.iter().any(|other| other.member(name).is_some()) && !own(name);
    whole(branch) && tagged.filter(|other| whole(other)).count() == 1 && !said.keys().any(foreign)
}

fn scalars(said: &Value, read: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse::<f64>().ok(),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let truth = |value: &Value| match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" => Some(true),
            "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    };
    match (said, read) {
        (Value::String(said), Value::String(read)) => {
            said.trim() == read.trim() || (alike(said, read) && !said.is_empty())
        }
        (said, Value::Bool(read)) => truth(said) == Some(*read),
        (Value::Bool(said), Value::String(_)) => truth(read) == Some(*said),
        (Value::Number(_), Value::Number(_) | Value::String(_))
        | (Value::String(_), Value::Number(_)) => {
            let whole = |value: &Value| match value {
                Value::String(text) => text.trim().parse::<i128>().ok(),
                other => other.to_string().parse().ok(),
            };
            if let (Some(said), Some(read)) = (whole(said), whole(read)) {
                return said == read;
            }
            // A 32-bit number is written with other digits.
            let near = |left: f64, right: f64| (left - right).abs() <= left.abs() * 1e-7;
            matches!((number(said), number(read)), (Some(said), Some(read)) if near(said, read))
        }
        _ => false,
    }
}

/// Returns whether two names are equal except for case, spaces and punctuation.
pub(crate) fn alike(left: &str, right: &str) -> bool {
    let folded = |text: &str| -> String {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let (left_folded, right_folded) = (folded(left), folded(right));
    left == right || (!left_folded.is_empty() && left_folded == right_folded)
}

/// Returns whether a value is null or a text for no value.
pub(crate) fn says_nothing(value: &Value) -> bool {
    const WORDS: &[&str] =
        &["", "na", "none", "null", "nil", "unknown", "notavailable", "notapplicable"];
    match value {
        Value::Null => true,
        Value::String(text) => {
            let letters = text.chars().filter(|letter| letter.is_alphanumeric());
            WORDS.contains(&letters.collect::<String>().to_lowercase().as_str())
        }
        _ => false,
    }
}
