//! A text without what copies of it get wrong: case, white space, punctuation, typographic forms,
//! hyphens at the ends of lines. With a map back, so that what is found in it has a place in the original.

use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

/// Stands between the parts of a source. No quote folds to it.
pub(super) const WALL: char = '\u{1}';

/// A folded text.
#[derive(Debug, Default)]
pub(super) struct Folded {
    text: String,
    /// For each byte of it, the byte of the original at which its character begins.
    origin: Vec<u32>,
}

impl Folded {
    /// Folds a text; `walls` are the places in it that nothing is found across.
    pub(super) fn of(original: &str, walls: impl IntoIterator<Item = usize>) -> Self {
        let mut folder = Folder::default();
        let mut walls = walls.into_iter().peekable();
        let mut chars = original.char_indices();
        // A place in the original is kept in 32 bits. What lies beyond is found only as it stands.
        while let Some((at, c)) = chars.next() {
            let Ok(at) = u32::try_from(at) else { break };
            if walls.next_if(|wall| *wall <= at as usize).is_some() {
                folder.wall(at);
            }
            folder.push(c, at, chars.as_str());
        }
        folder.folded
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where a piece of the folded text stands in the original.
    pub(super) fn original(&self, piece: Range<usize>, original: &str) -> Option<Range<usize>> {
        let start = *self.origin.get(piece.start)? as usize;
        let last = *self.origin.get(piece.end.checked_sub(1)?)? as usize;
        let end = last + original.get(last..)?.chars().next()?.len_utf8();
        Some(start..end)
    }

    /// Whether a piece begins and ends where words do.
    pub(super) fn is_whole(&self, piece: &Range<usize>) -> bool {
        let before = self.text[..piece.start].chars().next_back();
        let after = self.text[piece.end..].chars().next();
        let ends_word = |c: Option<char>| c.is_none_or(|c| c == ' ' || c == WALL);
        ends_word(before) && ends_word(after)
    }

    /// Whether a piece ends between a letter and its accent.
    pub(super) fn splits_letter(&self, piece: &Range<usize>) -> bool {
        let after = self.text[piece.end..].chars().next();
        let begins = self.text[piece.clone()].chars().next();
        after.is_some_and(is_mark) || begins.is_some_and(is_mark)
    }
}

/// What stands between two letters.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Gap {
    #[default]
    None,
    /// A hyphen that parts a word, and what of a line's end stands behind it.
    Parted,
    /// White space or punctuation.
    Open,
}

#[derive(Debug, Default)]
struct Folder {
    folded: Folded,
    gap: Gap,
    /// The last character that was kept.
    last: Option<char>,
}

impl Folder {
    fn wall(&mut self, at: u32) {
        self.gap = Gap::None;
        self.keep(WALL, at);
        self.last = None;
    }

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

    fn push_kept(&mut self, c: char, at: u32) {
        // A script without spaces has no words to be told apart by what stands between them.
        let unspaced = self.last.is_some_and(is_unspaced) && is_unspaced(c);
        let parted = matches!(self.gap, Gap::None | Gap::Parted);
        if !parted && self.last.is_some() && !unspaced {
            self.keep(' ', at);
        }
        self.gap = Gap::None;
        self.keep(c, at);
        self.last = Some(c);
    }

    fn keep(&mut self, c: char, at: u32) {
        self.folded.text.push(c);
        self.folded.origin.resize(self.folded.text.len(), at);
    }

    /// Whether a hyphen stands inside of a word, or parts one at the end of a line.
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

/// What becomes of a character.
#[derive(Debug, PartialEq)]
enum CharKind {
    Kept,
    Space,
    Separator,
    Hyphen,
    Dash,
    Nothing,
}

fn kind(c: char) -> CharKind {
    match c {
        '-' | '\u{2010}' | '\u{2011}' => CharKind::Hyphen,
        // Breaks of words that need not show, and characters without width.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => CharKind::Nothing,
        '\u{2012}' | '\u{2013}' | '\u{2212}' => CharKind::Dash,
        c if is_sign(c) => CharKind::Kept,
        c if c.is_whitespace() => CharKind::Space,
        c if c.is_ascii_punctuation() || c.is_control() => CharKind::Separator,
        // Latin-1, general and other punctuation, that of CJK, its vertical and small forms.
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

/// Whether it makes another number or another meaning of what it stands at.
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

/// What of a folded text has to be the same in a copy with mistakes: figures and signs.
pub(super) fn figures(folded: &str) -> impl Iterator<Item = char> {
    folded.chars().filter(|&c| c.is_numeric() || c == '-' || is_sign(c))
}

/// Whether it is written without spaces, so that a break of a line between two of them is none.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Whether it is an accent of the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}
