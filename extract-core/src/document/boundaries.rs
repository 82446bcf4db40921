//! The places at which a text is cut: pages, paragraphs, lines, sentences, words, and the signs that a reader
//! sees as one character. Every function returns the pieces of a range, in order and without gaps.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// A kind of pieces, from the largest to the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Page,
    Paragraph,
    Line,
    Sentence,
    Word,
    Sign,
}

impl Unit {
    /// Returns the next smaller unit. `None` for the smallest.
    pub(super) fn smaller(self) -> Option<Self> {
        match self {
            Self::Page => Some(Self::Paragraph),
            Self::Paragraph => Some(Self::Line),
            Self::Line => Some(Self::Sentence),
            Self::Sentence => Some(Self::Word),
            Self::Word => Some(Self::Sign),
            Self::Sign => None,
        }
    }

    /// Returns the pieces of a range of the text. White space belongs to the piece before it. `pages` are the
    /// offsets at which pages start.
    pub(super) fn pieces(
        self,
        text: &str,
        range: Range<usize>,
        pages: &[usize],
    ) -> Vec<Range<usize>> {
        let Some(inside) = text.get(range.clone()) else { return vec![range] };
        let offset = range.start;
        match self {
            Self::Page => {
                let first = pages.partition_point(|start| *start <= offset);
                let starts = pages.iter().skip(first).take_while(|start| **start < range.end);
                cut(&range, starts.copied())
            }
            Self::Paragraph => cut(&range, paragraph_starts(inside).map(|at| at + offset)),
            Self::Line => cut(&range, line_starts(inside).map(|at| at + offset)),
            Self::Sentence => {
                let starts = inside.split_sentence_bound_indices().map(|(at, _)| at + offset);
                joined(text, cut(&range, starts))
            }
            Self::Word => {
                let starts = inside.split_word_bound_indices().map(|(at, _)| at + offset);
                joined(text, cut(&range, starts))
            }
            Self::Sign => cut(&range, inside.grapheme_indices(true).map(|(at, _)| at + offset)),
        }
    }
}

/// Cuts a range at these offsets, which are in order.
fn cut(range: &Range<usize>, starts: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut open = range.start;
    for start in starts.filter(|start| *start > range.start && *start < range.end) {
        if start > open {
            pieces.push(open..start);
            open = start;
        }
    }
    if range.end > open {
        pieces.push(open..range.end);
    }
    pieces
}

/// Joins each piece of white space with the piece before it.
fn joined(text: &str, pieces: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let is_blank = text.get(piece.clone()).is_some_and(|text| text.trim().is_empty());
        match all.last_mut() {
            Some(last) if is_blank => last.end = piece.end,
            _ => all.push(piece),
        }
    }
    all
}

/// Returns the offsets behind line breaks: LF, CR, CR LF, form feed, and those of Unicode.
fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, c) = chars.next()?;
            let is_pair = c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n');
            if is_line_break(c) && !is_pair {
                return Some(at + c.len_utf8());
            }
        }
    })
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns the offsets at which paragraphs start: behind blank lines, form feeds and paragraph separators.
fn paragraph_starts(text: &str) -> impl Iterator<Item = usize> {
    let ends = line_starts(text).chain([text.len()]);
    let mut line = 0;
    let mut is_behind_gap = false;
    let lines = ends.map(move |end| {
        let start = std::mem::replace(&mut line, end);
        start..end
    });
    lines.filter_map(move |line| {
        let inside = text.get(line.clone()).unwrap_or_default();
        let is_blank = inside.trim().is_empty();
        let starts = is_behind_gap && !is_blank;
        if is_blank || starts {
            is_behind_gap = is_blank;
        }
        if inside.ends_with(['\u{c}', '\u{2029}']) {
            is_behind_gap = true;
        }
        starts.then_some(line.start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(unit: Unit, text: &str) -> Vec<&str> {
        let all = unit.pieces(text, 0..text.len(), &[]);
        all.into_iter().map(|piece| &text[piece]).collect()
    }

    #[test]
    fn paragraphs_end_at_blank_lines_form_feeds_and_separators() {
        let text = "One\r\nstill one.\r\n \t\r\n\r\nTwo\u{c}Three\u{2029}Four\n\n";
        assert_eq!(
            pieces(Unit::Paragraph, text),
            ["One\r\nstill one.\r\n \t\r\n\r\n", "Two\u{c}", "Three\u{2029}", "Four\n\n"]
        );
        assert_eq!(pieces(Unit::Paragraph, "\n\nOne"), ["\n\n", "One"]);
    }

    #[test]
    fn lines_sentences_words_and_signs() {
        assert_eq!(pieces(Unit::Line, "a\r\nb\rc\nd"), ["a\r\n", "b\r", "c\n", "d"]);
        assert_eq!(
            pieces(Unit::Sentence, "It is 3.5 m long. Is it? Yes!"),
            ["It is 3.5 m long. ", "Is it? ", "Yes!"]
        );
        assert_eq!(pieces(Unit::Word, "two  words, שלום"), ["two  ", "words", ", ", "שלום"]);
        assert_eq!(pieces(Unit::Sign, "e\u{301}👩‍👩‍👧x"), ["e\u{301}", "👩‍👩‍👧", "x"]);
    }

    #[test]
    fn pages_are_cut_inside_the_range_alone() {
        let text = "aaaabbbbcccc";
        assert_eq!(Unit::Page.pieces(text, 2..10, &[0, 4, 8]), [2..4, 4..8, 8..10]);
        assert_eq!(Unit::Page.pieces(text, 4..8, &[0, 4, 8]).len(), 1);
    }
}
