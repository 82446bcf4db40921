//! The cache of replies, against a server that counts requests: hits and misses, single flight, stores that
//! fail, files, streams, samples and tools.

use std::time::Duration;

use extract_core::cache::{Cache, CacheError, CacheKey, CacheStore, FileCache};
use extract_core::contract::UserTool;
use extract_core::conversation::{Message, Mode, Part, Usage, Usd};
use extract_core::extraction::{ClientBuilder, ErrorKind, Ledger, Outcome, Step};
use extract_core::{Client, Report};
use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};

use crate::support::server::{Act, Server, answer, chunked};

const TEXT: &str = "There were seven.";

fn reply(content: &str) -> Value {
    json!({"id": "chat-1", "model": "m-1", "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 5}})
}

/// Returns an answer with this number.
fn number(value: u32) -> Act {
    answer(200, "", &reply(&json!({"value": value}).to_string()).to_string())
}

fn text(content: &str) -> Act {
    answer(200, "", &reply(content).to_string())
}

fn memory() -> Cache {
    Cache::memory(1_000_000)
}

fn builder(server: &Server, cache: &Cache) -> ClientBuilder {
    let builder = Client::builder().base_url(server.url()).model("m").api_key("k-1");
    builder.mode(Mode::JsonSchema).transport_retries(0).cache(cache.clone())
}

fn client(server: &Server, cache: &Cache) -> Client {
    builder(server, cache).build().unwrap()
}

async fn ask(client: &Client) -> Report<u32> {
    client.extract::<u32>(TEXT).report().await.unwrap()
}

fn is_hit<T>(report: &Report<T>) -> bool {
    report.ledger.attempts[0].cached.is_some()
}

#[tokio::test]
async fn the_same_request_is_sent_once_and_the_ledger_says_so() {
    let server = Server::start([number(7)]).await;
    let client = builder(&server, &memory())
        .prices(extract_core::conversation::Prices::new(1.0, 2.0))
        .build()
        .unwrap();
    let first = ask(&client).await;
    assert!(!is_hit(&first));
    assert_eq!(first.ledger.cost(), Some(Usd(0.000_06)));

    let second = ask(&client).await;
    assert_eq!((second.value, server.count()), (7, 1));
    let [attempt] = second.ledger.attempts.as_slice() else { panic!("one attempt") };
    assert_eq!(attempt.outcome, Outcome::Accepted);
    assert_eq!(attempt.model.as_deref(), Some("m-1"));
    assert_eq!(attempt.reply, r#"{"value":7}"#);
    assert_eq!((attempt.usage, attempt.cost), (Some(Usage::default()), Some(Usd(0.0))));
    let hit = attempt.cached.as_ref().unwrap();
    assert_eq!((hit.usage, hit.cost), (Some(Usage::new(50, 5)), first.ledger.cost()));
    assert!(attempt.to_string().contains(", from the cache ("), "{attempt}");
    assert!(!attempt.to_string().contains("tokens in"), "{attempt}");
    assert_eq!(second.ledger.known_usage(), Some(Usage::default()));
    assert_eq!(second.conversation.messages(), first.conversation.messages());

    let json = serde_json::to_value(&second.ledger).unwrap();
    assert_eq!(json["attempts"][0]["cached"]["usage"]["input_tokens"], 50);
    assert_eq!(serde_json::from_value::<Ledger>(json).unwrap(), second.ledger);
    let fresh = serde_json::to_value(&first.ledger).unwrap();
    assert_eq!(fresh["attempts"][0].get("cached"), None);
}

#[tokio::test]
async fn whatever_can_change_the_answer_is_in_the_key() {
    let server = Server::start([number(7)]).await;
    let cache = memory();
    let base = || builder(&server, &cache);
    let others = vec![
        base(),
        base().api_key("k-2"),
        base().model("n"),
        base().base_url(format!("{}/v2", server.url())),
        base().base_url(format!("{}/?api-version=2", server.url())),
        base().header("x-tenant", "blue"),
        base().header("x-tenant", "red"),
        base().organization("o"),
        base().system("Count."),
        base().temperature(0.5),
        base().seed(1),
        base().max_tokens(90),
        base().stop("."),
        base().mode(Mode::Tools),
        base().mode(Mode::Text),
        base().extra_body("user", "u-1"),
        base().source_marks(false),
    ];
    let count = others.len();
    for builder in others {
        // In two modes the answer is not what is asked for; the request counts.
        let _ = builder.validation_retries(0).build().unwrap().extract::<u32>(TEXT).await;
    }
    assert_eq!(server.count(), count);
    let client = client(&server, &cache);
    client.extract::<u32>("There were eight.").await.unwrap();
    client.extract::<u64>(TEXT).await.unwrap();
    client.extract::<u32>(TEXT).header("x-call", "1").await.unwrap();
    client.extract::<u32>(TEXT).examples(&[Message::user("One.")]).await.unwrap();
    assert_eq!(server.count(), count + 4);
    ask(&client).await;
    assert_eq!(server.count(), count + 4, "the first of them is still there");
}

#[tokio::test]
async fn a_stored_reply_that_fails_a_new_check_is_replaced_without_a_re_ask() {
    let server = Server::start([number(7), number(5)]).await;
    let client = client(&server, &memory());
    ask(&client).await;
    let small = || {
        client
            .extract::<u32>(TEXT)
            .validation_retries(0)
            .validate(|n, _| if *n < 6 { Ok(()) } else { Err("less than 6") })
    };
    let done = small().report().await.unwrap();
    assert_eq!((done.value, server.count()), (5, 2));
    let requests = server.requests();
    let body = |request: &str| request.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&requests[0]), body(&requests[1]), "nothing is fed back");
    let [attempt] = done.ledger.attempts.as_slice() else { panic!("one attempt") };
    assert_eq!((attempt.number, &attempt.cached), (1, &None));
    assert!(done.ledger.notes[0].contains("less than 6"), "{:?}", done.ledger.notes);

    assert!(is_hit(&small().report().await.unwrap()));
    assert_eq!(ask(&client).await.value, 5);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_check_that_fails_itself_says_that_the_value_is_from_the_cache() {
    let server = Server::start([number(7)]).await;
    let client = client(&server, &memory());
    ask(&client).await;
    let broken =
        client.extract::<u32>(TEXT).validate(|_, _| -> Result<(), &str> { panic!("broken") });
    let error = broken.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Check { .. }));
    assert!(error.to_string().contains("from the cache"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_the_same_time_one_is_sent() {
    let slow = Act::Slow(vec![Vec::new(), whole(&number(7))], Duration::from_millis(50));
    let server = Server::start([slow]).await;
    let client = client(&server, &memory());
    let tasks = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { ask(&client).await })
    });
    let reports = join_all(tasks).await;
    let reports: Vec<_> = reports.into_iter().map(Result::unwrap).collect();
    assert_eq!(server.count(), 1);
    assert!(reports.iter().all(|report| report.value == 7));
    assert_eq!(reports.iter().filter(|report| !is_hit(report)).count(), 1);
    let waited = |report: &&Report<u32>| report.ledger.to_string().contains("waited");
    assert!(reports.iter().filter(waited).count() > 0);
}

