//! Long lists: a list that a model ends too early, or that the limit of tokens cuts off, is continued behind its
//! last element.

use std::sync::{Arc, Mutex};

use extract_core::cache::Cache;
use extract_core::contract::UserTool;
use extract_core::contract::dialect::Dialect;
use extract_core::conversation::{
    Message, Mode, Output, Request, Role, ToolChoice, approximate_tokens,
};
use extract_core::extraction::{
    BadItems, CountedBy, ErrorKind, Expected, FallbackOn, InputError, Limit, Outcome, Step,
};
use extract_core::model::{Profile, Scripted};
use extract_core::{Client, Error, Extraction};
use extract_llm::Extract;
use extract_llm::scripted::{ScriptedReply, reply};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

const MODES: [Mode; 4] = [Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text];

#[derive(Debug, Clone, PartialEq, Extract)]
struct Table {
    title: String,
    rows: Vec<Row>,
    /// A remark below the table.
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Extract)]
struct Row {
    id: u32,
    name: String,
    #[extract(range(max = 900))]
    amount: u32,
}

fn row(id: usize) -> Value {
    json!({"id": id, "name": format!("Item number {id}"), "amount": id % 900})
}

/// A text with a line for each row.
fn source(rows: usize) -> String {
    let lines: Vec<String> =
        (1..=rows).map(|id| format!("{id}; Item number {id}; {}", id % 900)).collect();
    lines.join("\n")
}

/// A model that writes at most so many rows in a reply, and then says that it is done.
#[derive(Clone)]
struct RowModel {
    mode: Mode,
    /// The rows of the source.
    rows: usize,
    /// The rows of a reply.
    stops_at: usize,
    /// The last rows that a continuation repeats.
    repeats: usize,
    /// The characters of a reply, after which it is cut off.
    limit: usize,
    /// The number that it states.
    states: Option<Value>,
    dialect: &'static Dialect,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl RowModel {
    fn new(mode: Mode, rows: usize, stops_at: usize) -> Self {
        Self {
            mode,
            rows,
            stops_at,
            repeats: 0,
            limit: usize::MAX,
            states: None,
            dialect: &Dialect::JSON_SCHEMA,
            seen: Arc::default(),
        }
    }

    fn client(&self) -> Client {
        let (model, mut profile) = (self.clone(), Profile::new("test", "rows"));
        profile.modes = vec![self.mode];
        (profile.dialect, profile.tool_dialect) = (self.dialect, self.dialect);
        let script = Scripted::with(move |seen| {
            model.seen.lock().unwrap().push(seen.request.clone());
            model.answer(&seen.request)
        });
        Client::with_model(script.with_profile(profile))
    }

    fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the number of rows that the request says are given, from the last one that it shows.
    fn given(request: &Request) -> usize {
        let assistant = |message: &&Message| message.role == Role::Assistant;
        let Some(last) = request.messages.iter().rev().find(assistant) else { return 0 };
        let text: String = last.parts.iter().filter_map(|part| part.as_text()).collect();
        let shown: Value = serde_json::from_str(&text).unwrap();
        let rows = shown.as_object().unwrap().values().find_map(Value::as_array).unwrap();
        usize::try_from(rows.last().unwrap()["id"].as_u64().unwrap()).unwrap()
    }

