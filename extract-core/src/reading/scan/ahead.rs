//! Looks ahead in the buffer, a bounded number of bytes. If the buffer ends before a decision is
//! possible, it returns [`Continuation`], and the scanner waits for more bytes.

/// The number of bytes that a decision may look ahead.
const REACH: usize = 192;

/// More bytes are needed to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NeedMoreInput;

/// An answer about the bytes ahead, or [`Continuation`] if the buffer ends too soon.
pub(super) type Lookahead<T> = Result<T, NeedMoreInput>;

/// Returns the length in bytes of the white space character at `at`, or 0 if there is none. It also
/// knows the typographic spaces, which models copy from documents.
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

/// The kinds of quotation marks. The kind that opens a string determines which kinds can close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteKind {
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

/// Returns the quotation mark at `at`, and its length in bytes.
pub(super) fn mark_at(bytes: &[u8], at: usize) -> Option<(QuoteKind, usize)> {
    match bytes[at] {
        b'"' => Some((QuoteKind::Double, 1)),
        b'\'' => Some((QuoteKind::Single, 1)),
        b'`' => Some((QuoteKind::Tick, 1)),
        0xc2 => match bytes.get(at + 1) {
            Some(0xb4) => Some((QuoteKind::Tick, 2)),
            Some(0xab | 0xbb) => Some((QuoteKind::CurlyDouble, 2)),
            _ => None,
        },
        0xe2 if bytes.get(at + 1) == Some(&0x80) => match bytes.get(at + 2) {
            Some(0x98..=0x9b) => Some((QuoteKind::CurlySingle, 3)),
            Some(0x9c..=0x9f) => Some((QuoteKind::CurlyDouble, 3)),
            _ => None,
        },
        _ => None,
    }
}

impl QuoteKind {
    /// Returns whether `other` can close a string that `self` opened.
    pub(super) fn closes_with(self, other: QuoteKind) -> bool {
        match self {
            QuoteKind::Double | QuoteKind::Single => self == other,
            QuoteKind::CurlyDouble => matches!(other, QuoteKind::CurlyDouble | QuoteKind::Double),
            QuoteKind::Tick | QuoteKind::CurlySingle => {
                matches!(other, QuoteKind::Tick | QuoteKind::CurlySingle | QuoteKind::Single)
            }
        }
    }
}

/// Returns whether a byte can be part of a key without quotation marks.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'.' | b'@') || byte >= 0x80
}

/// The kinds of text in place of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member<'a> {
    /// The text does not begin with a key.
    None,
    /// A key with a colon.
    Named { name: &'a [u8], quoted: bool },
    /// The beginning of a key. It is cut by the end of the text (`ended`), or is longer than the
    /// reach.
    Begun { ended: bool },
}

/// A position in the buffer from which a decision looks ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    limit: usize,
    eof: bool,
    /// A line break was passed since the look began, or since it was last cleared.
    pub(super) newline: bool,
}

impl<'a> Ahead<'a> {
    /// Starts to look ahead from `at`.
    pub(super) fn new(bytes: &'a [u8], at: usize, eof: bool) -> Self {
        Self { bytes, at, limit: at.saturating_add(REACH), eof, newline: false }
    }

    /// Returns the byte here, or `None` at the end of the text and out of reach.
    pub(super) fn byte(&self) -> Lookahead<Option<u8>> {
        match self.bytes.get(self.at) {
            Some(&byte) if self.at < self.limit => Ok(Some(byte)),
            Some(_) => Ok(None),
            None if self.eof || self.at >= self.limit => Ok(None),
            None => Err(NeedMoreInput),
        }
    }

    /// Returns whether the text ends here, rather than the reach.
    pub(super) fn ended(&self) -> bool {
        // At the end of the reach the end of the text is unknown, whatever the pieces.
        self.eof && self.at >= self.bytes.len() && self.at < self.limit
    }

    /// Skips white space, and returns the byte after it.
    pub(super) fn space(&mut self) -> Lookahead<Option<u8>> {
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

    /// Returns the quotation mark here.
    pub(super) fn mark(&self) -> Option<(QuoteKind, usize)> {
        let within = self.at < self.bytes.len() && self.at < self.limit;
        within.then(|| mark_at(self.bytes, self.at)).flatten()
    }

    /// Returns whether the buffer continues with these bytes.
    pub(super) fn starts(&self, with: &[u8]) -> Lookahead<bool> {
        let have = &self.bytes[self.at.min(self.bytes.len())..];
        if have.len() >= with.len() {
            return Ok(have.starts_with(with));
        }
        if with.starts_with(have) && !self.eof { Err(NeedMoreInput) } else { Ok(false) }
    }

    /// Returns whether a comment begins here.
    pub(super) fn comment(&self) -> Lookahead<bool> {
        Ok(match self.byte()? {
            Some(b'#') => true,
            Some(b'/') => self.starts(b"//")? || self.starts(b"/*")?,
            _ => false,
        })
    }

    /// Returns whether a key with a colon begins here. A key that is cut by the end of the text
    /// counts as well.
    pub(super) fn key(self) -> Lookahead<bool> {
        Ok(self.member()? != Member::None)
    }

    /// Reads the key with its colon that begins here.
    pub(super) fn member(mut self) -> Lookahead<Member<'a>> {
        if let Some((mark, len)) = self.mark() {
            self.at += len;
            let start = self.at;
            loop {
                match self.byte()? {
                    // A key longer than the reach counts as a key.
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

    /// Returns whether one word and then a quoted key begin here: a remark before a member.
    pub(super) fn remark_then_key(mut self) -> Lookahead<bool> {
        let start = self.at;
        while self.byte()?.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        let word = self.at > start;
        self.space()?;
        Ok(word
            && self.mark().is_some_and(|(mark, _)| mark == QuoteKind::Double)
            && !self.ended()
            && self.key()?)
    }

    /// Skips a block comment, if one begins here. If its end is out of reach, moves to the end of
    /// the reach.
    pub(super) fn block_comment(&mut self) -> Lookahead<()> {
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

    /// Returns the member if a colon follows, after white space, that is not part of a URL.
    fn colon(&mut self, member: Member<'a>) -> Lookahead<Member<'a>> {
        match self.space()? {
            None if self.ended() => Ok(Member::Begun { ended: true }),
            Some(b':') => {
                self.at += 1;
                Ok(if self.starts(b"//")? { Member::None } else { member })
            }
            None | Some(_) => Ok(Member::None),
        }
    }

    /// Returns whether only a few words precede the closing brace of an object, without a mark that
    /// could close the string.
    pub(super) fn closes_object_unquoted(mut self, mark: QuoteKind) -> Lookahead<bool> {
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

    /// Returns whether an element without quotation marks begins here: a comma or a bracket follows
    /// before any quotation mark.
    pub(super) fn element(mut self) -> Lookahead<bool> {
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
