//! Decides which quotation mark ends a string. In malformed JSON the first one may be a part of the
//! string. The text after the mark must be able to follow a string in this container. If the string
//! already holds such a mark, it must also be possible in this schema. An uncertain decision is
//! marked as unclear.

use super::Frame;
use super::ahead::{Ahead, Lookahead, Member, QuoteKind};
use crate::contract::shape::MemberNames;

/// The context of the open string.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the place")]
pub(super) struct QuoteContext<'a> {
    pub(super) within: Within,
    /// An object is open, at any level.
    pub(super) object: bool,
    /// A list is open, at any level.
    pub(super) list: bool,
    /// A parenthesis is open, at any level.
    pub(super) paren: bool,
    /// The number of open containers.
    pub(super) depth: usize,
    /// The number of quotation marks inside the string so far is odd.
    pub(super) odd: bool,
    /// The string so far ends with a comma or a line break.
    pub(super) break_before: bool,
    /// The open containers, the innermost last.
    pub(super) stack: &'a [Frame],
    /// The string already holds a quotation mark.
    pub(super) inner: bool,
    /// The last inner mark opened a quotation, which this mark may close.
    pub(super) quoting: bool,
    /// The possible names of members, if the schema lists them all.
    pub(super) names: Option<&'a MemberNames>,
}

/// The kind of the innermost container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Root,
    Object,
    List,
}

/// The role of a quotation mark inside a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteDecision {
    /// The mark ends the string.
    Ends,
    /// The mark belongs to the string.
    Inner,
    /// The mark opens the next key or string. The string ended before the comma.
    EndedBefore,
    /// The string continues after a `+`, at this offset of the buffer.
    Joins(usize),
}

/// A decision, and whether another one may be right as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DecidedQuote {
    pub(super) verdict: QuoteDecision,
    pub(super) unclear: bool,
}

impl DecidedQuote {
    /// The mark certainly ends the string.
    const ENDS: Self = Self { verdict: QuoteDecision::Ends, unclear: false };
    /// The mark certainly belongs to the string.
    const INNER: Self = Self { verdict: QuoteDecision::Inner, unclear: false };

    /// Returns the decision that the mark ends the string, or that it does not.
    fn ends(yes: bool) -> Self {
        if yes { Self::ENDS } else { Self::INNER }
    }

    /// Returns the same decision, with this certainty.
    fn unclear(self, unclear: bool) -> Self {
        Self { unclear, ..self }
    }
}

/// Returns whether the schema can have this member. If the schema does not list all names, any
/// member counts.
pub(super) fn is_possible_member(names: Option<&MemberNames>, member: Member<'_>) -> bool {
    match (member, names) {
        (Member::None, _) => false,
        (_, None) => true,
        (Member::Begun { ended }, _) => ended,
        (Member::Named { name, .. }, Some(names)) => {
            std::str::from_utf8(name).is_ok_and(|name| names.contains(name))
        }
    }
}

/// Decides the role of a quotation mark. `open` looks from the mark, `ahead` from its end.
pub(super) fn decide_quote(
    setting: &QuoteContext<'_>,
    mark: QuoteKind,
    open: Ahead<'_>,
    mut ahead: Ahead<'_>,
) -> Lookahead<DecidedQuote> {
    let begin = ahead.at;
    let Some(next) = ahead.space()? else { return Ok(DecidedQuote::ENDS) };
    let judged = if setting.inner && setting.within != Within::Root {
        decide_inner(setting, next, ahead)?
    } else {
        match decide_first(setting, next, ahead)? {
            DecidedQuote { verdict: QuoteDecision::Joins(on), .. } => {
                return Ok(DecidedQuote { verdict: QuoteDecision::Joins(on), unclear: false });
            }
            // Two marks with nothing between them may stand for one.
            judged if ahead.at == begin && ahead.mark().is_some() => {
                judged.unclear(judged.verdict == QuoteDecision::Ends)
            }
            judged => judged,
        }
    };
    if judged.verdict != QuoteDecision::Inner || setting.within != Within::Object {
        return Ok(judged);
    }
    if setting.break_before {
        let member = open.member()?;
        if is_possible_member(setting.names, member) {
            let unclear = judged.unclear || setting.inner && setting.names.is_none();
            return Ok(DecidedQuote { verdict: QuoteDecision::EndedBefore, unclear });
        }
    }
    ahead.at += usize::from(next == b',');
    if !setting.inner && ahead.closes_object_unquoted(mark)? {
        // No other mark can close the string, but the text after this one may be a part of it.
        return Ok(DecidedQuote::ENDS.unclear(true));
    }
    Ok(judged)
}

