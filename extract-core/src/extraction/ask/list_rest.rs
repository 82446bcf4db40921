//! [`ListRest`]: a request for the elements of a list behind those that were given.

use std::sync::Arc;

use serde_json::Value;

use super::candidates::{AnswerText, Candidate, candidates, read_answer};
use super::evaluation::{Evaluation, Evaluator};
use super::incomplete::Incomplete;
use super::read_value::{FirstPassing, ReadValue};
use super::reply_turn::ReplyTurn;
use super::whole::Whole;
use crate::contract::dialect::Restored;
use crate::contract::{Contract, Extract, LoweredContract, Problem, rest_name};
use crate::conversation::{Output, ToolChoice, Tools};
use crate::extraction::lists::{CutPlace, Seam, seam};
use crate::reading::{Level, Repair};
use crate::schema::push_segment;

/// Limit on the last elements that a request shows, in number and in bytes of JSON. The last one is always
/// shown.
const MOST_SHOWN: usize = 3;
const MOST_BYTES: usize = 4096;

/// A request for the elements of a list behind those that were given.
pub(in crate::extraction) struct ListRest {
    /// How the whole value is asked for.
    pub(super) whole: Whole,
    /// The index of the list in [`Lists`](crate::extraction::lists::Lists).
    list: usize,
    /// The JSON pointer of the list in the value.
    pub(in crate::extraction) pointer: String,
    /// The contract of the answer: an object with the list as its only member.
    pub(in crate::extraction) contract: Arc<Contract>,
    /// Its lowered contract, if a schema is sent.
    pub(in crate::extraction) form: Option<Arc<LoweredContract>>,
    /// The value so far.
    pub(in crate::extraction) kept: Value,
    /// The problems that were found while it was read.
    problems: Vec<Problem>,
    /// Whether the request before had an unclear answer, so that this one names the end of the list.
    is_named: bool,
}

/// The elements of one reply.
struct NewItems {
    items: Vec<Value>,
    /// Their pointers begin at the list.
    problems: Vec<Problem>,
    repairs: Vec<Repair>,
}

impl ListRest {
    /// Makes the request for the rest of the list at `pointer`. Returns `None` if it cannot be asked for alone.
    pub(in crate::extraction) fn of(
        whole: Whole,
        contract: &Contract,
        pointer: &str,
        incomplete: Incomplete,
        kept: Value,
    ) -> Option<Self> {
        let rest = contract.rest_of_list(pointer)?;
        let form = match &whole.form {
            Some(whole) => Some(rest.lowered_like(whole).ok()?),
            None => None,
        };
        let Incomplete { list, problems, is_unclear: is_named } = incomplete;
        let pointer = pointer.to_owned();
        Some(Self { whole, list, pointer, contract: rest, form, kept, problems, is_named })
    }

    /// Returns the same request in the form of another model's. Returns `None` if it cannot be made.
    pub(in crate::extraction) fn for_whole(
        self,
        whole: Whole,
        contract: &Contract,
    ) -> Option<Self> {
        let Self { list, pointer, kept, problems, is_named, .. } = self;
        let incomplete = Incomplete { list, problems, is_unclear: is_named };
        Self::of(whole, contract, &pointer, incomplete, kept)
    }

    /// Returns the index of the list.
    pub(in crate::extraction) fn list(&self) -> usize {
        self.list
    }

    /// Whether the request names the end of the list.
    pub(in crate::extraction) fn is_named(&self) -> bool {
        self.is_named
    }

    /// Returns the number of elements that were given.
    pub(in crate::extraction) fn given(&self) -> usize {
        self.items().len()
    }

    fn items(&self) -> &[Value] {
        let items = self.kept.pointer(&self.pointer).and_then(Value::as_array);
        items.map_or(&[], Vec::as_slice)
    }

