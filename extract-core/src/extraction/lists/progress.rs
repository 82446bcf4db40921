//! [`Lists`]: how far the lists of one extraction are, and whether more elements are asked for.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::expected::{Basis, CountedBy, ListCount};
use super::list_settings::ListPolicy;
use super::{CutPlace, ExpectedItems, Seam};
use crate::check::violations;
use crate::contract::{
    CheckContext, CheckError, CheckFailure, Contract, FailedCheck, LoweredContract, Problem,
    ProblemKind, Problems,
};
use crate::extraction::limit::Limit;
use crate::schema::push_segment;

/// Replies without a new element, one after the other, after which a list is not asked for again.
const MAX_FRUITLESS: u32 = 2;

/// Limit on the depth of the objects around a list that was cut off.
const DEPTH: usize = 32;

/// The lists of one extraction that have an expected number of elements, or were cut off.
#[derive(Debug, Default)]
pub(in crate::extraction) struct Lists {
    entries: Vec<Entry>,
    policy: ListPolicy,
    /// Whether incomplete lists are continued.
    continues: bool,
    /// The JSON pointer of the innermost value in which a reply was cut off. The members behind it are missing.
    cut_at: Option<String>,
    /// The limit that forbids to ask for the rest of an incomplete list.
    given_up: Option<Limit>,
}

#[derive(Debug)]
struct Entry {
    count: ListCount,
    /// The number of replies without a new element, one after the other.
    fruitless: u32,
    /// Whether the last reply with elements of the list was cut off.
    is_cut: bool,
    /// Whether a note about a wrong number was made.
    is_noted: bool,
}

/// What a value lacks.
pub(in crate::extraction) enum Gap {
    /// Nothing that can be asked for alone. The problems are those of lists that stay incomplete, and of
    /// members behind a cut.
    Closed(Vec<Problem>),
    /// Elements of the list with this index.
    Elements(usize),
}

impl Lists {
    /// Starts with the expectations of a call. Counts in the source. Fails if a list cannot be counted.
    pub(in crate::extraction) fn start(
        expected: &[ExpectedItems],
        policy: ListPolicy,
        context: &CheckContext,
        notes: &mut Vec<String>,
    ) -> Result<Self, FailedCheck> {
        let continues = policy.continues.unwrap_or(!expected.is_empty());
        let mut lists = Self { policy, continues, ..Self::default() };
        for ExpectedItems { pointer, expected } in expected {
            let pointer = pointer.clone().unwrap_or_default();
            let (number, by) = match &expected.0 {
                Basis::Stated => (None, None),
                Basis::Number(items) => (Some(*items), Some(CountedBy::Call)),
                Basis::Counted(count) => {
                    let failed = |failure| FailedCheck { pointer: pointer.clone(), failure };
                    let source = context.context().source().map_err(|error| match error {
                        CheckError::Failed(failure) => failed(failure),
                        CheckError::Problems(_) => failed(CheckFailure::NoSource),
                    })?;
                    let counted = catch_unwind(AssertUnwindSafe(|| count(source)))
                        .map_err(|panic| failed(CheckFailure::panicked(&*panic)))?;
                    if counted.is_none() {
                        notes.push(format!("no number was counted for {}", name_of(&pointer)));
                    }
                    (counted, counted.map(|_| CountedBy::Source))
                }
            };
            lists.entry(&pointer).count.expected = number;
            lists.entry(&pointer).count.counted_by = by;
        }
        Ok(lists)
    }

    /// Whether a reply that was cut off can be continued.
    pub(in crate::extraction) fn continues(&self) -> bool {
        self.continues
    }

    /// Whether elements were asked for.
    pub(in crate::extraction) fn has_continued(&self) -> bool {
        self.continuations() > 0
    }

    /// Returns the counts for the ledger: of lists with an expected number, and of those that were continued.
    pub(in crate::extraction) fn counts(&self) -> Vec<ListCount> {
        self.entries.iter().map(|entry| entry.count.clone()).collect()
    }

    /// Takes the limit that forbids to ask for the rest of an incomplete list.
    pub(in crate::extraction) fn given_up(&self) -> Option<Limit> {
        self.given_up.clone()
    }

    /// Returns the pointer and the expected number of a list.
    pub(in crate::extraction) fn list(&self, index: usize) -> Option<&ListCount> {
        self.entries.get(index).map(|entry| &entry.count)
    }

    /// Returns the problems of the incomplete lists.
    pub(in crate::extraction) fn problems(&self) -> Problems {
        self.entries.iter().filter(|entry| entry.is_incomplete()).map(Entry::problem).collect()
    }

