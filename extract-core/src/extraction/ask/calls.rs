//! [`Calls`]: a request for calls of several tools, one for a variant of the value or one for each element
//! of it.

use serde_json::Value;

use super::candidates::{AnswerText, read_answer};
use super::evaluation::{Evaluation, Evaluator, Rejection, Verdict};
use super::pending_calls::{CallFeedback, CallProblems, CalledElement, PendingCalls};
use super::reply_turn::ReplyTurn;
use super::text_answer::value_of_text;
use super::unreadable::other_call;
use super::whole::Whole;
use crate::check::{Rules, check_at_once};
use crate::contract::{Extract, FailedCheck, Problem, ProblemKind, Problems, Shape, VariantTools};
use crate::conversation::{Output, StopReason, ToolCall};
use crate::reading::{self, Level, Repair};

/// A request for calls of several tools.
pub(in crate::extraction) struct Calls {
    /// Reads replies that hold the whole value instead of calls.
    pub(super) whole: Whole,
    pub(super) tools: VariantTools,
    pending: PendingCalls,
}

impl Calls {
    /// Requests calls of these tools; `output` holds them as they are sent.
    pub(in crate::extraction) fn new(tools: VariantTools, output: Output) -> Self {
        let whole = Whole { output, form: None, text_variants: None };
        Self { whole, tools, pending: PendingCalls::default() }
    }

