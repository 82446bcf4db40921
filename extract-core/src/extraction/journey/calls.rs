//! Several tools: from the calls of a reply to one value, and back to each call what is wrong with
//! it. A reply without calls, and one that calls the tool of the whole value, is judged as any other.

use std::sync::Arc;

use serde_json::Value;

use super::Journey;
use super::answers::{Answer, read_answer};
use super::slots::{Element, Verdict};
use crate::check::{Feedback, check, render_feedback};
use crate::contract::{Extract, Problem, ProblemKind, Problems, Split};
use crate::conversation::{Message, Reply, StopReason, ToolCall, ToolResult};
use crate::extraction::History;
use crate::extraction::ledger::Outcome;
use crate::reading::{self, Level, Repair};

impl<T: Extract> Journey<T> {
    /// Judges a reply whose calls are variants or elements of the value; nothing where it has to be
    /// judged as a whole.
    pub(super) fn judge_calls(&mut self, reply: &Reply) -> Option<Result<T, Problems>> {
        self.slots.verdicts.clear();
        self.slots.together = Problems::new();
        self.slots.left = Problems::new();
        let split = self.tooling.as_ref()?.split.clone()?;
        let calls: Vec<&ToolCall> = reply.tool_calls().collect();
        match calls.as_slice() {
            [] => return self.judge_uncalled(&split, reply),
            [call]
                if split.find(&call.name).is_none() && call.name == self.task.contract.name() =>
            {
                return None;
            }
            _ => {}
        }
        let mut repairs = Vec::new();
        let elements: Vec<Element> =
            calls.iter().map(|call| self.element(&split, call, &mut repairs)).collect();
        let judged = if split.variants.is_list() {
            self.judge_elements(&split, elements)
        } else {
            self.judge_variant(&split, elements)
        };
        let (outcome, problems) = match &judged {
            Ok(_) => (Outcome::Accepted, &Problems::new()),
            Err(problems) => (Outcome::Rejected, problems),
        };
        self.enter_verdict(outcome, repairs, problems);
        Some(judged)
    }

    /// Reads one call.
    fn element(&self, split: &Split, call: &ToolCall, repairs: &mut Vec<Repair>) -> Element {
        let tool = call.name.clone();
        let unread = |problem| Element { tool: tool.clone(), value: None, problems: vec![problem] };
        let Some((variant, form)) = split.find(&call.name) else {
            return unread(self.unknown_tool(call));
        };
        let shape = variant.contract().shape(Some(form));
        match read_answer(&Answer::arguments_of(call), shape) {
            Ok(reading) => {
                repairs.extend(reading.repairs);
                let raised = variant.raise(form, reading.value);
                let tool = variant.name().to_owned();
                Element { tool, value: Some(raised.value), problems: raised.problems }
            }
            Err(problem) => unread(problem),
        }
    }

    /// A call of a tool that there is not.
    pub(super) fn unknown_tool(&self, call: &ToolCall) -> Problem {
        let names = self.tooling.as_ref().map(super::Tooling::names).unwrap_or_default();
        let expected = format!("a call of one of the tools {names}");
        Problem::new(ProblemKind::Unreadable, "", expected, format!("a call of `{}`", call.name))
    }

    /// The first call that passes is the value; where none passes, each is told what is wrong.
    fn judge_variant(&mut self, split: &Split, elements: Vec<Element>) -> Result<T, Problems> {
        let variants = Arc::clone(&split.variants);
        let mut first: Option<Problems> = None;
        let count = elements.len();
        for element in elements {
            let problems: Vec<Problem> = outside(split, 0, &element.problems);
            let problems = match element.value {
                None => problems.into(),
                Some(value) => {
                    let value = variants.assemble(vec![value]);
                    let checked = check::<T>(&self.task.contract, &value, problems);
                    if checked.is_ok() || first.is_none() {
                        self.last = Some(value);
                    }
                    match checked {
                        Ok(value) => {
                            if count > 1 {
                                self.note(&format!(
                                    "of {count} calls the first that passed was taken"
                                ));
                            }
                            return Ok(value);
                        }
                        Err(problems) => problems,
                    }
                }
            };
            let verdict = self.verdict(split, &element.tool, &problems);
            self.slots.verdicts.push(verdict);
            first.get_or_insert(problems);
        }
        Err(first.unwrap_or_default())
    }

