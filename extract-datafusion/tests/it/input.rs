//! The types of texts, and tables in Parquet files.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray,
};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

use crate::support::{Counting, Ticket, context, items, lines, rows, some};

#[tokio::test(flavor = "multi_thread")]
async fn all_types_of_texts_are_taken() {
    let texts = [Some("item-1"), None, Some("item-3")];
    let dictionary: DictionaryArray<Int32Type> = texts.into_iter().collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("utf8", Arc::new(StringArray::from(texts.to_vec()))),
        ("large", Arc::new(LargeStringArray::from(texts.to_vec()))),
        ("view", Arc::new(StringViewArray::from(texts.to_vec()))),
        ("dictionary", Arc::new(dictionary)),
    ];
    for (name, column) in columns {
        let model = Counting::default();
        let ctx = SessionContext::new();
        ctx.register_batch("docs", RecordBatch::try_from_iter([("body", column)]).unwrap())
            .unwrap();
        extract_datafusion::register::<Ticket>(&ctx, "extract_ticket", model.client()).unwrap();
        let sql = "select extract_ticket(body)['value']['number'] from docs";
        assert_eq!(lines(&ctx, sql).await, ["|1|", "||", "|3|"], "{name}");
        assert_eq!(model.take(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nulls_and_empty_tables_need_no_call() {
    let model = Counting::default();
    let ctx = context(&model, &[None, None], 1);
    assert_eq!(
        lines(&ctx, "select extract_ticket(body)['value']['name'] from docs").await,
        ["||", "||"]
    );
    assert_eq!(lines(&ctx, "select extract_ticket(null) is null").await, ["|true|"]);
    let none = context(&model, &[], 1);
    assert!(lines(&none, "select extract_ticket(body) from docs").await.is_empty());
    assert_eq!(model.take(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_written_to_parquet_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let model = Counting::default();
    let mut texts = items(20);
    texts[3] = "refuse-3".to_owned();
    let ctx = context(&model, &some(&texts), 2);
    let path = folder.path().join("out").display().to_string();
    let query = ctx.sql("select id, extract_ticket(body) as x from docs").await.unwrap();
    query.write_parquet(&path, DataFrameWriteOptions::new(), None).await.unwrap();
    ctx.register_parquet("done", &path, ParquetReadOptions::default()).await.unwrap();
    let sql = "select count(*), sum(x['value']['number']), count(x['error']['kind']) from done";
    assert_eq!(lines(&ctx, sql).await, ["|20|187|1|"]);
    assert_eq!(model.take(), 20);
    let values = rows(&ctx, "select x['value'] as v from done order by id").await;
    let column = extract_arrow::column::<Ticket>().unwrap();
    let batch = datafusion::arrow::compute::concat_batches(&values[0].schema(), &values).unwrap();
    let tickets = extract_arrow::from_array::<Ticket>(&column, batch.column(0)).unwrap();
    assert_eq!(tickets[3], None);
    assert_eq!(tickets[4], Some(Ticket { name: "n4".into(), number: 4, note: None }));
}
