//! Looking ahead, a bounded way, and never deciding on half of what is needed: where the buffer
//! ends before the text does, the answer is [`More`], and the scanner waits for the next bytes.

/// How far a decision may look, in bytes.
const REACH: usize = 192;

/// The buffer ended before the question could be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Continuation;

pub(super) type LookQuestion<T> = Result<T, Continuation>;

/// How many bytes a white space character takes at `at`; 0 where there is none. Besides JSON's own
/// four there are the spaces of typography, which models copy from documents.
pub(super) fn space_len(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c => 1,
        0xc2 if bytes.get(at + 1) == Some(&0xa0) => 2,
        0xe1 if bytes.get(at + 1..at + 3) == Some(&[0xa0, 0x8e]) => 3,
        0xe2 => match bytes.get(at + 1..at + 3) {
            Some([0x80, 0x80..=0x8b | 0xa8 | 0xa9 | 0xaf] | [0x81, 0x9f]) => 3,
            _ => 0,
        },
        0xe3 if bytes.get(at + 1..at + 3) == Some(&[0x80, 0x80]) => 3,
        0xef if bytes.get(at + 1..at + 3) == Some(&[0xbb, 0xbf]) => 3,
        _ => 0,
    }
}

/// Kinds of quotation marks: which mark may close a string depends on which opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// `"`
    Double,
    /// `'`
    Single,
    /// A backtick or an acute accent.
    Tick,
    /// `“ ” „ ‟ « »`
    CurlyDouble,
    /// `‘ ’ ‚ ‛`
    CurlySingle,
}

/// The quotation mark at `at`, and its length in bytes.
pub(super) fn mark_at(bytes: &[u8], at: usize) -> Option<(Mark, usize)> {
    match bytes[at] {
        b'"' => Some((Mark::Double, 1)),
        b'\'' => Some((Mark::Single, 1)),
        b'`' => Some((Mark::Tick, 1)),
        0xc2 => match bytes.get(at + 1) {
            Some(0xb4) => Some((Mark::Tick, 2)),
            Some(0xab | 0xbb) => Some((Mark::CurlyDouble, 2)),
            _ => None,
        },
        0xe2 if bytes.get(at + 1) == Some(&0x80) => match bytes.get(at + 2) {
            Some(0x98..=0x9b) => Some((Mark::CurlySingle, 3)),
            Some(0x9c..=0x9f) => Some((Mark::CurlyDouble, 3)),
            _ => None,
        },
        _ => None,
    }
}

impl Mark {
    /// Whether a string that `self` opened can be closed by `other`.
    pub(super) fn closes_with(self, other: Mark) -> bool {
        match self {
            Mark::Double | Mark::Single => self == other,
            Mark::CurlyDouble => matches!(other, Mark::CurlyDouble | Mark::Double),
            Mark::Tick | Mark::CurlySingle => {
                matches!(other, Mark::Tick | Mark::CurlySingle | Mark::Single)
            }
        }
    }
}

/// Whether a byte can stand in a key without quotes.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'.' | b'@') || byte >= 0x80
}

/// The kinds of text at the begin of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member<'a> {
    None,
    /// A key with its colon.
    Named {
        name: &'a [u8],
        quoted: bool,
    },
    /// The beginning of a key: the text ends in it, or it is longer than the reach.
    Begun {
        ended: bool,
    },
}

/// A look ahead from a place in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    limit: usize,
    eof: bool,
    /// A line break was passed since the look began (or since it was last cleared).
    pub(super) newline: bool,
}

