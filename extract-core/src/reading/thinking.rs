//! Finds the begin and the end of an answer in a text: behind the model's thinking, before the
//! tokens that end its turn. Holds the table of the marks of all families; knows no schema.

use super::error::ReadError;

/// The marks that one family puts around its thinking.
struct ThinkingMarks {
    /// The opening mark. Letter case does not count in any mark.
    open: &'static str,
    /// The closing marks.
    close: &'static [&'static str],
    /// The name may be that of a member in an answer written as XML-like elements.
    member: bool,
}

const fn row(open: &'static str, close: &'static [&'static str]) -> ThinkingMarks {
    ThinkingMarks { open, close, member: false }
}

const fn member(open: &'static str, close: &'static [&'static str]) -> ThinkingMarks {
    ThinkingMarks { open, close, member: true }
}

/// The marks of thinking, a row a family.
const THINKING: &[ThinkingMarks] = &[
    // DeepSeek R1, Qwen 3, GLM, MiniMax, Nemotron, and most others
    row("<think>", &["</think>"]),
    // Words that prompts ask for
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
    // gpt-oss: every channel but the final one, unless it holds a call
    row("<|channel|>analysis", HARMONY),
    row("<|channel|>commentary", HARMONY),
];

/// The end marks of a harmony message; the next header decides on the rest.
const HARMONY: &[&str] =
    &["<|end|>", "<|return|>", "<|start|>", "<|channel|>final", "<|channel|>commentary to="];

/// The header of the final channel.
const FINAL: &str = "<|channel|>final";

/// The end of the header of a message.
const MESSAGE: &str = "<|message|>";

/// Marks that stand alone before an answer, and mean that thinking is over.
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

/// The longest mark, in bytes.
const LONGEST: usize = 32;

/// The range of the answer in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerSpan {
    /// Behind the last mark that closes thinking.
    pub(crate) start: usize,
    /// Before the tokens that end the turn.
    pub(crate) end: usize,
}

impl AnswerSpan {
    /// The answer's text: without thinking, and without white space behind that.
    pub(crate) fn of(self, text: &str) -> &str {
        let answer = text.get(self.start..self.end).unwrap_or_default();
        if self.start == 0 { answer } else { answer.trim_start() }
    }
}

/// Finds the answer of a whole text.
///
/// # Errors
///
/// [`ReadError::OnlyThinking`] where thinking begins and does not end.
pub(crate) fn answer(text: &str) -> Result<AnswerSpan, ReadError> {
    let mut walk = Walk { as_members: are_members(text), ..Walk::default() };
    if may_hold_marks(text) {
        while let Step::Value(_) = walk.step(text, true) {}
    }
    if let Some(open) = walk.inside {
        return Err(ReadError::OnlyThinking { mark: THINKING[open].open.to_owned() });
    }
    // A text that ends inside of its first mark has no answer yet either.
    let rest = text[walk.start..].trim_start();
    if rest.len() > 2 && THINKING.iter().any(|marks| begins_mark(rest, marks.open)) {
        return Err(ReadError::OnlyThinking { mark: rest.to_owned() });
    }
    if walk.start == 0 && text.starts_with("analysis") {
        // Harmony without its tokens.
        if let Some(at) = text.rfind(BARE_FINAL) {
            walk.start = at + BARE_FINAL.len();
        }
    }
    Ok(AnswerSpan { start: walk.start, end: walk.end_of(text) })
}

/// Whether a text can hold a mark at all: each has an angle bracket, a diamond, or begins with one of a
/// few letters behind a bracket. Most texts have none, and need no walk.
fn may_hold_marks(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2(b'<', "◁".as_bytes()[0], bytes).is_some()
        || memchr::memchr_iter(b'[', bytes)
            .any(|at| matches!(bytes.get(at + 1), Some(b'T' | b't' | b'/' | b'e' | b'E')))
}

/// The rest of a final header after a server stripped its tokens.
const BARE_FINAL: &str = "assistantfinal";

/// Whether elements such as `<reasoning>` may be members of an answer in XML-like elements: there is
/// no JSON in the text.
fn are_members(text: &str) -> bool {
    memchr::memchr(b'{', text.as_bytes()).is_none()
}

/// Whether a harmony header is that of a call: `to=` stands before the channel or behind it.
/// `None` while this cannot be told.
fn recipient(before: &str, behind: &str, whole: bool) -> Option<bool> {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let behind = behind.trim_start();
    if word.starts_with("to=") || behind.starts_with("to=") {
        return Some(true);
    }
    (whole || behind.len() >= 3).then_some(false)
}

/// The words of a whole reply without thinking; nothing where it is thinking alone.
pub(crate) fn without_reasoning(text: &str) -> Option<&str> {
    answer(text).ok().map(|found| found.of(text))
}

/// The text that is not thinking, as far as it came; nothing while the model thinks.
pub(crate) fn answer_so_far(text: &str) -> Option<&str> {
    let found = answer(text).ok()?;
    let shown = found.of(text);
    // The beginning of a mark at the very end is not shown.
    let from = floor(shown, shown.len().saturating_sub(LONGEST));
    let cut = shown[from..].char_indices().map(|(at, _)| from + at).find(|&at| {
        let tail = &shown[at..];
        tail.starts_with(['<', '[', '◁']) && all_marks().any(|mark| begins_mark(tail, mark))
    });
    Some(&shown[..cut.unwrap_or(shown.len())])
}

fn all_marks() -> impl Iterator<Item = &'static str> {
    let opens = THINKING.iter().map(|marks| marks.open);
    let closes = THINKING.iter().flat_map(|marks| marks.close.iter().copied());
    opens.chain(closes).chain(ANSWERS.iter().copied()).chain(TURN_ENDS.iter().copied())
}

