//! Properties of reading for every text: all ways of splitting it into portions give the same
//! result, valid JSON reads as `serde_json` reads it, printed values are read back, and nothing
//! panics.

use extract_core::contract::Shape;
use extract_core::reading::{
    Container, CutEnding, Incremental, Level, NotePlace, PartialMode, Reader, RepairKind, Scanner,
    Sink, Token, TokenRole, read, read_any, read_partial,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Records every scanner event as a line of text. Pieces of one string are joined.
#[derive(Debug, Default)]
struct Log(Vec<String>);

impl Log {
    fn string(&mut self) -> &mut String {
        self.0.iter_mut().rfind(|line| line.starts_with("text ")).expect("a string is open")
    }
}

impl Sink for Log {
    fn open(&mut self, container: Container, at: usize) {
        self.0.push(format!("open {container:?} {at}"));
    }
    fn close(&mut self, at: usize, whole: bool) {
        self.0.push(format!("close {at} {whole}"));
    }
    fn string_begin(&mut self, role: TokenRole, at: usize) {
        self.0.push(format!("begin {role:?} {at}"));
        self.0.push("text ".to_owned());
    }
    fn text(&mut self, text: &str) {
        self.string().push_str(text);
    }
    fn retract(&mut self, bytes: usize) {
        let line = self.string();
        line.truncate(line.len() - bytes);
    }
    fn string_end(&mut self, at: usize, whole: bool) {
        self.0.push(format!("end {at} {whole}"));
    }
    fn string_became_key(&mut self) {
        self.0.push("rekey".to_owned());
    }
    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {
        self.0.push(format!("scalar {token:?} {text:?} {span:?} {whole}"));
    }
    fn note(&mut self, kind: RepairKind, _: NotePlace, (start, _): (usize, usize)) {
        // The position of a control character inside a run of text is unspecified.
        let start = if kind == RepairKind::ControlCharacter { 0 } else { start };
        self.0.push(format!("note {kind:?} {start}"));
    }
    fn unclear(&mut self, place: NotePlace) {
        self.0.push(format!("unclear {place:?}"));
    }
}

fn events(text: &[u8], cuts: &[usize]) -> Result<Vec<String>, String> {
    let mut scanner = Scanner::new(Log::default());
    let mut from = 0;
    for &cut in cuts {
        let cut = cut.min(text.len());
        if cut > from {
            scanner.feed(&text[from..cut]);
            from = cut;
        }
    }
    scanner.feed(&text[from..]);
    let (log, ending) = scanner.finish().map_err(|error| error.to_string())?;
    let mut lines = log.0;
    lines.push(format!("{ending:?}"));
    Ok(lines)
}

/// Generates text from fragments of JSON and of almost-JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "'", "`", "\"\"\"", "```", "```json\n", "\\", "\\\"",
            "\\u00e9", "\\ud83d\\ude00", "\\u12", "//", "/*", "*/", "#", "\n", " ", "\t", "+", "(", ")",
            "\n ", " \n", ",\n", " ,", "...", "…", "null", "true", "False", "None", "NaN", "-", "1", "2.5e", "1,234", "$5", ".5",
            "“", "”", "é", "日本", "😀", "<a>", "</a>", "ObjectId(", "key", "key:", "\"key\":", "'k': ",
            "\"value\"", "\"va\"lue\"", "\\d", "\\n", "\\\"", "\"}, ", "{ {", ", \"b\": ", "= ", ";",
        ]).prop_map(str::to_owned),
        1 => "[a-z ,:\"{}\\[\\]\\\\\n]{0,12}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e12..1e12_f64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..400, 0..60).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts
    })
}

fn incremental<'s>(text: &str, cuts: &[usize], reader: Reader<'s>) -> Incremental<'s> {
    let mut incremental = Incremental::new(reader);
    let mut from = 0;
    for cut in cuts.iter().map(|&cut| cut.min(text.len())) {
        if cut > from {
            incremental.feed(&text.as_bytes()[from..cut]);
            from = cut;
        }
    }
    incremental.feed(&text.as_bytes()[from..]);
    incremental
}

