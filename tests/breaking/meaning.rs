//! The meaning of a text: which values of a type it says. It is the oracle's own relation, written from
//! the table of conversions; it calls nothing of the reader.

use std::sync::Arc;

use extract_llm::check::violations;
use extract_llm::contract::Form;
use serde_json::{Map, Value, json};

use crate::breaks::Break;
use crate::row::Row;
use crate::schema::{Branch, Schema};

/// Members that stand around an answer.
const WRAPPERS: &[&str] = &["value", "result", "data", "answer", "output", "items"];

/// A type in one dialect, or in words.
pub(crate) struct Meaning<'r> {
    pub(crate) row: &'r Row,
    pub(crate) form: Option<Arc<Form>>,
}

impl Meaning<'_> {
    /// Whether a text that was broken says the value that was read.
    pub(crate) fn allows(&self, broken: &Break, read: &Value, repairs: usize) -> bool {
        if broken.told && repairs == 0 {
            return false;
        }
        let written = serde_json::from_str(&broken.text).ok().filter(|_| !broken.ambiguous);
        if let Some(written) = written {
            if let Some(direct) = self.direct(&written) {
                let held = (self.row.same)(&direct, read) || absent_alike(&direct, read);
                if held || !broken.near {
                    return held;
                }
            }
            if self.says(&written, read) {
                return true;
            }
        }
        broken.means.iter().any(|meant| match self.direct(meant) {
            Some(direct) => (self.row.same)(&direct, read) || absent_alike(&direct, read),
            None => self.says(meant, read),
        })
    }

    /// The schema that is sent, or said in words.
    pub(crate) fn schema(&self) -> &Value {
        let sent = self.form.as_ref().map(|form| &form.lowered.schema);
        sent.unwrap_or_else(|| self.row.contract.asked_schema())
    }

    /// A value of the type as it is sent.
    pub(crate) fn sent(&self, own: &Value) -> Value {
        let asked =
            if self.row.contract.is_wrapped() { json!({"value": own}) } else { own.clone() };
        match &self.form {
            Some(form) => form.lowered.lower_value(asked),
            None => asked,
        }
    }

    fn raised(&self, sent: &Value) -> Value {
        let raised = self.form.as_ref().map(|form| form.lowered.raise(sent.clone()));
        raised.unwrap_or_else(|| sent.clone())
    }

    /// The value of a sent JSON that fits as it stands.
    pub(crate) fn direct(&self, sent: &Value) -> Option<Value> {
        let raised = self.raised(sent);
        let own = match (self.row.contract.is_wrapped(), raised) {
            (false, own) => own,
            (true, Value::Object(mut members)) if members.len() == 1 => members.remove("value")?,
            (true, _) => return None,
        };
        self.direct_own(&own)
    }

    fn direct_own(&self, own: &Value) -> Option<Value> {
        let schema = Schema(self.row.contract.schema());
        if !violations(&self.row.contract, own).is_empty()
            || !schema.has_evidence(&schema.root(), own)
        {
            return None;
        }
        (self.row.read)(own).filter(|read| !emptied(own, read))
    }

    /// Whether a sent JSON says the value by the conversions of the closed table.
    fn says(&self, sent: &Value, read: &Value) -> bool {
        let contract = &self.row.contract;
        let raised = self.raised(sent);
        let asked = if contract.is_wrapped() { json!({"value": read}) } else { read.clone() };
        let names = [contract.name(), "answer"];
        let own = Relation { schema: Schema(contract.schema()), names: &names, closed: true };
        let whole =
            Relation { schema: Schema(contract.asked_schema()), names: &names, closed: false };
        let lowered = Relation { schema: Schema(self.schema()), ..whole };
        let without = without_nulls(&raised);
        if own.forbids(if contract.is_wrapped() { &raised["value"] } else { &raised }, read) {
            return false;
        }
        own.holds(sent, read)
            || own.holds(&raised, read)
            || whole.holds(&raised, &asked)
            || lowered.holds(sent, &self.sent(read))
            || self.direct_own(sent).is_some_and(|direct| (self.row.same)(&direct, read))
            || self.direct(&without).is_some_and(|direct| (self.row.same)(&direct, read))
    }
}

/// The relation between a JSON that was written and a value that was read from it.
#[derive(Clone, Copy)]
struct Relation<'s> {
    schema: Schema<'s>,
    names: &'s [&'s str],
    /// Whether `additionalProperties: false` is the type's own word.
    closed: bool,
}

impl<'s> Relation<'s> {
    fn holds(&self, said: &Value, read: &Value) -> bool {
        self.says(&self.schema.root(), said, read, false)
    }

    /// Whether a member was written beside others that were read where the type takes no such member.
    fn forbids(&self, said: &Value, read: &Value) -> bool {
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
                // A unit variant with an empty payload.
                let empty = |value: &Value| matches!(value, Value::Null) || *value == json!({});
                let unit_key = |(key, value): (&String, &Value)| alike(key, unit) && empty(value);
                said.len() == 1 && said.iter().all(unit_key)
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

    /// The structural conversions, one on a path.
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
            (said, Value::Array(items)) if !is_list(said) && items.len() == 1 => {
                if self.says(&below("0"), said, &items[0], true) {
                    return true;
                }
            }
            (Value::Array(items), read) if !is_list(read) && items.len() == 1 => {
                let listed = at.iter().any(|branch| branch.takes("array"));
                if !listed && self.says(at, &items[0], read, true) {
                    return true;
                }
            }
            _ => {}
        }
        if let Value::Object(members) = said {
            let mut names = WRAPPERS.iter().chain(self.names);
            if let (1, Some((key, inner))) = (members.len(), members.iter().next()) {
                if names.any(|name| alike(name, key)) && self.says(at, inner, read, true) {
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

/// Whether the variant follows without its tag: it alone has all it requires, and nothing of another.
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
            let near = |left: f64, right: f64| left == right || (left as f32) == (right as f32);
            matches!((number(said), number(read)), (Some(said), Some(read)) if near(said, read))
        }
        _ => false,
    }
}

/// The same name but for case, spaces and marks.
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

fn says_nothing(value: &Value) -> bool {
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

/// Whether two values differ at most where one has null and the other a word for nothing.
fn absent_alike(written: &Value, read: &Value) -> bool {
    match (written, read) {
        (written, Value::Null) => says_nothing(written),
        (Value::Object(written), Value::Object(read)) => {
            written.len() == read.len()
                && read.iter().all(|(name, read)| {
                    written.get(name).is_some_and(|written| absent_alike(written, read))
                })
        }
        (Value::Array(written), Value::Array(read)) => {
            written.len() == read.len()
                && written.iter().zip(read).all(|(written, read)| absent_alike(written, read))
        }
        (written, read) => written == read,
    }
}

/// Whether an object with members was read as one with none.
fn emptied(own: &Value, read: &Value) -> bool {
    match (own, read) {
        (Value::Object(own), Value::Object(read)) => {
            (read.is_empty() && !own.is_empty())
                || read
                    .iter()
                    .any(|(name, read)| own.get(name).is_some_and(|own| emptied(own, read)))
        }
        (Value::Array(own), Value::Array(read)) => {
            own.iter().zip(read).any(|(own, read)| emptied(own, read))
        }
        _ => false,
    }
}

pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.clone(), without_nulls(member)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
