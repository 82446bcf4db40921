//! Finds the start and the end of the answer in a text: after the model's thinking, and before the
//! tokens that end its turn. Holds the table of thinking marks of all model families. It knows no
//! schema.

use super::error::ReadError;

/// The marks that one model family puts around its thinking.
struct ThinkingMarks {
    /// The opening mark. Marks match without regard to case.
    open: &'static str,
    /// The closing marks.
    close: &'static [&'static str],
    /// The mark may also be a member's element, in an answer of XML-like elements.
    member: bool,
}

/// Creates a row of the table.
const fn row(open: &'static str, close: &'static [&'static str]) -> ThinkingMarks {
    ThinkingMarks { open, close, member: false }
}

/// Creates a row whose mark may also be a member's element.
const fn member(open: &'static str, close: &'static [&'static str]) -> ThinkingMarks {
    ThinkingMarks { open, close, member: true }
}

/// The marks of thinking, one row for each family or mark.
const THINKING: &[ThinkingMarks] = &[
    // DeepSeek R1, Qwen 3, GLM, MiniMax, Nemotron, and most others
    row("<think>", &["</think>"]),
    // Tags that prompts ask for
    row("<thinking>", &["</thinking>"]),
    member("<thought>", &["</thought>"]),
    member("<thoughts>", &["</thoughts>"]),
    member("<reasoning>", &["</reasoning>"]),
    member("<reflection>", &["</reflection>"]),
    member("<scratchpad>", &["</scratchpad>"]),
    member("<analysis>", &["</analysis>"]),
    // MiniMax M3
    row("<mm:think>", &["</mm:think>"]),
    // Seed-OSS
    row("<seed:think>", &["</seed:think>"]),
    // Magistral
    row("[THINK]", &["[/THINK]"]),
    // Kimi
    row("◁think▷", &["◁/think▷"]),
    // Gemma 4
    row("<|channel>thought", &["<channel|>"]),
    // MedGemma
    row("<unused94>thought", &["<unused95>"]),
    // Command A
    row("<|START_THINKING|>", &["<|END_THINKING|>", "<|START_RESPONSE|>", "<|START_ACTION|>"]),
    // OpenThoughts
    row("<|begin_of_thought|>", &["<|end_of_thought|>", "<|begin_of_solution|>"]),
    // Phi
    row("<|thinking|>", &["<|/thinking|>", "</thinking>"]),
    // Apertus
    row("<|inner_prefix|>", &["<|inner_suffix|>"]),
    // gpt-oss: all channels except the final one, unless they hold a call
    row("<|channel|>analysis", HARMONY),
    row("<|channel|>commentary", HARMONY),
];

/// The marks that end a harmony message. The next header determines the role of the following text.
const HARMONY: &[&str] =
    &["<|end|>", "<|return|>", "<|start|>", "<|channel|>final", "<|channel|>commentary to="];

/// The header of the final channel.
const FINAL: &str = "<|channel|>final";

/// The end of the header of a message.
const MESSAGE: &str = "<|message|>";

/// Marks that begin an answer, and so end the thinking.
const ANSWERS: &[&str] = &["<|START_RESPONSE|>", "<|begin_of_solution|>"];

/// Tokens that end a turn. Some servers leave them in the text.
const TURN_ENDS: &[&str] = &[
    "<|return|>",
    "<|end|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|eos|>",
    "<|user|>",
    "<|observation|>",
    "<|END_RESPONSE|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|end_of_solution|>",
    "<｜end▁of▁sentence｜>",
    "<end_of_turn>",
    "<turn|>",
    "<channel|>",
    "<eos>",
    "</s>",
    "<seed:eos>",
    "[e~[",
];

/// The length of the longest mark, rounded up, in bytes.
const LONGEST: usize = 32;

/// The range of the answer in a text, as byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerSpan {
    /// The offset after the last mark that closes thinking.
    pub(crate) start: usize,
    /// The offset of the tokens that end the turn.
    pub(crate) end: usize,
}

impl AnswerSpan {
    /// Returns the text of the answer. White space after thinking is removed.
    pub(crate) fn of(self, text: &str) -> &str {
        let answer = text.get(self.start..self.end).unwrap_or_default();
        if self.start == 0 { answer } else { answer.trim_start() }
    }
}

/// Finds the range of the answer in a whole text.
///
/// # Errors
///
/// Returns [`ReadError::OnlyThinking`] if the text ends inside thinking.
pub(crate) fn answer(text: &str) -> Result<AnswerSpan, ReadError> {
    let mut walk = Walk { as_members: are_members(text), ..Walk::default() };
    if may_hold_marks(text) {
        while let Step::Value(_) = walk.step(text, true) {}
    }
    if let Some(open) = walk.inside {
        return Err(ReadError::OnlyThinking { mark: THINKING[open].open.to_owned() });
    }
    // A text that ends inside its first mark has no answer yet.
    let rest = text[walk.start..].trim_start();
    if rest.len() > 2 && THINKING.iter().any(|marks| begins_mark(rest, marks.open)) {
        return Err(ReadError::OnlyThinking { mark: rest.to_owned() });
    }
    if walk.start == 0 && text.starts_with("analysis") {
        // Harmony whose special tokens were removed.
        if let Some(at) = text.rfind(BARE_FINAL) {
            walk.start = at + BARE_FINAL.len();
        }
    }
    Ok(AnswerSpan { start: walk.start, end: walk.end_of(text) })
}

/// Returns whether a text can hold a mark: an angle bracket, a `◁`, or a square bracket before
/// certain letters. Most texts hold none, and are not searched.
fn may_hold_marks(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2(b'<', "◁".as_bytes()[0], bytes).is_some()
        || memchr::memchr_iter(b'[', bytes)
            .any(|at| matches!(bytes.get(at + 1), Some(b'T' | b't' | b'/' | b'e' | b'E')))
}

/// The rest of the header of the final channel, after a server removed its special tokens.
const BARE_FINAL: &str = "assistantfinal";

/// Returns whether elements such as `<reasoning>` may be members of an answer in XML-like elements:
/// the text has no `{`.
fn are_members(text: &str) -> bool {
    memchr::memchr(b'{', text.as_bytes()).is_none()
}

/// Returns whether a harmony header is that of a call: `to=` stands before or after the channel.
/// Returns `None` if more text is needed to decide.
fn recipient(before: &str, behind: &str, whole: bool) -> Option<bool> {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let behind = behind.trim_start();
    if word.starts_with("to=") || behind.starts_with("to=") {
        return Some(true);
    }
    (whole || behind.len() >= 3).then_some(false)
}

/// Returns the text of a whole reply without thinking, or `None` if it is only thinking.
pub(crate) fn without_reasoning(text: &str) -> Option<&str> {
    answer(text).ok().map(|found| found.of(text))
}

/// Returns the text without thinking so far, or `None` if the text ends inside thinking.
pub(crate) fn answer_so_far(text: &str) -> Option<&str> {
    let found = answer(text).ok()?;
    let shown = found.of(text);
    // Hide the beginning of a mark at the very end.
    let from = floor(shown, shown.len().saturating_sub(LONGEST));
    let cut = shown[from..].char_indices().map(|(at, _)| from + at).find(|&at| {
        let tail = &shown[at..];
        tail.starts_with(['<', '[', '◁']) && all_marks().any(|mark| begins_mark(tail, mark))
    });
    Some(&shown[..cut.unwrap_or(shown.len())])
}

/// Returns all marks of all tables.
fn all_marks() -> impl Iterator<Item = &'static str> {
    let opens = THINKING.iter().map(|marks| marks.open);
    let closes = THINKING.iter().flat_map(|marks| marks.close.iter().copied());
    opens.chain(closes).chain(ANSWERS.iter().copied()).chain(TURN_ENDS.iter().copied())
}

