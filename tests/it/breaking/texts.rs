//! Breaks of an answer's text: truncated, joined, doubled, wrongly quoted, or changed only in form.

use serde_json::{Value, json};

use crate::breaking::breaks::{Break, Site, child};
use crate::breaking::send::Transport;

const MARK: &str = "@@mark@@";

/// Returns the answer's text with these raw characters at a pointer.
fn raw(site: &Site<'_>, pointer: &str, raw: &str) -> String {
    site.with(pointer, json!(MARK)).to_string().replace(&format!("\"{MARK}\""), raw)
}

/// Returns the end of every prefix that ends after a token, and one end inside each longer token.
fn prefixes(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    for (index, letter) in text.char_indices() {
        let token = match letter {
            '"' if !escaped => {
                quoted = !quoted;
                true
            }
            '{' | '}' | '[' | ']' | ',' | ':' => !quoted,
            _ => false,
        };
        escaped = quoted && letter == '\\' && !escaped;
        if token {
            let middle = start + (index - start) / 2;
            ends.extend(
                [middle, index, index + 1].iter().filter(|end| text.is_char_boundary(**end)),
            );
            start = index + 1;
        }
    }
    ends.sort_unstable();
    ends.dedup();
    ends.retain(|end| (1..text.len()).contains(end));
    ends
}

/// Returns the closing brackets that a prefix lacks, or `None` inside a string.
fn closers(prefix: &str) -> Option<String> {
    let (mut quoted, mut escaped, mut open) = (false, false, Vec::new());
    for letter in prefix.chars() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            '{' if !quoted => open.push('}'),
            '[' if !quoted => open.push(']'),
            '}' | ']' if !quoted => drop(open.pop()),
            _ => {}
        }
        escaped = quoted && letter == '\\' && !escaped;
    }
    (!quoted).then(|| open.iter().rev().collect())
}

pub(crate) fn cut(site: &Site<'_>) -> Vec<Break> {
    let text = site.sent.to_string();
    let cut = |end: usize| {
        let (prefix, rest) = text.split_at(end);
        let mut broken = Break::text(prefix, "");
        let inside = |letter: char| letter.is_alphanumeric() || "+-.".contains(letter);
        let whole = match prefix.chars().last() {
            Some('"' | '}' | ']') => true,
            Some(letter) => inside(letter) && !rest.starts_with(inside),
            None => false,
        };
        if let Some(closers) = closers(prefix).filter(|_| whole) {
            broken
                .means
                .extend(serde_json::from_str::<Value>(&(prefix.to_owned() + &closers)).ok());
        }
        broken
    };
    prefixes(&text).into_iter().map(cut).collect()
}

pub(crate) fn interrupted(site: &Site<'_>) -> Vec<Break> {
    ended(site, Transport::Interrupted)
}

pub(crate) fn unstated(site: &Site<'_>) -> Vec<Break> {
    ended(site, Transport::Unstated)
}

/// Returns the whole text and its prefixes in streams that end without a reason, which never give a
/// value.
fn ended(site: &Site<'_>, ending: Transport) -> Vec<Break> {
    let text = site.sent.to_string();
    let cut =
        |end| Break { ending: Some(ending), ambiguous: true, ..Break::text(&text[..end], "") };
    prefixes(&text).into_iter().step_by(2).chain([text.len()]).map(cut).collect()
}

pub(crate) fn run_together(site: &Site<'_>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, value) in site.places() {
        let Some(object) = value.as_array().and_then(|items| items.first()?.as_object()) else {
            continue;
        };
        if object.is_empty() {
            continue;
        }
        let two = site.with(&pointer, json!([object, object]));
        let one = json!(object).to_string();
        let inner = &one[1..one.len() - 1];
        for joint in [",{", "{", "}{", " {", "}\n{", "};{", "}{,", ":{"] {
            let text = raw(site, &pointer, &format!("[{{{inner}{joint}{inner}}}]"));
            breaks.push(Break::text(text, &pointer).meaning(&two));
        }
        // With a single member, this would be the text of a doubled member.
        if object.len() > 1 {
            let other = varied(&json!(object)).to_string();
            for joint in [",", ""] {
                let other = &other[1..other.len() - 1];
                let text = raw(site, &pointer, &format!("[{{{inner}{joint}{other}}}]"));
                breaks.push(Break { ambiguous: true, ..Break::text(text, &pointer) });
            }
        }
    }
    breaks
}

/// Returns another value of the same shape.
fn varied(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}q")),
        Value::Number(number) => number.as_u64().map_or(value.clone(), |number| json!(number / 2)),
        Value::Array(items) => items.iter().map(varied).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), varied(value))).collect()
        }
        other => other.clone(),
    }
}

pub(crate) fn member_doubled(site: &Site<'_>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, members) in site.objects() {
        for (name, value) in members {
            for other in [json!("zz"), json!(2), json!(null), json!({})] {
                if other == *value {
                    continue;
                }
                let pair = |value: &Value| format!("{}:{value}", json!(name));
                for (first, second) in [(value, &other), (&other, value)] {
                    let rest: Vec<String> = members
                        .iter()
                        .map(|(key, member)| {
                            if key == name {
                                format!("{},{}", pair(first), pair(second))
                            } else {
                                format!("{}:{member}", json!(key))
                            }
                        })
                        .collect();
                    let text = raw(site, &pointer, &format!("{{{}}}", rest.join(",")));
                    let place = child(&pointer, name);
                    let mut broken = Break::text(text, &place).meaning(site.sent);
                    broken = broken.meaning(&site.with(&place, other.clone()));
                    breaks.push(Break { ambiguous: true, told: true, ..broken });
                }
            }
        }
    }
    breaks
}

pub(crate) fn quotes(site: &Site<'_>) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (pointer, value) in site.places() {
        let Some(text) = value.as_str() else { continue };
        if site.schema.at(&pointer).iter().any(|branch| branch.values.is_some()) {
            continue;
        }
        let escaped = value.to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        for more in
            [" \"zz\" yy", " \"zz\", \"x\": yy", "\", \"x\": \"yy", "\", yy \"zz", " \nzz", "\" zz"]
        {
            let sent = raw(site, &pointer, &format!("\"{escaped}{more}\""));
            let meant = site.with(&pointer, json!(format!("{text}{more}")));
            breaks.push(Break::text(sent, &pointer).meaning(&meant));
        }
    }
    breaks
}

pub(crate) fn form(site: &Site<'_>) -> Vec<Break> {
    let text = site.sent.to_string();
    let pretty = serde_json::to_string_pretty(site.sent).unwrap_or_default();
    let mut texts = vec![
        pretty.clone(),
        format!("```json\n{text}\n```"),
        format!("```\n{pretty}\n```\n"),
        format!("Here is the answer:\n\n{text}\n\nI hope that helps."),
        format!("<think>It has to be {{\"zz\": 1}}.</think>\n{text}"),
        pretty.replace("\n}", ",\n}").replace("{,", "{"),
        format!("{text} // as asked"),
    ];
    if text.ends_with('}') {
        texts.push(text[..text.len() - 1].to_owned());
    }
    if !text.contains(['\'', '\\']) {
        texts.push(text.replace('"', "'"));
        texts.push(text.replace('"', "“"));
    }
    // A text that ends in a number may be truncated inside it. The answer must be right or refused
    // all the same.
    texts.into_iter().map(|text| Break::text(text, "").meaning(site.sent)).collect()
}