    fn answer(&self, request: &Request) -> ScriptedReply {
        let last = request.messages.last().and_then(|message| message.parts[0].as_text());
        let results = request.messages.last().is_some_and(|message| message.role == Role::Tool);
        if results || last.is_some_and(|text| text.contains("these parts alone")) {
            return self.reply(request, r#"{"corrected_note": "All in euros."}"#.to_owned());
        }
        let given = Self::given(request);
        let from = given.saturating_sub(self.repeats);
        let rows: Vec<Value> = (from + 1..=self.rows).take(self.stops_at).map(row).collect();
        let is_root = schema_of(request)["properties"].get("value").is_some();
        let wants_list = given > 0 || is_root;
        let (name, count) = if is_root { ("value", "value_count") } else { ("rows", "rows_count") };
        let mut answer = serde_json::Map::new();
        if given == 0 {
            if let Some(number) = &self.states {
                answer.insert(count.to_owned(), number.clone());
            }
        }
        if !wants_list {
            answer.insert("title".to_owned(), "Stock".into());
        }
        answer.insert(name.to_owned(), rows.into());
        if !wants_list {
            answer.insert("note".to_owned(), "All in euros.".into());
        }
        self.reply(request, Value::from(answer).to_string())
    }

    fn reply(&self, request: &Request, mut text: String) -> ScriptedReply {
        let is_cut = text.len() > self.limit;
        text.truncate(self.limit);
        let output_tokens = approximate_tokens(&text);
        let answer = match &request.output {
            Output::Tools(_) => reply::tool_text(text),
            _ => reply::text(text),
        };
        let answer = answer.usage(input_tokens(request), output_tokens);
        if is_cut { answer.truncated() } else { answer }
    }
}

/// Returns the schema that is sent; in modes without one, the text of the prompt as an object.
fn schema_of(request: &Request) -> Value {
    match &request.output {
        Output::Tools(tools) => {
            let at = if let ToolChoice::Only(at) = tools.choice { at } else { 0 };
            tools.tools[at].schema.clone()
        }
        Output::JsonSchema(tool) => tool.schema.clone(),
        _ => {
            let prompt = request.messages[0].parts[0].as_text().unwrap();
            let key = if prompt.contains("value:") { "value" } else { "rows" };
            json!({"properties": {key: true}})
        }
    }
}

fn input_tokens(request: &Request) -> u64 {
    let texts = request.messages.iter().flat_map(|message| &message.parts);
    let texts: u64 = texts.filter_map(|part| part.as_text()).map(approximate_tokens).sum();
    let tools: u64 = match &request.output {
        Output::Tools(tools) => {
            tools.tools.iter().map(|tool| approximate_tokens(&tool.schema.to_string())).sum()
        }
        Output::JsonSchema(tool) => approximate_tokens(&tool.schema.to_string()),
        _ => 0,
    };
    texts + tools
}

fn ids(rows: &[Row]) -> Vec<usize> {
    rows.iter().map(|row| row.id as usize).collect()
}

fn all(rows: usize) -> Vec<usize> {
    (1..=rows).collect()
}

/// The ways in which a list turns out to be incomplete.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Stated,
    Counted,
    Number,
    Cut,
}

const WAYS: [Way; 4] = [Way::Stated, Way::Counted, Way::Number, Way::Cut];

fn model_for(way: Way, mode: Mode, rows: usize, stops_at: usize) -> RowModel {
    let mut model = RowModel::new(mode, rows, stops_at);
    match way {
        Way::Stated => model.states = Some(rows.into()),
        Way::Cut => (model.stops_at, model.limit) = (usize::MAX, stops_at * 48),
        Way::Counted | Way::Number => {}
    }
    model
}

fn expecting<T: extract_core::Extract>(
    call: Extraction<T>,
    list: &str,
    way: Way,
    rows: usize,
) -> Extraction<T> {
    let lines = |source: &extract_core::grounding::Source| Some(source.text().lines().count());
    match way {
        Way::Stated => call.expect_items_at(list, Expected::stated()),
        Way::Counted => call.expect_items_at(list, Expected::counted(lines)),
        Way::Number => call.expect_items_at(list, rows),
        Way::Cut => call.continue_lists(true),
    }
}