    /// Whether calls of replies before are kept.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.elements.is_empty()
    }

    /// Forgets the calls of replies before.
    pub(super) fn forget_pending(&mut self) {
        self.pending = PendingCalls::default();
    }

    /// Reads and checks the calls of a reply. A reply without calls, and a call of the whole value's tool,
    /// are evaluated as the whole value.
    pub(super) async fn evaluate<T: Extract>(
        &mut self,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Evaluation<T> {
        let calls: Vec<&ToolCall> = turn.calls().collect();
        match calls.as_slice() {
            [] => match self.read_text(turn, evaluator) {
                TextReply::Value(value) => evaluator.evaluate_value(value).await,
                TextReply::Missing(problems) => Evaluation::rejected(problems.into()),
                TextReply::Whole => self.whole.evaluate(turn, evaluator).await,
            },
            [call] if self.is_whole_value(call, evaluator) => {
                self.whole.evaluate(turn, evaluator).await
            }
            calls => {
                let mut repairs = Vec::new();
                let elements: Vec<CalledElement> =
                    calls.iter().map(|call| self.read(call, &mut repairs, evaluator)).collect();
                let evaluation = if self.tools.variants.is_list() {
                    self.evaluate_elements(elements, evaluator).await
                } else {
                    self.evaluate_variants(elements, evaluator).await
                };
                Evaluation { repairs, ..evaluation }
            }
        }
    }

    fn is_whole_value<T>(&self, call: &ToolCall, evaluator: &Evaluator<'_, T>) -> bool {
        self.tools.find(&call.name).is_none() && call.name == evaluator.task.contract.name()
    }

    /// Reads one call.
    fn read<T: Extract>(
        &self,
        call: &ToolCall,
        repairs: &mut Vec<Repair>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> CalledElement {
        let tool = call.name.clone();
        let unread =
            |problem| CalledElement { tool: tool.clone(), value: None, problems: vec![problem] };
        let Some((variant, form)) = self.tools.find(&call.name) else {
            return unread(unknown_tool(&self.whole.output, call));
        };
        let any = Shape::any();
        let mut shape = variant.contract().shape(Some(form));
        let level = evaluator.task.options.reading;
        let mut answer = AnswerText::arguments_of(call);
        if variant.may_be_anything() && answer.is_filled_object() {
            shape = &any;
        } else if variant.is_unit() && level != Level::Strict && answer.is_filled_object() {
            // A unit variant takes no arguments: its name says all.
            evaluator.note(&format!("the arguments of `{tool}`, which takes none, were ignored"));
            answer = AnswerText::Arguments(String::from("{}"));
        }
        match read_answer(&answer, shape, variant.name(), level) {
            Ok(reading) => {
                evaluator.note_others(&reading);
                repairs.extend_from_slice(&reading.repairs);
                let restored = variant.restore(form, reading);
                let tool = variant.name().to_owned();
                CalledElement { tool, value: Some(restored.value), problems: restored.problems }
            }
            Err(problem) => unread(problem),
        }
    }

    /// Checks calls of which one is the value: the first that passes. If none passes, each call gets its
    /// own feedback.
    async fn evaluate_variants<T: Extract>(
        &self,
        elements: Vec<CalledElement>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Evaluation<T> {
        let mut first: Option<Problems> = None;
        let mut first_value = None;
        let mut calls = Vec::new();
        let count = elements.len();
        for element in elements {
            let problems = self.in_value(0, &element.problems);
            let problems = match element.value.clone() {
                None => problems.into(),
                Some(value) => {
                    let value = self.tools.variants.value_of_elements(vec![value]);
                    match evaluator.check(&value, problems).await {
                        Ok(Err(problems)) => {
                            if first.is_none() {
                                first_value = Some(value);
                            }
                            problems
                        }
                        checked => {
                            if checked.is_ok() {
                                evaluator.note_calls_not_taken(count);
                            }
                            return Evaluation::of_checked(value, checked);
                        }
                    }
                }
            };
            calls.push(self.feedback_on(&element, &problems));
            first.get_or_insert(problems);
        }
        let problems = first.unwrap_or_default();
        let verdict = Verdict::Rejected(Rejection { problems, calls, beside_calls: Vec::new() });
        Evaluation { verdict, value: first_value, repairs: Vec::new() }
    }

    /// Checks calls that together are the value. Valid elements are kept.
    async fn evaluate_elements<T: Extract>(
        &mut self,
        elements: Vec<CalledElement>,
        evaluator: &Evaluator<'_, T>,
    ) -> Evaluation<T> {
        let came = elements.len();
        let indices = match self.pending.place(elements) {
            Ok(indices) => indices,
            Err(wanted) => return too_many_calls(wanted, came),
        };
        let checked = self.check_elements(evaluator).await;
        let values = self.pending.elements.iter().filter_map(|element| element.value.clone());
        let value = self.tools.variants.value_of_elements(values.collect());
        let together = match checked {
            Ok(ElementsChecked::Valid(typed)) => {
                return Evaluation::of_checked(value, Ok(Ok(typed)));
            }
            Err(failed) => return Evaluation::of_checked(value, Err(failed)),
            Ok(ElementsChecked::Invalid { together }) => together,
        };
        let verdict = Verdict::Rejected(self.reject_elements(&indices, &together));
        if !together.is_empty() {
            // No element is known to be valid by itself.
            self.pending.elements.clear();
        }
        Evaluation { verdict, value: Some(value), repairs: Vec::new() }
    }

    /// Collects the problems of the elements and the feedback on the calls at these indices. `together`
    /// are the problems of the list as a whole.
    fn reject_elements(&self, indices: &[usize], together: &Problems) -> Rejection {
        let mut problems = Problems::new();
        let mut not_repeated = Problems::new();
        for (at, element) in self.pending.elements.iter().enumerate() {
            for problem in self.in_value(at, &element.problems) {
                if !indices.contains(&at) {
                    not_repeated.push(problem.clone());
                }
                problems.push(problem);
            }
        }
        let feedback = |at: &usize| {
            let element = &self.pending.elements[*at];
            let found: Problems = self.in_value(*at, &element.problems).into();
            match (found.is_empty(), together.is_empty()) {
                (true, false) => CallFeedback::NotTaken,
                (true, true) => CallFeedback::Accepted,
                (false, _) => self.feedback_on(element, &found),
            }
        };
        let calls = indices.iter().map(feedback).collect();
        together.iter().for_each(|problem| problems.push(problem.clone()));
        Rejection { problems, calls, beside_calls: vec![together.clone(), not_repeated] }
    }

    /// Checks the elements, and repeats it without the invalid ones until no new problem is found: a
    /// validator runs only over values that could be read. The rules of the call run over the whole list
    /// only.
    async fn check_elements<T: Extract>(
        &mut self,
        evaluator: &Evaluator<'_, T>,
    ) -> Result<ElementsChecked<T>, FailedCheck> {
        loop {
            let elements = &self.pending.elements;
            let valid: Vec<usize> =
                (0..elements.len()).filter(|&at| elements[at].problems.is_empty()).collect();
            let all = valid.len() == elements.len();
            let values = valid.iter().filter_map(|&at| elements[at].value.clone());
            let value = self.tools.variants.value_of_elements(values.collect());
            let problems = if all {
                match evaluator.check(&value, Vec::new()).await? {
                    Ok(typed) => return Ok(ElementsChecked::Valid(typed)),
                    Err(problems) => problems,
                }
            } else {
                let context = evaluator.context.context();
                let none = Rules::<T>::default();
                check_at_once(&evaluator.task.contract, &value, Vec::new(), &none, context)?.1
            };
            let mut found = false;
            let mut together = Problems::new();
            for mut problem in problems {
                let inside = self.tools.variants.to_element(&problem.pointer);
                match inside.and_then(|(at, rest)| Some((*valid.get(at)?, rest.to_owned()))) {
                    Some((at, rest)) => {
                        problem.pointer = rest;
                        self.pending.elements[at].problems.push(problem);
                        found = true;
                    }
                    None => together.push(problem),
                }
            }
            if !found {
                // A problem of a shorter list need not be one of the whole list.
                let together = if all { together } else { Problems::new() };
                return Ok(ElementsChecked::Invalid { together });
            }
        }
    }

    /// Reads a reply without calls.
    fn read_text<T>(&self, turn: &ReplyTurn<'_>, evaluator: &mut Evaluator<'_, T>) -> TextReply {
        let text = turn.text();
        // Text that ends inside reasoning holds no answer.
        if reading::without_reasoning(&text).is_none() {
            return TextReply::Whole;
        }
        let contract = &evaluator.task.contract;
        let holds_elements = |reading: &reading::Reading| match &reading.value {
            Value::Array(items) => !items.is_empty(),
            other => other.is_object(),
        };
        let has_value = || {
            let read = reading::read(&text, contract.shape(None), Level::Lenient);
            read.is_ok_and(|reading| holds_elements(&reading))
        };
        if !self.pending.elements.is_empty() && !has_value() {
            // Elements are still missing, and an empty reply does not withdraw them.
            let elements = self.pending.elements.iter().enumerate();
            let problems: Problems =
                elements.flat_map(|(at, element)| self.in_value(at, &element.problems)).collect();
            return TextReply::Missing(problems);
        }
        let variants = &self.tools.variants;
        if !variants.may_be_uncalled() {
            return TextReply::Whole;
        }
        if variants.has_text() {
            let value = value_of_text(variants, turn, contract);
            return value.map_or(TextReply::Whole, TextReply::Value);
        }
        if turn.reply().stop != StopReason::Stop || has_value() {
            return TextReply::Whole;
        }
        if !text.trim().is_empty() {
            evaluator.note("no tool was called, so the list is empty; the reply has text");
        }
        TextReply::Value(variants.value_of_elements(Vec::new()))
    }

    /// Returns problems of an element as problems of the value.
    fn in_value(&self, at: usize, problems: &[Problem]) -> Vec<Problem> {
        let mut problems = problems.to_vec();
        for problem in &mut problems {
            problem.pointer = self.tools.variants.to_whole(at, &problem.pointer);
        }
        problems
    }

    /// Returns the feedback on the call of an element, from problems of the value.
    fn feedback_on(&self, element: &CalledElement, problems: &Problems) -> CallFeedback {
        let mut problems = problems.clone();
        problems.each_pointer(|pointer| {
            let inside = self.tools.variants.to_element(pointer);
            inside.map(|(_, rest)| rest).unwrap_or_default().to_owned()
        });
        let (Some(value), Some((variant, form))) = (&element.value, self.tools.find(&element.tool))
        else {
            return CallFeedback::Rejected(CallProblems::unread(problems));
        };
        let (arguments, problems) = variant.arguments(value.clone(), problems);
        let problems = CallProblems::of(variant.contract(), form, arguments, &problems);
        CallFeedback::Rejected(problems)
    }
}

/// The meaning of a reply without calls.
enum TextReply {
    /// Text that is an answer, or an empty list: the type allows one, and the model ended its turn.
    Value(Value),
    /// Invalid elements are still missing; the reply does not withdraw them. Their problems.
    Missing(Problems),
    /// The text may hold the whole value.
    Whole,
}

/// The result of checking the elements of a list.
enum ElementsChecked<T> {
    Valid(T),
    Invalid {
        /// Problems of the list as a whole.
        together: Problems,
    },
}

/// Rejects a reply with more calls than elements were asked for.
fn too_many_calls<T>(wanted: usize, came: usize) -> Evaluation<T> {
    let expected = format!("{wanted} calls, for those that were wrong");
    let found = format!("{came} calls");
    let problems: Problems = Problem::new(ProblemKind::Unreadable, "", expected, found).into();
    let calls = vec![CallFeedback::Rejected(CallProblems::unread(problems.clone())); came];
    Evaluation::rejected(Rejection { problems, calls, beside_calls: Vec::new() })
}

/// Returns the problem of a call of a tool that was not sent.
pub(in crate::extraction) fn unknown_tool(output: &Output, call: &ToolCall) -> Problem {
    let names: Vec<String> = match output {
        Output::Tools(tools) => tools.tools.iter().map(|tool| format!("`{}`", tool.name)).collect(),
        _ => Vec::new(),
    };
    other_call(&names.join(", "), &format!("`{}`", call.name))
}
