//! The steps of a reading: JSON first, then what could be the answer, then the cheapest of it.

use serde_json::Value;

use super::candidates::{self, Candidate, SECOND_TRIES};
use super::collect::{self, Collected};
use super::error::ReadError;
use super::fit::{Fitter, Growing, Out, cost};
use super::report::{Ending, Level, Reading, Repair, RepairKind, excerpt};
use super::scan::{Role, ScanError, Sink};
use super::strict::{self, Fits};
use super::tree::{Kind, NONE, Tree};
use super::{Reader, markup, unguided};
use crate::contract::shape::{Form, Shape};

/// Reads a whole text; `search` says whether the answer may stand in prose.
pub(super) fn whole(reader: &Reader<'_>, text: &str, search: bool) -> Result<Reading, ReadError> {
    let limits = reader.limits;
    if text.len() > limits.bytes {
        return Err(ScanError::TooLarge(limits.bytes).into());
    }
    let form = reader.shape.form(reader.shape.root());
    if search && matches!(form, Form::Text(_)) && reader.level != Level::Strict {
        return Ok(reading(Value::String(text.to_owned())));
    }
    let strict = reader.level == Level::Strict;
    let json = match serde_json::from_str::<Value>(text) {
        Ok(mut value) => match strict::fits(&value, reader.shape) {
            Fits::Exactly => return Ok(reading(value)),
            Fits::WithAbsent if strict => return Ok(reading(value)),
            Fits::WithAbsent => {
                let mut repairs = Vec::new();
                strict::fill(&mut value, reader.shape, &mut repairs);
                return Ok(Reading { repairs, ..reading(value) });
            }
            Fits::Not if strict => {
                let misfits = strict::misfits(&value, reader.shape);
                return Ok(Reading { misfits, ..reading(value) });
            }
            Fits::Not => true,
        },
        Err(error) if strict => {
            return Err(ReadError::NotJson {
                message: error.to_string(),
                line: error.line(),
                column: error.column(),
            });
        }
        Err(_) => false,
    };
    if matches!(form, Form::Any) {
        return unguided::read(reader, text);
    }
    if !search {
        return as_it_is(reader, text);
    }
    if json {
        // JSON that does not fit as it is: converted as it stands, if that makes it fit.
        let plain = as_it_is(reader, text)?;
        if plain.fits() {
            return Ok(plain);
        }
        return Ok(searched(reader, text).ok().filter(Reading::fits).unwrap_or(plain));
    }
    searched(reader, text)
}

fn reading(value: Value) -> Reading {
    Reading { value, repairs: Vec::new(), misfits: Vec::new(), ending: Ending::Whole, rivals: 0 }
}

pub(super) fn no_value(reader: &Reader<'_>, text: &str) -> ReadError {
    let expected = match reader.shape.form(reader.shape.root()) {
        Form::Object(_) => "JSON object",
        Form::List(_) => "JSON list",
        Form::Choice(_) => "value of the enum",
        Form::Integer(_) | Form::Number(_) => "number",
        Form::Bool => "boolean",
        _ => "JSON value",
    };
    ReadError::NoValue {
        expected: expected.to_owned(),
        excerpt: excerpt(text.trim_start()).into_owned(),
    }
}

/// A text that is the value: repaired, and not searched.
fn as_it_is(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let start = text.len() - text.trim_start().len();
    let mut tries = SECOND_TRIES;
    let tree = Tree::with_capacity(text.len()).knowing(reader.shape);
    let (mut tree, scanned) = candidates::scan_whole(text, start, tree, reader.limits, &mut tries);
    let candidate = scanned?;
    tree.settle();
    if candidate.root == NONE {
        return Err(no_value(reader, text));
    }
    let rest = text.get(candidate.end..).unwrap_or_default();
    let container = matches!(tree.node(candidate.root).kind, Kind::Object | Kind::List);
    if container && rest.contains(['{', '[']) {
        let (tree, more) = candidates::bracketed(text, candidate.end, tree, reader.limits, false);
        let mut found = vec![candidate];
        found.extend(more.unwrap_or_default());
        let mut fitter = Fitter::new(text, tree, reader.shape, reader.level, reader.limits);
        let best = best(&mut fitter, &found, text);
        return best.map_or_else(
            || Err(no_value(reader, text)),
            |(best, left_out)| Ok(chosen(&mut fitter, &found, &best, left_out, text)),
        );
    }
    let mut fitter = Fitter::new(text, tree, reader.shape, reader.level, reader.limits);
    Ok(conclude(&mut fitter, &candidate, 0))
}

