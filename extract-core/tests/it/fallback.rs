//! Fallback to other models: after failures of a provider, refusals and failed checks, circuit breakers, and
//! hedged requests.

use std::time::Duration;

use extract_core::Client;
use extract_core::conversation::{Mode, ProviderErrorKind as Kind};
use extract_core::extraction::{
    CircuitBreaker, ClientBuilder, ErrorKind, FallbackOn, Ledger, Outcome, PassedOverReason,
};
use extract_core::model::RetryPolicy;
use serde_json::json;

use crate::support::server::{Act, Server, answer, chunked, stream_head};

const MILLIS: Duration = Duration::from_millis(1);

fn builder(server: &Server) -> ClientBuilder {
    let policy = RetryPolicy::times(1).first_wait(MILLIS).longest_wait(MILLIS * 5);
    Client::builder()
        .base_url(server.url())
        .model("m")
        .mode(Mode::Text)
        .retry_policy(policy)
        .max_limit_wait(MILLIS * 20)
}

fn error(status: u16, code: &str) -> Act {
    answer(status, "", &json!({"error": {"message": "No.", "code": code}}).to_string())
}

fn says(content: &str) -> Act {
    let reply = json!({"model": "m", "usage": {"prompt_tokens": 50, "completion_tokens": 5},
        "choices": [{"message": {"content": content}, "finish_reason": "stop"}]});
    answer(200, "", &reply.to_string())
}

fn seven() -> Act {
    says(r#"{"value": 7}"#)
}

fn refuses() -> Act {
    let reply =
        json!({"choices": [{"message": {"refusal": "I cannot."}, "finish_reason": "stop"}]});
    answer(200, "", &reply.to_string())
}

/// Returns an answer whose second half is missing.
fn cut_off() -> Act {
    let Act::Answer(mut bytes) = seven() else { panic!("an answer") };
    bytes.truncate(bytes.len() - 20);
    Act::Answer(bytes)
}

/// Returns a connection that is never answered.
fn silent() -> Act {
    Act::Hang(Vec::new())
}

#[tokio::test]
async fn each_class_of_failure_goes_to_the_next_model_by_its_choice() {
    let (failures, refusals) = (FallbackOn::default(), FallbackOn::nothing().refusals());
    let all = FallbackOn::nothing().all_errors();
    for (act, sends, choices) in [
        (error(500, ""), 2, [true, false, true]),
        (error(503, ""), 2, [true, false, true]),
        (error(429, "rate_limit_exceeded"), 0, [true, false, true]),
        (error(429, "insufficient_quota"), 1, [true, false, true]),
        (error(400, "context_length_exceeded"), 1, [true, false, true]),
        (Act::Answer(Vec::new()), 2, [true, false, true]),
        (cut_off(), 2, [true, false, true]),
        (error(401, ""), 1, [false, false, true]),
        (error(404, ""), 1, [false, false, true]),
        (error(400, ""), 1, [false, false, true]),
        (error(400, "content_filter"), 1, [false, true, false]),
        (refuses(), 1, [false, true, false]),
    ] {
        for (on, goes_on) in [failures, refusals, all].into_iter().zip(choices) {
            for streamed in [false, true] {
                let first = Server::start([act.clone()]).await;
                let second = Server::start([seven()]).await;
                let other = builder(&second).build().unwrap();
                let client = builder(&first).fallback_to(&other, on).build().unwrap();
                let asked = client.extract::<u8>("…");
                let done =
                    if streamed { asked.stream().report().await } else { asked.report().await };
                assert_eq!(done.is_ok(), goes_on, "{act:?} {on:?} {done:?}");
                assert_eq!(second.count(), usize::from(goes_on));
                if sends > 0 {
                    assert_eq!(first.count(), sends, "{act:?}");
                }
                let ledger = match &done {
                    Ok(done) => &done.ledger,
                    Err(error) => error.ledger(),
                };
                assert_eq!(ledger.attempts.len(), 1 + usize::from(goes_on));
                assert_eq!(ledger.passed_over.len(), usize::from(goes_on));
                let Ok(done) = done else { continue };
                assert_eq!((done.value, done.ledger.answered_by()), (7, Some("custom/m")));
                let passed_over = &done.ledger.passed_over[0];
                let is_refusal = done.ledger.attempts[0].outcome == Outcome::Refused;
                let reason =
                    if is_refusal { PassedOverReason::Refused } else { PassedOverReason::Failed };
                assert_eq!(passed_over.reason, reason);
                assert_eq!(passed_over.detail, done.ledger.attempts[0].error);
                assert!(is_refusal || passed_over.detail.is_some());
            }
        }
    }
}

#[tokio::test]
async fn models_are_asked_in_order_and_the_error_is_that_of_the_last() {
    let servers = [
        Server::start([error(500, "")]).await,
        Server::start([error(503, "")]).await,
        Server::start([error(529, "")]).await,
    ];
    let [one, two, three] = &servers;
    let on = FallbackOn::default();
    let clients = [two, three].map(|server| builder(server).build().unwrap());
    let client = builder(one).fallback_to(&clients[0], on).fallback_to(&clients[1], on);
    let error = client.build().unwrap().extract::<u8>("…").await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().status, Some(529));
    assert_eq!(servers.map(|server| server.count()), [2, 2, 2]);
    let statuses: Vec<_> =
        error.ledger().attempts.iter().filter_map(|it| it.error.clone()).collect();
    assert_eq!(statuses.len(), 3);
    assert!(statuses[0].contains("HTTP 500") && statuses[1].contains("HTTP 503"), "{statuses:?}");
    assert_eq!(error.ledger().passed_over.len(), 2);
    assert_eq!(error.ledger().answered_by(), None);
    let json = serde_json::to_value(error.ledger()).unwrap();
    assert_eq!(json["passed_over"][0]["reason"], "failed");
    assert_eq!(serde_json::from_value::<Ledger>(json).unwrap(), *error.ledger());
}