/// The result of [`Walk::step`].
pub(super) enum Step {
    /// A value can begin at this offset, outside thinking.
    Value(usize),
    /// The end of the text was reached, or more text is needed.
    More,
}

/// Walks through a text from mark to mark. In a whole text it skips values, so that their strings
/// hold no marks.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The offset that was reached, in bytes.
    at: usize,
    /// The row of the thinking that is open.
    inside: Option<usize>,
    /// The start of the answer, as far as it is known.
    start: usize,
    /// The first end of a harmony message after `start`.
    ended: Option<usize>,
    /// An element that is not thinking was opened since `start`.
    elements: bool,
    /// Marks that may be members count as members inside other elements.
    as_members: bool,
    /// The number of values without an end so far.
    unclosed: u32,
}

/// The most values without an end that are scanned. Each scan can run to the end of the text.
const UNCLOSED: u32 = 4;

impl Walk {
    /// Returns the start of the answer, as far as it is known.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Skips the given number of bytes, which hold no value.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Moves to the next offset where a value can begin. `whole` says that the text is complete:
    /// then the value is skipped as well.
    pub(super) fn step(&mut self, text: &str, whole: bool) -> Step {
        loop {
            let Some(at) = next_sign(text, self.at) else {
                self.at = text.len();
                return Step::More;
            };
            self.at = at;
            let rest = &text[at..];
            if let Some(open) = self.inside {
                match find(rest, THINKING[open].close, whole) {
                    Found::Mark(mark) if !whole && can_be_quoted(text, at, mark.len()) => {
                        return Step::More;
                    }
                    Found::Mark(mark) if !is_quoted(text, at, mark.len()) => self.close(mark, text),
                    Found::Mark(mark) => self.at += mark.len(),
                    Found::Undecided => return Step::More,
                    Found::None => self.pass(rest),
                }
                continue;
            }
            match self.outside(text, whole) {
                Found::Undecided => return Step::More,
                Found::Mark(_) => continue,
                Found::None => {}
            }
            let value =
                rest.starts_with(['{', '[']) || self.is_first(text) && rest.starts_with('"');
            if !value {
                self.pass(rest);
                continue;
            }
            if !whole {
                return Step::Value(at);
            }
            self.step_over(text);
            return Step::Value(at);
        }
    }