/// Decides the role of the first mark in a string, if it does not plainly end it.
fn decide_first(
    setting: &QuoteContext<'_>,
    next: u8,
    mut ahead: Ahead<'_>,
) -> Lookahead<DecidedQuote> {
    if next == b'+' {
        let mut behind = ahead;
        behind.at += 1;
        behind.space()?;
        behind.block_comment()?;
        if let Some((_, len)) = behind.mark() {
            let verdict = QuoteDecision::Joins(behind.at + len);
            return Ok(DecidedQuote { verdict, unclear: false });
        }
    }
    if ahead.comment()? {
        return comment(ahead);
    }
    Ok(DecidedQuote::ends(match (setting.within, next) {
        (Within::Root, b',' | b';' | b')' | b']' | b'}') => {
            ahead.at += 1;
            let last = ahead.space()?.is_none();
            last || ahead.newline || setting.paren
        }
        (Within::Root, b'`') => ahead.starts(b"```")?,
        (Within::Root, _) => ahead.newline && ahead.mark().is_none(),
        (_, b')') => setting.paren,
        (_, b'`') if ahead.starts(b"```")? => true,
        (Within::Object, b',') => {
            ahead.at += 1;
            ahead.newline = false;
            member_follows(ahead)?
        }
        (Within::Object, b':') => {
            if setting.break_before && ahead.newline {
                return Ok(DecidedQuote { verdict: QuoteDecision::EndedBefore, unclear: false });
            }
            false
        }
        (Within::List, b',') => {
            ahead.at += 1;
            !setting.odd && element_follows(ahead)?
        }
        (Within::Object, b'}') | (Within::List, b']') => return closer_holds(setting, ahead),
        (Within::Object, b']') if setting.list => return closer_holds(setting, ahead),
        (Within::List, b'}') if setting.object => return closer_holds(setting, ahead),
        (Within::List, b'{' | b'[') => true,
        (Within::List, b':') => {
            ahead.at += 1;
            let value = matches!(ahead.space()?, Some(b'{' | b'[' | b'0'..=b'9' | b'-'))
                || ahead.mark().is_some();
            value && !setting.odd
        }
        (Within::List, _) if ahead.mark().is_some() => !closes_itself(ahead)?,
        (Within::List, b'0'..=b'9' | b'-') => ahead.element()?,
        (Within::Object, _) if ahead.mark().is_some() || ahead.newline => {
            (ahead.mark().is_some() && !closes_itself(ahead)? || ahead.newline) && ahead.key()?
        }
        _ => false,
    }))
}

/// Decides the role of a mark in a string that already holds one. It ends the string only if the
/// text after it can follow here, by its form and by the name of the member.
fn decide_inner(
    setting: &QuoteContext<'_>,
    next: u8,
    mut ahead: Ahead<'_>,
) -> Lookahead<DecidedQuote> {
    if ahead.comment()? {
        return Ok(comment(ahead)?.unclear(true));
    }
    match (setting.within, next) {
        (_, b')') => Ok(DecidedQuote::ends(setting.paren)),
        (_, b'`') if ahead.starts(b"```")? => Ok(DecidedQuote::ENDS),
        (_, b'+') => Ok(DecidedQuote::INNER.unclear(setting.odd)),
        (Within::Object, b',') => {
            ahead.at += 1;
            next_member(setting, ahead)
        }
        (Within::List, b',') => {
            ahead.at += 1;
            let judged = next_element(ahead)?;
            // After an odd number of marks this one more likely opens or closes a quotation.
            let refused = setting.odd && judged.verdict == QuoteDecision::Ends;
            Ok(if refused { DecidedQuote::INNER.unclear(!setting.quoting) } else { judged })
        }
        (_, b'}' | b']') => closers(setting, ahead),
        (Within::Object, _) if ahead.mark().is_some() || ahead.newline => {
            let known =
                !closes_itself(ahead)? && is_possible_member(setting.names, ahead.member()?);
            Ok(DecidedQuote::ends(known).unclear(known && setting.names.is_none()))
        }
        (Within::List, b'{' | b'[') => Ok(DecidedQuote::INNER.unclear(true)),
        (Within::List, _) if ahead.mark().is_some() => {
            Ok(DecidedQuote::INNER.unclear(!closes_itself(ahead)?))
        }
        _ => Ok(DecidedQuote::INNER),
    }
}

