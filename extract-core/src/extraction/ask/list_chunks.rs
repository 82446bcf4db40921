//! A list that comes in several calls of the one requested tool: some models call it for every few
//! elements. All calls together are the list.

use std::collections::HashSet;

use serde_json::Value;

use super::candidates::AnswerText;
use super::evaluation::Evaluator;
use super::read_value::ReadValue;
use super::whole::Whole;
use crate::contract::dialect::Restored;
use crate::contract::{Extract, Problem, wrapper};

impl Whole {
    /// Reads the chunks of a list and joins them in the order of the calls. Chunks that repeat another are
    /// dropped. Fails if any chunk cannot be read, because it may hold elements.
    pub(super) fn read_chunks<T: Extract>(
        &self,
        chunks: &[AnswerText],
        evaluator: &mut Evaluator<'_, T>,
    ) -> Result<ReadValue, Problem> {
        let mut list = Vec::new();
        let (mut repairs, mut problems) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        let (mut joined, mut repeated) = (0, 0);
        let mut counted = Vec::new();
        let within = wrapper::pointer_outside("");
        for chunk in chunks.iter().filter(|chunk| !is_empty_call(chunk)) {
            let ReadValue { restored, repairs: made, stated } = self.read_here(chunk, evaluator)?;
            let Value::Array(items) = restored.value else {
                return Ok(ReadValue { restored, repairs: made, stated });
            };
            // The number stands in the first call, or in all of them.
            if counted.iter().all(|(_, number): &(String, Value)| number.is_null()) {
                counted = stated;
            }
            if !seen.insert(Value::Array(items.clone()).to_string()) {
                repeated += 1;
                continue;
            }
            joined += 1;
            let by = list.len();
            repairs.extend(made.into_iter().map(|mut repair| {
                repair.pointer = shifted(&repair.pointer, &within, by);
                repair
            }));
            problems.extend(restored.problems.into_iter().map(|mut problem: Problem| {
                problem.pointer = shifted(&problem.pointer, "", by);
                problem
            }));
            list.extend(items);
        }
        if joined == 0 {
            return self.read_here(&chunks[0], evaluator);
        }
        if joined > 1 {
            evaluator.note(&format!("the lists of {joined} calls were joined, in their order"));
        }
        if repeated > 0 {
            evaluator.note(&format!("{repeated} calls that only repeat another were left out"));
        }
        let restored = Restored { value: Value::Array(list), problems };
        Ok(ReadValue { restored, repairs, stated: counted })
    }
}

/// Returns whether a call has no arguments.
fn is_empty_call(chunk: &AnswerText) -> bool {
    matches!(chunk, AnswerText::Arguments(text) if text.trim() == "{}")
}

/// Returns a pointer into a chunk as a pointer into the joined list, with `by` elements before the chunk.
/// `list` is the pointer of the list.
fn shifted(pointer: &str, list: &str, by: usize) -> String {
    let inside = pointer.strip_prefix(list).and_then(|rest| rest.strip_prefix('/'));
    let Some(inside) = inside else { return pointer.to_owned() };
    let (index, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
    match index.parse::<usize>() {
        Ok(index) => format!("{list}/{}{rest}", index.saturating_add(by)),
        Err(_) => pointer.to_owned(),
    }
}
