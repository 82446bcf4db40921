//! There is one model of a JSON Schema. Outside `schema` and the dialect printers, no code names a
//! keyword, so none follows a reference or merges schemas separately.

use std::path::{Path, PathBuf};

/// Keywords that have no other use as strings.
const KEYWORDS: &[&str] = &[
    "$ref",
    "$defs",
    "$anchor",
    "$dynamicRef",
    "definitions",
    "allOf",
    "anyOf",
    "oneOf",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "prefixItems",
    "unevaluatedItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "dependentSchemas",
    "dependentRequired",
    "contentEncoding",
    "x-aliases",
];

/// Folders whose files may name every keyword.
const ROOMS: &[&str] = &["schema/", "contract/dialect/"];

/// Exceptions elsewhere: file, keyword, reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("reading/fit/object.rs", "properties", "a reply that echoes the schema has this member"),
    ("contract/base64.rs", "contentEncoding", "the type's own schema"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Returns the numbered lines of code, without comments, tests and schemas that a type writes for
/// itself.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut end_of_schema = None;
    text.lines().enumerate().filter(move |(_, line)| {
        let indent = line.len() - line.trim_start().len();
        if let Some(end) = end_of_schema {
            if indent <= end && !line.trim().is_empty() {
                end_of_schema = None;
            }
            return false;
        }
        if line.contains("json_schema!(") && !line.trim_end().ends_with(')') {
            end_of_schema = Some(indent);
            return false;
        }
        !line.trim_start().starts_with("//")
    })
}

#[test]
fn no_schema_keyword_is_named_outside_the_schema_modules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 100, "{}", files.len());
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let is_test = name.ends_with("tests.rs") || name.contains("/tests/");
        if is_test || ROOMS.iter().any(|room| name.starts_with(room)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, code) in code(&text) {
            for keyword in KEYWORDS {
                let allowed =
                    ALLOWED.iter().any(|(file, word, _)| *file == name && word == keyword);
                if code.contains(&format!("\"{keyword}\"")) && !allowed {
                    found.push(format!("{name}:{}: {keyword}", line + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
