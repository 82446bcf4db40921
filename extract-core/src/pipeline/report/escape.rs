//! Texts of documents and models in HTML and in scripts, where they must not end what they stand in.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// A text in the content of an element or in a quoted attribute. Control characters are shown as pictures.
pub(crate) struct Html<'t>(pub(crate) &'t str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' => f.write_char(c)?,
                '\u{7f}' => f.write_char('\u{2421}')?,
                '\0'..='\u{1f}' => {
                    f.write_char(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Returns JSON for a `script` element: it holds no character that HTML or JavaScript gives a meaning to. These
/// characters occur in strings only, where an escape means the same.
pub(super) fn script_json(value: &Value) -> String {
    let json = value.to_string();
    let mut safe = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{7f}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOSTILE: &str =
        "</script><!--<script><img src=x onerror=\"alert('1')\">&amp;\u{2028}\u{2029}]]>\0\r\u{7f}";

    #[test]
    fn html_holds_no_markup() {
        let html = Html(HOSTILE).to_string();
        assert!(!html.contains(['<', '>', '"', '\'', '\0', '\r', '\u{7f}']), "{html}");
        assert!(html.contains("&amp;amp;") && html.contains('␀') && html.contains('␍'), "{html}");
    }

    #[test]
    fn json_in_a_script_is_the_same_value() {
        let value = json!({ HOSTILE: [HOSTILE, 1.5, null] });
        let safe = script_json(&value);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\0']), "{safe}");
        assert_eq!(serde_json::from_str::<Value>(&safe).unwrap(), value);
    }
}
