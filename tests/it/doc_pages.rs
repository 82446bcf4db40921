//! The Rust programs of the README and of the pages in `docs/` are doc tests of `tests/src/lib.rs`, or, if they need
//! DataFusion, of `extract-datafusion/src/lib.rs`. These tests fail if a page is in neither of them, if rustdoc does not compile a block, or if a page names a missing file.

use std::path::{Path, PathBuf};

/// Returns the root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A fenced block: the page, the line of its opening fence (from 1), and its info string.
struct Block {
    page: String,
    line: usize,
    info: String,
}

/// Returns the README and all pages of `docs/`, as paths from the root of the repository.
fn pages() -> Vec<PathBuf> {
    let root = root();
    let mut pages = vec![PathBuf::from("README.md")];
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(Path::new("docs").join(path.file_name().unwrap()));
        }
    }
    pages.sort();
    pages
}

/// Returns the fenced blocks of all pages.
fn blocks() -> Vec<Block> {
    let root = root();
    let mut blocks = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(root.join(&page)).unwrap();
        let page = page.to_str().unwrap().replace('\\', "/");
        let mut is_open = false;
        for (index, line) in text.lines().enumerate() {
            let Some(info) = line.trim_start().strip_prefix("```") else { continue };
            if !is_open {
                let (page, info) = (page.clone(), info.trim().to_owned());
                blocks.push(Block { page, line: index + 1, info });
            }
            is_open = !is_open;
        }
        assert!(!is_open, "{page}: the last fenced block has no end");
    }
    blocks
}

#[test]
fn every_page_with_a_program_is_a_doc_test() {
    let sources =
        [include_str!("../src/lib.rs"), include_str!("../../extract-datafusion/src/lib.rs")];
    let blocks = blocks();
    let programs: Vec<&Block> =
        blocks.iter().filter(|block| block.info.starts_with("rust")).collect();
    assert!(programs.len() > 15, "{} programs", programs.len());
    for Block { page, line, .. } in programs {
        let included = format!("#[doc = include_str!(\"../../{page}\")]");
        let is_included = sources.iter().any(|source| source.contains(&included));
        assert!(is_included, "{page}:{line}: tests/src/lib.rs lacks {included}");
    }
}

#[test]
fn every_block_names_its_language_and_every_program_compiles_as_it_stands() {
    // The last form is for a program that changes its whole process.
    const LANGUAGES: [&str; 6] =
        ["rust", "rust,no_run", "toml", "console", "text", "rust,standalone_crate"];
    for Block { page, line, info } in blocks() {
        assert!(
            LANGUAGES.contains(&info.as_str()),
            "{page}:{line}: expected one of {LANGUAGES:?}, found {info:?}"
        );
    }
}

#[test]
fn no_program_has_hidden_lines() {
    // rustdoc hides lines that begin with `# `; other renderers show them.
    let root = root();
    for page in pages() {
        let text = std::fs::read_to_string(root.join(&page)).unwrap();
        let mut in_program = false;
        for (index, line) in text.lines().enumerate() {
            if let Some(info) = line.trim_start().strip_prefix("```") {
                in_program = !in_program && info.starts_with("rust");
            } else if in_program {
                let hidden = line.trim_start() == "#" || line.trim_start().starts_with("# ");
                assert!(!hidden, "{}:{}: hidden line {line:?}", page.display(), index + 1);
            }
        }
    }
}

#[test]
fn every_file_that_a_page_names_exists() {
    let root = root();
    let bases = [root.to_owned(), root.join("extract-core"), root.join("extract-core/src")];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let mut named = 0;
    for page in pages() {
        let text = std::fs::read_to_string(root.join(&page)).unwrap();
        for (index, line) in text.lines().enumerate() {
            // Code in backticks is every second piece of a line.
            for code in line.split('`').skip(1).step_by(2) {
                let is_path = code.contains('/')
                    && !code.starts_with('/')
                    && code.chars().all(is_plain)
                    && [".rs", ".md", "/"].iter().any(|end| code.ends_with(end));
                if is_path {
                    named += 1;
                    let exists = bases.iter().any(|base| base.join(code).exists());
                    assert!(exists, "{}:{}: no file {code}", page.display(), index + 1);
                }
            }
        }
    }
    assert!(named > 50, "{named} files");
}

#[test]
fn the_first_program_of_the_readme_is_the_example() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```rust,no_run\n").unwrap();
    let (program, _) = rest.split_once("```\n").unwrap();
    let (_, example) = include_str!("../../examples/review.rs").split_once("\n\n").unwrap();
    assert_eq!(program, example);
}

#[test]
fn the_readme_lists_every_example() {
    let readme = include_str!("../../README.md");
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "rs") {
            assert!(readme.contains(&format!("(examples/{name}.rs)")), "{name}");
        }
    }
}