    /// Records the numbers that a reply states. Returns notes about unusable ones.
    pub(in crate::extraction) fn state(
        &mut self,
        stated: Vec<(String, Value)>,
        contract: &Contract,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        for (pointer, value) in stated {
            let number = number_of(&value);
            if number.is_none() {
                let name = contract.count_of(&pointer).unwrap_or_default();
                notes.push(match &value {
                    Value::Null => {
                        format!("the model did not state `{name}`: no number is expected")
                    }
                    other => format!("`{name}` is no number of elements and is not used: {other}"),
                });
            }
            let count = &mut self.entry(&pointer).count;
            count.expected = number;
            count.counted_by = number.map(|_| CountedBy::Model);
        }
        notes
    }

    /// Records a reply with the whole value, and where it was cut off. Returns whether that place is known in
    /// the value.
    pub(in crate::extraction) fn begin(
        &mut self,
        contract: &Contract,
        form: Option<&LoweredContract>,
        value: &Value,
        cut: Option<&CutPlace>,
    ) -> bool {
        self.entries.iter_mut().for_each(|entry| (entry.is_cut, entry.fruitless) = (false, 0));
        self.cut_at = None;
        let pointer = match cut {
            None => return true,
            Some(CutPlace::List(sent)) => place_of(contract, form, value, sent, Value::is_array),
            Some(CutPlace::Members(sent)) => {
                place_of(contract, form, value, sent, Value::is_object)
            }
        };
        let Some(pointer) = pointer else { return false };
        if matches!(cut, Some(CutPlace::List(_))) {
            self.entry(&pointer).is_cut = true;
        }
        self.cut_at = Some(pointer);
        true
    }

    /// Records a reply with more elements of a list.
    pub(in crate::extraction) fn add(
        &mut self,
        index: usize,
        added: usize,
        seam: Seam,
        is_cut: bool,
    ) {
        let Some(entry) = self.entries.get_mut(index) else { return };
        entry.fruitless = if added == 0 { entry.fruitless.saturating_add(1) } else { 0 };
        if let Seam::Doubles(doubles) = seam {
            entry.count.doubles += doubles;
            // A reply that only repeats elements does not say that they were all.
            let is_repeated = added == 0 && doubles > 0;
            entry.is_cut = is_cut || entry.is_cut && is_repeated;
        }
    }

    /// Records a request for more elements of a list.
    pub(in crate::extraction) fn ask(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.count.continued = entry.count.continued.saturating_add(1);
        }
    }

    /// Returns what a value lacks, and notes about numbers that differ.
    pub(in crate::extraction) fn judge(
        &mut self,
        contract: &Contract,
        value: &Value,
    ) -> (Gap, Vec<String>) {
        self.given_up = None;
        let (mut problems, mut notes) = (Vec::new(), Vec::new());
        let exhausted = self.exhausted();
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get_mut(index) else { continue };
            let items = value.pointer(&entry.count.pointer).and_then(Value::as_array);
            entry.count.given = items.map_or(0, Vec::len);
            if !entry.is_incomplete() {
                match entry.count.counted_by {
                    Some(CountedBy::Model) => notes.extend(entry.note_surplus()),
                    _ => problems.extend(entry.surplus().map(|_| entry.problem())),
                }
                continue;
            }
            if self.continues && entry.count.given > 0 {
                if is_mostly_invalid(contract, value, &entry.count.pointer) {
                    problems.push(entry.problem());
                    continue;
                }
                let is_stuck = entry.fruitless >= MAX_FRUITLESS;
                let can_be_asked = contract.rest_of_list(&entry.count.pointer).is_some();
                if exhausted.is_none() && !is_stuck && can_be_asked {
                    return (Gap::Elements(index), notes);
                }
                if !self.policy.accepts_shortfall {
                    self.given_up = Some(exhausted.clone().unwrap_or(Limit::NoMoreItems));
                }
            }
            if self.policy.accepts_shortfall {
                notes.extend(entry.note_shortfall());
            } else {
                problems.push(entry.problem());
            }
        }
        let absent = self.cut_at.as_ref().map(|at| contract.absent_members(value, at));
        problems.extend(absent.into_iter().flatten());
        (Gap::Closed(problems), notes)
    }

    /// Whether members behind a cut are missing.
    pub(in crate::extraction) fn is_cut(&self) -> bool {
        self.cut_at.is_some()
    }

    fn continuations(&self) -> u32 {
        self.entries.iter().map(|entry| entry.count.continued).fold(0, u32::saturating_add)
    }

    fn exhausted(&self) -> Option<Limit> {
        let most = self.policy.most;
        (self.continuations() >= most).then_some(Limit::Continuations { most })
    }

    /// Returns the entry of a list; a new one if there is none.
    fn entry(&mut self, pointer: &str) -> &mut Entry {
        let known = self.entries.iter().position(|entry| entry.count.pointer == pointer);
        let index = known.unwrap_or(self.entries.len());
        if known.is_none() {
            self.entries.push(Entry::new(pointer));
        }
        &mut self.entries[index]
    }
}