/// What was found, and what it costs.
pub(super) struct Choice {
    pub(super) candidate: Candidate,
    pub(super) cost: u32,
    pub(super) located: Option<RepairKind>,
}

/// A text with the answer somewhere in it.
fn searched(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let from = candidates::behind_thoughts(text);
    let limits = reader.limits;
    let tree = Tree::with_capacity(text.len()).knowing(reader.shape);
    let (tree, found) = candidates::bracketed(text, from, tree, limits, false);
    let found = found?;
    let mut fitter = Fitter::new(text, tree, reader.shape, reader.level, limits);
    if let Some(reading) = only_one(&mut fitter, &found, text) {
        return Ok(reading);
    }
    let mut left_out = Vec::new();
    let mut best = best(&mut fitter, &found, text).map(|(best, others)| {
        left_out = others;
        best
    });
    let of_several = |best: &Choice| best.located == Some(RepairKind::Collected);
    if best.as_ref().is_none_or(|best| best.cost >= cost::MISFIT && !of_several(best)) {
        best = better(&mut fitter, reader, text, from, &found, best)?;
    }
    let Some(best) = best else { return Err(no_value(reader, text)) };
    Ok(chosen(&mut fitter, &found, &best, left_out, text))
}

/// Builds what was chosen, and says where it stood and what was not taken.
fn chosen(
    fitter: &mut Fitter<'_>,
    found: &[Candidate],
    best: &Choice,
    left_out: Vec<Repair>,
    text: &str,
) -> Reading {
    let rivals = rivals(fitter, found, best, text);
    let mut reading = conclude(fitter, &best.candidate, rivals);
    if let Some(kind) = best.located {
        reading.repairs.insert(0, place(kind, text, &best.candidate));
    }
    reading.repairs.extend(left_out);
    reading
}

/// Says where in a text the answer stood.
pub(super) fn place(kind: RepairKind, text: &str, candidate: &Candidate) -> Repair {
    let answer = text.get(candidate.start..candidate.end.min(text.len())).unwrap_or_default();
    Repair { pointer: String::new(), kind, before: excerpt(text.trim()), after: excerpt(answer) }
}

/// Whether nothing but white space stands around a candidate.
fn stands_alone(text: &str, candidate: &Candidate) -> bool {
    let before = text.get(..candidate.start).unwrap_or_default();
    let behind = text.get(candidate.end.min(text.len())..).unwrap_or_default();
    before.trim().is_empty() && behind.trim().is_empty()
}

/// The reading of a text that holds one value, and that one fits: nothing need be weighed.
fn only_one(fitter: &mut Fitter<'_>, found: &[Candidate], text: &str) -> Option<Reading> {
    let [only] = found else { return None };
    if only.doubt > 0 {
        return None;
    }
    fitter.tree.settle();
    let mut reading = conclude(fitter, only, 0);
    if !reading.fits() {
        return None;
    }
    if !stands_alone(text, only) {
        reading.repairs.insert(0, place(RepairKind::Located, text, only));
    }
    Some(reading)
}

/// Several candidates as the list that is asked for, or the one that costs least.
fn best(fitter: &mut Fitter<'_>, found: &[Candidate], text: &str) -> Option<(Choice, Vec<Repair>)> {
    fitter.tree.settle();
    match collect::collected(fitter, found, text) {
        Some(Collected { choice, left_out }) => Some((choice, left_out)),
        None => cheapest(fitter, found, text).map(|choice| (choice, Vec::new())),
    }
}

