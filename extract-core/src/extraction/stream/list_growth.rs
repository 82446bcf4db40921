//! A list in a partial value that grows by the elements of a reply that continues it: the text of the value so
//! far, with the list open at its end, followed by the text of each element.

use serde_json::Value;

use super::rest_scan::RestScan;
use crate::contract::{Contract, LoweredContract};
use crate::conversation::Delta;
use crate::extraction::channel::{AttemptStarted, RestStarted};
use crate::schema::{json_equal, segments};

/// The growth of a list that is continued.
#[derive(Debug)]
pub(super) struct ListGrowth {
    scan: RestScan,
    /// The elements before, in the sent shape.
    given: Vec<Value>,
}

impl ListGrowth {
    /// Starts the growth of a list in the value `kept`. Returns also the text of that value with the list open.
    /// `None` if elements of the reply cannot be added to that text: another model has another dialect, or the
    /// list is not inside of objects alone.
    pub(super) fn of(
        contract: &Contract,
        form: Option<&LoweredContract>,
        attempt: &AttemptStarted,
        rest: &RestStarted,
        kept: &Value,
    ) -> Option<(Self, String)> {
        let dialect = |form: &LoweredContract| form.lowered.dialect();
        if form.map(dialect) != attempt.form.as_deref().map(dialect) {
            return None;
        }
        let list = contract.sent_pointers(form, kept, [rest.list.as_str()]).pop()?;
        let sent = contract.sent_value(form, kept.clone());
        let open = open_text(&sent, &segments(&list).collect::<Vec<_>>())?;
        let given = sent.pointer(&list)?.as_array().filter(|items| !items.is_empty())?.clone();
        Some((Self { scan: RestScan::of(attempt, rest), given }, open))
    }

    /// Adds a delta. Calls `add` with the text of each element that is complete now.
    pub(super) fn feed(&mut self, delta: &Delta, mut add: impl FnMut(&str)) {
        let is_given = |text: &str| match serde_json::from_str::<Value>(text) {
            Ok(item) => self.given.iter().any(|given| json_equal(given, &item)),
            Err(_) => true,
        };
        for text in self.scan.feed(delta, is_given) {
            add(",");
            add(&text);
        }
    }
}

/// Returns the JSON of a value whose list at a path comes last, and stays open. `None` if other containers than
/// objects lead to it.
fn open_text(value: &Value, path: &[String]) -> Option<String> {
    let Some((name, rest)) = path.split_first() else {
        let mut text = value.as_array().map(|_| value.to_string())?;
        text.pop();
        return Some(text);
    };
    let members = value.as_object()?;
    let mut text = String::from("{");
    for (other, member) in members.iter().filter(|(other, _)| *other != name) {
        text += &format!("{}:{member},", Value::from(other.as_str()));
    }
    text += &format!("{}:{}", Value::from(name.as_str()), open_text(members.get(name)?, rest)?);
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_stays_open_at_the_end_of_the_text() {
        let value = json!({"a": {"rows": [1, 2], "b": "x"}, "c": null});
        let path = ["a".to_owned(), "rows".to_owned()];
        let text = open_text(&value, &path).unwrap();
        assert_eq!(text, r#"{"c":null,"a":{"b":"x","rows":[1,2"#);
        assert_eq!(open_text(&json!([[1]]), &["0".to_owned()]), None);
    }
}
