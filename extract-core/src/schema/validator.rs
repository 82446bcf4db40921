//! Compiles the schema that replies are checked against: the type's schema with the bounds of its
//! formats written out. Models see the short `int32`; a reply is checked against the bounds of that
//! type.

use std::net::IpAddr;

use jsonschema::{Draft, PatternOptions, ValidationError};
use serde_json::{Map, Value};

use super::keywords::{each_schema, each_schema_at};
use super::stack::StackRoom;
use super::tree::Tree;
use super::{formats, numbers};

/// The largest compiled form of one pattern, in bytes.
const PATTERN_SIZE: usize = 8 << 20;

/// The most backtracking steps of a pattern with lookaround in one text.
const PATTERN_STEPS: usize = 200_000;

/// The name of the format that checks base64.
const BASE64: &str = "x-base64";

/// A compiled schema.
pub(crate) struct Validator {
    compiled: jsonschema::Validator,
    /// The deepest nesting of schemas for the same value.
    nested: usize,
}

impl Validator {
    /// Returns whether a value fits. The work is not bounded here: see [`Tree::is_affordable`].
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        StackRoom::of_check(value, self.nested).run(|| self.compiled.is_valid(value))
    }

    /// Calls `visit` with at most `most` errors of a value.
    pub(crate) fn each_error(
        &self,
        value: &Value,
        most: usize,
        mut visit: impl FnMut(&ValidationError<'_>),
    ) {
        StackRoom::of_check(value, self.nested).run(|| {
            self.compiled.iter_errors(value).take(most).for_each(|error| visit(&error));
        });
    }
}

/// Compiles the validator of the tree's schema, or of a part of it. `around` converts a pointer into
/// `schema` to a pointer into the tree's schema. References are never fetched. Fails if the validator
/// does not accept the schema.
pub(crate) fn compile<'s>(
    tree: &Tree,
    schema: &'s Value,
    around: impl Fn(&str) -> String,
) -> Result<Validator, ValidationError<'s>> {
    let spelled_out = expanded(tree, schema, around);
    let nested = tree.nested();
    let compiled = StackRoom::of_document(schema).run(|| build(&spelled_out));
    compiled.map(|compiled| Validator { compiled, nested }).map_err(ValidationError::to_owned)
}

/// Compiles a schema with the formats and keywords of this crate.
fn build(spelled_out: &Value) -> Result<jsonschema::Validator, ValidationError<'_>> {
    let patterns =
        PatternOptions::fancy_regex().size_limit(PATTERN_SIZE).backtrack_limit(PATTERN_STEPS);
    numbers::with_keywords(jsonschema::options())
        .with_draft(Draft::Draft202012)
        // Another crate of the build may have enabled the fetching of references.
        .offline()
        .with_pattern_options(patterns)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        // Formats that schemars writes and JSON Schema does not define.
        .with_format("ip", |text: &str| text.parse::<IpAddr>().is_ok())
        .with_format("partial-time", formats::is_time)
        .with_format("partial-date-time", formats::is_date_time)
        .with_format("zoned-date-time", formats::is_zoned)
        // Wider than RFC 3339: with a sign and a fraction, as `jiff` writes and reads durations.
        .with_format("duration", formats::is_duration)
        .with_format(BASE64, |text: &str| super::base64::decode(text).is_ok())
        .build(spelled_out)
}

/// Returns the least and the greatest number of a numeric format; `None` for other formats.
pub(crate) fn bounds(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        "int" => (isize::MIN.into(), isize::MAX.into()),
        "uint8" => (0.into(), u8::MAX.into()),
        "uint16" => (0.into(), u16::MAX.into()),
        "uint32" => (0.into(), u32::MAX.into()),
        "uint64" => (0.into(), u64::MAX.into()),
        "uint" => (0.into(), usize::MAX.into()),
        // Beyond these bounds, serde reads infinity.
        "float" => (f64::from(f32::MIN).into(), f64::from(f32::MAX).into()),
        _ => return None,
    })
}

