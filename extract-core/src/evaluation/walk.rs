//! Compares an expected value with that of an answer: finds the pairs of fields, by the schema.

use serde_json::Value;

use super::equal;
use super::place::{Place, Segment};
use super::rules::Compare;
use crate::schema::push_segment;

/// The indexes of paired elements: of the expected one and of the given one.
type Pairs = Vec<(Option<usize>, Option<usize>)>;

/// The most steps for one row. Lists without a key are compared element by element, each with each.
pub(super) const MOST_STEPS: u64 = 5_000_000;

/// One field of a row: an expected value, that of the answer, or both.
pub(super) struct Leaf<'v> {
    /// The pointer with `*` for indexes and entries.
    pub(super) field: &'v str,
    /// The pointer in the answer, or in the expected value if the answer has none.
    pub(super) pointer: &'v str,
    pub(super) expected: Option<&'v Value>,
    pub(super) given: Option<&'v Value>,
    pub(super) is_equal: bool,
    /// Whether the values are those of an enum, or booleans.
    pub(super) is_label: bool,
}

/// Two values at one place.
#[derive(Clone, Copy)]
struct Pair<'v> {
    expected: Option<&'v Value>,
    given: Option<&'v Value>,
    /// Whether they are elements of a list, in which null is a value.
    is_element: bool,
}

/// The two pointers of a place.
#[derive(Default)]
struct Path {
    field: String,
    pointer: String,
}

impl Path {
    /// Calls a function with both pointers extended.
    fn within<R>(&mut self, field: &str, pointer: &str, run: impl FnOnce(&mut Self) -> R) -> R {
        let lengths = (self.field.len(), self.pointer.len());
        push_segment(&mut self.field, field);
        push_segment(&mut self.pointer, pointer);
        let result = run(self);
        self.field.truncate(lengths.0);
        self.pointer.truncate(lengths.1);
        result
    }
}

/// The comparison takes too many steps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooCostly;

/// The number of equal fields of two values.
#[derive(Debug, Default, Clone, Copy)]
struct Likeness {
    expected: u32,
    given: u32,
    matched: u32,
}

impl Likeness {
    fn is_equal(self) -> bool {
        self.matched == self.expected && self.matched == self.given
    }

    fn share(self) -> f64 {
        2.0 * f64::from(self.matched) / f64::from((self.expected + self.given).max(1))
    }
}

type Sink<'s> = &'s mut dyn FnMut(Leaf<'_>);

/// Compares two values, and calls `sink` with each field. `None` is the value of a row that failed. Fails after
/// `most_steps` pairs of values.
pub(super) fn compare(
    rules: &Compare,
    most_steps: u64,
    root: &Place<'_>,
    (expected, given): (&Value, Option<&Value>),
    sink: Sink<'_>,
) -> Result<(), TooCostly> {
    let pair = Pair { expected: Some(expected), given, is_element: false };
    Walker { rules, steps_left: most_steps }.walk(root, &mut Path::default(), pair, sink)
}

struct Walker<'r> {
    rules: &'r Compare,
    steps_left: u64,
}

