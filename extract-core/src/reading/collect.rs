//! Collects several values of a text into the list that the schema asks for: JSON lines,
//! consecutive blocks, a list in several pieces. Decides which values belong to the list.

use std::collections::HashSet;

use super::candidates::Candidate;
use super::chosen::{ChosenCandidate, candidate_text};
use super::fit::{Fitter, cost};
use super::report::{CutEnding, Repair, RepairKind, excerpt};
use super::tree::{Kind, NONE, NodeId, Tree};
use crate::contract::shape::{Shape, ShapeId, ShapeKind};
use crate::contract::wrapper;

/// The relation of a value to the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListPiece {
    /// One element.
    Element,
    /// The whole list, or a piece of it.
    List,
    /// A list without elements.
    Empty,
    /// Neither a fitting element nor a fitting list.
    Other,
}

/// The collected list, with the values that were left out of it.
pub(super) struct Collected {
    pub(super) choice: ChosenCandidate,
    pub(super) left_out: Vec<Repair>,
}

/// Collects all elements of the list, at any position in the text. Returns `None` if the schema
/// asks for no list, or if fewer than two values belong to it.
///
/// Several lists are joined only if no prose stands between them. Otherwise one of them may be a
/// draft, and the function returns `None`.
pub(super) fn collected(
    fitter: &mut Fitter<'_>,
    found: &[Candidate],
    text: &str,
) -> Option<Collected> {
    if found.len() < 2 {
        return None;
    }
    let wanted = TargetList::of(fitter.shape)?;
    let parts: Vec<ListPiece> = found.iter().map(|one| wanted.part(fitter, one)).collect();
    let has = |wanted: ListPiece| parts.contains(&wanted);
    if !has(ListPiece::Element) && !has(ListPiece::List) {
        return None;
    }
    let runs = runs(found, text);
    let fitting = || runs.iter().zip(&parts).filter(|(_, part)| **part != ListPiece::Other);
    let together = fitting().all(|(run, _)| Some(run) == fitting().next().map(|first| first.0));
    if has(ListPiece::List) && !together {
        return None;
    }
    let alive: HashSet<usize> = fitting().map(|(run, _)| *run).collect();
    let mut roots: Vec<NodeId> = Vec::with_capacity(found.len());
    let mut taken: Vec<&Candidate> = Vec::with_capacity(found.len());
    let mut left_out = Vec::new();
    let mut lists = HashSet::new();
    for ((one, part), run) in found.iter().zip(&parts).zip(&runs) {
        // A value that nearly fits, among elements, is a wrong element and must be reported as
        // such.
        let among = *part == ListPiece::Other && alive.contains(run);
        match part {
            ListPiece::Element => roots.push(one.root),
            // The same list again is a repetition.
            ListPiece::List if lists.insert(candidate_text(text, one)) => {
                roots.extend(wanted.elements_of(&fitter.tree, one.root)?);
            }
            ListPiece::Empty => continue,
            ListPiece::Other if among && wanted.is_near_miss(fitter, one.root) => {
                roots.push(one.root);
            }
            ListPiece::List | ListPiece::Other => {
                left_out.push(dropped(text, one));
                continue;
            }
        }
        taken.push(one);
    }
    if taken.len() < 2 {
        return None;
    }
    let is_cut = |one: &Candidate, part: ListPiece| match one.ending {
        CutEnding::Whole => false,
        CutEnding::Cut => true,
        // An object without its closing bracket lacks members.
        CutEnding::Unclosed => {
            part == ListPiece::Other && fitter.tree.node(one.root).kind == Kind::Object
        }
    };
    let cut = found.iter().zip(&parts).any(|(one, part)| is_cut(one, *part));
    let ending = if cut { CutEnding::Cut } else { CutEnding::Whole };
    let (start, end) = (taken.first()?.start, taken.last()?.end);
    let root = fitter.tree.gather(&roots);
    fitter.tree.resettle();
    let cost = fitter.cost(root).saturating_add(1);
    let candidate = Candidate { root, ending, guessed: false, start, end, fenced: false, doubt: 0 };
    let choice = ChosenCandidate { candidate, cost, located: Some(RepairKind::Collected) };
    Some(Collected { choice, left_out })
}

/// Returns whether several values can form the list that the schema asks for.
pub(super) fn asks_for_list(shape: &Shape) -> bool {
    TargetList::of(shape).is_some()
}

