//! Which value of an enum a text means: spelled exactly, spelled otherwise, or named in a sentence.

use std::collections::BTreeMap;

use crate::contract::shape::{Choices, fold, normal};

/// How a choice was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// Spelled as the schema (or an alias) spells it.
    Exact(usize),
    /// The same but for case, accents or punctuation.
    Like(usize),
    /// Named in a longer text, more often than any other.
    Named(usize),
    /// Several are named as often.
    Unclear,
    None,
}

pub(super) fn find(choices: &Choices, text: &str) -> Match {
    let trimmed = text.trim();
    for text in [text, trimmed] {
        if let Some(&index) = choices.exact.get(text) {
            return Match::Exact(index as usize);
        }
    }
    let plain = normal(trimmed);
    match choices.normal.get(&plain) {
        Some(Some(index)) => return Match::Like(*index as usize),
        // Spellings that differ by what was taken away: their case or accents must tell.
        Some(None) => return Match::Unclear,
        None => {}
    }
    named(choices, trimmed)
}

/// The longest text that is searched for the names of choices.
const LONGEST: usize = 16_384;

/// Counts where each choice is named as a word of its own; overlapping names go to the longest.
fn named(choices: &Choices, text: &str) -> Match {
    if text.len() > LONGEST {
        return Match::None;
    }
    let text = fold(text);
    let mut hits: Vec<(usize, usize, usize)> = Vec::new();
    for (index, choice) in choices.all.iter().enumerate() {
        for spelling in &choice.spellings {
            let name = fold(spelling.trim());
            if name.is_empty() {
                continue;
            }
            for (at, _) in text.match_indices(&name) {
                if stands_alone(&text, at, at + name.len()) {
                    hits.push((at, at + name.len(), index));
                }
            }
        }
    }
    // The longest first, so that `car-2` takes what `car` would.
    hits.sort_by_key(|&(start, end, _)| (std::cmp::Reverse(end - start), start));
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut counts = vec![0_usize; choices.all.len()];
    for (start, end, index) in hits {
        let before = taken.range(..end).next_back();
        if before.is_some_and(|(_, &taken_to)| taken_to > start) {
            continue;
        }
        taken.insert(start, end);
        if denied(&text[..start]) {
            return Match::Unclear;
        }
        counts[index] += 1;
    }
    let Some(most) = counts.iter().copied().max().filter(|&most| most > 0) else {
        return Match::None;
    };
    let mut best = counts.iter().enumerate().filter(|&(_, &count)| count == most);
    match (best.next(), best.next()) {
        (Some((index, _)), None) => Match::Named(index),
        _ => Match::Unclear,
    }
}

/// Whether the range is no part of a longer word. Scripts that write without spaces have no words
/// to be part of.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let word = |char: Option<char>| {
        char.is_some_and(|char| (char.is_alphanumeric() || char == '_') && char < '\u{2e80}')
    };
    let first = text[start..end].chars().next();
    let last = text[start..end].chars().next_back();
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !(word(before) && word(first) || word(after) && word(last))
}

/// Whether the text right before says that it is *not* what follows.
fn denied(before: &str) -> bool {
    let before = before.trim_end_matches(|char: char| !char.is_alphanumeric() && char != '\'');
    ["not", "n't", "isnt", "neither", "nor"].iter().any(|word| {
        before.ends_with(word)
            && !before[..before.len() - word.len()]
                .ends_with(|char: char| char.is_alphanumeric() && *word != "n't")
    })
}

/// What a text says of yes and no, if it says exactly one of them.
pub(super) fn truth(text: &str) -> Option<(bool, bool)> {
    let trimmed =
        text.trim().trim_matches(|char: char| matches!(char, '"' | '\'' | '`' | '.' | '*' | '!'));
    let known = |word: &str| match word {
        "true" | "yes" | "y" | "on" | "t" => Some(true),
        "false" | "no" | "n" | "off" | "f" => Some(false),
        _ => None,
    };
    if trimmed.len() > LONGEST {
        return None;
    }
    let folded = fold(trimmed);
    if let Some(truth) = known(&folded) {
        return Some((truth, false));
    }
    let (mut yes, mut no) = (false, false);
    let mut start = 0;
    for word in folded.split(|char: char| !char.is_alphanumeric()) {
        yes |= word == "true";
        no |= word == "false";
        if matches!(word, "true" | "false") && denied(&folded[..start]) {
            return None;
        }
        start += word.len() + folded[start + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    (yes != no).then_some((yes, true))
}

/// Whether a text only says that there is nothing.
pub(super) fn says_nothing(text: &str) -> bool {
    matches!(fold(text.trim()).as_str(), "" | "null" | "none" | "nil" | "undefined" | "n/a")
}
