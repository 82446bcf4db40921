//! Failures are data, and errors that all texts would meet end the query.

use datafusion::common::DataFusionError;
use extract_datafusion::run_error;
use extract_llm::Usd;
use extract_llm::conversation::Prices;
use extract_llm::pipeline::{JournalError, RunError};

use crate::support::{Counting, Ticket, context, items, lines, some, table};

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_rows() {
    let model = Counting::default();
    let ctx = context(&model, &[Some("item-1"), Some("refuse-2"), None, Some("")], 1);
    let sql = "select id, x['value']['name'] as name, x['error']['kind'] as kind, x['usage']['attempts'] as a,
               x['usage']['input_tokens'] as i, x['usage']['origin'] as o, x is null as n
               from (select id, extract_ticket(body) as x from docs) order by id";
    let expected = [
        "|0|n1||1|40|asked|false|",
        "|1||refused|1|40|asked|false|",
        "|2||||||true|",
        "|3||input|0|0|asked|false|",
    ];
    assert_eq!(lines(&ctx, sql).await, expected);
    assert_eq!(model.take(), 2);
    let failed = "select count(*) from docs where extract_ticket(body)['error'] is not null";
    assert_eq!(lines(&ctx, failed).await, ["|2|"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_for_a_passing_reason_is_asked_for_as_often_as_set() {
    let model = Counting::default();
    let ctx = table(&[Some("busy-1"), Some("item-2")], 1);
    let worker = model.client().worker::<Ticket>().row_retries(1);
    extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
    let sql = "select extract_ticket(body)['error']['kind'], extract_ticket(body)['usage']['attempts'] from docs";
    let found = lines(&ctx, sql).await;
    assert_eq!(found, ["|overloaded|2|", "||1|"], "{found:?}");
    assert_eq!(model.take(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_all_texts_would_meet_ends_the_query_after_few_calls() {
    let mut texts = items(500);
    texts[20] = "deny-1".to_owned();
    let model = Counting::slow(std::time::Duration::from_millis(2));
    let ctx = table(&some(&texts), 4);
    let worker = model.client().worker::<Ticket>().concurrency(5);
    extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
    let query = ctx.sql("select extract_ticket(body)['value']['name'] from docs").await.unwrap();
    let error = query.collect().await.unwrap_err();
    let Some(RunError::EveryRow(reason)) = run_error(&error) else { panic!("{error:?}") };
    assert!(reason.to_string().contains("No such key."), "{reason}");
    assert!(matches!(error.find_root(), DataFusionError::External(_)), "{error:?}");
    let calls = model.take();
    assert!(calls < 200, "{calls} calls");
    // Later queries make none.
    let query = ctx.sql("select extract_ticket('item-999')").await.unwrap();
    assert!(run_error(&query.collect().await.unwrap_err()).is_some());
    assert_eq!(model.take(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_ends_the_query() {
    let texts = items(200);
    let model = Counting::default();
    let ctx = table(&some(&texts), 1);
    let worker = model
        .client()
        .worker::<Ticket>()
        .each(|row| row.prices(Prices::new(1.0, 1.0)).max_tokens(50))
        .budget(Usd(0.001)) // 50 tokens for 0.000_05 dollars
        .concurrency(4);
    extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
    let query = ctx.sql("select extract_ticket(body) from docs").await.unwrap();
    let error = query.collect().await.unwrap_err();
    assert!(matches!(run_error(&error), Some(RunError::Budget(_))), "{error}");
    assert!(model.take() <= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_opened_ends_the_query_without_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let model = Counting::default();
    let ctx = table(&[Some("item-1")], 1);
    let journal = folder.path().join("none/run.jsonl");
    let worker = model.client().worker::<Ticket>().journal(&journal);
    extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
    let query = ctx.sql("select extract_ticket(body) from docs").await.unwrap();
    let error = query.collect().await.unwrap_err();
    let Some(RunError::Journal(JournalError::Open { .. })) = run_error(&error) else {
        panic!("{error:?}")
    };
    assert_eq!(model.take(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn places_where_the_function_cannot_stand_are_errors() {
    let model = Counting::default();
    let ctx = context(&model, &[Some("item-1"), Some("item-2")], 1);
    let query =
        ctx.sql("select id from docs order by extract_ticket(body)['value']['number']").await;
    let error = match query {
        Ok(query) => query.collect().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(run_error(&error).is_none(), "{error}");
    assert_eq!(model.take(), 0);
    assert!(ctx.sql("select extract_ticket(id) from docs").await.is_err()); // a number
    assert!(ctx.sql("select extract_ticket(body, body) from docs").await.is_err());
}

#[tokio::test]
async fn a_registry_whose_clones_are_separate_is_refused() {
    let model = Counting::default();
    let state = table(&[], 1).state();
    let error = extract_datafusion::register::<Ticket>(&state, "extract_ticket", model.client());
    assert!(error.unwrap_err().to_string().contains("register_in"));
}
