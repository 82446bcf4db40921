//! Locates a quote in a source: exactly, or else in the folded text, or else with a few letters changed.
//! Each step is linear in the source.

use std::ops::Range;

use memchr::memmem;

use super::folded::FoldedText;
use super::search_cost::SearchCost;
use super::{Located, Match, Source, fuzzy};

impl Source {
    /// Returns the location of a text, or `None` if it does not occur. White space around the text is
    /// ignored.
    ///
    /// ```
    /// use extract_llm::grounding::{Match, Source};
    ///
    /// let source = Source::from("Dr. Müller said: “It is  a\nwell-known fact.”");
    ///
    /// let found = source.locate("said").unwrap();
    /// assert_eq!((found.quality, found.bytes, found.chars), (Match::Exact, 12..16, 11..15));
    ///
    /// let found = source.locate("\"it is a well-known fact\"").unwrap();
    /// assert_eq!(found.quality, Match::Normalised);
    /// assert_eq!(&source[found.bytes], "It is  a\nwell-known fact");
    ///
    /// let found = source.locate("It is a wel-known fakt").unwrap();
    /// assert_eq!(found.quality, Match::Fuzzy);
    ///
    /// assert_eq!(source.locate("It is a little-known fact"), None);
    /// ```
    pub fn locate(&self, quote: &str) -> Option<Located> {
        self.locate_after(quote, 0, &mut SearchCost::default()).ok()
    }

    /// Returns the first occurrence at or after the byte `from`, or else the last one before it. If there
    /// is none, the error is the nearest passage, if any is near.
    #[doc(hidden)]
    pub fn locate_after(
        &self,
        quote: &str,
        from: usize,
        cost: &mut SearchCost,
    ) -> Result<Located, Option<Range<usize>>> {
        let quote = quote.trim();
        if quote.is_empty() {
            return Err(None);
        }
        let (later, earlier) = self.exactly(quote, from, cost);
        if let Some(found) = later {
            return Ok(self.located(found, Match::Exact, cost));
        }
        let source = self.folded(cost);
        let folded = FoldedText::of(quote, []);
        cost.spend(quote.len());
        let (later, earlier_folded) = self.but_for_form(&folded, source, from, cost);
        if let Some(found) = later {
            return Ok(self.located(found, Match::Normalised, cost));
        }
        if let Some(found) = earlier {
            return Ok(self.located(found, Match::Exact, cost));
        }
        if let Some(found) = earlier_folded {
            return Ok(self.located(found, Match::Normalised, cost));
        }
        let original = |piece| source.original(piece, self);
        let found = fuzzy::find(folded.text(), source.text(), cost);
        match found {
            Some(found) if found.is_near => match original(found.piece) {
                Some(bytes) => Ok(self.located(bytes, Match::Fuzzy, cost)),
                None => Err(None),
            },
            found => Err(found.and_then(|found| original(found.piece))),
        }
    }

    /// Finds exact matches: the first one at or after the byte `from`, and the last one before it. Whole
    /// words take precedence over parts of words.
    fn exactly(
        &self,
        quote: &str,
        from: usize,
        cost: &mut SearchCost,
    ) -> (Option<Range<usize>>, Option<Range<usize>>) {
        cost.spend(self.len());
        let finder = memmem::Finder::new(quote);
        let all = finder.find_iter(self.as_bytes()).map(|start| start..start + quote.len());
        let within = all.filter(|piece| {
            cost.spend(1);
            !self.crosses(piece)
        });
        choose(within, |piece| is_whole(self, piece), |piece| piece.start >= from)
    }

    /// Finds matches in the folded text, in the same way.
    fn but_for_form(
        &self,
        quote: &FoldedText,
        source: &FoldedText,
        from: usize,
        cost: &mut SearchCost,
    ) -> (Option<Range<usize>>, Option<Range<usize>>) {
        if quote.text().is_empty() {
            return (None, None);
        }
        cost.spend(source.text().len());
        let finder = memmem::Finder::new(quote.text());
        let all = finder.find_iter(source.text().as_bytes());
        let pieces = all.map(|start| start..start + quote.text().len()).filter(|piece| {
            cost.spend(1);
            !source.splits_letter(piece)
        });
        let start = |piece: &Range<usize>| source.original(piece.clone(), self).map(|at| at.start);
        let (later, earlier) = choose(
            pieces,
            |piece| source.is_whole(piece),
            |piece| start(piece).is_some_and(|start| start >= from),
        );
        let original = |piece: Option<_>| source.original(piece?, self);
        (original(later), original(earlier))
    }

    /// Whether a range extends beyond one part.
    fn crosses(&self, piece: &Range<usize>) -> bool {
        self.parts().len() > 1
            && self.part_at(piece.start).is_none_or(|part| part.bytes.end < piece.end)
    }

    /// Adds the character offsets to a byte range.
    fn located(&self, bytes: Range<usize>, quality: Match, cost: &mut SearchCost) -> Located {
        cost.spend(bytes.end);
        let start = self[..bytes.start].chars().count();
        let chars = start..start + self[bytes.clone()].chars().count();
        Located { bytes, chars, quality }
    }
}

/// Returns the first late range and the last other range. Ranges of whole words take precedence.
fn choose(
    pieces: impl Iterator<Item = Range<usize>>,
    is_whole: impl Fn(&Range<usize>) -> bool,
    is_late: impl Fn(&Range<usize>) -> bool,
) -> (Option<Range<usize>>, Option<Range<usize>>) {
    let (mut later, mut earlier) = (None, None);
    let (mut whole_earlier, mut any) = (false, false);
    for piece in pieces {
        let whole = is_whole(&piece);
        if is_late(&piece) {
            if whole {
                return (Some(piece), earlier);
            }
            later.get_or_insert(piece);
            any = true;
        } else if whole || !whole_earlier {
            whole_earlier |= whole;
            earlier = Some(piece);
        }
    }
    // A part of a word is no second mention of a whole word.
    if any && whole_earlier { (None, earlier) } else { (later, earlier) }
}

/// Whether a range begins and ends at word boundaries, as far as its ends are letters or digits.
fn is_whole(text: &str, piece: &Range<usize>) -> bool {
    let joined = |left: Option<char>, right: Option<char>| {
        left.is_some_and(char::is_alphanumeric) && right.is_some_and(char::is_alphanumeric)
    };
    let inside = &text[piece.clone()];
    !joined(text[..piece.start].chars().next_back(), inside.chars().next())
        && !joined(inside.chars().next_back(), text[piece.end..].chars().next())
}
