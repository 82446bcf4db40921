//! Several tools: from the calls of a reply to one value, and back to each call what is wrong with
//! it. A reply without calls, and one that calls the tool of the whole value, is judged as any other.

use serde_json::Value;

use super::candidates::{AnswerText, other_call, read_answer};
use super::pending_calls::{CallFeedback, CallProblems, CalledElement};
use super::{Driver, Failure, Task};
use crate::check::{Feedback, Rules, check, check_at_once, render_feedback};
use crate::contract::{Extract, FailedCheck, Problem, ProblemKind, Problems, Shape, VariantTools};
use crate::conversation::{Message, Reply, StopReason, ToolCall, ToolResult};
use crate::extraction::RetryContext;
use crate::extraction::ledger::Outcome;
use crate::reading::{self, Level, Repair};

impl<T: Extract> Driver<T> {
    /// Judges a reply whose calls are variants or elements of the value; nothing where it has to be
    /// judged as a whole.
    pub(super) async fn judge_calls(
        &mut self,
        reply: &Reply,
    ) -> Result<Option<Result<T, Problems>>, Failure> {
        self.slots.forget_verdicts();
        let Some(split) = self.tooling.as_ref().and_then(|tooling| tooling.split.clone()) else {
            return Ok(None);
        };
        let calls: Vec<&ToolCall> = reply.tool_calls().collect();
        let mut repairs = Vec::new();
        let judged = match calls.as_slice() {
            [] => match self.judge_uncalled(&split, reply).await {
                Some(judged) => judged,
                None => return Ok(None),
            },
            [call]
                if split.find(&call.name).is_none() && call.name == self.task.contract.name() =>
            {
                return Ok(None);
            }
            calls => {
                let elements: Vec<CalledElement> =
                    calls.iter().map(|call| self.element(&split, call, &mut repairs)).collect();
                if split.variants.is_list() {
                    self.judge_elements(&split, elements).await
                } else {
                    self.judge_variant(&split, elements).await
                }
            }
        };
        let (outcome, problems) = match &judged {
            Ok(Ok(_)) => (Outcome::Accepted, &Problems::new()),
            Ok(Err(problems)) => (Outcome::Rejected, problems),
            Err(_) => (Outcome::Unchecked, &Problems::new()),
        };
        self.enter_verdict(outcome, repairs, problems);
        judged.map(Some).map_err(Failure::Unchecked)
    }

    /// Checks the whole value in all layers.
    pub(super) async fn check_value(
        &self,
        value: &Value,
        problems: Vec<Problem>,
    ) -> Result<Result<T, Problems>, FailedCheck> {
        let Task { contract, rules, .. } = &self.task;
        check(contract, value, problems, rules, self.background.context()).await
    }

    /// Reads one call.
    fn element(
        &mut self,
        split: &VariantTools,
        call: &ToolCall,
        repairs: &mut Vec<Repair>,
    ) -> CalledElement {
        let tool = call.name.clone();
        let unread =
            |problem| CalledElement { tool: tool.clone(), value: None, problems: vec![problem] };
        let Some((variant, form)) = split.find(&call.name) else {
            return unread(self.unknown_tool(call));
        };
        let any = Shape::any();
        let mut shape = variant.contract().shape(Some(form));
        let level = self.task.options.reading;
        let mut answer = AnswerText::arguments_of(call);
        if variant.may_be_anything() && answer.is_filled_object() {
            shape = &any;
        } else if variant.is_unit() && level != Level::Strict && answer.is_filled_object() {
            // The name of the call says all that there is to such a variant.
            self.note(&format!("the arguments of `{tool}`, which takes none, were passed over"));
            answer = AnswerText::Arguments(String::from("{}"));
        }
        match read_answer(&answer, shape, variant.name(), level) {
            Ok(reading) => {
                self.note_others(&reading);
                repairs.extend_from_slice(&reading.repairs);
                let raised = variant.restore(form, reading);
                let tool = variant.name().to_owned();
                CalledElement { tool, value: Some(raised.value), problems: raised.problems }
            }
            Err(problem) => unread(problem),
        }
    }

