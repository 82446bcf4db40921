//! Parses JSON whose end is missing.

use serde_json::Value;

/// Parses the beginning of a JSON object or list: closes open strings and brackets. A member that is cut
/// in its name or number is left out. `None` for other text.
pub(super) fn parse(body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut scan = Scan::default();
    // The text up to the last whole member, and the brackets that are open there.
    let mut whole = (0, Vec::new());
    for (at, c) in text.char_indices() {
        match scan.step(c) {
            Step::Opened => whole = (at + c.len_utf8(), scan.open.clone()),
            Step::Member => whole = (at, scan.open.clone()),
            Step::Inside => {}
        }
    }
    let closers = |open: &[char]| open.iter().rev().collect::<String>();
    let mut closed = text.to_owned();
    if scan.in_string {
        if scan.escaped {
            closed.pop();
        }
        closed.push('"');
    }
    closed += &closers(&scan.open);
    let shorter = || format!("{}{}", &text[..whole.0], closers(&whole.1));
    serde_json::from_str(&closed).or_else(|_| serde_json::from_str(&shorter())).ok()
}

/// The state at a character.
#[derive(Default)]
struct Scan {
    /// The closing brackets that are missing, the outermost first.
    open: Vec<char>,
    in_string: bool,
    escaped: bool,
}

/// The effect of a character.
enum Step {
    /// It opened an object or a list.
    Opened,
    /// It is a comma: the member before it is whole.
    Member,
    /// Anything else.
    Inside,
}

impl Scan {
    fn step(&mut self, c: char) -> Step {
        if self.in_string {
            self.in_string = self.escaped || c != '"';
            self.escaped = !self.escaped && c == '\\';
            return Step::Inside;
        }
        match c {
            '"' => self.in_string = true,
            '{' | '[' => {
                self.open.push(if c == '{' { '}' } else { ']' });
                return Step::Opened;
            }
            '}' | ']' => drop(self.open.pop()),
            ',' => return Step::Member,
            _ => {}
        }
        Step::Inside
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_cut_keeps_the_whole_members() {
        let whole = r#"{"error": {"code": "busy", "message": "a \"b\" ü, {c}", "n": [12, 3]}}"#;
        let code = whole.find("\"busy\"").unwrap() + 6;
        for cut in 1..whole.len() {
            let parsed = parse(&whole.as_bytes()[..cut]).unwrap_or_else(|| panic!("{cut}"));
            if cut >= code {
                assert_eq!(parsed["error"]["code"], "busy", "{cut}");
            }
        }
        let message = whole.find(", {c}").unwrap();
        let parsed = parse(&whole.as_bytes()[..message]).unwrap();
        assert_eq!(parsed, json!({"error": {"code": "busy", "message": "a \"b\" ü"}}));
        for text in ["", "<html>", "Bad gateway", "12"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