/// What [`Walk::step`] came to.
pub(super) enum Step {
    /// A value can begin here, outside of thinking.
    Value(usize),
    /// All of the text was walked through, or the rest cannot be told yet.
    More,
}

/// Walks through a text from mark to mark. Values are stepped over, so that what stands in their
/// strings is no mark.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// How far it came.
    at: usize,
    /// The row of the thinking that is under way.
    inside: Option<usize>,
    /// The begin of the answer, as far as it is known.
    start: usize,
    /// The end of a harmony message behind the latest start.
    ended: Option<usize>,
    /// An element that is no thinking was opened outside of it.
    elements: bool,
    /// Marks that may be names of members are such inside of other elements.
    as_members: bool,
    /// How often a value that does not end was stepped into.
    unclosed: u32,
}

/// How many values that do not end are stepped into; each can reach to the text's end.
const UNCLOSED: u32 = 4;

impl Walk {
    /// The begin of the answer, as far as it is known.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Goes on behind so many bytes of what is no value.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Goes to the next place where a value can begin. The next step is behind that value. `whole`
    /// says that nothing follows the text.
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

    /// Goes on behind one character.
    fn pass(&mut self, rest: &str) {
        self.at += rest.chars().next().map_or(1, char::len_utf8);
    }

    /// Takes a mark that stands outside of thinking.
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
                    // A call in harmony's commentary is none of the thinking.
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

    /// Whether a mark only ends the turn: nothing but such tokens follow it, and an answer is there.
    fn ends_turn(&self, text: &str, mark: &str) -> bool {
        let closes_turn = TURN_ENDS.iter().any(|end| end.eq_ignore_ascii_case(mark));
        let behind = &text[self.at + mark.len()..];
        closes_turn
            && !text[self.start..self.at].trim().is_empty()
            && behind.trim_end().len() <= LONGEST * 4
            && without_turn_ends(behind).trim().is_empty()
    }

    /// Thinking is over behind this mark.
    fn close(&mut self, mark: &str, text: &str) {
        let header = self.inside.is_some_and(|open| THINKING[open].close == HARMONY);
        self.inside = None;
        self.ended = None;
        self.elements = false;
        if header && mark.starts_with("<|channel|>commentary") || mark == "<|START_ACTION|>" {
            // The header of a call, and the mark of one, stay.
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

    /// Whether nothing but a fence stands between the answer's start and this place.
    fn is_first(&self, text: &str) -> bool {
        let before = text[self.start..self.at].trim();
        let tag = before.strip_prefix("```").unwrap_or(before);
        tag.len() <= LONGEST
            && (before.is_empty() || before.len() > tag.len())
            && tag.chars().all(char::is_alphanumeric)
    }

    /// Goes on behind the value that begins here. Where it does not end and stands in prose, it is
    /// none; the first of an answer is one, so that what is cut in its string holds no mark.
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

    /// The end of the answer: with its message, and before the tokens that end the turn.
    fn end_of(&self, text: &str) -> usize {
        let end = self.ended.filter(|&end| end >= self.start).unwrap_or(text.len());
        self.start + without_turn_ends(&text[self.start..end]).len()
    }
}

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

/// The content of a place.
enum Found {
    Mark(&'static str),
    /// The text ends inside of what may be a mark.
    Undecided,
    None,
}

/// Looks for one of these marks at the beginning of a text.
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

/// Whether a text is the beginning of a mark, and not all of it.
fn begins_mark(text: &str, mark: &str) -> bool {
    text.len() < mark.len()
        && mark.get(..text.len()).is_some_and(|part| part.eq_ignore_ascii_case(text))
}

/// The next place where a mark or a value can begin.
fn next_sign(text: &str, from: usize) -> Option<usize> {
    // 0xE2 is the first byte of `◁`; an answer that is a string begins with `"`.
    let sign = |byte: &u8| matches!(byte, b'<' | b'[' | b'{' | b'"' | 0xE2);
    text.as_bytes().get(from..)?.iter().position(sign).map(|at| from + at)
}

/// Whether a quotation mark stands before a mark that the text ends with.
fn can_be_quoted(text: &str, at: usize, len: usize) -> bool {
    text.len() == at + len && text[..at].ends_with(['`', '"', '\'', '“', '‘'])
}

/// Whether quotation marks, or back-ticks, stand directly around a mark.
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
    At(usize),
    /// A mark of thinking stands in it, outside of its strings: here.
    Mark(usize),
    /// The text ends inside.
    Never,
}

/// Steps over the value that begins here: brackets are counted, strings are skipped.
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

/// Whether a mark of thinking can begin here, by its first bytes.
fn can_begin(rest: &str) -> bool {
    match rest.as_bytes() {
        [b'<' | b'['] => true,
        [b'<', next, ..] => next.is_ascii_alphabetic() || matches!(next, b'/' | b'|'),
        [b'[', next, ..] => matches!(next, b'T' | b't' | b'/'),
        [0xE2, ..] => rest.starts_with('◁'),
        _ => false,
    }
}

/// Whether a mark that closes thinking, or begins an answer, stands here.
fn is_close(rest: &str) -> bool {
    if !can_begin(rest) {
        return false;
    }
    let closes = THINKING.iter().filter(|marks| marks.close != HARMONY).map(|marks| marks.close);
    closes.chain([ANSWERS, &[FINAL]]).any(|close| matches!(find(rest, close, true), Found::Mark(_)))
}

/// The place of the mark that ends a string which begins here.
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

pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