    /// Skips one character.
    fn pass(&mut self, rest: &str) {
        self.at += rest.chars().next().map_or(1, char::len_utf8);
    }

    /// Handles a mark at the current offset, outside thinking. Returns the mark, or whether one may
    /// follow.
    fn outside(&mut self, text: &str, whole: bool) -> Found {
        let at = self.at;
        let rest = &text[at..];
        if !can_begin(rest) {
            return Found::None;
        }
        let mut undecided = false;
        for (index, marks) in THINKING.iter().enumerate() {
            match find(rest, &[marks.open], whole) {
                Found::Mark(mark) if !whole && can_be_quoted(text, at, mark.len()) => {
                    undecided = true;
                }
                Found::Mark(mark) if is_quoted(text, at, mark.len()) => {}
                Found::Mark(_) if marks.member && self.elements && self.as_members => {}
                Found::Mark(mark) if marks.close == HARMONY => {
                    // A call in harmony's commentary channel is not thinking.
                    match recipient(&text[..at], &rest[mark.len()..], whole) {
                        Some(true) => {}
                        Some(false) => {
                            self.inside = Some(index);
                            self.at += mark.len();
                            return Found::Mark(mark);
                        }
                        None => undecided = true,
                    }
                }
                Found::Mark(mark) => {
                    self.inside = Some(index);
                    self.at += mark.len();
                    return Found::Mark(mark);
                }
                Found::Undecided => undecided = true,
                Found::None => {}
            }
        }
        let closes = THINKING.iter().filter(|marks| marks.close != HARMONY);
        let closes = closes.filter(|marks| !(marks.member && self.elements && self.as_members));
        for close in closes.map(|marks| marks.close).chain([ANSWERS, &[FINAL]]) {
            match find(rest, close, whole) {
                Found::Mark(mark)
                    if !is_quoted(text, at, mark.len()) && !self.ends_turn(text, mark) =>
                {
                    self.close(mark, text);
                    return Found::Mark(mark);
                }
                Found::Mark(_) | Found::None => {}
                Found::Undecided => undecided = true,
            }
        }
        if undecided {
            return Found::Undecided;
        }
        if matches!(find(rest, &["<|end|>", "<|return|>"], whole), Found::Mark(_)) {
            self.ended.get_or_insert(at);
        }
        let name = rest.strip_prefix('<').and_then(|name| name.chars().next());
        self.elements |= name.is_some_and(char::is_alphabetic);
        Found::None
    }

