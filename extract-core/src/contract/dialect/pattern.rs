//! Decides from the syntax of a regular expression which dialects can take it.

/// Returns whether the pattern has no lookaround, no backreference and no word boundary. Engines built
/// on automata do not support these.
pub(super) fn is_plain(pattern: &str) -> bool {
    let mut class = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('1'..='9' | 'k') => return false,
                Some('b' | 'B') if !class => return false,
                _ => {}
            },
            '[' => class = true,
            ']' => class = false,
            '(' if !class && chars.peek() == Some(&'?') => {
                chars.next();
                match chars.next() {
                    Some('=' | '!') => return false,
                    Some('<') if matches!(chars.peek(), Some('=' | '!')) => return false,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    true
}

/// Returns whether the pattern runs from `^` to `$` and uses simple syntax: no class such as `\d`, and
/// no group with a question mark.
pub(super) fn is_anchored(pattern: &str) -> bool {
    let mut escaped = false;
    let simple = pattern.chars().all(|c| {
        let fits = !(escaped && c.is_alphanumeric());
        escaped = c == '\\' && !escaped;
        fits
    });
    simple && pattern.starts_with('^') && pattern.ends_with('$') && !pattern.contains("(?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_have_no_lookaround_backreference_or_boundary() {
        for plain in [r"^\d{4}-\d{2}$", r"a|b", r"(?:x)+", r"(?<name>x)", r"[\b]", r"\\b", "[(?=]"]
        {
            assert!(is_plain(plain), "{plain}");
        }
        for rich in [r"\bword\b", r"(?=x)", r"(?!x)", r"(?<=x)y", r"(?<!x)y", r"(a)\1", r"\k<n>"] {
            assert!(!is_plain(rich), "{rich}");
        }
    }

    #[test]
    fn anchored_patterns_are_simple() {
        for simple in ["^a$", "^[a-z]{2,3}(-[A-Z]+)?$", r"^a\.b$"] {
            assert!(is_anchored(simple), "{simple}");
        }
        for other in ["a", "^a", r"^\d+$", "^(?:a)$", r"^\w$"] {
            assert!(!is_anchored(other), "{other}");
        }
    }
}
