//! The checks of streamed elements before they are given: by the list's constraints, and by the
//! element type.

use std::collections::BTreeMap;

use extract_llm::dialect::Dialect;
use extract_llm::extraction::{BadItems, ExtractionStream, InputError, Items};
use extract_llm::model::Profile;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Extraction, Mode, Report};
use serde_json::{Value, json};

fn client(values: impl IntoIterator<Item = Value>) -> (Client, Scripted) {
    let model = Scripted::new(values.into_iter().map(reply::tool)).pieces_of(2);
    (Client::with_model(model.clone()), model)
}

/// Returns the elements that were given, and the final result.
async fn all<T: Extract, E: Extract>(
    mut stream: ExtractionStream<T, Items<E>>,
) -> (Vec<E>, Result<Report<T>, Error>) {
    let mut given = Vec::new();
    while let Some(next) = stream.next().await {
        match next {
            Ok(item) => given.push(item),
            Err(error) => return (given, Err(error)),
        }
    }
    (given, stream.report().await)
}

#[derive(Debug, PartialEq, Extract)]
struct Row {
    n: u8,
    s: String,
}

#[derive(Debug, PartialEq, Extract)]
struct Table {
    name: String,
    rows: Vec<Row>,
}

fn table(texts: &[&str]) -> Value {
    let rows = texts.iter().enumerate().map(|(n, s)| json!({"n": n, "s": s}));
    json!({"name": "a table", "rows": rows.collect::<Vec<Value>>()})
}

