//! Asks again for the parts of the merged value that have problems: about the chunks that they came from, or
//! about all chunks for what is missing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::engine::{Engine, Job, part_of, piece_rule, said};
use super::merge::{Merged, merge};
use super::prompt::Purpose;
use crate::contract::{Contract, Extract, Problem, Problems, ReaskPart, ReaskParts};
use crate::extraction::Error;

impl<T: Extract> Engine<T> {
    /// Asks for the parts with problems, and puts the new ones into the merged value. A problem of the value as a
    /// whole asks for everything again.
    pub(super) async fn correct(
        &mut self,
        merged: &mut Merged,
        problems: &Problems,
    ) -> Result<(), Error> {
        match ReaskParts::of(self.base.contract(), None, &merged.value, problems) {
            Some(parts) => self.correct_parts(merged, &parts, problems).await,
            None => {
                self.correct_whole(problems).await?;
                *merged = self.merged();
                Ok(())
            }
        }
    }

    /// Asks about every chunk again, with the problems of the merged value. The new answer about a chunk replaces
    /// the others.
    async fn correct_whole(&mut self, problems: &Problems) -> Result<(), Error> {
        let contracts = self.contracts(false)?;
        let rule = piece_rule::<T>(self.base.contract());
        let mut jobs = Vec::new();
        for (piece, _) in self.sent() {
            let before = self.answers.iter().find(|answer| answer.chunk == piece);
            for contract in &contracts {
                let text = self.text(piece, Purpose::Correction { problems });
                let messages = before.map(|answer| {
                    let value = part_of(contract, answer.value.clone());
                    said(&contract.sent_value(None, value), text)
                });
                let (contract, rule) = (Arc::clone(contract), Some(Arc::clone(&rule)));
                let messages = messages.unwrap_or_default();
                jobs.push(Job { piece, pass: 0, contract, messages, rule });
            }
        }
        let answers = self.ask_all(jobs).await?;
        let answered: BTreeSet<usize> = answers.iter().map(|(piece, _)| *piece).collect();
        self.answers.retain(|answer| !answered.contains(&answer.chunk));
        self.keep(answers, 1);
        Ok(())
    }

    /// Asks for parts.
    async fn correct_parts(
        &mut self,
        merged: &mut Merged,
        parts: &ReaskParts,
        problems: &Problems,
    ) -> Result<(), Error> {
        let jobs = self.part_jobs(merged, parts, problems)?;
        let answers = self.ask_all(jobs).await?;
        let answers: Vec<Answer> = answers
            .into_iter()
            .map(|(chunk, value)| Answer { chunk, pass: 1, value, quotes: BTreeMap::new() })
            .collect();
        let corrected = merge(parts.contract(), Some(parts), &self.plan.merge, &answers);
        let Some(value) = parts.merge(&merged.value, &corrected.value) else { return Ok(()) };
        merged.value = value;
        let given = |part: &&ReaskPart| corrected.value.get(&part.name).is_some();
        for part in parts.iter().filter(given) {
            merged.forget(&part.pointer);
        }
        // The shortest pointers first: a longer one is more exact.
        let mut origins: Vec<(&String, &BTreeSet<usize>)> = corrected.origins.iter().collect();
        origins.sort_by_key(|(pointer, _)| pointer.len());
        for (pointer, chunks) in origins {
            let first = chunks.first().and_then(|chunk| self.pieces.get(*chunk));
            merged.places.search_from(pointer, first.map_or(0, |piece| piece.before.0));
        }
        merged.origins.extend(corrected.origins);
        merged.conflicts.extend(corrected.conflicts);
        merged.duplicates.extend(corrected.duplicates);
        merged.disputed.extend(corrected.disputed);
        Ok(())
    }

    /// Returns the calls for parts: each chunk is asked for those that came from it, and for those that came from
    /// none.
    fn part_jobs(
        &self,
        merged: &Merged,
        parts: &ReaskParts,
        problems: &Problems,
    ) -> Result<Vec<Job>, Error> {
        let mut contracts: HashMap<Vec<&str>, Arc<Contract>> = HashMap::new();
        let mut jobs = Vec::new();
        let is_partial = self.sent().count() > 1;
        for (piece, _) in self.sent() {
            let is_of_piece = |part: &&ReaskPart| {
                merged.origins_of(&part.pointer).is_none_or(|chunks| chunks.contains(&piece))
            };
            let of_piece: Vec<&ReaskPart> = parts.iter().filter(is_of_piece).collect();
            if of_piece.is_empty() {
                continue;
            }
            let names: Vec<&str> = of_piece.iter().map(|part| part.name.as_str()).collect();
            let contract = match contracts.get(&names) {
                Some(contract) => Arc::clone(contract),
                None => {
                    let contract = parts.contract().with_members(&names)?;
                    let contract = if is_partial { contract.of_one_part()? } else { contract };
                    contracts.insert(names, Arc::clone(&contract));
                    contract
                }
            };
            let current = of_piece.iter().filter_map(|part| {
                Some((part.name.clone(), merged.value.pointer(&part.pointer)?.clone()))
            });
            let current = Value::Object(current.collect::<Map<_, _>>());
            let problems = inside(&of_piece, problems);
            let text = self.text(piece, Purpose::Correction { problems: &problems });
            let messages = said(&current, text);
            jobs.push(Job { piece, pass: 0, contract, messages, rule: None });
        }
        Ok(jobs)
    }
}

/// Returns the problems of parts, with pointers into an answer with these parts.
fn inside(parts: &[&ReaskPart], problems: &Problems) -> Problems {
    let translated = |problem: &Problem| {
        parts.iter().find_map(|part| {
            let rest = problem.pointer.strip_prefix(&part.pointer)?;
            let is_inside = rest.is_empty() || rest.starts_with('/');
            is_inside.then(|| problem.clone().at(format!("/{}{rest}", part.name)))
        })
    };
    problems.iter().filter_map(translated).collect()
}

impl Merged {
    /// Returns the chunks that the value at a pointer came from. `None` if it came from no chunk, or from all of
    /// them as a list does.
    fn origins_of(&self, pointer: &str) -> Option<&BTreeSet<usize>> {
        let mut at = pointer;
        loop {
            if let Some(chunks) = self.origins.get(at) {
                return Some(chunks);
            }
            at = at.get(..at.rfind('/')?)?;
        }
    }

    /// Forgets what is known about the value at a pointer.
    fn forget(&mut self, pointer: &str) {
        let is_inside = |at: &str| {
            at.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.origins.retain(|at, _| !is_inside(at));
        self.conflicts.retain(|conflict| !is_inside(&conflict.pointer));
        self.duplicates.retain(|duplicate| !is_inside(&duplicate.pointer));
        let kept = self.disputed.iter().filter(|problem| !is_inside(&problem.pointer));
        self.disputed = kept.cloned().collect();
        self.places.forget(pointer);
    }
}