fn shapes() -> Vec<Shape> {
    [
        json!({"type": "object", "properties": {"key": {"type": "string"}, "b": {"type": ["integer", "null"]}}}),
        json!({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"$ref": "#"}]}}),
        json!({"enum": ["a", "key", "value"]}),
        json!({"type": "object", "additionalProperties": {"type": "number"}}),
        json!({"anyOf": [
            {"type": "number"},
            {"type": "boolean"},
            {"type": "object", "properties": {"k": {"$ref": "#"}}, "required": ["k"]}
        ]}),
        json!({}),
    ]
    .iter()
    .map(|schema| Shape::compile(schema).expect("these schemas are good"))
    .collect()
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Returns the closing brackets and quotes that truncated JSON lacks.
fn closers(text: &str) -> String {
    let (mut open, mut inside, mut escaped) = (Vec::new(), false, false);
    for char in text.chars() {
        match char {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            '{' if !inside => open.push('}'),
            '[' if !inside => open.push(']'),
            '}' | ']' if !inside => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().rev().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_portioning_gives_the_same_events(text in nearly_json(), cuts in cuts()) {
        let text = text.as_bytes();
        let every: Vec<usize> = (0..text.len()).collect();
        let whole = events(text, &[]);
        prop_assert_eq!(&events(text, &cuts), &whole);
        prop_assert_eq!(&events(text, &every), &whole);
    }

    #[test]
    fn any_portioning_of_any_bytes_gives_the_same_events(
        text in prop::collection::vec(any::<u8>(), 0..60),
        cuts in cuts(),
    ) {
        prop_assert_eq!(&events(&text, &cuts), &events(&text, &[]));
    }

    #[test]
    fn reading_in_portions_or_at_once_gives_the_same_result(text in nearly_json(), cuts in cuts()) {
        for shape in &shapes() {
            let reader = Reader::new(shape);
            prop_assert_eq!(incremental(&text, &cuts, reader).finish(), reader.read(&text));
        }
    }

    #[test]
    fn valid_json_reads_as_serde_json_reads_it(value in any_json(), pretty in any::<bool>(), cuts in cuts()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("it prints");
        let expected: Value = serde_json::from_str(&text).expect("it is JSON");
        let reading = read_any(&text).expect("it reads");
        prop_assert_eq!(&reading.value, &expected);
        prop_assert!(reading.repairs.is_empty());
        let shape = Shape::any();
        let mut incremental = incremental(&text, &cuts, Reader::new(&shape));
        // The last partial value equals the final value.
        if expected.is_object() || expected.is_array() {
            prop_assert_eq!(incremental.partial(PartialMode::Shown), Some(expected.clone()));
        }
        let reading = incremental.finish().expect("it reads");
        prop_assert_eq!(reading.value, expected);
        prop_assert!(reading.repairs.is_empty());
    }

    #[test]
    fn the_lenient_reader_reads_json_too(value in any_json()) {
        // A no-break space in front makes it invalid JSON, but the value stays the same.
        let value = if value.is_object() { value } else { json!([value]) };
        let text = format!("\u{a0}{value}");
        let reading = read_any(&text).expect("it reads");
        prop_assert_eq!(reading.value, value);
    }

    #[test]
    fn truncated_json_is_never_reported_as_whole(value in any_json(), at in 1_usize..300) {
        let value = if value.is_object() { value } else { json!([value]) };
        let text = value.to_string();
        let at = floor(&text, 1 + at % (text.len() - 1));
        if let Ok(reading) = read_any(&text[..at]) {
            prop_assert!(reading.ending != CutEnding::Whole, "{} gave {:?}", &text[..at], reading);
        }
        let partial = read_partial(&text[..at], &Shape::any(), PartialMode::Shown).expect("it has begun");
        prop_assert_eq!(partial.value.is_object(), value.is_object());
    }

    #[test]
    fn truncation_after_a_complete_value_is_reported_as_unclosed(value in any_json(), at in 1_usize..300) {
        let value = if value.is_object() { value } else { json!([value]) };
        let text = value.to_string();
        let text = &text[..floor(&text, 1 + at % (text.len() - 1))];
        let lines = events(text.as_bytes(), &[]).expect("it is not deep");
        let complete = !text.ends_with(['{', '[', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            && serde_json::from_str::<Value>(&format!("{text}{}", closers(text))).is_ok();
        let expected = if complete { "Unclosed" } else { "Cut" };
        prop_assert_eq!(lines.last().map(String::as_str), Some(expected), "{}", text);
    }

    #[test]
    fn nothing_panics(text in nearly_json()) {
        for shape in &shapes() {
            for level in [Level::Strict, Level::Lenient, Level::Salvage] {
                let _ = read(&text, shape, level);
            }
            let _ = read_partial(&text, shape, PartialMode::Shown);
            let _ = read_partial(&text, shape, PartialMode::Withheld);
        }
    }

    #[test]
    fn mutated_json_never_panics(value in any_json(), from in 0_usize..200, len in 0_usize..8, with in nearly_json()) {
        let mut text = value.to_string();
        let start = floor(&text, from);
        let end = floor(&text, start + len).max(start);
        text.replace_range(start..end, &with);
        for shape in &shapes() {
            let _ = read(&text, shape, Level::Lenient);
        }
    }
}

/// Inputs found by fuzzing: a look-ahead that ended at its limit, and white space split between
/// portions.
#[test]
fn portioning_regressions_found_by_fuzzing() {
    let reach =
        |between: usize| format!("{{*\"{}\"+/*{}\"+x+\"y\"", "a".repeat(30), "b".repeat(between));
    let texts = [
        " [,\"a\",,\"\" [1\"x0\u{1} \n\"\"\"\"\" [1".to_owned(),
        format!("{{\u{8}`{}`\n\n\n\n\n", "a".repeat(186)),
        format!("{{\u{8}`{}`\n\n\n\n\n", "é".repeat(93)),
        reach(170),
        reach(180),
        reach(186),
        reach(400),
    ];
    for text in texts {
        let every: Vec<usize> = (0..text.len()).collect();
        for step in 1..text.len().min(230) {
            let cuts: Vec<usize> = every.iter().copied().step_by(step).collect();
            assert_eq!(
                events(text.as_bytes(), &cuts),
                events(text.as_bytes(), &[]),
                "{text} by {step}"
            );
        }
    }
}
