//! Budgets: what requests reserve before they are sent, and to what they are settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use extract_core::conversation::{Mode, Prices, Usd};
use extract_core::extraction::{
    Budget, ClientBuilder, Error, ErrorKind, Limit, OverBudget, Shortage, Spending, llm_check,
};
use extract_core::model::Scripted;
use extract_core::model::scripted::reply;
use extract_core::{Client, Extraction};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::server::{Act, Server, answer};

const TENTH: Duration = Duration::from_millis(100);

fn builder(server: &Server) -> ClientBuilder {
    Client::builder().base_url(server.url()).model("m").mode(Mode::Text).transport_retries(0)
}

/// Returns an answer that has used these tokens.
fn used(text: &str, input: u64, output: u64) -> Act {
    let usage = json!({"prompt_tokens": input, "completion_tokens": output});
    body(text, Some(usage))
}

fn body(text: &str, usage: Option<serde_json::Value>) -> Act {
    let message = json!({"role": "assistant", "content": text});
    let mut body = json!({"choices": [{"message": message, "finish_reason": "stop"}]});
    if let Some(usage) = usage {
        body["usage"] = usage;
    }
    answer(200, "", &body.to_string())
}

fn seven() -> Act {
    used(r#"{"value": 7}"#, 40, 10)
}

fn call(client: &Client) -> Extraction<u8> {
    client.extract::<u8>("There were seven.").max_tokens(100)
}

/// Returns what a refused first request lacks.
fn over(error: &Error) -> &OverBudget {
    match error.kind() {
        ErrorKind::Budget(over) => over,
        _ => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_first_request_that_does_not_fit_is_not_sent() {
    let server = Server::start([seven()]).await;
    let client = builder(&server).build().unwrap();

    let megabyte = "a long text ".repeat(85_000);
    let error = client.extract::<u8>(megabyte).token_budget(10).await.unwrap_err();
    let Shortage::Tokens { needed, left: 10, limit: 10 } = over(&error).shortage else {
        panic!("{error}")
    };
    assert!((200_000..500_000).contains(&needed), "{needed}");
    assert_eq!(over(&error).budget, "token_budget");
    assert!(error.ledger().attempts.is_empty());
    assert!(!error.is_retryable());
    let words = "not sent: the request may use";
    assert!(error.to_string().starts_with(words), "{error}");

    // Without a price, a budget of money allows nothing.
    let error = call(&client).cost_budget(Usd(5.0)).await.unwrap_err();
    assert_eq!(over(&error).shortage, Shortage::UnknownPrice { limit: Usd(5.0) });
    let prices = Prices::new(10.0, 1_000.0);
    let error = call(&client).prices(prices).cost_budget(Usd(0.1)).await.unwrap_err();
    let Shortage::Cost { needed, left, limit } = over(&error).shortage else { panic!("{error}") };
    assert_eq!((left, limit), (Usd(0.1), Usd(0.1)));
    assert!(needed > Usd(0.1) && needed < Usd(0.11), "{needed}");
    // The tier has a price of its own, which nobody knows.
    let error = call(&client).service_tier("flex").budget(Usd(1.0)).await.unwrap_err();
    assert_eq!(over(&error).budget, "budget");

    assert_eq!(server.count(), 0);
    assert_eq!(call(&client).token_budget(1_000).await.unwrap(), 7);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_reply_settles_the_reservation_to_its_use() {
    let server = Server::start([seven(), body(r#"{"value": 7}"#, None)]).await;
    let client = builder(&server).prices(Prices::new(2.0, 10.0)).build().unwrap();
    let budget = Budget::new().cost(Usd(1.0)).tokens(1_000);

    call(&client).budget(&budget).await.unwrap();
    assert_eq!(budget.left_tokens(), Some(950));
    assert_eq!(budget.left_cost(), Some(Usd(0.99982)));
    assert_eq!(budget.unknown(), 0);

    // Without usage, all that was reserved counts.
    call(&client).budget(&budget).await.unwrap();
    assert_eq!(budget.unknown(), 1);
    let spent = budget.spent();
    assert!((200..400).contains(&spent.tokens), "{spent:?}");
    assert!(spent.cost > Some(Usd(0.00118)), "{spent:?}");
    assert_eq!(budget.reserved().tokens, 0);
}

#[tokio::test]
async fn a_re_ask_that_does_not_fit_ends_with_the_problems() {
    let server = Server::start([used(r#"{"value": "many"}"#, 300, 50)]).await;
    let client = builder(&server).build().unwrap();
    let error = call(&client).validation_retries(5).token_budget(1_000).await.unwrap_err();

    let ErrorKind::Invalid { problems, limit: Limit::Budget(over) } = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(problems.to_string(), r#"(the whole value): expected an integer, found "many""#);
    let Shortage::Tokens { needed, left: 300, limit: 1_000 } = over.shortage else {
        panic!("{error}")
    };
    assert!(needed > 300, "{needed}");
    assert_eq!(server.count(), 2);
    assert_eq!(error.ledger().attempts.len(), 2);

    // The calls of a client have this budget each, and a shared one together.
    let client = builder(&server).token_budget(500).build().unwrap();
    for _ in 0..2 {
        assert!(call(&client).await.is_err());
    }
    assert_eq!(server.count(), 4);
    let client = builder(&server).budget(Budget::new().tokens(500)).build().unwrap();
    for _ in 0..2 {
        assert!(call(&client.clone()).await.is_err());
    }
    assert_eq!(server.count(), 5);
}

#[tokio::test]
async fn a_budget_is_shared_by_clients_and_calls() {
    let server = Server::start([seven()]).await;
    let shared = Budget::new().tokens(300).named("all").per_day();
    let one = builder(&server).budget(&shared).build().unwrap();
    let other = builder(&server).budget(&shared).build().unwrap();
    let tenant = Budget::new().tokens(1_000);

    // The budget of the client applies once, although the call names it as well.
    call(&one).budget(&shared).budget(&tenant).await.unwrap();
    call(&other).await.unwrap();
    assert_eq!((shared.spent().tokens, tenant.spent().tokens), (100, 50));

    call(&one).max_tokens(150).await.unwrap_err();
    let error = call(&other).max_tokens(150).await.unwrap_err();
    assert_eq!(over(&error).budget, "all");
    assert!(over(&error).renews_in.is_some_and(|rest| rest <= Duration::from_secs(86_400)));
    assert!(error.is_retryable(), "tomorrow");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_judge_uses_the_budgets_of_the_extraction_and_its_own() {
    let verdict = || used(r#"{"reason": "It is.", "kept": true}"#, 60, 20);
    let (server, judges) = (Server::start([seven()]).await, Server::start([verdict()]).await);
    let (own, of_judge) = (Budget::new().tokens(10_000), Budget::new().tokens(10_000));
    let client = builder(&server).budget(&own).build().unwrap();
    let judge = builder(&judges).budget(&of_judge).max_tokens(100).build().unwrap();

    let check = || llm_check(&judge, "is a small number");
    call(&client).llm_check(check()).token_budget(5_000).await.unwrap();
    assert_eq!((own.spent().tokens, of_judge.spent().tokens), (130, 80));

    // The judge's request does not fit beside the extraction's.
    let error = call(&client).llm_check(check()).token_budget(300).await.unwrap_err();
    let ErrorKind::Check { .. } = error.kind() else { panic!("{error}") };
    assert!(error.to_string().contains("`token_budget` of 300"), "{error}");
    assert_eq!((server.count(), judges.count()), (2, 1));
}

#[tokio::test]
async fn another_model_uses_its_clients_budget_too() {
    let small = Server::start([used(r#"{"value": "many"}"#, 40, 10)]).await;
    let large = Server::start([seven()]).await;
    let (call_budget, of_large) = (Budget::new().tokens(10_000), Budget::new().tokens(10_000));
    let large_client = builder(&large).budget(&of_large).build().unwrap();
    let client = builder(&small).build().unwrap();
    let escalated = call(&client).escalate_to(&large_client, 1).budget(&call_budget);
    assert_eq!(escalated.await.unwrap(), 7);
    assert_eq!((call_budget.spent().tokens, of_large.spent().tokens), (100, 50));
}

#[tokio::test]
async fn what_was_not_billed_is_released_and_what_may_be_counts() {
    let refusal = answer(429, "", r#"{"error": {"message": "Slow down."}}"#);
    let server = Server::start([
        refusal,
        Act::Answer(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Act::Hang(Vec::new()),
    ])
    .await;
    let client = builder(&server).build().unwrap();
    let budget = Budget::new().tokens(10_000);

    call(&client).budget(&budget).await.unwrap_err();
    assert_eq!((budget.spent().tokens, budget.unknown()), (0, 0), "refused");
    call(&client).budget(&budget).await.unwrap_err();
    assert_eq!(budget.unknown(), 1, "broken off");
    let error = call(&client).budget(&budget).deadline(TENTH).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Deadline { .. }), "{error}");
    assert_eq!(budget.unknown(), 2, "cut off by the deadline");
    let dropped = tokio::time::timeout(TENTH, call(&client).budget(&budget).into_future());
    assert!(dropped.await.is_err());
    assert_eq!(budget.unknown(), 3, "dropped");

    drop(call(&client).budget(&budget).into_future());
    assert_eq!((budget.unknown(), server.count()), (3, 4), "never polled");
    let nobody = Client::builder().base_url("http://127.0.0.1:1").model("m").transport_retries(0);
    call(&nobody.build().unwrap()).budget(&budget).await.unwrap_err();
    assert_eq!((budget.unknown(), budget.reserved().tokens), (3, 0), "no connection");
}

#[tokio::test]
async fn a_request_that_is_sent_again_after_a_timeout_reserves_again() {
    let server = Server::start([Act::Hang(Vec::new()), seven()]).await;
    let client = builder(&server).transport_retries(2).timeout(TENTH).build().unwrap();
    let budget = Budget::new().tokens(10_000);
    assert_eq!(call(&client).budget(&budget).await.unwrap(), 7);
    assert_eq!((budget.unknown(), server.count()), (1, 2));
    assert!(budget.spent().tokens > 150);

    // With room for one request only, it is not sent again.
    let server = Server::start([Act::Hang(Vec::new())]).await;
    let client = builder(&server).transport_retries(2).timeout(TENTH).build().unwrap();
    let error = call(&client).token_budget(200).await.unwrap_err();
    assert!(error.to_string().contains("not sent again: the request may use"), "{error}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_stream_holds_its_reservation_until_it_ends() {
    let event = |data: &str| format!("data: {data}\n\n");
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "{\"value\": 7}"}}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 10}});
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let whole = head.to_owned() + &event(&chunk.to_string()) + &event(&end.to_string());
    let begun = head.to_owned() + &event(&chunk.to_string());
    let server = Server::start([
        Act::Answer((whole + "data: [DONE]\n\n").into_bytes()),
        Act::Hang(begun.into_bytes()),
    ])
    .await;
    let client = builder(&server).build().unwrap();
    let budget = Budget::new().tokens(200).max_wait(Duration::ZERO);

    let mut stream = call(&client).budget(&budget).stream();
    assert!(stream.next().await.unwrap().is_ok());
    assert!(budget.reserved().tokens > 100);
    assert_eq!(stream.finish().await.unwrap(), 7);
    let Spending { tokens, cost, .. } = budget.spent();
    assert_eq!((tokens, cost, budget.reserved().tokens), (50, None, 0));

    let budget = Budget::new().tokens(200).max_wait(Duration::ZERO);
    let mut stream = call(&client).budget(&budget).stream();
    assert!(stream.next().await.unwrap().is_ok());
    let error = call(&client).budget(&budget).await.unwrap_err();
    assert!(matches!(over(&error).shortage, Shortage::Tokens { limit: 200, .. }));
    drop(stream);
    assert_eq!((budget.unknown(), budget.reserved().tokens), (1, 0));
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_second_request_at_the_same_time_reserves_as_well() {
    let server = Server::start([seven(), Act::Hang(Vec::new()), seven()]).await;
    let client = builder(&server).hedge_after(TENTH).build().unwrap();
    let budget = Budget::new().tokens(10_000);

    call(&client).hedge_after(TENTH * 100).budget(&budget).await.unwrap();
    assert_eq!((budget.spent().tokens, budget.unknown()), (50, 0), "never sent");

    let done = call(&client).budget(&budget).report().await.unwrap();
    assert_eq!((done.ledger.attempts.len(), budget.unknown()), (2, 1), "one was cancelled");
    assert!(budget.spent().tokens > 200);
    assert_eq!((budget.reserved().tokens, server.count()), (0, 3));
}

/// Returns a model that takes its time, and counts the tokens of its answers.
fn busy(used: &Arc<AtomicU64>) -> Scripted {
    let used = Arc::clone(used);
    Scripted::with(move |_| {
        let used = used.fetch_add(50, Ordering::Relaxed);
        let answer = reply::tool(json!({"value": 7})).usage(40, 10);
        answer.after(Duration::from_micros(used % 7))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_at_once_never_spend_more_than_the_budget() {
    let used = Arc::new(AtomicU64::new(0));
    let budget = Budget::new().tokens(20_000).cost(Usd(1.0));
    let builder = Client::builder().prices(Prices::new(1.0, 1.0)).budget(&budget);
    let client = builder.with_model(busy(&used));
    let calls = (0..1_000).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { call(&client).await })
    });
    let (mut answered, mut refused) = (0, 0);
    for result in join_all(calls).await {
        match result.unwrap() {
            Ok(_) => answered += 1,
            Err(error) => {
                assert!(matches!(over(&error).shortage, Shortage::Tokens { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!(answered + refused, 1_000);
    let used = used.load(Ordering::Relaxed);
    assert_eq!(used, answered * 50);
    assert_eq!((budget.spent().tokens, budget.reserved().tokens), (used, 0));
    assert!(used <= 20_000, "{used}");
    // Requests wait for the reservations of others, so the budget is used up to the last reservation.
    assert!(used > 19_700, "{used}");
}

#[tokio::test]
async fn a_budget_that_is_not_a_number_is_refused() {
    let client = Client::with_model(Scripted::new([]));
    let error = call(&client).budget(Usd(f64::NAN)).await.unwrap_err();
    assert!(error.to_string().contains("`budget`"), "{error}");
    // A negative budget allows nothing.
    let error = call(&client).prices(Prices::new(1.0, 1.0)).budget(Usd(-1.0)).await.unwrap_err();
    assert!(matches!(over(&error).shortage, Shortage::Cost { .. }), "{error}");
}