/// The candidate that costs least.
fn cheapest(fitter: &mut Fitter<'_>, found: &[Candidate], text: &str) -> Option<Choice> {
    let mut best: Option<Choice> = None;
    for candidate in found {
        let mut cost = fitter.cost(candidate.root).saturating_add(candidate.doubt);
        if candidate.ending != Ending::Whole {
            cost = cost.saturating_add(1);
        }
        let better = match &best {
            None => true,
            Some(best) => {
                cost < best.cost || cost == best.cost && candidate.fenced && !best.candidate.fenced
            }
        };
        if better {
            let located = (!stands_alone(text, candidate)).then_some(RepairKind::Located);
            best = Some(Choice { candidate: candidate.clone(), cost, located });
        }
    }
    best
}

/// Where no bracketed value fits: the text as one value, markup, escaped JSON, and values further
/// inside of what was opened and never closed.
fn better<'s>(
    fitter: &mut Fitter<'s>,
    reader: &Reader<'s>,
    text: &'s str,
    from: usize,
    found: &[Candidate],
    best: Option<Choice>,
) -> Result<Option<Choice>, ReadError> {
    let mut more: Vec<(Candidate, Option<RepairKind>)> = Vec::new();
    let mut prose = None;
    let covered = found.iter().any(|one| {
        text[from..one.start].trim().is_empty() && text[one.end.min(text.len())..].trim().is_empty()
    });
    if !covered && (found.is_empty() || !is_container(reader.shape)) {
        let answer = &text[from..];
        let plain = candidates::plain(answer);
        if plain.starts_with(['"', '\'', '“', '`']) {
            let start = (plain.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            let mut tries = 1;
            let tree = std::mem::take(&mut fitter.tree);
            let (tree, scanned) =
                candidates::scan_whole(text, start, tree, reader.limits, &mut tries);
            fitter.tree = tree;
            let candidate = scanned?;
            let rest = text.get(candidate.end..).unwrap_or_default();
            if rest.trim_matches(|char: char| char.is_whitespace() || char == '`').is_empty() {
                more.push((candidate, None));
            }
        }
        if !plain.is_empty() {
            let candidate = candidates::prose(plain, text, &mut fitter.tree);
            prose = Some(candidate.root);
            more.push((candidate, None));
            if plain.len() < answer.trim().len() {
                let candidate = candidates::prose(answer.trim(), text, &mut fitter.tree);
                more.push((candidate, None));
            }
        }
    }
    if let Some(inner) = candidates::unescaped(&text[from..]) {
        more.push((escaped(fitter, &inner, from, text.len()), None));
    }
    let markup =
        if covered { None } else { markup::candidate(text, from, &mut fitter.tree, reader.limits) };
    if let Some(candidate) = markup {
        more.push((candidate, Some(RepairKind::Markup)));
    }
    let restarts = restarted(fitter, reader, text, found);
    more.extend(restarts.into_iter().map(|candidate| (candidate, Some(RepairKind::Located))));
    fitter.tree.resettle();
    let mut best = best;
    for (candidate, located) in more {
        fitter.prose = prose
            .filter(|&prose| {
                candidate.root >= prose
                    && located.is_none()
                    && fitter.tree.node(candidate.root).kind == Kind::Bare
            })
            .map(|_| candidate.root);
        let cost = fitter.cost(candidate.root).saturating_add(candidate.doubt);
        if best.as_ref().is_none_or(|best| cost < best.cost && cost < cost::MISFIT) {
            // Prose that fits nothing is no value at all.
            if cost >= cost::MISFIT && fitter.prose.is_some() {
                continue;
            }
            best = Some(Choice { candidate, cost, located });
        }
    }
    Ok(best)
}

fn is_container(shape: &Shape) -> bool {
    matches!(shape.form(shape.root()), Form::Object(object) if object.fields.len() != 1)
}

/// JSON whose quotes were all escaped once too often, as a string that holds it.
fn escaped(fitter: &mut Fitter<'_>, inner: &str, start: usize, end: usize) -> Candidate {
    let tree = &mut fitter.tree;
    tree.next_root();
    tree.string_begin(Role::Value, start);
    tree.text(inner);
    tree.string_end(end, true);
    Candidate {
        root: tree.root,
        ending: Ending::Whole,
        guessed: false,
        start,
        end,
        fenced: false,
        doubt: 1,
    }
}

/// Values inside of what was opened and never closed: a bracket in prose hides the answer.
fn restarted(
    fitter: &mut Fitter<'_>,
    reader: &Reader<'_>,
    text: &str,
    found: &[Candidate],
) -> Vec<Candidate> {
    let mut more = Vec::new();
    let Some(mut at) = found
        .iter()
        .filter(|candidate| candidate.ending != Ending::Whole || candidate.doubt > 0)
        .map(|candidate| candidate.start + 1)
        .next()
    else {
        return more;
    };
    for _ in 0..8 {
        let Some(bracket) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..]) else { break };
        let start = at + bracket;
        let tree = std::mem::take(&mut fitter.tree);
        let (tree, scanned) = candidates::scan_at(text, start, tree, reader.limits, false);
        fitter.tree = tree;
        let Ok(mut candidate) = scanned else { break };
        at = start + 1;
        if candidate.root != NONE {
            candidate.doubt += 10;
            more.push(candidate);
        }
    }
    more
}

