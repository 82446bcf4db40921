//! Finds a text that was copied with a few letters changed, in time linear in the source. Pieces of four
//! bytes vote for the position, and the few best positions are compared letter by letter.

use std::ops::Range;

use super::folded::{WALL, figures};
use super::search_cost::SearchCost;

/// Limits on the length of a quote, in bytes of the folded text. Shorter quotes would match by accident;
/// longer ones would cost too much to compare.
const SHORTEST: usize = 8;
const LONGEST: usize = 2048;

/// The share of letters that may differ: one in seven of the quote, and one in three of a word.
const ONE_IN: usize = 7;
const SLIPS_ONE_IN: usize = 3;

/// Limit on the characters by which a match is extended to word boundaries.
const LONGEST_WORD: usize = 24;

/// The nearest passage is reported if at most this share of the quote's letters differs, in percent.
const SHOWN: usize = 60;

/// The length in bytes of the pieces that vote, and the number of positions in the quote that are kept
/// for a piece.
const GRAM: usize = 4;
const PLACES: usize = 4;

/// The number of positions that are compared letter by letter.
const CANDIDATES: usize = 4;

/// The nearest passage.
#[derive(Debug)]
pub(super) struct FuzzyMatch {
    /// The byte range in the folded source.
    pub(super) piece: Range<usize>,
    /// Whether the passage is near enough to count as the quote.
    pub(super) is_near: bool,
}

/// Returns the passage nearest to a quote, or `None` if none is near enough to be reported. Both texts
/// are folded.
pub(super) fn find(quote: &str, source: &str, cost: &mut SearchCost) -> Option<FuzzyMatch> {
    if quote.len() < SHORTEST || quote.len() > LONGEST || source.len() < GRAM {
        return None;
    }
    let most = quote.chars().count() / ONE_IN;
    let mut best: Option<(usize, Range<usize>)> = None;
    for window in windows(quote, source, cost) {
        let Some((distance, piece)) = nearest(quote, source, window, cost) else { continue };
        let piece = in_words(source, piece);
        let text = &source[piece.clone()];
        // A different number or word is no spelling mistake.
        let is_slip = figures(quote).eq(figures(text)) && has_same_words(quote, text, cost);
        let is_other = distance <= most && !is_slip;
        let distance = if is_other { most + 1 } else { distance };
        let is_nearer = best.as_ref().is_none_or(|(known, at)| {
            distance < *known || distance == *known && piece.start < at.start
        });
        if is_nearer {
            best = Some((distance, piece));
        }
    }
    let (distance, piece) = best?;
    let is_shown = distance * 100 <= quote.chars().count() * SHOWN;
    is_shown.then_some(FuzzyMatch { piece, is_near: distance <= most })
}

/// Shrinks the range by the spaces at its ends, and extends it to word boundaries.
fn in_words(text: &str, piece: Range<usize>) -> Range<usize> {
    let gap = |c: char| c == ' ' || c == WALL;
    let inside = &text[piece.clone()];
    let start = piece.start + (inside.len() - inside.trim_start_matches(gap).len());
    let end = start + inside.trim_matches(gap).len();
    // The extension is bounded: a text without spaces has no word boundaries.
    let letters = |rest: usize, c: char| rest + c.len_utf8();
    let before = text[..start].chars().rev().take_while(|c| !gap(*c)).take(LONGEST_WORD);
    let after = text[end..].chars().take_while(|c| !gap(*c)).take(LONGEST_WORD);
    start - before.fold(0, letters)..end + after.fold(0, letters)
}

/// Whether two texts have the same words, apart from a few letters: no word is added, missing or
/// different. A word may be split in two.
fn has_same_words(quote: &str, text: &str, cost: &mut SearchCost) -> bool {
    cost.spend(quote.len() + text.len());
    let words = |text| str::split(text, ' ').filter(|word| !word.is_empty());
    let (wanted, there): (Vec<&str>, Vec<&str>) = (words(quote).collect(), words(text).collect());
    let same_before = wanted.iter().zip(&there).take_while(|(a, b)| a == b).count();
    let (wanted, there) = (&wanted[same_before..], &there[same_before..]);
    let same_after =
        wanted.iter().rev().zip(there.iter().rev()).take_while(|(a, b)| a == b).count();
    let (wanted, there) =
        (&wanted[..wanted.len() - same_after], &there[..there.len() - same_after]);
    let is_slip = |wanted: &str, there: &str, cost: &mut SearchCost| {
        let (wanted, there): (Vec<char>, Vec<char>) =
            (wanted.chars().collect(), there.chars().collect());
        let most = (wanted.len() / SLIPS_ONE_IN).max(1);
        distance(&wanted, &there, cost) <= most
    };
    if wanted.len() == there.len() {
        return wanted.iter().zip(there).all(|(wanted, there)| is_slip(wanted, there, cost));
    }
    // A split word counts as one mistake.
    let joined = |words: &[&str]| words.concat().chars().collect::<Vec<char>>();
    distance(&joined(wanted), &joined(there), cost) <= 1
}

