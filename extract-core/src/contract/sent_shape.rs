//! Values of a [`Contract`] between the shape of the type and the shape that a model sees: wrapped, and
//! lowered into a dialect.

use serde_json::Value;

use super::dialect::Restored;
use super::{Contract, LoweredContract, Problem, ProblemKind, Problems, wrapper};
use crate::reading::{Reading, Repair, RepairKind, parse_json};
use crate::schema::push_segment;

impl Contract {
    /// Converts a value in the shape of `form` to the shape of the type, without the wrapper object.
    ///
    /// The result lists the problems that the restored value no longer shows, with pointers into it.
    pub(crate) fn restore(&self, form: Option<&LoweredContract>, value: Value) -> Restored {
        let mut restored = match form {
            Some(form) => form.lowered.restore_checked(value),
            None => Restored { value, problems: Vec::new() },
        };
        self.remove_counts(&mut restored.value);
        if self.is_wrapped() {
            restored.value = wrapper::unwrap(restored.value);
            for problem in &mut restored.problems {
                if let Some(inner) = wrapper::pointer_inside(&problem.pointer) {
                    problem.pointer = inner.to_owned();
                }
            }
        }
        restored
    }

    /// Restores the value of a reading, and adds its misfits as problems. Misfits that the schema check
    /// will find are left out. At most 100 are kept.
    pub(crate) fn restore_reading(
        &self,
        form: Option<&LoweredContract>,
        reading: Reading,
    ) -> Restored {
        const MOST: usize = 100;
        let misfits = reading.misfits;
        let mut restored = self.restore(form, reading.value);
        if misfits.is_empty() {
            return restored;
        }
        // If the value passes the schema, the check finds none of the misfits.
        let passes = self.is_valid(&restored.value);
        let problems: Vec<Problem> = misfits
            .into_iter()
            .filter(|misfit| misfit.unseen || passes)
            .take(MOST)
            .map(|misfit| {
                let pointer = self.type_pointer(form, &restored.value, &misfit.pointer);
                Problem::new(ProblemKind::Reading, pointer, misfit.expected, misfit.found)
            })
            .collect();
        restored.problems.extend(problems);
        restored
    }

    /// Parses a reply without any repair, and restores its value to the shape of the type.
    ///
    /// Returns it only if the contract is of a run-time schema and the value passes it. No type reads such
    /// a value, so nothing has to be converted. `None` otherwise.
    pub(crate) fn read_as_written(
        &self,
        form: Option<&LoweredContract>,
        text: &str,
    ) -> Option<Value> {
        if !self.is_given {
            return None;
        }
        let Restored { value, problems } = self.restore(form, parse_json(text)?);
        (problems.is_empty() && self.is_valid(&value)).then_some(value)
    }

    /// Returns whether a reply was written in the shape of the type although `form` asked for another one.
    ///
    /// `own` is the reading of the reply for the shape of the type. It must have no misfits and no repairs
    /// except for the missing wrapper. Its value must pass the schema, and must have no member that only
    /// the sent shape has.
    pub(crate) fn is_in_type_shape(&self, form: &LoweredContract, tree: &Reading) -> bool {
        // The wrapper is not part of the type, so a reply without it counts.
        let is_around = |repair: &Repair| {
            self.is_wrapped() && repair.kind == RepairKind::ToField && repair.pointer.is_empty()
        };
        tree.misfits.is_empty()
            && tree.repairs.iter().all(is_around)
            && !form.lowered.has_pairs_beside_members(&tree.value)
            && self.is_valid(&self.restore(None, tree.value.clone()).value)
    }

    /// Translates a pointer into the sent value to one into the value of the type. A pointer without a
    /// counterpart becomes that of the nearest container that has one.
    fn type_pointer(&self, form: Option<&LoweredContract>, value: &Value, sent: &str) -> String {
        if form.is_none_or(|form| form.lowered.is_identity()) {
            let inside = if self.is_wrapped() { wrapper::pointer_inside(sent) } else { Some(sent) };
            return inside.unwrap_or_default().to_owned();
        }
        let mut pointer = String::new();
        loop {
            let children: Vec<String> = match value.pointer(&pointer) {
                Some(Value::Object(members)) => members.keys().cloned().collect(),
                Some(Value::Array(items)) => (0..items.len()).map(|at| at.to_string()).collect(),
                _ => return pointer,
            };
            let inner = children.iter().map(|segment| {
                let mut inner = pointer.clone();
                push_segment(&mut inner, segment);
                inner
            });
            let inner: Vec<String> = inner.collect();
            let in_sent = self.sent_pointers(form, value, inner.iter().map(String::as_str));
            let leads_on = |around: &String| {
                sent.strip_prefix(around.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            match in_sent.iter().position(leads_on) {
                Some(index) => pointer.clone_from(&inner[index]),
                None => return pointer,
            }
        }
    }

    /// Converts a value of the type to the shape that the model sees in `form`, with its wrapper object.
    pub(crate) fn sent_value(&self, form: Option<&LoweredContract>, value: Value) -> Value {
        let value = if self.is_wrapped() { wrapper::wrap_value(value) } else { value };
        match form {
            Some(form) => form.lowered.lower_value(value),
            None => value,
        }
    }

    /// Translates pointers into a value of the type to pointers into the value that the model sees in
    /// `form`.
    pub(crate) fn sent_pointers<'p>(
        &self,
        form: Option<&LoweredContract>,
        value: &Value,
        pointers: impl IntoIterator<Item = &'p str>,
    ) -> Vec<String> {
        let pointers = pointers.into_iter().map(|pointer| self.sent_pointer(pointer));
        let Some(lowered) = form.map(|form| &form.lowered).filter(|form| !form.is_identity())
        else {
            return pointers.collect();
        };
        let enclosed = self.is_wrapped().then(|| wrapper::wrap_value(value.clone()));
        let mut trace = lowered.trace(enclosed.as_ref().unwrap_or(value));
        pointers.map(|pointer| trace.follow(&pointer)).collect()
    }

    /// Converts a value of the type, and the pointers of its problems, to the shape that the model sees in
    /// `form`.
    pub(crate) fn in_sent_shape(
        &self,
        form: Option<&LoweredContract>,
        value: Value,
        problems: &Problems,
    ) -> (Value, Problems) {
        let pointers = problems.iter().map(|problem| problem.pointer.as_str());
        let sent = self.sent_pointers(form, &value, pointers);
        let problems = problems.iter().cloned().zip(sent);
        let problems = problems.map(|(problem, pointer)| problem.at(pointer)).collect();
        (self.sent_value(form, value), problems)
    }

    /// Translates a pointer into a value of the type to one into the wrapper around it, if there is one.
    pub(crate) fn sent_pointer(&self, pointer: &str) -> String {
        if self.is_wrapped() { wrapper::pointer_outside(pointer) } else { pointer.to_owned() }
    }
}