#[tokio::test]
async fn a_list_of_models_shares_the_server_the_settings_and_the_budget_of_re_asks() {
    let server = Server::start([error(500, ""), error(500, ""), says("no number"), seven()]).await;
    let client = builder(&server).models(["small", "large"]).system("Count.").build().unwrap();
    assert_eq!(client.model_addresses(), ["custom/small", "custom/large"]);
    let done = client.extract::<u8>("…").report().await.unwrap();
    let requests = server.requests();
    let models = requests.iter().map(|request| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["messages"][0]["content"].as_str().unwrap().lines().next(), Some("Count."));
        body["model"].as_str().unwrap().to_owned()
    });
    assert_eq!(models.collect::<Vec<_>>(), ["small", "small", "large", "large"]);
    let outcomes: Vec<_> = done.ledger.attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::Rejected, Outcome::Accepted]);
}

#[tokio::test]
async fn a_failure_after_a_rejected_answer_tells_the_next_model_the_problems() {
    let first = Server::start([says(r#"{"value": 700}"#), error(500, "")]).await;
    let second = Server::start([seven()]).await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first).fallback_to(&other, FallbackOn::default()).build().unwrap();
    assert_eq!(client.extract::<u8>("…").await.unwrap(), 7);
    assert!(second.requests()[0].contains("700"), "{}", second.requests()[0]);
}

#[tokio::test]
async fn failed_checks_and_failures_can_have_models_of_their_own() {
    let first = Server::start([says("no number")]).await;
    let (spare, large) = (Server::start([seven()]).await, Server::start([seven()]).await);
    let clients = [&spare, &large].map(|server| builder(server).build().unwrap());
    let client = builder(&first)
        .fallback_to(&clients[0], FallbackOn::default())
        .escalate_to(&clients[1], 2)
        .build()
        .unwrap();
    let done = client.extract::<u8>("…").report().await.unwrap();
    assert_eq!([first.count(), spare.count(), large.count()], [2, 0, 1]);
    assert_eq!(done.ledger.passed_over[0].reason, PassedOverReason::FailedChecks);
}

#[tokio::test]
async fn an_input_that_is_too_long_for_one_model_goes_to_the_next() {
    let (first, second) = (Server::start([seven()]).await, Server::start([seven()]).await);
    let other = builder(&second).build().unwrap();
    let client = builder(&first).context_window(1_000);
    let client = client.fallback_to(&other, FallbackOn::default()).build().unwrap();
    let long = "There were seven of them. ".repeat(1_000);
    let done = client.extract::<u8>(long).report().await.unwrap();
    assert_eq!((done.value, first.count(), second.count()), (7, 0, 1));
    let detail = done.ledger.passed_over[0].detail.clone().unwrap();
    assert!(detail.contains("context length"), "{detail}");
}

#[tokio::test]
async fn a_wait_in_the_limits_beyond_the_deadline_goes_to_the_next_model() {
    let wait = answer(429, "retry-after: 30\r\n", r#"{"error":{"message":"Slow down."}}"#);
    let first = Server::start([wait]).await;
    let second = Server::start([seven(), seven()]).await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first).max_limit_wait(Duration::from_secs(60));
    let client = client.fallback_to(&other, FallbackOn::default()).build().unwrap();
    for _ in 0..2 {
        let asked = client.extract::<u8>("…").deadline(Duration::from_secs(10));
        let done = asked.report().await.unwrap();
        assert_eq!((done.value, first.count()), (7, 1));
        let detail = done.ledger.passed_over[0].detail.clone().unwrap();
        assert!(detail.contains("the deadline is too short"), "{detail}");
    }
}

#[tokio::test]
async fn a_model_whose_circuit_is_open_is_passed_over() {
    let first = Server::start([error(500, "")]).await;
    let second = Server::start([seven()]).await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first)
        .transport_retries(0)
        .circuit_breaker(CircuitBreaker::after(2).open_for(Duration::from_secs(3_600)))
        .fallback_to(&other, FallbackOn::default())
        .build()
        .unwrap();
    for (sent, reason) in [
        (1, PassedOverReason::Failed),
        (2, PassedOverReason::Failed),
        (2, PassedOverReason::CircuitOpen),
    ] {
        let done = client.clone().extract::<u8>("…").report().await.unwrap();
        assert_eq!((first.count(), done.ledger.passed_over[0].reason), (sent, reason));
    }
    // The last model that is left is asked, whatever its circuit.
    let alone = builder(&first)
        .transport_retries(0)
        .circuit_breaker(CircuitBreaker::after(1).open_for(Duration::from_secs(3_600)))
        .build()
        .unwrap();
    for sent in [3, 4] {
        alone.extract::<u8>("…").await.unwrap_err();
        assert_eq!(first.count(), sent);
    }
}

#[tokio::test]
async fn a_circuit_closes_after_an_answer() {
    let first = Server::start([error(500, ""), says("no number"), seven()]).await;
    let second = Server::start([seven()]).await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first)
        .transport_retries(0)
        .circuit_breaker(CircuitBreaker::after(1).open_for(Duration::ZERO))
        .fallback_to(&other, FallbackOn::default())
        .build()
        .unwrap();
    for passed_over in [1, 0, 0] {
        let done = client.extract::<u8>("…").report().await.unwrap();
        assert_eq!(done.ledger.passed_over.len(), passed_over);
    }
    assert_eq!(second.count(), 1);
}