/// Returns the edit distance of two words: the number of letters to be added, removed or changed.
fn distance(from: &[char], to: &[char], cost: &mut SearchCost) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        cost.spend(to.len());
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

/// Returns the ranges in which most pieces of the quote occur in order, best first.
fn windows(quote: &str, source: &str, cost: &mut SearchCost) -> Vec<Range<usize>> {
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); SLOTS];
    for (at, gram) in quote.as_bytes().windows(GRAM).enumerate() {
        let known = &mut places[slot(gram)];
        if known.len() < PLACES {
            known.push(at);
        }
    }
    // Votes for the start of the quote, in steps of the tolerated difference in length.
    let step = (quote.len() / ONE_IN).max(GRAM);
    let mut votes = vec![0_u32; (quote.len() + source.len()) / step + 2];
    cost.spend(quote.len() + votes.len());
    for (at, gram) in source.as_bytes().windows(GRAM).enumerate() {
        cost.spend(1);
        for place in &places[slot(gram)] {
            cost.spend(1);
            votes[(at + quote.len() - place) / step] += 1;
        }
    }
    // A passage may cross the border of two steps.
    let mut best: Vec<(u32, usize)> = Vec::with_capacity(CANDIDATES + 1);
    for index in 1..votes.len() {
        cost.spend(1);
        let here = votes[index - 1] + votes[index];
        // Two adjacent steps are one passage.
        let neighbour = best.iter().position(|(_, other)| other + 1 == index);
        if here == 0 || neighbour.is_some_and(|at| best[at].0 >= here) {
            continue;
        }
        neighbour.map(|at| best.remove(at));
        let rank = best.partition_point(|(known, _)| *known >= here);
        best.insert(rank, (here, index));
        best.truncate(CANDIDATES);
    }
    let window = |(_, index): (u32, usize)| {
        let begin = ((index - 1) * step).saturating_sub(quote.len() + step);
        let end = ((index + 1) * step + step).min(source.len());
        on_borders(source, begin..end.max(begin))
    };
    best.into_iter().map(window).collect()
}

/// The number of buckets for pieces, and the bucket of a piece.
const SLOTS: usize = 1 << 13;

fn slot(gram: &[u8]) -> usize {
    let bits = gram.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    bits.wrapping_mul(0x9e37_79b1) as usize >> 19
}

/// Extends the range to character boundaries.
fn on_borders(text: &str, range: Range<usize>) -> Range<usize> {
    let start = (0..=range.start.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    let end = (range.end.min(text.len())..=text.len()).find(|&at| text.is_char_boundary(at));
    start.unwrap_or(0)..end.unwrap_or(text.len())
}

/// Returns the part of a window with the smallest edit distance from the quote, and this distance.
/// Returns `None` for an empty window.
fn nearest(
    quote: &str,
    source: &str,
    window: Range<usize>,
    effort: &mut SearchCost,
) -> Option<(usize, Range<usize>)> {
    let quote: Vec<char> = quote.chars().collect();
    // For each prefix of the quote: the distance of a match that ends here, and the offset of its start.
    let mut row: Vec<(usize, usize)> = (0..=quote.len()).map(|cost| (cost, window.start)).collect();
    let mut best: Option<(usize, Range<usize>)> = None;
    for (at, c) in source[window.clone()].char_indices() {
        let (at, end) = (window.start + at, window.start + at + c.len_utf8());
        effort.spend(quote.len());
        if c == WALL {
            row.iter_mut().enumerate().for_each(|(cost, cell)| *cell = (cost, end));
            continue;
        }
        let mut diagonal = row[0];
        row[0] = (0, end);
        // The match is still empty: it begins with this character or later.
        diagonal.1 = at;
        for (index, wanted) in quote.iter().enumerate() {
            let changed = (diagonal.0 + usize::from(c != *wanted), diagonal.1);
            diagonal = row[index + 1];
            let added = (diagonal.0 + 1, diagonal.1);
            let missing = (row[index].0 + 1, row[index].1);
            row[index + 1] = [changed, added, missing].into_iter().min_by_key(|cell| cell.0)?;
        }
        let (cost, start) = row[quote.len()];
        if start < end && best.as_ref().is_none_or(|(known, _)| cost < *known) {
            best = Some((cost, start..end));
        }
    }
    best
}