impl Walker<'_> {
    fn walk(
        &mut self,
        place: &Place<'_>,
        at: &mut Path,
        pair: Pair<'_>,
        sink: Sink<'_>,
    ) -> Result<(), TooCostly> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(TooCostly)?;
        if self.rules.ignores(&at.field) {
            return Ok(());
        }
        let present = |value: &&Value| is_value(place, value, pair.is_element);
        let (expected, given) = (pair.expected.filter(present), pair.given.filter(present));
        variants(place, at, expected, given, &mut *sink);
        let (expected, given) = (unnamed(place, expected), unnamed(place, given));
        self.values(place, at, Pair { expected, given, ..pair }, sink)
    }

    /// Compares two values whose variants are compared already.
    fn values(
        &mut self,
        place: &Place<'_>,
        at: &mut Path,
        pair: Pair<'_>,
        sink: Sink<'_>,
    ) -> Result<(), TooCostly> {
        match (pair.expected, pair.given) {
            (None, None) => Ok(()),
            _ if all(pair, is_full_object) => self.members(place, at, pair, sink),
            _ if all(pair, Value::is_array) => self.list(place, at, pair, sink),
            (Some(_), Some(_)) if any(pair, is_nested) => {
                self.values(place, at, Pair { given: None, ..pair }, &mut *sink)?;
                self.values(place, at, Pair { expected: None, ..pair }, sink)
            }
            _ => {
                self.leaf(place, at, pair, sink);
                Ok(())
            }
        }
    }

    fn leaf(&self, place: &Place<'_>, at: &Path, pair: Pair<'_>, sink: Sink<'_>) {
        let is_equal = match (pair.expected, pair.given) {
            (Some(expected), Some(given)) => {
                equal::is_equal(self.rules, place, &at.field, expected, given)
            }
            _ => false,
        };
        sink(Leaf {
            field: &at.field,
            pointer: &at.pointer,
            expected: pair.expected,
            given: pair.given,
            is_equal,
            is_label: place.is_label(),
        });
    }

    /// Compares objects member by member: first those that the schema lists.
    fn members(
        &mut self,
        place: &Place<'_>,
        at: &mut Path,
        pair: Pair<'_>,
        sink: Sink<'_>,
    ) -> Result<(), TooCostly> {
        let expected = pair.expected.and_then(Value::as_object);
        let given = pair.given.and_then(Value::as_object);
        let mut seen = std::collections::HashSet::new();
        let listed = place.names().into_iter();
        let keys = expected.into_iter().chain(given).flat_map(|members| members.keys());
        for name in listed.chain(keys.map(String::as_str)) {
            if !seen.insert(name) {
                continue;
            }
            let expected_member = expected.and_then(|members| members.get(name));
            let is_unlabelled = expected.is_some() && expected_member.is_none();
            if is_unlabelled && self.rules.skips_unlabelled() {
                continue;
            }
            let given_member = given.and_then(|members| members.get(name));
            let inner = Pair { expected: expected_member, given: given_member, is_element: false };
            let (member, segment) = place.member(name);
            let field = match segment {
                Segment::Name(name) => name,
                Segment::Entry => "*",
            };
            at.within(field, name, |at| self.walk(&member, at, inner, &mut *sink))?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        place: &Place<'_>,
        at: &mut Path,
        pair: Pair<'_>,
        sink: Sink<'_>,
    ) -> Result<(), TooCostly> {
        let expected = items(pair.expected);
        let given = items(pair.given);
        let tuple = place.tuple_length();
        let pairs = if tuple > 0 || self.rules.is_ordered(&at.field) {
            by_position(expected.len(), given.len())
        } else {
            self.pairs(&place.elements(), at, expected, given)?
        };
        for (one, other) in pairs {
            let index = other.or(one).unwrap_or_default();
            let inner = Pair {
                expected: one.and_then(|index| expected.get(index)),
                given: other.and_then(|index| given.get(index)),
                is_element: true,
            };
            let text = index.to_string();
            let field = if index < tuple { text.as_str() } else { "*" };
            let element = place.element(index);
            at.within(field, &text, |at| self.walk(&element, at, inner, &mut *sink))?;
        }
        Ok(())
    }

    /// Returns the pairs of elements, by their keys or by their likeness. Elements without a partner are last.
    fn pairs(
        &mut self,
        element: &Place<'_>,
        at: &mut Path,
        expected: &[Value],
        given: &[Value],
    ) -> Result<Pairs, TooCostly> {
        let mut open = Open::new(expected.len(), given.len());
        let keys: Vec<String> =
            self.rules.keys_of(&at.field).into_iter().map(str::to_owned).collect();
        if !keys.is_empty() {
            self.pair_by_keys(element, at, (expected, given), &keys, &mut open)?;
        }
        // Equal elements at the same position need no search.
        for index in 0..expected.len().min(given.len()) {
            if open.is_open(index, index) {
                let likeness = self.likeness(element, at, (expected, given), (index, index))?;
                if likeness.is_equal() {
                    open.pair(index, index);
                }
            }
        }
        let mut candidates = Vec::new();
        for one in open.expected() {
            for other in open.given() {
                let likeness = self.likeness(element, at, (expected, given), (one, other))?;
                if likeness.matched > 0 || likeness.is_equal() {
                    candidates.push((likeness.share(), one, other));
                }
            }
        }
        let key = |&(share, one, other): &(f64, usize, usize)| (-share, one.abs_diff(other), one);
        candidates.sort_by(|left, right| {
            let ((left, left_by, left_at), (right, right_by, right_at)) = (key(left), key(right));
            left.total_cmp(&right).then((left_by, left_at).cmp(&(right_by, right_at)))
        });
        for (_, one, other) in candidates {
            if open.is_open(one, other) {
                open.pair(one, other);
            }
        }
        Ok(open.into_pairs())
    }

    /// Pairs the elements whose keys are equal. Elements that have all keys and no partner stay alone.
    fn pair_by_keys(
        &mut self,
        element: &Place<'_>,
        at: &mut Path,
        (expected, given): (&[Value], &[Value]),
        keys: &[String],
        open: &mut Open,
    ) -> Result<(), TooCostly> {
        let has_keys = |value: &Value| {
            keys.iter().all(|key| value.pointer(key).is_some_and(|value| !value.is_null()))
        };
        let keyed = |items: &[Value]| -> Vec<usize> {
            let with_keys = items.iter().enumerate().filter(|(_, item)| has_keys(item));
            with_keys.map(|(index, _)| index).collect()
        };
        let (ones, others) = (keyed(expected), keyed(given));
        for &one in &ones {
            for &other in &others {
                if !open.is_open(one, other) {
                    continue;
                }
                let (Some(left), Some(right)) = (expected.get(one), given.get(other)) else {
                    continue;
                };
                let mut is_same = true;
                for key in keys {
                    is_same = is_same && self.has_same_key(element, at, key, (left, right))?;
                }
                if is_same {
                    open.pair(one, other);
                    break;
                }
            }
        }
        open.leave_alone(&ones, &others);
        Ok(())
    }

    fn has_same_key(
        &mut self,
        element: &Place<'_>,
        at: &Path,
        key: &str,
        (one, other): (&Value, &Value),
    ) -> Result<bool, TooCostly> {
        let mut place = element.clone();
        for segment in crate::schema::segments(key) {
            place = place.inside(&segment).unwrap_or(place);
        }
        let field = format!("{}/*{key}", at.field);
        let mut path = Path { pointer: field.clone(), field };
        let pair =
            Pair { expected: one.pointer(key), given: other.pointer(key), is_element: false };
        Ok(self.count(&place, &mut path, pair)?.is_equal())
    }

    fn likeness(
        &mut self,
        element: &Place<'_>,
        at: &mut Path,
        (expected, given): (&[Value], &[Value]),
        (one, other): (usize, usize),
    ) -> Result<Likeness, TooCostly> {
        let (expected, given) = (expected.get(one), given.get(other));
        let pair = Pair { expected, given, is_element: true };
        at.within("*", "*", |at| self.count(element, at, pair))
    }

    fn count(
        &mut self,
        place: &Place<'_>,
        at: &mut Path,
        pair: Pair<'_>,
    ) -> Result<Likeness, TooCostly> {
        let mut likeness = Likeness::default();
        self.walk(place, at, pair, &mut |leaf| {
            likeness.expected += u32::from(leaf.expected.is_some());
            likeness.given += u32::from(leaf.given.is_some());
            likeness.matched += u32::from(leaf.is_equal);
        })?;
        Ok(likeness)
    }
}

