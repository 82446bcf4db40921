//! No query shape makes more calls than its rows have distinct texts.

use datafusion::prelude::SessionContext;

use crate::support::{Counting, Ticket, context, count, items, rows, some, table};

/// The shapes of queries over 100 texts: the SQL, its rows, and the most calls.
const SHAPES: &[(&str, &str, usize, usize)] = &[
    ("whole", "select extract_ticket(body) as x from docs", 100, 100),
    (
        "two fields",
        "select extract_ticket(body)['value']['name'], extract_ticket(body)['value']['number'] from docs",
        100,
        100,
    ),
    (
        "fields of a sub-select",
        "select x['value']['name'], x['value']['number'], x['error']['kind']
         from (select extract_ticket(body) as x from docs)",
        100,
        100,
    ),
    (
        "fields of fields of sub-selects",
        "select v['name'], v['number'] from
         (select x['value'] as v, id from (select id, extract_ticket(body) as x from docs) where id < 90)
         where id < 12",
        12,
        12,
    ),
    (
        "fields over a cheap filter in a sub-select",
        "select x['value']['name'], x['value']['number']
         from (select extract_ticket(body) as x from docs where id % 10 = 3)",
        10,
        10,
    ),
    (
        "fields under a cheap filter",
        "select x['value']['name'], x['value']['number']
         from (select id, extract_ticket(body) as x from docs) where id % 10 = 3",
        10,
        10,
    ),
    (
        "filter and select",
        "select extract_ticket(body)['value']['name'] from docs
         where extract_ticket(body)['value']['number'] < 30",
        30,
        100,
    ),
    (
        "filter on a field of a sub-select",
        "select x['value']['name'] from (select extract_ticket(body) as x from docs)
         where x['value']['number'] < 30 and x['error'] is null",
        30,
        100,
    ),
    (
        "self join",
        "select a.x['value']['name'], b.x['value']['number']
         from (select id, extract_ticket(body) as x from docs) a
         join (select id, extract_ticket(body) as x from docs) b on a.id = b.id",
        100,
        100,
    ),
    (
        "join on a field",
        "select a.v, b.v from (select extract_ticket(body)['value']['number'] as v from docs) a
         join (select extract_ticket(body)['value']['number'] as v from docs) b on a.v = b.v",
        100,
        100,
    ),
    ("limit", "select extract_ticket(body)['value']['name'] from docs limit 10", 10, 10),
    (
        "limit over fields of a sub-select",
        "select x['value']['name'], x['value']['number']
         from (select extract_ticket(body) as x from docs) limit 10",
        10,
        10,
    ),
    ("aggregate", "select sum(extract_ticket(body)['value']['number']) from docs", 1, 100),
    (
        "aggregate by a field",
        "select x['value']['number'] % 10, count(*), max(x['value']['name'])
         from (select extract_ticket(body) as x from docs) group by x['value']['number'] % 10",
        10,
        100,
    ),
    (
        "order by a field of a sub-select",
        "select * from (select id, extract_ticket(body)['value']['number'] as n from docs)
         order by n desc limit 5",
        5,
        100,
    ),
    ("constant", "select extract_ticket('item-5')['value']['name'] from docs", 100, 1),
    (
        "union",
        "select extract_ticket(body)['value']['name'] from docs
         union all select extract_ticket(body)['error']['kind'] from docs",
        200,
        100,
    ),
    (
        "common table expression",
        "with t as (select id, extract_ticket(body) as x from docs)
         select a.x['value']['name'] from t a join t b on a.id = b.id where b.x['value']['number'] < 50",
        50,
        100,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_shape_makes_more_calls_than_distinct_texts() {
    let texts = items(100);
    for partitions in [1, 4] {
        for (name, sql, expected, most) in SHAPES {
            let model = Counting::default();
            let ctx = context(&model, &some(&texts), partitions);
            assert_eq!(count(&rows(&ctx, sql).await), *expected, "{name}");
            let calls = model.take();
            assert!((1..=*most).contains(&calls), "{name}, {partitions}: {calls} calls");
            assert!(model.asked_each_once(), "{name}, {partitions}");
        }
    }
}

/// A function without the guard and with DataFusion's rule: the memory alone keeps the calls down to the distinct
/// texts, but not to the filtered ones.
#[tokio::test(flavor = "multi_thread")]
async fn the_guard_is_needed_for_filters_only() {
    let texts = items(100);
    for (name, sql, _, most) in SHAPES {
        let model = Counting::default();
        let ctx = table(&some(&texts), 2);
        let function =
            extract_datafusion::ExtractFunction::<Ticket>::new("extract_ticket", model.client());
        ctx.register_udf(function.unwrap().into_udf());
        rows(&ctx, sql).await;
        assert!(model.asked_each_once(), "{name}");
        if *name == "fields under a cheap filter" {
            // The day that DataFusion changes this, the guard can go.
            let calls = model.take();
            assert!(calls > *most, "{calls} calls");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_texts_are_asked_for_once() {
    let texts: Vec<String> = (0..500).map(|row| format!("item-{}", row % 7)).collect();
    let model = Counting::slow(std::time::Duration::from_millis(20));
    let ctx = context(&model, &some(&texts), 4);
    let sql = "select extract_ticket(body)['value']['number'] as n, id from docs";
    let batches = rows(&ctx, &format!("select * from ({sql}) where n = id % 7")).await;
    assert_eq!((count(&batches), model.take()), (500, 7));
    // The answers are remembered.
    rows(&ctx, sql).await;
    assert_eq!(model.take(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_answers_are_asked_for_again() {
    let texts = items(30);
    let model = Counting::default();
    let ctx = table(&some(&texts), 1);
    let function =
        extract_datafusion::ExtractFunction::<Ticket>::new("extract_ticket", model.client());
    ctx.register_udf(function.unwrap().memo_rows(20).into_udf());
    let sql = |from: usize, to: usize| {
        format!(
            "select extract_ticket(body) from (select body from docs where id >= {from} and id < {to})"
        )
    };
    rows(&ctx, &sql(0, 20)).await;
    rows(&ctx, &sql(0, 20)).await;
    assert_eq!(model.take(), 20);
    rows(&ctx, &sql(20, 30)).await; // the first ten are forgotten
    rows(&ctx, &sql(10, 30)).await;
    assert_eq!(model.take(), 10);
    rows(&ctx, &sql(0, 10)).await;
    assert_eq!(model.take(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_places_hold_for_all_partitions_and_queries() {
    let texts = items(60);
    let model = Counting::slow(std::time::Duration::from_millis(5));
    let ctx = table(&some(&texts), 4);
    let worker = model.client().worker::<Ticket>().concurrency(6);
    extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
    let query = "select extract_ticket(body) from docs where id %";
    let (even, odd) = (format!("{query} 2 = 0"), format!("{query} 2 = 1"));
    tokio::join!(rows(&ctx, &even), rows(&ctx, &odd));
    assert_eq!(model.take(), 60);
    assert!(model.most_running() <= 6, "{}", model.most_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_dropped_cancels_its_calls_and_leaves_nothing_behind() {
    let texts = items(20);
    let model = Counting::slow(std::time::Duration::from_mins(1));
    let ctx = context(&model, &some(&texts), 2);
    let sql = "select extract_ticket(body)['value']['name'] from docs";
    let query = ctx.sql(sql).await.unwrap();
    let running = tokio::spawn(query.collect());
    while model.running() < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    running.abort();
    while model.running() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // The next query asks again.
    model.quicken();
    assert_eq!(count(&rows(&ctx, sql).await), 20);
    assert_eq!(model.take(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_queries_for_the_same_texts_can_be_dropped() {
    let texts = items(5);
    let model = Counting::slow(std::time::Duration::from_millis(300));
    let ctx = context(&model, &some(&texts), 1);
    let collect = |ctx: SessionContext| async move {
        count(&rows(&ctx, "select extract_ticket(body) from docs").await)
    };
    let first = tokio::spawn(collect(ctx.clone()));
    while model.running() < 5 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let second = tokio::spawn(collect(ctx.clone()));
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    first.abort();
    assert_eq!(second.await.unwrap(), 5);
    // At the latest, the second one asked when the first was gone.
    assert!(model.take() <= 10);
}