impl<'a> Ahead<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, eof: bool) -> Self {
        Self { bytes, at, limit: at.saturating_add(REACH), eof, newline: false }
    }

    /// The byte here; `None` at the end of the text, and out of reach.
    pub(super) fn byte(&self) -> LookQuestion<Option<u8>> {
        match self.bytes.get(self.at) {
            Some(&byte) if self.at < self.limit => Ok(Some(byte)),
            Some(_) => Ok(None),
            None if self.eof || self.at >= self.limit => Ok(None),
            None => Err(Continuation),
        }
    }

    /// Whether the text itself ends here (and not only the reach).
    pub(super) fn ended(&self) -> bool {
        // At the end of the reach nothing is known of the end of the text, in any portions.
        self.eof && self.at >= self.bytes.len() && self.at < self.limit
    }

    /// Skips white space, and gives the byte behind it.
    pub(super) fn space(&mut self) -> LookQuestion<Option<u8>> {
        loop {
            let Some(byte) = self.byte()? else { return Ok(None) };
            if byte == b'\n' {
                self.newline = true;
            }
            match space_len(self.bytes, self.at) {
                0 => return Ok(Some(byte)),
                len => self.at += len,
            }
        }
    }

    /// The quotation mark here.
    pub(super) fn mark(&self) -> Option<(Mark, usize)> {
        let within = self.at < self.bytes.len() && self.at < self.limit;
        within.then(|| mark_at(self.bytes, self.at)).flatten()
    }

    pub(super) fn starts(&self, with: &[u8]) -> LookQuestion<bool> {
        let have = &self.bytes[self.at.min(self.bytes.len())..];
        if have.len() >= with.len() {
            return Ok(have.starts_with(with));
        }
        if with.starts_with(have) && !self.eof { Err(Continuation) } else { Ok(false) }
    }

    /// Whether a comment begins here.
    pub(super) fn comment(&self) -> LookQuestion<bool> {
        Ok(match self.byte()? {
            Some(b'#') => true,
            Some(b'/') => self.starts(b"//")? || self.starts(b"/*")?,
            _ => false,
        })
    }

    /// Whether a key and its colon stand here. A text that ends inside what may become a key
    /// counts as one: a reply that is cut off there was writing it.
    pub(super) fn key(self) -> LookQuestion<bool> {
        Ok(self.member()? != Member::None)
    }

    /// The key that stands here with its colon.
    pub(super) fn member(mut self) -> LookQuestion<Member<'a>> {
        if let Some((mark, len)) = self.mark() {
            self.at += len;
            let start = self.at;
            loop {
                match self.byte()? {
                    // Out of reach: a key that long is taken for one.
                    None => return Ok(Member::Begun { ended: self.ended() }),
                    Some(b'\n') => return Ok(Member::None),
                    Some(b'\\') => self.at += 2,
                    Some(_) => match self.mark() {
                        Some((close, len)) if mark.closes_with(close) => {
                            let name = &self.bytes[start..self.at];
                            self.at += len;
                            return self.colon(Member::Named { name, quoted: true });
                        }
                        _ => self.at += 1,
                    },
                }
            }
        }
        let start = self.at;
        while let Some(byte) = self.byte()? {
            if !is_word(byte) {
                break;
            }
            self.at += 1;
        }
        if self.at == start {
            return Ok(Member::None);
        }
        let name = &self.bytes[start..self.at];
        self.colon(Member::Named { name, quoted: false })
    }

    /// Whether one word stands here, and then a key in quotes: a remark before a member.
    pub(super) fn word_then_key(mut self) -> LookQuestion<bool> {
        let start = self.at;
        while self.byte()?.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        let word = self.at > start;
        self.space()?;
        Ok(word
            && self.mark().is_some_and(|(mark, _)| mark == Mark::Double)
            && !self.ended()
            && self.key()?)
    }

    /// Skips a block comment, if one stands here whole; where its end is out of reach, nothing
    /// stands behind it as far as this look goes.
    pub(super) fn block_comment(&mut self) -> LookQuestion<()> {
        if !self.starts(b"/*")? {
            return Ok(());
        }
        self.at += 2;
        while self.byte()?.is_some() {
            if self.starts(b"*/")? {
                self.at += 2;
                self.space()?;
                return Ok(());
            }
            self.at += 1;
        }
        self.at = self.limit;
        Ok(())
    }

    /// The member, if a colon stands here, behind white space (and not the one of a URL).
    fn colon(&mut self, member: Member<'a>) -> LookQuestion<Member<'a>> {
        match self.space()? {
            None if self.ended() => Ok(Member::Begun { ended: true }),
            Some(b':') => {
                self.at += 1;
                Ok(if self.starts(b"//")? { Member::None } else { member })
            }
            None | Some(_) => Ok(Member::None),
        }
    }

    /// Whether a few words stand here, and then the closing bracket of an object, with no mark
    /// before it that could close a string.
    pub(super) fn last_mark(mut self, mark: Mark) -> LookQuestion<bool> {
        let end = self.at + 40;
        while self.at < end {
            match self.byte()? {
                Some(b'}') => return Ok(true),
                Some(b':' | b',' | b'\n' | b'{' | b'[' | b']' | b')' | b'(' | b'\\') | None => {
                    return Ok(false);
                }
                Some(_) if self.mark().is_some_and(|(other, _)| mark.closes_with(other)) => {
                    return Ok(false);
                }
                Some(_) => self.at += 1,
            }
        }
        Ok(false)
    }

    /// Whether a token without quotes stands here that is closed by a comma or a bracket before
    /// any quote comes: an element of a list.
    pub(super) fn element(mut self) -> LookQuestion<bool> {
        loop {
            match self.byte()? {
                None => return Ok(self.ended()),
                Some(b',' | b']' | b'\n') => return Ok(true),
                Some(_) if self.mark().is_some() => return Ok(false),
                Some(_) => self.at += 1,
            }
        }
    }
}