/// The elements of two lists that have no partner yet.
struct Open {
    pairs: Vec<(usize, usize)>,
    expected: Vec<State>,
    given: Vec<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Paired,
    Alone,
}

impl Open {
    fn new(expected: usize, given: usize) -> Self {
        let (expected, given) = (vec![State::Open; expected], vec![State::Open; given]);
        Self { pairs: Vec::new(), expected, given }
    }

    fn is_open(&self, one: usize, other: usize) -> bool {
        self.expected.get(one) == Some(&State::Open) && self.given.get(other) == Some(&State::Open)
    }

    fn pair(&mut self, one: usize, other: usize) {
        set(&mut self.expected, one, State::Paired);
        set(&mut self.given, other, State::Paired);
        self.pairs.push((one, other));
    }

    /// Lets those of these elements that are open have no partner.
    fn leave_alone(&mut self, expected: &[usize], given: &[usize]) {
        let lists = [(&mut self.expected, expected), (&mut self.given, given)];
        for (states, indexes) in lists {
            for &index in indexes {
                if states.get(index) == Some(&State::Open) {
                    set(states, index, State::Alone);
                }
            }
        }
    }

    fn expected(&self) -> Vec<usize> {
        indexes(&self.expected, |state| state == State::Open)
    }

    fn given(&self) -> Vec<usize> {
        indexes(&self.given, |state| state == State::Open)
    }

