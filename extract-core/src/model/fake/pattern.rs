//! Texts that match a regular expression.

use fastrand::Rng;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The most repetitions beyond the least number, in a text.
pub(super) const TEXT: u32 = 4;

/// The same in the name of a member: the digits of a number must fit into the key's type.
pub(super) const NAME: u32 = 1;

/// The longest text, in bytes.
const LONGEST: usize = 100_000;

/// How often a text is made anew that has the wrong length.
const ATTEMPTS: usize = 200;

/// Returns a text that matches the pattern and has an allowed length. Fails with the reason if the pattern
/// cannot be read, as with one that looks ahead, or if no text is found.
pub(super) fn text(
    pattern: &str,
    repetitions: u32,
    rng: &mut Rng,
    is_allowed: impl Fn(&str) -> bool,
) -> Result<String, String> {
    let parsed = ParserBuilder::new().unicode(true).utf8(true).build().parse(pattern);
    let hir = parsed.map_err(|_| format!("the pattern `{pattern}` is not supported"))?;
    for attempt in 0..ATTEMPTS {
        let mut text = String::new();
        // Later attempts repeat more, for a long least length.
        let more = repetitions + u32::try_from(attempt).unwrap_or(0) / 8;
        write(&hir, rng, more, &mut text)
            .map_err(|why| format!("the pattern `{pattern}` is not supported: {why}"))?;
        if is_allowed(&text) {
            return Ok(text);
        }
    }
    Err(format!("no text of the allowed length matches the pattern `{pattern}`"))
}

/// Appends a text that matches. Anchors match where they stand; the whole check rejects other places.
fn write(hir: &Hir, rng: &mut Rng, more: u32, text: &mut String) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        return Err("its texts are too long");
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Ok(()),
        HirKind::Literal(literal) => {
            text.push_str(std::str::from_utf8(&literal.0).map_err(|_| "it matches bytes")?);
            Ok(())
        }
        HirKind::Class(Class::Unicode(class)) => {
            // Characters that can be read are better than the first of a class.
            let all: Vec<(char, char)> = class
                .ranges()
                .iter()
                .map(|range| (range.start().max('!'), range.end().min('~')))
                .filter(|(start, end)| start <= end)
                .collect();
            let whole = class.ranges().first().map(|range| (range.start(), range.end()));
            let (start, end) = rng.choice(all).or(whole).ok_or("a class is empty")?;
            text.push(rng.char(start..=end));
            Ok(())
        }
        HirKind::Class(Class::Bytes(_)) => Err("it matches bytes"),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min.saturating_add(more));
            for _ in 0..rng.u32(repetition.min..=most) {
                write(&repetition.sub, rng, more, text)?;
            }
            Ok(())
        }
        HirKind::Capture(capture) => write(&capture.sub, rng, more, text),
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, rng, more, text)),
        HirKind::Alternation(branches) => {
            let branch = rng.choice(branches).ok_or("an alternation is empty")?;
            write(branch, rng, more, text)
        }
    }
}
