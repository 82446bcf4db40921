//! Runs the steps of a reading: parse strict JSON, find candidates, and choose the one with the
//! least cost.

use serde_json::Value;

use super::candidates::{self, Candidate, SECOND_TRIES};
use super::chosen::{ChosenCandidate, build_reading, candidate_text, location_repair, no_value};
use super::collect::{self, Collected};
use super::error::ReadError;
use super::fit::{FitNotes, Fitter, PartialMode, cost};
use super::report::{CutEnding, Level, Misfit, Reading, Repair, RepairKind};
use super::scan::{ScanError, Sink, TokenRole};
use super::tree::{Kind, NONE, Tree};
use super::{Reader, calls, markup, strict, thinking, unguided};
use crate::contract::shape::{Shape, ShapeKind};
use crate::contract::wrapper;

/// Reads a whole text. `search` says whether the answer may stand in prose.
pub(super) fn whole(reader: &Reader<'_>, text: &str, search: bool) -> Result<Reading, ReadError> {
    let limits = reader.limits;
    if text.len() > limits.bytes {
        return Err(ScanError::TooLarge(limits.bytes).into());
    }
    let form = reader.shape.kind(reader.shape.root());
    if let Some(read) = calls::unwrapped(reader, text) {
        return read;
    }
    if search && matches!(form, ShapeKind::Text(_)) && reader.level != Level::Strict {
        let answer = thinking::answer(text)?.of(text);
        return Ok(reading(Value::String(answer.to_owned())));
    }
    let is_strict = reader.level == Level::Strict;
    let is_json = match strict::parse(text) {
        Ok(parsed) if parsed.is_plain && strict::fits(&parsed.value, reader.shape) => {
            return Ok(reading(parsed.value));
        }
        Ok(parsed)
            if is_strict && parsed.is_plain && strict::fits_bare(&parsed.value, reader.shape) =>
        {
            return Ok(reading(wrapper::wrap_value(parsed.value)));
        }
        Ok(_) => true,
        Err(error) if is_strict => {
            return Err(ReadError::NotJson {
                message: error.to_string(),
                line: error.line(),
                column: error.column(),
            });
        }
        Err(_) => false,
    };
    if is_strict {
        return read_in_place(reader, text).map(unconverted);
    }
    if matches!(form, ShapeKind::Any) {
        return unguided::read(reader, text);
    }
    // In valid JSON, no inner value is taken as the answer. Arguments are searched only inside a
    // fence.
    if is_json || !search && !text.trim_start().starts_with("```") {
        return read_in_place(reader, text);
    }
    read_in_prose(reader, text)
}

/// Turns every conversion of a reading into a misfit, for [`Level::Strict`].
fn unconverted(mut reading: Reading) -> Reading {
    let (kept, made): (Vec<Repair>, Vec<Repair>) =
        reading.repairs.into_iter().partition(|repair| repair.kind == RepairKind::UnknownKey);
    reading.repairs = kept;
    reading.misfits.extend(made.into_iter().map(|repair| Misfit {
        pointer: repair.pointer,
        expected: String::from("a value that fits as it stands"),
        found: repair.before.into_owned(),
        unseen: true,
    }));
    reading
}

/// Creates the reading of a value that fits as written.
fn reading(value: Value) -> Reading {
    Reading { value, repairs: Vec::new(), misfits: Vec::new(), ending: CutEnding::Whole, rivals: 0 }
}

/// Reads a text that begins with the value: it is repaired, and not searched for.
fn read_in_place(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let start = text.len() - text.trim_start().len();
    let mut tries = SECOND_TRIES;
    let tree = Tree::with_capacity(text.len()).knowing(reader.shape);
    let (mut tree, scanned) = candidates::scan_whole(text, start, tree, reader.limits, &mut tries);
    let candidate = scanned?;
    tree.sort_notes();
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
    if !container && !rest.trim().is_empty() {
        return Err(no_value(reader, text));
    }
    let is_prose = tree.node(candidate.root).kind == Kind::Bare;
    let mut fitter = Fitter::new(text, tree, reader.shape, reader.level, reader.limits);
    fitter.prose = Some(candidate.root).filter(|_| is_prose);
    Ok(build_reading(&mut fitter, &candidate, 0))
}

/// Reads a text that holds the answer at an unknown position.
fn read_in_prose(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let answer = thinking::answer(text)?;
    let (from, text) = (answer.start, &text[..answer.end]);
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
    let of_several = |best: &ChosenCandidate| best.located == Some(RepairKind::Collected);
    if best.as_ref().is_none_or(|best| best.cost >= cost::MISFIT && !of_several(best)) {
        best = try_fallbacks(&mut fitter, reader, text, from, &found, best)?;
    }
    let Some(best) = best else { return Err(no_value(reader, text)) };
    Ok(chosen(&mut fitter, &found, &best, left_out, text))
}