impl Entry {
    fn new(pointer: &str) -> Self {
        let count = ListCount {
            pointer: pointer.to_owned(),
            expected: None,
            counted_by: None,
            given: 0,
            continued: 0,
            doubles: 0,
        };
        Self { count, fruitless: 0, is_cut: false, is_noted: false }
    }

    fn is_incomplete(&self) -> bool {
        // With as many elements as expected, a list is complete wherever the reply ended.
        self.is_short() || self.is_cut && self.count.expected.is_none()
    }

    /// Returns the expected number if more elements were given.
    fn surplus(&self) -> Option<usize> {
        self.count.expected.filter(|expected| self.count.given > *expected)
    }

    fn is_short(&self) -> bool {
        self.count.expected.is_some_and(|expected| self.count.given < expected)
    }

    fn problem(&self) -> Problem {
        let given = self.count.given;
        let (expected, found) = match self.count.expected {
            Some(expected) => (format!("{expected} elements"), given.to_string()),
            None => (
                String::from("the list to its end"),
                format!("its first {given} elements, at which the reply was cut off"),
            ),
        };
        Problem::new(ProblemKind::Rule, self.count.pointer.clone(), expected, found)
    }

    fn note_shortfall(&mut self) -> Option<String> {
        let is_new = !std::mem::replace(&mut self.is_noted, true);
        is_new.then(|| format!("an incomplete list is accepted: {}", self.problem()))
    }

    fn note_surplus(&mut self) -> Option<String> {
        let expected = self.surplus()?;
        let is_new = !std::mem::replace(&mut self.is_noted, true);
        let ListCount { given, ref pointer, .. } = self.count;
        is_new.then(|| {
            let list = name_of(pointer);
            format!("the model stated {expected} elements of {list}, and {given} were given")
        })
    }
}

/// Returns a list's name for a note.
fn name_of(pointer: &str) -> &str {
    if pointer.is_empty() { "the list" } else { pointer }
}

/// Returns the number that a stated value is.
fn number_of(value: &Value) -> Option<usize> {
    let number = match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let exact = number.as_f64().filter(|number| number.fract() == 0.0)?;
            format!("{exact:.0}").parse().ok()
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.and_then(|number| usize::try_from(number).ok())
}

/// Whether half or more of the elements of a list violate its schema. More of them would be no better.
fn is_mostly_invalid(contract: &Contract, value: &Value, list: &str) -> bool {
    let given = value.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
    let problems = violations(contract, value);
    let index = |problem: &Problem| {
        let inside = problem.pointer.strip_prefix(list)?.strip_prefix('/')?;
        inside.split('/').next()?.parse::<usize>().ok()
    };
    let bad: HashSet<usize> = problems.iter().filter_map(index).collect();
    bad.len() * 2 >= given
}

/// Returns the JSON pointer of the value at a pointer into the sent value. `None` if there is none of this kind,
/// or one that members of objects alone do not lead to.
fn place_of(
    contract: &Contract,
    form: Option<&LoweredContract>,
    value: &Value,
    sent: &str,
    is_of_kind: fn(&Value) -> bool,
) -> Option<String> {
    // A model may leave out the object around a list.
    if sent.is_empty() && is_of_kind(value) {
        return Some(String::new());
    }
    let mut places = Vec::new();
    let mut open = vec![(String::new(), value, 0)];
    while let Some((pointer, value, depth)) = open.pop() {
        if let Value::Object(members) = value {
            let inner = members.iter().filter(|_| depth < DEPTH).map(|(name, member)| {
                let mut inner = pointer.clone();
                push_segment(&mut inner, name);
                (inner, member, depth + 1)
            });
            open.extend(inner);
        }
        if is_of_kind(value) {
            places.push(pointer);
        }
    }
    let sent_places = contract.sent_pointers(form, value, places.iter().map(String::as_str));
    let found = sent_places.iter().position(|place| place == sent)?;
    places.into_iter().nth(found)
}
