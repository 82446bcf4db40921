//! A list that arrives as several values or several calls: every row is kept or reported.

use extract_llm::extraction::ParseError;
use extract_llm::extraction::{BadItems, Layout, Outcome};
use extract_llm::reading::RepairKind;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::{ScriptedReply, reply};
use extract_llm::{Client, ErrorKind, Extract, Mode, Report, parse};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Extract)]
struct Row {
    n: u8,
    s: String,
}

fn row(n: u8, s: &str) -> Row {
    Row { n, s: s.to_owned() }
}

fn abc() -> Vec<Row> {
    vec![row(1, "a"), row(2, "b"), row(3, "c")]
}

#[derive(Debug, Clone, PartialEq, Extract)]
enum Event {
    Came { who: String },
    Left { who: String, at: u8 },
}

const LINES: &str = "{\"n\":1,\"s\":\"a\"}\n{\"n\":2,\"s\":\"b\"}\n{\"n\":3,\"s\":\"c\"}\n";

const BLOCKS: &str = "The first:\n```json\n{\"n\": 1, \"s\": \"a\"}\n```\nThe second:\n```json\n\
    {\"n\": 2, \"s\": \"b\"}\n```\nAnd the last:\n```\n{\"n\": 3, \"s\": \"c\"}\n```\nThat is all.";

fn client(replies: impl IntoIterator<Item = ScriptedReply>) -> Client {
    Client::with_model(Scripted::new(replies).pieces_of(3))
}

fn joined(notes: &[String]) -> bool {
    notes.iter().any(|note| note.contains("several values, which became one list"))
}

#[tokio::test]
async fn values_in_lines_and_blocks_are_one_list_in_every_mode() {
    for text in [LINES, BLOCKS] {
        let parsed = parse::<Vec<Row>>(text).unwrap();
        assert_eq!(parsed.value, abc());
        assert_eq!(parsed.repairs[0].kind, RepairKind::Collected);
        for mode in [Mode::Text, Mode::JsonObject, Mode::JsonSchema, Mode::Tools] {
            let reply = || match mode {
                Mode::Tools => reply::tool_text(text.trim_start_matches("The first:\n```json\n")),
                _ => reply::text(text),
            };
            let extraction =
                |client: &Client| client.extract::<Vec<Row>>("x").mode(mode).validation_retries(0);
            let report = extraction(&client([reply()])).report().await.unwrap();
            assert_eq!(report.value, abc(), "{mode}");
            assert!(joined(&report.ledger.notes), "{mode}: {:?}", report.ledger.notes);
            let streamed = extraction(&client([reply()])).stream().report().await.unwrap();
            assert_eq!(
                (streamed.value, streamed.ledger.notes),
                (report.value, report.ledger.notes),
                "{mode}"
            );
            let mut items = extraction(&client([reply()])).items();
            let mut shown = Vec::new();
            while let Some(item) = items.next().await {
                shown.push(item.unwrap());
            }
            assert_eq!((&shown, items.finish().await.unwrap()), (&abc(), abc()), "{mode}");
        }
    }
}

#[test]
fn elements_of_any_form_are_collected() {
    let events = "{\"Came\":{\"who\":\"Ada\"}}\n{\"Left\":{\"who\":\"Ada\",\"at\":7}}";
    let ada = || "Ada".to_owned();
    let both = [Event::Came { who: ada() }, Event::Left { who: ada(), at: 7 }];
    assert_eq!(parse::<Vec<Event>>(events).unwrap().value, both);
    assert_eq!(parse::<Option<Vec<Row>>>(LINES).unwrap().value, Some(abc()));
    assert_eq!(parse::<[Row; 3]>(LINES).unwrap().value.to_vec(), abc());
    assert_eq!(parse::<Vec<Vec<u8>>>("[1, 2]\n[3]").unwrap().value, [vec![1, 2], vec![3]]);
    let bullets = "1. {\"n\":1,\"s\":\"a\"}\n2. {\"n\":2,\"s\":\"b\"}\n3. {\"n\":3,\"s\":\"c\"}";
    assert_eq!(parse::<Vec<Row>>(bullets).unwrap().value, abc());
    // Brackets in prose are not a list.
    let prose = format!("Of the brackets [] and {{}}, see below.\n{LINES}");
    assert_eq!(parse::<Vec<Row>>(&prose).unwrap().value, abc());
}