#[tokio::test]
async fn a_list_is_completed_in_every_mode_whatever_shows_that_it_is_not() {
    for mode in MODES {
        for way in WAYS {
            let model = model_for(way, mode, 50, 12);
            let client = model.client();
            let text = source(50);
            let call = || expecting(client.extract::<Vec<Row>>(text.as_str()), "", way, 50);
            let table = || expecting(client.extract::<Table>(text.as_str()), "/rows", way, 50);
            let at = format!("{mode} {way:?}");

            let done = call().report().await.unwrap_or_else(|error| panic!("{at}: {error:?}"));
            assert_eq!(ids(&done.value), all(50), "{at}");
            let [list] = done.ledger.lists.as_slice() else { panic!("{at}: {:?}", done.ledger) };
            assert_eq!((list.given, list.doubles, list.pointer.as_str()), (50, 0, ""), "{at}");
            assert_eq!(list.continued as usize, done.ledger.attempts.len() - 1, "{at}");
            let (last, others) = done.ledger.attempts.split_last().unwrap();
            assert_eq!(last.outcome, Outcome::Accepted, "{at}");
            assert!(others.iter().all(|attempt| attempt.outcome == Outcome::Continued), "{at}");
            let expected = match way {
                Way::Stated => (Some(50), Some(CountedBy::Model)),
                Way::Counted => (Some(50), Some(CountedBy::Source)),
                Way::Number => (Some(50), Some(CountedBy::Call)),
                Way::Cut => (None, None),
            };
            assert_eq!((list.expected, list.counted_by), expected, "{at}");
            // The whole list is one answer in the conversation.
            let answer = done.conversation.messages().last().unwrap();
            let answer: Value = serde_json::from_str(answer.parts[0].as_text().unwrap()).unwrap();
            assert_eq!(answer["value"].as_array().unwrap().len(), 50, "{at}");

            let mut items = call().items();
            let mut streamed = Vec::new();
            while let Some(item) = items.next().await {
                streamed.push(item.unwrap());
            }
            assert_eq!(ids(&streamed), all(50), "{at}");
            assert!(items.withdrawn().is_empty(), "{at}");
            assert_eq!(ids(&items.finish().await.unwrap()), all(50), "{at}");

            let mut stream = call().stream();
            let mut lengths = vec![0];
            while let Some(partial) = stream.next().await {
                let shown = partial.unwrap().json();
                lengths.push(shown.as_array().map_or(0, Vec::len));
            }
            // An element that was cut off is taken back, and no other.
            let falls = lengths.windows(2).filter(|pair| pair[1] < pair[0]).count();
            let cuts = if way == Way::Cut { list.continued as usize } else { 0 };
            assert!(falls <= cuts, "{at}: {lengths:?}");
            assert_eq!(ids(&stream.finish().await.unwrap()), all(50), "{at}");

            let done = table().report().await.unwrap_or_else(|error| panic!("{at}: {error:?}"));
            assert_eq!(ids(&done.value.rows), all(50), "{at}");
            assert_eq!(done.value.title, "Stock", "{at}");
            assert_eq!(done.ledger.lists[0].pointer, "/rows", "{at}");
            assert_eq!(done.value.note.as_deref(), Some("All in euros."), "{at}");
            let mut items = table().items_of(|table| &table.rows);
            let streamed: Vec<Row> = items.by_ref().map(|item| item.unwrap()).collect().await;
            assert_eq!(ids(&streamed), all(50), "{at}");
        }
    }
}

#[tokio::test]
async fn a_list_is_completed_in_every_dialect() {
    for &dialect in Dialect::ALL {
        for (mode, way) in [Mode::Tools, Mode::JsonSchema]
            .into_iter()
            .flat_map(|mode| [Way::Stated, Way::Cut].map(|way| (mode, way)))
        {
            let model = RowModel { dialect, ..model_for(way, mode, 50, 12) };
            let text = source(50);
            let at = format!("{} {mode} {way:?}", dialect.name());
            let call = expecting(model.client().extract::<Vec<Row>>(text.as_str()), "", way, 50);
            let rows = call.await.unwrap_or_else(|error| panic!("{at}: {error:?}"));
            assert_eq!(ids(&rows), all(50), "{at}");
            let call = expecting(model.client().extract::<Table>(text.as_str()), "/rows", way, 50);
            let table = call.await.unwrap_or_else(|error| panic!("{at}: {error:?}"));
            assert_eq!(ids(&table.rows), all(50), "{at}");
            assert_eq!(table.note.as_deref(), Some("All in euros."), "{at}");
        }
    }
}

