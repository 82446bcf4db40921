//! One example for each class of repair, the rule that nothing is invented, and texts made to be
//! slow.

use std::time::{Duration, Instant};

use extract_core::contract::{SchemaError, Shape};
use extract_core::reading::{
    CutEnding, Level, Limits, PartialMode, ReadError, Reader, RepairKind, ScanError, read,
    read_any, read_arguments, read_partial,
};
use serde_json::{Value, json};

fn shape(schema: &Value) -> Shape {
    Shape::compile(schema).expect("the schema is good")
}

fn person() -> Shape {
    shape(&json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "x-aliases": ["full_name"]},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "nick": {"type": ["string", "null"]}
        },
        "required": ["name", "age"]
    }))
}

#[track_caller]
fn reads(text: &str, expected: &Value, kind: RepairKind) {
    let reading = read_any(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(reading.value, *expected, "{text}");
    let kinds: Vec<RepairKind> = reading.repairs.iter().map(|repair| repair.kind).collect();
    assert!(kinds.contains(&kind), "{text}: {kinds:?}");
}

#[test]
fn syntax_is_repaired_and_each_repair_is_reported() {
    let ab = json!({"a": 1, "b": "x"});
    reads("{'a': 1, 'b': 'x'}", &ab, RepairKind::Quotes);
    reads("{“a”: 1, “b”: “x”}", &ab, RepairKind::Quotes);
    reads("{a: 1, b: \"x\"}", &ab, RepairKind::BareKey);
    reads("{\"a\": 1, \"b\": x}", &ab, RepairKind::BareString);
    reads("{\"a\": 1 \"b\": \"x\"}", &ab, RepairKind::MissingComma);
    reads("{\"a\": 1,, \"b\": \"x\",}", &ab, RepairKind::ExtraComma);
    reads("{\"a\" 1, \"b\": \"x\"}", &ab, RepairKind::MissingColon);
    reads("{\"a\": 1, \"b\": \"x\"", &ab, RepairKind::MissingCloser);
    reads("{\"a\": 1, /* one */ \"b\": \"x\" // two\n}", &ab, RepairKind::Comment);
    reads("{\"a\": 1, \"b\": \"x\", ...}", &ab, RepairKind::Ellipsis);
    reads("{\"a\": 1, \"b\": ObjectId(\"x\")}", &ab, RepairKind::Wrapper);
    reads("```json\n{\"a\": 1, \"b\": \"x\"}\n```", &ab, RepairKind::Located);
    reads("<think>{\"a\": 2}</think>{\"a\": 1, \"b\": \"x\"}", &ab, RepairKind::Located);
    reads("[\"he said \"hi\" to me\"]", &json!(["he said \"hi\" to me"]), RepairKind::InnerQuote);
    reads("[\"a\nb\"]", &json!(["a\nb"]), RepairKind::ControlCharacter);
    reads("[\"\\s+\"]", &json!(["\\s+"]), RepairKind::Escape);
    reads("[\"a\" + \"b\"]", &json!(["ab"]), RepairKind::JoinedStrings);
    reads("[True, None, undefined]", &json!([true, null, null]), RepairKind::Literal);
    reads("[.5, +2]", &json!([0.5, 2]), RepairKind::NumberForm);
    reads("[\"\"\"a \"b\" c\"\"\"]", &json!(["a \"b\" c"]), RepairKind::BlockString);
    reads("[{\"a\": 1]", &json!([{"a": 1}]), RepairKind::MissingCloser);
    reads("{\"a\": 1}\n{\"a\": 2}", &json!([{"a": 1}, {"a": 2}]), RepairKind::Collected);
    reads("{\"a\": 1, \"a\": 2}\u{a0}", &json!({"a": 2}), RepairKind::DuplicateKey);
    reads("['a': 1]", &json!([{"a": 1}]), RepairKind::MissingOpener);
}

#[test]
fn values_are_converted_only_toward_the_schema() {
    let cases = [
        (json!({"type": "integer"}), "\"1,234\"", json!(1234), RepairKind::StringToNumber),
        (json!({"type": "integer"}), "3.0", json!(3), RepairKind::ToInteger),
        (json!({"type": "number"}), "1/2", json!(0.5), RepairKind::NumberForm),
        (json!({"type": "boolean"}), "\"Yes\"", json!(true), RepairKind::ToBool),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            "[1.10]",
            json!(["1.10"]),
            RepairKind::ToText,
        ),
        (
            json!({"enum": ["in_stock", "sold_out"]}),
            "\"In Stock\"",
            json!("in_stock"),
            RepairKind::EnumMatched,
        ),
        (json!({"enum": ["café"]}), "CAFE", json!("café"), RepairKind::EnumMatched),
        (
            json!({"type": "array", "items": {"type": "integer"}}),
            "7",
            json!([7]),
            RepairKind::ToList,
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}}),
            "\"[1, 2]\"",
            json!([1, 2]),
            RepairKind::ParsedString,
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}}),
            "{\"items\": [1]}",
            json!([1]),
            RepairKind::FromField,
        ),
        (json!({"type": ["integer", "null"]}), "\"N/A\"", json!(null), RepairKind::ToNull),
        (
            json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
            "7",
            json!({"n": 7}),
            RepairKind::ToField,
        ),
    ];
    for (schema, text, expected, kind) in cases {
        let reading = read(text, &shape(&schema), Level::Lenient)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(reading.value, expected, "{text}");
        assert!(
            reading.fits() && reading.repairs.iter().any(|repair| repair.kind == kind),
            "{text}: {reading:?}"
        );
    }
}