/// Decides from the text after a comma in an object.
fn next_member(setting: &QuoteContext<'_>, mut ahead: Ahead<'_>) -> Lookahead<DecidedQuote> {
    match ahead.space()? {
        None | Some(b'}' | b']') => return Ok(DecidedQuote::ENDS),
        Some(_) => {}
    }
    if ahead.comment()? {
        return Ok(comment(ahead)?.unclear(true));
    }
    let member = ahead.member()?;
    let quoted = ahead.mark().is_some();
    if is_possible_member(setting.names, member) {
        // Many texts hold words with a colon after them.
        return Ok(DecidedQuote::ENDS.unclear(setting.names.is_none() && !quoted));
    }
    // This is a member that the schema does not know, or a part of the text.
    Ok(DecidedQuote::INNER.unclear(quoted && member != Member::None && !setting.quoting))
}

/// Decides from the text after a comma in a list.
fn next_element(mut ahead: Ahead<'_>) -> Lookahead<DecidedQuote> {
    Ok(match ahead.space()? {
        None | Some(b']' | b'}' | b'{' | b'[' | b'0'..=b'9' | b'-') => DecidedQuote::ENDS,
        Some(_) if ahead.mark().is_some() => DecidedQuote::ENDS,
        Some(_) if ahead.newline || ahead.element()? => DecidedQuote::ENDS.unclear(true),
        Some(_) => DecidedQuote::INNER,
    })
}

/// Decides from closing brackets. They must close the open containers, and the text after them must
/// be able to follow.
fn closers(setting: &QuoteContext<'_>, mut ahead: Ahead<'_>) -> Lookahead<DecidedQuote> {
    let mut open = setting.stack.iter().rev().filter(|frame| **frame != Frame::Call);
    let mut inside = open.next();
    let mut any = false;
    let next = loop {
        let next = match ahead.space()? {
            None => return Ok(DecidedQuote::ENDS),
            Some(next @ (b'}' | b']')) => next,
            Some(next) => break next,
        };
        let fits = match inside {
            Some(Frame::Object) => next == b'}',
            Some(Frame::List { round }) => next == b']' && !round,
            // Surplus brackets after the root.
            Some(Frame::Call) | None => true,
        };
        if !fits {
            return Ok(DecidedQuote::INNER.unclear(any));
        }
        any = true;
        inside = open.next();
        ahead.at += 1;
        ahead.newline = false;
    };
    let Some(inside) = inside else { return behind_root(ahead, next, true) };
    if next == b',' {
        ahead.at += 1;
        ahead.newline = false;
        return match inside {
            Frame::Object => next_member(setting, ahead),
            _ => next_element(ahead),
        };
    }
    if ahead.comment()? {
        return Ok(comment(ahead)?.unclear(true));
    }
    let list = matches!(inside, Frame::List { .. });
    if list && (matches!(next, b'{' | b'[') || ahead.mark().is_some()) {
        return Ok(DecidedQuote::ENDS.unclear(ahead.mark().is_some()));
    }
    if !list && ahead.mark().is_some() {
        let known = is_possible_member(setting.names, ahead.member()?);
        return Ok(DecidedQuote::ends(known).unclear(known && setting.names.is_none()));
    }
    let ends = ahead.newline || ahead.starts(b"```")?;
    Ok(DecidedQuote::ends(ends).unclear(ends && next != b'`'))
}