#[tokio::test]
async fn constraints_of_the_field_apply_to_each_element() {
    #[derive(Debug, Extract)]
    struct Marks {
        #[extract(inner(range(max = 10)))]
        marks: Vec<u8>,
    }

    let start = |policy| {
        let replies = [json!({"marks": [1, 99, 3]}), json!({"marks": [1, 9, 3]})];
        let (client, model) = client(replies);
        (client.extract::<Marks>("…").bad_items(policy).items_of(|marks| &marks.marks), model)
    };
    let (given, done) = all(start(BadItems::AskAgain).0).await;
    assert_eq!((given, done.unwrap().value.marks), (vec![1, 3, 9], vec![1, 9, 3]));

    let (given, done) = all(start(BadItems::LeaveOut).0).await;
    let done = done.unwrap();
    assert_eq!((given, &done.value.marks), (vec![1, 3], &vec![1, 3]));
    assert_eq!((done.ledger.left_out[0].index, done.ledger.withdrawn.len()), (1, 0));

    let (stream, model) = start(BadItems::Stop);
    let (given, stopped) = all(stream).await;
    let error = stopped.unwrap_err();
    assert_eq!(given, [1], "no element after the invalid one");
    assert_eq!(error.problems().unwrap().to_string(), "/marks/1: expected at most 10, found 99");
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn constraints_of_a_run_time_schema_apply_to_each_element() {
    let schema = json!({
        "type": "object",
        "properties": {
            "people": {"type": "array", "items": {"$ref": "#/$defs/person"}},
            "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        },
        "required": ["people"],
        "$defs": {"person": {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
        }},
    });
    let of = |last: Value| json!({"people": [{"n": 1}, last], "pair": [1, "two"]});
    let (first, _) = client([of(json!({"n": "two"})), of(json!({"n": 2}))]);
    let stream = first.extract_value(&schema, "…").items_at::<Value>("/people");
    let (given, done) = all(stream).await;
    assert_eq!(given, [json!({"n": 1}), json!({"n": 2})]);
    assert_eq!(done.unwrap().ledger.withdrawn, []);

    let (client, _) = client([of(json!({"n": 2}))]);
    let stream = client.extract_value(&schema, "…").items_at::<Value>("/pair");
    assert_eq!(all(stream).await.0, [json!(1), json!("two")], "each by its own schema");
}

#[tokio::test]
async fn a_contract_of_the_call_applies_to_each_element() {
    let few = json!({"type": "array", "items": {"type": "integer", "maximum": 5}});
    let (client, _) = client([json!({"value": [1, 9]}), json!({"value": [1, 2]})]);
    let (given, done) = all(client.extract::<Vec<u8>>("…").contract(few).items()).await;
    assert_eq!((given, done.unwrap().value), (vec![1, 2], vec![1, 2]));
}

#[derive(Debug, PartialEq, Extract)]
#[extract(validate = is_quiet)]
struct Strict {
    n: u8,
    #[extract(length(max = 2))]
    s: String,
}

fn is_quiet(row: &Strict) -> Result<(), &'static str> {
    if row.s.contains('!') { Err("a quiet one") } else { Ok(()) }
}

fn strict(n: u8, s: &str) -> Strict {
    Strict { n, s: s.to_owned() }
}

#[tokio::test]
async fn constraints_of_the_element_type_apply_to_each_element() {
    let start = |replies: [&[&str]; 2], policy| {
        let (client, model) = client(replies.map(table));
        let extraction: Extraction<Table> = client.extract("…");
        (extraction.bad_items(policy).items_at::<Strict>("/rows"), model)
    };
    for bad in ["long", "!"] {
        let replies: [&[&str]; 2] = [&["a", bad, "c"], &["a", "b", "c"]];
        let (stream, model) = start(replies, BadItems::AskAgain);
        let (given, done) = all(stream).await;
        assert_eq!(given, [strict(0, "a"), strict(2, "c"), strict(1, "b")]);
        let done = done.unwrap();
        assert_eq!(done.value.rows[1].s, "b");
        let problem = &done.ledger.attempts[0].problems;
        assert_eq!(problem.len(), 1, "{problem:?}");
        assert!(problem[0].pointer.starts_with("/rows/1"), "{problem:?}");
        assert_eq!(model.seen().len(), 2);

        let (given, done) = all(start(replies, BadItems::LeaveOut).0).await;
        assert_eq!(given, [strict(0, "a"), strict(2, "c")]);
        let done = done.unwrap();
        assert_eq!((done.value.rows.len(), done.ledger.left_out[0].index), (2, 1));

        let (given, stopped) = all(start(replies, BadItems::Stop).0).await;
        assert_eq!(given, [strict(0, "a")]);
        assert!(stopped.unwrap_err().problems().unwrap().to_string().contains("/rows/1"));
    }
    // Without reading the stream, the elements are checked all the same.
    let (stream, _) = start([&["long"], &["a"]], BadItems::AskAgain);
    assert_eq!(stream.finish().await.unwrap().rows[0].s, "a");
}

#[tokio::test]
async fn a_problem_of_both_types_is_reported_once() {
    #[derive(Debug, Extract)]
    struct Quiet {
        rows: Vec<Strict>,
    }

    let (client, _) = client([json!({"rows": [{"n": 1, "s": "loud!"}]})]);
    let error =
        client.extract::<Quiet>("…").validation_retries(0).items_at::<Strict>("/rows").finish();
    let error = error.await.unwrap_err();
    assert_eq!(error.problems().unwrap().len(), 2, "the length and the rule: {error}");
}

#[tokio::test]
async fn an_incompatible_element_type_is_an_error_before_anything_is_sent() {
    let (client, model) = client([]);
    let mut numbers = client.extract::<Table>("…").items_at::<u8>("/rows");
    let error = numbers.next().await.unwrap().unwrap_err();
    let ErrorKind::Input(InputError::OtherElements { pointer, .. }) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(pointer, "/rows");
    let words = "no element of the list at \"/rows\" can be read as `uint8`: it is an object, and has \
                 to be an integer";
    assert_eq!(error.to_string(), words);
    assert!(numbers.next().await.is_none());
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn elements_that_do_not_fit_the_element_type_are_an_error() {
    #[derive(Debug, Extract)]
    struct Other {
        other: u8,
    }

    let (client, _) = client([table(&["a"])]);
    let stream = client.extract::<Table>("…").validation_retries(0).items_at::<Other>("/rows");
    let (given, failed) = all(stream).await;
    let error = failed.unwrap_err();
    assert!(given.is_empty());
    let problems = error.problems().unwrap().to_string();
    assert!(problems.contains("/rows/0/other: missing required field"), "{error}");
}

#[tokio::test]
async fn a_policy_for_elements_needs_a_list() {
    let (client, model) = client([]);
    for policy in [BadItems::LeaveOut, BadItems::Stop] {
        let error =
            client.extract::<Table>("…").validation_retries(3).bad_items(policy).await.unwrap_err();
        let ErrorKind::Input(InputError::NoList { pointer: Some(at) }) = error.kind() else {
            panic!("{error}")
        };
        assert!(at.is_empty());
        assert_eq!(
            error.to_string(),
            "the value is no list; one inside of it is named by `items_of` (type Table)"
        );
        let stream = client.extract::<Table>("…").bad_items(policy).stream();
        let error = stream.finish().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Input(InputError::NoList { .. })));
        let nowhere = client.extract::<Table>("…").bad_items(policy);
        let mut rows = nowhere.items_of(|table| &Box::leak(Box::new(table.clone())).rows);
        let error = rows.next().await.unwrap().unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Input(InputError::NoList { pointer: None })),
            "{error}"
        );
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn lowered_and_recursive_elements_are_given() {
    #[derive(Debug, PartialEq, Extract)]
    struct Tree {
        name: String,
        sizes: BTreeMap<String, u8>,
        at: Option<(u8, String)>,
        #[serde(default)]
        branches: Vec<Self>,
    }

    let tree = |name: &str, pairs: bool, branches: Value| {
        let (sizes, at) = if pairs {
            (json!([{"key": "height", "value": 3}]), json!({"0": 1, "1": "x"}))
        } else {
            (json!({"height": 3}), json!([1, "x"]))
        };
        json!({"name": name, "sizes": sizes, "at": at, "branches": branches})
    };
    let dialects = [&Dialect::JSON_SCHEMA, &Dialect::OPENAI_STRICT];
    for (dialect, pairs) in dialects.into_iter().zip([false, true]) {
        let inner = json!([tree("left", pairs, json!([])), tree("right", pairs, json!([]))]);
        let text = tree("root", pairs, inner).to_string();
        let cut = &text[..text.find("right").unwrap()];
        let mut profile = Profile::new("openai", "strict").modes([Mode::JsonSchema]);
        profile.dialect = dialect;
        let model = Scripted::new([reply::truncated(cut)]).with_profile(profile).pieces_of(4);
        let extraction = Client::with_model(model).extract::<Tree>("…").validation_retries(0);
        let (given, failed) = all(extraction.items_of(|tree| &tree.branches)).await;
        let error = failed.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{error}");
        assert_eq!(given.len(), 1, "{}", dialect.name());
        assert_eq!((&given[0].sizes["height"], given[0].name.as_str()), (&3, "left"));
        assert_eq!(given[0].at, Some((1, "x".to_owned())));
    }
}

#[tokio::test]
async fn a_value_of_a_run_time_schema_is_shown_when_complete() {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let (client, _) = client([json!({"name": "a long name"})]);
    let mut stream = client.extract_value(&schema, "…").stream();
    let mut shown = Vec::new();
    while let Some(partial) = stream.next().await {
        shown.push(partial.unwrap().json());
    }
    assert_eq!(shown, [json!({"name": "a long name"})]);
}
