//! A list in several calls of the one tool that was asked for: some models call it for every few
//! elements, or for each. All of the calls together are the list, and nothing of it is lost.

use std::collections::HashSet;

use serde_json::Value;

use super::Driver;
use super::candidates::AnswerText;
use super::partial_reask::ReadValue;
use crate::contract::dialect::Restored;
use crate::contract::{Extract, Problem, wrapper};
use crate::conversation::ToolCall;

impl<T> Driver<T> {
    /// The calls as pieces of the list that is asked for; nothing where there is one call, or the
    /// calls are of something else.
    pub(super) fn pieces(&self, calls: &[&ToolCall]) -> Option<Vec<AnswerText>> {
        let contract = &self.task.contract;
        if calls.len() < 2 || self.parts.is_some() || !contract.is_list_of_any_length() {
            return None;
        }
        let asked = |call: &&&ToolCall| call.name == contract.name();
        let pieces: Vec<AnswerText> =
            calls.iter().filter(asked).map(|call| AnswerText::arguments_of(call)).collect();
        (pieces.len() > 1).then_some(pieces)
    }
}

impl<T: Extract> Driver<T> {
    /// Reads the pieces of a list, in the order of the calls. A piece that cannot be read may hold
    /// elements, so that there is no list without it.
    pub(super) fn read_pieces(&mut self, pieces: &[AnswerText]) -> Result<ReadValue, Problem> {
        let mut list = Vec::new();
        let (mut repairs, mut problems) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        let (mut joined, mut repeated) = (0, 0);
        let within = wrapper::outside("");
        for piece in pieces.iter().filter(|piece| !says_nothing(piece)) {
            let ReadValue { raised, repairs: made } = self.read_whole(piece)?;
            let Value::Array(items) = raised.value else {
                return Ok(ReadValue { raised, repairs: made });
            };
            if !seen.insert(Value::Array(items.clone()).to_string()) {
                repeated += 1;
                continue;
            }
            joined += 1;
            let by = list.len();
            repairs.extend(made.into_iter().map(|mut repair| {
                repair.pointer = moved(&repair.pointer, &within, by);
                repair
            }));
            problems.extend(raised.problems.into_iter().map(|mut problem: Problem| {
                problem.pointer = moved(&problem.pointer, "", by);
                problem
            }));
            list.extend(items);
        }
        if joined == 0 {
            return self.read_whole(&pieces[0]);
        }
        if joined > 1 {
            self.note(&format!("the lists of {joined} calls were put together, in their order"));
        }
        if repeated > 0 {
            self.note(&format!("{repeated} calls that only repeat another were left out"));
        }
        Ok(ReadValue { raised: Restored { value: Value::Array(list), problems }, repairs })
    }
}

/// Whether a call has no arguments at all.
fn says_nothing(piece: &AnswerText) -> bool {
    matches!(piece, AnswerText::Arguments(text) if text.trim() == "{}")
}

/// A pointer into a piece as one into the list, with so many elements before it.
fn moved(pointer: &str, list: &str, by: usize) -> String {
    let inside = pointer.strip_prefix(list).and_then(|rest| rest.strip_prefix('/'));
    let Some(inside) = inside else { return pointer.to_owned() };
    let (index, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
    match index.parse::<usize>() {
        Ok(index) => format!("{list}/{}{rest}", index.saturating_add(by)),
        Err(_) => pointer.to_owned(),
    }
}
