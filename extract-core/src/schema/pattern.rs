//! Regular expressions in a schema: refuses those that are too costly to compile, and matches names.

use std::sync::OnceLock;

use super::{SchemaError, StackRoom};

/// The longest accepted pattern, in bytes.
const LONGEST: usize = 4_096;

/// The largest accepted product of nested counted repetitions.
const REPEATS: u64 = 10_000;

/// A pattern that matches member names as the validator does. It is compiled at its first use.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    compiled: OnceLock<Option<jsonschema::Validator>>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// Returns whether a name matches; `false` if the pattern cannot be compiled.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            let schema = serde_json::json!({ "pattern": self.text });
            let build = || jsonschema::options().offline().build(&schema).ok();
            StackRoom::of_pattern(&self.text).run(build)
        });
        compiled.as_ref().is_some_and(|compiled| compiled.is_valid(&name.into()))
    }
}

/// Refuses a pattern that compiles to a huge automaton: `(a{1000}){1000}` is short, but its compiled
/// form is not.
pub(super) fn check(pattern: &str, pointer: &str) -> Result<(), SchemaError> {
    let refuse = |why| Err(SchemaError::Pattern { pointer: pointer.to_owned(), why });
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

/// Returns the larger number of `m}`, `m,}` or `m,n}`, and the text after the brace. Returns `None` for
/// any other text.
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
