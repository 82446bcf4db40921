//! Folds a text: removes the differences that copies often have in case, white space, punctuation,
//! typographic forms and hyphens at line ends. Maps positions in the folded text back to the original.

use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

/// The separator of the parts in a folded source. No quote folds to it.
pub(super) const WALL: char = '\u{1}';

/// A folded text.
#[derive(Debug, Default)]
pub(super) struct FoldedText {
    text: String,
    /// For each byte of `text`, the byte offset of its character in the original.
    origin: Vec<u32>,
}

impl FoldedText {
    /// Folds a text. `walls` are byte offsets at which a wall is inserted: no match crosses it.
    pub(super) fn of(original: &str, walls: impl IntoIterator<Item = usize>) -> Self {
        let mut folder = Folder::default();
        let mut walls = walls.into_iter().peekable();
        let mut chars = original.char_indices();
        // Offsets have 32 bits. The text beyond 4 GiB is searched for exact matches only.
        while let Some((at, c)) = chars.next() {
            let Ok(at) = u32::try_from(at) else { break };
            if walls.next_if(|wall| *wall <= at as usize).is_some() {
                folder.wall(at);
            }
            folder.push(c, at, chars.as_str());
        }
        folder.folded
    }

    /// Returns the folded text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the byte range in the original of a range of the folded text, or `None` if it is empty.
    pub(super) fn original(&self, piece: Range<usize>, original: &str) -> Option<Range<usize>> {
        let start = *self.origin.get(piece.start)? as usize;
        let last = *self.origin.get(piece.end.checked_sub(1)?)? as usize;
        let end = last + original.get(last..)?.chars().next()?.len_utf8();
        Some(start..end)
    }

    /// Whether a range begins and ends at word boundaries.
    pub(super) fn is_whole(&self, piece: &Range<usize>) -> bool {
        let before = self.text[..piece.start].chars().next_back();
        let after = self.text[piece.end..].chars().next();
        let ends_word = |c: Option<char>| c.is_none_or(|c| c == ' ' || c == WALL);
        ends_word(before) && ends_word(after)
    }

    /// Whether a range begins or ends between a letter and its combining mark.
    pub(super) fn splits_letter(&self, piece: &Range<usize>) -> bool {
        let after = self.text[piece.end..].chars().next();
        let begins = self.text[piece.clone()].chars().next();
        after.is_some_and(is_mark) || begins.is_some_and(is_mark)
    }
}

/// The text between the last kept character and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Gap {
    #[default]
    None,
    /// A hyphen inside a word, or at a line end with the line break behind it. It is dropped.
    Parted,
    /// White space or punctuation. It becomes one space.
    Open,
}

/// The state of folding.
#[derive(Debug, Default)]
struct Folder {
    folded: FoldedText,
    gap: Gap,
    /// The last kept character; `None` at the start and behind a wall.
    last: Option<char>,
}

impl Folder {
    /// Adds a wall.
    fn wall(&mut self, at: u32) {
        self.gap = Gap::None;
        self.keep(WALL, at);
        self.last = None;
    }

    /// Adds a character of the original. `rest` is the text behind it.
    fn push(&mut self, c: char, at: u32, rest: &str) {
        match kind(c) {
            CharKind::Nothing => {}
            CharKind::Space => self.gap = if self.gap == Gap::None { Gap::Open } else { self.gap },
            CharKind::Hyphen if self.gap == Gap::None && self.joins(rest) => self.gap = Gap::Parted,
            CharKind::Dash | CharKind::Hyphen if self.is_sign(rest) => self.push_kept('-', at),
            CharKind::Separator | CharKind::Dash | CharKind::Hyphen => self.gap = Gap::Open,
            CharKind::Kept => decompose_compatible(c, |c| {
                for c in c.to_lowercase() {
                    match kind(c) {
                        CharKind::Kept => self.push_kept(if c == 'ς' { 'σ' } else { c }, at),
                        CharKind::Nothing => {}
                        _ => self.gap = Gap::Open,
                    }
                }
            }),
        }
    }