#[test]
fn adjacent_partial_lists_are_one_list() {
    for text in [
        "{\"value\":[{\"n\":1,\"s\":\"a\"}]}\n{\"value\":[{\"n\":2,\"s\":\"b\"},{\"n\":3,\"s\":\"c\"}]}",
        "[{\"n\":1,\"s\":\"a\"}]\n[{\"n\":2,\"s\":\"b\"}, {\"n\":3,\"s\":\"c\"}]",
        "[{\"n\":1,\"s\":\"a\"}]\n[]\n{\"n\":2,\"s\":\"b\"}\n{\"n\":3,\"s\":\"c\"}",
        "```json\n[{\"n\":1,\"s\":\"a\"},{\"n\":2,\"s\":\"b\"}]\n```\n\n```json\n[{\"n\":3,\"s\":\"c\"}]\n```",
    ] {
        let parsed = parse::<Vec<Row>>(text).unwrap();
        assert_eq!((parsed.value, parsed.rivals), (abc(), 0), "{text}");
        assert_eq!(parsed.repairs[0].kind, RepairKind::Collected, "{text}");
    }
    // A repeated row is dropped and reported.
    let twice = "[{\"n\":1,\"s\":\"a\"}]\n[{\"n\":1,\"s\":\"a\"}]\n[{\"n\":2,\"s\":\"b\"}]";
    let parsed = parse::<Vec<Row>>(twice).unwrap();
    assert_eq!(parsed.value, [row(1, "a"), row(2, "b")]);
    assert!(parsed.repairs.iter().any(|repair| repair.kind == RepairKind::DroppedItem));
}

#[tokio::test]
async fn the_first_of_two_lists_is_used_and_the_other_is_noted() {
    let text =
        "Draft: {\"value\":[{\"n\":1,\"s\":\"a\"}]} Final: {\"value\":[{\"n\":2,\"s\":\"b\"}]}";
    let client = client([reply::text(text)]);
    let report: Report<Vec<Row>> =
        client.extract("x").mode(Mode::Text).validation_retries(0).report().await.unwrap();
    assert_eq!(report.value, [row(1, "a")]);
    assert!(report.ledger.notes[0].contains("1 other values"), "{:?}", report.ledger.notes);
    // An example before the list is not part of the list.
    let text = "One is {\"n\":9,\"s\":\"z\"}. All of them: [{\"n\":1,\"s\":\"a\"}]";
    let parsed = parse::<Vec<Row>>(text).unwrap();
    assert_eq!((parsed.value, parsed.rivals), (vec![row(1, "a")], 1));
    // A single list is unaffected.
    let parsed = parse::<Vec<Row>>("{\"value\":[{\"n\":1,\"s\":\"a\"}]}").unwrap();
    assert_eq!((parsed.value, parsed.repairs.len(), parsed.rivals), (vec![row(1, "a")], 0, 0));
}

#[tokio::test]
async fn an_invalid_line_is_a_problem_and_a_truncated_one_is_not_an_answer() {
    let bad = "{\"n\":1,\"s\":\"a\"}\n{\"n\":900,\"s\":\"b\"}\n{\"n\":3,\"s\":\"c\"}";
    let ParseError::Invalid { problems, value, .. } = parse::<Vec<Row>>(bad).unwrap_err() else {
        panic!("a row out of its range passes");
    };
    assert_eq!(problems.iter().map(|problem| &*problem.pointer).collect::<Vec<_>>(), ["/1/n"]);
    assert_eq!(value.as_array().map(Vec::len), Some(3));
    let left_out = client([reply::text(bad)])
        .extract::<Vec<Row>>("x")
        .mode(Mode::Text)
        .validation_retries(0)
        .bad_items(BadItems::LeaveOut)
        .report()
        .await
        .unwrap();
    assert_eq!((left_out.value.len(), left_out.ledger.left_out[0].index), (2, 1));
    for end in ["{\"n\":3", "{\"n\":3,\"s\":\"c", "{\"n\""] {
        let cut =
            parse::<Vec<Row>>(&format!("{{\"n\":1,\"s\":\"a\"}}\n{{\"n\":2,\"s\":\"b\"}}\n{end}"));
        assert!(matches!(cut, Err(ParseError::Cut { .. })), "{end}: {cut:?}");
    }
    // An element that is not a row is left out and reported.
    let report = client([reply::text(format!("{LINES}{{\"done\":true}}"))])
        .extract::<Vec<Row>>("x")
        .mode(Mode::Text)
        .report()
        .await
        .unwrap();
    assert_eq!(report.value, abc());
    assert!(report.ledger.notes[0].contains("1 that are no elements"), "{:?}", report.ledger.notes);
}

#[tokio::test]
async fn a_second_value_in_the_arguments_is_noted() {
    let twice = reply::tool_text("{\"n\":1,\"s\":\"a\"}{\"n\":2,\"s\":\"b\"}");
    let report = client([twice]).extract::<Row>("x").mode(Mode::Tools).report().await.unwrap();
    assert_eq!(report.value, row(1, "a"));
    assert!(report.ledger.notes[0].contains("1 other values"), "{:?}", report.ledger.notes);
    // Some servers put an empty object before the arguments.
    let after = reply::tool_text("{}{\"n\":2,\"s\":\"b\"}");
    let report = client([after]).extract::<Row>("x").mode(Mode::Tools).report().await.unwrap();
    assert_eq!((report.value, report.ledger.notes.len()), (row(2, "b"), 0));
}

fn calls(arguments: &[&str]) -> ScriptedReply {
    reply::tools(arguments.iter().map(|&text| text.to_owned()))
}