/// Returns the schema with the bounds of its numeric formats, if it has no other bounds, and with the
/// keywords for numbers that are written as strings.
fn expanded(tree: &Tree, schema: &Value, around: impl Fn(&str) -> String) -> Value {
    let mut spelled_out = schema.clone();
    each_schema_at(&mut spelled_out, |pointer, members| {
        let id = tree.written_at(&around(pointer));
        numbers::expand_number_formats(members, || {
            id.is_some_and(|id| numbers::takes_text(tree, id))
        });
        let format = members.get("format").and_then(Value::as_str);
        if let Some((least, most)) = format.and_then(bounds) {
            bound(members, ["minimum", "exclusiveMinimum"], least);
            bound(members, ["maximum", "exclusiveMaximum"], most);
        }
        // JSON Schema treats `contentEncoding` as an annotation.
        let encoding = members.get("contentEncoding").and_then(Value::as_str);
        if encoding == Some("base64") && !members.contains_key("format") {
            members.insert("format".to_owned(), BASE64.into());
        }
    });
    spelled_out
}

/// Adds a bound under the first keyword, unless the schema has either keyword.
fn bound(members: &mut Map<String, Value>, keywords: [&str; 2], bound: Value) {
    if !keywords.iter().any(|keyword| members.contains_key(*keyword)) {
        members.insert(keywords[0].to_owned(), bound);
    }
}

/// Adds "Deprecated." to the description of every deprecated schema, because models are not sent the
/// keyword.
pub(crate) fn say_deprecated(schema: &mut Value) {
    each_schema(schema, |members| {
        if members.get("deprecated") != Some(&Value::Bool(true)) {
            return;
        }
        let said = match members.get("description").and_then(Value::as_str) {
            Some(text) if text.to_ascii_lowercase().contains("deprecated") => return,
            Some(text) => format!("{} Deprecated.", text.trim_end()),
            None => "Deprecated.".to_owned(),
        };
        members.insert("description".to_owned(), said.into());
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compiled(schema: &Value) -> Validator {
        let tree = Tree::parse(schema, super::super::Origin::Type).unwrap();
        compile(&tree, schema, str::to_owned).unwrap()
    }

    #[track_caller]
    fn assert_format(format: &str, good: &[&str], bad: &[&str]) {
        let validator = compiled(&json!({"type": "string", "format": format}));
        for text in good {
            assert!(validator.is_valid(&json!(text)), "{format}: {text}");
        }
        for text in bad {
            assert!(!validator.is_valid(&json!(text)), "{format}: {text}");
        }
    }

    #[test]
    fn formats_that_json_schema_has_no_name_for() {
        assert_format("ip", &["127.0.0.1", "::1"], &["localhost", ""]);
        assert_format(
            "partial-time",
            &["12:30", "12:30:59", "23:59:60.125"],
            &["24:00", "12:60", "1:30", "12:30.5", "12:30:00Z", ""],
        );
        assert_format(
            "partial-date-time",
            &["2024-02-29T12:30:00", "2024-02-29 12:30"],
            &["2024-02-29", "2024-13-01T12:30", "24-01-01T12:30", "2024-01-01T12:30Z"],
        );
        assert_format(
            "zoned-date-time",
            &["2024-07-01T12:30:00-04:00[America/New_York]"],
            &["2024-07-01T12:30:00-04:00", "now[UTC]", "2024-07-01T12:30[]"],
        );
        assert_format(
            "duration",
            &["P1Y2M3W4DT5H6M7.5S", "PT90M", "-P1D", "PT0S"],
            &["P", "PT", "1h", "P1H", "P1D2Y", "PT1.2.3S", ""],
        );
    }

    #[test]
    fn a_number_is_held_to_the_bounds_of_its_type() {
        let schema = json!({"properties": {
            "format": {"type": "integer", "format": "int32"},
            "small": {"type": "integer", "format": "uint64", "maximum": 9},
            "f": {"type": "number", "format": "float"},
        }});
        let validator = compiled(&schema);
        let fits = |name: &str, value: Value| validator.is_valid(&json!({ name: value }));
        assert!(fits("format", i32::MAX.into()));
        assert!(!fits("format", 2_147_483_648_i64.into()));
        assert!(fits("small", 9.into()));
        assert!(!fits("small", 10.into()), "the schema's own bound stays");
        assert!(!fits("small", (-1).into()));
        assert!(fits("f", 3.4e38.into()));
        assert!(!fits("f", 3.5e38.into()));
    }

    #[test]
    fn a_long_pattern_of_letters_still_compiles() {
        let schema = json!({"type": "string", "pattern": r"^[\w\s]{1,80}$"});
        let validator = compiled(&schema);
        assert!(validator.is_valid(&json!("size 1")));
        // In the regular expressions of JSON Schema, those of ECMA-262, `\w` is ASCII.
        assert!(!validator.is_valid(&json!("Größe 1")));
    }
}
