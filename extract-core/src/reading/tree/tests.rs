//! Tests the guarantees of the tree: its memory is bounded by the text, it records where a text was
//! cut, and it marks unclear values.

use proptest::prelude::*;

use super::super::candidates;
use super::super::report::CutEnding;
use super::super::scan::{Limits, Scanner};
use super::{Kind, NONE, NodeId, Tree};
use crate::contract::shape::Shape;

/// The limit on memory in bytes for each byte of text, and the allowance for reserved capacity.
const PER_BYTE: usize = 24;
const BESIDES: usize = 500_000;

fn scan(text: &str) -> (Tree, CutEnding) {
    let done = Scanner::with_limits(Tree::new(), Limits::default()).complete(text);
    (done.sink, done.ending)
}

/// Returns the tree of all values in a text, scanned as a reply is.
fn all(text: &str) -> Tree {
    let tree = Tree::with_capacity(text.len());
    let (mut tree, _) = candidates::bracketed(text, 0, tree, Limits::default(), false);
    tree.sort_notes();
    tree
}

#[track_caller]
fn is_bounded(tree: &Tree, text: &str) {
    let most = PER_BYTE * text.len() + BESIDES;
    let start: String = text.chars().take(40).collect();
    let (bytes, len) = (tree.bytes(), text.len());
    assert!(bytes <= most, "{start}…: {bytes} bytes for {len} bytes of text");
}

#[test]
fn no_text_makes_a_tree_that_is_many_times_as_long() {
    let size = 100_000;
    let round = format!("[{}0]", "(".repeat(120));
    let lists = format!("[{{a:{}}}]", "[0".repeat(100));
    let keys = format!("{{{}:", "k".repeat(70_000));
    let pieces = [
        "[{",
        "[0,",
        "[[],",
        "{a,",
        ",,,,",
        "{\"a\":{\"a\":",
        "\\\"",
        "\"",
        "\"\",",
        "[]",
        "{}",
        "[,]",
        "{a:,",
        "a:b,",
        "(",
        "[(",
        "[(1]",
        "[x]",
        ":;",
        ",:",
        "{,:",
        "'':1,",
        "[\"\":1}",
        "0[]",
        "{{",
        "{\"a\":1 ",
        "\\u00e9",
        "\\a",
        "\\\\",
        "// \n",
        "...,",
        "true ",
        "x\n",
        round.as_str(),
        lists.as_str(),
        keys.as_str(),
    ];
    for piece in pieces {
        for opening in ["[", "{", "{\"a\":[", "[{\"a\":1,", "[\""] {
            let text = format!("{opening}{}", piece.repeat(size / piece.len()));
            is_bounded(&all(&text), &text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_pieces_makes_a_tree_that_is_many_times_as_long(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", "(", ")", ",", ":", "\"", "\"\"", "'", "0", "a", "a:", "\"a\":", "{a",
                " ", "\n", "\\", "[0", "[(", "[(1]", "{a:", ";", "[]", "{}", "[,]", "```", "//", "x\n",
            ]),
            1..12,
        ),
    ) {
        let piece = pieces.concat();
        let text = piece.repeat(80_000 / piece.len());
        is_bounded(&scan(&text).0, &text);
        is_bounded(&all(&text), &text);
        let listed = format!("[{text}");
        is_bounded(&all(&listed), &listed);
    }
}

#[test]
fn a_text_that_ends_inside_a_value_is_cut_and_says_where() {
    let cases = [
        ("{", ""),
        ("[", ""),
        ("{\"rows\":[", "/rows"),
        ("{\"rows\":[{\"a\":1},", "/rows"),
        ("{\"rows\":[{\"a\":1}, {", "/rows/1"),
        ("{\"rows\":[{\"a\":1}, {\"a\"", "/rows/1/a"),
        ("{\"rows\":[{\"a\":1}, {\"a\":", "/rows/1/a"),
        ("{\"rows\":[{\"a\":1}, {\"a~/b\": \"x", "/rows/1/a~0~1b"),
        ("{\"rows\":[{\"a\":1}, {\"ab", "/rows/1"),
        ("{\"rows\":[{\"a\":1}, {ab", "/rows/1"),
        ("{\"rows\":[{\"a\":1}, {\"b\": 12", "/rows/1/b"),
        ("{\"rows\":[{\"a\":1}, {\"b\": tru", "/rows/1/b"),
        ("{\"a\": true,", ""),
        ("{\"a\": [1, 2, ...", "/a"),
        ("{\"a\": [\"x\" +", "/a/0"),
        ("{\"a\": [[];", "/a"),
        ("{\"a\": [\"x\", // and so on", "/a"),
        ("{\"a\": [\"x\" /* and so", "/a"),
        ("{\"a\": 1 and", "/a"),
        ("{\"a\": [] and", ""),
        ("f({\"a\": \"b", "/a"),
    ];
    for (text, pointer) in cases {
        let (tree, ending) = scan(text);
        assert_eq!(ending, CutEnding::Cut, "{text}");
        assert_eq!(tree.cut_pointer(tree.root), pointer, "{text}");
    }
}

