//! What a regular expression asks of the engine that compiles it: which dialects can take it, and
//! whether any should.

use super::error::DialectError;

/// The longest pattern that is passed on, in bytes.
const LONGEST: usize = 4_096;

/// The largest product of counted repetitions inside each other.
const REPEATS: u64 = 10_000;

/// Whether the pattern uses lookaround, a backreference or a word boundary, which engines built on
/// automata do not have.
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

/// Whether the pattern speaks of the whole text and in the simplest words: no class but those in
/// brackets, no group with a question mark.
pub(super) fn is_anchored(pattern: &str) -> bool {
    let mut escaped = false;
    let simple = pattern.chars().all(|c| {
        let fits = !(escaped && c.is_alphanumeric());
        escaped = c == '\\' && !escaped;
        fits
    });
    simple && pattern.starts_with('^') && pattern.ends_with('$') && !pattern.contains("(?")
}

/// Refuses a pattern whose compiled form could be huge: `(a{1000}){1000}` is short and is not.
pub(super) fn check(pattern: &str, pointer: &str) -> Result<(), DialectError> {
    let refuse = |why| Err(DialectError::Pattern { pointer: pointer.to_owned(), why });
    if pattern.len() > LONGEST {
        return refuse("it is longer than 4096 bytes");
    }
    // For each open group, the largest product of repetitions inside it.
    let mut groups = vec![1u64];
    let mut last = 1u64;
    let mut rest = pattern;
    let mut class = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                rest = &rest[escaped..];
                last = 1;
            }
            '[' => class = true,
            ']' => {
                class = false;
                last = 1;
            }
            _ if class => {}
            '(' => {
                groups.push(1);
                if groups.len() > 100 {
                    return refuse("its groups are nested more than 100 deep");
                }
            }
            ')' => last = if groups.len() > 1 { groups.pop().unwrap_or(1) } else { 1 },
            '{' => {
                let Some((count, tail)) = counted(rest) else { continue };
                last = last.saturating_mul(count.max(1));
                if last > REPEATS {
                    return refuse("its counted repetitions multiply to more than 10000");
                }
                if let Some(group) = groups.last_mut() {
                    *group = (*group).max(last);
                }
                rest = tail;
            }
            _ => last = 1,
        }
    }
    Ok(())
}

/// The larger number of `m}`, `m,}` or `m,n}`, and what follows.
fn counted(text: &str) -> Option<(u64, &str)> {
    let (inside, tail) = text.split_once('}')?;
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let least: u64 = least.parse().ok()?;
    let most = if most.is_empty() { least } else { most.parse().ok()? };
    Some((least.max(most), tail))
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

    #[test]
    fn repetitions_inside_each_other_multiply() {
        assert!(check(r"^[a-z]{1,500}\d{2,3}$", "").is_ok());
        assert!(check(r"(a{10}b{5}){20}", "").is_ok());
        assert!(check(r"((a{100}){100}){100}", "").is_err());
        assert!(check(r"a{99999}", "").is_err());
        assert!(check(r"\{1}[{9}]{3}", "").is_ok());
        assert!(check(&"(".repeat(500), "").is_err());
        assert!(check(&"a".repeat(5000), "").is_err());
    }
}