/// What a candidate says, as it was written.
pub(super) fn said<'t>(text: &'t str, one: &Candidate) -> &'t str {
    text.get(one.start..one.end.min(text.len())).unwrap_or_default().trim()
}

/// How many other candidates fit as well, and say something else.
fn rivals(fitter: &mut Fitter<'_>, found: &[Candidate], best: &Choice, text: &str) -> usize {
    if best.cost >= cost::MISFIT || best.located == Some(RepairKind::Collected) {
        return 0;
    }
    let mut rivals = 0;
    // What is not in the list may be lost to it, however it is written.
    let most = if collect::asks_for_list(fitter.shape) { cost::MISFIT - 1 } else { best.cost + 1 };
    for other in found.iter().filter(|other| other.root != best.candidate.root) {
        if candidates::is_empty(&fitter.tree, other) {
            continue;
        }
        let cost = fitter.cost(other.root).saturating_add(other.doubt);
        rivals += usize::from(cost <= most && said(text, other) != said(text, &best.candidate));
    }
    rivals
}

/// Builds the value of the candidate that was chosen.
pub(super) fn conclude(fitter: &mut Fitter<'_>, candidate: &Candidate, rivals: usize) -> Reading {
    let mut out = Out::default();
    let value = fitter.build(candidate.root, &mut out).unwrap_or_default();
    Reading {
        value,
        repairs: out.repairs,
        misfits: out.misfits,
        ending: candidate.ending.clone(),
        rivals: rivals + out.rivals,
    }
}

/// Reads a text that is cut off.
pub(super) fn partial(
    reader: &Reader<'_>,
    text: &str,
    growing: Growing,
) -> Result<Reading, ReadError> {
    if text.len() > reader.limits.bytes {
        return Err(ScanError::TooLarge(reader.limits.bytes).into());
    }
    let shape = reader.shape;
    let from = candidates::behind_thoughts(text);
    if matches!(shape.form(shape.root()), Form::Text(_)) {
        return Ok(Reading { ending: Ending::Cut, ..reading(Value::String(text.to_owned())) });
    }
    let tree = Tree::with_capacity(text.len()).knowing(reader.shape);
    let (mut tree, found) = candidates::bracketed(text, from, tree, reader.limits, true);
    let mut found = found?;
    if found.is_empty() {
        let start = from + text[from..].len() - text[from..].trim_start().len();
        let (back, scanned) = candidates::scan_at(text, start, tree, reader.limits, false);
        tree = back;
        let candidate = scanned?;
        if candidate.root == NONE
            || tree.node(candidate.root).kind == Kind::Bare
                && super::numbers::plain(tree.text(candidate.root)).is_none()
        {
            return Err(no_value(reader, text));
        }
        found.push(candidate);
    }
    let mut fitter = Fitter::new(text, tree, shape, reader.level, reader.limits);
    fitter.partial = Some(growing);
    let Some((best, _)) = best(&mut fitter, &found, text) else {
        return Err(no_value(reader, text));
    };
    let mut out = Out::default();
    let Some(value) = fitter.build(best.candidate.root, &mut out) else {
        return Err(no_value(reader, text));
    };
    Ok(Reading {
        value,
        repairs: out.repairs,
        misfits: out.misfits,
        ending: best.candidate.ending,
        rivals: 0,
    })
}
