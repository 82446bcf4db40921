//! [`Template`]: a text with columns in braces. What a column holds is inserted as it is: braces in it mean
//! nothing.

use serde_json::{Map, Value};

use crate::error::CliError;

/// A text with columns in braces.
#[derive(Debug, PartialEq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Column(String),
}

impl Template {
    /// Reads a template. Fails if it names no column, or if a brace is not closed.
    pub(super) fn parse(written: &str) -> Result<Self, CliError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = written.chars().peekable();
        while let Some(next) = rest.next() {
            match next {
                '{' if rest.next_if_eq(&'{').is_some() => text.push('{'),
                '}' if rest.next_if_eq(&'}').is_some() => text.push('}'),
                '}' => return Err(wrong("`}` without `{`: write `}}` for a brace")),
                '{' => {
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some('{') | None => {
                                return Err(wrong("`{` without `}`: write `{{` for a brace"));
                            }
                            Some(other) => name.push(other),
                        }
                    }
                    if name.is_empty() {
                        return Err(wrong("`{}` without the name of a column"));
                    }
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(Piece::Column(name));
                }
                '\\' => match rest.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('\\') => text.push('\\'),
                    _ => return Err(wrong("a backslash that is not `\\n`, `\\t` or `\\\\`")),
                },
                other => text.push(other),
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        let template = Self(pieces);
        if template.columns().next().is_none() {
            return Err(wrong("no column: name one in braces, as {text}"));
        }
        Ok(template)
    }

    /// Returns the names of the columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Returns the text of a row. A null is an empty text. Fails if a column is missing.
    pub(super) fn fill(&self, fields: &Map<String, Value>) -> Result<String, String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Column(name) => match fields.get(name) {
                    Some(Value::String(text)) => filled.push_str(text),
                    Some(Value::Null) => {}
                    Some(other) => filled.push_str(&other.to_string()),
                    None => return Err(format!("has no column `{name}`")),
                },
            }
        }
        Ok(filled)
    }
}

fn wrong(what: &str) -> CliError {
    CliError::usage(format!("--prompt has {what}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_inserted_as_they_are() {
        let template = Template::parse(r"{subject}\n{{{body}}}\\").unwrap();
        assert_eq!(template.columns().collect::<Vec<_>>(), ["subject", "body"]);
        let Value::Object(fields) = json!({"subject": "{body}", "body": [1, "\\n"]}) else {
            unreachable!()
        };
        assert_eq!(template.fill(&fields).unwrap(), "{body}\n{[1,\"\\\\n\"]}\\");
        let Value::Object(fields) = json!({"subject": null}) else { unreachable!() };
        assert_eq!(template.fill(&fields).unwrap_err(), "has no column `body`");
    }

    #[test]
    fn mistakes_are_named() {
        for written in ["text", "{text", "text}", "{}", "{a{b}", r"{text}\x", r"{text}\"] {
            assert!(Template::parse(written).is_err(), "{written}");
        }
    }
}