#[tokio::test]
async fn elements_of_a_continuation_are_shown_one_by_one() {
    let script = || [values(&[1, 2, 3]), values(&[4, 5, 6]), values(&[6, 7, 8])];
    let (client, _) = scripted(script());
    let mut items = numbers(&client).expect_items(8).items();
    let mut shown = Vec::new();
    while let Some(item) = items.next().await {
        let item = item.unwrap();
        shown.push((items.attempt(), item));
    }
    assert_eq!(shown, [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6), (3, 7), (3, 8)]);

    let table = |rows: std::ops::RangeInclusive<usize>| rows.map(row).collect::<Vec<_>>();
    let (client, _) = scripted([
        reply::tool(json!({"title": "Stock", "rows": table(1..=3), "note": "Euros"})),
        reply::tool(json!({"rows": table(4..=6)})),
    ]);
    let mut stream = client.extract::<Table>("Rows.").expect_items_at("/rows", 6).stream();
    let mut lengths = Vec::new();
    while let Some(partial) = stream.next().await {
        let partial = partial.unwrap().json();
        if partial["note"] == "Euros" {
            lengths.push(partial["rows"].as_array().unwrap().len());
        }
    }
    lengths.dedup();
    assert_eq!(lengths, [3, 4, 5, 6]);
    assert_eq!(ids(&stream.finish().await.unwrap().rows), all(6));
}

/// Measured for `docs/long-lists.md`: a list of 1,200 rows from a model that writes 240 and says that it is done.
#[tokio::test]
async fn twelve_hundred_rows_take_five_requests() {
    let model = RowModel { states: Some(1_200.into()), ..RowModel::new(Mode::Tools, 1_200, 240) };
    let text = source(1_200);
    let call = model.client().extract::<Table>(text.as_str());
    let done =
        call.expect_items_of(|table| &table.rows, Expected::stated()).report().await.unwrap();
    assert_eq!(ids(&done.value.rows), all(1_200));
    let list = &done.ledger.lists[0];
    assert_eq!((list.expected, list.given, list.continued), (Some(1_200), 1_200, 4));

    let requests = model.requests();
    assert_eq!(requests.len(), 5);
    let used = done.ledger.usage();
    let first = done.ledger.attempts[0].usage.unwrap();
    // Each request has the source, and the last rows only.
    let continued: Vec<u64> =
        requests[1..].iter().map(|request| input_tokens(request) - first.input_tokens).collect();
    assert!(continued.iter().all(|more| *more < 300), "{continued:?}");
    // The beginning of all continuations is that of the first request.
    for request in &requests[1..] {
        assert_eq!(request.messages[..request.messages.len() - 2], requests[0].messages[..]);
    }
    let sent = |from: usize, to: usize| {
        approximate_tokens(&json!((from..=to).map(row).collect::<Vec<_>>()).to_string())
    };
    // The other rows that are given, if they were sent as well.
    let again: u64 = (1..5).map(|n| sent(1, 240 * n) - sent(240 * n - 2, 240 * n)).sum();
    assert_eq!((first.input_tokens, first.output_tokens), (11_836, 3_625));
    assert_eq!((used.input_tokens, used.output_tokens), (60_068, 18_500));
    assert_eq!(used.input_tokens + again, 95_936);
}

fn scripted(replies: impl IntoIterator<Item = ScriptedReply>) -> (Client, Scripted) {
    let model = Scripted::new(replies);
    (Client::with_model(model.clone()), model)
}

fn values(items: &[u32]) -> ScriptedReply {
    reply::tool(json!({ "value": items }))
}

fn numbers(client: &Client) -> Extraction<Vec<u32>> {
    client.extract::<Vec<u32>>("The numbers.")
}

#[tokio::test]
async fn elements_that_are_repeated_at_the_seam_are_dropped_and_counted() {
    let mut model = model_for(Way::Number, Mode::Tools, 50, 12);
    model.repeats = 3;
    let text = source(50);
    let call = || model.client().extract::<Vec<Row>>(text.as_str()).expect_items(50);
    let done = call().report().await.unwrap();
    assert_eq!(ids(&done.value), all(50));
    assert_eq!(done.ledger.lists[0].doubles, 3 * done.ledger.lists[0].continued as usize);
    let streamed: Vec<Row> = call().items().map(|item| item.unwrap()).collect().await;
    assert_eq!(ids(&streamed), all(50));

    // The list from its beginning: nothing new twice in a row, or more than before.
    let (client, _) = scripted([values(&[1, 2, 3]), values(&[1, 2, 3, 4, 5])]);
    assert_eq!(numbers(&client).expect_items(5).await.unwrap(), [1, 2, 3, 4, 5]);
    let (client, model) =
        scripted([values(&[1, 2, 3]), values(&[1, 2]), values(&[4]), values(&[5])]);
    assert_eq!(numbers(&client).expect_items(5).await.unwrap(), [1, 2, 3, 4, 5]);
    assert_eq!(model.left(), 0);
}