    /// Returns whether a mark only ends the turn: only such tokens follow, and an answer precedes
    /// it.
    fn ends_turn(&self, text: &str, mark: &str) -> bool {
        let closes_turn = TURN_ENDS.iter().any(|end| end.eq_ignore_ascii_case(mark));
        let behind = &text[self.at + mark.len()..];
        closes_turn
            && !text[self.start..self.at].trim().is_empty()
            && behind.trim_end().len() <= LONGEST * 4
            && without_turn_ends(behind).trim().is_empty()
    }

    /// Ends the thinking at this mark. The answer starts after the mark.
    fn close(&mut self, mark: &str, text: &str) {
        let header = self.inside.is_some_and(|open| THINKING[open].close == HARMONY);
        self.inside = None;
        self.ended = None;
        self.elements = false;
        if header && mark.starts_with("<|channel|>commentary") || mark == "<|START_ACTION|>" {
            // Keep the mark or header of a call: the answer starts before it.
            self.start = self.at;
            self.at += mark.len();
            return;
        }
        self.at += mark.len();
        if mark == FINAL {
            let header = &text[self.at..];
            let end = header.find(MESSAGE).filter(|&end| end <= LONGEST * 2);
            self.at += end.map_or(0, |end| end + MESSAGE.len());
        }
        self.start = self.at;
    }

    /// Returns whether only a fence stands between the start of the answer and the current offset.
    fn is_first(&self, text: &str) -> bool {
        let before = text[self.start..self.at].trim();
        let tag = before.strip_prefix("```").unwrap_or(before);
        tag.len() <= LONGEST
            && (before.is_empty() || before.len() > tag.len())
            && tag.chars().all(char::is_alphanumeric)
    }

    /// Skips the value that begins here. If it has no end and is in prose, only its bracket is
    /// skipped. If it is the first of the answer, the whole rest is skipped: marks in a cut string
    /// do not count.
    fn step_over(&mut self, text: &str) {
        if self.unclosed >= UNCLOSED {
            self.at += 1;
            return;
        }
        match value_end(text, self.at) {
            ValueEnd::At(end) | ValueEnd::Mark(end) => self.at = end,
            ValueEnd::Never if self.is_first(text) => self.at = text.len(),
            ValueEnd::Never => {
                self.unclosed += 1;
                self.at += 1;
            }
        }
    }

    /// Returns the end of the answer: the end of its message, without the tokens that end the turn.
    fn end_of(&self, text: &str) -> usize {
        let end = self.ended.filter(|&end| end >= self.start).unwrap_or(text.len());
        self.start + without_turn_ends(&text[self.start..end]).len()
    }
}

/// Removes the tokens that end a turn, and white space between them, from the end of a text.
fn without_turn_ends(text: &str) -> &str {
    let mut text = text;
    loop {
        let trimmed = text.trim_end();
        let ends = |mark: &&&str| {
            let from = trimmed.len().checked_sub(mark.len());
            from.and_then(|from| trimmed.get(from..)).is_some_and(|tail| tail == **mark)
        };
        let Some(mark) = TURN_ENDS.iter().find(ends) else { return text };
        text = &trimmed[..trimmed.len() - mark.len()];
    }
}