    /// All calls together are the value. Those that pass are kept.
    fn judge_elements(&mut self, split: &Split, elements: Vec<Element>) -> Result<T, Problems> {
        let came = elements.len();
        let places = match self.slots.place(elements) {
            Ok(places) => places,
            Err(wanted) => {
                let expected = format!("{wanted} calls, for those that were wrong");
                let found = format!("{came} calls");
                let problems: Problems =
                    Problem::new(ProblemKind::Unreadable, "", expected, found).into();
                self.slots.verdicts = vec![Verdict::Wrong(problems.clone()); came];
                return Err(problems);
            }
        };
        let checked = self.check_elements(split);
        let values = self.slots.elements.iter().filter_map(|element| element.value.clone());
        self.last = Some(split.variants.assemble(values.collect()));
        if let Ok(value) = checked {
            return Ok(value);
        }
        let mut problems = Problems::new();
        for (at, element) in self.slots.elements.iter().enumerate() {
            for problem in outside(split, at, &element.problems) {
                if !places.contains(&at) {
                    self.slots.left.push(problem.clone());
                }
                problems.push(problem);
            }
        }
        let together = !self.slots.together.is_empty();
        for at in places {
            let element = &self.slots.elements[at];
            let own: Problems = outside(split, at, &element.problems).into();
            let verdict = match (own.is_empty(), together) {
                (true, true) => Verdict::NotTaken,
                (true, false) => Verdict::Accepted,
                (false, _) => self.verdict(split, &element.tool.clone(), &own),
            };
            self.slots.verdicts.push(verdict);
        }
        if together {
            // Nobody knows which of them to keep.
            self.slots.elements.clear();
            self.slots.together.iter().for_each(|problem| problems.push(problem.clone()));
        }
        Err(problems)
    }

    /// Checks the elements, and those that have nothing wrong with them once more without the
    /// others, until what is kept would pass: a validator is asked only of what can be read.
    fn check_elements(&mut self, split: &Split) -> Result<T, ()> {
        loop {
            let kept: Vec<usize> = (0..self.slots.elements.len())
                .filter(|&at| self.slots.elements[at].problems.is_empty())
                .collect();
            let all = kept.len() == self.slots.elements.len();
            let values = kept.iter().filter_map(|&at| self.slots.elements[at].value.clone());
            let value = split.variants.assemble(values.collect());
            let problems = match check::<T>(&self.task.contract, &value, Vec::new()) {
                Ok(value) if all => return Ok(value),
                Ok(_) => return Err(()),
                Err(problems) => problems,
            };
            let mut found = false;
            let mut together = Problems::new();
            for mut problem in problems {
                let inside = split.variants.inside(&problem.pointer);
                match inside.and_then(|(at, rest)| Some((*kept.get(at)?, rest.to_owned()))) {
                    Some((at, rest)) => {
                        problem.pointer = rest;
                        self.slots.elements[at].problems.push(problem);
                        found = true;
                    }
                    None => together.push(problem),
                }
            }
            if !found {
                // What is wrong with a part of the list need not be wrong with all of it.
                if all {
                    self.slots.together = together;
                }
                return Err(());
            }
        }
    }

    /// What a call is told of these problems of the value.
    fn verdict(&self, split: &Split, tool: &str, problems: &Problems) -> Verdict {
        let variant = split.find(tool).map(|(variant, _)| variant);
        let told = problems.iter().cloned().map(|mut problem| {
            let inside = split.variants.inside(&problem.pointer).map(|(_, rest)| rest);
            let inside = inside.unwrap_or_default();
            problem.pointer = match variant {
                Some(variant) if problem.kind != ProblemKind::Unreadable => variant.inside(inside),
                _ => inside.to_owned(),
            };
            problem
        });
        Verdict::Wrong(told.collect())
    }

