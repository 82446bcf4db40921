//! What in a text could be the answer: values in prose and in fences, behind reasoning, alone or
//! several. Each byte is scanned a bounded number of times, whatever the text.

use super::report::CutEnding;
use super::scan::{Limits, ScanError, Scanner, Sink, Token};
use super::tree::{Kind, NONE, NodeId, Tree};

/// One thing that could be the answer.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) root: NodeId,
    pub(super) ending: CutEnding,
    /// Where a string ends is a guess.
    pub(super) guessed: bool,
    pub(super) start: usize,
    pub(super) end: usize,
    /// It stands at the beginning of a fenced block.
    pub(super) fenced: bool,
    /// What its form makes less likely to be meant.
    pub(super) doubt: u32,
}

/// Scans one value that begins at `start`; the tree comes back also where it went wrong.
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
    let mut scanner = Scanner::with_limits(tree, limits).knowing(names).starting_at(start);
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

/// How many values of one text may be scanned twice: each of them can reach to its end.
pub(super) const SECOND_TRIES: u32 = 4;

/// Scans one value, and, where the text ends inside one of its strings, tries whether a closing
/// mark was forgotten further up.
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
    let mut probe = Scanner::with_limits((), limits).knowing(tree.names()).starting_at(start);
    probe.lines = true;
    let probe = probe.complete(&text[start..]);
    // A mark that is put in further up says nothing of closers that are missing at the end.
    if probe.error.is_some() || probe.ending != CutEnding::Whole {
        return (tree, first);
    }
    // Of the two only the one that is taken stays in the tree.
    tree.truncate(mark);
    let (tree, second) = scan_at(text, start, tree, limits, true);
    let second = second.map(|mut second| {
        second.doubt += 1;
        if second.guessed {
            // Closers behind the text of a string can be part of it.
            second.ending = CutEnding::Cut;
        }
        second
    });
    (tree, second)
}

/// Every value that begins with a bracket, one behind the other.
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

/// Whether only a fence and its tag stand between the line's beginning and this place.
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

/// The text inside the first fence, or the text itself; without what marks it up.
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

/// The whole of a text as one token.
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

/// The text without one level of escapes, if it is JSON whose quotes are all escaped once too
/// often: `{\"key\": …`.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let text = text.trim();
    let inside = text.strip_prefix(['{', '['])?.trim_start_matches(['[', '{']);
    let inside = inside.trim_start_matches("\\n").trim_start();
    if !inside.starts_with("\\\"") {
        return None;
    }
    serde_json::from_str(&format!("\"{}\"", text.replace('\n', "\\n"))).ok()
}

/// Whether a candidate says nothing: an empty object or list.
pub(super) fn is_empty(tree: &Tree, candidate: &Candidate) -> bool {
    let node = tree.node(candidate.root);
    matches!(node.kind, Kind::Object | Kind::List) && node.first == NONE
}

/// Whether a candidate is words in brackets, `[see note]`, and no JSON.
pub(super) fn is_words(tree: &Tree, candidate: &Candidate) -> bool {
    let is_bare = |child| matches!(tree.node(child).kind, Kind::Bare | Kind::Missing);
    let kind = tree.node(candidate.root).kind;
    matches!(kind, Kind::Object | Kind::List)
        && tree.children(candidate.root).all(is_bare)
        && !is_empty(tree, candidate)
}
