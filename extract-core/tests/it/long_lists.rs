//! Long lists: a list that a model ends too early, or that the limit of tokens cuts off, is continued behind its
//! last element.

use std::sync::{Arc, Mutex};

use extract_core::conversation::{
    Block, Message, Mode, Output, Prices, ProviderError, Reply, Request, Role, StopReason, ToolCall,
    ToolChoice, Usage, approximate_tokens,
};
use extract_core::extraction::{
    BadItems, CountedBy, ErrorKind, Expected, InputError, Limit, ListCount, Outcome,
};
use extract_core::model::{Model, Profile, Scripted, reply};
use extract_core::{Client, Error, Extraction};
use extract_llm::Extract;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
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
    (1..=rows).map(|id| format!("{id}; Item number {id}; {}\n", id % 900)).collect()
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
            seen: Arc::default(),
        }
    }

    fn client(&self) -> Client {
        Client::with_model(self.clone())
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

    fn answer(&self, request: &Request) -> Reply {
        let given = Self::given(request);
        let from = given.saturating_sub(self.repeats);
        let rows: Vec<Value> =
            (from + 1..=self.rows).take(self.stops_at).map(row).collect();
        let wants_list = given > 0 || schema_of(request).is_some_and(|schema| {
            schema["properties"].get("value").is_some()
        });
        let is_root = schema_of(request).is_some_and(|schema| schema["properties"].get("value").is_some());
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
        let mut text = Value::from(answer).to_string();
        let is_cut = text.len() > self.limit;
        text.truncate(self.limit);
        let usage = Usage {
            input_tokens: input_tokens(request),
            output_tokens: approximate_tokens(&text),
            ..Usage::default()
        };
        let (block, stop) = match &request.output {
            Output::Tools(tools) => {
                let at = if let ToolChoice::Only(at) = tools.choice { at } else { 0 };
                let call = ToolCall::new("call_1", tools.tools[at].name.clone(), text);
                (Block::ToolCall(call), StopReason::ToolCalls)
            }
            _ => (Block::Text(text), StopReason::Stop),
        };
        let mut reply = Reply::new(vec![block], if is_cut { StopReason::Length } else { stop });
        reply.usage = Some(usage);
        reply
    }
}

/// Returns the schema that is sent; in modes without one, the text of the prompt as an object.
fn schema_of(request: &Request) -> Option<Value> {
    match &request.output {
        Output::Tools(tools) => {
            let at = if let ToolChoice::Only(at) = tools.choice { at } else { 0 };
            Some(tools.tools[at].schema.clone())
        }
        Output::JsonSchema(tool) => Some(tool.schema.clone()),
        _ => {
            let prompt = request.messages[0].parts[0].as_text().unwrap();
            let key = if prompt.contains("value:") { "value" } else { "rows" };
            Some(json!({"properties": {key: true}}))
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

impl Model for RowModel {
    fn profile(&self) -> Profile {
        let mut profile = Profile::new("test", "rows");
        profile.modes = vec![self.mode];
        profile
    }

    fn respond<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, ProviderError>> {
        self.seen.lock().unwrap().push(request.clone());
        let reply = self.answer(request);
        Box::pin(async { Ok(reply) })
    }
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
            if way != Way::Cut {
                assert_eq!(done.value.note.as_deref(), Some("All in euros."), "{at}");
            }
            let mut items = table().items_of(|table| &table.rows);
            let streamed: Vec<Row> = items.by_ref().map(|item| item.unwrap()).collect().await;
            assert_eq!(ids(&streamed), all(50), "{at}");
        }
    }
}
