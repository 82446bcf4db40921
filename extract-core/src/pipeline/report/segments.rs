//! Splits a text at the ends of its quotes, which may overlap.

use super::super::kept::QuotedSpan;

/// A part of a text, with the indexes of the quotes that it belongs to.
#[derive(Debug, PartialEq)]
pub(super) struct Segment<'t> {
    pub(super) text: &'t str,
    pub(super) quotes: Vec<usize>,
}

/// Returns the parts of a text, in order and without gaps. A span that does not fit the text has no part.
pub(super) fn segments<'t>(text: &'t str, quotes: &[QuotedSpan]) -> Vec<Segment<'t>> {
    let mut starts = Vec::new();
    let mut cuts = vec![0, text.len()];
    for (index, quote) in quotes.iter().enumerate() {
        if text.get(quote.start..quote.end).is_some_and(|quoted| !quoted.is_empty()) {
            starts.push((quote.start, index, quote.end));
            cuts.extend([quote.start, quote.end]);
        }
    }
    starts.sort_unstable();
    cuts.sort_unstable();
    cuts.dedup();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut next = starts.into_iter().peekable();
    let mut parts = Vec::new();
    for (&from, &to) in cuts.iter().zip(cuts.iter().skip(1)) {
        open.retain(|(_, end)| *end > from);
        while let Some((_, index, end)) = next.next_if(|(start, ..)| *start <= from) {
            open.push((index, end));
        }
        let mut quotes: Vec<usize> = open.iter().map(|(index, _)| *index).collect();
        quotes.sort_unstable();
        parts.push(Segment { text: text.get(from..to).unwrap_or_default(), quotes });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(start: usize, end: usize) -> QuotedSpan {
        QuotedSpan { pointer: String::new(), start, end }
    }

    #[test]
    fn overlapping_quotes_share_a_part() {
        let parts = segments("Ünder the bridge", &[span(0, 10), span(7, 17), span(7, 10)]);
        let expected = [("Ünder ", vec![0]), ("the", vec![0, 1, 2]), (" bridge", vec![1])];
        let expected = expected.map(|(text, quotes)| Segment { text, quotes });
        assert_eq!(parts, expected);
    }

    #[test]
    fn spans_that_do_not_fit_have_no_part() {
        let spans = [span(1, 2), span(3, 99), span(4, 3), span(3, 3)];
        assert_eq!(segments("Ü x", &spans), [Segment { text: "Ü x", quotes: vec![] }]);
        assert_eq!(segments("", &[span(0, 0)]), []);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_text_and_each_quote_is_whole(
            text in "[aÜ漢🦀 ]{0,20}",
            spans in prop::collection::vec((0_usize..30, 0_usize..30), 0..6),
        ) {
            let spans: Vec<_> = spans.into_iter().map(|(start, end)| span(start, end)).collect();
            let parts = segments(&text, &spans);
            let joined: String = parts.iter().map(|part| part.text).collect();
            prop_assert_eq!(&joined, &text);
            for (index, span) in spans.iter().enumerate() {
                let marked = parts.iter().filter(|part| part.quotes.contains(&index));
                let marked: String = marked.map(|part| part.text).collect();
                prop_assert_eq!(marked.as_str(), text.get(span.start..span.end).unwrap_or_default());
            }
        }
    }
}