/// Returns the bytes of an answer.
fn whole(act: &Act) -> Vec<u8> {
    match act {
        Act::Answer(bytes) => bytes.clone(),
        _ => panic!("no answer"),
    }
}

/// Waits until the server has got this many requests.
async fn received(server: &Server, count: usize) {
    while server.count() < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_first_is_dropped_the_next_one_is_sent() {
    let server = Server::start([Act::Hang(Vec::new()), number(7)]).await;
    let client = client(&server, &memory());
    let spawn = || {
        let client = client.clone();
        tokio::spawn(async move { ask(&client).await })
    };
    let first = spawn();
    received(&server, 1).await;
    let others: Vec<_> = (0..20).map(|_| spawn()).collect();
    let dropped = spawn();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(server.count(), 1, "the others wait");
    dropped.abort();
    first.abort();
    for other in others {
        assert_eq!(other.await.unwrap().value, 7);
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_first_fails_the_next_one_is_sent() {
    let refused = answer(400, "", r#"{"error":{"message":"no"}}"#);
    let slow = Act::Slow(vec![Vec::new(), whole(&refused)], Duration::from_millis(50));
    let server = Server::start([slow, number(7)]).await;
    let client = client(&server, &memory());
    let tasks = (0..20).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.extract::<u32>(TEXT).await })
    });
    let values: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(values.iter().filter(|value| value.is_err()).count(), 1);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn the_deadline_ends_the_wait_and_the_ledger_says_it() {
    let server = Server::start([Act::Hang(Vec::new())]).await;
    let client = client(&server, &memory());
    let first = {
        let client = client.clone();
        tokio::spawn(async move { client.extract::<u32>(TEXT).await })
    };
    received(&server, 1).await;
    let error = client.extract::<u32>(TEXT).deadline(Duration::from_millis(30)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Deadline { .. }), "{error}");
    assert!(error.ledger().attempts.is_empty());
    assert!(error.ledger().notes[0].starts_with("waited "), "{:?}", error.ledger().notes);
    assert_eq!(server.count(), 1);
    first.abort();
}