    /// A call of a tool that there is not.
    pub(super) fn unknown_tool(&self, call: &ToolCall) -> Problem {
        let names = self.tooling.as_ref().map(super::RequestTools::names).unwrap_or_default();
        other_call(&names, &format!("`{}`", call.name))
    }

    /// The first call that passes is the value; where none passes, each is told what is wrong.
    async fn judge_variant(
        &mut self,
        split: &VariantTools,
        elements: Vec<CalledElement>,
    ) -> Result<Result<T, Problems>, FailedCheck> {
        let mut first: Option<Problems> = None;
        let count = elements.len();
        for element in elements {
            let problems = outside(split, 0, &element.problems);
            let problems = match element.value.clone() {
                None => problems.into(),
                Some(value) => {
                    let value = split.variants.assemble(vec![value]);
                    let checked = self.check_value(&value, problems).await;
                    if !matches!(checked, Ok(Err(_))) || first.is_none() {
                        self.last = Some(value);
                    }
                    match checked? {
                        Ok(value) => {
                            self.note_calls_not_taken(count);
                            return Ok(Ok(value));
                        }
                        Err(problems) => problems,
                    }
                }
            };
            self.slots.verdicts.push(verdict(split, &element, &problems));
            first.get_or_insert(problems);
        }
        Ok(Err(first.unwrap_or_default()))
    }

    /// All calls together are the value. Those that pass are kept.
    async fn judge_elements(
        &mut self,
        split: &VariantTools,
        elements: Vec<CalledElement>,
    ) -> Result<Result<T, Problems>, FailedCheck> {
        let came = elements.len();
        let places = match self.slots.place(elements) {
            Ok(places) => places,
            Err(wanted) => {
                let expected = format!("{wanted} calls, for those that were wrong");
                let found = format!("{came} calls");
                let problems: Problems =
                    Problem::new(ProblemKind::Unreadable, "", expected, found).into();
                self.slots.verdicts =
                    vec![CallFeedback::Wrong(CallProblems::unread(problems.clone())); came];
                return Ok(Err(problems));
            }
        };
        let checked = self.check_elements(split).await;
        let values = self.slots.elements.iter().filter_map(|element| element.value.clone());
        self.last = Some(split.variants.assemble(values.collect()));
        if let Some(value) = checked? {
            return Ok(Ok(value));
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
                (true, true) => CallFeedback::NotTaken,
                (true, false) => CallFeedback::Accepted,
                (false, _) => verdict(split, element, &own),
            };
            self.slots.verdicts.push(verdict);
        }
        if together {
            // Nobody knows which of them to keep.
            self.slots.elements.clear();
            self.slots.together.iter().for_each(|problem| problems.push(problem.clone()));
        }
        Ok(Err(problems))
    }

    /// Checks the elements, and those that have nothing wrong with them once more without the
    /// others, until what is kept would pass: a validator is asked only of what can be read. The
    /// checks of the call see the whole list or nothing.
    async fn check_elements(&mut self, split: &VariantTools) -> Result<Option<T>, FailedCheck> {
        loop {
            let kept: Vec<usize> = (0..self.slots.elements.len())
                .filter(|&at| self.slots.elements[at].problems.is_empty())
                .collect();
            let all = kept.len() == self.slots.elements.len();
            let values = kept.iter().filter_map(|&at| self.slots.elements[at].value.clone());
            let value = split.variants.assemble(values.collect());
            let problems = if all {
                match self.check_value(&value, Vec::new()).await? {
                    Ok(value) => return Ok(Some(value)),
                    Err(problems) => problems,
                }
            } else {
                let cx = self.background.context();
                let none = Rules::<T>::default();
                check_at_once(&self.task.contract, &value, Vec::new(), &none, cx)?.1
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
                return Ok(None);
            }
        }
    }

    /// A reply without calls: the value as JSON in text, plain text where that is an answer, or an
    /// empty list where the type has one and the model says that it is done.
    async fn judge_uncalled(
        &mut self,
        split: &VariantTools,
        reply: &Reply,
    ) -> Option<Result<Result<T, Problems>, FailedCheck>> {
        let text = reply.text();
        let said = !text.trim().is_empty();
        // A text that ends in the middle of thinking says nothing.
        reading::without_reasoning(&text)?;
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
            return Some(Ok(Err(problems)));
        }
        if !split.variants.may_be_uncalled() {
            return None;
        }
        let value = if split.variants.has_text() {
            self.words_of(&split.variants, reply)?
        } else {
            if reply.stop != StopReason::Stop || written() {
                return None;
            }
            if said {
                self.note("no tool was called, so the list is empty; the reply has words");
            }
            split.variants.assemble(Vec::new())
        };
        let checked = self.check_value(&value, Vec::new()).await;
        self.last = Some(value);
        Some(checked)
    }
}