const ONE: &str = "{\"value\":[{\"n\":1,\"s\":\"a\"}]}";
const TWO: &str = "{\"value\":[{\"n\":2,\"s\":\"b\"},{\"n\":3,\"s\":\"c\"}]}";

#[tokio::test]
async fn the_lists_of_several_calls_are_joined() {
    let bare = ["{\"n\":1,\"s\":\"a\"}", "{\"n\":2,\"s\":\"b\"}", "{\"n\":3,\"s\":\"c\"}"];
    for arguments in [&[ONE, TWO][..], &bare, &[ONE, "{}", TWO, ""], &[ONE, TWO, ONE]] {
        let extraction = |client: &Client| client.extract::<Vec<Row>>("x").mode(Mode::Tools);
        let report = extraction(&client([calls(arguments)])).report().await.unwrap();
        assert_eq!((report.value, report.ledger.attempts.len()), (abc(), 1), "{arguments:?}");
        assert!(report.ledger.notes[0].contains("calls were joined"), "{:?}", report.ledger.notes);
        let streamed = extraction(&client([calls(arguments)])).stream().report().await.unwrap();
        assert_eq!(
            (streamed.value, streamed.ledger.notes),
            (abc(), report.ledger.notes),
            "{arguments:?}"
        );
        let mut items = extraction(&client([calls(arguments)])).items();
        let mut shown = Vec::new();
        while let Some(item) = items.next().await {
            shown.push(item.unwrap());
        }
        assert_eq!((shown, items.finish().await.unwrap()), (abc(), abc()), "{arguments:?}");
    }
    let report: Report<Vec<Row>> =
        client([calls(&[ONE, ONE])]).extract("x").mode(Mode::Tools).report().await.unwrap();
    assert_eq!(report.value, [row(1, "a")]);
    assert!(report.ledger.notes[0].contains("only repeat another"), "{:?}", report.ledger.notes);
}

#[tokio::test]
async fn an_invalid_call_makes_the_list_invalid() {
    let bad = "{\"value\":[{\"n\":2,\"s\":\"b\"},{\"n\":900,\"s\":\"c\"}]}";
    let model = Scripted::new([calls(&[ONE, bad]), calls(&[ONE, TWO])]);
    let report: Report<Vec<Row>> =
        Client::with_model(model.clone()).extract("x").mode(Mode::Tools).report().await.unwrap();
    assert_eq!(report.value, abc());
    assert_eq!(report.ledger.attempts[0].problems[0].pointer, "/2/n");
    let told = model.seen()[1].body["messages"].to_string();
    assert_eq!(told.matches("\"role\":\"tool\"").count(), 2, "{told}");
    // An unreadable call may contain rows.
    let error = client([calls(&[ONE, "{\"value\":[{\"n\":2,"])])
        .extract::<Vec<Row>>("x")
        .mode(Mode::Tools)
        .validation_retries(0)
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { .. }), "{error}");
}

#[tokio::test]
async fn several_calls_of_a_single_value_are_noted() {
    let both = || calls(&["{\"n\":1,\"s\":\"a\"}", "{\"n\":2,\"s\":\"b\"}"]);
    let report = client([both()]).extract::<Row>("x").mode(Mode::Tools).report().await.unwrap();
    assert_eq!(report.value, row(1, "a"));
    assert_eq!(report.ledger.notes, ["attempt 1: of 2 calls the first that passed was taken"]);
    let streamed = client([both()]).extract::<Row>("x").mode(Mode::Tools).stream();
    assert_eq!(streamed.report().await.unwrap().ledger.notes, report.ledger.notes);
    // A list of a fixed length is one value.
    let pairs = || calls(&["{\"value\":[1,2]}", "{\"value\":[3,4]}"]);
    let report = client([pairs()]).extract::<[u8; 2]>("x").mode(Mode::Tools).report().await;
    let report = report.unwrap();
    assert_eq!(report.value, [1, 2]);
    assert!(report.ledger.notes[0].contains("of 2 calls"), "{:?}", report.ledger.notes);
}

#[tokio::test]
async fn a_scripted_call_selects_the_variant_in_its_arguments() {
    let left = json!({"Left": {"who": "Ada", "at": 7}});
    let event: Event = client([reply::tool(left)]).extract("x").await.unwrap();
    assert_eq!(event, Event::Left { who: "Ada".into(), at: 7 });
    let error = client([reply::tool(json!({"who": "Ada"}))])
        .extract::<Event>("x")
        .validation_retries(0)
        .await
        .unwrap_err();
    let ledger = error.ledger();
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    let words = error.to_string();
    assert!(words.contains("`Came`, `Left`") && words.contains("reply::call"), "{words}");
    assert_eq!(ledger.attempts[0].outcome, Outcome::Failed);
    // With a single tool, the arguments are for that tool, whatever they contain.
    let whole = client([reply::tool(json!({"value": {"Came": {"who": "Ada"}}}))]);
    let event: Event = whole.extract("x").layout(Layout::Whole).await.unwrap();
    assert_eq!(event, Event::Came { who: "Ada".into() });
}
