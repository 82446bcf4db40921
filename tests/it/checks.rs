//! User-defined checks: of the type and of the call, with a context, asynchronous ones, and checks
//! that fail themselves.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::scripted::scripted;
use extract_llm::check::{CheckContext, CheckError, CheckFailure, Context};
use extract_llm::extraction::{Outcome, ParseError};
use extract_llm::grounding::Source;
use extract_llm::scripted::reply;
use extract_llm::{ErrorKind, Extract, Message, Part, Problem, Problems, parse};
use serde_json::json;

struct Stock(Vec<&'static str>);

#[derive(Debug, Extract)]
#[extract(validate = adds_up)]
struct Order {
    #[extract(validate_with = in_stock, validate_with = is_mentioned)]
    sku: String,
    #[extract(range(max = 9))]
    boxes: u32,
    each: u32,
    total: u32,
}

fn adds_up(order: &Order) -> Result<(), Problem> {
    let sum = order.boxes * order.each;
    if sum == order.total { Ok(()) } else { Err(Problem::rule("/total", format!("{sum}"))) }
}

fn in_stock(sku: &str, cx: Context<'_>) -> Result<(), CheckError> {
    let stock = cx.get::<Stock>()?;
    if stock.0.contains(&sku) { Ok(()) } else { Err("an article in stock".into()) }
}

fn is_mentioned(sku: &str, cx: Context<'_>) -> Result<(), CheckError> {
    if cx.source()?.contains(sku) { Ok(()) } else { Err("an article from the text".into()) }
}

fn order(sku: &str, boxes: u32, total: u32) -> serde_json::Value {
    json!({"sku": sku, "boxes": boxes, "each": 3, "total": total})
}

const TEXT: &str = "Two boxes of A-1, three in each.";

#[tokio::test]
async fn problems_of_all_layers_are_reported_together() {
    let (client, model) =
        scripted([reply::tool(order("B-7", 12, 5)), reply::tool(order("A-1", 2, 6))]);
    let done = client
        .extract::<Order>(TEXT)
        .context(Stock(vec!["A-1"]))
        .validate(|order, _| if order.total == 6 { Ok(()) } else { Err("six of them") })
        .check(async |order, cx| {
            let in_stock = cx.get::<Stock>()?.0.contains(&order.sku.as_str());
            if in_stock { Ok(()) } else { Err(CheckError::from(Problem::rule("/sku", "known"))) }
        })
        .report()
        .await
        .unwrap();
    assert_eq!(done.value.sku, "A-1");
    let found: Vec<String> =
        done.ledger.attempts[0].problems.iter().map(ToString::to_string).collect();
    let whole = r#"{"sku":"B-7","boxes":12,"each":3,"total":5}"#;
    assert_eq!(
        found,
        [
            "/boxes: expected at most 9, found 12".to_owned(),
            r#"/sku: expected an article in stock, found "B-7""#.to_owned(),
            r#"/sku: expected an article from the text, found "B-7""#.to_owned(),
            "/total: expected 36, found 5".to_owned(),
            format!("(the whole value): expected six of them, found {whole}"),
            r#"/sku: expected known, found "B-7""#.to_owned(),
        ]
    );
    assert_eq!(model.seen().len(), 2);
}

/// Checks in every supported form.
#[tokio::test]
async fn functions_and_closures_of_every_form_are_checks() {
    async fn with_words(n: &u32, _: Context<'_>) -> Result<(), &'static str> {
        tokio::task::yield_now().await;
        if *n > 1 { Ok(()) } else { Err("more than one") }
    }
    async fn with_problems(n: &u32, _: Context<'_>) -> Result<(), Problems> {
        if *n > 2 { Ok(()) } else { Err(String::from("more than two").into()) }
    }
    async fn with_errors(n: &u32, cx: Context<'_>) -> Result<(), CheckError> {
        let source = cx.source()?;
        tokio::task::yield_now().await;
        if source.contains(&n.to_string()) { Ok(()) } else { Err("a number of the text".into()) }
    }
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn at_once(n: &u32, _: Context<'_>) -> Result<(), String> {
        if *n > 3 { Ok(()) } else { Err("more than three".into()) }
    }
    let (client, _) =
        scripted([reply::tool(json!({"value": 1})), reply::tool(json!({"value": 5}))]);
    let (seen, least) = (Arc::new(AtomicUsize::new(0)), 5);
    let counted = Arc::clone(&seen);
    let done = client
        .extract::<u32>("5 of them")
        .validate(at_once)
        .check(with_words)
        .check(with_problems)
        .check(with_errors)
        .check(async move |n, _| {
            tokio::task::yield_now().await;
            counted.fetch_add(1, Ordering::SeqCst);
            if *n >= least { Ok(()) } else { Err(format!("at least {least}")) }
        })
        .report()
        .await
        .unwrap();
    let expected: Vec<&str> =
        done.ledger.attempts[0].problems.iter().map(|problem| problem.expected.as_str()).collect();
    assert_eq!(
        expected,
        ["more than three", "more than one", "more than two", "a number of the text", "at least 5"]
    );
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

/// Checks run concurrently: each of these waits for the other.
#[tokio::test]
async fn checks_run_concurrently() {
    let (client, _) = scripted([reply::tool(json!({"value": 1}))]);
    let meeting = Arc::new(tokio::sync::Barrier::new(2));
    let other = Arc::clone(&meeting);
    let n = client
        .extract::<u32>("1")
        .check(async move |_, _| {
            meeting.wait().await;
            Ok::<_, &str>(())
        })
        .check(async move |_, _| {
            other.wait().await;
            Ok::<_, &str>(())
        })
        .await;
    assert_eq!(n.unwrap(), 1);
}

#[tokio::test]
async fn a_failed_check_ends_the_extraction_without_feedback() {
    let (client, model) = scripted([reply::tool(json!({"value": 7}))]);
    let error = client
        .extract::<u32>("seven")
        .check(async |_, _| Err(CheckError::failed(std::io::Error::other("the database is down"))))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value could not be checked: the database is down (type uint32, scripted/scripted, attempt 1)"
    );
    assert_eq!(error.best().map(|best| &best.value), Some(&json!(7)));
    assert!(!error.is_retryable());
    let ErrorKind::Check { pointer, source, .. } = error.kind() else { panic!("{error:?}") };
    let ledger = error.ledger();
    assert_eq!(pointer, "");
    let CheckFailure::Failed(source) = source else { panic!("{source:?}") };
    assert!(source.downcast_ref::<std::io::Error>().is_some());
    assert_eq!(ledger.attempts.len(), 1);
    assert_eq!(ledger.attempts[0].outcome, Outcome::Unchecked);
    assert_eq!(model.seen().len(), 1);
}

#[derive(Debug, Extract)]
struct Basket {
    orders: std::collections::BTreeMap<String, Line>,
}

#[derive(Debug, Extract)]
struct Line {
    #[extract(validate = fragile)]
    count: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn fragile(count: &u32) -> Result<(), CheckError> {
    match count {
        0 => panic!("nobody thought of {count}"),
        1 => Err(CheckError::failed("one is not supported")),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn a_panicking_validator_is_reported_with_its_pointer() {
    for (count, says) in [(0, "it panicked: nobody thought of 0"), (1, "one is not supported")] {
        let (client, model) = scripted([reply::tool(
            json!({"orders": {"a": {"count": 2}, "b/c": {"count": count}}}),
        )]);
        let error = client.extract::<Basket>("a basket").await.unwrap_err();
        let ErrorKind::Check { pointer, source, .. } = error.kind() else { panic!("{error:?}") };
        assert_eq!(pointer, "/orders/b~1c/count");
        assert_eq!(source.to_string(), says);
        assert_eq!(model.seen().len(), 1);
    }
    let (client, _) = scripted([reply::tool(json!({"value": 0}))]);
    let error = client
        .extract::<u32>("none")
        .check(
            async |n, _| if *n == 0 { panic!("a panic while waiting") } else { Ok::<_, &str>(()) },
        )
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value could not be checked: it panicked: a panic while waiting (type uint32, \
         scripted/scripted, attempt 1)"
    );
}

#[tokio::test]
async fn a_missing_context_is_a_failure_of_the_check() {
    let (client, model) = scripted([reply::tool(order("A-1", 2, 6))]);
    let error = client.extract::<Order>(TEXT).await.unwrap_err();
    let ErrorKind::Check { pointer, source, .. } = error.kind() else { panic!("{error:?}") };
    assert_eq!(pointer, "/sku");
    assert!(
        matches!(source, CheckFailure::NoContext { type_name } if type_name.ends_with("Stock"))
    );
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn the_source_is_the_text_of_the_inputs_user_messages() {
    let history = [Message::user("An example: 1."), Message::assistant("1")];
    let input = [
        Message::system("Never 2."),
        Message::user([Part::text("It is 3,"), Part::text("or 4.")]),
        Message::assistant("5?"),
        Message::user("No."),
    ];
    let (client, _) = scripted([reply::tool(json!({"value": 3}))]);
    client
        .extract::<u32>(input)
        .examples(&history)
        .validate(|_, cx| {
            let source = cx.source()?;
            assert_eq!(source.text(), "It is 3,\n\nor 4.\n\nNo.");
            assert_eq!(source.part_at(source.find("No").unwrap()).unwrap().message, 3);
            assert!(source.part_at(8).is_none(), "between the parts");
            Ok::<_, CheckError>(())
        })
        .await
        .unwrap();

    let image = Part::image_url("https://example.com/a.png");
    let (client, _) =
        scripted([reply::tool(json!({"value": 3})), reply::tool(json!({"value": 3}))]);
    let sees = |n: &u32, cx: Context<'_>| {
        let seen = cx.source()?.contains(&n.to_string());
        if seen { Ok(()) } else { Err(CheckError::from("a number of the text")) }
    };
    let error = client.extract::<u32>(image.clone()).validate(sees).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Check { source: CheckFailure::NoSource, .. }));
    let n = client.extract::<u32>(image).source("what an OCR read: 3").validate(sees).await;
    assert_eq!(n.unwrap(), 3);
}

#[test]
fn parsing_runs_the_validators_of_the_type() {
    let text = order("A-1", 2, 5).to_string();
    let background = CheckContext::new().source(Source::from(TEXT)).value(Stock(vec!["A-1"]));
    let error = background.parse::<Order>(&text).unwrap_err();
    assert!(error.to_string().ends_with("/total: expected 6, found 5"), "{error}");
    let text = order("A-1", 2, 6).to_string();
    assert_eq!(background.parse::<Order>(&text).unwrap().value.total, 6);
    let error = parse::<Order>(&text).unwrap_err();
    assert!(matches!(error, ParseError::Check { ref pointer, .. } if pointer == "/sku"), "{error}");
}

/// Without asynchronous checks, the extraction of a value that is not `Send` is a `Send` future.
#[test]
fn only_asynchronous_checks_require_send() {
    fn is_send<T: Send>(_: &T) {}
    let (client, _) = scripted([]);
    let extraction = client
        .extract::<Vec<Rc<u32>>>("one")
        .validate(|list, _| if list.is_empty() { Err("something") } else { Ok(()) });
    is_send(&std::future::IntoFuture::into_future(extraction));
}