impl<T> Driver<T> {
    /// Appends the reply, and to each of its calls a result of its own; whether there was anything
    /// to say to calls alone.
    pub(super) fn feed_back_calls(&mut self, reply: &Reply) -> bool {
        if self.slots.verdicts.is_empty() {
            return false;
        }
        if self.task.options.policy.retry_context == RetryContext::Last {
            self.request.messages.truncate(self.opened);
        }
        let mut messages = vec![reply.to_message()];
        if reply.tool_calls().next().is_none() {
            messages.push(Message::user(self.words_to_written_calls()));
            self.request.messages.append(&mut messages);
            return true;
        }
        for (call, verdict) in reply.tool_calls().zip(&self.slots.verdicts) {
            let (words, is_error) = match verdict {
                CallFeedback::Accepted => (String::from(ACCEPTED), false),
                CallFeedback::NotTaken => (String::from(NOT_TAKEN), true),
                CallFeedback::Wrong(wrong) => (self.words_to_call(wrong), true),
            };
            messages.push(Message::tool(ToolResult::new(call, words, is_error)));
        }
        for problems in [&self.slots.together, &self.slots.left] {
            if !problems.is_empty() {
                let all = CallProblems::unread(problems.clone());
                messages.push(Message::user(self.words_to_call(&all)));
            }
        }
        self.request.messages.append(&mut messages);
        true
    }

    /// What is wrong with one call, or with all of them, in the words that the model is told it in.
    pub(super) fn words_to_call(&self, wrong: &CallProblems) -> String {
        let attempt = u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX);
        let mut feedback = Feedback::new(&wrong.problems, self.request.output.mode(), attempt);
        feedback.value = wrong.arguments.as_ref();
        feedback.unchanged = self.unchanged;
        match &self.task.options.feedback {
            Some(write) => write(&feedback),
            None => render_feedback(&feedback),
        }
    }

    /// Notes how many calls there were where one is the value.
    pub(super) fn note_calls_not_taken(&mut self, count: usize) {
        if count > 1 {
            self.note(&format!("of {count} calls the first that passed was taken"));
        }
    }

    pub(super) fn note(&mut self, words: &str) {
        let attempt = self.ledger.attempts.len();
        self.ledger.notes.push(format!("attempt {attempt}: {words}"));
    }
}

pub(super) const ACCEPTED: &str = "Accepted. This call need not be made again.";
pub(super) const NOT_TAKEN: &str =
    "Not taken, because of the other calls of this turn. Make it again when they are settled.";

fn outside(split: &VariantTools, at: usize, problems: &[Problem]) -> Vec<Problem> {
    let mut problems = problems.to_vec();
    for problem in &mut problems {
        problem.pointer = split.variants.outside(at, &problem.pointer);
    }
    problems
}

/// What a call is told of these problems of the value.
fn verdict(split: &VariantTools, element: &CalledElement, problems: &Problems) -> CallFeedback {
    let mut problems = problems.clone();
    problems.each_pointer(|pointer| {
        split.variants.inside(pointer).map(|(_, rest)| rest).unwrap_or_default().to_owned()
    });
    let (Some(value), Some((variant, form))) = (&element.value, split.find(&element.tool)) else {
        return CallFeedback::Wrong(CallProblems::unread(problems));
    };
    let (arguments, problems) = variant.arguments(value.clone(), problems);
    CallFeedback::Wrong(CallProblems::of(variant.contract(), form, arguments, &problems))
}
