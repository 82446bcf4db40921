//! Matches a text with the values of an enum: spelled exactly, spelled differently, or named alone
//! in a sentence. A name inside a longer word does not count. Also recognises booleans and absence
//! words.

use std::collections::BTreeMap;

use crate::contract::shape::{Choices, fold, normal_enum_value};

/// The result of matching a text with an enum. The index refers to [`Choices::all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnumMatch {
    /// The text is spelled as in the schema, or as an alias.
    Exact(usize),
    /// The text is equal except for case, accents or punctuation.
    Like(usize),
    /// A longer text names this value and no other.
    Named(usize),
    /// The text names several values, or negates one.
    Unclear,
    /// The text names no value.
    None,
}

/// Matches a text with the values of an enum: first its exact spelling, then its normal form, then
/// names within it.
pub(super) fn find(choices: &Choices, text: &str) -> EnumMatch {
    let trimmed = text.trim();
    for text in [text, trimmed] {
        if let Some(&index) = choices.exact.get(text) {
            return EnumMatch::Exact(index as usize);
        }
    }
    let plain = normal_enum_value(trimmed);
    match choices.normal.get(&plain) {
        Some(Some(index)) => return EnumMatch::Like(*index as usize),
        // Two values have this normal form: only their exact case or accents can tell them apart.
        Some(None) => return EnumMatch::Unclear,
        None => {}
    }
    if holds_json(trimmed) {
        return EnumMatch::None;
    }
    if let Some(label) = behind_label(trimmed) {
        match choices.normal.get(&normal_enum_value(label)) {
            Some(Some(index)) => return EnumMatch::Named(*index as usize),
            Some(None) => return EnumMatch::Unclear,
            None => {}
        }
    }
    named(choices, trimmed)
}

/// Returns whether a text is JSON, or begins like JSON, so that its words are not a sentence.
pub(super) fn holds_json(text: &str) -> bool {
    text.trim_start_matches(|char: char| char.is_whitespace() || matches!(char, '"' | '\\'))
        .starts_with(['{', '['])
        || text.contains("\":")
}

/// The longest text that is searched for names, in bytes.
const LONGEST: usize = 16_384;

/// The shortest name that counts within a longer text, in characters.
const SHORTEST: usize = 3;

/// Returns the short name after a word that announces a choice: `Option B`, `The answer is (b).`
/// Returns `None` if the choice is negated, or if a second one is announced.
fn behind_label(text: &str) -> Option<&str> {
    const LABELS: [&str; 3] = ["option", "answer", "choice"];
    if text.len() > 128 {
        return None;
    }
    let is_label = |word: &&str| LABELS.iter().any(|label| word.eq_ignore_ascii_case(label));
    let is_letter = |char: char| char.is_alphanumeric() || char == '\'';
    let offset = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let mut words = text.split(|char: char| !is_letter(char)).filter(|word| !word.is_empty());
    let before = text.get(..offset(words.find(is_label)?))?;
    let name = words.next()?;
    let name = if name.eq_ignore_ascii_case("is") { words.next()? } else { name };
    // A short name must end the text, or precede a remark: `Option B: the second`.
    let behind = text.get(offset(name) + name.len()..)?;
    let behind = behind.trim_start_matches([')', '"', '\'', '*', ']']);
    let is_closed = behind.is_empty() || behind.starts_with([':', '.', '-', ';']);
    let is_alone = !words.any(|word| is_label(&word)) && !denied(&fold(before));
    (name.chars().count() < SHORTEST && is_closed && is_alone).then_some(name)
}

/// Finds the one value that is named as a whole word. Overlapping names count as the longest, so
/// `car-2` does not name `car`.
fn named(choices: &Choices, text: &str) -> EnumMatch {
    if text.len() > LONGEST {
        return EnumMatch::None;
    }
    let text = spaced(text);
    let mut hits: Vec<(usize, usize, usize)> = Vec::new();
    for (index, choice) in choices.all.iter().enumerate() {
        for spelling in &choice.spellings {
            let name = spaced(spelling.trim());
            let letters = name.chars().filter(|char| char.is_alphanumeric()).count();
            let is_dense = name.chars().any(is_dense);
            if letters < SHORTEST && !is_dense || name.is_empty() {
                continue;
            }
            for (at, _) in text.match_indices(&name) {
                if stands_alone(&text, at, at + name.len()) {
                    hits.push((at, at + name.len(), index));
                }
            }
        }
    }
    hits.sort_by_key(|&(start, end, _)| (std::cmp::Reverse(end - start), start));
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut only = None;
    for (start, end, index) in hits {
        let before = taken.range(..end).next_back();
        if before.is_some_and(|(_, &taken_to)| taken_to > start) {
            continue;
        }
        taken.insert(start, end);
        if denied(&text[..start]) || only.replace(index).is_some_and(|other| other != index) {
            return EnumMatch::Unclear;
        }
    }
    only.map_or(EnumMatch::None, EnumMatch::Named)
}

/// Returns a text without case and accents, with a space for each hyphen and underscore.
fn spaced(text: &str) -> String {
    fold(text).replace(['_', '-'], " ")
}

/// Returns whether a character is of a script that writes no spaces between words.
fn is_dense(char: char) -> bool {
    char >= '\u{2e80}' && char.is_alphanumeric()
}

/// Returns whether a range is not part of a longer word. In scripts without spaces it never is.
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

/// Returns whether the text directly before a name negates it.
fn denied(before: &str) -> bool {
    let before = before.trim_end_matches(|char: char| !char.is_alphanumeric() && char != '\'');
    ["not", "n't", "isnt", "neither", "nor", "never", "no", "non", "without", "than"].iter().any(
        |word| {
            before.ends_with(word)
                && !before[..before.len() - word.len()]
                    .ends_with(|char: char| char.is_alphanumeric() && *word != "n't")
        },
    )
}

/// Returns the boolean that a text means, and whether it was found among other words. Returns
/// `None` if the text means neither or both.
pub(super) fn parse_bool(text: &str) -> Option<(bool, bool)> {
    if holds_json(text) {
        return None;
    }
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

/// Returns whether a text only says that no value exists, such as `N/A`.
pub(super) fn is_absence_word(text: &str) -> bool {
    const WORDS: [&str; 20] = [
        "",
        "-",
        "–",
        "—",
        "--",
        "?",
        "null",
        "none",
        "nil",
        "undefined",
        "n/a",
        "n.a.",
        "na",
        "nan",
        "unknown",
        "not available",
        "not applicable",
        "not specified",
        "not provided",
        "unspecified",
    ];
    if text.len() > 64 {
        return false;
    }
    let folded = fold(text.trim());
    let plain = folded.trim_matches(['"', '\'', '(', ')', '[', ']', '<', '>']).trim();
    WORDS.contains(&plain) || WORDS.contains(&plain.trim_end_matches('.'))
}