    fn into_pairs(mut self) -> Pairs {
        self.pairs.sort_unstable();
        let is_alone = |state| state != State::Paired;
        let missing = indexes(&self.expected, is_alone).into_iter().map(|one| (Some(one), None));
        let extra = indexes(&self.given, is_alone).into_iter().map(|other| (None, Some(other)));
        let pairs = self.pairs.into_iter().map(|(one, other)| (Some(one), Some(other)));
        pairs.chain(missing).chain(extra).collect()
    }
}

fn set(states: &mut [State], index: usize, state: State) {
    if let Some(slot) = states.get_mut(index) {
        *slot = state;
    }
}

fn indexes(states: &[State], is_wanted: impl Fn(State) -> bool) -> Vec<usize> {
    let wanted = states.iter().enumerate().filter(|(_, state)| is_wanted(**state));
    wanted.map(|(index, _)| index).collect()
}

/// Compares the names of variants, in a union whose variants are named by their only member.
fn variants(
    place: &Place<'_>,
    at: &Path,
    expected: Option<&Value>,
    given: Option<&Value>,
    sink: Sink<'_>,
) {
    let name = |value: Option<&Value>| Some(Value::from(place.variant(value?)?));
    let (expected, given) = (name(expected), name(given));
    if expected.is_some() || given.is_some() {
        sink(Leaf {
            field: &at.field,
            pointer: &at.pointer,
            expected: expected.as_ref(),
            given: given.as_ref(),
            is_equal: expected == given,
            is_label: true,
        });
    }
}

fn by_position(expected: usize, given: usize) -> Pairs {
    let at = |index: usize, length: usize| (index < length).then_some(index);
    (0..expected.max(given)).map(|index| (at(index, expected), at(index, given))).collect()
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns whether there is a value, and not only a place for one.
fn is_value(place: &Place<'_>, value: &Value, is_element: bool) -> bool {
    match value {
        Value::Null => is_element,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty() || place.is_empty_object(),
        _ => true,
    }
}

/// Returns a value, unless it is the name of a variant and nothing else.
fn unnamed<'v>(place: &Place<'_>, value: Option<&'v Value>) -> Option<&'v Value> {
    value.filter(|value| !(value.is_string() && place.variant(value).is_some()))
}

fn is_full_object(value: &Value) -> bool {
    value.as_object().is_some_and(|members| !members.is_empty())
}

fn is_nested(value: &Value) -> bool {
    is_full_object(value) || value.is_array()
}

fn all(pair: Pair<'_>, is: fn(&Value) -> bool) -> bool {
    pair.expected.is_none_or(is) && pair.given.is_none_or(is)
}

fn any(pair: Pair<'_>, is: fn(&Value) -> bool) -> bool {
    pair.expected.is_some_and(is) || pair.given.is_some_and(is)
}