#[test]
fn keys_are_matched_and_unknown_members_are_kept_and_reported() {
    let reading =
        read(r#"{"Full-Name": "Ada", "AGE": "36", "extra": 1}"#, &person(), Level::Lenient)
            .unwrap();
    assert_eq!(reading.value, json!({"name": "Ada", "age": 36, "extra": 1}));
    let told: Vec<(&str, RepairKind)> =
        reading.repairs.iter().map(|repair| (repair.pointer.as_str(), repair.kind)).collect();
    assert_eq!(
        told,
        [
            ("/name", RepairKind::KeyMatched),
            ("/age", RepairKind::KeyMatched),
            ("/age", RepairKind::StringToNumber),
            ("/extra", RepairKind::UnknownKey),
        ]
    );
}

#[test]
fn a_tag_is_corrected_only_if_exactly_one_variant_fits() {
    let shape = shape(&json!({"oneOf": [
        {"type": "object", "properties": {"type": {"const": "circle"}, "radius": {"type": "number"}}, "required": ["type", "radius"]},
        {"type": "object", "properties": {"type": {"const": "square"}, "side": {"type": "number"}}, "required": ["type", "side"]},
        {"type": "object", "properties": {"type": {"const": "dot"}, "side": {"type": "number"}, "x": {"type": "number"}}, "required": ["type", "side", "x"]}
    ]}));
    let reading = read(r#"{"radius": 2}"#, &shape, Level::Lenient).unwrap();
    assert_eq!(reading.value, json!({"type": "circle", "radius": 2}));
    assert!(reading.repairs.iter().any(|repair| repair.kind == RepairKind::Tag));
    // Both `square` and `dot` are possible.
    let reading = read(r#"{"side": 2, "x": 1}"#, &shape, Level::Lenient).unwrap();
    assert!(!reading.fits(), "{reading:?}");
}

#[test]
fn nothing_is_invented_emptied_or_shortened() {
    let person = person();
    // A missing required field is a misfit and gets no default.
    let reading = read(r#"{"name": "Ada"}"#, &person, Level::Lenient).unwrap();
    assert_eq!(reading.misfits[0].pointer, "/age");
    // A list with an invalid element is neither emptied nor shortened.
    let numbers = shape(&json!({"type": "array", "items": {"type": "integer"}}));
    let reading = read(r#"[1, "two", 3]"#, &numbers, Level::Lenient).unwrap();
    assert_eq!((reading.value, reading.misfits.len()), (json!([1, "two", 3]), 1));
    // In `salvage` the invalid element is dropped and reported, but a list is never emptied.
    let reading = read(r#"[1, "two", 3]"#, &numbers, Level::Salvage).unwrap();
    assert_eq!(reading.value, json!([1, 3]));
    assert_eq!(reading.repairs[0].kind, RepairKind::DroppedItem);
    assert!(!read(r#"["one", "two"]"#, &numbers, Level::Salvage).unwrap().fits());
    // Numbers are not rounded, and ambiguous numbers are not read.
    let integer = shape(&json!({"type": "integer"}));
    for text in ["1.5", "\"3,14\"", "\"10-12\"", "\"2024-01-05\"", "\"maybe\""] {
        assert!(
            read(text, &integer, Level::Lenient).map_or(true, |reading| !reading.fits()),
            "{text}"
        );
    }
    // Truncated text is reported as cut.
    let reading = read(r#"{"age": 36, "name": "Ada Love"#, &person, Level::Lenient).unwrap();
    assert_eq!(reading.ending, CutEnding::Cut);
    assert!(read_any(r#"{"a": "b}"#).unwrap().is_cut());
    // A sentence that names several enum values, or negates one, matches none of them.
    let status = shape(&json!({"enum": ["ONE", "TWO"]}));
    for text in ["either one or two", "it is not one", "I cannot say"] {
        assert!(read(text, &status, Level::Lenient).is_err(), "{text}");
    }
    assert!(read("I am sorry, I cannot help with that.", &person, Level::Lenient).is_err());
}

#[test]
fn a_text_that_ends_inside_a_value_is_cut() {
    let cut = [
        "{",
        "[",
        "{\"a\"",
        "{\"a\":",
        "{\"a\": [",
        "{\"a\": 1,",
        "{\"a\": 12",
        "{\"a\": tru",
        "{\"rows\":[{\"a\":1},",
        "{\"rows\":[{\"a\":1}, {",
        "{\"a\": 1, b",
    ];
    for text in cut {
        assert!(read_any(text).is_ok_and(|reading| reading.is_cut()), "{text}");
    }
    for text in ["{\"a\": \"b\"", "[{\"a\": 1}", "{\"a\": [true", "[null\n"] {
        assert_eq!(read_any(text).unwrap().ending, CutEnding::Unclosed, "{text}");
    }
    // A quotation mark that may be missing earlier does not decide the ending.
    let text = "{\"code\": \"if (x) {\n \"y\": \"z\"";
    assert!(read_any(text).unwrap().is_cut());
}

#[test]
fn elements_without_separators_are_split() {
    let two = json!([{"a": 1}, {"a": 2}]);
    reads("[{\"a\": 1, {\"a\": 2}]", &two, RepairKind::MissingCloser);
    reads("[{\"a\": 1 {\"a\": 2}]", &two, RepairKind::MissingCloser);
    reads("{\"r\": [{\"a\": 1, {\"a\": 2}]}", &json!({"r": two}), RepairKind::MissingCloser);
    let three = json!([{"a": 1, "b": [1]}, {"a": 2}, {"a": 3}]);
    reads("[{\"a\": 1, \"b\": [1], {\"a\": 2, {\"a\": 3}]", &three, RepairKind::MissingCloser);
    // A doubled opening brace opens nothing.
    reads("[{{\"a\": 1}, {\"a\": 2}]", &two, RepairKind::StrayText);
}

#[test]
fn a_string_with_an_invalid_escape_is_literal() {
    for (text, expected) in [
        (r#"["C:\bin\new\app.exe"]"#, r"C:\bin\new\app.exe"),
        (r#"["^\d+\.\t$"]"#, r"^\d+\.\t$"),
        (r#"["\u00zz \"so\" \n"]"#, r#"\u00zz "so" \n"#),
    ] {
        reads(text, &json!([expected]), RepairKind::Escape);
    }
    reads(r"{'\w': 'it\'s'}", &json!({r"\w": "it's"}), RepairKind::Escape);
}

#[test]
fn a_quotation_mark_ends_a_string_only_before_a_member_of_the_schema() {
    let text = shape(&json!({"type": "object", "properties": {"text": {"type": "string"}}}));
    let whole = r#"However, the answer is {"blank": "music"}, which is not"#;
    let reply = format!("{{\"text\": \"{whole}\"}}");
    assert_eq!(read(&reply, &text, Level::Lenient).unwrap().value, json!({"text": whole}));
    assert_eq!(read_any(&reply).unwrap().value, json!({"text": whole}));
    // Without this ambiguity any member may follow.
    let reply = r#"{"text": "x", "extra": "y",}"#;
    let reading = read(reply, &text, Level::Lenient).unwrap();
    assert_eq!(reading.value, json!({"text": "x", "extra": "y"}));
    assert!(reading.fits() && reading.repairs.iter().any(|one| one.kind == RepairKind::UnknownKey));
}

#[test]
fn tool_arguments_are_not_searched_for_in_prose() {
    let person = person();
    let text = r#"{"name": "Ada", "age": 36,}"#;
    assert!(read_arguments(text, &person, Level::Lenient).unwrap().fits());
    let prose = format!("Here: {text}");
    assert!(read(&prose, &person, Level::Lenient).unwrap().fits());
    assert!(!read_arguments(&prose, &person, Level::Lenient).is_ok_and(|reading| reading.fits()));
}

#[test]
fn strict_accepts_only_json() {
    let person = person();
    assert!(
        read(r#"{"name": "Ada", "age": 36}"#, &person, Level::Strict).unwrap().repairs.is_empty()
    );
    assert!(matches!(read("{name: 1}", &person, Level::Strict), Err(ReadError::NotJson { .. })));
    assert!(!read(r#"{"name": "Ada", "age": "36"}"#, &person, Level::Strict).unwrap().fits());
}

#[test]
fn partials_grow_and_withhold_values_that_may_still_change() {
    let person = person();
    let partial = |text: &str, growing| read_partial(text, &person, growing).unwrap().value;
    assert_eq!(
        partial(r#"{"name": "Ad"#, PartialMode::Withheld),
        json!({"name": "Ad", "age": null, "nick": null})
    );
    assert_eq!(partial(r#"{"name": "Ada", "age": 3"#, PartialMode::Withheld)["age"], json!(null));
    assert_eq!(partial(r#"{"name": "Ada", "age": 3"#, PartialMode::Shown)["age"], json!(3));
    assert_eq!(
        partial(r#"{"age": 3, "tags": ["a", "b"#, PartialMode::Withheld)["tags"],
        json!(["a", "b"])
    );
}

#[test]
fn hostile_texts_are_read_in_linear_time() {
    let size = 100_000;
    let person = person();
    let texts = [
        "[".repeat(size),
        "{\"a\":".repeat(size / 5),
        "```json\n".repeat(size / 8),
        "\"'".repeat(size / 2),
        "{\"a\n},".repeat(size / 6),
        "[\"a\" \"".repeat(size / 6),
        "{a, ".repeat(size / 4),
        "<think>".repeat(size / 7),
        "<a>".repeat(size / 3),
        "</".repeat(size / 2),
        "[] ".repeat(size / 3),
        "{\"k\": \"".repeat(size / 7),
        "/*".repeat(size / 2),
        "\\".repeat(size),
        " \n".repeat(size / 2),
        format!("[{}", "\"a\",\n ".repeat(size / 6)),
        format!("{{a: {}", "b, c\n".repeat(size / 5)),
        format!("[{}", "(".repeat(size)),
    ];
    for text in texts {
        let began = Instant::now();
        let _ = read_any(&text);
        let _ = read(&text, &person, Level::Salvage);
        let _ = read_partial(&text, &person, PartialMode::Shown);
        let mut incremental = extract_core::reading::Incremental::new(Reader::new(&person));
        text.as_bytes().chunks(4).for_each(|piece| incremental.feed(piece));
        let _ = incremental.finish();
        // Far above the time of an unoptimised build, far below any quadratic time.
        let took = began.elapsed();
        assert!(took < Duration::from_secs(60), "{:?} took {took:?}", &text[..20]);
    }
}

#[test]
fn limits_are_typed() {
    let any = Shape::any();
    let deep = "[".repeat(500);
    assert_eq!(read_any(&deep).unwrap_err(), ReadError::Limit(ScanError::TooDeep(128)));
    let mut limits = Limits::default();
    limits.bytes = 10;
    let error = Reader::new(&any).limits(limits).read("[1, 2, 3, 4, 5]").unwrap_err();
    assert_eq!(error, ReadError::Limit(ScanError::TooLarge(10)));
}

#[test]
fn hostile_schemas_are_typed_errors() {
    let compile = |schema: Value| Shape::compile(&schema).err();
    assert!(matches!(
        compile(
            json!({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}})
        ),
        Some(SchemaError::Itself { .. })
    ));
    assert!(matches!(
        compile(json!({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}})),
        Some(SchemaError::Itself { .. })
    ));
    assert!(matches!(
        compile(json!({"$ref": "https://example.com/schema"})),
        Some(SchemaError::Reference { .. })
    ));
    assert!(matches!(compile(json!({"$ref": "#/nowhere"})), Some(SchemaError::Reference { .. })));
    assert!(matches!(compile(json!({"type": "bogus"})), Some(SchemaError::UnknownType { .. })));
    assert!(matches!(compile(json!(3)), Some(SchemaError::Malformed { .. })));
    let deep = (0..200).fold(json!({}), |inner, _| json!({"type": "array", "items": inner}));
    assert!(matches!(compile(deep), Some(SchemaError::TooDeep { .. })));
    // A list that contains only such lists is a valid type and is read.
    let shape = shape(
        &json!({"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}}),
    );
    assert_eq!(read("[[], [[]]]", &shape, Level::Lenient).unwrap().value, json!([[], [[]]]));
    assert!(!read("[1]", &shape, Level::Lenient).unwrap().fits());
}
