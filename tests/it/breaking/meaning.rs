//! The meaning of a broken text: the values that it may be read as, unchanged or by the table of
//! conversions. Uses no code of the library's reader.

use std::sync::Arc;

use extract_core::check::violations;
use extract_core::contract::LoweredContract;
use serde_json::{Value, json};

use crate::breaking::breaks::Break;
use crate::breaking::relation::{Relation, says_nothing};
use crate::breaking::row::Row;
use crate::breaking::schema::Schema;

/// A type in one dialect, or described as text.
pub(crate) struct Meaning<'r> {
    pub(crate) row: &'r Row,
    pub(crate) form: Option<Arc<LoweredContract>>,
}

impl Meaning<'_> {
    /// Returns whether a broken text may be read as this value.
    pub(crate) fn allows(&self, broken: &Break, read: &Value, repairs: &[String]) -> bool {
        let told = repairs.iter().any(|repair| repair.contains("DuplicateKey"));
        if broken.told && !told {
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

    /// Returns the schema in the form that the model sees.
    pub(crate) fn schema(&self) -> &Value {
        let sent = self.form.as_ref().map(|form| &form.lowered.schema);
        sent.unwrap_or_else(|| self.row.contract.sent_schema())
    }

    /// Returns a value of the type in its sent form.
    pub(crate) fn sent(&self, own: &Value) -> Value {
        let asked =
            if self.row.contract.is_wrapped() { json!({"value": own}) } else { own.clone() };
        match &self.form {
            Some(form) => form.lowered.lower_value(asked),
            None => asked,
        }
    }

    fn raised(&self, sent: &Value) -> Value {
        let raised = self.form.as_ref().map(|form| form.lowered.restore(sent.clone()));
        raised.unwrap_or_else(|| sent.clone())
    }

    /// Returns the type's value for a sent JSON that fits unchanged, or `None`.
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

    /// Returns whether a sent JSON becomes the value by the conversions of the closed table.
    fn says(&self, sent: &Value, read: &Value) -> bool {
        let contract = &self.row.contract;
        let raised = self.raised(sent);
        let asked = if contract.is_wrapped() { json!({"value": read}) } else { read.clone() };
        let names = [contract.name(), "answer"];
        let own = Relation { schema: Schema(contract.schema()), names: &names, closed: true };
        let whole =
            Relation { schema: Schema(contract.sent_schema()), names: &names, closed: false };
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

/// Returns whether two values differ only where one is null and the other is a text for no value.
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

/// Returns whether an object with members was read as an empty one.
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