fn sevens() -> Act {
    let event = r#"data: {"choices":[{"index":0,"delta":{"content":"{\"value\": 7}"},"finish_reason":"stop"}]}"#;
    let body = format!("{event}\n\ndata: [DONE]\n\n");
    Act::Answer(chunked("text/event-stream", body.as_bytes(), true))
}

#[tokio::test]
async fn the_faster_of_two_requests_answers_and_the_other_is_closed() {
    for streamed in [false, true] {
        let act = if streamed { sevens() } else { seven() };
        let second = Server::start([act.clone()]).await;
        let other = builder(&second).build().unwrap();
        let slow = if streamed { Act::Hang(stream_head("text/event-stream")) } else { silent() };
        let first = Server::start([slow]).await;
        let client = builder(&first).fallback_to(&other, FallbackOn::default());
        let client = client.hedge_after(MILLIS * 30).build().unwrap();
        let asked = client.extract::<u8>("…");
        let done = if streamed { asked.stream().report().await } else { asked.report().await };
        let done = done.unwrap();
        first.closed(1).await;
        assert_eq!((done.value, second.count()), (7, 1));
        let attempts: Vec<_> =
            done.ledger.attempts.iter().map(|it| (it.number, it.outcome)).collect();
        assert_eq!(attempts, [(1, Outcome::Cancelled), (2, Outcome::Accepted)]);
        assert_eq!(done.ledger.passed_over[0].reason, PassedOverReason::Slower);
        // The provider may bill the request that was cancelled.
        assert_eq!((done.ledger.known_usage(), done.ledger.cost()), (None, None));
    }
}

#[tokio::test]
async fn a_second_request_that_is_slower_or_fails_changes_nothing() {
    for (second, outcome) in [(silent(), Outcome::Cancelled), (error(500, ""), Outcome::Failed)] {
        let piece = |act: Act| {
            let Act::Answer(bytes) = act else { panic!("an answer") };
            bytes
        };
        let slow = Act::Slow(vec![Vec::new(), piece(seven())], MILLIS * 1_500);
        let first = Server::start([slow]).await;
        let second = Server::start([second]).await;
        let other = builder(&second).transport_retries(0).build().unwrap();
        let client = builder(&first).fallback_to(&other, FallbackOn::default());
        let done =
            client.hedge_after(MILLIS * 20).build().unwrap().extract::<u8>("…").report().await;
        let done = done.unwrap();
        assert_eq!((done.value, first.count(), second.count()), (7, 1, 1));
        let attempts: Vec<_> =
            done.ledger.attempts.iter().map(|it| (it.number, it.outcome)).collect();
        assert_eq!(attempts, [(1, outcome), (2, Outcome::Accepted)]);
    }
}

