//! [`Picker`]: takes the id and the text of a row from its columns.

use serde_json::{Map, Value};

use super::record::{BadRow, InputRow, Item, Raw, Record, RowId};
use super::template::Template;
use crate::args::InputArgs;
use crate::error::CliError;

/// The default column of texts.
const TEXT: &str = "text";

/// The default column of ids.
const ID: &str = "id";

/// Takes the id and the text of a row from its columns.
pub(super) struct Picker {
    text: TextFrom,
    /// The column of ids. `None` for the default: [`ID`], or the number of the row.
    id: Option<String>,
}

enum TextFrom {
    /// [`TEXT`], or the only column.
    Default,
    Column(String),
    Template(Template),
}

impl Picker {
    pub(super) fn new(args: &InputArgs) -> Result<Self, CliError> {
        let text = match (&args.text_field, &args.prompt) {
            (Some(column), _) => TextFrom::Column(column.clone()),
            (None, Some(template)) => TextFrom::Template(Template::parse(template)?),
            (None, None) => TextFrom::Default,
        };
        Ok(Self { text, id: args.id_field.clone() })
    }

    /// Whether a column may be used. With the default, all may be.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only Parquet asks"))]
    pub(super) fn uses(&self, column: &str) -> bool {
        let is_id = self.id.as_deref().map_or(column == ID, |id| id == column);
        is_id
            || match &self.text {
                TextFrom::Default => true,
                TextFrom::Column(name) => name == column,
                TextFrom::Template(template) => template.columns().any(|name| name == column),
            }
    }

    /// The columns that have to be there.
    fn needed(&self) -> Vec<&str> {
        let texts: Vec<&str> = match &self.text {
            TextFrom::Default => vec![TEXT],
            TextFrom::Column(name) => vec![name],
            TextFrom::Template(template) => template.columns().collect(),
        };
        texts.into_iter().chain(self.id.as_deref()).collect()
    }

    /// Whether all columns that are needed are among these.
    pub(super) fn is_met_by(&self, columns: &[String]) -> bool {
        self.needed().iter().all(|name| columns.iter().any(|column| column == name))
    }

    /// Checks the columns of a file. The default text column may become the only one.
    pub(super) fn check(&mut self, columns: &[String], from: &str) -> Result<(), CliError> {
        if let (TextFrom::Default, [only]) = (&self.text, columns) {
            self.text = TextFrom::Column(only.clone());
        }
        for name in self.needed() {
            let count = columns.iter().filter(|column| *column == name).count();
            if count > 1 {
                return Err(CliError::usage(format!(
                    "{from} has {count} columns `{name}`: rename one of them"
                )));
            }
            if count == 0 {
                let listed: Vec<String> =
                    columns.iter().map(|column| format!("`{column}`")).collect();
                let what = match &self.text {
                    TextFrom::Default if name == TEXT => {
                        "name the column with the text with --text-field, or make it of several with --prompt"
                    }
                    _ => "check its spelling",
                };
                return Err(CliError::usage(format!(
                    "{from} has no column `{name}`: {what}. Its columns are {}",
                    listed.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// Makes a row of a record.
    pub(super) fn pick(&self, raw: Raw, position: u64) -> Item {
        let place = raw.place();
        let (number, line) = (raw.number, raw.line);
        let bad = |id: Value, reason: String| {
            let id = RowId { position, id };
            Item::Bad(BadRow { id, line, message: format!("{place} {reason}") })
        };
        let unread_id = || if self.id.is_some() { Value::Null } else { Value::from(number) };
        let fields = match raw.record {
            Ok(Record::Fields(fields)) => fields,
            Ok(Record::Text(text)) => Map::from_iter([(TEXT.to_owned(), Value::String(text))]),
            Err(reason) => return bad(unread_id(), reason),
        };
        let id = match &self.id {
            Some(column) => match fields.get(column) {
                Some(id) => id.clone(),
                None => return bad(Value::Null, format!("has no column `{column}`")),
            },
            None => match fields.get(ID) {
                Some(id) if !id.is_null() => id.clone(),
                _ => Value::from(number),
            },
        };
        let text = match &self.text {
            TextFrom::Default => text_of(fields, TEXT),
            TextFrom::Column(column) => text_of(fields, column),
            TextFrom::Template(template) => template.fill(&fields),
        };
        match text {
            Ok(text) => Item::Row(InputRow { id: RowId { position, id }, text }),
            Err(reason) => bad(id, reason),
        }
    }
}

/// Returns the text of a column.
fn text_of(mut fields: Map<String, Value>, column: &str) -> Result<String, String> {
    match fields.swap_remove(column) {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Null) => Err(format!("has no text: its column `{column}` is null")),
        Some(other) => Ok(other.to_string()),
        None => Err(format!("has no column `{column}`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn picker(text: TextFrom, id: Option<&str>) -> Picker {
        Picker { text, id: id.map(str::to_owned) }
    }

    fn raw(record: Value) -> Raw {
        let record = match record {
            Value::Object(fields) => Ok(Record::Fields(fields)),
            Value::String(text) => Ok(Record::Text(text)),
            _ => Err("is no JSON".to_owned()),
        };
        Raw { number: 3, line: Some(4), record }
    }

    fn picked(picker: &Picker, record: Value) -> (Value, Result<String, String>) {
        match picker.pick(raw(record), 2) {
            Item::Row(InputRow { id, text }) => (id.id, Ok(text)),
            Item::Bad(BadRow { id, message, .. }) => (id.id, Err(message)),
        }
    }

    #[test]
    fn a_row_has_its_id_and_its_text() {
        let default = picker(TextFrom::Default, None);
        assert_eq!(picked(&default, json!("a")), (json!(3), Ok("a".to_owned())));
        assert_eq!(picked(&default, json!({"id": "x", "text": "a"})), (json!("x"), Ok("a".into())));
        assert_eq!(picked(&default, json!({"id": null, "text": 7})), (json!(3), Ok("7".into())));
        let (id, message) = picked(&default, json!({"id": "x", "text": null}));
        assert_eq!(
            (id, &*message.unwrap_err()),
            (json!("x"), "line 4 has no text: its column `text` is null")
        );
        assert_eq!(picked(&default, json!(1)), (json!(3), Err("line 4 is no JSON".into())));
        let named = picker(TextFrom::Column("body".into()), Some("key"));
        assert_eq!(picked(&named, json!({"key": [1], "body": "a"})), (json!([1]), Ok("a".into())));
        assert_eq!(
            picked(&named, json!({"body": "a"})),
            (Value::Null, Err("line 4 has no column `key`".into()))
        );
        assert_eq!(picked(&named, json!(1)).0, Value::Null);
    }

    #[test]
    fn columns_are_checked() {
        let columns =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut default = picker(TextFrom::Default, None);
        assert!(default.check(&columns(&["id", "text"]), "a.csv").is_ok());
        let error = default.check(&columns(&["id", "body"]), "a.csv").unwrap_err().to_string();
        assert!(error.contains("`text`") && error.contains("`id`, `body`"), "{error}");
        assert!(error.contains("--text-field"), "{error}");
        assert!(default.check(&columns(&["text", "text"]), "a.csv").is_err());
        assert!(default.check(&columns(&["body"]), "a.csv").is_ok()); // the only one
        assert!(default.check(&columns(&["text"]), "a.csv").is_err()); // it is `body` now
    }
}
