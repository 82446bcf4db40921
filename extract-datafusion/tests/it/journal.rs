//! A journal: a second query makes no call, in another process too.

use extract_llm::pipeline::Journal;

use crate::support::{Counting, Ticket, count, items, lines, rows, some, table};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_session_makes_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut texts = items(50);
    texts[7] = "refuse-7".to_owned();
    let model = Counting::default();
    let session = |model: &Counting| {
        let ctx = table(&some(&texts), 3);
        let worker = model.client().worker::<Ticket>().journal(Journal::shared(&path));
        extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
        ctx
    };
    let sql = "select count(x['value']['name']), count(x['error']), max(x['usage']['origin'])
               from (select extract_ticket(body) as x from docs)";
    let one = session(&model);
    assert_eq!(lines(&one, sql).await, ["|49|1|asked|"]);
    assert_eq!(model.take(), 50);
    let two = session(&model); // both are open
    assert_eq!(lines(&two, sql).await, ["|49|1|journal|"]);
    assert_eq!(model.take(), 0);
    assert_eq!(Journal::shared(&path).dead_letters().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_before_a_stop_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut texts = items(100);
    texts[30] = "deny-30".to_owned();
    let model = Counting::default();
    let run = async |texts: &[String]| {
        let ctx = table(&some(texts), 1);
        let worker =
            model.client().worker::<Ticket>().journal(Journal::shared(&path)).concurrency(4);
        extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
        let query = ctx.sql("select extract_ticket(body) from docs").await.unwrap();
        query.collect().await.map(|batches| count(&batches))
    };
    run(&texts).await.unwrap_err();
    let first = model.take();
    texts[30] = "item-30".to_owned();
    assert_eq!(run(&texts).await.unwrap(), 100);
    let second = model.take();
    // Of the first query, only the denied text is asked for again.
    assert_eq!(first - 1 + second, 100, "{first} and {second} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_one_file_serves_one_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let texts = items(5);
    let model = Counting::default();
    let ctx = table(&some(&texts), 1);
    let worker = model.client().worker::<Ticket>().journal(&path);
    extract_datafusion::register(&ctx, "extract_ticket", worker).unwrap();
    rows(&ctx, "select extract_ticket(body) from docs").await;
    assert_eq!(model.take(), 5);
    drop(ctx);
    let client = model.client();
    let texts = texts.into_iter().enumerate();
    let summary = client.extract_many::<Ticket, _>(texts).journal(&path).finish().await.unwrap();
    assert_eq!((summary.from_journal, model.take()), (5, 0));
}