#[tokio::test]
async fn a_second_request_that_does_not_fit_into_a_budget_is_not_sent() {
    let Act::Answer(bytes) = seven() else { panic!("an answer") };
    let first = Server::start([Act::Slow(vec![Vec::new(), bytes], MILLIS * 1_500)]).await;
    let second = Server::start([silent()]).await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first).fallback_to(&other, FallbackOn::default());
    let client = client.hedge_after(MILLIS * 20).max_tokens(1_000).build().unwrap();
    for (tokens, sent) in [(1_500, 0), (5_000, 1)] {
        let done = client.extract::<u8>("…").token_budget(tokens).report().await.unwrap();
        assert_eq!((done.value, second.count()), (7, sent), "{tokens}");
        assert_eq!(done.ledger.attempts.len(), 1 + sent);
    }
}

#[tokio::test]
async fn without_another_model_the_same_one_is_asked_twice() {
    let server = Server::start([silent(), seven()]).await;
    let client = builder(&server).hedge_after(MILLIS * 20).build().unwrap();
    let done = client.extract::<u8>("…").report().await.unwrap();
    assert_eq!((done.value, server.count()), (7, 2));
    let requests = server.requests();
    let body = |request: &str| request.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&requests[0]), body(&requests[1]));
}

#[tokio::test]
async fn no_hedge_is_sent_before_its_time_and_none_after_the_deadline() {
    let first = Server::start([seven(), silent()]).await;
    let second = Server::start([silent()]).await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first).fallback_to(&other, FallbackOn::default()).build().unwrap();
    let fast = client.extract::<u8>("…").hedge_after(Duration::MAX).await.unwrap();
    assert_eq!((fast, second.count()), (7, 0));

    let asked = client.extract::<u8>("…").hedge_after(Duration::ZERO).deadline(MILLIS * 200);
    let error = asked.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Deadline { .. }), "{error}");
    assert_eq!(second.count(), 1);
    second.closed(1).await;
    let attempts: Vec<_> =
        error.ledger().attempts.iter().map(|it| (it.number, it.outcome)).collect();
    assert_eq!(attempts, [(1, Outcome::Cancelled), (2, Outcome::Failed)]);
    assert_eq!(error.ledger().known_usage(), None);
}

#[tokio::test]
async fn streamed_values_are_those_of_the_model_that_goes_on() {
    let begun = r#"data: {"choices":[{"index":0,"delta":{"content":"{\"value\": [1, 2, "}}]}"#;
    let first = Act::Answer(chunked("text/event-stream", format!("{begun}\n\n").as_bytes(), false));
    let first = Server::start([first]).await;
    let whole = r#"data: {"choices":[{"index":0,"delta":{"content":"{\"value\": [7, 8]}"},"finish_reason":"stop"}]}"#;
    let whole = format!("{whole}\n\ndata: [DONE]\n\n");
    let second = Server::start([Act::Answer(chunked("text/event-stream", whole.as_bytes(), true))]);
    let second = second.await;
    let other = builder(&second).build().unwrap();
    let client = builder(&first).fallback_to(&other, FallbackOn::default()).build().unwrap();
    let mut stream = client.extract::<Vec<u8>>("…").stream();
    while let Some(partial) = stream.next().await {
        partial.unwrap();
    }
    let done = stream.report().await.unwrap();
    assert_eq!(done.value, [7, 8]);
    let attempts: Vec<_> = done.ledger.attempts.iter().map(|it| it.outcome).collect();
    assert_eq!(attempts, [Outcome::Failed, Outcome::Accepted]);
    assert!(done.ledger.attempts[0].error.as_ref().unwrap().contains("not complete"));
}

#[test]
fn a_list_needs_models_that_can_be_used() {
    let empty: [&str; 0] = [];
    for models in [&empty[..], &["ollama/m", "unknown/m"], &["ollama/m", "m"]] {
        let error = Client::builder().models(models.iter().copied()).build().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error}");
    }
    let client = Client::builder().models(["ollama/a", "vllm/b", "ollama/c"]).build().unwrap();
    assert_eq!(client.model_addresses(), ["ollama/a", "vllm/b", "ollama/c"]);
}

#[tokio::test]
async fn a_key_is_sent_to_the_provider_of_the_first_model_only() {
    // Both are on this machine; only the second has a port that somebody listens on.
    let kinds = [Kind::Connect, Kind::NotFound, Kind::Overloaded, Kind::Server];
    let client = Client::builder()
        .models(["ollama/a", "vllm/b"])
        .api_key("sk-secret")
        .header("x-tenant", "secret-header")
        .transport_retries(0)
        .build()
        .unwrap();
    let error = client.extract::<u8>("…").await.unwrap_err();
    assert!(kinds.contains(&error.provider_error().unwrap().kind), "{error}");
    assert_eq!(error.ledger().attempts.len(), 2);
    let shown = format!("{client:?} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
}
