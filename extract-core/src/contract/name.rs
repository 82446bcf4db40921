//! Names of schemas and tools, cleaned to `[A-Za-z0-9_-]{1,64}`, which every provider accepts. It is
//! OpenAI's rule for `response_format.json_schema.name` and for functions, the strictest of all.

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// Returns a name without forbidden characters, at most 64 bytes long. A run of `_` and forbidden
/// characters becomes one `_`, and `_` at the ends is removed. A name without any other character becomes
/// `answer`.
pub(crate) fn clean(name: &str) -> String {
    let mut clean = String::with_capacity(name.len().min(LONGEST));
    for c in name.chars() {
        let allowed = c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let c = if allowed { c } else { '_' };
        if c == '_' && clean.ends_with('_') {
            continue;
        }
        if clean.len() == LONGEST {
            break;
        }
        clean.push(c);
    }
    let trimmed = clean.trim_matches('_');
    if trimmed.is_empty() { String::from("answer") } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn names_are_what_every_provider_takes() {
        assert_eq!(clean("Invoice"), "Invoice");
        assert_eq!(clean("Vec<Line>"), "Vec_Line");
        assert_eq!(clean("Größe"), "Gr_e");
        assert_eq!(clean("<>"), "answer");
        assert_eq!(clean(&"x".repeat(100)).len(), 64);
    }
}