/// Builds the value of the chosen candidate. Adds repairs for its position and for the values left
/// out.
fn chosen(
    fitter: &mut Fitter<'_>,
    found: &[Candidate],
    best: &ChosenCandidate,
    left_out: Vec<Repair>,
    text: &str,
) -> Reading {
    let rivals = rivals(fitter, found, best, text);
    let mut reading = build_reading(fitter, &best.candidate, rivals);
    if let Some(kind) = best.located {
        reading.repairs.insert(0, location_repair(kind, text, &best.candidate));
    }
    reading.repairs.extend(left_out);
    reading
}

/// Returns whether only white space surrounds a candidate.
fn stands_alone(text: &str, candidate: &Candidate) -> bool {
    let before = text.get(..candidate.start).unwrap_or_default();
    let behind = text.get(candidate.end.min(text.len())..).unwrap_or_default();
    before.trim().is_empty() && behind.trim().is_empty()
}

/// Reads a text with one candidate that fits. Returns `None` if there are others, or if it does not
/// fit.
fn only_one(fitter: &mut Fitter<'_>, found: &[Candidate], text: &str) -> Option<Reading> {
    let [only] = found else { return None };
    if only.doubt > 0 {
        return None;
    }
    fitter.tree.sort_notes();
    let mut reading = build_reading(fitter, only, 0);
    if !reading.fits() {
        return None;
    }
    if !stands_alone(text, only) {
        reading.repairs.insert(0, location_repair(RepairKind::Located, text, only));
    }
    Some(reading)
}

/// Returns the collected list, or else the candidate with the least cost. Also returns the values
/// left out.
fn best(
    fitter: &mut Fitter<'_>,
    found: &[Candidate],
    text: &str,
) -> Option<(ChosenCandidate, Vec<Repair>)> {
    fitter.tree.sort_notes();
    match collect::collected(fitter, found, text) {
        Some(Collected { choice, left_out }) => Some((choice, left_out)),
        None => cheapest(fitter, found, text).map(|choice| (choice, Vec::new())),
    }
}

/// Returns the candidate with the least cost.
///
/// Of equal candidates, one in a fence wins, then the last one after a word of correction, then the
/// first. Empty values and bracketed words are skipped if there are others.
fn cheapest(fitter: &mut Fitter<'_>, found: &[Candidate], text: &str) -> Option<ChosenCandidate> {
    let says = |fitter: &Fitter<'_>, one: &Candidate| {
        !candidates::is_empty(&fitter.tree, one)
            && !candidates::is_bracketed_prose(&fitter.tree, one)
    };
    let any_says = found.iter().any(|one| says(fitter, one));
    let mut best: Option<ChosenCandidate> = None;
    for candidate in found {
        if any_says && !says(fitter, candidate) {
            continue;
        }
        let mut cost = fitter.cost(candidate.root).saturating_add(candidate.doubt);
        if candidate.ending != CutEnding::Whole {
            cost = cost.saturating_add(cost::STRUCTURE);
        }
        let better = match &best {
            None => true,
            Some(best) if cost == best.cost => {
                candidate.fenced && !best.candidate.fenced
                    || is_correction(text, best.candidate.end, candidate.start)
            }
            Some(best) => cost < best.cost,
        };
        if better {
            let located = (!stands_alone(text, candidate)).then_some(RepairKind::Located);
            best = Some(ChosenCandidate { candidate: candidate.clone(), cost, located });
        }
    }
    best
}

/// Returns whether the words directly before offset `to` correct the value that ends at `from`.
fn is_correction(text: &str, from: usize, to: usize) -> bool {
    const REACH: usize = 200;
    const WORDS: [&str; 16] = [
        "actually",
        "apologies",
        "corrected",
        "correction",
        "fixed",
        "instead",
        "mistake",
        "no",
        "oops",
        "rather",
        "revised",
        "scratch",
        "sorry",
        "update",
        "updated",
        "wait",
    ];
    let near = (to.saturating_sub(REACH)..=to).find(|&at| text.is_char_boundary(at)).unwrap_or(to);
    let between = text.get(from.max(near)..to).unwrap_or_default();
    let mut words = between.split(|char: char| !char.is_alphanumeric());
    words.any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Tries other readings if no bracketed value fits: the text as one value, markup, escaped JSON,
/// and values inside an unclosed bracket. Returns the best of them and `best`.
fn try_fallbacks<'s>(
    fitter: &mut Fitter<'s>,
    reader: &Reader<'s>,
    text: &'s str,
    from: usize,
    found: &[Candidate],
    best: Option<ChosenCandidate>,
) -> Result<Option<ChosenCandidate>, ReadError> {
    let mut more: Vec<(Candidate, Option<RepairKind>)> = Vec::new();
    let mut prose = None;
    let covered = found.iter().any(|one| {
        text[from..one.start].trim().is_empty() && text[one.end.min(text.len())..].trim().is_empty()
    });
    if !covered && (found.is_empty() || !is_multi_field_object(reader.shape)) {
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
        // The outermost element may be only a wrapper, under any name.
        let tree = &fitter.tree;
        let inside = tree.only_child(candidate.root);
        let inside = inside.filter(|&child| tree.node(child).kind == Kind::Object);
        let inner = inside.map(|root| Candidate { root, ..candidate.clone() });
        more.push((candidate, Some(RepairKind::Markup)));
        more.extend(inner.map(|inner| (inner, Some(RepairKind::Markup))));
    }
    let restarts = scan_inside_unclosed(fitter, reader, text, found);
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
        let mut cost = fitter.cost(candidate.root).saturating_add(candidate.doubt);
        if candidate.ending != CutEnding::Whole {
            cost = cost.saturating_add(cost::STRUCTURE);
        }
        if best.as_ref().is_none_or(|best| cost < best.cost && cost < cost::MISFIT) {
            // Prose that does not fit is not a value.
            if cost >= cost::MISFIT && fitter.prose.is_some() {
                continue;
            }
            best = Some(ChosenCandidate { candidate, cost, located });
        }
    }
    Ok(best)
}

