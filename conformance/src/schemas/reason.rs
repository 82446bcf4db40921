//! Checks that a refusal's text helps: it names a location or a limit, and a remedy.

/// The words that begin a remedy, as in `…; leave it out`.
const MENDS: &[&str] = &[
    "add", "allow", "choose", "define", "drop", "give", "group", "inline", "leave", "lower",
    "make", "merge", "move", "put", "raise", "remove", "rename", "replace", "shorten", "split",
    "take", "use", "write",
];

/// Returns whether a refusal names a location (a JSON pointer) or a limit (a number), and a remedy.
pub(super) fn is_complete(text: &str) -> bool {
    let place = ["\"/", "\"\"", "\"#", " at /", " in /"].iter().any(|mark| text.contains(mark))
        || text.split(' ').any(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let mend = text.split([';', ':', '.', ',']).skip(1).any(|part| {
        let first = part.trim_start().split(|letter: char| !letter.is_alphabetic()).next();
        first.is_some_and(|first| MENDS.contains(&first))
    });
    place && mend
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn a_refusal_needs_a_location_and_a_remedy() {
        for text in [
            "the `$id` at /a/$id makes a document of its own inside of it; leave it out",
            "x allows 24 optional properties, this has 44; make some fields required",
            "no schema at \"/a/items\": a list of schemas; use `prefixItems`",
        ] {
            assert!(is_complete(text), "{text}");
        }
        for text in [
            "",
            "no schema at \"/type\": no such type",
            "the reference cannot be followed; put the definition into the schema",
            "no schema at \"/a\"; nothing fits it",
        ] {
            assert!(!is_complete(text), "{text}");
        }
    }
}
