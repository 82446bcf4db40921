//! A chosen candidate, and the [`Reading`] that is made of it.

use super::Reader;
use super::candidates::Candidate;
use super::error::ReadError;
use super::fit::{FitNotes, Fitter};
use super::report::{CutEnding, Level, Misfit, Reading, Repair, RepairKind, excerpt};
use crate::contract::shape::ShapeKind;

/// The candidate that was chosen, with its cost.
pub(super) struct ChosenCandidate {
    pub(super) candidate: Candidate,
    pub(super) cost: u32,
    /// The repair that records the position of the answer, if it does not stand alone.
    pub(super) located: Option<RepairKind>,
}

/// Returns the text of a candidate, trimmed.
pub(super) fn candidate_text<'t>(text: &'t str, one: &Candidate) -> &'t str {
    text.get(one.start..one.end.min(text.len())).unwrap_or_default().trim()
}

/// Creates the repair that records the position of the answer in a text.
pub(super) fn location_repair(kind: RepairKind, text: &str, candidate: &Candidate) -> Repair {
    let answer = text.get(candidate.start..candidate.end.min(text.len())).unwrap_or_default();
    Repair { pointer: String::new(), kind, before: excerpt(text.trim()), after: excerpt(answer) }
}

/// Builds the reading of a candidate. A cut candidate gets a misfit at the position of the cut.
pub(super) fn build_reading(
    fitter: &mut Fitter<'_>,
    candidate: &Candidate,
    rivals: usize,
) -> Reading {
    let mut out = FitNotes::default();
    let value = fitter.build(candidate.root, &mut out).unwrap_or_default();
    let mut misfits = out.misfits;
    if candidate.ending == CutEnding::Cut && fitter.level != Level::Salvage {
        let (expected, found) = ("the rest of the value", "the end of the reply");
        let pointer = fitter.tree.cut_pointer(candidate.root);
        let (expected, found) = (expected.to_owned(), found.to_owned());
        misfits.insert(0, Misfit { pointer, expected, found, unseen: true });
    }
    let (repairs, ending) = (out.repairs, candidate.ending.clone());
    Reading { value, repairs, misfits, ending, rivals }
}

/// Creates the error for a text without a value of the root's kind.
pub(super) fn no_value(reader: &Reader<'_>, text: &str) -> ReadError {
    let expected = match reader.shape.kind(reader.shape.root()) {
        ShapeKind::Object(_) => "JSON object",
        ShapeKind::List(_) => "JSON list",
        ShapeKind::Choice(_) => "value of the enum",
        ShapeKind::Integer(..) | ShapeKind::Number(_) => "number",
        ShapeKind::Bool => "boolean",
        _ => "JSON value",
    };
    ReadError::NoValue {
        expected: expected.to_owned(),
        excerpt: excerpt(text.trim_start()).into_owned(),
    }
}
