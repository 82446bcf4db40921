//! The names that the facade re-exports, and `docs/public-api.txt`. `scripts/public-api` compares methods,
//! fields and variants too.

use std::collections::BTreeSet;

/// Returns the paths that `src/lib.rs` re-exports from the engine.
fn exported() -> BTreeSet<String> {
    let text = include_str!("../../src/lib.rs");
    let (text, _) = text.split_once("pub mod __private").unwrap();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut found = BTreeSet::new();
    let mut module = String::new();
    let mut rest = code.as_str();
    while let Some(at) = rest.find(['{', '}', ';']) {
        let (statement, more) = rest.split_at(at);
        rest = &more[1..];
        if let Some((_, name)) = statement.rsplit_once("pub mod ") {
            module = format!("{}::", name.trim());
        } else if let Some((_, path)) = statement.rsplit_once("pub use extract_core::") {
            let names = if more.starts_with('{') {
                let (list, after) = rest.split_once("};").unwrap();
                rest = after;
                list
            } else {
                path.rsplit("::").next().unwrap()
            };
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            found.extend(names.map(|name| format!("{module}{name}")));
        } else if more.starts_with('}') {
            module.clear();
        }
    }
    found
}

#[test]
fn the_kept_list_has_exactly_the_names_of_the_facade() {
    let kept: BTreeSet<String> = include_str!("../../docs/public-api.txt")
        .lines()
        .filter_map(|line| line.strip_prefix("extract_llm::"))
        .map(|line| line.split([' ', '!']).next().unwrap().to_owned())
        .collect();
    let exported = exported();
    assert!(exported.len() > 80, "{exported:?}");
    let differ: Vec<&String> = kept.symmetric_difference(&exported).collect();
    assert!(
        differ.is_empty(),
        "docs/public-api.txt is stale (scripts/public-api --update): {differ:?}"
    );
}

#[test]
fn every_name_has_one_path() {
    let exported = exported();
    let mut seen = BTreeSet::new();
    for path in &exported {
        let name = path.rsplit("::").next().unwrap();
        // A dialect's limit on a schema, and a limit that ends an extraction.
        assert!(seen.insert(name) || name == "Limit", "{path}");
    }
}