    /// Adds a folded character, with a space before it if the gap is open.
    fn push_kept(&mut self, c: char, at: u32) {
        // Scripts without spaces: white space and punctuation do not separate words.
        let unspaced = self.last.is_some_and(is_unspaced) && is_unspaced(c);
        let parted = matches!(self.gap, Gap::None | Gap::Parted);
        if !parted && self.last.is_some() && !unspaced {
            self.keep(' ', at);
        }
        self.gap = Gap::None;
        self.keep(c, at);
        self.last = Some(c);
    }

    /// Appends a character with its offset in the original.
    fn keep(&mut self, c: char, at: u32) {
        self.folded.text.push(c);
        self.folded.origin.resize(self.folded.text.len(), at);
    }

    /// Whether a hyphen is inside a word, or divides a word at a line end.
    fn joins(&self, rest: &str) -> bool {
        let is_letter = |c: char| c.is_alphabetic();
        self.last.is_some_and(is_letter)
            && rest.chars().find(|c| !c.is_whitespace()).is_some_and(is_letter)
            && {
                let blank = rest.chars().take_while(|c| c.is_whitespace());
                let (blank, lines) =
                    blank.fold((0, 0), |(all, lines), c| (all + 1, lines + usize::from(c == '\n')));
                blank == 0 || lines == 1
            }
    }

    /// Whether a dash is the sign of a number.
    fn is_sign(&self, rest: &str) -> bool {
        let touches = self.gap == Gap::None && self.last.is_some_and(char::is_alphanumeric);
        !touches && rest.chars().next().is_some_and(|c| c.is_ascii_digit())
    }
}

/// The treatment of a character.
#[derive(Debug, PartialEq)]
enum CharKind {
    Kept,
    Space,
    Separator,
    Hyphen,
    Dash,
    Nothing,
}

/// Returns the treatment of a character.
fn kind(c: char) -> CharKind {
    match c {
        '-' | '\u{2010}' | '\u{2011}' => CharKind::Hyphen,
        // Soft hyphens, and characters without width.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => CharKind::Nothing,
        '\u{2012}' | '\u{2013}' | '\u{2212}' => CharKind::Dash,
        c if is_sign(c) => CharKind::Kept,
        c if c.is_whitespace() => CharKind::Space,
        c if c.is_ascii_punctuation() || c.is_control() => CharKind::Separator,
        // Punctuation: Latin-1, general, supplemental and CJK, with its vertical and small forms.
        '\u{a1}'..='\u{b8}' | '\u{bb}' | '\u{bf}' if !c.is_alphanumeric() => CharKind::Separator,
        '\u{2014}'..='\u{206f}'
        | '\u{2e00}'..='\u{2e7f}'
        | '\u{3001}'..='\u{3003}'
        | '\u{3008}'..='\u{3020}'
        | '\u{3030}'
        | '\u{30fb}'
        | '\u{fe10}'..='\u{fe19}'
        | '\u{fe30}'..='\u{fe6f}' => CharKind::Separator,
        _ => CharKind::Kept,
    }
}

/// Whether the character changes the number or the meaning of the text beside it.
fn is_sign(c: char) -> bool {
    matches!(
        c,
        '%' | '&'
            | '+'
            | '<'
            | '='
            | '>'
            | '@'
            | '$'
            | '¢'
            | '£'
            | '¤'
            | '¥'
            | '§'
            | '°'
            | '±'
            | 'µ'
            | '‰'
            | '‱'
            | '\u{20a0}'..='\u{20cf}'
    )
}

/// Returns the digits and signs of a folded text. They must be equal in a fuzzy match.
pub(super) fn figures(folded: &str) -> impl Iterator<Item = char> {
    folded.chars().filter(|&c| c.is_numeric() || c == '-' || is_sign(c))
}

/// Whether the character belongs to a script without spaces, so that a line break between two of them is
/// ignored.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Whether the character is a combining mark of the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}
