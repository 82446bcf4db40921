//! Reads a text without a schema: returns its values as written, without conversion.

use super::candidates::{self, Candidate, SECOND_TRIES};
use super::chosen::{build_reading, location_repair, no_value};
use super::error::ReadError;
use super::fit::Fitter;
use super::report::{CutEnding, Reading, Repair, RepairKind, excerpt};
use super::tree::{Kind, NONE, NodeId, Tree};
use super::{Reader, thinking};

/// The number of premature closing brackets that are removed, one after the other.
const JOINS: u32 = 4;

/// Reads the values of a text. Several values become one list.
pub(super) fn read(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    read_joining(reader, text, JOINS)
}

/// Reads the values of a text. `joins` is the number of premature closing brackets that may still
/// be removed.
fn read_joining(reader: &Reader<'_>, text: &str, joins: u32) -> Result<Reading, ReadError> {
    let answer = thinking::answer(text)?;
    let (from, text) = (answer.start, &text[..answer.end]);
    if let Some(inner) = candidates::unescaped(&text[from..]) {
        let mut reading = reader.read(&inner)?;
        let before = excerpt(text.trim());
        let after = excerpt(&inner);
        reading
            .repairs
            .insert(0, Repair { pointer: String::new(), kind: RepairKind::Escape, before, after });
        return Ok(reading);
    }
    if joins > 0 {
        if let Some(joined) = reopen_early_close(reader, text, from, joins - 1) {
            return joined;
        }
    }
    let tree = Tree::with_capacity(text.len());
    let (tree, found) = values(reader, text, from, tree);
    let mut found = found?;
    let mut fitter = Fitter::new(text, tree, reader.shape, reader.level, reader.limits);
    // Ignore empty containers if there are others.
    if found.iter().any(|one| !candidates::is_empty(&fitter.tree, one)) {
        found.retain(|one| !candidates::is_empty(&fitter.tree, one));
    } else {
        found.truncate(1);
    }
    let Some(first) = found.first() else { return Err(no_value(reader, text)) };
    fitter.tree.resettle();
    if found.len() == 1 {
        return Ok(located(build_reading(&mut fitter, first, 0), first, text));
    }
    let roots: Vec<NodeId> = found.iter().map(|one| one.root).collect();
    let root = fitter.tree.gather(&roots);
    fitter.tree.resettle();
    let ending = found.last().map_or(CutEnding::Whole, |last| last.ending.clone());
    let end = found.last().map_or(text.len(), |last| last.end);
    let all = Candidate {
        root,
        ending,
        guessed: false,
        start: first.start,
        end,
        fenced: false,
        doubt: 0,
    };
    let mut reading = build_reading(&mut fitter, &all, 0);
    reading.repairs.insert(0, location_repair(RepairKind::Collected, text, &all));
    Ok(reading)
}

/// Removes a closing bracket that came too early, as in `{"a": 1}, "b": 2}`, and reads the text
/// again. Returns `None` if the text has no such bracket.
fn reopen_early_close(
    reader: &Reader<'_>,
    text: &str,
    from: usize,
    joins: u32,
) -> Option<Result<Reading, ReadError>> {
    let body = &text[from..];
    let opens = body.trim_start().starts_with('{') && body.trim_end().ends_with('}');
    if !opens || !body.contains("},") {
        return None;
    }
    let start = text.len() - body.trim_start().len();
    let (_, scanned) = candidates::scan_at(text, start, Tree::new(), reader.limits, false);
    let first = scanned.ok().filter(|first| first.ending == CutEnding::Whole)?;
    let rest = text.get(first.end..)?.trim_start().strip_prefix(',')?.trim_start();
    let (key, behind) = rest.strip_prefix('"')?.split_once('"')?;
    let member = !key.contains(['{', '}', '\n']) && behind.trim_start().starts_with([':', '"']);
    let closed = text.get(first.end - 1..first.end) == Some("}");
    if !member || !closed {
        return None;
    }
    let mended = format!("{}{}", &text[from..first.end - 1], &text[first.end..]);
    Some(read_joining(reader, &mended, joins).map(|mut reading| {
        let before = excerpt(text.trim());
        let after = excerpt(mended.trim());
        let kind = RepairKind::StrayCloser;
        reading.repairs.insert(0, Repair { pointer: String::new(), kind, before, after });
        reading
    }))
}

/// Adds a repair for the position of the answer, if text surrounds it.
fn located(mut reading: Reading, candidate: &Candidate, text: &str) -> Reading {
    let before = text[..candidate.start].trim();
    let behind = text[candidate.end.min(text.len())..].trim();
    if !(before.is_empty() && behind.is_empty()) {
        reading.repairs.insert(0, location_repair(RepairKind::Located, text, candidate));
    }
    reading
}

/// Scans the values of a text, in order.
fn values(
    reader: &Reader<'_>,
    text: &str,
    from: usize,
    tree: Tree,
) -> (Tree, Result<Vec<Candidate>, super::ScanError>) {
    let trimmed = candidates::plain(&text[from..]);
    let opens =
        trimmed.trim_start_matches(|char: char| char.is_whitespace() || matches!(char, ',' | '\\'));
    let quoted = opens.starts_with(['"', '\'', '‘', '“', '`', '´', '’', '”', '(']);
    let bare = !text[from..].contains(['{', '[']);
    if quoted || bare {
        return sequence(reader, text, from, tree);
    }
    candidates::bracketed(text, from, tree, reader.limits, false)
}

/// Scans values that are separated by commas or line breaks, without a bracket around them.
fn sequence(
    reader: &Reader<'_>,
    text: &str,
    from: usize,
    mut tree: Tree,
) -> (Tree, Result<Vec<Candidate>, super::ScanError>) {
    let plain = candidates::plain(&text[from..]);
    let start = (plain.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let end = start + plain.len();
    let text = &text[..end];
    let mut found: Vec<Candidate> = Vec::new();
    let mut at = start;
    let mut tries = SECOND_TRIES;
    while at < end {
        let rest = &text[at..];
        let skip = rest.len()
            - rest
                .trim_start_matches(|char: char| {
                    char.is_whitespace() || matches!(char, ',' | ';' | ')' | '}' | ']')
                })
                .len();
        at += skip;
        if at >= end {
            break;
        }
        let (back, scanned) = candidates::scan_whole(text, at, tree, reader.limits, &mut tries);
        tree = back;
        match scanned {
            Ok(candidate) => {
                let step = text[at..].chars().next().map_or(1, char::len_utf8);
                at = candidate.end.max(at + step);
                if candidate.root != NONE {
                    found.push(candidate);
                }
            }
            Err(error) => return (tree, Err(error)),
        }
    }
    // Bare words are an answer only if they are the whole text. A sentence is not one.
    let words = |one: &Candidate| tree.node(one.root).kind == Kind::Bare;
    if found.iter().any(words) && plain.lines().count() > 1 {
        found.retain(|one| !words(one));
        if found.len() > 1 {
            found.clear();
        }
    }
    (tree, Ok(found))
}