#[test]
fn a_text_that_ends_behind_a_complete_value_lacks_closers_only() {
    let texts = [
        "{\"a\": \"b\"",
        "{\"a\": true",
        "[null",
        "[1, 2 ",
        "{\"a\": [1, 2]",
        "{\"rows\": [{\"a\": 1}",
        "{\"rows\": [{\"a\": 1}\n// that is all",
        "{\"a\": [1, 2\n```",
        "f({\"a\": 1}",
    ];
    for text in texts {
        assert_eq!(scan(text).1, CutEnding::Unclosed, "{text}");
    }
    for text in ["{\"a\": 1}", "[]", "\"x\"", "12"] {
        assert_eq!(scan(text).1, CutEnding::Whole, "{text}");
    }
}

fn unclear(tree: &Tree) -> Vec<NodeId> {
    let nodes = 0..NodeId::try_from(tree.len()).unwrap_or(NONE);
    nodes.filter(|&id| tree.node(id).unclear).collect()
}

#[test]
fn what_stands_where_a_member_should_is_no_member() {
    for text in ["[{\"a\":1, {\"a\":2}]", "[{\"a\":1 {\"a\":2}]", "[{\"a\":1, {\"a\":2, {\"a\":3}]"]
    {
        let (tree, ending) = scan(text);
        let elements: Vec<NodeId> = tree.children(tree.root).collect();
        assert!(elements.len() >= 2 && ending == CutEnding::Whole, "{text}");
        assert!(elements.iter().all(|&one| tree.count(one) == 1), "{text}");
        assert!(unclear(&tree).is_empty(), "{text}");
    }
    // A quotation mark that closes a quotation which its string did not open.
    let (tree, _) = scan(r#"["so ", "ok" and left"]"#);
    assert_eq!(unclear(&tree).len(), 1);
    for text in ["{\"a\":1, {\"b\":2}}", "{\"x\": {\"a\":1, {\"b\":2}}}", "{\"a\":1, [\"b\", 2]}"] {
        let (tree, _) = scan(text);
        let unclear = unclear(&tree);
        assert_eq!(unclear.len(), 1, "{text}");
        assert_eq!(tree.node(unclear[0]).kind, Kind::Object, "{text}");
    }
    // Doubled braces open one object.
    for text in ["{{\"a\":1}}", "[{{\"a\":1}}]"] {
        assert!(unclear(&scan(text).0).is_empty(), "{text}");
    }
}

/// Returns the strings in a reply to a type with these fields, each with whether it is unclear.
fn texts(text: &str, fields: &[&str]) -> Vec<(String, bool)> {
    let properties: serde_json::Map<String, serde_json::Value> = fields
        .iter()
        .map(|&field| (field.to_owned(), serde_json::json!({"type": "string"})))
        .collect();
    let schema = serde_json::json!({"type": "object", "properties": properties});
    let names = Shape::compile(&schema).expect("the schema is good").member_names();
    let scanner = Scanner::with_limits(Tree::new(), Limits::default());
    let done = scanner.member_names(names).complete(text);
    let cut = done.ending == CutEnding::Cut;
    let tree = done.sink;
    let texts = (0..NodeId::try_from(tree.len()).unwrap_or(NONE))
        .filter(|&id| tree.node(id).kind == Kind::Text)
        .map(|id| (tree.text(id).to_owned(), tree.node(id).unclear || cut));
    texts.collect()
}

#[test]
fn a_quotation_mark_ends_a_text_only_where_the_schema_can_go_on() {
    let clear = [
        (
            r#"{"text": "However, the answer is {"blank": "music"}, which is not"}"#,
            r#"However, the answer is {"blank": "music"}, which is not"#,
        ),
        (r#"{"text": "a 5" pipe", "other": "x"}"#, r#"a 5" pipe"#),
        (
            r#"{"text": "a list: {"a":"b","c":["d"]}, or none"}"#,
            r#"a list: {"a":"b","c":["d"]}, or none"#,
        ),
        (r#"{"text": "an "" empty one", "other": "x"}"#, r#"an "" empty one"#),
        (r#"{"text": "he said "hi" to me", "other": "x"}"#, r#"he said "hi" to me"#),
        (r#"{"text": "he said "hi""}"#, r#"he said "hi""#),
        (r#"{"text": "use {"a": "b"} for this"}"#, r#"use {"a": "b"} for this"#),
        (r#"{"text": "x", "extra": "y",}"#, "x"),
        (r#"{"text": "x"} I hope that this helps."#, "x"),
        ("{\"text\": \"x\" // a remark\n}", "x"),
        ("{'text': 'it's Ann's', 'other': 'x'}", "it's Ann's"),
        (r##"{"text": "my "#1 fan" mug"}"##, r##"my "#1 fan" mug"##),
    ];
    for (text, expected) in clear {
        let first = texts(text, &["text", "other"]).into_iter().next();
        assert_eq!(first, Some((expected.to_owned(), false)), "{text}");
    }
    let unclear = [
        r#"{"text": "he said "hi", "other": "x"}"#,
        r#"{"text": "he said "hi" there", "extra": "x"}"#,
        r#"{"text": "one writes "}, and that is all"}"#,
        r#"{"text": "one writes "} and that is all"}"#,
        r#"{"text": "a" b}"#,
        r#"{"text": ""hi" he said"}"#,
        r#"{"text": ""hi" and "bye""}"#,
    ];
    for text in unclear {
        let found = texts(text, &["text", "other"]);
        assert!(found.iter().any(|(_, unclear)| *unclear), "{text}: {found:?}");
    }
}

#[test]
fn backslashes_are_literal_in_a_string_that_was_written_without_escapes() {
    let cases = [
        (r#"["C:\bin\new\app.exe"]"#, r"C:\bin\new\app.exe"),
        (r#"["\s+\n"]"#, r"\s+\n"),
        (r#"["a \"b\" \d"]"#, r#"a "b" \d"#),
        (r#"["\u00e9\u12"]"#, r"\u00e9\u12"),
        (r#"["\\server\share"]"#, r"\\server\share"),
        (r#"["a\nb"]"#, "a\nb"),
        (r#"["it\'s \`so\`"]"#, "it's `so`"),
        (r"['it\'s \d']", r"it's \d"),
        ("[\"a\\\r\nb\\\nc\"]", "abc"),
    ];
    for (text, expected) in cases {
        let (tree, ending) = scan(text);
        assert_eq!(tree.text(tree.node(tree.root).first), expected, "{text}");
        assert_eq!(ending, CutEnding::Whole, "{text}");
    }
}

#[test]
fn what_is_not_wanted_leaves_the_tree() {
    let (tree, _) = scan("[1, {\"a\": \"b\"}]");
    let (nodes, value) = (tree.len(), tree.value(tree.root));
    let (root, mark) = (tree.root, tree.mark());
    let (mut tree, _) = candidates::scan_at("{x: [1, 2, }", 0, tree, Limits::default(), false);
    tree.truncate(mark);
    tree.sort_notes();
    assert_eq!((tree.len(), tree.value(root)), (nodes, value));
    assert!(!tree.node(root).noted);
}

#[test]
fn copies_and_long_keys_read_as_what_they_were() {
    let key = "k".repeat(100_000);
    let (mut tree, _) = scan(&format!("[{{\"{key}\": [1, 2]}}, \"x\", {{}}]"));
    let value = tree.value(tree.root);
    let elements: Vec<NodeId> = tree.children(tree.root).collect();
    let first = tree.gather(&elements);
    let again: Vec<NodeId> = tree.children(first).collect();
    let second = tree.gather(&again);
    tree.resettle();
    assert_eq!(tree.value(first), value);
    assert_eq!(tree.value(second), value);
    assert_eq!((tree.count(second), tree.only_child(second)), (3, None));
}