/// The list that the schema asks for.
struct TargetList {
    list: ShapeId,
    element: ShapeId,
    /// The root is the wrapper object that is added for providers.
    is_wrapped: bool,
}

impl TargetList {
    /// Returns the list at the root, or in the only field of the root. Returns `None` if there is
    /// no such list, or if its elements have different shapes by position.
    fn of(shape: &Shape) -> Option<Self> {
        let mut list = shape.root();
        let mut is_wrapped = false;
        if let ShapeKind::Object(object) = shape.kind(list) {
            let field = object.only_field()?;
            list = field.shape;
            is_wrapped = field.name == wrapper::KEY;
        }
        if let ShapeKind::Union(union) = shape.kind(list) {
            let [only] = union.options.as_slice() else { return None };
            list = *only;
        }
        match shape.kind(list) {
            ShapeKind::List(form) if form.prefix.is_empty() => {
                Some(Self { list, element: form.items?, is_wrapped })
            }
            _ => None,
        }
    }

    /// Returns the relation of a value to the list: the cheaper of element and list.
    fn part(&self, fitter: &mut Fitter<'_>, one: &Candidate) -> ListPiece {
        let element = fitter.cost_at(one.root, self.element);
        let list = fitter.cost(one.root).min(fitter.cost_at(one.root, self.list));
        if element < list.min(cost::MISFIT) {
            return ListPiece::Element;
        }
        if list >= cost::MISFIT {
            return ListPiece::Other;
        }
        match self.elements_of(&fitter.tree, one.root) {
            Some(elements) if elements.is_empty() => ListPiece::Empty,
            _ => ListPiece::List,
        }
    }

    /// Returns the elements of a piece of the list, or `None` if the node is not a list.
    fn elements_of(&self, tree: &Tree, id: NodeId) -> Option<Vec<NodeId>> {
        let list = match tree.node(id).kind {
            Kind::Object if self.is_wrapped => tree.only_child(id)?,
            _ => id,
        };
        if tree.node(list).kind != Kind::List {
            return None;
        }
        let mut elements = Vec::with_capacity(tree.count(list));
        let mut next = tree.node(list).first;
        while next != NONE {
            elements.push(next);
            next = tree.node(next).next;
        }
        Some(elements)
    }

    /// Returns whether a value that does not fit is still meant as an element, because it has one
    /// of the element's members.
    fn is_near_miss(&self, fitter: &Fitter<'_>, id: NodeId) -> bool {
        let (tree, shape) = (&fitter.tree, fitter.shape);
        let has_member = |form: &ShapeKind| match form {
            ShapeKind::Object(object) => tree.children(id).any(|child| {
                let key = tree.key(child);
                object.field(key, 0).or_else(|| object.field_like(key)).is_some()
            }),
            ShapeKind::List(_) => tree.node(id).kind == Kind::List,
            _ => false,
        };
        match shape.kind(self.element) {
            ShapeKind::Union(union) => union.options.iter().any(|&one| has_member(shape.kind(one))),
            form => has_member(form),
        }
    }
}

/// Returns the run number of each value. Values of one run have only list punctuation and fences
/// between them. A value inside a fence and one outside are in different runs.
fn runs(found: &[Candidate], text: &str) -> Vec<usize> {
    let mut run = 0;
    let mut before = None;
    let numbers = found.iter().map(|one| {
        let last = before.replace((one.end, one.fenced)).filter(|last| last.1 == one.fenced);
        let between = last.and_then(|(end, _)| text.get(end..one.start));
        run += usize::from(!between.is_some_and(is_separator));
        run
    });
    numbers.collect()
}

/// Returns whether the text between two values only separates them.
fn is_separator(between: &str) -> bool {
    between.lines().map(str::trim).all(|line| {
        let fence = line.strip_prefix("```").or_else(|| line.strip_prefix("~~~"));
        match fence {
            Some(tag) => tag.trim().chars().all(|char| char.is_ascii_alphanumeric()),
            None => line.chars().all(|char| {
                matches!(char, ',' | ';' | '-' | '*' | '.' | ')' | ' ') || char.is_ascii_digit()
            }),
        }
    })
}

/// Creates the repair for a value that is not in the collected list.
fn dropped(text: &str, candidate: &Candidate) -> Repair {
    Repair {
        pointer: String::new(),
        kind: RepairKind::DroppedItem,
        before: excerpt(candidate_text(text, candidate)),
        after: "".into(),
    }
}