    /// Returns the last elements in the sent shape of the answer, and their number.
    pub(in crate::extraction) fn last_items(&self) -> (Value, usize) {
        let mut size = 0;
        let fits = |item: &&Value| {
            let is_first = size == 0;
            size += item.to_string().len();
            is_first || size <= MOST_BYTES
        };
        let mut last: Vec<Value> =
            self.items().iter().rev().take(MOST_SHOWN).take_while(fits).cloned().collect();
        last.reverse();
        let count = last.len();
        let answer = Value::Object([(rest_name(&self.pointer), last.into())].into_iter().collect());
        (self.contract.sent_value(self.form.as_deref(), answer), count)
    }

    /// Returns the output: the mode of the whole. The tool of the whole stays beside that of the rest.
    pub(super) fn output(&self) -> Output {
        match (&self.whole.output, &self.form) {
            (Output::Tools(whole), Some(form)) => {
                let mut tools = whole.tools.clone();
                // User tools stay the last ones.
                let at = tools.len().saturating_sub(whole.user_tools);
                tools.insert(at, Arc::clone(&form.tool));
                Output::Tools(Tools { tools, choice: ToolChoice::Only(at), ..*whole })
            }
            (Output::JsonSchema(_), Some(form)) => Output::JsonSchema(Arc::clone(&form.tool)),
            (whole, _) => whole.clone(),
        }
    }

