//! Limits and policies: the limit that ends re-asking, the content of the error, the order of the
//! models asked, and the history that each re-ask shows.

use std::time::Duration;

use extract_llm::conversation::{Prices, ProviderState, Request};
use extract_llm::dialect::Dialect;
use extract_llm::extraction::{Limit, Outcome, OverBudget, RetryContext, Shortage};
use extract_llm::model::Profile;
use extract_llm::scripted::Scripted;
use extract_llm::scripted::{ScriptedReply, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Message, Mode, Part, Usd};
use serde_json::{Value, json};

use crate::support::scripted::scripted as client;

#[derive(Debug, PartialEq, Extract)]
struct Person {
    name: String,
    #[extract(range(min = 18))]
    age: u8,
}

fn good() -> Value {
    json!({"name": "Ada", "age": 36})
}

fn young(age: u8) -> ScriptedReply {
    reply::tool(json!({"name": "Ada", "age": age}))
}

fn limit_of(error: &Error) -> Limit {
    match error.kind() {
        ErrorKind::Invalid { limit, .. } => limit.clone(),
        _ => panic!("{error}"),
    }
}

/// Returns the budget that a re-ask or a first request does not fit into.
fn over(error: &Error) -> &OverBudget {
    match error.kind() {
        ErrorKind::Budget(over) | ErrorKind::Invalid { limit: Limit::Budget(over), .. } => over,
        _ => panic!("{error}"),
    }
}