/// Decides from the text after the last closing bracket. Another value, a new line, or the end of a
/// fence or element may follow. Words are a remark, unless a quotation mark after them ends a
/// string of the value. `inner` says that the string already holds a quotation mark.
fn behind_root(mut ahead: Ahead<'_>, next: u8, inner: bool) -> Lookahead<DecidedQuote> {
    if ahead.newline || matches!(next, b'{' | b'[' | b'`' | b'<' | b')') {
        return Ok(DecidedQuote::ENDS);
    }
    if matches!(next, b',' | b';') {
        ahead.at += 1;
        match ahead.space()? {
            None | Some(b'{' | b'[') => return Ok(DecidedQuote::ENDS),
            Some(_) if inner => return Ok(DecidedQuote::INNER),
            Some(_) => {}
        }
    }
    let mut quotes = false;
    loop {
        match ahead.byte()? {
            // Text out of reach may end a string.
            None if !ahead.ended() => return Ok(DecidedQuote::ENDS.unclear(quotes || inner)),
            None | Some(b'\n' | b'{' | b'[') => return Ok(DecidedQuote::ENDS),
            Some(_) => match ahead.mark() {
                Some((QuoteKind::Double, len)) => {
                    quotes = true;
                    ahead.at += len;
                    let mut behind = ahead;
                    if matches!(behind.space()?, Some(b'}' | b']')) {
                        let judged = if inner { DecidedQuote::INNER } else { DecidedQuote::ENDS };
                        return Ok(judged.unclear(!inner));
                    }
                }
                _ => ahead.at += 1,
            },
        }
    }
}

/// Decides from a comment after the mark: the mark ends the string if only a comment follows on the
/// line.
fn comment(mut ahead: Ahead<'_>) -> Lookahead<DecidedQuote> {
    if ahead.starts(b"/*")? {
        return Ok(DecidedQuote::ENDS);
    }
    let mut quotes = false;
    loop {
        match ahead.byte()? {
            None if ahead.ended() => return Ok(DecidedQuote::ends(!quotes)),
            None | Some(b'\n') => return Ok(DecidedQuote::ENDS.unclear(quotes)),
            Some(byte) => {
                quotes |= byte == b'"';
                ahead.at += 1;
            }
        }
    }
}

/// Returns whether the text after a comma can be the rest of an object.
fn member_follows(mut ahead: Ahead<'_>) -> Lookahead<bool> {
    match ahead.space()? {
        None | Some(b'}' | b']' | b',' | b'.' | b'/' | b'#') => Ok(true),
        Some(_) if ahead.mark().is_some() && ahead.newline => Ok(true),
        Some(_) => Ok(ahead.key()? || ahead.remark_then_key()?),
    }
}

/// Returns whether the text after a comma can be the rest of a list.
fn element_follows(mut ahead: Ahead<'_>) -> Lookahead<bool> {
    match ahead.space()? {
        None
        | Some(b'}' | b']' | b',' | b'.' | b'/' | b'#' | b'{' | b'[' | b'(' | b'0'..=b'9' | b'-') => {
            Ok(true)
        }
        Some(_) if ahead.mark().is_some() || ahead.newline => Ok(true),
        Some(_) => ahead.element(),
    }
}

/// Decides whether the closing bracket here is one, from the text after it.
fn closer_holds(setting: &QuoteContext<'_>, mut ahead: Ahead<'_>) -> Lookahead<DecidedQuote> {
    ahead.at += 1;
    ahead.newline = false;
    let Some(next) = ahead.space()? else { return Ok(DecidedQuote::ENDS) };
    if setting.depth <= 1 && !matches!(next, b'}' | b']') {
        return behind_root(ahead, next, false);
    }
    Ok(DecidedQuote::ends(
        ahead.newline
            || matches!(
                next,
                b',' | b'}'
                    | b']'
                    | b')'
                    | b';'
                    | b'{'
                    | b'['
                    | b'`'
                    | b'/'
                    | b'#'
                    | b'<'
                    | b'"'
                    | b'\''
            ),
    ))
}

/// Returns whether the mark here is followed by text that can follow a string. Then this mark
/// closes the string, and the one before it was an inner mark.
fn closes_itself(mut ahead: Ahead<'_>) -> Lookahead<bool> {
    let Some((_, len)) = ahead.mark() else { return Ok(false) };
    ahead.at += len;
    Ok(match ahead.space()? {
        None | Some(b',' | b']' | b'}') => true,
        Some(_) => false,
    })
}