#[tokio::test]
async fn equal_elements_of_the_source_are_kept() {
    // The expected number tells.
    let (client, _) = scripted([values(&[7, 8, 8]), values(&[8, 9])]);
    let done = numbers(&client).expect_items(5).report().await.unwrap();
    assert_eq!((done.value, done.ledger.lists[0].doubles), (vec![7, 8, 8, 8, 9], 0));
    // Without a number, the model is asked once more, and told where the list ends.
    let cut = || reply::truncated(r#"{"value": [7, 7, 8, 8, 9"#);
    let (client, model) = scripted([cut(), values(&[8, 9]), values(&[8, 9])]);
    let done = numbers(&client).continue_lists(true).report().await.unwrap();
    assert_eq!((done.value, done.ledger.lists[0].doubles), (vec![7, 7, 8, 8, 8, 9], 0));
    let body = model.seen().pop().unwrap().body["messages"].to_string();
    assert!(body.contains("Give such an element only if it comes once more"), "{body}");
    // A reply that only repeats elements is not the end of a list that was cut off.
    let list = || reply::truncated(r#"{"value": [1, 2, 3, "#);
    let (client, _) = scripted([list(), values(&[1, 2]), values(&[4])]);
    assert_eq!(numbers(&client).continue_lists(true).await.unwrap(), [1, 2, 3, 4]);
    let (client, _) = scripted([list(), values(&[1, 2]), values(&[1, 3, 2])]);
    let error = numbers(&client).continue_lists(true).await.unwrap_err();
    let (problem, limit) = invalid(&error);
    assert!(
        problem.ends_with("found its first 3 elements, at which the reply was cut off"),
        "{problem}"
    );
    assert_eq!(limit, &Limit::NoMoreItems);
    let (client, _) = scripted([cut(), values(&[8, 9]), values(&[9])]);
    assert_eq!(numbers(&client).continue_lists(true).await.unwrap(), [7, 7, 8, 8, 9]);
}

fn invalid(error: &Error) -> (String, &Limit) {
    match error.kind() {
        ErrorKind::Invalid { problems, limit } => (problems.to_string(), limit),
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_list_that_stays_incomplete_is_an_error_with_its_elements() {
    let replies = || [values(&[1, 2]), values(&[3]), values(&[]), values(&[3])];
    let (client, model) = scripted(replies());
    let error = numbers(&client).expect_items(5).await.unwrap_err();
    let problem = "(the whole value): expected 5 elements, found 3";
    assert_eq!(invalid(&error), (problem.to_owned(), &Limit::NoMoreItems));
    assert_eq!(error.best().unwrap().value, json!([1, 2, 3]));
    assert_eq!(model.left(), 0);
    let list = &error.ledger().lists[0];
    assert_eq!((list.expected, list.given, list.continued, list.doubles), (Some(5), 3, 3, 1));

    let (client, _) = scripted(replies());
    let done = numbers(&client).expect_items(5).accept_shortfall(true).report().await.unwrap();
    assert_eq!(done.value, [1, 2, 3]);
    let note = "an incomplete list is accepted: (the whole value): expected 5 elements, found 3";
    assert!(done.ledger.notes.iter().any(|noted| noted.ends_with(note)), "{:?}", done.ledger.notes);

    let (client, _) = scripted((1..9).map(|n| values(&[n])));
    let error = numbers(&client).expect_items(5).list_continuations(2).await.unwrap_err();
    assert_eq!(invalid(&error).1, &Limit::Continuations { most: 2 });
    assert_eq!(error.best().unwrap().value, json!([1, 2, 3]));

    // Without elements, there is nothing to continue.
    let (client, _) = scripted([values(&[]), values(&[1, 2])]);
    let done = numbers(&client).expect_items(2).report().await.unwrap();
    assert_eq!((done.value, done.ledger.lists[0].continued), (vec![1, 2], 0));
    let (client, _) = scripted([values(&[1]), values(&[1, 2])]);
    let call = numbers(&client).expect_items(2).continue_lists(false);
    assert_eq!(call.await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_failure_between_two_replies_keeps_the_elements() {
    let failures = [reply::status(401), reply::refusal("No."), reply::truncated(r#"{"value": ["#)];
    for failure in failures {
        let (client, _) = scripted([values(&[1, 2]), failure]);
        let error = numbers(&client).expect_items(5).await.unwrap_err();
        assert!(!matches!(error.kind(), ErrorKind::Invalid { .. }), "{error:?}");
        let best = error.best().unwrap();
        assert_eq!(best.value, json!([1, 2]), "{error:?}");
        assert_eq!(best.problems.to_string(), "(the whole value): expected 5 elements, found 2");
    }
    let used = |items: &[u32]| values(items).usage(400, 50);
    let (client, _) = scripted([used(&[1, 2]), used(&[3]), used(&[4])]);
    let call = numbers(&client).expect_items(5).max_tokens(100).token_budget(1_000);
    let error = call.await.unwrap_err();
    assert!(matches!(invalid(&error).1, Limit::Budget(_)), "{error:?}");
    assert_eq!(error.best().unwrap().value, json!([1, 2, 3]));
    // A reply that cannot be read is a re-ask, and the list goes on from its last element.
    let (client, model) = scripted([values(&[1, 2]), reply::text("Well."), values(&[3])]);
    assert_eq!(numbers(&client).expect_items(3).await.unwrap(), [1, 2, 3]);
    let body = model.seen().pop().unwrap().body["messages"].to_string();
    assert!(body.contains("has 2 of its 3 elements so far"), "{body}");
}

#[tokio::test]
async fn bad_elements_are_asked_for_again_at_their_index() {
    let rows = |ids: &[u32]| -> Vec<Value> {
        ids.iter().map(|&id| json!({"id": id, "name": "Tea", "amount": id})).collect()
    };
    let script = || {
        let rest = reply::tool(json!({"value": rows(&[4, 950, 6])}));
        [reply::tool(json!({"value": rows(&[1, 2, 3])})), rest]
    };
    let corrected = reply::tool(json!({"value_4": rows(&[5])[0]}));
    let (client, _) = scripted(script().into_iter().chain([corrected.clone()]));
    let done = client.extract::<Vec<Row>>("Rows.").expect_items(6).report().await.unwrap();
    assert_eq!(ids(&done.value), all(6));
    assert_eq!(done.ledger.attempts[2].parts, ["/4"]);
    let outcomes: Vec<Outcome> = done.ledger.attempts.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Continued, Outcome::Rejected, Outcome::Accepted]);

    let (client, _) = scripted(script().into_iter().chain([corrected]));
    let mut items = client.extract::<Vec<Row>>("Rows.").expect_items(6).items();
    let mut streamed = Vec::new();
    while let Some(item) = items.next().await {
        streamed.push(item.unwrap().id);
    }
    assert_eq!(streamed, [1, 2, 3, 4, 6, 5]);

    let (client, _) = scripted(script());
    let call = client.extract::<Vec<Row>>("Rows.").expect_items(6).bad_items(BadItems::LeaveOut);
    let done = call.report().await.unwrap();
    assert_eq!(ids(&done.value), [1, 2, 3, 4, 6]);
    assert_eq!(done.ledger.left_out[0].index, 4);
    assert_eq!(done.ledger.lists[0].given, 6);

    let (client, _) = scripted(script());
    let call = client.extract::<Vec<Row>>("Rows.").expect_items(7).bad_items(BadItems::Stop);
    let given: Vec<Result<Row, Error>> = call.items().collect().await;
    assert_eq!(given.len(), 5);
    assert_eq!(invalid(given.last().unwrap().as_ref().unwrap_err()).1, &Limit::BadItem);
}

#[tokio::test]
async fn members_behind_a_cut_are_asked_for() {
    let table =
        r#"{"title": "Stock", "rows": [{"id": 1, "name": "Tea", "amount": 2}], "note": "All i"#;
    let (client, _) =
        scripted([reply::truncated(table), reply::tool(json!({"corrected_note": "All in."}))]);
    let done = client.extract::<Table>("A table.").continue_lists(true).report().await.unwrap();
    assert_eq!(done.value.note.as_deref(), Some("All in."));
    assert_eq!(done.ledger.attempts[1].parts, ["/note"]);
    // Nothing is complete.
    for text in [r#"{"title": "Sto"#, "Well, {", "", r#"{"title": "#] {
        let (client, _) = scripted([reply::truncated(text)]);
        let error = client.extract::<Table>("A table.").continue_lists(true).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{error:?}");
        assert_eq!(error.ledger().attempts[0].outcome, Outcome::Truncated);
    }
    // A higher limit of tokens is tried if nothing can be kept.
    let (client, _) = scripted([reply::truncated(r#"{"value": ["#), values(&[1])]);
    let call = numbers(&client).continue_lists(true).max_tokens(1).retry_truncated(64);
    assert_eq!(call.await.unwrap(), [1]);
    // Without the setting, a cut list is an error as before.
    let (client, _) = scripted([reply::truncated(r#"{"value": [1, 2"#)]);
    let error = numbers(&client).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{error:?}");
}

#[tokio::test]
async fn a_number_that_is_none_is_told() {
    for (stated, note) in [
        (json!(null), "the model did not state `value_count`: no number is expected"),
        (json!("many"), "`value_count` is no number of elements and is not used: \"many\""),
        (json!(-3), "`value_count` is no number of elements and is not used: -3"),
        (json!(1), "the model stated 1 elements of the list, and 2 were given"),
    ] {
        let mut answer = json!({"value_count": stated, "value": [1, 2]});
        if stated.is_null() {
            answer.as_object_mut().unwrap().remove("value_count");
        }
        let (client, _) = scripted([reply::tool(answer)]);
        let done = numbers(&client).expect_items(Expected::stated()).report().await.unwrap();
        assert_eq!(done.value, [1, 2]);
        let notes = &done.ledger.notes;
        assert!(notes.iter().any(|noted| noted.ends_with(note)), "{notes:?}");
        assert!(done.ledger.repairs().is_empty(), "{:?}", done.ledger.repairs());
    }
    let (client, _) = scripted([values(&[1, 2, 3]), values(&[1, 2])]);
    let done = numbers(&client).expect_items(2).report().await.unwrap();
    assert_eq!(done.value, [1, 2]);
    let problem = &done.ledger.attempts[0].problems[0];
    assert_eq!(problem.to_string(), "(the whole value): expected 2 elements, found 3");
    let (client, _) = scripted([values(&[1])]);
    let done = numbers(&client).expect_items(Expected::counted(|_| None)).report().await.unwrap();
    assert_eq!(done.ledger.notes, ["no number was counted for the list"]);
    let panics = Expected::counted(|_| panic!("no lines"));
    let error = numbers(&client).expect_items(panics).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Check { .. }), "{error:?}");
    for list in ["/title", "/lines", "rows"] {
        let error = client.extract::<Table>("A table.").expect_items_at(list, 3).await.unwrap_err();
        let pointer = Some(list.to_owned());
        assert!(
            matches!(error.kind(), ErrorKind::Input(InputError::NoList { pointer: of }) if *of == pointer)
        );
    }
}

#[derive(Debug, PartialEq, Extract)]
enum Move {
    Go { to: u32 },
    Say { text: String },
}

#[tokio::test]
async fn a_list_of_an_enum_is_one_tool_if_a_number_is_expected() {
    let step = |to: u32| json!({"Go": {"to": to}});
    let model = Scripted::new([
        reply::tool(json!({"value": [step(1), {"Say": {"text": "Hi"}}]})),
        reply::tool(json!({"value": [step(3)]})),
    ]);
    let client = Client::with_model(model.clone());
    let steps: Vec<Move> = client.extract("Steps.").expect_items(3).await.unwrap();
    assert_eq!(steps[2], Move::Go { to: 3 });
    assert_eq!(model.seen()[0].body["tools"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_model_goes_on_behind_the_last_element() {
    let (first, _) = scripted([values(&[1, 2]), reply::status(401)]);
    let other = Scripted::new([reply::text(r#"{"value": [3, 4]}"#)]).mode(Mode::Text);
    let done = numbers(&first)
        .expect_items(4)
        .fallback_to(&Client::with_model(other.clone()), FallbackOn::nothing().all_errors())
        .report()
        .await
        .unwrap();
    assert_eq!(done.value, [1, 2, 3, 4]);
    let body = other.seen()[0].body["messages"].to_string();
    assert!(body.contains("has 2 of its 4 elements so far"), "{body}");
}

#[tokio::test]
async fn a_stored_reply_is_continued() {
    let cache = Cache::memory(1_000_000);
    let (client, _) = scripted([values(&[1, 2])]);
    assert_eq!(numbers(&client).cache(cache.clone()).await.unwrap(), [1, 2]);
    let (client, model) = scripted([values(&[3])]);
    let call = numbers(&client).cache(cache.clone()).expect_items(3);
    let done = call.report().await.unwrap();
    assert_eq!(done.value, [1, 2, 3]);
    assert!(done.ledger.attempts[0].cached.is_some());
    assert_eq!(model.seen().len(), 1);
    // The stored reply is still there, and a part of a list is not stored.
    let (client, _) = scripted([]);
    assert_eq!(numbers(&client).cache(cache).await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn several_lists_of_one_value_are_completed() {
    let (client, model) = scripted([
        reply::tool(json!({"start_count": 2, "start": [1], "end_count": 3, "end": [7]})),
        reply::tool(json!({"start": [2]})),
        reply::tool(json!({"end": [8]})),
        reply::tool(json!({"end": [9]})),
    ]);
    let range = client.extract::<std::ops::Range<Vec<u32>>>("from 1, 2 to 7, 8, 9");
    let range = range.expect_items_at("/start", Expected::stated());
    let range = range.expect_items_at("/end", Expected::stated()).await.unwrap();
    assert_eq!((range.start, range.end), (vec![1, 2], vec![7, 8, 9]));
    let schema = &model.seen()[0].body["tools"][0]["function"]["parameters"]["properties"];
    let names: Vec<&String> = schema.as_object().unwrap().keys().collect();
    assert_eq!(names, ["start_count", "end_count", "start", "end"]);
}

/// Returns a call that the limit of tokens cuts off.
fn cut_call(name: &str, arguments: &str) -> ScriptedReply {
    reply::call_text(name, arguments).truncated()
}

#[tokio::test]
async fn a_call_of_a_user_tool_that_is_cut_off_is_no_call() {
    let schema = json!({"type": "object", "properties": {"names": {"type": "array"}}});
    let tool = || UserTool::new("stock", schema.clone()).unwrap();
    let (client, _) = scripted([cut_call("stock", r#"{"names": ["tea", "mil"#)]);
    let step = numbers(&client).continue_lists(true).tools([tool()]).step().await;
    let error = step.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{error:?}");
    // The value's own call is continued, beside user tools too.
    let (client, model) =
        scripted([cut_call("Array_of_uint32", r#"{"value": [1, 2, "#), values(&[3])]);
    let step = numbers(&client).continue_lists(true).tools([tool()]).step().await.unwrap();
    let Step::Value(done) = step else { panic!("{step:?}") };
    assert_eq!(done.value, [1, 2, 3]);
    let tools = model.seen()[1].body["tools"].as_array().unwrap().clone();
    let names: Vec<&Value> = tools.iter().map(|tool| &tool["function"]["name"]).collect();
    assert_eq!(names, ["Array_of_uint32", "Array_of_uint32_rest", "stock"]);
}

#[tokio::test]
async fn a_list_of_mostly_bad_elements_is_rejected_at_once() {
    let bad = |id: usize| json!({"id": id, "name": "Tea", "amount": 950});
    let (client, model) = scripted([
        reply::tool(json!({"value": [bad(1), bad(2), row(3)]})),
        reply::tool(json!({"value": (1..=4).map(row).collect::<Vec<_>>()})),
    ]);
    let call = client.extract::<Vec<Row>>("Rows.").expect_items(4).bad_items(BadItems::LeaveOut);
    assert_eq!(ids(&call.await.unwrap()), all(4));
    assert_eq!(model.left(), 0);
}