/// Returns the needed and the remaining tokens of a request that does not fit into a budget.
fn shortage(error: &Error) -> (u64, u64) {
    match over(error).shortage {
        Shortage::Tokens { needed, left, .. } => (needed, left),
        _ => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_error_names_the_first_limit_that_is_reached() {
    let replies = || (1..9).map(|age| young(age).usage(100, 20));
    let ask =
        async |set: fn(extract_llm::Extraction<Person>) -> extract_llm::Extraction<Person>| {
            let (client, model) = client(replies());
            let error = set(client.extract::<Person>("Ada is 36.").validation_retries(5))
                .await
                .unwrap_err();
            (limit_of(&error), model.seen().len(), error.to_string())
        };

    let (limit, requests, words) = ask(|extraction| extraction).await;
    assert_eq!((limit, requests), (Limit::Retries { retries: 5 }, 6));
    assert!(words.contains("all 5 re-asks are used up"), "{words}");

    // Attempts use 120 tokens each, and another one may use more than is left.
    let (limit, requests, words) = ask(|it| it.max_tokens(100).token_budget(700)).await;
    let Limit::Budget(over) = limit else { panic!("{limit}") };
    let Shortage::Tokens { needed, left, limit: 700 } = over.shortage else { panic!("{over}") };
    assert!((2..6).contains(&requests), "{requests}");
    assert_eq!(left, 700 - 120 * requests as u64);
    assert!(needed > left, "{needed}");
    assert!(words.contains("of the `token_budget` of 700 are left"), "{words}");

    // Both limits are met at once. The error names the first in the order of `Limit`.
    let (limit, _, _) = ask(|it| it.validation_retries(0).max_tokens(100).token_budget(450)).await;
    assert_eq!(limit, Limit::Retries { retries: 0 });
}

#[tokio::test]
async fn without_reported_usage_a_reply_counts_with_all_that_was_reserved() {
    let silent = || reply::tool(json!({})).without_usage();
    let (client, model) = client([silent(), silent(), silent(), reply::tool(good())]);

    // Without a limit of the reply, 4,096 tokens are reserved for it.
    let error = client.extract::<Person>("Ada").token_budget(6_000).await.unwrap_err();
    let (needed, left) = shortage(&error);
    assert!(left < 6_000 - 4_096 && needed > 4_096, "{error}");
    assert_eq!(over(&error).unknown, 1);
    assert!(error.to_string().contains("1 request of unknown use"), "{error}");
    assert_eq!(model.seen().len(), 1);

    // Without a price, nothing is sent under a budget of money.
    let error = client.extract::<Person>("Ada").cost_budget(Usd(9.0)).await.unwrap_err();
    assert_eq!(over(&error).shortage, Shortage::UnknownPrice { limit: Usd(9.0) });
    assert_eq!(model.seen().len(), 1);

    // Without a budget, unknown usage has no effect.
    assert!(client.extract::<Person>("Ada").await.is_ok());
}

#[tokio::test]
async fn a_cost_budget_counts_reported_costs_and_prices() {
    let model = Scripted::new((1..9).map(|age| young(age).usage(1_000, 100)));
    let config = Client::builder().prices(Prices::new(1.0, 10.0)).cost_budget(Usd(0.004));
    let client = config.validation_retries(7).max_tokens(100).with_model(model.clone());

    let error = client.extract::<Person>("Ada").await.unwrap_err();

    // An attempt costs 0.002 dollars.
    let Shortage::Cost { left: Usd(0.0), limit: Usd(0.004), needed } = over(&error).shortage else {
        panic!("{error}")
    };
    assert!(needed > Usd(0.001) && needed < Usd(0.002), "{needed}");
    assert_eq!(model.seen().len(), 2);
    assert_eq!(error.ledger().cost(), Some(Usd(0.004)));
}

#[tokio::test]
async fn repeated_problems_end_the_extraction() {
    let ask = async |ages: [u8; 9], times: Option<Option<u32>>| {
        let (client, model) = client(ages.map(young));
        let mut extraction = client.extract::<Person>("Ada").validation_retries(8);
        if let Some(times) = times {
            extraction = extraction.stop_unchanged(times);
        }
        (limit_of(&extraction.await.unwrap_err()), model.seen().len())
    };
    let same = [7; 9];
    assert_eq!(ask(same, None).await, (Limit::Unchanged { times: 2 }, 3));
    assert_eq!(ask(same, Some(Some(1))).await, (Limit::Unchanged { times: 1 }, 2));
    assert_eq!(ask(same, Some(None)).await, (Limit::Retries { retries: 8 }, 9));
    // A different wrong value is a different problem.
    let late = [1, 2, 3, 4, 5, 5, 5, 6, 6];
    assert_eq!(ask(late, None).await, (Limit::Unchanged { times: 2 }, 7));
}

#[tokio::test]
async fn the_error_carries_the_best_value_and_its_problems() {
    let (client, _) = client([
        reply::tool(json!({"age": 1})),
        reply::tool(json!({"name": "Ada", "age": 2})),
        reply::tool(json!({"name": null, "age": 3})),
        reply::text("I do not know."),
    ]);

    let error = client.extract::<Person>("Ada").validation_retries(3).await.unwrap_err();

    assert_eq!(error.best().map(|best| &best.value), Some(&json!({"name": "Ada", "age": 2})));
    let problems = error.problems().unwrap().to_string();
    assert_eq!(problems, "/age: expected at least 18, found 2");
    assert_eq!(error.ledger().attempts.len(), 4);
}

#[tokio::test]
async fn the_later_of_equally_good_values_is_best_and_without_any_the_last_problems_are_reported() {
    let (client, _) = client([young(1), young(2), reply::text("?"), reply::text("!")]);

    let error = client.extract::<Person>("Ada").validation_retries(1).await.unwrap_err();
    assert_eq!(error.best().unwrap().value["age"], 2);

    let error = client.extract::<Person>("Ada").validation_retries(1).await.unwrap_err();
    assert_eq!(error.best(), None);
    assert_eq!(error.problems().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_carries_the_best_value_and_its_problems_too() {
    let (client, _) = client([young(3), reply::tool(good()).after(Duration::from_secs(90))]);

    let error =
        client.extract::<Person>("Ada").deadline(Duration::from_secs(60)).await.unwrap_err();

    let ErrorKind::Deadline { problems, .. } = error.kind() else { panic!("{error}") };
    let best = error.best();
    assert_eq!(problems.to_string(), "/age: expected at least 18, found 3");
    assert_eq!(best.unwrap().value["age"], 3);
}

#[tokio::test]
async fn a_truncated_reply_is_asked_for_once_more_if_enabled() {
    let cut = || reply::truncated(r#"{"name": "Ad"#).usage(10, 16);
    let (client, model) = client([cut(), reply::tool(good()), cut(), cut(), cut(), cut(), cut()]);

    let extraction = client.extract::<Person>("Ada").max_tokens(16);
    let done = extraction.retry_truncated(64).report().await.unwrap();
    assert_eq!(done.ledger.attempts[0].outcome, Outcome::Truncated);
    assert!(done.ledger.notes[0].contains("at most 64 tokens"), "{:?}", done.ledger.notes);
    let seen = model.seen();
    assert_eq!(seen[0].body["max_completion_tokens"], 16);
    assert_eq!(seen[1].body["max_completion_tokens"], 64);
    assert_eq!(seen[0].body["messages"], seen[1].body["messages"], "a cut reply adds no turn");

    let truncated = async |extraction: extract_llm::Extraction<Person>| {
        let before = model.seen().len();
        let error = extraction.await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Truncated { .. }), "{error}");
        model.seen().len() - before
    };
    let extraction = || client.extract::<Person>("Ada").max_tokens(16);
    assert_eq!(truncated(extraction().retry_truncated(64)).await, 2, "exactly one more attempt");
    assert_eq!(truncated(extraction().retry_truncated(16)).await, 1, "no larger than before");
    // The budget has room for the first request, and not for the second with its higher limit.
    let (needed, _) = shortage(&extraction().token_budget(1).await.unwrap_err());
    let limited = extraction().retry_truncated(64).token_budget(needed + 40);
    assert_eq!(truncated(limited).await, 1, "spent");
    assert_eq!(truncated(extraction()).await, 1, "off by default");
}

#[tokio::test]
async fn refusals_and_provider_errors_are_never_re_asked() {
    let other = Scripted::new([reply::tool(good())]);
    let escalated = Client::with_model(other.clone());
    for bad in [reply::refusal("No."), reply::filtered(), reply::status(401), reply::status(400)] {
        let (client, model) = client([bad, reply::tool(good())]);
        let extraction =
            client.extract::<Person>("Ada").validation_retries(5).retry_truncated(1_000);
        let error = extraction.escalate_to(&escalated, 1).mode(Mode::Tools).await.unwrap_err();
        assert!(!matches!(error.kind(), ErrorKind::Invalid { .. }), "{error}");
        assert_eq!(model.seen().len(), 1);
    }
    assert_eq!(other.seen().len(), 0);
}

#[tokio::test]
async fn escalation_starts_a_new_conversation_with_the_answer_and_its_problems() {
    let (small, first) = client([young(7), young(8)]);
    let profile = Profile::new("large", "l-1").modes([Mode::JsonSchema]);
    let second = Scripted::new([reply::json(good())]).with_profile(profile);
    let large = Client::with_model(second.clone());

    let extraction = small.extract::<Person>("Ada is 36.").validation_retries(3).max_tokens(500);
    let extraction = extraction.header("authorization", "Bearer s").extra_body("user", "ada");
    let done = extraction.escalate_to(&large, 2).report().await.unwrap();

    assert_eq!(done.value.age, 36);
    assert_eq!((first.seen().len(), second.seen().len()), (2, 1));
    let asked: Vec<&str> =
        done.ledger.attempts.iter().map(|attempt| attempt.address.as_str()).collect();
    assert_eq!(asked, ["scripted/scripted", "scripted/scripted", "large/l-1"]);
    assert_eq!(done.ledger.attempts[2].mode, Mode::JsonSchema);
    assert!(done.ledger.notes[0].contains("large/l-1 is asked instead of scripted/scripted"));

    let seen = &second.seen()[0];
    let messages = seen.body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3, "one failed answer, not all: {messages:?}");
    assert_eq!(messages[0]["content"], "<text>\nAda is 36.\n</text>");
    assert_eq!(messages[1], json!({"role": "assistant", "content": r#"{"name":"Ada","age":8}"#}));
    assert_eq!(messages[2]["role"], "user");
    assert!(messages[2]["content"].as_str().unwrap().contains("/age: expected at least 18"));
    // Provider-independent settings are copied; headers and provider-specific fields are not.
    assert_eq!(seen.request.settings.max_tokens, Some(500));
    assert!(format!("{:?}", seen.request.settings).contains("headers: {},"));
    assert_eq!(seen.body.get("user"), None);
}

#[tokio::test]
async fn settings_of_the_escalation_client_take_precedence() {
    let (small, _) = client([young(7)]);
    let second = Scripted::new([reply::tool(good()).usage(1_000, 1_000)]);
    let config = Client::builder().max_tokens(900).prices(Prices::new(5.0, 5.0)).mode(Mode::Text);
    let large = config.with_model(second.clone());

    let done = small.extract::<Person>("Ada").max_tokens(500).escalate_to(&large, 1).report().await;

    assert_eq!(done.unwrap().ledger.attempts[1].cost, Some(Usd(0.01)));
    assert_eq!(second.seen()[0].request.settings.max_tokens, Some(900));
    assert_eq!(second.seen()[0].request.output.mode(), Mode::Text);
}

#[tokio::test]
async fn models_are_asked_in_order_and_share_the_limits() {
    let models: Vec<Scripted> =
        (0..3).map(|_| Scripted::new((1..9).map(|age| young(age).usage(1_000, 500)))).collect();
    let clients: Vec<Client> = models.iter().cloned().map(Client::with_model).collect();
    let ask = || {
        let extraction = clients[0].extract::<Person>("Ada");
        extraction.escalate_to(&clients[2], 3).escalate_to(&clients[1], 1)
    };
    let requests = || models.iter().map(|model| model.seen().len()).collect::<Vec<_>>();

    assert_eq!(
        limit_of(&ask().validation_retries(4).await.unwrap_err()),
        Limit::Retries { retries: 4 }
    );
    assert_eq!(requests(), [1, 2, 2]);
    let error = ask().validation_retries(4).max_tokens(1_000).token_budget(4_700).await;
    assert_eq!(shortage(&error.unwrap_err()).1, 200);
    assert_eq!(requests(), [2, 4, 2]);
}

#[tokio::test]
async fn repeated_problems_escalate_to_the_next_model() {
    let (small, first) = client((0..9).map(|_| young(7)));
    let (large, second) = client([young(7), reply::tool(good())]);

    let extraction = small.extract::<Person>("Ada").validation_retries(8).escalate_to(&large, 6);
    assert_eq!(extraction.await.unwrap().age, 36);

    // Three attempts with the same problems. The second model's repetition of them does not end the
    // extraction.
    assert_eq!((first.seen().len(), second.seen().len()), (3, 2));
}

#[tokio::test]
async fn escalation_shows_values_in_the_other_models_dialect() {
    #[derive(Debug, Extract)]
    #[allow(dead_code, reason = "only asked for")]
    struct Scores {
        #[extract(length(min = 2))]
        of: std::collections::BTreeMap<String, u8>,
        note: Option<String>,
    }
    let (small, _) = client([reply::tool(json!({"of": {"math": 1}}))]);
    let mut profile = Profile::new("openai", "large").modes([Mode::Tools]);
    profile.tool_dialect = &Dialect::OPENAI_STRICT;
    profile.tool_strict = true;
    let pairs = json!([{"key": "math", "value": 1}, {"key": "art", "value": 2}]);
    let second = Scripted::new([reply::tool(json!({"of": pairs, "note": null}))]);
    let second = second.with_profile(profile);

    let large = Client::with_model(second.clone());
    let scores: Scores = small.extract("scores").escalate_to(&large, 1).await.unwrap();

    assert_eq!(scores.of["art"], 2);
    let shown = second.seen()[0].body["messages"][1]["content"].as_str().unwrap().to_owned();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown, json!({"of": [{"key": "math", "value": 1}], "note": null}));
}

/// A reply of `DeepSeek`, whose reasoning only its own server takes back.
fn reasoned(age: u8, reasoning: &str) -> ScriptedReply {
    let content = json!({"name": "Ada", "age": age}).to_string();
    let message = json!({"role": "assistant", "content": content, "reasoning_content": reasoning});
    reply::body(json!({
        "model": "deepseek-reasoner",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }))
}

fn holds_state(request: &Request) -> bool {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.into_iter().any(|part| matches!(part, Part::State(_)))
}

#[tokio::test]
async fn provider_state_is_never_sent_to_another_provider() {
    let replies = [reasoned(1, "She is one."), reasoned(2, "She is two.")];
    let first = Scripted::new(replies).provider("deepseek/deepseek-reasoner").unwrap();
    let second = Scripted::new([reply::tool(good())]);
    let large = Client::with_model(second.clone());
    let state = ProviderState::new("chat", r#"{"reasoning_content":"Her name is Ada."}"#);
    let state = Part::State(state);
    let history = [
        Message::user("Who is it?"),
        Message::assistant(["Ada.".into(), state]),
        Message::user("How old?"),
    ];

    let client = Client::with_model(first.clone());
    client.extract::<Person>(&history[..]).escalate_to(&large, 2).await.unwrap();

    let seen = first.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter().all(|seen| holds_state(&seen.request)),
        "the same provider gets its state back"
    );
    let bodies: Vec<String> = seen.iter().map(|seen| seen.body.to_string()).collect();
    assert!(bodies.iter().all(|body| body.contains("Her name is Ada.")), "{bodies:?}");
    assert!(bodies[1].contains("She is one."), "{}", bodies[1]);
    assert!(!holds_state(&second.seen()[0].request));
    let body = second.seen()[0].body.to_string();
    assert!(!body.contains("Her name is") && !body.contains("She is"), "{body}");
    assert_eq!(second.seen()[0].request.messages[1].text(), "Ada.", "the turn itself is kept");
}

#[tokio::test]
async fn retry_context_selects_all_or_only_the_latest_attempt() {
    for mode in [Mode::Tools, Mode::Text] {
        let turns = async |history| {
            let answer = |age: u8| match mode {
                Mode::Tools => young(age),
                _ => reply::json(json!({"name": "Ada", "age": age})),
            };
            let (client, model) = client((1..5).map(answer));
            let extraction = client.extract::<Person>("Ada").mode(mode).validation_retries(3);
            extraction.retry_context(history).await.unwrap_err();
            model.seen().into_iter().map(|seen| seen.request.messages).collect::<Vec<_>>()
        };
        let counts = |turns: &[Vec<Message>]| -> Vec<usize> {
            turns.iter().map(|messages| messages.len() - turns[0].len()).collect()
        };

        let all = turns(RetryContext::Append).await;
        assert_eq!(counts(&all), [0, 2, 4, 6], "{mode}");
        assert!(all.windows(2).all(|pair| pair[1].starts_with(&pair[0])), "a stable prefix");

        let last = turns(RetryContext::Last).await;
        assert_eq!(counts(&last), [0, 2, 2, 2], "{mode}");
        assert!(last.iter().all(|messages| messages.starts_with(&last[0])), "{mode}");
        let feedback = format!("{:?}", last[3].last().unwrap());
        assert!(feedback.contains("found 3") && !feedback.contains("found 2"), "{feedback}");
    }
}

#[tokio::test]
async fn client_policies_are_defaults_that_an_extraction_can_override() {
    let model = Scripted::new((1..30).map(|age| young(age.min(17)).usage(1_000, 500)));
    let config = Client::builder().validation_retries(7).max_tokens(1_000).token_budget(3_200);
    let config = config.retry_context(RetryContext::Last);
    let client = config.stop_unchanged(None).retry_truncated(9).with_model(model.clone());

    let error = client.extract::<Person>("Ada").await.unwrap_err();
    assert_eq!(shortage(&error).1, 200);
    assert_eq!(model.seen()[1].request.messages.len(), 3);

    let error = client.extract::<Person>("Ada").token_budget(6_200).await.unwrap_err();
    assert_eq!(shortage(&error).1, 200);
}