    /// Reads the elements of a reply, adds them to the list, and checks the value once it is complete.
    pub(super) async fn evaluate<T: Extract>(
        &mut self,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Evaluation<T> {
        let is_cut = match (&evaluator.cut, rest_name(&self.pointer)) {
            (None, _) => false,
            (Some(CutPlace::List(place)), name) => {
                let mut expected = String::new();
                push_segment(&mut expected, &name);
                if *place != expected && !place.is_empty() {
                    return Evaluation::truncated();
                }
                true
            }
            (Some(CutPlace::Members(_)), _) => return Evaluation::truncated(),
        };
        let (candidate, new) = match self.read_all(turn, evaluator) {
            Ok(read) => read,
            Err(problem) => return Evaluation::unreadable(problem),
        };
        let expected = evaluator.lists.list(self.list).and_then(|list| list.expected);
        let seam = seam(self.items(), &new.items, expected, self.is_named);
        let (read, added) = self.merge(new, seam);
        evaluator.lists.add(self.list, added, seam, is_cut);
        if seam == Seam::Unclear {
            evaluator
                .note("the reply begins with elements that may be given already; it is not used");
        }
        let mut first = FirstPassing::default();
        let mut evaluation = match first.offer(&candidate, Ok(read), turn, evaluator).await {
            Some(evaluation) => evaluation,
            None => first.rejected(),
        };
        evaluation.set_unclear(seam == Seam::Unclear);
        evaluation
    }

    /// Reads the elements of all calls of a reply, or of its text.
    fn read_all<T: Extract>(
        &self,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Result<(Candidate, NewItems), Problem> {
        let mut all = NewItems { items: Vec::new(), problems: Vec::new(), repairs: Vec::new() };
        if turn.has_calls() {
            for call in turn.calls() {
                let new = self.read(&AnswerText::arguments_of(call), evaluator)?;
                let by = all.items.len();
                all.problems.extend(new.problems.into_iter().map(|mut problem| {
                    problem.pointer = shifted(&problem.pointer, by);
                    problem
                }));
                all.items.extend(new.items);
                all.repairs.extend(new.repairs);
            }
            return Ok((Candidate::Chunks(Vec::new()), all));
        }
        let contract = &evaluator.task.contract;
        let mut problem = None;
        for candidate in candidates(turn, &self.whole.output, contract, false) {
            let (Candidate::One(answer) | Candidate::Reasoning(answer)) = &candidate else {
                continue;
            };
            match self.read(answer, evaluator) {
                Ok(new) => return Ok((candidate, new)),
                Err(found) => {
                    problem.get_or_insert(found);
                }
            }
        }
        Err(problem.unwrap_or_else(|| super::unreadable::unreadable_problem("nothing")))
    }

    /// Reads the elements of an answer: of the rest, or of a whole value in its place.
    fn read<T: Extract>(
        &self,
        answer: &AnswerText,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Result<NewItems, Problem> {
        let mut name = String::new();
        push_segment(&mut name, &rest_name(&self.pointer));
        let level = evaluator.task.options.reading;
        let unread = match self.read_rest(answer, level) {
            Ok((restored, repairs)) => match NewItems::at(&name, restored, repairs) {
                Some(new) => return Ok(new),
                None => None,
            },
            Err(problem) => Some(problem),
        };
        let whole = self.whole.read_here(answer, evaluator);
        let whole =
            whole.ok().and_then(|read| NewItems::at(&self.pointer, read.restored, read.repairs));
        let missing = || super::unreadable::unreadable_problem("no list of elements");
        whole.ok_or_else(|| unread.unwrap_or_else(missing))
    }

    fn read_rest(
        &self,
        answer: &AnswerText,
        level: Level,
    ) -> Result<(Restored, Vec<Repair>), Problem> {
        let (contract, form) = (&self.contract, self.form.as_deref());
        let mut reading = read_answer(answer, contract.shape(form), contract.name(), level)?;
        let repairs = std::mem::take(&mut reading.repairs);
        Ok((contract.restore_reading(form, reading), repairs))
    }

    /// Adds new elements behind the given ones. Returns the value, and the number of added elements.
    fn merge(&self, new: NewItems, seam: Seam) -> (ReadValue, usize) {
        let mut value = self.kept.clone();
        let mut problems = self.problems.clone();
        let given = self.given();
        let mut added = 0;
        if let Seam::Doubles(doubles) = seam {
            problems.extend(new.problems.into_iter().filter_map(|problem| {
                let inside = shifted_back(&problem.pointer, doubles)?;
                let at = format!("{}{}", self.pointer, shifted(&inside, given));
                Some(problem.at(at))
            }));
            if let Some(Value::Array(items)) = value.pointer_mut(&self.pointer) {
                items.extend(new.items.into_iter().skip(doubles));
                added = items.len().saturating_sub(given);
            }
        }
        let restored = Restored { value, problems };
        (ReadValue { restored, repairs: new.repairs, stated: Vec::new() }, added)
    }
}

impl NewItems {
    /// Takes the list at a pointer out of an answer. Returns `None` if there is none.
    fn at(pointer: &str, restored: Restored, repairs: Vec<Repair>) -> Option<Self> {
        let Restored { mut value, problems } = restored;
        let Value::Array(items) = value.pointer_mut(pointer)?.take() else { return None };
        let inside = |problem: Problem| {
            let inside = problem.pointer.strip_prefix(pointer)?.to_owned();
            Some(problem.at(inside))
        };
        let problems = problems.into_iter().filter_map(inside).collect();
        Some(Self { items, problems, repairs })
    }
}

/// Returns a pointer into a list as a pointer with `by` elements before it.
fn shifted(pointer: &str, by: usize) -> String {
    match split(pointer) {
        Some((index, rest)) => format!("/{}{rest}", index.saturating_add(by)),
        None => pointer.to_owned(),
    }
}

/// Returns a pointer into a list as a pointer without the first `by` elements. `None` if it leads into them.
fn shifted_back(pointer: &str, by: usize) -> Option<String> {
    match split(pointer) {
        Some((index, rest)) => Some(format!("/{}{rest}", index.checked_sub(by)?)),
        None => Some(pointer.to_owned()),
    }
}

/// Splits a pointer into a list into an index and the rest.
fn split(pointer: &str) -> Option<(usize, &str)> {
    let inside = pointer.strip_prefix('/')?;
    let (index, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
    Some((index.parse().ok()?, rest))
}
