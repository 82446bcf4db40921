//! Finds mistakes in the literal of a `pattern(..)`: text that is no regular expression in any dialect. It
//! accepts everything that it does not know; the contract compiles the whole pattern.

/// The starts of comments, which may hold any text.
const VERBOSE: [&str; 4] = ["(?#", "(?x", "(?ix", "(?sx"];

/// Returns the first mistake, or `None` if there is none.
pub(crate) fn mistake(pattern: &str) -> Option<String> {
    if VERBOSE.iter().any(|flag| pattern.contains(flag)) {
        return None;
    }
    let mut groups = 0_usize;
    // Whether a repetition can follow.
    let mut repeatable = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if chars.next().is_none() {
                    return Some("nothing follows the last `\\`".into());
                }
                repeatable = true;
            }
            '[' => match skip_class(&mut chars) {
                Class::Closed => repeatable = true,
                Class::Open => return Some("a `[` is not closed".into()),
                Class::Unknown => return None,
            },
            '(' => {
                groups += 1;
                repeatable = false;
                // `(?:`, `(?=`, `(?<name>`: the `?` is no repetition.
                chars.next_if_eq(&'?');
            }
            ')' => {
                let Some(outer) = groups.checked_sub(1) else {
                    return Some("a `)` has no `(`".into());
                };
                groups = outer;
                repeatable = true;
            }
            '|' => repeatable = false,
            '*' | '+' | '?' if !repeatable => {
                return Some(format!("`{c}` has nothing to repeat"));
            }
            _ => repeatable = true,
        }
    }
    (groups > 0).then(|| "a `(` is not closed".into())
}

/// The end of a class `[..]`.
enum Class {
    Closed,
    Open,
    /// Dialects differ on where it ends.
    Unknown,
}

/// Skips the rest of a class.
fn skip_class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Class {
    chars.next_if_eq(&'^');
    if chars.peek() == Some(&']') {
        return Class::Unknown;
    }
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => return Class::Unknown,
            ']' => return Class::Closed,
            _ => {}
        }
    }
    Class::Open
}

#[cfg(test)]
mod tests {
    use super::mistake;

    #[test]
    fn patterns_of_every_dialect_are_accepted() {
        for pattern in [
            "",
            "^[A-Z]{3}$",
            "a{2,}?b*+",
            "(?i)x",
            "(?<year>[0-9]{4})-(?:a|b)?",
            "^(?!no).*$",
            r"\(\[\)\d",
            "[^]a]",
            "[[:alpha:]]",
            r"[\]]+",
            "{",
            "a|",
            "(?x) a # (",
            "([]])",
        ] {
            assert_eq!(mistake(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (pattern, expected) in [
            ("(a", "a `(` is not closed"),
            ("a)", "a `)` has no `(`"),
            ("[a-z", "a `[` is not closed"),
            ("a\\", "nothing follows the last `\\`"),
            ("*a", "`*` has nothing to repeat"),
            ("a|+", "`+` has nothing to repeat"),
            ("(*)", "`*` has nothing to repeat"),
        ] {
            assert_eq!(mistake(pattern).as_deref(), Some(expected), "{pattern}");
        }
    }
}
