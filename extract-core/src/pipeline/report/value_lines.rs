//! The lines of a JSON value. They are written here and not by the script, whose numbers have 53 bits.

use std::collections::HashMap;

use serde_json::Value;

use super::super::kept::QuotedSpan;

/// A line of a JSON value.
#[derive(Debug, PartialEq)]
pub(super) struct ValueLine {
    pub(super) depth: usize,
    /// The name of the member with its colon; empty without one.
    pub(super) name: String,
    /// The value, or its opening or closing bracket.
    pub(super) text: String,
    /// Whether a comma follows.
    pub(super) has_comma: bool,
    /// The indexes of the quotes that the value is.
    pub(super) quotes: Vec<usize>,
}

/// Returns the lines of a value.
pub(super) fn value_lines(value: &Value, quotes: &[QuotedSpan]) -> Vec<ValueLine> {
    let mut by_pointer: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, quote) in quotes.iter().enumerate() {
        by_pointer.entry(&quote.pointer).or_default().push(index);
    }
    let mut writer = Writer { by_pointer, pointer: String::new(), lines: Vec::new() };
    writer.value(0, String::new(), value, false);
    writer.lines
}

struct Writer<'q> {
    by_pointer: HashMap<&'q str, Vec<usize>>,
    pointer: String,
    lines: Vec<ValueLine>,
}

impl Writer<'_> {
    fn value(&mut self, depth: usize, name: String, value: &Value, has_comma: bool) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.line(depth, name, "{".to_owned(), false);
                for (index, (key, member)) in members.iter().enumerate() {
                    let name = format!("{}: ", Value::from(key.as_str()));
                    let token = key.replace('~', "~0").replace('/', "~1");
                    self.child(&token, depth, name, member, index + 1 < members.len());
                }
                self.end(depth, "}", has_comma);
            }
            Value::Array(elements) if !elements.is_empty() => {
                self.line(depth, name, "[".to_owned(), false);
                for (index, element) in elements.iter().enumerate() {
                    let is_last = index + 1 == elements.len();
                    self.child(&index.to_string(), depth, String::new(), element, !is_last);
                }
                self.end(depth, "]", has_comma);
            }
            scalar => self.line(depth, name, scalar.to_string(), has_comma),
        }
    }

    fn child(&mut self, token: &str, depth: usize, name: String, value: &Value, has_comma: bool) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(token);
        self.value(depth + 1, name, value, has_comma);
        self.pointer.truncate(length);
    }

    /// Adds a line of the value at the pointer.
    fn line(&mut self, depth: usize, name: String, text: String, has_comma: bool) {
        let quotes = self.by_pointer.get(self.pointer.as_str()).cloned().unwrap_or_default();
        self.lines.push(ValueLine { depth, name, text, has_comma, quotes });
    }

    fn end(&mut self, depth: usize, bracket: &str, has_comma: bool) {
        let (name, text) = (String::new(), bracket.to_owned());
        self.lines.push(ValueLine { depth, name, text, has_comma, quotes: Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_the_value_and_quotes_are_found_by_pointer() {
        let value = json!({
            "a/b": [{"text": "x\n\"y\""}, []], "big": 18_446_744_073_709_551_615_u64, "~": {},
        });
        let span = |pointer: &str| QuotedSpan { pointer: pointer.to_owned(), start: 0, end: 1 };
        let spans = [span("/~0"), span("/a~1b/0/text"), span("/a~1b/0"), span("/none")];
        let lines = value_lines(&value, &spans);
        let text: Vec<String> = lines
            .iter()
            .map(|line| {
                let comma = if line.has_comma { "," } else { "" };
                format!("{}{}{}{comma}", "  ".repeat(line.depth), line.name, line.text)
            })
            .collect();
        assert_eq!(text.join("\n"), serde_json::to_string_pretty(&value).unwrap());
        let quoted: Vec<_> = lines
            .iter()
            .filter(|line| !line.quotes.is_empty())
            .map(|line| (line.text.as_str(), line.quotes.as_slice()))
            .collect();
        assert_eq!(quoted, [("{", &[2][..]), (r#""x\n\"y\"""#, &[1]), ("{}", &[0])]);
    }
}