#[tokio::test]
async fn a_check_that_makes_the_same_request_does_not_wait_for_itself() {
    let server = Server::start([number(7)]).await;
    let client = client(&server, &memory());
    let other = client.clone();
    let value = client
        .extract::<u32>(TEXT)
        .check(async move |value, _| {
            let again: u32 = other.extract(TEXT).await.map_err(|error| error.to_string())?;
            if again == *value { Ok(()) } else { Err(String::from("the same as before")) }
        })
        .await
        .unwrap();
    assert_eq!((value, server.count()), (7, 2));
}

#[tokio::test]
async fn only_accepted_replies_are_stored() {
    let cut =
        json!({"choices": [{"message": {"content": "{\"value\": 7"}, "finish_reason": "length"}]});
    let refusal = json!({"choices": [{"message": {"refusal": "No."}, "finish_reason": "stop"}]});
    for body in [cut, refusal, reply(r#"{"value": "many"}"#), json!({"error": {"message": "no"}})] {
        let server = Server::start([answer(200, "", &body.to_string()), number(7)]).await;
        let client = builder(&server, &memory()).validation_retries(0).build().unwrap();
        client.extract::<u32>(TEXT).await.unwrap_err();
        assert_eq!(ask(&client).await.value, 7, "{body}");
        assert!(is_hit(&ask(&client).await));
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test]
async fn a_value_that_took_a_re_ask_needs_no_request_later() {
    let server = Server::start([text(r#"{"value": "many"}"#), number(7)]).await;
    let client = client(&server, &memory());
    assert_eq!(ask(&client).await.ledger.attempts.len(), 2);
    let second = ask(&client).await;
    assert_eq!((second.value, second.ledger.attempts.len(), server.count()), (7, 1, 2));
    assert!(is_hit(&second));
}

#[tokio::test]
async fn parts_of_a_value_are_not_stored_as_the_whole() {
    let list = |last: u32| {
        let items: Vec<_> =
            (0..60).map(|n| json!({"name": format!("item number {n}"), "n": n})).collect();
        let mut items = Value::from(items);
        items[59]["n"] = json!(last);
        items
    };
    #[derive(Debug, serde::Deserialize, schemars::JsonSchema, PartialEq)]
    struct Item {
        name: String,
        n: u8,
    }
    impl extract_core::Extract for Item {}
    let server = Server::start([
        text(&json!({"value": list(300)}).to_string()),
        text(&json!({"value_59": {"name": "item number 59", "n": 59}}).to_string()),
        text(&json!({"value": list(59)}).to_string()),
    ])
    .await;
    let client = client(&server, &memory());
    let ask = || client.extract::<Vec<Item>>(TEXT).reask(extract_core::extraction::Reask::Parts);
    let first = ask().report().await.unwrap();
    assert_eq!(first.ledger.attempts[1].parts, ["/59"]);
    let second = ask().report().await.unwrap();
    assert_eq!((second.value == first.value, server.count()), (true, 3));
    assert!(is_hit(&ask().report().await.unwrap()));
}

/// A store that fails, or waits for ever.
struct Broken {
    hangs: bool,
}

impl Broken {
    fn fail<T: Send>(&self) -> BoxFuture<'_, Result<T, CacheError>> {
        Box::pin(async {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            Err(CacheError::failed("on fire"))
        })
    }
}

impl CacheStore for Broken {
    fn get(&self, _: CacheKey) -> BoxFuture<'_, Result<Option<Vec<u8>>, CacheError>> {
        self.fail()
    }

    fn put(&self, _: CacheKey, _: Vec<u8>) -> BoxFuture<'_, Result<(), CacheError>> {
        self.fail()
    }

    fn remove(&self, _: CacheKey) -> BoxFuture<'_, Result<(), CacheError>> {
        self.fail()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_costs_notes_and_no_value() {
    let slow = Act::Slow(vec![Vec::new(), whole(&number(7))], Duration::from_millis(50));
    let server = Server::start([number(7), slow]).await;
    let client = client(&server, &Cache::new(Broken { hangs: false }));
    let done = ask(&client).await;
    assert_eq!(done.value, 7);
    let notes = done.ledger.notes.join("\n");
    assert!(notes.contains("could not read an entry: the cache failed: on fire"), "{notes}");
    assert!(notes.contains("could not change an entry"), "{notes}");
    // Extractions at the same time still share one request.
    let tasks = (0..20).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { ask(&client).await })
    });
    join_all(tasks).await.into_iter().for_each(|done| assert_eq!(done.unwrap().value, 7));
    assert_eq!(server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_not_waited_for() {
    use extract_core::model::scripted::{Scripted, reply};

    let seven = || reply::tool(json!({"value": 7}));
    let cache = Cache::new(Broken { hangs: true });
    let client = Client::builder().cache(cache).with_model(Scripted::new([seven(), seven()]));
    let done = ask(&client).await;
    assert!(done.ledger.notes.iter().all(|note| note.contains("within 10s")), "{:?}", done.ledger);
    let in_time = client.extract::<u32>(TEXT).deadline(Duration::from_secs(25));
    let done = in_time.report().await.unwrap();
    let last = done.ledger.notes.last().unwrap();
    assert!(last.contains("the deadline passed"), "{last}");
}

/// A store whose entries are not what was stored.
struct Lying(Vec<u8>);

impl CacheStore for Lying {
    fn get(&self, _: CacheKey) -> BoxFuture<'_, Result<Option<Vec<u8>>, CacheError>> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }

    fn put(&self, _: CacheKey, _: Vec<u8>) -> BoxFuture<'_, Result<(), CacheError>> {
        Box::pin(async { Ok(()) })
    }

    fn remove(&self, _: CacheKey) -> BoxFuture<'_, Result<(), CacheError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn entries_that_cannot_be_read_are_misses() {
    let entry = |text: &str, stop: &str| {
        json!({"written": 0, "reply": {"blocks": [{"text": text}], "stop": stop}}).to_string()
    };
    let server = Server::start([number(7)]).await;
    let mut sent = 0;
    for (entry, is_read) in [
        (entry(r#"{"value": 8}"#, "stop"), true),
        (entry(r#"{"value": 8}"#, "length"), false),
        (entry("eight", "stop"), false),
        (String::from("{}"), false),
        (String::from("no JSON"), false),
        ("[".repeat(1_000_000), false),
        (String::new(), false),
    ] {
        let client = client(&server, &Cache::new(Lying(entry.clone().into_bytes())));
        sent += usize::from(!is_read);
        let done = ask(&client).await;
        assert_eq!(
            (done.value, server.count()),
            (if is_read { 8 } else { 7 }, sent),
            "{entry:.60}"
        );
    }
}

#[tokio::test]
async fn a_file_outlives_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".cache/extract");
    let server = Server::start([number(7)]).await;
    ask(&client(&server, &Cache::file(&path).unwrap())).await;

    let cache = Cache::file(&path).unwrap();
    assert!(is_hit(&ask(&client(&server, &cache)).await));
    assert_eq!(server.count(), 1);
    let error = extract_core::Error::from(Cache::file(&path).unwrap_err());
    assert!(matches!(error.kind(), ErrorKind::Config(_)));
    assert!(error.to_string().contains("is open already"), "{error}");
    drop(cache);

    std::fs::write(&path, b"damaged").unwrap();
    assert!(matches!(FileCache::open(&path, 1), Err(CacheError::Damaged { .. })));
}

#[tokio::test]
async fn old_replies_are_sent_for_again_and_so_are_all_on_wish() {
    let server = Server::start((1..9).map(number)).await;
    let cache = memory();
    let client = client(&server, &cache);
    assert_eq!(ask(&client).await.value, 1);
    let with = |cache: Cache| client.extract::<u32>(TEXT).cache(cache);
    let day = Duration::from_secs(86_400);
    assert_eq!(with(cache.clone().max_age(day)).await.unwrap(), 1);
    assert_eq!(with(cache.clone().max_age(Duration::ZERO)).await.unwrap(), 2);
    assert_eq!(with(Cache::off()).await.unwrap(), 3);
    assert_eq!(ask(&client).await.value, 2);
    assert_eq!(with(cache.clone().refresh()).await.unwrap(), 4);
    assert_eq!(ask(&client).await.value, 4);
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn streamed_and_whole_replies_share_the_entry() {
    let delta = |text: &str, end: Value| {
        let choice = json!({"delta": {"content": text}, "finish_reason": end});
        format!("data: {}\n\n", json!({"model": "m", "choices": [choice]}))
    };
    let events = [
        delta(r#"{"value": [1,"#, Value::Null),
        delta("2, 3]}", json!("stop")),
        "data: [DONE]\n\n".into(),
    ];
    let streamed = Act::Answer(chunked("text/event-stream", events.concat().as_bytes(), true));
    let server = Server::start([streamed, text(r#"{"value": [1, 2, 3]}"#)]).await;
    for cache in [memory(), memory()] {
        let client = client(&server, &cache);
        let before = server.count();
        let is_streamed_first = before == 0;
        for round in 0..2 {
            if (round == 0) == is_streamed_first {
                let mut items = client.extract::<Vec<u8>>(TEXT).items();
                let mut seen = Vec::new();
                while let Some(item) = items.next().await {
                    seen.push(item.unwrap());
                }
                assert_eq!(seen, [1, 2, 3]);
            } else {
                assert_eq!(client.extract::<Vec<u8>>(TEXT).await.unwrap(), [1, 2, 3]);
            }
        }
        assert_eq!(server.count(), before + 1);
        let mut partials = client.extract::<Vec<u8>>(TEXT).stream();
        let mut last = 0;
        while let Some(partial) = partials.next().await {
            last = partial.unwrap().len();
        }
        assert_eq!((last, partials.attempt(), server.count()), (3, 1, before + 1));
        let report = partials.report().await;
        assert!(report.is_err() || is_hit(&report.unwrap()));
    }
}

#[tokio::test]
async fn each_sample_has_its_own_entry() {
    let server = Server::start([number(7), number(7), number(8)]).await;
    let client = client(&server, &memory());
    for _ in 0..2 {
        let agreed = client.extract::<u32>(TEXT).agree(3).concurrency(1).await.unwrap();
        assert_eq!((agreed.value, agreed.samples.len(), server.count()), (7, 3, 3));
        assert_eq!(agreed.samples[2].json, json!(8));
    }
    assert!(is_hit(&ask(&client).await), "the first sample is the request itself");
}

#[tokio::test]
async fn calls_of_user_tools_are_stored() {
    let call = json!({"choices": [{"message": {"tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "distance", "arguments": "{\"value\": [1, 2]}"}}]}, "finish_reason": "tool_calls"}]});
    let server = Server::start([answer(200, "", &call.to_string())]).await;
    let client = builder(&server, &memory()).mode(Mode::Tools).build().unwrap();
    for is_hit in [false, true] {
        let tools = [UserTool::of::<(u8, u8)>().unwrap().named("distance")];
        let step = client.extract::<u32>("How far?").tools(tools).step().await.unwrap();
        let Step::Calls(calls) = step else { panic!("no calls") };
        assert_eq!(calls.ledger.attempts[0].cached.is_some(), is_hit);
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn what_has_no_key_is_sent_with_a_note() {
    let server = Server::start([number(7)]).await;
    let client = client(&server, &memory());
    let input = || Message::user([Part::text(TEXT), Part::image_url("https://example.org/a.png")]);
    for _ in 0..2 {
        let done = client.extract::<u32>(input()).report().await.unwrap();
        assert!(done.ledger.notes[0].contains("the cache is not used"), "{:?}", done.ledger);
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_type_that_is_not_send_is_cached_too() {
    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    struct Shared {
        #[serde(deserialize_with = "shared")]
        #[schemars(with = "String")]
        name: std::rc::Rc<str>,
    }
    fn shared<'de, D: serde::Deserializer<'de>>(from: D) -> Result<std::rc::Rc<str>, D::Error> {
        <String as serde::Deserialize>::deserialize(from).map(Into::into)
    }
    impl extract_core::Extract for Shared {}

    fn assert_send<F: Future + Send>(future: F) -> F {
        future
    }
    let server = Server::start([text(r#"{"name": "Maria"}"#)]).await;
    let client = client(&server, &memory());
    for _ in 0..2 {
        let extraction = client.extract::<Shared>("Maria is 34.").report();
        assert_eq!(&*assert_send(extraction).await.unwrap().value.name, "Maria");
    }
    assert_eq!(server.count(), 1);
}