/// The result of looking for a mark.
enum Found {
    /// The text begins with this mark.
    Mark(&'static str),
    /// The text ends inside a possible mark.
    Undecided,
    /// The text begins with no mark.
    None,
}

/// Looks for one of these marks at the start of a text. `whole` says that the text is complete.
fn find(rest: &str, marks: &[&'static str], whole: bool) -> Found {
    let mut undecided = false;
    for &mark in marks {
        if rest.get(..mark.len()).is_some_and(|text| text.eq_ignore_ascii_case(mark)) {
            return Found::Mark(mark);
        }
        undecided |= !whole && begins_mark(rest, mark);
    }
    if undecided { Found::Undecided } else { Found::None }
}

/// Returns whether a text is a proper prefix of a mark.
fn begins_mark(text: &str, mark: &str) -> bool {
    text.len() < mark.len()
        && mark.get(..text.len()).is_some_and(|part| part.eq_ignore_ascii_case(text))
}

/// Returns the next offset where a mark or a value can begin.
fn next_sign(text: &str, from: usize) -> Option<usize> {
    // 0xE2 is the first byte of `◁`; a string as the answer begins with `"`.
    let sign = |byte: &u8| matches!(byte, b'<' | b'[' | b'{' | b'"' | 0xE2);
    text.as_bytes().get(from..)?.iter().position(sign).map(|at| from + at)
}

/// Returns whether the text ends with this mark, and a quotation mark precedes it.
fn can_be_quoted(text: &str, at: usize, len: usize) -> bool {
    text.len() == at + len && text[..at].ends_with(['`', '"', '\'', '“', '‘'])
}

/// Returns whether quotation marks or backticks directly enclose a mark.
fn is_quoted(text: &str, at: usize, len: usize) -> bool {
    let before = text[..at].chars().next_back();
    let behind = text[at + len..].chars().next();
    matches!(
        (before, behind),
        (Some('`'), Some('`'))
            | (Some('"'), Some('"'))
            | (Some('\''), Some('\''))
            | (Some('“'), Some('”'))
            | (Some('‘'), Some('’'))
    )
}

/// The end of a value.
pub(super) enum ValueEnd {
    /// The offset after the value.
    At(usize),
    /// A mark that closes thinking stands inside the value, outside its strings, at this offset.
    Mark(usize),
    /// The text ends inside the value.
    Never,
}

/// Finds the end of the value that begins at `from`. It counts brackets and skips strings.
pub(super) fn value_end(text: &str, from: usize) -> ValueEnd {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = from;
    let mut before = b'[';
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at, b'"') {
                Some(end) => at = end,
                None => return ValueEnd::Never,
            },
            b'\'' if matches!(before, b'[' | b'{' | b',' | b':') => {
                match string_end(bytes, at, b'\'') {
                    Some(end) => at = end,
                    None => return ValueEnd::Never,
                }
            }
            b'{' | b'[' => {
                if at > from && is_close(&text[at..]) {
                    return ValueEnd::Mark(at);
                }
                depth += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'<' | 0xE2 if is_close(&text[at..]) => return ValueEnd::Mark(at),
            _ => {}
        }
        if depth == 0 {
            return ValueEnd::At(at + 1);
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
        at += 1;
    }
    ValueEnd::Never
}

/// Returns whether a mark of thinking can begin here, by its first bytes.
fn can_begin(rest: &str) -> bool {
    match rest.as_bytes() {
        [b'<' | b'['] => true,
        [b'<', next, ..] => next.is_ascii_alphabetic() || matches!(next, b'/' | b'|'),
        [b'[', next, ..] => matches!(next, b'T' | b't' | b'/'),
        [0xE2, ..] => rest.starts_with('◁'),
        _ => false,
    }
}

/// Returns whether the text begins with a mark that closes thinking or begins an answer.
fn is_close(rest: &str) -> bool {
    if !can_begin(rest) {
        return false;
    }
    let closes = THINKING.iter().filter(|marks| marks.close != HARMONY).map(|marks| marks.close);
    closes.chain([ANSWERS, &[FINAL]]).any(|close| matches!(find(rest, close, true), Found::Mark(_)))
}

/// Returns the offset of the quotation mark that ends the string at `from`.
fn string_end(bytes: &[u8], from: usize, mark: u8) -> Option<usize> {
    let mut at = from + 1;
    loop {
        at += memchr::memchr2(mark, b'\\', bytes.get(at..)?)?;
        if bytes[at] == mark {
            return Some(at);
        }
        at += 2;
    }
}

/// Returns the last character boundary at or before an offset.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