    /// A reply without calls: the value as JSON in text, plain text where that is an answer, or an
    /// empty list where the type has one and the model says that it is done.
    fn judge_uncalled(&mut self, split: &Split, reply: &Reply) -> Option<Result<T, Problems>> {
        let text = reply.text();
        let said = !text.trim().is_empty();
        let shape = self.task.contract.shape(None);
        let holds = |reading: &reading::Reading| match &reading.value {
            Value::Array(items) => !items.is_empty(),
            other => other.is_object(),
        };
        let written = || reading::read(&text, shape, Level::Lenient).is_ok_and(|read| holds(&read));
        if !self.slots.elements.is_empty() && !written() {
            // Some calls are waited for; silence does not take them back.
            let elements = self.slots.elements.iter().enumerate();
            let problems: Problems =
                elements.flat_map(|(at, element)| outside(split, at, &element.problems)).collect();
            self.enter_verdict(Outcome::Rejected, Vec::new(), &problems);
            return Some(Err(problems));
        }
        if !split.variants.may_be_uncalled() {
            return None;
        }
        let value = if let Some(words) = split.variants.of_text(text.trim()) {
            // The value itself, written out and nothing else, is no talk.
            if !said || reading::read_arguments(&text, shape, Level::Strict).is_ok() {
                return None;
            }
            words
        } else {
            if reply.stop != StopReason::Stop || written() {
                return None;
            }
            if said {
                self.note("no tool was called, so the list is empty; the reply has words");
            }
            split.variants.assemble(Vec::new())
        };
        let checked = check::<T>(&self.task.contract, &value, Vec::new()).ok()?;
        self.last = Some(value);
        self.enter_verdict(Outcome::Accepted, Vec::new(), &Problems::new());
        Some(Ok(checked))
    }
}

impl<T> Journey<T> {
    /// Appends the reply, and to each of its calls a result of its own; whether there was anything
    /// to say to calls alone.
    pub(super) fn feed_back_calls(&mut self, reply: &Reply) -> bool {
        if self.slots.verdicts.is_empty() {
            return false;
        }
        if self.task.options.policy.history == History::Last {
            self.request.messages.truncate(self.opened);
        }
        let mut messages = vec![reply.to_message()];
        for (call, verdict) in reply.tool_calls().zip(&self.slots.verdicts) {
            let (words, is_error) = match verdict {
                Verdict::Accepted => (String::from(ACCEPTED), false),
                Verdict::NotTaken => (String::from(NOT_TAKEN), true),
                Verdict::Wrong(problems) => (self.words_to_call(problems), true),
            };
            messages.push(Message::tool(ToolResult::new(call, words, is_error)));
        }
        for problems in [&self.slots.together, &self.slots.left] {
            if !problems.is_empty() {
                messages.push(Message::user(self.words_to_call(problems)));
            }
        }
        self.request.messages.append(&mut messages);
        true
    }

    /// What is wrong, in the words that the model is told it in.
    fn words_to_call(&self, problems: &Problems) -> String {
        let attempt = u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX);
        let feedback = Feedback::new(problems, self.request.output.mode(), attempt);
        match &self.task.options.feedback {
            Some(write) => write(&feedback),
            None => render_feedback(&feedback),
        }
    }

    pub(super) fn note(&mut self, words: &str) {
        let attempt = self.ledger.attempts.len();
        self.ledger.notes.push(format!("attempt {attempt}: {words}"));
    }
}

const ACCEPTED: &str = "Accepted. This call need not be made again.";
pub(super) const NOT_TAKEN: &str =
    "Not taken, because of the other calls of this turn. Make it again when they are settled.";

fn outside(split: &Split, at: usize, problems: &[Problem]) -> Vec<Problem> {
    let mut problems = problems.to_vec();
    for problem in &mut problems {
        problem.pointer = split.variants.outside(at, &problem.pointer);
    }
    problems
}