/// Returns whether the schema asks for an object with no fields or with several.
fn is_multi_field_object(shape: &Shape) -> bool {
    matches!(shape.kind(shape.root()), ShapeKind::Object(object) if object.fields.len() != 1)
}

/// Adds JSON, in which every quotation mark was escaped, to the tree as a string that contains it.
fn escaped(fitter: &mut Fitter<'_>, inner: &str, start: usize, end: usize) -> Candidate {
    let tree = &mut fitter.tree;
    tree.next_root();
    tree.string_begin(TokenRole::Value, start);
    tree.text(inner);
    tree.string_end(end, true);
    Candidate {
        root: tree.root,
        ending: CutEnding::Whole,
        guessed: false,
        start,
        end,
        fenced: false,
        doubt: 1,
    }
}

/// Scans the values inside a bracket that was never closed: a bracket in prose may hide the answer.
fn scan_inside_unclosed(
    fitter: &mut Fitter<'_>,
    reader: &Reader<'_>,
    text: &str,
    found: &[Candidate],
) -> Vec<Candidate> {
    let mut more = Vec::new();
    let Some(mut at) = found
        .iter()
        .filter(|one| one.ending != CutEnding::Whole || one.doubt > 0)
        .filter(|one| !begins_like_json(text, one.start))
        .map(|candidate| candidate.start + 1)
        .next()
    else {
        return more;
    };
    for _ in 0..8 {
        let Some(bracket) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..]) else { break };
        let start = at + bracket;
        let mut tree = std::mem::take(&mut fitter.tree);
        tree.next_root();
        let mark = tree.mark();
        let (mut tree, scanned) = candidates::scan_at(text, start, tree, reader.limits, false);
        // Do not keep a cut value in the tree.
        let is_whole = scanned.as_ref().is_ok_and(|one| one.ending == CutEnding::Whole);
        if !is_whole {
            tree.truncate(mark);
        }
        fitter.tree = tree;
        let Ok(mut candidate) = scanned else { break };
        at = start + 1;
        if is_whole && candidate.root != NONE {
            candidate.doubt += 10;
            more.push(candidate);
        }
    }
    more
}

/// Returns whether a bracket begins JSON and not bracketed prose. A value inside broken JSON is not
/// the answer.
fn begins_like_json(text: &str, start: usize) -> bool {
    let inside = text.get(start + 1..).unwrap_or_default().trim_start();
    let word = inside.find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '-')));
    match inside.chars().next() {
        None => true,
        Some(first) if first.is_alphabetic() || first == '_' => {
            let behind = inside.get(word.unwrap_or(inside.len())..).unwrap_or_default();
            text.as_bytes().get(start) == Some(&b'{') && behind.trim_start().starts_with([':', '='])
        }
        Some(first) => first.is_ascii_digit() || "\"'“‘`-{[}]".contains(first),
    }
}

/// Counts the other candidates that fit as well and have different text.
fn rivals(
    fitter: &mut Fitter<'_>,
    found: &[Candidate],
    best: &ChosenCandidate,
    text: &str,
) -> usize {
    if best.cost >= cost::MISFIT || best.located == Some(RepairKind::Collected) {
        return 0;
    }
    let mut rivals = 0;
    // A value outside the list may be a lost element, at any cost below a misfit.
    let most = if collect::asks_for_list(fitter.shape) { cost::MISFIT - 1 } else { best.cost + 1 };
    for other in found.iter().filter(|other| other.root != best.candidate.root) {
        if candidates::is_empty(&fitter.tree, other) {
            continue;
        }
        let cost = fitter.cost(other.root).saturating_add(other.doubt);
        rivals += usize::from(
            cost <= most && candidate_text(text, other) != candidate_text(text, &best.candidate),
        );
    }
    rivals
}

/// Reads a text that is cut off.
pub(super) fn partial(
    reader: &Reader<'_>,
    text: &str,
    growing: PartialMode,
) -> Result<Reading, ReadError> {
    if text.len() > reader.limits.bytes {
        return Err(ScanError::TooLarge(reader.limits.bytes).into());
    }
    let shape = reader.shape;
    if matches!(shape.kind(shape.root()), ShapeKind::Text(_)) {
        let shown = thinking::answer_so_far(text).ok_or_else(|| no_value(reader, text))?;
        return Ok(Reading { ending: CutEnding::Cut, ..reading(Value::String(shown.to_owned())) });
    }
    let (from, text) = calls::answer_in_part(text, reader)?;
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
    let mut out = FitNotes::default();
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
