//! The page of errors has a row with cause and remedy for each kind of error in the public interface.

use std::path::Path;

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Returns the variants of an enum in the list of the public interface.
fn variants<'a>(interface: &'a str, path: &str) -> Vec<&'a str> {
    let (_, behind) = interface.split_once(&format!("\n{path} (enum)\n")).expect(path);
    let lines = behind.lines().take_while(|line| line.starts_with("    "));
    let names = lines.map(|line| line.trim().split([' ', '(']).next().unwrap_or_default());
    names.filter(|name| name.starts_with(char::is_uppercase)).collect()
}

#[test]
fn every_kind_of_error_has_cause_and_remedy() {
    let (page, interface) = (file("docs/errors.md"), file("docs/public-api.txt"));
    for path in [
        "extract_llm::ErrorKind",
        "extract_llm::conversation::ProviderErrorKind",
        "extract_llm::model::ConfigError",
        "extract_llm::contract::ContractError",
        "extract_llm::extraction::InputError",
        "extract_llm::extraction::Limit",
        "extract_llm::extraction::ParseError",
        "extract_llm::pipeline::RunError",
        "extract_llm::pipeline::JournalError",
    ] {
        let name = path.rsplit("::").next().unwrap();
        let (_, section) = page.split_once(&format!("\n## `{name}`\n")).expect(name);
        let section = section.split("\n## ").next().unwrap();
        let variants = variants(&interface, path);
        assert!(variants.len() > 3, "{path}: {variants:?}");
        for variant in variants {
            let row = section.lines().find(|line| line.starts_with(&format!("| `{variant}` |")));
            let row = row.unwrap_or_else(|| panic!("{name}::{variant} has no row"));
            let mut cells = row.trim_matches('|').split('|');
            assert!(cells.all(|cell| !cell.trim().is_empty()), "{row}");
        }
    }
}
