//! Finds the values in a text that could be the answer: in prose, in fences, after reasoning, one
//! or several. Each byte is scanned a bounded number of times, for any text.

use super::report::CutEnding;
use super::scan::{Limits, ScanError, Scanner, Sink, Token};
use super::tree::{Kind, NONE, NodeId, Tree};

/// A value in the text that could be the answer.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) root: NodeId,
    pub(super) ending: CutEnding,
    /// The end of one of its strings is a guess.
    pub(super) guessed: bool,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The value begins directly after the opening of a fence.
    pub(super) fenced: bool,
    /// A penalty that is added to the cost, because of the candidate's form.
    pub(super) doubt: u32,
}

/// Scans the value that begins at `start` into the tree, as a new root. With `lines`, a line break
/// may end a string. The tree is returned even if the scan fails.
pub(super) fn scan_at(
    text: &str,
    start: usize,
    mut tree: Tree,
    limits: Limits,
    lines: bool,
) -> (Tree, Result<Candidate, ScanError>) {
    tree.next_root();
    let mark = tree.mark();
    let names = tree.names();
    let mut scanner = Scanner::with_limits(tree, limits).member_names(names).starting_at(start);
    scanner.lines = lines;
    let done = scanner.complete(&text[start..]);
    let mut tree = done.sink;
    if let Some(error) = done.error {
        tree.truncate(mark);
        return (tree, Err(error));
    }
    let doubt = u32::try_from(tree.strays().min(1_000)).unwrap_or(1_000) * 3;
    let candidate = Candidate {
        root: tree.root,
        ending: done.ending,
        guessed: done.guessed,
        start,
        end: done.end,
        fenced: in_fence(text, start),
        doubt,
    };
    (tree, Ok(candidate))
}

/// The number of values of one text that may be scanned twice. Each such scan can run to the end of
/// the text.
pub(super) const SECOND_TRIES: u32 = 4;

/// Scans the value that begins at `start`. If the text ends inside one of its strings, scans it
/// again and allows a line break to end a string: a closing quotation mark may be missing. `tries`
/// counts the scans that remain.
pub(super) fn scan_whole(
    text: &str,
    start: usize,
    mut tree: Tree,
    limits: Limits,
    tries: &mut u32,
) -> (Tree, Result<Candidate, ScanError>) {
    tree.next_root();
    let mark = tree.mark();
    let (mut tree, first) = scan_at(text, start, tree, limits, false);
    let cut = matches!(&first, Ok(first) if first.ending == CutEnding::Cut);
    if !cut || *tries == 0 {
        return (tree, first);
    }
    *tries -= 1;
    let mut probe = Scanner::with_limits((), limits).member_names(tree.names()).starting_at(start);
    probe.lines = true;
    let probe = probe.complete(&text[start..]);
    // A missing quotation mark does not explain missing closing brackets.
    if probe.error.is_some() || probe.ending != CutEnding::Whole {
        return (tree, first);
    }
    // Keep only one of the two scans in the tree.
    tree.truncate(mark);
    let (tree, second) = scan_at(text, start, tree, limits, true);
    let second = second.map(|mut second| {
        second.doubt += 1;
        if second.guessed {
            // Closing brackets after the text of a string can be part of the string.
            second.ending = CutEnding::Cut;
        }
        second
    });
    (tree, second)
}

/// Scans all values after `from` that begin with a bracket, in order. `partial` says that the text
/// is incomplete, so no value is scanned twice.
pub(super) fn bracketed(
    text: &str,
    from: usize,
    mut tree: Tree,
    limits: Limits,
    partial: bool,
) -> (Tree, Result<Vec<Candidate>, ScanError>) {
    let mut found: Vec<Candidate> = Vec::new();
    let mut at = from;
    let mut tries = SECOND_TRIES;
    while let Some(bracket) = memchr::memchr2(b'{', b'[', &text.as_bytes()[at..]) {
        let start = at + bracket;
        let (back, result) = if partial {
            scan_at(text, start, tree, limits, false)
        } else {
            scan_whole(text, start, tree, limits, &mut tries)
        };
        tree = back;
        match result {
            Ok(candidate) => {
                at = candidate.end.max(start + 1);
                if candidate.root != NONE {
                    found.push(candidate);
                }
            }
            Err(error) => return (tree, Err(error)),
        }
    }
    (tree, Ok(found))
}

/// Returns whether only the opening of a fence and its tag precede `start` on its line.
fn in_fence(text: &str, start: usize) -> bool {
    let before = text[..start].trim_end();
    let window = before.len().saturating_sub(40);
    let window =
        (window..before.len()).find(|&at| before.is_char_boundary(at)).unwrap_or(before.len());
    let line = &before[window..];
    let tag = line.trim_end_matches(|char: char| {
        char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '+')
    });
    tag.ends_with("```") || tag.ends_with("~~~")
}

/// Returns the text inside the first fence, or the whole text, without Markdown emphasis around it.
pub(super) fn plain(text: &str) -> &str {
    let mut inner = text.trim();
    let bracket = memchr::memchr2(b'{', b'[', inner.as_bytes()).unwrap_or(inner.len());
    if let Some(open) = inner[..bracket].find("```") {
        let body = &inner[open + 3..];
        let body = match body.split_once('\n') {
            Some((tag, body)) if tag.trim().chars().all(char::is_alphanumeric) => body,
            _ => body.trim_start_matches('`'),
        };
        inner = body.rsplit_once("```").map_or(body, |(body, _)| body).trim();
    }
    for mark in ["**", "`", "*"] {
        if let Some(bare) = inner.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)) {
            if !bare.contains(mark) {
                inner = bare.trim();
            }
        }
    }
    inner
}

/// Adds the whole of `text` to the tree as one token. `text` must be a slice of `whole`.
pub(super) fn prose(text: &str, whole: &str, tree: &mut Tree) -> Candidate {
    tree.next_root();
    let start = (text.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    let token = match text {
        "null" | "None" => Token::Null,
        _ => Token::Bare,
    };
    tree.scalar(token, text, (start, start + text.len()), true);
    Candidate {
        root: tree.root,
        ending: CutEnding::Whole,
        guessed: false,
        start,
        end: start + text.len(),
        fenced: false,
        doubt: 0,
    }
}

/// Removes one level of escapes from JSON in which every quotation mark is escaped: `{\"key\": …`.
/// Returns `None` for any other text.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let text = text.trim();
    let inside = text.strip_prefix(['{', '['])?.trim_start_matches(['[', '{']);
    let inside = inside.trim_start_matches("\\n").trim_start();
    if !inside.starts_with("\\\"") {
        return None;
    }
    serde_json::from_str(&format!("\"{}\"", text.replace('\n', "\\n"))).ok()
}

/// Returns whether a candidate is an empty object or list.
pub(super) fn is_empty(tree: &Tree, candidate: &Candidate) -> bool {
    let node = tree.node(candidate.root);
    matches!(node.kind, Kind::Object | Kind::List) && node.first == NONE
}

/// Returns whether a candidate is bracketed prose, such as `[see note]`: all its children are bare
/// words.
pub(super) fn is_bracketed_prose(tree: &Tree, candidate: &Candidate) -> bool {
    let is_bare = |child| matches!(tree.node(child).kind, Kind::Bare | Kind::Missing);
    let kind = tree.node(candidate.root).kind;
    matches!(kind, Kind::Object | Kind::List)
        && tree.children(candidate.root).all(is_bare)
        && !is_empty(tree, candidate)
}
