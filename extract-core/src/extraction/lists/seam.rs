//! The seam of a list: where the elements of a new reply follow those that were given. A model may repeat the
//! last elements, or begin the list anew. A source may also hold equal elements one behind the other.

use std::collections::HashSet;

use serde_json::Value;

use crate::schema::json_equal;

/// Where new elements begin in a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extraction) enum Seam {
    /// The first elements of the reply, as many as this, were given before.
    Doubles(usize),
    /// It cannot be told.
    Unclear,
}

/// Finds the seam of a list. `expected` is the number of elements of the whole list, if it is known.
///
/// `is_named` says that the model was told where the list ends, after an unclear reply. Equal elements at the
/// start of its reply are then elements of the list. A reply that gives most of the elements in another order, or
/// from the middle of the list, is unclear in any case.
pub(in crate::extraction) fn seam(
    given: &[Value],
    new: &[Value],
    expected: Option<usize>,
    is_named: bool,
) -> Seam {
    let seam = seam_at_start(given, new, expected, is_named);
    match seam {
        Seam::Doubles(doubles) if repeats(given, new.get(doubles..).unwrap_or_default()) => {
            Seam::Unclear
        }
        seam => seam,
    }
}

/// Whether two or more, and most, of the new elements are among the given ones, although few of these are equal
/// to each other.
fn repeats(given: &[Value], new: &[Value]) -> bool {
    let known: HashSet<String> = given.iter().map(Value::to_string).collect();
    let equal = given.len() - known.len();
    let repeated = new.iter().filter(|item| known.contains(&item.to_string())).count();
    repeated >= 2 && repeated * 2 > new.len() && equal * 4 < given.len()
}

/// Finds the seam by the equal elements at the start of the reply.
fn seam_at_start(given: &[Value], new: &[Value], expected: Option<usize>, is_named: bool) -> Seam {
    let (Some(first), Some(beginning)) = (new.first(), given.first()) else {
        return Seam::Doubles(0);
    };
    let overlaps = overlaps(given, new);
    let longest = overlaps.first().copied().unwrap_or(0);
    let again = given.iter().zip(new).take_while(|(one, other)| json_equal(one, other)).count();
    let is_varied = |items: &[Value]| items.iter().any(|item| !json_equal(item, first));
    let is_single = given.iter().filter(|item| json_equal(item, first)).count() == 1;
    if again > longest && new.get(..again).is_some_and(is_varied) {
        // The list from its beginning.
        let is_all = again == new.len() && is_single;
        return if is_all { Seam::Doubles(again) } else { Seam::Unclear };
    }
    let total = |doubles: &usize| Some(given.len() + new.len() - doubles) == expected;
    match longest {
        0 if !json_equal(first, beginning) || !is_single => Seam::Doubles(0),
        0 if is_named || total(&0) => Seam::Doubles(0),
        0 => Seam::Unclear,
        2.. if is_single => Seam::Doubles(longest),
        _ => {
            let fitting = std::iter::once(0).chain(overlaps).find(total);
            match fitting {
                Some(doubles) => Seam::Doubles(doubles),
                // A lost element would be missed at the end.
                None if is_single && expected.is_some() => Seam::Doubles(longest),
                None if is_named => Seam::Doubles(0),
                None => Seam::Unclear,
            }
        }
    }
}

/// Returns the numbers of elements for which the end of `given` is the beginning of `new`, the largest first.
fn overlaps(given: &[Value], new: &[Value]) -> Vec<usize> {
    // The borders of `new`: for each length, the longest shorter beginning that is also its end.
    let mut borders = vec![0; new.len() + 1];
    let mut matched = 0;
    for index in 1..new.len() {
        matched = longer(new, &borders, matched, &new[index]);
        borders[index + 1] = matched;
    }
    let tail = given.len().saturating_sub(new.len());
    matched = 0;
    for item in given.iter().skip(tail) {
        if matched == new.len() {
            matched = borders[matched];
        }
        matched = longer(new, &borders, matched, item);
    }
    let mut found = Vec::new();
    while matched > 0 {
        found.push(matched);
        matched = borders[matched];
    }
    found
}

/// Returns the length of the longest beginning of `new` that ends with `item`, where `matched` elements before
/// it match.
fn longer(new: &[Value], borders: &[usize], mut matched: usize, item: &Value) -> usize {
    loop {
        if new.get(matched).is_some_and(|next| json_equal(next, item)) {
            return matched + 1;
        }
        if matched == 0 {
            return 0;
        }
        matched = borders[matched];
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(items: &str) -> Vec<Value> {
        items.chars().map(|item| json!({"row": item.to_string()})).collect()
    }

    fn at(given: &str, new: &str, expected: Option<usize>, is_named: bool) -> Seam {
        seam(&list(given), &list(new), expected, is_named)
    }

    #[test]
    fn repeated_elements_are_found_at_the_seam_only() {
        use Seam::{Doubles, Unclear};
        for (given, new, expected, is_named, seam) in [
            ("abc", "def", None, false, Doubles(0)),
            ("abc", "", None, false, Doubles(0)),
            ("", "abc", None, false, Doubles(0)),
            // The end is repeated.
            ("abc", "bcd", None, false, Doubles(2)),
            ("abc", "bc", None, false, Doubles(2)),
            ("abc", "bcd", Some(6), false, Doubles(2)),
            ("abc", "cd", Some(9), false, Doubles(1)),
            ("abc", "cd", Some(4), false, Doubles(1)),
            // Equal elements one behind the other.
            ("abc", "cd", Some(5), false, Doubles(0)),
            ("abc", "cd", None, false, Unclear),
            ("abc", "cd", None, true, Doubles(0)),
            ("aaa", "aaa", Some(6), false, Doubles(0)),
            ("aaa", "aaa", Some(4), false, Doubles(2)),
            ("aaa", "aaa", Some(9), false, Unclear),
            ("aaa", "aaa", None, true, Doubles(0)),
            ("abab", "abab", None, false, Unclear),
            // Equal elements that are not at the seam.
            ("abc", "dea", None, false, Doubles(0)),
            ("abc", "b", Some(4), false, Doubles(0)),
            ("abcde", "bcx", None, false, Unclear),
            ("abcde", "bcd", Some(8), true, Unclear),
            ("abcde", "aydz", None, true, Doubles(0)),
            ("abc", "axc", None, true, Unclear),
            ("ababababab", "aab", None, true, Doubles(0)),
            ("abca", "ab", None, false, Unclear),
            ("abcab", "ax", None, false, Doubles(0)),
            // The list from its beginning.
            ("abcd", "abc", None, false, Doubles(3)),
            ("abcd", "abcdef", None, false, Doubles(4)),
            ("abcd", "abcd", Some(8), false, Doubles(4)),
            ("abcd", "abx", None, false, Unclear),
            ("abcd", "abx", Some(7), true, Unclear),
            ("abcd", "ax", None, false, Unclear),
            ("abcd", "ax", None, true, Doubles(0)),
            ("abcd", "ax", Some(6), false, Doubles(0)),
        ] {
            assert_eq!(at(given, new, expected, is_named), seam, "{given} {new} {expected:?}");
        }
    }
}
