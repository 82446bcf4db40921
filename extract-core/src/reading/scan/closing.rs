//! Which quotation mark ends a string. In a text that is not JSON the first one need not: what
//! follows it must be able to follow a string in this place.

use super::ahead::{Ahead, Ask, Mark};

/// Where the string stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the place")]
pub(super) struct Setting {
    pub(super) within: Within,
    /// An object is open, here or further out.
    pub(super) object: bool,
    /// A list is open, here or further out.
    pub(super) list: bool,
    /// A parenthesis is open, here or further out.
    pub(super) paren: bool,
    /// How many containers are open.
    pub(super) depth: usize,
    /// An odd number of quotation marks was met inside the string so far.
    pub(super) odd: bool,
    /// The string so far ends in a comma or a line break.
    pub(super) break_before: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Root,
    Object,
    List,
}

/// What a quotation mark inside a string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ends the string.
    Ends,
    /// It belongs to the string.
    Inner,
    /// It opens the next key, or the next string: the string ended before the comma.
    EndedBefore,
    /// The string goes on behind a `+`, at this place of the buffer.
    Joins(usize),
}

/// Judges the mark whose end is at `ahead.at`; `open` looks from the mark itself.
pub(super) fn judge(
    setting: Setting,
    mark: Mark,
    open: Ahead<'_>,
    mut ahead: Ahead<'_>,
) -> Ask<Verdict> {
    let ends = |yes: bool| if yes { Verdict::Ends } else { Verdict::Inner };
    let Some(next) = ahead.space()? else { return Ok(Verdict::Ends) };
    if next == b'+' {
        let mut behind = ahead;
        behind.at += 1;
        behind.space()?;
        behind.block_comment()?;
        if let Some((_, len)) = behind.mark() {
            return Ok(Verdict::Joins(behind.at + len));
        }
    }
    if ahead.comment()? {
        return Ok(Verdict::Ends);
    }
    let verdict = match (setting.within, next) {
        (Within::Root, b',' | b';' | b')' | b']' | b'}') => {
            ahead.at += 1;
            let last = ahead.space()?.is_none();
            ends(last || ahead.newline || setting.paren)
        }
        (Within::Root, b'`') => ends(ahead.starts(b"```")?),
        (Within::Root, _) => ends(ahead.newline && ahead.mark().is_none()),
        (_, b')') => ends(setting.paren),
        (_, b'`') if ahead.starts(b"```")? => Verdict::Ends,
        (Within::Object, b',') => {
            ahead.at += 1;
            ahead.newline = false;
            ends(member_follows(ahead)?)
        }
        (Within::Object, b':') => {
            if setting.break_before && ahead.newline {
                Verdict::EndedBefore
            } else {
                Verdict::Inner
            }
        }
        (Within::List, b',') => {
            ahead.at += 1;
            ends(!setting.odd && element_follows(ahead)?)
        }
        (Within::Object, b'}') | (Within::List, b']') => ends(closer_holds(setting, ahead)?),
        (Within::Object, b']') => ends(setting.list && closer_holds(setting, ahead)?),
        (Within::List, b'}') => ends(setting.object && closer_holds(setting, ahead)?),
        (Within::List, b'{' | b'[') => Verdict::Ends,
        (Within::List, b':') => {
            ahead.at += 1;
            let value = matches!(ahead.space()?, Some(b'{' | b'[' | b'0'..=b'9' | b'-'))
                || ahead.mark().is_some();
            ends(value && !setting.odd)
        }
        (Within::List, _) if ahead.mark().is_some() => ends(!closes_itself(ahead)?),
        (Within::List, b'0'..=b'9' | b'-') => ends(ahead.element()?),
        (Within::Object, _) if ahead.mark().is_some() || ahead.newline => ends(
            (ahead.mark().is_some() && !closes_itself(ahead)? || ahead.newline) && ahead.key()?,
        ),
        _ => Verdict::Inner,
    };
    if verdict == Verdict::Inner && setting.break_before {
        let opens = match setting.within {
            Within::Object => open.key()?,
            Within::Root | Within::List => false,
        };
        if opens {
            return Ok(Verdict::EndedBefore);
        }
    }
    if verdict == Verdict::Inner
        && setting.within == Within::Object
        && !setting.odd
        && ahead.last_mark(mark)?
    {
        // No other mark can close the string: what stands behind this one is no part of it.
        return Ok(Verdict::Ends);
    }
    Ok(verdict)
}

/// Whether what stands behind a comma can be the rest of an object.
fn member_follows(mut ahead: Ahead<'_>) -> Ask<bool> {
    match ahead.space()? {
        None | Some(b'}' | b']' | b',' | b'.' | b'/' | b'#') => Ok(true),
        Some(_) if ahead.mark().is_some() && ahead.newline => Ok(true),
        Some(_) => Ok(ahead.key()? || ahead.word_then_key()?),
    }
}

/// Whether what stands behind a comma can be the rest of a list.
fn element_follows(mut ahead: Ahead<'_>) -> Ask<bool> {
    match ahead.space()? {
        None
        | Some(b'}' | b']' | b',' | b'.' | b'/' | b'#' | b'{' | b'[' | b'(' | b'0'..=b'9' | b'-') => {
            Ok(true)
        }
        Some(_) if ahead.mark().is_some() || ahead.newline => Ok(true),
        Some(_) => ahead.element(),
    }
}

/// Whether the closing bracket here is followed by something that can follow it.
fn closer_holds(setting: Setting, mut ahead: Ahead<'_>) -> Ask<bool> {
    ahead.at += 1;
    ahead.newline = false;
    Ok(match ahead.space()? {
        None
        | Some(
            b',' | b'}' | b']' | b')' | b';' | b'{' | b'[' | b'`' | b'/' | b'#' | b'<' | b'"'
            | b'\'',
        ) => true,
        Some(_) => ahead.newline || setting.depth <= 1,
    })
}

/// Whether the mark here is itself followed by what ends a string: then the mark before it was an
/// inner one, and this one closes.
fn closes_itself(mut ahead: Ahead<'_>) -> Ask<bool> {
    let Some((_, len)) = ahead.mark() else { return Ok(false) };
    ahead.at += len;
    Ok(match ahead.space()? {
        None | Some(b',' | b']' | b'}') => true,
        Some(_) => false,
    })
}
